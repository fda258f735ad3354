// Allow-listed algorithms of OSCI 1.2 and their URIs (wire reference 4.4, 4.5, 5.3). Anything
// without an enumerator here does not exist for this program; SHA-1 and RIPEMD-160 are deliberately
// absent (13.6).
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace crypto {

enum class DigestAlgorithm { sha256, sha384, sha512, sha3_256, sha3_384, sha3_512 };
// sha384 has no URI in OSCI digests (4.4) and is known for OAEP only.
std::optional<DigestAlgorithm> digest_from_uri(std::string_view uri);
std::string_view digest_uri(DigestAlgorithm algorithm);
std::size_t digest_size(DigestAlgorithm algorithm);

enum class SignatureAlgorithm {
  rsa_sha256,
  rsa_sha512,
  rsa_pss_sha256,
  rsa_pss_sha512,
  rsa_pss_sha3_256,
  rsa_pss_sha3_384,
  rsa_pss_sha3_512,
  ecdsa_sha256,
  ecdsa_sha512,
};
std::optional<SignatureAlgorithm> signature_from_uri(std::string_view uri);
std::string_view signature_uri(SignatureAlgorithm algorithm);

enum class Cipher {
  aes128_gcm,
  aes192_gcm,
  aes256_gcm,
  aes128_cbc,
  aes192_cbc,
  aes256_cbc,
  tripledes_cbc, // legacy: only behind a switch
};
std::optional<Cipher> cipher_from_uri(std::string_view uri);
std::string_view cipher_uri(Cipher cipher);
std::size_t cipher_key_size(Cipher cipher); // octets
bool cipher_is_gcm(Cipher cipher);

// Key transport: rsa-oaep with MGF1 over its own digest choice, or the legacy RSA PKCS#1 v1.5.
struct KeyTransport {
  bool oaep = true;
  DigestAlgorithm digest = DigestAlgorithm::sha256;
  DigestAlgorithm mgf = DigestAlgorithm::sha256;
};
inline constexpr std::string_view kRsaOaepUri = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
inline constexpr std::string_view kRsa15Uri = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
std::optional<DigestAlgorithm> mgf_from_uri(std::string_view uri); // #mgf1sha256, 384, 512
std::string_view mgf_uri(DigestAlgorithm algorithm);
// DigestMethod inside rsa-oaep: sha256 and sha512 of xmlenc#, sha384 of xmldsig-more#.
std::optional<DigestAlgorithm> oaep_digest_from_uri(std::string_view uri);
std::string_view oaep_digest_uri(DigestAlgorithm algorithm);

} // namespace crypto
