#include "client/chunked_fetch.h"
#include "seal/attachment_stream.h"
#include <algorithm>
#include <array>
#include <utility>

namespace client {

using base::ErrorCode;
using base::fail;
using osci::MessageType;
using osci::Selection;

namespace {

constexpr std::uint64_t kKib = 1024;
constexpr std::uint32_t kMaxChunks = 10'000;
constexpr int kMaxStalls = 4;
// A chunk is held in memory several times.
constexpr std::uint64_t kMostKib = 64 * 1024;
constexpr std::string_view kNoDelivery = "9803";
constexpr std::array<std::string_view, 4> kOtherChunks = {"9901", "9902", "9903", "9905"};

base::Error wrong(const char* rule) {
  return fail(ErrorCode::control_block, rule);
}

// What is wished, as far as it is announced.
std::uint64_t within(std::uint64_t wished, const std::optional<osci::ChunkLimits>& limits) {
  if (!limits) return wished;
  // A maximum that is not told, or nonsense, is none; the minimum only matters below it.
  wished = std::max(wished, std::min<std::uint64_t>(limits->min_chunk, kMostKib));
  return limits->max_chunk == 0 ? wished : std::min(wished, limits->max_chunk);
}

Selection by_id(const std::string& id) {
  Selection out;
  out.rule = Selection::Rule::message_ids;
  out.message_ids = {id};
  return out;
}

} // namespace

struct ChunkedFetch::Progress {
  Selection selection;
  std::optional<IncomingTransfer> transfer; // known since the first chunk, or from an earlier run
  std::vector<bool> received;
  std::uint32_t number = 1; // asked for now
  std::uint64_t requested_kib = 0;
  bool resumed = false; // in another dialog than it began in: the peer may have forgotten it
  bool whole = false;

