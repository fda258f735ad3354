#include "crypto/ocsp.h"
#include "base/encoding.h"
#include "crypto/openssl.h"
#include <openssl/ocsp.h>

namespace crypto {

using base::ErrorCode;
using base::fail;
using openssl::octets;

namespace {

using Request = openssl::Owned<OCSP_REQUEST, OCSP_REQUEST_free>;
using Response = openssl::Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using Basic = openssl::Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using CertId = openssl::Owned<OCSP_CERTID, OCSP_CERTID_free>;
using KeyUsages = openssl::Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

constexpr int kNonceOctets = 16;
// Bounds the work for a hostile response.
constexpr int kMaxSingle = 32;
constexpr int kMaxCertificates = 4;

base::Error broken(const char* rule) {
  return fail(ErrorCode::peer_fault, std::string("OCSP response: ") + rule);
}

// SHA-1 names the issuer here and protects nothing: it is the only form that every responder knows
// (RFC 5019, 2.1.1), and what it names is compared with the certificates we hold.
CertId certificate_id(const Certificate& subject, const Certificate& issuer) {
  return CertId(OCSP_cert_to_id(EVP_sha1(), subject.handle(), issuer.handle()));
}

// Octets of the nonce extension; nullopt: there is none.
std::optional<std::string> nonce_of(OCSP_BASICRESP* basic) {
  const int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<std::size_t>(ASN1_STRING_length(value)));
}

bool is_responder(const OCSP_BASICRESP* basic, X509* candidate) {
  const ASN1_OCTET_STRING* key_hash = nullptr;
  const X509_NAME* name = nullptr;
  if (OCSP_resp_get0_id(basic, &key_hash, &name) != 1) return false;
  if (name) return X509_NAME_cmp(name, X509_get_subject_name(candidate)) == 0;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_pubkey_digest(candidate, EVP_sha1(), hash, &size) != 1) return false;
  return std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(key_hash)),
                          static_cast<std::size_t>(ASN1_STRING_length(key_hash))) ==
         std::string_view(reinterpret_cast<const char*>(hash), size);
}

bool may_sign_ocsp(const X509* certificate) {
  const KeyUsages usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  if (!usages) return false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i)
    if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i)) == NID_OCSP_sign) return true;
  return false;
}

bool signed_with(OCSP_BASICRESP* basic, EVP_PKEY* key) {
  const X509_ALGOR* algorithm = OCSP_resp_get0_tbs_sigalg(basic);
  return key && openssl::strong_signature(algorithm) &&
         ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), algorithm, OCSP_resp_get0_signature(basic),
                          OCSP_resp_get0_respdata(basic), key) == 1;
}

// A certificate that `issuer` itself made for this purpose (RFC 6960, 4.2.2.2). Whether it is
// revoked in turn is not asked: that question has no end, which is why such certificates are short
// lived or marked "nocheck".
base::Result<> check_delegate(X509* delegate, const Certificate& issuer,
                              const StatusWindow& window) {
  auto der = openssl::to_der<X509>(delegate, i2d_X509);
  const auto certificate = Certificate::from_der(der);
  if (!certificate) return broken("responder's certificate cannot be read");
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, delegate);
  if (X509_NAME_cmp(X509_get_issuer_name(delegate), X509_get_subject_name(issuer.handle())) != 0 ||
      !openssl::strong_signature(algorithm) || X509_verify(delegate, issuer.public_key()) != 1)
    return broken("responder's certificate is not by the issuer");
  if (!may_sign_ocsp(delegate) || !certificate->may_sign())
    return broken("responder's certificate does not allow OCSP signatures");
  if (window.now + window.skew < certificate->not_before() ||
      window.now - window.skew > certificate->not_after())
    return broken("responder's certificate is outside its validity");
  return {};
}

base::Result<> check_signature(OCSP_BASICRESP* basic, const Certificate& issuer,
                               const StatusWindow& window) {
  if (!issuer.public_key()) return broken("the issuer's key cannot be read");
  if (is_responder(basic, issuer.handle()) && signed_with(basic, issuer.public_key())) return {};
  const STACK_OF(X509)* certificates = OCSP_resp_get0_certs(basic);
  const int count = sk_X509_num(certificates);
  for (int i = 0; i < count && i < kMaxCertificates; ++i) {
    X509* candidate = sk_X509_value(certificates, i);
    if (!is_responder(basic, candidate)) continue;
    if (auto allowed = check_delegate(candidate, issuer, window); !allowed) return allowed;
    if (signed_with(basic, X509_get0_pubkey(candidate))) return {};
  }
  return broken("signature is not by the issuer or its responder");
}

bool has_critical_extension(const OCSP_SINGLERESP* single) {
  auto* entry = const_cast<OCSP_SINGLERESP*>(single); // OpenSSL's getter takes no const
  for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(entry); ++i)
    if (X509_EXTENSION_get_critical(OCSP_SINGLERESP_get_ext(entry, i)) == 1) return true;
  return false;
}

