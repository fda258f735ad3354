#include "unit/gateway/fake_recipient.h"
#include "base/encoding.h"
#include <stdexcept>

namespace test {

using osci::MessageType;

osci::Request FakeRecipient::open(const std::string& message) const {
  seal::OpenOptions options;
  options.direction = seal::Direction::push;
  const auto opened = seal::open(message, "", {party_.cipher}, options, party_.random);
  if (!opened) throw std::runtime_error("push cannot be opened: " + opened.error().detail);
  if (!opened->transport().encrypted) throw std::runtime_error("push came in clear");
  const auto verified = opened->verified(true);
  if (!verified) throw std::runtime_error("push is not signed: " + verified.error().detail);
  auto request = osci::decode_request(*verified, true);
  if (!request) throw std::runtime_error("push cannot be read: " + request.error().detail);
  return *request;
}

gateway::Attempt FakeRecipient::post(const std::string& uri, const std::string&,
                                     const std::string& message) {
  auto request = open(message);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    uri_ = uri;
  }
  return behave(request);
}

std::string FakeRecipient::answer(const osci::Request& request, const AnswerForm& how) const {
  const bool process = request.type == MessageType::process_delivery;
  const auto& signer = how.signer ? *how.signer : party_.signature;
  const char* signer_role =
      process ? "SignatureCertificateOriginator" : "SignatureCertificateAddressee";
  const std::string signer_id = osci::certificate_id("recipient_signature", signer.certificate);
  osci::Answer out;
  out.to = request.type;
  out.control.response = how.response ? how.response : request.control.challenge;
  out.feedback = {osci::FeedbackEntry{how.code, "de", "Rückmeldung"}};
  out.certificates.push_back({signer_role, signer_id, signer.certificate});
  if (process && how.reply) {
    const auto& cipher = party_.cipher.certificate;
    out.certificates.push_back(
        {"CipherCertificateOriginator", osci::certificate_id("recipient_cipher", cipher), cipher});
    if (how.addressee_signature)
      out.certificates.push_back({"SignatureCertificateAddressee", "addressee_signature_x",
                                  support::key("sender_sign").certificate});
    if (how.reply_id && request.reply_message_id) {
      out.message_id = request.reply_message_id;
      out.subject = "Bescheid";
    }
    if (how.other_id) out.message_id = how.other_id;
    auto& content = out.content.emplace();
    content.custom_headers.push_back(
        {"antwortkopf", seal::Context::standard().declared_on(
                            "<x:Kopf xmlns:x=\"urn:x\" Id=\"antwortkopf\">1</x:Kopf>")});
    content.body = "<osci:ContentPackage><osci:ContentContainer Id=\"" + how.payload_id +
                   "\"><osci:Content><osci:Base64Content Id=\"content0\">" +
                   base::base64_encode(*how.reply) +
                   "</osci:Base64Content></osci:Content></osci:ContentContainer>"
                   "</osci:ContentPackage>";
    content.attachments.push_back(
        {"anlage@recipient", "application/octet-stream", "", std::string(9000, 'a'), false});
  }
  std::optional<seal::SignWith> sign;
  if (how.sign)
    sign = seal::SignWith{signer, signer_id, crypto::SignatureAlgorithm::rsa_sha256,
                          crypto::DigestAlgorithm::sha256};
  std::optional<seal::EncryptFor> encrypt;
  if (how.encrypt)
    encrypt = seal::EncryptFor{
        request.intermediary_cipher.value().certificate, crypto::Cipher::aes256_gcm, 12, {}, false};
  const osci::Identity nobody{party_.signature.certificate, {}};
  auto closed =
      seal::close(osci::encode_answer(out, nobody, how.sign), sign, encrypt, party_.random);
  if (!closed) throw std::runtime_error(closed.error().detail);
  return *closed;
}

gateway::Attempt FakeRecipient::handed(std::string body, unsigned status) {
  return {true, gateway::RecipientAnswer{status, "text/xml", std::move(body)}};
}

gateway::Attempt FakeRecipient::broken(bool handed_over, base::ErrorCode code) {
  return {handed_over, base::fail(code, "the connection broke")};
}

} // namespace test
