// The ladder of notices and the ends of content and cards, as a table over instants.
#include "mailbox/retention.h"
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using mailbox::judge;
using mailbox::PurgeReason;
using mailbox::Retained;
using mailbox::RetainedKind;
using mailbox::RetentionAction;
using mailbox::RetentionMode;
using mailbox::RetentionRules;
using mailbox::RetentionVerdict;
using std::chrono::days;

// A Friday noon; the clocks of Germany go forward two days later.
base::Instant start() {
  return base::parse_datetime("2024-03-29T12:00:00Z").value();
}

struct Row {
  const char* name;
  Retained one{};
  RetentionRules rules{};
  base::Milliseconds at{}; // after start()
  RetentionAction action = RetentionAction::keep;
  std::uint32_t rung = 0, missed = 0;
  bool last_warning = false;
  PurgeReason reason = PurgeReason::fetched;
  base::Milliseconds next{}; // after start()
};

Retained waiting() {
  Retained out;
  out.message_id = "m1";
  out.mailbox = "wgb:1";
  out.service = "urn:wohngeld";
  out.creation = out.modification = start();
  return out;
}

// Rung `notices` was told at this age.
Retained told(std::uint32_t notices, base::Milliseconds at) {
  auto out = waiting();
  out.notices = notices;
  out.noticed = start() + at;
  return out;
}

Retained received(base::Milliseconds at, std::uint32_t notices = 0) {
  auto out = waiting();
  out.notices = notices;
  if (notices > 0) out.noticed = start();
  out.forwarding = out.reception = out.modification = start() + at;
  return out;
}

Retained of_kind(RetainedKind kind, base::Milliseconds forwarded) {
  auto out = waiting();
  out.kind = kind;
  out.forwarding = out.modification = start() + forwarded;
  return out;
}

Retained purged(base::Milliseconds at) {
  auto out = waiting();
  out.purged = start() + at;
  return out;
}

template <class Change>
Retained with(Retained one, Change change) {
  change(one);
  return one;
}
Retained held(Retained one) {
  one.held = true;
  return one;
}
Retained in_a_dialog(Retained one) {
  one.being_fetched = true;
  return one;
}
Retained quarantined(Retained one) {
  one.quarantined = true;
  return one;
}

RetentionRules standard() {
  return {};
}
RetentionRules observing() {
  RetentionRules out;
  out.mode = RetentionMode::observe;
  return out;
}
RetentionRules without_ladder() {
  RetentionRules out;
  out.general.notices.clear();
  out.general.notices_every = 0ms;
  return out;
}
RetentionRules in_seconds() {
  RetentionRules out;
  out.general = {10s, 60s, {3s, 9s, 14s}, 7s};
  return out;
}

