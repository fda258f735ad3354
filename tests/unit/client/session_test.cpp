#include "client/session.h"
#include "crypto/digest.h"
#include "crypto/self_signed.h"
#include "fake_intermediary.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using osci::MessageType;
using test::FakeIntermediary;

// A sender and a reader in front of one intermediary; waiting costs no time.
struct World {
  FakeIntermediary intermediary;
  base::SystemRandom random;
  std::vector<base::Milliseconds> pauses;

  client::Session session(const std::string& party, client::Options options = {}) {
    return {intermediary,   test::identity(party),
            test::pinned(), std::move(options),
            random,         [this](base::Milliseconds wait) { pauses.push_back(wait); }};
  }
};

client::Letter letter(const std::string& text) {
  client::Letter out{
      support::key("recipient_cipher").certificate, {}, {text}, {}, "Antrag <1> & Größe"};
  seal::Attachment file;
  file.content_id = "plan.pdf";
  file.bytes = "%PDF";
  out.attachments.push_back(file);
  return out;
}

template <class T>
ErrorCode code_of(const base::Result<T>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

TEST(Session, TellsTheIdOnlyWhenSomethingLeaves) {
  World world;
  auto sender = world.session("sender");
  auto wrong = letter("Inhalt");
  wrong.readers = {crypto::make_self_signed({"EC", {}, base::Instant{} + std::chrono::hours(1), 0})
                       .value()
                       .certificate}; // nothing can be sealed for it
  const auto id = sender.get_message_id().value().message_id;
  bool told = false;
  EXPECT_FALSE(sender.store(wrong, id, [&told] { told = true; }));
  EXPECT_FALSE(sender.store(wrong, [&told](const std::string&) { told = true; }));
  EXPECT_FALSE(told);
  world.intermediary.broken_before = 1000;
  EXPECT_FALSE(sender.store(letter("Inhalt"), id, [&told] { told = true; }));
  EXPECT_TRUE(told);
}

TEST(Session, StoresWhatWasSealedBeforeAlsoInADialog) {
  World world;
  auto sender = world.session("sender");
  auto first = sender.seal(letter("eins"));
  auto second = sender.seal(letter("zwei"));
  ASSERT_TRUE(first && second);
  EXPECT_GT(first->octets(), 100u);
  const auto id = sender.get_message_id().value().message_id;
  const auto receipt = sender.store(std::move(*first), id);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->message_id, id);

  auto dialog = sender.open_dialog().value();
  const auto drawn = dialog.get_message_id();
  ASSERT_TRUE(drawn) << drawn.error().detail;
  bool told = false;
  const auto stored = dialog.store(std::move(*second), drawn->message_id, [&told] { told = true; });
  ASSERT_TRUE(stored) << stored.error().detail;
  EXPECT_TRUE(told);
  EXPECT_TRUE(dialog.exit());
  ASSERT_EQ(world.intermediary.kept.size(), 2u);
  EXPECT_EQ(world.intermediary.kept.at(1).id, drawn->message_id);
  EXPECT_EQ(world.intermediary.kept.at(1).subject, "Antrag <1> & Größe");
  // A refused order leaves the dialog alive, as every other does.
  auto third = sender.seal(letter("drei"));
  auto again = sender.open_dialog().value();
  const auto refused = again.store(std::move(*third), id); // used
  EXPECT_EQ(code_of(refused), ErrorCode::peer_fault);
  EXPECT_TRUE(again.alive());
}

