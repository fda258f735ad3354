// Rates and quotas of senders and mailboxes, through the whole intermediary. Time of the buckets
// stands still unless a test moves it.
#include "base/log.h"
#include "support/chunks.h"
#include "support/intermediary.h"
#include <boost/asio/co_spawn.hpp>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

namespace {

using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;
using namespace std::chrono_literals;

// Counts log events.
class Events {
 public:
  Events() {
    base::set_log_sink([this](const base::LogRecord& record) {
      const std::lock_guard lock(mutex_);
      ++seen_[std::string(record.event)];
    });
  }
  ~Events() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  int of(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    const auto at = seen_.find(event);
    return at == seen_.end() ? 0 : at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> seen_;
};

struct Admission : testing::Test {
  Intermediary intermediary{support::with_chunks()};
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};

  std::string fresh() {
    return intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  }
  std::string sealed_delivery(const Party& party) {
    return party.seal(party.delivery(fresh(), "Antrag"));
  }
  unsigned status_of(const std::string& wire) {
    unsigned status = 0;
    intermediary.post(wire, &status);
    return status;
  }
  std::size_t cards() {
    mailbox::CardSelection all;
    all.mailboxes = {"wgb:059130000000"};
    return intermediary.store().cards(all, std::nullopt)->cards.size();
  }
};

TEST_F(Admission, ASenderOverItsRateIsSentAwayAndLosesNothing) {
  intermediary.admission.sender_rate = 2;
  intermediary.admission.sender_burst = 3;
  intermediary.restart();
  const Events events;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(sealed_delivery(sender)), 200u);
  const auto wire = sealed_delivery(sender);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(wire), 503u);
  EXPECT_EQ(intermediary.busy.retry_after_seconds, 1u);
  EXPECT_NE(intermediary.busy.text.find("zu viele Anfragen dieses Absenders"), std::string::npos);
  EXPECT_NE(intermediary.busy.text.find("too many requests of this sender"), std::string::npos);
  EXPECT_NE(intermediary.busy.text.find("send the same message again in 1 seconds"),
            std::string::npos);
  EXPECT_EQ(cards(), 3u);
  EXPECT_EQ(intermediary.refusals().sender_rate, 20u);
  EXPECT_EQ(events.of("sender.over_limit"), 1); // not twenty
  EXPECT_EQ(events.of("request.refused"), 0);

  EXPECT_EQ(status_of(sealed_delivery(other)), 200u); // nobody else is touched
  intermediary.steady_now += 500ms;
  const auto receipt = sender.open(intermediary.post(wire)); // the same octets
  EXPECT_EQ(receipt.feedback.at(0).code, "0800");
  EXPECT_EQ(cards(), 5u);
}

TEST_F(Admission, OctetsOfADayAreCountedByTheMessage) {
  const auto first = sealed_delivery(sender);
  intermediary.admission.sender_octets_day = first.size() + 100;
  intermediary.restart();
  EXPECT_EQ(status_of(first), 200u);
  EXPECT_EQ(status_of(sealed_delivery(sender)), 503u);
  EXPECT_GT(intermediary.busy.retry_after_seconds, 3000u);
  EXPECT_NE(intermediary.busy.text.find("zu viele Daten"), std::string::npos);
  EXPECT_EQ(intermediary.refusals().sender_octets, 1u);
  intermediary.steady_now += 24h;
  EXPECT_EQ(status_of(sealed_delivery(sender)), 200u);
}

// Who has fetched can acknowledge although it is over its rate; what is new waits for it.
TEST_F(Admission, ADialogThatHasBegunMayOverdraw) {
  intermediary.admission.sender_rate = 1;
  intermediary.admission.sender_burst = 2;
  intermediary.restart();
  ASSERT_EQ(status_of(sealed_delivery(sender)), 200u);
  Dialog dialog(intermediary, recipient);
  EXPECT_TRUE(dialog.send(dialog.next(MessageType::fetch_delivery)).content);
  const auto opening = recipient.request(MessageType::init_dialog);
  EXPECT_EQ(status_of(recipient.seal(opening)), 503u);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::exit_dialog)).feedback.at(0).code, "0800");
  mailbox::CardSelection all;
  all.mailboxes = {"wgb:059130000000"};
  EXPECT_TRUE(intermediary.store().cards(all, std::nullopt)->cards.at(0).reception);
  intermediary.steady_now += 1s; // the debt is paid, and that is all
  EXPECT_EQ(status_of(recipient.seal(opening)), 503u);
}

