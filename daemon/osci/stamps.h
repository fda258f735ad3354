// Cryptographic time stamps on process cards (wire reference 8.4): what a token covers, so that
// whoever holds the delivery can verify it.
#pragma once
#include "mailbox/delivery.h"
#include "osci/message.h"
#include <string>
#include <string_view>
#include <vector>

namespace osci {

// Algorithm of the Cryptographic element: an RFC 3161 TimeStampToken, named as OASIS DSS does.
inline constexpr std::string_view kTimestampAlgorithm = "urn:ietf:rfc:3161";

// Feedback of a receipt whose ordered cryptographic stamp could not be had.
inline constexpr std::string_view kPlainInstead = "3709";

// The token's imprint is the SHA-256 of these lines, each ended by LF. Creation: "OSCI 1.2
// Creation", the message id, then the SHA-256 (lower-case hex) of the canonical content of
// soap:Body and of the octets of each attachment, in the order of the message. Reception: "OSCI 1.2
// Reception" and the message id.
std::string creation_stamp_data(std::string_view message_id,
                                const std::vector<mailbox::Part>& parts);
std::string creation_stamp_data(std::string_view message_id, const Content& content);
std::string reception_stamp_data(std::string_view message_id);

} // namespace osci
