// When something counts. Pure value.
#pragma once
#include "base/clock.h"
#include <optional>

namespace directory {

// From the first moment that counts to the first that no longer does. Dates of contracts are
// midnights in Germany.
struct Validity {
  std::optional<base::Instant> from, until;
  bool contains(base::Instant at) const {
    return (!from || *from <= at) && (!until || at < *until);
  }
};

} // namespace directory
