#include "client/session.h"
#include "base/encoding.h"
#include "crypto/signature.h"
#include "seal/names.h"
#include <algorithm>
#include <utility>

namespace client {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kNoDelivery = "9803";
constexpr std::string_view kNoProcessCard = "9804";
constexpr std::string_view kMoreCards = "3801";

bool says(const osci::Answer& answer, std::string_view code) {
  return std::any_of(answer.feedback.begin(), answer.feedback.end(),
                     [code](const auto& entry) { return entry.code == code; });
}

// Worth another attempt with the same bytes.
bool passing(ErrorCode code) {
  return code == ErrorCode::network || code == ErrorCode::timed_out ||
         code == ErrorCode::overloaded;
}

base::Result<IssuedId> issued_by(osci::Answer answer) {
  if (!answer.executed()) return refusal(answer.feedback);
  if (!answer.message_id || answer.message_id->empty())
    return fail(ErrorCode::malformed_message, "answer without MessageId");
  return IssuedId{std::move(*answer.message_id), std::move(answer.features), *answer.signer};
}

base::Result<Receipt> receipt_of(osci::Answer answer, std::string message_id) {
  if (!answer.executed()) return refusal(answer.feedback);
  Receipt out;
  out.message_id = std::move(message_id);
  out.feedback = std::move(answer.feedback);
  if (!answer.cards.empty()) {
    if (answer.cards.front().message_id != out.message_id)
      return fail(ErrorCode::control_block, "receipt of another delivery");
    out.card = std::move(answer.cards.front());
  }
  return out;
}

} // namespace

osci::RoleCertificate role_certificate(const std::string& role, const std::string& id_role,
                                       const crypto::Certificate& certificate) {
  return {role, osci::certificate_id(id_role, certificate), certificate};
}

bool pinned(const Intermediary& intermediary, const crypto::Certificate& certificate) {
  const auto& known = intermediary.signatures;
  return std::find(known.begin(), known.end(), certificate) != known.end();
}

bool interrupted(const base::Error& error) {
  return passing(error.code) ||
         (error.code == ErrorCode::peer_fault &&
          (error.detail.starts_with("9400") || error.detail.starts_with("9000")));
}

base::Error refusal(const std::vector<osci::FeedbackEntry>& feedback) {
  base::check(!feedback.empty(), "an answer without feedback was accepted");
  return fail(ErrorCode::peer_fault, feedback.front().code + " " + feedback.front().text);
}

std::string Delivery::message_id() const {
  return answer.cards.empty() ? std::string{} : answer.cards.front().message_id;
}

base::Result<seal::OpenedContent>
open_delivered(const seal::Message& message, const std::vector<osci::RoleCertificate>& certificates,
               const Identity& identity, const seal::ContentOptions& options,
               base::RandomSource& random, bool signature_required) {
  std::vector<seal::NamedCertificate> named;
  for (const auto& one : certificates) named.push_back({one.role, one.id, one.certificate});
  std::vector<crypto::KeyPair> keys{identity.cipher};
  keys.insert(keys.end(), identity.old_ciphers.begin(), identity.old_ciphers.end());
  const auto verified = message.verified(signature_required);
  if (!verified) return verified.error();
  const auto body = verified->body().element.children();
  if (body.empty()) return seal::OpenedContent{};
  if (body.size() != 1) return fail(ErrorCode::malformed_message, "Body is not one ContentPackage");
  return seal::open_content(body[0], named, verified->attachments(), keys, options, random);
}

base::Result<seal::OpenedContent> Delivery::open(const Identity& identity, const Options& options,
                                                 base::RandomSource& random) const {
  return open_delivered(message, answer.certificates, identity, options.content, random, !stored);
}

