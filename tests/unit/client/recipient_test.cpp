// The passive recipient against an intermediary that breaks every rule of 15.15 to 15.19.
#include "client/recipient.h"
#include "fake_intermediary.h"
#include "pusher.h"
#include "seal/names.h"
#include <gtest/gtest.h>

namespace {

using client::Pushed;
using client::Recipient;
using client::Verdict;
using osci::MessageType;
using test::Push;

struct Office {
  base::SystemRandom random;
  test::Pusher pusher;
  client::RecipientOptions options;
  client::Identity own = test::identity("recipient");
  std::vector<std::string> delivered; // message ids
  Verdict verdict;

  Recipient::Answered answer(const std::string& body) {
    const Recipient recipient(own, test::pinned(), options, random);
    return recipient.answer(body, "text/xml", [this](const Pushed& pushed) {
      delivered.push_back(pushed.message_id());
      return verdict;
    });
  }
  test::PushAnswer push(const Push& push) {
    return pusher.open(answer(pusher.wire(push)).body, push);
  }
  // The code of the answer to a request that must not be delivered.
  std::string refused(const Push& push, const std::string& wire) {
    const auto answered = answer(wire);
    EXPECT_TRUE(delivered.empty());
    EXPECT_TRUE(answered.refused);
    const auto opened = pusher.open(answered.body, push);
    EXPECT_EQ(opened.code(), answered.code);
    return opened.code();
  }
  std::string refused(const Push& push) { return refused(push, pusher.wire(push)); }
};

Push process(std::optional<std::string> reply_id = "reply-1") {
  Push out;
  out.type = MessageType::process_delivery;
  out.reply_id = std::move(reply_id);
  return out;
}

TEST(Recipient, AcceptsADeliveryAndSaysSoSignedAndEncrypted) {
  Office office;
  const auto answer = office.push({});
  EXPECT_EQ(office.delivered, std::vector<std::string>{"push-1"});
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_TRUE(answer.encrypted);
  EXPECT_FALSE(answer.answer.content);
  ASSERT_EQ(answer.answer.certificates.size(), 1u); // 4.9: no other role is allowed
  EXPECT_EQ(answer.answer.certificates[0].role, "SignatureCertificateAddressee");
}

TEST(Recipient, SendsAReplyUnderTheIdThatTheIntermediaryGaveIt) {
  Office office;
  office.verdict.reply = client::ReplyContent{{"Antwort"}, {}, "Bescheid"};
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_EQ(answer.answer.message_id, "reply-1");
  EXPECT_EQ(answer.answer.subject, "Bescheid");
  EXPECT_EQ(office.pusher.reply(answer), std::vector<std::string>{"Antwort"});
  // Roles are swapped (15.19).
  const auto certificate = [&](const std::string& role) {
    for (const auto& one : answer.answer.certificates)
      if (one.role == role) return one.certificate.fingerprint();
    return std::string("none");
  };
  const auto print = [](const char* key) { return support::key(key).certificate.fingerprint(); };
  EXPECT_EQ(certificate("CipherCertificateOriginator"), print("recipient_cipher"));
  EXPECT_EQ(certificate("SignatureCertificateOriginator"), print("recipient_sign"));
  EXPECT_EQ(certificate("CipherCertificateAddressee"), print("sender_cipher"));
  EXPECT_EQ(certificate("CipherCertificateOtherReader"), print("sender_cipher"));
  EXPECT_EQ(certificate("SignatureCertificateAddressee"), "none");
}

TEST(Recipient, RepliesWithoutIdAndSubjectWhereThereIsNoProtocol) {
  Office office;
  office.verdict.reply = client::ReplyContent{{"Antwort"}, {}, "Bescheid"};
  auto push = process(std::nullopt);
  push.message_id.clear();
  const auto answer = office.push(push);
  EXPECT_EQ(office.delivered, std::vector<std::string>{""});
  EXPECT_FALSE(answer.answer.message_id);
  EXPECT_FALSE(answer.answer.subject);
  const auto verified = answer.message->verified(true);
  for (const auto& block : verified->blocks())
    EXPECT_NE(block.element.name(), "QualityOfTimestamp");
  EXPECT_EQ(office.pusher.reply(answer), std::vector<std::string>{"Antwort"});
}

TEST(Recipient, AnswersWithFeedbackAloneWhenThereIsNothingToSay) {
  Office office;
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_FALSE(answer.answer.content);
  EXPECT_FALSE(answer.answer.message_id);
}

TEST(Recipient, TellsANegativeVerdictWithoutReply) {
  Office office;
  office.verdict = {"9811", client::ReplyContent{{"Antwort"}, {}, {}}};
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "9811");
  EXPECT_EQ(answer.answer.feedback[0].language, "de");
  EXPECT_FALSE(answer.answer.content);
}

