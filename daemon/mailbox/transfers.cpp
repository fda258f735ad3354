#include "mailbox/transfers.h"
#include "base/seeded_fault.h"
#include <algorithm>

namespace mailbox {

using base::ErrorCode;
using base::fail;

base::Result<> check_chunk(const Chunk& chunk, const Transfer* known) {
  if (known &&
      (known->parties != chunk.parties || known->total_numbers != chunk.total_numbers ||
       known->chunk_kib != chunk.chunk_kib || known->total_kib != chunk.total_kib) &&
      !base::seeded_fault("chunk-not-compared"))
    return fail(ErrorCode::chunk_inconsistent, "chunk does not fit the transfer's first one");
  if (chunk.total_numbers == 0 || chunk.chunk_kib == 0)
    return fail(ErrorCode::chunk_inconsistent, "no chunks, or chunks without size");
  if (chunk.total_numbers > kMaxChunks)
    return fail(ErrorCode::chunk_too_small, "more chunks than are taken");
  if (chunk.number == 0 || chunk.number > chunk.total_numbers)
    return fail(ErrorCode::chunk_number_wrong, "chunk number out of range");
  if (known && std::binary_search(known->received.begin(), known->received.end(), chunk.number))
    return fail(ErrorCode::chunk_repeated);

  const std::uint64_t full = chunk.chunk_kib * 1024;
  const bool last = chunk.number == chunk.total_numbers;
  if (chunk.bytes.empty() || chunk.bytes.size() > full || (!last && chunk.bytes.size() != full))
    return fail(ErrorCode::chunk_inconsistent, "chunk has not the size it names");
  if (chunk.total_kib > 0) {
    // Peers round up, down or to the next: one KiB more or less is no contradiction.
    const std::uint64_t before = (chunk.total_numbers - 1) * chunk.chunk_kib;
    const std::uint64_t least = last ? before + chunk.bytes.size() / 1024 : before;
    const std::uint64_t most =
        last ? before + (chunk.bytes.size() + 1023) / 1024 : before + chunk.chunk_kib;
    if (chunk.total_kib + 1 < least || chunk.total_kib > most + 1)
      return fail(ErrorCode::chunk_inconsistent, "TotalMessageSize does not fit the chunks");
  }
  return {};
}

} // namespace mailbox
