// ForwardDelivery and MediateDelivery, from the sender through the fake intermediary to a passive
// recipient and back.
#include "client/recipient.h"
#include "fake_intermediary.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using osci::MessageType;
using test::FakeIntermediary;

constexpr const char* kReceiver = "http://recipient.example:8080/osci";

struct World {
  FakeIntermediary intermediary;
  base::SystemRandom random;
  client::Recipient recipient{test::identity("recipient"), test::pinned(), {}, random};
  client::Verdict verdict;
  int delivered = 0;
  client::Session sender{intermediary, test::identity("sender"), test::pinned(), {},
                         random,       [](base::Milliseconds) {}};

  World() {
    intermediary.endpoint = [this](const std::string& body) {
      return recipient
          .answer(body, "",
                  [this](const client::Pushed&) {
                    ++delivered;
                    return verdict;
                  })
          .body;
    };
  }
  client::Letter letter() const {
    return {support::key("recipient_cipher").certificate, {}, {"Frage"}, {}, "Betreff"};
  }
  int posted(MessageType type) const {
    return static_cast<int>(
        std::count(intermediary.requests.begin(), intermediary.requests.end(), type));
  }
};

template <class T>
ErrorCode code_of(const base::Result<T>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

TEST(Forward, HandsADeliveryToARecipientThatListens) {
  World world;
  std::string announced;
  world.intermediary.watch = [&](const osci::Request& request) {
    if (request.type != MessageType::forward_delivery) return;
    EXPECT_EQ(request.receiver_uri, kReceiver);
    EXPECT_EQ(request.subject, "Betreff");
    EXPECT_TRUE(request.certificate("CipherCertificateOriginator"));
    EXPECT_FALSE(announced.empty()); // known before anything is sent
  };
  const auto receipt = world.sender.forward(world.letter(), kReceiver,
                                            [&](const std::string& id) { announced = id; });
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(world.delivered, 1);
  EXPECT_EQ(receipt->message_id, announced);
  EXPECT_TRUE(receipt->card.value().forwarding);
  EXPECT_TRUE(receipt->card.value().reception);
}

TEST(Forward, TellsARefusalByItsCode) {
  World world;
  world.verdict.code = "9811";
  const auto receipt = world.sender.forward(world.letter(), kReceiver);
  EXPECT_EQ(code_of(receipt), ErrorCode::peer_fault);
  EXPECT_TRUE(receipt.error().detail.starts_with("9805 ")) << receipt.error().detail;
}

TEST(Forward, SendsTheVerySameBytesAgainAndTheRecipientGetsThemOnce) {
  World world;
  const auto receipt = world.sender.forward(world.letter(), kReceiver, [&](const std::string&) {
    world.intermediary.broken_before = 1;
    world.intermediary.broken_after = 2;
  });
  ASSERT_TRUE(receipt) << receipt.error().detail;
  const auto& bodies = world.intermediary.bodies;
  ASSERT_EQ(bodies.size(), 5u); // GetMessageId and four times ForwardDelivery
  for (std::size_t i = 2; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], bodies[1]);
  EXPECT_EQ(world.delivered, 1);
}

TEST(Mediate, BringsTheReplyAndBothProcessCards) {
  World world;
  world.verdict.reply = client::ReplyContent{{"Antwort"}, {}, "Bescheid"};
  auto dialog = world.sender.open_dialog();
  ASSERT_TRUE(dialog);
  std::string announced;
  const auto mediated = dialog->mediate(world.letter(), kReceiver, true,
                                        [&](const std::string& id) { announced = id; });
  ASSERT_TRUE(mediated) << mediated.error().detail;
  EXPECT_TRUE(mediated->executed());
  EXPECT_EQ(mediated->message_id, announced);
  ASSERT_TRUE(mediated->request_card());
  EXPECT_EQ(mediated->request_card()->message_id, announced);
  EXPECT_TRUE(mediated->request_card()->reception);
  ASSERT_TRUE(mediated->reply_card());
  EXPECT_EQ(mediated->reply_card()->message_id, "reply-to-" + announced);
  EXPECT_EQ(mediated->reply_card()->subject, "Bescheid");
  ASSERT_TRUE(mediated->has_reply());
  const auto content =
      mediated->open(world.sender.identity(), world.sender.options(), world.random);
  ASSERT_TRUE(content) << content.error().detail;
  ASSERT_EQ(content->items.size(), 1u);
  EXPECT_EQ(content->items[0].bytes, "Antwort");
  EXPECT_EQ(content->items[0].signers.at(0), support::key("recipient_sign").certificate);
  EXPECT_TRUE(dialog->exit());
}

