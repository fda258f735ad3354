// Retention on SQLite: what a death leaves, what is in the journal, who writes beside whom, and a
// rehearsal of a hundred days.
#include "crypto/digest.h"
#include "mailbox/retention_round.h"
#include "storage/journal_rows.h"
#include "storage/operator_access.h"
#include "storage/retention.h"
#include "storage/retention_rows.h"
#include "storage/schema.h"
#include "storage/scrub.h"
#include "unit/storage/support.h"
#include <atomic>
#include <csignal>
#include <iomanip>
#include <iostream>
#include <map>
#include <thread>

namespace {

using mailbox::RetentionRules;
using std::chrono::days;
using std::chrono::hours;

base::Instant day(int n, std::int64_t seconds = 0) {
  return samples::at(seconds) + days{n};
}

void receive(mailbox::Store& store, const std::string& id, base::Instant when) {
  samples::Conversation own(store, "receive-" + id, "recipient", when);
  ASSERT_EQ(samples::id_of(store.fetch(samples::by_id({"box"}, id), own.next(when))), id);
  auto exit = own.next(when);
  exit.close = true;
  ASSERT_TRUE(store.take_turn(exit));
}

mailbox::RetentionBatch round(storage::DatabaseStore& store, base::Instant now,
                              const RetentionRules& rules = {}) {
  storage::DatabaseRetention retained(store);
  mailbox::RetentionBatch sum;
  for (;;) {
    const auto batch = mailbox::retain_batch(retained, rules, now);
    EXPECT_TRUE(batch) << batch.error().detail;
    if (!batch) return sum;
    sum.notices += batch->notices;
    sum.purged += batch->purged;
    sum.expired_unfetched += batch->expired_unfetched;
    sum.forgotten += batch->forgotten;
    if (!batch->more) return sum;
  }
}

std::vector<storage::JournalEntry> journal(const std::filesystem::path& database) {
  storage::SqliteConnection db(database, storage::SqliteConnection::Use::read);
  return storage::read_journal(db, 0, 10'000);
}

std::vector<std::string> events(const std::filesystem::path& database) {
  std::vector<std::string> out;
  for (const auto& one : journal(database)) out.push_back(one.event);
  return out;
}

// --- what a death leaves

struct Place {
  const char* name;
  const char* point;
  bool purged;       // the transaction in which the process died happened
  std::size_t files; // body files that lie there before the next start sweeps
};

class CrashWhilePurgingDeathTest : public testing::TestWithParam<Place> {
 protected:
  CrashWhilePurgingDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  SurvivingFolder folder_;
};

TEST_P(CrashWhilePurgingDeathTest, LeavesTheDeliveryOrItsRecord) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        const auto store = open_store(folder);
        for (const auto* id : {"m1", "m2"}) // a commit each
          (void)store->store(samples::rich_delivery(id, "box", samples::at(1)), std::nullopt, "");
        receive(*store, "m1", day(1)); // three each
        receive(*store, "m2", day(1));
        round(*store, day(9)); // reconsiders, carries out
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(body_files(folder).size(), GetParam().files);
  const auto store = open_store(folder);
  EXPECT_EQ(body_files(folder).size(), GetParam().purged ? 0u : 2u) << "swept at the start";
  for (const auto* id : {"m1", "m2"}) {
    const auto read = store->read(samples::by_id({"box"}, id));
    EXPECT_EQ(samples::id_of(read), GetParam().purged ? "-" : id);
    if (read && read->delivery)
      samples::expect_same_parts(read->delivery->parts,
                                 samples::rich_delivery(id, "box", samples::at(1)).parts);
  }
  mailbox::CardSelection selection;
  selection.party = "sender";
  EXPECT_EQ(samples::ids_of(store->cards(selection, std::nullopt)), (samples::Ids{"m1", "m2"}));
  const auto recorded = events(folder / "mailbox.db");
  EXPECT_EQ(std::count(recorded.begin(), recorded.end(), "purged"), GetParam().purged ? 2 : 0);
  // The next round does what is left, once.
  EXPECT_EQ(round(*store, day(9)).purged, GetParam().purged ? 0u : 2u);
  EXPECT_EQ(round(*store, day(10)).purged, 0u);
  EXPECT_TRUE(body_files(folder).empty());
  const auto all = events(folder / "mailbox.db");
  EXPECT_EQ(std::count(all.begin(), all.end(), "purged"), 2);
}

INSTANTIATE_TEST_SUITE_P(
    At, CrashWhilePurgingDeathTest,
    testing::Values(Place{"FirstRowsGone", "storage.purge_before_commit", false, 2},
                    Place{"SecondRowsGone", "storage.purge_before_commit:2", false, 2},
                    Place{"BeforeCommit", "storage.before_commit:10", false, 2},
                    Place{"AfterCommit", "storage.after_commit:10", true, 2},
                    Place{"BeforeTheFirstFile", "storage.purge_before_unlink", true, 2},
                    Place{"BetweenTheFiles", "storage.purge_before_unlink:2", true, 1}),
    [](const auto& given) { return std::string(given.param.name); });

// --- what is gone, and what stays

TEST(Retention, APurgeTakesContentAndMetadataAndLeavesProofOfWhatItWas) {
  SqliteBackend backend;
  ASSERT_TRUE(
      backend.store().store(samples::rich_delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  receive(backend.store(), "m1", day(1));
  const auto& database = backend.database();
  const auto manifest = number(database, "SELECT length(manifest) FROM deliveries");
  Log::clear();
  ASSERT_EQ(round(backend.store(), day(9)).purged, 1u);
  EXPECT_TRUE(body_files(backend.folder()).empty());
  for (const auto* table : {"parts", "metadata"})
    EXPECT_EQ(number(database, "SELECT count(*) FROM " + std::string(table)), 0) << table;
  EXPECT_EQ(number(database, "SELECT length(context) FROM deliveries"), 0);
  EXPECT_EQ(number(database, "SELECT length(manifest) FROM deliveries"), manifest);
  EXPECT_EQ(number(database, "SELECT count(*) FROM inspections"), 3);
  EXPECT_EQ(number(database, "SELECT count(*) FROM consumed"), 1);
  ASSERT_EQ(Log::lines("delivery.purged").size(), 1u);
  // The library overwrites what it deletes; otherwise content would stay in unused pages.
  EXPECT_EQ(number(database, "PRAGMA secure_delete"), 1);
  const auto entries = journal(database);
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries.back().event, "purged");
  EXPECT_EQ(entries.back().message_id, "m1");
  EXPECT_EQ(storage::detail_value(entries.back().detail, "reason"), "fetched");
  EXPECT_EQ(entries.back().at, day(9));
}

TEST(Retention, EvidenceGoesWithTheLastCardThatNeedsIt) {
  SqliteBackend backend;
  for (const auto* id : {"m1", "m2"})
    ASSERT_TRUE(
        backend.store().store(samples::rich_delivery(id, "box", samples::at(1)), std::nullopt, ""));
  receive(backend.store(), "m1", day(1));
  receive(backend.store(), "m2", day(20));
  const auto evidence = [&] { return number(backend.database(), "SELECT count(*) FROM evidence"); };
  ASSERT_GT(evidence(), 0);
  for (const auto n : {8, 27, 738}) round(backend.store(), day(n));
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM retention"), 1);
  EXPECT_GT(evidence(), 0);
  EXPECT_EQ(round(backend.store(), day(800)).forgotten, 1u);
  EXPECT_EQ(evidence(), 0);
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM deliveries WHERE subject IS NOT NULL"
                                       " OR originator = 'sender' OR mailbox = 'box'"),
            0);
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM consumed"), 2);
}