TEST(Session, SendsALetterThatTheReaderFetchesAndAcknowledges) {
  World world;
  auto sender = world.session("sender");
  std::string announced;
  const auto receipt = sender.store(letter("Inhalt"), [&](const std::string& id) {
    announced = id;
    EXPECT_TRUE(world.intermediary.kept.empty());
  });
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->message_id, announced);
  EXPECT_EQ(receipt->feedback.at(0).code, "0800");
  EXPECT_EQ(receipt->card.value().subject, "Antrag <1> & Größe");

  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog) << dialog.error().detail;
  auto delivery = dialog->fetch({});
  ASSERT_TRUE(delivery) << delivery.error().detail;
  ASSERT_TRUE(*delivery);
  EXPECT_EQ((*delivery)->message_id(), receipt->message_id);
  const auto content = (*delivery)->open(reader.identity(), reader.options(), world.random);
  ASSERT_TRUE(content) << content.error().detail;
  ASSERT_EQ(content->items.size(), 2u);
  EXPECT_EQ(content->items[0].bytes, "Inhalt");
  EXPECT_EQ(content->items[1].bytes, "%PDF");
  EXPECT_EQ(content->items[0].signature, seal::SignatureState::valid);

  EXPECT_FALSE(world.intermediary.kept[0].received);
  const auto nothing = dialog->fetch({});
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  EXPECT_TRUE(world.intermediary.kept[0].received);
  EXPECT_TRUE(dialog->exit());
  EXPECT_FALSE(dialog->alive());
  EXPECT_FALSE(world.intermediary.dialog_open);
}

TEST(Session, ReadsProcessCards) {
  World world;
  auto sender = world.session("sender");
  ASSERT_TRUE(sender.store(letter("1")));
  ASSERT_TRUE(sender.store(letter("2")));
  auto dialog = sender.open_dialog();
  ASSERT_TRUE(dialog);
  osci::Selection selection;
  selection.rule = osci::Selection::Rule::message_ids;
  selection.message_ids = {"id-2"};
  const auto one = dialog->fetch_process_cards(selection);
  ASSERT_TRUE(one) << one.error().detail;
  ASSERT_EQ(one->cards.size(), 1u);
  EXPECT_EQ(one->cards[0].message_id, "id-2");
  selection.message_ids = {"unknown"};
  const auto none = dialog->fetch_process_cards(selection);
  ASSERT_TRUE(none) << none.error().detail;
  EXPECT_TRUE(none->cards.empty());
  EXPECT_TRUE(dialog->alive());
}

TEST(Session, SendsTheVerySameBytesAgainWhenTheConnectionBreaks) {
  World world;
  auto sender = world.session("sender");
  // The request arrives and is carried out, but its answer gets lost twice.
  const auto receipt = sender.store(letter("once"), [&](const std::string&) {
    world.intermediary.broken_before = 1;
    world.intermediary.broken_after = 2;
  });
  ASSERT_TRUE(receipt) << receipt.error().detail;
  const auto& bodies = world.intermediary.bodies;
  ASSERT_EQ(bodies.size(), 5u); // GetMessageId and four times StoreDelivery
  for (std::size_t i = 2; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], bodies[1]);
  EXPECT_EQ(world.intermediary.kept.size(), 1u);
  using base::Milliseconds;
  EXPECT_EQ(world.pauses, (std::vector{Milliseconds{500}, Milliseconds{1000}, Milliseconds{2000}}));
}

TEST(Session, GivesUpAfterItsAttemptsAndWaitsNoLongerThanItsLimit) {
  World world;
  client::Options options;
  options.retry = {4, base::Milliseconds{100}, base::Milliseconds{150}};
  auto sender = world.session("sender", options);
  world.intermediary.broken_before = 100;
  EXPECT_EQ(code_of(sender.get_message_id()), ErrorCode::network);
  EXPECT_EQ(world.intermediary.bodies.size(), 4u);
  using base::Milliseconds;
  EXPECT_EQ(world.pauses, (std::vector{Milliseconds{100}, Milliseconds{150}, Milliseconds{150}}));
}

TEST(Session, AsksAnOverloadedIntermediaryAgainButNotOneThatRefuses) {
  World world;
  auto sender = world.session("sender");
  world.intermediary.breakage = ErrorCode::overloaded;
  world.intermediary.broken_before = 1;
  EXPECT_TRUE(sender.get_message_id());
  world.intermediary.breakage = ErrorCode::too_large;
  world.intermediary.broken_before = 1;
  const auto before = world.intermediary.bodies.size();
  EXPECT_EQ(code_of(sender.get_message_id()), ErrorCode::too_large);
  EXPECT_EQ(world.intermediary.bodies.size(), before + 1);
}

