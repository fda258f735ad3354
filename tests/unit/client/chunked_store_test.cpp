#include "client/chunked_store.h"
#include "fake_chunks.h"
#include <gtest/gtest.h>
#include <numeric>

namespace {

using base::ErrorCode;
using test::FakeChunks;
using test::FakeIntermediary;

// A sender whose message makes five chunks of one KiB or more; waiting costs no time.
struct World {
  FakeIntermediary intermediary;
  FakeChunks chunks{intermediary};
  base::SystemRandom random;
  std::vector<base::Milliseconds> pauses;
  bool encrypted = false;
  client::Session sender = session(test::kCheapParty);
  std::string id, text, file = std::string(20'000, 'x');
  std::uint64_t chunk_kib = 6;

  client::Session session(const std::string& party) {
    client::Options options;
    options.retry.attempts = 1;
    test::make_cheap(intermediary, options, encrypted);
    return {intermediary,
            test::identity(party),
            test::cheaply_pinned(),
            std::move(options),
            random,
            [this](base::Milliseconds wait) { pauses.push_back(wait); }};
  }

  explicit World(bool encrypt = false) : encrypted(encrypt) {
    for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * i);
    id = sender.get_message_id().value().message_id;
    const client::Letter letter{
        support::key("bench2048_cipher").certificate, {}, {"Antrag"}, {}, "Betreff"};
    const auto source = std::make_shared<base::MemoryOctets>(file);
    const auto written = sender.write_delivery(letter, {{"plan.pdf", {source, 0, file.size()}}}, id,
                                               [this](std::string_view piece) -> base::Result<> {
                                                 text += piece;
                                                 return {};
                                               });
    EXPECT_TRUE(written);
  }

  client::OutgoingTransfer transfer() const {
    return {id, support::key("bench2048_cipher").certificate, text.size(), chunk_kib};
  }
  std::uint32_t total() const { return transfer().chunks(); }
  client::ChunkedStore store() {
    const auto message = std::make_shared<base::MemoryOctets>(text);
    return {sender, transfer(), {message, 0, text.size()}};
  }
  // Numbers from 1 to the last.
  std::vector<std::uint32_t> all() const {
    std::vector<std::uint32_t> out(total());
    std::iota(out.begin(), out.end(), 1u);
    return out;
  }
  void expect_arrived() {
    ASSERT_EQ(intermediary.kept.size(), 1u);
    auto reader = session(test::kCheapParty);
    auto dialog = reader.open_dialog();
    ASSERT_TRUE(dialog);
    auto delivery = dialog->fetch({});
    ASSERT_TRUE(delivery && *delivery);
    const auto content = (*delivery)->open(reader.identity(), reader.options(), random);
    ASSERT_TRUE(content) << content.error().detail;
    ASSERT_EQ(content->items.size(), 2u);
    EXPECT_EQ(content->items[0].bytes, "Antrag");
    EXPECT_EQ(content->items[1].bytes, file);
    EXPECT_EQ(content->items[1].signature, seal::SignatureState::valid);
  }
};

std::string code_of(const base::Error& error) {
  return error.code == ErrorCode::peer_fault ? error.detail.substr(0, 4)
                                             : std::string(base::to_string(error.code));
}

TEST(ChunkedStore, SendsEveryChunkOnceAndGivesTheReceiptOfTheWhole) {
  World world(true);
  ASSERT_GE(world.total(), 5u);
  auto store = world.store();
  std::vector<std::uint32_t> progress;
  store.on_progress = [&](std::uint32_t done, std::uint32_t total) {
    progress.push_back(done);
    EXPECT_EQ(total, world.total());
  };
  const auto receipt = store.run(false);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->message_id, world.id);
  EXPECT_EQ(receipt->feedback.at(0).code, "0800");
  EXPECT_EQ(receipt->card.value().message_id, world.id);
  EXPECT_EQ(receipt->card->subject, "Betreff");
  EXPECT_EQ(world.chunks.sent, world.all());
  EXPECT_EQ(progress.size(), world.total() - 1); // the last answer brings the receipt
  EXPECT_TRUE(store.processed());
  EXPECT_FALSE(world.intermediary.dialog_open);
  const auto& transfer = world.chunks.transfers.at(world.id);
  EXPECT_EQ(transfer.total_size, (world.text.size() + 1023) / 1024);
  for (const auto& [number, bytes] : transfer.chunks)
    EXPECT_EQ(bytes, world.text.substr((number - 1) * 6 * 1024, 6 * 1024));
  world.expect_arrived();
}

