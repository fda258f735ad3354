// What a push to a passive recipient leaves behind: the port's functions of mailbox/push.h.
#include "base/crash_point.h"
#include "storage/journal_rows.h"
#include "storage/parts.h"

namespace storage {

using base::ErrorCode;
using base::fail;

namespace {

// A reply without MessageId has no card: nobody's party is this.
const std::string kNobody = "unseen/";

struct PushRow {
  std::int64_t delivery = 0;
  bool finished = false;
  std::optional<std::int64_t> reply;
  mailbox::Push push; // without the reply
};

std::optional<PushRow> find_row(Connection& db, std::int64_t delivery) {
  PushRow out;
  out.delivery = delivery;
  {
    auto row = db.prepare("SELECT p.reply_id, p.finished, p.code, p.warnings, p.reply, d.feedback"
                          " FROM pushes AS p JOIN deliveries AS d ON d.seq = p.delivery"
                          " WHERE p.delivery = ?1");
    row.bind(delivery);
    if (!row.step()) return std::nullopt;
    if (!row.is_null(0)) out.push.reply_id = row.bytes(0);
    out.finished = out.push.finished = row.integer(1) != 0;
    out.push.code = row.bytes(2);
    out.push.warnings = split_lines(row.bytes(3));
    if (!row.is_null(4)) out.reply = row.integer(4);
    out.push.feedback = split_lines(row.bytes(5));
  }
  out.push.card = read_card(db, delivery);
  return out;
}

std::optional<PushRow> find_row(Connection& db, const std::string& message_id) {
  const auto consumed = find_consumed(db, message_id);
  if (!consumed) return std::nullopt;
  auto out = find_row(db, consumed->delivery);
  // A reply's reserved id leads to the push of its request.
  if (out && out->push.card.message_id != message_id) return std::nullopt;
  return out;
}

void reserve(Connection& db, const std::string& message_id, std::int64_t delivery) {
  db.prepare("INSERT INTO consumed (message_id, request_digest, delivery) VALUES (?1, ?2, ?3)")
      .bind(message_id, Blob{}, delivery)
      .run();
}

// Number of inspections on a card.
std::size_t count_inspections(Connection& db, std::int64_t delivery) {
  auto row = db.prepare("SELECT count(*) FROM inspections WHERE delivery = ?1");
  row.bind(delivery);
  return row.step() ? static_cast<std::size_t>(row.integer(0)) : 0;
}

// Creation and Forwarding; awaiting the next turn of the dialog in which it is handed over.
std::int64_t insert_reply(Connection& db, const mailbox::PushReply& reply,
                          const std::vector<StoredPart>& parts, base::Instant creation,
                          base::Instant forwarding) {
  auto delivery = reply.delivery;
  delivery.originator = reply.with_card ? reply.delivery.originator : kNobody;
  delivery.mailbox = reply.with_card ? pushed_to(reply.delivery.mailbox) : kNobody;
  delivery.request_digest.clear(); // no request can be a repeat of it
  // In place of the reservation.
  db.prepare("DELETE FROM consumed WHERE message_id = ?1").bind(delivery.message_id).run();
  insert_delivery(db, delivery, parts, creation, "reply");
  const auto consumed = find_consumed(db, delivery.message_id);
  base::check(consumed.has_value(), "a reply without consumed message id");
  db.prepare("UPDATE deliveries SET forwarding = max(modification, ?2),"
             " modification = max(modification, ?2) WHERE seq = ?1")
      .bind(consumed->delivery, forwarding)
      .run();
  record(db, consumed->delivery, JournalEvent::offered, forwarding);
  // The dialog may have ended meanwhile; then nothing acknowledges the reply.
  db.prepare("INSERT INTO awaiting (conversation_id, delivery) SELECT conversation_id, ?2"
             " FROM dialogs WHERE conversation_id = ?1 AND closed = 0")
      .bind(reply.conversation_id, consumed->delivery)
      .run();
  return consumed->delivery;
}

std::uint64_t size_of(const std::optional<mailbox::PushReply>& reply) {
  std::uint64_t out = 0;
  if (reply)
    for (const auto& part : reply->delivery.parts) out += part.bytes.size();
  return out;
}

} // namespace

std::string pushed_to(const std::string& party) {
  return "pushed/" + party;
}

base::Result<std::optional<mailbox::Push>>
DatabaseStore::find_push(const std::string& message_id, const std::string& request_digest) {
  struct Seen {
    std::optional<PushRow> row;
    std::optional<StoredRows> reply;
    bool purged = false;
  };
  auto seen = parts_->readers->run([&](Connection& db) {
    Seen out;
    const auto consumed = find_consumed(db, message_id);
    if (!consumed || request_digest.empty() || consumed->request_digest != request_digest)
      return out;
    out.row = find_row(db, message_id);
    if (out.row && out.row->reply) {
      out.purged = is_purged(db, *out.row->reply);
      if (!out.purged) out.reply = read_rows(db, *out.row->reply);
    }
    return out;
  });
  if (!seen) return seen.error();
  if (!seen->row) return std::optional<mailbox::Push>{};
  mailbox::Push out = std::move(seen->row->push);
  out.repeated = true;
  // It reached the recipient, but its reply is no longer kept (wire reference 10.2).
  if (seen->purged) out.code = "9810";
  if (seen->reply) {
    auto complete = parts_->complete(*seen->reply);
    if (!complete && complete.error().code == ErrorCode::not_found) {
      if (auto moved = parts_->quarantine(*seen->reply, complete.error().detail); !moved)
        return moved.error();
      return fail(ErrorCode::storage_failure, "the stored reply is damaged");
    }
    if (!complete) return complete.error();
    out.reply_with_card = complete->originator != kNobody;
    out.reply = std::move(*complete);
  }
  return std::optional<mailbox::Push>(std::move(out));
}

base::Result<mailbox::Push>
DatabaseStore::begin_push(const mailbox::NewPush& push,
                          const std::optional<mailbox::DialogTurn>& turn,
                          const std::string& refused_result) {
  base::check(push.delivery.parts.empty(), "a pushed delivery is not kept");
  // A repeat is answered even when the disk is full.
  if (auto known = find_push(push.delivery.message_id, push.delivery.request_digest);
      !known || *known) {
    if (!known) return known.error();
    if (!turn) return std::move(**known);
  } else if (auto space = parts_->check_space(0); !space) {
    return space.error();
  }
  auto delivery = push.delivery;
  delivery.mailbox = pushed_to(push.delivery.mailbox);
  mailbox::Push out;
  bool refused = false;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    out = {};
    refused = false;
    const auto at = parts_->timeline.place(delivery.creation);
    if (turn)
      if (auto taken = storage::take_turn(db, *turn, at); !taken) return taken;
    if (const auto consumed = find_consumed(db, delivery.message_id)) {
      auto row = find_row(db, delivery.message_id);
      if (row && !delivery.request_digest.empty() &&
          consumed->request_digest == delivery.request_digest) {
        out = std::move(row->push);
        out.repeated = true;
      } else {
        refused = true;
        if (turn) set_last_result(db, turn->conversation_id, refused_result);
      }
      return {};
    }
    if (push.reply_id && find_consumed(db, *push.reply_id))
      return fail(ErrorCode::storage_failure, "the reply's message id is in use");
    insert_delivery(db, delivery, {}, at, "push");
    const auto seq = find_consumed(db, delivery.message_id)->delivery;
    db.prepare("INSERT INTO pushes (delivery, reply_id) VALUES (?1, ?2)")
        .bind(seq, push.reply_id)
        .run();
    if (push.reply_id) reserve(db, *push.reply_id, seq);
    out = std::move(find_row(db, seq)->push);
    // Dying here: nothing of it happened, the sender repeats. After the commit: the id is spent and
    // nothing has been sent; the identical repeat goes on from here.
    base::crash_point("storage.push_before_begin");
    return {};
  });
  if (!done) return done.error();
  if (refused)
    return fail(ErrorCode::message_id_refused, "message id is consumed by another delivery");
  if (out.repeated && out.finished) {
    auto known = find_push(delivery.message_id, delivery.request_digest);
    if (!known) return known.error();
    return std::move(**known);
  }
  return out;
}

