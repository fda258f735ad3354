#include "storage/retention_rows.h"
#include "mailbox/store.h"

namespace storage {

using base::ErrorCode;
using base::fail;
using mailbox::Retained;
using mailbox::RetainedKind;

namespace {

// Who hands out by chunks (freezes) or awaits acknowledgement (awaiting) is looked up by delivery.
constexpr std::string_view kColumns =
    "SELECT d.seq, d.message_id, d.mailbox, d.creation, d.forwarding, d.reception, d.modification,"
    " d.purged, d.quarantined, r.notices, r.noticed,"
    " (SELECT service FROM metadata WHERE delivery = d.seq),"
    " EXISTS (SELECT 1 FROM holds WHERE message_id = d.message_id),"
    " EXISTS (SELECT 1 FROM awaiting WHERE delivery = d.seq)"
    " OR EXISTS (SELECT 1 FROM freezes WHERE delivery = d.seq),"
    " EXISTS (SELECT 1 FROM pushes WHERE delivery = d.seq)"
    " FROM retention AS r ";

Retained read(const Statement& row) {
  Retained out;
  out.number = row.integer(0);
  out.message_id = row.bytes(1);
  out.mailbox = row.bytes(2);
  out.creation = row.instant(3);
  out.forwarding = row.optional_instant(4);
  out.reception = row.optional_instant(5);
  out.modification = row.instant(6);
  out.purged = row.optional_instant(7);
  out.quarantined = row.integer(8) != 0;
  out.notices = static_cast<std::uint32_t>(row.integer(9));
  out.noticed = row.optional_instant(10);
  out.service = row.bytes(11);
  out.held = row.integer(12) != 0;
  out.being_fetched = row.integer(13) != 0;
  // Names that pushes.cpp gives; no mailbox of the directory has them.
  if (row.integer(14) != 0)
    out.kind = RetainedKind::push;
  else if (out.mailbox.starts_with("pushed/") || out.mailbox.starts_with("unseen/"))
    out.kind = RetainedKind::reply;
  return out;
}

std::vector<Retained> read_all(Statement& rows) {
  std::vector<Retained> out;
  while (rows.step()) out.push_back(read(rows));
  return out;
}

const std::string kDueNextText =
    std::string(kColumns) + "INDEXED BY retention_by_due JOIN deliveries AS d ON d.seq = r.delivery"
                            " WHERE r.due <= ?1 ORDER BY r.due LIMIT ?2";
const std::string kAfter = std::string(kColumns) + "JOIN deliveries AS d ON d.seq = r.delivery"
                                                   " WHERE r.delivery > ?1"
                                                   " ORDER BY r.delivery LIMIT ?2";
const std::string kOne = std::string(kColumns) + "JOIN deliveries AS d ON d.seq = r.delivery"
                                                 " WHERE r.delivery = ?1";

} // namespace

const std::string_view kDueNext = kDueNextText;

std::vector<Retained> due_next(Connection& db, base::Instant now, std::size_t limit) {
  auto rows = db.prepare(kDueNextText);
  rows.bind(now, limit);
  return read_all(rows);
}

std::vector<Retained> retained_after(Connection& db, std::int64_t number, std::size_t limit) {
  auto rows = db.prepare(kAfter);
  rows.bind(number, limit);
  return read_all(rows);
}

std::optional<Retained> find_retained(Connection& db, std::int64_t number) {
  auto row = db.prepare(kOne);
  row.bind(number);
  if (!row.step()) return std::nullopt;
  return read(row);
}

bool reconsider(Connection& db, const std::string& fingerprint, base::Instant now,
                std::size_t limit) {
  constexpr std::int64_t kFinished = -1;
  std::int64_t position = 0;
  {
    auto row = db.prepare("SELECT fingerprint, position, looked FROM retention_rules WHERE id = 1");
    base::check(row.step(), "no row of retention rules");
    // What a clock that was ahead has put off would wait for that time to come.
    const bool set_back = row.instant(2) - now >= mailbox::kClockStep;
    if (row.bytes(0) == fingerprint && !set_back) position = row.integer(1);
  }
  db.prepare("UPDATE retention_rules SET looked = ?1 WHERE id = 1").bind(now).run();
  if (position == kFinished) return false;
  std::int64_t last = position;
  std::size_t count = 0;
  {
    auto rows = db.prepare("SELECT delivery FROM retention WHERE delivery > ?1"
                           " ORDER BY delivery LIMIT ?2");
    rows.bind(position, limit);
    for (; rows.step(); ++count) last = rows.integer(0);
  }
  // 0: before everything else that is due.
  db.prepare("UPDATE retention SET due = 0 WHERE delivery > ?1 AND delivery <= ?2")
      .bind(position, last)
      .run();
  db.prepare("UPDATE retention_rules SET fingerprint = ?1, position = ?2 WHERE id = 1")
      .bind(fingerprint, count < limit ? kFinished : last)
      .run();
  return count == limit;
}

void look_again(Connection& db, std::int64_t delivery, base::Instant due) {
  db.prepare("UPDATE retention SET due = ?2 WHERE delivery = ?1").bind(delivery, due).run();
}

void note_notice(Connection& db, std::int64_t delivery, std::uint32_t rung, base::Instant at,
                 base::Instant due) {
  db.prepare("UPDATE retention SET notices = ?2, noticed = ?3, due = ?4 WHERE delivery = ?1")
      .bind(delivery, rung, at, due)
      .run();
}

std::vector<std::string> purge(Connection& db, std::int64_t delivery, mailbox::PurgeReason reason,
                               base::Instant at, base::Instant due) {
  std::vector<std::string> files;
  {
    auto rows = db.prepare("DELETE FROM parts WHERE delivery = ?1 RETURNING file");
    rows.bind(delivery);
    while (rows.step())
      if (!rows.is_null(0)) files.push_back(rows.bytes(0));
  }
  db.prepare("DELETE FROM metadata WHERE delivery = ?1").bind(delivery).run();
  // The manifest stays: it proves what the content was to whoever still has it.
  db.prepare("UPDATE deliveries SET purged = ?2, purge_reason = ?3, context = '' WHERE seq = ?1")
      .bind(delivery, at, mailbox::to_string(reason))
      .run();
  look_again(db, delivery, due);
  return files;
}

void forget(Connection& db, std::int64_t delivery, base::Instant at) {
  std::vector<std::string> proofs;
  {
    auto rows = db.prepare("DELETE FROM inspections WHERE delivery = ?1 RETURNING ocsp");
    rows.bind(delivery);
    while (rows.step())
      if (!rows.is_null(0)) proofs.push_back(rows.bytes(0));
  }
  for (const auto& proof : proofs)
    db.prepare("DELETE FROM evidence WHERE sha256 = ?1"
               " AND NOT EXISTS (SELECT 1 FROM inspections WHERE ocsp = ?1)")
        .bind(Blob{proof})
        .run();
  db.prepare("DELETE FROM metadata WHERE delivery = ?1").bind(delivery).run();
  db.prepare("DELETE FROM pushes WHERE delivery = ?1").bind(delivery).run();
  // No party and no mailbox is called this.
  db.prepare("UPDATE deliveries SET mailbox = 'forgotten/', originator = 'forgotten/',"
             " subject = NULL, context = '', feedback = '', manifest = ?3, creation_token = NULL,"
             " reception_token = NULL, card_salt = NULL, purged = coalesce(purged, ?2),"
             " purge_reason = coalesce(purge_reason, 'card') WHERE seq = ?1")
      .bind(delivery, at, Blob{})
      .run();
  db.prepare("DELETE FROM retention WHERE delivery = ?1").bind(delivery).run();
}

std::uint64_t mailboxes_waiting_since_before(Connection& db, base::Instant before) {
  auto row = db.prepare("SELECT count(*) FROM mailboxes AS m WHERE waiting > 0"
                        " AND mailbox NOT LIKE 'pushed/%' AND mailbox NOT LIKE 'unseen/%'"
                        " AND EXISTS (SELECT 1 FROM deliveries INDEXED BY fetchable_by_mailbox"
                        " WHERE mailbox = m.mailbox AND creation < ?1 AND reception IS NULL"
                        " AND purged IS NULL AND quarantined = 0)");
  row.bind(before);
  return row.step() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

std::vector<mailbox::Hold> read_holds(Connection& db) {
  std::vector<mailbox::Hold> out;
  auto rows = db.prepare("SELECT message_id, reason, since FROM holds ORDER BY since, message_id");
  while (rows.step()) out.push_back({rows.bytes(0), rows.bytes(1), rows.instant(2)});
  return out;
}

base::Result<> set_hold(Connection& db, const mailbox::Hold& hold) {
  {
    auto row = db.prepare("SELECT 1 FROM deliveries AS d JOIN retention AS r ON r.delivery = d.seq"
                          " WHERE d.message_id = ?1");
    row.bind(hold.message_id);
    if (!row.step()) return fail(ErrorCode::not_found, "no process card of this message id");
  }
  db.prepare("INSERT INTO holds (message_id, reason, since) VALUES (?1, ?2, ?3)"
             " ON CONFLICT (message_id) DO UPDATE SET reason = excluded.reason")
      .bind(hold.message_id, hold.reason, hold.since)
      .run();
  return {};
}

base::Result<> release_hold(Connection& db, const std::string& message_id, base::Instant now) {
  db.prepare("DELETE FROM holds WHERE message_id = ?1").bind(message_id).run();
  if (db.changes() == 0) return fail(ErrorCode::not_found, "no hold on this message id");
  db.prepare("UPDATE retention SET due = min(due, ?2) WHERE delivery ="
             " (SELECT seq FROM deliveries WHERE message_id = ?1)")
      .bind(message_id, now)
      .run();
  return {};
}

} // namespace storage
