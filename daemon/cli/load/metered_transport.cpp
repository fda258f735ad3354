#include "cli/load/metered_transport.h"
#include "cli/http_transport.h"
#include "cli/settings.h"
#include <algorithm>

namespace cli::load {

base::Result<client::Reply> MeteredTransport::post(const std::string& body) {
  const auto begun = std::chrono::steady_clock::now();
  auto answer = http_.post(url_, body, "text/xml", limits_);
  last_took_ = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun);
  retry_after_.reset();
  if (!answer) {
    tally_.outcome(short_name(answer.error()));
    return answer.error();
  }
  retry_after_ = answer->retry_after;
  tally_.outcome("HTTP " + std::to_string(answer->status));
  return reply_from(std::move(*answer));
}

void MeteredTransport::pause_before_repeat(base::Milliseconds wait) {
  using namespace std::chrono_literals;
  tally_.outcome("repeated, same octets");
  if (retry_after_) {
    tally_.outcome("waited for Retry-After");
    wait = std::max<base::Milliseconds>(wait, std::min<std::chrono::seconds>(*retry_after_, 60s));
  }
  pause(wait);
}

} // namespace cli::load