TEST(Retention, AScrubFindsNothingWrongWithWhatWasPurgedOrForgotten) {
  SqliteBackend backend;
  for (const auto* id : {"m1", "m2"})
    ASSERT_TRUE(
        backend.store().store(samples::rich_delivery(id, "box", samples::at(1)), std::nullopt, ""));
  receive(backend.store(), "m1", day(1));
  ASSERT_TRUE(backend.hold({"m2", "12 K 34/26", day(1)}));
  std::string findings;
  const auto scrub = [&]() -> storage::ScrubReport {
    storage::ScrubOptions options;
    options.now = day(0);
    options.found = [&](const storage::ScrubFinding& one) {
      findings += one.message_id + ": " + one.detail + "\n";
    };
    return storage::scrub(backend.folder(), options).value();
  };
  round(backend.store(), day(8));
  EXPECT_EQ(scrub().purged, 1u);
  EXPECT_EQ(round(backend.store(), day(738)).forgotten, 1u);
  EXPECT_EQ(scrub().purged, 1u);
  // The journal forgets in its turn, all but its last entry.
  ASSERT_TRUE(backend.release("m2", day(739)));
  ASSERT_TRUE(backend.store().keep_journal(day(1000)));
  EXPECT_EQ(events(backend.database()).size(), 1u);
  const auto last = scrub();
  EXPECT_EQ(last.purged, 1u);
  EXPECT_EQ(last.deliveries, 1u);
  EXPECT_EQ(findings, "");
  // Nobody can pass a loss off as a purge while the journal still tells of the acceptance.
  ASSERT_TRUE(
      backend.store().store(samples::rich_delivery("m3", "box", day(740)), std::nullopt, ""));
  run_sql(backend.database(), "DELETE FROM parts WHERE delivery = 3;"
                              "UPDATE deliveries SET purged = modification WHERE seq = 3");
  scrub();
  EXPECT_NE(findings.find("m3: "), std::string::npos) << findings;
}