bool has_critical_extension(OCSP_BASICRESP* basic) {
  for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); ++i)
    if (X509_EXTENSION_get_critical(OCSP_BASICRESP_get_ext(basic, i)) == 1) return true;
  return false;
}

base::Result<StatusStatement> statement_of(OCSP_SINGLERESP* single) {
  int reason = -1;
  ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
  StatusStatement out;
  switch (OCSP_single_get0_status(single, &reason, &revoked, &from, &until)) {
  case V_OCSP_CERTSTATUS_GOOD:
    out.status = CertificateStatus::good;
    break;
  case V_OCSP_CERTSTATUS_REVOKED:
    out.status = CertificateStatus::revoked;
    out.revoked_at = openssl::to_instant(revoked);
    if (!out.revoked_at) return broken("time of revocation");
    break;
  case V_OCSP_CERTSTATUS_UNKNOWN:
    out.status = CertificateStatus::unknown;
    break;
  default:
    return broken("status without meaning");
  }
  const auto this_update = openssl::to_instant(from);
  if (!this_update) return broken("thisUpdate");
  out.this_update = *this_update;
  if (until) {
    out.next_update = openssl::to_instant(until);
    if (!out.next_update) return broken("nextUpdate");
  }
  return out;
}

} // namespace

base::Result<OcspRequest> make_ocsp_request(const Certificate& subject, const Certificate& issuer,
                                            base::RandomSource& random) {
  const openssl::ErrorScope scope;
  const Request request(OCSP_REQUEST_new());
  openssl::require(request != nullptr, "OCSP_REQUEST_new");
  CertId id = certificate_id(subject, issuer);
  if (!id) return fail(ErrorCode::key_error, "OCSP request: the issuer's key cannot be read");
  openssl::require(OCSP_request_add0_id(request.get(), id.get()) != nullptr, "OCSP_request_add0");
  id.release(); // the request's now
  std::string nonce = random.bytes(kNonceOctets);
  openssl::require(OCSP_request_add1_nonce(request.get(), octets(nonce), kNonceOctets) == 1,
                   "OCSP nonce");
  const int at = OCSP_REQUEST_get_ext_by_NID(request.get(), NID_id_pkix_OCSP_Nonce, -1);
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(OCSP_REQUEST_get_ext(request.get(), at));
  OcspRequest out;
  out.der = openssl::to_der<OCSP_REQUEST>(request.get(), i2d_OCSP_REQUEST);
  out.nonce.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                   static_cast<std::size_t>(ASN1_STRING_length(value)));
  return out;
}

base::Result<StatusStatement> read_ocsp_response(std::string_view response,
                                                 const Certificate& subject,
                                                 const Certificate& issuer, std::string_view nonce,
                                                 const StatusWindow& window) {
  if (response.size() > kMaxOcspResponse)
    return fail(ErrorCode::too_large, "OCSP response: larger than 64 KiB");
  const openssl::ErrorScope scope;
  const unsigned char* at = octets(response);
  const Response outer(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response.size())));
  if (!outer || at != octets(response) + response.size()) return broken("not in DER");
  if (OCSP_response_status(outer.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return broken("the responder declines");
  const Basic basic(OCSP_response_get1_basic(outer.get()));
  if (!basic) return broken("no basic response");
  const CertId wanted = certificate_id(subject, issuer);
  if (!wanted) return broken("the issuer's key cannot be read");

  const int count = OCSP_resp_count(basic.get());
  if (count > kMaxSingle) return broken("too many statements");
  OCSP_SINGLERESP* single = nullptr;
  for (int i = 0; i < count; ++i) {
    OCSP_SINGLERESP* one = OCSP_resp_get0(basic.get(), i);
    if (OCSP_id_cmp(OCSP_SINGLERESP_get0_id(one), wanted.get()) != 0) continue;
    if (single) return broken("two statements about one certificate");
    single = one;
  }
  if (!single) return broken("about another certificate");
  if (has_critical_extension(single) || has_critical_extension(basic.get()))
    return broken("critical extension");
  if (const auto answered = nonce_of(basic.get());
      !nonce.empty() && answered && !base::constant_time_equal(*answered, nonce))
    return broken("nonce of another request");
  if (auto right = check_signature(basic.get(), issuer, window); !right) return right.error();

  auto out = statement_of(single);
  if (!out) return out.error();
  if (out->this_update > window.now + window.skew) return broken("thisUpdate lies in the future");
  if (out->next_update && (*out->next_update < out->this_update ||
                           *out->next_update + window.grace < window.now - window.skew))
    return broken("nextUpdate has passed");
  return out;
}

} // namespace crypto
