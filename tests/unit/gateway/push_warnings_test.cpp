// Warnings about a push reach its sender, whoever found them and when: about the certificates of
// the request, about the time stamp that was ordered, about the recipient's answer.
#include "unit/gateway/fake_recipient.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;
using test::FakeRecipient;
using test::kUri;

support::PushSetup setup(FakeRecipient& recipient) {
  support::PushSetup out;
  out.transport = &recipient;
  out.endpoints = {{kUri, ""}};
  return out;
}

std::vector<std::string> codes(const osci::Answer& answer) {
  std::vector<std::string> out;
  for (const auto& entry : answer.feedback) out.push_back(entry.code);
  std::sort(out.begin(), out.end());
  return out;
}
using Codes = std::vector<std::string>;

// What is pushed; without protocol nothing is recorded that could keep a warning.
struct Kind {
  const char* name;
  MessageType type;
  bool recorded;
};

class PushWarnings : public testing::TestWithParam<Kind> {
 protected:
  PushWarnings() { fake.form.reply = "Bescheid"; }

  // In a dialog, twice: the repeat of a recorded push gets them too.
  Codes push(const std::string& quality = "plain") {
    Dialog dialog(intermediary, sender);
    const auto id = GetParam().recorded
                        ? intermediary.ids().issue(intermediary.clock.now(), intermediary.random)
                        : std::string{};
    auto request = sender.pushed(GetParam().type, id, kUri);
    request.control = dialog.next(GetParam().type).control;
    request.quality_of_creation = quality;
    const auto wire = sender.seal(request);
    const auto answer = codes(dialog.exchange(wire, request));
    if (GetParam().recorded) {
      intermediary.restart();
      EXPECT_EQ(codes(sender.open(intermediary.post(wire))), answer);
    }
    EXPECT_EQ(fake.calls(), 1u);
    return answer;
  }

  FakeRecipient fake;
  Intermediary intermediary{osci::Policy{}, false, {}, setup(fake)};
  Party sender{"sender"};
};

TEST_P(PushWarnings, OfARevocationThatCannotBeCheckedReachTheSender) {
  intermediary.require_revocation = true;
  intermediary.restart();
  // 3501: the sender's cipher certificate; 3707: the others, the recipient's signer among them.
  EXPECT_EQ(push(), (Codes{"0801", "3501", "3707"}));
}

TEST_P(PushWarnings, OfOutdatedCertificatesOfBothSidesReachTheSender) {
  intermediary.clock.set(base::Instant{std::chrono::hours{24 * 365 * 90}});
  // 3705: the addressee's cipher certificate; 3708: the signer of the recipient's answer.
  EXPECT_EQ(push(), (Codes{"0801", "3500", "3700", "3705", "3708"}));
}

// Without protocol there is no card to stamp, and no QualityOfTimestamp (wire reference 1.6).
class RecordedPushWarnings : public PushWarnings {};

TEST_P(RecordedPushWarnings, OfAPlainTimeStampReachTheSender) {
  EXPECT_EQ(push("cryptographic"), (Codes{"0801", "3709"}));
}

constexpr Kind kForward{"Forward", MessageType::forward_delivery, true};
constexpr Kind kMediate{"Mediate", MessageType::mediate_delivery, true};
constexpr Kind kWithoutProtocol{"MediateWithoutProtocol", MessageType::mediate_delivery, false};

std::string name_of(const testing::TestParamInfo<Kind>& tested) {
  return tested.param.name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, PushWarnings, testing::Values(kForward, kMediate, kWithoutProtocol),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, RecordedPushWarnings, testing::Values(kForward, kMediate), name_of);

} // namespace
