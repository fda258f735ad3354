// What an authority states about the revocation of one certificate, once its signature and its
// times have been verified; and what a request may know of all of its certificates.
#pragma once
#include "base/clock.h"
#include "crypto/certificate.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crypto {

enum class CertificateStatus {
  good,
  revoked, // also "on hold"
  unknown, // the responder does not know the certificate
};

struct StatusStatement {
  CertificateStatus status = CertificateStatus::unknown;
  base::Instant this_update{};
  std::optional<base::Instant> next_update{}; // absent: newer information is always to be had
  std::optional<base::Instant> revoked_at{};
};

// When a statement is taken: not from the future, not past its nextUpdate.
struct StatusWindow {
  base::Instant now;
  base::Milliseconds skew = std::chrono::minutes{5}; // between the authority's clock and ours
  base::Milliseconds grace{0};                       // past nextUpdate
};

// Outcome of the revocation check of one certificate and all its issuers below the anchor.
enum class RevocationOutcome {
  not_checked, // switched off, no way to an anchor, or the certificate names nobody to ask
  good,
  revoked,
  unreachable, // nobody who could be asked gave a usable statement
};

struct RevocationResult {
  RevocationOutcome outcome = RevocationOutcome::not_checked;
  std::optional<base::Instant> revoked_at{};
  // Evidence for good and revoked: a verified OCSP response (DER), or the time of the list.
  std::string ocsp{};
  std::optional<base::Instant> crl{};
};

// By Certificate::fingerprint().
using RevocationResults = std::map<std::string, RevocationResult, std::less<>>;

// Where a certificate says it can be checked: authorityInfoAccess (OCSP) and cRLDistributionPoints
// (whole lists by the issuer itself). Only http:// and https://, at most four of 1024 characters
// each, in the certificate's order. They come from outside: whoever asks there checks the address.
std::vector<std::string> ocsp_urls(const Certificate& certificate);
std::vector<std::string> crl_urls(const Certificate& certificate);

} // namespace crypto
