// What every adapter of mailbox::RetainedStore promises. A Backend has store(), retained(), hold(),
// release(), everything() and restart().
#pragma once
#include "contract/samples.h"
#include "mailbox/retention_round.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>

template <class Backend>
class RetentionContract : public testing::Test {
 protected:
  using Action = mailbox::RetentionAction;

  mailbox::Store& store() { return backend.store(); }
  mailbox::RetainedStore& retained() { return backend.retained(); }

  static base::Instant day(int days, std::int64_t seconds = 0) {
    return samples::at(seconds) + std::chrono::days{days};
  }
  void put(const std::string& id, base::Instant creation, const std::string& box = "box") {
    auto delivery = samples::rich_delivery(id, box, creation);
    ASSERT_TRUE(store().store(delivery, std::nullopt, "")) << id;
  }
  void receive(const std::string& id, base::Instant when, const std::string& box = "box") {
    samples::Conversation own(store(), "receive-" + id, "recipient", when);
    ASSERT_EQ(samples::id_of(store().fetch(samples::by_id({box}, id), own.next(when))), id);
    auto exit = own.next(when);
    exit.close = true;
    ASSERT_TRUE(store().take_turn(exit));
  }
  // Until nothing is due any more; what was done, added up.
  mailbox::RetentionBatch round(base::Instant now) {
    mailbox::RetentionBatch sum;
    for (int i = 0; i < 1000; ++i) {
      const auto batch = mailbox::retain_batch(retained(), rules, now);
      EXPECT_TRUE(batch) << batch.error().detail;
      if (!batch) return sum;
      sum.notices += batch->notices;
      sum.purged += batch->purged;
      sum.expired_unfetched += batch->expired_unfetched;
      sum.forgotten += batch->forgotten;
      sum.overdue_mailboxes = batch->overdue_mailboxes;
      if (!batch->more) return sum;
    }
    ADD_FAILURE() << "no end";
    return sum;
  }
  std::optional<mailbox::Retained> find(const std::string& id) {
    for (const auto& one : backend.everything())
      if (one.message_id == id) return one;
    return std::nullopt;
  }
  samples::Ids cards(const std::string& party, samples::Ids mailboxes = {}) {
    mailbox::CardSelection selection;
    selection.party = party;
    selection.mailboxes = std::move(mailboxes);
    return samples::ids_of(store().cards(selection, std::nullopt));
  }
  mailbox::ProcessCard card(const std::string& id) {
    mailbox::CardSelection selection;
    selection.party = "sender";
    selection.rule = mailbox::CardRule::message_ids;
    selection.message_ids = {id};
    const auto page = store().cards(selection, std::nullopt);
    EXPECT_TRUE(page && page->cards.size() == 1) << id;
    return page && page->cards.size() == 1 ? page->cards.front() : mailbox::ProcessCard{};
  }

  Backend backend;
  mailbox::RetentionRules rules;
};

TYPED_TEST_SUITE_P(RetentionContract);

TYPED_TEST_P(RetentionContract, WhatWasFetchedIsPurgedAfterItsPeriodAndItsCardStays) {
  this->put("m1", this->day(0));
  this->receive("m1", this->day(1));
  const auto before = this->card("m1");
  EXPECT_EQ(this->round(this->day(8, -1)).purged, 0u);
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "m1");

  const auto done = this->round(this->day(8));
  EXPECT_EQ(done.purged, 1u);
  EXPECT_EQ(done.expired_unfetched, 0u);
  for (int round = 0; round < 2; ++round) {
    // No fetch finds it, by whatever rule: nothing matches (wire reference 9.3).
    EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "-");
    EXPECT_EQ(samples::id_of(this->store().read(samples::since({"box"}, this->day(-1)))), "-");
    EXPECT_EQ(samples::id_of(this->store().read(samples::oldest({"box"}))), "-");
    // The card is as it was: purging is no event of it (8.4).
    samples::expect_same_card(this->card("m1"), before);
    EXPECT_EQ(this->cards("reader", {"box"}), samples::Ids{"m1"});
    this->backend.restart();
  }
  const auto left = this->find("m1");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->purged, this->day(8));
}

