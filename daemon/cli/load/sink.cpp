#include "cli/load/sink.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include <algorithm>
#include <thread>

namespace cli::load {

using base::ErrorCode;
using std::chrono::steady_clock;

namespace {

std::chrono::microseconds micros(std::chrono::nanoseconds value) {
  return std::chrono::duration_cast<std::chrono::microseconds>(value);
}

} // namespace

Judged judge(const seal::OpenedContent& content) {
  if (content.items.size() != 1)
    return {Verdict::foreign, {}, "not one piece of content, as load runs have"};
  const auto& item = content.items.front();
  auto stamp = verify_content(item.bytes);
  if (!stamp) {
    const bool foreign = stamp.error().code == ErrorCode::not_found;
    return {foreign ? Verdict::foreign : Verdict::unverified, {}, stamp.error().detail};
  }
  if (item.signature != seal::SignatureState::valid || item.signers.empty())
    return {Verdict::unverified, {}, "its author has not signed it"};
  if (!item.encrypted) return {Verdict::unverified, {}, "it came unencrypted"};
  return {Verdict::right, std::move(*stamp), {}};
}

void Sink::add(std::string name, const CommonOptions& options, const Parties& parties) {
  mailboxes_.push_back({std::move(name),
                        parties.identity.cipher.certificate.fingerprint(),
                        std::make_unique<MeteredSession>(options, parties, tally_),
                        {},
                        std::nullopt});
}

void Sink::run(const std::function<bool()>& stop) {
  std::vector<std::string> fingerprints;
  for (const auto& one : mailboxes_) fingerprints.push_back(one.fingerprint);
  ledger_ = std::make_unique<Ledger>(std::move(fingerprints));
  {
    const std::lock_guard lock(mutex_);
    start_ = last_arrival_ = steady_clock::now();
    // As a population polls: spread over the interval.
    const auto count = static_cast<std::int64_t>(mailboxes_.size());
    for (std::int64_t i = 0; i < count; ++i)
      due_.push({start_ + order_.interval * i / count, static_cast<std::size_t>(i)});
  }
  std::vector<std::thread> threads;
  const auto pollers =
      std::min<std::size_t>(static_cast<std::size_t>(order_.pollers), mailboxes_.size());
  for (std::size_t i = 0; i < pollers; ++i) threads.emplace_back([&] { poll_all(stop); });
  for (auto& one : threads) one.join();
  const std::lock_guard lock(mutex_);
  end_ = steady_clock::now();
  done_ = true;
}

bool Sink::over(const std::function<bool()>& stop) const {
  if (stop() || ledger_->full()) return true;
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (order_.duration && now - start_ >= *order_.duration) return true;
  return order_.until_idle && now - last_arrival_ >= *order_.until_idle;
}

void Sink::poll_all(const std::function<bool()>& stop) {
  using namespace std::chrono_literals;
  const auto ends = [&] { return over(stop); };
  while (!ends()) {
    std::unique_lock lock(mutex_);
    const auto now = steady_clock::now();
    if (due_.empty() || due_.top().when > now) {
      const auto wake = due_.empty() ? now + 100ms : std::min(due_.top().when, now + 100ms);
      changed_.wait_until(lock, wake);
      continue;
    }
    const Due due = due_.top();
    due_.pop();
    counts_.behind = now - due.when;
    ++counts_.polls;
    lock.unlock();
    poll(due.mailbox, due.when, ends);
    if (!mailboxes_[due.mailbox].left_alone.empty()) continue;
    auto next = due.when + order_.interval;
    const auto after = steady_clock::now();
    lock.lock();
    // Every poll that was due meanwhile is one that this mailbox has missed.
    for (; next < after; next += order_.interval) ++counts_.skipped_polls;
    due_.push({next, due.mailbox});
    changed_.notify_one();
  }
}

void Sink::poll(std::size_t index, steady_clock::time_point due,
                const std::function<bool()>& stop) {
  Mailbox& box = mailboxes_[index];
  auto& wire = box.at->wire();
  box.last_error.reset();
  const auto timed = [&](Operation operation, const auto& result) {
    if (result || result.error().code == ErrorCode::peer_fault) wire.note_last(operation);
    if (result) return true;
    tally_.outcome(std::string(to_string(operation)) + " " + short_name(result.error()));
    box.last_error = result.error();
    return false;
  };
  auto dialog = box.at->session().open_dialog();
  if (!timed(Operation::init_dialog, dialog)) return;
  std::optional<Stamp> handed; // the next valid answer proves that it is acknowledged
  bool anything = false;
  do {
    auto delivery = dialog->fetch({});
    const bool there = delivery && *delivery;
    if (!timed(there ? Operation::fetch_delivery : Operation::fetch_empty, delivery)) return;
    if (handed) ledger_->acknowledged(*handed);
    handed.reset();
    if (!there) break;
    anything = true;
    const auto before = steady_clock::now();
    const auto opened = (*delivery)->open(box.at->session().identity(), box.at->session().options(),
                                          box.at->random());
    const auto judged =
        opened ? judge(*opened) : Judged{Verdict::unverified, {}, explain(opened.error())};
    if (judged.verdict != Verdict::right) {
      // Not another word in this dialog: it would acknowledge the delivery (wire reference 8.6).
      dialog->drop();
      box.left_alone = harmless("message " + (*delivery)->message_id() + ": " + judged.why);
      tally_.outcome(judged.verdict == Verdict::foreign ? "foreign message" : "unverified message");
      const std::lock_guard lock(mutex_);
      ++(judged.verdict == Verdict::foreign ? counts_.foreign : counts_.unverified);
      return;
    }
    tally_.sample(Operation::opening, micros(steady_clock::now() - before), judged.stamp.size);
    note_arrival(index, **delivery, judged.stamp);
    handed = judged.stamp;
  } while (!stop());
  const auto ended = dialog->exit();
  if (!timed(Operation::exit_dialog, ended)) return;
  if (handed) ledger_->acknowledged(*handed);
  if (!anything) tally_.sample(Operation::empty_poll, micros(steady_clock::now() - due));
}

void Sink::note_arrival(std::size_t index, const client::Delivery& delivery, const Stamp& stamp) {
  const auto arrival = ledger_->arrived(stamp, delivery.message_id(), index);
  for (const auto& entry : delivery.answer.feedback) tally_.outcome("FetchDelivery " + entry.code);
  const auto& card = delivery.answer.cards.front();
  if (arrival == Arrival::first && card.forwarding)
    tally_.sample(Operation::waiting, micros(*card.forwarding - card.creation));
  const std::lock_guard lock(mutex_);
  last_arrival_ = steady_clock::now();
  counts_.last_arrival = last_arrival_ - start_;
  switch (arrival) {
  case Arrival::first:
    ++counts_.received;
    counts_.octets += stamp.size;
    break;
  case Arrival::again:
    ++counts_.again;
    break;
  case Arrival::duplicate:
    ++counts_.duplicates;
    break;
  }
}

std::vector<std::string> Sink::troubles() const {
  std::vector<std::string> out;
  for (const auto& one : mailboxes_) {
    if (!one.left_alone.empty())
      out.push_back(one.name + ": left alone, and the message unreceived: " + one.left_alone);
    else if (one.last_error)
      out.push_back(one.name + ": the last poll failed: " + short_name(*one.last_error));
  }
  return out;
}

std::optional<base::Error> Sink::last_error() const {
  for (const auto& one : mailboxes_)
    if (one.last_error) return one.last_error;
  return std::nullopt;
}

Sink::Counts Sink::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::chrono::nanoseconds Sink::elapsed() const {
  const std::lock_guard lock(mutex_);
  return end_.value_or(steady_clock::now()) - start_;
}

} // namespace cli::load
