// RFC 3161 tokens of an authority that OpenSSL plays.
#include "crypto/timestamp.h"
#include "statements.h"
#include <gtest/gtest.h>

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct TimestampAuthority : testing::Test {
  pki::Key ca_key = pki::rsa(2048, 1), tsa_key = pki::rsa(2048, 2), other_key = pki::ec("P-256", 3);
  crypto::Certificate ca = pki::root("TSA CA", ca_key);
  crypto::Certificate tsa = stamper("critical,timeStamping");
  base::Instant now = pki::start() + hours{24} + milliseconds{1500};
  pki::SeededRandom random{3};
  std::string request = crypto::make_timestamp_request("data", "", random).value();

  crypto::Certificate stamper(const std::string& usage, int to_day = 365) {
    return pki::certificate(
        {.subject = "TSA",
         .issuer = "TSA CA",
         .key_usage = "digitalSignature",
         .extensions = {{NID_ext_key_usage, usage}, {NID_subject_key_identifier, "hash"}},
         .to_day = to_day},
        tsa_key, ca_key);
  }
  std::string rule(const std::string& response, base::Milliseconds tolerance = hours{1}) {
    const auto read = crypto::read_timestamp_response(response, request, {ca}, now, tolerance);
    return read ? "accepted" : read.error().detail;
  }
};

constexpr const char* kNotByIt = "time stamp: not by the configured authority for this request";

TEST_F(TimestampAuthority, TokenIsReadAndVerifiesLater) {
  const auto response = pki::timestamp_response({.at = now}, request, tsa, tsa_key);
  const auto read = crypto::read_timestamp_response(response, request, {ca}, now, hours{1});
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->at, now); // milliseconds included
  EXPECT_EQ(read->policy, "1.2.3.4.1");
  EXPECT_EQ(read->serial, "4711");
  EXPECT_EQ(read->token, pki::token_of(response));
  EXPECT_EQ(crypto::stated_time(read->token).value(), now);
  EXPECT_TRUE(crypto::verify_timestamp(read->token, "data", {ca}));
  EXPECT_TRUE(crypto::verify_timestamp(read->token, "data", {tsa})); // the authority itself trusted
  EXPECT_FALSE(crypto::verify_timestamp(read->token, "other data", {ca}));
  EXPECT_FALSE(crypto::verify_timestamp(read->token, "data", {}));
  EXPECT_FALSE(crypto::verify_timestamp(read->token, "data", {pki::root("TSA CA", other_key)}));
}

TEST_F(TimestampAuthority, OnlyTheAnswerToThisRequestCounts) {
  const auto again = crypto::make_timestamp_request("data", "", random).value();
  EXPECT_NE(again, request); // another nonce
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, again, tsa, tsa_key)), kNotByIt);
  const auto others = crypto::make_timestamp_request("other", "", random).value();
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, others, tsa, tsa_key)), kNotByIt);
}

TEST_F(TimestampAuthority, OnlyAKnownAuthorityWithAFitCertificateCounts) {
  const auto stranger_ca = pki::root("TSA CA", other_key);
  const auto stranger =
      pki::certificate({.subject = "TSA",
                        .issuer = "TSA CA",
                        .key_usage = "digitalSignature",
                        .extensions = {{NID_ext_key_usage, "critical,timeStamping"}}},
                       tsa_key, other_key);
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, request, stranger, tsa_key)), kNotByIt);
  const auto expired = stamper("critical,timeStamping", 1);
  now = pki::start() + hours{48};
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, request, expired, tsa_key)), kNotByIt);
  EXPECT_EQ(rule(pki::timestamp_response({.at = now, .digest = "SHA1"}, request, tsa, tsa_key)),
            "time stamp: not one signature with a strong digest");
}

TEST_F(TimestampAuthority, AClockFarFromOursIsNotBelieved) {
  EXPECT_EQ(rule(pki::timestamp_response({.at = now + hours{2}}, request, tsa, tsa_key)),
            "time stamp: the authority's clock and ours differ");
  EXPECT_EQ(rule(pki::timestamp_response({.at = now - hours{2}}, request, tsa, tsa_key)),
            "time stamp: the authority's clock and ours differ");
}

TEST_F(TimestampAuthority, PolicyIsAskedForAndHeldTo) {
  EXPECT_EQ(crypto::make_timestamp_request("data", "no oid", random).error().code,
            base::ErrorCode::invalid_config);
  request = crypto::make_timestamp_request("data", "1.2.3.4.1", random).value();
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, request, tsa, tsa_key)), "accepted");
  request = crypto::make_timestamp_request("data", "1.2.3.4.2", random).value();
  EXPECT_EQ(rule(pki::timestamp_response({.at = now}, request, tsa, tsa_key)),
            "time stamp: the authority declines");
}

TEST_F(TimestampAuthority, DamagedAnswersAreRefused) {
  const auto whole = pki::timestamp_response({.at = now}, request, tsa, tsa_key);
  for (std::size_t size = 0; size < whole.size(); size += 11)
    EXPECT_NE(rule(whole.substr(0, size)), "accepted") << size;
  EXPECT_EQ(rule(whole + '\0'), "time stamp: not in DER");
  EXPECT_EQ(rule(std::string(crypto::kMaxTimestamp + 1, '0')), "time stamp: larger than 64 KiB");
  EXPECT_FALSE(crypto::stated_time("no token"));
  EXPECT_FALSE(crypto::stated_time(std::string(crypto::kMaxTimestamp + 1, '0')));
  EXPECT_FALSE(crypto::stated_time(whole)); // the response is not the token
}

} // namespace
