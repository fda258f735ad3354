// dataclearingctl on a state folder, as a child process beside a store that is open.
#include "base/encoding.h"
#include "contract/samples.h"
#include "contract/sqlite_backend.h"
#include "unit/cli/temporary_folder.h"
#include <boost/json.hpp>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace {

using test::content_of;
using testing::HasSubstr;
using testing::Not;

struct StateCommands : testing::Test {
  test::TemporaryFolder folder;
  SqliteBackend backend;
  std::string out, err;

  // The exit code. No argument of these tests needs quoting.
  int run(const std::string& arguments) {
    const auto command = std::string(CTL_PROGRAM) + " " + arguments + " >" + (folder / "out") +
                         " 2>" + (folder / "err");
    const int status = std::system(command.c_str());
    out = content_of(folder / "out");
    err = content_of(folder / "err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string state() const { return " --state " + backend.folder().string() + " "; }
  void store(const std::string& id, const std::string& mailbox, int second) {
    ASSERT_TRUE(backend.store().store(samples::delivery(id, mailbox, samples::at(second)),
                                      std::nullopt, ""));
  }
  void fetch(const std::string& id, const std::string& mailbox, int second, bool acknowledge) {
    samples::Conversation talk(backend.store(), "of " + id, "recipient", samples::at(second));
    ASSERT_EQ(samples::id_of(backend.store().fetch(samples::by_id({mailbox}, id),
                                                   talk.next(samples::at(second)))),
              id);
    if (acknowledge) {
      ASSERT_TRUE(backend.store().take_turn(talk.next(samples::at(second + 1))));
    }
  }
};

TEST_F(StateCommands, ExportIsVerifiedAgainstTheHead) {
  ASSERT_EQ(run("journal head" + state()), 0) << err;
  EXPECT_EQ(out.substr(0, 2), "0:");
  store("m1", "box", 1);
  fetch("m1", "box", 2, true);
  ASSERT_EQ(run("journal head" + state()), 0) << err;
  auto head = out;
  head.pop_back();
  EXPECT_EQ(head.substr(0, 2), "3:");
  store("m2", "box", 5);

  const auto file = folder / "journal.ndjson";
  ASSERT_EQ(run("journal export" + state() + "-o " + file), 0) << err;
  EXPECT_THAT(out, HasSubstr("4 entries, head 4:"));
  EXPECT_EQ(run("journal verify " + file + " --head " + head), 0) << out << err;
  EXPECT_THAT(out, HasSubstr("entries 1 to 4"));
  EXPECT_THAT(out, Not(HasSubstr("--head")));
  EXPECT_EQ(run("journal verify " + file), 0);
  EXPECT_THAT(out, HasSubstr("--head"));

  auto bytes = content_of(file);
  ASSERT_THAT(bytes, HasSubstr("acknowledged"));
  bytes.replace(bytes.find("acknowledged"), 12, "offered");
  EXPECT_EQ(run("journal verify " + folder.write("altered", bytes)), 10);
  EXPECT_THAT(out, HasSubstr("line 3: altered"));
  bytes = content_of(file);
  bytes.resize(bytes.find("\"number\":3") - 13);
  EXPECT_EQ(run("journal verify " + folder.write("cut", bytes) + " --head " + head), 10);
  EXPECT_THAT(out, HasSubstr("line 3: the noted entry 3 is missing"));

  ASSERT_EQ(
      run("journal export" + state() + "--from 2026-01-01T00:00:02Z --to 2026-01-01T00:00:03Z"), 0)
      << err;
  EXPECT_THAT(out, HasSubstr("\"number\":2"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  EXPECT_EQ(run("journal verify " + (folder / "out2")), 7);
  EXPECT_EQ(run("journal verify " + file + " --head xyz"), 1);
  EXPECT_EQ(run("journal export --state " + folder.path()), 7);
  EXPECT_EQ(run("journal export" + state() + "--from 2026-01-02 --to 2026-01-01"), 1);
}

TEST_F(StateCommands, ReconstructTellsAStretchOfTimeByMailbox) {
  store("before", "alpha", 1);
  store("open", "alpha", 10);
  store("offered", "alpha", 11);
  store("done", "beta", 12);
  fetch("offered", "alpha", 13, false);
  fetch("done", "beta", 14, true);
  fetch("before", "alpha", 16, true);
  store("after", "beta", 30);
  const std::string window = "--from 2026-01-01T00:00:10Z --to 2026-01-01T00:00:30Z ";
  ASSERT_EQ(run("reconstruct" + state() + window), 0) << err;
  EXPECT_THAT(out, HasSubstr("alpha\n"));
  EXPECT_THAT(out, HasSubstr("2 accepted ("));
  EXPECT_THAT(out, HasSubstr("open  accepted 2026-01-01T00:00:10Z, never offered"));
  EXPECT_THAT(out, HasSubstr("offered  accepted 2026-01-01T00:00:11Z, last offered "
                             "2026-01-01T00:00:13Z"));
  EXPECT_THAT(out, HasSubstr("2 mailboxes: 3 accepted ("));
  EXPECT_THAT(out, HasSubstr("3 offered, 2 acknowledged, 0 purged; 2 accepted and still open"));
  EXPECT_THAT(out, Not(HasSubstr("after")));
  EXPECT_THAT(out, Not(HasSubstr("note:")));

  ASSERT_EQ(run("reconstruct --json" + state() + window), 0) << err;
  const auto answer = boost::json::parse(out).as_object();
  const auto& totals = answer.at("totals").as_object();
  EXPECT_EQ(totals.at("accepted").to_number<int>(), 3);
  EXPECT_EQ(totals.at("offered").to_number<int>(), 3);
  EXPECT_EQ(totals.at("acknowledged").to_number<int>(), 2);
  EXPECT_EQ(totals.at("purged").to_number<int>(), 0);
  EXPECT_EQ(totals.at("open").to_number<int>(), 2);
  const auto& mailboxes = answer.at("mailboxes").as_array();
  ASSERT_EQ(mailboxes.size(), 2u);
  EXPECT_EQ(mailboxes[0].at("mailbox").as_string(), "alpha");
  EXPECT_EQ(mailboxes[0].at("open").as_array().size(), 2u);
  EXPECT_TRUE(mailboxes[0].at("open").at(0).at("last_offered").is_null());
  EXPECT_EQ(mailboxes[1].at("events").as_array().size(), 3u);

  ASSERT_EQ(run("reconstruct" + state() + "--from 2025-01-01 --to 2025-02-01"), 0);
  EXPECT_THAT(out, HasSubstr("note: the journal begins with entry 1 at 2026-01-01T00:00:01Z"));
  EXPECT_THAT(out, HasSubstr("0 mailboxes: 0 accepted"));
}

} // namespace
