#include "unit/storage/support.h"
#include "unit/storage/system_calls.h"
#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using base::ErrorCode;

// Everything that a refused store must leave as it was.
void expect_untouched(SqliteBackend& backend, const std::string& message_id) {
  EXPECT_TRUE(body_files(backend.folder()).empty());
  EXPECT_EQ(next_id(backend.store()), "-");
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM consumed"), 0);
  const auto retry = backend.store().store(with_attachment(message_id, 100'000), std::nullopt, "");
  ASSERT_TRUE(retry.has_value()) << "with space the same message id is accepted";
  EXPECT_FALSE(retry->repeated);
  EXPECT_EQ(next_id(backend.store()), message_id);
}

TEST(FullDisk, BelowTheReserveStoresAreRefusedBeforeAnythingIsWritten) {
  std::uint64_t free = 10'000'000;
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.reserve_bytes = 1'000'000;
    config.calls.free_bytes = [&](const std::filesystem::path&) -> base::Result<std::uint64_t> {
      return free;
    };
  });
  free = 999'999;
  const auto commits = backend.store().commits();
  EXPECT_EQ(
      samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
      ErrorCode::storage_full);
  EXPECT_EQ(samples::code_of(backend.store().probe()), ErrorCode::storage_full);
  EXPECT_EQ(backend.store().commits(), commits);
  free = 1'050'000;
  EXPECT_TRUE(backend.store().probe());
  EXPECT_EQ(
      samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
      ErrorCode::storage_full)
      << "the delivery itself would eat into the reserve";
  free = 10'000'000;
  expect_untouched(backend, "m1");
}

TEST(FullDisk, FetchingAcknowledgingAndRepeatingGoOn) {
  std::uint64_t free = 10'000'000;
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.reserve_bytes = 1'000'000;
    config.calls.free_bytes = [&](const std::filesystem::path&) -> base::Result<std::uint64_t> {
      return free;
    };
  });
  auto& store = backend.store();
  ASSERT_TRUE(store.store(with_attachment("m1", 100'000), std::nullopt, ""));
  free = 0;
  const auto repeat = store.store(with_attachment("m1", 100'000), std::nullopt, "");
  ASSERT_TRUE(repeat.has_value());
  EXPECT_TRUE(repeat->repeated);
  samples::Conversation talk(store, "1", "recipient", samples::at(0));
  EXPECT_EQ(samples::id_of(store.fetch(samples::oldest({"box"}), talk.next(samples::at(2)))), "m1");
  EXPECT_TRUE(store.take_turn(talk.next(samples::at(3))));
  EXPECT_EQ(next_id(store), "-");
}

TEST(FullDisk, ARefusedStoreInADialogDoesNotTakeTheTurn) {
  SqliteBackend backend([](storage::StoreConfig& config) {
    config.reserve_bytes = 1;
    config.calls.free_bytes = [](const std::filesystem::path&) -> base::Result<std::uint64_t> {
      return 0;
    };
  });
  samples::Conversation talk(backend.store(), "1", "sender", samples::at(0));
  EXPECT_EQ(samples::code_of(backend.store().store(with_attachment("m1", 10),
                                                   talk.turn(samples::at(1)), "refused:9801")),
            ErrorCode::storage_full);
  EXPECT_EQ((*backend.store().find_dialog("1"))->next_sequence, 0u);
}

TEST(FullDisk, WhileWritingABodyFileIsRefusedWithoutATrace) {
  bool full = true;
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.calls.write = [&](int file, const char* bytes, std::size_t size) -> ssize_t {
      if (!full) return ::write(file, bytes, size);
      if (size < 50'000) {
        errno = ENOSPC;
        return -1;
      }
      return ::write(file, bytes, 1000);
    };
  });
  EXPECT_EQ(
      samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
      ErrorCode::storage_full);
  full = false;
  expect_untouched(backend, "m1");
}

TEST(FullDisk, AtTheProcessLimitForFilesIsRefusedWithoutATrace) {
  SqliteBackend backend;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1'000'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto stored = backend.store().store(with_attachment("m1", 2'000'000), std::nullopt, "");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(samples::code_of(stored), ErrorCode::storage_full);
  expect_untouched(backend, "m1");
}

TEST(FullDisk, WhileCommittingIsRefusedWithoutATrace) {
  int ended = 0;
  SqliteBackend backend([&](storage::StoreConfig& config) {
    config.on_sync_failure = [&](const std::string&) { ++ended; };
  });
  {
    const system_calls::Intercepted full_disk(
        {}, [](const std::string&, std::int64_t, std::size_t) { return ENOSPC; });
    EXPECT_EQ(
        samples::code_of(backend.store().store(with_attachment("m1", 100'000), std::nullopt, "")),
        ErrorCode::storage_full);
    EXPECT_EQ(samples::code_of(backend.store().probe()), ErrorCode::storage_full);
  }
  EXPECT_EQ(ended, 0);
  expect_untouched(backend, "m1");
}

TEST(FullDisk, AfterSomeOfTheCommitWasWrittenIsRefusedWithoutATrace) {
  SqliteBackend backend;
  {
    int writes = 0;
    const system_calls::Intercepted full_disk(
        {},
        [&](const std::string&, std::int64_t, std::size_t) { return ++writes > 8 ? ENOSPC : 0; });
    EXPECT_EQ(
        samples::code_of(backend.store().store(with_attachment("m1", 60'000), std::nullopt, "")),
        ErrorCode::storage_full);
  }
  backend.restart();
  expect_untouched(backend, "m1");
}

} // namespace