TYPED_TEST_P(RetentionContract, ThePurgedMessageIdStaysConsumedAndItsRepeatGetsTheFirstReceipt) {
  this->put("m1", this->day(0));
  this->receive("m1", this->day(1));
  ASSERT_EQ(this->round(this->day(8)).purged, 1u);
  const auto same = samples::rich_delivery("m1", "box", this->day(9));
  const auto again = this->store().store(same, std::nullopt, "");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->card.creation, this->day(0));
  EXPECT_EQ(again->feedback, same.feedback);
  auto other = same;
  other.request_digest = "another";
  EXPECT_EQ(samples::code_of(this->store().store(other, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  // The repeat has brought nothing back.
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "-");
}

TYPED_TEST_P(RetentionContract, EachNoticeComesOnceAlsoAfterARestartAndBeforeThePurge) {
  this->put("m1", this->day(0));
  std::map<int, std::uint64_t> told;
  std::optional<int> purged;
  for (int n = 0; n <= 100; ++n) {
    if (n % 10 == 5) this->backend.restart();
    for (const auto hour : {0, 6}) {
      const auto done = this->round(this->day(n, hour * 3600));
      if (done.notices > 0) told[n] += done.notices;
      if (done.expired_unfetched > 0) {
        EXPECT_FALSE(purged);
        purged = n;
      }
    }
  }
  samples::Ids days;
  for (const auto& [n, count] : told) {
    days.push_back(std::to_string(n));
    EXPECT_EQ(count, 1u) << n;
  }
  EXPECT_EQ(days, (samples::Ids{"3", "9", "14", "21", "28", "35", "42", "49", "56", "63", "70",
                                "77", "84"}));
  EXPECT_EQ(purged, 90);
  EXPECT_EQ(this->cards("sender"), samples::Ids{"m1"});
  EXPECT_FALSE(this->card("m1").reception);
}

TYPED_TEST_P(RetentionContract, PurgedMailNoLongerCountsAsWaiting) {
  this->put("m1", this->day(0));
  this->put("m2", this->day(80));
  EXPECT_EQ(this->store().read(samples::oldest({"box"}))->waiting, 1u);
  for (int n = 0; n <= 94; n += 2) this->round(this->day(n));
  const auto left = this->store().read(samples::oldest({"box"}));
  EXPECT_EQ(samples::id_of(left), "m2");
  EXPECT_EQ(left->waiting, 0u);
  this->receive("m2", this->day(95));
  EXPECT_EQ(this->store().read(samples::oldest({"box"}))->waiting, 0u);
}

TYPED_TEST_P(RetentionContract, ReceptionBringsTheEndNearer) {
  this->put("m1", this->day(0));
  this->round(this->day(0, 60)); // next look: day 3
  this->receive("m1", this->day(1));
  this->round(this->day(1, 60));
  EXPECT_EQ(this->round(this->day(8)).purged, 1u);
}

TYPED_TEST_P(RetentionContract, WhatAwaitsAcknowledgementIsNotPurgedUnderItsReader) {
  this->put("m1", this->day(0));
  for (int n = 0; n < 90; ++n) this->round(this->day(n));
  samples::Conversation talk(this->store(), "1", "recipient", this->day(90, -10));
  auto fetched = this->store().fetch(samples::oldest({"box"}), talk.next(this->day(90, -5)));
  ASSERT_EQ(samples::id_of(fetched), "m1");
  EXPECT_EQ(this->round(this->day(90)).purged, 0u);
  EXPECT_EQ(this->round(this->day(90, 3600)).purged, 0u);
  // The repeat of the fetch finds it, the next turn acknowledges it; from then on it is fetched.
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "m1");
  ASSERT_TRUE(this->store().take_turn(talk.next(this->day(90, 3700))));
  EXPECT_EQ(this->round(this->day(91)).purged, 0u);
  EXPECT_EQ(this->round(this->day(98)).expired_unfetched, 0u);
  EXPECT_TRUE(this->find("m1")->purged);
}

TYPED_TEST_P(RetentionContract, ADialogThatEndsWithoutAcknowledgementLeavesItToTheLadder) {
  this->put("m1", this->day(0));
  for (int n = 0; n < 90; ++n) this->round(this->day(n));
  samples::Conversation talk(this->store(), "1", "recipient", this->day(90, -10));
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(this->day(90, -5))));
  EXPECT_EQ(this->round(this->day(90)).purged, 0u);
  ASSERT_TRUE(this->store().expire_dialogs(this->day(90, 900), this->day(89)));
  EXPECT_EQ(this->round(this->day(90, 1000)).expired_unfetched, 1u);
}