TEST(Mediate, LeavesNoTraceWithoutProtocol) {
  World world;
  world.verdict.reply = client::ReplyContent{{"Antwort"}, {}, "Bescheid"};
  world.intermediary.watch = [](const osci::Request& request) {
    if (request.type != MessageType::mediate_delivery) return;
    EXPECT_FALSE(request.message_id);
    EXPECT_FALSE(request.subject);
  };
  auto dialog = world.sender.open_dialog();
  ASSERT_TRUE(dialog);
  const auto mediated = dialog->mediate(world.letter(), kReceiver, false);
  ASSERT_TRUE(mediated) << mediated.error().detail;
  EXPECT_EQ(world.posted(MessageType::get_message_id), 0);
  EXPECT_TRUE(mediated->message_id.empty());
  EXPECT_FALSE(mediated->request_card());
  EXPECT_FALSE(mediated->reply_card());
  EXPECT_TRUE(mediated->has_reply());
  EXPECT_TRUE(dialog->alive());
}

TEST(Mediate, TellsWhenTheRecipientHasNothingToSay) {
  World world;
  auto dialog = world.sender.open_dialog();
  ASSERT_TRUE(dialog);
  const auto mediated = dialog->mediate(world.letter(), kReceiver, true);
  ASSERT_TRUE(mediated) << mediated.error().detail;
  EXPECT_FALSE(mediated->executed());
  EXPECT_EQ(mediated->answer.feedback.at(0).code, "9806");
  EXPECT_TRUE(mediated->request_card()) << "it tells that the recipient has it";
  EXPECT_FALSE(mediated->has_reply());
  EXPECT_TRUE(dialog->exit());
}

TEST(Mediate, SendsTheVerySameBytesAgainWhenTheConnectionBreaks) {
  World world;
  world.verdict.reply = client::ReplyContent{{"Antwort"}, {}, {}};
  auto dialog = world.sender.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.broken_before = 0;
  const auto mediated = dialog->mediate(world.letter(), kReceiver, true, [&](const std::string&) {
    world.intermediary.broken_before = 1;
    world.intermediary.broken_after = 1;
  });
  ASSERT_TRUE(mediated) << mediated.error().detail;
  const auto& bodies = world.intermediary.bodies;
  ASSERT_EQ(bodies.size(), 5u); // InitDialog, GetMessageId, three times MediateDelivery
  EXPECT_EQ(bodies[2], bodies[3]);
  EXPECT_EQ(bodies[3], bodies[4]);
  EXPECT_EQ(world.delivered, 1);
}

TEST(Mediate, EndsTheDialogWhenTheAnswerMustNotBeBelieved) {
  for (const auto& spoil : std::vector<std::function<void(FakeIntermediary&)>>{
           [](auto& i) { i.sign = false; }, [](auto& i) { i.encrypt = false; },
           [](auto& i) { i.signature_key = "other_sign"; },
           [](auto& i) { i.encrypt_for = "other_cipher"; },
           [](auto& i) {
             i.change = [](osci::Answer& answer) { answer.control.response = "wrong"; };
           },
           [](auto& i) {
             i.change = [](osci::Answer& answer) {
               if (!answer.cards.empty()) answer.cards[0].message_id = "another";
             };
           }}) {
    World world;
    world.verdict.reply = client::ReplyContent{{"Antwort"}, {}, {}};
    auto dialog = world.sender.open_dialog();
    ASSERT_TRUE(dialog);
    const auto mediated = dialog->mediate(world.letter(), kReceiver, true,
                                          [&](const std::string&) { spoil(world.intermediary); });
    EXPECT_FALSE(mediated);
    EXPECT_FALSE(dialog->alive());
    const auto before = world.intermediary.bodies.size();
    EXPECT_FALSE(dialog->exit());
    EXPECT_EQ(world.intermediary.bodies.size(), before) << "nothing more is sent";
  }
}

} // namespace
