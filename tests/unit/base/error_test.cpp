#include "base/result.h"
#include <gtest/gtest.h>
#include <set>

using namespace base;

TEST(ErrorCode, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::unsupported); ++i) {
    const auto name = to_string(static_cast<ErrorCode>(i));
    EXPECT_NE(name, "unknown") << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(static_cast<ErrorCode>(9999)), "unknown");
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 7);
  const Result<int> bad = fail(ErrorCode::too_large, "limit");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::too_large);
  EXPECT_EQ(bad.error().detail, "limit");
  const Result<> nothing{};
  EXPECT_TRUE(nothing);
}

TEST(Result, TakingTheValueOfAnErrorIsABugAndThrows) {
  const Result<int> bad = fail(ErrorCode::too_large, "limit");
  EXPECT_THROW(static_cast<void>(bad.value()), InternalError);
}

TEST(Check, ThrowsWhenAnInvariantIsBroken) {
  EXPECT_NO_THROW(check(true, "holds"));
  EXPECT_THROW(check(false, "broken"), InternalError);
}
