// The table `journal` (journal.h). Every function runs inside a transaction of the caller, the same
// that changes the card, and throws SqlError: event and change happen together or not at all, and
// share the group's commit. Appending reads the last entry by primary key, because a cached hash
// would outlive a savepoint that is rolled back.
#pragma once
#include "storage/connection.h"
#include "storage/journal.h"

namespace storage {

// Log of card events is kept for this long by default (domain 4.3).
constexpr std::chrono::days kJournalAge{730};

// Appends an entry; number, previous and hash are set here. Returns it as it stands in the table.
JournalEntry append(Connection& db, JournalEntry entry);

// Appends an event of delivery `delivery` (deliveries.seq). Call it after the rows have changed, as
// the last step: it reads the card. `at`: used by events that are no time of the card; accepted,
// offered, acknowledged and pushed take the card's own where it has one. modification and card are
// added to `detail`. Before a row of `deliveries` is removed, not after.
void record(Connection& db, std::int64_t delivery, JournalEvent event, base::Instant at,
            JournalDetail detail = {});

// SHA-256 (32 octets) over message id, mailbox, originator, the four times, subject, tokens and
// inspections with the hash of their evidence. Salted with random octets of the row, so that the
// journal does not give away a subject that can be guessed; after the row is gone nothing can be
// computed from it. Empty: no such row.
std::string card_digest(Connection& db, std::int64_t delivery);

// The last entry, or the anchor when there is none.
JournalHead journal_head(Connection& db);
// What the oldest entry in the table follows on: number and hash of the last one that expired.
JournalHead journal_anchor(Connection& db);

// The columns number, at, event, message_id, mailbox, originator, detail, previous, hash of a row.
JournalEntry read_entry(const Statement& row);
// Entries with number > `after`, ascending, at most `limit`.
std::vector<JournalEntry> read_journal(Connection& db, std::uint64_t after, std::size_t limit);
// The last entry of this message id.
std::optional<JournalEntry> last_entry(Connection& db, std::string_view message_id);

// Removes the oldest entries that are all of before `before`, at most `limit` of them and never the
// newest, and leaves number and hash of the last one as anchor. The triggers of the table refuse
// any other way. Returns how many were removed; call again until 0.
std::uint64_t expire_journal(Connection& db, base::Instant before, std::uint64_t limit = 1000);

} // namespace storage
