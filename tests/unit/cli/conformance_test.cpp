// The parts of `osci conformance` that need no intermediary: reports, statistics, the registry of
// cases. What the cases find is proved by tests/conformance/run.sh.
#include "cli/conformance/bench.h"
#include "cli/conformance/report.h"
#include "cli/conformance/run.h"
#include "cli/conformance/statistics.h"
#include "cli/conformance/tamper.h"
#include "support/keys.h"
#include "xml/document.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace {

using namespace cli::conformance;

Result result(Verdict verdict, std::string observed) {
  Result out;
  out.tested = {"store", "id-twice", "8.2", "A title with <markup> & \"quotes\".", "9801", {}};
  out.verdict = verdict;
  out.observed = std::move(observed);
  out.seconds = 0.25;
  return out;
}

const std::string kHostile =
    "answered with ]]> <script>alert('x')</script> & \"\x1b[31m\" \xff \xe2\x80\xae";

std::vector<Result> results() {
  return {result(Verdict::passed, "9801"), result(Verdict::failed, kHostile),
          result(Verdict::not_run, "needs --second-recipient"),
          result(Verdict::not_offered, "chunks are not announced")};
}

RunFacts facts() {
  RunFacts out;
  out.url = "http://host/?a=1&b=<2>";
  out.started = "2026-01-01T00:00:00Z";
  out.version = "osci 0";
  return out;
}

std::vector<xml::Element> named(const xml::Element& element, std::string_view name) {
  std::vector<xml::Element> out;
  for (const auto& child : element.children()) {
    if (child.name() == name) out.push_back(child);
    for (const auto& below : named(child, name)) out.push_back(below);
  }
  return out;
}

TEST(ConformanceReport, JUnitIsWellFormedAndCounts) {
  const auto document = xml::Document::parse(as_junit(results(), facts()), {});
  ASSERT_TRUE(document) << document.error().detail;
  const auto root = document->root();
  EXPECT_EQ(root.name(), "testsuites");
  EXPECT_EQ(root.attribute("tests"), "4");
  EXPECT_EQ(root.attribute("failures"), "1");
  EXPECT_EQ(root.attribute("skipped"), "2");
  ASSERT_EQ(named(root, "testcase").size(), 4u);
  EXPECT_EQ(named(root, "testcase")[0].attribute("classname"), "osci.store");
  ASSERT_EQ(named(root, "failure").size(), 1u);
  EXPECT_EQ(named(root, "skipped").size(), 2u);
  const auto message = named(root, "failure")[0].attribute("message").value_or("");
  EXPECT_NE(message.find("<script>alert('x')</script>"), std::string::npos) << "escaped, not lost";
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_NE(named(root, "system-out")[0].text().value_or("").find("wire reference 8.2"),
            std::string::npos);
}

TEST(ConformanceReport, HtmlIsWellFormedSelfContainedAndEscaped) {
  const auto text = as_html(results(), facts());
  ASSERT_TRUE(text.starts_with("<!DOCTYPE html>\n"));
  const auto document = xml::Document::parse(text.substr(text.find('\n') + 1), {});
  ASSERT_TRUE(document) << document.error().detail;
  EXPECT_TRUE(named(document->root(), "script").empty());
  EXPECT_TRUE(named(document->root(), "link").empty());
  EXPECT_TRUE(named(document->root(), "img").empty());
  EXPECT_EQ(named(document->root(), "tr").size(), 5u);
  EXPECT_NE(text.find("8.2"), std::string::npos);
  EXPECT_NE(text.find("1 passed, 1 failed, 1 not run, 1 not offered"), std::string::npos);
}

TEST(ConformanceReport, TableKeepsControlCharactersFromTheTerminal) {
  const auto text = as_table(results());
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("4 cases: 1 passed, 1 failed, 1 not run, 1 not offered"), std::string::npos);
  EXPECT_NE(text.find("FAILED"), std::string::npos);
}

TEST(ConformanceStatistics, MedianOfEvenOddAndNone) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(ConformanceStatistics, KnownValuesOfMannWhitney) {
  // By hand: of 36 pairs the first exceeds in 6 (4.4 once, 5.5 twice, 6.6 three times), so U = 30;
  // mean 18, variance 36 / 12 * 13 = 39, with continuity z = 11.5 / sqrt(39), p = 0.065552.
  const auto found = compare({1.1, 2.2, 3.3, 4.4, 5.5, 6.6}, {3.5, 4.5, 5.6, 6.7, 7.8, 8.9});
  EXPECT_NEAR(found.superiority, 30.0 / 36, 1e-12);
  EXPECT_NEAR(found.p, 0.065552, 0.000001);
}

TEST(ConformanceStatistics, TiesAreHalves) {
  const auto same = compare({1, 1, 1, 1}, {1, 1, 1, 1});
  EXPECT_EQ(same.superiority, 0.5);
  EXPECT_EQ(same.p, 1);
  const auto found = compare({1, 2, 2, 3}, {2, 2, 3, 3});
  // Pairs: 16; greater 8, equal 6.
  EXPECT_NEAR(found.superiority, (8 + 3.0) / 16, 1e-12);
}

TEST(ConformanceStatistics, TellsApartWhatDiffersAndNothingElse) {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(10, 1);
  const auto series = [&](double shift) {
    std::vector<double> out;
    for (int i = 0; i < 40; ++i) out.push_back(noise(random) + shift);
    return out;
  };
  for (int round = 0; round < 50; ++round) EXPECT_FALSE(separable(compare(series(0), series(0))));
  EXPECT_TRUE(separable(compare(series(0), series(4))));
  EXPECT_TRUE(separable(compare(series(4), series(0))));
  // One answer that took a second is no finding.
  auto outlier = series(0);
  outlier[3] = 1000;
  EXPECT_FALSE(separable(compare(series(0), outlier)));
}

