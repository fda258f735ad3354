#include "client/recipient.h"
#include "crypto/signature.h"
#include <algorithm>
#include <utility>

namespace client {

using base::ErrorCode;
using base::fail;
using osci::MessageType;

namespace {

constexpr std::string_view kInternalAtRecipient = "9808";

Recipient::Answered fault(base::Error error) {
  const auto& row = osci::outcome(error.code);
  Recipient::Answered out;
  if (row.reply == osci::Reply::http) {
    out.status = row.http_status;
  } else {
    out.body = osci::write_fault(error.code);
    out.code = row.osci_code.empty() ? "9000" : std::string(row.osci_code);
  }
  out.refused = std::move(error);
  return out;
}

} // namespace

std::string Pushed::message_id() const {
  return request.card ? request.card->message_id : std::string{};
}

const crypto::Certificate* Pushed::reply_to() const {
  const auto* originator = request.certificate("CipherCertificateOriginator");
  return originator && originator->certificate.may_encipher() ? &originator->certificate : nullptr;
}

base::Result<seal::OpenedContent> Pushed::open(const Identity& identity,
                                               const seal::ContentOptions& options,
                                               base::RandomSource& random) const {
  return open_delivered(message, request.certificates, identity, options, random);
}

Recipient::Recipient(Identity identity, Intermediary intermediary, RecipientOptions options,
                     base::RandomSource& random)
    : identity_(std::move(identity)), intermediary_(std::move(intermediary)),
      options_(std::move(options)), keys_{identity_.cipher}, random_(random) {
  // The intermediary's directory may name the certificate before the last rollover.
  keys_.insert(keys_.end(), identity_.old_ciphers.begin(), identity_.old_ciphers.end());
  options_.open.direction = seal::Direction::push;
}

Recipient::Answered Recipient::answer(std::string_view body, std::string_view content_type,
                                      const Deliver& deliver) const {
  auto message = seal::open(body, content_type, keys_, options_.open, random_);
  if (!message) return fault(message.error());
  if (!message->transport().encrypted && !options_.allow_clear)
    return fault(fail(ErrorCode::encryption_required, "a request that is not encrypted"));
  // CBC protects nothing: that a message does not fit, or comes from a stranger, is damage like any
  // other, and nobody is told which (13.1, 13.3).
  const bool malleable =
      message->transport().encrypted && !crypto::cipher_is_gcm(message->transport().cipher);
  const auto broken = [malleable](base::Error error) {
    if (malleable) error.code = ErrorCode::undecryptable;
    return fault(std::move(error));
  };
  const auto frame = osci::decode_push_frame(*message);
  if (!frame) return broken(frame.error());
  const std::string language = osci::choose_language(frame->languages, options_.language);

  osci::Answer answer;
  answer.to = frame->type;
  answer.control.response = frame->control.challenge;
  const auto refuse = [&](base::Error error) {
    if (malleable) return broken(std::move(error));
    answer.feedback = {osci::recipient_entry(osci::outcome(error.code).osci_code, language)};
    return closed(std::move(answer), *message, *frame, intermediary_.cipher, std::move(error));
  };

  const auto verified = message->verified(true);
  if (!verified) return refuse(verified.error());
  const auto& pinned = intermediary_.signatures;
  if (std::find(pinned.begin(), pinned.end(), *verified->signer()) == pinned.end())
    return refuse(fail(ErrorCode::signer_certificate_wrong,
                       "signed with another certificate than the intermediary's: " +
                           verified->signer()->fingerprint()));
  auto request = osci::decode_request(*verified, message->transport().encrypted);
  if (!request) return broken(request.error());
  const bool named = request->intermediary_cipher.has_value();
  if (named && !request->intermediary_cipher->certificate.may_encipher())
    return fault(fail(ErrorCode::client_certificate_wrong,
                      "the intermediary's cipher certificate must not be used for encryption"));
  const crypto::Certificate encrypt_for =
      named ? request->intermediary_cipher->certificate : intermediary_.cipher;

  const Pushed pushed{std::move(*request), std::move(*message)};
  Verdict verdict = deliver(pushed);
  std::optional<base::Error> trouble;
  if (verdict.reply && pushed.wants_reply() && verdict.code.starts_with('0'))
    if (const auto sealed = add_reply(pushed, *verdict.reply, answer); !sealed) {
      // The delivery is kept, but its sender must not take it for answered.
      verdict.code = kInternalAtRecipient;
      trouble = sealed.error();
      answer.content.reset();
      answer.message_id.reset();
      answer.subject.reset();
      answer.certificates.clear();
    }
  answer.feedback = {osci::recipient_entry(verdict.code, language)};
  return closed(std::move(answer), pushed.message, *frame, encrypt_for, std::move(trouble));
}

base::Result<> Recipient::add_reply(const Pushed& pushed, const ReplyContent& reply,
                                    osci::Answer& answer) const {
  const auto* sender = pushed.reply_to();
  if (!sender) return fail(ErrorCode::client_certificate_missing, "no certificate to reply to");
  // Roles are swapped: we are the originator and author of the reply, the sender its addressee and
  // reader (1.6, 15.19).
  auto& entries = answer.certificates;
  entries.push_back(role_certificate("CipherCertificateOriginator", "originator_cipher",
                                     identity_.cipher.certificate));
  entries.push_back(role_certificate("CipherCertificateAddressee", "addressee_cipher", *sender));
  auto reader = role_certificate("CipherCertificateOtherReader", "reader0_cipher", *sender);
  seal::EncryptContent encrypt;
  encrypt.readers.push_back({reader.role, reader.id, reader.certificate});
  entries.push_back(std::move(reader));
  const seal::SignWith sign{
      identity_.signature,
      osci::certificate_id("originator_signature", identity_.signature.certificate),
      crypto::default_signature_algorithm(identity_.signature.key), options_.digest};
  auto sealed = seal::seal_content({reply.data, reply.attachments}, sign, encrypt, random_);
  if (!sealed) return sealed.error();
  auto& content = answer.content.emplace();
  content.body = std::move(sealed->body);
  content.attachments = std::move(sealed->attachments);
  answer.message_id = pushed.request.reply_message_id;
  if (answer.message_id) answer.subject = reply.subject;
  return {};
}

Recipient::Answered Recipient::closed(osci::Answer answer, const seal::Message& message,
                                      const osci::ReplyFrame& frame,
                                      const crypto::Certificate& encrypt_for,
                                      std::optional<base::Error> refused) const {
  // 4.2: what the signature names depends on the type.
  const bool accepted = answer.to == MessageType::accept_delivery;
  auto own = accepted ? role_certificate("SignatureCertificateAddressee", "addressee_signature",
                                         identity_.signature.certificate)
                      : role_certificate("SignatureCertificateOriginator", "originator_signature",
                                         identity_.signature.certificate);
  const seal::SignWith sign{identity_.signature, own.id,
                            crypto::default_signature_algorithm(identity_.signature.key),
                            options_.digest};
  answer.certificates.push_back(std::move(own));
  std::optional<seal::EncryptFor> encrypt;
  if (message.transport().encrypted) {
    // 5.4: twelve octets of IV only where the peer knows IvLength.
    const bool short_iv =
        frame.features.keys.contains("Support96Bit12ByteIV") || message.transport().iv_length == 12;
    encrypt = seal::EncryptFor{encrypt_for, crypto::Cipher::aes256_gcm,
                               short_iv ? std::size_t{12} : std::size_t{16}, crypto::KeyTransport{},
                               message.transport().base64};
  }
  auto bytes = seal::close(
      osci::encode_answer(answer, osci::Identity{identity_.signature.certificate}, true), sign,
      encrypt, random_);
  // An answer that cannot be made travels as a fault (3.5).
  if (!bytes) return fault(bytes.error());
  return {200, std::move(*bytes), answer.feedback.front().code, std::move(refused)};
}

} // namespace client