TYPED_TEST_P(RetentionContract, AVerdictOfYesterdayIsNotCarriedOut) {
  this->put("m1", this->day(0));
  this->put("m2", this->day(0, 1));
  this->receive("m1", this->day(1));
  this->receive("m2", this->day(1));
  const auto now = this->day(9);
  const auto due = this->retained().due(now, 10);
  ASSERT_TRUE(due);
  ASSERT_EQ(due->size(), 2u);
  std::vector<mailbox::RetentionStep> steps;
  for (const auto& one : *due) steps.push_back({one, mailbox::judge(one, this->rules, now)});
  // In between a hold is set.
  ASSERT_TRUE(this->backend.hold({"m1", "12 K 34/26", now}));
  const auto done = this->retained().carry_out(steps, now);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->size(), 1u);
  EXPECT_EQ(done->front().seen.message_id, "m2");
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "m1");
  // It stays due, and twice the same verdict does nothing more.
  EXPECT_EQ(this->retained().due(now, 10)->size(), 1u);
  EXPECT_TRUE(this->retained().carry_out(steps, now)->empty());
}

TYPED_TEST_P(RetentionContract, AHoldKeepsContentAndCardUntilItIsReleased) {
  this->put("m1", this->day(0));
  this->receive("m1", this->day(1));
  const auto held = this->backend.hold({"m1", "12 K 34/26", this->day(2)});
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->held);
  EXPECT_FALSE(held->purged);
  this->backend.restart();
  for (const auto n : {8, 100, 800, 2000}) EXPECT_EQ(this->round(this->day(n)).purged, 0u) << n;
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "m1");
  ASSERT_TRUE(this->backend.release("m1", this->day(2000)));
  EXPECT_EQ(this->round(this->day(2000)).purged, 1u);
  ASSERT_TRUE(this->backend.hold({"m1", "the card at least", this->day(2001)}));
  EXPECT_EQ(this->round(this->day(9000)).forgotten, 0u);
  EXPECT_EQ(this->cards("sender"), samples::Ids{"m1"});
  EXPECT_EQ(samples::code_of(this->backend.hold({"m404", "?", this->day(2)})),
            base::ErrorCode::not_found);
  EXPECT_EQ(samples::code_of(this->backend.release("m404", this->day(2))),
            base::ErrorCode::not_found);
}

TYPED_TEST_P(RetentionContract, OtherRulesLetEverythingBeLookedAtAgain) {
  const int many = static_cast<int>(mailbox::kRetentionBatch) + 5;
  for (int i = 0; i < many; ++i) this->put("m" + std::to_string(i), this->day(0, i));
  this->round(this->day(1)); // next look: day 3
  this->rules.overrides.push_back({"box", "", std::nullopt, std::chrono::hours{12}});
  EXPECT_EQ(this->round(this->day(1, 60)).notices, static_cast<std::uint64_t>(many))
      << "over its new period, and nobody was told of it yet";
  const auto done = this->round(this->day(2));
  EXPECT_EQ(done.expired_unfetched, static_cast<std::uint64_t>(many));
  // In steps: a limit smaller than the number of entries comes to an end.
  int steps = 1;
  const auto now = this->day(2, 60);
  while (*this->retained().reconsider("others", now, 10)) ASSERT_LT(++steps, 100);
  EXPECT_EQ(steps, many / 10 + 1);
  EXPECT_FALSE(*this->retained().reconsider("others", now, 10));
}

TYPED_TEST_P(RetentionContract, AClockThatWasAheadPutsNothingOffAndPurgesNothingUnfetched) {
  this->put("m1", this->day(0));
  EXPECT_EQ(this->round(this->day(4000)).notices, 1u);
  EXPECT_EQ(this->find("m1")->notices, 13u);
  this->round(this->day(1)); // set right again
  EXPECT_FALSE(this->find("m1")->purged);
  // Its notices are told already, but not the warning that counts.
  EXPECT_EQ(this->round(this->day(90)).notices, 1u);
  EXPECT_EQ(this->round(this->day(92)).purged, 0u);
  EXPECT_EQ(this->round(this->day(93)).expired_unfetched, 1u);
}

TYPED_TEST_P(RetentionContract, ModesOffAndObservePurgeNothing) {
  this->put("m1", this->day(0));
  this->put("m2", this->day(0, 1));
  this->receive("m1", this->day(1));
  this->rules.mode = mailbox::RetentionMode::off;
  EXPECT_EQ(this->round(this->day(100)).notices, 0u);
  this->rules.mode = mailbox::RetentionMode::observe;
  const auto seen = this->round(this->day(100));
  EXPECT_EQ(seen.notices, 1u);
  EXPECT_EQ(seen.purged, 0u);
  EXPECT_EQ(this->round(this->day(200)).purged, 0u);
  EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({"box"}, "m1"))), "m1");
  this->rules.mode = mailbox::RetentionMode::enforce;
  EXPECT_EQ(this->round(this->day(200, 1)).purged, 2u);
}

