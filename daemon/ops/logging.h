// Where base::log goes: the journal with structured fields, or standard error as text or JSON
// lines.
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "ops/config.h"
#include <string>
#include <vector>

namespace ops {

// Sets level and sink of base::log. Call once, before threads start; `clock` (time stamps of JSON
// lines) must live as long as logging does.
void start_logging(const Config::Log& config, const base::Clock& clock);

// True when standard error is connected to the journal (JOURNAL_STREAM names its device and inode).
bool stderr_is_journal();

// "NAME=value" entries of one journal record: PRIORITY, MESSAGE, DC_EVENT, SYSLOG_IDENTIFIER and
// every field as OSCI_<KEY>.
std::vector<std::string> journal_entries(const base::LogRecord& record);

// One JSON object without line break: time, level, event, text, and the fields under their keys.
std::string json_line(const base::LogRecord& record, base::Instant time);

} // namespace ops
