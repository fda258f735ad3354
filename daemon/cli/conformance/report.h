// What a run found, as a table for people, JUnit XML for CI, and a page of HTML for the file.
#pragma once
#include "cli/conformance/case.h"
#include <cstddef>
#include <string>
#include <vector>

namespace cli::conformance {

struct Result {
  Case tested;
  Verdict verdict = Verdict::not_run;
  std::string observed; // codes, or why not
  double seconds = 0;
};

struct Counts {
  std::size_t passed = 0, failed = 0, not_run = 0, not_offered = 0;
};
Counts count(const std::vector<Result>& results);

// What the reports say about the run itself.
struct RunFacts {
  std::string url;
  std::string started; // xsd:dateTime
  std::string version; // of osci
  std::uint64_t seed = 0;
  double seconds = 0;
  std::string sender, recipient; // fingerprints of the cipher certificates
  std::string intermediary;
};

// Text of peers is made harmless in all three: control characters never reach a terminal, markup is
// escaped.
std::string as_table(const std::vector<Result>& results);
std::string as_junit(const std::vector<Result>& results, const RunFacts& run);
std::string as_html(const std::vector<Result>& results, const RunFacts& run);

} // namespace cli::conformance
