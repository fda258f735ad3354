// The tables of chunked transfers in terms of the port. Every function runs inside a transaction of
// the caller and throws SqlError. Private to storage/.
#pragma once
#include "mailbox/transfers.h"
#include "storage/connection.h"

namespace storage {

struct TransferRow {
  std::int64_t id = 0;
  std::optional<std::string> file; // none: the result is frozen
  std::uint64_t octets = 0;        // reserved until complete, then the exact size
  mailbox::Transfer transfer;
};

std::optional<TransferRow> find_transfer(Connection& db, const mailbox::TransferKey& key);
std::int64_t insert_transfer(Connection& db, const mailbox::Chunk& first, const std::string& file,
                             std::uint64_t octets, base::Instant at);
void insert_chunk(Connection& db, std::int64_t transfer, const mailbox::Chunk& chunk,
                  const std::string& sha256, base::Instant at);
void complete_transfer(Connection& db, std::int64_t transfer, std::uint32_t by,
                       std::uint64_t octets, base::Instant at);
// Freezes the result, unless one is frozen already. Returns the spool file that no row names any
// more: to be removed after the commit.
std::optional<std::string> finish_transfer(Connection& db, const mailbox::TransferKey& key,
                                           const std::vector<std::string>& result,
                                           std::optional<std::int64_t> delivery, base::Instant at);
std::vector<mailbox::TransferKey> unprocessed_transfers(Connection& db);
// PostgreSQL: those that a node has completed, or was given here, kProcessing ago or longer: it is
// taken for dead, and they are given to the caller.
std::vector<mailbox::TransferKey> take_over_transfers(Connection& db);
constexpr std::chrono::minutes kProcessing{5};

struct StoredChunk {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string sha256;
};
std::vector<StoredChunk> read_chunks(Connection& db, std::int64_t transfer);
std::optional<StoredChunk> find_chunk(Connection& db, std::int64_t transfer, std::uint32_t number);

struct FreezeRow {
  std::int64_t id = 0;
  std::int64_t delivery = 0;
  std::string message_id;
  std::uint64_t chunk_kib = 0;
  std::uint64_t octets = 0;
  std::string file;
};
std::optional<FreezeRow> find_freeze(Connection& db, const std::string& party,
                                     const std::string& message_id);
// Id of the delivery that this dialog was served a chunk of last.
std::optional<std::string> fetched_in_dialog(Connection& db, const std::string& conversation_id);
std::int64_t insert_freeze(Connection& db, const std::string& party, const FreezeRow& freeze,
                           base::Instant at);
void restart_freeze(Connection& db, std::int64_t freeze, std::uint64_t chunk_kib);
void touch_freeze(Connection& db, const FreezeRow& freeze, std::int64_t id,
                  const std::string& conversation_id, base::Instant at);
// How many different chunks have been handed out.
std::uint64_t handed_out(Connection& db, std::int64_t freeze);
void note_handed_out(Connection& db, std::int64_t freeze, std::uint32_t number);
void delete_freeze(Connection& db, std::int64_t freeze);
// The frozen card shows `forwarding`; modification is the time of the transaction, or `forwarding`
// if that is later. Not once received.
void stamp_forwarding(Connection& db, std::int64_t delivery, base::Instant forwarding,
                      base::Instant at);
// Whether the next acknowledging turn of the dialog means this delivery too. Not once received.
void set_awaiting(Connection& db, const std::string& conversation_id, std::int64_t delivery,
                  bool awaiting);

struct SpoolUse {
  std::uint64_t total = 0;
  std::uint64_t of_party = 0;
};
SpoolUse spool_use(Connection& db, const std::string& party);
bool has_spool_file(Connection& db, const std::string& file);

// Removes the rows of what is not used any more and names its files: unfinished transfers, results
// and frozen answers untouched since `unused_before`, and frozen answers whose delivery has been
// received (of `party` only, unless it is empty).
struct Removed {
  std::uint64_t rows = 0;
  std::vector<std::string> files;
};
Removed remove_unused(Connection& db, base::Instant unused_before);
Removed remove_received(Connection& db, const std::string& party, base::Instant unused_before);

} // namespace storage
