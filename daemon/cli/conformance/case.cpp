#include "cli/conformance/case.h"
#include <algorithm>

namespace cli::conformance {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
  case Verdict::passed:
    return "passed";
  case Verdict::failed:
    return "FAILED";
  case Verdict::not_run:
    return "not run";
  case Verdict::not_offered:
    return "not offered";
  }
  return {};
}

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const auto add :
       {add_transport, add_encryption, add_structure, add_signature, add_dialog, add_store,
        add_fetch, add_cards, add_feedback, add_headers, add_certificates, add_chunks, add_transfer,
        add_push, add_passive, add_mediate, add_security})
    add(out);
  return out;
}

std::vector<Case> selected(std::vector<Case> cases, const std::vector<std::string>& only) {
  if (only.empty()) return cases;
  const auto wanted = [&](const Case& one) {
    return std::any_of(only.begin(), only.end(), [&](const std::string& pattern) {
      if (pattern.ends_with('*'))
        return one.full_name().starts_with(pattern.substr(0, pattern.size() - 1));
      return one.group == pattern || one.full_name() == pattern;
    });
  };
  std::erase_if(cases, [&](const Case& one) { return !wanted(one); });
  return cases;
}

} // namespace cli::conformance
