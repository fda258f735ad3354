#include "cli/load/source.h"
#include "cli/load/content.h"
#include "cli/test_message.h"
#include <algorithm>
#include <thread>

namespace cli::load {

using base::ErrorCode;
using base::fail;
using std::chrono::steady_clock;

namespace {

// Data travels coded in the XML part; what applications attach is larger.
constexpr std::uint64_t kAttachedFrom = std::uint64_t{256} << 10;

std::chrono::microseconds micros(std::chrono::nanoseconds value) {
  return std::chrono::duration_cast<std::chrono::microseconds>(value);
}

void run_threads(int count, const std::function<void()>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work);
  for (auto& one : threads) one.join();
}

void sleep_until(steady_clock::time_point due, const std::function<bool()>& stop) {
  using namespace std::chrono_literals;
  for (auto now = steady_clock::now(); now < due && !stop(); now = steady_clock::now())
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(due - now, 100ms));
}

// The gravest decides what the process says: what cannot be believed, then refusals, then the
// network.
int gravity(ExitCode code) {
  switch (code) {
  case ExitCode::ok:
    return 0;
  case ExitCode::network:
    return 1;
  case ExitCode::refused:
    return 2;
  case ExitCode::unverified:
    return 4;
  default:
    return 3;
  }
}

} // namespace

Outcome outcome_of(const base::Error& error, bool left) {
  if (!left) return Outcome::not_sent;
  return error.code == ErrorCode::peer_fault ? Outcome::refused : Outcome::unknown;
}

Source::Source(SourceOrder order, std::string run, Tally& tally, RecordWriter& record,
               const base::Clock& clock)
    : order_(std::move(order)), run_(std::move(run)), tally_(tally), record_(record),
      clock_(clock) {}

base::Result<Source::Sealed> Source::seal(MeteredSession& at, std::uint64_t number) {
  const auto& recipient =
      order_.recipients[static_cast<std::size_t>(number % order_.recipients.size())];
  auto content =
      make_content(run_, number, order_.sizes.pick(draw(order_.seed, number)), order_.seed);
  client::Letter letter{recipient.certificate, {}, {}, {}, kTestSubject};
  if (!order_.author.empty() && !recipient.key.empty() && !recipient.service.empty()) {
    auto header = test_metadata(order_.author, recipient.service, recipient.key, content.stamp.size,
                                clock_.now(), at.random());
    if (!header) return header.error();
    if (*header) letter.headers.push_back(std::move(**header));
  }
  if (content.stamp.size < kAttachedFrom) {
    letter.data.push_back(std::move(content.octets));
  } else {
    seal::Attachment attachment;
    attachment.content_id = "lasttest.bin";
    attachment.bytes = std::move(content.octets);
    letter.attachments.push_back(std::move(attachment));
  }
  const auto begun = steady_clock::now();
  auto sealed = at.session().seal(letter);
  if (!sealed) return sealed.error();
  tally_.sample(Operation::sealing, micros(steady_clock::now() - begun), content.stamp.size);
  return Sealed{std::move(content.stamp), &recipient, std::move(*sealed)};
}

base::Result<> Source::prepare(const std::function<bool()>& stop) {
  auto wanted = order_.prepare;
  if (const auto total = order_.plan.total()) wanted = std::min(wanted, *total);
  prepared_.resize(static_cast<std::size_t>(wanted));
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::optional<base::Error> failed;
  run_threads(order_.connections, [&] {
    MeteredSession at(order_.common, order_.parties, tally_);
    for (auto number = next++; number < wanted && !stop(); number = next++) {
      auto sealed = seal(at, number);
      if (sealed) {
        prepared_[static_cast<std::size_t>(number)].emplace(std::move(*sealed));
        continue;
      }
      const std::lock_guard lock(mutex);
      failed = sealed.error();
      next = wanted;
    }
  });
  if (failed) return *failed;
  return {};
}

void Source::run(const std::function<bool()>& stop) {
  {
    const std::lock_guard lock(mutex_);
    start_ = steady_clock::now();
  }
  run_threads(order_.connections, [&] { send_all(stop); });
  const std::lock_guard lock(mutex_);
  end_ = steady_clock::now();
  if (const auto total = order_.plan.total())
    counts_.not_begun = *total - std::min(*total, counts_.begun);
  done_ = true;
}

