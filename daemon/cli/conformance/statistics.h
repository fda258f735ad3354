// Are two series of response times told apart? The Mann-Whitney U test: it looks at ranks alone, so
// a few slow answers of a busy machine do not decide. Wire reference 13.3.
#pragma once
#include <cstddef>
#include <vector>

namespace cli::conformance {

double median(std::vector<double> values); // 0 for none

struct Comparison {
  double p = 1; // two-sided; normal approximation with correction for ties and continuity
  double superiority = 0.5; // chance that a value of the second series exceeds one of the first
  double median_first = 0, median_second = 0;
};
// Each series should hold 20 values or more.
Comparison compare(const std::vector<double>& first, const std::vector<double>& second);

// Whether an attacker could use the difference: it is no accident (p below `alpha`), and large
// (superiority outside 0.5 +- `effect`).
struct Separation {
  double alpha = 1e-6;
  double effect = 0.35;
};
bool separable(const Comparison& found, const Separation& limit = {});

} // namespace cli::conformance
