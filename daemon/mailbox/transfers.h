// Port: chunked transfers that outlive the process (wire reference 11). Adapter: storage/.
//
// What mailbox::Store promises holds here too: one function is one transaction, success means on
// stable storage, all functions block and are thread-safe, times are raised to the latest given.
// Further errors: storage_full (disk or its reserve), quota_exceeded (spool of all or of one
// party). Sizes are octets unless a name ends in _kib.
#pragma once
#include "base/octets.h"
#include "mailbox/store.h"

namespace mailbox {

// More chunks than this are no use to anybody and make every list of them long.
constexpr std::uint32_t kMaxChunks = 10'000;

// One chunk on its way in.
struct Chunk {
  TransferKey key;
  std::string parties; // who stands in the envelope, opaque to the store; the same in every chunk
  std::optional<std::string> subject;
  std::uint32_t number = 0; // counted from 1
  std::uint32_t total_numbers = 0;
  std::uint64_t chunk_kib = 0; // of every chunk but the last, which may be shorter
  std::uint64_t total_kib = 0; // 0: not said
  std::string bytes;
  base::Instant now;
};

// A transfer as it stands.
struct Transfer {
  TransferKey key;
  std::string parties;
  std::optional<std::string> subject;
  std::uint32_t total_numbers = 0;
  std::uint64_t chunk_kib = 0;
  std::uint64_t total_kib = 0;
  std::vector<std::uint32_t> received; // ascending
  base::Instant created, activity;
  std::optional<base::Instant> completed; // all chunks are there
  std::uint32_t completed_by = 0;         // number of the chunk that came last
  // Frozen when the whole has been processed: OSCI codes, opaque to the store, and the receipt of
  // the delivery if it was stored.
  std::vector<std::string> result;
  std::optional<Receipt> receipt;
};

// What the rules of 11.4 say to a chunk beside what is known of its transfer (null: nothing yet).
// Errors: chunk_repeated, chunk_number_wrong, chunk_inconsistent, chunk_too_small. Pure.
base::Result<> check_chunk(const Chunk& chunk, const Transfer* known);

struct SpoolQuota {
  std::uint64_t total = 0;
  std::uint64_t of_party = 0;
};

struct PutChunk {
  std::optional<Transfer> transfer; // afterwards; none when the first chunk was refused
  std::optional<base::Error> refused;
  bool same_as_last = false; // refused as a repeat, but octet for octet the chunk that completed it
};

struct TransferState {
  std::optional<Transfer> transfer;
  bool consumed = false; // the message id belongs to a stored delivery
};

// The octets of a complete transfer, every chunk checked against its hash.
struct Assembled {
  std::shared_ptr<const base::Octets> octets;
  std::string digest; // the same for the same chunks
};

// --- the other way: an answer too large for one message, frozen and handed out by chunks (11.7)
// ---

// A file under construction; removed at the end of its life unless hand_out() took it over.
class FrozenFile {
 public:
  virtual ~FrozenFile() = default;
  // Errors: storage_full, storage_failure.
  virtual base::Result<> append(std::string_view piece) = 0;
  virtual std::uint64_t size() const = 0;
};

struct ChunkSelection {
  FetchSelection selection;
  std::string party; // of who fetches
  std::string conversation_id;
  std::uint32_t number = 0;
  std::uint64_t chunk_kib = 0;
};

struct ChunkSource {
  // What the request is for; nullopt: no delivery matches. Its parts are ranges with every hash
  // checked when `frozen` is false, and absent when it is true.
  std::optional<StoredDelivery> delivery;
  bool frozen = false; // an answer of this party for this delivery lies ready
  std::uint64_t waiting = 0;
};

struct ChunkOut {
  std::string message_id;
  std::string bytes;
  std::uint32_t number = 0;
  std::uint32_t total_numbers = 0;
  std::uint64_t total = 0;
  std::uint64_t waiting = 0;          // as Fetched::waiting
  std::optional<base::Error> refused; // chunk_number_wrong, chunk_inconsistent; then no bytes
};

class Transfers {
 public:
  virtual ~Transfers() = default;

  // Stores a chunk, any order, once each. A refused one still takes its turn; the dialog's
  // last_result is turn.result, followed by '!' and the error's name if it was refused. The first
  // chunk makes the transfer: message_id_refused when the id is consumed.
  virtual base::Result<PutChunk> put(const Chunk& chunk, const SpoolQuota& quota,
                                     const std::optional<DialogTurn>& turn) = 0;
  // InfoOnly, and repeats (which pass no turn).
  virtual base::Result<TransferState> state(const TransferKey& key,
                                            const std::optional<DialogTurn>& turn) = 0;
  // Complete transfers without a result: to be processed, after a restart again. Where several
  // processes share a database: those that nobody has been processing for some minutes, each given
  // to one caller; to be asked for from time to time.
  virtual base::Result<std::vector<TransferKey>> unprocessed() = 0;
  // not_found: no such transfer, or damaged on the disk.
  virtual base::Result<Assembled> assembled(const TransferKey& key) = 0;
  // Base64 text of an assembled message as octets in a file that vanishes with its last user.
  // Errors: malformed_message, storage_full, storage_failure.
  virtual base::Result<base::OctetRange> decode(const base::OctetRange& text) = 0;
  // Freezes a result without delivery. (With one: Store::store().)
  virtual base::Result<> refuse(const TransferKey& key, const std::vector<std::string>& result,
                                base::Instant now) = 0;

  // What a PartialFetchDelivery is for, without changing anything. A number above 1 goes on with
  // what the dialog fetches, whatever the selection would find by now.
  virtual base::Result<ChunkSource> find(const ChunkSelection& wanted) = 0;
  // storage_full when `expected` octets do not fit.
  virtual base::Result<std::unique_ptr<FrozenFile>> new_file(std::uint64_t expected) = 0;
  // Takes the turn, freezes `fresh` as the answer for `message_id` unless one is frozen already,
  // and hands out a chunk. `fresh` shows `forwarding` on its card; null: there must be a frozen
  // answer (not_found otherwise). The delivery awaits acknowledgement in this dialog when every
  // chunk of it has been handed out, in whatever dialogs. The dialog's last_result is turn.result,
  // followed by the message id, or as with put() if it was refused. Chunk 1 may set another chunk
  // size, which begins anew; any other chunk must keep it.
  virtual base::Result<ChunkOut>
  hand_out(const ChunkSelection& wanted, const std::string& message_id,
           std::unique_ptr<FrozenFile> fresh, std::optional<base::Instant> forwarding,
           const SpoolQuota& quota, const std::optional<DialogTurn>& turn) = 0;

  // Forgets unfinished transfers and frozen answers without activity since `unused_before`, results
  // from before it, and frozen answers of what has been received, some minutes after their last
  // chunk. Returns how many.
  virtual base::Result<std::uint64_t> expire(base::Instant now, base::Instant unused_before) = 0;
};

} // namespace mailbox
