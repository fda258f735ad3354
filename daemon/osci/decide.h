// The protocol's decisions: pure functions from a request and what is known to a plan. The gateway
// carries the plan out against the store and hands the outcome to conclude(). No I/O, no clock, no
// threads.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "crypto/status.h"
#include "crypto/trust.h"
#include "directory/directory.h"
#include "directory/entitlement.h"
#include "directory/routing.h"
#include "mailbox/message_id.h"
#include "mailbox/store.h"
#include "mailbox/transfers.h"
#include "osci/legacy.h"
#include "osci/message.h"
#include "osci/schema.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace osci {

// What comes of a finding against a delivery: nothing, a log line, or a refusal (9805).
enum class RoutingMode { off, observe, enforce };

struct Policy {
  bool require_encryption = true;
  bool require_signature = true;
  // What an issuer that leads to no trust anchor means: refuse (95xx, 97xx) or warn (3501, 3707).
  bool refuse_unknown_issuer = true;
  // What a certificate means whose revocation could not be checked: refuse (9503, 9710) or warn
  // (3501, 3707).
  bool refuse_unreachable = false;
  bool create_mailboxes = false; // test mode: every certificate owns a mailbox of its own
  // In test mode: what may be dialled for addressees that the directory does not know.
  std::vector<std::string> test_endpoints;
  std::string default_language = "de";
  std::uint32_t max_open_dialogs = 50; // per client
  std::uint32_t max_cards = 100;       // in one answer
  std::size_t max_message_ids = 200;   // in one selection
  std::vector<LegacyException> legacy; // old algorithms that are let in
  std::optional<ChunkLimits> chunks;   // of chunked transfers; none: they are not offered
  // Refuse deliveries whose MessageMetaData breaks its schema (else: take and log them).
  bool check_metadata = false;
  // The checks of directory/routing.h, of deliveries to be stored or pushed.
  RoutingMode routing_sender = RoutingMode::off;
  RoutingMode routing_reader = RoutingMode::off;
  RoutingMode routing_test = RoutingMode::off;
  // Of directory/entitlement.h, for services without a mode of their own.
  directory::AgreementMode routing_agreements = directory::AgreementMode::off;
  // Of content that came in clear, by Situation::check_content.
  RoutingMode clear_content = RoutingMode::off;
};

// What is wrong with a document by the schema of its standard: element paths and rules, never
// values of the document. Empty: valid, or of no standard that is known here. Blocking CPU work of
// bounded time; called by several threads at once.
using ContentCheck = std::function<std::vector<std::string>(std::string_view document)>;

// What decide() may know. Borrowed for the call.
struct Situation {
  base::Instant now;
  const Policy& policy;
  const directory::Directory& directory;
  const crypto::TrustStore& trust;
  const mailbox::MessageIdIssuer& ids;
  base::RandomSource& random;
  // The dialog that the request's ConversationId names; null: none, or none of that id.
  const mailbox::Dialog* dialog = nullptr;
  // What authorities say about certificates_to_check(). Null: nobody was asked; a certificate that
  // is missing in it could not be checked.
  const crypto::RevocationResults* revocation = nullptr;
  // Strict mode: what requests must look like to be carried out; null: not asked for.
  const xml::SchemaSet* schemas = nullptr;
  const directory::Agreements* agreements = nullptr; // null: contracts are not asked about
  const ContentCheck* check_content = nullptr;       // null: no schemas of content are known
};

struct OpenDialog {
  mailbox::Dialog dialog;
};
struct TakeTurn {}; // only the dialog's turn, if there is one
struct StoreIt {
  mailbox::NewDelivery delivery;
  std::string refused_result;
};
struct FetchIt {
  mailbox::FetchSelection selection;
};
struct ListCards {
  mailbox::CardSelection selection;
};
// Hand the delivery to a passive recipient (osci/push.h).
struct PushOrder;
struct PushIt {
  std::shared_ptr<const PushOrder> order;
  std::string refused_result;
  // Of the record: a token for Creation (empty: plain), and warnings that came up after decide().
  std::string creation_token{};
  std::vector<std::string> further_warnings{};
};
struct PutChunkIt {
  mailbox::Chunk chunk;
};
// The state of a transfer: InfoOnly, a refused chunk, or the repeat of chunk `number`.
struct TellTransfer {
  mailbox::TransferKey key;
  std::uint32_t number = 0;
};
struct FetchChunkIt {
  mailbox::ChunkSelection wanted;
  std::string message_id; // of a repeat: what the first answer was about
};
// Answer with a SOAP fault; `close_dialog`: the dialog whose challenge chain broke (7.4).
struct Fault {
  base::Error error;
  std::optional<std::string> close_dialog;
};

