#include "crypto/trust.h"
#include "crypto/openssl.h"
#include <algorithm>
#include <functional>

namespace crypto {
namespace {

using Finding = CertificateFinding;

constexpr std::size_t kMaxChain = 8;
// Bounds the work when many configured issuers share one name.
constexpr int kMaxVerifications = 32;
// Pairs remembered; a certificate that nobody trusts is not among them, so an attacker cannot fill
// it.
constexpr std::size_t kMaxProven = 65536;
// A signature made with SHA-1 or MD5 proves nothing any more: these count less than 112 bits.
constexpr int kMinSignatureBits = 112;

// `none` is mildest; the others stand in the order of their enumeration, worst first.
int mildness(Finding finding) {
  return finding == Finding::none ? 100 : static_cast<int>(finding);
}
Finding worse(Finding a, Finding b) {
  return mildness(a) < mildness(b) ? a : b;
}

bool same_name(const X509_NAME* a, const X509_NAME* b) {
  return X509_NAME_cmp(a, b) == 0;
}

bool self_issued(const Certificate& certificate) {
  return same_name(X509_get_subject_name(certificate.handle()),
                   X509_get_issuer_name(certificate.handle()));
}

bool has_unknown_critical_extension(const Certificate& certificate) {
  const X509* x509 = certificate.handle();
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    if (X509_EXTENSION_get_critical(extension) == 1 && X509_supported_extension(extension) != 1)
      return true;
  }
  return false;
}

// KeyUsage absent, or keyCertSign.
bool may_certify(const Certificate& certificate) {
  constexpr int key_cert_sign = 5;
  int critical = -1;
  const openssl::BitString bits(static_cast<ASN1_BIT_STRING*>(
      X509_get_ext_d2i(certificate.handle(), NID_key_usage, &critical, nullptr)));
  if (!bits) return critical == -1;
  return ASN1_BIT_STRING_get_bit(bits.get(), key_cert_sign) == 1;
}

bool proves(const Certificate& certificate, const Certificate& issuer) {
  int security_bits = -1;
  if (!issuer.public_key() ||
      X509_get_signature_info(certificate.handle(), nullptr, nullptr, &security_bits, nullptr) !=
          1 ||
      security_bits < kMinSignatureBits)
    return false;
  return X509_verify(certificate.handle(), issuer.public_key()) == 1;
}

// Path length and name constraints that `issuer` puts on the certificates below it.
bool permits(const Certificate& issuer, const std::vector<const Certificate*>& below) {
  const openssl::BasicConstraints constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509_get_ext_d2i(issuer.handle(), NID_basic_constraints, nullptr, nullptr)));
  if (!constraints) return false;
  if (constraints->pathlen) {
    const long allowed = ASN1_INTEGER_get(constraints->pathlen);
    // Self-issued certificates do not count, nor does the one at the end (RFC 5280, 6.1.4).
    const auto counted = std::count_if(below.begin() + 1, below.end(),
                                       [](const auto* one) { return !self_issued(*one); });
    if (allowed < 0 || counted > allowed) return false;
  }
  int critical = -1;
  const openssl::NameConstraints names(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(issuer.handle(), NID_name_constraints, &critical, nullptr)));
  if (!names) return critical == -1;
  return std::all_of(below.begin(), below.end(), [&](const auto* one) {
    return (one != below.front() && self_issued(*one)) ||
           NAME_CONSTRAINTS_check(one->handle(), names.get()) == X509_V_OK;
  });
}

struct Search {
  const std::function<bool(const Certificate&, const Certificate&)>& signed_by;
  const std::vector<Certificate>& anchors;
  const std::vector<Certificate>& intermediates;
  const TrustPolicy& policy;
  base::Instant now;
  int verifications_left = kMaxVerifications;
  std::vector<const Certificate*> path{}; // from the inspected certificate upwards

