// dataclearingctl retention, hold, release and holds, as a child process beside an open store.
#include "contract/samples.h"
#include "contract/sqlite_backend.h"
#include "unit/cli/temporary_folder.h"
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>

namespace {

using test::content_of;
using testing::HasSubstr;

struct CtlRetention : testing::Test {
  test::TemporaryFolder folder;
  SqliteBackend backend;
  std::string out, err;

  void SetUp() override {
    auto delivery = samples::rich_delivery("m1", "wgb:1", samples::at(0));
    ASSERT_TRUE(backend.store().store(delivery, std::nullopt, ""));
  }
  // The exit code. No argument of these tests needs quoting.
  int run(const std::string& arguments) {
    const auto command = std::string(CTL_PROGRAM) + " " + arguments + " --state " +
                         backend.folder().string() + " >" + (folder / "out") + " 2>" +
                         (folder / "err");
    const int status = std::system(command.c_str());
    out = content_of(folder / "out");
    err = content_of(folder / "err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static std::string after(int days) {
    return " --at " + base::format_datetime(samples::at(0) + std::chrono::days{days});
  }
  boost::json::object entry() { return boost::json::parse(out).at("mailboxes").at(0).as_object(); }
};

TEST_F(CtlRetention, PreviewTellsByMailboxAndServiceAndChangesNothing) {
  EXPECT_EQ(run("retention --json" + after(2)), 0) << err;
  EXPECT_EQ(entry().at("mailbox").as_string(), "wgb:1");
  EXPECT_EQ(entry().at("service").as_string(), "urn:service");
  EXPECT_EQ(entry().at("content").as_int64(), 1);
  EXPECT_EQ(entry().at("notices").as_int64(), 0);
  EXPECT_EQ(run("retention --json" + after(3)), 0) << err;
  EXPECT_EQ(entry().at("notices").as_int64(), 1);
  EXPECT_EQ(entry().at("purge_unfetched").as_int64(), 0);
  EXPECT_EQ(run("retention" + after(3)), 0) << err;
  EXPECT_THAT(out, HasSubstr("wgb:1, urn:service"));
  EXPECT_EQ(backend.everything().at(0).notices, 0u);
}

TEST_F(CtlRetention, HoldAndReleaseBesideAnOpenStore) {
  EXPECT_EQ(run("hold m1 --reason 12-K-34/26"), 0) << err;
  EXPECT_THAT(out, HasSubstr("held m1 in wgb:1"));
  EXPECT_TRUE(backend.everything().at(0).held);
  EXPECT_EQ(run("holds"), 0) << err;
  EXPECT_THAT(out, HasSubstr("m1  12-K-34/26"));
  EXPECT_EQ(run("retention --json" + after(3)), 0) << err;
  EXPECT_EQ(entry().at("held").as_int64(), 1);
  EXPECT_EQ(run("release m1"), 0) << err;
  EXPECT_FALSE(backend.everything().at(0).held);
  EXPECT_EQ(run("release m1"), 6);
  EXPECT_EQ(run("hold m404 --reason x"), 6);
  EXPECT_THAT(err, HasSubstr("no process card of this message id"));
  EXPECT_EQ(run("hold m1"), 1) << "no hold without a reason";
}

TEST_F(CtlRetention, AFolderWithoutDatabaseIsAFileError) {
  backend.stop();
  std::filesystem::remove_all(backend.folder());
  EXPECT_EQ(run("retention"), 7);
  EXPECT_EQ(run("hold m1 --reason x"), 7);
  EXPECT_FALSE(std::filesystem::exists(backend.folder()));
}

} // namespace
