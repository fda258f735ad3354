// How many were sent away, as one line of the log now and then.
#pragma once
#include "async/work_pool.h"
#include "gateway/admission.h"
#include "http/server.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace setup {

// A counter since the start, by what was refused.
using Refusals = std::vector<std::pair<std::string, std::uint64_t>>;

// By limit: sender_rate, sender_octets, mailbox_full; overloaded (by the gateway: no
// place or time), of which by pool cpu_full, cpu_late, db_full, db_late (no
// place in a lane, too long in it); busy and address (before the body was read).
Refusals refusals(const gateway::Admission::Counts& gateway, const async::WorkPool::Load& cpu,
                  const async::WorkPool::Load& db, const http::ServerCounts& server);

// On the io thread.
class RefusalReport {
 public:
  // Logs admission.refused with what has grown since the last call, and by how much; nothing if
  // nothing has.
  void round(Refusals totals);
  void round(const gateway::Admission::Counts& gateway, const async::WorkPool::Load& cpu,
             const async::WorkPool::Load& db, const http::ServerCounts& server) {
    round(refusals(gateway, cpu, db, server));
  }

 private:
  Refusals last_;
};

} // namespace setup
