// What `dataclearingctl readiness` shows must be read by programs as it was meant, and must not
// carry what names of parties and services bring along.
#include "../directory/readiness_world.h"
#include "cli/ctl/mailbox_report.h"
#include "cli/ctl/readiness_report.h"
#include <algorithm>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace cli::ctl;
using testing::HasSubstr;
using testing::Not;
using world::World;

const std::string kHostile = "=<script>alert(\"x\" & 'y')</script>;\x1b[31m\n\xff\xe2\x80\xae";

Report report_of(World& w, bool matrix = false) {
  Report out;
  out.at = world::now();
  out.sources = {"agreements.toml", "<b>.json"};
  out.sheets = {{&w.parties[2], &w.services[0], w.judge()}};
  if (matrix) out.services = {&w.services[0]};
  return out;
}

// Fields of a line of CSV, as RFC 4180 reads them.
std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF"));
  text.remove_prefix(3);
  std::vector<std::vector<std::string>> out(1);
  std::string field;
  for (std::size_t i = 0; i < text.size();) {
    EXPECT_EQ(text[i], '"') << "every field is quoted";
    for (++i; i < text.size(); ++i) {
      if (text[i] != '"')
        field += text[i];
      else if (i + 1 < text.size() && text[i + 1] == '"')
        field += text[++i];
      else
        break;
    }
    out.back().push_back(std::exchange(field, {}));
    ++i;
    if (text.substr(i).starts_with(";")) {
      ++i;
    } else {
      EXPECT_TRUE(text.substr(i).starts_with("\r\n"));
      i += 2;
      if (i < text.size()) out.emplace_back();
    }
  }
  return out;
}

TEST(ReadinessJson, TellsEveryCheckAndParses) {
  World w;
  w.parties[2].name = kHostile;
  w.drop("ea-1");
  const auto value = boost::json::parse(readiness_json(report_of(w)));
  const auto& item = value.at("items").at(0);
  EXPECT_EQ(item.at("state").as_string(), "not_ready");
  EXPECT_EQ(item.at("municipality").at("ags").as_string(), "05913000");
  EXPECT_EQ(item.at("next").at("actor").as_string(), "municipality");
  EXPECT_EQ(item.at("next").at("finding").as_string(), "agreement_missing");
  const auto& checks = item.at("checks").as_array();
  ASSERT_EQ(checks.size(), directory::kReadinessChecks);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    EXPECT_EQ(checks[i].at("number").as_int64(), static_cast<std::int64_t>(i + 1));
    EXPECT_FALSE(checks[i].at("remarks").as_array().empty());
  }
  EXPECT_EQ(checks[3].at("outcome").as_string(), "fail");
  EXPECT_EQ(checks[0].at("evidence").at(0).at("date").as_string(), "2025-11-27T10:00:00Z");
}

TEST(ReadinessCsv, IsQuotedAndComputesNothing) {
  World w;
  w.parties[2].name = kHostile;
  w.services[0].name = "@SUM(A1;B2)";
  const auto lines = read_csv(readiness_csv(report_of(w)));
  ASSERT_EQ(lines.size(), directory::kReadinessChecks + 1);
  for (const auto& line : lines) EXPECT_EQ(line.size(), lines[0].size());
  EXPECT_EQ(lines[1][0], "'=<script>alert(\"x\" & 'y')</script>;?[31m ??");
  EXPECT_EQ(lines[1][1], "AGS 05913000");
  EXPECT_EQ(lines[1][2], "'@SUM(A1;B2)");
  for (const char* start :
       {"=1", "+1", "-1", "@a", " =1", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠a"}) {
    w.parties[2].name = start;
    const auto field = read_csv(readiness_csv(report_of(w)))[1][0];
    EXPECT_TRUE(field.starts_with("'")) << start;
  }
  w.parties[2].name = "Köln-Deutz = \"schön\"";
  EXPECT_EQ(read_csv(readiness_csv(report_of(w)))[1][0], "Köln-Deutz = \"schön\"");
}

TEST(ReadinessCsv, OfAMatrixHasALineForEachPair) {
  World w;
  const auto lines = read_csv(readiness_csv(report_of(w, true)));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), 6 + directory::kReadinessChecks);
  EXPECT_EQ(lines[1].size(), lines[0].size());
  EXPECT_EQ(lines[1][3], "bereit");
}

