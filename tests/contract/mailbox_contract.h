// What every adapter of mailbox::Store promises. A Backend has store() and restart(): the same data
// as a new process would see it.
#pragma once
#include "contract/samples.h"
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

template <class Backend>
class MailboxContract : public testing::Test {
 protected:
  mailbox::Store& store() { return backend.store(); }

  void put(const std::string& message_id, const std::string& mailbox, std::int64_t second,
           const std::string& originator = "sender") {
    auto delivery = samples::delivery(message_id, mailbox, samples::at(second));
    delivery.originator = originator;
    const auto stored = store().store(delivery, std::nullopt, "");
    ASSERT_TRUE(stored.has_value()) << stored.error().detail;
  }

  samples::Conversation converse(const std::string& conversation_id,
                                 const std::string& party = "recipient") {
    return samples::Conversation(store(), conversation_id, party, samples::at(0));
  }

  mailbox::Dialog dialog(const std::string& conversation_id) {
    const auto found = store().find_dialog(conversation_id);
    EXPECT_TRUE(found && *found);
    return found && *found ? **found : mailbox::Dialog{};
  }

  mailbox::ProcessCard card(const std::string& message_id) {
    mailbox::CardSelection selection;
    selection.party = "sender";
    selection.rule = mailbox::CardRule::message_ids;
    selection.message_ids = {message_id};
    const auto page = store().cards(selection, std::nullopt);
    EXPECT_TRUE(page && page->cards.size() == 1) << message_id;
    return page && page->cards.size() == 1 ? page->cards.front() : mailbox::ProcessCard{};
  }

  static mailbox::CardSelection cards_of(const std::string& party, samples::Ids mailboxes) {
    mailbox::CardSelection out;
    out.party = party;
    out.mailboxes = std::move(mailboxes);
    return out;
  }

  // Fetches and acknowledges one delivery in a dialog of its own.
  void receive(const std::string& message_id, const std::string& mailbox, std::int64_t second) {
    auto own = converse("receive-" + message_id);
    const auto fetched =
        store().fetch(samples::by_id({mailbox}, message_id), own.next(samples::at(second)));
    ASSERT_EQ(samples::id_of(fetched), message_id);
    auto exit = own.next(samples::at(second));
    exit.close = true;
    ASSERT_TRUE(store().take_turn(exit));
  }

  Backend backend;
};

TYPED_TEST_SUITE_P(MailboxContract);

// --- dialogs
// -----------------------------------------------------------------------------------------

TYPED_TEST_P(MailboxContract, AnOpenedDialogIsFoundAsItWasOpenedAlsoAfterARestart) {
  auto opened = samples::dialog("100", "recipient", samples::at(5));
  opened.short_iv = false;
  opened.encrypted = false;
  opened.next_sequence = 0;
  ASSERT_TRUE(this->store().open_dialog(opened, 1));
  this->backend.restart();
  const auto found = this->dialog("100");
  EXPECT_EQ(found.conversation_id, "100");
  EXPECT_EQ(found.party, opened.party);
  EXPECT_EQ(found.cipher_certificate, opened.cipher_certificate);
  EXPECT_EQ(found.signature_fingerprint, opened.signature_fingerprint);
  EXPECT_FALSE(found.encrypted);
  EXPECT_FALSE(found.short_iv);
  EXPECT_EQ(found.next_sequence, 0u);
  EXPECT_EQ(found.challenge, opened.challenge);
  EXPECT_EQ(found.opened, samples::at(5));
  EXPECT_EQ(found.last_activity, samples::at(5));
  EXPECT_FALSE(found.closed);
  EXPECT_EQ(found.last_request_digest, "");
  EXPECT_EQ(found.last_result, "");
}

TYPED_TEST_P(MailboxContract, AnUnknownDialogIsNoError) {
  const auto found = this->store().find_dialog("404");
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
  EXPECT_TRUE(this->store().close_dialog("404"));
}

TYPED_TEST_P(MailboxContract, APartyHoldsNoMoreOpenDialogsThanAllowed) {
  using samples::dialog;
  auto& store = this->store();
  for (const char* id : {"1", "2"}) {
    ASSERT_TRUE(store.open_dialog(dialog(id, "a", samples::at(0)), 2));
    // A request that followed: the dialog is no mere InitDialog any more.
    mailbox::DialogTurn turn;
    turn.conversation_id = id;
    turn.challenge = dialog(id, "a", samples::at(0)).challenge;
    turn.next_challenge = "next";
    turn.now = samples::at(1);
    ASSERT_TRUE(store.take_turn(turn));
  }
  EXPECT_EQ(samples::code_of(store.open_dialog(dialog("3", "a", samples::at(2)), 2)),
            base::ErrorCode::quota_exceeded);
  EXPECT_TRUE(store.open_dialog(dialog("4", "b", samples::at(2)), 2));
  ASSERT_TRUE(store.close_dialog("1"));
  EXPECT_TRUE(store.open_dialog(dialog("5", "a", samples::at(2)), 2));
  EXPECT_FALSE(*store.find_dialog("3"));
}

TYPED_TEST_P(MailboxContract, ADialogThatOnlyBeganMakesRoomForANewerOne) {
  using samples::dialog;
  auto& store = this->store();
  for (const char* id : {"1", "2", "3"})
    ASSERT_TRUE(store.open_dialog(dialog(id, "a", samples::at(*id - '0')), 2));
  EXPECT_TRUE((*store.find_dialog("1"))->closed);
  EXPECT_FALSE((*store.find_dialog("2"))->closed);
  EXPECT_FALSE((*store.find_dialog("3"))->closed);
}

