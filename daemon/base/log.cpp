#include "base/log.h"
#include <atomic>
#include <spdlog/spdlog.h>

namespace base {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
  case LogLevel::debug:
    return spdlog::level::debug;
  case LogLevel::info:
    return spdlog::level::info;
  case LogLevel::warning:
    return spdlog::level::warn;
  case LogLevel::error:
    return spdlog::level::err;
  case LogLevel::critical:
    return spdlog::level::critical;
  }
  return spdlog::level::info;
}

LogSink& sink() {
  static LogSink current = [](const LogRecord& record) {
    spdlog::log(to_spdlog(record.level), "{}", render(record));
  };
  return current;
}

std::atomic<LogLevel>& threshold() {
  static std::atomic<LogLevel> level{LogLevel::info};
  return level;
}

// A peer must not be able to forge log lines or terminal codes.
void append_escaped(std::string& out, std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
}

} // namespace

void set_log_sink(LogSink new_sink) {
  sink() = std::move(new_sink);
}
void set_log_level(LogLevel level) {
  threshold() = level;
  spdlog::set_level(to_spdlog(level));
}

void log(LogLevel level, std::string_view event, std::string_view text,
         std::initializer_list<LogField> fields) {
  if (level < threshold().load()) return;
  sink()(LogRecord{level, event, text, std::vector<LogField>(fields)});
}

std::string render(const LogRecord& record) {
  std::string out(record.text);
  out += " event=";
  out += record.event;
  for (const auto& field : record.fields) {
    out += ' ';
    out += field.key;
    out += '=';
    append_escaped(out, field.value);
  }
  return out;
}

} // namespace base