TEST(ChunkedStore, GoesOnAfterAnInterruptionAtEveryChunk) {
  for (const bool answer_lost : {false, true})
    for (std::uint32_t at = 1;; ++at) {
      World world;
      if (at > world.total()) break;
      SCOPED_TRACE(std::to_string(at) + (answer_lost ? " answer" : " request"));
      bool broken = false;
      world.intermediary.watch = [&](const osci::Request& request) {
        if (broken || !request.chunk || request.chunk->number != at) return;
        broken = true;
        (answer_lost ? world.intermediary.broken_after : world.intermediary.broken_before) = 1;
        if (!answer_lost) world.intermediary.broken_after = 1;
        world.intermediary.lose_dialog();
      };
      // A request that is lost on the way: nothing of it arrives.
      if (!answer_lost) {
        world.intermediary.watch = nullptr;
        world.chunks.on_chunk = [&](std::uint32_t number) {
          if (broken || number + 1 != at) return;
          broken = true;
          world.intermediary.broken_before = 2; // the chunk, and the InitDialog after it
          world.intermediary.lose_dialog();
        };
        if (at == 1) {
          broken = true;
          world.intermediary.broken_before = 2;
        }
      }
      const auto receipt = world.store().run(false);
      ASSERT_TRUE(receipt) << receipt.error().detail;
      EXPECT_TRUE(broken);
      // Asked what is missing, and sent only that.
      auto sent = world.chunks.sent;
      EXPECT_EQ(std::count(sent.begin(), sent.end(), 0u), answer_lost || at > 1 ? 1 : 1);
      std::erase(sent, 0u);
      EXPECT_EQ(sent, world.all());
      world.expect_arrived();
    }
}

TEST(ChunkedStore, ANewProcessSendsOnlyWhatIsMissing) {
  World world;
  world.chunks.on_chunk = [&](std::uint32_t number) {
    if (number == 3) world.intermediary.broken_before = 1000;
  };
  auto first = world.store();
  const auto failed = first.run(false);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::network);
  EXPECT_FALSE(first.processed());
  world.intermediary.broken_before = 0;
  world.intermediary.lose_dialog();
  world.chunks.on_chunk = nullptr;
  world.chunks.sent.clear();
  const auto receipt = world.store().run(true);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  auto expected = world.all();
  expected.erase(expected.begin(), expected.begin() + 3);
  expected.insert(expected.begin(), 0u);
  EXPECT_EQ(world.chunks.sent, expected);
  world.expect_arrived();
}

TEST(ChunkedStore, ANewProcessLearnsTheResultThatGotLost) {
  World world;
  ASSERT_TRUE(world.store().run(false));
  world.chunks.sent.clear();
  const auto receipt = world.store().run(true);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->card.value().message_id, world.id);
  EXPECT_EQ(world.chunks.sent, std::vector<std::uint32_t>{0});
  EXPECT_EQ(world.intermediary.kept.size(), 1u);
}

TEST(ChunkedStore, TakesAChunkThatIsThereAlreadyForReceived) {
  World world;
  auto& transfer = world.chunks.transfers[world.id];
  transfer = {{{2, world.text.substr(6 * 1024, 6 * 1024)}},
              world.total(),
              6,
              world.transfer().total_kib(),
              {},
              {}};
  // Its first answer lists chunk 2, so it is never sent; then one that lists nothing.
  world.intermediary.change = [](osci::Answer& answer) {
    if (answer.chunk) answer.chunk->received.reset();
  };
  const auto receipt = world.store().run(false);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(world.chunks.sent, world.all());
  world.expect_arrived();
}

TEST(ChunkedStore, GivesUpWhenAChunkIsRefused) {
  for (const char* code : {"9901", "9902", "9903", "9904", "9905", "9801", "9811", "9950"}) {
    SCOPED_TRACE(code);
    World world;
    world.chunks.refuse[3] = code;
    auto store = world.store();
    const auto receipt = store.run(false);
    ASSERT_FALSE(receipt);
    EXPECT_EQ(code_of(receipt.error()), code);
    EXPECT_FALSE(store.processed());
    EXPECT_EQ(world.chunks.sent, (std::vector<std::uint32_t>{1, 2, 3}));
    EXPECT_FALSE(world.intermediary.dialog_open); // left in good order
  }
}

TEST(ChunkedStore, BeginsAnewWhereTheTransferIsUnknown) {
  for (const char* code : {"9901", "9905"}) {
    World world;
    world.chunks.refuse[0] = code;
    ASSERT_TRUE(world.store().run(true));
    world.expect_arrived();
  }
}

