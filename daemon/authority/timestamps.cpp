#include "authority/timestamps.h"
#include "async/within.h"
#include "base/log.h"

namespace authority {

using base::ErrorCode;
using base::fail;

TimestampAuthority::TimestampAuthority(TimestampRules rules, Transport& transport,
                                       const base::Clock& clock, base::RandomSource& random,
                                       async::WorkPool& pool)
    : rules_(std::make_shared<const TimestampRules>(std::move(rules))), transport_(transport),
      clock_(clock), random_(random), pool_(pool) {}

asio::awaitable<base::Result<crypto::Timestamp>> TimestampAuthority::stamp(std::string data) {
  if (clock_.now() < left_alone_until_)
    co_return fail(ErrorCode::network, "the time stamping authority failed a moment ago");
  // It may run on after the limit, and after this object: it owns or borrows from longer lives.
  auto job = [data = std::move(data), rules = rules_, &transport = transport_, &clock = clock_,
              &random = random_]() -> base::Result<crypto::Timestamp> {
    const auto request = crypto::make_timestamp_request(data, rules->policy, random);
    if (!request) return request.error();
    const auto reply = transport.post(rules->url, *request, "application/timestamp-query",
                                      rules->limit, crypto::kMaxTimestamp);
    if (!reply) return reply.error();
    if (reply->status != 200)
      return fail(ErrorCode::peer_fault, "HTTP status " + std::to_string(reply->status));
    return crypto::read_timestamp_response(reply->body, *request, rules->anchors, clock.now(),
                                           rules->tolerance);
  };
  auto run = pool_.run(std::move(job));
  // The transport keeps its own limit; this one also covers waiting for a thread.
  auto token = co_await async::within(rules_->limit * 2, std::move(run));
  available_ = token.has_value();
  if (!token) {
    left_alone_until_ = clock_.now() + rules_->retry;
    base::log(base::LogLevel::error, "timestamp.unavailable",
              "no cryptographic time stamp could be obtained",
              {{"error", std::string(base::to_string(token.error().code))},
               {"rule", token.error().code == ErrorCode::peer_fault ? token.error().detail
                                                                    : std::string{}}});
  }
  co_return token;
}

} // namespace authority
