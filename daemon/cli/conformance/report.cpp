#include "cli/conformance/report.h"
#include "cli/text.h"
#include "xml/writer.h"
#include <algorithm>
#include <cstdio>
#include <map>

namespace cli::conformance {

namespace {

std::string text(std::string_view raw) {
  return xml::escape_text(harmless(raw));
}
std::string attribute(std::string_view raw) {
  return xml::escape_attribute(harmless(raw));
}

std::string fixed(double value, int digits) {
  char out[64];
  std::snprintf(out, sizeof out, "%.*f", digits, value);
  return out;
}

std::string number(std::size_t value) {
  return std::to_string(value);
}

// Octets are not columns: umlauts stand for one.
std::string padded(const std::string& value, std::size_t width) {
  const auto columns =
      static_cast<std::size_t>(std::count_if(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
      }));
  return columns >= width ? value : value + std::string(width - columns, ' ');
}

std::string summary(const Counts& all) {
  return number(all.passed) + " passed, " + number(all.failed) + " failed, " + number(all.not_run) +
         " not run, " + number(all.not_offered) + " not offered";
}

const char* colour_class(Verdict verdict) {
  switch (verdict) {
  case Verdict::passed:
    return "passed";
  case Verdict::failed:
    return "failed";
  case Verdict::not_run:
    return "notrun";
  case Verdict::not_offered:
    return "notoffered";
  }
  return "";
}

constexpr const char* kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;"
    "color:#1b1b1b}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.3rem .6rem;border-bottom:1px solid #ddd}th{background:#f2f2f2}"
    "td.passed{color:#0a6b2d}td.failed{color:#fff;background:#b3261e;font-weight:600}"
    "td.notrun,td.notoffered{color:#6b5b00}code{font-size:.92em}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0;"
    "overflow-wrap:anywhere}";

} // namespace

Counts count(const std::vector<Result>& results) {
  Counts out;
  for (const auto& one : results) {
    out.passed += one.verdict == Verdict::passed;
    out.failed += one.verdict == Verdict::failed;
    out.not_run += one.verdict == Verdict::not_run;
    out.not_offered += one.verdict == Verdict::not_offered;
  }
  return out;
}

std::string as_table(const std::vector<Result>& results) {
  std::size_t name = 4, section = 7, expected = 8;
  for (const auto& one : results) {
    name = std::max(name, one.tested.full_name().size());
    section = std::max(section, one.tested.section.size());
    expected = std::min<std::size_t>(28, std::max(expected, one.tested.expected.size()));
  }
  std::string out = padded("verdict", 12) + padded("case", name + 2) +
                    padded("section", section + 2) + padded("expected", expected + 2) +
                    "observed\n";
  for (const auto& one : results)
    out += padded(std::string(to_string(one.verdict)), 12) +
           padded(one.tested.full_name(), name + 2) + padded(one.tested.section, section + 2) +
           padded(one.tested.expected, expected) + "  " + harmless(one.observed) + "\n";
  return out + "\n" + number(results.size()) + " cases: " + summary(count(results)) + "\n";
}

