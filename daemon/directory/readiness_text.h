// The German words of readiness: what people read, in one place. `code` is for programs and never
// changes.
#pragma once
#include "directory/readiness.h"
#include <initializer_list>
#include <string>
#include <string_view>

namespace directory {

struct FindingText {
  ReadinessFinding finding;
  std::string_view code;
  CheckOutcome outcome;
  Actor actor;
  std::string_view text; // {0}, {1}, ... stand for arguments
};
const FindingText& text_of(ReadinessFinding finding);

struct CheckText {
  std::string_view code;  // "ioev"
  std::string_view title; // "IÖV"
  std::string_view asks;  // the question that it answers
};
const CheckText& text_of(ReadinessCheck check);

struct Word {
  std::string_view code; // "ok"
  std::string_view word; // "erfüllt"
};
Word word_of(CheckOutcome outcome);
Word word_of(ReadinessState state);
Word word_of(Actor actor);

// The remark with its outcome and actor from the table. `actor`: another one than the table's.
Remark remark(ReadinessFinding finding, std::initializer_list<std::string> arguments = {});
Remark remark(ReadinessFinding finding, std::initializer_list<std::string> arguments, Actor actor);

// In German local time: "30.11.2026", "30.11.2026, 21:05 Uhr".
std::string german_date(base::Instant at);
std::string german_time(base::Instant at);
// Whole calendar days in Germany from `from` to `to`; negative when `to` is earlier.
int german_days(base::Instant from, base::Instant to);
// Midnight in Germany, so many calendar days after the day of `from`.
base::Instant german_days_later(base::Instant from, int days);
// "1 Tag", "3 Tage"; "Tagen" after "seit", "vor", "in".
std::string days_text(int days, bool dative = false);

} // namespace directory
