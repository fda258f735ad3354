#include "base/token_buckets.h"
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using base::Allowance;
using base::TokenBuckets;

// Ten at once, two more in each second.
TokenBuckets ten(std::size_t keys = 100) {
  return TokenBuckets({Allowance{10, 2, 1s}}, keys);
}

const TokenBuckets::Time kStart{1h};

TEST(TokenBuckets, ABurstIsTakenAndThenTheRate) {
  auto buckets = ten();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(buckets.take("a", {1}, kStart).taken) << i;
  const auto refused = buckets.take("a", {1}, kStart);
  EXPECT_FALSE(refused.taken);
  EXPECT_EQ(refused.wait, 500ms);
  EXPECT_FALSE(buckets.take("a", {1}, kStart + 499ms).taken);
  EXPECT_TRUE(buckets.take("a", {1}, kStart + 500ms).taken);
  EXPECT_FALSE(buckets.take("a", {1}, kStart + 500ms).taken);
}

TEST(TokenBuckets, OneKeyTakesNothingFromAnother) {
  auto buckets = ten();
  while (buckets.take("greedy", {1}, kStart).taken) {
  }
  EXPECT_TRUE(buckets.take("modest", {1}, kStart).taken);
}

TEST(TokenBuckets, ABucketIsNeverFullerThanItsCapacity) {
  auto buckets = ten();
  EXPECT_TRUE(buckets.take("a", {10}, kStart).taken);
  int taken = 0;
  while (buckets.take("a", {1}, kStart + 24h).taken) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(TokenBuckets, WhatIsRefusedTakesNothingOfAnyAllowance) {
  TokenBuckets buckets({Allowance{10, 1, 1s}, Allowance{1000, 1000, 1h}}, 10);
  EXPECT_TRUE(buckets.take("a", {1, 900}, kStart).taken);
  for (int i = 0; i < 50; ++i) {
    const auto refused = buckets.take("a", {1, 200}, kStart);
    EXPECT_FALSE(refused.taken);
    EXPECT_EQ(refused.which, 1u);
    EXPECT_EQ(refused.wait, 6min); // 100 of 1000 an hour
  }
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(buckets.take("a", {1, 0}, kStart).taken) << i;
  EXPECT_EQ(buckets.take("a", {1, 0}, kStart).which, 0u);
}

TEST(TokenBuckets, WhatHasBegunMayOverdrawAndIsPaidForLater) {
  auto buckets = ten();
  EXPECT_TRUE(buckets.take("a", {10}, kStart).taken);
  EXPECT_FALSE(buckets.take("a", {1}, kStart).taken);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(buckets.take("a", {1}, kStart, true).taken) << i;
  EXPECT_FALSE(buckets.take("a", {1}, kStart, true).taken); // debt is bounded, too
  EXPECT_FALSE(buckets.take("a", {1}, kStart + 5s).taken);  // back to nothing, not to one
  EXPECT_TRUE(buckets.take("a", {1}, kStart + 5500ms).taken);
}

TEST(TokenBuckets, WhatIsLargerThanTheCapacityNeedsAFullBucket) {
  auto buckets = ten();
  EXPECT_TRUE(buckets.take("a", {1'000'000}, kStart).taken);
  const auto refused = buckets.take("a", {1'000'000}, kStart + 4s);
  EXPECT_FALSE(refused.taken);
  EXPECT_EQ(refused.wait, 1s);
  EXPECT_TRUE(buckets.take("a", {1'000'000}, kStart + 5s).taken);
}

TEST(TokenBuckets, NoCapacityMeansNoLimit) {
  TokenBuckets buckets({Allowance{}}, 10);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(buckets.take("a", {1'000'000}, kStart).taken);
}

TEST(TokenBuckets, AnyNumberOfKeysFitsIntoTheBound) {
  auto buckets = ten(100);
  EXPECT_TRUE(buckets.take("first", {10}, kStart).taken);
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(buckets.take("key" + std::to_string(i), {1}, kStart).taken);
    ASSERT_LE(buckets.keys(), 100u);
  }
  EXPECT_TRUE(buckets.take("first", {10}, kStart).taken); // forgotten: full again
}

TEST(TokenBuckets, WhoIsInUseIsNotForgotten) {
  auto buckets = ten(100);
  EXPECT_TRUE(buckets.take("busy", {10}, kStart).taken);
  for (int i = 0; i < 1000; ++i) {
    buckets.take("key" + std::to_string(i), {1}, kStart);
    EXPECT_FALSE(buckets.take("busy", {1}, kStart).taken);
  }
}

TEST(TokenBuckets, AClockThatStandsBackGivesNothing) {
  auto buckets = ten();
  EXPECT_TRUE(buckets.take("a", {10}, kStart).taken);
  EXPECT_FALSE(buckets.take("a", {1}, kStart - 10s).taken);
  EXPECT_FALSE(buckets.take("a", {1}, kStart).taken);
}

} // namespace