TEST(ChunkedStore, TheProcessCardTellsWhatAForgottenTransferBecame) {
  // Accepted; the answer got lost, and the result is no longer kept.
  World accepted;
  ASSERT_TRUE(accepted.store().run(false));
  accepted.chunks.transfers.clear();
  accepted.chunks.sent.clear();
  accepted.chunks.refuse[0] = "9801";
  auto store = accepted.store();
  const auto receipt = store.run(true);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->message_id, accepted.id);
  EXPECT_EQ(receipt->card.value().subject, "Betreff");
  EXPECT_TRUE(store.processed());
  EXPECT_EQ(accepted.chunks.sent, std::vector<std::uint32_t>{0});
  EXPECT_FALSE(accepted.intermediary.dialog_open);
  // The same from a peer that knows nothing of the transfer and takes the id for used.
  accepted.chunks.refuse = {{0, "9901"}, {1, "9801"}};
  EXPECT_TRUE(accepted.store().run(true));

  // Never accepted: it cannot be any more.
  World expired;
  expired.chunks.refuse[0] = "9801";
  auto late = expired.store();
  const auto refused = late.run(true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), "9801");
  EXPECT_TRUE(late.expired());
  EXPECT_FALSE(late.processed());

  // A card of another message proves nothing.
  World other;
  ASSERT_TRUE(other.store().run(false));
  other.chunks.refuse[0] = "9801";
  other.intermediary.change = [](osci::Answer& answer) {
    if (answer.to == osci::MessageType::fetch_process_card)
      for (auto& card : answer.cards) card.message_id = "another";
  };
  EXPECT_FALSE(other.store().run(true));
}

TEST(ChunkedStore, AReceiptOfAnotherDeliverySettlesNothing) {
  World world;
  world.intermediary.change = [](osci::Answer& answer) {
    if (!answer.cards.empty()) answer.cards.front().message_id = "another";
  };
  auto store = world.store();
  EXPECT_EQ(store.run(false).error().code, ErrorCode::control_block);
  EXPECT_FALSE(store.processed());
}

TEST(ChunkedStore, AsksUntilTheWholeIsProcessed) {
  for (const char* code : {"3952", "3951"}) {
    SCOPED_TRACE(code);
    World world;
    world.chunks.processing = 4;
    world.chunks.processing_code = code;
    const auto receipt = world.store().run(false);
    ASSERT_TRUE(receipt) << receipt.error().detail;
    auto expected = world.all();
    expected.insert(expected.end(), 4, 0u);
    EXPECT_EQ(world.chunks.sent, expected);
    using base::Milliseconds;
    EXPECT_EQ(world.pauses,
              (std::vector{Milliseconds{500}, Milliseconds{1000}, Milliseconds{2000}}));
    world.expect_arrived();
  }
}

TEST(ChunkedStore, DoesNotAskForEver) {
  World world;
  world.chunks.processing = 1'000'000;
  auto store = world.store();
  const auto receipt = store.run(false);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::timed_out);
  EXPECT_TRUE(store.overdue());
  EXPECT_FALSE(store.processed());
  EXPECT_LT(world.chunks.sent.size(), world.total() + 60);
  // Later the result is there.
  world.chunks.processing = 0;
  EXPECT_TRUE(world.store().run(true));
}

TEST(ChunkedStore, TellsWhatTheIntermediaryMakesOfTheWhole) {
  World refused;
  refused.chunks.result = "9805";
  auto store = refused.store();
  const auto receipt = store.run(false);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(code_of(receipt.error()), "9805");
  EXPECT_TRUE(store.processed());

  World warned;
  warned.chunks.result = "3701";
  warned.intermediary.change = [](osci::Answer& answer) {
    if (!answer.inside_feedback.empty()) answer.feedback.front().code = "3950";
  };
  const auto taken = warned.store().run(false);
  ASSERT_TRUE(taken) << taken.error().detail;
  EXPECT_EQ(taken->feedback.at(0).code, "3701");
  EXPECT_FALSE(taken->card);
}

