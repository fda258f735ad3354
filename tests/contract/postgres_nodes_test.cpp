// Several nodes on one PostgreSQL database: what one begins another goes on with, what must happen
// once happens once, and a lost server or session costs nothing that was promised.
#include "contract/postgres_backend.h"
#include "contract/samples.h"
#include "storage/backup.h"
#include "storage/journal.h"
#include "storage/postgres_files.h"
#include "storage/postgres_schema.h"
#include "storage/scrub.h"
#include "storage/state_reader.h"
#include "storage/transfers.h"
#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <thread>

namespace {

using base::ErrorCode;
using samples::at;
using storage::Connection;
using storage::PostgresConnection;
using support::PostgresServer;

constexpr mailbox::SpoolQuota kQuota{100 << 20, 100 << 20};

class PostgresNodes : public testing::Test {
 protected:
  const std::string database = PostgresServer::instance().new_schema();
  PostgresBackend first{database}, second{database};

  // Past the stores.
  std::int64_t number(const std::string& sql) {
    PostgresConnection db({database});
    db.begin(Connection::Access::files);
    const auto out = db.prepare(sql).run_for_number();
    db.commit();
    return out;
  }
  void run(const std::string& sql) {
    PostgresConnection db({database});
    db.begin(Connection::Access::files);
    db.execute(sql);
    db.commit();
  }
  // Every entry follows on the one before.
  std::size_t sound_journal() {
    auto reader = storage::StateReader::open(database);
    EXPECT_TRUE(reader);
    std::size_t count = 0;
    std::string previous = reader->anchor()->hash;
    const auto read =
        reader->journal({}, [&](const storage::JournalEntry& entry) -> base::Result<> {
          EXPECT_EQ(entry.previous, previous);
          EXPECT_EQ(storage::journal_hash(entry), entry.hash);
          previous = entry.hash;
          ++count;
          return {};
        });
    EXPECT_TRUE(read);
    return count;
  }
};

mailbox::Chunk chunk(std::uint32_t number) {
  mailbox::Chunk out;
  out.key = {"sender", "t1"};
  out.parties = "a b c";
  out.number = number;
  out.total_numbers = 3;
  out.chunk_kib = 600; // more than one piece
  out.total_kib = 1201;
  out.bytes = samples::octets(number == 3 ? 1000 : 600 << 10, number);
  out.now = at(number);
  return out;
}

TEST_F(PostgresNodes, ADialogAndItsDeliveriesGoOnOnAnotherNode) {
  const auto sent = samples::rich_delivery("m1", "box", at(1));
  ASSERT_TRUE(first.store().store(sent, std::nullopt, ""));
  samples::Conversation dialog(first.store(), "d1", "reader", at(2));
  const auto turn = dialog.next(at(3));
  const auto fetched = second.store().fetch(samples::oldest({"box"}), turn);
  ASSERT_EQ(samples::id_of(fetched), "m1");
  samples::expect_same_parts(fetched->delivery->parts, sent.parts);
  // The node that has not seen the turn refuses it a second time.
  EXPECT_EQ(samples::code_of(first.store().fetch(samples::oldest({"box"}), turn)),
            ErrorCode::control_block);
  EXPECT_EQ(samples::id_of(first.store().fetch(samples::oldest({"box"}), dialog.next(at(4)))), "-");
  mailbox::CardSelection cards;
  cards.party = "sender";
  const auto page = second.store().cards(cards, std::nullopt);
  ASSERT_TRUE(page && page->cards.size() == 1);
  EXPECT_EQ(page->cards[0].reception, at(4));
}

TEST_F(PostgresNodes, TimesFollowTheOrderOfTransactionsOverAllNodes) {
  ASSERT_TRUE(first.store().store(samples::delivery("m1", "box", at(100)), std::nullopt, ""));
  const auto late = second.store().store(samples::delivery("m2", "box", at(90)), std::nullopt, "");
  ASSERT_TRUE(late);
  EXPECT_EQ(late->card.creation, at(100));
}

TEST_F(PostgresNodes, AChunkedTransferGoesOnOnAnotherNodeBothWays) {
  storage::DatabaseTransfers one(first.store()), two(second.store());
  ASSERT_TRUE(one.put(chunk(1), kQuota, {}));
  ASSERT_TRUE(two.put(chunk(3), kQuota, {}));
  const auto repeated = two.put(chunk(1), kQuota, {});
  ASSERT_TRUE(repeated && repeated->refused);
  EXPECT_EQ(repeated->refused->code, ErrorCode::chunk_repeated);
  const auto last = one.put(chunk(2), kQuota, {});
  ASSERT_TRUE(last && last->transfer->completed);
  const auto whole = two.assembled({"sender", "t1"});
  ASSERT_TRUE(whole) << whole.error().detail;
  EXPECT_TRUE(*base::read_range({whole->octets, 0, whole->octets->size()}) ==
              chunk(1).bytes + chunk(2).bytes + chunk(3).bytes);

  ASSERT_TRUE(first.store().store(samples::delivery("m1", "box", at(9)), std::nullopt, ""));
  samples::Conversation dialog(first.store(), "d1", "reader", at(10));
  mailbox::ChunkSelection wanted;
  wanted.selection = samples::oldest({"box"});
  wanted.party = "reader";
  wanted.conversation_id = dialog.id;
  wanted.number = 1;
  wanted.chunk_kib = 300;
  const auto content = samples::octets(500'000, 9);
  auto file = one.new_file(content.size());
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(content));
  const auto begin =
      one.hand_out(wanted, "m1", std::move(*file), at(11), kQuota, dialog.next(at(11)));
  ASSERT_TRUE(begin) << begin.error().detail;
  wanted.number = 2;
  const auto end = two.hand_out(wanted, "m1", nullptr, std::nullopt, kQuota, dialog.next(at(12)));
  ASSERT_TRUE(end) << end.error().detail;
  EXPECT_TRUE(begin->bytes + end->bytes == content);
}

TEST_F(PostgresNodes, OfConcurrentStoresOnTwoNodesOneWinsAndTheJournalIsOneChain) {
  constexpr int kIds = 12;
  std::atomic<int> stored{0}, refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kIds; ++i) {
        auto sent = samples::delivery("m" + std::to_string(i), "box", at(i));
        sent.request_digest = "digest of thread " + std::to_string(t);
        auto& node = t % 2 ? second : first;
        const auto done = node.store().store(sent, std::nullopt, "");
        if (done)
          ++stored;
        else if (done.error().code == ErrorCode::message_id_refused)
          ++refused;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kIds);
  EXPECT_EQ(refused, 3 * kIds);
  EXPECT_EQ(sound_journal(), static_cast<std::size_t>(kIds));
}

