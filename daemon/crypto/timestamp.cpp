#include "crypto/timestamp.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include <openssl/pkcs7.h>
#include <openssl/ts.h>

namespace crypto {

using base::ErrorCode;
using base::fail;
using openssl::octets;

namespace {

using Request = openssl::Owned<TS_REQ, TS_REQ_free>;
using Response = openssl::Owned<TS_RESP, TS_RESP_free>;
using Imprint = openssl::Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free>;
using Algorithm = openssl::Owned<X509_ALGOR, X509_ALGOR_free>;
using Object = openssl::Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using Integer = openssl::Owned<ASN1_INTEGER, ASN1_INTEGER_free>;
using Token = openssl::Owned<PKCS7, PKCS7_free>;
using Info = openssl::Owned<TS_TST_INFO, TS_TST_INFO_free>;
using Store = openssl::Owned<X509_STORE, X509_STORE_free>;
using Verification = openssl::Owned<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;

constexpr std::size_t kNonceOctets = 8;

base::Error broken(const char* rule) {
  return fail(ErrorCode::peer_fault, std::string("time stamp: ") + rule);
}

// Trust in these anchors alone, at this time, with keys and digests of 112 bits at least.
Store trust(const std::vector<Certificate>& anchors, base::Instant at) {
  Store store(X509_STORE_new());
  openssl::require(store != nullptr, "X509_STORE_new");
  for (const auto& anchor : anchors)
    openssl::require(X509_STORE_add_cert(store.get(), anchor.handle()) == 1, "X509_STORE_add_cert");
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(
      parameters,
      static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count()));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_auth_level(parameters, 2);
  return store;
}

bool strong_signers(PKCS7* token) {
  STACK_OF(PKCS7_SIGNER_INFO)* signers = PKCS7_get_signer_info(token);
  if (sk_PKCS7_SIGNER_INFO_num(signers) != 1) return false;
  const PKCS7_SIGNER_INFO* one = sk_PKCS7_SIGNER_INFO_value(signers, 0);
  return openssl::strong_digest(OBJ_obj2nid(one->digest_alg->algorithm));
}

base::Result<Token> read_token(std::string_view der) {
  if (der.size() > kMaxTimestamp)
    return fail(ErrorCode::too_large, "time stamp: larger than 64 KiB");
  const unsigned char* at = octets(der);
  Token token(d2i_PKCS7(nullptr, &at, static_cast<long>(der.size())));
  if (!token || at != octets(der) + der.size() || PKCS7_type_is_signed(token.get()) == 0)
    return broken("not a token in DER");
  return token;
}

base::Result<Timestamp> describe(PKCS7* token) {
  const Info info(PKCS7_to_TS_TST_INFO(token));
  if (!info) return broken("no TSTInfo");
  Timestamp out;
  const auto at = openssl::to_instant(TS_TST_INFO_get_time(info.get()));
  if (!at) return broken("genTime");
  out.at = *at;
  char policy[128];
  const int length = OBJ_obj2txt(policy, sizeof policy, TS_TST_INFO_get_policy_id(info.get()), 1);
  if (length > 0 && length < static_cast<int>(sizeof policy)) out.policy = policy;
  const ASN1_INTEGER* serial = TS_TST_INFO_get_serial(info.get());
  if (!serial || ASN1_STRING_length(serial) > 64) return broken("serial number");
  const openssl::BigNumber number(ASN1_INTEGER_to_BN(serial, nullptr));
  const openssl::Text digits(number ? BN_bn2dec(number.get()) : nullptr);
  if (digits) out.serial = digits.get();
  out.token = openssl::to_der<PKCS7>(token, i2d_PKCS7);
  return out;
}

} // namespace