void Source::send_all(const std::function<bool()>& stop) {
  MeteredSession at(order_.common, order_.parties, tally_);
  const bool open_loop = order_.plan.per_second.has_value();
  const auto total = order_.plan.total();
  auto last = std::chrono::nanoseconds::max();
  if (open_loop && total) last = order_.plan.due(*total) + order_.overtime;
  while (!stop()) {
    const auto number = next_++;
    if (!order_.plan.wants(number, elapsed())) break;
    const auto due = open_loop ? order_.plan.due(number) : elapsed();
    sleep_until(start_ + due, stop);
    if (stop() || elapsed() > last) break;
    {
      const std::lock_guard lock(mutex_);
      ++counts_.begun;
      counts_.behind = steady_clock::now() - start_ - due;
      counts_.most_behind = std::max(counts_.most_behind, counts_.behind);
    }
    send(at, number, due);
  }
}

void Source::send(MeteredSession& at, std::uint64_t number, std::chrono::nanoseconds due) {
  std::optional<Sealed> sealed;
  if (number < prepared_.size() && prepared_[static_cast<std::size_t>(number)]) {
    sealed = std::move(prepared_[static_cast<std::size_t>(number)]);
    prepared_[static_cast<std::size_t>(number)].reset();
  } else {
    auto made = seal(at, number);
    if (!made) {
      tally_.outcome("sealing: " + short_name(made.error()));
      note(Outcome::not_sent, exit_code(made.error().code), 0);
      return;
    }
    sealed.emplace(std::move(*made));
  }
  SentMessage sent;
  sent.stamp = sealed->stamp;
  sent.to = sealed->recipient->certificate.fingerprint();
  bool left = false;
  const auto receipt = store(at, std::move(sealed->letter), sent.message_id, left);
  if (receipt) {
    tally_.sample(Operation::delivery, micros(elapsed() - due), sent.stamp.size);
    sent.outcome = Outcome::accepted;
    for (const auto& entry : receipt->feedback) {
      if (sent.code.empty()) sent.code = entry.code;
      tally_.outcome("StoreDelivery " + entry.code);
    }
  } else {
    sent.outcome = outcome_of(receipt.error(), left);
    sent.code = short_name(receipt.error());
  }
  // First what others may rely on, then what this process counts.
  record_.write(sent);
  note(sent.outcome, receipt ? ExitCode::ok : exit_code(receipt.error().code), sent.stamp.size);
}

base::Result<client::Receipt> Source::store(MeteredSession& at, client::SealedLetter letter,
                                            std::string& message_id, bool& left) {
  auto& session = at.session();
  // A refusal is an answer too, and took its time.
  const auto timed = [&](Operation operation, const auto& result) {
    if (result || result.error().code == ErrorCode::peer_fault) at.wire().note_last(operation);
    if (!result)
      tally_.outcome(std::string(to_string(operation)) + " " + short_name(result.error()));
  };
  std::optional<client::Session::Dialog> dialog;
  if (order_.in_dialog) {
    auto opened = session.open_dialog();
    timed(Operation::init_dialog, opened);
    if (!opened) return opened.error();
    dialog.emplace(std::move(*opened));
  }
  auto issued = dialog ? dialog->get_message_id() : session.get_message_id();
  timed(Operation::get_message_id, issued);
  if (!issued) return issued.error();
  message_id = issued->message_id;
  const auto leaving = [&left] { left = true; };
  auto receipt = dialog ? dialog->store(std::move(letter), message_id, leaving)
                        : session.store(std::move(letter), message_id, leaving);
  timed(Operation::store_delivery, receipt);
  if (receipt && dialog) {
    // The delivery is stored; a dialog that does not end by this ends by time.
    const auto ended = dialog->exit();
    timed(Operation::exit_dialog, ended);
  }
  return receipt;
}

void Source::note(Outcome outcome, ExitCode code, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  switch (outcome) {
  case Outcome::accepted:
    ++counts_.accepted;
    counts_.octets += octets;
    break;
  case Outcome::refused:
    ++counts_.refused;
    break;
  case Outcome::unknown:
    ++counts_.unknown;
    break;
  case Outcome::not_sent:
    ++counts_.not_sent;
    break;
  }
  if (gravity(code) > gravity(counts_.worst)) counts_.worst = code;
}

Source::Counts Source::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::chrono::nanoseconds Source::elapsed() const {
  const std::lock_guard lock(mutex_);
  return end_.value_or(steady_clock::now()) - start_;
}

} // namespace cli::load
