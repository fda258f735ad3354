// One page: no scripts, no references, nothing but colour that would not also be a shape and a
// word.
#include "cli/ctl/readiness_report.h"
#include "cli/text.h"
#include "directory/readiness_text.h"
#include <algorithm>
#include <map>

namespace cli::ctl {

using directory::Actor;
using directory::CheckOutcome;
using directory::ReadinessState;

namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
)";

constexpr std::string_view kStyle = R"(<style>
:root { --ok: #17692f; --ok-soft: #e6f3ea; --warn: #8a5300; --warn-soft: #fff3d6; --unknown: #2f4f86;
  --unknown-soft: #e7edf8; --fail: #a8201a; --fail-soft: #fce8e6; --none: #5f6368; --none-soft: #f1f3f4;
  --ink: #1f2328; --faint: #57606a; --line: #d0d7de; }
* { box-sizing: border-box; }
html { background: #eef0f2; }
body { margin: 0 auto; padding: 28px 32px; max-width: 1080px; background: #fff; color: var(--ink);
  font: 15px/1.45 "Segoe UI", "Liberation Sans", Arial, Helvetica, sans-serif; }
body.matrix { max-width: 1400px; }
h1 { font-size: 27px; line-height: 1.2; margin: 2px 0 0; }
h2 { font-size: 18px; margin: 26px 0 10px; }
h1 small { display: block; font-size: 18px; font-weight: 400; color: var(--faint); }
.top { display: flex; justify-content: space-between; gap: 24px; align-items: flex-start; }
.over, .when { color: var(--faint); font-size: 13px; margin: 0; }
.when { text-align: right; white-space: nowrap; }
svg { width: 1.25em; height: 1.25em; flex: none; vertical-align: -0.25em; }
.ok { color: var(--ok); } .warn { color: var(--warn); } .unknown { color: var(--unknown); }
.fail { color: var(--fail); } .none { color: var(--none); }
.state { display: flex; align-items: center; gap: 18px; margin: 18px 0 0; padding: 14px 18px; border-radius: 8px;
  border: 1px solid currentColor; border-left-width: 10px; }
.state svg { width: 52px; height: 52px; }
.state.ok { background: var(--ok-soft); } .state.warn { background: var(--warn-soft); }
.state.unknown { background: var(--unknown-soft); border-style: dashed; border-left-style: solid; }
.state.fail { background: var(--fail-soft); } .state.none { background: var(--none-soft); }
.state b { display: block; font-size: 23px; line-height: 1.2; }
.state span { color: var(--ink); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: 12.5px; color: var(--faint); font-weight: 600; border-bottom: 2px solid var(--line);
  padding: 4px 10px 5px; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 8px 10px; vertical-align: top; }
td p { margin: 0; } td p + p { margin-top: 5px; }
.number { text-align: right; color: var(--faint); width: 30px; padding-right: 4px; }
.mark { white-space: nowrap; font-weight: 600; width: 132px; }
.what { width: 200px; } .what span { display: block; color: var(--faint); font-size: 13px; }
.who { color: var(--faint); font-size: 13px; white-space: nowrap; }
.proof { width: 220px; font-size: 12.5px; color: var(--faint); overflow-wrap: anywhere; }
.proof b { font-weight: 600; color: var(--ink); white-space: nowrap; }
.steps { margin: 0; display: grid; grid-template-columns: 210px 1fr; border-top: 1px solid var(--line); }
.steps dt, .steps dd { margin: 0; padding: 8px 10px; border-bottom: 1px solid var(--line); }
.steps dt { font-weight: 600; padding-left: 0; }
.steps ul { margin: 0; padding: 0; list-style: none; } .steps li + li { margin-top: 5px; }
.steps li { display: flex; gap: 8px; } .steps svg { margin-top: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 18px 0 0; font-size: 13px; }
.foot { margin: 14px 0 0; font-size: 12.5px; color: var(--faint); }
.grid th { position: sticky; top: 0; background: #fff; }
.grid td { padding: 5px 10px; } .grid td a { color: inherit; text-decoration: none; white-space: nowrap; }
.grid td a:hover { text-decoration: underline; } .grid td.none { font-weight: 400; font-size: 13.5px; }
.grid tr > :first-child { color: var(--ink); font-weight: 600; } .grid tbody tr:hover { background: #f6f8fa; }
.sums { font-size: 13px; } .back { font-size: 13px; color: var(--faint); }
.sheet { border-top: 3px solid var(--line); margin-top: 40px; padding-top: 20px; }
@page { size: A4; margin: 13mm 12mm; }
@media print {
  html, body { background: #fff; } body { padding: 0; max-width: none !important; font-size: 9.2pt; line-height: 1.36; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h1 { font-size: 17pt; } h2 { font-size: 12.5pt; margin: 14px 0 6px; break-after: avoid; }
  tr, .steps dt, .steps dd, .state, .legend { break-inside: avoid; } thead { display: table-header-group; }
  td { padding: 4px 6px; } .state { padding: 9px 14px; } .state svg { width: 40px; height: 40px; }
  .mark { width: 104px; } .what { width: 138px; } .what span { display: none; } .who { font-size: 8.2pt; }
  td:nth-child(4) { width: 36%; } .proof { width: 180px; font-size: 7.8pt; line-height: 1.3; }
  .grid th { position: static; } .sheet { break-before: page; border: 0; margin: 0; padding: 0; } .back { display: none; }
}
@media (max-width: 760px) { body { padding: 16px; } .proof { display: none; } .steps { grid-template-columns: 1fr; } }
</style>
)";

// Circle, triangle, diamond, octagon, bar: told apart without colour.
constexpr std::string_view kSymbols = R"(<svg hidden aria-hidden="true" style="display:none">
<symbol id="ok" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11" fill="currentColor"/>
<path d="M6.5 12.5l3.8 3.8 7.2-8" fill="none" stroke="#fff" stroke-width="2.6"/></symbol>
<symbol id="warn" viewBox="0 0 24 24"><path d="M12 1.5L23.5 22H.5z" fill="currentColor"/>
<path d="M12 8.5v7M12 17.3v2.4" stroke="#fff" stroke-width="2.6"/></symbol>
<symbol id="unknown" viewBox="0 0 24 24"><path d="M12 0l12 12-12 12L0 12z" fill="currentColor"/>
<path d="M8.7 9.6c0-4.3 6.6-4.3 6.6-.2 0 2.4-3.3 2.7-3.3 5.3M12 16.4v2.4" fill="none" stroke="#fff" stroke-width="2.3"/></symbol>
<symbol id="fail" viewBox="0 0 24 24"><path d="M7.2 1h9.6L23 7.2v9.6L16.8 23H7.2L1 16.8V7.2z" fill="currentColor"/>
<path d="M7.5 7.5l9 9M16.5 7.5l-9 9" stroke="#fff" stroke-width="2.6"/></symbol>
<symbol id="pause" viewBox="0 0 24 24"><path d="M7.2 1h9.6L23 7.2v9.6L16.8 23H7.2L1 16.8V7.2z" fill="currentColor"/>
<path d="M9 6.5v11M15 6.5v11" stroke="#fff" stroke-width="2.8"/></symbol>
<symbol id="none" viewBox="0 0 24 24"><rect x="1" y="7" width="22" height="10" rx="5" fill="currentColor"/>
<path d="M7 12h10" stroke="#fff" stroke-width="2.4"/></symbol>
</svg>
)";

std::string text(std::string_view any) {
  std::string out;
  for (const char c : harmless(any)) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
    }
  }
  return out;
}

// Symbol and CSS class of one name.
std::string icon(std::string_view symbol) {
  return "<svg aria-hidden=\"true\"><use href=\"#" + std::string(symbol) + "\"/></svg>";
}

std::string_view style_of(CheckOutcome outcome) {
  switch (outcome) {
  case CheckOutcome::not_applicable:
    return "none";
  case CheckOutcome::ok:
    return "ok";
  case CheckOutcome::warn:
    return "warn";
  case CheckOutcome::unknown:
    return "unknown";
  case CheckOutcome::fail:
    break;
  }
  return "fail";
}

std::string_view style_of(const Sheet& sheet) {
  if (!sheet.begun) return "none";
  switch (sheet.readiness.state) {
  case ReadinessState::ready:
    return "ok";
  case ReadinessState::ready_with_notes:
    return "warn";
  case ReadinessState::not_checked:
    return "unknown";
  case ReadinessState::not_ready:
    break;
  }
  return "fail";
}

std::string_view symbol_of(const Sheet& sheet) {
  return sheet.begun && sheet.readiness.suspended ? "pause" : style_of(sheet);
}

std::string capital(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

std::string counts(const directory::Readiness& readiness) {
  std::map<CheckOutcome, int> found;
  for (const auto& one : readiness.checks) ++found[one.outcome];
  std::string out;
  for (const auto outcome : {CheckOutcome::ok, CheckOutcome::not_applicable, CheckOutcome::warn,
                             CheckOutcome::unknown, CheckOutcome::fail}) {
    const int count = found[outcome];
    if (count == 0) continue;
    std::string word(directory::word_of(outcome).word);
    if (count > 1 && outcome == CheckOutcome::warn) word = "Hinweise";
    if (count > 1 && outcome == CheckOutcome::not_applicable) word = "entfallen";
    out += (out.empty() ? "" : " · ") + std::to_string(count) + " " + word;
  }
  return std::to_string(readiness.checks.size()) + " Prüfungen: " + out;
}

std::string state_box(const Sheet& sheet) {
  const auto* next = sheet.readiness.next();
  const auto first =
      next ? "<br><span>Zuerst am Zug: " +
                 text(next->actor == Actor::nobody ? "niemand, abwarten"
                                                   : directory::word_of(next->actor).word) +
                 "</span>"
           : std::string();
  return "<div class=\"state " + std::string(style_of(sheet)) + "\">" + icon(symbol_of(sheet)) +
         "<div><b>" + text(capital(word_of(sheet))) + "</b><span>" + text(counts(sheet.readiness)) +
         "</span>" + first + "</div></div>\n";
}

// Everything that is open, by who has to do it; the worst first.
std::string next_steps(const directory::Readiness& readiness) {
  struct Item {
    const directory::CheckResult* check;
    const directory::Remark* remark;
  };
  std::vector<std::pair<Actor, std::vector<Item>>> by_actor;
  std::vector<Item> open;
  for (const auto& check : readiness.checks)
    for (const auto& one : check.remarks)
      if (one.outcome > CheckOutcome::ok) open.push_back({&check, &one});
  std::stable_sort(open.begin(), open.end(), [](const Item& a, const Item& b) {
    return a.remark->outcome > b.remark->outcome;
  });
  for (const auto& one : open) {
    auto found = std::find_if(by_actor.begin(), by_actor.end(),
                              [&](const auto& pair) { return pair.first == one.remark->actor; });
    if (found == by_actor.end()) found = by_actor.insert(by_actor.end(), {one.remark->actor, {}});
    found->second.push_back(one);
  }
  if (by_actor.empty()) return "<p>Nichts ist mehr offen.</p>\n";
  std::string out = "<dl class=\"steps\">\n";
  for (const auto& [actor, items] : by_actor) {
    out += "<dt>" + (actor == Actor::nobody ? "Abwarten" : text(directory::word_of(actor).word)) +
           "</dt><dd><ul>";
    for (const auto& one : items)
      out += "<li><span class=\"" + std::string(style_of(one.remark->outcome)) + "\">" +
             icon(style_of(one.remark->outcome)) + "</span><span>" + text(one.remark->reason) +
             " <span class=\"who\">(Prüfung " +
             std::to_string(static_cast<int>(one.check->check) + 1) + ")</span></span></li>";
    out += "</ul></dd>\n";
  }
  return out + "</dl>\n";
}

std::string check_row(const directory::CheckResult& check) {
  const auto& about = directory::text_of(check.check);
  std::string out = "<tr><td class=\"number\">" +
                    std::to_string(static_cast<int>(check.check) + 1) + "</td><td class=\"mark " +
                    std::string(style_of(check.outcome)) + "\">" + icon(style_of(check.outcome)) +
                    " " + text(directory::word_of(check.outcome).word) +
                    "</td><td class=\"what\"><b>" + text(about.title) + "</b><span>" +
                    text(about.asks) + "</span></td><td>";
  for (const auto& one : check.remarks) {
    out += "<p>" + text(one.reason);
    if (one.actor != Actor::nobody)
      out += " <span class=\"who\">→ " + text(directory::word_of(one.actor).word) + "</span>";
    out += "</p>";
  }
  out += "</td><td class=\"proof\">";
  for (const auto& one : check.evidence)
    out += "<p>" + text(one.record) +
           (one.date ? " <b>" + text(directory::german_date(*one.date)) + "</b>" : "") + "</p>";
  if (check.evidence.empty()) out += "<p>kein Nachweis</p>";
  return out + "</td></tr>\n";
}

std::string sheet_body(const Sheet& sheet, base::Instant at) {
  std::string out =
      "<div class=\"top\"><div><p class=\"over\">Bereitschaftsprüfung</p><h1>" +
      text(sheet.party->name) + "<small>" + text(sheet.service->name) +
      "</small></h1></div><p class=\"when\">Stand<br>" + text(directory::german_time(at)) +
      "</p></div>\n" + state_box(sheet) + "<h2>Als Nächstes zu tun</h2>\n" +
      next_steps(sheet.readiness) +
      "<h2>Die vierzehn Prüfungen</h2>\n<table><thead><tr><th class=\"number\">Nr.</th>"
      "<th>Ergebnis</th><th>Prüfung</th><th>Begründung</th><th>Nachweis und Datum</th>"
      "</tr></thead><tbody>\n";
  for (const auto& check : sheet.readiness.checks) out += check_row(check);
  return out + "</tbody></table>\n";
}

std::string legend(bool matrix) {
  const auto entry = [](std::string_view style, std::string_view symbol, std::string_view word) {
    return "<span class=\"" + std::string(style) + "\">" + icon(symbol) + " " + text(word) +
           "</span>";
  };
  if (matrix)
    return "<p class=\"legend\">" + entry("ok", "ok", "bereit") +
           entry("warn", "warn", "bereit mit Hinweisen") +
           entry("unknown", "unknown", "nicht vollständig geprüft") +
           entry("fail", "fail", "nicht bereit") + entry("fail", "pause", "ausgesetzt") +
           entry("none", "none", "nicht begonnen") + "</p>\n";
  return "<p class=\"legend\">" + entry("ok", "ok", "erfüllt") +
         entry("none", "none", "entfällt, mit Nachweis") + entry("warn", "warn", "Hinweis") +
         entry("unknown", "unknown", "ungeprüft") + entry("fail", "fail", "nicht erfüllt") +
         "</p>\n";
}

std::string foot(const Report& report) {
  std::string out = "<p class=\"foot\">Ungeprüft zählt nie als erfüllt: Bereit ist nur, wer alle "
                    "vierzehn Prüfungen erfüllt oder nachweislich nicht braucht. Grundlage: ";
  for (std::size_t i = 0; i < report.sources.size(); ++i)
    out += (i ? ", " : "") + text(report.sources[i]);
  return out + ".</p>\n";
}

std::string anchor(std::size_t sheet) {
  return "blatt-" + std::to_string(sheet + 1);
}

std::string matrix_body(const Report& report) {
  const auto count = report.services.size();
  std::string out = "<div class=\"top\" id=\"oben\"><div><p class=\"over\">Bereitschaftsprüfung</p>"
                    "<h1>Kommunen und Dienste</h1></div><p class=\"when\">Stand<br>" +
                    text(directory::german_time(report.at)) + "</p></div>\n" + legend(true);
  out += "<table class=\"grid\"><thead><tr><th>Kommune</th>";
  for (std::size_t s = 0; s < count; ++s) {
    std::size_t ready = 0, begun = 0;
    for (std::size_t i = s; i < report.sheets.size(); i += count) {
      begun += report.sheets[i].begun;
      ready += report.sheets[i].readiness.state <= ReadinessState::ready_with_notes;
    }
    out += "<th>" + text(report.services[s]->name) + "<br>" + std::to_string(ready) + " von " +
           std::to_string(begun) + " bereit</th>";
  }
  out += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < report.sheets.size(); ++i) {
    const auto& sheet = report.sheets[i];
    if (i % count == 0) out += "<tr><td>" + text(sheet.party->name) + "</td>";
    const auto shown = icon(symbol_of(sheet)) + " " + text(word_of(sheet));
    out += "<td class=\"" + std::string(style_of(sheet)) + "\">" +
           (sheet.begun ? "<a href=\"#" + anchor(i) + "\">" + shown + "</a>" : shown) + "</td>";
    if (i % count == count - 1) out += "</tr>\n";
  }
  out += "</tbody></table>\n" + foot(report);
  for (std::size_t i = 0; i < report.sheets.size(); ++i)
    if (report.sheets[i].begun)
      out += "<section class=\"sheet\" id=\"" + anchor(i) + "\">\n" +
             sheet_body(report.sheets[i], report.at) +
             "<p class=\"back\"><a href=\"#oben\">zurück zur Übersicht</a></p></section>\n";
  return out;
}

} // namespace

std::string readiness_html(const Report& report) {
  const bool matrix = !report.services.empty();
  std::string title = "Bereitschaft";
  if (!matrix && !report.sheets.empty())
    title += ": " + report.sheets[0].party->name + ", " + report.sheets[0].service->name;
  std::string out(kHead);
  out += "<title>" + text(title) + "</title>\n" + std::string(kStyle) + "</head>\n<body" +
         (matrix ? " class=\"matrix\"" : "") + ">\n" + std::string(kSymbols);
  if (matrix) {
    out += matrix_body(report);
  } else {
    for (const auto& sheet : report.sheets) out += sheet_body(sheet, report.at);
    out += legend(false) + foot(report);
  }
  return out + "</body>\n</html>\n";
}

} // namespace cli::ctl
