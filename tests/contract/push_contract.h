// What every adapter of mailbox::Store promises about pushes (mailbox/push.h).
#pragma once
#include "contract/samples.h"
#include <gtest/gtest.h>
#include <optional>

template <class Backend>
class PushContract : public testing::Test {
 protected:
  mailbox::Store& store() { return backend.store(); }

  static mailbox::NewPush push(const std::string& message_id, std::int64_t second,
                               const std::optional<std::string>& reply_id = std::nullopt) {
    mailbox::NewPush out;
    out.delivery = samples::rich_delivery(message_id, "wgb:1", samples::at(second));
    out.delivery.parts.clear();
    out.reply_id = reply_id;
    return out;
  }
  mailbox::Push begin(const mailbox::NewPush& push) {
    const auto begun = store().begin_push(push, std::nullopt, "refused:9801");
    EXPECT_TRUE(begun) << begun.error().detail;
    return begun ? *begun : mailbox::Push{};
  }
  std::optional<mailbox::Push> find(const mailbox::NewPush& push) {
    const auto found = store().find_push(push.delivery.message_id, push.delivery.request_digest);
    EXPECT_TRUE(found);
    return found ? *found : std::nullopt;
  }
  static mailbox::PushResult accepted(std::int64_t second) {
    mailbox::PushResult out;
    out.received = true;
    out.warnings = {"3802", "3803"};
    out.now = samples::at(second);
    return out;
  }
  static mailbox::PushReply reply(const std::string& id, std::int64_t second,
                                  const std::string& conversation_id = "") {
    mailbox::PushReply out;
    out.delivery = samples::rich_delivery(id, "sender", samples::at(second));
    out.delivery.originator = "wgb:1";
    out.conversation_id = conversation_id;
    return out;
  }
  std::vector<mailbox::ProcessCard> cards(const std::string& party,
                                          mailbox::CardRole role = mailbox::CardRole::any,
                                          samples::Ids mailboxes = {}) {
    mailbox::CardSelection selection;
    selection.party = party;
    selection.role = role;
    selection.mailboxes = std::move(mailboxes);
    const auto page = store().cards(selection, std::nullopt);
    EXPECT_TRUE(page);
    return page ? page->cards : std::vector<mailbox::ProcessCard>{};
  }

  Backend backend;
};

TYPED_TEST_SUITE_P(PushContract);

TYPED_TEST_P(PushContract, EveryStepIsThereAfterARestart) {
  const auto push = this->push("m1", 10);
  const auto begun = this->begin(push);
  EXPECT_FALSE(begun.repeated || begun.finished || begun.card.forwarding || begun.card.reception);
  EXPECT_EQ(begun.card.creation, samples::at(10));
  EXPECT_EQ(begun.card.subject, push.delivery.subject);
  EXPECT_EQ(begun.card.inspections.size(), 3u);
  EXPECT_EQ(begun.feedback, (std::vector<std::string>{"3500", "3701"}));

  this->backend.restart();
  auto known = this->find(push);
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->repeated && !known->finished);
  samples::expect_same_card(known->card, begun.card);

  const auto forwarded = this->store().forward_push("m1", samples::at(20));
  ASSERT_TRUE(forwarded);
  EXPECT_EQ(forwarded->card.forwarding, samples::at(20));
  EXPECT_EQ(forwarded->card.modification, samples::at(20));
  this->backend.restart();
  known = this->find(push);
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->finished);
  samples::expect_same_card(known->card, forwarded->card);

  auto result = this->accepted(30);
  result.inspections = {push.delivery.inspections.front()};
  const auto finished = this->store().finish_push("m1", result);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->card.reception, samples::at(30));
  EXPECT_EQ(finished->card.inspections.size(), 4u);
  this->backend.restart();
  known = this->find(push);
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->finished);
  EXPECT_EQ(known->code, "");
  EXPECT_EQ(known->warnings, result.warnings);
  EXPECT_EQ(known->feedback, begun.feedback);
  samples::expect_same_card(known->card, finished->card);
}