TEST_F(Admission, OverdrawingEnds) {
  intermediary.admission.sender_rate = 1;
  intermediary.admission.sender_burst = 3;
  intermediary.restart();
  Dialog dialog(intermediary, sender);
  for (int i = 0; i < 5; ++i) dialog.send(dialog.next(MessageType::get_message_id));
  const auto next = dialog.next(MessageType::get_message_id);
  const auto wire = sender.seal(next);
  EXPECT_EQ(status_of(wire), 503u);
  intermediary.steady_now += 1s;
  dialog.exchange(wire, next); // the chain of challenges is whole
  EXPECT_EQ(dialog.sequence, 6u);
}

// Nobody can use up what belongs to somebody else.
TEST_F(Admission, AForgedSignatureCountsForNobody) {
  intermediary.admission.sender_rate = 1;
  intermediary.admission.sender_burst = 1;
  intermediary.restart();
  for (int i = 0; i < 5; ++i) {
    // Names the sender's cipher certificate, signed by another.
    auto request = sender.delivery(fresh(), "Antrag");
    const auto answer = intermediary.post(other.seal(request));
    ASSERT_FALSE(answer.empty());
  }
  EXPECT_EQ(status_of(sealed_delivery(sender)), 200u);
}

TEST_F(Admission, AFullMailboxRefusesWithATextThatHelps) {
  intermediary.admission.mailbox_waiting = 2;
  intermediary.restart();
  const Events events;
  const auto first = sealed_delivery(sender);
  EXPECT_EQ(sender.open(intermediary.post(first)).feedback.at(0).code, "0800");
  EXPECT_EQ(status_of(sealed_delivery(sender)), 200u);
  const auto third = sealed_delivery(sender);
  for (int i = 0; i < 5; ++i) {
    const auto refused = sender.open(intermediary.post(third));
    EXPECT_EQ(refused.feedback.at(0).code, "9811");
    EXPECT_NE(refused.feedback.at(0).text.find("Postfach des Empfängers"), std::string::npos);
  }
  EXPECT_EQ(cards(), 2u);
  EXPECT_EQ(intermediary.refusals().mailbox_full, 5u);
  EXPECT_EQ(events.of("mailbox.full"), 1);

  // The repeat of what was taken gets its receipt, and another mailbox is another matter.
  EXPECT_EQ(sender.open(intermediary.post(first)).feedback.at(0).code, "0800");
  const auto elsewhere = sender.seal(sender.delivery(fresh(), "Antrag", "other"));
  EXPECT_EQ(sender.open(intermediary.post(elsewhere)).feedback.at(0).code, "0800");

  Dialog dialog(intermediary, recipient);
  EXPECT_TRUE(dialog.send(dialog.next(MessageType::fetch_delivery)).content);
  dialog.send(dialog.next(MessageType::exit_dialog));
  EXPECT_EQ(sender.open(intermediary.post(third)).feedback.at(0).code, "0800");
}

TEST_F(Admission, AFullMailboxLeavesTheDialogWhole) {
  intermediary.admission.mailbox_waiting = 1;
  intermediary.restart();
  ASSERT_EQ(status_of(sealed_delivery(sender)), 200u);
  Dialog dialog(intermediary, sender);
  auto store = sender.delivery(fresh(), "Antrag");
  store.control = dialog.next(MessageType::store_delivery).control;
  EXPECT_EQ(dialog.send(store).feedback.at(0).code, "9811");
  EXPECT_TRUE(dialog.send(dialog.next(MessageType::get_message_id)).message_id);
}

