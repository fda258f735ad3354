// Port: everything that must survive the process. Adapters: storage/ (SQLite with body files).
//
// Every function is one transaction: it either happened as a whole and is on stable storage when
// the function returns success, or the store is unchanged (design decision 1). Functions block;
// they are called from database threads, any number of them at once. All are thread-safe.
//
// Times: a request brings the time at which it was taken up. Transactions happen in another order,
// so the store raises a time to the latest it has given: cards tell what happened in the order in
// which it happened, and whoever asks for what is new since the last one it saw misses nothing.
// Only when the clock was set back by kClockStep or more does the store follow it; the times of one
// card stay in order even then.
//
// Common errors: storage_full (no space left), overloaded (too many transactions wait),
// storage_failure (anything else, a damaged delivery asked for by message id among it). Nothing
// changed with any of them.
#pragma once
#include "base/result.h"
#include "mailbox/delivery.h"
#include "mailbox/push.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mailbox {

// Longer than a request can wait for its transaction.
constexpr std::chrono::minutes kClockStep{5};

// An explicit dialog (wire reference 7).
struct Dialog {
  std::string conversation_id;
  std::string party;              // party id of the client that opened it
  std::string cipher_certificate; // DER; every answer of the dialog is encrypted for it
  std::string
      signature_fingerprint; // of the client's signature certificate; empty: opened unsigned
  bool encrypted = true;     // InitDialog came encrypted
  bool short_iv = true;      // client understands GCM with a 12-byte IV (5.4)
  std::uint32_t next_sequence = 0;
  std::string challenge; // S_n: the next request must carry it as Response
  base::Instant opened;
  base::Instant last_activity;
  bool closed = false;
  // The last request that was answered, so that an identical repeat gets the same answer.
  std::string last_request_digest; // SHA-256, raw octets; empty before the first turn
  std::string last_result;         // opaque to the store; written and read by osci/
};

// A cryptographic stamp for Reception, obtained before the transaction that acknowledges.
struct ReceptionToken {
  std::string message_id;
  std::string token; // RFC 3161, DER
};

// One accepted request in a dialog. Carried out at the start of the transaction it belongs to: it
// fails with control_block when the dialog is unknown, closed, or no longer at `sequence` and
// `challenge` (a concurrent request was faster); nothing changes then.
struct DialogTurn {
  std::string conversation_id;
  std::uint32_t sequence = 0;
  std::string challenge;      // the expected current challenge
  std::string next_challenge; // S_{n+1}
  bool close = false;         // ExitDialog
  // False for requests that are answered with a signature error: they consume the challenge and
  // change nothing else (wire reference 14.4 S7).
  bool acknowledge = true;
  std::string request_digest;
  std::string result; // becomes Dialog::last_result
  base::Instant now;  // the transaction happens then or later
  // For deliveries that this turn acknowledges; others are passed over.
  std::vector<ReceptionToken> reception_tokens{};
};

enum class FetchRule { oldest_unreceived, message_id, since };

struct FetchSelection {
  std::vector<std::string> mailboxes; // what the caller may read; a foreign delivery is not found
  FetchRule rule = FetchRule::oldest_unreceived;
  std::string message_id;
  base::Instant since{}; // creation at or after; received ones included (wire reference 9.1)
};

struct Fetched {
  std::optional<StoredDelivery> delivery;
  // Deliveries without reception in these mailboxes besides this one (feedback 3800).
  std::uint64_t waiting = 0;
};

enum class CardRule { all, message_ids, reception_of_delivery, recent_modification };
enum class CardRole { any, addressee, originator };

struct CardSelection {
  std::string party;                  // may read cards it originated
  std::vector<std::string> mailboxes; // and cards addressed to these
  CardRule rule = CardRule::all;
  std::vector<std::string> message_ids;
  base::Instant since{};
  bool no_reception = false;
  CardRole role = CardRole::any;
  std::uint32_t limit = 100; // at least 1
};

