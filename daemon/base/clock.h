// Injected time. Nothing outside this file reads the system clock (a test greps for it).
#pragma once
#include "base/result.h"
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace base {

using Milliseconds = std::chrono::milliseconds;
// UTC, millisecond resolution: OSCI allows at most three fraction digits (wire reference 8.4).
using Instant = std::chrono::sys_time<Milliseconds>;

// Thread-safe: now() may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// For tests: stands still until moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start.time_since_epoch().count()) {}
  Instant now() const override { return Instant{Milliseconds{now_.load()}}; }
  void set(Instant now) { now_ = now.time_since_epoch().count(); }
  void advance(Milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<Milliseconds::rep> now_;
};

// xsd:dateTime with zone, e.g. 2026-01-01T00:00:00.250Z; fraction omitted when zero.
std::string format_datetime(Instant instant);
// Accepts YYYY-MM-DDThh:mm:ss[.f+](Z|±hh:mm); fraction digits past the third are cut. Any error:
// invalid_request.
Result<Instant> parse_datetime(std::string_view text);
// Midnight in Germany: contracts, validities and exceptions are dated in local time.
Instant german_midnight(std::chrono::year_month_day date);

} // namespace base