TYPED_TEST_P(MailboxContract, AConversationIdInUseIsNotOpenedAgain) {
  ASSERT_TRUE(this->store().open_dialog(samples::dialog("1", "a", samples::at(0)), 9));
  EXPECT_EQ(
      samples::code_of(this->store().open_dialog(samples::dialog("1", "b", samples::at(0)), 9)),
      base::ErrorCode::storage_failure);
  EXPECT_EQ(this->dialog("1").party, "a");
}

TYPED_TEST_P(MailboxContract, ATurnMovesTheDialogOn) {
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().take_turn(talk.next(samples::at(7), "issued:x")));
  const auto found = this->dialog("1");
  EXPECT_EQ(found.next_sequence, 1u);
  EXPECT_EQ(found.challenge, "challenge-1");
  EXPECT_EQ(found.last_activity, samples::at(7));
  EXPECT_EQ(found.last_request_digest, "request-0");
  EXPECT_EQ(found.last_result, "issued:x");
  EXPECT_FALSE(found.closed);
  EXPECT_TRUE(this->store().take_turn(talk.next(samples::at(8))));
}

TYPED_TEST_P(MailboxContract, ATurnThatDoesNotFitIsRefusedAndChangesNothing) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_EQ(
      samples::id_of(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2)))),
      "m1");
  const auto before = this->dialog("1");

  auto unknown = talk.turn(samples::at(9));
  unknown.conversation_id = "2";
  auto late = talk.turn(samples::at(9));
  late.sequence = 0;
  auto early = talk.turn(samples::at(9));
  early.sequence = 2;
  auto wrong = talk.turn(samples::at(9));
  wrong.challenge = "challenge-0";
  auto empty = talk.turn(samples::at(9));
  empty.challenge = "";
  for (const auto& turn : {unknown, late, early, wrong, empty}) {
    auto& store = this->store();
    using samples::code_of;
    EXPECT_EQ(code_of(store.take_turn(turn)), base::ErrorCode::control_block);
    EXPECT_EQ(code_of(store.fetch(samples::oldest({"box"}), turn)), base::ErrorCode::control_block);
    EXPECT_EQ(code_of(store.cards(this->cards_of("sender", {}), turn)),
              base::ErrorCode::control_block);
    EXPECT_EQ(
        code_of(store.store(samples::delivery("m2", "box", samples::at(9)), turn, "refused:")),
        base::ErrorCode::control_block);
  }
  const auto after = this->dialog("1");
  EXPECT_EQ(after.next_sequence, before.next_sequence);
  EXPECT_EQ(after.challenge, before.challenge);
  EXPECT_EQ(after.last_activity, before.last_activity);
  EXPECT_EQ(after.last_result, before.last_result);
  EXPECT_FALSE(this->card("m1").reception);
  // The message id has not been consumed either.
  EXPECT_TRUE(
      this->store().store(samples::delivery("m2", "box", samples::at(9)), std::nullopt, ""));
}

TYPED_TEST_P(MailboxContract, ExitDialogAcknowledgesAndCloses) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2))));
  auto exit = talk.next(samples::at(3), "exit");
  exit.close = true;
  ASSERT_TRUE(this->store().take_turn(exit));
  EXPECT_TRUE(this->dialog("1").closed);
  EXPECT_EQ(this->dialog("1").last_result, "exit");
  EXPECT_EQ(this->card("m1").reception, samples::at(3));
  EXPECT_EQ(samples::code_of(this->store().take_turn(talk.next(samples::at(4)))),
            base::ErrorCode::control_block);
}

TYPED_TEST_P(MailboxContract, ADeliveryHandedOutInABrokenDialogIsFetchedAgain) {
  this->put("m1", "box", 1);
  auto broken = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), broken.next(samples::at(2))));
  ASSERT_TRUE(this->store().close_dialog("1"));
  EXPECT_TRUE(this->dialog("1").closed);
  EXPECT_FALSE(this->card("m1").reception);
  auto talk = this->converse("2");
  EXPECT_EQ(
      samples::id_of(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(3)))),
      "m1");
  EXPECT_EQ(this->card("m1").forwarding, samples::at(3));
}

TYPED_TEST_P(MailboxContract, IdleDialogsAreClosedCountedAndLaterForgotten) {
  auto& store = this->store();
  this->put("m1", "box", 1);
  auto idle = samples::Conversation(store, "idle", "a", samples::at(10));
  ASSERT_TRUE(store.fetch(samples::oldest({"box"}), idle.next(samples::at(20))));
  auto busy = samples::Conversation(store, "busy", "a", samples::at(10));
  ASSERT_TRUE(store.take_turn(busy.next(samples::at(30))));

  EXPECT_EQ(*store.expire_dialogs(samples::at(20), samples::at(0)), 0u) << "idle since, not before";
  EXPECT_EQ(*store.expire_dialogs(samples::at(21), samples::at(0)), 1u);
  EXPECT_EQ(*store.expire_dialogs(samples::at(21), samples::at(0)), 0u);
  EXPECT_TRUE(this->dialog("idle").closed);
  EXPECT_FALSE(this->dialog("busy").closed);
  EXPECT_FALSE(this->card("m1").reception) << "expiry is no acknowledgement";

  EXPECT_EQ(*store.expire_dialogs(samples::at(21), samples::at(21)), 0u);
  EXPECT_FALSE(*store.find_dialog("idle"));
  EXPECT_TRUE(*store.find_dialog("busy"));
  auto again = this->converse("again");
  EXPECT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), again.next(samples::at(40)))),
            "m1");
}

