// PartialStoreDelivery through the whole intermediary (wire reference 11.3 to 11.6, 17.3 test 11).
#include "osci/metadata.h"
#include "support/chunks.h"
#include "support/metadata.h"
#include <filesystem>
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using support::ChunkedStore;
using support::Dialog;
using support::Intermediary;
using support::Party;
using namespace std::chrono_literals;
using Numbers = std::vector<std::uint32_t>;

struct ChunkStore : testing::Test {
  Intermediary intermediary{support::with_chunks()};
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};

  std::string issue() { return intermediary.ids().issue(intermediary.clock.now(), sender.random); }
  // A delivery of some 150 KiB.
  ChunkedStore transfer(std::uint64_t chunk_kib = 40) { return transfer_of(issue(), chunk_kib); }
  ChunkedStore transfer_of(const std::string& id, std::uint64_t chunk_kib) {
    auto inner = sender.delivery(id, "Antrag");
    inner.content.attachments.push_back(
        {"plan@sender", "application/pdf", "", support::octets(150'000), false});
    return ChunkedStore(sender, id, sender.seal(inner, false, false), chunk_kib);
  }
  osci::Answer fetched(const std::string& id) {
    Dialog dialog(intermediary, recipient);
    auto request = dialog.next(MessageType::fetch_delivery);
    request.selection.rule = osci::Selection::Rule::message_ids;
    request.selection.message_ids = {id};
    return dialog.send(request);
  }
  std::size_t spool_files() {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(intermediary.state() + "/state/spool"))
      count += entry.is_regular_file();
    return count;
  }
};

std::vector<std::string> codes(const std::vector<osci::FeedbackEntry>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries) out.push_back(entry.code);
  return out;
}

using Codes = std::vector<std::string>;

