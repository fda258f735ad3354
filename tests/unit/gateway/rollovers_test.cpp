#include "gateway/rollovers.h"
#include <gtest/gtest.h>

namespace {

using gateway::MissedRollover;
using gateway::Rollovers;

base::Instant at(int hour) {
  return base::Instant{std::chrono::hours{hour}};
}

MissedRollover missed(const std::string& sender, int hour, const std::string& current = "new") {
  return {sender, "wgb:1", "0123456789abcdef0123", current, at(hour)};
}

TEST(Rollovers, CountsAPairAndBeginsAnewWithAnotherCertificate) {
  Rollovers all;
  all.note(missed("a", 1));
  all.note(missed("a", 2));
  ASSERT_EQ(all.since(at(0)).size(), 1u);
  EXPECT_EQ(all.since(at(0))[0].deliveries, 2u);
  all.note(missed("a", 3, "newest"));
  EXPECT_EQ(all.since(at(0))[0].deliveries, 1u);
  EXPECT_EQ(all.since(at(0))[0].last, at(3));
}

TEST(Rollovers, ForgetsWhatWasHeardOfLongestAgo) {
  Rollovers all(2);
  all.note(missed("a", 1));
  all.note(missed("b", 2));
  all.note(missed("a", 3));
  all.note(missed("c", 4));
  const auto kept = all.since(at(0));
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].sender, "c");
  EXPECT_EQ(kept[1].sender, "a");
  EXPECT_EQ(all.since(at(4)).size(), 1u);
  EXPECT_EQ(all.since(at(0)).size(), 1u) << "what is older is gone";
}

TEST(Rollovers, TheNoticeNamesTheLatestThree) {
  Rollovers all;
  EXPECT_TRUE(all.notice(at(0)));
  for (int i = 0; i < 5; ++i) all.note(missed("sender-" + std::to_string(i), i));
  const auto notice = all.notice(at(5));
  ASSERT_FALSE(notice);
  EXPECT_NE(notice.error().detail.find("5 sender(s)"), std::string::npos) << notice.error().detail;
  EXPECT_NE(notice.error().detail.find("sender-4"), std::string::npos);
  EXPECT_EQ(notice.error().detail.find("sender-1"), std::string::npos);
  EXPECT_NE(notice.error().detail.find("and others"), std::string::npos);
}

} // namespace