TEST(ChunkedStore, BelievesNoNonsense) {
  const auto error_of = [](std::function<void(osci::Answer&)> change) {
    World world;
    world.intermediary.change = [&](osci::Answer& answer) {
      if (answer.to == osci::MessageType::partial_store_delivery) change(answer);
    };
    const auto receipt = world.store().run(false);
    return receipt ? std::string("none") : code_of(receipt.error());
  };
  EXPECT_EQ(error_of([](osci::Answer&) {}), "none");
  EXPECT_EQ(error_of([](osci::Answer& a) { a.chunk->received->push_back(0); }), "control_block");
  EXPECT_EQ(error_of([](osci::Answer& a) { a.chunk->received->push_back(99); }), "control_block");
  EXPECT_EQ(error_of([](osci::Answer& a) { a.chunk->total_numbers = 2; }), "control_block");
  EXPECT_EQ(error_of([](osci::Answer& a) {
              if (!a.cards.empty()) a.cards.front().message_id = "another";
            }),
            "control_block");
  // A list in any order and with repeats is still a set.
  EXPECT_EQ(error_of([](osci::Answer& a) {
              std::reverse(a.chunk->received->begin(), a.chunk->received->end());
              a.chunk->received->push_back(1);
            }),
            "none");
  // The suffixed id on the card, as some leave it.
  EXPECT_EQ(error_of([](osci::Answer& a) {
              if (!a.cards.empty()) a.cards.front().message_id += "_Partial";
            }),
            "none");
}

TEST(ChunkedStore, DoesNotSendForEverWhatIsNotKept) {
  World world;
  world.chunks.forgetful = true;
  const auto receipt = world.store().run(false);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::control_block);
  EXPECT_LE(world.chunks.sent.size(), 10u);

  // Says that everything is there, and at the next question that nothing is.
  World liar;
  bool all = false;
  liar.chunks.forgetful = true;
  liar.intermediary.change = [&](osci::Answer& answer) {
    if (!answer.chunk) return;
    all = !all;
    answer.chunk->received = all ? liar.all() : std::vector<std::uint32_t>{};
  };
  EXPECT_FALSE(liar.store().run(false));
  EXPECT_LE(liar.chunks.sent.size(), 400u);
}

TEST(ChunkedStore, StopsWhenAsked) {
  World world;
  auto store = world.store();
  store.stop = [&] { return world.chunks.sent.size() == 2; };
  EXPECT_FALSE(store.run(false));
  EXPECT_EQ(world.chunks.sent.size(), 2u);
  EXPECT_TRUE(world.store().run(true));
}

TEST(ChunkSize, FitsWhatIsAnnounced) {
  osci::Features features;
  const auto size = [&](std::uint64_t octets, std::uint64_t wished) {
    const auto chunk = client::chunk_kib_for(octets, wished, features);
    return chunk ? *chunk : 0;
  };
  EXPECT_EQ(size(100, 0), 4096u); // nothing announced
  features.chunks = osci::ChunkLimits{10, 100, 5000, 0};
  EXPECT_EQ(size(100, 0), 100u);
  EXPECT_EQ(size(100, 20), 20u);
  EXPECT_EQ(size(100, 2), 10u);
  EXPECT_EQ(size(100, 200), 100u);
  EXPECT_EQ(size(std::uint64_t{5000} * 1024 + 1, 20), 0u); // 5001 KiB
  EXPECT_EQ(size(std::uint64_t{5000} * 1024, 20), 20u);
  features.chunks = osci::ChunkLimits{1, 1, 0, 0};
  EXPECT_EQ(size(std::uint64_t{20'000} * 1024, 1), 0u); // too many chunks
  features.chunks = osci::ChunkLimits{1, 0, 0, 0};
  EXPECT_EQ(size(std::uint64_t{1} << 39, 0), (std::uint64_t{1} << 29) / 10'000 + 1);
  features.chunks = osci::ChunkLimits{50, 20, 0, 0}; // contradiction
  EXPECT_EQ(size(100, 0), 0u);
  // What no memory holds, or what overflows when it becomes octets.
  constexpr std::uint64_t most = client::kMaxChunkKib;
  for (const std::uint64_t least :
       {most + 1, std::uint64_t{9'000'000'000}, std::uint64_t{1} << 54, ~std::uint64_t{0}})
    for (const std::uint64_t max : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      features.chunks = osci::ChunkLimits{least, max, 0, 0};
      EXPECT_EQ(size(100, 0), 0u) << least;
      EXPECT_EQ(size(100, least), 0u) << least;
    }
  for (const std::uint64_t max : {std::uint64_t{0}, most + 1, ~std::uint64_t{0}}) {
    features.chunks = osci::ChunkLimits{1, max, 0, 0};
    EXPECT_EQ(size(100, std::uint64_t{1} << 54), most) << max;
    EXPECT_EQ(size(std::uint64_t{1} << 50, 0), 0u) << max; // needs too large chunks
  }
  features.chunks = osci::ChunkLimits{most, 0, 0, 0};
  EXPECT_EQ(size(100, 0), most);
}

} // namespace
