// Private keys with their certificate, from PKCS#12 or PEM. Immutable and cheap to copy;
// thread-safe.
#pragma once
#include "crypto/certificate.h"
#include <memory>
#include <string>
#include <string_view>

namespace crypto {

class PrivateKey {
 public:
  // PEM (PKCS#8 or traditional, optionally encrypted with `pin`). Error: key_error.
  static base::Result<PrivateKey> from_pem(std::string_view pem, std::string_view pin);
  evp_pkey_st* handle() const { return key_.get(); } // borrowed
  KeyKind kind() const;
  int bits() const;
  bool matches(const Certificate& certificate) const;

 private:
  friend struct PrivateKeyFactory;
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

struct KeyPair {
  Certificate certificate;
  PrivateKey key;
};

// Also reads the old 3DES/SHA-1 protected files without OpenSSL's legacy provider. Error: key_error
// (detail tells a wrong PIN from a broken file).
base::Result<KeyPair> load_pkcs12(std::string_view bytes, std::string_view pin);
// `path` ending in .p12/.pfx: PKCS#12. Otherwise a PEM key; the certificate is the first
// CERTIFICATE block of the same file or, if given, of `certificate_path`. Files over 1 MiB are
// refused. Errors: file_error, key_error; details name the path and what to do.
base::Result<KeyPair> load_key_pair(const std::string& path, const std::string& certificate_path,
                                    std::string_view pin);

} // namespace crypto