TEST_F(ChunkStore, AnyOrderWithARepeatEndsAsOneDelivery) {
  const auto store = transfer();
  ASSERT_EQ(store.count(), 4u);
  Dialog dialog(intermediary, sender);
  Numbers received;
  for (const std::uint32_t number : {3u, 1u, 4u}) {
    const auto answer = dialog.send(store.chunk(dialog, number));
    EXPECT_EQ(codes(answer.feedback), Codes{"0801"});
    received.push_back(number);
    std::sort(received.begin(), received.end());
    EXPECT_EQ(answer.chunk->received, received);
    EXPECT_EQ(answer.chunk->number, number);
    EXPECT_EQ(answer.chunk->total_numbers, 4u);
    EXPECT_TRUE(answer.inside_feedback.empty());
    EXPECT_EQ(answer.cards.at(0).message_id, store.id + "_Partial");
  }
  const auto repeated = dialog.send(store.chunk(dialog, 1));
  EXPECT_EQ(codes(repeated.feedback), Codes{"9900"});
  EXPECT_EQ(repeated.chunk->received, received);

  const auto last = dialog.send(store.chunk(dialog, 2));
  EXPECT_EQ(codes(last.feedback), Codes{"0801"});
  EXPECT_EQ(codes(last.inside_feedback), Codes{"0800"});
  EXPECT_EQ(last.chunk->received, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(last.cards.at(0).message_id, store.id);
  EXPECT_EQ(last.cards.at(0).inspections.size(), 3u);
  EXPECT_EQ(spool_files(), 0u);

  const auto answer = fetched(store.id);
  ASSERT_EQ(answer.content->attachments.size(), 1u);
  EXPECT_EQ(answer.content->attachments[0].bytes, support::octets(150'000));
  EXPECT_EQ(answer.content->attachments[0].content_type, "application/pdf");
}

TEST_F(ChunkStore, SurvivesARestartBetweenAnyTwoChunksAndAfterTheLast) {
  const auto store = transfer();
  for (std::uint32_t number = 1; number <= store.count(); ++number) {
    Dialog dialog(intermediary, sender);
    const auto answer = dialog.send(store.chunk(dialog, number));
    ASSERT_EQ(codes(answer.feedback), Codes{"0801"});
    EXPECT_EQ(answer.chunk->received->size(), number);
    intermediary.restart();
  }
  Dialog dialog(intermediary, sender);
  const auto info = dialog.send(store.info(dialog));
  EXPECT_EQ(codes(info.feedback), Codes{"0801"});
  EXPECT_EQ(codes(info.inside_feedback), Codes{"0800"});
  EXPECT_EQ(info.cards.at(0).message_id, store.id);
  // The chunk that came last, sent again in a new request: the same answer.
  const auto again = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(again.feedback), Codes{"0801"});
  EXPECT_EQ(codes(again.inside_feedback), Codes{"0800"});
  EXPECT_EQ(again.cards.at(0).creation, info.cards.at(0).creation);
  // Any other chunk is a repeat, and tells the result all the same.
  const auto other_chunk = dialog.send(store.chunk(dialog, 2));
  EXPECT_EQ(codes(other_chunk.feedback), Codes{"9900"});
  EXPECT_EQ(codes(other_chunk.inside_feedback), Codes{"0800"});
  EXPECT_EQ(fetched(store.id).content->attachments.at(0).bytes, support::octets(150'000));
}

TEST_F(ChunkStore, CompleteButUnprocessedIsTakenUpAtTheNextStart) {
  const auto store = transfer();
  {
    Dialog dialog(intermediary, sender);
    for (std::uint32_t number = 1; number < store.count(); ++number)
      dialog.send(store.chunk(dialog, number));
    // The last chunk reaches the disk, then the process dies.
    const auto state = intermediary.transfers().state({store.party(), store.id}, std::nullopt);
    ASSERT_TRUE(state && state->transfer);
    const auto put = intermediary.transfers().put(
        store.stored_chunk(*state->transfer, store.count()), intermediary.spool, std::nullopt);
    ASSERT_TRUE(put && !put->refused);
  }
  intermediary.restart();
  EXPECT_EQ(intermediary.transfers().unprocessed()->size(), 1u);
  intermediary.resume_transfers();
  EXPECT_TRUE(intermediary.transfers().unprocessed()->empty());
  Dialog dialog(intermediary, sender);
  EXPECT_EQ(codes(dialog.send(store.info(dialog)).inside_feedback), Codes{"0800"});
  EXPECT_EQ(fetched(store.id).feedback.front().code, "0801");
}

TEST_F(ChunkStore, ProcessingBeyondTheAnnouncedTimeIs3952AndThen3951UntilTheResult) {
  intermediary.chunk_wait = 0ms;
  intermediary.restart();
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number < store.count(); ++number)
    dialog.send(store.chunk(dialog, number));
  const auto last = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(last.feedback), (Codes{"0801", "3952"}));
  EXPECT_TRUE(last.inside_feedback.empty());
  EXPECT_EQ(codes(dialog.send(store.info(dialog)).inside_feedback), Codes{"0800"});

  // Complete for longer than announced, and still without a result: another process died over it.
  const auto late = transfer();
  for (std::uint32_t number = 1; number < late.count(); ++number)
    dialog.send(late.chunk(dialog, number));
  const auto state = intermediary.transfers().state({late.party(), late.id}, std::nullopt);
  ASSERT_TRUE(intermediary.transfers().put(late.stored_chunk(*state->transfer, late.count()),
                                           intermediary.spool, std::nullopt));
  intermediary.clock.advance(1min);
  EXPECT_EQ(codes(dialog.send(late.info(dialog)).feedback), (Codes{"0801", "3951"}));
  EXPECT_EQ(codes(dialog.send(late.info(dialog)).inside_feedback), Codes{"0800"});
}

TEST_F(ChunkStore, InfoOnlyAtAnyTimeAndOnlyForTheOwner) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  const auto none = dialog.send(store.info(dialog));
  EXPECT_EQ(codes(none.feedback), Codes{"0801"});
  EXPECT_EQ(none.chunk->received, Numbers{});
  dialog.send(store.chunk(dialog, 2));
  EXPECT_EQ(dialog.send(store.info(dialog)).chunk->received, Numbers{2});
  // Somebody else sees nothing of it and cannot disturb it.
  Dialog foreign(intermediary, other);
  EXPECT_EQ(foreign.send(store.info(foreign)).chunk->received, Numbers{});
  const ChunkedStore theirs(other, store.id, store.whole, 40);
  EXPECT_EQ(foreign.send(theirs.chunk(foreign, 1)).chunk->received, Numbers{1});
  EXPECT_EQ(dialog.send(store.info(dialog)).chunk->received, Numbers{2});
  for (const std::uint32_t number : {1u, 3u, 4u}) dialog.send(store.chunk(dialog, number));
  // The id is used up: nothing is left to build on for anybody.
  EXPECT_EQ(codes(foreign.send(theirs.info(foreign)).feedback), Codes{"0801"});
  for (const std::uint32_t number : {2u, 3u}) foreign.send(theirs.chunk(foreign, number));
  const auto stolen = foreign.send(theirs.chunk(foreign, 4));
  EXPECT_EQ(codes(stolen.feedback), Codes{"9950"});
  EXPECT_EQ(codes(stolen.inside_feedback), Codes{"9300"}); // not their certificates
  Dialog third(intermediary, recipient);
  EXPECT_EQ(codes(third.send(store.info(third)).feedback), Codes{"9801"});
}

TEST_F(ChunkStore, EveryRuleHasItsCodeAndLeavesTheTransferAsItWas) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  ASSERT_EQ(codes(dialog.send(store.chunk(dialog, 2)).feedback), Codes{"0801"});
  const auto expect = [&](const char* code, auto&& change, std::uint32_t number = 1) {
    auto request = store.chunk(dialog, number);
    change(request);
    const auto answer = dialog.send(request);
    EXPECT_EQ(codes(answer.feedback), Codes{code});
    EXPECT_EQ(answer.chunk->received, Numbers{2}) << code;
  };
  using R = osci::Request;
  const auto bytes = [](R& r) -> std::string& { return r.content.attachments[0].bytes; };
  expect("9901", [](R& r) { r.chunk->number = 0; });
  expect("9901", [](R& r) { r.chunk->number = 5; });
  expect("9902", [&](R& r) { bytes(r) = std::string(64 * 1024 + 1, 'x'); });
  expect("9902", [](R& r) { r.chunk->size = 65; });
  expect("9903", [&](R& r) {
    r.chunk->size = 1;
    bytes(r).resize(1024);
  });
  expect("9904", [](R& r) { r.chunk->total_size = 8 * 1024 + 1; });
  expect("9904", [](R& r) { r.chunk->total_numbers = 250; });
  expect("9905", [](R& r) { r.chunk->total_numbers = 5; });
  expect("9905", [](R& r) { r.chunk->total_size = *r.chunk->total_size + 1; });
  expect("9905", [](R& r) { r.chunk->size = 41; });
  expect("9905", [&](R& r) { bytes(r).pop_back(); });
  expect(
      "9905", [&](R& r) { bytes(r).clear(); }, 4);
  expect("9905", [&](R& r) {
    for (auto& entry : r.certificates)
      if (entry.role == "CipherCertificateAddressee")
        entry.certificate = support::key("other_cipher").certificate;
  });
  expect(
      "9900", [](R&) {}, 2);
  expect("9805", [&](R& r) {
    for (auto& entry : r.certificates)
      if (entry.role == "CipherCertificateAddressee") entry.certificate = sender.cipher.certificate;
  });
  const auto with_id = [&](std::optional<std::string> id) {
    auto request = store.chunk(dialog, 1);
    request.message_id = std::move(id);
    return codes(dialog.send(request).feedback);
  };
  EXPECT_EQ(with_id(std::string(40, 'A') + "_Partial"), Codes{"9801"});
  EXPECT_EQ(with_id(store.id), Codes{"9801"}); // without the suffix
  EXPECT_EQ(with_id(std::nullopt), Codes{"9800"});
  // And goes on.
  for (const std::uint32_t number : {1u, 3u, 4u})
    EXPECT_EQ(codes(dialog.send(store.chunk(dialog, number)).feedback), Codes{"0801"});
  EXPECT_EQ(fetched(store.id).feedback.front().code, "0801");
}

