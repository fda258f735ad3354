#include "base/log.h"
#include <gtest/gtest.h>

using namespace base;

TEST(Log, RendersTextEventAndFields) {
  EXPECT_EQ(render({LogLevel::info, "delivery.stored", "Delivery stored.", {{"bytes", "12"}}}),
            "Delivery stored. event=delivery.stored bytes=12");
}

TEST(Log, EscapesControlCharactersSoThatNobodyForgesALine) {
  EXPECT_EQ(render({LogLevel::info, "e", "T.", {{"id", "a\r\nb\x1b[0m\x7f"}}}),
            "T. event=e id=a\\x0d\\x0ab\\x1b[0m\\x7f");
}

TEST(Log, DropsRecordsBelowTheLevel) {
  std::vector<std::string> seen;
  set_log_sink([&](const LogRecord& record) { seen.emplace_back(record.event); });
  set_log_level(LogLevel::warning);
  log(LogLevel::info, "quiet", "T.");
  log(LogLevel::error, "loud", "T.", {{"k", "v"}});
  set_log_level(LogLevel::info);
  set_log_sink([](const LogRecord&) {});
  EXPECT_EQ(seen, std::vector<std::string>{"loud"});
}
