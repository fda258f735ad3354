// A throw-away PKI for one benchmark run, in the file layout of tests/captures/keys.
#pragma once
#include "crypto/keys.h"
#include <memory>
#include <string>

namespace bench {

// RSA keys and certificates under a CA of its own. Throws std::runtime_error.
class Pki {
 public:
  explicit Pki(std::string folder); // writes test_ca.cert.pem
  ~Pki();
  Pki(const Pki&) = delete;
  Pki& operator=(const Pki&) = delete;

  // Writes NAME.p12 (PIN 123456) and NAME.cer. `name` ends in "_cipher" or "_sign".
  crypto::KeyPair issue(const std::string& name, unsigned bits);
  const std::string& folder() const { return folder_; }

 private:
  struct Authority;
  std::string folder_;
  std::unique_ptr<Authority> authority_;
};

} // namespace bench