TEST_F(ChunkStore, WhatIsConsumedByAnOrdinaryStoreTakesNoChunks) {
  const std::string id = issue();
  ASSERT_EQ(support::code_of(sender, intermediary.post(sender.seal(sender.delivery(id, "klein")))),
            "0800");
  const auto store = transfer_of(id, 40);
  Dialog dialog(intermediary, sender);
  EXPECT_EQ(codes(dialog.send(store.chunk(dialog, 1)).feedback), Codes{"9801"});
  EXPECT_EQ(codes(dialog.send(store.info(dialog)).feedback), Codes{"9801"});
  EXPECT_EQ(spool_files(), 0u);
}

TEST_F(ChunkStore, IdConsumedWhileTheChunksWereOnTheirWay) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number < store.count(); ++number)
    dialog.send(store.chunk(dialog, number));
  intermediary.post(sender.seal(sender.delivery(store.id, "schneller")));
  const auto last = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(last.feedback), Codes{"9950"});
  EXPECT_EQ(codes(last.inside_feedback), Codes{"9801"});
  EXPECT_EQ(spool_files(), 0u);
}

TEST_F(ChunkStore, TheIdenticalRepeatGetsTheSameAnswerAlsoAfterARestart) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number <= store.count(); ++number) {
    const auto request = store.chunk(dialog, number);
    const std::string wire = sender.seal(request);
    const auto first = sender.open(intermediary.post(wire));
    intermediary.restart();
    const auto again = sender.open(intermediary.post(wire));
    EXPECT_EQ(codes(again.feedback), codes(first.feedback));
    EXPECT_EQ(codes(again.inside_feedback), codes(first.inside_feedback));
    EXPECT_EQ(again.chunk->received, first.chunk->received);
    EXPECT_EQ(again.chunk->number, number);
    EXPECT_EQ(again.control.challenge, first.control.challenge);
    EXPECT_EQ(again.cards.at(0).message_id, first.cards.at(0).message_id);
    dialog.challenge = *again.control.challenge;
    ++dialog.sequence;
  }
  for (const bool sign : {true, false}) {
    const auto request = store.chunk(dialog, 1);
    const std::string wire = sender.seal(request, sign);
    const auto first = sender.open(intermediary.post(wire));
    EXPECT_EQ(codes(first.feedback), Codes{sign ? "9900" : "9600"});
    intermediary.restart();
    EXPECT_EQ(codes(sender.open(intermediary.post(wire)).feedback), codes(first.feedback));
    dialog.challenge = *first.control.challenge;
    ++dialog.sequence;
  }
}

