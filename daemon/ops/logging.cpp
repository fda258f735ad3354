#include "ops/logging.h"
#include "base/encoding.h"
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace ops {
namespace {

int priority(base::LogLevel level) {
  switch (level) {
  case base::LogLevel::debug:
    return LOG_DEBUG;
  case base::LogLevel::info:
    return LOG_INFO;
  case base::LogLevel::warning:
    return LOG_WARNING;
  case base::LogLevel::error:
    return LOG_ERR;
  case base::LogLevel::critical:
    return LOG_CRIT;
  }
  return LOG_INFO;
}

std::string_view name_of(base::LogLevel level) {
  switch (level) {
  case base::LogLevel::debug:
    return "debug";
  case base::LogLevel::info:
    return "info";
  case base::LogLevel::warning:
    return "warning";
  case base::LogLevel::error:
    return "error";
  case base::LogLevel::critical:
    return "critical";
  }
  return "info";
}

spdlog::level::level_enum spdlog_level(base::LogLevel level) {
  switch (level) {
  case base::LogLevel::debug:
    return spdlog::level::debug;
  case base::LogLevel::info:
    return spdlog::level::info;
  case base::LogLevel::warning:
    return spdlog::level::warn;
  case base::LogLevel::error:
    return spdlog::level::err;
  case base::LogLevel::critical:
    return spdlog::level::critical;
  }
  return spdlog::level::info;
}

// The journal takes capitals, digits and underscores, 64 characters at most.
std::string journal_name(std::string_view key) {
  std::string name = "OSCI_";
  for (const char c : key) {
    if (c >= 'a' && c <= 'z')
      name.push_back(static_cast<char>(c - 'a' + 'A'));
    else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
      name.push_back(c);
    else
      name.push_back('_');
  }
  return name.substr(0, 64);
}

// JSON is UTF-8; what a peer sent may be anything.
std::string as_utf8(const std::string& value) {
  if (base::valid_utf8(value)) return value;
  std::string out;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x80)
      out.push_back(c);
    else
      out += "\\x" + base::hex_encode(std::string_view(&c, 1));
  }
  return out;
}

void send_to_journal(const base::LogRecord& record) {
  auto entries = journal_entries(record);
  std::vector<iovec> parts;
  parts.reserve(entries.size());
  for (auto& entry : entries) parts.push_back(iovec{entry.data(), entry.size()});
  // Not reported: there is no better place for a log line than the one that refused it.
  (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

} // namespace

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (!stream || ::fstat(STDERR_FILENO, &status) != 0) return false;
  // A child of a service inherits the variable, but perhaps not the stream.
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

std::vector<std::string> journal_entries(const base::LogRecord& record) {
  std::vector<std::string> entries;
  entries.reserve(record.fields.size() + 4);
  entries.push_back("PRIORITY=" + std::to_string(priority(record.level)));
  entries.push_back("MESSAGE=" + base::render(record));
  entries.push_back("DC_EVENT=" + std::string(record.event));
  entries.push_back("SYSLOG_IDENTIFIER=dataclearingd");
  for (const auto& field : record.fields)
    entries.push_back(journal_name(field.key) + "=" + field.value);
  return entries;
}

std::string json_line(const base::LogRecord& record, base::Instant time) {
  boost::json::object line;
  line["time"] = base::format_datetime(time);
  line["level"] = name_of(record.level);
  line["event"] = record.event;
  line["text"] = record.text;
  // emplace keeps the first: a field cannot disguise the four above.
  for (const auto& field : record.fields) line.emplace(field.key, as_utf8(field.value));
  return boost::json::serialize(line);
}

void start_logging(const Config::Log& config, const base::Clock& clock) {
  base::set_log_level(config.level);
  const bool journal = config.target == LogTarget::journal ||
                       (config.target == LogTarget::automatic && stderr_is_journal());
  if (journal) {
    base::set_log_sink(send_to_journal);
    return;
  }
  auto logger = spdlog::stderr_logger_mt("dataclearingd-" + std::to_string(::getpid()));
  spdlog::drop(logger->name());            // ours alone, so that logging can be started anew
  logger->set_level(spdlog::level::trace); // base::log has decided already
  logger->flush_on(spdlog::level::trace);
  if (config.format == LogFormat::json) {
    logger->set_pattern("%v");
    base::set_log_sink([logger, &clock](const base::LogRecord& record) {
      logger->log(spdlog_level(record.level), "{}", json_line(record, clock.now()));
    });
    return;
  }
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  base::set_log_sink([logger](const base::LogRecord& record) {
    logger->log(spdlog_level(record.level), "{}", base::render(record));
  });
}

} // namespace ops
