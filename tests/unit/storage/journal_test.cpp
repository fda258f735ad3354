#include "base/encoding.h"
#include "crypto/digest.h"
#include "storage/journal_rows.h"
#include "storage/schema.h"
#include "unit/storage/support.h"
#include <gtest/gtest.h>

namespace {

using storage::Connection;
using storage::JournalEntry;
using storage::JournalEvent;
using storage::SqlError;
using storage::SqliteConnection;

// A database without a store around it.
class Journal : public testing::Test {
 protected:
  Journal() : db(backend.database(), SqliteConnection::Use::write) {}

  JournalEntry entry(std::int64_t second, const std::string& id = "m") {
    JournalEntry out;
    out.at = samples::at(second);
    out.event = "accepted";
    out.message_id = id;
    out.mailbox = "box";
    out.originator = "sender";
    out.detail = "size=1";
    return out;
  }
  void fill(int count) {
    for (int i = 1; i <= count; ++i) storage::append(db, entry(i, "m" + std::to_string(i)));
  }

  SqliteBackend backend;
  SqliteConnection db;
};

TEST(JournalEncoding, IsWhatTheHeaderSaysOctetByOctet) {
  JournalEntry entry;
  entry.number = 258;
  entry.at = base::Instant{base::Milliseconds{-2}};
  entry.event = "held";
  entry.message_id = "id";
  entry.mailbox = "box";
  entry.detail = "k=v";
  entry.previous = std::string(32, '\xaa');
  EXPECT_EQ(base::hex_encode(storage::journal_encoding(entry)),
            "44434a31"
            "0000000000000102"
            "fffffffffffffffe"
            "0000000468656c64"
            "000000026964"
            "00000003626f78"
            "00000000"
            "000000036b3d76" +
                base::hex_encode(entry.previous));
  EXPECT_EQ(storage::journal_hash(entry),
            crypto::digest(crypto::DigestAlgorithm::sha256, storage::journal_encoding(entry)));
}

TEST(JournalEncoding, NamesEveryEvent) {
  for (std::size_t i = 0; i < storage::kJournalEvents; ++i) {
    const auto event = static_cast<JournalEvent>(i);
    EXPECT_EQ(storage::journal_event(storage::to_string(event)), event);
  }
  EXPECT_FALSE(storage::journal_event("deleted"));
}

TEST(JournalDetail, KeepsPairsApart) {
  const auto detail =
      storage::join_detail({{"size", "12"}, {"codes", ""}, {"reason", "part 0: gone\nx=ü"}});
  EXPECT_EQ(detail, "size=12 reason=part_0:_gone?x=??");
  EXPECT_EQ(storage::detail_value(detail, "size"), "12");
  EXPECT_EQ(storage::detail_value(detail, "reason"), "part_0:_gone?x=??");
  EXPECT_FALSE(storage::detail_value(detail, "codes"));
  EXPECT_FALSE(storage::detail_value(detail, "x"));
  EXPECT_FALSE(storage::detail_value("", "size"));
  EXPECT_FALSE(storage::detail_value("size", "size"));
}

TEST_F(Journal, ChainsFromItsAnchor) {
  const auto anchor = storage::journal_anchor(db);
  EXPECT_EQ(anchor.number, 0u);
  EXPECT_EQ(storage::journal_head(db), anchor);
  EXPECT_NE(anchor.hash,
            storage::journal_anchor(*std::make_unique<SqliteConnection>(
                                        SqliteBackend().database(), SqliteConnection::Use::read))
                .hash);
  fill(3);
  const auto entries = storage::read_journal(db, 0, 10);
  ASSERT_EQ(entries.size(), 3u);
  std::string previous = anchor.hash;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].number, i + 1);
    EXPECT_EQ(entries[i].previous, previous);
    EXPECT_EQ(entries[i].hash, storage::journal_hash(entries[i]));
    previous = entries[i].hash;
  }
  EXPECT_EQ(storage::journal_head(db).hash, previous);
  EXPECT_EQ(storage::last_entry(db, "m2"), entries[1]);
  EXPECT_FALSE(storage::last_entry(db, "m4"));
}

