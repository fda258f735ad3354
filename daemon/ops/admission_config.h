// The keys of [admission]. Private to ops/.
#pragma once
#include "ops/config.h"
#include "ops/readers.h"
#include <string>
#include <vector>

namespace ops {

void add_admission_keys(Config::Admission& out, std::vector<Key>& keys);

// What no single key can tell; "" if all is well.
std::string wrong_admission(const Config& config);

} // namespace ops
