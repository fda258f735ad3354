#include "base/seeded_fault.h"
#ifdef DC_SEEDED_FAULTS
#include <cstdlib>
#include <string>

namespace base {

bool seeded_fault(std::string_view name) {
  static const std::string awake = [] {
    const char* text = std::getenv("DC_SEEDED_FAULT");
    return std::string(text ? text : "");
  }();
  return awake == name;
}

} // namespace base
#endif
