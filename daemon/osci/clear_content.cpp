// What schemas say against content that came in clear, and what the policy makes of it. Sealed
// content is nobody's business here.
#include "seal/clear_content.h"
#include "osci/decider.h"

namespace osci {

using base::ErrorCode;
using base::fail;

base::Result<> Decider::check_clear_content() {
  // As with routing: what was accepted stays so when the schemas change in between.
  if (!s_.check_content || s_.policy.clear_content == RoutingMode::off || plan_.repeat) return {};
  const auto package = message_.unverified().body().element.children(); // one, verified before
  if (package.size() != 1) return {};
  auto found = seal::clear_content(package[0]);
  bool wrong = false;
  for (const auto& document : found.data) {
    auto verdict = (*s_.check_content)(document);
    wrong = wrong || !verdict.empty();
    for (auto& one : verdict) plan_.content_findings.push_back(std::move(one));
  }
  if (found.incomplete)
    plan_.content_findings.emplace_back("not all of the content in clear could be read");
  if (!wrong || s_.policy.clear_content != RoutingMode::enforce) return {};
  return fail(ErrorCode::invalid_content, plan_.content_findings.front());
}

} // namespace osci