TEST_F(PostgresNodes, ANoticeIsGivenOnceAndAPurgeHappensOnce) {
  ASSERT_TRUE(first.store().store(samples::rich_delivery("m1", "box", at(0)), std::nullopt, ""));
  mailbox::RetentionRules rules;
  rules.mode = mailbox::RetentionMode::enforce;
  const auto steps = [&](PostgresBackend& node, base::Instant now) {
    std::vector<mailbox::RetentionStep> out;
    EXPECT_TRUE(node.retained().reconsider(rules.fingerprint(), now, 100));
    const auto due = node.retained().due(now, 100);
    EXPECT_TRUE(due);
    for (const auto& one : *due) out.push_back({one, mailbox::judge(one, rules, now)});
    return out;
  };
  // Both nodes see that the same is due, and only then carry it out.
  std::map<mailbox::RetentionAction, int> carried_out;
  for (int day = 1; day < 800; day += 3) {
    const auto now = at(0) + std::chrono::days{day};
    const auto mine = steps(first, now), others = steps(second, now);
    ASSERT_EQ(mine.size(), others.size());
    for (auto* node : {&first, &second}) {
      const auto done = node->retained().carry_out(node == &first ? mine : others, now);
      ASSERT_TRUE(done);
      for (const auto& step : *done)
        if (step.verdict.action != mailbox::RetentionAction::keep)
          ++carried_out[step.verdict.action];
    }
  }
  EXPECT_EQ(carried_out[mailbox::RetentionAction::purge], 1);
  EXPECT_EQ(carried_out[mailbox::RetentionAction::notice],
            number("SELECT count(*) FROM journal WHERE event = 'noticed'"));
  EXPECT_GT(carried_out[mailbox::RetentionAction::notice], 1);
  EXPECT_EQ(number("SELECT count(*) FROM octets"), 0);
  sound_journal();
}