std::string as_junit(const std::vector<Result>& results, const RunFacts& run) {
  std::vector<std::string> groups;
  for (const auto& one : results)
    if (std::find(groups.begin(), groups.end(), one.tested.group) == groups.end())
      groups.push_back(one.tested.group);
  const Counts all = count(results);
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"osci conformance\" "
      "tests=\"" +
      number(results.size()) + "\" failures=\"" + number(all.failed) + "\" skipped=\"" +
      number(all.not_run + all.not_offered) + "\" time=\"" + fixed(run.seconds, 3) + "\">\n";
  for (const auto& group : groups) {
    std::vector<Result> own;
    double seconds = 0;
    for (const auto& one : results) {
      if (one.tested.group != group) continue;
      own.push_back(one);
      seconds += one.seconds;
    }
    const Counts part = count(own);
    out += "<testsuite name=\"" + attribute(group) + "\" tests=\"" + number(own.size()) +
           "\" failures=\"" + number(part.failed) + "\" errors=\"0\" skipped=\"" +
           number(part.not_run + part.not_offered) + "\" time=\"" + fixed(seconds, 3) +
           "\" timestamp=\"" + attribute(run.started) + "\">\n<properties>" +
           "<property name=\"url\" value=\"" + attribute(run.url) + "\"/>" +
           "<property name=\"seed\" value=\"" + std::to_string(run.seed) + "\"/>" +
           "<property name=\"osci\" value=\"" + attribute(run.version) + "\"/></properties>\n";
    for (const auto& one : own) {
      const auto& tested = one.tested;
      out += "<testcase classname=\"osci." + attribute(group) + "\" name=\"" +
             attribute(tested.name) + "\" time=\"" + fixed(one.seconds, 3) + "\">";
      if (one.verdict == Verdict::failed)
        out +=
            "<failure message=\"" + attribute(one.observed) + "\">" +
            text(tested.title + " Expected: " + tested.expected + ". Observed: " + one.observed) +
            "</failure>";
      else if (one.verdict != Verdict::passed)
        out += "<skipped message=\"" +
               attribute(std::string(to_string(one.verdict)) + ": " + one.observed) + "\"/>";
      out += "<system-out>" +
             text("wire reference " + tested.section + ": " + tested.title +
                  " Expected: " + tested.expected + ". Observed: " + one.observed) +
             "</system-out></testcase>\n";
    }
    out += "</testsuite>\n";
  }
  return out + "</testsuites>\n";
}

std::string as_html(const std::vector<Result>& results, const RunFacts& run) {
  const Counts all = count(results);
  // Well-formed XML too, so that a test (and any tool) can parse it. Nothing is loaded from
  // elsewhere.
  std::string out =
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>"
      "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>"
      "<title>OSCI 1.2 conformance</title><style>" +
      std::string(kStyle) + "</style></head><body>\n<h1>OSCI-Transport 1.2 conformance</h1>\n<p>" +
      number(results.size()) + " cases: " + summary(all) + ".</p>\n<dl>";
  const auto fact = [&](const char* name, const std::string& value) {
    out += "<dt>" + std::string(name) + "</dt><dd>" + text(value) + "</dd>";
  };
  fact("Intermediary", run.url);
  fact("Its signature certificate (SHA-256)", run.intermediary);
  fact("Sender's cipher certificate", run.sender);
  fact("Recipient's cipher certificate", run.recipient);
  fact("Started", run.started);
  fact("Duration", fixed(run.seconds, 1) + " s");
  fact("Seed", std::to_string(run.seed));
  fact("Suite", run.version);
  out += "</dl>\n";
  std::string group;
  for (const auto& one : results) {
    if (one.tested.group != group) {
      if (!group.empty()) out += "</tbody></table>\n";
      group = one.tested.group;
      out += "<h2 id=\"" + attribute(group) + "\">" + text(group) +
             "</h2>\n<table><thead><tr><th>Verdict</th><th>Case</th><th>Section</th>"
             "<th>What is checked</th><th>Expected</th><th>Observed</th></tr></thead><tbody>\n";
    }
    out += "<tr><td class=\"" + std::string(colour_class(one.verdict)) + "\">" +
           text(to_string(one.verdict)) + "</td><td><code>" + text(one.tested.name) +
           "</code></td><td>" + text(one.tested.section) + "</td><td>" + text(one.tested.title) +
           "</td><td>" + text(one.tested.expected) + "</td><td>" + text(one.observed) +
           "</td></tr>\n";
  }
  if (!group.empty()) out += "</tbody></table>\n";
  return out +
         "<p>Sections are those of the OSCI-Transport 1.2 wire reference that the cases cite. "
         "\"Not run\" and \"not offered\" are no passes.</p>\n</body></html>\n";
}

} // namespace cli::conformance
