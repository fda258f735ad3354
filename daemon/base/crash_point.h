// Named places at which the crash tests end the process as a power cut would. In a test run the
// environment variable DC_CRASH_POINT names one place, optionally with ":n" for the n-th passage;
// the process then dies by SIGKILL there. Unset (always in production): one relaxed load.
#pragma once
#include <string_view>

namespace base {

void crash_point(std::string_view name);

} // namespace base
