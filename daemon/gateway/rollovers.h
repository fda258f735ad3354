// Who still enciphers for a certificate that its recipient has replaced (domain 4.6): the recipient
// can read it as long as it keeps the old key, so somebody has to be told before that ends.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gateway {

struct MissedRollover {
  std::string sender;              // organisation key; of an unlisted one its certificate's id
  std::string addressee;           // organisation key
  std::string superseded, current; // fingerprints
  base::Instant last{};
  std::size_t deliveries = 1;
};

// Thread-safe. Kept in memory only: a sender that goes on is heard of again soon after a restart.
class Rollovers {
 public:
  // Beyond `limit` pairs of sender and addressee the one that was heard of longest ago is dropped.
  explicit Rollovers(std::size_t limit = 1000) : limit_(limit) {}

  void note(MissedRollover one);
  // Those heard of at or after `since`, the latest first. What is older is forgotten.
  std::vector<MissedRollover> since(base::Instant since);
  // For the health report. Error: somebody was heard of within the last seven days; the detail
  // names the latest three.
  base::Result<> notice(base::Instant now);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, MissedRollover> by_pair_;
};

} // namespace gateway
