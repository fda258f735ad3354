// The process dies by SIGKILL at the commits of a push: each step happened as a whole or not at
// all.
#include "unit/storage/support.h"
#include <csignal>
#include <cstdlib>

namespace {

mailbox::NewPush sent() {
  mailbox::NewPush out;
  out.delivery = samples::rich_delivery("m1", "wgb:1", samples::at(1));
  out.delivery.parts.clear();
  out.reply_id = "r1";
  return out;
}

mailbox::PushResult answered() {
  mailbox::PushResult out;
  out.received = true;
  out.now = samples::at(3);
  auto& reply = out.reply.emplace();
  reply.delivery = samples::rich_delivery("r1", "sender", samples::at(3));
  reply.delivery.originator = "wgb:1";
  return out;
}

struct Place {
  const char* name;
  const char* point;
  bool begun, forwarded, finished; // what a new process finds
};

class CrashWhilePushingDeathTest : public testing::TestWithParam<Place> {
 protected:
  CrashWhilePushingDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  SurvivingFolder folder_;
};

TEST_P(CrashWhilePushingDeathTest, LeavesWholeSteps) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        const auto store = open_store(folder);
        (void)store->begin_push(sent(), std::nullopt, ""); // first commit
        (void)store->forward_push("m1", samples::at(2));   // second
        (void)store->finish_push("m1", answered());        // third
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = open_store(folder);
  const auto found = store->find_push("m1", sent().delivery.request_digest);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->has_value(), GetParam().begun);
  if (GetParam().begun) {
    EXPECT_EQ((*found)->card.forwarding.has_value(), GetParam().forwarded);
    EXPECT_EQ((*found)->finished, GetParam().finished);
    EXPECT_EQ((*found)->card.reception.has_value(), GetParam().finished);
    EXPECT_EQ((*found)->reply.has_value(), GetParam().finished);
  }
  EXPECT_EQ(body_files(folder).size(), GetParam().finished ? 1u : 0u);
  // The sender has no answer and repeats; what was not finished can be.
  const auto again = store->begin_push(sent(), std::nullopt, "");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->repeated, GetParam().begun);
  const auto finished = store->finish_push("m1", answered());
  ASSERT_TRUE(finished && finished->reply);
  samples::expect_same_parts(finished->reply->parts, answered().reply->delivery.parts);
}

INSTANTIATE_TEST_SUITE_P(
    At, CrashWhilePushingDeathTest,
    testing::Values(Place{"RowsOfTheBeginning", "storage.push_before_begin", false, false, false},
                    Place{"CommitOfTheBeginning", "storage.before_commit", false, false, false},
                    Place{"AfterTheBeginning", "storage.after_commit", true, false, false},
                    Place{"CommitOfForwarding", "storage.before_commit:2", true, false, false},
                    Place{"AfterForwarding", "storage.after_commit:2", true, true, false},
                    Place{"ReplyWritten", "storage.body_file_written", true, true, false},
                    Place{"RowsOfTheEnd", "storage.push_before_finish", true, true, false},
                    Place{"CommitOfTheEnd", "storage.before_commit:3", true, true, false},
                    Place{"AfterTheEnd", "storage.after_commit:3", true, true, true}),
    [](const auto& given) { return std::string(given.param.name); });

} // namespace