TYPED_TEST_P(MailboxContract, OfConcurrentRequestsInADialogOneTakesTheTurn) {
  this->put("m1", "box", 1);
  const auto talk = this->converse("1");
  std::atomic<int> taken{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto turn = talk.turn(samples::at(2 + i));
      const auto code = i % 2 == 0
                            ? this->store().take_turn(turn).has_value()
                            : this->store().fetch(samples::oldest({"box"}), turn).has_value();
      ++(code ? taken : refused);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(this->dialog("1").next_sequence, 1u);
}

// --- storing
// -----------------------------------------------------------------------------------------

TYPED_TEST_P(MailboxContract, ADeliveryComesBackOctetForOctetAlsoAfterARestart) {
  const auto sent = samples::rich_delivery("m1", "box", samples::at(1));
  ASSERT_TRUE(this->store().store(sent, std::nullopt, ""));
  this->backend.restart();
  auto talk = this->converse("1");
  const auto fetched = this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2)));
  ASSERT_TRUE(fetched && fetched->delivery);
  EXPECT_EQ(fetched->delivery->mailbox, "box");
  EXPECT_EQ(fetched->delivery->originator, "sender");
  EXPECT_EQ(fetched->delivery->context, sent.context);
  samples::expect_same_parts(fetched->delivery->parts, sent.parts);
  EXPECT_EQ(fetched->delivery->metadata, sent.metadata);
  mailbox::ProcessCard expected;
  expected.message_id = "m1";
  expected.creation = samples::at(1);
  expected.forwarding = expected.modification = samples::at(2);
  expected.subject = sent.subject;
  expected.inspections = sent.inspections;
  expected.creation_token = sent.creation_token;
  samples::expect_same_card(fetched->delivery->card, expected);
}

TYPED_TEST_P(MailboxContract, TheReceiptCarriesTheCardAndTheFeedback) {
  const auto sent = samples::rich_delivery("m1", "box", samples::at(1));
  const auto receipt = this->store().store(sent, std::nullopt, "");
  ASSERT_TRUE(receipt.has_value());
  EXPECT_FALSE(receipt->repeated);
  EXPECT_EQ(receipt->feedback, sent.feedback);
  mailbox::ProcessCard expected;
  expected.message_id = "m1";
  expected.creation = expected.modification = samples::at(1);
  expected.subject = sent.subject;
  expected.inspections = sent.inspections;
  expected.creation_token = sent.creation_token;
  samples::expect_same_card(receipt->card, expected);
}

TYPED_TEST_P(MailboxContract, AnAbsentSubjectIsNotAnEmptyOne) {
  auto empty = samples::delivery("m1", "box", samples::at(1));
  empty.subject = "";
  ASSERT_TRUE(this->store().store(empty, std::nullopt, ""));
  this->put("m2", "box", 2);
  EXPECT_EQ(this->card("m1").subject, "");
  EXPECT_EQ(this->card("m2").subject, std::nullopt);
}

TYPED_TEST_P(MailboxContract, AnIdenticalRepeatGetsTheFirstReceipt) {
  const auto sent = samples::rich_delivery("m1", "box", samples::at(1));
  const auto first = this->store().store(sent, std::nullopt, "");
  ASSERT_TRUE(first.has_value());
  this->receive("m1", "box", 5);
  this->backend.restart();

  auto again = sent;
  again.creation = samples::at(100); // the repeat arrives later
  again.feedback = {"3801"};
  again.inspections.clear();
  const auto second = this->store().store(again, std::nullopt, "");
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(second->feedback, sent.feedback);
  samples::expect_same_card(second->card, first->card);
  EXPECT_EQ(this->card("m1").reception, samples::at(5)) << "and changes nothing";
  EXPECT_EQ(samples::ids_of(this->store().cards(this->cards_of("sender", {}), std::nullopt)),
            samples::Ids{"m1"});
}

TYPED_TEST_P(MailboxContract, AConsumedMessageIdIsRefusedForAnotherDelivery) {
  this->put("m1", "box", 1);
  auto other = samples::delivery("m1", "elsewhere", samples::at(2));
  other.request_digest = "another request";
  EXPECT_EQ(samples::code_of(this->store().store(other, std::nullopt, "refused:9801")),
            base::ErrorCode::message_id_refused);
  EXPECT_EQ(samples::id_of(this->store().read(samples::oldest({"elsewhere"}))), "-");
  const auto kept = this->store().read(samples::oldest({"box"}));
  ASSERT_TRUE(kept && kept->delivery);
  EXPECT_EQ(kept->delivery->parts.front().bytes, "<content>m1</content>");
}

TYPED_TEST_P(MailboxContract, ADeliveryWithoutARequestDigestIsNeverARepeat) {
  auto sent = samples::delivery("m1", "box", samples::at(1));
  sent.request_digest.clear();
  ASSERT_TRUE(this->store().store(sent, std::nullopt, ""));
  EXPECT_EQ(samples::code_of(this->store().store(sent, std::nullopt, "")),
            base::ErrorCode::message_id_refused);
}

TYPED_TEST_P(MailboxContract, StoringInADialogTakesTheTurnAndAcknowledges) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2))));
  ASSERT_TRUE(this->store().store(samples::delivery("m2", "box", samples::at(3)),
                                  talk.next(samples::at(3), "stored"), "refused:9801"));
  EXPECT_EQ(this->dialog("1").last_result, "stored");
  EXPECT_EQ(this->dialog("1").next_sequence, 2u);
  EXPECT_EQ(this->card("m1").reception, samples::at(3));
}