struct CardPage {
  std::vector<ProcessCard>
      cards;         // ascending by the criterion (creation unless recent_modification)
  bool more = false; // feedback 3801
};

class Store {
 public:
  virtual ~Store() = default;

  // When the party already has `max_open` open dialogs, the oldest in which no request has followed
  // is closed; quota_exceeded when every one has been used.
  virtual base::Result<> open_dialog(const Dialog& dialog, std::uint32_t max_open) = 0;
  virtual base::Result<std::optional<Dialog>> find_dialog(const std::string& conversation_id) = 0;
  // After a fault (7.4). Deliveries awaiting acknowledgement in it become fetchable again,
  // unreceived.
  virtual base::Result<> close_dialog(const std::string& conversation_id) = 0;
  // Closes dialogs idle since before `idle_before` and forgets those closed and idle since before
  // `forget_before`. Returns how many were closed.
  virtual base::Result<std::uint64_t> expire_dialogs(base::Instant idle_before,
                                                     base::Instant forget_before) = 0;

  // Message ids of the deliveries that the dialog's next turn will acknowledge and whose sender
  // ordered a cryptographic stamp for Reception.
  virtual base::Result<std::vector<std::string>>
  awaiting_tokens(const std::string& conversation_id) = 0;

  // A request that only takes its turn (GetMessageId, ExitDialog, refused orders). Sets Reception
  // on every delivery awaiting acknowledgement in the dialog, if turn.acknowledge.
  virtual base::Result<> take_turn(const DialogTurn& turn) = 0;

  // Consumes the message id and stores the delivery. message_id_refused when the id is consumed by
  // another delivery; the turn is carried out all the same, with `refused_result` as its result.
  // A repeat (same id, same request_digest) returns the first receipt with repeated = true.
  virtual base::Result<Receipt> store(const NewDelivery& delivery,
                                      const std::optional<DialogTurn>& turn,
                                      const std::string& refused_result) = 0;

  // Acknowledges the dialog's earlier deliveries, then selects, stamps Forwarding unless received,
  // and notes the delivery as awaiting acknowledgement in this dialog. The
  // dialog's last_result becomes turn.result followed by the message id found (nothing when none
  // was found). fetch_in_chunks: the delivery is larger than an answer may be (Transfers hands it
  // out).
  virtual base::Result<Fetched> fetch(const FetchSelection& selection, const DialogTurn& turn) = 0;

  // Reads one delivery without changing anything: the repeat of a fetch.
  virtual base::Result<Fetched> read(const FetchSelection& selection) = 0;

  // Process cards visible to the party; with a turn, acknowledges first. A repeat passes no turn.
  virtual base::Result<CardPage> cards(const CardSelection& selection,
                                       const std::optional<DialogTurn>& turn) = 0;

  // --- push to passive recipients (push.h), in the order of the calls ---

  // Reads the push that this very request (id and digest) began; nullopt: there is none.
  virtual base::Result<std::optional<Push>> find_push(const std::string& message_id,
                                                      const std::string& request_digest) = 0;
  // Spends the message id (and the reply's), makes the card with Creation, takes the turn. Errors
  // and repeats as store(): message_id_refused takes the turn with `refused_result`.
  virtual base::Result<Push> begin_push(const NewPush& push, const std::optional<DialogTurn>& turn,
                                        const std::string& refused_result) = 0;
  // Stamps Forwarding: the message is complete and about to leave. From here on only finish_push()
  // may follow. not_found: no such push, or it is finished.
  virtual base::Result<Push> forward_push(const std::string& message_id, base::Instant now) = 0;
  // Records the end, stamps Reception if `received`, stores the reply and stamps its Creation and
  // Forwarding. A second call returns what the first one recorded.
  virtual base::Result<Push> finish_push(const std::string& message_id,
                                         const PushResult& result) = 0;

  // Succeeds when a write would reach stable storage now; for /health/ready.
  virtual base::Result<> probe() = 0;
};

} // namespace mailbox
