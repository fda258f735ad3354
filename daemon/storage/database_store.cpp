#include "storage/database_store.h"
#include "base/crash_point.h"
#include "base/seeded_fault.h"
#include "storage/journal_rows.h"
#include "storage/parts.h"
#include "storage/transfer_rows.h"

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

// How often a fetch may find that another recipient of the mailbox was faster.
constexpr int kFetchRounds = 16;

std::uint64_t total_size(const mailbox::NewDelivery& delivery) {
  std::uint64_t out = 0;
  for (const auto& part : delivery.parts) out += part.range ? part.range.size : part.bytes.size();
  return out;
}

} // namespace

DatabaseStore::DatabaseStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

DatabaseStore::~DatabaseStore() = default;

base::Result<std::unique_ptr<DatabaseStore>> DatabaseStore::open(StoreConfig config) {
  config.folder = fs::absolute(config.folder).lexically_normal();
  if (!config.folder.has_filename()) config.folder = config.folder.parent_path();
  auto parts = std::make_unique<Parts>(std::move(config));
  if (auto started = parts->start(); !started) return started.error();
  return std::unique_ptr<DatabaseStore>(new DatabaseStore(std::move(parts)));
}

base::Result<> DatabaseStore::open_dialog(const mailbox::Dialog& dialog, std::uint32_t max_open) {
  return parts_->writer->run([&](Connection& db) { return insert_dialog(db, dialog, max_open); });
}

base::Result<std::optional<mailbox::Dialog>>
DatabaseStore::find_dialog(const std::string& conversation_id) {
  return parts_->readers->run(
      [&](Connection& db) { return storage::find_dialog(db, conversation_id); });
}

base::Result<> DatabaseStore::close_dialog(const std::string& conversation_id) {
  return parts_->writer->run([&](Connection& db) -> base::Result<> {
    storage::close_dialog(db, conversation_id);
    return {};
  });
}

base::Result<std::uint64_t> DatabaseStore::expire_dialogs(base::Instant idle_before,
                                                          base::Instant forget_before) {
  std::uint64_t closed = 0;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    closed = storage::expire_dialogs(db, idle_before, forget_before);
    return {};
  });
  if (!done) return done.error();
  return closed;
}

base::Result<std::vector<std::string>>
DatabaseStore::awaiting_tokens(const std::string& conversation_id) {
  return parts_->readers->run(
      [&](Connection& db) { return storage::awaiting_tokens(db, conversation_id); });
}

base::Result<> DatabaseStore::take_turn(const mailbox::DialogTurn& turn) {
  return parts_->writer->run([&](Connection& db) {
    return storage::take_turn(db, turn, parts_->timeline.place(turn.now));
  });
}

base::Result<mailbox::Receipt> DatabaseStore::store(const mailbox::NewDelivery& delivery,
                                                    const std::optional<mailbox::DialogTurn>& turn,
                                                    const std::string& refused_result) {
  // A repeat is answered even when the disk is full, and writes no files.
  const auto known = parts_->readers->run(
      [&](Connection& db) { return find_consumed(db, delivery.message_id).has_value(); });
  if (!known) return known.error();

  const auto pending = parts_->bodies->pending();
  std::vector<StoredPart> placed;
  if (!*known) {
    if (auto space = parts_->check_space(total_size(delivery)); !space) return space.error();
    auto done = parts_->place_parts(delivery.parts, *pending);
    if (!done) return done.error();
    placed = std::move(*done);
  }

  // From here to the commit: dying leaves at most files without a row.
  mailbox::Receipt receipt;
  bool refused = false, inserted = false;
  std::optional<std::string> spool_file; // of the chunked transfer that the delivery came by
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    receipt = {};
    refused = inserted = false;
    spool_file.reset();
    const auto at = parts_->timeline.place(delivery.creation);
    if (turn)
      if (auto taken = storage::take_turn(db, *turn, at); !taken) return taken;
    if (const auto consumed = find_consumed(db, delivery.message_id)) {
      if ((!delivery.request_digest.empty() &&
           consumed->request_digest == delivery.request_digest) ||
          base::seeded_fault("reused-message-id")) {
        receipt = read_receipt(db, consumed->delivery);
        receipt.repeated = true;
        if (delivery.transfer)
          spool_file = finish_transfer(db, *delivery.transfer, delivery.transfer_result,
                                       consumed->delivery, at);
      } else {
        refused = true;
        if (turn) set_last_result(db, turn->conversation_id, refused_result);
      }
      return {};
    }
    base::check(!*known, "a consumed message id vanished");
    const auto seq = insert_delivery(db, delivery, placed, at);
    if (delivery.transfer)
      spool_file = finish_transfer(db, *delivery.transfer, delivery.transfer_result, seq, at);
    inserted = true;
    base::crash_point("storage.store_before_commit");
    receipt.card.message_id = delivery.message_id;
    receipt.card.creation = receipt.card.modification = at;
    receipt.card.subject = delivery.subject;
    receipt.card.inspections = delivery.inspections;
    receipt.card.creation_token = delivery.creation_token;
    receipt.feedback = delivery.feedback;
    return {};
  });
  if (!done) return done.error();
  // Committed. A crash from here on loses only the answer; the sender repeats and gets the receipt.
  if (inserted) pending->keep();
  // Dying before this leaves a file without a row: swept.
  if (spool_file) parts_->spool->remove(*spool_file);
  if (refused)
    return fail(ErrorCode::message_id_refused, "message id is consumed by another delivery");
  return receipt;
}