TEST(Session, RepeatsAFetchWithoutAcknowledgingAnything) {
  World world;
  auto sender = world.session("sender");
  ASSERT_TRUE(sender.store(letter("x")));
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.broken_after = 1;
  const auto delivery = dialog->fetch({});
  ASSERT_TRUE(delivery) << delivery.error().detail;
  EXPECT_TRUE(*delivery);
  EXPECT_FALSE(world.intermediary.kept[0].received);
}

TEST(Session, TellsFaultsAndRefusedOrdersByTheirCode) {
  World world;
  auto sender = world.session("sender");
  world.intermediary.fault = "9400";
  auto refused = sender.get_message_id();
  EXPECT_EQ(code_of(refused), ErrorCode::peer_fault);
  EXPECT_TRUE(refused.error().detail.starts_with("9400 ")) << refused.error().detail;
  world.intermediary.fault.clear();
  const auto stored =
      sender.store(letter("x"), [&](const std::string&) { world.intermediary.refuse = "9801"; });
  EXPECT_EQ(code_of(stored), ErrorCode::peer_fault);
  EXPECT_TRUE(stored.error().detail.starts_with("9801 ")) << stored.error().detail;
}

// Each spoils one answer; the client must believe none of them.
struct Spoiled {
  const char* name;
  ErrorCode expected;
  void (*spoil)(FakeIntermediary&);
};

class SpoiledAnswer : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledAnswer, IsRefusedInAnImplicitDialog) {
  World world;
  auto sender = world.session("sender");
  GetParam().spoil(world.intermediary);
  const auto result = sender.get_message_id();
  EXPECT_EQ(code_of(result), GetParam().expected) << (result ? "" : result.error().detail);
  EXPECT_FALSE(sender.last_answer().empty());
}

TEST_P(SpoiledAnswer, IsRefusedAndEndsTheDialogWithoutAFurtherRequest) {
  World world;
  auto sender = world.session("sender");
  ASSERT_TRUE(sender.store(letter("x")));
  auto reader = world.session("recipient");
  {
    auto dialog = reader.open_dialog();
    ASSERT_TRUE(dialog);
    GetParam().spoil(world.intermediary);
    EXPECT_EQ(code_of(dialog->fetch({})), GetParam().expected);
    EXPECT_FALSE(dialog->alive());
    const auto sent = world.intermediary.bodies.size();
    EXPECT_EQ(code_of(dialog->fetch({})), ErrorCode::control_block);
    EXPECT_EQ(code_of(dialog->exit()), ErrorCode::control_block);
    EXPECT_EQ(world.intermediary.bodies.size(), sent);
  }
  // Not even the end of its life sends an ExitDialog: that would acknowledge the delivery.
  EXPECT_EQ(world.intermediary.requests.back(), MessageType::fetch_delivery);
  EXPECT_FALSE(world.intermediary.kept[0].received);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, SpoiledAnswer,
    testing::Values(Spoiled{"WrongChallenge", ErrorCode::control_block,
                            [](FakeIntermediary& i) {
                              i.change = [](osci::Answer& a) { a.control.response = "AAAA"; };
                            }},
                    Spoiled{"WrongSequence", ErrorCode::control_block,
                            [](FakeIntermediary& i) {
                              i.change = [](osci::Answer& a) { a.control.sequence_number = 77; };
                            }},
                    Spoiled{"OtherType", ErrorCode::control_block,
                            [](FakeIntermediary& i) {
                              i.change = [](osci::Answer& a) {
                                a.to = MessageType::fetch_process_card;
                                a.content.reset();
                              };
                            }},
                    Spoiled{"Unsigned", ErrorCode::signature_missing,
                            [](FakeIntermediary& i) { i.sign = false; }},
                    Spoiled{"SignedByAnother", ErrorCode::signature_wrong,
                            [](FakeIntermediary& i) { i.signature_key = "other_sign"; }},
                    Spoiled{"Clear", ErrorCode::encryption_required,
                            [](FakeIntermediary& i) { i.encrypt = false; }},
                    Spoiled{"EncryptedForAnother", ErrorCode::unknown_cipher_certificate,
                            [](FakeIntermediary& i) { i.encrypt_for = "other_cipher"; }}),
    [](const auto& way) { return std::string(way.param.name); });