TEST_F(Admission, AFullMailboxRefusesTheFirstChunkAndLetsABegunTransferGoOn) {
  intermediary.admission.mailbox_waiting = 1;
  intermediary.restart();
  const auto transfer = [&] {
    const auto id = fresh();
    auto inner = sender.delivery(id, "Antrag");
    inner.content.attachments.push_back(
        {"plan@sender", "application/pdf", "", support::octets(50'000), false});
    return support::ChunkedStore(sender, id, sender.seal(inner, false, false), 40);
  };
  const auto begun = transfer(), late = transfer();
  ASSERT_EQ(begun.count(), 2u);
  Dialog dialog(intermediary, sender);
  dialog.send(begun.chunk(dialog, 1));
  ASSERT_EQ(status_of(sealed_delivery(other)), 200u);

  const auto refused = dialog.send(late.chunk(dialog, 1));
  EXPECT_EQ(refused.feedback.at(0).code, "9811");
  EXPECT_NE(refused.feedback.at(0).text.find("Postfach des Empfängers"), std::string::npos);
  EXPECT_EQ(intermediary.refusals().mailbox_full, 1u);
  const auto done = dialog.send(begun.chunk(dialog, 2));
  ASSERT_FALSE(done.inside_feedback.empty());
  EXPECT_EQ(done.inside_feedback.at(0).code, "0800");
}

// More come at once than there are places; what is refused can come again.
TEST_F(Admission, AFullLaneAnswers503WithRetryAfter) {
  intermediary.cpu = {2, 1, 1, 1};
  intermediary.restart();
  const Events events;
  std::vector<std::string> wires;
  for (int i = 0; i < 40; ++i) wires.push_back(sealed_delivery(sender));
  const auto answers = intermediary.post_all(wires);
  std::size_t taken = 0;
  for (const auto& answer : answers) taken += !answer.empty();
  EXPECT_EQ(taken, cards());
  EXPECT_GE(taken, 2u);
  EXPECT_LT(taken, 40u);
  EXPECT_EQ(intermediary.refusals().overloaded, 40 - taken);
  EXPECT_EQ(events.of("request.busy"), 1);
  for (std::size_t i = 0; i < wires.size(); ++i)
    if (answers[i].empty()) {
      EXPECT_EQ(status_of(wires[i]), 200u);
    }
  EXPECT_EQ(cards(), 40u);
}

// Large deliveries occupy all that they may have; a poll passes.
TEST_F(Admission, APollPassesWhileLargeDeliveriesSaturateTheirLane) {
  intermediary.admission.large_body = 64 * 1024;
  intermediary.cpu = {2, 1, 4, 4};
  intermediary.restart();
  // What occupies the lane is held by the test, not by a clock.
  std::promise<void> release;
  const auto released = release.get_future().share();
  boost::asio::io_context loop;
  int ended = 0;
  auto hold = [&]() -> boost::asio::awaitable<void> {
    auto job = [released] { released.wait(); };
    const async::Place large{async::Lane::large, false};
    co_await intermediary.cpu_pool().run(job, large);
    ++ended;
  };
  for (int i = 0; i < 6; ++i) boost::asio::co_spawn(loop, hold(), [](std::exception_ptr) {});
  loop.poll();
  while (intermediary.cpu_pool().load().running == 0) std::this_thread::yield();

  auto big = sender.delivery(fresh(), std::string(100'000, 'x'));
  const auto large = sender.seal(big);
  ASSERT_GT(large.size(), 64u * 1024);
  EXPECT_EQ(status_of(large), 503u);
  EXPECT_GE(intermediary.busy.retry_after_seconds, 5u);
  EXPECT_LE(intermediary.busy.retry_after_seconds, 10u);

  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.at(0).code, "9803");
  release.set_value();
  loop.restart();
  loop.run();
  EXPECT_EQ(status_of(large), 200u);
}

TEST(AdmissionMemory, AnyNumberOfSendersFitsIntoTheBound) {
  gateway::AdmissionRules rules;
  rules.sender_rate = 1;
  rules.sender_burst = 1;
  rules.senders = 50;
  gateway::Admission::Time now{1h};
  gateway::Admission admission(rules, [&now] { return now; });
  const Events events;
  gateway::Busy busy;
  for (int i = 0; i < 10'000; ++i) {
    const auto party = "cert:" + std::to_string(i);
    EXPECT_FALSE(admission.refuses(party, 1000, false, busy));
    EXPECT_TRUE(admission.refuses(party, 1000, false, busy));
    ASSERT_LE(admission.senders(), 50u);
  }
  EXPECT_EQ(admission.counts().sender_rate, 10'000u);
}

TEST(AdmissionRules, WhatIsSentAwayDoesNotComeBackAllAtOnce) {
  gateway::AdmissionRules rules;
  rules.retry_after_seconds = 5;
  gateway::Admission admission(rules);
  const Events events;
  std::map<unsigned, int> seen;
  for (int i = 0; i < 600; ++i)
    ++seen[admission.overloaded("work pool is full").retry_after_seconds];
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_EQ(seen.begin()->first, 5u);
  for (const auto& [seconds, count] : seen) EXPECT_EQ(count, 100) << seconds;
}

} // namespace