TYPED_TEST_P(MailboxContract, ARefusedMessageIdStillTakesTheTurn) {
  this->put("m1", "box", 1);
  this->put("m2", "box", 2);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(3))));
  auto other = samples::delivery("m2", "box", samples::at(4));
  other.request_digest = "another request";
  EXPECT_EQ(samples::code_of(
                this->store().store(other, talk.next(samples::at(4), "stored"), "refused:9801")),
            base::ErrorCode::message_id_refused);
  const auto found = this->dialog("1");
  EXPECT_EQ(found.last_result, "refused:9801");
  EXPECT_EQ(found.next_sequence, 2u);
  EXPECT_EQ(found.challenge, "challenge-2");
  EXPECT_EQ(this->card("m1").reception, samples::at(4));
}

TYPED_TEST_P(MailboxContract, ARepeatInADialogTakesItsTurn) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  const auto receipt = this->store().store(samples::delivery("m1", "box", samples::at(9)),
                                           talk.next(samples::at(9), "stored"), "refused:9801");
  ASSERT_TRUE(receipt.has_value());
  EXPECT_TRUE(receipt->repeated);
  EXPECT_EQ(this->dialog("1").last_result, "stored");
  EXPECT_EQ(this->dialog("1").next_sequence, 1u);
}

TYPED_TEST_P(MailboxContract, OfConcurrentStoresWithOneMessageIdExactlyOneWins) {
  for (int round = 0; round < 5; ++round) {
    const std::string id = "m" + std::to_string(round);
    std::atomic<int> stored{0}, repeated{0}, refused{0}, other{0};
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        auto mine = samples::rich_delivery(id, "box", samples::at(i));
        // Two groups: identical requests among themselves, different between the groups.
        mine.request_digest = i % 2 == 0 ? "even" : "odd";
        mine.parts.front().bytes = mine.request_digest;
        while (!go) std::this_thread::yield();
        const auto receipt = this->store().store(mine, std::nullopt, "");
        if (receipt)
          ++(receipt->repeated ? repeated : stored);
        else if (receipt.error().code == base::ErrorCode::message_id_refused)
          ++refused;
        else
          ++other;
      });
    go = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(stored, 1);
    EXPECT_EQ(repeated, 3);
    EXPECT_EQ(refused, 4);
    EXPECT_EQ(other, 0);
  }
  const auto read = this->store().read(samples::oldest({"box"}));
  ASSERT_TRUE(read && read->delivery);
  EXPECT_EQ(read->waiting, 4u);
}

// --- fetching
// ----------------------------------------------------------------------------------------

TYPED_TEST_P(MailboxContract, AnEmptyMailboxGivesNothingAndTakesTheTurn) {
  auto talk = this->converse("1");
  const auto fetched = this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(1)));
  ASSERT_TRUE(fetched.has_value());
  EXPECT_FALSE(fetched->delivery);
  EXPECT_EQ(fetched->waiting, 0u);
  EXPECT_EQ(this->dialog("1").last_result, "fetched:");
  EXPECT_EQ(this->dialog("1").next_sequence, 1u);
}

TYPED_TEST_P(MailboxContract, WithoutAMailboxNothingIsFound) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  EXPECT_EQ(samples::id_of(this->store().fetch(samples::oldest({}), talk.next(samples::at(2)))),
            "-");
  EXPECT_EQ(
      samples::id_of(this->store().fetch(samples::by_id({}, "m1"), talk.next(samples::at(2)))),
      "-");
  EXPECT_EQ(samples::id_of(this->store().read(samples::since({}, samples::at(0)))), "-");
}

TYPED_TEST_P(MailboxContract, EachNextFetchInADialogAcknowledgesAndAdvances) {
  this->put("first", "box", 10);
  this->put("later", "box", 20);
  this->put("last", "box", 30);
  auto talk = this->converse("1");
  auto& store = this->store();
  const auto all = samples::oldest({"box"});

  const auto first = store.fetch(all, talk.next(samples::at(41)));
  EXPECT_EQ(samples::id_of(first), "first");
  EXPECT_EQ(first->waiting, 2u);
  EXPECT_EQ(this->dialog("1").last_result, "fetched:first");
  EXPECT_FALSE(this->card("first").reception);

  const auto second = store.fetch(all, talk.next(samples::at(42)));
  EXPECT_EQ(samples::id_of(second), "later");
  EXPECT_EQ(second->waiting, 1u);
  EXPECT_EQ(this->card("first").reception, samples::at(42));
  EXPECT_EQ(this->card("first").modification, samples::at(42));

  EXPECT_EQ(samples::id_of(store.fetch(all, talk.next(samples::at(43)))), "last");
  const auto none = store.fetch(all, talk.next(samples::at(44)));
  EXPECT_EQ(samples::id_of(none), "-");
  EXPECT_EQ(none->waiting, 0u);
  EXPECT_EQ(this->card("last").reception, samples::at(44));
}

TYPED_TEST_P(MailboxContract, EqualTimesKeepTheOrderOfStoring) {
  for (const char* id : {"c", "a", "b"}) this->put(id, "box", 1);
  auto talk = this->converse("1");
  for (const char* id : {"c", "a", "b"})
    EXPECT_EQ(
        samples::id_of(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2)))),
        id);
}

TYPED_TEST_P(MailboxContract, UntilItIsAcknowledgedADeliveryIsFetchedAgainAndForwardedAnew) {
  this->put("m1", "box", 1);
  auto& store = this->store();
  for (int i = 1; i <= 3; ++i) {
    auto talk = this->converse(std::to_string(i));
    const auto fetched = store.fetch(samples::oldest({"box"}), talk.next(samples::at(10 * i)));
    ASSERT_EQ(samples::id_of(fetched), "m1");
    EXPECT_EQ(fetched->delivery->card.forwarding, samples::at(10 * i));
    EXPECT_EQ(fetched->delivery->card.modification, samples::at(10 * i));
    EXPECT_EQ(fetched->waiting, 0u);
  }
}

