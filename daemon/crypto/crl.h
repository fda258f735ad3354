// Certificate revocation lists (RFC 5280, 5): complete lists by the issuer itself. Immutable, cheap
// to copy, thread-safe; no I/O, no clock.
#pragma once
#include "base/result.h"
#include "crypto/status.h"
#include <memory>
#include <string_view>

namespace crypto {

constexpr std::size_t kMaxCrl = 8 * 1024 * 1024;

class Crl {
 public:
  // Verified: signed by `issuer`, which may sign lists; complete (no delta, no indirect list, not
  // for some reasons only); no unknown critical extension. Times are not looked at. Errors:
  // peer_fault with the rule that was broken; too_large.
  static base::Result<Crl> from_der(std::string_view der, const Certificate& issuer);

  base::Instant this_update() const;
  base::Instant next_update() const;
  std::size_t size() const; // octets of the DER form

  // peer_fault: outside the window, by another issuer, or a list that does not speak for this
  // certificate (for CA certificates only, or for another distribution point).
  base::Result<StatusStatement> status_of(const Certificate& subject,
                                          const StatusWindow& window) const;

 private:
  struct Parsed;
  explicit Crl(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;
};

} // namespace crypto
