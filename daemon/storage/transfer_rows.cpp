#include "storage/transfer_rows.h"
#include "storage/journal_rows.h"
#include "storage/rows.h"

namespace storage {
namespace {

std::uint64_t positive(std::int64_t value) {
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

StoredChunk read_chunk(const Statement& row) {
  return {static_cast<std::uint32_t>(row.integer(0)), positive(row.integer(1)), row.bytes(2)};
}

FreezeRow read_freeze(const Statement& row) {
  return {row.integer(0),           row.integer(1),           row.bytes(2),
          positive(row.integer(3)), positive(row.integer(4)), row.bytes(5)};
}

constexpr std::string_view kFreezeColumns =
    "SELECT id, delivery, message_id, chunk_kib, octets, file"
    " FROM freezes WHERE party = ?1 AND ";

void collect_files(Connection& db, const std::string& sql, base::Instant before,
                   const std::string& party, Removed& out) {
  auto rows = db.prepare(sql);
  rows.bind(before, party);
  while (rows.step()) {
    ++out.rows;
    if (!rows.is_null(0)) out.files.push_back(rows.bytes(0));
  }
}

} // namespace

std::optional<TransferRow> find_transfer(Connection& db, const mailbox::TransferKey& key) {
  TransferRow out;
  std::optional<std::int64_t> delivery;
  {
    auto row = db.prepare("SELECT id, file, octets, parties, subject, total_numbers, chunk_kib,"
                          " total_kib, created, activity, completed, completed_by, result, delivery"
                          " FROM transfers WHERE party = ?1 AND message_id = ?2");
    row.bind(key.party, key.message_id);
    if (!row.step()) return std::nullopt;
    out.id = row.integer(0);
    if (!row.is_null(1)) out.file = row.bytes(1);
    out.octets = positive(row.integer(2));
    auto& t = out.transfer;
    t.key = key;
    t.parties = row.bytes(3);
    if (!row.is_null(4)) t.subject = row.bytes(4);
    t.total_numbers = static_cast<std::uint32_t>(row.integer(5));
    t.chunk_kib = positive(row.integer(6));
    t.total_kib = positive(row.integer(7));
    t.created = row.instant(8);
    t.activity = row.instant(9);
    t.completed = row.optional_instant(10);
    t.completed_by = static_cast<std::uint32_t>(row.integer(11));
    t.result = split_lines(row.bytes(12));
    if (!row.is_null(13)) delivery = row.integer(13);
  }
  {
    auto rows =
        db.prepare("SELECT number FROM transfer_chunks WHERE transfer = ?1 ORDER BY number");
    rows.bind(out.id);
    while (rows.step())
      out.transfer.received.push_back(static_cast<std::uint32_t>(rows.integer(0)));
  }
  if (delivery) out.transfer.receipt = read_receipt(db, *delivery);
  return out;
}

std::int64_t insert_transfer(Connection& db, const mailbox::Chunk& first, const std::string& file,
                             std::uint64_t octets, base::Instant at) {
  return db
      .prepare(
          "INSERT INTO transfers (party, message_id, parties, subject, total_numbers, chunk_kib,"
          " total_kib, octets, file, created, activity)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) RETURNING id")
      .bind(first.key.party, first.key.message_id, first.parties, first.subject,
            first.total_numbers, first.chunk_kib, first.total_kib, octets, file, at)
      .run_for_number();
}

void insert_chunk(Connection& db, std::int64_t transfer, const mailbox::Chunk& chunk,
                  const std::string& sha256, base::Instant at) {
  db.prepare("INSERT INTO transfer_chunks (transfer, number, size, sha256) VALUES (?1, ?2, ?3, ?4)")
      .bind(transfer, chunk.number, chunk.bytes.size(), Blob{sha256})
      .run();
  db.prepare("UPDATE transfers SET activity = ?2 WHERE id = ?1").bind(transfer, at).run();
}

void complete_transfer(Connection& db, std::int64_t transfer, std::uint32_t by,
                       std::uint64_t octets, base::Instant at) {
  db.prepare("UPDATE transfers SET completed = ?2, completed_by = ?3, octets = ?4 WHERE id = ?1")
      .bind(transfer, at, by, octets)
      .run();
}

std::optional<std::string> finish_transfer(Connection& db, const mailbox::TransferKey& key,
                                           const std::vector<std::string>& result,
                                           std::optional<std::int64_t> delivery, base::Instant at) {
  std::optional<std::string> file;
  {
    auto row = db.prepare("SELECT file FROM transfers WHERE party = ?1 AND message_id = ?2");
    row.bind(key.party, key.message_id);
    if (row.step() && !row.is_null(0)) file = row.bytes(0);
  }
  db.prepare(
        "UPDATE transfers SET result = ?3, delivery = ?4, activity = ?5, file = NULL, octets = 0"
        " WHERE party = ?1 AND message_id = ?2 AND result IS NULL")
      .bind(key.party, key.message_id, join_lines(result), delivery, at)
      .run();
  return file;
}

std::vector<mailbox::TransferKey> unprocessed_transfers(Connection& db) {
  std::vector<mailbox::TransferKey> out;
  auto rows = db.prepare("SELECT party, message_id FROM transfers"
                         " WHERE completed IS NOT NULL AND result IS NULL ORDER BY completed, id");
  while (rows.step()) out.push_back({rows.bytes(0), rows.bytes(1)});
  return out;
}

std::vector<mailbox::TransferKey> take_over_transfers(Connection& db) {
  std::vector<mailbox::TransferKey> out;
  // A node that lives and is only slow loses nothing: of two results the first one stays.
  auto rows = db.prepare("UPDATE transfers SET leased = now() + ?1 * interval '1 minute'"
                         " WHERE completed IS NOT NULL AND result IS NULL"
                         " AND coalesce(leased, to_timestamp(completed / 1000.0)"
                         " + ?1 * interval '1 minute') < now() RETURNING party, message_id");
  rows.bind(kProcessing.count());
  while (rows.step()) out.push_back({rows.bytes(0), rows.bytes(1)});
  return out;
}

std::vector<StoredChunk> read_chunks(Connection& db, std::int64_t transfer) {
  std::vector<StoredChunk> out;
  auto rows = db.prepare("SELECT number, size, sha256 FROM transfer_chunks WHERE transfer = ?1"
                         " ORDER BY number");
  rows.bind(transfer);
  while (rows.step()) out.push_back(read_chunk(rows));
  return out;
}

std::optional<StoredChunk> find_chunk(Connection& db, std::int64_t transfer, std::uint32_t number) {
  auto row = db.prepare("SELECT number, size, sha256 FROM transfer_chunks"
                        " WHERE transfer = ?1 AND number = ?2");
  row.bind(transfer, number);
  if (!row.step()) return std::nullopt;
  return read_chunk(row);
}

std::optional<FreezeRow> find_freeze(Connection& db, const std::string& party,
                                     const std::string& message_id) {
  auto row = db.prepare(std::string(kFreezeColumns) + "message_id = ?2");
  row.bind(party, message_id);
  if (!row.step()) return std::nullopt;
  return read_freeze(row);
}

std::optional<std::string> fetched_in_dialog(Connection& db, const std::string& conversation_id) {
  auto row = db.prepare("SELECT message_id FROM fetching WHERE conversation_id = ?1");
  row.bind(conversation_id);
  if (!row.step()) return std::nullopt;
  return row.bytes(0);
}

std::int64_t insert_freeze(Connection& db, const std::string& party, const FreezeRow& freeze,
                           base::Instant at) {
  return db
      .prepare("INSERT INTO freezes (party, message_id, delivery, chunk_kib, octets,"
               " file, activity) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id")
      .bind(party, freeze.message_id, freeze.delivery, freeze.chunk_kib, freeze.octets, freeze.file,
            at)
      .run_for_number();
}

void restart_freeze(Connection& db, std::int64_t freeze, std::uint64_t chunk_kib) {
  db.prepare("DELETE FROM freeze_chunks WHERE \"freeze\" = ?1").bind(freeze).run();
  db.prepare("UPDATE freezes SET chunk_kib = ?2 WHERE id = ?1").bind(freeze, chunk_kib).run();
}

void touch_freeze(Connection& db, const FreezeRow& freeze, std::int64_t id,
                  const std::string& conversation_id, base::Instant at) {
  db.prepare("UPDATE freezes SET activity = ?2 WHERE id = ?1").bind(id, at).run();
  db.prepare("INSERT INTO fetching (conversation_id, message_id) VALUES (?1, ?2)"
             " ON CONFLICT (conversation_id) DO UPDATE SET message_id = excluded.message_id")
      .bind(conversation_id, freeze.message_id)
      .run();
}

void note_handed_out(Connection& db, std::int64_t freeze, std::uint32_t number) {
  db.prepare("INSERT INTO freeze_chunks (\"freeze\", number) VALUES (?1, ?2)"
             " ON CONFLICT DO NOTHING")
      .bind(freeze, number)
      .run();
}

std::uint64_t handed_out(Connection& db, std::int64_t freeze) {
  auto row = db.prepare("SELECT count(*) FROM freeze_chunks WHERE \"freeze\" = ?1");
  row.bind(freeze).step();
  return positive(row.integer(0));
}

void delete_freeze(Connection& db, std::int64_t freeze) {
  db.prepare("DELETE FROM freezes WHERE id = ?1").bind(freeze).run();
}

void stamp_forwarding(Connection& db, std::int64_t delivery, base::Instant forwarding,
                      base::Instant at) {
  // The frozen answer shows `forwarding` already; whoever acknowledges next must come after it.
  db.prepare("UPDATE deliveries SET forwarding = ?2, modification = max(modification, ?2, ?3)"
             " WHERE seq = ?1 AND reception IS NULL")
      .bind(delivery, forwarding, at)
      .run();
  if (db.changes() > 0) record(db, delivery, JournalEvent::offered, at);
}

void set_awaiting(Connection& db, const std::string& conversation_id, std::int64_t delivery,
                  bool awaiting) {
  db.prepare(awaiting ? "INSERT INTO awaiting (conversation_id, delivery) SELECT ?1, seq"
                        " FROM deliveries WHERE seq = ?2 AND reception IS NULL"
                        " ON CONFLICT DO NOTHING"
                      : "DELETE FROM awaiting WHERE conversation_id = ?1 AND delivery = ?2")
      .bind(conversation_id, delivery)
      .run();
}

SpoolUse spool_use(Connection& db, const std::string& party) {
  SpoolUse out;
  for (const std::string table : {"transfers", "freezes"}) {
    auto row =
        db.prepare("SELECT CAST(coalesce(sum(octets), 0) AS BIGINT),"
                   " CAST(coalesce(sum(octets) FILTER (WHERE party = ?1), 0) AS BIGINT) FROM " +
                   table);
    row.bind(party).step();
    out.total += positive(row.integer(0));
    out.of_party += positive(row.integer(1));
  }
  return out;
}

bool has_spool_file(Connection& db, const std::string& file) {
  auto row = db.prepare("SELECT 1 FROM transfers WHERE file = ?1 UNION ALL"
                        " SELECT 1 FROM freezes WHERE file = ?1");
  row.bind(file);
  return row.step();
}

Removed remove_unused(Connection& db, base::Instant unused_before) {
  Removed out;
  // What is complete but not processed is ours to finish, not the sender's: it never expires.
  collect_files(db,
                "DELETE FROM transfers WHERE activity < ?1 AND ?2 = ''"
                " AND (completed IS NULL OR result IS NOT NULL) RETURNING file",
                unused_before, "", out);
  collect_files(db, "DELETE FROM freezes WHERE activity < ?1 AND ?2 = '' RETURNING file",
                unused_before, "", out);
  return out;
}

Removed remove_received(Connection& db, const std::string& party, base::Instant unused_before) {
  Removed out;
  collect_files(
      db,
      "DELETE FROM freezes WHERE activity < ?1 AND (party = ?2 OR ?2 = '') AND delivery IN"
      " (SELECT seq FROM deliveries WHERE reception IS NOT NULL) RETURNING file",
      unused_before, party, out);
  return out;
}

} // namespace storage
