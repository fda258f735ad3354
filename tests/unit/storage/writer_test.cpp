#include "storage/rows.h"
#include "storage/schema.h"
#include "storage/writer.h"
#include "unit/storage/support.h"
#include "unit/storage/system_calls.h"
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <thread>

namespace {

using base::ErrorCode;
using storage::Connection;
using storage::SqliteConnection;
using storage::Writer;

class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    write_all(file_, "");
    auto db = std::make_unique<SqliteConnection>(file_, SqliteConnection::Use::write);
    db->execute("CREATE TABLE t (value INTEGER PRIMARY KEY, bytes BLOB)");
    connection_ = db.get();
    writer_ = std::make_unique<Writer>(std::move(db), 8, failure_, timeline_);
  }

  static base::Result<> insert(Connection& db, std::int64_t value, std::size_t size = 0) {
    db.prepare("INSERT INTO t VALUES (?1, zeroblob(?2))").bind(value, size).run();
    return {};
  }
  std::int64_t count() const { return number(file_, "SELECT count(*) FROM t"); }

  // Holds the writer until released, so that what arrives meanwhile becomes one group.
  class Held {
   public:
    explicit Held(Writer& writer)
        : thread_([this, &writer] {
            EXPECT_TRUE(writer.run([this](Connection&) -> base::Result<> {
              began_.set_value();
              release_.get_future().wait();
              return {};
            }));
          }) {
      began_.get_future().wait();
    }
    ~Held() { thread_.join(); }
    void release() { release_.set_value(); }

   private:
    std::promise<void> began_, release_;
    std::thread thread_;
  };

  static void settle() { std::this_thread::sleep_for(std::chrono::milliseconds{100}); }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "t.db";
  std::vector<std::string> failures_;
  storage::SyncFailure failure_{[this](const std::string& what) { failures_.push_back(what); }};
  storage::Timeline timeline_;
  Connection* connection_ = nullptr;
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, AFailingTransactionIsUndoneAndDoesNotHarmItsGroup) {
  std::vector<std::thread> threads;
  std::vector<base::Result<>> results(3, base::fail(ErrorCode::internal));
  {
    Held held(*writer_);
    const auto before = writer_->commits();
    threads.emplace_back(
        [&] { results[0] = writer_->run([](Connection& db) { return insert(db, 1); }); });
    threads.emplace_back([&] {
      results[1] = writer_->run([](Connection& db) -> base::Result<> {
        if (auto done = insert(db, 2); !done) return done;
        return base::fail(ErrorCode::quota_exceeded);
      });
    });
    threads.emplace_back([&] {
      results[2] = writer_->run([](Connection& db) -> base::Result<> {
        if (auto done = insert(db, 3); !done) return done;
        return insert(db, 3); // violates the key
      });
    });
    settle();
    held.release();
    for (auto& thread : threads) thread.join();
    EXPECT_LE(writer_->commits(), before + 2);
  }
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(samples::code_of(results[1]), ErrorCode::quota_exceeded);
  EXPECT_EQ(samples::code_of(results[2]), ErrorCode::storage_failure);
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(WriterTest, AnExceptionReachesItsCallerAndUndoesOnlyItsTransaction) {
  EXPECT_THROW((void)writer_->run([](Connection& db) -> base::Result<> {
    if (auto done = insert(db, 1); !done) return done;
    throw base::InternalError("bug");
  }),
               base::InternalError);
  EXPECT_TRUE(writer_->run([](Connection& db) { return insert(db, 2); }));
  EXPECT_EQ(count(), 1);
}

TEST_F(WriterTest, AFullQueueRefusesAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  {
    Held held(*writer_);
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        if (writer_->run([i](Connection& db) { return insert(db, i); })) ++done;
      });
    settle();
    EXPECT_EQ(samples::code_of(writer_->run([](Connection& db) { return insert(db, 99); })),
              ErrorCode::overloaded);
    held.release();
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(done, 8);
  EXPECT_EQ(count(), 8);
}

TEST_F(WriterTest, WhatWaitsAtTheEndIsCarriedOut) {
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  {
    Held held(*writer_);
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        if (writer_->run([i](Connection& db) { return insert(db, i); })) ++done;
      });
    settle();
    held.release();
  }
  for (auto& thread : threads) thread.join();
  writer_.reset();
  EXPECT_EQ(done, 4);
  EXPECT_EQ(count(), 4);
  EXPECT_EQ(std::filesystem::file_size(file_.string() + "-wal"), 0u)
      << "the log is copied at the end";
}

