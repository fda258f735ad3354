// Which operations of the store append which entries to the journal, and that each does so once.
#include "base/encoding.h"
#include "storage/journal_replay.h"
#include "storage/journal_rows.h"
#include "storage/operator_access.h"
#include "storage/transfers.h"
#include "unit/storage/support.h"
#include <gtest/gtest.h>

namespace {

using storage::Connection;
using storage::JournalEntry;
using storage::SqliteConnection;
using Events = std::vector<std::string>;

class JournalEvents : public testing::Test {
 protected:
  std::vector<JournalEntry> entries() {
    SqliteConnection db(backend.database(), SqliteConnection::Use::read);
    return storage::read_journal(db, 0, 1000);
  }
  // "event message-id@second"
  Events events() {
    Events out;
    for (const auto& entry : entries())
      out.push_back(entry.event + " " + entry.message_id + "@" +
                    std::to_string((entry.at - samples::at(0)).count() / 1000));
    return out;
  }
  JournalEntry last() { return entries().back(); }
  static std::string value(const JournalEntry& entry, std::string_view key) {
    return std::string(storage::detail_value(entry.detail, key).value_or(""));
  }

  SqliteBackend backend;
};

TEST_F(JournalEvents, TellTheWayThroughAMailbox) {
  auto& store = backend.store();
  ASSERT_TRUE(store.store(samples::rich_delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  auto entry = last();
  EXPECT_EQ(entry.mailbox, "box");
  EXPECT_EQ(entry.originator, "sender");
  EXPECT_EQ(value(entry, "parts"), "7");
  EXPECT_EQ(value(entry, "codes"), "3500,3701");
  EXPECT_EQ(value(entry, "way"), "");
  std::size_t size = 0;
  for (const auto& part : samples::rich_delivery("m1", "box", samples::at(1)).parts)
    size += part.bytes.size();
  EXPECT_EQ(value(entry, "size"), std::to_string(size));
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM deliveries WHERE lower(hex(manifest))"
                                       " = '" +
                                           value(entry, "manifest") + "'"),
            1);

  samples::Conversation a(store, "a", "recipient", samples::at(2));
  samples::Conversation b(store, "b", "recipient", samples::at(2));
  ASSERT_TRUE(store.fetch(samples::by_id({"box"}, "m1"), a.next(samples::at(3))));
  // Offered to another machine too; a repeat of the request reads and offers nothing new.
  ASSERT_TRUE(store.fetch(samples::by_id({"box"}, "m1"), b.next(samples::at(4))));
  ASSERT_TRUE(store.read(samples::by_id({"box"}, "m1")));
  // Both acknowledge; Reception is set once. What is received is read again without an event.
  ASSERT_TRUE(store.take_turn(a.next(samples::at(5))));
  ASSERT_TRUE(store.take_turn(b.next(samples::at(6))));
  ASSERT_TRUE(store.fetch(samples::by_id({"box"}, "m1"), b.next(samples::at(7))));
  EXPECT_EQ(events(),
            (Events{"accepted m1@1", "offered m1@3", "offered m1@4", "acknowledged m1@5"}));
}

TEST_F(JournalEvents, SayNothingOfARepeatARefusalOrARollback) {
  auto& store = backend.store();
  const auto delivery = samples::delivery("m1", "box", samples::at(1));
  ASSERT_TRUE(store.store(delivery, std::nullopt, ""));
  ASSERT_TRUE(store.store(delivery, std::nullopt, ""));
  auto other = delivery;
  other.request_digest = "other";
  EXPECT_FALSE(store.store(other, std::nullopt, ""));
  samples::Conversation talk(store, "a", "recipient", samples::at(2));
  auto turn = talk.turn(samples::at(3));
  turn.challenge = "wrong";
  EXPECT_FALSE(store.fetch(samples::oldest({"box"}), turn));
  EXPECT_FALSE(store.store(samples::delivery("m2", "box", samples::at(4)), turn, ""));
  EXPECT_EQ(events(), (Events{"accepted m1@1"}));
}

TEST_F(JournalEvents, TellHowAPushEnded) {
  auto& store = backend.store();
  for (const char* id : {"ok", "no"}) {
    mailbox::NewPush push;
    push.delivery = samples::rich_delivery(id, "wgb:1", samples::at(1));
    push.delivery.parts.clear();
    if (id == std::string("ok")) push.reply_id = "reply";
    ASSERT_TRUE(store.begin_push(push, std::nullopt, ""));
    ASSERT_TRUE(store.begin_push(push, std::nullopt, "")) << "a repeat";
    ASSERT_TRUE(store.forward_push(id, samples::at(2)));
  }
  mailbox::PushResult good;
  good.received = true;
  good.warnings = {"3802", "3803"};
  good.now = samples::at(4);
  good.reply.emplace();
  good.reply->delivery = samples::delivery("reply", "sender", samples::at(3));
  good.reply->delivery.originator = "wgb:1";
  ASSERT_TRUE(store.finish_push("ok", good));
  ASSERT_TRUE(store.finish_push("ok", good)) << "a repeat";
  mailbox::PushResult bad;
  bad.code = "9805";
  bad.now = samples::at(5);
  ASSERT_TRUE(store.finish_push("no", bad));

  EXPECT_EQ(events(),
            (Events{"accepted ok@1", "offered ok@2", "accepted no@2", "offered no@2",
                    "accepted reply@3", "offered reply@4", "pushed ok@4", "refused no@5"}));
  const auto all = entries();
  EXPECT_EQ(value(all[0], "way"), "push");
  EXPECT_EQ(all[0].mailbox, "pushed/wgb:1");
  EXPECT_EQ(value(all[4], "way"), "reply");
  EXPECT_EQ(value(all[6], "codes"), "3802,3803");
  EXPECT_EQ(value(all[6], "reception"), "1");
  EXPECT_EQ(value(all[7], "codes"), "9805");
  EXPECT_EQ(value(all[7], "reception"), "");

  storage::JournalReplay replay;
  for (const auto& entry : all) replay.apply(entry);
  EXPECT_EQ(replay.cards().at("ok").reception, samples::at(4));
  EXPECT_FALSE(replay.cards().at("no").reception);
  EXPECT_TRUE(replay.cards().at("no").finished);
}

TEST_F(JournalEvents, TellOfAnAnswerFrozenInChunksOnce) {
  auto& store = backend.store();
  storage::DatabaseTransfers transfers(store);
  constexpr mailbox::SpoolQuota quota{100 << 20, 100 << 20};
  ASSERT_TRUE(store.store(samples::delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  samples::Conversation talk(store, "a", "reader", samples::at(2));
  mailbox::ChunkSelection wanted;
  wanted.selection = samples::oldest({"box"});
  wanted.party = "reader";
  wanted.conversation_id = talk.id;
  wanted.chunk_kib = 16;
  for (std::uint32_t number = 1; number <= 2; ++number) {
    std::unique_ptr<mailbox::FrozenFile> fresh;
    std::optional<base::Instant> forwarding;
    if (number == 1) {
      auto file = transfers.new_file(20'000);
      ASSERT_TRUE(file);
      ASSERT_TRUE((*file)->append(std::string(20'000, 'x')));
      fresh = std::move(*file);
      forwarding = samples::at(3);
    }
    wanted.number = number;
    ASSERT_TRUE(transfers.hand_out(wanted, "m1", std::move(fresh), forwarding, quota,
                                   talk.next(samples::at(2 + number))));
  }
  ASSERT_TRUE(store.take_turn(talk.next(samples::at(6))));
  EXPECT_EQ(events(), (Events{"accepted m1@1", "offered m1@3", "acknowledged m1@6"}));
}

TEST_F(JournalEvents, TellOfQuarantineOnceAndKeepNoFileNames) {
  auto& store = backend.store();
  ASSERT_TRUE(store.store(with_attachment("m1", 100'000), std::nullopt, ""));
  std::filesystem::remove(body_files(backend.folder()).at(0));
  samples::Conversation talk(store, "a", "recipient", samples::at(2));
  EXPECT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), talk.next(samples::at(3)))), "-");
  EXPECT_EQ(samples::id_of(store.read(samples::oldest({"box"}))), "-");
  EXPECT_EQ(events(), (Events{"accepted m1@1", "quarantined m1@3"}));
  EXPECT_EQ(value(last(), "reason").substr(0, 8), "part_2:_");

  // Repaired by the operator, though not really: it goes back.
  auto access = storage::OperatorAccess::open(backend.folder());
  ASSERT_TRUE(access);
  ASSERT_TRUE(access->repaired("m1", samples::at(5)));
  EXPECT_EQ(samples::code_of(access->repaired("m1", samples::at(5))), base::ErrorCode::not_found);
  EXPECT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), talk.next(samples::at(6)))), "-");
  EXPECT_EQ(events(),
            (Events{"accepted m1@1", "quarantined m1@3", "released m1@5", "quarantined m1@6"}));
}

// The digest of the last event is that of the card, so that a changed card is found out.
TEST_F(JournalEvents, CarryTheDigestOfTheCard) {
  auto& store = backend.store();
  ASSERT_TRUE(store.store(samples::rich_delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  samples::Conversation talk(store, "a", "recipient", samples::at(2));
  ASSERT_TRUE(store.fetch(samples::oldest({"box"}), talk.next(samples::at(3))));
  auto turn = talk.next(samples::at(4));
  turn.reception_tokens.push_back({"m1", "token"});
  ASSERT_TRUE(store.take_turn(turn));
  SqliteConnection db(backend.database(), SqliteConnection::Use::write);
  const auto digest = [&] { return base::hex_encode(storage::card_digest(db, 1)); };
  EXPECT_EQ(value(last(), "card"), digest());
  for (const char* change :
       {"UPDATE deliveries SET reception = reception - 1", "UPDATE deliveries SET subject = 'x'",
        "UPDATE deliveries SET reception_token = NULL",
        "UPDATE inspections SET offline = 'valid' WHERE position = 1",
        "UPDATE inspections SET crl = crl + 1 WHERE position = 1",
        "DELETE FROM inspections WHERE position = 2"}) {
    db.execute("SAVEPOINT s");
    db.execute(change);
    EXPECT_NE(value(last(), "card"), digest()) << change;
    db.execute("ROLLBACK TO s; RELEASE s");
  }
}

} // namespace