TEST_F(ChunkStore, WhatTheChunksMakeUpIsCheckedAsADelivery) {
  Dialog dialog(intermediary, sender);
  const auto result = [&](const std::string& id, const std::string& whole) {
    const ChunkedStore store(sender, id, whole, 16);
    osci::Answer last;
    for (std::uint32_t number = 1; number <= store.count(); ++number)
      last = dialog.send(store.chunk(dialog, number));
    EXPECT_EQ(codes(last.feedback), Codes{"9950"});
    EXPECT_EQ(spool_files(), 0u);
    return last.inside_feedback.empty() ? "" : last.inside_feedback.front().code;
  };
  EXPECT_EQ(result(issue(), "no MIME at all"), "9100");
  const auto id = issue();
  EXPECT_EQ(result(issue(), sender.seal(sender.delivery(id, "x"), false, false)), "9801");
  EXPECT_EQ(result(id, sender.seal(sender.request(MessageType::get_message_id), false, false)),
            "9300");
  const auto elsewhere = issue();
  EXPECT_EQ(result(elsewhere, sender.seal(sender.delivery(elsewhere, "x", "other"), false, false)),
            "9300");
  const auto forged = issue();
  std::string tampered = sender.seal(sender.delivery(forged, "Inhalt"), true, false);
  const auto at = tampered.find("SW5oYWx0");
  ASSERT_NE(at, std::string::npos);
  tampered[at] = 'T';
  EXPECT_EQ(result(forged, tampered), "9601");
}

