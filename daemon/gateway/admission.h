// Who of the senders gets in: rates and quotas, held against what is known once a request has been
// opened and its signature verified, before the store is asked for anything expensive.
#pragma once
#include "async/pool_limits.h"
#include "base/token_buckets.h"
#include "mailbox/store.h"
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace gateway {

// 0: no limit.
struct AdmissionRules {
  std::uint64_t large_body = 1024 * 1024; // octets; larger requests and answers: Lane::large
  unsigned retry_after_seconds = 5;       // with 503, at least; at most twice as much (spread)
  std::uint32_t sender_rate = 0;          // requests a second of one party
  std::uint32_t sender_burst = 1000;
  std::uint64_t sender_octets_hour = 0; // of requests
  std::uint64_t sender_octets_day = 0;
  std::size_t senders = 10'000;      // parties remembered
  std::uint64_t mailbox_waiting = 0; // deliveries that nobody has fetched, in one mailbox
};

// HTTP 503: nothing of the request has been carried out, the same octets may come again.
struct Busy {
  unsigned retry_after_seconds = 0;
  std::string text; // for people, German and English; empty: nothing to say
};

// On the gateway's executor. Memory is bounded: at most AdmissionRules::senders are remembered, the
// one silent for longest is forgotten. Nothing survives a restart.
class Admission {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Refused since the start.
  struct Counts {
    std::uint64_t sender_rate = 0;
    std::uint64_t sender_octets = 0;
    std::uint64_t mailbox_full = 0;
    std::uint64_t overloaded = 0; // no room in a pool, or too long in its queue
  };

  using Clock = std::function<Time()>;
  explicit Admission(AdmissionRules rules, Clock now = std::chrono::steady_clock::now);

  const AdmissionRules& rules() const { return rules_; }
  const Counts& counts() const { return counts_; }
  std::size_t senders() const { return senders_.keys(); } // remembered

  async::Lane lane_of(std::size_t octets) const {
    return octets > rules_.large_body ? async::Lane::large : async::Lane::brief;
  }

  // Takes a request of this party, whose signature is good. With `begun` (a turn in a dialog, or a
  // repeat) it may run into debt by as much as the burst, so that who has fetched can acknowledge;
  // what is new waits until that is paid for. True: `busy` says what to answer.
  bool refuses(const std::string& party, std::size_t octets, bool begun, Busy& busy);

  // A pool refused, for this reason.
  Busy overloaded(const std::string& reason);

  // mailbox_full came of an order.
  void count_full(const std::string& mailbox, const std::string& party);

 private:
  // One line in each minute for each key: a flood must not become one of the log.
  bool may_tell(const std::string& key) { return told_.take(key, {1}, now_()).taken; }
  unsigned spread_retry() const;

  const AdmissionRules rules_;
  const Clock now_;
  Counts counts_;
  base::TokenBuckets senders_;
  base::TokenBuckets told_;
};

// Is there room for a new delivery? Cheap: reads a counter. Also when there is none it says yes to
// the repeat of one that was taken, whose receipt the sender is owed. Deliveries that are on their
// way at the same moment are not seen: a mailbox may get as many more as there are database
// threads. On a database thread. Errors: mailbox_full; those of the store.
base::Result<> room_in_mailbox(mailbox::Store& store, const std::string& mailbox,
                               const std::string& originator, const std::string& message_id,
                               std::uint64_t most_waiting);

} // namespace gateway
