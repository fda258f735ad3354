// What fetch, serve and mediate print about deliveries.
#pragma once
#include "cli/keep.h"

namespace cli {

// One line on stdout, flushed: for people or, with `json`, for programs.
void print(const KeptDelivery& delivery, bool json);
// On stderr: why, and where it is kept. What that means for the intermediary is for the caller to
// add.
void explain_bad(const BadDelivery& bad);

} // namespace cli
