// Certificate inspection against configured trust anchors: issuer chain, validity, key usage, key
// size. Revocation is not looked at here; its outcome is therefore absent, not "ok".
#pragma once
#include "base/clock.h"
#include "crypto/certificate.h"
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace crypto {

// What is wrong first, from worst to mildest; `none` = nothing.
enum class CertificateFinding {
  none,
  issuer_signature_wrong, // an issuer of that name is known, but did not sign this certificate (or
                          // did so with SHA-1 or MD5, which proves nothing)
  issuer_unknown,         // no chain to a trust anchor can be built
  key_too_short,          // its own or an issuer's; also a key that is neither RSA nor EC
  wrong_key_usage,        // for the purpose, or an unknown critical extension forbids any
  outside_validity,       // it or an issuer is expired or not yet valid
};

enum class CertificatePurpose { signature, cipher };

struct InspectionResult {
  CertificateFinding finding = CertificateFinding::none;
  // The issuers of the best way, nearest first, the anchor last. Empty: no way to an anchor, or the
  // certificate is one itself.
  std::vector<Certificate> issuers{};
};

struct TrustPolicy {
  int min_rsa_bits = 2048;
  int min_ec_bits = 224;
};

// Unchanging but for what it remembers; thread-safe. Anchors: certificates that are trusted as such
// (roots, also a self-signed end-entity certificate listed explicitly). Intermediates: help to
// build chains, trusted only through an anchor. Issuers must be CA certificates (basicConstraints)
// unless they are the anchor itself being inspected. Chain length at most 8.
class TrustStore {
 public:
  TrustStore(std::vector<Certificate> anchors, std::vector<Certificate> intermediates,
             TrustPolicy policy);
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  // CPU work of some RSA verifications, once for each pair of certificate and issuer: that one
  // signed the other does not change. Everything else is looked at anew.
  InspectionResult inspect(const Certificate& certificate, CertificatePurpose purpose,
                           base::Instant now) const;
  std::size_t anchor_count() const { return anchors_.size(); }

 private:
  bool signed_by(const Certificate& certificate, const Certificate& issuer) const;

  std::vector<Certificate> anchors_;
  std::vector<Certificate> intermediates_;
  TrustPolicy policy_;
  mutable std::mutex mutex_;                       // guards proven_
  mutable std::unordered_set<std::string> proven_; // fingerprints of certificate and issuer
};

} // namespace crypto
