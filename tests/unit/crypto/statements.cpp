#include "statements.h"
#include <memory>
#include <openssl/ocsp.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace pki {
namespace {

void must(bool success, const char* what) {
  if (!success) throw std::runtime_error(std::string("test authority: ") + what);
}

template <class T>
std::string der_of(T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  must(size > 0, "DER");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

time_t seconds(base::Instant at) {
  return static_cast<time_t>(
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

const unsigned char* octets(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

using Time = std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)>;
Time time_of(base::Instant at) {
  return Time(ASN1_TIME_set(nullptr, seconds(at)), ASN1_TIME_free);
}

} // namespace

std::string ocsp_response(const OcspSpec& spec, const crypto::Certificate& subject,
                          const crypto::Certificate& issuer, const crypto::Certificate& signer,
                          const Key& signer_key) {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), subject.handle(), issuer.handle());
  const int status = spec.status == crypto::CertificateStatus::good ? V_OCSP_CERTSTATUS_GOOD
                     : spec.status == crypto::CertificateStatus::revoked
                         ? V_OCSP_CERTSTATUS_REVOKED
                         : V_OCSP_CERTSTATUS_UNKNOWN;
  const auto from = time_of(spec.this_update), revoked = time_of(spec.revoked_at);
  const auto until = spec.next_update ? time_of(*spec.next_update) : Time(nullptr, ASN1_TIME_free);
  for (int i = 0; i < (spec.say_it_twice ? 2 : 1); ++i)
    must(OCSP_basic_add1_status(basic, id, status, 0,
                                status == V_OCSP_CERTSTATUS_REVOKED ? revoked.get() : nullptr,
                                from.get(), until.get()) != nullptr,
         "OCSP status");
  if (!spec.request.empty()) {
    const unsigned char* at = octets(spec.request);
    OCSP_REQUEST* request = d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(spec.request.size()));
    must(request != nullptr, "OCSP request");
    OCSP_copy_nonce(basic, request);
    OCSP_REQUEST_free(request);
  }
  if (spec.wrong_nonce) {
    unsigned char other[16] = {1, 2, 3};
    must(OCSP_basic_add1_nonce(basic, other, sizeof other) == 1, "nonce");
  }
  STACK_OF(X509)* along = sk_X509_new_null();
  for (const auto& one : spec.certificates) sk_X509_push(along, one.handle());
  must(OCSP_basic_sign(basic, signer.handle(), signer_key.get(), EVP_get_digestbyname(spec.digest),
                       along, OCSP_NOCERTS | (spec.by_key ? OCSP_RESPID_KEY : 0)) == 1,
       "OCSP signature");
  for (const auto& one : spec.certificates) OCSP_basic_add1_cert(basic, one.handle());
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  must(response != nullptr, "OCSP response");
  auto out = der_of<OCSP_RESPONSE>(response, i2d_OCSP_RESPONSE);
  sk_X509_free(along);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
  return out;
}

std::string ocsp_error(int status) {
  OCSP_RESPONSE* response = OCSP_response_create(status, nullptr);
  auto out = der_of<OCSP_RESPONSE>(response, i2d_OCSP_RESPONSE);
  OCSP_RESPONSE_free(response);
  return out;
}

std::string crl(const CrlSpec& spec, const crypto::Certificate& issuer, const Key& issuer_key) {
  X509_CRL* list = X509_CRL_new();
  must(X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1, "CRL version");
  X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.handle()));
  X509_CRL_set1_lastUpdate(list, time_of(spec.this_update).get());
  X509_CRL_set1_nextUpdate(list, time_of(spec.next_update).get());
  for (const auto& serial : spec.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    BIGNUM* number = nullptr;
    must(BN_dec2bn(&number, serial.c_str()) > 0, "serial");
    ASN1_INTEGER* value = BN_to_ASN1_INTEGER(number, nullptr);
    X509_REVOKED_set_serialNumber(entry, value);
    X509_REVOKED_set_revocationDate(entry, time_of(spec.revoked_at).get());
    ASN1_INTEGER_free(value);
    BN_free(number);
    must(X509_CRL_add0_revoked(list, entry) == 1, "entry");
  }
  for (const auto& one : spec.extensions) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer.handle(), nullptr, nullptr, list, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, one.nid, one.value.c_str());
    must(extension != nullptr && X509_CRL_add_ext(list, extension, -1) == 1, "CRL extension");
    X509_EXTENSION_free(extension);
  }
  X509_CRL_sort(list);
  must(X509_CRL_sign(list, issuer_key.get(), EVP_get_digestbyname(spec.digest)) > 0, "signature");
  auto out = der_of<X509_CRL>(list, i2d_X509_CRL);
  X509_CRL_free(list);
  return out;
}

namespace {

int stamp_time(TS_RESP_CTX*, void* data, long* seconds_out, long* microseconds) {
  const auto at = *static_cast<const base::Instant*>(data);
  *seconds_out = static_cast<long>(seconds(at));
  *microseconds = static_cast<long>((at - std::chrono::floor<std::chrono::seconds>(at)) /
                                    std::chrono::microseconds{1});
  return 1;
}

ASN1_INTEGER* stamp_serial(TS_RESP_CTX*, void*) {
  ASN1_INTEGER* serial = ASN1_INTEGER_new();
  ASN1_INTEGER_set(serial, 4711);
  return serial;
}

} // namespace

std::string timestamp_response(const StampSpec& spec, const std::string& request,
                               const crypto::Certificate& signer, const Key& signer_key) {
  TS_RESP_CTX* context = TS_RESP_CTX_new();
  ASN1_OBJECT* policy = OBJ_txt2obj(spec.policy.c_str(), 1);
  base::Instant at = spec.at;
  must(TS_RESP_CTX_set_signer_cert(context, signer.handle()) == 1 &&
           TS_RESP_CTX_set_signer_key(context, signer_key.get()) == 1 &&
           TS_RESP_CTX_set_signer_digest(context, EVP_get_digestbyname(spec.digest)) == 1 &&
           TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1 &&
           TS_RESP_CTX_set_def_policy(context, policy) == 1 &&
           TS_RESP_CTX_add_md(context, EVP_sha256()) == 1 &&
           TS_RESP_CTX_set_clock_precision_digits(context, 3) == 1,
       "TS_RESP_CTX");
  TS_RESP_CTX_set_time_cb(context, stamp_time, &at);
  TS_RESP_CTX_set_serial_cb(context, stamp_serial, nullptr);
  BIO* in = BIO_new_mem_buf(request.data(), static_cast<int>(request.size()));
  TS_RESP* response = TS_RESP_create_response(context, in);
  must(response != nullptr, "time stamp response");
  auto out = der_of<TS_RESP>(response, i2d_TS_RESP);
  TS_RESP_free(response);
  BIO_free(in);
  ASN1_OBJECT_free(policy);
  TS_RESP_CTX_free(context);
  return out;
}

std::string token_of(const std::string& response) {
  const unsigned char* at = octets(response);
  TS_RESP* answer = d2i_TS_RESP(nullptr, &at, static_cast<long>(response.size()));
  must(answer && TS_RESP_get_token(answer), "token");
  auto out = der_of<PKCS7>(TS_RESP_get_token(answer), i2d_PKCS7);
  TS_RESP_free(answer);
  return out;
}

} // namespace pki
