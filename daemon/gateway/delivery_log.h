// Log lines about a delivery, the same for what came in one piece, by chunks and to be pushed.
// Private to gateway/.
#pragma once
#include "base/clock.h"
#include "gateway/rollovers.h"
#include "mailbox/delivery.h"
#include "osci/decide.h"
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

// delivery.stored, or delivery.repeated: with what its sender says that it is about, as far as that
// cannot be the name of a person. `code` is what the sender is told.
void log_stored(const mailbox::NewDelivery& delivery, bool repeated, std::string_view code);

// metadata.invalid for a delivery that is taken although its MessageMetaData breaks the schema;
// nothing without findings.
void log_metadata(std::string_view message_id, std::string_view party,
                  const std::vector<std::string>& findings);

// content.invalid for a delivery that is taken although its content in clear breaks the schema;
// nothing without findings.
void log_content(std::string_view message_id, std::string_view party,
                 const std::vector<std::string>& findings);

// routing.finding for each: what the directory says against a delivery that is taken all the same.
// `rollovers`, unless null, hears of a certificate that has a successor.
void note_routing(std::string_view message_id, std::string_view party,
                  const osci::RoutingReport& report, Rollovers* rollovers, base::Instant now);

} // namespace gateway
