// Reads the exceptions of [policy] legacy. Private to ops/.
#pragma once
#include "ops/config.h"
#include <string>
#include <toml++/toml.h>
#include <vector>

namespace ops {

// What was expected instead, or "" if all is well.
std::string read_legacy(const toml::node& node, std::vector<LegacyException>& out);

} // namespace ops
