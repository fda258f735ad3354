#include "base/random.h"
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace base;

namespace {

// Counts up: every octet value comes in turn.
class Counting final : public RandomSource {
 public:
  void fill(void* out, std::size_t size) override {
    auto* at = static_cast<unsigned char*>(out);
    for (std::size_t i = 0; i < size; ++i) at[i] = next_++;
  }

 private:
  unsigned char next_ = 0;
};

} // namespace

TEST(Random, GivesAsManyOctetsAsAsked) {
  SystemRandom random;
  EXPECT_EQ(random.bytes(0), "");
  for (const std::size_t size : {1u, 16u, 257u, 100000u})
    EXPECT_EQ(random.bytes(size).size(), size);
}

TEST(Random, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random.bytes(16)).second);
}

TEST(Random, ConversationIdsAreEighteenDigitsWithoutLeadingZero) {
  SystemRandom random;
  for (int i = 0; i < 1000; ++i) {
    const auto id = random.digits();
    ASSERT_EQ(id.size(), 18u);
    EXPECT_EQ(id.find_first_not_of("0123456789"), std::string::npos);
    EXPECT_NE(id.front(), '0');
  }
}

TEST(Random, DigitsAreEquallyLikely) {
  Counting random;
  std::map<char, int> count;
  for (int i = 0; i < 2500; ++i)
    for (const char c : random.digits().substr(1)) ++count[c];
  ASSERT_EQ(count.size(), 10u);
  for (const auto& [digit, times] : count) EXPECT_NEAR(times, 4250, 430) << digit;
}
