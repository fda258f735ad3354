#include "storage/timeline.h"
#include "base/log.h"
#include "mailbox/store.h"

namespace storage {

base::Instant Timeline::place(base::Instant taken_up) {
  if (taken_up < latest_ && latest_ - taken_up < mailbox::kClockStep) return latest_;
  if (taken_up < latest_)
    base::log(
        base::LogLevel::warning, "storage.clock_set_back",
        "the clock is behind the latest time on a process card",
        {{"latest", base::format_datetime(latest_)}, {"now", base::format_datetime(taken_up)}});
  latest_ = taken_up;
  return latest_;
}

} // namespace storage
