// The fourteen checks of domain 5.4: every finding is reached, with its outcome and its reason, and
// nothing that is unknown ever counts as ready.
#include "directory/readiness_text.h"
#include "readiness_rows.h"
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace {

using namespace world;
using testing::HasSubstr;
using Check = ReadinessCheck;
using F = ReadinessFinding;

const Remark* find(const CheckResult& check, F finding) {
  const auto found = std::find_if(check.remarks.begin(), check.remarks.end(),
                                  [&](const Remark& one) { return one.finding == finding; });
  return found == check.remarks.end() ? nullptr : &*found;
}

TEST(Readiness, FindsEachFaultWithItsOutcomeAndItsReason) {
  for (const auto& row : rows()) {
    const auto& text = text_of(row.finding);
    SCOPED_TRACE(std::string(text_of(row.check).code) + " " + std::string(text.code));
    World w;
    row.change(w);
    const auto readiness = w.judge();
    const auto& check = readiness.checks[static_cast<std::size_t>(row.check)];
    const auto* found = find(check, row.finding);
    ASSERT_NE(found, nullptr) << "instead: " << check.remarks.front().reason;
    EXPECT_THAT(found->reason, HasSubstr(row.reason));
    EXPECT_EQ(found->outcome, text.outcome);
    EXPECT_EQ(check.outcome, text.outcome) << check.remarks.front().reason;
    EXPECT_EQ(found->reason.find('{'), std::string::npos) << found->reason;
  }
}

TEST(Readiness, HasNoFindingThatIsNeverReached) {
  std::set<F> reached;
  for (const auto& row : rows()) reached.insert(row.finding);
  // What follows is found in files that are handed in: tests/unit/cli.
  for (std::size_t i = 0; i < static_cast<std::size_t>(F::handed_in_private_key); ++i)
    EXPECT_TRUE(reached.count(static_cast<F>(i))) << text_of(static_cast<F>(i)).code;
}

TEST(Readiness, IsReadyWhenEverythingIsInOrder) {
  World w;
  const auto readiness = w.judge();
  for (const auto& check : readiness.checks)
    EXPECT_LE(check.outcome, CheckOutcome::ok) << check.remarks.front().reason;
  EXPECT_EQ(readiness.state, ReadinessState::ready);
  EXPECT_EQ(readiness.next(), nullptr);
  EXPECT_FALSE(readiness.suspended);
}

TEST(Readiness, EveryCheckNamesItsEvidenceWhenItIsGreen) {
  World w;
  for (const auto& check : w.judge().checks) {
    ASSERT_FALSE(check.evidence.empty()) << text_of(check.check).code;
    EXPECT_FALSE(check.evidence.front().record.empty());
  }
}

// Without any fact no check is green: not one by one, not together.
TEST(Readiness, KnowsNothingOfWhatNobodyTold) {
  const auto readiness = judge_readiness({});
  for (const auto& check : readiness.checks) {
    EXPECT_EQ(check.outcome, CheckOutcome::unknown) << text_of(check.check).code;
    EXPECT_NE(check.remarks.front().actor, Actor::nobody) << "somebody has to find out";
  }
  EXPECT_EQ(readiness.state, ReadinessState::not_checked);
}

// Each check in turn unknown while all others are green.
TEST(Readiness, IsNeverReadyWhileOneCheckIsUnknown) {
  std::set<Check> seen;
  for (const auto& row : rows()) {
    if (text_of(row.finding).outcome != CheckOutcome::unknown) continue;
    World w;
    row.change(w);
    const auto readiness = w.judge();
    EXPECT_NE(readiness.state, ReadinessState::ready) << text_of(row.finding).code;
    EXPECT_NE(readiness.state, ReadinessState::ready_with_notes) << text_of(row.finding).code;
    ASSERT_NE(readiness.next(), nullptr);
    seen.insert(row.check);
  }
  // The agreements share their code, and one file tells all of them.
  seen.insert({Check::ekv, Check::rv, Check::ea});
  EXPECT_EQ(seen.size(), kReadinessChecks);
}

TEST(Readiness, WorstCountsAndTheFirstOfTheWorstIsNext) {
  World w;
  w.parameters[0].coat_of_arms.clear();
  EXPECT_EQ(w.judge().state, ReadinessState::ready_with_notes);
  EXPECT_EQ(w.judge().next()->finding, F::appearance_no_coat_of_arms);
  w.mailboxes.clear();
  EXPECT_EQ(w.judge().state, ReadinessState::not_checked);
  EXPECT_EQ(w.judge().next()->finding, F::mailbox_unknown);
  w.drop("ea-1");
  w.onboardings[0].state = OnboardingState::ended;
  EXPECT_EQ(w.judge().state, ReadinessState::not_ready);
  EXPECT_EQ(w.judge().next()->finding, F::agreement_missing);
  EXPECT_EQ(w.judge().next()->actor, Actor::municipality);
}

TEST(Readiness, NotApplicableCountsAsReadyBecauseARecordSaysSo) {
  World w;
  w.service.payment_capable = false;
  w.receptions[0].kind = ReceptionKind::alternative;
  w.receptions[0].alternative = "PDF-Postfach mit E-Mail-Hinweis";
  const auto readiness = w.judge();
  EXPECT_EQ(readiness.state, ReadinessState::ready);
  for (const auto check : {Check::directory_entry, Check::certificate, Check::mailbox})
    EXPECT_FALSE(readiness.checks[static_cast<std::size_t>(check)].evidence.empty());
}

TEST(Readiness, TellsThatAServiceIsSuspendedThoughContractsStayValid) {
  World w;
  w.service.suspensions = {{"05", {ago(10), {}}, "Umbau"}};
  const auto readiness = w.judge();
  EXPECT_TRUE(readiness.suspended);
  EXPECT_EQ(readiness.state, ReadinessState::not_ready);
  EXPECT_EQ(readiness.checks[3].outcome, CheckOutcome::ok);
}

TEST(Readiness, KeepsSeveralRemarksWorstFirst) {
  World w;
  w.responsibilities[0].phone.clear();
  w.responsibilities[0].online_url.clear();
  w.responsibilities[0].checked_at = ago(40);
  const auto readiness = w.judge();
  const auto& remarks = readiness.checks[5].remarks;
  ASSERT_EQ(remarks.size(), 3u);
  EXPECT_EQ(remarks[0].finding, F::responsibility_no_url);
  EXPECT_EQ(remarks[1].outcome, CheckOutcome::warn);
}

TEST(Readiness, TextsOfRecordsAreNoPlaceholders) {
  World w;
  w.parties[2].name = "Stadt {0} {1} {9}";
  w.drop("ea-1");
  EXPECT_THAT(w.judge().checks[3].remarks.front().reason, HasSubstr("Stadt {0} {1} {9}"));
}

TEST(ReadinessText, EveryWordIsThereOnce) {
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kReadinessFindings; ++i) {
    const auto& text = text_of(static_cast<F>(i));
    EXPECT_TRUE(codes.insert(text.code).second) << text.code;
    EXPECT_FALSE(text.text.empty());
    EXPECT_TRUE(text.text.ends_with('.') || text.text.ends_with('?')) << text.code;
    // What is unknown or a hint has somebody who can do something about it.
    if (text.outcome == CheckOutcome::unknown || text.outcome == CheckOutcome::warn) {
      EXPECT_NE(text.actor, Actor::nobody) << text.code;
    }
  }
  std::set<std::string_view> checks;
  for (std::size_t i = 0; i < kReadinessChecks; ++i)
    EXPECT_TRUE(checks.insert(text_of(static_cast<Check>(i)).code).second);
}