TYPED_TEST_P(PushContract, AFailureLeavesNoReception) {
  const auto push = this->push("m1", 1);
  this->begin(push);
  ASSERT_TRUE(this->store().forward_push("m1", samples::at(2)));
  mailbox::PushResult refused;
  refused.code = "9805";
  refused.now = samples::at(3);
  const auto finished = this->store().finish_push("m1", refused);
  ASSERT_TRUE(finished);
  EXPECT_FALSE(finished->card.reception);
  EXPECT_EQ(this->find(push)->code, "9805");
}

TYPED_TEST_P(PushContract, TheFirstOutcomeStays) {
  const auto push = this->push("m1", 1);
  this->begin(push);
  ASSERT_TRUE(this->store().forward_push("m1", samples::at(2)));
  mailbox::PushResult lost;
  lost.code = "9810";
  lost.now = samples::at(3);
  ASSERT_TRUE(this->store().finish_push("m1", lost));
  const auto second = this->store().finish_push("m1", this->accepted(4));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->code, "9810");
  EXPECT_FALSE(second->card.reception);
  EXPECT_EQ(samples::code_of(this->store().forward_push("m1", samples::at(5))),
            base::ErrorCode::not_found);
}

TYPED_TEST_P(PushContract, OnlyTheIdenticalRequestIsARepeat) {
  const auto push = this->push("m1", 1);
  this->begin(push);
  EXPECT_TRUE(this->begin(push).repeated);
  EXPECT_EQ(this->cards("sender").size(), 1u);
  auto other = push;
  other.delivery.request_digest = "another";
  EXPECT_EQ(samples::code_of(this->store().begin_push(other, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  EXPECT_FALSE(this->find(other));
  other.delivery.request_digest.clear();
  EXPECT_EQ(samples::code_of(this->store().begin_push(other, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
}

TYPED_TEST_P(PushContract, AnIdIsSpentForMailboxesAndPushesAlike) {
  ASSERT_TRUE(
      this->store().store(samples::delivery("stored", "wgb:1", samples::at(1)), std::nullopt, ""));
  EXPECT_EQ(samples::code_of(this->store().begin_push(this->push("stored", 2), std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  // Even with the same digest it is no push that could be repeated.
  EXPECT_FALSE(this->find(this->push("stored", 2)));
  this->begin(this->push("pushed", 3, "reply"));
  auto for_mailbox = samples::delivery("pushed", "wgb:1", samples::at(4));
  for_mailbox.request_digest = "of another request";
  EXPECT_EQ(samples::code_of(this->store().store(for_mailbox, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  // The id that was issued for the reply belongs to it alone.
  EXPECT_EQ(samples::code_of(this->store().store(
                samples::delivery("reply", "wgb:1", samples::at(4)), std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  EXPECT_EQ(samples::code_of(this->store().begin_push(this->push("reply", 4), std::nullopt, "")),
            base::ErrorCode::message_id_refused);
  EXPECT_EQ(samples::code_of(this->store().forward_push("reply", samples::at(5))),
            base::ErrorCode::not_found);
  EXPECT_EQ(samples::code_of(this->store().finish_push("stored", this->accepted(5))),
            base::ErrorCode::not_found);
}

TYPED_TEST_P(PushContract, NoFetchFindsAPush) {
  this->begin(this->push("m1", 1, "r1"));
  auto result = this->accepted(2);
  result.reply = this->reply("r1", 2);
  ASSERT_TRUE(this->store().finish_push("m1", result));
  this->begin(this->push("m2", 3));
  samples::Conversation dialog(this->store(), "1", "wgb:1", samples::at(3));
  for (const auto& box : {"wgb:1", "sender"}) {
    const auto fetched = this->store().fetch(samples::oldest({box}), dialog.next(samples::at(4)));
    EXPECT_EQ(samples::id_of(fetched), "-");
    EXPECT_EQ(fetched->waiting, 0u);
    for (const auto& id : {"m1", "m2", "r1"})
      EXPECT_EQ(samples::id_of(
                    this->store().fetch(samples::by_id({box}, id), dialog.next(samples::at(4)))),
                "-");
    EXPECT_EQ(samples::id_of(this->store().fetch(samples::since({box}, samples::at(0)),
                                                 dialog.next(samples::at(4)))),
              "-");
    EXPECT_EQ(samples::id_of(this->store().read(samples::by_id({box}, "m1"))), "-");
  }
}

TYPED_TEST_P(PushContract, CardsShowToSenderAndAddressee) {
  using mailbox::CardRole;
  this->begin(this->push("m1", 1, "r1"));
  auto result = this->accepted(2);
  result.reply = this->reply("r1", 2);
  ASSERT_TRUE(this->store().finish_push("m1", result));
  const auto ids = [](const std::vector<mailbox::ProcessCard>& cards) {
    samples::Ids out;
    for (const auto& card : cards) out.push_back(card.message_id);
    return out;
  };
  EXPECT_EQ(ids(this->cards("sender", CardRole::originator)), samples::Ids{"m1"});
  EXPECT_EQ(ids(this->cards("sender", CardRole::addressee)), samples::Ids{"r1"});
  EXPECT_EQ(ids(this->cards("wgb:1", CardRole::originator)), samples::Ids{"r1"});
  EXPECT_EQ(ids(this->cards("wgb:1", CardRole::addressee)), samples::Ids{"m1"});
  EXPECT_EQ(ids(this->cards("wgb:1")), (samples::Ids{"m1", "r1"}));
  // Neither a mailbox of that name nor a stranger sees them.
  EXPECT_TRUE(this->cards("stranger", CardRole::any, {"wgb:1", "sender"}).empty());
  mailbox::CardSelection selection;
  selection.party = "stranger";
  selection.rule = mailbox::CardRule::message_ids;
  selection.message_ids = {"m1", "r1"};
  EXPECT_TRUE(this->store().cards(selection, std::nullopt)->cards.empty());
  selection.party = "wgb:1";
  selection.role = CardRole::addressee;
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)), samples::Ids{"m1"});
  selection.rule = mailbox::CardRule::recent_modification;
  selection.since = samples::at(0);
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)), samples::Ids{"m1"});
}

TYPED_TEST_P(PushContract, AReplyComesBackOctetForOctetAlsoAfterARestart) {
  const auto push = this->push("m1", 1, "r1");
  EXPECT_EQ(this->begin(push).reply_id, "r1");
  ASSERT_TRUE(this->store().forward_push("m1", samples::at(2)));
  auto result = this->accepted(4);
  result.reply = this->reply("r1", 3);
  const auto expected = result.reply->delivery;
  const auto finished = this->store().finish_push("m1", result);
  ASSERT_TRUE(finished && finished->reply);
  for (int round = 0; round < 2; ++round) {
    const auto known = round == 0 ? std::optional(*finished) : this->find(push);
    ASSERT_TRUE(known && known->reply);
    EXPECT_TRUE(known->reply_with_card);
    EXPECT_EQ(known->reply->context, expected.context);
    samples::expect_same_parts(known->reply->parts, expected.parts);
    const auto& card = known->reply->card;
    EXPECT_EQ(card.message_id, "r1");
    EXPECT_EQ(card.creation, samples::at(3));
    EXPECT_EQ(card.forwarding, samples::at(4));
    EXPECT_FALSE(card.reception);
    EXPECT_EQ(card.inspections.size(), 3u);
    this->backend.restart();
  }
}

TYPED_TEST_P(PushContract, AReplyWithoutIdHasNoCard) {
  const auto push = this->push("m1", 1, "r1");
  this->begin(push);
  auto result = this->accepted(2);
  result.reply = this->reply("r1", 2);
  result.reply->with_card = false;
  ASSERT_TRUE(this->store().finish_push("m1", result));
  EXPECT_EQ(this->cards("sender").size(), 1u);
  EXPECT_EQ(this->cards("wgb:1").size(), 1u);
  const auto known = this->find(push);
  ASSERT_TRUE(known && known->reply);
  EXPECT_FALSE(known->reply_with_card);
  samples::expect_same_parts(known->reply->parts, result.reply->delivery.parts);
}

TYPED_TEST_P(PushContract, TheNextTurnOfTheDialogReceivesTheReply) {
  samples::Conversation dialog(this->store(), "1", "sender", samples::at(0));
  ASSERT_TRUE(this->store().begin_push(this->push("m1", 1, "r1"), dialog.next(samples::at(1)), ""));
  auto result = this->accepted(2);
  result.reply = this->reply("r1", 2, "1");
  ASSERT_TRUE(this->store().finish_push("m1", result));
  auto broken = dialog.turn(samples::at(3));
  broken.acknowledge = false;
  ++dialog.sequence;
  ASSERT_TRUE(this->store().take_turn(broken));
  EXPECT_FALSE(this->cards("sender", mailbox::CardRole::addressee).at(0).reception);
  ASSERT_TRUE(this->store().take_turn(dialog.next(samples::at(4))));
  EXPECT_EQ(this->cards("sender", mailbox::CardRole::addressee).at(0).reception, samples::at(4));
}

TYPED_TEST_P(PushContract, AReplyForAClosedDialogIsNeverReceived) {
  samples::Conversation dialog(this->store(), "1", "sender", samples::at(0));
  ASSERT_TRUE(this->store().begin_push(this->push("m1", 1, "r1"), dialog.next(samples::at(1)), ""));
  ASSERT_TRUE(this->store().close_dialog("1"));
  auto result = this->accepted(2);
  result.reply = this->reply("r1", 2, "1");
  ASSERT_TRUE(this->store().finish_push("m1", result));
  EXPECT_FALSE(this->cards("sender", mailbox::CardRole::addressee).at(0).reception);
  ASSERT_TRUE(this->store().expire_dialogs(samples::at(100), samples::at(100)));
}

TYPED_TEST_P(PushContract, BeginningTakesTheTurnAndARefusedIdToo) {
  samples::Conversation dialog(this->store(), "1", "sender", samples::at(0));
  ASSERT_TRUE(this->store().begin_push(this->push("m1", 1), dialog.next(samples::at(1), "pushed"),
                                       "refused:9801"));
  auto found = this->store().find_dialog("1");
  EXPECT_EQ((*found)->next_sequence, 1u);
  EXPECT_EQ((*found)->last_result, "pushed");
  auto other = this->push("m1", 2);
  other.delivery.request_digest = "another";
  EXPECT_EQ(samples::code_of(this->store().begin_push(other, dialog.next(samples::at(2), "pushed"),
                                                      "refused:9801")),
            base::ErrorCode::message_id_refused);
  found = this->store().find_dialog("1");
  EXPECT_EQ((*found)->next_sequence, 2u);
  EXPECT_EQ((*found)->last_result, "refused:9801");
  // A turn that does not fit spends no id.
  auto late = dialog.turn(samples::at(3), "pushed");
  late.challenge = "another";
  EXPECT_EQ(samples::code_of(this->store().begin_push(this->push("m2", 3), late, "")),
            base::ErrorCode::control_block);
  EXPECT_FALSE(this->find(this->push("m2", 3)));
}

REGISTER_TYPED_TEST_SUITE_P(PushContract, EveryStepIsThereAfterARestart, AFailureLeavesNoReception,
                            TheFirstOutcomeStays, OnlyTheIdenticalRequestIsARepeat,
                            AnIdIsSpentForMailboxesAndPushesAlike, NoFetchFindsAPush,
                            CardsShowToSenderAndAddressee,
                            AReplyComesBackOctetForOctetAlsoAfterARestart, AReplyWithoutIdHasNoCard,
                            TheNextTurnOfTheDialogReceivesTheReply,
                            AReplyForAClosedDialogIsNeverReceived,
                            BeginningTakesTheTurnAndARefusedIdToo);
