// The process card (Laufzettel): what the intermediary attests about one delivery. Wire
// reference 8.
#pragma once
#include "base/clock.h"
#include <optional>
#include <string>
#include <vector>

namespace mailbox {

enum class MathResult { ok, corrupted, indeterminate };
enum class OfflineResult { valid, invalid, indeterminate };

// What the certificate's authority said when it was asked, and the proof of it (8.5).
struct OnlineResult {
  bool revoked = false;
  std::string ocsp;                 // the verified response, DER; empty: none
  std::optional<base::Instant> crl; // thisUpdate of the list
};

// Outcome of checking one certificate of a delivery (8.5). The online result is absent when nobody
// gave one; it is never invented.
struct Inspection {
  base::Instant at;
  std::string role;        // element name in NonIntermediaryCertificates, for operators only
  std::string fingerprint; // lower-case hex SHA-256 of the DER certificate, for operators only
  std::string subject;     // RFC 2253
  std::string issuer;      // RFC 2253
  std::string serial;      // decimal
  MathResult math = MathResult::indeterminate;
  OfflineResult offline = OfflineResult::indeterminate;
  std::optional<OnlineResult> online{};
};

// Times as of 8.6: creation = received and stored; forwarding = answer to a fetch was built;
// reception = the fetching party's next accepted request in the same explicit dialog.
struct ProcessCard {
  std::string message_id; // decoded form
  base::Instant creation{};
  std::optional<base::Instant> forwarding;
  std::optional<base::Instant> reception;
  base::Instant modification{};
  std::optional<std::string> subject;
  std::vector<Inspection> inspections;
  // RFC 3161 tokens (DER) that attest the time beside them; empty: the stamp is plain (8.4).
  std::string creation_token;
  std::string reception_token;
};

} // namespace mailbox
