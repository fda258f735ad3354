#include "crypto/self_signed.h"
#include "crypto/openssl.h"
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace crypto {

using base::ErrorCode;

base::Result<KeyPair> make_self_signed(const SelfSigned& wanted) {
  const openssl::ErrorScope scope;
  const auto failed = [](const char* what) {
    return openssl::take_error(ErrorCode::key_error, what);
  };
  const openssl::Pkey key(wanted.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(wanted.rsa_bits))
                                              : EVP_EC_gen("P-256"));
  if (!key) return failed("cannot make a key");
  const openssl::X509Object certificate(X509_new());
  openssl::require(certificate != nullptr, "X509_new");
  const auto seconds = [](base::Instant at) {
    return static_cast<time_t>(
        std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
  };
  X509_NAME* name = X509_get_subject_name(certificate.get()); // borrowed
  if (X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7) != 1 ||
      !ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds(wanted.not_before)) ||
      !ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds(wanted.not_after)) ||
      X509_set_pubkey(certificate.get(), key.get()) != 1 ||
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                 openssl::octets(wanted.common_name),
                                 static_cast<int>(wanted.common_name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate.get(), name) != 1 ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) <= 0)
    return failed("cannot make a certificate");

  const int size = i2d_X509(certificate.get(), nullptr);
  openssl::require(size > 0, "i2d_X509");
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* out = openssl::octets(der);
  openssl::require(i2d_X509(certificate.get(), &out) == size, "i2d_X509");
  auto read = Certificate::from_der(der);
  if (!read) return read.error();

  const openssl::Bio pem = openssl::memory_writer();
  if (PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("cannot write a key");
  auto private_key = PrivateKey::from_pem(openssl::written(pem.get()), "");
  if (!private_key) return private_key.error();
  return KeyPair{std::move(*read), std::move(*private_key)};
}

} // namespace crypto
