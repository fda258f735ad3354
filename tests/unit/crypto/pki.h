// Keys and certificates made on the spot by OpenSSL, independent of the code under test.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/keys.h"
#include <memory>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <optional>
#include <string>
#include <vector>

namespace pki {

using Key = std::shared_ptr<EVP_PKEY>;

// The same key for the same arguments within one run: making RSA keys is slow.
Key rsa(unsigned bits, int number = 0);
Key ec(const std::string& curve, int number = 0);
Key ed25519();
Key rsa_pss();
Key ec_explicit_parameters();
Key ec_public(const std::string& curve, std::string_view x_hex, std::string_view y_hex);

base::Instant start(); // 2026-01-01T00:00:00Z; certificates are valid one year from here

struct Extension {
  int nid;
  std::string value; // as in openssl.cnf
};

struct Spec {
  std::string subject = "leaf";
  std::string issuer = "root";
  bool ca = false;
  std::optional<int> path_length{};
  std::string key_usage{}; // as in openssl.cnf; empty: no extension
  std::vector<Extension> extensions{};
  int from_day = 0;
  int to_day = 365;
  std::string serial = "1"; // decimal
  const char* digest = "SHA256";
  // Instead of "CN=<subject>": UTF8String octets taken as they are.
  std::optional<std::string> raw_subject{};
  std::optional<std::string> unknown_critical_extension{};
};

std::string certificate_der(const Spec& spec, const Key& subject_key, const Key& issuer_key);
crypto::Certificate certificate(const Spec& spec, const Key& subject_key, const Key& issuer_key);
crypto::Certificate root(const std::string& name, const Key& key);

std::string private_pem(const Key& key, const std::string& pin = "");
std::string certificate_pem(const crypto::Certificate& certificate);
crypto::PrivateKey private_key(const Key& key);
std::string pkcs12(const Key& key, const crypto::Certificate* certificate, const std::string& pin,
                   int key_nid, int certificate_nid);

// Repeatable and never secret.
class SeededRandom final : public base::RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(void* out, std::size_t size) override;

 private:
  std::uint64_t state_;
};

} // namespace pki
