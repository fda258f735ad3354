#include "unit/storage/support.h"
#include <sys/resource.h>

namespace {

using base::ErrorCode;

class Quarantine : public testing::Test {
 protected:
  static constexpr std::size_t kLarge = 100'000, kSmall = 100;

  // Three deliveries; "damaged" is the oldest.
  void fill(std::size_t size) {
    ASSERT_TRUE(backend.store().store(with_attachment("damaged", size, 1), std::nullopt, ""));
    ASSERT_TRUE(backend.store().store(with_attachment("second", kSmall, 2), std::nullopt, ""));
    ASSERT_TRUE(backend.store().store(with_attachment("third", kSmall, 3), std::nullopt, ""));
    Log::clear();
  }

  std::filesystem::path only_body_file() {
    const auto files = body_files(backend.folder());
    EXPECT_EQ(files.size(), 1u);
    return files.at(0);
  }

  // What must hold however "damaged" was damaged.
  void expect_quarantine() {
    auto& store = backend.store();
    samples::Conversation talk(store, "1", "recipient", samples::at(0));
    const auto fetched = store.fetch(samples::oldest({"box"}), talk.next(samples::at(10)));
    ASSERT_EQ(samples::id_of(fetched), "second") << "the mailbox goes on behind the damaged one";
    EXPECT_EQ(fetched->waiting, 1u);
    const auto lines = Log::lines("delivery.quarantined");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].substr(0, 4), "LOUD");
    EXPECT_NE(lines[0].find("message_id=damaged"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("mailbox=box"), std::string::npos) << lines[0];

    EXPECT_EQ(samples::code_of(store.read(samples::by_id({"box"}, "damaged"))),
              ErrorCode::storage_failure)
        << "asked for by name it is not denied to exist";
    EXPECT_EQ(samples::code_of(
                  store.fetch(samples::by_id({"box"}, "damaged"), talk.turn(samples::at(11)))),
              ErrorCode::storage_failure);
    EXPECT_EQ(samples::id_of(store.read(samples::by_id({"foreign"}, "damaged"))), "-");
    EXPECT_EQ(samples::id_of(store.read(samples::since({"box"}, samples::at(0)))), "second");
    EXPECT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), talk.next(samples::at(12)))),
              "third");

    mailbox::CardSelection cards;
    cards.party = "sender";
    EXPECT_EQ(samples::ids_of(store.cards(cards, std::nullopt)),
              (samples::Ids{"damaged", "second", "third"}))
        << "the card still attests the submission";
    const auto page = store.cards(cards, std::nullopt);
    EXPECT_FALSE(page->cards.at(0).forwarding);

    backend.restart();
    EXPECT_EQ(samples::code_of(backend.store().read(samples::by_id({"box"}, "damaged"))),
              ErrorCode::storage_failure);
    EXPECT_EQ(number(backend.database(),
                     "SELECT quarantined FROM deliveries WHERE quarantine_reason"
                     " IS NOT NULL AND message_id = 'damaged'"),
              1);
    const auto repeat = backend.store().store(with_attachment("damaged", kSmall), std::nullopt, "");
    ASSERT_TRUE(repeat.has_value()) << "the sender's receipt stands";
    EXPECT_TRUE(repeat->repeated);
  }

  SqliteBackend backend;
};

TEST_F(Quarantine, TakesADeliveryWithAFlippedBitInItsBodyFile) {
  fill(kLarge);
  auto bytes = read_all(only_body_file());
  bytes[50'000] = static_cast<char>(bytes[50'000] ^ 0x10);
  write_all(only_body_file(), bytes);
  expect_quarantine();
  EXPECT_TRUE(std::filesystem::exists(only_body_file())) << "what is left stays for the operator";
}

TEST_F(Quarantine, TakesADeliveryWhoseBodyFileIsMissing) {
  fill(kLarge);
  std::filesystem::remove(only_body_file());
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryWhoseBodyFileIsCutOff) {
  fill(kLarge);
  std::filesystem::resize_file(only_body_file(), kLarge - 1);
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryWithAFlippedBitInARow) {
  fill(kSmall);
  {
    storage::SqliteConnection db(backend.database(), storage::SqliteConnection::Use::write);
    std::string bytes = with_attachment("damaged", kSmall).parts[2].bytes;
    bytes[50] = static_cast<char>(bytes[50] ^ 1);
    db.prepare("UPDATE parts SET bytes = ?1 WHERE position = 2"
               " AND delivery = (SELECT seq FROM deliveries WHERE message_id = 'damaged')")
        .bind(storage::Blob{bytes})
        .run();
    ASSERT_EQ(db.changes(), 1u);
  }
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryThatLacksAPart) {
  fill(kSmall);
  run_sql(backend.database(), "DELETE FROM parts WHERE position = 2 AND delivery ="
                              " (SELECT seq FROM deliveries WHERE message_id = 'damaged')");
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryWithAChangedHeader) {
  fill(kSmall);
  run_sql(backend.database(), "UPDATE parts SET content_type = 'text/html' WHERE position = 2"
                              " AND delivery = (SELECT seq FROM deliveries WHERE message_id ="
                              " 'damaged')");
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryWithAnUnknownKindOfPart) {
  fill(kSmall);
  run_sql(backend.database(),
          "UPDATE parts SET kind = 'attachmend' WHERE position = 2 AND delivery ="
          " (SELECT seq FROM deliveries WHERE message_id = 'damaged')");
  expect_quarantine();
}

TEST_F(Quarantine, TakesADeliveryWithAChangedContext) {
  fill(kSmall);
  run_sql(backend.database(), "UPDATE deliveries SET context = 'x' WHERE message_id = 'damaged'");
  expect_quarantine();
}

TEST_F(Quarantine, IsAlsoEnteredByReadingAndKeepsTheCountOfWaitingDeliveriesRight) {
  fill(kLarge);
  std::filesystem::remove(only_body_file());
  const auto read = backend.store().read(samples::oldest({"box"}));
  EXPECT_EQ(samples::id_of(read), "second");
  EXPECT_EQ(read->waiting, 1u);
  EXPECT_EQ(Log::lines("delivery.quarantined").size(), 1u);
}

TEST_F(Quarantine, OfAllDeliveriesLeavesAnEmptyMailbox) {
  fill(kSmall);
  run_sql(backend.database(), "UPDATE parts SET bytes = x'00' WHERE position = 2");
  samples::Conversation talk(backend.store(), "1", "recipient", samples::at(0));
  const auto fetched = backend.store().fetch(samples::oldest({"box"}), talk.next(samples::at(10)));
  EXPECT_EQ(samples::id_of(fetched), "-");
  EXPECT_EQ(fetched->waiting, 0u);
  EXPECT_EQ(Log::lines("delivery.quarantined").size(), 3u);
}

TEST_F(Quarantine, IsNotForTroubleOfOurOwn) {
  fill(kLarge);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto read = backend.store().read(samples::oldest({"box"}));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(samples::code_of(read), ErrorCode::storage_failure);
  EXPECT_TRUE(Log::lines("delivery.quarantined").empty());
  EXPECT_EQ(next_id(backend.store()), "damaged") << "nothing is wrong with it";
}

} // namespace
