// How long a new job may wait in its lane. No clock of its own, no threads. Private to async/.
#pragma once
#include "async/pool_limits.h"
#include <chrono>
#include <optional>

namespace async {

class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Patience(const PoolLimits& limits)
      : max_wait_(limits.max_wait), overload_wait_(limits.overload_wait) {}

  // Of a job that joins the queue now: until when it may wait; none: for ever. `alone`: nobody else
  // waits, so a queue begins with it.
  std::optional<Time> join(Time now, bool alone) {
    if (alone) queue_since_ = now;
    if (max_wait_.count() == 0) return std::nullopt;
    const bool standing = overload_wait_.count() > 0 && now - queue_since_ >= max_wait_;
    return now + (standing ? overload_wait_ : max_wait_);
  }

 private:
  std::chrono::milliseconds max_wait_, overload_wait_;
  Time queue_since_{};
};

} // namespace async
