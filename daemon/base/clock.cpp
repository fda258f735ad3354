#include "base/clock.h"
#include <cstdio>

namespace base {

Instant SystemClock::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

std::string format_datetime(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{instant - day};
  char out[64];
  int length = std::snprintf(
      out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()), unsigned(date.month()),
      unsigned(date.day()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string text(out, static_cast<std::size_t>(length));
  if (const auto fraction = time.subseconds().count(); fraction != 0) {
    length = std::snprintf(out, sizeof out, ".%03d", static_cast<int>(fraction));
    text.append(out, static_cast<std::size_t>(length));
  }
  return text + "Z";
}

namespace {

// Reads exactly `digits` decimal digits.
bool take_number(std::string_view& in, std::size_t digits, int& out) {
  if (in.size() < digits) return false;
  out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (in[i] < '0' || in[i] > '9') return false;
    out = out * 10 + (in[i] - '0');
  }
  in.remove_prefix(digits);
  return true;
}

bool take(std::string_view& in, char c) {
  if (in.empty() || in.front() != c) return false;
  in.remove_prefix(1);
  return true;
}

} // namespace

Result<Instant> parse_datetime(std::string_view text) {
  const auto bad = [] { return fail(ErrorCode::invalid_request, "not an xsd:dateTime with zone"); };
  int year, month, day, hour, minute, second, fraction = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day) || !take(text, 'T') ||
      !take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute) ||
      !take(text, ':') || !take_number(text, 2, second))
    return bad();
  if (take(text, '.')) {
    int scale = 100, digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || digits > 18) return bad();
  }
  int offset = 0;
  if (!take(text, 'Z')) {
    const bool west = take(text, '-');
    int h, m;
    if (!west && !take(text, '+')) return bad();
    if (!take_number(text, 2, h) || !take(text, ':') || !take_number(text, 2, m)) return bad();
    if (h > 14 || m > 59) return bad();
    offset = (h * 60 + m) * (west ? -1 : 1);
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const bool end_of_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
  if (!text.empty() || year < 1 || !date.ok() || (hour > 23 && !end_of_day) || minute > 59 ||
      second > 59)
    return bad();
  return Instant{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{hour} +
         std::chrono::minutes{minute - offset} + std::chrono::seconds{second} +
         Milliseconds{fraction};
}

// Central European summer time runs from the last Sunday of March to the last Sunday of October and
// changes after midnight; the rule is the EU's since 1996, and g++ 12 has no time zone database of
// its own.
Instant german_midnight(std::chrono::year_month_day date) {
  using namespace std::chrono;
  const sys_days day{date};
  const sys_days summer{date.year() / March / Sunday[last]};
  const sys_days winter{date.year() / October / Sunday[last]};
  const hours offset{summer < day && day <= winter ? 2 : 1};
  return Instant{day} - offset;
}

} // namespace base
