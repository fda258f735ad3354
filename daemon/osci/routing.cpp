// What the directory says against a delivery, and what the policy makes of it.
#include "directory/routing.h"
#include "osci/decider.h"
#include "osci/metadata.h"

namespace osci {

using base::ErrorCode;
using base::fail;
using directory::AgreementMode;
using directory::RoutingCheck;
using directory::RoutingFinding;

namespace {

ErrorCode refusal_of(RoutingCheck check) {
  switch (check) {
  case RoutingCheck::sender:
    return ErrorCode::sender_not_entitled;
  case RoutingCheck::reader:
    return ErrorCode::wrong_reader;
  case RoutingCheck::test:
  case RoutingCheck::rollover: // never refused
    break;
  }
  return ErrorCode::test_mixed;
}

} // namespace

std::optional<base::Error>
Decider::missing_agreement(const directory::RoutingQuestion& question) const {
  if (!s_.agreements || !question.addressee) return std::nullopt;
  // Contracts are about EfA services and real applications. Between authorities, and among tests,
  // there are none to look for.
  const auto* service = s_.agreements->service(question.service);
  if (!service || question.addressee->test || question.test.value_or(false)) return std::nullopt;
  if (directory::mode_of(*s_.agreements, question.service, s_.policy.routing_agreements) ==
      AgreementMode::off)
    return std::nullopt;
  // A proxy takes in what is for others (domain 1.2): their contracts count.
  std::string recipient = question.addressee->key;
  if (const auto reader = directory::normalise_key(question.reader);
      reader && question.addressee->acts_for(*reader))
    recipient = *reader;
  const auto judged = directory::judge_entitlement(
      *s_.agreements, {question.service, recipient, question.now, {}, &s_.directory});
  if (judged.entitled) return std::nullopt;
  std::string why = "agreement";
  for (const auto& finding : judged.findings)
    if (finding.blocks) why += " " + directory::machine_code(finding);
  return fail(ErrorCode::not_agreed, std::move(why));
}

base::Result<> Decider::check_routing(const Content& content, const crypto::Certificate& client,
                                      const crypto::Certificate& addressee) {
  // An identical repeat gets the answer that it got: what was accepted stays so when the directory
  // changes in between. Known here is only a repeat within its dialog.
  if (plan_.repeat) return {};
  const auto mode = [this](RoutingCheck check) {
    switch (check) {
    case RoutingCheck::sender:
      return s_.policy.routing_sender;
    case RoutingCheck::reader:
      return s_.policy.routing_reader;
    case RoutingCheck::test:
      return s_.policy.routing_test;
    case RoutingCheck::rollover:
      break;
    }
    return RoutingMode::observe;
  };
  directory::RoutingQuestion question;
  question.sender = s_.directory.owner_of(client.fingerprint());
  question.addressee = s_.directory.owner_of(addressee.fingerprint());
  question.cipher = &addressee;
  question.now = s_.now;
  auto& report = plan_.routing;
  if (question.sender) report.sender = question.sender->key;
  if (question.addressee) report.addressee = question.addressee->key;
  std::optional<MetaData> metadata;
  if (const auto* header = find_metadata(content.custom_headers)) {
    auto read = read_metadata(header->canonical);
    if (read) metadata = std::move(*read);
  }
  if (metadata) {
    question.service = metadata->service;
    question.reader = metadata->reader.value;
    question.test = metadata->test;
  }
  std::optional<base::Error> refused;
  for (const auto finding : directory::judge_routing(s_.directory, question)) {
    const auto check = directory::check_of(finding);
    const auto asked = mode(check);
    // A client that sends no metadata says nothing wrong: to be refused by who insists on it, but
    // not to be logged with every message by who observes.
    // So it is with a directory that describes no service at all.
    const bool silent =
        finding == RoutingFinding::service_not_named ||
        (finding == RoutingFinding::service_unknown && s_.directory.descriptions().empty());
    if (asked == RoutingMode::off || (asked == RoutingMode::observe && silent)) continue;
    const std::string name(directory::to_string(finding));
    report.findings.push_back(name);
    if (finding == RoutingFinding::certificate_superseded) {
      report.superseded = addressee.fingerprint();
      if (const auto* current =
              directory::recipient_certificate(*question.addressee, question.service, s_.now))
        report.current = current->fingerprint();
    }
    if (asked == RoutingMode::enforce && !refused) refused = fail(refusal_of(check), name);
  }
  if (auto missing = missing_agreement(question); missing) {
    report.findings.push_back(missing->detail);
    if (!refused && directory::mode_of(*s_.agreements, question.service,
                                       s_.policy.routing_agreements) == AgreementMode::enforce)
      refused = std::move(missing);
  }
  if (refused) return *refused;
  return {};
}

} // namespace osci