TEST(ReadinessText, DaysAreThoseOfTheGermanCalendar) {
  // 23:30 UTC is the next day in Germany, in winter too; the clock change costs no day.
  EXPECT_EQ(german_date(at("2026-06-14T23:30:00Z")), "15.06.2026");
  EXPECT_EQ(german_date(at("2026-12-31T22:59:00Z")), "31.12.2026");
  EXPECT_EQ(german_date(at("2026-12-31T23:00:00Z")), "01.01.2027");
  EXPECT_EQ(german_time(at("2026-03-29T00:59:00Z")), "29.03.2026, 01:59 Uhr");
  EXPECT_EQ(german_time(at("2026-03-29T01:00:00Z")), "29.03.2026, 03:00 Uhr");
  EXPECT_EQ(german_days(at("2026-03-28T22:30:00Z"), at("2026-03-29T21:59:00Z")), 1);
  EXPECT_EQ(german_days(at("2026-10-24T22:00:00Z"), at("2026-10-25T22:59:00Z")), 0);
  EXPECT_EQ(german_days_later(at("2026-03-20T12:00:00Z"), 28), at("2026-04-16T22:00:00Z"));
  EXPECT_EQ(german_days_later(at("2026-10-10T12:00:00Z"), 28), at("2026-11-06T23:00:00Z"));
}

} // namespace
