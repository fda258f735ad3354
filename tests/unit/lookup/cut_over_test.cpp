// Two versions of a service around midnight in Germany (domain 1.5), dated in a directory file.
#include "directory/routing.h"
#include "lookup/file_directory.h"
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

const std::string kOld = "urn:example:2605.wsdl", kNew = "urn:example:2611.wsdl";

std::shared_ptr<const directory::Directory> with(const std::string& old_until,
                                                 const std::string& new_from) {
  const auto made = lookup::parse_directory(
      "[[description]]\nuri = \"" + kOld + "\"\nname = \"Old\"\nusers = [\"efa\"]\n" +
          "[[description]]\nuri = \"" + kNew + "\"\nname = \"New\"\nusers = [\"efa\"]\n" +
          "[[organisation]]\nkey = \"efa:010000000001\"\nname = \"Portal\"\nmailbox = false\n" +
          "[[organisation]]\nkey = \"wgb:059130000000\"\nname = \"Office\"\nmailbox = false\n" +
          "[[organisation.service]]\nuri = \"" + kOld + "\"\nname = \"Old\"\nvalid_until = " +
          old_until + "\n[[organisation.service]]\nuri = \"" + kNew +
          "\"\nname = \"New\"\nvalid_from = " + new_from + "\n",
      "d.toml", [](const std::string&) -> base::Result<std::string> {
        return base::fail(base::ErrorCode::file_error, "none");
      });
  EXPECT_TRUE(made) << made.error().detail;
  return made.value();
}

bool routes(const directory::Directory& directory, const std::string& service, base::Instant now) {
  directory::RoutingQuestion question;
  question.sender = directory.find("efa:010000000001");
  question.addressee = directory.find("wgb:059130000000");
  question.service = service;
  question.now = now;
  return directory::judge_routing(directory, question).empty();
}

TEST(CutOver, HasNoGapAndNoOverlapWhenBothHaveTheSameDate) {
  struct Row {
    const char *date, *midnight;
  };
  for (const auto& [date, utc] : {Row{"2027-05-01", "2027-04-30T22:00:00Z"}, // summer time
                                  Row{"2027-11-01", "2027-10-31T23:00:00Z"}, // ended that very day
                                  Row{"2026-11-01", "2026-10-31T23:00:00Z"}}) {
    const auto midnight = base::parse_datetime(utc).value();
    const auto directory = with(date, date);
    for (auto at = midnight - 26h; at <= midnight + 26h; at += 1min) {
      ASSERT_EQ(routes(*directory, kOld, at), at < midnight) << base::format_datetime(at);
      ASSERT_EQ(routes(*directory, kNew, at), at >= midnight) << base::format_datetime(at);
    }
    EXPECT_TRUE(routes(*directory, kOld, midnight - 1ms));
    EXPECT_FALSE(routes(*directory, kOld, midnight));
  }
}

TEST(CutOver, BothVersionsAreRoutableInATransition) {
  const auto directory = with("2027-05-15", "2027-05-01");
  const auto from = base::parse_datetime("2027-04-30T22:00:00Z").value();
  const auto until = base::parse_datetime("2027-05-14T22:00:00Z").value();
  for (auto at = from - 24h; at < until + 24h; at += 30min) {
    EXPECT_TRUE(routes(*directory, kOld, at) || routes(*directory, kNew, at));
    EXPECT_EQ(routes(*directory, kOld, at) && routes(*directory, kNew, at),
              at >= from && at < until);
  }
}

} // namespace
