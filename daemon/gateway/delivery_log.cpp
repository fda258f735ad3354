#include "gateway/delivery_log.h"
#include "base/log.h"
#include "osci/metadata.h"

namespace gateway {

using base::LogLevel;

void log_stored(const mailbox::NewDelivery& delivery, bool repeated, std::string_view code) {
  mailbox::MetaDataIndex about;
  if (delivery.metadata) about = *delivery.metadata;
  base::log(LogLevel::info, repeated ? "delivery.repeated" : "delivery.stored",
            repeated ? "receipt repeated for a known delivery" : "delivery stored",
            {{"message_id", delivery.message_id},
             {"mailbox", delivery.mailbox},
             {"party", delivery.originator},
             {"service", osci::loggable_service(about.service)},
             {"message_type", osci::loggable_code(about.message_type)},
             {"author", osci::loggable_party(about.author)},
             {"reader", osci::loggable_party(about.reader)},
             {"code", std::string(code)}});
}

void log_metadata(std::string_view message_id, std::string_view party,
                  const std::vector<std::string>& findings) {
  if (findings.empty()) return;
  base::log(LogLevel::warning, "metadata.invalid",
            "taken as it is, but its MessageMetaData breaks the schema",
            {{"message_id", std::string(message_id)},
             {"party", std::string(party)},
             {"findings", std::to_string(findings.size())},
             {"rule", findings.front()}});
}

void log_content(std::string_view message_id, std::string_view party,
                 const std::vector<std::string>& findings) {
  if (findings.empty()) return;
  base::log(LogLevel::warning, "content.invalid",
            "taken as it is, but its content in clear breaks the schema",
            {{"message_id", std::string(message_id)},
             {"party", std::string(party)},
             {"findings", std::to_string(findings.size())},
             {"rule", findings.front()}});
}

void note_routing(std::string_view message_id, std::string_view party,
                  const osci::RoutingReport& report, Rollovers* rollovers, base::Instant now) {
  for (const auto& finding : report.findings)
    base::log(LogLevel::warning, "routing.finding",
              "taken, but the directory has something against it",
              {{"message_id", std::string(message_id)},
               {"party", std::string(party)},
               {"sender", report.sender},
               {"addressee", report.addressee},
               {"finding", finding}});
  if (rollovers && !report.superseded.empty())
    rollovers->note({report.sender.empty() ? std::string(party) : report.sender, report.addressee,
                     report.superseded, report.current, now});
}

} // namespace gateway
