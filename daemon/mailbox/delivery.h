// One delivery as it is kept: canonical bytes that an answer can concatenate and hash without
// building a tree of the content (design decision 6, wire reference 4.7 and 6.6).
#pragma once
#include "base/octets.h"
#include "mailbox/process_card.h"
#include <compare>
#include <optional>
#include <string>
#include <vector>

namespace mailbox {

enum class PartKind {
  content,       // inside of soap:Body in canonical form; exactly one
  certificates,  // NonIntermediaryCertificates block in canonical form; exactly one
  custom_header, // one per custom header block, canonical, in the sender's order
  attachment,    // decoded octets of one MIME part, in the sender's order
};

struct Part {
  PartKind kind = PartKind::content;
  std::string name;         // attachment: Content-ID without brackets; custom header: its Id
  std::string content_type; // attachment only, as the sender wrote it
  std::string headers;      // attachment only: further MIME header lines, CRLF separated, as sent
  std::string bytes;
  base::OctetRange
      range{}; // attachment only: instead of bytes, where they need not fit into memory
};

// Names a chunked transfer: two parties that use one message id do not meet.
struct TransferKey {
  std::string party;      // of the sender
  std::string message_id; // of the whole delivery, without "_Partial"
  auto operator<=>(const TransferKey&) const = default;
};

// What a delivery's MessageMetaData says of it (wire reference 12), for operators to find it by;
// claims of its sender, nothing is decided by them. Empty: not said.
struct MetaDataIndex {
  std::string message_id; // the application's, not OSCI's
  std::string service;    // URI
  std::string message_type, message_type_list;
  std::string business_scenario;
  std::string author, reader; // identifiers
  bool operator==(const MetaDataIndex&) const = default;
};
constexpr std::size_t kMaxMetaDataValue = 512; // octets of each

// What a StoreDelivery hands to the store.
struct NewDelivery {
  std::string message_id;     // decoded form, already recognised as issued here
  std::string mailbox;        // id of the addressee's mailbox
  std::string originator;     // party id of the sender; may read the process card
  std::string request_digest; // SHA-256 (raw octets) of the HTTP body, for identical repeats
  base::Instant creation;     // Creation will be this or later
  std::optional<std::string> subject;
  std::string quality_of_creation = "plain";
  std::string quality_of_reception = "plain";
  std::string creation_token; // RFC 3161, DER; empty: plain
  std::string context; // namespace declarations in scope at the sender's Body (wire reference 4.7)
  std::vector<std::string> feedback; // OSCI warning codes of the receipt, repeated with it
  std::vector<Part> parts;
  std::vector<Inspection> inspections;
  std::optional<MetaDataIndex> metadata{};
  // The chunked transfer that this delivery came by: its result is frozen in the same transaction,
  // as these codes and the receipt.
  std::optional<TransferKey> transfer{};
  std::vector<std::string> transfer_result{};
};

// The stored answer to a StoreDelivery.
struct Receipt {
  ProcessCard card;
  std::vector<std::string> feedback;
  bool repeated = false; // true: this very request had been stored before
};

struct StoredDelivery {
  ProcessCard card; // as of the moment of the fetch
  std::string mailbox;
  std::string originator;
  std::string context;
  std::vector<Part> parts;
  std::optional<MetaDataIndex> metadata;
};

} // namespace mailbox