base::Result<std::string> make_timestamp_request(std::string_view data, const std::string& policy,
                                                 base::RandomSource& random) {
  const openssl::ErrorScope scope;
  const Request request(TS_REQ_new());
  const Imprint imprint(TS_MSG_IMPRINT_new());
  const Algorithm algorithm(X509_ALGOR_new());
  openssl::require(request && imprint && algorithm, "time stamp request");
  std::string hash = digest(DigestAlgorithm::sha256, data);
  openssl::require(
      X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1 &&
          TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
          TS_MSG_IMPRINT_set_msg(imprint.get(), octets(hash), static_cast<int>(hash.size())) == 1 &&
          TS_REQ_set_version(request.get(), 1) == 1 &&
          TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
          TS_REQ_set_cert_req(request.get(), 1) == 1,
      "time stamp request");
  const std::string nonce = random.bytes(kNonceOctets);
  const openssl::BigNumber number(
      BN_bin2bn(octets(nonce), static_cast<int>(nonce.size()), nullptr));
  const Integer value(number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
  openssl::require(value && TS_REQ_set_nonce(request.get(), value.get()) == 1, "time stamp nonce");
  if (!policy.empty()) {
    const Object object(OBJ_txt2obj(policy.c_str(), 1));
    if (!object) return fail(ErrorCode::invalid_config, "time stamp policy is not an OID");
    openssl::require(TS_REQ_set_policy_id(request.get(), object.get()) == 1, "time stamp policy");
  }
  return openssl::to_der<TS_REQ>(request.get(), i2d_TS_REQ);
}

base::Result<Timestamp> read_timestamp_response(std::string_view response, std::string_view request,
                                                const std::vector<Certificate>& anchors,
                                                base::Instant now, base::Milliseconds tolerance) {
  if (response.size() > kMaxTimestamp)
    return fail(ErrorCode::too_large, "time stamp: larger than 64 KiB");
  const openssl::ErrorScope scope;
  const unsigned char* at = octets(response);
  const Response answer(d2i_TS_RESP(nullptr, &at, static_cast<long>(response.size())));
  if (!answer || at != octets(response) + response.size()) return broken("not in DER");
  at = octets(request);
  const Request asked(d2i_TS_REQ(nullptr, &at, static_cast<long>(request.size())));
  if (!asked) return broken("request cannot be read");
  PKCS7* token = TS_RESP_get_token(answer.get());
  if (!token || PKCS7_type_is_signed(token) == 0) return broken("the authority declines");
  if (!strong_signers(token)) return broken("not one signature with a strong digest");

  const Verification check(TS_REQ_to_TS_VERIFY_CTX(asked.get(), nullptr));
  openssl::require(check != nullptr, "TS_VERIFY_CTX");
  TS_VERIFY_CTX_add_flags(check.get(), TS_VFY_SIGNATURE);
  TS_VERIFY_CTX_set_store(check.get(), trust(anchors, now).release());
  if (TS_RESP_verify_response(check.get(), answer.get()) != 1)
    return broken("not by the configured authority for this request");
  auto out = describe(token);
  if (!out) return out.error();
  if (out->at > now + tolerance || out->at < now - tolerance)
    return broken("the authority's clock and ours differ");
  return out;
}

base::Result<Timestamp> verify_timestamp(std::string_view token, std::string_view data,
                                         const std::vector<Certificate>& anchors) {
  const openssl::ErrorScope scope;
  const auto read = read_token(token);
  if (!read) return read.error();
  if (!strong_signers(read->get())) return broken("not one signature with a strong digest");
  auto out = describe(read->get());
  if (!out) return out.error();
  const Verification check(TS_VERIFY_CTX_new());
  openssl::require(check != nullptr, "TS_VERIFY_CTX");
  TS_VERIFY_CTX_add_flags(check.get(), TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
  TS_VERIFY_CTX_set_store(check.get(), trust(anchors, out->at).release());
  const std::string hash = digest(DigestAlgorithm::sha256, data);
  auto* imprint = static_cast<unsigned char*>(OPENSSL_memdup(hash.data(), hash.size()));
  openssl::require(imprint != nullptr, "OPENSSL_memdup");
  TS_VERIFY_CTX_set_imprint(check.get(), imprint, static_cast<long>(hash.size()));
  if (TS_RESP_verify_token(check.get(), read->get()) != 1)
    return broken("not by a known authority for these data");
  return out;
}

base::Result<base::Instant> stated_time(std::string_view token) {
  const openssl::ErrorScope scope;
  const auto read = read_token(token);
  if (!read) return read.error();
  const auto out = describe(read->get());
  if (!out) return out.error();
  return out->at;
}

} // namespace crypto
