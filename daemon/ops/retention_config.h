// Reads the lists of [retention]. Private to ops/.
#pragma once
#include "mailbox/retention.h"
#include <string>
#include <toml++/toml.h>
#include <vector>

namespace ops {

// What was expected instead, or "" if all is well.
std::string read_notices(const toml::node& node, std::vector<base::Milliseconds>& out);
std::string read_retention_rules(const toml::node& node,
                                 std::vector<mailbox::RetentionOverride>& out);

} // namespace ops
