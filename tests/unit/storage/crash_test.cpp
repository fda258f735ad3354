// The process dies by SIGKILL at a named place; a new process finds all or nothing.
#include "unit/storage/support.h"
#include <csignal>
#include <cstdlib>

namespace {

mailbox::NewDelivery sent() {
  return samples::rich_delivery("m1", "box", samples::at(1));
}

struct Place {
  const char* name;
  const char* point;
  bool happened; // the transaction in which the process died
};

class CrashDeathTest : public testing::TestWithParam<Place> {
 protected:
  CrashDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  SurvivingFolder folder_;
};

class CrashWhileStoringDeathTest : public CrashDeathTest {};

TEST_P(CrashWhileStoringDeathTest, LeavesAllOrNothing) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        (void)open_store(folder)->store(sent(), std::nullopt, "");
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = open_store(folder);
  EXPECT_EQ(samples::id_of(store->read(samples::oldest({"box"}))),
            GetParam().happened ? "m1" : "-");
  EXPECT_EQ(body_files(folder).size(), GetParam().happened ? 1u : 0u);
  // The sender has no answer and repeats.
  const auto again = store->store(sent(), std::nullopt, "");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->repeated, GetParam().happened);
  EXPECT_EQ(again->feedback, sent().feedback);
  const auto read = store->read(samples::oldest({"box"}));
  ASSERT_EQ(samples::id_of(read), "m1");
  EXPECT_EQ(read->waiting, 0u);
  samples::expect_same_parts(read->delivery->parts, sent().parts);
}

INSTANTIATE_TEST_SUITE_P(
    At, CrashWhileStoringDeathTest,
    testing::Values(Place{"BodyFileWritten", "storage.body_file_written", false},
                    Place{"BodyFileRenamed", "storage.body_file_renamed", false},
                    Place{"BodyFolderSynced", "storage.body_folder_synced", false},
                    Place{"RowsInserted", "storage.store_before_commit", false},
                    Place{"BeforeCommit", "storage.before_commit", false},
                    Place{"AfterCommit", "storage.after_commit", true}),
    [](const auto& given) { return std::string(given.param.name); });

class CrashWhileFetchingDeathTest : public CrashDeathTest {};

TEST_P(CrashWhileFetchingDeathTest, LeavesTheDialogWhereTheClientCanGoOn) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        const auto store = open_store(folder);
        (void)store->store(sent(), std::nullopt, "");                         // first commit
        samples::Conversation talk(*store, "1", "recipient", samples::at(2)); // second
        (void)store->fetch(samples::oldest({"box"}), talk.turn(samples::at(3)));
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = open_store(folder);
  const auto dialog = store->find_dialog("1");
  ASSERT_TRUE(dialog && *dialog);
  EXPECT_EQ((*dialog)->next_sequence, GetParam().happened ? 1u : 0u);
  EXPECT_EQ((*dialog)->last_result, GetParam().happened ? "fetched:m1" : "");
  const auto read = store->read(samples::oldest({"box"}));
  ASSERT_EQ(samples::id_of(read), "m1") << "not received: nobody acknowledged";
  EXPECT_EQ(read->delivery->card.forwarding.has_value(), GetParam().happened);
  samples::expect_same_parts(read->delivery->parts, sent().parts);
}

INSTANTIATE_TEST_SUITE_P(At, CrashWhileFetchingDeathTest,
                         testing::Values(Place{"HandedOut", "storage.fetch_before_commit", false},
                                         Place{"BeforeCommit", "storage.before_commit:3", false},
                                         Place{"AfterCommit", "storage.after_commit:3", true}),
                         [](const auto& given) { return std::string(given.param.name); });

class CrashAtTheEndDeathTest : public CrashDeathTest {};

TEST_F(CrashAtTheEndDeathTest, AfterTheLastCheckpointLosesNothing) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", "storage.after_checkpoint", 1);
        (void)open_store(folder)->store(sent(), std::nullopt, "");
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(samples::id_of(open_store(folder)->read(samples::oldest({"box"}))), "m1");
}

} // namespace
