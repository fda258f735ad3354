#include "storage/journal_rows.h"
#include "storage/scrub.h"
#include "storage/transfers.h"
#include "unit/storage/support.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using storage::ScrubFinding;
using storage::ScrubReport;
using testing::ElementsAre;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

class ScrubTest : public testing::Test {
 protected:
  ScrubTest() {
    // One delivery in rows, one with a file, one that was fetched and acknowledged.
    auto& store = backend.store();
    EXPECT_TRUE(store.store(samples::rich_delivery("rich", "box", samples::at(1)), {}, ""));
    EXPECT_TRUE(store.store(samples::delivery("small", "box", samples::at(2)), {}, ""));
    EXPECT_TRUE(store.store(samples::delivery("done", "other", samples::at(3)), {}, ""));
    samples::Conversation talk(store, "a", "recipient", samples::at(4));
    EXPECT_TRUE(store.fetch(samples::oldest({"other"}), talk.next(samples::at(5))));
    EXPECT_TRUE(store.take_turn(talk.next(samples::at(6))));
  }

  // Findings as "subject message-id part detail"; the store stays open.
  Lines scrub() {
    Lines out;
    storage::ScrubOptions options;
    options.now = now;
    options.pace = [this](std::uint64_t octets) {
      paced += octets;
      if (meanwhile) std::exchange(meanwhile, nullptr)();
    };
    options.found = [&](const ScrubFinding& f) {
      out.push_back(std::string(to_string(f.subject)) + " " + f.message_id + " " +
                    (f.part ? std::to_string(*f.part) : "-") + " " + f.detail +
                    (f.quarantined ? " (quarantined)" : ""));
    };
    paced = 0;
    const auto result = storage::scrub(backend.folder(), options);
    EXPECT_TRUE(result) << result.error().detail;
    if (result) report = *result;
    EXPECT_EQ(report.findings, out.size());
    EXPECT_EQ(paced, report.octets);
    return out;
  }
  void sql(const std::string& text) { run_sql(backend.database(), text); }

  SqliteBackend backend;
  base::Instant now = base::SystemClock().now() + std::chrono::hours{2};
  ScrubReport report;
  std::uint64_t paced = 0;
  std::function<void()> meanwhile;
};

TEST_F(ScrubTest, FindsNothingWhereNothingIsWrong) {
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.deliveries, 3u);
  EXPECT_EQ(report.parts, 11u);
  EXPECT_EQ(report.files, 1u);
  EXPECT_EQ(report.cards, 3u);
  EXPECT_EQ(report.cards_unattested, 0u);
  EXPECT_EQ(report.entries, 5u);
  EXPECT_EQ(report.evidence, 1u);
  EXPECT_EQ(report.orphans, 0u);
  EXPECT_GT(report.octets, 300'000u);
}

