#include "fault/recovery.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "fault/deliveries.h"
#include "fault/workload.h"
#include "storage/backup.h"
#include <mutex>

namespace fault {
namespace {

constexpr mailbox::SpoolQuota kQuota{100 << 20, 100 << 20};
const std::string kAfter = "after";

// The loud lines since the last call; everything else is dropped.
class Log {
 public:
  static std::vector<std::string> take() {
    const std::lock_guard lock(instance().mutex_);
    return std::exchange(instance().lines_, {});
  }

 private:
  Log() {
    base::set_log_sink([this](const base::LogRecord& record) {
      if (record.level < base::LogLevel::error) return;
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(record.event) + " " + base::render(record));
    });
  }
  static Log& instance() {
    static Log log;
    return log;
  }
  static inline Log& installed_ = instance(); // before threads start

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

std::string reason(const base::Error& error) {
  return std::string(base::to_string(error.code)) + " (" + error.detail + ")";
}

class Recovery {
 public:
  Recovery(const History& history, storage::DatabaseStore& store)
      : history_(history), store_(store), transfers_(store) {}

  Found run() {
    cards();
    contents();
    dialogs();
    pieces();
    transfers();
    pushes();
    drain();
    works_on();
    return std::move(out_);
  }

 private:
  void damaged(const std::string& what, const base::Error& error) {
    out_.damage.push_back(what + ": " + reason(error));
  }

  void cards() {
    mailbox::CardSelection all;
    all.party = "sender";
    all.mailboxes = mailboxes();
    all.limit = 10'000;
    const auto page = store_.cards(all, std::nullopt);
    if (!page) return damaged("cards", page.error());
    for (const auto& card : page->cards) out_.cards[card.message_id] = card;
  }

  static FoundDelivery found(const mailbox::StoredDelivery& delivery) {
    return {digest(delivery.parts, delivery.context), delivery.mailbox};
  }

  void contents() {
    for (const auto& [id, known] : history_.deliveries) {
      mailbox::FetchSelection selection;
      selection.mailboxes = mailboxes();
      selection.rule = mailbox::FetchRule::message_id;
      selection.message_id = id;
      const auto read = store_.read(selection);
      if (!read)
        damaged(id, read.error());
      else if (read->delivery)
        out_.content[id] = found(*read->delivery);
    }
  }

  void dialogs() {
    for (const auto& [id, known] : history_.dialogs) {
      const auto dialog = store_.find_dialog(id);
      if (!dialog)
        damaged("dialog " + id, dialog.error());
      else if (*dialog)
        out_.dialogs[id] = (*dialog)->next_sequence;
    }
  }

  void pieces() {
    for (const auto& [id, known] : history_.deliveries)
      for (const auto& [number, digest] : known.pieces) {
        mailbox::ChunkSelection wanted;
        wanted.selection.mailboxes = mailboxes();
        wanted.selection.rule = mailbox::FetchRule::message_id;
        wanted.selection.message_id = id;
        wanted.party = kReader;
        wanted.conversation_id = known.piece_dialog;
        wanted.chunk_kib = kChunkKib;
        wanted.number = number;
        const auto piece =
            transfers_.hand_out(wanted, id, nullptr, std::nullopt, kQuota, std::nullopt);
        if (piece && !piece->refused)
          out_.pieces[id][number] =
              base::hex_encode(crypto::digest(crypto::DigestAlgorithm::sha256, piece->bytes));
        else
          damaged("piece of " + id, piece ? *piece->refused : piece.error());
      }
  }

  // An unfinished one is finished by its sender: so it shows that what was there is right.
  void transfers() {
    for (const auto& [id, chunks] : history_.chunks) {
      const auto state = transfers_.state(transfer_of(id), std::nullopt);
      if (!state) {
        damaged("transfer " + id, state.error());
        continue;
      }
      if (!state->transfer) continue;
      auto& found = out_.transfers[id];
      found.received.insert(state->transfer->received.begin(), state->transfer->received.end());
      found.finished = !state->transfer->result.empty();
      if (found.finished) continue;
      for (std::uint32_t number = 1; number <= kChunks; ++number) {
        if (found.received.contains(number)) continue;
        const auto put = transfers_.put(chunk(id, number), kQuota, std::nullopt);
        if (!put || put->refused) out_.stuck.push_back("chunk of " + id + " after the recovery");
      }
      const auto whole = transfers_.assembled(transfer_of(id));
      const auto octets = whole ? base::read_range({whole->octets, 0, whole->octets->size()})
                                : base::Result<std::string>(whole.error());
      if (!octets)
        damaged("transfer " + id, octets.error());
      else
        found.damaged = *octets != transfer_octets(id);
    }
  }

