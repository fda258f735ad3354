// Faults that are built in on purpose, so that `osci conformance` can prove that it finds them.
// They exist only in programs of the option DC_SEEDED_FAULTS (preset faulty): the environment
// variable DC_SEEDED_FAULT names the one that is awake. In every other program this is the constant
// false. To be included by .cpp files only: CMake gives the definition to those that name this
// header.
#pragma once
#include <string_view>

namespace base {

#ifdef DC_SEEDED_FAULTS
#ifdef NDEBUG
#error "seeded faults in a release build"
#endif
bool seeded_fault(std::string_view name);
#else
constexpr bool seeded_fault(std::string_view) {
  return false;
}
#endif

} // namespace base
