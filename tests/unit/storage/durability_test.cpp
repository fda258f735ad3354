#include "unit/storage/support.h"
#include "unit/storage/system_calls.h"
#include <atomic>
#include <cerrno>
#include <chrono>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using base::ErrorCode;

bool is_log(const std::string& path) {
  return path.ends_with("mailbox.db-wal");
}

TEST(GroupCommit, ConcurrentStoresShareCommitsAndSyncs) {
  constexpr int kStores = 48;
  SqliteBackend backend;
  std::atomic<int> syncs{0};
  const system_calls::Intercepted slow_disk([&](const std::string& path) {
    if (is_log(path)) ++syncs;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    return 0;
  });
  const auto before = backend.store().commits();
  std::atomic<int> stored{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kStores; ++i)
    threads.emplace_back([&, i] {
      const auto delivery = samples::delivery("m" + std::to_string(i), "box", samples::at(i));
      if (backend.store().store(delivery, std::nullopt, "")) ++stored;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kStores);
  const auto commits = backend.store().commits() - before;
  EXPECT_GE(commits, 1u);
  EXPECT_LT(commits, kStores / 2u);
  EXPECT_LE(static_cast<std::uint64_t>(syncs), commits + 2);
}

TEST(Acceptance, NoReceiptIsGivenBeforeTheLogIsSynced) {
  SqliteBackend backend;
  std::atomic<bool> synced{false}, answered_too_early{false};
  const system_calls::Intercepted slow_disk([&](const std::string& path) {
    if (!is_log(path)) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    synced = true;
    return 0;
  });
  const auto receipt =
      backend.store().store(samples::delivery("m1", "box", samples::at(1)), std::nullopt, "");
  if (!synced) answered_too_early = true;
  EXPECT_TRUE(receipt);
  EXPECT_FALSE(answered_too_early);
}

TEST(Acceptance, TheBodyFileIsSyncedBeforeTheRowIsCommitted) {
  std::vector<std::string> order;
  std::mutex mutex;
  const auto note = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    order.push_back(what);
  };
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.calls.sync = [&](int file) {
      struct stat status {};
      ::fstat(file, &status);
      note(S_ISDIR(status.st_mode) ? "folder" : "body");
      return ::fsync(file);
    };
  });
  const system_calls::Intercepted watched([&](const std::string& path) {
    if (is_log(path)) note("log");
    return 0;
  });
  order.clear();
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 100'000), std::nullopt, ""));
  ASSERT_GE(order.size(), 3u);
  EXPECT_EQ(order[0], "body");
  EXPECT_EQ(order[1], "folder");
  EXPECT_EQ(order[2], "log");
}

TEST(SyncFailure, OfTheLogGivesNoReceiptAndNoFurtherWrites) {
  std::atomic<int> ended{0}, syncs{0};
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.on_sync_failure = [&](const std::string&) { ++ended; };
  });
  ASSERT_TRUE(
      backend.store().store(samples::delivery("m0", "box", samples::at(0)), std::nullopt, ""));
  Log::clear();
  {
    const system_calls::Intercepted broken_disk([&](const std::string&) {
      ++syncs;
      return EIO;
    });
    EXPECT_EQ(
        samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
        ErrorCode::storage_failure);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(syncs, 1);
    ASSERT_EQ(Log::lines("storage.sync_failed").size(), 1u);
    EXPECT_EQ(Log::lines("storage.sync_failed")[0].substr(0, 4), "LOUD");
    EXPECT_EQ(samples::code_of(backend.store().probe()), ErrorCode::storage_failure);
    EXPECT_EQ(samples::code_of(backend.store().store(with_attachment("m2", 100), std::nullopt, "")),
              ErrorCode::storage_failure);
    EXPECT_EQ(next_id(backend.store()), "m0") << "what was committed can still be read";
    backend.stop();
    EXPECT_EQ(syncs, 1);
  }
  // Whether m1 is there is up to the disk; but if it is, then whole, and its repeat gets a receipt.
  backend.start();
  const auto again = backend.store().store(with_attachment("m1", 100'000), std::nullopt, "");
  ASSERT_TRUE(again.has_value());
  const auto read = backend.store().read(samples::by_id({"box"}, "m1"));
  ASSERT_EQ(samples::id_of(read), "m1");
  samples::expect_same_parts(read->delivery->parts, with_attachment("m1", 100'000).parts);
  EXPECT_EQ(body_files(backend.folder()).size(), 1u);
}

TEST(SyncFailure, OfABodyFileStopsTheStoreAndIsSweptAtTheNextStart) {
  std::atomic<int> ended{0};
  std::atomic<bool> broken{false};
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.on_sync_failure = [&](const std::string&) { ++ended; };
    config.calls.sync = [&](int file) {
      if (!broken) return ::fsync(file);
      errno = EIO;
      return -1;
    };
  });
  broken = true;
  EXPECT_EQ(
      samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
      ErrorCode::storage_failure);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(samples::code_of(backend.store().probe()), ErrorCode::storage_failure);
  EXPECT_EQ(body_files(backend.folder()).size(), 1u);
  broken = false;
  backend.restart();
  EXPECT_TRUE(body_files(backend.folder()).empty());
  EXPECT_EQ(next_id(backend.store()), "-");
  EXPECT_TRUE(backend.store().store(with_attachment("m1", 100'000), std::nullopt, ""));
}

TEST(SyncFailureDeathTest, EndsTheProcessUnlessATestSaysOtherwise) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const SurvivingFolder folder;
  EXPECT_EXIT(
      {
        const auto store = open_store(folder.state());
        const system_calls::Intercepted broken_disk([](const std::string&) { return EIO; });
        (void)store->probe();
        std::_Exit(0);
      },
      testing::ExitedWithCode(74), "");
}

} // namespace
