#include "gateway/answer_cache.h"
#include <gtest/gtest.h>

namespace gateway {
namespace {

std::shared_ptr<const std::string> text(std::size_t size) {
  return std::make_shared<const std::string>(size, 'x');
}

TEST(AnswerCache, KnowsOnlyTheLastAnswerOfEachDialog) {
  AnswerCache cache(1000);
  const auto first = text(10), second = text(20);
  cache.put("1", "a", first);
  EXPECT_EQ(cache.find("1", "a"), first);
  cache.put("1", "b", second);
  EXPECT_EQ(cache.find("1", "a"), nullptr);
  EXPECT_EQ(cache.find("1", "b"), second);
  EXPECT_EQ(cache.bytes(), 20u);
}

TEST(AnswerCache, StaysWithinItsBytesByDroppingTheOldest) {
  AnswerCache cache(1000);
  for (int i = 0; i < 100; ++i) cache.put(std::to_string(i), "d", text(100));
  EXPECT_LE(cache.bytes(), 1000u);
  EXPECT_EQ(cache.find("0", "d"), nullptr);
  EXPECT_NE(cache.find("99", "d"), nullptr);
}

TEST(AnswerCache, DoesNotKeepAnAnswerThatWouldDisplaceAllOthers) {
  AnswerCache cache(1000);
  cache.put("1", "a", text(10));
  cache.put("2", "b", text(900));
  EXPECT_NE(cache.find("1", "a"), nullptr);
  EXPECT_EQ(cache.find("2", "b"), nullptr);
}

TEST(AnswerCache, ForgetsADialog) {
  AnswerCache cache(1000);
  cache.put("1", "a", text(10));
  cache.forget("1");
  cache.forget("unknown");
  EXPECT_EQ(cache.find("1", "a"), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

} // namespace
} // namespace gateway