std::vector<Row> rows() {
  using A = RetentionAction;
  const auto w = waiting();
  const auto s = standard();
  const auto d = [](int n) { return base::Milliseconds{days{n}}; };
  const base::Milliseconds ms{1};
  std::vector<Row> out{
      // --- the ladder: each rung once
      {"stored just now", w, s, 0ms, A::keep, 0, 0, false, {}, d(3)},
      {"a moment before the first rung", w, s, d(3) - ms, A::keep, 0, 0, false, {}, d(3)},
      {"first rung", w, s, d(3), A::notice, 1, 0, false, {}, d(9)},
      {"first rung was told", told(1, d(3)), s, d(4), A::keep, 0, 0, false, {}, d(9)},
      {"second rung", told(1, d(3)), s, d(9), A::notice, 2, 0, false, {}, d(14)},
      {"third rung", told(2, d(9)), s, d(14), A::notice, 3, 0, false, {}, d(21)},
      {"then weekly", told(3, d(14)), s, d(21), A::notice, 4, 0, false, {}, d(28)},
      {"weekly, a moment before", told(4, d(21)), s, d(28) - ms, A::keep, 0, 0, false, {}, d(28)},
      {"last rung before the end", told(12, d(77)), s, d(84), A::notice, 13, 0, false, {}, d(90)},
      {"a moment before the end", told(13, d(84)), s, d(90) - ms, A::keep, 0, 0, false, {}, d(90)},
      {"the end", told(13, d(84)), s, d(90), A::purge, 0, 0, false, PurgeReason::expired_unfetched,
       d(90 + 730)},
      // --- the daemon was down
      {"down over two rungs", w, s, d(10), A::notice, 2, 1, false, {}, d(14)},
      {"down over many rungs", told(1, d(3)), s, d(30), A::notice, 5, 3, false, {}, d(35)},
      {"down over the end, last rung told", told(13, d(84)), s, d(300), A::purge, 0, 0, false,
       PurgeReason::expired_unfetched, d(300 + 730)},
      {"down over the end without warning", w, s, d(300), A::notice, 13, 12, true, {}, d(303)},
      {"warned, but only just", told(13, d(300)), s, d(301), A::keep, 0, 0, false, {}, d(303)},
      {"warned long enough ago", told(13, d(300)), s, d(303), A::purge, 0, 0, false,
       PurgeReason::expired_unfetched, d(303 + 730)},
      {"no ladder configured: one warning all the same",
       w,
       without_ladder(),
       d(90),
       A::notice,
       1,
       0,
       true,
       {},
       d(93)},
      {"and then the end", told(1, d(90)), without_ladder(), d(93), A::purge, 0, 0, false,
       PurgeReason::expired_unfetched, d(93 + 730)},
      // --- the clock
      {"set back before Creation", w, s, -d(5), A::keep, 0, 0, false, {}, d(3)},
      {"set back after notices: none comes twice",
       told(4, d(21)),
       s,
       d(5),
       A::keep,
       0,
       0,
       false,
       {},
       d(28)},
      {"set back after Reception", received(d(20)), s, d(10), A::keep, 0, 0, false, {}, d(27)},
      {"a jump ahead warns first", w, s, d(4000), A::notice, 13, 12, true, {}, d(4003)},
      {"a warning of the future is none",
       told(13, d(4000)),
       s,
       d(90),
       A::notice,
       13,
       0,
       true,
       {},
       d(93)},
      // --- fetched
      {"received", received(d(1)), s, d(2), A::keep, 0, 0, false, {}, d(8)},
      {"received, a moment before the end",
       received(d(1)),
       s,
       d(8) - ms,
       A::keep,
       0,
       0,
       false,
       {},
       d(8)},
      {"received, the end", received(d(1)), s, d(8), A::purge, 0, 0, false, PurgeReason::fetched,
       d(8 + 730)},
      {"received after notices: the ladder is over",
       received(d(20), 3),
       s,
       d(21),
       A::keep,
       0,
       0,
       false,
       {},
       d(27)},
      {"received after the period of the unfetched",
       received(d(95), 13),
       s,
       d(96),
       A::keep,
       0,
       0,
       false,
       {},
       d(102)},
      {"forwarded, never acknowledged, is unfetched",
       with(told(2, d(9)), [](Retained& r) { r.forwarding = start() + 1h; }),
       s,
       d(14),
       A::notice,
       3,
       0,
       false,
       {},
       d(21)},
      // --- legal hold
      {"held: received stays", held(received(d(1))), s, d(8), A::keep, 0, 0, false, {}, d(9)},
      {"held: notices go on", held(told(13, d(84))), s, d(91), A::notice, 14, 0, false, {}, d(98)},
      {"held: the unfetched stays",
       held(told(14, d(91))),
       s,
       d(95),
       A::keep,
       0,
       0,
       false,
       {},
       d(98)},
      {"released: the end comes after all", told(14, d(91)), s, d(95), A::purge, 0, 0, false,
       PurgeReason::expired_unfetched, d(95 + 730)},
      {"released just after a notice", told(14, d(91)), s, d(92), A::keep, 0, 0, false, {}, d(94)},
      {"held: the card stays", held(purged(d(90))), s, d(820), A::keep, 0, 0, false, {}, d(821)},
      // --- in the way of the end
      {"awaiting acknowledgement",
       in_a_dialog(told(13, d(84))),
       s,
       d(90),
       A::keep,
       0,
       0,
       false,
       {},
       d(90) + 1min},
      {"received, a second reader still has chunks to come",
       in_a_dialog(received(d(1))),
       s,
       d(8),
       A::keep,
       0,
       0,
       false,
       {},
       d(8) + 1min},
      {"in a dialog before the end: nothing special",
       in_a_dialog(told(1, d(3))),
       s,
       d(9),
       A::notice,
       2,
       0,
       false,
       {},
       d(14)},
      {"quarantined", quarantined(told(13, d(84))), s, d(500), A::keep, 0, 0, false, {}, d(501)},
      {"quarantined and received",
       quarantined(received(d(1))),
       s,
       d(500),
       A::keep,
       0,
       0,
       false,
       {},
       d(501)},
      // --- observe
      {"observe: notices", w, observing(), d(3), A::notice, 1, 0, false, {}, d(9)},
      {"observe: nothing is purged",
       told(13, d(84)),
       observing(),
       d(90),
       A::keep,
       0,
       0,
       false,
       {},
       d(91)},
      {"observe: nothing fetched is purged",
       received(d(1)),
       observing(),
       d(8),
       A::keep,
       0,
       0,
       false,
       {},
       d(9)},
      {"observe: no card is forgotten",
       purged(d(90)),
       observing(),
       d(820),
       A::keep,
       0,
       0,
       false,
       {},
       d(821)},
      // --- pushes and replies
      {"push: never a notice",
       of_kind(RetainedKind::push, 0ms),
       s,
       d(90),
       A::keep,
       0,
       0,
       false,
       {},
       d(730)},
      {"push: the card's end",
       of_kind(RetainedKind::push, 1h),
       s,
       d(730) + 1h,
       A::forget,
       0,
       0,
       false,
       {},
       d(731) + 1h},
      {"reply: kept for the repeat",
       of_kind(RetainedKind::reply, 1h),
       s,
       d(7),
       A::keep,
       0,
       0,
       false,
       {},
       d(7) + 1h},
      {"reply: the end", of_kind(RetainedKind::reply, 1h), s, d(7) + 1h, A::purge, 0, 0, false,
       PurgeReason::reply_handed_over, d(7 + 730) + 1h},
      {"reply in a dialog",
       in_a_dialog(of_kind(RetainedKind::reply, 1h)),
       s,
       d(8),
       A::keep,
       0,
       0,
       false,
       {},
       d(8) + 1min},
      // --- cards
      {"card: a moment before its end",
       purged(d(90)),
       s,
       d(820) - ms,
       A::keep,
       0,
       0,
       false,
       {},
       d(820)},
      {"card: its end", purged(d(90)), s, d(820), A::forget, 0, 0, false, {}, d(821)},
      // --- other units
      {"seconds: first rung", w, in_seconds(), 3s, A::notice, 1, 0, false, {}, 9s},
      {"seconds: the end", told(7, 42s), in_seconds(), 60s, A::notice, 9, 1, true, {}, 62s},
      {"seconds: two seconds after the warning", told(9, 60s), in_seconds(), 62s, A::purge, 0, 0,
       false, PurgeReason::expired_unfetched, d(730) + 62s},
  };
  return out;
}

