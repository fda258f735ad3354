// Empties mailboxes as offices do, each polled at its interval, and judges what comes.
#pragma once
#include "cli/load/ledger.h"
#include "cli/load/metered_session.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace cli::load {

struct SinkOrder {
  base::Milliseconds interval{5000};
  int pollers = 2;
  std::optional<base::Milliseconds> duration, until_idle; // neither: until `stop`
};

// What a sink does with one delivery.
enum class Verdict {
  right,
  foreign,    // no message of a load run: maybe somebody's application
  unverified, // not decrypted, not verified, not signed, or changed
};
struct Judged {
  Verdict verdict = Verdict::unverified;
  Stamp stamp{};
  std::string why{};
};
// Of decrypted content whose signatures are right where there are any.
Judged judge(const seal::OpenedContent& content);

// Acknowledges nothing but what it has verified, octet for octet, as a message of a load run. A
// mailbox that holds anything else is left alone from then on: in a wrong mailbox nothing may be
// lost.
class Sink {
 public:
  struct Counts {
    std::uint64_t polls = 0, received = 0, octets = 0, again = 0, duplicates = 0;
    std::uint64_t foreign = 0, unverified = 0;
    std::uint64_t skipped_polls = 0; // due while the mailbox was still being emptied
    std::chrono::nanoseconds behind{0};
    std::chrono::nanoseconds last_arrival{0}; // since the start
  };

  // Borrowed: tally.
  Sink(SinkOrder order, Tally& tally) : order_(order), tally_(tally) {}
  // Before run(). `name`: for messages.
  void add(std::string name, const CommonOptions& options, const Parties& parties);
  std::size_t mailboxes() const { return mailboxes_.size(); }

  // Blocks until the time has passed, nothing has come for so long, or `stop`.
  void run(const std::function<bool()>& stop);
  // From any thread.
  Counts counts() const;
  std::chrono::nanoseconds elapsed() const;
  bool done() const { return done_; }
  // After run().
  const Ledger& ledger() const { return *ledger_; }
  // Mailboxes that were left alone, or whose last poll failed, with the reason.
  std::vector<std::string> troubles() const;
  std::optional<base::Error> last_error() const; // of any mailbox's last poll

 private:
  struct Mailbox {
    std::string name, fingerprint;
    std::unique_ptr<MeteredSession> at;
    std::string left_alone; // why; empty: it is not
    std::optional<base::Error> last_error;
  };
  struct Due {
    std::chrono::steady_clock::time_point when;
    std::size_t mailbox;
    bool operator>(const Due& other) const { return when > other.when; }
  };
  void poll_all(const std::function<bool()>& stop);
  bool over(const std::function<bool()>& stop) const;
  void poll(std::size_t index, std::chrono::steady_clock::time_point due,
            const std::function<bool()>& stop);
  void note_arrival(std::size_t index, const client::Delivery& delivery, const Stamp& stamp);

  SinkOrder order_;
  Tally& tally_;
  std::vector<Mailbox> mailboxes_; // each used by one poller at a time
  std::unique_ptr<Ledger> ledger_;
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  Counts counts_;
  std::chrono::steady_clock::time_point start_, last_arrival_;
  std::optional<std::chrono::steady_clock::time_point> end_;
};

} // namespace cli::load
