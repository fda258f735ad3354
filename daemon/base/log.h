// Structured log lines: an event id, a fixed English sentence, and fields. Fields carry ids, sizes,
// fingerprints and codes, never content, subjects or names of people (design decision 13).
// Thread-safe. The sink is set once, before threads start (ops/ sends to journald or stderr).
#pragma once
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

enum class LogLevel { debug, info, warning, error, critical };

struct LogField {
  std::string_view key; // lower case, e.g. "message_id"; journald shows it as OSCI_MESSAGE_ID
  std::string value;    // control characters are escaped on output
};

struct LogRecord {
  LogLevel level;
  std::string_view event; // stable id, e.g. "delivery.stored"
  std::string_view text;
  std::vector<LogField> fields;
};

using LogSink = std::function<void(const LogRecord&)>;

void set_log_sink(LogSink sink);
void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view event, std::string_view text,
         std::initializer_list<LogField> fields = {});

// "text key=value key=value" with control characters escaped: what the default sink prints.
std::string render(const LogRecord& record);

} // namespace base
