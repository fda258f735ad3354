// Time stamps by an authority (RFC 3161): request, and verified token. Bytes in, bytes out; no I/O,
// no clock. Thread-safe; RSA verifications: not on an io thread.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include <string>
#include <string_view>
#include <vector>

namespace crypto {

constexpr std::size_t kMaxTimestamp = 64 * 1024;

struct Timestamp {
  std::string token;  // TimeStampToken, DER
  base::Instant at{}; // genTime
  std::string policy; // dotted OID
  std::string serial; // decimal
};

// For the SHA-256 of `data`, with a nonce; `policy`: dotted OID, or empty for the authority's
// choice. Error: invalid_config (not an OID).
base::Result<std::string> make_timestamp_request(std::string_view data, const std::string& policy,
                                                 base::RandomSource& random);

// What an authority's answer must be: granted, for this very request (imprint, nonce, policy),
// signed with a strong digest by a certificate made for time stamping alone that leads to one of
// `anchors` at `now`, and with a time within `tolerance` of `now`. Errors: peer_fault with the rule
// that was broken; too_large.
base::Result<Timestamp> read_timestamp_response(std::string_view response, std::string_view request,
                                                const std::vector<Certificate>& anchors,
                                                base::Instant now, base::Milliseconds tolerance);

// A token that somebody kept: does it attest `data`? The way to an anchor is looked at as of the
// token's own time. Errors: peer_fault, too_large.
base::Result<Timestamp> verify_timestamp(std::string_view token, std::string_view data,
                                         const std::vector<Certificate>& anchors);

// The time a token states, unverified. Errors: peer_fault, too_large.
base::Result<base::Instant> stated_time(std::string_view token);

} // namespace crypto