TEST_F(ScrubTest, FindsDamagedFiles) {
  const auto file = body_files(backend.folder()).at(0);
  const auto good = read_all(file);
  auto bytes = good;
  bytes[77'000] ^= 1;
  write_all(file, bytes);
  EXPECT_THAT(scrub(), ElementsAre("part rich 6 content does not have its hash"));
  write_all(file, good.substr(1));
  EXPECT_THAT(scrub(), ElementsAre(HasSubstr("part rich 6 body file has another size")));
  std::filesystem::remove(file);
  EXPECT_THAT(scrub(), ElementsAre(HasSubstr("part rich 6 body file: No such file")));
  // The daemon's next touch moves it away; it stays a finding.
  EXPECT_EQ(next_id(backend.store()), "small");
  EXPECT_THAT(scrub(), ElementsAre(HasSubstr("(quarantined)")));
}

TEST_F(ScrubTest, FindsDamagedRows) {
  sql("UPDATE parts SET bytes = x'3c6f746865722f3e' WHERE delivery = 2 AND position = 1");
  sql("UPDATE parts SET name = 'other' WHERE delivery = 1 AND position = 2");
  sql("UPDATE evidence SET bytes = x'00'");
  EXPECT_THAT(scrub(),
              testing::UnorderedElementsAre(
                  "manifest rich - description of the parts does not have its hash",
                  "part small 1 has another size", "part small 1 content does not have its hash",
                  HasSubstr("evidence  - OCSP response")));
}

TEST_F(ScrubTest, FindsAChangedCardAndALostDelivery) {
  sql("UPDATE deliveries SET reception = reception + 60000 WHERE message_id = 'done'");
  sql("UPDATE inspections SET offline = 'valid' WHERE delivery = 1");
  EXPECT_THAT(scrub(), ElementsAre("card rich - is not the card that the journal attests",
                                   "card done - is not the card that the journal attests"));
  sql("PRAGMA foreign_keys = OFF; DELETE FROM parts WHERE delivery = 3; DELETE FROM consumed WHERE "
      "delivery = 3; DELETE FROM deliveries WHERE seq = 3");
  EXPECT_THAT(scrub(), ElementsAre("delivery done - accepted and not purged, but not there",
                                   HasSubstr("card rich")));
}

TEST_F(ScrubTest, FindsAJournalThatWasWorkedOn) {
  sql("DROP TRIGGER journal_unchanged; UPDATE journal SET mailbox = 'x' WHERE number = 2");
  EXPECT_THAT(scrub(), ElementsAre("journal small - entry 2 does not have its hash"));
  sql("DROP TRIGGER journal_kept; DELETE FROM journal WHERE number = 2");
  EXPECT_THAT(scrub(), ElementsAre("journal done - entry 3 does not follow on entry 1"));
  EXPECT_EQ(report.cards_unattested, 1u);
}

TEST_F(ScrubTest, TakesAFileThatWasPurgedMeanwhileForNoDamage) {
  meanwhile = [this] {
    // As a purge does: first the rows, then the file.
    sql("PRAGMA foreign_keys = OFF; DELETE FROM parts WHERE delivery = 1");
    for (const auto& file : body_files(backend.folder())) std::filesystem::remove(file);
  };
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.purged, 1u);
}

TEST_F(ScrubTest, TakesNoContentForPurgedWithoutAnEntry) {
  sql("UPDATE deliveries SET purged = creation + 1000 WHERE message_id = 'rich'");
  EXPECT_THAT(scrub(),
              ElementsAre("delivery rich - marked as purged, and the journal does not say so"));
  {
    storage::SqliteConnection db(backend.database(), storage::SqliteConnection::Use::write);
    storage::record(db, 1, storage::JournalEvent::purged, samples::at(7), {{"reason", "fetched"}});
  }
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.purged, 1u);
  // A card that was forgotten keeps nothing that could be compared.
  sql("UPDATE deliveries SET card_salt = NULL, mailbox = 'forgotten/' WHERE message_id = 'rich'");
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.cards, 2u);
}

TEST_F(ScrubTest, CountsFilesOfNothingThatAreOldEnough) {
  write_all(backend.folder() / "bodies/7" / std::string(32, '0'), "rubbish");
  write_all(backend.folder() / "spool" / std::string(32, '1'), "rubbish");
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.orphans, 2u);
  EXPECT_EQ(report.orphan_octets, 14u);
  now = base::SystemClock().now(); // a store may be under way
  EXPECT_THAT(scrub(), ElementsAre());
  EXPECT_EQ(report.orphans, 0u);
}

TEST_F(ScrubTest, HoldsReceivedChunksAgainstTheirHashes) {
  storage::DatabaseTransfers transfers(backend.store());
  mailbox::Chunk chunk;
  chunk.key = {"sender", "chunked"};
  chunk.number = 1;
  chunk.total_numbers = 3;
  chunk.chunk_kib = 1;
  chunk.total_kib = 3;
  chunk.bytes = samples::octets(1024, 9);
  chunk.now = samples::at(9);
  ASSERT_TRUE(transfers.put(chunk, {100 << 20, 100 << 20}, std::nullopt));
  EXPECT_THAT(scrub(), ElementsAre());
  std::filesystem::path spooled;
  for (const auto& entry : std::filesystem::directory_iterator(backend.folder() / "spool"))
    spooled = entry.path();
  auto bytes = read_all(spooled);
  bytes[5] ^= 1;
  write_all(spooled, bytes);
  EXPECT_THAT(scrub(), ElementsAre("spool chunked - chunk 1: content does not have its hash"));
  std::filesystem::remove(spooled);
  EXPECT_THAT(scrub(), ElementsAre(HasSubstr("chunk 1: spool file is missing")));
}

TEST_F(ScrubTest, NeedsADatabase) {
  EXPECT_EQ(samples::code_of(storage::scrub(backend.folder() / "bodies", {})),
            base::ErrorCode::file_error);
}

} // namespace
