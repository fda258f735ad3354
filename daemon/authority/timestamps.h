// Cryptographic time stamps from a configured authority (RFC 3161 over HTTP).
#pragma once
#include "async/work_pool.h"
#include "authority/transport.h"
#include "base/random.h"
#include "crypto/timestamp.h"
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

namespace authority {

namespace asio = boost::asio;

struct TimestampRules {
  std::string url;
  std::vector<crypto::Certificate> anchors; // the authority's root, or its certificate itself
  std::string policy;                       // dotted OID; empty: the authority's choice
  base::Milliseconds limit = std::chrono::seconds{3};
  // After a failure the authority is left alone for this long, so that not every delivery waits.
  base::Milliseconds retry = std::chrono::seconds{30};
  base::Milliseconds tolerance = std::chrono::minutes{5}; // between its clock and ours
};

// On one executor that runs one handler at a time; the pool's threads do the asking.
class TimestampAuthority {
 public:
  // All borrowed; they outlive it.
  TimestampAuthority(TimestampRules rules, Transport& transport, const base::Clock& clock,
                     base::RandomSource& random, async::WorkPool& pool);

  // A verified token over the SHA-256 of `data`, within the limit. Errors: network, timed_out,
  // peer_fault, too_large, overloaded, invalid_config; logged here.
  asio::awaitable<base::Result<crypto::Timestamp>> stamp(std::string data);

  // Whether the latest attempt succeeded; true before the first.
  bool available() const { return available_; }

 private:
  const std::shared_ptr<const TimestampRules> rules_;
  Transport& transport_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  async::WorkPool& pool_;
  bool available_ = true;
  base::Instant left_alone_until_{};
};

} // namespace authority
