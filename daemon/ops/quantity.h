// Numbers with a unit, as the configuration writes sizes and durations. Private to ops/.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ops {

constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
inline constexpr Unit kSizes[] = {{"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}, {"B", 1}};
inline constexpr Unit kTimes[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000},
                                  {"min", 60'000},   {"s", 1000},      {"ms", 1}};

// A whole number, optional space, a unit; overflow and all else: nothing.
template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N]) {
  std::uint64_t value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (value > 1'000'000'000'000'000) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  for (const auto& unit : units)
    if (text == unit.name && value <= std::numeric_limits<std::int64_t>::max() / unit.factor)
      return value * unit.factor;
  return std::nullopt;
}

} // namespace ops
