// Sends a load run: many messages on a schedule, over several connections.
#pragma once
#include "cli/exit_code.h"
#include "cli/load/metered_session.h"
#include "cli/load/plan.h"
#include "cli/load/record.h"
#include "crypto/certificate.h"
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cli::load {

struct Recipient {
  crypto::Certificate certificate; // cipher
  std::string key, service;        // for MessageMetaData; empty: not known
};

struct SourceOrder {
  CommonOptions common;
  Parties parties;
  std::vector<Recipient> recipients; // by turns
  std::string author;                // organisation key for MessageMetaData; empty: goes without
  Plan plan;
  SizeMix sizes;
  int connections = 1;
  bool in_dialog = false; // an explicit dialog for each message, else two implicit ones
  std::uint64_t seed = 1;
  std::uint64_t prepare = 0;           // so many messages are sealed before the start
  base::Milliseconds overtime{60'000}; // what is not begun so long after the schedule's end, is not
};

// What an answer to a StoreDelivery, or none, says about the message. `left`: whether a
// StoreDelivery left the process.
Outcome outcome_of(const base::Error& error, bool left);

class Source {
 public:
  struct Counts {
    std::uint64_t begun = 0, accepted = 0, refused = 0, unknown = 0, not_sent = 0;
    std::uint64_t octets = 0;           // of content that was accepted
    std::chrono::nanoseconds behind{0}; // how late the last message was begun
    std::chrono::nanoseconds most_behind{0};
    std::optional<std::uint64_t> not_begun; // of those that the schedule wanted; known at the end
    ExitCode worst = ExitCode::ok;          // of the errors
  };

  // Borrowed: tally, record, clock.
  Source(SourceOrder order, std::string run, Tally& tally, RecordWriter& record,
         const base::Clock& clock);

  // Seals the first messages, by as many threads as there are connections.
  base::Result<> prepare(const std::function<bool()>& stop);
  // Blocks until all is sent, or `stop`. What has begun is brought to its end.
  void run(const std::function<bool()>& stop);
  // From any thread.
  Counts counts() const;
  std::chrono::nanoseconds elapsed() const;
  bool done() const { return done_; }

 private:
  struct Sealed {
    Stamp stamp;
    const Recipient* recipient;
    client::SealedLetter letter;
  };
  void send_all(const std::function<bool()>& stop);
  base::Result<Sealed> seal(MeteredSession& at, std::uint64_t number);
  void send(MeteredSession& at, std::uint64_t number, std::chrono::nanoseconds due);
  base::Result<client::Receipt> store(MeteredSession& at, client::SealedLetter letter,
                                      std::string& message_id, bool& left);
  void note(Outcome outcome, ExitCode code, std::uint64_t octets);

  SourceOrder order_;
  std::string run_;
  Tally& tally_;
  RecordWriter& record_;
  const base::Clock& clock_;
  std::vector<std::optional<Sealed>> prepared_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_; // guards what follows
  Counts counts_;
  std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> end_;
};

} // namespace cli::load
