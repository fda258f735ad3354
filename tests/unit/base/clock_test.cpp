#include "base/clock.h"
#include <gtest/gtest.h>

using namespace base;
using namespace std::chrono_literals;

namespace {

Instant at(int year, unsigned month, unsigned day, Milliseconds time = 0ms) {
  return Instant{std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} /
                                       std::chrono::day{day}}
                     .time_since_epoch()} +
         time;
}

} // namespace

TEST(Clock, ManualClockStandsStillUntilMoved) {
  ManualClock clock(at(2026, 1, 1));
  EXPECT_EQ(clock.now(), at(2026, 1, 1));
  clock.advance(250ms);
  EXPECT_EQ(clock.now(), at(2026, 1, 1, 250ms));
  clock.set(at(2030, 6, 7));
  EXPECT_EQ(clock.now(), at(2030, 6, 7));
}

TEST(Clock, SystemClockDoesNotRunBackwardsWithinATest) {
  const SystemClock clock;
  const auto first = clock.now();
  EXPECT_GE(clock.now(), first);
}

TEST(DateTime, IsWrittenInUtcWithoutAZeroFraction) {
  EXPECT_EQ(format_datetime(at(2026, 1, 1)), "2026-01-01T00:00:00Z");
  EXPECT_EQ(format_datetime(at(2026, 1, 1, 250ms)), "2026-01-01T00:00:00.250Z");
  EXPECT_EQ(format_datetime(at(2026, 12, 31, 23h + 59min + 59s + 1ms)), "2026-12-31T23:59:59.001Z");
  EXPECT_EQ(format_datetime(at(1969, 12, 31, 999ms)), "1969-12-31T00:00:00.999Z");
}

TEST(DateTime, IsReadWithEveryKindOfZoneAndFraction) {
  struct {
    const char* text;
    Instant expected;
  } const table[] = {
      {"2026-01-01T00:00:00Z", at(2026, 1, 1)},
      {"2026-01-01T01:00:00+01:00", at(2026, 1, 1)},
      {"2025-12-31T19:00:00-05:00", at(2026, 1, 1)},
      {"2026-01-01T05:30:00+05:30", at(2026, 1, 1)},
      {"2026-01-01T00:00:00.2Z", at(2026, 1, 1, 200ms)},
      {"2026-01-01T00:00:00.25Z", at(2026, 1, 1, 250ms)},
      {"2026-01-01T00:00:00.123456789Z", at(2026, 1, 1, 123ms)},
      {"2025-12-31T24:00:00Z", at(2026, 1, 1)},
      {"2024-02-29T00:00:00Z", at(2024, 2, 29)},
  };
  for (const auto& [text, expected] : table) {
    const auto read = parse_datetime(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, expected) << text;
  }
}

TEST(GermanMidnight, FollowsSummerTime) {
  using namespace std::chrono;
  for (const auto& [date, expected] :
       {std::pair{2026y / January / 1, "2025-12-31T23:00:00Z"},
        {2026y / March / 29, "2026-03-28T23:00:00Z"}, // the clock changes after midnight
        {2026y / March / 30, "2026-03-29T22:00:00Z"},
        {2026y / October / 25, "2026-10-24T22:00:00Z"},
        {2026y / October / 26, "2026-10-25T23:00:00Z"}})
    EXPECT_EQ(base::format_datetime(base::german_midnight(date)), expected);
}

TEST(DateTime, WithoutZoneOrOtherwiseWrongIsRefused) {
  for (const char* text : {"",
                           "2026-01-01",
                           "2026-01-01T00:00:00",
                           "2026-01-01T00:00Z",
                           "2026-01-01 00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-01T24:00:01Z",
                           "2026-01-01T25:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890123456789Z",
                           "2026-01-01T00:00:00+15:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00ZZ",
                           "0000-01-01T00:00:00Z",
                           "-2026-01-01T00:00:00Z",
                           "12026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00z",
                           " 2026-01-01T00:00:00Z"}) {
    const auto read = parse_datetime(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_request) << text;
  }
}

TEST(DateTime, SurvivesWritingAndReading) {
  for (long long i = 0; i < 2000; ++i) {
    const auto instant = at(1990, 3, 4) + Milliseconds{i * 777'777'777LL};
    const auto read = parse_datetime(format_datetime(instant));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, instant);
  }
}
