#include "fault/workload.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "fault/deliveries.h"
#include "fault/system_calls.h"
#include "storage/backup.h"
#include <thread>
#include <vector>

namespace fault {
namespace {

constexpr mailbox::SpoolQuota kQuota{100 << 20, 100 << 20};
constexpr int kTries = 20;

std::string milliseconds(base::Instant instant) {
  return std::to_string(instant.time_since_epoch().count());
}

// What a broken disk may be answered with; anything else is a violation.
bool is_clean(const std::string& what, base::ErrorCode code) {
  // A backup tells its operator which file it was.
  if (what.starts_with("backup") && code == base::ErrorCode::file_error) return true;
  return code == base::ErrorCode::storage_full || code == base::ErrorCode::storage_failure;
}

} // namespace

storage::StoreConfig config_for(std::string_view workload, const std::filesystem::path& folder) {
  storage::StoreConfig out;
  out.folder = folder;
  out.reserve_bytes = 0;
  out.readers = 2;
  out.body_file_threshold = workload == "checkpoints" ? 64 << 10 : 4 << 10;
  return out;
}

Session::Session(std::string workload, std::filesystem::path folder)
    : workload_(std::move(workload)), folder_(std::move(folder)) {}

bool Session::open() {
  auto opened = storage::DatabaseStore::open(config_for(workload_, folder_));
  if (!opened) {
    refused_ = true;
    mark("refused-start " + std::string(base::to_string(opened.error().code)));
    return false;
  }
  store_ = std::move(*opened);
  transfers_ = std::make_unique<storage::DatabaseTransfers>(*store_);
  retention_ = std::make_unique<storage::DatabaseRetention>(*store_);
  return true;
}

void Session::close() {
  retention_.reset();
  transfers_.reset();
  store_.reset();
}

bool Session::carry_out(const std::string& what, const Attempt& attempt) {
  for (int i = 0; i < kTries; ++i) {
    mark("begin " + what);
    const auto answer = attempt();
    if (answer) {
      mark("told " + what + " " + *answer);
      return true;
    }
    mark("failed " + what + " " + std::string(base::to_string(answer.error().code)));
    if (!is_clean(what, answer.error().code)) {
      mark("unexpected " + what + ": " + answer.error().detail);
      return false;
    }
  }
  mark("gave-up " + what);
  return false;
}

bool Session::store(const std::string& id) {
  return carry_out("store " + id, [&]() -> base::Result<std::string> {
    const auto receipt = store_->store(delivery(id), std::nullopt, "refused");
    if (!receipt) return receipt.error();
    return milliseconds(receipt->card.creation);
  });
}

void Session::repeat(const std::string& id) {
  if (!store(id)) return;
  auto other = delivery(id);
  other.request_digest = "another request";
  for (int i = 0; i < kTries; ++i) {
    const auto receipt = store_->store(other, std::nullopt, "refused");
    if (receipt) return mark("unexpected a consumed id was taken: " + id);
    if (receipt.error().code == base::ErrorCode::message_id_refused) return mark("refused " + id);
    if (!is_clean("store", receipt.error().code)) break;
  }
  mark("gave-up refusing " + id);
}

void Session::put_chunk(const std::string& id, std::uint32_t number) {
  carry_out("chunk " + id + " " + std::to_string(number), [&]() -> base::Result<std::string> {
    const auto put = transfers_->put(chunk(id, number), kQuota, std::nullopt);
    if (!put) return put.error();
    if (put->refused) return *put->refused;
    return "";
  });
}

void Session::push(const std::string& id) {
  carry_out("push " + id, [&]() -> base::Result<std::string> {
    const auto done = store_->begin_push(fault::push(id), std::nullopt, "refused");
    if (!done) return done.error();
    return "";
  });
}

void Session::forward(const std::string& id) {
  carry_out("forward " + id, [&]() -> base::Result<std::string> {
    const auto done = store_->forward_push(id, at(500));
    if (!done) return done.error();
    return "";
  });
}

void Session::finish(const std::string& id) {
  carry_out("finish " + id, [&]() -> base::Result<std::string> {
    const auto done = store_->finish_push(id, push_result(id));
    if (!done) return done.error();
    return "";
  });
}

void Session::retain(int day, std::size_t batch) {
  const mailbox::RetentionRules rules;
  const auto now = at(0) + std::chrono::days(day);
  std::vector<mailbox::RetentionStep> steps;
  const auto look = [&]() -> base::Result<std::string> {
    for (bool more = true; more;) {
      const auto reconsidered = retention_->reconsider(rules.fingerprint(), now, 2);
      if (!reconsidered) return reconsidered.error();
      more = *reconsidered;
    }
    const auto due = retention_->due(now, batch);
    if (!due) return due.error();
    steps.clear();
    for (const auto& one : *due) steps.push_back({one, mailbox::judge(one, rules, now)});
    return "";
  };
  // Notices and purges of one delivery follow each other; more rounds than that are none.
  for (int round = 0; round < 100; ++round) {
    if (!carry_out("retention due", look) || steps.empty()) return;
    std::string purges;
    for (const auto& step : steps)
      if (step.verdict.action == mailbox::RetentionAction::purge)
        purges += " " + step.seen.message_id;
    const auto done = carry_out(purges.empty() ? "retention notices" : "purge" + purges,
                                [&]() -> base::Result<std::string> {
                                  const auto carried_out = retention_->carry_out(steps, now);
                                  if (!carried_out) return carried_out.error();
                                  if (carried_out->size() != steps.size())
                                    mark("unexpected a retention step was left out");
                                  return "";
                                });
    if (!done) return;
  }
  mark("gave-up retention");
}

void Session::backup() {
  const auto to = folder_.parent_path() / "backup";
  carry_out("backup all", [&]() -> base::Result<std::string> {
    // As an operator would, after a backup that failed.
    std::error_code ignored;
    std::filesystem::remove_all(to, ignored);
    const auto report = storage::backup(folder_, to);
    if (!report) return report.error();
    if (!report->damage.empty()) mark("unexpected damage in the backup");
    return "";
  });
}

Session::Reader::Reader(Session& session, std::string conversation)
    : session_(session), id_(std::move(conversation)) {
  mailbox::Dialog dialog;
  dialog.conversation_id = id_;
  dialog.party = kReader;
  dialog.cipher_certificate = "certificate";
  dialog.challenge = "challenge-0";
  dialog.opened = dialog.last_activity = at(0);
  open_ = session_.carry_out("dialog " + id_, [&]() -> base::Result<std::string> {
    const auto done = session_.store_->open_dialog(dialog, 1000);
    if (!done) return done.error();
    return "";
  });
}

mailbox::DialogTurn Session::Reader::turn() const {
  mailbox::DialogTurn out;
  out.conversation_id = id_;
  out.sequence = sequence_;
  out.challenge = "challenge-" + std::to_string(sequence_);
  out.next_challenge = "challenge-" + std::to_string(sequence_ + 1);
  out.request_digest = "request-" + std::to_string(sequence_);
  out.result = "fetched:";
  out.now = at(1000 + sequence_);
  return out;
}

std::string Session::Reader::fetch() {
  if (!open_) return "";
  mailbox::FetchSelection oldest;
  oldest.mailboxes = mailboxes();
  std::string found = "-";
  const auto done = session_.carry_out(
      "turn " + id_ + " " + std::to_string(sequence_), [&]() -> base::Result<std::string> {
        const auto fetched = session_.store_->fetch(oldest, turn());
        if (!fetched) return fetched.error();
        found = "-";
        if (fetched->delivery) {
          const auto& one = *fetched->delivery;
          found = one.card.message_id;
          if (digest(one.parts, one.context) != expected_digest(found))
            mark("unexpected other content: " + found);
        }
        return found;
      });
  if (!done) return "";
  ++sequence_;
  return found == "-" ? "" : found;
}

void Session::Reader::only_acknowledge() {
  if (!open_) return;
  const auto done = session_.carry_out("turn " + id_ + " " + std::to_string(sequence_),
                                       [&]() -> base::Result<std::string> {
                                         const auto taken = session_.store_->take_turn(turn());
                                         if (!taken) return taken.error();
                                         return "-";
                                       });
  if (done) ++sequence_;
}

void Session::Reader::fetch_pieces(const std::string& id, std::uint32_t up_to) {
  if (!open_) return;
  mailbox::ChunkSelection wanted;
  wanted.selection.mailboxes = mailboxes();
  wanted.selection.rule = mailbox::FetchRule::message_id;
  wanted.selection.message_id = id;
  wanted.party = kReader;
  wanted.conversation_id = id_;
  wanted.chunk_kib = kChunkKib;
  auto& transfers = *session_.transfers_;
  for (wanted.number = 1; wanted.number <= up_to; ++wanted.number) {
    std::string piece;
    const auto once = [&]() -> base::Result<std::string> {
      const auto source = transfers.find(wanted);
      if (!source) return source.error();
      std::unique_ptr<mailbox::FrozenFile> fresh;
      std::optional<base::Instant> forwarding;
      if (!source->frozen) {
        const auto octets = frozen_octets(id);
        auto file = transfers.new_file(octets.size());
        if (!file) return file.error();
        if (const auto ok = (*file)->append(octets); !ok) return ok.error();
        fresh = std::move(*file);
        forwarding = at(900);
      }
      const auto out = transfers.hand_out(wanted, id, std::move(fresh), forwarding, kQuota, turn());
      if (!out) return out.error();
      if (out->refused) return *out->refused;
      piece = base::hex_encode(crypto::digest(crypto::DigestAlgorithm::sha256, out->bytes));
      return "-";
    };
    mark("begin piece " + id + " " + std::to_string(wanted.number));
    // A further piece acknowledges nothing that is handed out here; the first one, what came
    // before.
    if (!session_.carry_out("turn " + id_ + " " + std::to_string(sequence_), once)) return;
    ++sequence_;
    mark("told piece " + id + " " + std::to_string(wanted.number) + " " + piece + " " + id_);
  }
}

namespace {

void stores(Session& session) {
  for (const auto* id : {"small-1", "large-2", "rich-3", "small-4", "large-5", "rich-6", "large-7"})
    session.store(id);
  session.repeat("large-2");
  session.store("rich-8");
}

void fetches(Session& session) {
  for (const auto* id : {"small-1", "large-2", "rich-3", "large-4", "small-5", "rich-6"})
    session.store(id);
  Session::Reader first(session, "dialog-1"), second(session, "dialog-2");
  first.fetch();
  first.fetch();
  second.fetch(); // what the first has in hand, too: not acknowledged yet
  first.fetch();
  session.store("large-7");
  first.only_acknowledge();
  second.fetch();
  second.fetch(); // stays in hand
}

void chunks(Session& session) {
  for (const std::uint32_t number : {2u, 1u, 4u, 3u}) session.put_chunk("chunked-1", number);
  session.store("chunked-1");
  session.put_chunk("chunked-2", 1);
  session.put_chunk("chunked-2", 4);
  session.store("large-3");
  Session::Reader reader(session, "dialog-1");
  reader.fetch_pieces("chunked-1", frozen_pieces("chunked-1"));
  reader.only_acknowledge();
  reader.fetch_pieces("large-3", 2); // goes on another time
  session.put_chunk("chunked-2", 3);
}

void pushes(Session& session) {
  for (const auto* id : {"push-1", "push-2", "push-3"}) session.push(id);
  session.forward("push-1");
  session.finish("push-1");
  session.store("large-4");
  session.forward("push-3");
  session.finish("push-3");  // refused by its recipient
  session.forward("push-2"); // outcome open
  session.push("push-4");
}

// Several at once: groups in one commit, body files of some between the commits of others.
void together(Session& session) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&session, t] {
      for (int i = 1; i <= 4; ++i) {
        const char* const kinds[] = {"small-", "large-", "rich-"};
        session.store(kinds[(t + i) % 3] + std::to_string(10 * i + t));
      }
    });
  for (auto& thread : threads) thread.join();
}