TEST(Recipient, DoesNotClaimAReplyThatItCannotSeal) {
  Office office;
  office.verdict.reply = client::ReplyContent{{"Antwort"}, {}, {}};
  auto push = process();
  push.name_originator = false;
  EXPECT_EQ(office.push(push).code(), "9808");
  // A certificate that must not be used for encryption is as good as none.
  auto request = office.pusher.request(process());
  for (auto& one : request.certificates)
    if (one.role == "CipherCertificateOriginator")
      one.certificate = support::key("sender_sign").certificate;
  const auto wire = office.pusher.close(request, process());
  EXPECT_EQ(office.pusher.open(office.answer(wire).body, process()).code(), "9808");
}

TEST(Recipient, SpeaksTheLanguageThatTheSenderWants) {
  Office office;
  office.verdict.code = "9805";
  auto request = office.pusher.request({});
  request.languages = {"fr", "en-GB", "de"};
  const auto answer =
      office.pusher.open(office.answer(office.pusher.close(request, {})).body, Push{});
  EXPECT_EQ(answer.answer.feedback[0].language, "en");
  EXPECT_NE(answer.answer.feedback[0].text.find("recipient"), std::string::npos);
}

TEST(Recipient, RefusesWhatIsNotSignedByThePinnedIntermediary) {
  Office office;
  Push push;
  push.signature.clear();
  EXPECT_EQ(office.refused(push), "9600");
  // With a valid signature, and a certificate in the right place, of somebody else.
  push.signature = "other_sign";
  EXPECT_EQ(office.refused(push), "9700");
  push.type = MessageType::process_delivery;
  EXPECT_EQ(office.refused(push), "9700");
}

TEST(Recipient, RefusesASignatureOfTheSenderInPlaceOfTheIntermediarys) {
  Office office;
  Push push;
  const auto request = office.pusher.request(push);
  base::SystemRandom random;
  // As the ForwardDelivery was signed: the certificate stands among the originator's (4.2).
  const seal::SignWith sign{.key = support::key("sender_sign"),
                            .certificate_id = osci::certificate_id(
                                "originator_signature", support::key("sender_sign").certificate)};
  const seal::EncryptFor encrypt{.recipient = support::key("recipient_cipher").certificate,
                                 .key_transport = {}};
  const auto wire = seal::close(osci::encode_request(request), sign, encrypt, random).value();
  EXPECT_EQ(office.refused(push, wire), "9601");
}

TEST(Recipient, RefusesASignatureOverSomethingElse) {
  Office office;
  Push push;
  push.encrypt_for.clear();
  auto wire = office.pusher.wire(push);
  const auto at = wire.find("Größe");
  ASSERT_NE(at, std::string::npos);
  wire[at] = 'K';
  office.options.allow_clear = true;
  EXPECT_EQ(office.refused(push, wire), "9601");
}

TEST(Recipient, RefusesClearRequestsUnlessAllowed) {
  Office office;
  Push push;
  push.encrypt_for.clear();
  EXPECT_EQ(office.refused(push), "9300");
  office.options.allow_clear = true;
  const auto answer = office.push(push);
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_FALSE(answer.encrypted);
  push.signature.clear();
  office.delivered.clear();
  EXPECT_EQ(office.refused(push), "9600");
}

TEST(Recipient, RefusesWhatIsEncryptedForSomebodyElse) {
  Office office;
  Push push;
  push.encrypt_for = "other_cipher";
  EXPECT_EQ(office.refused(push), "9200");
  office.own.old_ciphers = {support::key("other_cipher")};
  EXPECT_EQ(office.push(push).code(), "0800");
}

TEST(Recipient, RefusesWhatDoesNotDecryptOrIsNoOsciMessage) {
  Office office;
  auto wire = office.pusher.wire({});
  const auto end = wire.rfind("\r\n--");
  wire[end - 20] = static_cast<char>(wire[end - 20] ^ 1);
  EXPECT_EQ(office.refused({}, wire), "9202");
  EXPECT_EQ(office.refused({}, "hello"), "9100");
  EXPECT_EQ(office.refused({}, ""), "9100");
}

