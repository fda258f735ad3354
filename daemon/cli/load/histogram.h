// Latencies in constant memory, for runs of any length.
#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace cli::load {

// Counts per bucket. Up to 255 microseconds each value has a bucket of its own; above, a power of
// two has 128, so a percentile is never below the true one (which would flatter) and at most 1/128
// (0.8 %) above. Maximum, sum and count are exact. One thread.
class Histogram {
 public:
  using Micros = std::chrono::microseconds;

  // Negative values count as 0, values above 2^40 microseconds (12 days) as that.
  void add(Micros value);
  std::uint64_t count() const { return count_; }
  Micros max() const { return Micros{static_cast<Micros::rep>(max_)}; }
  Micros mean() const;
  // Nearest rank: what at least `share` (above 0, at most 1) of the samples do not exceed. Without
  // samples 0.
  Micros at(double share) const;

 private:
  std::vector<std::uint64_t> buckets_; // empty until the first sample
  std::uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

} // namespace cli::load
