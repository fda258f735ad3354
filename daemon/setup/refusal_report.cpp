#include "setup/refusal_report.h"
#include "base/log.h"
#include <algorithm>

namespace setup {

Refusals refusals(const gateway::Admission::Counts& gateway, const async::WorkPool::Load& cpu,
                  const async::WorkPool::Load& db, const http::ServerCounts& server) {
  return {{"sender_rate", gateway.sender_rate},   {"sender_octets", gateway.sender_octets},
          {"mailbox_full", gateway.mailbox_full}, {"overloaded", gateway.overloaded},
          {"cpu_full", cpu.refused_full},         {"cpu_late", cpu.refused_late},
          {"db_full", db.refused_full},           {"db_late", db.refused_late},
          {"busy", server.refused_busy},          {"address", server.refused_address}};
}

void RefusalReport::round(Refusals totals) {
  std::string counts;
  for (const auto& one : totals) {
    const auto before = std::find_if(last_.begin(), last_.end(),
                                     [&](const auto& other) { return other.first == one.first; });
    const auto grown = one.second - (before == last_.end() ? 0 : before->second);
    if (grown > 0) counts += (counts.empty() ? "" : " ") + one.first + "=" + std::to_string(grown);
  }
  last_ = std::move(totals);
  if (!counts.empty())
    base::log(base::LogLevel::warning, "admission.refused", "refusals since the last such line",
              {{"counts", counts}});
}

} // namespace setup
