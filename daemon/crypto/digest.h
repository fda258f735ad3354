#pragma once
#include "base/octets.h"
#include "crypto/algorithms.h"
#include <memory>
#include <string>
#include <string_view>

namespace crypto {

std::string digest(DigestAlgorithm algorithm, std::string_view bytes); // raw octets
// In pieces. Errors: those of the source.
base::Result<std::string> digest(DigestAlgorithm algorithm, const base::OctetRange& range);
std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Incremental form; one thread, finish() once.
class Hasher {
 public:
  explicit Hasher(DigestAlgorithm algorithm);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void update(std::string_view bytes);
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace crypto
