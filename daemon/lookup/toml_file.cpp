#include "lookup/toml_file.h"
#include "base/encoding.h"
#include <algorithm>

namespace lookup {

using base::ErrorCode;
using base::Result;

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > limit ? out + "..." : out;
}

std::string excerpt(std::string_view text) {
  return "\"" + one_line(text, 80) + "\"";
}

namespace {

Result<std::optional<base::Instant>> instant_of(const toml::node& node) {
  using namespace std::chrono;
  const auto day_of = [](const toml::date& date) {
    return year_month_day{year{date.year}, month{date.month}, day{date.day}};
  };
  if (const auto* date = node.as_date())
    return std::optional<base::Instant>{base::german_midnight(day_of(date->get()))};
  if (const auto* moment = node.as_date_time(); moment != nullptr && moment->get().offset) {
    const auto& at = moment->get();
    return std::optional<base::Instant>{
        base::Instant{sys_days{day_of(at.date)}} + hours{at.time.hour} +
        minutes{at.time.minute - at.offset->minutes} + seconds{at.time.second} +
        milliseconds{at.time.nanosecond / 1'000'000}};
  }
  return base::fail(ErrorCode::invalid_config,
                    "takes a date without quotes, e.g. 2026-05-01 (from midnight in Germany), or a "
                    "date-time with zone, e.g. 2026-05-01T00:00:00Z");
}

} // namespace

base::Error TomlFile::fail_at(std::size_t line, const std::string& what) const {
  auto detail = name_ + ":" + std::to_string(line) + ": ";
  if (!subject_.empty()) detail += "organisation " + subject_ + ": ";
  return base::fail(ErrorCode::invalid_config, detail + what);
}
base::Error TomlFile::fail_at(const toml::node& node, const std::string& what) const {
  return fail_at(node.source().begin.line, what);
}

Result<> TomlFile::only(const toml::table& table, std::span<const std::string_view> known,
                        const std::string& where) const {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      return fail_at(key.source().begin.line, "unknown key " + excerpt(key.str()) + " in " + where +
                                                  suggestion(key.str(), known));
  }
  return {};
}

// Each table of [[organisation.<what>]]; an absent array is an empty one.
Result<std::vector<const toml::table*>> TomlFile::tables(const toml::table& parent,
                                                         std::string_view what,
                                                         const std::string& header,
                                                         std::size_t limit) const {
  std::vector<const toml::table*> found;
  const auto* node = parent.get(what);
  if (node == nullptr) return found;
  const auto* array = node->as_array();
  if (array == nullptr)
    return fail_at(*node, "write " + header + " with two brackets on each side: it is a list");
  if (array->size() > limit)
    return fail_at(*node, "more than " + std::to_string(limit) + " " + header +
                              " entries; remove those that ended longest ago");
  for (const auto& element : *array) {
    const auto* table = element.as_table();
    if (table == nullptr) return fail_at(element, "every entry of " + header + " is a table");
    found.push_back(table);
  }
  return found;
}

// A mandatory text, without control characters.
Result<std::string> TomlFile::text(const toml::table& table, std::string_view key,
                                   const std::string& where) const {
  const auto* node = table.get(key);
  if (node == nullptr) return fail_at(table, where + " has no " + excerpt(key) + "; add it");
  return text(*node, key);
}
Result<std::string> TomlFile::text(const toml::node& node, std::string_view key) const {
  const auto* value = node.as_string();
  if (value == nullptr) return fail_at(node, excerpt(key) + " takes a text in double quotes");
  const auto trimmed = base::trim(value->get());
  if (trimmed.empty()) return fail_at(node, excerpt(key) + " is empty");
  if (trimmed.size() > 512) return fail_at(node, excerpt(key) + " is longer than 512 bytes");
  if (std::any_of(trimmed.begin(), trimmed.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail_at(node, excerpt(key) + " holds control characters");
  return std::string(trimmed);
}

Result<> TomlFile::window(const toml::table& table, std::optional<base::Instant>& from,
                          std::optional<base::Instant>& until) const {
  for (const auto& [key, slot] :
       {std::pair{"valid_from", &from}, std::pair{"valid_until", &until}}) {
    const auto* node = table.get(key);
    if (node == nullptr) continue;
    auto instant = instant_of(*node);
    if (!instant) return fail_at(*node, excerpt(key) + " " + instant.error().detail);
    *slot = *instant;
  }
  if (from && until && *until <= *from)
    return fail_at(*table.get("valid_until"),
                   "\"valid_until\" must lie after \"valid_from\"; it names the first moment that "
                   "no longer counts");
  return {};
}

// A list of short texts; an absent one is empty.
Result<std::vector<std::string>> TomlFile::texts(const toml::table& table, std::string_view key,
                                                 std::size_t limit) const {
  std::vector<std::string> out;
  const auto* node = table.get(key);
  if (node == nullptr) return out;
  const auto* list = node->as_array();
  if (list == nullptr) return fail_at(*node, excerpt(key) + " takes a list of texts");
  if (list->size() > limit)
    return fail_at(*node, excerpt(key) + " has more than " + std::to_string(limit) + " entries");
  for (const auto& one : *list) {
    auto value = text(one, key);
    if (!value) return value.error();
    out.push_back(std::move(*value));
  }
  return out;
}

} // namespace lookup