TYPED_TEST_P(MailboxContract, TheFirstAcknowledgementCountsAndFreezesTheCard) {
  this->put("m1", "box", 1);
  auto& store = this->store();
  auto one = this->converse("1"), two = this->converse("2");
  ASSERT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), one.next(samples::at(10)))), "m1");
  ASSERT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), two.next(samples::at(11)))), "m1");
  ASSERT_TRUE(store.take_turn(one.next(samples::at(12))));
  ASSERT_TRUE(store.take_turn(two.next(samples::at(13))));
  const auto again = store.fetch(samples::by_id({"box"}, "m1"), two.next(samples::at(14)));
  ASSERT_EQ(samples::id_of(again), "m1");
  EXPECT_EQ(again->delivery->card.forwarding, samples::at(11));
  EXPECT_EQ(again->delivery->card.reception, samples::at(12));
  EXPECT_EQ(again->delivery->card.modification, samples::at(12));
  ASSERT_TRUE(store.take_turn(two.next(samples::at(15))));
  EXPECT_EQ(this->card("m1").modification, samples::at(12));
}

TYPED_TEST_P(MailboxContract, FetchingTheSameDeliveryAgainInTheDialogAcknowledgesItFirst) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  const auto one = samples::by_id({"box"}, "m1");
  ASSERT_EQ(samples::id_of(this->store().fetch(one, talk.next(samples::at(10)))), "m1");
  const auto second = this->store().fetch(one, talk.next(samples::at(11)));
  ASSERT_EQ(samples::id_of(second), "m1");
  EXPECT_EQ(second->delivery->card.forwarding, samples::at(10));
  EXPECT_EQ(second->delivery->card.reception, samples::at(11));
}

TYPED_TEST_P(MailboxContract, ATurnWithoutAcknowledgementLeavesItToTheNextOne) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(10))));
  auto unsigned_turn = talk.next(samples::at(11), "refused:9601");
  unsigned_turn.acknowledge = false;
  ASSERT_TRUE(this->store().take_turn(unsigned_turn));
  EXPECT_FALSE(this->card("m1").reception);
  EXPECT_EQ(this->dialog("1").last_result, "refused:9601");
  ASSERT_TRUE(this->store().take_turn(talk.next(samples::at(12))));
  EXPECT_EQ(this->card("m1").reception, samples::at(12));
}

TYPED_TEST_P(MailboxContract, AFetchWithoutAcknowledgementGivesTheSameDeliveryAgain) {
  this->put("m1", "box", 1);
  this->put("m2", "box", 2);
  auto talk = this->converse("1");
  ASSERT_EQ(
      samples::id_of(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(10)))),
      "m1");
  auto turn = talk.next(samples::at(11));
  turn.acknowledge = false;
  EXPECT_EQ(samples::id_of(this->store().fetch(samples::oldest({"box"}), turn)), "m1");
}

TYPED_TEST_P(MailboxContract, AcknowledgementSurvivesARestartBetweenFetchAndNextRequest) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2))));
  this->backend.restart();
  ASSERT_TRUE(this->store().take_turn(talk.next(samples::at(3))));
  EXPECT_EQ(this->card("m1").reception, samples::at(3));
}

TYPED_TEST_P(MailboxContract, AForeignDeliveryIsNotFound) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  auto& store = this->store();
  for (const auto& selection :
       {samples::oldest({"other"}), samples::by_id({"other"}, "m1"),
        samples::since({"other"}, samples::at(0)), samples::by_id({"box"}, "unknown")}) {
    EXPECT_EQ(samples::id_of(store.fetch(selection, talk.next(samples::at(2)))), "-");
    EXPECT_EQ(samples::id_of(store.read(selection)), "-");
  }
  EXPECT_FALSE(this->card("m1").forwarding);
}

TYPED_TEST_P(MailboxContract, ByMessageIdAlsoAReceivedDeliveryIsFound) {
  this->put("m1", "box", 1);
  this->put("m2", "box", 2);
  this->receive("m1", "box", 5);
  auto talk = this->converse("1");
  const auto fetched =
      this->store().fetch(samples::by_id({"box"}, "m1"), talk.next(samples::at(9)));
  ASSERT_EQ(samples::id_of(fetched), "m1");
  EXPECT_EQ(fetched->waiting, 1u);
  EXPECT_EQ(this->card("m1").forwarding, samples::at(5));
}

TYPED_TEST_P(MailboxContract, ByDateTheOldestAtOrAfterItIsFoundReceivedOrNot) {
  this->put("m1", "box", 10);
  this->put("m2", "box", 20);
  this->put("m3", "box", 30);
  this->receive("m2", "box", 40);
  const auto found = [&](base::Instant when) {
    return samples::id_of(this->store().read(samples::since({"box"}, when)));
  };
  EXPECT_EQ(found(samples::at(0)), "m1");
  EXPECT_EQ(found(samples::at(10)), "m1");
  EXPECT_EQ(found(samples::at(10) + base::Milliseconds{1}), "m2");
  EXPECT_EQ(found(samples::at(30)), "m3");
  EXPECT_EQ(found(samples::at(30) + base::Milliseconds{1}), "-");
  EXPECT_EQ(this->store().read(samples::since({"box"}, samples::at(20)))->waiting, 2u);
  EXPECT_EQ(this->store().read(samples::since({"box"}, samples::at(99)))->waiting, 2u);
}