// What the directory says of a delivery (directory/routing.h). Keys and fingerprints; empty: not
// known, or nothing to tell.
struct RoutingReport {
  std::vector<std::string> findings;
  std::string sender, addressee;   // organisations
  std::string superseded, current; // certificates: of a sender that has missed a rollover
};

struct Plan {
  std::variant<Fault, OpenDialog, TakeTurn, StoreIt, FetchIt, ListCards, PushIt, PutChunkIt,
               TellTransfer, FetchChunkIt>
      action = TakeTurn{};
  std::optional<mailbox::DialogTurn> turn; // absent: implicit request, InitDialog, or a repeat
  bool repeat = false;                     // identical repeat of the dialog's last request
  std::optional<base::Error> refusal;      // order-level error decided already

  // For the answer
  MessageType type = MessageType::init_dialog;
  ControlBlock control; // of the answer
  std::string language;
  std::vector<std::string> warnings; // 3xxx codes
  std::optional<std::string> message_id;
  Selection selection;
  std::uint32_t chunk_number = 0;                 // of the request
  std::optional<crypto::Certificate> encrypt_for; // absent: answer in clear
  bool short_iv = true;
  AnswerEncryption answer_encryption;
  bool explicit_dialog = false;
  // For the log
  std::string party;
  std::string mailbox;
  std::vector<LegacyUse> legacy;              // exceptions that this request needed
  std::vector<std::string> metadata_findings; // what is wrong with its MessageMetaData
  RoutingReport routing;                      // what the directory says of the delivery
  std::vector<std::string> content_findings;  // what is wrong with its content in clear
};

Plan decide(const seal::Message& message, const Situation& situation);

// The certificates that decide() will inspect, at most 100: of the unverified message, so that
// nothing but a question may come of them.
std::vector<crypto::Certificate> certificates_to_check(const seal::Message& message);
// --- chunked transfers (wire reference 11) ---

// What is known of a transfer when a PartialStoreDelivery is answered.
struct TransferReport {
  mailbox::TransferState state;
  std::optional<base::Error> refused; // what the store said to the chunk
  bool same_as_last = false;          // refused as a repeat, but it is the chunk that came last
  bool overdue = false;               // its processing takes longer than announced
};

// A reassembled StoreDelivery: to be stored, or refused with this code for good.
struct Reassembled {
  std::optional<mailbox::NewDelivery> delivery;
  std::string refused_code;
  std::vector<std::string> metadata_findings; // as of a Plan
  RoutingReport routing;                      // the same
  std::vector<std::string> content_findings;  // the same
};
// `inner`: the message or why it could not be opened. It has a ControlBlock of its own that belongs
// to no dialog and is not looked at (11.3); its certificates must be those of the chunks (17.2
// Q13).
Reassembled decide_reassembled(const base::Result<seal::Message>& inner,
                               const mailbox::Transfer& transfer, const Situation& situation);

// The whole answer fits into one chunk (or there is none): it becomes an ordinary FetchDelivery of
// this delivery (11.7).
void fetch_whole(Plan& plan, const std::optional<std::string>& message_id);
// The ResponseToFetchDelivery that is cut into chunks. Error: storage_failure.
base::Result<seal::Draft> freeze_answer(const Plan& plan, const mailbox::StoredDelivery& delivery,
                                        std::uint64_t waiting, const Identity& identity,
                                        base::RandomSource& random);

// What the store said; monostate for TakeTurn and OpenDialog.
using StoreOutcome =
    std::variant<std::monostate, mailbox::Receipt, mailbox::Fetched, mailbox::CardPage,
                 mailbox::Push, TransferReport, mailbox::ChunkOut>;

// Builds the answer from a plan and its outcome (or the store's error). Error: storage_failure when
// what was stored cannot be turned into an answer.
base::Result<Answer> conclude(const Plan& plan, const base::Result<StoreOutcome>& outcome);

// Party of a cipher certificate: its organisation's key, or "cert:" and the fingerprint.
std::string party_of(const directory::Directory& directory, const crypto::Certificate& certificate);
// Mailboxes that the holder of this cipher certificate may read.
std::vector<std::string> mailboxes_of(const directory::Directory& directory, const Policy& policy,
                                      const crypto::Certificate& certificate);

} // namespace osci
