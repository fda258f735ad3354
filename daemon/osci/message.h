// OSCI 1.2 messages of the mailbox scenario as values: decoded from what the seal verified, encoded
// to drafts that the seal closes. Used by both sides: the daemon decodes requests and encodes
// answers, the client the other way round. Pure; thread-safe.
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
};
// "StoreDelivery"; the answer is "ResponseTo" + that.
std::string_view type_name(MessageType type);
std::optional<MessageType> request_type(std::string_view name);
std::optional<MessageType> answer_type(std::string_view name);
// Every request type of OSCI 1.2 (1.2), also those that this build does not serve.
bool is_known_request(std::string_view name);

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

// FeatureDescription (5.6).
struct Features {
  bool present = false;
  std::set<std::string> keys;
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

  // StoreDelivery
  std::optional<std::string> message_id; // decoded
  std::optional<std::string> subject;
  std::string quality_of_creation = "plain";
  std::string quality_of_reception = "plain";
  Content content;
  // FetchDelivery, FetchProcessCard
  Selection selection;

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

// Errors: unsupported_message_type, malformed_message / invalid_request (by `encrypted`).
base::Result<ReplyFrame> decode_frame(const seal::Message& message);

// Strict structure check of section 1.7 and 4.9 and the ControlBlock presence of 1.3 (for requests
// with and without ConversationId). Errors: malformed_message (clear) or invalid_request
// (encrypted) with the rule; message_id_missing is left to decide().
base::Result<Request> decode_request(const seal::Verified& message, bool encrypted);

// Own certificates by role for a request; writes NonIntermediaryCertificates in schema order with
// Ids as in 2.5 unless given. The StoreDelivery content's `certificates` text is ignored when
// encoding.
seal::Draft encode_request(const Request& request);

struct Answer {
  MessageType to = MessageType::init_dialog; // type of the request
  ControlBlock control;
  std::vector<FeedbackEntry> feedback;     // the first states the overall result (10.1)
  std::optional<std::string> message_id;   // ResponseToGetMessageId
  std::vector<mailbox::ProcessCard> cards; // receipt, fetched delivery, or fetched cards
  Selection selection;                     // echo
  std::optional<Content> content;          // ResponseToFetchDelivery
  // Decoding only
  std::vector<RoleCertificate> certificates;       // NonIntermediaryCertificates of the delivery
  std::optional<crypto::Certificate> intermediary; // SignatureCertificateIntermediary of the answer
  std::optional<crypto::Certificate> signer;
  Features features;

  // First digit 0 or 3: executed.
  bool executed() const;
};

struct Identity {
  crypto::Certificate signature_certificate;
};

// Id of a certificate element, e.g. certificate_id("intermed_signature", cert) (2.5).
std::string certificate_id(std::string_view role, const crypto::Certificate& certificate);

seal::Draft encode_answer(const Answer& answer, const Identity& identity, bool is_signed);

// Errors: peer_fault (a SOAP fault; detail = "9400 text"), malformed_message.
base::Result<Answer> decode_answer(const seal::Message& message, bool signature_required);

} // namespace osci
