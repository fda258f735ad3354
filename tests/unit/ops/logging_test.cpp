#include "ops/logging.h"
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using base::LogLevel;
using testing::ElementsAre;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

base::LogRecord record() {
  return base::LogRecord{LogLevel::warning,
                         "delivery.stored",
                         "a delivery was stored",
                         {{"message_id", "abc"}, {"code", "0800"}}};
}

const base::Instant kTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

TEST(Logging, JournalRecordsCarryPriorityEventAndFields) {
  EXPECT_THAT(
      ops::journal_entries(record()),
      ElementsAre("PRIORITY=4",
                  "MESSAGE=a delivery was stored event=delivery.stored message_id=abc code=0800",
                  "DC_EVENT=delivery.stored", "SYSLOG_IDENTIFIER=dataclearingd",
                  "OSCI_MESSAGE_ID=abc", "OSCI_CODE=0800"));
}

TEST(Logging, JournalPrioritiesFollowTheLevels) {
  auto one = record();
  const std::pair<LogLevel, const char*> cases[] = {{LogLevel::debug, "PRIORITY=7"},
                                                    {LogLevel::info, "PRIORITY=6"},
                                                    {LogLevel::warning, "PRIORITY=4"},
                                                    {LogLevel::error, "PRIORITY=3"},
                                                    {LogLevel::critical, "PRIORITY=2"}};
  for (const auto& [level, expected] : cases) {
    one.level = level;
    EXPECT_EQ(ops::journal_entries(one)[0], expected);
  }
}

TEST(Logging, JournalFieldNamesAreAlwaysValid) {
  auto one = record();
  one.fields = {
      {"odd name-1", "x"},
      {std::string_view("0123456789012345678901234567890123456789012345678901234567890123"), "y"}};
  const auto entries = ops::journal_entries(one);
  EXPECT_EQ(entries[4], "OSCI_ODD_NAME_1=x");
  EXPECT_EQ(entries[5].find('='), 64u);
}

TEST(Logging, JsonLinesAreOneObjectEach) {
  const auto line = ops::json_line(record(), kTime);
  EXPECT_EQ(line, R"({"time":"2026-01-02T00:00:00Z","level":"warning","event":"delivery.stored",)"
                  R"("text":"a delivery was stored","message_id":"abc","code":"0800"})");
}

TEST(Logging, JsonSurvivesHostileValues) {
  auto one = record();
  one.fields = {
      {"peer", "line\nbreak \"quote\" \x1b[0m"}, {"bytes", "\xff\xfe"}, {"event", "forged"}};
  const auto line = ops::json_line(one, kTime);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = boost::json::parse(line);
  EXPECT_EQ(parsed.at("peer"), "line\nbreak \"quote\" \x1b[0m");
  EXPECT_EQ(parsed.at("bytes"), "\\xff\\xfe");
  EXPECT_EQ(parsed.at("event"), "delivery.stored");
}

TEST(Logging, StandardErrorGetsTextOrJsonFromTheLevelOn) {
  const base::ManualClock clock(kTime);
  ops::Config::Log config;
  config.target = ops::LogTarget::standard_error;
  config.level = LogLevel::warning;

  CaptureStderr();
  ops::start_logging(config, clock);
  base::log(LogLevel::info, "test.low", "not shown");
  base::log(LogLevel::error, "test.high", "shown", {{"code", "1"}});
  const auto text = GetCapturedStderr();
  EXPECT_EQ(text.find("not shown"), std::string::npos);
  EXPECT_NE(text.find("error shown event=test.high code=1\n"), std::string::npos) << text;

  config.format = ops::LogFormat::json;
  CaptureStderr();
  ops::start_logging(config, clock);
  base::log(LogLevel::error, "test.high", "shown", {{"code", "1"}});
  EXPECT_EQ(GetCapturedStderr(),
            R"({"time":"2026-01-02T00:00:00Z","level":"error","event":"test.high",)"
            R"("text":"shown","code":"1"})"
            "\n");
  base::set_log_sink([](const base::LogRecord&) {});
}

TEST(Logging, TheJournalIsRecognisedByDeviceAndInode) {
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(ops::stderr_is_journal());
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  EXPECT_FALSE(ops::stderr_is_journal());
  struct stat status {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const auto stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(ops::stderr_is_journal());
  ::unsetenv("JOURNAL_STREAM");
}

TEST(Logging, AMissingJournalDoesNoHarm) {
  const base::ManualClock clock(kTime);
  ops::Config::Log config;
  config.target = ops::LogTarget::journal;
  ops::start_logging(config, clock);
  base::log(LogLevel::error, "test.lost", "goes to the journal if there is one");
  base::set_log_sink([](const base::LogRecord&) {});
}

} // namespace
