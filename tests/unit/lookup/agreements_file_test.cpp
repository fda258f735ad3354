#include "directory/entitlement.h"
#include "directory/responsibility.h"
#include "lookup/agreements_file.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using directory::AgreementMode;
using testing::HasSubstr;
using testing::StartsWith;

base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

const auto now = day(2026, 11, 30);

base::Result<std::vector<directory::Region>> no_table(const std::string&) {
  return base::fail(ErrorCode::file_error, "no such file");
}

auto parse(const std::string& text, const lookup::AgreementLimits& limits = {}) {
  return lookup::parse_agreements(text, "a.toml", no_table, limits);
}

std::string error(const std::string& text, const lookup::AgreementLimits& limits = {}) {
  const auto read = parse(text, limits);
  if (read) return "read";
  EXPECT_EQ(read.error().code, ErrorCode::invalid_config);
  return read.error().detail;
}

std::string party(const std::string& id, const std::string& kind, const std::string& more = {}) {
  return "[[party]]\nid = \"" + id + "\"\nkind = \"" + kind + "\"\nname = \"N\"\n" + more;
}

const std::string kRv = "[[agreement]]\nid = \"rv\"\nkind = \"rv\"\nparties = [\"k\", \"m\"]\n"
                        "state = \"effective\"\n";
const std::string kParties = party("k", "kommunalvertreter", "land = \"05\"\n") +
                             party("m", "municipality", "ags = \"05913000\"\n");

TEST(ExampleAgreements, LoadsAndJudges) {
  const auto loaded = lookup::load_agreements_file(DC_SOURCE_DIR "/config/agreements.toml");
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const auto& all = **loaded;
  const auto entitled = [&](std::string_view service, std::string_view recipient,
                            base::Instant at = now) {
    const auto answer = judge_entitlement(all, {service, recipient, at});
    for (const auto& one : answer.findings)
      if (one.blocks) return machine_code(one);
    return std::string(answer.entitled ? "entitled" : "?");
  };
  EXPECT_EQ(
      entitled("http://www.example.org/illustrativ/xantrag/1/0/wohngeld.wsdl", "wgb:059130000000"),
      "entitled");
  EXPECT_EQ(entitled("hzl", "sgb:032410010000"), "entitled");
  EXPECT_EQ(entitled("hzl", "sgb:059130000001"), "entitled");      // the AöR
  EXPECT_EQ(entitled("wohngeld", "wgb:055150000000"), "entitled"); // FIT-Store
  EXPECT_EQ(entitled("wohngeld", "wgb:055540000000"), "ea_signed_only");
  EXPECT_EQ(entitled("wohngeld", "dortmund", day(2025, 1, 15)), "service_suspended");

  const auto answer = find_responsible(all, {"99107023017000", "055540004004", now});
  EXPECT_TRUE(answer.found());
  EXPECT_EQ(answer.organisation, "wgb:055540000000");

  const auto* reception = all.reception("dortmund", "wohngeld");
  ASSERT_NE(reception, nullptr);
  ASSERT_TRUE(reception->test_message);
  EXPECT_EQ(reception->speaks, std::vector<std::string>{"XAntrag 1.0"});
  const auto* parameters = all.parameters("dortmund", "wohngeld");
  ASSERT_NE(parameters, nullptr);
  EXPECT_EQ(parameters->payment->fee_cents, 0u);
  const auto* onboarding = all.onboarding("kreis-borken", "wohngeld");
  ASSERT_NE(onboarding, nullptr);
  EXPECT_EQ(four_weeks(*onboarding, now)->days_left, 14);
  EXPECT_EQ(mode_of(all, "wohngeld", AgreementMode::enforce), AgreementMode::observe);
}

TEST(AgreementsFile, DatesMeanMidnightInGermany) {
  const auto made = parse(kParties + kRv +
                          "valid_from = 2026-07-01\nvalid_until = "
                          "2026-12-31T12:00:00Z\nsigned_on = 2026-06-01\n");
  ASSERT_TRUE(made) << made.error().detail;
  const auto& rv = (*made)->records().agreements.at(0);
  EXPECT_EQ(base::format_datetime(*rv.validity.from), "2026-06-30T22:00:00Z");
  EXPECT_EQ(base::format_datetime(*rv.validity.until), "2026-12-31T12:00:00Z");
}