TEST_F(Journal, IsOnlyAddedTo) {
  fill(3);
  EXPECT_THROW(db.execute("UPDATE journal SET detail = '' WHERE number = 2"), SqlError);
  EXPECT_THROW(db.execute("DELETE FROM journal WHERE number = 1"), SqlError);
  EXPECT_THROW(db.execute("DELETE FROM journal WHERE number = 3"), SqlError);
  EXPECT_THROW(
      db.execute("INSERT INTO journal SELECT 5, at, event, message_id, mailbox, originator,"
                 " detail, hash, hash FROM journal WHERE number = 3"),
      SqlError);
  EXPECT_THROW(
      db.execute("INSERT INTO journal SELECT 4, at, event, message_id, mailbox, originator,"
                 " detail, previous, hash FROM journal WHERE number = 3"),
      SqlError);
  EXPECT_THROW(db.execute("INSERT OR REPLACE INTO journal SELECT 3, at, event, message_id, mailbox,"
                          " originator, '', previous, hash FROM journal WHERE number = 3"),
               SqlError);
  EXPECT_THROW(db.execute("DELETE FROM journal_anchor"), SqlError);
  EXPECT_THROW(db.execute("INSERT OR REPLACE INTO journal_anchor"
                          " SELECT id, 3, at, hash, 9e15 FROM journal_anchor"),
               SqlError);
  // Neither to what no row says, nor to the newest, nor to one that is still young.
  EXPECT_THROW(
      db.execute("UPDATE journal_anchor SET number = 2, expired_before = 9000000000000000"),
      SqlError);
  for (const char* row : {"3", "2"})
    EXPECT_THROW(db.execute("UPDATE journal_anchor SET (number, at, hash, expired_before) ="
                            " (SELECT number, at, hash, at FROM journal WHERE number = " +
                            std::string(row) + ")"),
                 SqlError);
  EXPECT_EQ(storage::read_journal(db, 0, 10).size(), 3u);
}

TEST_F(Journal, ExpiresAtItsOldEndAndLeavesAnAnchor) {
  fill(10);
  EXPECT_EQ(storage::expire_journal(db, samples::at(1)), 0u);
  EXPECT_EQ(storage::expire_journal(db, samples::at(4)), 3u);
  EXPECT_EQ(storage::expire_journal(db, samples::at(4)), 0u);
  auto entries = storage::read_journal(db, 0, 10);
  ASSERT_EQ(entries.size(), 7u);
  EXPECT_EQ(entries.front().number, 4u);
  EXPECT_EQ(entries.front().previous, storage::journal_anchor(db).hash);
  EXPECT_EQ(storage::journal_anchor(db).number, 3u);
  // In pieces; the newest stays, so that the chain goes on.
  EXPECT_EQ(storage::expire_journal(db, samples::at(100), 2), 2u);
  EXPECT_EQ(storage::expire_journal(db, samples::at(100)), 4u);
  EXPECT_EQ(storage::expire_journal(db, samples::at(100)), 0u);
  EXPECT_EQ(storage::append(db, entry(11)).number, 11u);
}

TEST_F(Journal, DoesNotExpireBehindAnEntryThatIsYoung) {
  fill(2);
  storage::append(db, entry(50));
  storage::append(db, entry(3));
  storage::append(db, entry(51));
  EXPECT_EQ(storage::expire_journal(db, samples::at(10)), 2u);
  EXPECT_EQ(storage::expire_journal(db, samples::at(10)), 0u);
}

TEST_F(Journal, RecordsADeliveryWithItsCard) {
  ASSERT_TRUE(
      backend.store().store(samples::delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  storage::record(db, 1, JournalEvent::held, samples::at(5), {{"reason", "court"}});
  const auto entry = storage::last_entry(db, "m1");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->event, "held");
  EXPECT_EQ(entry->at, samples::at(5));
  EXPECT_EQ(entry->mailbox, "box");
  EXPECT_EQ(storage::detail_value(entry->detail, "reason"), "court");
  EXPECT_EQ(storage::detail_value(entry->detail, "card"),
            base::hex_encode(storage::card_digest(db, 1)));
  const auto before = storage::card_digest(db, 1);
  db.execute("UPDATE deliveries SET subject = 'other'");
  EXPECT_NE(storage::card_digest(db, 1), before);
  EXPECT_EQ(storage::card_digest(db, 99), "");
}

} // namespace
