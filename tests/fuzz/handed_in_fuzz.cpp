// Files that municipalities hand in as certificates, and reports about mailboxes. Nothing of either
// may come back in an error, and what holds a private key is never taken for a certificate.
#include "cli/ctl/certificate.h"
#include "cli/ctl/handed_in.h"
#include "cli/ctl/mailbox_report.h"
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  static auto rules = cli::ctl::Rules::read({}, base::Instant{std::chrono::hours{500'000}}).value();
  const auto checked = cli::ctl::check_file("fuzz", bytes, rules, nullptr);
  demand(!checked.remarks.empty());
  // Without anchors nothing is ever in order.
  demand(checked.remarks.front().outcome >= directory::CheckOutcome::unknown);
  if (cli::ctl::kind_of_file(bytes) != cli::ctl::HandedIn::no_private_key)
    demand(!checked.certificate);

  const auto report = cli::ctl::parse_mailbox_report(bytes);
  if (report) {
    for (const auto& one : report->mailboxes) demand(directory::valid_mailbox(one.mailbox));
  } else {
    demand(report.error().code == base::ErrorCode::invalid_config);
    demand(report.error().detail.size() < 200);
  }
  return 0;
}
