#include "authority/timestamps.h"
#include "unit/async/loop.h"
#include "world.h"
#include <gtest/gtest.h>

namespace {

using namespace test;

const std::string kTsa = "http://tsa.example/";

struct Timestamps : testing::Test, World {
  pki::Key tsa_key = pki::rsa(2048);
  crypto::Certificate tsa =
      pki::certificate({.subject = "TSA",
                        .issuer = "root",
                        .key_usage = "digitalSignature",
                        .extensions = {{NID_ext_key_usage, "critical,timeStamping"}}},
                       tsa_key, root_key);
  asio::io_context loop;
  async::WorkPool pool{"inquiries", 2, 8};
  authority::TimestampRules rules{
      .url = kTsa, .anchors = {root}, .policy = {}, .limit = std::chrono::minutes{5}};
  authority::TimestampAuthority stamps{rules, transport, clock, random, pool};

  void answer(std::chrono::milliseconds off = {}) {
    transport.on(kTsa, [this, off](const std::string& request) {
      return base::Result<authority::Reply>(authority::Reply{
          200, pki::timestamp_response({.at = clock.now() + off}, request, tsa, tsa_key)});
    });
  }
  asio::awaitable<void> ask(base::Result<crypto::Timestamp>& out) {
    std::string data = "data";
    out = co_await stamps.stamp(std::move(data));
  }
  base::Result<crypto::Timestamp> stamp() {
    base::Result<crypto::Timestamp> out = base::fail(base::ErrorCode::internal);
    run(loop, ask(out));
    return out;
  }
};

TEST_F(Timestamps, ATokenIsFetchedAndVerified) {
  answer();
  const auto token = stamp();
  ASSERT_TRUE(token) << token.error().detail;
  EXPECT_EQ(token->at, clock.now());
  EXPECT_TRUE(crypto::verify_timestamp(token->token, "data", {root}));
  EXPECT_TRUE(stamps.available());
}

TEST_F(Timestamps, AnAuthorityThatFailedIsLeftAloneForAWhile) {
  EXPECT_EQ(stamp().error().code, base::ErrorCode::network);
  EXPECT_FALSE(stamps.available());
  answer();
  EXPECT_FALSE(stamp());
  EXPECT_EQ(transport.asked(), 1);
  clock.advance(rules.retry);
  EXPECT_TRUE(stamp());
  EXPECT_TRUE(stamps.available());
}

TEST_F(Timestamps, AWrongAnswerIsNone) {
  transport.says(kTsa, "<html>error</html>");
  EXPECT_EQ(stamp().error().code, base::ErrorCode::peer_fault);
  clock.advance(rules.retry);
  transport.says(kTsa, "", 500);
  EXPECT_EQ(stamp().error().code, base::ErrorCode::peer_fault);
  clock.advance(rules.retry);
  answer(std::chrono::minutes{10}); // a clock that is wrong
  EXPECT_EQ(stamp().error().code, base::ErrorCode::peer_fault);
}

} // namespace
