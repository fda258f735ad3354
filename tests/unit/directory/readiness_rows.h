// What is broken, and what the checks have to say about it.
#pragma once
#include "readiness_world.h"
#include <functional>
#include <vector>

namespace world {

struct Row {
  ReadinessCheck check;
  ReadinessFinding finding;
  const char* reason; // part of it
  std::function<void(World&)> change;
};

// At least one row for each finding.
const std::vector<Row>& rows();

} // namespace world
