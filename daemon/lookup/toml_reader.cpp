#include "lookup/toml_reader.h"
#include "base/encoding.h"
#include "lookup/toml_keys.h"
#include <algorithm>

namespace lookup {

namespace {

constexpr std::size_t kLongest = 512;

// Text that comes from the file, as it may stand in an error detail: short, one line.
std::string excerpt(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return "\"" + out + (text.size() > 80 ? "..." : "") + "\"";
}

std::chrono::year_month_day day_of(const toml::date& date) {
  using namespace std::chrono;
  return {year{date.year}, month{date.month}, day{date.day}};
}

} // namespace

void TomlSource::wrong(std::size_t line, const std::string& what) {
  if (error_) return;
  error_ = base::fail(base::ErrorCode::invalid_config,
                      name_ + ":" + (line == 0 ? "" : std::to_string(line) + ":") + " " + what);
}

const toml::node* TomlTable::get(std::string_view key) {
  asked_.push_back(key);
  return file_->error() ? nullptr : table_->get(key);
}

void TomlTable::wrong(std::string_view key, const std::string& what) {
  const auto* node = table_->get(key);
  file_->wrong(node ? node->source().begin.line : line(), excerpt(key) + " " + what);
}

std::optional<std::string> TomlTable::text_of(const toml::node& node, std::string_view key) {
  const auto line = node.source().begin.line;
  const auto refuse = [&](const char* what) {
    file_->wrong(line, excerpt(key) + " " + what);
    return std::nullopt;
  };
  const auto* value = node.as_string();
  if (value == nullptr) return refuse("takes a text in double quotes");
  const auto trimmed = base::trim(value->get());
  if (trimmed.empty()) return refuse("is empty; leave it out");
  if (trimmed.size() > kLongest) return refuse("is longer than 512 bytes");
  if (std::any_of(trimmed.begin(), trimmed.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return refuse("holds control characters");
  return std::string(trimmed);
}

std::string TomlTable::text(std::string_view key) {
  const auto* node = get(key);
  if (node) return text_of(*node, key).value_or("");
  file_->wrong(line(), header_ + " has no " + excerpt(key) + "; add it");
  return {};
}

std::string TomlTable::optional(std::string_view key) {
  const auto* node = get(key);
  return node ? text_of(*node, key).value_or("") : "";
}

std::vector<std::string> TomlTable::texts(std::string_view key, std::size_t limit) {
  std::vector<std::string> out;
  const auto* node = get(key);
  if (!node) return out;
  const auto* list = node->as_array();
  if (!list) {
    wrong(key, "takes a list of texts: [\"...\", \"...\"]");
    return out;
  }
  if (list->size() > limit) {
    wrong(key, "has more than " + std::to_string(limit) + " entries");
    return out;
  }
  for (const auto& one : *list) {
    auto value = text_of(one, key);
    if (!value) return {};
    out.push_back(std::move(*value));
  }
  return out;
}

bool TomlTable::flag(std::string_view key) {
  const auto* node = get(key);
  if (!node) return false;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong(key, "is true or false");
  return false;
}

std::optional<std::uint64_t> TomlTable::number(std::string_view key) {
  const auto* node = get(key);
  if (!node) return std::nullopt;
  const auto* value = node->as_integer();
  if (value && value->get() >= 0) return static_cast<std::uint64_t>(value->get());
  wrong(key, "is a number, not negative, without quotes");
  return std::nullopt;
}

std::optional<base::Instant> TomlTable::instant(std::string_view key) {
  using namespace std::chrono;
  const auto* node = get(key);
  if (!node) return std::nullopt;
  if (const auto* date = node->as_date()) return base::german_midnight(day_of(date->get()));
  if (const auto* moment = node->as_date_time(); moment && moment->get().offset) {
    const auto& at = moment->get();
    return base::Instant{sys_days{day_of(at.date)}} + hours{at.time.hour} +
           minutes{at.time.minute - at.offset->minutes} + seconds{at.time.second} +
           milliseconds{at.time.nanosecond / 1'000'000};
  }
  wrong(key, "takes a date without quotes, e.g. 2026-05-01 (from midnight in Germany), or a "
             "date-time with zone, e.g. 2026-05-01T00:00:00Z");
  return std::nullopt;
}

directory::Validity TomlTable::window() {
  directory::Validity out;
  out.from = instant("valid_from");
  out.until = instant("valid_until");
  if (out.from && out.until && *out.until <= *out.from)
    wrong("valid_until",
          "must lie after \"valid_from\"; it names the first moment that no longer counts");
  return out;
}

void TomlTable::unknown_word(std::string_view key, const std::string& given,
                             const std::vector<std::string_view>& known) {
  wrong(key, "is not " + excerpt(given) + suggestion(given, known));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key, const std::string& header,
                                         std::size_t limit) {
  std::vector<TomlTable> out;
  const auto* node = get(key);
  if (!node) return out;
  const auto line_of = node->source().begin.line;
  const auto* array = node->as_array();
  if (!array) {
    file_->wrong(line_of, "write " + header + " with two brackets on each side: it is a list");
    return out;
  }
  if (array->size() > limit) {
    file_->wrong(line_of, "more than " + std::to_string(limit) + " " + header +
                              " entries; remove those that ended longest ago");
    return out;
  }
  for (const auto& element : *array) {
    const auto* entry = element.as_table();
    if (!entry) {
      file_->wrong(element.source().begin.line, "every entry of " + header + " is a table");
      return {};
    }
    out.emplace_back(*file_, *entry, header);
  }
  return out;
}

std::optional<TomlTable> TomlTable::table(std::string_view key, const std::string& header) {
  const auto* node = get(key);
  if (!node) return std::nullopt;
  if (const auto* found = node->as_table()) return TomlTable(*file_, *found, header);
  wrong(key, "is a table: write " + header);
  return std::nullopt;
}

void TomlTable::done() {
  if (file_->error()) return;
  for (const auto& [key, node] : *table_)
    if (std::find(asked_.begin(), asked_.end(), key.str()) == asked_.end())
      file_->wrong(key.source().begin.line, "unknown key " + excerpt(key.str()) + " in " + header_ +
                                                suggestion(key.str(), asked_));
}

} // namespace lookup