  void next() {
    const auto missing = std::find(received.begin(), received.end(), false);
    whole = missing == received.end();
    number = static_cast<std::uint32_t>(missing - received.begin()) + 1;
  }
};

base::Result<std::optional<Delivery>> ChunkedFetch::fetch(std::optional<Session::Dialog>& dialog,
                                                          const Selection& selection) {
  unopened_.reset();
  Progress at;
  at.selection = selection;
  if (selection.rule == Selection::Rule::message_ids) {
    auto known = spool_.find(selection.message_ids.at(0));
    if (!known) return known.error();
    if (*known) {
      at.transfer = std::move((*known)->transfer);
      at.received = std::move((*known)->received);
      at.resumed = true;
      at.next();
      // What is complete, but not acknowledged: only who asks for a chunk in this dialog can
      // acknowledge it by the next request.
      if (at.whole) {
        at.received.back() = false;
        at.next();
      }
    }
  }

  int stalls = 0;
  bool anew = false;
  const auto begin_anew = [&]() -> base::Result<> {
    anew = true;
    // Everything may have been handed out: another request in this dialog would acknowledge it.
    if (dialog) dialog->drop();
    const auto forgotten = spool_.forget(at.transfer->message_id);
    at.selection = by_id(at.transfer->message_id);
    at.transfer.reset();
    at.received.clear();
    at.number = 1;
    at.resumed = false;
    return forgotten;
  };
  for (;;) {
    if (stop && stop()) return fail(ErrorCode::timed_out, "stopped");
    base::Result<Delivery> answered = fail(ErrorCode::internal);
    if (!dialog || !dialog->alive()) {
      auto opened = session_.open_dialog();
      if (opened)
        dialog.emplace(std::move(*opened));
      else
        answered = opened.error();
    }
    if (dialog && dialog->alive()) {
      osci::ChunkInformation chunk;
      chunk.number = at.number;
      at.requested_kib = at.transfer ? at.transfer->requested_kib
                                     : within(options_.chunk_kib, dialog->features().chunks);
      chunk.size = at.requested_kib;
      auto& have = chunk.received.emplace();
      for (std::uint32_t i = 0; i < at.received.size(); ++i)
        if (at.received[i]) have.push_back(i + 1);
      answered = dialog->fetch_chunk(at.selection, chunk);
    }
    if (!answered) {
      // Before anything is known of the delivery this is an error like that of any request.
      if (!at.transfer || !interrupted(answered.error()) || ++stalls > kMaxStalls)
        return answered.error();
      if (dialog) dialog->drop();
      at.selection = by_id(at.transfer->message_id);
      at.resumed = true;
      continue;
    }
    const auto& answer = answered->answer;
    const auto& code = answer.feedback.front().code;
    if (code == kNoDelivery) {
      // Somebody else has received it meanwhile.
      if (at.transfer)
        if (const auto done = spool_.forget(at.transfer->message_id); !done) return done.error();
      return std::optional<Delivery>{};
    }
    if (!answer.executed()) {
      // It was cut otherwise, or may no longer be cut like this.
      const bool other =
          std::find(kOtherChunks.begin(), kOtherChunks.end(), code) != kOtherChunks.end();
      if (!at.transfer || !other || anew) return refusal(answer.feedback);
      if (const auto done = begin_anew(); !done) return done.error();
      continue;
    }
    if (answer.to == MessageType::fetch_delivery) {
      const auto id = answered->message_id();
      if (id.empty() || (at.selection.rule == Selection::Rule::message_ids &&
                         at.selection.message_ids != std::vector<std::string>{id})) {
        dialog->drop();
        return wrong("the delivery is not the one that was asked for");
      }
      if (at.transfer)
        if (const auto done = spool_.forget(id); !done) return done.error();
      return std::optional<Delivery>(std::move(*answered));
    }

    if (const auto taken = take(at, *answered); !taken) {
      if (taken.error().code == ErrorCode::file_error || !at.transfer || anew) {
        dialog->drop();
        return taken.error();
      }
      // The peer cut the delivery anew, e.g. because it froze another answer.
      if (const auto done = begin_anew(); !done) return done.error();
      continue;
    }
    stalls = 0;
    if (on_progress)
      on_progress(
          static_cast<std::uint32_t>(std::count(at.received.begin(), at.received.end(), true)),
          at.transfer->chunks, at.transfer->total_kib);
    if (!at.whole) continue;

    auto delivery = reassemble(*at.transfer);
    if (delivery) return std::optional<Delivery>(std::move(*delivery));
    // Chunks of two frozen answers of the same size may have met; of one they cannot.
    if (delivery.error().code != ErrorCode::file_error && at.resumed && !anew) {
      if (const auto done = begin_anew(); !done) return done.error();
      continue;
    }
    dialog->drop();
    return delivery.error();
  }
}

base::Result<> ChunkedFetch::begin(Progress& at, const osci::Answer& answer, std::uint64_t size) {
  IncomingTransfer fresh;
  fresh.message_id = *answer.message_id;
  fresh.requested_kib = at.requested_kib;
  fresh.chunk_size = size;
  fresh.chunks = *answer.chunk->total_numbers;
  fresh.total_kib = answer.chunk->total_size.value_or(0);
  // All but the last chunk are as long as the first, so the totals must fit together.
  const std::uint64_t least = fresh.chunks * size - (size - 1), most = fresh.chunks * size;
  if (fresh.total_kib > options_.max_total_kib ||
      most / kKib > options_.max_total_kib + size / kKib)
    return fail(ErrorCode::too_large, "delivery of " + std::to_string(most / kKib) + " KiB");
  if ((fresh.total_kib + 1) * kKib < least || fresh.total_kib * kKib > most + kKib)
    return wrong("TotalMessageSize does not fit the chunks");
  auto received = spool_.begin(fresh);
  if (!received) return received.error();
  at.transfer = std::move(fresh);
  at.received = std::move(*received);
  at.resumed = std::count(at.received.begin(), at.received.end(), true) > 0;
  return {};
}

base::Result<> ChunkedFetch::take(Progress& at, const Delivery& answered) {
  const auto& answer = answered.answer;
  const auto& chunk = answer.chunk;
  if (!answer.content || answer.content->attachments.size() != 1 || !chunk || !answer.message_id ||
      answer.message_id->empty())
    return fail(ErrorCode::malformed_message, "answer without chunk");
  const std::string& bytes = answer.content->attachments.front().bytes;
  if (at.selection.rule == Selection::Rule::message_ids &&
      at.selection.message_ids != std::vector<std::string>{*answer.message_id})
    return wrong("the delivery is not the one that was asked for");
  if (chunk->number != at.number) return wrong("not the chunk that was asked for");
  if (!chunk->total_numbers || *chunk->total_numbers < at.number ||
      *chunk->total_numbers > kMaxChunks)
    return wrong("number of chunks");
  if (bytes.empty() || bytes.size() > at.requested_kib * kKib) return wrong("size of a chunk");
  if (!at.transfer)
    if (const auto begun = begin(at, answer, bytes.size()); !begun) return begun;
  const auto& transfer = *at.transfer;
  if (transfer.message_id != *answer.message_id || transfer.chunks != *chunk->total_numbers ||
      transfer.total_kib != chunk->total_size.value_or(0))
    return wrong("the totals of the delivery have changed");
  const bool last = at.number == transfer.chunks;
  if (last ? bytes.size() > transfer.chunk_size : bytes.size() != transfer.chunk_size)
    return wrong("size of a chunk");
  const auto kept = spool_.put(transfer, at.number, bytes);
  if (!kept) return kept.error();
  if (!*kept) return wrong("the chunks of the delivery have changed");
  at.received[at.number - 1] = true;
  at.next();
  return {};
}

base::Result<Delivery> ChunkedFetch::reassemble(const IncomingTransfer& transfer) {
  auto text = spool_.whole(transfer);
  if (!text) return text.error();
  unopened_ = Unopened{transfer.message_id, *text};
  if (text->size > (transfer.total_kib + 1) * kKib ||
      (text->size + kKib) / kKib < transfer.total_kib)
    return wrong("TotalMessageSize does not fit the chunks");
  const auto new_file = spool_.plain_files(transfer.message_id);
  seal::Spooled spooled;
  spooled.source = text->source;
  spooled.decode = [&new_file](const base::OctetRange& coded) {
    return seal::decode_base64(coded, new_file);
  };
  // Clear (11.7): the chunks were encrypted.
  seal::OpenOptions options = session_.options().open;
  options.direction = seal::Direction::answer;
  auto message = seal::open_spooled(spooled, {}, options, random_);
  if (!message) return message.error();
  auto answer = osci::decode_answer(*message, false);
  if (!answer) return answer.error();
  if (answer->to != MessageType::fetch_delivery || !answer->executed())
    return wrong("the chunks make no delivery");
  if (answer->signer && !pinned(session_.intermediary(), *answer->signer))
    return fail(ErrorCode::signature_wrong,
                "the delivery is signed with another certificate than the intermediary's");
  Delivery out{std::move(*answer), std::move(*message), *text};
  if (out.message_id() != transfer.message_id) return wrong("the chunks make another delivery");
  unopened_.reset();
  return out;
}

} // namespace client
