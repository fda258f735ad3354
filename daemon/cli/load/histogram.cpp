#include "cli/load/histogram.h"
#include <algorithm>
#include <bit>
#include <cmath>

namespace cli::load {
namespace {

constexpr std::uint64_t kHighest = std::uint64_t{1} << 40;
constexpr int kBits = 7; // 128 buckets for a power of two

std::size_t bucket_of(std::uint64_t value) {
  const int shift = std::max(static_cast<int>(std::bit_width(value)) - kBits - 1, 0);
  return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t highest_of(std::size_t bucket) {
  constexpr std::size_t exact = std::size_t{2} << kBits;
  if (bucket < exact) return bucket;
  const std::size_t shift = (bucket >> kBits) - 1;
  return ((std::uint64_t{bucket - (shift << kBits)} + 1) << shift) - 1;
}

} // namespace

void Histogram::add(Micros value) {
  const auto micros =
      std::min(static_cast<std::uint64_t>(std::max<Micros::rep>(value.count(), 0)), kHighest);
  if (buckets_.empty()) buckets_.resize(bucket_of(kHighest) + 1);
  ++buckets_[bucket_of(micros)];
  ++count_;
  sum_ += micros;
  max_ = std::max(max_, micros);
}

Histogram::Micros Histogram::mean() const {
  return Micros{static_cast<Micros::rep>(count_ == 0 ? 0 : sum_ / count_)};
}

Histogram::Micros Histogram::at(double share) const {
  const double wanted = std::ceil(share * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1,
                                              std::max<std::uint64_t>(count_, 1));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return Micros{static_cast<Micros::rep>(std::min(highest_of(i), max_))};
  }
  return Micros{0};
}

} // namespace cli::load
