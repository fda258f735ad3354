#include "crypto/digest.h"
#include "base/encoding.h"
#include "crypto/openssl.h"
#include <openssl/core_names.h>
#include <openssl/params.h>

namespace crypto {

using openssl::octets;
using openssl::require;

std::string digest(DigestAlgorithm algorithm, std::string_view bytes) {
  std::string out(digest_size(algorithm), '\0');
  unsigned size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), octets(out), &size,
                     openssl::message_digest(algorithm), nullptr) == 1 &&
              size == out.size(),
          "EVP_Digest");
  return out;
}

base::Result<std::string> digest(DigestAlgorithm algorithm, const base::OctetRange& range) {
  Hasher hasher(algorithm);
  const auto all = base::for_each_piece(range, [&hasher](std::string_view piece) -> base::Result<> {
    hasher.update(piece);
    return {};
  });
  if (!all) return all.error();
  return hasher.finish();
}

std::string sha256_hex(std::string_view bytes) {
  return base::hex_encode(digest(DigestAlgorithm::sha256, bytes));
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  static const openssl::FetchedMac hmac = [] {
    openssl::FetchedMac out(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    require(out != nullptr, "OpenSSL lacks HMAC");
    return out;
  }();
  const openssl::MacContext context(EVP_MAC_CTX_new(hmac.get()));
  char name[] = "SHA2-256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  std::string out(32, '\0');
  std::size_t size = 0;
  // A null key would mean "keep the previous key" to OpenSSL, an empty one is a key.
  const std::string_view some_key = key.empty() ? std::string_view("", 0) : key;
  require(context != nullptr &&
              EVP_MAC_init(context.get(), octets(some_key), some_key.size(), parameters) == 1 &&
              EVP_MAC_update(context.get(), octets(bytes), bytes.size()) == 1 &&
              EVP_MAC_final(context.get(), octets(out), &size, out.size()) == 1 &&
              size == out.size(),
          "HMAC");
  return out;
}

struct Hasher::State {
  openssl::DigestContext context;
  std::size_t size;
};

Hasher::Hasher(DigestAlgorithm algorithm)
    : state_(std::make_unique<State>(
          State{openssl::DigestContext(EVP_MD_CTX_new()), digest_size(algorithm)})) {
  require(state_->context != nullptr &&
              EVP_DigestInit_ex2(state_->context.get(), openssl::message_digest(algorithm),
                                 nullptr) == 1,
          "EVP_DigestInit");
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
          "EVP_DigestUpdate");
}

std::string Hasher::finish() {
  std::string out(state_->size, '\0');
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), octets(out), &size) == 1 && size == out.size(),
          "EVP_DigestFinal");
  return out;
}

} // namespace crypto