Session::Session(Transport& transport, Identity identity, Intermediary intermediary,
                 Options options, base::RandomSource& random,
                 std::function<void(base::Milliseconds)> pause)
    : transport_(transport), identity_(std::move(identity)), intermediary_(std::move(intermediary)),
      options_(std::move(options)), random_(random), pause_(std::move(pause)) {
  options_.open.direction = seal::Direction::answer;
}

osci::Request Session::new_request(osci::MessageType type) const {
  osci::Request out;
  out.type = type;
  out.languages = options_.languages;
  // Table of 4.9: who fetches is the originator of its own requests; only the first request of a
  // dialog presents the cipher certificate.
  const bool first =
      type == osci::MessageType::init_dialog || type == osci::MessageType::get_message_id ||
      type == osci::MessageType::store_delivery || type == osci::MessageType::forward_delivery ||
      type == osci::MessageType::partial_store_delivery ||
      // Not to authenticate: the recipient seals its reply for it (1.6).
      type == osci::MessageType::mediate_delivery;
  if (first)
    out.certificates.push_back(role_certificate("CipherCertificateOriginator", "originator_cipher",
                                                identity_.cipher.certificate));
  out.certificates.push_back(role_certificate(
      "SignatureCertificateOriginator", "originator_signature", identity_.signature.certificate));
  return out;
}

base::Result<Reply> Session::post(const std::string& body) {
  base::Milliseconds wait = options_.retry.first_wait;
  for (int attempt = 1;; ++attempt) {
    auto reply = transport_.post(body);
    if (reply || !passing(reply.error().code) || attempt >= options_.retry.attempts) return reply;
    pause_(wait);
    wait = std::min(2 * wait, options_.retry.longest_wait);
  }
}

base::Result<Session::Answered> Session::exchange(const osci::Request& request,
                                                  const std::function<void()>& on_sending) {
  std::optional<seal::EncryptFor> encrypt;
  if (options_.encrypt)
    encrypt =
        seal::EncryptFor{intermediary_.cipher, options_.cipher, options_.iv_length, {}, false};
  const auto bytes = seal::close(osci::encode_request(request), signing(), encrypt, random_);
  if (!bytes) return bytes.error();

  if (on_sending) on_sending();
  last_answer_.clear();
  auto reply = post(*bytes);
  if (!reply) return reply.error();
  last_answer_ = std::move(reply->body);

  auto message =
      seal::open(last_answer_, reply->content_type, {identity_.cipher}, options_.open, random_);
  if (!message) return message.error();
  // A fault is never signed or encrypted (10.4): it tells nothing but that the request failed.
  const bool fault = message->type().empty();
  if (!fault && options_.encrypt && !message->transport().encrypted)
    return fail(ErrorCode::encryption_required, "clear answer to an encrypted request");
  auto answer = osci::decode_answer(*message, true);
  if (!answer) return answer.error();
  if (!answer->signer || !pinned(intermediary_, *answer->signer))
    return fail(ErrorCode::signature_wrong,
                "the answer is signed with another certificate than the intermediary's");

  // 7.2: the answer to this very request, and to no other.
  const auto& sent = request.control;
  const auto& got = answer->control;
  const bool whole = request.type == osci::MessageType::partial_fetch_delivery &&
                     answer->to == osci::MessageType::fetch_delivery; // it fits into one chunk
  if (answer->to != request.type && !whole)
    return fail(ErrorCode::control_block, "answer to another type of request");
  if (!got.response || !base::constant_time_equal(*got.response, *sent.challenge))
    return fail(ErrorCode::control_block, "Response is not our Challenge");
  if (!got.conversation_id || (sent.conversation_id && got.conversation_id != sent.conversation_id))
    return fail(ErrorCode::control_block, "ConversationId of another dialog");
  if (got.sequence_number != sent.sequence_number)
    return fail(ErrorCode::control_block, "SequenceNumber of another request");
  return Answered{std::move(*answer), std::move(*message)};
}