TYPED_TEST_P(MailboxContract, SeveralMailboxesAreOneQueueByCreation) {
  this->put("b1", "b", 1);
  this->put("a2", "a", 2);
  this->put("c3", "c", 3);
  this->put("b4", "b", 4);
  auto talk = this->converse("1");
  const auto both = samples::oldest({"a", "b", "a"});
  const auto first = this->store().fetch(both, talk.next(samples::at(9)));
  EXPECT_EQ(samples::id_of(first), "b1");
  EXPECT_EQ(first->waiting, 2u) << "mailbox c is not asked for, mailbox a counts once";
  EXPECT_EQ(samples::id_of(this->store().fetch(both, talk.next(samples::at(9)))), "a2");
  EXPECT_EQ(samples::id_of(this->store().fetch(both, talk.next(samples::at(9)))), "b4");
  EXPECT_EQ(samples::id_of(this->store().fetch(both, talk.next(samples::at(9)))), "-");
}

TYPED_TEST_P(MailboxContract, ReadingChangesNothing) {
  this->put("m1", "box", 1);
  this->put("m2", "box", 2);
  for (int i = 0; i < 2; ++i) {
    const auto read = this->store().read(samples::oldest({"box"}));
    EXPECT_EQ(samples::id_of(read), "m1");
    EXPECT_EQ(read->waiting, 1u);
    EXPECT_FALSE(read->delivery->card.forwarding);
  }
}

TYPED_TEST_P(MailboxContract, ConcurrentRecipientsOfAMailboxLoseNothingAndReceiveNothingTwice) {
  constexpr int kDeliveries = 40;
  for (int i = 0; i < kDeliveries; ++i) this->put("m" + std::to_string(i), "box", i);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      samples::Conversation talk(this->store(), "talk-" + std::to_string(i), "recipient",
                                 samples::at(0));
      for (;;) {
        const auto fetched =
            this->store().fetch(samples::oldest({"box"}), talk.turn(samples::at(100)));
        if (!fetched && fetched.error().code == base::ErrorCode::overloaded) continue;
        if (!fetched) {
          ++failures;
          return;
        }
        ++talk.sequence;
        if (!fetched->delivery) return;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  auto all = this->cards_of("sender", {});
  all.limit = 1000;
  const auto page = this->store().cards(all, std::nullopt);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->cards.size(), std::size_t{kDeliveries});
  for (const auto& card : page->cards) EXPECT_TRUE(card.reception) << card.message_id;
}

// --- process cards
// -----------------------------------------------------------------------------------

TYPED_TEST_P(MailboxContract, CardsAreVisibleToOriginatorAndAddresseeOnly) {
  using mailbox::CardRole;
  this->put("to-me", "box", 1, "other");
  this->put("from-me", "elsewhere", 2, "me");
  this->put("foreign", "elsewhere", 3, "other");
  this->put("to-myself", "box", 4, "me");
  const auto visible = [&](CardRole role, mailbox::CardRule rule) {
    auto selection = this->cards_of("me", {"box"});
    selection.role = role;
    selection.rule = rule;
    selection.message_ids = {"foreign", "to-myself", "from-me", "to-me", "unknown", "to-me"};
    return samples::ids_of(this->store().cards(selection, std::nullopt));
  };
  for (const auto rule :
       {mailbox::CardRule::all, mailbox::CardRule::message_ids,
        mailbox::CardRule::reception_of_delivery, mailbox::CardRule::recent_modification}) {
    EXPECT_EQ(visible(CardRole::any, rule), (samples::Ids{"to-me", "from-me", "to-myself"}));
    EXPECT_EQ(visible(CardRole::addressee, rule), (samples::Ids{"to-me", "to-myself"}));
    EXPECT_EQ(visible(CardRole::originator, rule), (samples::Ids{"from-me", "to-myself"}));
  }
}

TYPED_TEST_P(MailboxContract, CardsComeInTheOrderOfTheirCriterion) {
  this->put("m1", "box", 10);
  this->put("m2", "other", 20);
  this->put("m3", "box", 30);
  this->receive("m2", "other", 50);
  this->receive("m1", "box", 60);
  auto selection = this->cards_of("sender", {"box"});
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)),
            (samples::Ids{"m1", "m2", "m3"}));
  selection.rule = mailbox::CardRule::reception_of_delivery;
  selection.since = samples::at(20);
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)),
            (samples::Ids{"m2", "m3"}));
  selection.rule = mailbox::CardRule::recent_modification;
  selection.since = samples::at(0);
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)),
            (samples::Ids{"m3", "m2", "m1"}));
  selection.since = samples::at(50);
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)),
            (samples::Ids{"m2", "m1"}));
  selection.since = samples::at(61);
  EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)), samples::Ids{});
}

TYPED_TEST_P(MailboxContract, CardsCanBeLimitedToThoseWithoutReception) {
  for (int i = 1; i <= 4; ++i) this->put("m" + std::to_string(i), "box", i);
  this->receive("m2", "box", 9);
  auto selection = this->cards_of("sender", {"box"});
  selection.no_reception = true;
  selection.message_ids = {"m1", "m2", "m3", "m4"};
  for (const auto rule :
       {mailbox::CardRule::all, mailbox::CardRule::message_ids,
        mailbox::CardRule::reception_of_delivery, mailbox::CardRule::recent_modification}) {
    selection.rule = rule;
    EXPECT_EQ(samples::ids_of(this->store().cards(selection, std::nullopt)),
              (samples::Ids{"m1", "m3", "m4"}));
  }
}