TEST(ConformanceCases, AreAtLeast150AndUniqueAndCiteASection) {
  const auto all = all_cases();
  std::cout << all.size() << " conformance cases\n";
  EXPECT_GE(all.size(), 150u);
  std::set<std::string> names;
  const auto name = testing::MatchesRegex("[a-z0-9-]+");
  const auto section = testing::MatchesRegex(
      "[0-9]+(\\.[0-9]+)?( [A-Z][0-9]+)*(, [0-9]+(\\.[0-9]+)?( [A-Z][0-9]+)*)*");
  for (const auto& one : all) {
    EXPECT_TRUE(names.insert(one.full_name()).second) << one.full_name() << " stands twice";
    EXPECT_THAT(one.name, name) << one.full_name();
    EXPECT_THAT(one.section, section) << one.full_name() << ": " << one.section;
    EXPECT_TRUE(one.title.ends_with('.')) << one.full_name() << ": " << one.title;
    EXPECT_FALSE(one.expected.empty()) << one.full_name();
    EXPECT_TRUE(one.run != nullptr) << one.full_name();
  }
}

TEST(ConformanceCases, AreSelectedByGroupNameAndPrefix) {
  const auto pick = [](std::vector<std::string> only) {
    return selected(all_cases(), only).size();
  };
  EXPECT_EQ(pick({}), all_cases().size());
  EXPECT_EQ(pick({"store.id-twice"}), 1u);
  EXPECT_GT(pick({"store"}), 10u);
  EXPECT_EQ(pick({"store", "store.id-twice"}), pick({"store"}));
  EXPECT_GT(pick({"store.id-*"}), 3u);
  EXPECT_EQ(pick({"sto"}), 0u);
}

TEST(ConformanceCases, CodesAreListsWithHttpClasses) {
  EXPECT_TRUE(code_fits("9801", "9801"));
  EXPECT_TRUE(code_fits("9300", "9100 or 9300"));
  EXPECT_TRUE(code_fits("HTTP 413", "9100 or HTTP 4xx"));
  EXPECT_FALSE(code_fits("HTTP 503", "9100 or HTTP 4xx"));
  EXPECT_FALSE(code_fits("0800", "9100 or 9300"));
  EXPECT_FALSE(code_fits("", "9100"));
}

struct Runner : testing::Test {
  static cli::conformance::Setup nobody() {
    const auto party = [](const char* name) {
      return Party{name, support::key(std::string(name) + "_cipher"),
                   support::key(std::string(name) + "_sign")};
    };
    cli::conformance::Setup out{
        "http://127.0.0.1:1/osci",
        {},
        {support::key("intermed_cipher").certificate, {support::key("intermed_sign").certificate}},
        party("sender"),
        party("recipient"),
        std::nullopt,
        {},
        {}};
    out.request_limit = base::Milliseconds{2000};
    return out;
  }
  std::vector<Result> run(std::vector<Case> cases, RunLimits limits = {}) {
    Bench bench(nobody());
    return run_cases(cases, bench, limits, {});
  }
  static Case made(std::string name, std::function<std::string(Bench&)> what) {
    return {"group", std::move(name), "1", "Title.", "x", std::move(what)};
  }
};

TEST_F(Runner, GivesEachEndOfACaseItsVerdict) {
  const auto found = run(
      {made("a", [](Bench&) { return std::string("0800"); }),
       made("b", [](Bench&) -> std::string { throw Unmet("why"); }),
       made("c", [](Bench&) -> std::string { throw NotRun("what"); }),
       made("d", [](Bench&) -> std::string { throw NotOffered("it"); }),
       made("e", [](Bench&) -> std::string { throw std::runtime_error("nothing to replace"); })});
  const std::vector<Verdict> wanted = {Verdict::passed, Verdict::failed, Verdict::not_run,
                                       Verdict::not_offered, Verdict::failed};
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(found[i].verdict, wanted[i]) << i;
  EXPECT_EQ(count(found).failed, 2u);
}

TEST_F(Runner, RequireAllMakesFailuresOfWhatWasNotRun) {
  RunLimits limits;
  limits.require_all = true;
  const auto found = run({made("c", [](Bench&) -> std::string { throw NotRun("what"); }),
                          made("d", [](Bench&) -> std::string { throw NotOffered("it"); })},
                         limits);
  EXPECT_EQ(count(found).failed, 2u);
}

TEST_F(Runner, StopsAtTheTimeLimitAndWhenNobodyAnswers) {
  RunLimits none;
  none.seconds = -1;
  EXPECT_EQ(run({made("a", [](Bench&) { return std::string(); })}, none)[0].observed, "time limit");
  // Nobody listens on port 1.
  std::vector<Case> cases;
  for (int i = 0; i < 5; ++i)
    cases.push_back(made("c" + std::to_string(i), [](Bench& b) { return b.fresh_id(); }));
  const auto found = run(cases);
  EXPECT_EQ(count(found).failed, 3u);
  EXPECT_EQ(found[4].verdict, Verdict::not_run);
}

TEST(ConformanceTamper, RefusesToChangeWhatIsNotThere) {
  EXPECT_EQ(replaced("abc", "b", "x"), "axc");
  EXPECT_THROW(replaced("abc", "y", "x"), std::runtime_error);
  EXPECT_THROW(inserted_before("abc", "y", "x"), std::runtime_error);
  EXPECT_THROW(cut("abc", "c", "a"), std::runtime_error);
  EXPECT_EQ(cut("abcd", "b", "c"), "bc");
}

} // namespace