base::Result<IssuedId> Session::get_message_id() {
  auto request = new_request(osci::MessageType::get_message_id);
  request.control.sequence_number = 0;
  request.control.challenge = base::base64_encode_line(random_.bytes(16));
  auto answered = exchange(request);
  if (!answered) return answered.error();
  return issued_by(std::move(answered->answer));
}

seal::SignWith Session::signing() const {
  return {identity_.signature,
          osci::certificate_id("originator_signature", identity_.signature.certificate),
          crypto::default_signature_algorithm(identity_.signature.key), options_.digest};
}

seal::EncryptContent Session::encrypting(const Letter& letter) const {
  seal::EncryptContent out;
  out.cipher = options_.cipher;
  out.iv_length = options_.iv_length;
  const auto& readers =
      letter.readers.empty() ? std::vector<crypto::Certificate>{letter.addressee} : letter.readers;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    auto entry = role_certificate("CipherCertificateOtherReader",
                                  "reader" + std::to_string(i) + "_cipher", readers[i]);
    out.readers.push_back({entry.role, entry.id, entry.certificate});
  }
  return out;
}

base::Result<> Session::seal_letter(const Letter& letter, osci::Request& request,
                                    std::vector<seal::MeasuredAttachment> measured) {
  request.certificates.push_back(
      role_certificate("CipherCertificateAddressee", "addressee_cipher", letter.addressee));
  const auto encrypt = encrypting(letter);
  for (const auto& one : encrypt.readers)
    request.certificates.push_back({one.role, one.id, one.certificate});
  for (std::size_t i = 0; i < letter.authors.size(); ++i) {
    const bool signs = letter.authors[i].may_sign();
    request.certificates.push_back(role_certificate(
        signs ? "SignatureCertificateOtherAuthor" : "CipherCertificateOtherAuthor",
        ("author" + std::to_string(i) + (signs ? "_signature" : "_cipher")).c_str(),
        letter.authors[i]));
  }
  request.quality_of_creation = request.quality_of_reception = letter.quality_of_timestamps;
  auto sealed = seal::seal_content({letter.data, letter.attachments, std::move(measured)},
                                   signing(), encrypt, random_);
  if (!sealed) return sealed.error();
  request.content.body = std::move(sealed->body);
  request.content.attachments = std::move(sealed->attachments);
  request.content.custom_headers = letter.headers;
  return {};
}

base::Result<Receipt> Session::store(const Letter& letter,
                                     const std::function<void(const std::string&)>& on_message_id) {
  return submit(new_request(osci::MessageType::store_delivery), letter, on_message_id);
}

base::Result<Receipt>
Session::submit(osci::Request request, const Letter& letter,
                const std::function<void(const std::string&)>& on_message_id) {
  if (const auto sealed = seal_letter(letter, request); !sealed) return sealed.error();
  request.subject = letter.subject;
  auto issued = get_message_id();
  if (!issued) return issued.error();
  const auto tell = [&on_message_id, id = issued->message_id] {
    if (on_message_id) on_message_id(id);
  };
  return store_as(std::move(request), std::move(issued->message_id), tell);
}

base::Result<Receipt> Session::store_as(osci::Request request, std::string message_id,
                                        const std::function<void()>& on_sending) {
  request.message_id = message_id;
  request.control.sequence_number = 0;
  request.control.challenge = base::base64_encode_line(random_.bytes(16));
  auto answered = exchange(request, on_sending);
  if (!answered) return answered.error();
  return receipt_of(std::move(answered->answer), std::move(message_id));
}

std::uint64_t SealedLetter::octets() const {
  std::uint64_t out = request_.content.body.size();
  for (const auto& one : request_.content.attachments) out += one.bytes.size();
  return out;
}

base::Result<SealedLetter> Session::seal(const Letter& letter) {
  auto request = new_request(osci::MessageType::store_delivery);
  if (const auto sealed = seal_letter(letter, request); !sealed) return sealed.error();
  request.subject = letter.subject;
  return SealedLetter(std::move(request));
}

