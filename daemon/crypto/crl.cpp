#include "crypto/crl.h"
#include "crypto/openssl.h"
#include <algorithm>

namespace crypto {

using base::ErrorCode;
using base::fail;
using openssl::octets;

namespace {

using CrlObject = openssl::Owned<X509_CRL, X509_CRL_free>;
using IssuingPoint = openssl::Owned<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;

base::Error broken(const char* rule) {
  return fail(ErrorCode::peer_fault, std::string("CRL: ") + rule);
}

// KeyUsage absent, or cRLSign.
bool may_sign_lists(const Certificate& issuer) {
  constexpr int crl_sign = 6;
  int critical = -1;
  const openssl::BitString bits(static_cast<ASN1_BIT_STRING*>(
      X509_get_ext_d2i(issuer.handle(), NID_key_usage, &critical, nullptr)));
  if (!bits) return critical == -1;
  return ASN1_BIT_STRING_get_bit(bits.get(), crl_sign) == 1;
}

} // namespace

struct Crl::Parsed {
  CrlObject list;
  std::optional<Certificate> issuer_certificate;
  base::Instant this_update{}, next_update{};
  std::size_t size = 0;
  // issuingDistributionPoint: for whom the list speaks.
  bool only_user = false, only_ca = false;
  std::vector<std::string> points; // URIs; empty: for every distribution point

  base::Result<> read_scope();
};

base::Result<> Crl::Parsed::read_scope() {
  for (int i = 0; i < X509_CRL_get_ext_count(list.get()); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(list.get(), i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (nid == NID_delta_crl) return broken("a delta list is not the whole list");
    if (X509_EXTENSION_get_critical(extension) == 1 && nid != NID_issuing_distribution_point &&
        nid != NID_authority_key_identifier && nid != NID_crl_number)
      return broken("critical extension");
  }
  int critical = -1;
  const IssuingPoint point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(list.get(), NID_issuing_distribution_point, &critical, nullptr)));
  if (!point) return critical == -1 ? base::Result<>{} : broken("issuingDistributionPoint");
  if (point->indirectCRL > 0 || point->onlysomereasons || point->onlyattr > 0)
    return broken("not a complete list of its issuer");
  only_user = point->onlyuser > 0;
  only_ca = point->onlyCA > 0;
  if (!point->distpoint) return {};
  if (point->distpoint->type != 0) return broken("distribution point by relative name");
  const GENERAL_NAMES* names = point->distpoint->name.fullname;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int type = -1;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
    if (type == GEN_URI)
      points.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  if (points.empty()) return broken("distribution point without URI");
  return {};
}

base::Result<Crl> Crl::from_der(std::string_view der, const Certificate& issuer) {
  if (der.size() > kMaxCrl) return fail(ErrorCode::too_large, "CRL: larger than 8 MiB");
  const openssl::ErrorScope scope;
  auto parsed = std::make_shared<Parsed>();
  const unsigned char* at = octets(der);
  parsed->list.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  X509_CRL* list = parsed->list.get();
  if (!list || at != octets(der) + der.size()) return broken("not in DER");
  if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer.handle())) != 0)
    return broken("by another issuer");
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(list, nullptr, &algorithm);
  if (!issuer.public_key() || !may_sign_lists(issuer) || !openssl::strong_signature(algorithm) ||
      X509_CRL_verify(list, issuer.public_key()) != 1)
    return broken("signature is not by the issuer");
  const auto from = openssl::to_instant(X509_CRL_get0_lastUpdate(list));
  const auto until = openssl::to_instant(X509_CRL_get0_nextUpdate(list));
  if (!from || !until || *until < *from) return broken("thisUpdate or nextUpdate");
  if (auto read = parsed->read_scope(); !read) return read.error();
  parsed->issuer_certificate = issuer;
  parsed->this_update = *from;
  parsed->next_update = *until;
  parsed->size = der.size();
  return Crl(std::move(parsed));
}

base::Instant Crl::this_update() const {
  return parsed_->this_update;
}
base::Instant Crl::next_update() const {
  return parsed_->next_update;
}
std::size_t Crl::size() const {
  return parsed_->size;
}

base::Result<StatusStatement> Crl::status_of(const Certificate& subject,
                                             const StatusWindow& window) const {
  const openssl::ErrorScope scope;
  if (X509_NAME_cmp(X509_get_issuer_name(subject.handle()),
                    X509_get_subject_name(parsed_->issuer_certificate->handle())) != 0)
    return broken("by another issuer");
  if (parsed_->this_update > window.now + window.skew)
    return broken("thisUpdate lies in the future");
  if (parsed_->next_update + window.grace < window.now - window.skew)
    return broken("nextUpdate has passed");
  if ((parsed_->only_user && subject.is_ca()) || (parsed_->only_ca && !subject.is_ca()))
    return broken("does not speak for this kind of certificate");
  if (!parsed_->points.empty()) {
    const auto own = crl_urls(subject);
    if (std::none_of(own.begin(), own.end(), [&](const auto& url) {
          return std::find(parsed_->points.begin(), parsed_->points.end(), url) !=
                 parsed_->points.end();
        }))
      return broken("for another distribution point");
  }
  StatusStatement out;
  out.this_update = parsed_->this_update;
  out.next_update = parsed_->next_update;
  X509_REVOKED* entry = nullptr;
  // The look-up sorts the list once, under a lock of OpenSSL's own.
  if (X509_CRL_get0_by_serial(parsed_->list.get(), &entry,
                              X509_get0_serialNumber(subject.handle())) == 0) {
    out.status = CertificateStatus::good;
    return out;
  }
  out.status = CertificateStatus::revoked;
  out.revoked_at = openssl::to_instant(X509_REVOKED_get0_revocationDate(entry));
  return out;
}

} // namespace crypto
