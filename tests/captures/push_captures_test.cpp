// Golden input of the passive recipient: what the independent client's intermediary side pushed
// must open, verify and decrypt with the recorded keys, and be answered in the same form as the
// recorded recipient answered.
#include "client/recipient.h"
#include "crypto/digest.h"
#include "support/keys.h"
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>

namespace {

using client::Pushed;
using osci::MessageType;

// SHA-256 of antrag.xml: the first content of every recorded delivery.
constexpr const char* kPayload = "af4e7a9009f8a8f830b369b637c437d014eb286b8732f0e1462c0636f57bdb6e";

struct Variant {
  const char* name;
  bool encrypted = true;
  bool legacy = false;
  std::size_t items = 1;
};
constexpr Variant kSigned[] = {{"a-default"},
                               {"c-signed", false},
                               {"d-base64"},
                               {"e-cbc-rsa15", true, true},
                               {"e2-cbc-rsa15-nofeatures", true, true},
                               {"f-attachments", true, false, 3},
                               {"g-containers", true, false, 5},
                               {"h-sha512"}};
constexpr const char* kNames[] = {"64_AcceptDelivery", "72_ProcessDelivery", "80_ProcessDelivery"};

client::Identity party(const std::string& name) {
  return {support::key(name + "_cipher"), support::key(name + "_sign"), {}};
}

// One recorded push, answered by our recipient with an echo. Returns the answer's code.
std::string answer_one(const std::string& path, const Variant& variant, bool allow) {
  SCOPED_TRACE(path);
  base::SystemRandom random;
  client::RecipientOptions options;
  options.allow_clear = allow;
  options.open.allow_cbc = options.open.allow_rsa15 = variant.legacy && allow;
  options.content.allow_cbc = options.content.allow_rsa15 = variant.legacy && allow;
  const client::Recipient recipient(
      party("recipient"),
      {support::key("intermed_cipher").certificate, {support::key("intermed_sign").certificate}},
      options, random);
  bool delivered = false, replied = false;
  std::string response, message_id;
  const auto answered = recipient.answer(
      support::read_file(path + ".bin"), "text/xml", [&](const Pushed& pushed) -> client::Verdict {
        delivered = true;
        response = pushed.request.control.challenge.value_or("");
        message_id = pushed.request.reply_message_id.value_or("");
        EXPECT_EQ(pushed.message_id().empty(), path.ends_with("80_ProcessDelivery"));
        const auto content = pushed.open(recipient.identity(), options.content, random);
        if (!content) {
          ADD_FAILURE() << base::to_string(content.error().code) << content.error().detail;
          return {"9805"};
        }
        EXPECT_EQ(content->items.size(), variant.items);
        bool payload = false;
        client::Verdict out;
        out.reply.emplace();
        for (const auto& item : content->items) {
          payload = payload || crypto::sha256_hex(item.bytes) == kPayload;
          EXPECT_EQ(item.signature, seal::SignatureState::valid);
          EXPECT_EQ(item.signers.at(0), support::key("sender_sign").certificate);
          out.reply->data.push_back(item.bytes);
        }
        EXPECT_TRUE(payload);
        EXPECT_TRUE(pushed.reply_to());
        replied = pushed.wants_reply();
        return out;
      });
  if (!delivered) return answered.code;

  // Our answer beside the recorded one: the same signature role, control block and parts.
  const std::string number = path.substr(path.rfind('/') + 1, 2);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const std::string type = number == "64"   ? "65_ResponseToAcceptDelivery"
                           : number == "72" ? "73_ResponseToProcessDelivery"
                                            : "81_ResponseToProcessDelivery";
  seal::OpenOptions reading;
  reading.direction = seal::Direction::push_answer;
  reading.allow_cbc = reading.allow_rsa15 = variant.legacy;
  const auto read = [&](const std::string& body) {
    auto message = seal::open(body, "", {support::key("intermed_cipher")}, reading, random).value();
    EXPECT_EQ(message.transport().encrypted, variant.encrypted);
    EXPECT_TRUE(message.is_signed());
    return osci::decode_answer(message, true).value();
  };
  const auto ours = read(answered.body);
  const auto theirs = read(support::read_file(folder + type + ".bin"));
  EXPECT_EQ(ours.control.response, response);
  EXPECT_EQ(ours.control.response, theirs.control.response);
  EXPECT_EQ(ours.message_id, theirs.message_id);
  EXPECT_EQ(ours.message_id.value_or(""), message_id);
  EXPECT_EQ(ours.content.has_value(), replied);
  EXPECT_EQ(ours.signer, theirs.signer);
  const auto roles = [](const osci::Answer& answer) {
    std::set<std::string> out;
    for (const auto& one : answer.certificates) out.insert(one.role);
    return out;
  };
  EXPECT_EQ(roles(ours), roles(theirs));
  return answered.code;
}

TEST(PushCaptures, SelectionInTheCloneIsDeliveredAndAnswered) {
  const std::string folder = support::captures_folder() + "/a-default/";
  for (const char* name : {"64_AcceptDelivery", "72_ProcessDelivery"})
    EXPECT_EQ(answer_one(folder + name, kSigned[0], true), "0800");
}

// Present only where the whole recording lies beside the checkout, as in CI.
TEST(PushCaptures, FullSetIsDeliveredAndAnswered) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures/";
  if (!std::filesystem::exists(folder)) {
    std::cout << "full recording not beside this checkout; the selection was tested\n";
    return;
  }
  int answered = 0;
  for (const auto& variant : kSigned)
    for (const char* name : kNames)
      answered += answer_one(folder + variant.name + "/" + name, variant, true) == "0800";
  std::cout << "delivered and answered " << answered << " of 24, skipped 0\n";
  EXPECT_EQ(answered, 24);
}

TEST(PushCaptures, ClearUnsignedAndLegacyOnesAreRefusedByDefault) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures/";
  if (!std::filesystem::exists(folder)) return;
  for (const char* name : kNames) {
    EXPECT_EQ(answer_one(folder + "c-signed/" + name, kSigned[1], false), "9300");
    EXPECT_EQ(answer_one(folder + "b-plain/" + name, {"b-plain", false}, false), "9300");
    EXPECT_EQ(answer_one(folder + "b-plain/" + name, {"b-plain", false}, true), "9600");
    EXPECT_EQ(answer_one(folder + "e-cbc-rsa15/" + name, kSigned[3], false), "9202");
  }
}

} // namespace
