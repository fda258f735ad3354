// Runs cases one after the other and gives each its verdict.
#pragma once
#include "cli/conformance/bench.h"
#include "cli/conformance/report.h"
#include <functional>
#include <vector>

namespace cli::conformance {

struct RunLimits {
  double seconds = 600;        // for all of it; what is left then is not run
  bool require_all = false;    // what is not run or not offered counts as failed
  std::size_t unreachable = 3; // so many cases without an answer in a row end the run
  std::function<bool()> stop;  // asked before each case
};

// `progress` hears each result as it is known.
std::vector<Result> run_cases(const std::vector<Case>& cases, Bench& bench, const RunLimits& limits,
                              const std::function<void(const Result&)>& progress);

} // namespace cli::conformance