TYPED_TEST_P(MailboxContract, ALimitCutsTheCardsAndSaysThatThereAreMore) {
  for (int i = 1; i <= 3; ++i) this->put("m" + std::to_string(i), "box", i);
  auto selection = this->cards_of("sender", {"box"});
  selection.message_ids = {"m3", "m2", "m1"};
  for (const auto rule :
       {mailbox::CardRule::all, mailbox::CardRule::message_ids,
        mailbox::CardRule::reception_of_delivery, mailbox::CardRule::recent_modification}) {
    selection.rule = rule;
    selection.limit = 2;
    const auto two = this->store().cards(selection, std::nullopt);
    EXPECT_EQ(samples::ids_of(two), (samples::Ids{"m1", "m2"}));
    EXPECT_TRUE(two->more);
    selection.limit = 3;
    const auto three = this->store().cards(selection, std::nullopt);
    EXPECT_EQ(three->cards.size(), 3u);
    EXPECT_FALSE(three->more);
  }
}

TYPED_TEST_P(MailboxContract, AskingForCardsInADialogAcknowledgesFirst) {
  this->put("m1", "box", 1);
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(2))));
  const auto page =
      this->store().cards(this->cards_of("recipient", {"box"}), talk.next(samples::at(3), "cards"));
  ASSERT_TRUE(page && page->cards.size() == 1);
  EXPECT_EQ(page->cards[0].reception, samples::at(3));
  EXPECT_EQ(this->dialog("1").last_result, "cards");
}

TYPED_TEST_P(MailboxContract, ACryptographicReceptionComesWithTheTurnThatAcknowledges) {
  ASSERT_TRUE(
      this->store().store(samples::rich_delivery("a", "m1", samples::at(1)), std::nullopt, ""));
  this->put("plain", "m1", 2);
  auto own = this->converse("c");
  EXPECT_EQ(this->store().awaiting_tokens("c").value(), samples::Ids{});
  ASSERT_EQ(samples::id_of(this->store().fetch(samples::oldest({"m1"}), own.next(samples::at(3)))),
            "a");
  EXPECT_EQ(this->store().awaiting_tokens("c").value(), samples::Ids{"a"});
  EXPECT_EQ(this->store().awaiting_tokens("other").value(), samples::Ids{});
  // A token for what the dialog does not acknowledge is passed over.
  auto next = own.next(samples::at(4));
  next.reception_tokens = {{"a", "token of a"}, {"plain", "token of plain"}};
  ASSERT_EQ(samples::id_of(this->store().fetch(samples::oldest({"m1"}), next)), "plain");
  EXPECT_EQ(this->card("a").reception, samples::at(4));
  EXPECT_EQ(this->card("a").reception_token, "token of a");
  EXPECT_EQ(this->card("plain").reception_token, "");
  EXPECT_EQ(this->store().awaiting_tokens("c").value(), samples::Ids{}); // ordered plain
  // Reception is set once, with its token.
  auto again = this->converse("d");
  ASSERT_EQ(
      samples::id_of(this->store().fetch(samples::by_id({"m1"}, "a"), again.next(samples::at(5)))),
      "a");
  auto exit = again.next(samples::at(6));
  exit.reception_tokens = {{"a", "another"}};
  ASSERT_TRUE(this->store().take_turn(exit));
  this->backend.restart();
  EXPECT_EQ(this->card("a").reception_token, "token of a");
  EXPECT_EQ(this->card("a").reception, samples::at(4));
}

TYPED_TEST_P(MailboxContract, CardsCarrySubjectAndInspections) {
  const auto sent = samples::rich_delivery("m1", "box", samples::at(1));
  const auto receipt = this->store().store(sent, std::nullopt, "");
  ASSERT_TRUE(receipt.has_value());
  samples::expect_same_card(this->card("m1"), receipt->card);
}

// Requests are taken up in one order and carried out in another.
TYPED_TEST_P(MailboxContract, TimesFollowTheOrderOfTransactions) {
  this->put("m1", "box", 10);
  auto talk = this->converse("1");
  // Taken up before the delivery arrived, carried out after it.
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(9))));
  EXPECT_EQ(this->card("m1").forwarding, samples::at(10));
  EXPECT_EQ(this->card("m1").modification, samples::at(10));
  ASSERT_TRUE(this->store().fetch(samples::oldest({"box"}), talk.next(samples::at(8))));
  EXPECT_EQ(this->card("m1").reception, samples::at(10));
}

TYPED_TEST_P(MailboxContract, WhoAsksForWhatIsNewSinceTheLastOneMissesNoneThatOvertookIt) {
  this->put("fast", "box", 10);
  auto talk = this->converse("1");
  ASSERT_EQ(samples::id_of(this->store().fetch(samples::since({"box"}, samples::at(0)),
                                               talk.next(samples::at(11)))),
            "fast");
  this->put("slow", "box", 9); // taken up before "fast"
  const auto creation = this->card("slow").creation;
  EXPECT_EQ(creation, samples::at(11));
  EXPECT_EQ(samples::id_of(this->store().fetch(samples::since({"box"}, samples::at(11)),
                                               talk.next(samples::at(12)))),
            "slow");
  this->backend.restart();
  this->put("after the restart", "box", 8);
  EXPECT_EQ(this->card("after the restart").creation, samples::at(12));
}

TYPED_TEST_P(MailboxContract, TheReceiptShowsTheCreationOfTheCard) {
  this->put("m1", "box", 10);
  const auto receipt =
      this->store().store(samples::delivery("m2", "box", samples::at(9)), std::nullopt, "");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->card.creation, samples::at(10));
  EXPECT_EQ(this->card("m2").creation, samples::at(10));
}