TEST(AgreementsFile, ErrorsNameLineAndWhatToDo) {
  EXPECT_EQ(error(""), "read");
  EXPECT_EQ(error(kParties + kRv), "read");
  EXPECT_THAT(error("[[partie]]\n"), HasSubstr("a.toml:1: unknown key \"partie\" in the file; did "
                                               "you mean \"party\"?"));
  EXPECT_THAT(error(kParties + kRv + "valid_form = 2026-01-01\n"),
              HasSubstr("did you mean \"valid_from\"?"));
  EXPECT_THAT(error(party("k", "comunalvertreter")), HasSubstr("a.toml:3: \"kind\" is not"));
  EXPECT_THAT(error("[[party]]\nid = \"a\"\nkind = \"kreis\"\n"),
              HasSubstr("[[party]] has no \"name\"; add it"));
  EXPECT_THAT(error(party("m", "municipality", "ags = 5913000\n")),
              HasSubstr("a.toml:5: \"ags\" takes a text in double quotes"));
  EXPECT_THAT(error(kParties + kRv + "valid_from = \"2026-01-01\"\n"),
              HasSubstr("a date without quotes"));
  EXPECT_THAT(error(kParties + kRv + "valid_from = 2026-01-01\nvalid_until = 2026-01-01\n"),
              HasSubstr("must lie after"));
  EXPECT_THAT(error(kParties + kRv + "avv = \"yes\"\n"), HasSubstr("is true or false"));
  EXPECT_THAT(error("[party]\nid = \"a\"\n"), HasSubstr("two brackets"));
  EXPECT_THAT(error("a = \"\x01\"\n"), StartsWith("a.toml:1: not valid TOML"));
  EXPECT_THAT(error("a" + std::string(300'000, '.')), HasSubstr("nested too deeply"));
  const auto table = parse("regions = \"t.tsv\"\n");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::file_error);
  EXPECT_THAT(table.error().detail, StartsWith("a.toml: \"regions\": "));
}

TEST(AgreementsFile, RecordsThatDoNotFitAreNamedWithTheirLine) {
  EXPECT_THAT(error(kParties + "[[agreement]]\nid = \"rv\"\nkind = \"rv\"\nparties = [\"k\"]\n"
                               "state = \"draft\"\n"),
              StartsWith("a.toml:11: agreement rv: "));
  EXPECT_THAT(error(kParties + "[[transfer]]\nfrom = \"m\"\nto = \"x\"\nbasis = \"b\"\n"),
              StartsWith("a.toml:11: transfer 1: "));
  EXPECT_THAT(error(kParties + "[[change]]\nold = \"05913000\"\nnew = \"05913777\"\non = "
                               "2028-01-01\nkind = \"merged\"\n"),
              StartsWith("a.toml:11: change of 05913000: "));
}

TEST(AgreementsFile, ChangesOfTheOperatorAddToTheBuiltInOnes) {
  const auto made = parse("[[change]]\nold = \"05554004\"\nnew = \"05554099\"\non = 2028-01-01\n"
                          "kind = \"merged\"\nname = \"Neustadt\"\n");
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ((*made)->regions().find("055540004004", day(2028, 1, 1))->name, "Neustadt");
  EXPECT_EQ((*made)->regions().find("05554004", now)->name, "Ahaus, Stadt");
  EXPECT_EQ((*made)->regions().find("05313000", now)->key, "05334002");
}

TEST(AgreementsFile, AnotherTableReplacesTheBuiltInOne) {
  const auto made =
      lookup::parse_agreements("regions = \"nds.tsv\"\n", "a.toml", [](const std::string& file) {
        EXPECT_EQ(file, "nds.tsv");
        return base::Result<std::vector<directory::Region>>(
            {{"03241001", "032410001001", "Hannover"}});
      });
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ((*made)->regions().all().size(), 1u);
}

TEST(AgreementsFile, LimitsHold) {
  lookup::AgreementLimits limits;
  limits.parties = 1;
  EXPECT_THAT(error(kParties, limits), HasSubstr("more than 1 [[party]] entries"));
  limits = {};
  limits.list = 1;
  EXPECT_THAT(error(kParties + kRv, limits), HasSubstr("has more than 1 entries"));
  limits = {};
  limits.file_bytes = 10;
  EXPECT_THAT(error(kParties, limits), HasSubstr("larger than the limit of 10 bytes"));
  const auto missing = lookup::load_agreements_file("/nowhere/a.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::file_error);
}

} // namespace
