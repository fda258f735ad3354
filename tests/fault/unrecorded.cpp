// For programs that know the workloads but record nothing.
#include "fault/system_calls.h"

namespace fault {

void mark(std::string_view) {}

} // namespace fault
