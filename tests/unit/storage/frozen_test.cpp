// Frozen answers on the disk: their times among those of others.
#include "contract/samples.h"
#include "contract/sqlite_backend.h"
#include "storage/transfers.h"
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

constexpr mailbox::SpoolQuota kQuota{100 << 20, 100 << 20};

// While one reader's answer is being frozen, another reader takes the delivery and acknowledges it.
TEST(Frozen, ReceptionByAnotherReaderIsNeverBeforeForwarding) {
  SqliteBackend backend;
  auto& store = backend.store();
  storage::DatabaseTransfers transfers(store);
  const auto start = samples::at(1);
  ASSERT_TRUE(store.store(samples::delivery("m1", "box", samples::at(0)), std::nullopt, ""));
  samples::Conversation slow(store, "slow", "reader", start), fast(store, "fast", "reader", start);

  // Frozen later than its request was taken up, as a large delivery is.
  const auto forwarding = start + 9ms;
  auto file = transfers.new_file(100);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(std::string(100, 'x')));
  mailbox::ChunkSelection wanted;
  wanted.selection = samples::oldest({"box"});
  wanted.party = "reader";
  wanted.conversation_id = slow.id;
  wanted.number = 1;
  wanted.chunk_kib = 16;

  ASSERT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), fast.next(start))), "m1");
  ASSERT_TRUE(
      transfers.hand_out(wanted, "m1", std::move(*file), forwarding, kQuota, slow.next(start)));
  ASSERT_TRUE(store.take_turn(fast.next(start + 1ms)));

  mailbox::CardSelection cards;
  cards.mailboxes = {"box"};
  const auto page = store.cards(cards, std::nullopt);
  ASSERT_TRUE(page && page->cards.size() == 1);
  const auto& card = page->cards.front();
  EXPECT_EQ(card.forwarding, forwarding); // as the frozen answer shows
  ASSERT_TRUE(card.reception);
  EXPECT_LE(*card.forwarding, *card.reception);
  EXPECT_LE(*card.reception, card.modification);
}

} // namespace