TEST_F(ChunkStore, SignedBase64AndEncryptedInnerMessages) {
  Dialog dialog(intermediary, sender);
  for (const bool encrypt : {false, true}) {
    const auto id = issue();
    auto inner = sender.delivery(id, "Antrag");
    inner.content.attachments.push_back(
        {"a@sender", "application/pdf", "", support::octets(30'000), true});
    inner.content.attachments.push_back({"b@sender", "text/plain", "", "kurz", true});
    const ChunkedStore store(sender, id, sender.seal(inner, true, encrypt), 16);
    osci::Answer last;
    for (std::uint32_t number = 1; number <= store.count(); ++number)
      last = dialog.send(store.chunk(dialog, number));
    ASSERT_EQ(codes(last.inside_feedback), Codes{"0800"}) << encrypt;
    const auto answer = fetched(id);
    ASSERT_EQ(answer.content->attachments.size(), 2u);
    EXPECT_EQ(answer.content->attachments[0].bytes, support::octets(30'000));
    EXPECT_EQ(answer.content->attachments[1].bytes, "kurz");
  }
}

TEST_F(ChunkStore, WarningsOfTheDeliveryStandInsideAndAreAnnouncedOutside) {
  const auto id = issue();
  auto inner = sender.delivery(id, "Antrag");
  inner.quality_of_creation = "cryptographic"; // nobody stamps here
  const ChunkedStore store(sender, id, sender.seal(inner, false, false), 16);
  Dialog dialog(intermediary, sender);
  osci::Answer last;
  for (std::uint32_t number = 1; number <= store.count(); ++number)
    last = dialog.send(store.chunk(dialog, number));
  EXPECT_EQ(codes(last.inside_feedback), (Codes{"0800", "3709"}));
  EXPECT_EQ(codes(last.feedback), (Codes{"0801", "3950"}));
  EXPECT_EQ(codes(dialog.send(store.info(dialog)).inside_feedback), (Codes{"0800", "3709"}));
}

TEST_F(ChunkStore, StrictModeHoldsForWhatTheChunksMakeUp) {
  for (const bool strict : {false, true}) {
    Intermediary judge(support::with_chunks(), false, 0ms, {}, strict);
    const auto id = judge.ids().issue(judge.clock.now(), sender.random);
    auto inner = sender.delivery(id, "Antrag");
    inner.languages = {"de", "not_a_language"}; // taken, but no value of the schema's type
    const ChunkedStore store(sender, id, sender.seal(inner, false, false), 16);
    Dialog dialog(judge, sender);
    osci::Answer last;
    for (std::uint32_t number = 1; number <= store.count(); ++number)
      last = dialog.send(store.chunk(dialog, number));
    EXPECT_EQ(codes(last.inside_feedback), Codes{strict ? "9100" : "0800"});
  }
}

TEST_F(ChunkStore, MessageMetaDataInsideIsIndexedAsInAnyDelivery) {
  const auto header = osci::adopt_metadata(support::kMetaDataSample).value();
  const auto id = issue();
  auto inner = sender.delivery(id, "Antrag");
  inner.content.custom_headers.push_back({"MetaData", header});
  const ChunkedStore store(sender, id, sender.seal(inner, false, false), 16);
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number <= store.count(); ++number)
    dialog.send(store.chunk(dialog, number));

  mailbox::FetchSelection selection;
  selection.mailboxes = {"wgb:059130000000"};
  const auto kept = intermediary.store().read(selection);
  ASSERT_TRUE(kept && kept->delivery && kept->delivery->metadata);
  EXPECT_EQ(kept->delivery->metadata->message_type, "wohngeld.antrag.0100");
  const auto answer = fetched(id);
  ASSERT_EQ(answer.content->custom_headers.size(), 1u);
  EXPECT_EQ(answer.content->custom_headers[0].canonical, header);
}

TEST_F(ChunkStore, ImplicitRequestsDoAsWell) {
  const auto store = transfer(64);
  osci::Answer last;
  for (std::uint32_t number = 1; number <= store.count(); ++number)
    last = sender.open(intermediary.post(
        sender.seal(store.filled(sender.request(MessageType::partial_store_delivery), number))));
  EXPECT_EQ(codes(last.feedback), Codes{"0800"});
  EXPECT_EQ(codes(last.inside_feedback), Codes{"0800"});
}

TEST_F(ChunkStore, QuotasAndAFullDiskRefuseAndKeepWhatIsThere) {
  intermediary.spool = {600'000, 400'000};
  intermediary.restart();
  Dialog dialog(intermediary, sender);
  const auto one = transfer(), two = transfer(), three = transfer();
  EXPECT_EQ(codes(dialog.send(one.chunk(dialog, 1)).feedback), Codes{"0801"});
  EXPECT_EQ(codes(dialog.send(two.chunk(dialog, 1)).feedback), Codes{"0801"});
  EXPECT_EQ(codes(dialog.send(three.chunk(dialog, 1)).feedback), Codes{"9811"});
  Dialog foreign(intermediary, other);
  const ChunkedStore theirs(other, issue(), one.whole, 40);
  EXPECT_EQ(codes(foreign.send(theirs.chunk(foreign, 1)).feedback), Codes{"0801"});
  const ChunkedStore more(other, issue(), one.whole, 40);
  EXPECT_EQ(codes(foreign.send(more.chunk(foreign, 1)).feedback), Codes{"9811"});

  intermediary.reserve = ~std::uint64_t{0} >> 1;
  intermediary.restart();
  const std::string wire = sender.seal(one.chunk(dialog, 2));
  const auto full = sender.open(intermediary.post(wire));
  EXPECT_EQ(codes(full.feedback), Codes{"9811"});
  EXPECT_EQ(full.chunk->received, Numbers{1});
  dialog.challenge = *full.control.challenge;
  ++dialog.sequence;
  intermediary.reserve = 0;
  intermediary.restart();
  EXPECT_EQ(support::code_of(sender, intermediary.post(wire)), "9811"); // the identical repeat
  for (std::uint32_t number = 2; number <= one.count(); ++number)
    EXPECT_EQ(codes(dialog.send(one.chunk(dialog, number)).feedback), Codes{"0801"});
  EXPECT_EQ(fetched(one.id).feedback.front().code, "0801");
}

TEST_F(ChunkStore, ADiskFullAtTheEndKeepsTheTransferUntilItFits) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number < store.count(); ++number)
    dialog.send(store.chunk(dialog, number));
  const auto state = intermediary.transfers().state({store.party(), store.id}, std::nullopt);
  ASSERT_TRUE(intermediary.transfers().put(store.stored_chunk(*state->transfer, store.count()),
                                           intermediary.spool, std::nullopt));
  intermediary.reserve = ~std::uint64_t{0} >> 1;
  intermediary.restart();
  const auto full = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(full.feedback), Codes{"9811"});
  EXPECT_EQ(full.chunk->received->size(), store.count());
  EXPECT_TRUE(full.inside_feedback.empty());
  intermediary.reserve = 0;
  intermediary.restart();
  const auto done = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(done.inside_feedback), Codes{"0800"});
}

