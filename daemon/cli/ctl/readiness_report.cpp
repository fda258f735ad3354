// Marks, JSON and CSV.
#include "cli/ctl/readiness_report.h"
#include "cli/text.h"
#include "directory/readiness_text.h"
#include <array>
#include <boost/json.hpp>

namespace cli::ctl {

using directory::CheckOutcome;
using directory::ReadinessState;

std::string_view mark_of(CheckOutcome outcome) {
  switch (outcome) {
  case CheckOutcome::not_applicable:
    return "–";
  case CheckOutcome::ok:
    return "✔";
  case CheckOutcome::warn:
    return "!";
  case CheckOutcome::unknown:
    return "?";
  case CheckOutcome::fail:
    break;
  }
  return "✘";
}

std::string_view mark_of(const Sheet& sheet) {
  if (!sheet.begun) return "·";
  switch (sheet.readiness.state) {
  case ReadinessState::ready:
    return "✔";
  case ReadinessState::ready_with_notes:
    return "!";
  case ReadinessState::not_checked:
    return "?";
  case ReadinessState::not_ready:
    break;
  }
  return sheet.readiness.suspended ? "‖" : "✘";
}

std::string_view word_of(const Sheet& sheet) {
  if (!sheet.begun) return "nicht begonnen";
  if (sheet.readiness.suspended) return "ausgesetzt";
  return directory::word_of(sheet.readiness.state).word;
}

namespace {

boost::json::value time_or_null(const std::optional<base::Instant>& at) {
  return at ? boost::json::value(base::format_datetime(*at)) : boost::json::value(nullptr);
}

boost::json::object to_json(const directory::Remark& remark) {
  return {{"finding", directory::text_of(remark.finding).code},
          {"outcome", directory::word_of(remark.outcome).code},
          {"actor", directory::word_of(remark.actor).code},
          {"reason", harmless(remark.reason)}};
}

boost::json::object to_json(const directory::CheckResult& check) {
  boost::json::array remarks, evidence;
  for (const auto& one : check.remarks) remarks.push_back(to_json(one));
  for (const auto& one : check.evidence)
    evidence.push_back({{"record", harmless(one.record)}, {"date", time_or_null(one.date)}});
  return {{"number", static_cast<int>(check.check) + 1},
          {"check", directory::text_of(check.check).code},
          {"title", directory::text_of(check.check).title},
          {"outcome", directory::word_of(check.outcome).code},
          {"remarks", std::move(remarks)},
          {"evidence", std::move(evidence)}};
}

boost::json::object to_json(const Sheet& sheet) {
  boost::json::array checks;
  for (const auto& one : sheet.readiness.checks) checks.push_back(to_json(one));
  boost::json::object out{
      {"municipality",
       {{"id", harmless(sheet.party->id)},
        {"name", harmless(sheet.party->name)},
        {"ags", harmless(sheet.party->ags)}}},
      {"service", {{"id", harmless(sheet.service->id)}, {"name", harmless(sheet.service->name)}}},
      {"state", directory::word_of(sheet.readiness.state).code},
      {"suspended", sheet.readiness.suspended},
      {"begun", sheet.begun},
      {"next", nullptr},
      {"checks", std::move(checks)}};
  if (const auto* next = sheet.readiness.next()) out["next"] = to_json(*next);
  return out;
}

// A field that no spreadsheet computes: quoted, and a beginning that would make it a formula is
// kept from doing so.
std::string field(std::string_view text) {
  const auto plain = harmless(text);
  constexpr std::array<std::string_view, 8> steering = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
  const auto first = plain.find_first_not_of(' ');
  std::string out = "\"";
  for (const auto& one : steering)
    if (first != std::string::npos && std::string_view(plain).substr(first).starts_with(one)) {
      out += '\'';
      break;
    }
  for (const char c : plain) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string line(std::initializer_list<std::string> fields) {
  std::string out;
  for (const auto& one : fields) out += (out.empty() ? "" : ";") + field(one);
  return out + "\r\n";
}

std::string reasons(const directory::CheckResult& check) {
  std::string out;
  for (const auto& one : check.remarks) out += (out.empty() ? "" : " ") + one.reason;
  return out;
}

// Not a bare number: spreadsheets would drop its first zero.
std::string ags(const directory::Party& party) {
  return party.ags.empty() ? std::string() : "AGS " + party.ags;
}

std::string sheet_lines(const Sheet& sheet) {
  std::string out;
  for (const auto& check : sheet.readiness.checks) {
    std::string evidence, date;
    for (const auto& one : check.evidence) {
      evidence += (evidence.empty() ? "" : "; ") + one.record;
      if (one.date && date.empty()) date = directory::german_date(*one.date);
    }
    out += line({sheet.party->name, ags(*sheet.party), sheet.service->name,
                 std::string(word_of(sheet)), std::to_string(static_cast<int>(check.check) + 1),
                 std::string(directory::text_of(check.check).title),
                 std::string(directory::word_of(check.outcome).word),
                 std::string(directory::word_of(check.remarks.front().actor).word), reasons(check),
                 evidence, date});
  }
  return out;
}

std::string matrix_line(const Sheet& sheet) {
  const auto* next = sheet.readiness.next();
  std::string out = line(
      {sheet.party->name, ags(*sheet.party), sheet.service->name, std::string(word_of(sheet)),
       next ? std::string(directory::word_of(next->actor).word) : "", next ? next->reason : ""});
  out.resize(out.size() - 2);
  for (const auto& check : sheet.readiness.checks)
    out += ";" + field(directory::word_of(check.outcome).word);
  return out + "\r\n";
}

} // namespace

std::string readiness_json(const Report& report) {
  boost::json::array sources, items;
  for (const auto& one : report.sources) sources.push_back(boost::json::string(harmless(one)));
  for (const auto& one : report.sheets) items.push_back(to_json(one));
  return boost::json::serialize(boost::json::object{{"at", base::format_datetime(report.at)},
                                                    {"sources", std::move(sources)},
                                                    {"items", std::move(items)}});
}

std::string readiness_csv(const Report& report) {
  std::string out = "\xEF\xBB\xBF";
  if (report.services.empty()) {
    out += line({"Kommune", "Schlüssel", "Dienst", "Zustand", "Nr.", "Prüfung", "Ergebnis",
                 "Als Nächstes", "Begründung", "Nachweis", "Datum des Nachweises"});
    for (const auto& sheet : report.sheets) out += sheet_lines(sheet);
    return out;
  }
  out += line({"Kommune", "Schlüssel", "Dienst", "Zustand", "Als Nächstes", "Begründung"});
  out.resize(out.size() - 2);
  for (std::size_t i = 0; i < directory::kReadinessChecks; ++i)
    out += ";" + field(directory::text_of(static_cast<directory::ReadinessCheck>(i)).title);
  out += "\r\n";
  for (const auto& sheet : report.sheets) out += matrix_line(sheet);
  return out;
}

} // namespace cli::ctl
