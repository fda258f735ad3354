#include "pusher.h"
#include "support/keys.h"
#include <gtest/gtest.h>

namespace test {

using osci::MessageType;

namespace {

osci::RoleCertificate role(const std::string& name, const std::string& id, const std::string& key) {
  return client::role_certificate(name, id, support::key(key).certificate);
}

} // namespace

osci::Request Pusher::request(const Push& push) {
  osci::Request out;
  out.type = push.type;
  out.control.challenge = push.challenge;
  if (!push.named_cipher.empty())
    out.intermediary_cipher =
        role("CipherCertificateIntermediary", "intermed_cipher", push.named_cipher);
  if (!push.signature.empty())
    out.intermediary_signature =
        role("SignatureCertificateIntermediary", "intermed_signature", push.signature);
  if (!push.message_id.empty()) {
    mailbox::ProcessCard card;
    card.message_id = push.message_id;
    card.creation = card.modification = base::parse_datetime("2026-01-01T00:00:00Z").value();
    card.forwarding = base::parse_datetime("2026-01-01T00:00:01Z").value();
    card.subject = push.subject;
    out.card = card;
  }
  out.reply_message_id = push.reply_id;

  if (push.name_originator)
    out.certificates.push_back(
        role("CipherCertificateOriginator", "originator_cipher", push.sender + "_cipher"));
  out.certificates.push_back(
      role("CipherCertificateAddressee", "addressee_cipher", "recipient_cipher"));
  auto reader = role("CipherCertificateOtherReader", "reader0_cipher", push.reader);
  seal::EncryptContent encrypt;
  encrypt.readers.push_back({reader.role, reader.id, reader.certificate});
  out.certificates.push_back(std::move(reader));
  auto author =
      role("SignatureCertificateOriginator", "originator_signature", push.sender + "_sign");
  std::optional<seal::SignWith> sign;
  if (push.sign_content)
    sign = seal::SignWith{.key = support::key(push.sender + "_sign"), .certificate_id = author.id};
  out.certificates.push_back(std::move(author));
  auto sealed = seal::seal_content({push.data, push.attachments}, sign, encrypt, random_).value();
  out.content.body = std::move(sealed.body);
  out.content.attachments = std::move(sealed.attachments);
  return out;
}

std::string Pusher::close(const osci::Request& request, const Push& push) {
  std::optional<seal::SignWith> sign;
  if (!push.signature.empty())
    sign = seal::SignWith{.key = support::key(push.signature),
                          .certificate_id = osci::certificate_id(
                              "intermed_signature", support::key(push.signature).certificate)};
  std::optional<seal::EncryptFor> encrypt;
  if (!push.encrypt_for.empty())
    encrypt = seal::EncryptFor{.recipient = support::key(push.encrypt_for).certificate,
                               .cipher = push.cipher,
                               .key_transport = {}};
  return seal::close(osci::encode_request(request), sign, encrypt, random_).value();
}

PushAnswer Pusher::open(const std::string& body, const Push& push, const std::string& cipher) {
  PushAnswer out;
  seal::OpenOptions options;
  options.direction = seal::Direction::push_answer;
  auto message = seal::open(body, "", {support::key(cipher)}, options, random_);
  if (!message) {
    ADD_FAILURE() << base::to_string(message.error().code) << " " << message.error().detail;
    out.fault = "unreadable";
    return out;
  }
  auto answer = osci::decode_answer(*message, true);
  if (!answer) {
    EXPECT_EQ(answer.error().code, base::ErrorCode::peer_fault) << answer.error().detail;
    out.fault = answer.error().detail.substr(0, 4);
    return out;
  }
  EXPECT_EQ(answer->to, push.type);
  EXPECT_EQ(answer->control.response, push.challenge);
  EXPECT_FALSE(answer->control.challenge || answer->control.conversation_id ||
               answer->control.sequence_number);
  EXPECT_EQ(answer->signer.value(), support::key("recipient_sign").certificate);
  out.encrypted = message->transport().encrypted;
  out.answer = std::move(*answer);
  out.message = std::move(*message);
  return out;
}

std::vector<std::string> Pusher::reply(const PushAnswer& answer, const std::string& reader) {
  std::vector<std::string> out;
  const auto content = client::open_delivered(
      *answer.message, answer.answer.certificates,
      {support::key(reader + "_cipher"), support::key(reader + "_sign"), {}}, {}, random_);
  if (!content) {
    ADD_FAILURE() << base::to_string(content.error().code) << " " << content.error().detail;
    return out;
  }
  for (const auto& item : content->items) {
    EXPECT_EQ(item.signature, seal::SignatureState::valid);
    EXPECT_EQ(item.signers.at(0), support::key("recipient_sign").certificate);
    out.push_back(item.bytes);
  }
  return out;
}

} // namespace test
