// The messages of chunked transfers (wire reference 11.3, 11.7), one by one.
#include "base/encoding.h"
#include "client/session.h"
#include "seal/attachment_stream.h"

namespace client {

base::Result<Receipt> Session::store(const Letter& letter, const std::string& message_id,
                                     const std::function<void()>& on_sending) {
  auto request = new_request(osci::MessageType::store_delivery);
  if (const auto sealed = seal_letter(letter, request); !sealed) return sealed.error();
  request.subject = letter.subject;
  return store_as(std::move(request), message_id, on_sending);
}

base::Result<> Session::write_delivery(const Letter& letter,
                                       const std::vector<LargeAttachment>& large,
                                       const std::string& message_id, const base::OctetSink& out) {
  std::vector<seal::MeasuredAttachment> measured;
  for (const auto& one : large) {
    auto attachment = seal::measure_attachment(one.plain, one.content_id, options_.digest,
                                               options_.cipher, random_);
    if (!attachment) return attachment.error();
    measured.push_back(std::move(*attachment));
  }
  auto request = new_request(osci::MessageType::store_delivery);
  if (auto sealed = seal_letter(letter, request, measured); !sealed) return sealed;
  request.subject = letter.subject;
  request.message_id = message_id;
  request.control.sequence_number = 0;
  request.control.challenge = base::base64_encode_line(random_.bytes(16));
  const auto encrypt = encrypting(letter);
  for (std::size_t i = 0; i < large.size(); ++i)
    request.content.attachments.push_back(
        seal::encrypting(measured[i], large[i].plain, options_.digest, encrypt, random_));
  return seal::close_to(osci::encode_request(request), std::nullopt, random_, out);
}

base::Result<osci::Answer>
Session::Dialog::store_chunk(const std::string& message_id, const crypto::Certificate& addressee,
                             const std::optional<osci::ChunkInformation>& chunk,
                             std::string bytes) {
  auto request = session_->new_request(osci::MessageType::partial_store_delivery);
  request.certificates.push_back(
      role_certificate("CipherCertificateAddressee", "addressee_cipher", addressee));
  request.message_id = message_id + std::string(osci::kPartialSuffix);
  request.chunk = chunk;
  request.info_only = !chunk;
  if (chunk) {
    seal::Attachment piece;
    piece.content_id = osci::kChunkContentId;
    piece.bytes = std::move(bytes);
    request.content.attachments.push_back(std::move(piece));
  }
  auto answered = exchange(std::move(request));
  if (!answered) return answered.error();
  return std::move(answered->answer);
}

base::Result<Delivery> Session::Dialog::fetch_chunk(const osci::Selection& selection,
                                                    const osci::ChunkInformation& chunk) {
  auto request = session_->new_request(osci::MessageType::partial_fetch_delivery);
  request.selection = selection;
  request.chunk = chunk;
  auto answered = exchange(std::move(request));
  if (!answered) return answered.error();
  return Delivery{std::move(answered->answer), std::move(answered->message)};
}

} // namespace client
