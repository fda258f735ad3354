// What a running intermediary tells of its mailboxes, as a JSON file:
//   {"seen_at": "2026-11-30T20:00:00Z",
//    "mailboxes": [{"mailbox": "wgb:059130000000", "last_fetch": "2026-11-30T19:58:00Z",
//    "unfetched": 2,
//                   "oldest_unfetched": "2026-11-30T19:59:00Z", "octets": 81234, "quota":
//                   1073741824, "certificates": ["<SHA-256 of each cipher certificate that leads to
//                   it>"]}]}
// as scripts/mailbox-report.py writes it. Only `mailbox` is needed, what is absent is not known;
// `"never_fetched": true` says that nobody has ever asked. `octets` is what lies in the mailbox.
#pragma once
#include "base/result.h"
#include "directory/readiness.h"
#include <string>
#include <string_view>
#include <vector>

namespace cli::ctl {

struct MailboxReport {
  base::Instant seen_at{};
  std::vector<directory::MailboxObservation> mailboxes;
};

constexpr std::size_t kMaxMailboxReport = std::size_t{16} << 20;

// All or nothing. Error: invalid_config; the detail names the number of the entry and the key, no
// values.
base::Result<MailboxReport> parse_mailbox_report(std::string_view json);

} // namespace cli::ctl
