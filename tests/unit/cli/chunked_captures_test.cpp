// The chunks that an independent client and its stub recorded, in our hands.
#include "cli/incoming_spool.h"
#include "client/chunked_store.h"
#include "crypto/digest.h"
#include "fake_intermediary.h"
#include "seal/attachment_stream.h"
#include "temporary_folder.h"
#include <gtest/gtest.h>

namespace {

constexpr const char* kPayload = "7b042d2aa063ba9c956f7c302acfa73994ccc7ced8d1b7654fc977cdc6e44c38";

seal::Message open_recorded(const std::string& name, seal::Direction direction) {
  base::SystemRandom random;
  seal::OpenOptions options;
  options.direction = direction;
  return seal::open(support::read_file(support::captures_folder() + "/b-plain/" + name + ".bin"),
                    "", {}, options, random)
      .value();
}

TEST(RecordedChunks, OfAFetchMakeTheDeliveryThatWasSent) {
  test::TemporaryFolder folder;
  base::SystemRandom random;
  auto spool = cli::FolderSpool::open(folder / "partial", {"http://x", "own"});
  ASSERT_TRUE(spool);
  client::IncomingTransfer transfer;
  for (const char* name : {"104", "100", "102"}) { // any order
    const auto message = open_recorded(std::string(name) + "_ResponseToPartialFetchDelivery",
                                       seal::Direction::answer);
    const auto answer = osci::decode_answer(message, false);
    ASSERT_TRUE(answer) << answer.error().detail;
    const auto& chunk = answer->chunk.value();
    if (transfer.message_id.empty()) {
      transfer = {answer->message_id.value(), 100, 102'400, chunk.total_numbers.value(),
                  chunk.total_size.value()};
      ASSERT_TRUE(spool->begin(transfer));
    }
    EXPECT_EQ(answer->message_id, transfer.message_id);
    EXPECT_EQ(chunk.total_numbers, transfer.chunks);
    EXPECT_EQ(
        spool->put(transfer, chunk.number.value(), answer->content.value().attachments.at(0).bytes)
            .value(),
        true);
  }
  const auto text = spool->whole(transfer);
  ASSERT_TRUE(text) << text.error().detail;
  EXPECT_EQ((text->size + 1023) / 1024, transfer.total_kib);

  seal::Spooled spooled;
  spooled.source = text->source;
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  auto message = seal::open_spooled(spooled, {}, options, random);
  ASSERT_TRUE(message) << message.error().detail;
  auto answer = osci::decode_answer(*message, false);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->to, osci::MessageType::fetch_delivery);
  const client::Delivery delivery{std::move(*answer), std::move(*message), *text};
  EXPECT_EQ(delivery.message_id(), transfer.message_id);
  const auto content = delivery.open(test::identity("recipient"), {}, random);
  ASSERT_TRUE(content) << content.error().detail;
  ASSERT_EQ(content->items.size(), 1u);
  EXPECT_EQ(content->items[0].bytes.size(), 150'000u);
  EXPECT_EQ(crypto::sha256_hex(content->items[0].bytes), kPayload);
  EXPECT_EQ(content->items[0].signature, seal::SignatureState::valid);
}

// Types and Ids of header blocks, in order.
std::vector<std::string> shape(const seal::Verified& message) {
  std::vector<std::string> out{message.type()};
  for (const auto& block : message.blocks())
    out.push_back(std::string(block.element.name()) + " " + block.id);
  return out;
}

TEST(RecordedChunks, OfAStoreMakeWhatOurClientWrites) {
  std::string text;
  base::SystemRandom random;
  std::optional<osci::Request> first;
  for (const char* name : {"89", "91", "93"}) {
    const auto message =
        open_recorded(std::string(name) + "_PartialStoreDelivery", seal::Direction::request);
    const auto request = osci::decode_request(message.verified(false).value(), false);
    ASSERT_TRUE(request) << request.error().detail;
    text += request->content.attachments.at(0).bytes;
    if (!first) first = *request;
  }
  const auto recorded = seal::open(text, "", {}, {}, random);
  ASSERT_TRUE(recorded) << recorded.error().detail;
  const auto inner = osci::decode_request(recorded->verified(false).value(), false);
  ASSERT_TRUE(inner) << inner.error().detail;
  EXPECT_EQ(*first->message_id, *inner->message_id + "_Partial");

  test::FakeIntermediary intermediary;
  client::Session sender(intermediary, test::identity("sender"), test::pinned(), {}, random,
                         [](base::Milliseconds) {});
  std::string ours;
  const client::Letter letter{support::key("recipient_cipher").certificate, {}, {"x"}, {}, "y"};
  ASSERT_TRUE(
      sender.write_delivery(letter, {}, "id", [&](std::string_view piece) -> base::Result<> {
        ours += piece;
        return {};
      }));
  const auto written = seal::open(ours, "", {}, {}, random);
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(written->is_signed(), recorded->is_signed());
  EXPECT_EQ(written->transport().encrypted, recorded->transport().encrypted);
  EXPECT_EQ(shape(written->unverified()), shape(recorded->unverified()));
  const auto request = osci::decode_request(written->verified(false).value(), false);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->control.sequence_number, inner->control.sequence_number);
  EXPECT_EQ(request->control.conversation_id, inner->control.conversation_id);

  // The totals that the client announced are those that we would announce.
  const client::OutgoingTransfer transfer{*inner->message_id, letter.addressee, text.size(),
                                          first->chunk->size.value()};
  EXPECT_EQ(transfer.chunks(), first->chunk->total_numbers);
  EXPECT_EQ(transfer.total_kib(), first->chunk->total_size);
}

TEST(RecordedChunks, AnswersToAStoreTellWhatHasArrived) {
  const auto answer_of = [](const char* name) {
    return osci::decode_answer(open_recorded(std::string(name) + "_ResponseToPartialStoreDelivery",
                                             seal::Direction::answer),
                               false)
        .value();
  };
  EXPECT_EQ(answer_of("90").chunk->received, (std::vector<std::uint32_t>{1}));
  EXPECT_TRUE(answer_of("90").inside_feedback.empty());
  const auto last = answer_of("94");
  EXPECT_EQ(last.chunk->received, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(last.inside_feedback.at(0).code, "0800");
  EXPECT_FALSE(last.cards.at(0).message_id.ends_with("_Partial"));
}

} // namespace