class RetentionTable : public testing::TestWithParam<Row> {};

TEST_P(RetentionTable, Says) {
  const auto& row = GetParam();
  // The same in winter, in summer, over the change of the clocks, and over a leap day.
  for (const auto shift : {0, 30, -60, 330}) {
    SCOPED_TRACE(std::to_string(shift) + " days later");
    const base::Milliseconds by{days{shift}};
    auto one = row.one;
    for (auto* time : {&one.creation, &one.modification}) *time += by;
    for (auto* time : {&one.forwarding, &one.reception, &one.purged, &one.noticed})
      if (*time) **time += by;
    const auto verdict = judge(one, row.rules, start() + by + row.at);
    EXPECT_EQ(to_string(verdict.action), to_string(row.action));
    EXPECT_EQ(verdict.rung, row.rung);
    EXPECT_EQ(verdict.missed, row.missed);
    EXPECT_EQ(verdict.last_warning, row.last_warning);
    EXPECT_EQ(base::format_datetime(verdict.next), base::format_datetime(start() + by + row.next));
    if (row.action == RetentionAction::purge) {
      EXPECT_EQ(to_string(verdict.reason), to_string(row.reason));
    }
    EXPECT_EQ(verdict.age, std::max(row.at, base::Milliseconds{0}));
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, RetentionTable, testing::ValuesIn(rows()), [](const auto& given) {
  std::string name;
  bool upper = true;
  for (const char c : std::string(given.param.name)) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = !std::isalnum(static_cast<unsigned char>(c));
  }
  return name;
});

