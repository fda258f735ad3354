// PartialFetchDelivery through the whole intermediary (wire reference 11.7, 17.2 Q4, 17.3 test 12).
#include "support/chunks.h"
#include <filesystem>
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;
using namespace std::chrono_literals;
using Codes = std::vector<std::string>;

struct ChunkFetch : testing::Test {
  Intermediary intermediary{support::with_chunks()};
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};
  static constexpr std::uint64_t kKib = 40;

  std::string deposit(std::size_t size = 100'000) {
    const auto id = intermediary.ids().issue(intermediary.clock.now(), sender.random);
    auto request = sender.delivery(id, "Antrag");
    request.content.attachments.push_back(
        {"plan@sender", "application/pdf", "X-Name: plan", support::octets(size), false});
    EXPECT_EQ(support::code_of(sender, intermediary.post(sender.seal(request))), "0800");
    intermediary.clock.advance(1s);
    return id;
  }
  osci::Request request(const Dialog& dialog, std::uint32_t number, const std::string& id = {},
                        std::uint64_t kib = kKib) {
    auto out = dialog.next(MessageType::partial_fetch_delivery);
    if (!id.empty()) {
      out.selection.rule = osci::Selection::Rule::message_ids;
      out.selection.message_ids = {id};
    }
    osci::ChunkInformation chunk;
    chunk.number = number;
    chunk.size = kib;
    chunk.received.emplace();
    out.chunk = chunk;
    return out;
  }
  osci::Answer get(Dialog& dialog, std::uint32_t number, const std::string& id = {},
                   std::uint64_t kib = kKib) {
    return dialog.send(request(dialog, number, id, kib));
  }
  static std::string bytes(const osci::Answer& answer) {
    return answer.content ? answer.content->attachments.at(0).bytes : std::string();
  }
  // Every chunk in one dialog.
  std::string all(Dialog& dialog, const std::string& id = {}) {
    const auto first = get(dialog, 1, id);
    std::string whole = bytes(first);
    for (std::uint32_t n = 2; n <= first.chunk->total_numbers.value_or(0); ++n)
      whole += bytes(get(dialog, n, id));
    return whole;
  }
  osci::Answer opened(const std::string& whole) {
    seal::OpenOptions options;
    options.direction = seal::Direction::answer;
    auto message = seal::open(whole, "", {}, options, sender.random);
    if (!message) throw std::runtime_error(message.error().detail);
    auto answer = osci::decode_answer(*message, true);
    if (!answer) throw std::runtime_error(answer.error().detail);
    return *answer;
  }
  mailbox::ProcessCard card(const std::string& id) {
    mailbox::CardSelection selection;
    selection.mailboxes = {"wgb:059130000000"};
    selection.rule = mailbox::CardRule::message_ids;
    selection.message_ids = {id};
    return intermediary.store().cards(selection, std::nullopt)->cards.at(0);
  }
  std::size_t spool_files() {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(intermediary.state() + "/state/spool"))
      count += entry.is_regular_file();
    return count;
  }
};

std::string code(const osci::Answer& answer) {
  return answer.feedback.front().code;
}

