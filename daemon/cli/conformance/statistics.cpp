#include "cli/conformance/statistics.h"
#include <algorithm>
#include <cmath>
#include <utility>

namespace cli::conformance {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Comparison compare(const std::vector<double>& first, const std::vector<double>& second) {
  Comparison out;
  out.median_first = median(first);
  out.median_second = median(second);
  if (first.empty() || second.empty()) return out;
  std::vector<std::pair<double, bool>> all; // value, of the second series
  for (const double value : first) all.emplace_back(value, false);
  for (const double value : second) all.emplace_back(value, true);
  std::sort(all.begin(), all.end());
  const auto n = static_cast<double>(all.size());
  double ranks_of_second = 0, ties = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const auto size = static_cast<double>(end - begin);
    const double rank = (static_cast<double>(begin) + 1 + static_cast<double>(end)) / 2;
    for (std::size_t i = begin; i < end; ++i)
      if (all[i].second) ranks_of_second += rank;
    ties += size * size * size - size;
    begin = end;
  }
  const auto n1 = static_cast<double>(first.size()), n2 = static_cast<double>(second.size());
  const double u = ranks_of_second - n2 * (n2 + 1) / 2;
  out.superiority = u / (n1 * n2);
  const double variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) return out; // all values alike
  const double distance = std::max(0.0, std::abs(u - n1 * n2 / 2) - 0.5);
  out.p = std::erfc(distance / std::sqrt(2 * variance));
  return out;
}

bool separable(const Comparison& found, const Separation& limit) {
  return found.p < limit.alpha && std::abs(found.superiority - 0.5) > limit.effect;
}

} // namespace cli::conformance
