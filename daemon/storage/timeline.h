// The order of times in the order of transactions (mailbox::Store, "Times").
#pragma once
#include "base/clock.h"

namespace storage {

// Not thread-safe: belongs to the writing thread.
class Timeline {
 public:
  explicit Timeline(base::Instant latest = {}) : latest_(latest) {}

  // The time of a transaction whose request was taken up at `taken_up`: never before an earlier
  // transaction's, unless the clock was set back by mailbox::kClockStep or more.
  base::Instant place(base::Instant taken_up);
  base::Instant latest() const { return latest_; }

 private:
  base::Instant latest_;
};

} // namespace storage