base::Result<mailbox::Fetched> DatabaseStore::fetch(const mailbox::FetchSelection& selection,
                                                    const mailbox::DialogTurn& turn) {
  // The content is read and checked before the transaction, so that the writer never waits for
  // files. What the transaction then selects is authoritative; if that is another delivery, its
  // content is read and the transaction tried again.
  const std::string awaiting_in = turn.acknowledge ? turn.conversation_id : std::string{};
  std::optional<std::int64_t> wanted;
  for (int round = 0; round < kFetchRounds;) {
    auto rows = parts_->readers->run([&](Connection& db) -> std::optional<StoredRows> {
      if (wanted) return read_rows(db, *wanted);
      const auto found = find_delivery(db, selection, awaiting_in);
      if (!found || found->quarantined) return std::nullopt;
      return read_rows(db, found->delivery);
    });
    if (!rows) return rows.error();
    std::optional<std::int64_t> candidate;
    mailbox::StoredDelivery content;
    if (*rows) {
      candidate = (*rows)->delivery;
      auto complete = parts_->complete(**rows);
      if (!complete && complete.error().code == ErrorCode::not_found) {
        // Each passage takes one delivery out of the selection: this ends.
        if (auto moved = parts_->quarantine(**rows, complete.error().detail, turn.now); !moved)
          return moved.error();
        wanted.reset();
        continue;
      }
      if (!complete) return complete.error();
      content = std::move(*complete);
    }

    mailbox::Fetched out;
    const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
      out = {};
      wanted.reset();
      const auto at = parts_->timeline.place(turn.now);
      if (auto taken = storage::take_turn(db, turn, at); !taken) return taken;
      const auto found = find_delivery(db, selection, {});
      if (found && found->quarantined)
        return fail(ErrorCode::storage_failure, "the delivery is in quarantine");
      if (found && found->delivery != candidate) {
        wanted = found->delivery;
        return fail(ErrorCode::overloaded, "others fetch from this mailbox at the same time");
      }
      out.waiting = count_waiting(db, selection, found);
      if (found) {
        hand_out(db, *found, turn, at);
        out.delivery.emplace();
        out.delivery->card = read_card(db, found->delivery);
      }
      set_last_result(db, turn.conversation_id,
                      turn.result + (found ? out.delivery->card.message_id : std::string{}));
      // Dying here: nothing of the turn happened; the client repeats it. After the commit: the
      // repeat finds last_result and reads the same delivery.
      base::crash_point("storage.fetch_before_commit");
      return {};
    });
    if (done) {
      if (out.delivery) {
        content.card = std::move(out.delivery->card);
        out.delivery = std::move(content);
      }
      return out;
    }
    if (!wanted) return done.error();
    ++round;
  }
  return fail(ErrorCode::overloaded, "others fetch from this mailbox at the same time");
}

base::Result<mailbox::Fetched> DatabaseStore::read(const mailbox::FetchSelection& selection) {
  struct Seen {
    std::optional<StoredRows> rows;
    bool quarantined = false;
    std::uint64_t waiting = 0;
  };
  for (;;) {
    auto seen = parts_->readers->run([&](Connection& db) {
      Seen out;
      const auto found = find_delivery(db, selection, {});
      out.waiting = count_waiting(db, selection, found);
      out.quarantined = found && found->quarantined;
      if (found && !found->quarantined) out.rows = read_rows(db, found->delivery);
      return out;
    });
    if (!seen) return seen.error();
    if (seen->quarantined) return fail(ErrorCode::storage_failure, "the delivery is in quarantine");
    mailbox::Fetched out;
    out.waiting = seen->waiting;
    if (!seen->rows) return out;
    auto complete = parts_->complete(*seen->rows);
    if (complete) {
      out.delivery = std::move(*complete);
      return out;
    }
    if (complete.error().code != ErrorCode::not_found) return complete.error();
    if (auto moved = parts_->quarantine(*seen->rows, complete.error().detail); !moved)
      return moved.error();
  }
}

base::Result<mailbox::CardPage>
DatabaseStore::cards(const mailbox::CardSelection& selection,
                     const std::optional<mailbox::DialogTurn>& turn) {
  if (!turn) return parts_->readers->run([&](Connection& db) { return read_cards(db, selection); });
  mailbox::CardPage out;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    if (auto taken = storage::take_turn(db, *turn, parts_->timeline.place(turn->now)); !taken)
      return taken;
    out = read_cards(db, selection);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<> DatabaseStore::probe() {
  if (auto space = parts_->check_space(0); !space) return space;
  return parts_->writer->run([](Connection& db) -> base::Result<> {
    db.prepare("UPDATE probe SET count = count + 1 WHERE id = 1").run();
    return {};
  });
}

base::Result<JournalHead> DatabaseStore::keep_journal(base::Instant before) {
  for (std::uint64_t expired = 1; expired > 0;) {
    const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
      expired = expire_journal(db, before);
      return {};
    });
    if (!done) return done.error();
  }
  return parts_->readers->run([](Connection& db) { return journal_head(db); });
}

base::Result<std::string> DatabaseStore::shared_secret(const std::string& name,
                                                       const std::string& fresh) {
  base::check(!parts_->config.database.empty(), "a secret of one process is a file");
  std::string out;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    db.prepare("INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(name, Blob{fresh})
        .run();
    auto row = db.prepare("SELECT value FROM secrets WHERE name = ?1");
    row.bind(name);
    base::check(row.step(), "a secret that was stored is not there");
    out = row.bytes(0);
    return {};
  });
  if (!done) return done.error();
  return out;
}

std::uint64_t DatabaseStore::commits() const {
  return parts_->writer->commits();
}

} // namespace storage
