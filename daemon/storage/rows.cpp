#include "storage/rows.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "crypto/digest.h"
#include "storage/journal_rows.h"
#include "storage/metadata_rows.h"
#include "storage/words.h"
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace storage {

using base::ErrorCode;
using base::fail;
using mailbox::FetchRule;
using mailbox::PartKind;

// INDEXED BY: if a change of the schema took the index away this would fail, not become slow.
const std::string_view kOldestUnreceived =
    "SELECT seq, creation FROM deliveries INDEXED BY fetchable_by_mailbox"
    " WHERE mailbox = ?1 AND reception IS NULL AND purged IS NULL AND quarantined = 0"
    " AND NOT EXISTS (SELECT 1 FROM awaiting WHERE conversation_id = ?2 AND delivery = seq)"
    " ORDER BY creation, seq LIMIT 1";

namespace {

constexpr std::string_view kOldestSince =
    "SELECT seq, creation FROM deliveries INDEXED BY present_by_mailbox"
    " WHERE mailbox = ?1 AND creation >= ?2 AND purged IS NULL AND quarantined = 0"
    " ORDER BY creation, seq LIMIT 1";

constexpr Words<PartKind, 4> kPartKinds = {{{PartKind::content, "content"},
                                            {PartKind::certificates, "certificates"},
                                            {PartKind::custom_header, "custom_header"},
                                            {PartKind::attachment, "attachment"}}};

std::vector<std::string> distinct(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Covers what the parts' own hashes do not: context, order, number, names and headers. Each field
// goes in with its length, so that no two manifests have the same octets.
std::string manifest(std::string_view context, const std::vector<StoredPart>& parts) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto add = [&](std::string_view field) {
    hasher.update(std::to_string(field.size()) + ":");
    hasher.update(field);
  };
  add(context);
  for (const auto& stored : parts) {
    add(word(kPartKinds, stored.part.kind));
    add(stored.part.name);
    add(stored.part.content_type);
    add(stored.part.headers);
    add(std::to_string(stored.size));
    add(stored.sha256);
  }
  return hasher.finish();
}

void acknowledge(Connection& db, const mailbox::DialogTurn& turn, base::Instant at) {
  // With the time they attest, in one transaction: a card never shows a token without Reception.
  for (const auto& one : turn.reception_tokens)
    db.prepare("UPDATE deliveries SET reception_token = ?3 WHERE message_id = ?2"
               " AND reception IS NULL"
               " AND seq IN (SELECT delivery FROM awaiting WHERE conversation_id = ?1)")
        .bind(turn.conversation_id, one.message_id, Blob{one.token})
        .run();
  // Reception is set once; a second dialog that got the same delivery changes nothing. The times of
  // a card never go back, whatever the clock does: modification is the latest of them.
  std::vector<std::int64_t> received;
  {
    auto rows =
        db.prepare("UPDATE deliveries SET reception = max(modification, ?2),"
                   " modification = max(modification, ?2)"
                   " WHERE seq IN (SELECT delivery FROM awaiting WHERE conversation_id = ?1)"
                   " AND reception IS NULL RETURNING seq");
    rows.bind(turn.conversation_id,
              base::seeded_fault("wrong-reception-time") ? at - std::chrono::hours{1} : at);
    while (rows.step()) received.push_back(rows.integer(0));
  }
  for (const auto delivery : received) record(db, delivery, JournalEvent::acknowledged, at);
  db.prepare("DELETE FROM awaiting WHERE conversation_id = ?1").bind(turn.conversation_id).run();
}

struct Key {
  std::int64_t time = 0;
  std::int64_t delivery = 0;
  auto operator<=>(const Key&) const = default;
};

// The next `limit` deliveries where `column` (mailbox or originator) has this value.
void collect(Connection& db, const mailbox::CardSelection& selection, bool by_mailbox,
             const std::string& value, std::uint64_t limit, std::vector<Key>& out) {
  const bool changes = selection.rule == mailbox::CardRule::recent_modification;
  const std::string column = by_mailbox ? "mailbox" : "originator";
  const std::string time = changes ? "modification" : "creation";
  const std::string index = changes                  ? "changes_by_" + column
                            : selection.no_reception ? "unreceived_by_" + column
                                                     : "deliveries_by_" + column;
  auto rows = db.prepare("SELECT " + time + ", seq FROM deliveries INDEXED BY " + index +
                         " WHERE " + column + " = ?1 AND " + time + " >= ?2" +
                         (selection.no_reception ? " AND reception IS NULL" : "") + " ORDER BY " +
                         time + ", seq LIMIT ?3");
  const std::int64_t since = selection.rule == mailbox::CardRule::all
                                 ? std::numeric_limits<std::int64_t>::min()
                                 : selection.since.time_since_epoch().count();
  rows.bind(value, since, limit);
  while (rows.step()) out.push_back({rows.integer(0), rows.integer(1)});
}

} // namespace

std::string join_lines(const std::vector<std::string>& codes) {
  std::string out;
  for (const auto& code : codes) {
    base::check(code.find('\n') == std::string::npos, "feedback code with a line break");
    out += code + "\n";
  }
  return out;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> out;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string join_codes(const std::vector<std::string>& codes) {
  std::string out;
  for (const auto& code : codes) out += (out.empty() ? "" : ",") + code;
  return out;
}

base::Result<> insert_dialog(Connection& db, const mailbox::Dialog& dialog,
                             std::uint32_t max_open) {
  {
    auto open = db.prepare("SELECT count(*) FROM dialogs INDEXED BY open_dialogs_by_party"
                           " WHERE party = ?1 AND closed = 0");
    open.bind(dialog.party).step();
    if (open.integer(0) >= static_cast<std::int64_t>(max_open)) {
      // InitDialog proves nothing yet: a recorded one can be sent again by anybody. A dialog in
      // which no request has followed makes room, the oldest first, so that replays cannot lock the
      // party out.
      auto unproven = db.prepare(
          "SELECT conversation_id FROM dialogs WHERE party = ?1"
          " AND closed = 0 AND next_sequence = 0 ORDER BY opened, conversation_id LIMIT 1");
      unproven.bind(dialog.party);
      if (!unproven.step())
        return fail(ErrorCode::quota_exceeded, "too many open dialogs of one party");
      const std::string oldest = unproven.bytes(0);
      close_dialog(db, oldest);
    }
  }
  if (find_dialog(db, dialog.conversation_id))
    return fail(ErrorCode::storage_failure, "conversation id in use");
  db.prepare("INSERT INTO dialogs (conversation_id, party, cipher_certificate,"
             " signature_fingerprint, encrypted, short_iv, next_sequence, challenge, opened,"
             " last_activity, closed, last_request_digest, last_result)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
      .bind(dialog.conversation_id, dialog.party, Blob{dialog.cipher_certificate},
            dialog.signature_fingerprint, dialog.encrypted ? 1 : 0, dialog.short_iv ? 1 : 0,
            dialog.next_sequence, dialog.challenge, dialog.opened, dialog.last_activity,
            dialog.closed ? 1 : 0, Blob{dialog.last_request_digest}, dialog.last_result)
      .run();
  return {};
}

std::optional<mailbox::Dialog> find_dialog(Connection& db, const std::string& conversation_id) {
  auto row =
      db.prepare("SELECT party, cipher_certificate, signature_fingerprint, encrypted,"
                 " short_iv, next_sequence, challenge, opened, last_activity, closed,"
                 " last_request_digest, last_result FROM dialogs WHERE conversation_id = ?1");
  row.bind(conversation_id);
  if (!row.step()) return std::nullopt;
  mailbox::Dialog out;
  out.conversation_id = conversation_id;
  out.party = row.bytes(0);
  out.cipher_certificate = row.bytes(1);
  out.signature_fingerprint = row.bytes(2);
  out.encrypted = row.integer(3) != 0;
  out.short_iv = row.integer(4) != 0;
  out.next_sequence = static_cast<std::uint32_t>(row.integer(5));
  out.challenge = row.bytes(6);
  out.opened = row.instant(7);
  out.last_activity = row.instant(8);
  out.closed = row.integer(9) != 0;
  out.last_request_digest = row.bytes(10);
  out.last_result = row.bytes(11);
  return out;
}

void close_dialog(Connection& db, const std::string& conversation_id) {
  if (base::seeded_fault("acknowledge-on-fault"))
    db.prepare("UPDATE deliveries SET reception = modification WHERE seq IN"
               " (SELECT delivery FROM awaiting WHERE conversation_id = ?1)")
        .bind(conversation_id)
        .run();
  // Without the entries nothing can acknowledge the deliveries here: they stay fetchable.
  db.prepare("DELETE FROM awaiting WHERE conversation_id = ?1").bind(conversation_id).run();
  db.prepare("UPDATE dialogs SET closed = 1 WHERE conversation_id = ?1")
      .bind(conversation_id)
      .run();
}

std::uint64_t expire_dialogs(Connection& db, base::Instant idle_before,
                             base::Instant forget_before) {
  db.prepare("DELETE FROM awaiting WHERE conversation_id IN"
             " (SELECT conversation_id FROM dialogs WHERE closed = 0 AND last_activity < ?1)")
      .bind(idle_before)
      .run();
  db.prepare("UPDATE dialogs SET closed = 1 WHERE closed = 0 AND last_activity < ?1")
      .bind(idle_before)
      .run();
  const auto closed = db.changes();
  db.prepare("DELETE FROM dialogs WHERE closed = 1 AND last_activity < ?1")
      .bind(forget_before)
      .run();
  return closed;
}

base::Result<> take_turn(Connection& db, const mailbox::DialogTurn& turn, base::Instant at) {
  {
    auto row = db.prepare("SELECT next_sequence, challenge, closed FROM dialogs"
                          " WHERE conversation_id = ?1");
    row.bind(turn.conversation_id);
    if (!row.step()) return fail(ErrorCode::control_block, "unknown dialog");
    if (row.integer(2) != 0) return fail(ErrorCode::control_block, "dialog is closed");
    if (row.integer(0) != static_cast<std::int64_t>(turn.sequence) ||
        !base::constant_time_equal(row.bytes(1), turn.challenge))
      return fail(ErrorCode::control_block, "another request of the dialog was faster");
  }
  db.prepare(
        "UPDATE dialogs SET next_sequence = ?2, challenge = ?3, closed = ?4, last_activity = ?5,"
        " last_request_digest = ?6, last_result = ?7 WHERE conversation_id = ?1")
      .bind(turn.conversation_id, std::int64_t{turn.sequence} + 1, turn.next_challenge,
            turn.close ? 1 : 0, at, Blob{turn.request_digest}, turn.result)
      .run();
  // Before anything else of the request, so that it already sees Reception (wire reference 9.4).
  if (turn.acknowledge) acknowledge(db, turn, at);
  if (turn.close)
    db.prepare("DELETE FROM awaiting WHERE conversation_id = ?1").bind(turn.conversation_id).run();
  return {};
}

std::vector<std::string> awaiting_tokens(Connection& db, const std::string& conversation_id) {
  std::vector<std::string> out;
  auto rows = db.prepare("SELECT message_id FROM awaiting JOIN deliveries ON seq = delivery"
                         " WHERE conversation_id = ?1 AND reception IS NULL"
                         " AND quality_of_reception = 'cryptographic'");
  rows.bind(conversation_id);
  while (rows.step()) out.push_back(rows.bytes(0));
  return out;
}

void set_last_result(Connection& db, const std::string& conversation_id, std::string_view result) {
  db.prepare("UPDATE dialogs SET last_result = ?2 WHERE conversation_id = ?1")
      .bind(conversation_id, result)
      .run();
}

std::optional<Consumed> find_consumed(Connection& db, const std::string& message_id) {
  auto row = db.prepare("SELECT request_digest, delivery FROM consumed WHERE message_id = ?1");
  row.bind(message_id);
  if (!row.step()) return std::nullopt;
  return Consumed{row.bytes(0), row.integer(1)};
}

std::int64_t insert_delivery(Connection& db, const mailbox::NewDelivery& delivery,
                             const std::vector<StoredPart>& parts, base::Instant creation,
                             std::string_view way) {
  const std::string hash = manifest(delivery.context, parts);
  const auto seq =
      db.prepare("INSERT INTO deliveries (message_id, mailbox, originator, creation, modification,"
                 " quality_of_reception, feedback, manifest, subject, context, card_salt)"
                 " VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, randomblob(16)) RETURNING seq")
          .bind(delivery.message_id, delivery.mailbox, delivery.originator, creation,
                delivery.quality_of_reception, join_lines(delivery.feedback), Blob{hash},
                delivery.subject, delivery.context)
          .run_for_number();
  if (!delivery.creation_token.empty())
    db.prepare("UPDATE deliveries SET creation_token = ?2 WHERE seq = ?1")
        .bind(seq, Blob{delivery.creation_token})
        .run();
  db.prepare("INSERT INTO consumed (message_id, request_digest, delivery) VALUES (?1, ?2, ?3)")
      .bind(delivery.message_id, Blob{delivery.request_digest}, seq)
      .run();
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& stored = parts[i];
    size += stored.size;
    const auto& given = delivery.parts[i];
    const auto bytes = stored.file
                           ? std::nullopt
                           : std::optional(Blob{given.range ? stored.part.bytes : given.bytes});
    db.prepare("INSERT INTO parts (delivery, position, kind, name, content_type, headers, size,"
               " sha256, file, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .bind(seq, i, word(kPartKinds, stored.part.kind), stored.part.name,
              stored.part.content_type, stored.part.headers, stored.size, Blob{stored.sha256},
              stored.file, bytes)
        .run();
  }
  insert_inspections(db, seq, 0, delivery.inspections);
  if (delivery.metadata) insert_metadata(db, seq, *delivery.metadata);
  record(db, seq, JournalEvent::accepted, creation,
         {{"size", std::to_string(size)},
          {"parts", std::to_string(parts.size())},
          {"manifest", base::hex_encode(hash)},
          {"codes", join_codes(delivery.feedback)},
          {"way", std::string(way)}});
  return seq;
}

mailbox::Receipt read_receipt(Connection& db, std::int64_t delivery) {
  mailbox::Receipt out;
  out.card = read_card(db, delivery);
  out.card.forwarding.reset();
  out.card.reception.reset();
  out.card.reception_token.clear();
  out.card.modification = out.card.creation;
  auto row = db.prepare("SELECT feedback FROM deliveries WHERE seq = ?1");
  row.bind(delivery);
  base::check(row.step(), "consumed message id without a delivery");
  out.feedback = split_lines(row.bytes(0));
  return out;
}

mailbox::ProcessCard read_card(Connection& db, std::int64_t delivery) {
  mailbox::ProcessCard out;
  {
    auto row =
        db.prepare("SELECT message_id, creation, forwarding, reception, modification, subject,"
                   " creation_token, reception_token FROM deliveries WHERE seq = ?1");
    row.bind(delivery);
    base::check(row.step(), "process card of an unknown delivery");
    out.message_id = row.bytes(0);
    out.creation = row.instant(1);
    out.forwarding = row.optional_instant(2);
    out.reception = row.optional_instant(3);
    out.modification = row.instant(4);
    if (!row.is_null(5)) out.subject = row.bytes(5);
    out.creation_token = row.bytes(6);
    out.reception_token = row.bytes(7);
  }
  out.inspections = read_inspections(db, delivery);
  return out;
}

std::optional<Found> find_delivery(Connection& db, const mailbox::FetchSelection& selection,
                                   const std::string& awaiting_in) {
  if (selection.rule == FetchRule::message_id) {
    auto row = db.prepare("SELECT seq, mailbox, reception, quarantined FROM deliveries"
                          " WHERE message_id = ?1 AND purged IS NULL");
    row.bind(selection.message_id);
    if (!row.step()) return std::nullopt;
    const auto& allowed = selection.mailboxes;
    if (std::find(allowed.begin(), allowed.end(), row.bytes(1)) == allowed.end() &&
        !base::seeded_fault("foreign-mailbox"))
      return std::nullopt;
    return Found{row.integer(0), !row.is_null(2), row.integer(3) != 0};
  }
  // One indexed look-up for each mailbox; a single query over several would have to sort them all.
  std::optional<Key> oldest;
  for (const auto& name : selection.mailboxes) {
    auto row = db.prepare(selection.rule == FetchRule::since ? kOldestSince : kOldestUnreceived);
    if (selection.rule == FetchRule::since)
      row.bind(name, selection.since);
    else
      row.bind(name, awaiting_in);
    if (!row.step()) continue;
    const Key key{row.integer(1), row.integer(0)};
    if (!oldest || key < *oldest) oldest = key;
  }
  if (!oldest) return std::nullopt;
  auto row = db.prepare("SELECT reception FROM deliveries WHERE seq = ?1");
  row.bind(oldest->delivery).step();
  return Found{oldest->delivery, !row.is_null(0), false};
}

std::uint64_t count_waiting(Connection& db, const mailbox::FetchSelection& selection,
                            const std::optional<Found>& besides) {
  std::int64_t count = 0;
  for (const auto& name : distinct(selection.mailboxes)) {
    auto row = db.prepare("SELECT waiting FROM mailboxes WHERE mailbox = ?1");
    row.bind(name);
    if (row.step()) count += row.integer(0);
  }
  if (besides && !besides->received && !besides->quarantined) --count;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

void hand_out(Connection& db, const Found& found, const mailbox::DialogTurn& turn,
              base::Instant at) {
  // A received card is frozen (wire reference 8.6), and there is nothing left to acknowledge.
  if (found.received) return;
  db.prepare("UPDATE deliveries SET forwarding = max(modification, ?2),"
             " modification = max(modification, ?2) WHERE seq = ?1")
      .bind(found.delivery, at)
      .run();
  if (base::seeded_fault("reception-at-fetch"))
    db.prepare("UPDATE deliveries SET reception = modification WHERE seq = ?1")
        .bind(found.delivery)
        .run();
  if (!turn.close)
    db.prepare("INSERT INTO awaiting (conversation_id, delivery) VALUES (?1, ?2)"
               " ON CONFLICT DO NOTHING")
        .bind(turn.conversation_id, found.delivery)
        .run();
  record(db, found.delivery, JournalEvent::offered, at);
}

std::optional<std::string> message_id_of(Connection& db, std::int64_t delivery) {
  auto row = db.prepare("SELECT message_id FROM deliveries WHERE seq = ?1");
  row.bind(delivery);
  if (!row.step()) return std::nullopt;
  return row.bytes(0);
}

bool set_quarantined(Connection& db, std::int64_t delivery, const std::string& reason,
                     base::Instant at) {
  db.prepare("UPDATE deliveries SET quarantined = 1, quarantine_reason = ?2"
             " WHERE seq = ?1 AND quarantined = 0 AND purged IS NULL")
      .bind(delivery, reason)
      .run();
  if (db.changes() == 0) return false;
  record(db, delivery, JournalEvent::quarantined, at, {{"reason", reason}});
  return true;
}

bool is_purged(Connection& db, std::int64_t delivery) {
  auto row = db.prepare("SELECT purged FROM deliveries WHERE seq = ?1");
  row.bind(delivery);
  return row.step() && !row.is_null(0);
}

StoredRows read_rows(Connection& db, std::int64_t delivery) {
  StoredRows out;
  out.delivery = delivery;
  out.stored.card = read_card(db, delivery);
  std::string expected;
  {
    auto row = db.prepare("SELECT mailbox, originator, context, manifest FROM deliveries"
                          " WHERE seq = ?1");
    row.bind(delivery);
    base::check(row.step(), "rows of an unknown delivery");
    out.stored.mailbox = row.bytes(0);
    out.stored.originator = row.bytes(1);
    out.stored.context = row.bytes(2);
    expected = row.bytes(3);
  }
  out.stored.metadata = read_metadata(db, delivery);
  auto rows = db.prepare("SELECT kind, name, content_type, headers, size, sha256, file, bytes"
                         " FROM parts WHERE delivery = ?1 ORDER BY position");
  rows.bind(delivery);
  while (rows.step()) {
    StoredPart stored;
    const auto kind = value_of(kPartKinds, rows.bytes(0));
    if (!kind) {
      out.damage = "part of an unknown kind";
      return out;
    }
    stored.part.kind = *kind;
    stored.part.name = rows.bytes(1);
    stored.part.content_type = rows.bytes(2);
    stored.part.headers = rows.bytes(3);
    stored.size = static_cast<std::uint64_t>(rows.integer(4));
    stored.sha256 = rows.bytes(5);
    if (!rows.is_null(6)) stored.file = rows.bytes(6);
    stored.part.bytes = rows.bytes(7);
    out.parts.push_back(std::move(stored));
  }
  if (manifest(out.stored.context, out.parts) != expected)
    out.damage = "description of the parts does not have its hash";
  return out;
}

bool has_part_file(Connection& db, const std::string& file) {
  auto row = db.prepare("SELECT 1 FROM parts WHERE file = ?1");
  row.bind(file);
  return row.step();
}

base::Instant latest_modification(Connection& db) {
  // By mailbox, because the index begins with it.
  auto row = db.prepare("SELECT coalesce(max((SELECT max(modification) FROM deliveries"
                        " INDEXED BY changes_by_mailbox WHERE mailbox = m.mailbox)), 0)"
                        " FROM mailboxes AS m");
  return row.step() ? row.instant(0) : base::Instant{};
}

mailbox::CardPage read_cards(Connection& db, const mailbox::CardSelection& selection) {
  using mailbox::CardRole;
  const bool as_addressee = selection.role != CardRole::originator;
  const bool as_originator = selection.role != CardRole::addressee;
  auto mailboxes = as_addressee ? selection.mailboxes : std::vector<std::string>{};
  if (as_addressee) mailboxes.push_back(pushed_to(selection.party));
  mailboxes = distinct(std::move(mailboxes));
  const std::uint64_t limit = std::max<std::uint32_t>(selection.limit, 1);

  std::vector<Key> keys;
  if (selection.rule == mailbox::CardRule::message_ids) {
    for (const auto& id : selection.message_ids) {
      auto row = db.prepare("SELECT creation, seq, mailbox, originator, reception FROM deliveries"
                            " WHERE message_id = ?1");
      row.bind(id);
      if (!row.step()) continue;
      const bool visible = std::binary_search(mailboxes.begin(), mailboxes.end(), row.bytes(2)) ||
                           (as_originator && row.bytes(3) == selection.party) ||
                           base::seeded_fault("card-for-anybody");
      if (visible && !(selection.no_reception && !row.is_null(4)))
        keys.push_back({row.integer(0), row.integer(1)});
    }
  } else {
    // One more than asked for from each source: enough to know whether there is more.
    for (const auto& name : mailboxes) collect(db, selection, true, name, limit + 1, keys);
    if (as_originator) collect(db, selection, false, selection.party, limit + 1, keys);
  }
  // Who sends to itself finds a delivery twice.
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());

  mailbox::CardPage out;
  out.more = keys.size() > limit;
  if (out.more) keys.resize(static_cast<std::size_t>(limit));
  for (const auto& key : keys) out.cards.push_back(read_card(db, key.delivery));
  return out;
}

} // namespace storage