base::Result<Receipt> Session::store(SealedLetter letter, const std::string& message_id,
                                     const std::function<void()>& on_sending) {
  return store_as(std::move(letter.request_), message_id, on_sending);
}

base::Result<IssuedId> Session::Dialog::get_message_id() {
  auto answered = exchange(session_->new_request(osci::MessageType::get_message_id));
  if (!answered) return answered.error();
  return issued_by(std::move(answered->answer));
}

base::Result<Receipt> Session::Dialog::store(SealedLetter letter, const std::string& message_id,
                                             const std::function<void()>& on_sending) {
  letter.request_.message_id = message_id;
  auto answered = exchange(std::move(letter.request_), on_sending);
  if (!answered) return answered.error();
  return receipt_of(std::move(answered->answer), message_id);
}

base::Result<Session::Dialog> Session::open_dialog() {
  auto request = new_request(osci::MessageType::init_dialog);
  request.control.challenge = base::base64_encode_line(random_.bytes(16));
  auto answered = exchange(request);
  if (!answered) return answered.error();
  auto& answer = answered->answer;
  if (!answer.executed()) return refusal(answer.feedback);
  Dialog out(*this);
  out.conversation_id_ = std::move(*answer.control.conversation_id);
  out.challenge_ = std::move(*answer.control.challenge);
  out.features_ = std::move(answer.features);
  return out;
}

base::Result<Session::Answered> Session::Dialog::exchange(osci::Request request,
                                                          const std::function<void()>& on_sending) {
  if (!alive_) return fail(ErrorCode::control_block, "the dialog has ended");
  request.control.conversation_id = conversation_id_;
  request.control.sequence_number = sequence_++;
  request.control.response = challenge_;
  request.control.challenge = base::base64_encode_line(session_->random_.bytes(16));
  alive_ = false; // until the answer has proved itself
  auto answered = session_->exchange(request, on_sending);
  if (!answered) return answered.error();
  if (request.type != osci::MessageType::exit_dialog) {
    if (!answered->answer.control.challenge)
      return fail(ErrorCode::control_block, "answer without Challenge in a dialog");
    challenge_ = *answered->answer.control.challenge;
    alive_ = true;
  }
  return answered;
}

base::Result<std::optional<Delivery>> Session::Dialog::fetch(const osci::Selection& selection) {
  auto request = session_->new_request(osci::MessageType::fetch_delivery);
  request.selection = selection;
  auto opened = exchange(std::move(request));
  if (!opened) return opened.error();
  if (opened->answer.feedback.front().code == kNoDelivery) return std::optional<Delivery>{};
  if (!opened->answer.executed()) return refusal(opened->answer.feedback);
  Delivery out{std::move(opened->answer), std::move(opened->message)};
  if (out.message_id().empty() ||
      (selection.rule == osci::Selection::Rule::message_ids &&
       selection.message_ids != std::vector<std::string>{out.message_id()})) {
    drop();
    return fail(ErrorCode::control_block, "the delivery is not the one that was asked for");
  }
  return std::optional<Delivery>(std::move(out));
}

base::Result<Cards> Session::Dialog::fetch_process_cards(const osci::Selection& selection) {
  auto request = session_->new_request(osci::MessageType::fetch_process_card);
  request.selection = selection;
  auto opened = exchange(std::move(request));
  if (!opened) return opened.error();
  if (opened->answer.feedback.front().code == kNoProcessCard) return Cards{};
  if (!opened->answer.executed()) return refusal(opened->answer.feedback);
  return Cards{std::move(opened->answer.cards), says(opened->answer, kMoreCards)};
}

base::Result<> Session::Dialog::exit() {
  auto opened = exchange(session_->new_request(osci::MessageType::exit_dialog));
  if (!opened) return opened.error();
  if (!opened->answer.executed()) return refusal(opened->answer.feedback);
  return {};
}

} // namespace client
