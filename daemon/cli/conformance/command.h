// `osci conformance URL`: proves an OSCI 1.2 intermediary, ours or any other.
#pragma once
#include "cli/commands.h"

namespace cli {

Command add_conformance(CLI::App& app);

} // namespace cli
