#include "directory/routing.h"
#include <algorithm>
#include <functional>

namespace directory {

RoutingCheck check_of(RoutingFinding finding) {
  switch (finding) {
  case RoutingFinding::service_not_named:
  case RoutingFinding::service_unknown:
  case RoutingFinding::sender_unknown:
  case RoutingFinding::sender_not_entitled:
    return RoutingCheck::sender;
  case RoutingFinding::service_not_offered:
  case RoutingFinding::reader_mismatch:
    return RoutingCheck::reader;
  case RoutingFinding::test_mixed:
    return RoutingCheck::test;
  case RoutingFinding::certificate_superseded:
    break;
  }
  return RoutingCheck::rollover;
}

std::string_view to_string(RoutingFinding finding) {
  switch (finding) {
  case RoutingFinding::service_not_named:
    return "service_not_named";
  case RoutingFinding::service_unknown:
    return "service_unknown";
  case RoutingFinding::sender_unknown:
    return "sender_unknown";
  case RoutingFinding::sender_not_entitled:
    return "sender_not_entitled";
  case RoutingFinding::service_not_offered:
    return "service_not_offered";
  case RoutingFinding::reader_mismatch:
    return "reader_mismatch";
  case RoutingFinding::test_mixed:
    return "test_mixed";
  case RoutingFinding::certificate_superseded:
    break;
  }
  return "certificate_superseded";
}

namespace {

// Two that are current side by side may both be meant (finer routing inside an office), so the one
// must have ended or have begun before the other.
bool older(const Directory& directory, const crypto::Certificate& used,
           const crypto::Certificate& current, base::Instant now) {
  const auto start = [&](const crypto::Certificate& one) {
    const auto* listed = directory.listed(one.fingerprint(), CertificateUse::cipher);
    return listed && listed->valid_from ? *listed->valid_from : one.not_before();
  };
  const auto* listed = directory.listed(used.fingerprint(), CertificateUse::cipher);
  return (listed && !listed->current(now)) || start(used) < start(current);
}

} // namespace

std::vector<RoutingFinding> judge_routing(const Directory& directory, const RoutingQuestion& q) {
  std::vector<RoutingFinding> out;
  const auto* description = q.service.empty() ? nullptr : directory.description(q.service);
  if (q.service.empty())
    out.push_back(RoutingFinding::service_not_named);
  else if (!description)
    out.push_back(RoutingFinding::service_unknown);
  if (!q.sender)
    out.push_back(RoutingFinding::sender_unknown);
  else if (description && !description->users.empty() && !q.sender->of_category(description->users))
    out.push_back(RoutingFinding::sender_not_entitled);

  if (q.addressee && !q.service.empty() &&
      std::none_of(q.addressee->services.begin(), q.addressee->services.end(),
                   [&](const Service& one) { return one.uri == q.service && one.current(q.now); }))
    out.push_back(RoutingFinding::service_not_offered);
  if (q.addressee && !q.reader.empty()) {
    // Whatever is no key of an organisation (a person's safe id, say) is nobody's that is listed.
    const auto reader = normalise_key(q.reader);
    if (!reader || !q.addressee->acts_for(*reader)) out.push_back(RoutingFinding::reader_mismatch);
  }

  std::vector<bool> marks;
  if (q.sender) marks.push_back(q.sender->test);
  if (q.addressee) marks.push_back(q.addressee->test);
  if (q.test) marks.push_back(*q.test);
  if (std::adjacent_find(marks.begin(), marks.end(), std::not_equal_to<>()) != marks.end())
    out.push_back(RoutingFinding::test_mixed);

  if (q.addressee && q.cipher) {
    const auto* current = recipient_certificate(*q.addressee, q.service, q.now);
    if (current && !(*current == *q.cipher) && older(directory, *q.cipher, *current, q.now))
      out.push_back(RoutingFinding::certificate_superseded);
  }
  return out;
}

const crypto::Certificate* recipient_certificate(const Organisation& organisation,
                                                 std::string_view service, base::Instant now) {
  const crypto::Certificate* named = nullptr;
  for (const auto& one : organisation.services) {
    if (one.uri != service || !one.current(now)) continue;
    for (const auto& elements : one.elements) {
      const auto& cipher = elements.recipient_cipher;
      // One that was left behind by a rollover is none to encipher for.
      if (!cipher || now < cipher->not_before() || cipher->not_after() <= now) continue;
      if (!named || elements.network == Network::internet) named = &*cipher;
    }
  }
  if (named) return named;
  const auto* listed = Directory::cipher_certificate(organisation, now);
  return listed ? &listed->certificate : nullptr;
}

} // namespace directory
