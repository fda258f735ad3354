// An X.509 certificate, parsed once. Immutable and cheap to copy (shared state); thread-safe.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;     // OpenSSL X509
struct evp_pkey_st; // OpenSSL EVP_PKEY

namespace crypto {

enum class KeyKind { rsa, ec, other };

class Certificate {
 public:
  // At most 64 KiB of DER. The certificates read last share their state with the same octets read
  // again. Errors: malformed_message.
  static base::Result<Certificate> from_der(std::string_view der);
  // First CERTIFICATE block of a PEM text; or DER when the text does not look like PEM. Refuses
  // input that contains a private key, so that nobody hands one over by mistake. Errors: key_error.
  static base::Result<Certificate> from_file_text(std::string_view pem_or_der);
  // Every CERTIFICATE block of a PEM text (or one DER certificate). Errors: key_error.
  static base::Result<std::vector<Certificate>> bundle_from_file_text(std::string_view pem_or_der);

  const std::string& der() const;
  const std::string& fingerprint() const; // lower-case hex SHA-256 of der(); used in OSCI Ids (2.5)
  const std::string& subject() const;     // RFC 2253, UTF-8
  const std::string& issuer() const;
  const std::string& serial() const; // decimal
  base::Instant not_before() const;
  base::Instant not_after() const;
  KeyKind key_kind() const;
  int key_bits() const;
  // KeyUsage absent, or digitalSignature or nonRepudiation set (wire reference 4.2).
  bool may_sign() const;
  // KeyUsage absent, or keyEncipherment or dataEncipherment set.
  bool may_encipher() const;
  bool is_ca() const;

  x509_st* handle() const; // borrowed; not to be changed
  // Borrowed; null when OpenSSL cannot read the key (key_kind() is `other` then, and also for
  // curves given by explicit parameters).
  evp_pkey_st* public_key() const;

  friend bool operator==(const Certificate& a, const Certificate& b) { return a.der() == b.der(); }

 private:
  struct Parsed;
  class Recent;
  explicit Certificate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;
};

} // namespace crypto
