#include "cli/load/plan.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace cli::load {

using base::ErrorCode;
using base::fail;

namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<std::uint64_t> octets_in(std::string_view text) {
  unsigned shift = 0;
  if (text.ends_with('k') || text.ends_with('K')) shift = 10;
  if (text.ends_with('m') || text.ends_with('M')) shift = 20;
  if (shift != 0) text.remove_suffix(1);
  const auto out = number_in<std::uint32_t>(text);
  if (!out) return std::nullopt;
  return std::uint64_t{*out} << shift;
}

} // namespace

base::Result<std::optional<double>> parse_rate(std::string_view text) {
  const auto wrong = fail(ErrorCode::invalid_config,
                          "--rate: 20/s, 1200/min, 36000/h or max expected; 1/h to 10000/s");
  if (text == "max") return std::optional<double>{};
  double unit = 1;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto name = text.substr(slash + 1);
    if (name == "min")
      unit = 60;
    else if (name == "h")
      unit = 3600;
    else if (name != "s")
      return wrong;
    text = text.substr(0, slash);
  }
  const auto value = number_in<double>(text);
  if (!value || !std::isfinite(*value)) return wrong;
  const double rate = *value / unit;
  // A hair below, because 1/3600 is no binary fraction.
  if (rate < 0.9999 / 3600 || rate > 10'000) return wrong;
  return std::optional<double>{rate};
}

base::Result<base::Milliseconds> parse_span(std::string_view text) {
  using namespace std::chrono_literals;
  const auto wrong = fail(ErrorCode::invalid_config,
                          "a time such as 500ms, 60s, 10m or 2h expected, at most 168h");
  base::Milliseconds unit{0};
  std::size_t cut = 1;
  if (text.ends_with("ms")) {
    unit = 1ms;
    cut = 2;
  } else if (text.ends_with('s')) {
    unit = 1s;
  } else if (text.ends_with('m')) {
    unit = 1min;
  } else if (text.ends_with('h')) {
    unit = 1h;
  } else {
    return wrong;
  }
  const auto value = number_in<std::uint32_t>(text.substr(0, text.size() - cut));
  if (!value || *value == 0) return wrong;
  const auto out = unit * std::int64_t{*value};
  if (out > std::chrono::hours(168)) return wrong;
  return out;
}

base::Result<SizeMix> SizeMix::parse(std::string_view text) {
  const auto wrong = [](const char* why) {
    return fail(ErrorCode::invalid_config,
                std::string("--sizes: ") + why + "; expected is e.g. 10k:80,100k:15,2m:5");
  };
  SizeMix out;
  for (;;) {
    const auto comma = text.find(',');
    const auto entry = text.substr(0, comma);
    const auto colon = entry.find(':');
    const auto octets = octets_in(entry.substr(0, colon));
    if (!octets || *octets < kSmallest || *octets > kLargest)
      return wrong("each size is from 512 to 16m");
    std::uint64_t share = 1;
    if (colon != std::string_view::npos) {
      const auto given = number_in<std::uint32_t>(entry.substr(colon + 1));
      if (!given || *given == 0 || *given > 1'000'000) return wrong("each share is 1 to 1000000");
      share = *given;
    }
    if (out.sizes_.size() == 32) return wrong("more than 32 sizes");
    out.sizes_.push_back({*octets, share});
    out.shares_ += share;
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::uint64_t SizeMix::pick(std::uint64_t any) const {
  std::uint64_t left = any % shares_;
  for (const auto& one : sizes_) {
    if (left < one.share) return one.octets;
    left -= one.share;
  }
  return sizes_.back().octets;
}

std::uint64_t SizeMix::largest() const {
  std::uint64_t out = 0;
  for (const auto& one : sizes_) out = std::max(out, one.octets);
  return out;
}

std::chrono::nanoseconds Plan::due(std::uint64_t number) const {
  if (!per_second) return std::chrono::nanoseconds{0};
  return std::chrono::nanoseconds{
      static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / *per_second)};
}

bool Plan::wants(std::uint64_t number, std::chrono::nanoseconds elapsed) const {
  if (count && number >= *count) return false;
  if (!duration) return true;
  return per_second ? due(number) < *duration : elapsed < *duration;
}

std::optional<std::uint64_t> Plan::total() const {
  std::optional<std::uint64_t> out = count;
  if (per_second && duration) {
    const double seconds = std::chrono::duration<double>(*duration).count();
    auto in_time = static_cast<std::uint64_t>(std::ceil(seconds * *per_second));
    // What due() rounds decides, not what this rounds.
    while (in_time > 0 && due(in_time - 1) >= *duration) --in_time;
    while (due(in_time) < *duration) ++in_time;
    out = out ? std::min(*out, in_time) : in_time;
  } else if (duration) {
    return std::nullopt;
  }
  return out;
}

std::uint64_t draw(std::uint64_t seed, std::uint64_t number) {
  // SplitMix64.
  std::uint64_t z = seed + (number + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

} // namespace cli::load
