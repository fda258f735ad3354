// OSCI 1.2 messages as values: decoded from what the seal verified, encoded to drafts that the seal
// closes. Used by both sides: the daemon decodes requests and encodes answers, the client the other
// way round; towards a passive recipient the daemon is the client. Pure; thread-safe.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "mailbox/delivery.h"
#include "osci/feedback.h"
#include "seal/message.h"
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace osci {

enum class MessageType {
  init_dialog,
  exit_dialog,
  get_message_id,
  store_delivery,
  fetch_delivery,
  fetch_process_card,
  forward_delivery,
  mediate_delivery,
  partial_store_delivery,
  partial_fetch_delivery,
  accept_delivery,  // the intermediary to a passive recipient
  process_delivery, // the intermediary to a passive recipient
};
// Whether an intermediary is the supplier of this type: all but AcceptDelivery and ProcessDelivery.
bool for_intermediary(MessageType type);
// "StoreDelivery"; the answer is "ResponseTo" + that.
std::string_view type_name(MessageType type);
std::optional<MessageType> request_type(std::string_view name);
std::optional<MessageType> answer_type(std::string_view name);

// Wire reference 7.
struct ControlBlock {
  std::optional<std::string> conversation_id;
  std::optional<std::uint32_t> sequence_number;
  std::optional<std::string> response;
  std::optional<std::string> challenge;
};

// One child of NonIntermediaryCertificates (4.9). Role = element name, e.g.
// "CipherCertificateAddressee".
struct RoleCertificate {
  std::string role;
  std::string id;
  crypto::Certificate certificate;
};

// What a supplier takes in chunked transfers (5.6, 11.8). Sizes in KiB.
struct ChunkLimits {
  std::uint64_t min_chunk = 1;
  std::uint64_t max_chunk = 0;
  std::uint64_t max_message = 0;
  std::uint32_t timeout_seconds = 0; // 0: not announced
  // ChunkMessageTimeOut as the schema has it, instead of ChunkMessageTimeout as the reference
  // client reads and writes it (16 no. 1). Read: both.
  bool schema_spelling = false;
};

// FeatureDescription (5.6).
struct Features {
  bool present = false;
  std::set<std::string> keys;
  std::optional<ChunkLimits> chunks; // present with PartialMessageTransmission
};

// ChunkInformation (11.2). Which parts are there depends on the message; sizes in KiB.
struct ChunkInformation {
  std::optional<std::uint32_t> number; // counted from 1
  std::optional<std::uint64_t> size;
  std::optional<std::vector<std::uint32_t>> received; // empty list: "-1" on the wire
  std::optional<std::uint32_t> total_numbers;
  std::optional<std::uint64_t> total_size;
};

// SelectionRule and Quantity of FetchDelivery and FetchProcessCard (9).
struct Selection {
  enum class Rule { none, message_ids, reception_of_delivery, recent_modification };
  enum class Role { any, addressee, originator };
  Rule rule = Rule::none;
  std::vector<std::string> message_ids; // decoded
  base::Instant since{};
  std::string since_text; // as sent: the answer echoes it
  bool no_reception = false;
  Role role = Role::any;
  std::optional<std::uint32_t> limit; // FetchProcessCard only
};

struct CustomHeader {
  std::string id;
  std::string canonical; // apex C14N in its sender's context
};

// What a delivery carries (6.6), in stored form.
struct Content {
  seal::Context context = seal::Context::standard();
  std::string body;         // canonical inside of soap:Body, an osci:ContentPackage; may be empty
  std::string certificates; // canonical NonIntermediaryCertificates block; empty: none
  std::string certificates_id = "nonintermediarycertificates"; // the Id its sender gave it
  std::vector<CustomHeader> custom_headers;
  std::vector<seal::Attachment> attachments;
};

struct Request {
  MessageType type = MessageType::init_dialog;
  ControlBlock control;
  std::vector<std::string> languages{"de"};
  std::vector<RoleCertificate> certificates;
  Features features;
  std::optional<crypto::Certificate> signer; // decoding only

  // ForwardDelivery, MediateDelivery: ContentReceiver/@URI as sent. Chosen by the sender: never
  // dialled unless the directory lists it (13.8).
  std::string receiver_uri;
  // Deliveries. A MediateDelivery without a MessageId is "without protocol": no process card.
  std::optional<std::string> message_id; // decoded; of a chunked transfer with its suffix (11.3)
  std::optional<std::string> subject;
  std::string quality_of_creation = "plain";
  std::string quality_of_reception = "plain";
  // Of a PartialStoreDelivery: exactly one attachment, the chunk; none with `info_only`.
  Content content;
  // FetchDelivery, PartialFetchDelivery, FetchProcessCard
  Selection selection;
  // PartialStoreDelivery, PartialFetchDelivery
  std::optional<ChunkInformation> chunk;
  bool info_only = false;
  // AcceptDelivery, ProcessDelivery
  std::optional<mailbox::ProcessCard> card;
  std::optional<std::string> reply_message_id;        // MessageIdResponse
  std::optional<RoleCertificate> intermediary_cipher; // IntermediaryCertificates
  std::optional<RoleCertificate> intermediary_signature;

  const RoleCertificate* certificate(std::string_view role) const; // first of that role; null
};

// What must be known of a request to answer it at all, even when its signature is wrong. Read from
// unverified parts: good for addressing an answer, for nothing else.
struct ReplyFrame {
  MessageType type = MessageType::init_dialog;
  ControlBlock control;
  std::vector<std::string> languages;
  std::optional<crypto::Certificate> client_cipher; // CipherCertificateOriginator
  Features features;
};

// For an intermediary. Errors: malformed_message / invalid_request (by `encrypted`).
base::Result<ReplyFrame> decode_frame(const seal::Message& message);
// For a passive recipient, of an AcceptDelivery or ProcessDelivery; without a certificate: until
// the signature is verified only the pinned intermediary is answered. Errors: as above.
base::Result<ReplyFrame> decode_push_frame(const seal::Message& message);
// The dialog that a request names, whatever else is wrong with it: a broken ControlBlock ends it
// (7.4). Unverified; empty: none.
std::string named_dialog(const seal::Message& message);

// Strict structure check of section 1.7 and 4.9 and the ControlBlock presence of 1.3 (for requests
// with and without ConversationId). Errors: malformed_message (clear) or invalid_request
// (encrypted) with the rule; message_id_missing is left to decide().
base::Result<Request> decode_request(const seal::Verified& message, bool encrypted);

// Writes NonIntermediaryCertificates in schema order from `certificates`, or, where that is empty,
// as the canonical text in `content` (a delivery handed on).
seal::Draft encode_request(const Request& request);
// The block as encode_request() writes it.
std::string certificates_block(const seal::Context& context, std::string_view id,
                               const std::vector<RoleCertificate>& certificates);

struct Answer {
  MessageType to = MessageType::init_dialog; // type of the request
  ControlBlock control;
  std::vector<FeedbackEntry> feedback;        // the first states the overall result (10.1)
  std::vector<FeedbackEntry> inside_feedback; // of the reassembled message (11.6)
  // The new id, of the chunked delivery, or of a recipient's reply.
  std::optional<std::string> message_id;
  std::optional<std::string> subject; // ResponseToProcessDelivery
  // Receipt, fetched delivery, or fetched cards; of a ResponseToMediateDelivery the request's.
  std::vector<mailbox::ProcessCard> cards;
  std::optional<mailbox::ProcessCard> reply_card; // ResponseToMediateDelivery
  Selection selection;                            // echo
  std::optional<ChunkInformation> chunk;
  // ResponseToFetchDelivery, ResponseToMediateDelivery, ResponseToProcessDelivery; of a
  // ResponseToPartialFetchDelivery exactly one attachment, the chunk.
  std::optional<Content> content;
  std::string quality_of_creation = "plain"; // ResponseToProcessDelivery with a MessageId
  std::string quality_of_reception = "plain";
  // NonIntermediaryCertificates: decoded from any answer; encoded into those of a recipient.
  std::vector<RoleCertificate> certificates;
  // Decoding only
  std::optional<crypto::Certificate> intermediary; // SignatureCertificateIntermediary of the answer
  std::optional<crypto::Certificate> signer;
  Features features;

  // First digit 0 or 3: executed.
  bool executed() const;
};

struct Identity {
  crypto::Certificate signature_certificate;
  std::optional<ChunkLimits> chunks{}; // announced in FeatureDescription
};

// Id of a certificate element, e.g. certificate_id("intermed_signature", cert) (2.5).
std::string certificate_id(std::string_view role, const crypto::Certificate& certificate);

// Answers of an intermediary carry its signature certificate; those of a passive recipient
// (ResponseToAcceptDelivery, ResponseToProcessDelivery) theirs in `certificates`.
seal::Draft encode_answer(const Answer& answer, const Identity& identity, bool is_signed);

// Envelope constants of chunked transfers (2.5, 11.3).
inline constexpr std::string_view kPartialSuffix = "_Partial";
inline constexpr std::string_view kChunkContentId = "ChunkBlobStoreDelivery";

// Errors: peer_fault (a SOAP fault; detail = "9400 text"), malformed_message.
base::Result<Answer> decode_answer(const seal::Message& message, bool signature_required);

} // namespace osci
