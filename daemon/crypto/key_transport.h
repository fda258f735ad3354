#pragma once
#include "base/random.h"
#include "crypto/algorithms.h"
#include "crypto/keys.h"
#include <string>
#include <string_view>

namespace crypto {

// Error: key_error when the certificate holds no RSA key.
base::Result<std::string> wrap_key(const Certificate& recipient, const KeyTransport& transport,
                                   std::string_view key);

struct UnwrappedKey {
  std::string key; // always `key_size` octets: random when unwrapping failed
  bool genuine = false;
};

// Never reports a failure early: the caller decrypts with what it got and answers uniformly (wire
// reference 13.3). PKCS#1 v1.5 is unpadded here in constant time against the known key size, so
// that it is no Bleichenbacher oracle. Blocking CPU work: CPU pool.
UnwrappedKey unwrap_key(const PrivateKey& key, const KeyTransport& transport,
                        std::string_view wrapped, std::size_t key_size, base::RandomSource& random);

} // namespace crypto
