#include "setup/admission_rules.h"

namespace setup {

gateway::AdmissionRules admission_rules(const ops::Config& config) {
  const auto& a = config.admission;
  gateway::AdmissionRules out;
  out.large_body = a.large_body;
  out.retry_after_seconds = ops::retry_after_seconds(config);
  out.sender_rate = a.sender_rate;
  out.sender_burst = a.sender_burst;
  out.sender_octets_hour = a.sender_octets_hour;
  out.sender_octets_day = a.sender_octets_day;
  out.senders = a.senders;
  out.mailbox_waiting = a.mailbox_waiting;
  return out;
}

} // namespace setup
