#include "oracle/statistics.h"
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <utility>

namespace oracle {
namespace {

struct Ranks {
  std::vector<double> sums; // of each sample
  double ties = 0;          // sum of t^3 - t over groups of equal values
  double count = 0;
};

Ranks rank(const std::vector<Sample>& samples) {
  std::vector<std::pair<double, std::size_t>> all;
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (const double value : samples[i]) all.emplace_back(value, i);
  std::sort(all.begin(), all.end());
  Ranks out;
  out.sums.resize(samples.size());
  out.count = static_cast<double>(all.size());
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = at;
    while (end < all.size() && all[end].first == all[at].first) ++end;
    const double equal = static_cast<double>(end - at);
    const double shared = static_cast<double>(at) + (equal + 1) / 2;
    out.ties += equal * equal * equal - equal;
    for (; at < end; ++at) out.sums[all[at].second] += shared;
  }
  return out;
}

} // namespace

KruskalWallis kruskal_wallis(const std::vector<Sample>& samples) {
  const auto ranks = rank(samples);
  const double n = ranks.count;
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i)
    sum += ranks.sums[i] * ranks.sums[i] / static_cast<double>(samples[i].size());
  KruskalWallis out;
  out.degrees = samples.size() - 1;
  const double correction = 1 - ranks.ties / (n * n * n - n);
  if (correction <= 0) return out; // all values equal
  out.h = std::max(0.0, (12 / (n * (n + 1)) * sum - 3 * (n + 1)) / correction);
  const boost::math::chi_squared distribution(static_cast<double>(out.degrees));
  out.p = boost::math::cdf(boost::math::complement(distribution, out.h));
  return out;
}

MannWhitney mann_whitney(const Sample& a, const Sample& b) {
  const auto ranks = rank({a, b});
  const auto na = static_cast<double>(a.size()), nb = static_cast<double>(b.size());
  const double n = na + nb, u = ranks.sums[0] - na * (na + 1) / 2;
  MannWhitney out;
  out.delta = 2 * u / (na * nb) - 1;
  const double variance = na * nb / 12 * (n + 1 - ranks.ties / (n * (n - 1)));
  if (variance <= 0) return out;
  const double distance = std::max(0.0, std::abs(u - na * nb / 2) - 0.5);
  out.p = std::erfc(distance / std::sqrt(variance) / std::sqrt(2.0));
  return out;
}

double quantile(Sample sample, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sample.size() - 1) + 0.5);
  std::nth_element(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(at), sample.end());
  return sample[at];
}

bool statistics_are_right() {
  const auto near = [](double a, double b, double by) { return std::abs(a - b) <= by; };
  // Three lines of ranks without ties: H = 12/(9*10) * (6^2+15^2+24^2)/3 - 30 = 7.2, p = e^-3.6.
  const auto apart = kruskal_wallis({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  if (!near(apart.h, 7.2, 1e-9) || !near(apart.p, std::exp(-3.6), 1e-9) || apart.degrees != 2)
    return false;
  // Ties: ranks 1.5 1.5 4 | 4 4 6; H = (12/42 * (49+196)/3 - 21) / (1 - (6+24)/210) = 2.722...
  const auto tied = kruskal_wallis({{1, 1, 2}, {2, 2, 3}});
  if (!near(tied.h, (12.0 / 42 * 245 / 3 - 21) / (1 - 30.0 / 210), 1e-9)) return false;
  const auto same = kruskal_wallis({{5, 5}, {5, 5}});
  if (same.h != 0 || same.p != 1) return false;
  // U = 12.5 of 50 expected; 5 pairs of equal values: z = 37 / sqrt(100/12 (21 - 30/380))
  // = 2.80220.
  const auto shifted =
      mann_whitney({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  if (!near(shifted.delta, -0.75, 1e-9) ||
      !near(shifted.p, std::erfc(2.80220 / std::sqrt(2.0)), 1e-5))
    return false;
  const auto equal = mann_whitney({1, 2, 3}, {1, 2, 3});
  return equal.delta == 0 && equal.p == 1 && quantile({3, 1, 2}, 0.5) == 2;
}

} // namespace oracle
