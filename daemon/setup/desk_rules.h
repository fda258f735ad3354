// How certificates are checked and time stamps are had, from the configuration. Made at the start;
// a change needs a restart.
#pragma once
#include "authority/desk.h"
#include "base/random.h"
#include "base/result.h"
#include "ops/config.h"

namespace setup {

// Errors: file_error, invalid_config.
base::Result<authority::DeskRules> desk_rules(const ops::Config& config,
                                              base::RandomSource& random);

} // namespace setup
