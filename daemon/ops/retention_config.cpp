#include "ops/retention_config.h"
#include "ops/quantity.h"
#include <algorithm>

namespace ops {
namespace {

using base::Milliseconds;

constexpr std::size_t kMostNotices = 50, kMostRules = 10'000, kLongest = 512;
constexpr std::uint64_t kLeast = 1000, kMost = 3650ull * 86'400'000;

std::optional<Milliseconds> period(const toml::node& node) {
  const auto words = node.value_exact<std::string>();
  const auto value = words ? parse_quantity(*words, kTimes) : std::nullopt;
  if (!value || *value < kLeast || *value > kMost) return std::nullopt;
  return Milliseconds{static_cast<Milliseconds::rep>(*value)};
}

std::string read_one(const toml::table& table, mailbox::RetentionOverride& out) {
  for (auto at = table.cbegin(); at != table.cend(); ++at) {
    const auto key = at->first.str();
    const toml::node& value = at->second;
    if (key == "mailbox" || key == "service") {
      const auto words = value.value_exact<std::string>();
      if (!words || words->empty() || words->size() > kLongest)
        return std::string(key) + ": a non-empty string";
      (key == "mailbox" ? out.mailbox : out.service) = *words;
    } else if (key == "fetched" || key == "unfetched") {
      auto& place = key == "fetched" ? out.fetched : out.unfetched;
      place = period(value);
      if (!place) return std::string(key) + ": a duration from \"1s\" to \"3650d\"";
    } else {
      return "no key but mailbox, service, fetched and unfetched";
    }
  }
  if (out.mailbox.empty() && out.service.empty()) return "mailbox or service, or both";
  if (!out.fetched && !out.unfetched) return "fetched or unfetched, or both";
  return {};
}

} // namespace

std::string read_notices(const toml::node& node, std::vector<Milliseconds>& out) {
  const std::string expected = "a list of ascending durations, at most 50";
  const auto* list = node.as_array();
  if (!list || list->size() > kMostNotices) return expected;
  std::vector<Milliseconds> found;
  for (const auto& item : *list) {
    const auto one = period(item);
    if (!one || (!found.empty() && *one <= found.back())) return expected;
    found.push_back(*one);
  }
  out = std::move(found);
  return {};
}

std::string read_retention_rules(const toml::node& node,
                                 std::vector<mailbox::RetentionOverride>& out) {
  const auto* list = node.as_array();
  if (!list || list->size() > kMostRules) return "tables [[retention.rules]]";
  std::vector<mailbox::RetentionOverride> found;
  for (const auto& item : *list) {
    const std::string which = "in rule " + std::to_string(found.size() + 1) + " ";
    const auto* table = item.as_table();
    if (!table) return "tables [[retention.rules]]";
    mailbox::RetentionOverride one;
    if (const auto expected = read_one(*table, one); !expected.empty()) return which + expected;
    const auto same = [&](const mailbox::RetentionOverride& other) {
      return other.mailbox == one.mailbox && other.service == one.service;
    };
    if (std::any_of(found.begin(), found.end(), same))
      return which + "a mailbox and service that no rule before it has";
    found.push_back(std::move(one));
  }
  out = std::move(found);
  return {};
}

} // namespace ops
