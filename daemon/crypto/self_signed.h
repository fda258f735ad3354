// Throw-away identities that no trust anchor knows: what a tester shows to a peer that must refuse
// them. Nothing of ours ever trusts one.
#pragma once
#include "base/clock.h"
#include "crypto/keys.h"
#include <string>

namespace crypto {

struct SelfSigned {
  std::string common_name;
  base::Instant not_before, not_after;
  int rsa_bits = 2048; // 0: an EC key on P-256
};

// Blocking CPU work, seconds for long keys. Error: key_error.
base::Result<KeyPair> make_self_signed(const SelfSigned& wanted);

} // namespace crypto
