// The way in: chunks into a spool file, their rows, results.
#include "storage/transfers.h"
#include "base/crash_point.h"
#include "crypto/digest.h"
#include "storage/parts.h"
#include "storage/transfer_rows.h"
#include <functional>

namespace storage {

using base::ErrorCode;
using base::fail;

namespace {

std::string sha256(std::string_view bytes) {
  return crypto::digest(crypto::DigestAlgorithm::sha256, bytes);
}

base::Result<> check_quota(const SpoolUse& use, std::uint64_t more,
                           const mailbox::SpoolQuota& quota) {
  if (more > quota.total || use.total > quota.total - more)
    return fail(ErrorCode::quota_exceeded, "spool quota of all parties");
  if (more > quota.of_party || use.of_party > quota.of_party - more)
    return fail(ErrorCode::quota_exceeded, "spool quota of one party");
  return {};
}

} // namespace

DatabaseTransfers::DatabaseTransfers(DatabaseStore& store) : parts_(*store.parts_) {}

std::mutex& DatabaseTransfers::stripe(const mailbox::TransferKey& key) {
  return stripes_[std::hash<std::string>()(key.party + key.message_id) % stripes_.size()];
}

void DatabaseTransfers::remove_files(const std::vector<std::string>& files) {
  // After a failed sync nobody knows whether the rows are gone.
  if (parts_.sync_failure.happened()) return;
  for (const auto& file : files) parts_.spool->remove(file);
}

base::Result<mailbox::PutChunk>
DatabaseTransfers::put(const mailbox::Chunk& chunk, const mailbox::SpoolQuota& quota,
                       const std::optional<mailbox::DialogTurn>& turn) {
  const std::lock_guard lock(stripe(chunk.key));
  struct Seen {
    std::optional<TransferRow> row;
    bool consumed = false;
    SpoolUse use;
    std::optional<StoredChunk> same;
  };
  auto seen = parts_.readers->run([&](Connection& db) {
    Seen out;
    out.row = find_transfer(db, chunk.key);
    out.consumed = find_consumed(db, chunk.key.message_id).has_value();
    out.use = spool_use(db, chunk.key.party);
    if (out.row) out.same = find_chunk(db, out.row->id, chunk.number);
    return out;
  });
  if (!seen) return seen.error();
  const std::optional<TransferRow>& row = seen->row;

  mailbox::PutChunk out;
  if (!row && seen->consumed) {
    out.refused = fail(ErrorCode::message_id_refused, "message id is consumed");
  } else if (auto ok = mailbox::check_chunk(chunk, row ? &row->transfer : nullptr); !ok) {
    out.refused = ok.error();
  }
  const std::string hash = sha256(chunk.bytes);
  out.same_as_last = out.refused && out.refused->code == ErrorCode::chunk_repeated &&
                     row->transfer.completed_by == chunk.number && seen->same->sha256 == hash;

  const std::uint64_t full = chunk.chunk_kib * 1024;
  const std::uint64_t reserved = full * chunk.total_numbers;
  std::string file;
  if (!out.refused) {
    if (!row)
      if (auto ok = check_quota(seen->use, reserved, quota); !ok) return ok.error();
    if (auto ok = parts_.check_space(chunk.bytes.size()); !ok) return ok.error();
    if (row) {
      file = row->file.value();
    } else {
      auto created = parts_.spool->create();
      if (!created) return created.error();
      file = std::move(*created);
    }
    if (auto ok = parts_.spool->write(file, full * (chunk.number - 1), chunk.bytes); !ok) {
      if (!row) remove_files({file});
      return ok.error();
    }
  }

  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    const auto at = parts_.timeline.place(chunk.now);
    if (turn)
      if (auto taken = take_turn(db, *turn, at); !taken) return taken;
    if (out.refused) {
      if (turn)
        set_last_result(db, turn->conversation_id,
                        turn->result + "!" + std::string(base::to_string(out.refused->code)));
      if (row) out.transfer = row->transfer;
      return {};
    }
    const auto known = find_transfer(db, chunk.key);
    if (known.has_value() != row.has_value() || (row && known->id != row->id))
      return fail(ErrorCode::storage_failure, "the transfer has ended meanwhile");
    std::int64_t id = 0;
    if (row) {
      id = row->id;
    } else {
      if (find_consumed(db, chunk.key.message_id))
        return fail(ErrorCode::storage_failure, "the message id was consumed meanwhile");
      if (auto ok = check_quota(spool_use(db, chunk.key.party), reserved, quota); !ok) return ok;
      id = insert_transfer(db, chunk, file, reserved, at);
    }
    insert_chunk(db, id, chunk, hash, at);
    const auto received = (row ? row->transfer.received.size() : 0) + 1;
    if (received == chunk.total_numbers) {
      const auto last = find_chunk(db, id, chunk.total_numbers);
      complete_transfer(db, id, chunk.number, full * (chunk.total_numbers - 1) + last->size, at);
    }
    out.transfer = find_transfer(db, chunk.key)->transfer;
    // Dying here: the chunk counts as never sent. After the commit: as received; the sender learns
    // that from the repeat (9900) or from InfoOnly.
    base::crash_point("storage.chunk_before_commit");
    return {};
  });
  if (!done) {
    if (!row && !file.empty()) remove_files({file});
    return done.error();
  }
  return out;
}