TEST_F(WriterTest, WhenTheDiskFillsUpOnlyTheTransactionsThatDoNotFitAreRefused) {
  ASSERT_TRUE(writer_->run([](Connection& db) { return insert(db, 1); }));
  const auto log = file_.string() + "-wal";
  const auto limit = static_cast<std::int64_t>(std::filesystem::file_size(log)) + 100'000;
  const system_calls::Intercepted intercepted(
      {}, [&](const std::string& path, std::int64_t offset, std::size_t size) {
        return path == log && offset + static_cast<std::int64_t>(size) > limit ? ENOSPC : 0;
      });
  std::vector<std::thread> threads;
  std::vector<base::Result<>> results(3, base::fail(ErrorCode::internal));
  {
    Held held(*writer_);
    const std::vector<std::size_t> sizes = {100, 500'000, 100};
    for (std::size_t i = 0; i < 3; ++i)
      threads.emplace_back([&, i] {
        results[i] = writer_->run([&, i](Connection& db) {
          return insert(db, static_cast<std::int64_t>(10 + i), sizes[i]);
        });
      });
    settle();
    held.release();
    for (auto& thread : threads) thread.join();
  }
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(samples::code_of(results[1]), ErrorCode::storage_full);
  EXPECT_TRUE(results[2]);
  EXPECT_EQ(count(), 3);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(WriterTest, AFailedSyncReleasesNoResultAndIsNotRetried) {
  std::atomic<int> syncs{0};
  std::vector<base::Result<>> results(3, base::fail(ErrorCode::internal));
  std::vector<std::thread> threads;
  {
    const system_calls::Intercepted intercepted([&](const std::string&) {
      ++syncs;
      return EIO;
    });
    {
      Held held(*writer_);
      for (std::size_t i = 0; i < 3; ++i)
        threads.emplace_back([&, i] {
          results[i] = writer_->run(
              [i](Connection& db) { return insert(db, static_cast<std::int64_t>(i)); });
        });
      settle();
      held.release();
      for (auto& thread : threads) thread.join();
    }
    for (const auto& result : results)
      EXPECT_EQ(samples::code_of(result), ErrorCode::storage_failure);
    EXPECT_EQ(failures_.size(), 1u);
    EXPECT_EQ(samples::code_of(writer_->run([](Connection& db) { return insert(db, 9); })),
              ErrorCode::storage_failure);
    EXPECT_EQ(syncs, 1);
    writer_.reset();
    EXPECT_EQ(syncs, 1) << "not even at the end";
  }
  EXPECT_EQ(number(file_, "SELECT count(*) FROM t WHERE value = 9"), 0);
}

TEST_F(WriterTest, AFailedSyncOfACheckpointIsNotIgnored) {
  std::atomic<int> syncs{0};
  const system_calls::Intercepted intercepted([&](const std::string& path) {
    if (path != file_.string()) return 0;
    ++syncs;
    return EIO;
  });
  for (int i = 0; i < 100 && !failure_.happened(); ++i)
    (void)writer_->run([i](Connection& db) { return insert(db, i, 200'000); });
  for (int i = 0; i < 50 && !failure_.happened(); ++i) settle();
  EXPECT_EQ(failures_.size(), 1u);
  EXPECT_EQ(syncs, 1);
}

TEST_F(WriterTest, TheLogDoesNotGrowForEver) {
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(writer_->run([i](Connection& db) { return insert(db, i, 200'000); }));
  // 40 MB have gone through it.
  EXPECT_LT(std::filesystem::file_size(file_.string() + "-wal"), 20'000'000u);
}

TEST(QueryPlan, TheOldestUnreceivedIsFoundByIndexWithoutScanOrSort) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "t.db";
  write_all(file, "");
  SqliteConnection db(file, SqliteConnection::Use::write);
  ASSERT_TRUE(storage::migrate(db));
  auto plan = db.prepare("EXPLAIN QUERY PLAN " + std::string(storage::kOldestUnreceived));
  std::string text;
  while (plan.step()) text += plan.bytes(3) + "\n";
  EXPECT_NE(text.find("SEARCH deliveries USING INDEX fetchable_by_mailbox (mailbox=?)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("SEARCH awaiting USING PRIMARY KEY"), std::string::npos) << text;
  EXPECT_EQ(text.find("SCAN deliveries"), std::string::npos) << text;
  EXPECT_EQ(text.find("SCAN awaiting"), std::string::npos) << text;
  EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << text;
}

} // namespace
