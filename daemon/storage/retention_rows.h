// The tables of retention in terms of the port. As rows.h: inside a transaction of the caller,
// throws SqlError.
#pragma once
#include "mailbox/retained_store.h"
#include "storage/connection.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace storage {

// The statement behind RetainedStore::due(). Named here so that a test can look at its query plan.
extern const std::string_view kDueNext;

std::vector<mailbox::Retained> due_next(Connection& db, base::Instant now, std::size_t limit);
// Whatever its time, in the order of storing, after this number.
std::vector<mailbox::Retained> retained_after(Connection& db, std::int64_t number,
                                              std::size_t limit);
std::optional<mailbox::Retained> find_retained(Connection& db, std::int64_t number);

// True: there are more.
bool reconsider(Connection& db, const std::string& fingerprint, base::Instant now,
                std::size_t limit);

void look_again(Connection& db, std::int64_t delivery, base::Instant due);
void note_notice(Connection& db, std::int64_t delivery, std::uint32_t rung, base::Instant at,
                 base::Instant due);
// Parts, metadata and namespace context go; the row stays as card and record. Returns the body
// files, which no row names any more: to be removed after the commit.
std::vector<std::string> purge(Connection& db, std::int64_t delivery, mailbox::PurgeReason reason,
                               base::Instant at, base::Instant due);
// What is left keeps the message id consumed.
void forget(Connection& db, std::int64_t delivery, base::Instant at);

std::uint64_t mailboxes_waiting_since_before(Connection& db, base::Instant before);

std::vector<mailbox::Hold> read_holds(Connection& db);
// not_found: no card of this id. Already held: the reason is the new one, the time the old one.
base::Result<> set_hold(Connection& db, const mailbox::Hold& hold);
// not_found: no hold on it.
base::Result<> release_hold(Connection& db, const std::string& message_id, base::Instant now);

} // namespace storage
