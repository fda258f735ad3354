// For a terminal.
#include "cli/ctl/readiness_report.h"
#include "cli/text.h"
#include "directory/readiness_text.h"
#include <algorithm>

namespace cli::ctl {

using directory::CheckOutcome;

namespace {

// Columns of valid UTF-8 without control characters; every character of our texts takes one.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

std::string padded(std::string_view text, std::size_t columns) {
  const auto used = width(text);
  return std::string(text) + std::string(columns > used ? columns - used : 0, ' ');
}

// Cut with an ellipsis where it is longer.
std::string fitted(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return padded(text, columns);
  std::size_t at = 0;
  for (std::size_t used = 0; used + 1 < columns && at < text.size(); ++used) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u) ++at;
  }
  return std::string(text.substr(0, at)) + "…";
}

// At spaces; a word that is longer than a line stands alone.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    auto& line = lines.back();
    if (line.empty())
      line = word;
    else if (width(line) + 1 + width(word) <= columns)
      line += " " + word;
    else
      lines.push_back(word);
    at = end + 1;
  }
  return lines;
}

class Paint {
 public:
  explicit Paint(bool coloured) : coloured_(coloured) {}
  std::string outcome(CheckOutcome outcome, const std::string& text) const {
    switch (outcome) {
    case CheckOutcome::not_applicable:
      return with("2", text);
    case CheckOutcome::ok:
      return with("32", text);
    case CheckOutcome::warn:
      return with("33", text);
    case CheckOutcome::unknown:
      return with("36", text);
    case CheckOutcome::fail:
      break;
    }
    return with("1;31", text);
  }
  std::string faint(const std::string& text) const { return with("2", text); }
  std::string bold(const std::string& text) const { return with("1", text); }

 private:
  std::string with(const char* code, const std::string& text) const {
    return coloured_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }
  bool coloured_;
};

CheckOutcome worst(const Sheet& sheet) {
  auto out = CheckOutcome::not_applicable;
  for (const auto& one : sheet.readiness.checks) out = std::max(out, one.outcome);
  // Nothing that is left to be done is no green either.
  return std::max(out, CheckOutcome::ok);
}

std::string upper(std::string_view word) {
  std::string out(word);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] >= 'a' && out[i] <= 'z')
      out[i] = static_cast<char>(out[i] - 'a' + 'A');
    else if (out[i] == '\xC3' && i + 1 < out.size() && out[i + 1] >= '\xA0')
      out[i + 1] = static_cast<char>(out[i + 1] - 0x20); // ä, ö, ü
  return out;
}

std::string sheet_text(const Sheet& sheet, base::Instant at, const Paint& paint,
                       std::size_t columns) {
  constexpr std::size_t title_width = 24, outcome_width = 15, indent = 4 + title_width + 2;
  const auto reason_width =
      std::max<std::size_t>(columns, indent + outcome_width + 24) - indent - outcome_width - 1;
  std::string out =
      paint.bold(harmless(sheet.party->name) + " – " + harmless(sheet.service->name)) +
      "   Stand " + directory::german_time(at) + "\n";
  out += paint.outcome(worst(sheet), std::string(mark_of(sheet)) + " " + upper(word_of(sheet)));
  if (const auto* next = sheet.readiness.next())
    out += "   als Nächstes: " + std::string(directory::word_of(next->actor).word);
  out += "\n\n" +
         paint.bold(" Nr " + padded("Prüfung", title_width + 2) +
                    padded("Ergebnis", outcome_width + 1) + "Begründung") +
         "\n";
  for (const auto& check : sheet.readiness.checks) {
    const auto number = std::to_string(static_cast<int>(check.check) + 1);
    const auto word = std::string(mark_of(check.outcome)) + " " +
                      std::string(directory::word_of(check.outcome).word);
    out += std::string(3 - number.size(), ' ') + number + " " +
           padded(directory::text_of(check.check).title, title_width + 2) +
           paint.outcome(check.outcome, padded(word, outcome_width)) + " ";
    bool first = true;
    const auto add = [&](const std::string& text, bool faint) {
      for (const auto& one : wrapped(text, reason_width)) {
        if (!first) out += std::string(indent + outcome_width + 1, ' ');
        out += (faint ? paint.faint(one) : one) + "\n";
        first = false;
      }
    };
    for (const auto& one : check.remarks)
      add(harmless(one.reason) + (one.actor == directory::Actor::nobody
                                      ? ""
                                      : " → " + std::string(directory::word_of(one.actor).word)),
          false);
    for (const auto& one : check.evidence)
      add(harmless(one.record) + (one.date ? ", " + directory::german_date(*one.date) : ""), true);
  }
  return out;
}

std::string matrix_text(const Report& report, const Paint& paint, std::size_t columns) {
  std::size_t name_width = 12;
  for (const auto& sheet : report.sheets)
    name_width = std::max(name_width, width(harmless(sheet.party->name)));
  name_width = std::min<std::size_t>(name_width, 36);
  const auto count = report.services.size();
  const auto space = columns > name_width + 2 ? columns - name_width - 2 : 0;
  // A word for each cell where there is room, else its mark.
  const bool words = space / count >= 20;
  const std::size_t cell = words ? std::min<std::size_t>(space / count, 28) : 4;
  std::string out = paint.bold("Bereitschaft") + "   Stand " + directory::german_time(report.at) +
                    "\n\n" + std::string(name_width + 2, ' ');
  for (std::size_t i = 0; i < count; ++i)
    out += words ? fitted(harmless(report.services[i]->name), cell - 1) + " "
                 : padded(std::to_string(i + 1), cell);
  out += "\n";
  for (std::size_t i = 0; i < report.sheets.size(); ++i) {
    const auto& sheet = report.sheets[i];
    if (i % count == 0) out += fitted(harmless(sheet.party->name), name_width) + "  ";
    const auto text = words ? std::string(mark_of(sheet)) + " " + std::string(word_of(sheet))
                            : std::string(mark_of(sheet));
    const auto shown = words ? fitted(text, cell - 1) + " " : padded(text, cell);
    out += sheet.begun ? paint.outcome(worst(sheet), shown) : paint.faint(shown);
    if (i % count == count - 1) out += "\n";
  }
  out += "\n";
  if (!words)
    for (std::size_t i = 0; i < count; ++i)
      out += std::to_string(i + 1) + " = " + harmless(report.services[i]->name) + "\n";
  out += "✔ bereit   ! bereit mit Hinweisen   ? nicht vollständig geprüft   ✘ nicht bereit   "
         "‖ ausgesetzt   · nicht begonnen\n";
  return out;
}

} // namespace

std::string readiness_text(const Report& report, bool coloured, std::size_t columns) {
  const Paint paint(coloured);
  if (!report.services.empty()) return matrix_text(report, paint, columns);
  std::string out;
  for (const auto& sheet : report.sheets)
    out += (out.empty() ? "" : "\n") + sheet_text(sheet, report.at, paint, columns);
  return out;
}

} // namespace cli::ctl
