// Private to crypto/: ownership of OpenSSL objects and its error queue. No other header includes
// OpenSSL.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "crypto/algorithms.h"
#include <memory>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crypto::openssl {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using Asn1Time = Owned<ASN1_TIME, ASN1_TIME_free>;
using BasicConstraints = Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using BigNumber = Owned<BIGNUM, BN_free>;
using Bio = Owned<BIO, BIO_free_all>;
using BitString = Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcdsaSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using FetchedCipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;
using FetchedDigest = Owned<EVP_MD, EVP_MD_free>;
using FetchedMac = Owned<EVP_MAC, EVP_MAC_free>;
using MacContext = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using NameConstraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using Pkcs12 = Owned<PKCS12, PKCS12_free>;
using Pkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using X509Object = Owned<X509, X509_free>;

// Memory of OpenSSL's own allocator. OPENSSL_free is a macro that records the place of the call.
struct FreeMemory {
  void operator()(void* memory) const noexcept { OPENSSL_free(memory); }
};
using Text = std::unique_ptr<char, FreeMemory>;

// Octet strings are char here and unsigned char there.
inline const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* octets(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

// Turns what the calling thread's OpenSSL error queue holds into an Error and empties the queue.
// The detail is `what` and OpenSSL's fixed reason text, never its data strings: those may quote
// input.
base::Error take_error(base::ErrorCode code, std::string_view what);

// Empties the queue at both ends of a scope. The queue belongs to the thread, and another request
// may run on this thread next: nothing of ours may be mistaken for its error, nor the other way
// round.
class ErrorScope {
 public:
  ErrorScope() { ERR_clear_error(); }
  ~ErrorScope() { ERR_clear_error(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

// For calls that can only fail when memory runs out or by a bug of ours. Throws
// base::InternalError.
void require(bool success, const char* what);

// Fetched once a process: an implicit fetch at each use costs more than hashing a small block.
const EVP_MD* message_digest(DigestAlgorithm algorithm);

// Fraction digits past the third are cut. Nullopt: no time that exists.
std::optional<base::Instant> to_instant(const ASN1_TIME* time);

// A signature by SHA-2, SHA-3 or an Edwards curve; what SHA-1 or MD5 signed proves nothing.
bool strong_signature(const X509_ALGOR* algorithm);
bool strong_digest(int nid);

// DER of an object by its i2d function.
template <class T>
std::string to_der(const T* object, int (*encode)(const T*, unsigned char**)) {
  const int size = encode(object, nullptr);
  require(size > 0, "DER cannot be written");
  std::string out(static_cast<std::size_t>(size), '\0');
  unsigned char* at = octets(out);
  require(encode(object, &at) == size, "DER cannot be written");
  return out;
}

// Read-only view of `text` as a BIO; `text` must outlive it and be shorter than 2 GiB.
Bio memory_reader(std::string_view text);
Bio memory_writer();
std::string written(BIO* memory);

// DER of every CERTIFICATE block of a PEM text, whatever other blocks stand between. Error:
// key_error.
base::Result<std::vector<std::string>> certificate_blocks(std::string_view pem);

} // namespace crypto::openssl