base::Result<mailbox::Push> DatabaseStore::forward_push(const std::string& message_id,
                                                        base::Instant now) {
  mailbox::Push out;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    out = {};
    const auto row = find_row(db, message_id);
    if (!row || row->finished) return fail(ErrorCode::not_found, "no push under way");
    db.prepare("UPDATE deliveries SET forwarding = max(modification, ?2),"
               " modification = max(modification, ?2) WHERE seq = ?1")
        .bind(row->delivery, parts_->timeline.place(now))
        .run();
    record(db, row->delivery, JournalEvent::offered, now);
    out = std::move(find_row(db, row->delivery)->push);
    return {};
  });
  if (!done) return done.error();
  // Committed. Dying from here on leaves the outcome open: the message may have left.
  return out;
}

base::Result<mailbox::Push> DatabaseStore::finish_push(const std::string& message_id,
                                                       const mailbox::PushResult& result) {
  const auto pending = parts_->bodies->pending();
  std::vector<StoredPart> placed;
  if (result.reply) {
    if (auto space = parts_->check_space(size_of(result.reply)); !space) return space.error();
    auto done = parts_->place_parts(result.reply->delivery.parts, *pending);
    if (!done) return done.error();
    placed = std::move(*done);
  }
  std::string digest;
  bool inserted = false, was_finished = false;
  mailbox::Push out;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    out = {};
    inserted = was_finished = false;
    const auto row = find_row(db, message_id);
    if (!row) return fail(ErrorCode::not_found, "no push under way");
    digest = find_consumed(db, message_id)->request_digest;
    was_finished = row->finished;
    if (was_finished) return {};
    std::optional<std::int64_t> reply;
    if (result.reply) {
      base::check(row->push.reply_id == result.reply->delivery.message_id,
                  "a reply under another id than the reserved one");
      const auto creation = parts_->timeline.place(result.reply->delivery.creation);
      reply = insert_reply(db, *result.reply, placed, creation, parts_->timeline.place(result.now));
      inserted = true;
    }
    const auto at = parts_->timeline.place(result.now);
    // The new evidence is a change of the card, as Reception is (wire reference 8.4).
    bool received = false;
    if (result.received) {
      db.prepare("UPDATE deliveries SET reception = max(modification, ?2),"
                 " modification = max(modification, ?2) WHERE seq = ?1 AND reception IS NULL")
          .bind(row->delivery, at)
          .run();
      received = db.changes() > 0;
    } else if (!result.inspections.empty()) {
      db.prepare("UPDATE deliveries SET modification = max(modification, ?2) WHERE seq = ?1")
          .bind(row->delivery, at)
          .run();
    }
    insert_inspections(db, row->delivery, count_inspections(db, row->delivery), result.inspections);
    db.prepare("UPDATE pushes SET finished = 1, code = ?2, warnings = ?3, reply = ?4"
               " WHERE delivery = ?1")
        .bind(row->delivery, result.code, join_lines(result.warnings), reply)
        .run();
    auto codes = result.warnings;
    if (!result.code.empty()) codes.insert(codes.begin(), result.code);
    record(db, row->delivery, result.code.empty() ? JournalEvent::pushed : JournalEvent::refused,
           at, {{"codes", join_codes(codes)}, {"reception", received ? "1" : ""}});
    out = std::move(find_row(db, row->delivery)->push);
    if (reply) {
      out.reply.emplace();
      out.reply->card = read_card(db, *reply);
    }
    // Dying here: the outcome stays open, the repeat is answered with 9810. After the commit: the
    // repeat gets this outcome.
    base::crash_point("storage.push_before_finish");
    return {};
  });
  if (!done) return done.error();
  if (was_finished) {
    auto known = find_push(message_id, digest);
    if (!known) return known.error();
    if (!*known) return fail(ErrorCode::not_found, "no push under way");
    return std::move(**known);
  }
  if (inserted) {
    pending->keep();
    out.reply->mailbox = result.reply->delivery.mailbox;
    out.reply->originator = result.reply->delivery.originator;
    out.reply->context = result.reply->delivery.context;
    out.reply->parts = result.reply->delivery.parts;
    out.reply_with_card = result.reply->with_card;
  }
  return out;
}

} // namespace storage
