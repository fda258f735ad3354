// The tables in terms of the port: what one transaction of DatabaseStore is made of. Every function
// runs inside a transaction of the caller and throws SqlError.
#pragma once
#include "mailbox/store.h"
#include "storage/connection.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

// The statement behind FetchRule::oldest_unreceived for one mailbox (?1), passing over what awaits
// acknowledgement in dialog ?2. Named here so that a test can look at its query plan.
extern const std::string_view kOldestUnreceived;

// Lists of codes as the database keeps them: each followed by LF.
std::string join_lines(const std::vector<std::string>& codes);
std::vector<std::string> split_lines(std::string_view text);
// As the journal has them: with a comma between them.
std::string join_codes(const std::vector<std::string>& codes);

// --- dialogs ---

base::Result<> insert_dialog(Connection& db, const mailbox::Dialog& dialog, std::uint32_t max_open);
std::optional<mailbox::Dialog> find_dialog(Connection& db, const std::string& conversation_id);
void close_dialog(Connection& db, const std::string& conversation_id);
std::uint64_t expire_dialogs(Connection& db, base::Instant idle_before,
                             base::Instant forget_before);
// Checks the turn, advances the dialog, acknowledges, all at the time `at`. Error: control_block.
base::Result<> take_turn(Connection& db, const mailbox::DialogTurn& turn, base::Instant at);
// Deliveries that the next turn will acknowledge with a cryptographic stamp.
std::vector<std::string> awaiting_tokens(Connection& db, const std::string& conversation_id);
void set_last_result(Connection& db, const std::string& conversation_id, std::string_view result);

// --- deliveries ---

struct StoredPart {
  // Without bytes when they are in a file; while storing only with those of a range.
  mailbox::Part part;
  std::uint64_t size = 0;
  std::string sha256;
  std::optional<std::string> file;
};

struct Consumed {
  std::string request_digest;
  std::int64_t delivery = 0;
};

std::optional<Consumed> find_consumed(Connection& db, const std::string& message_id);
// `parts` as delivery.parts, with hash and place of each; `way` for the journal (journal.h).
// Returns the delivery's number.
std::int64_t insert_delivery(Connection& db, const mailbox::NewDelivery& delivery,
                             const std::vector<StoredPart>& parts, base::Instant creation,
                             std::string_view way = {});
// `first`: position of the first of them on the card.
void insert_inspections(Connection& db, std::int64_t delivery, std::size_t first,
                        const std::vector<mailbox::Inspection>& inspections);
// The card and feedback as they were at storing.
mailbox::Receipt read_receipt(Connection& db, std::int64_t delivery);
mailbox::ProcessCard read_card(Connection& db, std::int64_t delivery);

std::vector<mailbox::Inspection> read_inspections(Connection& db, std::int64_t delivery);

struct Found {
  std::int64_t delivery = 0;
  bool received = false;
  bool quarantined = false; // only when it was asked for by message id
};

// `awaiting_in`: passes over deliveries that this dialog's next turn will acknowledge; empty: none.
std::optional<Found> find_delivery(Connection& db, const mailbox::FetchSelection& selection,
                                   const std::string& awaiting_in);
std::uint64_t count_waiting(Connection& db, const mailbox::FetchSelection& selection,
                            const std::optional<Found>& besides);
// Without reading it.
std::optional<std::string> message_id_of(Connection& db, std::int64_t delivery);
// Forwarding and modification; the delivery awaits acknowledgement from now on.
void hand_out(Connection& db, const Found& found, const mailbox::DialogTurn& turn,
              base::Instant at);
// False: it is in quarantine already, or was purged, so that nothing is missing.
bool set_quarantined(Connection& db, std::int64_t delivery, const std::string& reason,
                     base::Instant at);
bool is_purged(Connection& db, std::int64_t delivery);

struct StoredRows {
  std::int64_t delivery = 0;
  mailbox::StoredDelivery stored; // without parts
  std::vector<StoredPart> parts;
  std::optional<std::string> damage; // what is wrong with the rows themselves
};

StoredRows read_rows(Connection& db, std::int64_t delivery);
bool has_part_file(Connection& db, const std::string& file);

// --- pushes (pushes.cpp) ---

// What was pushed to a party lies under this name instead of a mailbox's. No mailbox id has a slash
// in it, so no fetch finds it, while process cards do.
std::string pushed_to(const std::string& party);

// --- process cards ---

// Of all cards; the epoch when there is none.
base::Instant latest_modification(Connection& db);

mailbox::CardPage read_cards(Connection& db, const mailbox::CardSelection& selection);

} // namespace storage
