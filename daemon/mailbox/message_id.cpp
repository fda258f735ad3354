#include "mailbox/message_id.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "crypto/digest.h"
#include <cstdint>

namespace mailbox {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kHead = 18, kMac = 12;
// Ids issued just before a step back of the clock must not be lost.
constexpr auto kClockTolerance = std::chrono::minutes{10};

} // namespace

MessageIdIssuer::MessageIdIssuer(std::string key, std::string issuer, base::Milliseconds validity)
    : key_(std::move(key)), issuer_(std::move(issuer)), validity_(validity) {
  base::check(key_.size() >= 32, "message id key shorter than 32 octets");
}

std::string MessageIdIssuer::mac(std::string_view head) const {
  return crypto::hmac_sha256(key_, std::string(head) + issuer_).substr(0, kMac);
}

std::string MessageIdIssuer::issue(base::Instant now, base::RandomSource& random) const {
  if (base::seeded_fault("id-issued-twice")) now -= now.time_since_epoch() % std::chrono::hours{1};
  for (;;) {
    std::string head(1, kVersion);
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    for (int shift = 40; shift >= 0; shift -= 8) head.push_back(static_cast<char>(time >> shift));
    head += base::seeded_fault("id-issued-twice") ? std::string(kHead - head.size(), 'x')
                                                  : random.bytes(kHead - head.size());
    std::string id = base::base64url_encode(head + mac(head));
    if (!id.ends_with("_Partial")) return id;
  }
}

base::Result<> MessageIdIssuer::recognise(std::string_view id, base::Instant now) const {
  const auto refuse = [](const char* why) {
    return base::fail(base::ErrorCode::message_id_refused, why);
  };
  const auto token = base::base64url_decode(id);
  if (!token || token->size() != kHead + kMac || token->front() != kVersion)
    return refuse("not one of our message ids");
  const auto head = std::string_view(*token).substr(0, kHead);
  if (!base::constant_time_equal(mac(head), std::string_view(*token).substr(kHead)))
    return refuse("message id was not issued here");
  std::int64_t time = 0;
  for (std::size_t i = 1; i <= 6; ++i) time = time << 8 | static_cast<std::uint8_t>(head[i]);
  const base::Instant issued{base::Milliseconds{time}};
  if (issued > now + kClockTolerance) return refuse("message id is from the future");
  if (issued + validity_ < now) return refuse("message id is too old");
  return {};
}

} // namespace mailbox
