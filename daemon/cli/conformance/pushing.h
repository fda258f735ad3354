// What the cases of push with a listening recipient share (cases_passive.cpp, cases_mediate.cpp).
#pragma once
#include "cli/conformance/bench.h"
#include <optional>
#include <string>
#include <vector>

namespace cli::conformance {

// ForwardDelivery or MediateDelivery to the listening recipient, with attachment and custom header.
osci::Request pushed_order(Bench& b, osci::MessageType type, std::optional<std::string> id);
// NotOffered when it is answered as an unknown type, which 11.8 says of chunks.
Heard push_offered(Heard heard);

// The recipient's consent as the client module would not give it; what `answer` holds stays. May be
// called on the recipient's thread.
std::string hand_made(Bench& b, const osci::Request& push, const char* signer_role,
                      osci::Answer answer, bool sign, bool encrypt);

// Unmet with what differs.
void expect_same_content(const osci::Content& sent, const osci::Content& got);
// Roles, Ids and certificates, but for SignatureCertificateAddressee, which must be gone (4.9).
void expect_same_certificates(const std::vector<osci::RoleCertificate>& sent,
                              const std::vector<osci::RoleCertificate>& got);
// Creation <= Forwarding <= Reception, the last exactly when `received`.
void expect_times(const mailbox::ProcessCard& card, bool received);
// The only thing that reached the recipient since behave().
osci::Request only_push(Bench& b, osci::MessageType type);

} // namespace cli::conformance