TEST(Retention, WhatIsQuarantinedIsNeverPurged) {
  SqliteBackend backend;
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 100'000), std::nullopt, ""));
  for (const auto& file : body_files(backend.folder())) write_all(file, "damaged");
  EXPECT_EQ(next_id(backend.store()), "-");
  for (const auto n : {3, 90, 94, 1000}) {
    const auto done = round(backend.store(), day(n));
    EXPECT_EQ(done.notices + done.purged + done.forgotten, 0u) << n;
  }
  EXPECT_EQ(body_files(backend.folder()).size(), 1u);
  // The operator has repaired it: now it is told of, and goes when its warning is old enough.
  run_sql(backend.database(), "UPDATE deliveries SET quarantined = 0");
  EXPECT_EQ(round(backend.store(), day(1001)).notices, 1u);
  EXPECT_EQ(round(backend.store(), day(1004)).expired_unfetched, 1u);
}

TEST(Retention, ReadersOfADeliveryThatIsBeingPurgedFindItOrFindNothing) {
  SqliteBackend backend;
  constexpr int kDeliveries = 24;
  for (int i = 0; i < kDeliveries; ++i) {
    const auto id = "m" + std::to_string(i);
    ASSERT_TRUE(backend.store().store(with_attachment(id, 100'000, i), std::nullopt, ""));
    receive(backend.store(), id, day(1));
  }
  Log::clear();
  std::atomic<bool> stop{false};
  std::atomic<int> found{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t)
    readers.emplace_back([&, t] {
      for (int i = t; !stop; i = (i + 1) % kDeliveries) {
        const auto id = "m" + std::to_string(i);
        const auto read = backend.store().read(samples::by_id({"box"}, id));
        EXPECT_TRUE(read) << read.error().detail;
        if (read && read->delivery) ++found;
      }
    });
  while (found < 20) std::this_thread::yield();
  std::uint64_t purged = 0;
  storage::DatabaseRetention retained(backend.store());
  // One by one, so that reading goes on in between.
  for (;;) {
    const auto due = retained.due(day(9), 1);
    ASSERT_TRUE(due);
    if (due->empty()) break;
    const auto done =
        retained.carry_out({{due->front(), mailbox::judge(due->front(), {}, day(9))}}, day(9));
    ASSERT_TRUE(done);
    purged += done->size();
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(purged, static_cast<std::uint64_t>(kDeliveries));
  EXPECT_TRUE(Log::lines("delivery.quarantined").empty()) << "a purge was taken for damage";
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM deliveries WHERE quarantined"), 0);
}

TEST(Retention, WhatIsDueIsFoundByIndexWithoutScanOrSort) {
  SqliteBackend backend;
  storage::SqliteConnection db(backend.database(), storage::SqliteConnection::Use::read);
  auto plan = db.prepare("EXPLAIN QUERY PLAN " + std::string(storage::kDueNext));
  std::string text;
  while (plan.step()) text += plan.bytes(3) + "\n";
  EXPECT_NE(text.find("SEARCH r USING INDEX retention_by_due (due<?)"), std::string::npos) << text;
  EXPECT_NE(text.find("SEARCH awaiting USING"), std::string::npos) << text;
  EXPECT_NE(text.find("SEARCH freezes USING"), std::string::npos) << text;
  EXPECT_EQ(text.find("SCAN "), text.find("SCAN CONSTANT ROW")) << text;
  EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << text;
}

// --- the operator's tool beside the daemon

TEST(Retention, HoldsAreSetWhileTheStoreWritesAndBothChainTheJournal) {
  SqliteBackend backend;
  constexpr int kHeld = 20;
  for (int i = 0; i < kHeld; ++i)
    ASSERT_TRUE(backend.store().store(
        samples::delivery("held" + std::to_string(i), "box", samples::at(i)), std::nullopt, ""));
  std::atomic<bool> stop{false};
  std::thread load([&] {
    for (int i = 0; !stop; ++i)
      EXPECT_TRUE(backend.store().store(
          samples::delivery("m" + std::to_string(i), "box", samples::at(i)), std::nullopt, ""));
  });
  for (int i = 0; i < kHeld; ++i) {
    const auto id = "held" + std::to_string(i);
    const auto held = backend.hold({id, "12 K 34/26", day(1)});
    EXPECT_TRUE(held) << held.error().detail;
    if (i % 2 != 0) continue;
    EXPECT_TRUE(backend.release(id, day(1)));
  }
  stop = true;
  load.join();
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM holds"), kHeld / 2);
  std::string previous;
  std::uint64_t held = 0, released = 0;
  for (const auto& one : journal(backend.database())) {
    ASSERT_EQ(one.previous, previous.empty() ? one.previous : previous) << one.number;
    ASSERT_EQ(one.hash, storage::journal_hash(one)) << one.number;
    previous = one.hash;
    held += one.event == "held" ? 1 : 0;
    released += one.event == "hold_released" ? 1 : 0;
  }
  EXPECT_EQ(held, static_cast<std::uint64_t>(kHeld));
  EXPECT_EQ(released, static_cast<std::uint64_t>(kHeld / 2));
}

TEST(Retention, TheToolNeitherMakesNorMigratesADatabase) {
  const TemporaryFolder folder;
  EXPECT_EQ(samples::code_of(storage::OperatorAccess::open(folder.path())),
            base::ErrorCode::file_error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  SqliteBackend backend;
  backend.stop();
  run_sql(backend.database(), "PRAGMA user_version = 6");
  EXPECT_EQ(samples::code_of(storage::OperatorAccess::open(backend.folder())),
            base::ErrorCode::unsupported);
  EXPECT_EQ(number(backend.database(), "PRAGMA user_version"), 6);
}

// --- a hundred days

// Prints what happened to each of them: the ladder as an operator would see it.
TEST(Retention, RehearsalOfAHundredDays) {
  SqliteBackend backend;
  base::ManualClock clock(day(0, 12 * 3600));
  RetentionRules rules;
  rules.overrides.push_back({"", "urn:short", std::nullopt, days{30}});
  std::map<std::string, std::string> about = {
      {"never", "nobody fetches it"},
      {"quick", "fetched on day 1"},
      {"late", "fetched on day 50"},
      {"short", "service with 30 days, nobody fetches it"},
      {"held", "held from day 20 to day 95, nobody fetches it"},
      {"broken", "damaged on day 10"},
      {"dialog", "on day 90 in a dialog that ends without acknowledgement"}};
  for (const auto& [id, text] : about) {
    auto delivery = samples::rich_delivery(id, "box", clock.now());
    delivery.metadata->service = id == "short" ? "urn:short" : "urn:other";
    ASSERT_TRUE(backend.store().store(delivery, std::nullopt, ""));
  }
  std::map<std::string, std::string> told;
  std::map<std::string, int> end;
  Log::clear();
  const auto note = [&](int n) {
    for (const std::string event : {"delivery.unfetched", "delivery.purged",
                                    "delivery.expired_unfetched", "delivery.quarantined"})
      for (const auto& line : Log::lines(event)) {
        const auto at = line.find("message_id=") + 11;
        const auto id = line.substr(at, line.find(' ', at) - at);
        const auto missed = line.find("notices_missed=");
        const bool downtime = missed != std::string::npos && line[missed + 15] != '0';
        told[id] +=
            (told[id].empty() ? "" : ", ") + std::to_string(n) +
            (event == "delivery.unfetched" ? (downtime ? " notice (some missed)" : " notice")
                                           : " " + event.substr(9));
        if (event == "delivery.purged" || event == "delivery.expired_unfetched") end[id] = n;
      }
    Log::clear();
  };
  for (int n = 0; n <= 100; ++n, clock.advance(days{1})) {
    if (n == 1) receive(backend.store(), "quick", clock.now());
    if (n == 10) {
      run_sql(backend.database(), "UPDATE parts SET sha256 = x'00' WHERE delivery ="
                                  " (SELECT seq FROM deliveries WHERE message_id = 'broken')");
      ASSERT_EQ(samples::code_of(backend.store().read(samples::by_id({"box"}, "broken"))),
                base::ErrorCode::storage_failure);
    }
    if (n == 20) {
      ASSERT_TRUE(backend.hold({"held", "12 K 34/26", clock.now()}));
      backend.stop(); // until day 33
    }
    if (n == 33) backend.start();
    if (n == 50) receive(backend.store(), "late", clock.now());
    if (n == 90) {
      samples::Conversation talk(backend.store(), "1", "recipient", clock.now());
      ASSERT_EQ(samples::id_of(backend.store().fetch(samples::by_id({"box"}, "dialog"),
                                                     talk.next(clock.now()))),
                "dialog");
    }
    if (n == 95) {
      ASSERT_TRUE(backend.release("held", clock.now()));
    }
    if (n < 20 || n >= 33) round(backend.store(), clock.now(), rules);
    if (n == 91) {
      ASSERT_TRUE(backend.store().expire_dialogs(clock.now() - hours{1}, day(0)));
    }
    note(n);
  }
  std::cout << "a hundred days; the daemon is down from day 20 to day 33\n";
  for (const auto& [id, text] : about)
    std::cout << "  " << std::left << std::setw(8) << id << text << "\n            " << told[id]
              << "\n";
  EXPECT_EQ(
      told["never"],
      "3 notice, 9 notice, 14 notice, 33 notice (some missed), 35 notice, 42 notice, 49 notice,"
      " 56 notice, 63 notice, 70 notice, 77 notice, 84 notice, 90 expired_unfetched");
  EXPECT_EQ(told["quick"], "8 purged");
  EXPECT_EQ(told["late"], "3 notice, 9 notice, 14 notice, 33 notice (some missed), 35 notice,"
                          " 42 notice, 49 notice, 57 purged");
  EXPECT_EQ(told["short"], "3 notice, 9 notice, 14 notice, 33 notice (some missed),"
                           " 34 expired_unfetched");
  EXPECT_EQ(told["broken"], "3 notice, 9 notice, 10 quarantined");
  EXPECT_FALSE(end.contains("broken"));
  EXPECT_EQ(end["held"], 95);
  EXPECT_EQ(end["dialog"], 92);
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM deliveries"), 7);
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM journal WHERE event = 'purged'"), 6);
}

} // namespace