TYPED_TEST_P(RetentionContract, MailboxesWithWaitingMailAreCounted) {
  this->put("m1", this->day(0), "a");
  this->put("m2", this->day(0, 1), "a");
  this->put("m3", this->day(2), "b");
  this->put("m4", this->day(0), "c");
  this->receive("m4", this->day(1), "c");
  mailbox::NewPush push;
  push.delivery = samples::delivery("p1", "wgb:1", this->day(0));
  push.delivery.parts.clear();
  ASSERT_TRUE(this->store().begin_push(push, std::nullopt, ""));
  EXPECT_EQ(this->retained().waiting_since_before(this->day(1)).value(), 1u);
  EXPECT_EQ(this->retained().waiting_since_before(this->day(3)).value(), 2u);
  EXPECT_EQ(this->round(this->day(4)).overdue_mailboxes, 1u);
}

TYPED_TEST_P(RetentionContract, APushHasNoLadderAndItsReplyGoesAfterThePeriodOfTheFetched) {
  mailbox::NewPush push;
  push.delivery = samples::rich_delivery("p1", "wgb:1", this->day(0));
  push.delivery.parts.clear();
  push.reply_id = "r1";
  ASSERT_TRUE(this->store().begin_push(push, std::nullopt, ""));
  ASSERT_TRUE(this->store().forward_push("p1", this->day(0, 1)));
  mailbox::PushResult result;
  result.received = true;
  result.now = this->day(0, 2);
  result.reply.emplace().delivery = samples::rich_delivery("r1", "sender", this->day(0, 2));
  result.reply->delivery.originator = "wgb:1";
  ASSERT_TRUE(this->store().finish_push("p1", result));
  EXPECT_EQ(this->round(this->day(7)).purged, 0u);
  const auto repeat = [&] {
    return this->store().find_push("p1", push.delivery.request_digest).value().value();
  };
  EXPECT_TRUE(repeat().reply);
  EXPECT_EQ(this->round(this->day(8)).purged, 1u);
  EXPECT_EQ(this->round(this->day(100)).notices, 0u);
  // Delivered, but the reply cannot be given any more (wire reference 10.2).
  EXPECT_EQ(repeat().code, "9810");
  EXPECT_FALSE(repeat().reply);
  EXPECT_EQ(this->cards("sender"), (samples::Ids{"p1", "r1"}));
  EXPECT_EQ(this->round(this->day(740)).forgotten, 2u);
  EXPECT_TRUE(this->cards("sender").empty());
  EXPECT_EQ(samples::code_of(this->store().begin_push(push, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
}

TYPED_TEST_P(RetentionContract, AForgottenCardIsSeenByNobodyAndItsIdStaysConsumed) {
  this->put("m1", this->day(0));
  this->put("m2", this->day(720));
  this->receive("m1", this->day(1));
  this->round(this->day(8));
  EXPECT_EQ(this->round(this->day(738, -1)).forgotten, 0u);
  EXPECT_EQ(this->cards("sender"), (samples::Ids{"m1", "m2"}));
  EXPECT_EQ(this->round(this->day(738)).forgotten, 1u);
  this->backend.restart();
  EXPECT_EQ(this->cards("sender"), samples::Ids{"m2"});
  EXPECT_EQ(this->cards("reader", {"box"}), samples::Ids{"m2"});
  EXPECT_EQ(this->card("m2").inspections.size(), 3u) << "the proof is still needed there";
  auto other = samples::delivery("m1", "box", this->day(739));
  other.request_digest = "another";
  EXPECT_EQ(samples::code_of(this->store().store(other, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
}

REGISTER_TYPED_TEST_SUITE_P(
    RetentionContract, WhatWasFetchedIsPurgedAfterItsPeriodAndItsCardStays,
    ThePurgedMessageIdStaysConsumedAndItsRepeatGetsTheFirstReceipt,
    EachNoticeComesOnceAlsoAfterARestartAndBeforeThePurge, PurgedMailNoLongerCountsAsWaiting,
    ReceptionBringsTheEndNearer, WhatAwaitsAcknowledgementIsNotPurgedUnderItsReader,
    ADialogThatEndsWithoutAcknowledgementLeavesItToTheLadder, AVerdictOfYesterdayIsNotCarriedOut,
    AHoldKeepsContentAndCardUntilItIsReleased, OtherRulesLetEverythingBeLookedAtAgain,
    AClockThatWasAheadPutsNothingOffAndPurgesNothingUnfetched, ModesOffAndObservePurgeNothing,
    MailboxesWithWaitingMailAreCounted, APushHasNoLadderAndItsReplyGoesAfterThePeriodOfTheFetched,
    AForgottenCardIsSeenByNobodyAndItsIdStaysConsumed);
