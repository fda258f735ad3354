#pragma once
#include "crypto/algorithms.h"
#include "crypto/keys.h"
#include <string>
#include <string_view>

namespace crypto {

// SignatureValue octets as OSCI carries them: RSA as is; PSS with salt = hash length and MGF1 over
// the same hash; ECDSA as fixed-width r||s, not DER (wire reference 4.5). Blocking CPU work: CPU
// pool. Error: key_error when key and algorithm do not fit.
base::Result<std::string> sign(const PrivateKey& key, SignatureAlgorithm algorithm,
                               std::string_view data);
// Error: signature_wrong for every failure (also: key kind does not fit, RSA key below 2048 bit, EC
// key below 224 bit, certificate may not sign).
base::Result<> verify(const Certificate& certificate, SignatureAlgorithm algorithm,
                      std::string_view data, std::string_view signature);
// Default algorithm for a key: rsa_sha256 or ecdsa_sha256 (P-521: ecdsa_sha512).
SignatureAlgorithm default_signature_algorithm(const PrivateKey& key);

} // namespace crypto
