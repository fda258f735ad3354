// Opens a state folder as a new process would and finds out everything that the judge asks for.
#pragma once
#include "fault/history.h"
#include <filesystem>
#include <string_view>

namespace fault {

// `folder` is the one that was recorded; the store's own is "state" in it, and is changed: what
// waits is fetched and acknowledged, unfinished transfers are finished.
Found recover(const History& history, std::string_view workload,
              const std::filesystem::path& folder);

} // namespace fault
