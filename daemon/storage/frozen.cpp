// The way out: frozen answers to fetches, handed out by chunks.
#include "base/crash_point.h"
#include "base/seeded_fault.h"
#include "storage/parts.h"
#include "storage/transfer_rows.h"
#include "storage/transfers.h"
#include <algorithm>

namespace storage {

using base::ErrorCode;
using base::fail;

namespace {

// How often another request for the same delivery may be faster.
constexpr int kRounds = 8;

std::uint64_t chunks_of(std::uint64_t octets, std::uint64_t chunk_kib) {
  const std::uint64_t size = chunk_kib * 1024;
  return (octets + size - 1) / size;
}

// What 11.7 says to a chunk of this answer.
std::optional<base::Error> refusal(const mailbox::ChunkSelection& wanted, std::uint64_t chunk_kib,
                                   std::uint64_t octets) {
  if (wanted.number > 1 && wanted.chunk_kib != chunk_kib)
    return fail(ErrorCode::chunk_inconsistent, "another chunk size than chunk 1");
  const auto count = chunks_of(octets, wanted.chunk_kib);
  if (count > mailbox::kMaxChunks)
    return fail(ErrorCode::chunk_too_small, "more chunks than are given");
  if (wanted.number == 0 || wanted.number > count)
    return fail(ErrorCode::chunk_number_wrong, "chunk number out of range");
  return std::nullopt;
}

} // namespace

base::Result<mailbox::ChunkSource> DatabaseTransfers::find(const mailbox::ChunkSelection& wanted) {
  struct Seen {
    std::optional<StoredRows> rows;
    bool quarantined = false, frozen = false;
    std::uint64_t waiting = 0;
  };
  for (;;) {
    auto seen = parts_.readers->run([&](Connection& db) {
      Seen out;
      auto selection = wanted.selection;
      std::optional<std::string> current;
      if (wanted.number > 1) current = fetched_in_dialog(db, wanted.conversation_id);
      if (current && selection.rule != mailbox::FetchRule::message_id) {
        // The next chunk of the same delivery, even if an older one has come up meanwhile.
        selection.rule = mailbox::FetchRule::message_id;
        selection.message_id = *current;
      }
      const auto found =
          find_delivery(db, selection, wanted.number > 1 ? std::string{} : wanted.conversation_id);
      out.waiting = count_waiting(db, selection, found);
      if (!found) return out;
      out.quarantined = found->quarantined;
      if (found->quarantined) return out;
      out.rows = read_rows(db, found->delivery);
      out.frozen = find_freeze(db, wanted.party, out.rows->stored.card.message_id).has_value();
      return out;
    });
    if (!seen) return seen.error();
    if (seen->quarantined) return fail(ErrorCode::storage_failure, "the delivery is in quarantine");
    mailbox::ChunkSource out;
    out.waiting = seen->waiting;
    if (!seen->rows) return out;
    out.frozen = seen->frozen;
    if (seen->frozen) {
      out.delivery = std::move(seen->rows->stored);
      return out;
    }
    auto complete = parts_.complete_in_place(*seen->rows);
    if (complete) {
      out.delivery = std::move(*complete);
      return out;
    }
    if (complete.error().code != ErrorCode::not_found) return complete.error();
    // Each passage takes one delivery out of the selection: this ends.
    if (auto moved = parts_.quarantine(*seen->rows, complete.error().detail); !moved)
      return moved.error();
  }
}

base::Result<std::unique_ptr<mailbox::FrozenFile>>
DatabaseTransfers::new_file(std::uint64_t expected) {
  if (auto space = parts_.check_space(expected); !space) return space.error();
  auto file = parts_.spool->sequential();
  if (!file) return file.error();
  return std::unique_ptr<mailbox::FrozenFile>(std::move(*file));
}

base::Result<mailbox::ChunkOut> DatabaseTransfers::hand_out(
    const mailbox::ChunkSelection& wanted, const std::string& message_id,
    std::unique_ptr<mailbox::FrozenFile> fresh, std::optional<base::Instant> forwarding,
    const mailbox::SpoolQuota& quota, const std::optional<mailbox::DialogTurn>& turn) {
  auto* const file = dynamic_cast<Spool::Sequential*>(fresh.get());
  base::check((fresh == nullptr) == (file == nullptr), "frozen file of another store");
  if (file)
    if (auto settled = file->settle(); !settled) return settled.error();

  for (int round = 0; round < kRounds; ++round) {
    struct Seen {
      std::optional<FreezeRow> row;
      std::optional<Found> found;
      std::uint64_t waiting = 0;
    };
    const auto seen = parts_.readers->run([&](Connection& db) {
      Seen out;
      auto selection = wanted.selection;
      selection.rule = mailbox::FetchRule::message_id;
      selection.message_id = message_id;
      out.found = find_delivery(db, selection, {});
      out.row = find_freeze(db, wanted.party, message_id);
      out.waiting = count_waiting(db, selection, out.found);
      return out;
    });
    if (!seen) return seen.error();
    if (!seen->found) return fail(ErrorCode::not_found, "no such delivery");
    if (!seen->row && !file) return fail(ErrorCode::not_found, "no frozen answer");

    FreezeRow freeze;
    if (seen->row) {
      freeze = *seen->row; // whoever was first: all chunks come from one answer
    } else {
      freeze.delivery = seen->found->delivery;
      freeze.message_id = message_id;
      freeze.chunk_kib = wanted.chunk_kib;
      freeze.octets = file->size();
      freeze.file = file->name();
    }
    mailbox::ChunkOut out;
    out.message_id = message_id;
    out.number = wanted.number;
    out.total = freeze.octets;
    out.waiting = seen->waiting;
    out.refused = refusal(wanted, freeze.chunk_kib, freeze.octets);
    const auto kib = wanted.number > 1 ? freeze.chunk_kib : wanted.chunk_kib;
    out.total_numbers = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(chunks_of(freeze.octets, kib), mailbox::kMaxChunks));
    if (!out.refused) {
      const auto octets = parts_.spool->open_sequential(freeze.file, freeze.octets);
      const std::uint64_t from = kib * 1024 * (wanted.number - 1);
      auto bytes =
          octets ? base::read_range({*octets, from, std::min(kib * 1024, freeze.octets - from)})
                 : base::Result<std::string>(octets.error());
      if (bytes) {
        out.bytes = std::move(*bytes);
      } else if (bytes.error().code == ErrorCode::not_found && seen->row) {
        // Damaged: the next request freezes anew.
        base::log(base::LogLevel::error, "storage.frozen_damaged", "a frozen answer is damaged",
                  {{"message_id", message_id}, {"reason", bytes.error().detail}});
        const auto dropped = parts_.writer->run([&](Connection& db) -> base::Result<> {
          delete_freeze(db, freeze.id);
          return {};
        });
        if (dropped) remove_files({freeze.file});
        return fail(ErrorCode::storage_failure, "frozen answer is damaged");
      } else {
        return bytes.error();
      }
    }
    if (!turn) return out; // a repeat changes nothing

    bool overtaken = false, taken_over = false;
    std::vector<std::string> unused;
    const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
      overtaken = taken_over = false;
      unused.clear();
      const auto at = parts_.timeline.place(turn->now);
      const auto now = find_freeze(db, wanted.party, message_id);
      if (now.has_value() != seen->row.has_value() || (now && now->id != freeze.id) ||
          (now && now->chunk_kib != freeze.chunk_kib)) {
        overtaken = true;
        return fail(ErrorCode::overloaded, "others fetch this delivery at the same time");
      }
      // Who asks for a further chunk has not got all of this delivery: not acknowledged by this
      // turn.
      if (wanted.number > 1) set_awaiting(db, turn->conversation_id, freeze.delivery, false);
      if (auto ok = take_turn(db, *turn, at); !ok) return ok;
      std::int64_t id = freeze.id;
      if (out.refused) {
        if (now && handed_out(db, id) == out.total_numbers)
          set_awaiting(db, turn->conversation_id, freeze.delivery, true);
        set_last_result(db, turn->conversation_id,
                        turn->result + "!" + std::string(base::to_string(out.refused->code)));
        return {};
      }
      if (!now) {
        if (is_purged(db, freeze.delivery))
          return fail(ErrorCode::not_found, "the delivery was purged meanwhile");
        unused = remove_received(db, wanted.party, at - kStillFetched).files;
        const auto use = spool_use(db, wanted.party);
        if (use.total + freeze.octets > quota.total ||
            use.of_party + freeze.octets > quota.of_party)
          return fail(ErrorCode::quota_exceeded, "spool quota");
        id = insert_freeze(db, wanted.party, freeze, at);
        taken_over = true;
        if (forwarding) stamp_forwarding(db, freeze.delivery, *forwarding, at);
      } else if (wanted.number == 1 && freeze.chunk_kib != wanted.chunk_kib) {
        restart_freeze(db, id, wanted.chunk_kib);
      }
      touch_freeze(db, freeze, id, turn->conversation_id, at);
      // Received only when nothing is left to hand out and a further request comes (17.2 Q4).
      note_handed_out(db, id, wanted.number);
      if (handed_out(db, id) == out.total_numbers || base::seeded_fault("part-is-received"))
        set_awaiting(db, turn->conversation_id, freeze.delivery, true);
      set_last_result(db, turn->conversation_id, turn->result + message_id);
      // Dying here: nothing of the turn happened; a fresh file is without a row and swept.
      base::crash_point("storage.frozen_before_commit");
      return {};
    });
    if (done) {
      if (taken_over) file->keep();
      remove_files(unused);
      return out;
    }
    if (!overtaken) return done.error();
  }
  return fail(ErrorCode::overloaded, "others fetch this delivery at the same time");
}

} // namespace storage
