#include "crypto/algorithms.h"
#include "base/result.h"
#include <array>

namespace crypto {
namespace {

template <class T>
struct Row {
  T value;
  std::string_view uri;
};

template <class T, std::size_t n>
std::optional<T> find(const std::array<Row<T>, n>& table, std::string_view uri) {
  for (const auto& row : table)
    if (row.uri == uri) return row.value;
  return std::nullopt;
}

template <class T, std::size_t n>
std::string_view find(const std::array<Row<T>, n>& table, T value) {
  for (const auto& row : table)
    if (row.value == value) return row.uri;
  throw base::InternalError("algorithm has no URI in this place");
}

// Wire reference 4.4.
constexpr std::array<Row<DigestAlgorithm>, 5> kDigests = {{
    {DigestAlgorithm::sha256, "http://www.w3.org/2001/04/xmlenc#sha256"},
    {DigestAlgorithm::sha512, "http://www.w3.org/2001/04/xmlenc#sha512"},
    {DigestAlgorithm::sha3_256, "http://www.w3.org/2007/05/xmldsig-more#sha3-256"},
    {DigestAlgorithm::sha3_384, "http://www.w3.org/2007/05/xmldsig-more#sha3-384"},
    {DigestAlgorithm::sha3_512, "http://www.w3.org/2007/05/xmldsig-more#sha3-512"},
}};

// Wire reference 4.5.
constexpr std::array<Row<SignatureAlgorithm>, 9> kSignatures = {{
    {SignatureAlgorithm::rsa_sha256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
    {SignatureAlgorithm::rsa_sha512, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"},
    {SignatureAlgorithm::rsa_pss_sha256, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"},
    {SignatureAlgorithm::rsa_pss_sha512, "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"},
    {SignatureAlgorithm::rsa_pss_sha3_256,
     "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1"},
    {SignatureAlgorithm::rsa_pss_sha3_384,
     "http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1"},
    {SignatureAlgorithm::rsa_pss_sha3_512,
     "http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1"},
    {SignatureAlgorithm::ecdsa_sha256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
    {SignatureAlgorithm::ecdsa_sha512, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"},
}};

// Wire reference 5.3.
constexpr std::array<Row<Cipher>, 7> kCiphers = {{
    {Cipher::aes128_gcm, "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
    {Cipher::aes192_gcm, "http://www.w3.org/2009/xmlenc11#aes192-gcm"},
    {Cipher::aes256_gcm, "http://www.w3.org/2009/xmlenc11#aes256-gcm"},
    {Cipher::aes128_cbc, "http://www.w3.org/2001/04/xmlenc#aes128-cbc"},
    {Cipher::aes192_cbc, "http://www.w3.org/2001/04/xmlenc#aes192-cbc"},
    {Cipher::aes256_cbc, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
    {Cipher::tripledes_cbc, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"},
}};

constexpr std::array<Row<DigestAlgorithm>, 3> kMgfs = {{
    {DigestAlgorithm::sha256, "http://www.w3.org/2009/xmlenc11#mgf1sha256"},
    {DigestAlgorithm::sha384, "http://www.w3.org/2009/xmlenc11#mgf1sha384"},
    {DigestAlgorithm::sha512, "http://www.w3.org/2009/xmlenc11#mgf1sha512"},
}};

constexpr std::array<Row<DigestAlgorithm>, 3> kOaepDigests = {{
    {DigestAlgorithm::sha256, "http://www.w3.org/2001/04/xmlenc#sha256"},
    {DigestAlgorithm::sha384, "http://www.w3.org/2001/04/xmldsig-more#sha384"},
    {DigestAlgorithm::sha512, "http://www.w3.org/2001/04/xmlenc#sha512"},
}};

} // namespace

std::optional<DigestAlgorithm> digest_from_uri(std::string_view uri) {
  return find(kDigests, uri);
}
std::string_view digest_uri(DigestAlgorithm algorithm) {
  return find(kDigests, algorithm);
}

std::size_t digest_size(DigestAlgorithm algorithm) {
  switch (algorithm) {
  case DigestAlgorithm::sha256:
  case DigestAlgorithm::sha3_256:
    return 32;
  case DigestAlgorithm::sha384:
  case DigestAlgorithm::sha3_384:
    return 48;
  case DigestAlgorithm::sha512:
  case DigestAlgorithm::sha3_512:
    return 64;
  }
  throw base::InternalError("unknown digest algorithm");
}

std::optional<SignatureAlgorithm> signature_from_uri(std::string_view uri) {
  return find(kSignatures, uri);
}
std::string_view signature_uri(SignatureAlgorithm algorithm) {
  return find(kSignatures, algorithm);
}

std::optional<Cipher> cipher_from_uri(std::string_view uri) {
  return find(kCiphers, uri);
}
std::string_view cipher_uri(Cipher cipher) {
  return find(kCiphers, cipher);
}

std::size_t cipher_key_size(Cipher cipher) {
  switch (cipher) {
  case Cipher::aes128_gcm:
  case Cipher::aes128_cbc:
    return 16;
  case Cipher::aes192_gcm:
  case Cipher::aes192_cbc:
  case Cipher::tripledes_cbc:
    return 24;
  case Cipher::aes256_gcm:
  case Cipher::aes256_cbc:
    return 32;
  }
  throw base::InternalError("unknown cipher");
}

bool cipher_is_gcm(Cipher cipher) {
  return cipher == Cipher::aes128_gcm || cipher == Cipher::aes192_gcm ||
         cipher == Cipher::aes256_gcm;
}

std::optional<DigestAlgorithm> mgf_from_uri(std::string_view uri) {
  return find(kMgfs, uri);
}
std::string_view mgf_uri(DigestAlgorithm algorithm) {
  return find(kMgfs, algorithm);
}

std::optional<DigestAlgorithm> oaep_digest_from_uri(std::string_view uri) {
  return find(kOaepDigests, uri);
}
std::string_view oaep_digest_uri(DigestAlgorithm algorithm) {
  return find(kOaepDigests, algorithm);
}

} // namespace crypto
