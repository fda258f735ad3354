#include "storage/journal_rows.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include <algorithm>

namespace storage {
namespace {

constexpr std::string_view kColumns =
    "number, at, event, message_id, mailbox, originator, detail, previous, hash";

std::string select(std::string_view rest) {
  return "SELECT " + std::string(kColumns) + " FROM journal " + std::string(rest);
}

} // namespace

JournalEntry read_entry(const Statement& row) {
  JournalEntry out;
  out.number = static_cast<std::uint64_t>(row.integer(0));
  out.at = row.instant(1);
  out.event = row.bytes(2);
  out.message_id = row.bytes(3);
  out.mailbox = row.bytes(4);
  out.originator = row.bytes(5);
  out.detail = row.bytes(6);
  out.previous = row.bytes(7);
  out.hash = row.bytes(8);
  return out;
}

JournalHead journal_anchor(Connection& db) {
  auto row = db.prepare("SELECT number, hash FROM journal_anchor WHERE id = 1");
  base::check(row.step(), "the journal has no anchor");
  return {static_cast<std::uint64_t>(row.integer(0)), row.bytes(1)};
}

JournalHead journal_head(Connection& db) {
  {
    auto row = db.prepare("SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1");
    if (row.step()) return {static_cast<std::uint64_t>(row.integer(0)), row.bytes(1)};
  }
  return journal_anchor(db);
}

JournalEntry append(Connection& db, JournalEntry entry) {
  const auto head = journal_head(db);
  entry.number = head.number + 1;
  entry.previous = head.hash;
  entry.hash = journal_hash(entry);
  db.prepare("INSERT INTO journal (number, at, event, message_id, mailbox, originator, detail,"
             " previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(entry.number, entry.at, entry.event, entry.message_id, entry.mailbox, entry.originator,
            entry.detail, Blob{entry.previous}, Blob{entry.hash})
      .run();
  return entry;
}

void record(Connection& db, std::int64_t delivery, JournalEvent event, base::Instant at,
            JournalDetail detail) {
  JournalEntry entry;
  entry.event = to_string(event);
  {
    auto row = db.prepare("SELECT message_id, mailbox, originator, creation, forwarding, reception,"
                          " modification FROM deliveries WHERE seq = ?1");
    row.bind(delivery);
    base::check(row.step(), "journal entry of an unknown delivery");
    entry.message_id = row.bytes(0);
    entry.mailbox = row.bytes(1);
    entry.originator = row.bytes(2);
    const auto own = event == JournalEvent::accepted  ? row.optional_instant(3)
                     : event == JournalEvent::offered ? row.optional_instant(4)
                     : event == JournalEvent::acknowledged || event == JournalEvent::pushed
                         ? row.optional_instant(5)
                         : std::nullopt;
    entry.at = own.value_or(at);
    detail.emplace_back("modification", std::to_string(row.integer(6)));
  }
  detail.emplace_back("card", base::hex_encode(card_digest(db, delivery)));
  entry.detail = join_detail(detail);
  append(db, std::move(entry));
}

std::string card_digest(Connection& db, std::int64_t delivery) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  // Absent and empty differ; lengths keep neighbours apart.
  const auto add = [&](const Statement& row, int column) {
    if (row.is_null(column)) {
      hasher.update("-");
      return;
    }
    const auto bytes = row.bytes(column);
    hasher.update(std::to_string(bytes.size()) + ":");
    hasher.update(bytes);
  };
  {
    auto row = db.prepare("SELECT card_salt, message_id, mailbox, originator, creation, forwarding,"
                          " reception, modification, subject, creation_token, reception_token"
                          " FROM deliveries WHERE seq = ?1");
    row.bind(delivery);
    if (!row.step()) return {};
    for (int column = 0; column < 11; ++column) add(row, column);
  }
  auto rows = db.prepare("SELECT at, role, fingerprint, subject, issuer, serial, math, offline,"
                         " online, ocsp, crl FROM inspections WHERE delivery = ?1"
                         " ORDER BY position");
  rows.bind(delivery);
  while (rows.step())
    for (int column = 0; column < 11; ++column) add(rows, column);
  return hasher.finish();
}

std::vector<JournalEntry> read_journal(Connection& db, std::uint64_t after, std::size_t limit) {
  std::vector<JournalEntry> out;
  auto rows = db.prepare(select("WHERE number > ?1 ORDER BY number LIMIT ?2"));
  rows.bind(after, limit);
  while (rows.step()) out.push_back(read_entry(rows));
  return out;
}

std::optional<JournalEntry> last_entry(Connection& db, std::string_view message_id) {
  auto row = db.prepare(select("WHERE message_id = ?1 ORDER BY number DESC LIMIT 1"));
  row.bind(message_id);
  if (!row.step()) return std::nullopt;
  return read_entry(row);
}

std::uint64_t expire_journal(Connection& db, base::Instant before, std::uint64_t limit) {
  const auto anchor = journal_anchor(db);
  const auto head = journal_head(db);
  if (head.number <= anchor.number + 1) return 0;
  // Up to the first that is still young, though later ones may be older (an offer in chunks shows
  // the time at which its answer was frozen).
  std::uint64_t last = std::min(head.number - 1, anchor.number + limit);
  {
    auto row = db.prepare("SELECT number FROM journal WHERE number <= ?1 AND at >= ?2"
                          " ORDER BY number LIMIT 1");
    row.bind(last, before);
    if (row.step()) last = static_cast<std::uint64_t>(row.integer(0)) - 1;
  }
  if (last <= anchor.number) return 0;
  // The anchor first: the trigger lets go only what lies at or before it.
  db.prepare("UPDATE journal_anchor SET (number, at, hash) ="
             " (SELECT number, at, hash FROM journal WHERE number = ?1), expired_before = ?2"
             " WHERE id = 1")
      .bind(last, before)
      .run();
  db.prepare("DELETE FROM journal WHERE number <= ?1").bind(last).run();
  return last - anchor.number;
}

} // namespace storage
