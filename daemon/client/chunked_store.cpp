#include "client/chunked_store.h"
#include <algorithm>
#include <utility>

namespace client {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kKib = 1024;
// Small enough for peers with little memory, large enough that the two signatures of each exchange
// do not count.
constexpr std::uint64_t kUsualChunk = 4 * kKib;
// Interruptions one after the other without a chunk arriving.
constexpr int kMaxStalls = 4;
// A peer that loses the same chunk again and again will not take the delivery.
constexpr std::uint8_t kMaxSends = 5;
constexpr base::Milliseconds kFirstWait{500};
constexpr base::Milliseconds kLongestWait{15'000};

constexpr std::string_view kIdRefused = "9801";
constexpr std::string_view kTwice = "9900";
constexpr std::string_view kWrongNumber = "9901";
constexpr std::string_view kInconsistent = "9905";
constexpr std::string_view kTimeExceeded = "3951";
constexpr std::string_view kStillProcessed = "3952";

bool says(const std::vector<osci::FeedbackEntry>& feedback, std::string_view code) {
  return std::any_of(feedback.begin(), feedback.end(),
                     [code](const auto& entry) { return entry.code == code; });
}

} // namespace

std::uint32_t OutgoingTransfer::chunks() const {
  const std::uint64_t chunk = chunk_kib * kKib;
  return static_cast<std::uint32_t>((size + chunk - 1) / chunk);
}

base::Result<std::uint64_t> chunk_kib_for(std::uint64_t size, std::uint64_t wished,
                                          const osci::Features& features) {
  const osci::ChunkLimits limits = features.chunks.value_or(osci::ChunkLimits{});
  const std::uint64_t total = size / kKib + (size % kKib != 0);
  if (limits.max_message != 0 && total > limits.max_message)
    return fail(ErrorCode::invalid_request, "the message has " + std::to_string(total) +
                                                " KiB, the intermediary takes " +
                                                std::to_string(limits.max_message));
  // Whatever a peer announces: neither all of the message in memory, nor an overflow in octets.
  if (limits.min_chunk > kMaxChunkKib)
    return fail(ErrorCode::invalid_request,
                "the intermediary wants chunks of at least " + std::to_string(limits.min_chunk) +
                    " KiB, which is more than " + std::to_string(kMaxChunkKib));
  // More chunks than are allowed need larger ones.
  std::uint64_t chunk = std::max({wished == 0 ? kUsualChunk : wished, total / kMaxChunks + 1,
                                  std::max<std::uint64_t>(limits.min_chunk, 1)});
  chunk = std::min(chunk, kMaxChunkKib);
  if (limits.max_chunk != 0) chunk = std::min(chunk, limits.max_chunk);
  if (chunk < limits.min_chunk || total / chunk >= kMaxChunks)
    return fail(ErrorCode::invalid_request, "the intermediary's limits fit no chunk size");
  return chunk;
}

ChunkedStore::ChunkedStore(Session& session, OutgoingTransfer transfer, base::OctetRange message,
                           ChunkedStoreOptions options)
    : session_(session), transfer_(std::move(transfer)), message_(std::move(message)),
      options_(options) {
  base::check(transfer_.size == message_.size && transfer_.size > 0 && transfer_.chunk_kib > 0 &&
                  transfer_.chunk_kib <= kMaxChunkKib &&
                  transfer_.total_kib() / transfer_.chunk_kib < kMaxChunks,
              "totals of a chunked transfer");
  received_.resize(transfer_.chunks());
  sent_.resize(transfer_.chunks());
}

std::optional<std::uint32_t> ChunkedStore::first_missing() const {
  const auto at = std::find(received_.begin(), received_.end(), false);
  if (at == received_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(at - received_.begin()) + 1;
}

base::Result<Receipt> ChunkedStore::run(bool begun) {
  ask_ = begun_ = begun;
  int stalls = 0;
  for (;;) {
    if (stop && stop()) return fail(ErrorCode::timed_out, "stopped");
    const auto before = count_;
    auto receipt = step();
    if (receipt && *receipt) {
      // What the intermediary holds is settled; a dialog that ends badly changes nothing.
      if (dialog_ && dialog_->alive()) static_cast<void>(dialog_->exit());
      return std::move(**receipt);
    }
    if (count_ > before) stalls = 0;
    if (receipt) continue;
    if (overdue_ || !interrupted(receipt.error()) || ++stalls > kMaxStalls) {
      // After an order that was refused the dialog is still in step.
      if (dialog_ && dialog_->alive() && receipt.error().code == ErrorCode::peer_fault)
        static_cast<void>(dialog_->exit());
      return receipt.error();
    }
    dialog_.reset();
    ask_ = begun_ = true;
  }
}

base::Result<std::optional<Receipt>> ChunkedStore::step() {
  if (!dialog_ || !dialog_->alive()) {
    auto opened = session_.open_dialog();
    if (!opened) return opened.error();
    dialog_.emplace(std::move(*opened));
  }
  std::optional<std::uint32_t> number = first_missing();
  if (ask_) number.reset();
  if (!number) {
    const auto answer =
        dialog_->store_chunk(transfer_.message_id, transfer_.addressee, std::nullopt, {});
    if (!answer) return answer.error();
    return take(*answer, number);
  }
  if (sent_[*number - 1]++ == kMaxSends)
    return fail(ErrorCode::control_block,
                "the intermediary does not keep chunk " + std::to_string(*number));
  const std::uint64_t chunk = transfer_.chunk_kib * kKib;
  const std::uint64_t offset = (*number - 1) * chunk;
  auto bytes = base::read_range(
      {message_.source, message_.offset + offset, std::min(chunk, message_.size - offset)});
  if (!bytes) return bytes.error();
  osci::ChunkInformation information;
  information.number = number;
  information.size = transfer_.chunk_kib;
  information.total_numbers = transfer_.chunks();
  information.total_size = transfer_.total_kib();
  const auto answer = dialog_->store_chunk(transfer_.message_id, transfer_.addressee, information,
                                           std::move(*bytes));
  if (!answer) return answer.error();
  return take(*answer, number);
}

base::Result<std::optional<Receipt>>
ChunkedStore::look_up(const std::vector<osci::FeedbackEntry>& feedback) {
  osci::Selection selection;
  selection.rule = osci::Selection::Rule::message_ids;
  selection.message_ids = {transfer_.message_id};
  auto found = dialog_->fetch_process_cards(selection);
  if (!found) return found.error();
  for (auto& card : found->cards)
    if (card.message_id == transfer_.message_id) {
      processed_ = true;
      return std::optional(Receipt{transfer_.message_id, {}, std::move(card)});
    }
  expired_ = true;
  return refusal(feedback);
}

base::Result<> ChunkedStore::mark(const osci::ChunkInformation& chunk) {
  if (chunk.total_numbers && *chunk.total_numbers != 0 &&
      *chunk.total_numbers != transfer_.chunks())
    return fail(ErrorCode::control_block, "the intermediary counts other chunks than we do");
  if (!chunk.received) return {};
  // The list is the whole truth: the intermediary may have lost something.
  std::vector<bool> listed(received_.size());
  for (const auto number : *chunk.received) {
    if (number < 1 || number > listed.size())
      return fail(ErrorCode::control_block, "the intermediary lists a chunk that does not exist");
    listed[number - 1] = true;
  }
  received_ = std::move(listed);
  return {};
}

base::Result<std::optional<Receipt>> ChunkedStore::take(const osci::Answer& answer,
                                                        std::optional<std::uint32_t> number) {
  const auto& feedback = answer.feedback;
  const bool asked = std::exchange(ask_, false);
  const auto& inside = answer.inside_feedback;
  const bool pending = says(inside, kTimeExceeded) || says(inside, kStillProcessed);
  if (!inside.empty() && !pending) {
    if (inside.front().code.starts_with('9')) {
      processed_ = true;
      return refusal(inside);
    }
    Receipt out;
    out.message_id = transfer_.message_id;
    out.feedback = inside;
    if (!answer.cards.empty()) {
      const auto& id = answer.cards.front().message_id;
      // Without suffix, as the card of the whole (11.6); others leave it there.
      if (id != transfer_.message_id &&
          id != transfer_.message_id + std::string(osci::kPartialSuffix))
        return fail(ErrorCode::control_block, "receipt of another delivery");
      out.card = answer.cards.front();
      out.card->message_id = transfer_.message_id;
    }
    // Not before everything has been checked: an answer that is not to be believed settles nothing.
    processed_ = true;
    return std::optional(std::move(out));
  }

  const auto& code = feedback.front().code;
  // An accepted message is told from an id that has expired by its process card alone, once the
  // result is no longer kept.
  if (begun_ && code == kIdRefused) return look_up(feedback);
  const bool twice = number && code == kTwice;
  // Asked for a transfer that it does not know (any more), a peer may say so in these ways.
  const bool unknown = !number && asked && (code == kWrongNumber || code == kInconsistent);
  if (!answer.executed() && !twice && !unknown) return refusal(feedback);
  if (unknown) {
    std::fill(received_.begin(), received_.end(), false);
  } else {
    if (answer.chunk)
      if (const auto ok = mark(*answer.chunk); !ok) return ok.error();
    if (number && !(answer.chunk && answer.chunk->received)) received_[*number - 1] = true;
    // What is there twice is there, whatever the list says of it.
    if (twice) received_[*number - 1] = true;
  }
  count_ = static_cast<std::uint32_t>(std::count(received_.begin(), received_.end(), true));
  if (on_progress) on_progress(count_, transfer_.chunks());
  if (first_missing()) return std::optional<Receipt>{};

  // All is there, but no result yet. The first question costs no waiting.
  if (!number) {
    wait_ = std::clamp(2 * wait_, kFirstWait, kLongestWait);
    if (waited_ >= options_.processing) {
      overdue_ = true;
      return fail(ErrorCode::timed_out, "everything has arrived, but is still being processed");
    }
    session_.pause(wait_);
    waited_ += wait_;
  }
  return std::optional<Receipt>{};
}

} // namespace client