TEST_F(ChunkFetch, TheChunksMakeUpOneSignedAnswer) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  const auto first = get(dialog, 1);
  EXPECT_EQ(code(first), "0801");
  EXPECT_EQ(first.to, MessageType::partial_fetch_delivery);
  EXPECT_EQ(first.message_id, id);
  EXPECT_EQ(first.chunk->number, 1u);
  EXPECT_EQ(first.chunk->total_numbers, 3u);
  EXPECT_FALSE(first.chunk->size || first.chunk->received);
  EXPECT_EQ(bytes(first).size(), kKib * 1024);
  std::string whole = bytes(first);
  for (const std::uint32_t n : {2u, 3u}) whole += bytes(get(dialog, n));
  EXPECT_EQ(first.chunk->total_size, (whole.size() + 1023) / 1024);

  const auto answer = opened(whole);
  EXPECT_EQ(code(answer), "0801");
  EXPECT_TRUE(answer.control.response && answer.control.challenge &&
              answer.control.conversation_id && answer.control.sequence_number);
  EXPECT_EQ(answer.cards.at(0).message_id, id);
  EXPECT_EQ(answer.cards.at(0).forwarding, card(id).forwarding);
  const auto& plan = answer.content->attachments.at(0);
  EXPECT_EQ(plan.bytes, support::octets(100'000));
  EXPECT_EQ(plan.headers, "X-Name: plan");
}

TEST_F(ChunkFetch, ReceivedOnlyWhenAllWereHandedOutAndAFurtherRequestCame) {
  const auto id = deposit();
  {
    Dialog dialog(intermediary, recipient);
    get(dialog, 1);
    get(dialog, 3);
    EXPECT_EQ(code(dialog.send(dialog.next(MessageType::exit_dialog))), "0800");
    EXPECT_FALSE(card(id).reception);
  }
  {
    Dialog dialog(intermediary, recipient); // the rest in another dialog
    get(dialog, 2, id);
    EXPECT_FALSE(card(id).reception);
    // Asking for a chunk again says that it has not arrived.
    get(dialog, 2, id);
    get(dialog, 7, id);
    EXPECT_FALSE(card(id).reception);
    dialog.send(dialog.next(MessageType::get_message_id));
    EXPECT_TRUE(card(id).reception);
  }
  EXPECT_EQ(spool_files(), 1u);
  intermediary.expire_transfers({});
  EXPECT_EQ(spool_files(), 1u); // another machine of the recipient may be fetching it too
  intermediary.clock.advance(6min);
  intermediary.expire_transfers({}); // nothing is old, but this one is done
  EXPECT_EQ(spool_files(), 0u);
  Dialog dialog(intermediary, recipient);
  const auto again = opened(all(dialog, id)); // by id also after reception
  EXPECT_TRUE(again.cards.at(0).forwarding);
}

TEST_F(ChunkFetch, TheNextFirstChunkAcknowledgesAndGoesOnWithTheNextDelivery) {
  const auto one = deposit(), two = deposit();
  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(opened(all(dialog)).cards.at(0).message_id, one);
  const auto next = get(dialog, 1);
  EXPECT_EQ(next.message_id, two);
  EXPECT_TRUE(card(one).reception);
  for (const std::uint32_t n : {2u, 3u}) EXPECT_EQ(get(dialog, n).message_id, two);
  const auto nothing = get(dialog, 1);
  EXPECT_EQ(code(nothing), "9803");
  EXPECT_EQ(nothing.to, MessageType::fetch_delivery);
  EXPECT_TRUE(card(two).reception);
}

TEST_F(ChunkFetch, GoesOnAfterARestartAndInANewDialogWithTheSameOctets) {
  const auto id = deposit();
  std::string whole;
  {
    Dialog dialog(intermediary, recipient);
    whole = bytes(get(dialog, 1));
    intermediary.restart();
    whole += bytes(get(dialog, 2));
  }
  intermediary.restart();
  Dialog dialog(intermediary, recipient);
  whole += bytes(get(dialog, 3, id));
  EXPECT_EQ(opened(whole).content->attachments.at(0).bytes, support::octets(100'000));
  EXPECT_EQ(bytes(get(dialog, 1, id)), whole.substr(0, kKib * 1024));
}

TEST_F(ChunkFetch, TwoMachinesFetchOneMailboxAndEachKeepsItsDelivery) {
  const auto one = deposit();
  deposit();
  Dialog slow(intermediary, recipient), fast(intermediary, recipient);
  std::string whole = bytes(get(slow, 1));
  EXPECT_EQ(opened(all(fast)).cards.at(0).message_id, one);
  fast.send(fast.next(MessageType::exit_dialog));
  EXPECT_TRUE(card(one).reception);
  // Not the next delivery, although that is the oldest unreceived by now.
  for (const std::uint32_t n : {2u, 3u}) whole += bytes(get(slow, n));
  EXPECT_EQ(opened(whole).cards.at(0).message_id, one);
}

TEST_F(ChunkFetch, AFrozenAnswerThatIsGoneIsMadeAnew) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  const auto first = bytes(get(dialog, 1));
  intermediary.expire_transfers(intermediary.clock.now() + 1s);
  EXPECT_EQ(spool_files(), 0u);
  const auto second = get(dialog, 2, id);
  EXPECT_EQ(code(second), "0801");
  const auto fresh = get(dialog, 1, id);
  EXPECT_NE(bytes(fresh), first);
  EXPECT_EQ(opened(bytes(fresh) + bytes(second) + bytes(get(dialog, 3, id))).cards.at(0).message_id,
            id);
}

TEST_F(ChunkFetch, WrongNumbersAndOtherSizesHaveTheirCodes) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(code(get(dialog, 0)), "9901");
  EXPECT_EQ(code(get(dialog, 1, {}, 0)), "9905");
  EXPECT_EQ(code(get(dialog, 1, {}, 65)), "9902");
  EXPECT_EQ(code(get(dialog, 1, {}, 1)), "9903");
  ASSERT_EQ(code(get(dialog, 1)), "0801");
  const auto range = get(dialog, 4);
  EXPECT_EQ(code(range), "9901");
  EXPECT_EQ(range.message_id, id);
  EXPECT_EQ(range.chunk->total_numbers, 3u);
  EXPECT_EQ(code(get(dialog, 2, {}, 50)), "9905");
  EXPECT_EQ(code(get(dialog, 2)), "0801");
  // Chunk 1 of another size begins anew.
  EXPECT_EQ(get(dialog, 1, {}, 20).chunk->total_numbers, 6u);
  EXPECT_EQ(code(get(dialog, 2)), "9905");
  EXPECT_EQ(code(get(dialog, 5, {}, 20)), "0801");
  dialog.send(dialog.next(MessageType::exit_dialog));
  EXPECT_FALSE(card(id).reception); // some of the new ones are missing
}

TEST_F(ChunkFetch, WhatFitsIntoOneChunkComesAsAnOrdinaryAnswer) {
  const auto id = deposit(1000);
  Dialog dialog(intermediary, recipient);
  const auto answer = get(dialog, 1);
  EXPECT_EQ(answer.to, MessageType::fetch_delivery);
  EXPECT_EQ(answer.cards.at(0).message_id, id);
  EXPECT_EQ(answer.content->attachments.at(0).bytes, support::octets(1000));
  EXPECT_EQ(spool_files(), 0u);
  EXPECT_FALSE(card(id).reception);
  EXPECT_EQ(code(get(dialog, 1)), "9803");
  EXPECT_TRUE(card(id).reception);
}

TEST_F(ChunkFetch, OnlyInADialogAndOnlyFromTheOwnMailbox) {
  const auto id = deposit();
  auto implicit = recipient.request(MessageType::partial_fetch_delivery);
  implicit.chunk = osci::ChunkInformation{1, kKib, std::vector<std::uint32_t>{}, {}, {}};
  EXPECT_EQ(support::code_of(recipient, intermediary.post(recipient.seal(implicit))), "9802");
  Dialog own(intermediary, recipient);
  get(own, 1, id);
  Dialog foreign(intermediary, other);
  EXPECT_EQ(code(get(foreign, 1, id)), "9803");
  EXPECT_EQ(code(get(foreign, 2, id)), "9803");
}

TEST_F(ChunkFetch, TheIdenticalRepeatGetsTheSameChunkAlsoAfterARestart) {
  const auto id = deposit();
  const auto small = deposit(1000);
  Dialog dialog(intermediary, recipient);
  get(dialog, 1, id);
  for (const std::uint32_t n : {2u, 9u, 3u}) {
    const std::string wire = recipient.seal(request(dialog, n, id));
    const auto first = recipient.open(intermediary.post(wire));
    intermediary.restart();
    const auto again = recipient.open(intermediary.post(wire));
    EXPECT_EQ(code(again), code(first));
    EXPECT_EQ(bytes(again), bytes(first));
    EXPECT_EQ(again.control.challenge, first.control.challenge);
    dialog.challenge = *again.control.challenge;
    ++dialog.sequence;
  }
  EXPECT_FALSE(card(id).reception);
  const std::string wire = recipient.seal(request(dialog, 1, small));
  EXPECT_EQ(recipient.open(intermediary.post(wire)).cards.at(0).message_id, small);
  EXPECT_TRUE(card(id).reception);
  intermediary.restart();
  EXPECT_EQ(recipient.open(intermediary.post(wire)).cards.at(0).message_id, small);
}

TEST_F(ChunkFetch, ADeliveryTooLargeForOneAnswerSaysSoAndComesInChunks) {
  const auto id = deposit();
  intermediary.max_in_memory = 50'000;
  intermediary.restart();
  Dialog dialog(intermediary, recipient);
  const auto refused = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(code(refused), "9904");
  EXPECT_NE(refused.feedback.front().text.find("PartialFetchDelivery"), std::string::npos);
  EXPECT_EQ(opened(all(dialog)).cards.at(0).message_id, id);
}

TEST_F(ChunkFetch, ADamagedDeliveryIsQuarantinedAndADamagedFreezeMadeAnew) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  get(dialog, 1, id);
  const auto spool = std::filesystem::path(intermediary.state()) / "state/spool";
  for (const auto& entry : std::filesystem::directory_iterator(spool))
    std::filesystem::resize_file(entry.path(), 10);
  EXPECT_EQ(code(get(dialog, 2, id)), "9811");
  EXPECT_EQ(opened(all(dialog, id)).cards.at(0).message_id, id);

  const auto damaged = deposit();
  const auto bodies = std::filesystem::path(intermediary.state()) / "state/bodies";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bodies))
    if (entry.is_regular_file()) std::fstream(entry.path()).put('!');
  EXPECT_EQ(code(get(dialog, 1, damaged)), "9811");
}

TEST_F(ChunkFetch, QuotaAndReserveRefuseAndTheDialogGoesOn) {
  deposit();
  intermediary.spool = {std::uint64_t{64} << 20, 90'000};
  intermediary.restart();
  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(code(get(dialog, 1)), "9811");
  intermediary.spool.of_party = 150'000;
  intermediary.reserve = ~std::uint64_t{0} >> 1;
  intermediary.restart();
  EXPECT_EQ(code(get(dialog, 1)), "9811");
  EXPECT_EQ(spool_files(), 0u);
  intermediary.reserve = 0;
  intermediary.restart();
  EXPECT_EQ(opened(all(dialog)).content->attachments.at(0).bytes, support::octets(100'000));
  deposit();
  intermediary.clock.advance(6min);
  // The first one is received by now: its place is free.
  EXPECT_EQ(code(get(dialog, 1)), "0801");
}

} // namespace