TYPED_TEST_P(MailboxContract, AClockThatWasSetBackIsFollowedButNotOnOneCard) {
  const auto step = std::chrono::seconds(mailbox::kClockStep).count();
  this->put("m1", "box", step + 10);
  this->put("m2", "box", 10); // the step itself
  EXPECT_EQ(this->card("m2").creation, samples::at(10));
  auto talk = this->converse("1");
  ASSERT_TRUE(this->store().fetch(samples::by_id({"box"}, "m1"), talk.next(samples::at(20))));
  EXPECT_EQ(this->card("m1").forwarding, samples::at(step + 10));
  ASSERT_TRUE(this->store().take_turn(talk.next(samples::at(21))));
  EXPECT_EQ(this->card("m1").reception, samples::at(step + 10));
  EXPECT_EQ(this->dialog("1").last_activity, samples::at(21));
}

// --- the rest
// ----------------------------------------------------------------------------------------

TYPED_TEST_P(MailboxContract, AHealthyStoreAnswersTheProbe) {
  EXPECT_TRUE(this->store().probe());
  EXPECT_TRUE(this->store().probe());
}

TYPED_TEST_P(MailboxContract, TextOfAnyKindIsKeptAsItIs) {
  const std::string odd = std::string("a'b\"c\0d\n;--", 11) + "\xc3\xa4\xf0\x9f\x93\xa8";
  auto sent = samples::delivery(odd, odd, samples::at(1));
  sent.originator = odd;
  sent.subject = odd;
  sent.context = odd;
  sent.parts.push_back({mailbox::PartKind::attachment, odd, odd, odd, odd});
  ASSERT_TRUE(this->store().store(sent, std::nullopt, ""));
  ASSERT_TRUE(this->store().open_dialog(samples::dialog(odd, odd, samples::at(0)), 1));
  EXPECT_EQ(this->dialog(odd).party, odd);
  const auto read = this->store().read(samples::by_id({odd}, odd));
  ASSERT_EQ(samples::id_of(read), odd);
  EXPECT_EQ(read->delivery->context, odd);
  EXPECT_EQ(read->delivery->card.subject, odd);
  samples::expect_same_parts(read->delivery->parts, sent.parts);
  EXPECT_EQ(samples::ids_of(this->store().cards(this->cards_of(odd, {}), std::nullopt)),
            samples::Ids{odd});
}

REGISTER_TYPED_TEST_SUITE_P(
    MailboxContract, AnOpenedDialogIsFoundAsItWasOpenedAlsoAfterARestart, AnUnknownDialogIsNoError,
    APartyHoldsNoMoreOpenDialogsThanAllowed, ADialogThatOnlyBeganMakesRoomForANewerOne,
    AConversationIdInUseIsNotOpenedAgain, ATurnMovesTheDialogOn,
    ATurnThatDoesNotFitIsRefusedAndChangesNothing, ExitDialogAcknowledgesAndCloses,
    ADeliveryHandedOutInABrokenDialogIsFetchedAgain, IdleDialogsAreClosedCountedAndLaterForgotten,
    OfConcurrentRequestsInADialogOneTakesTheTurn, ADeliveryComesBackOctetForOctetAlsoAfterARestart,
    TheReceiptCarriesTheCardAndTheFeedback, AnAbsentSubjectIsNotAnEmptyOne,
    AnIdenticalRepeatGetsTheFirstReceipt, AConsumedMessageIdIsRefusedForAnotherDelivery,
    ADeliveryWithoutARequestDigestIsNeverARepeat, StoringInADialogTakesTheTurnAndAcknowledges,
    ARefusedMessageIdStillTakesTheTurn, ARepeatInADialogTakesItsTurn,
    OfConcurrentStoresWithOneMessageIdExactlyOneWins, AnEmptyMailboxGivesNothingAndTakesTheTurn,
    WithoutAMailboxNothingIsFound, EachNextFetchInADialogAcknowledgesAndAdvances,
    EqualTimesKeepTheOrderOfStoring, UntilItIsAcknowledgedADeliveryIsFetchedAgainAndForwardedAnew,
    TheFirstAcknowledgementCountsAndFreezesTheCard,
    FetchingTheSameDeliveryAgainInTheDialogAcknowledgesItFirst,
    ATurnWithoutAcknowledgementLeavesItToTheNextOne,
    AFetchWithoutAcknowledgementGivesTheSameDeliveryAgain,
    AcknowledgementSurvivesARestartBetweenFetchAndNextRequest, AForeignDeliveryIsNotFound,
    ByMessageIdAlsoAReceivedDeliveryIsFound, ByDateTheOldestAtOrAfterItIsFoundReceivedOrNot,
    SeveralMailboxesAreOneQueueByCreation, ReadingChangesNothing,
    ConcurrentRecipientsOfAMailboxLoseNothingAndReceiveNothingTwice,
    CardsAreVisibleToOriginatorAndAddresseeOnly, CardsComeInTheOrderOfTheirCriterion,
    CardsCanBeLimitedToThoseWithoutReception, ALimitCutsTheCardsAndSaysThatThereAreMore,
    AskingForCardsInADialogAcknowledgesFirst, CardsCarrySubjectAndInspections,
    ACryptographicReceptionComesWithTheTurnThatAcknowledges, TimesFollowTheOrderOfTransactions,
    WhoAsksForWhatIsNewSinceTheLastOneMissesNoneThatOvertookIt, TheReceiptShowsTheCreationOfTheCard,
    AClockThatWasSetBackIsFollowedButNotOnOneCard, AHealthyStoreAnswersTheProbe,
    TextOfAnyKindIsKeptAsItIs);
