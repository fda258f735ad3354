// May this delivery go where it is to go? The two checks of the DVDV, that test and production do
// not mix (domain 1.2, 1.3), and whether the sender knows the recipient's present certificate
// (4.6). Pure. What comes of a finding (observe, enforce) is for the caller's policy.
#pragma once
#include "base/clock.h"
#include "directory/directory.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

enum class RoutingCheck { sender, reader, test, rollover };

enum class RoutingFinding {
  service_not_named,      // sender: nothing says what the delivery is about
  service_unknown,        // sender: the directory does not describe the service
  sender_unknown,         // sender: the client's certificate belongs to nobody who is listed
  sender_not_entitled,    // sender: its category may not use the service
  service_not_offered,    // reader: the addressee does not offer it at present
  reader_mismatch,        // reader: the delivery is for another organisation than the addressee
  test_mixed,             // test: sender, addressee and the mark of the message disagree
  certificate_superseded, // rollover: enciphered for a certificate that has a successor
};

RoutingCheck check_of(RoutingFinding finding);
// For logs, e.g. "sender_not_entitled".
std::string_view to_string(RoutingFinding finding);

// What is known of a delivery. Strings are as the sender wrote them; empty: not said.
struct RoutingQuestion {
  const Organisation* sender = nullptr;    // owner of the client's cipher certificate
  const Organisation* addressee = nullptr; // owner of the addressee's cipher certificate
  std::string_view service;                // service URI
  std::string_view reader;                 // organisation key
  std::optional<bool> test;                // mark of the message
  base::Instant now;
  const crypto::Certificate* cipher = nullptr; // the addressee's; null: not to be looked at
};

// In the order of RoutingFinding; empty: nothing against it. What cannot be compared because one
// side is not said or not listed is no finding, but for service_not_named and the two unknowns.
std::vector<RoutingFinding> judge_routing(const Directory& directory,
                                          const RoutingQuestion& question);

// What a sender has to encipher for now: the certificate that the organisation names for this
// service, else its current one. Null: none.
const crypto::Certificate* recipient_certificate(const Organisation& organisation,
                                                 std::string_view service, base::Instant now);

} // namespace directory