  Finding strength_and_validity(const Certificate& certificate) const {
    const int minimum = certificate.key_kind() == KeyKind::rsa  ? policy.min_rsa_bits
                        : certificate.key_kind() == KeyKind::ec ? policy.min_ec_bits
                                                                : 0;
    if (certificate.key_kind() == KeyKind::other || certificate.key_bits() < minimum)
      return Finding::key_too_short;
    // Both ends belong to the validity; X.509 counts in seconds.
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second < certificate.not_before() || second > certificate.not_after())
      return Finding::outside_validity;
    return Finding::none;
  }

  // Mildest finding of all ways from the end of `path` to an anchor, and that way; issuer_unknown
  // when there is none.
  Finding climb(bool& issuer_known, bool& signature_right,
                std::vector<const Certificate*>& issuers) {
    const Certificate& end = *path.back();
    if (std::find(anchors.begin(), anchors.end(), end) != anchors.end()) return Finding::none;
    auto best = Finding::issuer_unknown;
    if (path.size() == kMaxChain) return best;
    const X509_NAME* issuer_name = X509_get_issuer_name(end.handle());
    for (const auto* source : {&anchors, &intermediates}) {
      for (const auto& issuer : *source) {
        if (!issuer.is_ca() || !same_name(issuer_name, X509_get_subject_name(issuer.handle())))
          continue;
        if (std::any_of(path.begin(), path.end(), [&](const auto* one) { return *one == issuer; }))
          continue;
        issuer_known = true;
        if (--verifications_left < 0) return best;
        if (!signed_by(end, issuer)) continue;
        signature_right = true;
        if (!may_certify(issuer) || has_unknown_critical_extension(issuer) ||
            !permits(issuer, path))
          continue;
        path.push_back(&issuer);
        bool known = false, right = false;
        std::vector<const Certificate*> higher;
        const Finding above = climb(known, right, higher);
        path.pop_back();
        const Finding found = worse(above, strength_and_validity(issuer));
        if (mildness(found) <= mildness(best)) continue;
        best = found;
        issuers = std::move(higher);
        issuers.insert(issuers.begin(), &issuer);
        if (best == Finding::none) return best;
      }
    }
    return best;
  }
};

} // namespace

TrustStore::TrustStore(std::vector<Certificate> anchors, std::vector<Certificate> intermediates,
                       TrustPolicy policy)
    : anchors_(std::move(anchors)), intermediates_(std::move(intermediates)), policy_(policy) {}

TrustStore::~TrustStore() = default;

bool TrustStore::signed_by(const Certificate& certificate, const Certificate& issuer) const {
  const std::string pair = certificate.fingerprint() + issuer.fingerprint();
  {
    const std::lock_guard lock(mutex_);
    if (proven_.contains(pair)) return true;
  }
  if (!proves(certificate, issuer)) return false;
  const std::lock_guard lock(mutex_);
  if (proven_.size() >= kMaxProven) proven_.clear();
  proven_.insert(pair);
  return true;
}

InspectionResult TrustStore::inspect(const Certificate& certificate, CertificatePurpose purpose,
                                     base::Instant now) const {
  const openssl::ErrorScope scope;
  const std::function<bool(const Certificate&, const Certificate&)> proof =
      [this](const Certificate& one, const Certificate& issuer) { return signed_by(one, issuer); };
  Search search{proof, anchors_, intermediates_, policy_, now};
  search.path.push_back(&certificate);
  bool issuer_known = false, signature_right = false;
  std::vector<const Certificate*> issuers;
  Finding finding = search.climb(issuer_known, signature_right, issuers);
  if (finding == Finding::issuer_unknown && issuer_known && !signature_right)
    finding = Finding::issuer_signature_wrong;
  const bool usable = purpose == CertificatePurpose::signature ? certificate.may_sign()
                                                               : certificate.may_encipher();
  if (!usable || has_unknown_critical_extension(certificate))
    finding = worse(finding, Finding::wrong_key_usage);
  InspectionResult out{worse(finding, search.strength_and_validity(certificate)), {}};
  for (const auto* issuer : issuers) out.issuers.push_back(*issuer);
  return out;
}

} // namespace crypto