// However often it is looked, and whenever the daemon was down: each notice once, a purge never
// without a notice before it, and never later than the warning demands.
TEST(Retention, AnyRhythmOfLookingGivesEachNoticeOnceAndWarnsBeforeAPurge) {
  for (const std::chrono::minutes step :
       {7min, 300min, 1440min, 15'840min, 57'600min, 288'000min}) {
    auto one = waiting();
    std::vector<std::uint32_t> told;
    std::optional<base::Instant> end;
    for (auto now = start(); !end && now < start() + days{900}; now += step) {
      const auto verdict = judge(one, {}, now);
      if (verdict.action == RetentionAction::notice) {
        told.push_back(verdict.rung);
        one.notices = verdict.rung;
        one.noticed = now;
      }
      if (verdict.action == RetentionAction::purge) {
        EXPECT_GE(now - *one.noticed, days{3});
        EXPECT_GE(now - one.creation, days{90});
        end = now;
      }
    }
    ASSERT_TRUE(end);
    ASSERT_FALSE(told.empty());
    for (std::size_t i = 1; i < told.size(); ++i) EXPECT_LT(told[i - 1], told[i]);
    EXPECT_EQ(told.back(), 13u);
    if (step <= 24h) {
      EXPECT_EQ(told.size(), 13u);
    }
  }
}

// `next` may be slept until: nothing is due in between.
TEST(Retention, NothingHappensBeforeNext) {
  auto one = waiting();
  int looks = 0;
  auto now = start();
  for (RetentionVerdict verdict = judge(one, {}, now); verdict.action != RetentionAction::purge;
       verdict = judge(one, {}, now)) {
    if (verdict.action == RetentionAction::notice) {
      one.notices = verdict.rung;
      one.noticed = now;
    }
    ASSERT_GT(verdict.next, now);
    EXPECT_EQ(judge(one, {}, verdict.next - 1ms).action, RetentionAction::keep);
    now = verdict.next;
    ASSERT_LT(++looks, 20);
  }
  EXPECT_EQ(looks, 14);
  EXPECT_EQ(now, start() + days{90});
}

TEST(Retention, TheMostSpecificRuleCountsValueByValue) {
  RetentionRules rules;
  const auto add = [&](std::string mailbox, std::string service,
                       std::optional<base::Milliseconds> fetched,
                       std::optional<base::Milliseconds> unfetched) {
    rules.overrides.push_back({std::move(mailbox), std::move(service), fetched, unfetched});
  };
  add("", "urn:wohngeld", days{1}, days{30});
  add("wgb:1", "", days{2}, std::nullopt);
  add("wgb:1", "", days{3}, days{60}); // of equals the first
  add("wgb:1", "urn:wohngeld", std::nullopt, days{180});
  const auto check = [&](const char* mailbox, const char* service, int fetched, int unfetched) {
    SCOPED_TRACE(std::string(mailbox) + " " + service);
    const auto rule = rules.rule_for(mailbox, service);
    EXPECT_EQ(rule.fetched, days{fetched});
    EXPECT_EQ(rule.unfetched, days{unfetched});
    EXPECT_EQ(rule.notices, rules.general.notices);
  };
  check("wgb:1", "urn:wohngeld", 2, 180);
  check("wgb:1", "urn:other", 2, 60);
  check("wgb:1", "", 2, 60);
  check("wgb:2", "urn:wohngeld", 1, 30);
  check("wgb:2", "", 7, 90);
}

TEST(Retention, OtherRulesHaveAnotherFingerprint) {
  const RetentionRules rules;
  EXPECT_EQ(rules.fingerprint(), RetentionRules{}.fingerprint());
  std::vector<RetentionRules> others(7);
  others[0].mode = RetentionMode::observe;
  others[1].general.fetched = days{8};
  others[2].general.unfetched = days{8};
  others[3].general.notices.pop_back();
  others[4].general.notices_every = days{8};
  others[5].cards = days{8};
  others[6].overrides.push_back({"wgb:1", "", days{7}, std::nullopt});
  for (std::size_t i = 0; i < others.size(); ++i)
    EXPECT_NE(others[i].fingerprint(), rules.fingerprint()) << i;
}

} // namespace