TEST_F(PostgresNodes, SeveralNodesMakeTheSchemaAtTheSameTime) {
  const auto fresh = PostgresServer::instance().new_schema();
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      PostgresBackend node(fresh);
      if (node.store().probe()) ++ready;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ready, 4);
}

TEST_F(PostgresNodes, AMigrationGoesForwardUnderRunningNodesAndCanShutOldProgramsOut) {
  std::vector<storage::PostgresMigration> known(storage::postgres_migrations().begin(),
                                                storage::postgres_migrations().end());
  const auto version = storage::known_postgres_schema();
  auto admitting = known;
  admitting.push_back({"ALTER TABLE deliveries ADD COLUMN later BIGINT", 1});
  ASSERT_TRUE(first.store().store(samples::delivery("m1", "box", at(1)), std::nullopt, ""));
  PostgresConnection newer({database});
  ASSERT_TRUE(storage::migrate(newer, admitting));
  ASSERT_TRUE(storage::migrate(newer, admitting)); // once
  EXPECT_EQ(number("SELECT schema_version FROM shared_state"), version + 1);
  EXPECT_TRUE(first.store().store(samples::delivery("m2", "box", at(2)), std::nullopt, ""));
  second.restart(); // an old program may still start

  auto excluding = admitting;
  excluding.push_back({"ALTER TABLE deliveries DROP COLUMN later", version + 2});
  ASSERT_TRUE(storage::migrate(newer, excluding));
  EXPECT_EQ(samples::code_of(
                first.store().store(samples::delivery("m3", "box", at(3)), std::nullopt, "")),
            ErrorCode::unsupported);
  EXPECT_THROW(PostgresBackend{database}, std::runtime_error);
}

TEST_F(PostgresNodes, AMigrationThatFailsLeavesTheSchemaAsItWas) {
  std::vector<storage::PostgresMigration> broken(storage::postgres_migrations().begin(),
                                                 storage::postgres_migrations().end());
  broken.push_back({"CREATE TABLE half (id BIGINT); SELECT 1 / 0", 1});
  PostgresConnection db({database});
  EXPECT_FALSE(storage::migrate(db, broken));
  EXPECT_EQ(number("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
                   " AND tablename = 'half'"),
            0);
  EXPECT_TRUE(first.store().probe());
}

TEST_F(PostgresNodes, LostSessionsAreReplacedWithoutAnError) {
  for (int i = 0; i < 5; ++i) {
    PostgresServer::instance().end_sessions();
    const auto id = "m" + std::to_string(i);
    const auto sent = samples::rich_delivery(id, "box", at(i));
    ASSERT_TRUE(first.store().store(sent, std::nullopt, "")) << i;
    PostgresServer::instance().end_sessions();
    const auto read = second.store().read(samples::by_id({"box"}, id));
    ASSERT_EQ(samples::id_of(read), id);
    samples::expect_same_parts(read->delivery->parts, sent.parts);
  }
  EXPECT_EQ(sound_journal(), 5u);
}