// An orderly end empties the log; it is written from its beginning again.
void restarts(Session& session) {
  for (const auto* id : {"small-1", "large-2", "rich-3"}) session.store(id);
  session.close();
  if (!session.open()) return;
  Session::Reader reader(session, "dialog-1");
  reader.fetch();
  session.store("large-4");
  reader.fetch();
  session.close();
  if (!session.open()) return;
  session.store("rich-5");
  session.store("small-6");
}

// Enough for the log to be copied and reused while the store is at work.
void checkpoints(Session& session) {
  for (int i = 1; i <= 36; ++i) session.store("wide-" + std::to_string(i));
  Session::Reader reader(session, "dialog-1");
  reader.fetch();
  reader.fetch();
  for (int i = 37; i <= 40; ++i) session.store("wide-" + std::to_string(i));
}

// Fetched content goes after a week, what nobody fetched after its notices; each a few at a time.
void purges(Session& session) {
  for (const auto* id : {"small-1", "large-2", "rich-3", "large-4", "rich-5", "small-6", "large-7"})
    session.store(id);
  Session::Reader reader(session, "dialog-1");
  for (int i = 0; i < 3; ++i) reader.fetch();
  reader.only_acknowledge();
  session.retain(2, 2);
  session.retain(8, 2);
  session.store("large-8");
  session.retain(80, 4);
  session.retain(91, 3);
  session.close();
  if (!session.open()) return;
  session.store("rich-9");
  session.retain(95, 2);
}

void backups(Session& session) {
  for (const auto* id : {"small-1", "large-2", "rich-3", "large-4"}) session.store(id);
  Session::Reader reader(session, "dialog-1");
  reader.fetch();
  reader.fetch();
  session.put_chunk("chunked-5", 1);
  session.retain(8, 4);
  session.backup();
  session.store("large-6");
  reader.fetch();
}

} // namespace

const std::array<Workload, 9> kWorkloads = {{{"stores", stores, 6},
                                             {"fetches", fetches, 6},
                                             {"chunks", chunks, 6},
                                             {"pushes", pushes, 4},
                                             {"together", together, 6},
                                             {"restarts", restarts, 5},
                                             {"purges", purges, 5},
                                             {"backups", backups, 3},
                                             {"checkpoints", checkpoints, 1}}};

} // namespace fault