TEST(Session, RefusesAnAnswerOfAnotherDialog) {
  World world;
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.change = [](osci::Answer& answer) { answer.control.conversation_id = "1"; };
  EXPECT_EQ(code_of(dialog->fetch({})), ErrorCode::control_block);
  EXPECT_FALSE(dialog->alive());
}

TEST(Session, RefusesADialogAnswerWithoutChallenge) {
  World world;
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.change = [](osci::Answer& answer) { answer.control.challenge.reset(); };
  EXPECT_EQ(code_of(dialog->fetch({})), ErrorCode::control_block);
  EXPECT_FALSE(dialog->alive());
}

TEST(Session, RefusesADeliveryThatWasNotAskedFor) {
  World world;
  auto sender = world.session("sender");
  ASSERT_TRUE(sender.store(letter("x")));
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.change = [](osci::Answer& answer) {
    for (auto& card : answer.cards) card.message_id = "another";
  };
  osci::Selection selection;
  selection.rule = osci::Selection::Rule::message_ids;
  selection.message_ids = {"id-1"};
  EXPECT_EQ(code_of(dialog->fetch(selection)), ErrorCode::control_block);
  EXPECT_FALSE(dialog->alive());
}

TEST(Session, RefusesTheReceiptOfAnotherDelivery) {
  World world;
  auto sender = world.session("sender");
  world.intermediary.change = [](osci::Answer& answer) {
    for (auto& card : answer.cards) card.message_id = "another";
  };
  EXPECT_EQ(code_of(sender.store(letter("x"))), ErrorCode::control_block);
}

TEST(Session, KeepsADialogAfterARefusedOrder) {
  World world;
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.refuse = "9811";
  EXPECT_EQ(code_of(dialog->fetch({})), ErrorCode::peer_fault);
  EXPECT_TRUE(dialog->alive());
  world.intermediary.refuse.clear();
  EXPECT_TRUE(dialog->fetch({}));
}

TEST(Session, EndsADialogAfterAFault) {
  World world;
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  world.intermediary.fault = "9400";
  EXPECT_EQ(code_of(dialog->fetch({})), ErrorCode::peer_fault);
  EXPECT_FALSE(dialog->alive());
}

TEST(Session, TakesTheSecondPinnedCertificateDuringARollover) {
  World world;
  auto pinned = test::pinned();
  pinned.signatures.push_back(support::key("other_sign").certificate);
  client::Session sender(world.intermediary, test::identity("sender"), pinned, {}, world.random,
                         [](base::Milliseconds) {});
  world.intermediary.signature_key = "other_sign";
  const auto issued = sender.get_message_id();
  ASSERT_TRUE(issued) << issued.error().detail;
  EXPECT_EQ(issued->intermediary, support::key("other_sign").certificate);
}

TEST(Session, SendsClearRequestsOnlyWhenToldTo) {
  World world;
  client::Options options;
  options.encrypt = false;
  world.intermediary.encrypt = false;
  auto sender = world.session("sender", options);
  ASSERT_TRUE(sender.get_message_id());
  EXPECT_NE(world.intermediary.bodies.at(0).find("soapGetMessageId.xsd"), std::string::npos);
  auto careful = world.session("sender");
  world.intermediary.encrypt = true;
  ASSERT_TRUE(careful.get_message_id());
  EXPECT_EQ(world.intermediary.bodies.at(1).find("soapGetMessageId.xsd"), std::string::npos);
}

TEST(Session, OpensContentForAnEarlierCipherKey) {
  World world;
  auto sender = world.session("sender");
  auto order = letter("x");
  order.readers = {support::key("other_cipher").certificate};
  ASSERT_TRUE(sender.store(order));
  auto reader = world.session("recipient");
  auto dialog = reader.open_dialog();
  ASSERT_TRUE(dialog);
  const auto delivery = dialog->fetch({});
  ASSERT_TRUE(delivery && *delivery);
  EXPECT_EQ(code_of((*delivery)->open(reader.identity(), reader.options(), world.random)),
            ErrorCode::unknown_cipher_certificate);
  auto with_old_key = test::identity("recipient");
  with_old_key.old_ciphers = {support::key("other_cipher")};
  EXPECT_TRUE((*delivery)->open(with_old_key, reader.options(), world.random));
}

} // namespace