TEST_F(ChunkStore, UnusedTransfersExpireWithTheirFilesAndResultsToo) {
  const auto store = transfer(), finished = transfer();
  Dialog dialog(intermediary, sender);
  dialog.send(store.chunk(dialog, 1));
  for (std::uint32_t number = 1; number <= finished.count(); ++number)
    dialog.send(finished.chunk(dialog, number));
  EXPECT_EQ(spool_files(), 1u);
  intermediary.expire_transfers(intermediary.clock.now());
  EXPECT_EQ(dialog.send(store.info(dialog)).chunk->received, Numbers{1});
  intermediary.expire_transfers(intermediary.clock.now() + 1s);
  EXPECT_EQ(spool_files(), 0u);
  EXPECT_EQ(dialog.send(store.info(dialog)).chunk->received, Numbers{});
  EXPECT_EQ(codes(dialog.send(finished.info(dialog)).feedback), Codes{"9801"});
  // Begun anew under the same id.
  for (std::uint32_t number = 1; number <= store.count(); ++number)
    dialog.send(store.chunk(dialog, number));
  EXPECT_EQ(fetched(store.id).feedback.front().code, "0801");
  EXPECT_EQ(fetched(finished.id).feedback.front().code, "0801");
}

TEST_F(ChunkStore, ASpoolFileThatNoRowNamesIsSweptAndADamagedOneIsNotStored) {
  const auto store = transfer();
  Dialog dialog(intermediary, sender);
  for (std::uint32_t number = 1; number < store.count(); ++number)
    dialog.send(store.chunk(dialog, number));
  const std::string folder = intermediary.state() + "/state/spool/";
  { std::ofstream(folder + std::string(32, 'a')) << "rubbish"; }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.file_size() < 1000) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50'000);
    file.put('!');
  }
  intermediary.restart();
  EXPECT_EQ(spool_files(), 1u);
  const auto last = dialog.send(store.chunk(dialog, store.count()));
  EXPECT_EQ(codes(last.feedback), Codes{"9950"});
  EXPECT_EQ(codes(last.inside_feedback), Codes{"9811"});
}

TEST_F(ChunkStore, EveryAnswerAnnouncesTheLimitsUnlessItIsSwitchedOff) {
  const auto answer =
      sender.open(intermediary.post(sender.seal(sender.request(MessageType::get_message_id))));
  ASSERT_TRUE(answer.features.chunks);
  EXPECT_EQ(answer.features.chunks->max_chunk, 64u);
  EXPECT_EQ(answer.features.chunks->min_chunk, 2u);
  EXPECT_EQ(answer.features.chunks->max_message, 8 * 1024u);
  EXPECT_EQ(answer.features.chunks->timeout_seconds, 30u);

  Intermediary without;
  EXPECT_FALSE(sender.open(without.post(sender.seal(sender.request(MessageType::get_message_id))))
                   .features.chunks);
  const auto store = transfer();
  const auto refused = without.post(
      sender.seal(store.filled(sender.request(MessageType::partial_store_delivery), 1)));
  EXPECT_EQ(support::code_of(sender, refused), "9300");
}

} // namespace