  void pushes() {
    for (const auto& [id, known] : history_.pushes) {
      const auto push = store_.find_push(id, delivery(id).request_digest);
      if (!push) {
        damaged("push " + id, push.error());
        continue;
      }
      if (!*push) continue;
      auto& found = out_.pushes[id];
      found.forwarded = (*push)->card.forwarding.has_value();
      found.finished = (*push)->finished;
      found.code = (*push)->code;
      if ((*push)->reply) found.reply = digest((*push)->reply->parts, (*push)->reply->context);
    }
  }

  mailbox::DialogTurn turn() {
    mailbox::DialogTurn out;
    out.conversation_id = kAfter;
    out.sequence = sequence_;
    out.challenge = "c" + std::to_string(sequence_);
    out.next_challenge = "c" + std::to_string(++sequence_);
    out.request_digest = "r" + std::to_string(sequence_);
    out.now = at(100'000 + sequence_);
    return out;
  }

  std::optional<mailbox::StoredDelivery> fetch() {
    mailbox::FetchSelection oldest;
    oldest.mailboxes = mailboxes();
    auto fetched = store_.fetch(oldest, turn());
    if (!fetched) {
      out_.stuck.push_back("fetch: " + reason(fetched.error()));
      return std::nullopt;
    }
    return std::move(fetched->delivery);
  }

  void drain() {
    mailbox::Dialog dialog;
    dialog.conversation_id = kAfter;
    dialog.party = kReader;
    dialog.cipher_certificate = "certificate";
    dialog.challenge = "c0";
    dialog.opened = dialog.last_activity = at(100'000);
    if (const auto opened = store_.open_dialog(dialog, 1000); !opened)
      return out_.stuck.push_back("dialog: " + reason(opened.error()));
    for (std::size_t i = 0; i <= history_.deliveries.size() + 8; ++i) {
      const auto delivery = fetch();
      if (!delivery) return;
      out_.offered.emplace_back(delivery->card.message_id, found(*delivery));
    }
    out_.stuck.push_back("fetching does not come to an end");
  }

  // One more delivery, all the way.
  void works_on() {
    const std::string id = "large-99998";
    const auto receipt = store_.store(delivery(id), std::nullopt, "refused");
    if (!receipt) return out_.stuck.push_back("store: " + reason(receipt.error()));
    const auto delivered = fetch();
    if (!delivered || delivered->card.message_id != id ||
        found(*delivered).digest != expected_digest(id))
      return out_.stuck.push_back("what is stored afterwards is not fetched");
    if (const auto taken = store_.take_turn(turn()); !taken)
      return out_.stuck.push_back("acknowledge: " + reason(taken.error()));
    mailbox::CardSelection one;
    one.party = "sender";
    one.rule = mailbox::CardRule::message_ids;
    one.message_ids = {id};
    const auto page = store_.cards(one, std::nullopt);
    if (!page || page->cards.size() != 1 || !page->cards.front().reception)
      out_.stuck.push_back("what is acknowledged afterwards is not received");
  }

  const History& history_;
  storage::DatabaseStore& store_;
  storage::DatabaseTransfers transfers_;
  Found out_;
  std::uint32_t sequence_ = 0;
};

// All that a store restored from the backup can be asked for. None: there is no backup, or it is
// refused as incomplete; whether it may be is the judge's question.
std::optional<std::map<std::string, FoundDelivery>>
restored(const History& history, std::string_view workload, const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "backup" / "MANIFEST")) return std::nullopt;
  std::filesystem::remove_all(folder / "restored");
  if (!storage::restore(folder / "backup", folder / "restored")) return std::nullopt;
  auto config = config_for(workload, folder / "restored");
  config.readers = 1;
  const auto store = storage::DatabaseStore::open(std::move(config));
  if (!store) return std::nullopt;
  std::map<std::string, FoundDelivery> out;
  for (const auto& [id, known] : history.deliveries) {
    mailbox::FetchSelection selection;
    selection.mailboxes = mailboxes();
    selection.rule = mailbox::FetchRule::message_id;
    selection.message_id = id;
    const auto read = (*store)->read(selection);
    if (read && read->delivery)
      out[id] = {digest(read->delivery->parts, read->delivery->context), read->delivery->mailbox};
  }
  return out;
}

} // namespace

Found recover(const History& history, std::string_view workload,
              const std::filesystem::path& folder) {
  Log::take();
  Found out;
  auto config = config_for(workload, folder / "state");
  config.readers = 1;
  bool sync_failed = false;
  config.on_sync_failure = [&](const std::string&) { sync_failed = true; };
  try {
    auto store = storage::DatabaseStore::open(std::move(config));
    if (!store) {
      out.no_start = reason(store.error());
      return out;
    }
    out = Recovery(history, **store).run();
    store->reset();
    if (history.backup.begun) out.backup = restored(history, workload, folder);
  } catch (const std::exception& error) {
    out.stuck.push_back(std::string("exception: ") + error.what());
  }
  if (sync_failed) out.stuck.push_back("a sync failed");
  for (auto& line : Log::take()) out.damage.push_back(std::move(line));
  return out;
}

} // namespace fault