// The session dies within COMMIT and before it took effect.
TEST_F(PostgresNodes, ACommitThatWasLostIsDoneAgain) {
  run("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON deliveries DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION linger()");
  std::thread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    PostgresServer::instance().end_sessions();
  });
  const auto done =
      first.store().store(samples::rich_delivery("m1", "box", at(1)), std::nullopt, "");
  killer.join();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_FALSE(done->repeated);
  EXPECT_EQ(number("SELECT count(*) FROM deliveries"), 1);
  EXPECT_EQ(sound_journal(), 1u);
}

// The session dies within COMMIT, after it took effect here and while it waits for a standby. Also
// when an operator only cancels the wait: nothing is promised before the standby has it.
class CommitInDoubt : public PostgresNodes, public testing::WithParamInterface<const char*> {};

TEST_P(CommitInDoubt, IsFoundOutAndNotDoneTwice) {
  auto& server = PostgresServer::instance();
  server.administer("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  server.administer("SELECT pg_reload_conf()");
  std::atomic<bool> answered{false};
  base::Result<mailbox::Receipt> done = base::fail(ErrorCode::internal, "not run");
  std::thread client([&] {
    done = first.store().store(samples::delivery("m1", "box", at(1)), std::nullopt, "");
    answered = true;
  });
  // Until it hangs in its commit.
  const std::string waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  for (int i = 0; i < 100 && number(waiting) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  EXPECT_EQ(number(waiting), 1);
  server.administer(std::string("SELECT ") + GetParam() +
                    "(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  std::this_thread::sleep_for(std::chrono::milliseconds{700});
  // It is committed on this server, but the standby that was promised has not got it.
  EXPECT_FALSE(answered);
  server.administer("ALTER SYSTEM RESET synchronous_standby_names");
  server.administer("SELECT pg_reload_conf()");
  client.join();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_FALSE(done->repeated);
  EXPECT_EQ(number("SELECT count(*) FROM deliveries"), 1);
  EXPECT_EQ(sound_journal(), 1u);
}

INSTANTIATE_TEST_SUITE_P(By, CommitInDoubt,
                         testing::Values("pg_terminate_backend", "pg_cancel_backend"));

TEST_F(PostgresNodes, ANodeThatStopsInTheMiddleOfATransactionLetsGo) {
  PostgresConnection frozen({database});
  frozen.begin(Connection::Access::write);
  const auto done = second.store().store(samples::delivery("m1", "box", at(1)), std::nullopt, "");
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_THROW(frozen.execute("SELECT 1"), storage::SqlError);
}

TEST_F(PostgresNodes, WhatADeadNodeLeftGoesWhenItsLeaseIsOver) {
  const auto sent = samples::rich_delivery("m1", "box", at(1));
  ASSERT_TRUE(first.store().store(sent, std::nullopt, ""));
  // As of a node that dies before its row is committed.
  std::vector<std::unique_ptr<Connection>> connections;
  connections.push_back(std::make_unique<PostgresConnection>(storage::PostgresConfig{database}));
  storage::OctetTables tables(std::make_shared<storage::Pool>(std::move(connections)));
  for (const std::string name : {"old", "new"}) {
    ASSERT_TRUE(tables.create(name));
    ASSERT_TRUE(tables.write(name, 0, samples::octets(1000, 1), false));
    ASSERT_TRUE(tables.settle(name, 1000));
    EXPECT_EQ(samples::code_of(tables.settle(name, 1001)), ErrorCode::overloaded);
  }
  run("UPDATE octets SET created = created - interval '25 hours' WHERE name <> 'new'");
  const auto swept = tables.sweep(false);
  ASSERT_TRUE(swept);
  EXPECT_EQ(*swept, 1u);
  EXPECT_EQ(number("SELECT count(*) FROM octets WHERE name IN ('old', 'new')"), 1);
  const auto read = second.store().read(samples::by_id({"box"}, "m1"));
  ASSERT_EQ(samples::id_of(read), "m1");
  samples::expect_same_parts(read->delivery->parts, sent.parts);
}

TEST_F(PostgresNodes, AnotherNodeTakesOverATransferWhoseNodeDied) {
  storage::DatabaseTransfers one(first.store()), two(second.store());
  for (std::uint32_t n = 1; n <= 3; ++n) ASSERT_TRUE(one.put(chunk(n), kQuota, {}));
  run("UPDATE transfers SET completed = 1000 * extract(epoch FROM now())");
  const auto early = two.unprocessed();
  ASSERT_TRUE(early) << early.error().detail;
  EXPECT_TRUE(early->empty()); // the first node is at it
  run("UPDATE transfers SET completed = 1000 * extract(epoch FROM now() - interval '6 minutes')");
  const auto taken = two.unprocessed();
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->size(), 1u);
  EXPECT_EQ(taken->front().message_id, "t1");
  EXPECT_TRUE(one.unprocessed()->empty()); // given once
  run("UPDATE transfers SET leased = now() - interval '1 minute'");
  EXPECT_EQ(one.unprocessed()->size(), 1u); // the second node has died too
}

TEST_F(PostgresNodes, ASecretIsTheSameForAllNodes) {
  const auto secret = first.store().shared_secret("key", "one");
  ASSERT_TRUE(secret);
  EXPECT_EQ(*secret, "one");
  EXPECT_EQ(second.store().shared_secret("key", "two").value(), "one");
}

TEST_F(PostgresNodes, WhatOnlySqliteCanDoIsRefused) {
  const auto scrubbed = storage::scrub(database, {});
  EXPECT_EQ(samples::code_of(scrubbed), ErrorCode::unsupported);
  TemporaryFolder to;
  EXPECT_EQ(samples::code_of(storage::backup(database, to.path(), [](std::uint64_t) {})),
            ErrorCode::unsupported);
  EXPECT_THROW(SqliteBackend([this](storage::StoreConfig& config) {
                 config.database = database;
                 config.quick_check = true;
               }),
               std::runtime_error);
}

TEST_F(PostgresNodes, OctetsThatARowNamesCannotBeRemoved) {
  ASSERT_TRUE(first.store().store(samples::rich_delivery("m1", "box", at(1)), std::nullopt, ""));
  EXPECT_THROW(run("DELETE FROM octets"), storage::SqlError);
}

TEST_F(PostgresNodes, TheJournalCannotBeChanged) {
  ASSERT_TRUE(first.store().store(samples::delivery("m1", "box", at(1)), std::nullopt, ""));
  for (const char* sql :
       {"UPDATE journal SET detail = ''", "DELETE FROM journal", "TRUNCATE journal",
        "DELETE FROM journal_anchor", "UPDATE journal_anchor SET number = 1",
        "INSERT INTO journal SELECT number + 2, at, event, message_id, mailbox, originator, detail,"
        " hash, hash FROM journal"})
    EXPECT_THROW(run(sql), storage::SqlError) << sql;
}

TEST(PostgresConninfo, IsCheckedAndHasNoPassword) {
  EXPECT_TRUE(storage::check_conninfo("postgresql://a,b/mail?target_session_attrs=any"));
  for (const char* bad :
       {"postgresql://user:secret@host/mail", "host=a", "postgresql://a?password=secret"}) {
    const auto checked = storage::check_conninfo(bad);
    ASSERT_EQ(samples::code_of(checked), ErrorCode::unsupported) << bad;
    EXPECT_EQ(checked.error().detail.find("secret"), std::string::npos);
  }
}

TEST(PostgresConninfo, AServerThatIsNotThereIsOverloaded) {
  PostgresConnection db({"postgresql:///mail?host=/nonexistent", std::chrono::milliseconds{200}});
  try {
    db.begin(Connection::Access::read);
    ADD_FAILURE() << "connected";
  } catch (const storage::SqlError& error) {
    EXPECT_EQ(error.code(), ErrorCode::overloaded);
  }
}

} // namespace
