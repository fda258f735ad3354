// Clients re-send a request silently when a connection breaks: the identical repeat gets the same
// answer.
#include "support/intermediary.h"
#include <filesystem>
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;

struct Repeat : testing::TestWithParam<bool> {
  Intermediary intermediary;
  Party sender{"sender"}, recipient{"recipient"};
  bool restart = GetParam();

  std::string fresh() {
    return intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  }
  // Sends twice and compares what the client understands; without a restart the octets are the
  // same.
  osci::Answer twice(const Party& party, const std::string& wire) {
    const auto first = intermediary.post(wire);
    intermediary.clock.advance(std::chrono::seconds{5});
    if (restart) intermediary.restart();
    const auto second = intermediary.post(wire);
    if (!restart) {
      EXPECT_EQ(first, second);
    }
    const auto a = party.open(first), b = party.open(second);
    EXPECT_EQ(a.control.challenge, b.control.challenge);
    EXPECT_EQ(a.control.sequence_number, b.control.sequence_number);
    EXPECT_EQ(a.message_id, b.message_id);
    EXPECT_EQ(a.feedback.at(0).code, b.feedback.at(0).code);
    EXPECT_EQ(a.cards.size(), b.cards.size());
    if (!a.cards.empty() && !b.cards.empty()) {
      EXPECT_EQ(a.cards[0].message_id, b.cards[0].message_id);
      EXPECT_EQ(a.cards[0].modification, b.cards[0].modification);
      EXPECT_EQ(a.cards[0].forwarding, b.cards[0].forwarding);
    }
    EXPECT_EQ(a.content.has_value(), b.content.has_value());
    if (a.content && b.content) {
      EXPECT_EQ(a.content->body, b.content->body);
    }
    return b;
  }
  osci::Answer in_dialog(Dialog& dialog, const osci::Request& request) {
    auto answer = twice(dialog.party, dialog.party.seal(request));
    dialog.challenge = answer.control.challenge.value_or("");
    ++dialog.sequence;
    return answer;
  }
};

TEST_P(Repeat, EveryRequestOfADialogMayArriveTwice) {
  Dialog dialog(intermediary, sender);
  const auto id = in_dialog(dialog, dialog.next(MessageType::get_message_id)).message_id.value();
  auto store = sender.delivery(id, "Antrag");
  store.control = dialog.next(MessageType::store_delivery).control;
  EXPECT_EQ(in_dialog(dialog, store).feedback.at(0).code, "0801");
  EXPECT_EQ(in_dialog(dialog, dialog.next(MessageType::fetch_process_card)).cards.size(), 1u);
  EXPECT_EQ(in_dialog(dialog, dialog.next(MessageType::fetch_delivery)).feedback.at(0).code,
            "9803");
  EXPECT_EQ(in_dialog(dialog, dialog.next(MessageType::exit_dialog)).feedback.at(0).code, "0800");
}

TEST_P(Repeat, RepeatedFetchDoesNotAcknowledge) {
  const auto stored =
      sender.open(intermediary.post(sender.seal(sender.delivery(fresh(), "Antrag"))));
  ASSERT_TRUE(stored.executed());
  Dialog dialog(intermediary, recipient);
  EXPECT_TRUE(in_dialog(dialog, dialog.next(MessageType::fetch_delivery)).content);
  mailbox::CardSelection all;
  all.mailboxes = {"wgb:059130000000"};
  EXPECT_FALSE(intermediary.store().cards(all, std::nullopt)->cards.at(0).reception);
  in_dialog(dialog, dialog.next(MessageType::exit_dialog));
  EXPECT_TRUE(intermediary.store().cards(all, std::nullopt)->cards.at(0).reception);
}

TEST_P(Repeat, ImplicitStoreReturnsItsReceiptAndStoresOnce) {
  const std::string wire = sender.seal(sender.delivery(fresh(), "Antrag"));
  const auto first = sender.open(intermediary.post(wire));
  if (restart) intermediary.restart();
  intermediary.clock.advance(std::chrono::hours{1});
  const auto second = sender.open(intermediary.post(wire));
  EXPECT_EQ(first.feedback.at(0).code, "0800");
  EXPECT_EQ(second.feedback.at(0).code, "0800");
  EXPECT_EQ(first.cards.at(0).creation, second.cards.at(0).creation);
  Dialog dialog(intermediary, recipient);
  EXPECT_TRUE(dialog.send(dialog.next(MessageType::fetch_delivery)).content);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.at(0).code, "9803");
}

TEST_P(Repeat, RefusedOrderInADialogIsRefusedAgain) {
  Dialog dialog(intermediary, sender);
  auto store = sender.delivery("not-issued-here", "Antrag");
  store.control = dialog.next(MessageType::store_delivery).control;
  EXPECT_EQ(in_dialog(dialog, store).feedback.at(0).code, "9801");
  EXPECT_EQ(in_dialog(dialog, dialog.next(MessageType::exit_dialog)).feedback.at(0).code, "0800");
}

TEST_P(Repeat, OlderRequestIsNoRepeat) {
  Dialog dialog(intermediary, sender);
  const auto request = dialog.next(MessageType::get_message_id);
  const auto wire = sender.seal(request);
  dialog.exchange(wire, request);
  dialog.send(dialog.next(MessageType::get_message_id));
  if (restart) intermediary.restart();
  EXPECT_EQ(support::code_of(sender, intermediary.post(wire)), "9400");
}

TEST(RepeatedFetch, WithoutItsDeliveryEndsTheDialogAndAcknowledgesNothing) {
  Intermediary intermediary;
  const Party sender("sender"), recipient("recipient");
  auto request =
      sender.delivery(intermediary.ids().issue(intermediary.clock.now(), intermediary.random),
                      std::string(20000, 'x'));
  ASSERT_TRUE(sender.open(intermediary.post(sender.seal(request))).executed());
  Dialog dialog(intermediary, recipient);
  const auto fetch = dialog.next(MessageType::fetch_delivery);
  const auto wire = recipient.seal(fetch);
  dialog.exchange(wire, fetch);
  intermediary.restart(); // the answer is in no cache any more
  std::filesystem::remove_all(intermediary.state() + "/state/bodies");
  EXPECT_TRUE(support::is_fault(intermediary.post(wire)));
  EXPECT_EQ(support::code_of(recipient, intermediary.post(
                                            recipient.seal(dialog.next(MessageType::exit_dialog)))),
            "9400");
  mailbox::CardSelection all;
  all.mailboxes = {"wgb:059130000000"};
  EXPECT_FALSE(intermediary.store().cards(all, std::nullopt)->cards.at(0).reception);
}

INSTANTIATE_TEST_SUITE_P(Daemon, Repeat, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Restarted" : "Running"; });

} // namespace
