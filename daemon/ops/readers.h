// Reading single values of the configuration. Private to ops/.
#pragma once
#include "base/clock.h"
#include "ops/quantity.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>

namespace ops {

// Puts a value into its place in the Config; returns what was expected instead, or "" if all is
// well.
using Reader = std::function<std::string(const toml::node&)>;

struct Key {
  std::string_view section;
  std::string_view name;
  Reader read;
};

template <std::size_t N>
std::string write_quantity(std::uint64_t value, const Unit (&units)[N], const char* space) {
  for (const auto& unit : units)
    if (value != 0 && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + space + std::string(unit.name);
  return std::to_string(value);
}

template <class T>
Reader number(T& out, T least, T most) {
  return [&out, least, most](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < least ||
        static_cast<std::uint64_t>(*value) > most)
      return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    out = static_cast<T>(*value);
    return {};
  };
}

inline Reader size(std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
  return [&out, least, most](const toml::node& node) -> std::string {
    std::optional<std::uint64_t> value;
    if (const auto integer = node.value_exact<std::int64_t>(); integer && *integer >= 0)
      value = static_cast<std::uint64_t>(*integer);
    if (const auto words = node.value_exact<std::string>()) value = parse_quantity(*words, kSizes);
    if (!value || *value < least || *value > most)
      return "a size from \"" + write_quantity(least, kSizes, " ") + "\" to \"" +
             write_quantity(most, kSizes, " ") + "\": bytes, or a number with B, KiB, MiB or GiB";
    out = *value;
    return {};
  };
}

inline Reader duration(base::Milliseconds& out, base::Milliseconds least, base::Milliseconds most) {
  return [&out, least, most](const toml::node& node) -> std::string {
    std::optional<std::uint64_t> value;
    if (const auto words = node.value_exact<std::string>()) value = parse_quantity(*words, kTimes);
    const auto low = static_cast<std::uint64_t>(least.count());
    const auto high = static_cast<std::uint64_t>(most.count());
    if (!value || *value < low || *value > high)
      return "a duration from \"" + write_quantity(low, kTimes, "") + "\" to \"" +
             write_quantity(high, kTimes, "") + "\": a number with ms, s, m, h or d";
    out = base::Milliseconds{static_cast<base::Milliseconds::rep>(*value)};
    return {};
  };
}

} // namespace ops
