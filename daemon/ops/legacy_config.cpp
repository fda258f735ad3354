#include "ops/legacy_config.h"
#include <algorithm>
#include <array>

namespace ops {
namespace {

constexpr std::array<std::string_view, 3> kAlgorithms = {"cbc", "3des", "rsa15"};
constexpr std::size_t kMostExceptions = 100, kMostOriginators = 1000, kLongest = 300;

// Non-empty strings of bearable length.
bool strings(const toml::node& node, std::vector<std::string>& out) {
  const auto* list = node.as_array();
  if (!list || list->empty() || list->size() > kMostOriginators) return false;
  for (const auto& item : *list) {
    const auto value = item.value_exact<std::string>();
    if (!value || value->empty() || value->size() > kLongest) return false;
    out.push_back(*value);
  }
  return true;
}

std::string read_one(const toml::table& table, LegacyException& out) {
  using namespace std::chrono;
  for (auto at = table.cbegin(); at != table.cend(); ++at) {
    const auto key = at->first.str();
    const toml::node& value = at->second;
    if (key == "algorithms") {
      const auto known = [](const std::string& name) {
        return std::find(kAlgorithms.begin(), kAlgorithms.end(), name) != kAlgorithms.end();
      };
      if (!strings(value, out.algorithms) ||
          !std::all_of(out.algorithms.begin(), out.algorithms.end(), known))
        return "algorithms: a list of \"cbc\" \"3des\" \"rsa15\"";
    } else if (key == "until") {
      const auto* date = value.as_date();
      if (!date)
        return "until: a date without quotes, e.g. 2027-03-01; from its midnight in Germany the "
               "exception no longer counts";
      const auto& day_of = date->get();
      out.until = base::german_midnight(
          year_month_day{year{day_of.year}, month{day_of.month}, day{day_of.day}});
    } else if (key == "for") {
      if (!strings(value, out.originators))
        return "for: a list of organisation keys and fingerprints of signature certificates; leave "
               "it out to mean everybody";
    } else if (key == "reason") {
      const auto words = value.value_exact<std::string>();
      if (!words || words->empty() || words->size() > kLongest) return "reason: a short text";
      out.reason = *words;
    } else {
      return "no key but algorithms, until, for and reason";
    }
  }
  if (out.algorithms.empty()) return "algorithms, a list of \"cbc\" \"3des\" \"rsa15\"";
  if (out.until == base::Instant{}) return "until, a date: no exception is for ever";
  if (out.reason.empty()) return "reason: whoever finds this in a year wants to know it";
  return {};
}

} // namespace

std::string read_legacy(const toml::node& node, std::vector<LegacyException>& out) {
  const auto* list = node.as_array();
  if (!list || list->size() > kMostExceptions) return "tables [[policy.legacy]]";
  std::vector<LegacyException> found;
  for (const auto& item : *list) {
    const auto* table = item.as_table();
    if (!table) return "tables [[policy.legacy]]";
    LegacyException one;
    if (const auto expected = read_one(*table, one); !expected.empty())
      return "in exception " + std::to_string(found.size() + 1) + " " + expected;
    found.push_back(std::move(one));
  }
  out = std::move(found);
  return {};
}

} // namespace ops
