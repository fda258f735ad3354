// Message ids that need no write when they are issued (design decision 4): a signed,
// self-describing token. It is consumed in the transaction that stores the delivery.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include <string>
#include <string_view>

namespace mailbox {

// Form: 40 characters base64url = version (1 octet), issue time (6, milliseconds), random (11), MAC
// (12, HMAC-SHA-256 cut, over the first 18 and the issuer's name). Printable, no ';', at most 42
// octets, never ends in "_Partial": what the reference client needs (wire reference 8.2). Immutable
// after construction; thread-safe.
class MessageIdIssuer {
 public:
  // `key`: at least 32 secret octets, the same after every restart. Ids are accepted for `validity`
  // after issue; the store must remember consumed ids at least as long.
  MessageIdIssuer(std::string key, std::string issuer, base::Milliseconds validity);

  std::string issue(base::Instant now, base::RandomSource& random) const;
  // message_id_refused: not issued here, altered, from the future, or older than the validity.
  base::Result<> recognise(std::string_view id, base::Instant now) const;

 private:
  std::string mac(std::string_view head) const;

  std::string key_;
  std::string issuer_;
  base::Milliseconds validity_;
};

} // namespace mailbox
