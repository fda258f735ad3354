#include "crypto/key_transport.h"
#include "crypto/openssl.h"
#include <openssl/crypto.h>
#include <openssl/rsa.h>

namespace crypto {
namespace {

using base::ErrorCode;
using openssl::octets;

bool set_oaep(EVP_PKEY_CTX* context, const KeyTransport& transport) {
  // The label stays empty (5.3).
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, openssl::message_digest(transport.digest)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, openssl::message_digest(transport.mgf)) == 1;
}

// 0xff when equal, else 0, without a branch.
unsigned char equal_mask(unsigned a, unsigned b) {
  const unsigned difference = (a ^ b) & 0xffu;
  return static_cast<unsigned char>((difference - 1u) >> 8);
}

// `message` is 00 02 PS 00 key with at least 8 non-zero octets PS. Looks at every octet whatever it
// finds; the only thing assumed is the public length of the key (13.3). Result: 0xff or 0.
unsigned char pkcs1_mask(std::string_view message, std::size_t key_size) {
  const auto at = [&](std::size_t i) { return unsigned{static_cast<unsigned char>(message[i])}; };
  const std::size_t separator = message.size() - key_size - 1;
  unsigned good = equal_mask(at(0), 0) & equal_mask(at(1), 2) & equal_mask(at(separator), 0);
  for (std::size_t i = 2; i < separator; ++i) good &= ~unsigned{equal_mask(at(i), 0)};
  return static_cast<unsigned char>(good);
}

} // namespace

base::Result<std::string> wrap_key(const Certificate& recipient, const KeyTransport& transport,
                                   std::string_view key) {
  if (recipient.key_kind() != KeyKind::rsa)
    return base::fail(ErrorCode::key_error, "the cipher certificate holds no RSA key");
  const openssl::ErrorScope scope;
  const openssl::PkeyContext context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, recipient.public_key(), nullptr));
  std::size_t size = 0;
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      !(transport.oaep ? set_oaep(context.get(), transport)
                       : EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1) ||
      EVP_PKEY_encrypt(context.get(), nullptr, &size, octets(key), key.size()) != 1)
    return openssl::take_error(ErrorCode::key_error, "RSA key transport");
  std::string out(size, '\0');
  if (EVP_PKEY_encrypt(context.get(), octets(out), &size, octets(key), key.size()) != 1)
    return openssl::take_error(ErrorCode::key_error, "RSA key transport");
  out.resize(size);
  return out;
}

UnwrappedKey unwrap_key(const PrivateKey& key, const KeyTransport& transport,
                        std::string_view wrapped, std::size_t key_size,
                        base::RandomSource& random) {
  // Drawn always, so that success and failure take the same time up to here.
  UnwrappedKey out{random.bytes(key_size), false};
  if (key.kind() != KeyKind::rsa) return out;
  const openssl::ErrorScope scope;
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
  const auto modulus = static_cast<std::size_t>(EVP_PKEY_get_size(key.handle()));
  // The length of the wrapped key is public. RFC 8017: it is that of the modulus.
  if (!context || wrapped.size() != modulus || EVP_PKEY_decrypt_init(context.get()) != 1)
    return out;
  std::string message(modulus, '\0');
  std::size_t size = message.size();

  if (transport.oaep) {
    if (set_oaep(context.get(), transport) &&
        EVP_PKEY_decrypt(context.get(), octets(message), &size, octets(wrapped), wrapped.size()) ==
            1 &&
        size == key_size) {
      out.key.assign(message, 0, key_size);
      out.genuine = true;
    }
  } else if (modulus >= key_size + 11 &&
             EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1 &&
             EVP_PKEY_decrypt(context.get(), octets(message), &size, octets(wrapped),
                              wrapped.size()) == 1 &&
             size == modulus) {
    // Raw RSA fails only for values past the modulus, which everybody can see. Which key is taken
    // then is decided by a mask and never by a branch.
    const unsigned char good = pkcs1_mask(message, key_size);
    const std::size_t start = modulus - key_size;
    for (std::size_t i = 0; i < key_size; ++i)
      out.key[i] = static_cast<char>(
          (static_cast<unsigned char>(message[start + i]) & good) |
          (static_cast<unsigned char>(out.key[i]) & static_cast<unsigned char>(~good)));
    out.genuine = good != 0;
  }
  OPENSSL_cleanse(message.data(), message.size());
  return out;
}

} // namespace crypto
