#include "crypto/signature.h"
#include "crypto/openssl.h"
#include <openssl/rsa.h>
#include <optional>

namespace crypto {
namespace {

using base::ErrorCode;
using base::fail;
using openssl::octets;

constexpr int kMinRsaBits = 2048, kMinEcBits = 224; // wire reference 13.6

struct Scheme {
  KeyKind kind;
  bool pss;
  DigestAlgorithm digest;
};

Scheme scheme_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
  case SignatureAlgorithm::rsa_sha256:
    return {KeyKind::rsa, false, DigestAlgorithm::sha256};
  case SignatureAlgorithm::rsa_sha512:
    return {KeyKind::rsa, false, DigestAlgorithm::sha512};
  case SignatureAlgorithm::rsa_pss_sha256:
    return {KeyKind::rsa, true, DigestAlgorithm::sha256};
  case SignatureAlgorithm::rsa_pss_sha512:
    return {KeyKind::rsa, true, DigestAlgorithm::sha512};
  case SignatureAlgorithm::rsa_pss_sha3_256:
    return {KeyKind::rsa, true, DigestAlgorithm::sha3_256};
  case SignatureAlgorithm::rsa_pss_sha3_384:
    return {KeyKind::rsa, true, DigestAlgorithm::sha3_384};
  case SignatureAlgorithm::rsa_pss_sha3_512:
    return {KeyKind::rsa, true, DigestAlgorithm::sha3_512};
  case SignatureAlgorithm::ecdsa_sha256:
    return {KeyKind::ec, false, DigestAlgorithm::sha256};
  case SignatureAlgorithm::ecdsa_sha512:
    return {KeyKind::ec, false, DigestAlgorithm::sha512};
  }
  throw base::InternalError("unknown signature algorithm");
}

// `context` belongs to the digest context it came from.
bool set_padding(EVP_PKEY_CTX* context, const Scheme& scheme) {
  if (scheme.kind != KeyKind::rsa) return true;
  if (!scheme.pss) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  const EVP_MD* md = openssl::message_digest(scheme.digest);
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// Octets of r and of s: as many as the order of the curve has (P-521: 66).
std::size_t ecdsa_width(const EVP_PKEY* key) {
  return (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8;
}

std::optional<std::string> plain_from_der(std::string_view der, std::size_t width) {
  const unsigned char* at = octets(der);
  const openssl::EcdsaSignature signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return std::nullopt;
  std::string out(2 * width, '\0');
  const int expected = static_cast<int>(width);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), octets(out), expected) != expected ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), octets(out) + width, expected) != expected)
    return std::nullopt;
  return out;
}

std::optional<std::string> der_from_plain(std::string_view plain, std::size_t width) {
  if (plain.size() != 2 * width) return std::nullopt;
  const int size = static_cast<int>(width);
  openssl::BigNumber r(BN_bin2bn(octets(plain), size, nullptr));
  openssl::BigNumber s(BN_bin2bn(octets(plain) + width, size, nullptr));
  const openssl::EcdsaSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1)
    return std::nullopt;
  static_cast<void>(r.release()); // set0 took them
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (length <= 0) return std::nullopt;
  std::string out(static_cast<std::size_t>(length), '\0');
  unsigned char* to = octets(out);
  if (i2d_ECDSA_SIG(signature.get(), &to) != length) return std::nullopt;
  return out;
}

} // namespace

base::Result<std::string> sign(const PrivateKey& key, SignatureAlgorithm algorithm,
                               std::string_view data) {
  const Scheme scheme = scheme_of(algorithm);
  if (key.kind() != scheme.kind)
    return fail(ErrorCode::key_error, "the key does not fit the signature algorithm");
  const openssl::ErrorScope scope;
  const openssl::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  std::size_t size = 0;
  const auto* digest_name = EVP_MD_get0_name(openssl::message_digest(scheme.digest));
  if (!context ||
      EVP_DigestSignInit_ex(context.get(), &key_context, digest_name, nullptr, nullptr,
                            key.handle(), nullptr) != 1 ||
      !set_padding(key_context, scheme) ||
      EVP_DigestSign(context.get(), nullptr, &size, octets(data), data.size()) != 1)
    return openssl::take_error(ErrorCode::key_error, "signing");
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), octets(out), &size, octets(data), data.size()) != 1)
    return openssl::take_error(ErrorCode::key_error, "signing");
  out.resize(size);
  if (scheme.kind == KeyKind::rsa) return out;
  auto plain = plain_from_der(out, ecdsa_width(key.handle()));
  openssl::require(plain.has_value(), "ECDSA signature form");
  return std::move(*plain);
}

base::Result<> verify(const Certificate& certificate, SignatureAlgorithm algorithm,
                      std::string_view data, std::string_view signature) {
  const auto wrong = [](const char* rule) { return fail(ErrorCode::signature_wrong, rule); };
  const Scheme scheme = scheme_of(algorithm);
  if (certificate.key_kind() != scheme.kind) return wrong("key does not fit the algorithm");
  if (certificate.key_bits() < (scheme.kind == KeyKind::rsa ? kMinRsaBits : kMinEcBits))
    return wrong("key too short");
  if (!certificate.may_sign()) return wrong("certificate may not sign");

  const openssl::ErrorScope scope;
  EVP_PKEY* key = certificate.public_key();
  std::string der;
  if (scheme.kind == KeyKind::ec) {
    auto converted = der_from_plain(signature, ecdsa_width(key));
    if (!converted) return wrong("signature value has the wrong length");
    der = std::move(*converted);
    signature = der;
  }
  const openssl::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const auto* digest_name = EVP_MD_get0_name(openssl::message_digest(scheme.digest));
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), &key_context, digest_name, nullptr, nullptr, key,
                              nullptr) != 1 ||
      !set_padding(key_context, scheme))
    return wrong("key cannot be used with the algorithm");
  if (EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(data),
                       data.size()) != 1)
    return wrong("signature value");
  return {};
}

SignatureAlgorithm default_signature_algorithm(const PrivateKey& key) {
  if (key.kind() == KeyKind::ec)
    return key.bits() > 512 ? SignatureAlgorithm::ecdsa_sha512 : SignatureAlgorithm::ecdsa_sha256;
  // Such a key refuses PKCS#1 v1.5.
  if (EVP_PKEY_is_a(key.handle(), "RSA-PSS") == 1) return SignatureAlgorithm::rsa_pss_sha256;
  return SignatureAlgorithm::rsa_sha256;
}

} // namespace crypto