TEST(ReadinessHtml, EscapesEveryTextAndRefersToNothingOutside) {
  World w;
  const std::string name = "<i>A & B \"C\" 'D'</i>";
  w.parties[2].name = w.services[0].name = name;
  w.receptions[0].product = w.receptions[0].vendor = name;
  w.agreements[0].reference = w.responsibilities[0].body = name;
  w.organisations[0].name = name;
  w.responsibilities[0].online_url = "javascript:alert(1)\"><img src=x onerror=alert(1)>";
  for (const bool matrix : {false, true}) {
    const auto page = readiness_html(report_of(w, matrix));
    EXPECT_THAT(page, HasSubstr("&lt;i&gt;A &amp; B &quot;C&quot; &#39;D&#39;&lt;/i&gt;"));
    EXPECT_THAT(page, Not(HasSubstr("<i>")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<b>.json")));
    for (const char* outside :
         {"<script", "<link", "@import", "url(", "href=\"http", "src=\"", " onload"})
      EXPECT_THAT(page, Not(HasSubstr(outside)));
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
  }
}

TEST(ReadinessHtml, TellsByShapeAndWordWhatItTellsByColour) {
  World w;
  w.drop("ea-1");
  w.mailboxes.clear();
  w.parameters[0].coat_of_arms.clear();
  w.service.payment_capable = false;
  const auto page = readiness_html(report_of(w));
  for (const char* shown :
       {"<td class=\"mark ok\"><svg aria-hidden=\"true\"><use href=\"#ok\"/></svg> erfüllt",
        "mark warn\"><svg aria-hidden=\"true\"><use href=\"#warn\"/></svg> Hinweis",
        "mark unknown\"><svg aria-hidden=\"true\"><use href=\"#unknown\"/></svg> ungeprüft",
        "mark fail\"><svg aria-hidden=\"true\"><use href=\"#fail\"/></svg> nicht erfüllt",
        "mark none\"><svg aria-hidden=\"true\"><use href=\"#none\"/></svg> entfällt"})
    EXPECT_THAT(page, HasSubstr(shown));
  EXPECT_THAT(page, HasSubstr("<div class=\"state fail\">"));
}

// Unknown is never green, whatever it is shown as.
TEST(ReadinessPages, ShowNoGreenForWhatIsUnknown) {
  World w;
  auto report = report_of(w);
  report.sheets[0].readiness = directory::judge_readiness({});
  const auto page = readiness_html(report);
  EXPECT_THAT(page, HasSubstr("<div class=\"state unknown\">"));
  EXPECT_THAT(page, Not(HasSubstr("mark ok")));
  const auto text = readiness_text(report, true, 100);
  EXPECT_THAT(text, Not(HasSubstr("✔")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[32m")));
  const auto json = readiness_json(report);
  EXPECT_THAT(json, Not(HasSubstr("\"outcome\":\"ok\"")));
  report.services = {&w.services[0]};
  report.sheets[0].begun = false;
  EXPECT_THAT(readiness_text(report, true, 100), Not(HasSubstr("\x1b[32m")));
  EXPECT_THAT(readiness_html(report), Not(HasSubstr("<td class=\"ok\">")));
}

TEST(ReadinessText, IsAlignedByCharactersAndPlainWithoutColour) {
  World w;
  w.parties[2].name = kHostile;
  const auto text = readiness_text(report_of(w), false, 100);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\x1b'), 0);
  EXPECT_THAT(text, HasSubstr("\n  1 IÖV                       ✔ erfüllt       Die IÖV"));
  EXPECT_THAT(text, HasSubstr("\n 12 Wappen und Datenschutz    ✔ erfüllt       Wappen"));
  EXPECT_THAT(readiness_text(report_of(w), true, 100), HasSubstr("\x1b[32m✔ erfüllt"));
}

TEST(ReadinessText, OfAMatrixFitsWithManyServices) {
  World w;
  auto report = report_of(w, true);
  report.services.assign(20, &w.services[0]);
  report.sheets.assign(20, report.sheets[0]);
  const auto text = readiness_text(report, false, 120);
  EXPECT_THAT(text, HasSubstr("20 = Wohngeld"));
  EXPECT_THAT(text, HasSubstr("✔   ✔   ✔"));
}

constexpr const char* kEntry =
    R"({"mailbox": "wgb:059130000000", "last_fetch": "2026-06-15T08:00:00Z",
  "unfetched": 2, "oldest_unfetched": "2026-06-14T08:00:00+02:00", "octets": 10, "quota": 100})";

std::string report_with(const std::string& entry) {
  return R"({"seen_at": "2026-06-15T09:00:00Z", "mailboxes": [)" + entry + "]}";
}

TEST(MailboxReport, IsRead) {
  const auto report = parse_mailbox_report(report_with(kEntry)).value();
  ASSERT_EQ(report.mailboxes.size(), 1u);
  const auto& one = report.mailboxes[0];
  EXPECT_EQ(one.mailbox, "wgb:059130000000");
  EXPECT_EQ(one.seen_at, world::at("2026-06-15T09:00:00Z"));
  EXPECT_EQ(one.oldest_unfetched, world::at("2026-06-14T06:00:00Z"));
  EXPECT_EQ(one.unfetched, 2u);
  EXPECT_EQ(one.quota, 100u);
  EXPECT_FALSE(one.certificates);
  const auto never = parse_mailbox_report(
      report_with(R"({"mailbox": "a", "last_fetch": null, "never_fetched": true})"));
  EXPECT_FALSE(never.value().mailboxes[0].last_fetch);
  EXPECT_TRUE(never.value().mailboxes[0].never_fetched);
}

TEST(MailboxReport, IsRefusedAsAWholeWithoutQuotingIt) {
  const std::string fingerprint(64, 'a');
  EXPECT_TRUE(parse_mailbox_report(
      report_with("{\"mailbox\": \"a\", \"certificates\": [\"" + fingerprint + "\"]}")));
  for (const auto& [json, says] : std::vector<std::pair<std::string, const char*>>{
           {"", "no JSON object"},
           {"[]", "no JSON object"},
           {std::string(100'000, '['), "no JSON object"},
           {"{}", "seen_at"},
           {R"({"seen_at": "yesterday", "mailboxes": []})", "seen_at"},
           {R"({"seen_at": "2026-06-15T09:00:00Z"})", "mailboxes"},
           {report_with("7"), "mailbox 1: no object"},
           {report_with("{}"), "mailbox id"},
           {report_with(R"({"mailbox": "../secret"})"), "mailbox id"},
           {report_with(R"({"mailbox": "secret", "last_fetch": 5})"), "last_fetch"},
           {report_with(R"({"mailbox": "secret", "unfetched": -1})"), "unfetched"},
           {report_with(R"({"mailbox": "secret", "never_fetched": 1})"), "never_fetched"},
           {report_with(R"({"mailbox": "secret", "octets": 1.5})"), "octets"},
           {report_with(R"({"mailbox": "secret", "certificates": ["secret"]})"), "certificates"},
           {report_with(std::string(kEntry) + "," + kEntry), "mailbox 2: "},
           {std::string(kMaxMailboxReport + 1, ' '), "16 MiB"}}) {
    const auto report = parse_mailbox_report(json);
    ASSERT_FALSE(report) << says;
    EXPECT_EQ(report.error().code, base::ErrorCode::invalid_config);
    EXPECT_THAT(report.error().detail, HasSubstr(says));
    EXPECT_THAT(report.error().detail, Not(HasSubstr("secret")));
  }
}

} // namespace