base::Result<mailbox::TransferState>
DatabaseTransfers::state(const mailbox::TransferKey& key,
                         const std::optional<mailbox::DialogTurn>& turn) {
  const auto read = [&](Connection& db) {
    mailbox::TransferState out;
    if (auto row = find_transfer(db, key)) out.transfer = std::move(row->transfer);
    out.consumed = find_consumed(db, key.message_id).has_value();
    return out;
  };
  if (!turn) return parts_.readers->run(read);
  mailbox::TransferState out;
  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    if (auto taken = take_turn(db, *turn, parts_.timeline.place(turn->now)); !taken) return taken;
    out = read(db);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<std::vector<mailbox::TransferKey>> DatabaseTransfers::unprocessed() {
  if (parts_.config.database.empty())
    return parts_.readers->run([](Connection& db) { return unprocessed_transfers(db); });
  std::vector<mailbox::TransferKey> out;
  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    out = take_over_transfers(db);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<mailbox::Assembled> DatabaseTransfers::assembled(const mailbox::TransferKey& key) {
  struct Seen {
    std::optional<TransferRow> row;
    std::vector<StoredChunk> chunks;
  };
  const auto seen = parts_.readers->run([&](Connection& db) {
    Seen out;
    out.row = find_transfer(db, key);
    if (out.row) out.chunks = read_chunks(db, out.row->id);
    return out;
  });
  if (!seen) return seen.error();
  if (!seen->row || !seen->row->file || !seen->row->transfer.completed)
    return fail(ErrorCode::not_found, "no complete transfer");
  auto octets = parts_.spool->open(*seen->row->file, seen->row->octets);
  if (!octets) return octets.error();

  // The content of a file decides, not its name: every chunk must still be what was received.
  crypto::Hasher all(crypto::DigestAlgorithm::sha256);
  const std::uint64_t full = seen->row->transfer.chunk_kib * 1024;
  for (const auto& chunk : seen->chunks) {
    crypto::Hasher one(crypto::DigestAlgorithm::sha256);
    const auto hash = [&one](std::string_view piece) -> base::Result<> {
      one.update(piece);
      return {};
    };
    const base::OctetRange range{*octets, full * (chunk.number - 1), chunk.size};
    if (auto read = base::for_each_piece(range, hash); !read) return read.error();
    if (one.finish() != chunk.sha256)
      return fail(ErrorCode::not_found, "a chunk in the spool does not have its hash");
    all.update(std::to_string(chunk.size) + ":");
    all.update(chunk.sha256);
  }
  return mailbox::Assembled{std::move(*octets), all.finish()};
}

base::Result<base::OctetRange> DatabaseTransfers::decode(const base::OctetRange& text) {
  if (auto space = parts_.check_space(text.size / 4 * 3); !space) return space.error();
  return parts_.spool->decode(text);
}

base::Result<> DatabaseTransfers::refuse(const mailbox::TransferKey& key,
                                         const std::vector<std::string>& result,
                                         base::Instant now) {
  std::optional<std::string> file;
  auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    file = finish_transfer(db, key, result, std::nullopt, parts_.timeline.place(now));
    return {};
  });
  // Dying before this leaves a file without a row: swept.
  if (done && file) remove_files({*file});
  return done;
}

base::Result<std::uint64_t> DatabaseTransfers::expire(base::Instant now,
                                                      base::Instant unused_before) {
  Removed removed;
  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    removed = remove_unused(db, unused_before);
    auto received = remove_received(db, "", now - kStillFetched);
    removed.rows += received.rows;
    removed.files.insert(removed.files.end(), received.files.begin(), received.files.end());
    return {};
  });
  if (!done) return done.error();
  // First the rows, then the files: what dies in between is swept at the next start.
  remove_files(removed.files);
  parts_.spool->sweep_expired();
  return removed.rows;
}

} // namespace storage