TEST(Recipient, TellsNobodyWhatIsWrongWithACbcMessage) {
  Office office;
  Push push;
  push.cipher = crypto::Cipher::aes256_cbc;
  EXPECT_EQ(office.refused(push), "9202"); // off unless it is turned on
  office.options.open.allow_cbc = true;
  EXPECT_EQ(office.push(push).code(), "0800");
  office.delivered.clear();
  auto request = office.pusher.request(push);
  request.control.response = "x";
  auto wire = office.pusher.wire(push);
  const auto end = wire.rfind("\r\n--");
  wire[end - 20] = static_cast<char>(wire[end - 20] ^ 1);
  Push foreign = push, unsigned_one = push;
  foreign.signature = "other_sign";
  unsigned_one.signature.clear();
  osci::Request other;
  other.type = MessageType::store_delivery;
  other.control.challenge = push.challenge;
  other.content.body = "<osci:ContentPackage></osci:ContentPackage>";
  const std::string damaged = office.answer(wire).body;
  for (const auto& bad : {office.pusher.close(request, push), office.pusher.wire(foreign),
                          office.pusher.wire(unsigned_one), office.pusher.close(other, push)}) {
    EXPECT_EQ(office.refused(push, bad), "9202");
    EXPECT_EQ(office.answer(bad).body, damaged);
  }
}

TEST(Recipient, RefusesOtherRequestsThanItsTwo) {
  Office office;
  for (const auto type : {MessageType::store_delivery, MessageType::init_dialog,
                          MessageType::mediate_delivery, MessageType::get_message_id}) {
    osci::Request request;
    request.type = type;
    request.control.challenge = "Y2hhbGxlbmdl";
    request.receiver_uri = type == MessageType::mediate_delivery ? "http://x/" : "";
    request.content.body = "<osci:ContentPackage></osci:ContentPackage>";
    EXPECT_EQ(office.refused({}, office.pusher.close(request, {})), "9300")
        << osci::type_name(type);
  }
}

TEST(Recipient, RefusesABrokenControlBlockAndStructure) {
  Office office;
  const auto wire = [&](const std::function<void(osci::Request&)>& change, Push push = {}) {
    auto request = office.pusher.request(push);
    change(request);
    return office.pusher.close(request, push);
  };
  // 1.3: a Challenge and nothing else.
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.control.challenge.reset(); })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.control.response = "x"; })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.control.sequence_number = 0; })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.control.conversation_id = "12"; })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.control.conversation_id = "x"; })), "9400");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.card.reset(); })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) { r.content.body.clear(); })), "9300");
  EXPECT_EQ(office.refused({}, wire([](auto& r) {
                             r.certificates.push_back(
                                 client::role_certificate("SignatureCertificateAddressee", "x",
                                                          support::key("other_sign").certificate));
                           })),
            "9300");
}

TEST(Recipient, EncryptsForTheCertificateThatTheRequestNames) {
  Office office;
  Push push;
  push.named_cipher = "other_cipher"; // the intermediary has changed it; its signature vouches
  const auto answered = office.answer(office.pusher.wire(push));
  EXPECT_EQ(office.pusher.open(answered.body, push, "other_cipher").code(), "0800");
  push.named_cipher.clear();
  EXPECT_EQ(office.push(push).code(), "0800"); // the pinned one
  push.named_cipher = "intermed_sign";         // must not be used for encryption
  office.delivered.clear();
  EXPECT_EQ(office.refused(push), "9501");
}

TEST(Recipient, NeverEncryptsForACertificateOfAnUnverifiedRequest) {
  Office office;
  Push push;
  push.signature = "other_sign";
  push.named_cipher = "other_cipher";
  // Opens with the pinned intermediary's key, so it was not encrypted for the other one.
  EXPECT_EQ(office.refused(push), "9700");
}

TEST(Recipient, AnswersWithoutBodyWhenALimitIsPassed) {
  Office office;
  office.options.open.xml.size = 1000;
  const auto answered = office.answer(office.pusher.wire({}));
  EXPECT_EQ(answered.status, 413u);
  EXPECT_TRUE(answered.body.empty());
  EXPECT_TRUE(office.delivered.empty());
}

} // namespace
