// Chunked transfers on the disk: threads, deaths, full disks. What the protocol makes of them is
// tested through the gateway.
#include "storage/transfers.h"
#include "unit/storage/support.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace {

using base::ErrorCode;

constexpr mailbox::SpoolQuota kQuota{100 << 20, 100 << 20};
constexpr std::uint32_t kCount = 6;

std::string piece(std::uint32_t number) {
  return samples::octets(number == kCount ? 1500 : 2048, number);
}

mailbox::Chunk chunk(std::uint32_t number, const std::string& id = "m1") {
  mailbox::Chunk out;
  out.key = {"sender", id};
  out.parties = "a b c";
  out.number = number;
  out.total_numbers = kCount;
  out.chunk_kib = 2;
  out.total_kib = 12;
  out.bytes = piece(number);
  out.now = samples::at(number);
  return out;
}

std::string whole() {
  std::string out;
  for (std::uint32_t n = 1; n <= kCount; ++n) out += piece(n);
  return out;
}

std::string assembled(storage::DatabaseTransfers& transfers) {
  const auto found = transfers.assembled({"sender", "m1"});
  return found ? *base::read_range({found->octets, 0, found->octets->size()}) : std::string("-");
}

std::size_t spool_files(const std::filesystem::path& state) {
  std::size_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator(state / "spool"))
    out += entry.is_regular_file();
  return out;
}

TEST(Transfers, ManyThreadsWithEveryChunkTwiceMakeOneTransfer) {
  SqliteBackend backend;
  storage::DatabaseTransfers transfers(backend.store());
  std::atomic<int> taken{0}, repeated{0}, completed{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < kCount; ++i) {
        const auto put = transfers.put(chunk((i * (t % 2 ? 5 : 1) + t) % kCount + 1), kQuota, {});
        ASSERT_TRUE(put) << put.error().detail;
        if (!put->refused)
          ++taken;
        else if (put->refused->code == ErrorCode::chunk_repeated)
          ++repeated;
        if (!put->refused && put->transfer->completed) ++completed;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, static_cast<int>(kCount));
  EXPECT_EQ(taken + repeated, 4 * static_cast<int>(kCount));
  EXPECT_EQ(completed, 1);
  EXPECT_EQ(assembled(transfers), whole());
}

TEST(Transfers, AFullDiskLosesTheChunkAndNothingElse) {
  int fails = 0;
  SqliteBackend backend([&](storage::StoreConfig& config) {
    const auto write = config.calls.write;
    config.calls.write = [&fails, write](int file, const char* bytes, std::size_t size) -> ssize_t {
      if (fails > 0) {
        --fails;
        errno = ENOSPC;
        return -1;
      }
      return write(file, bytes, std::min<std::size_t>(size, 700)); // never all at once
    };
  });
  storage::DatabaseTransfers transfers(backend.store());
  fails = 1;
  EXPECT_EQ(samples::code_of(transfers.put(chunk(1), kQuota, {})), ErrorCode::storage_full);
  EXPECT_EQ(spool_files(backend.folder()), 0u);
  for (std::uint32_t n = 1; n <= kCount; ++n) {
    if (n == 4) {
      fails = 1;
      EXPECT_EQ(samples::code_of(transfers.put(chunk(n), kQuota, {})), ErrorCode::storage_full);
    }
    ASSERT_FALSE(transfers.put(chunk(n), kQuota, {})->refused);
  }
  EXPECT_EQ(assembled(transfers), whole());

  // What is decoded on the way goes with its last user.
  auto text = std::make_shared<base::MemoryOctets>("YWJj\nZGVm\nZw==");
  const auto decoded = transfers.decode({text, 0, text->size()});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*base::read_range(*decoded), "abcdefg");
  EXPECT_EQ(spool_files(backend.folder()), 1u);
  fails = 1;
  EXPECT_EQ(samples::code_of(transfers.decode({text, 0, text->size()})), ErrorCode::storage_full);
}

TEST(Transfers, RulesAboutOneChunkAndTheTransferItBelongsTo) {
  const auto code = [](mailbox::Chunk one, const mailbox::Transfer* known = nullptr) {
    const auto checked = mailbox::check_chunk(one, known);
    return checked ? ErrorCode::internal : checked.error().code;
  };
  EXPECT_EQ(code(chunk(1)), ErrorCode::internal);
  auto one = chunk(kCount);
  one.total_kib = 13; // rounded up to the next
  EXPECT_EQ(code(one), ErrorCode::internal);
  one.total_kib = 14;
  EXPECT_EQ(code(one), ErrorCode::chunk_inconsistent);
  one = chunk(1);
  one.total_kib = 0;
  EXPECT_EQ(code(one), ErrorCode::internal);
  one.total_numbers = 0;
  EXPECT_EQ(code(one), ErrorCode::chunk_inconsistent);
  one.total_numbers = mailbox::kMaxChunks + 1;
  EXPECT_EQ(code(one), ErrorCode::chunk_too_small);
  one = chunk(1);
  one.chunk_kib = 0;
  EXPECT_EQ(code(one), ErrorCode::chunk_inconsistent);
  one = chunk(1);
  one.number = kCount + 1;
  EXPECT_EQ(code(one), ErrorCode::chunk_number_wrong);
  mailbox::Transfer known;
  known.parties = "a b c";
  known.total_numbers = kCount;
  known.chunk_kib = 2;
  known.total_kib = 12;
  known.received = {1, 3};
  EXPECT_EQ(code(chunk(3), &known), ErrorCode::chunk_repeated);
  EXPECT_EQ(code(chunk(2), &known), ErrorCode::internal);
  one = chunk(2);
  one.parties = "a b d";
  EXPECT_EQ(code(one, &known), ErrorCode::chunk_inconsistent);
}

struct Place {
  const char* name;
  const char* point;
  std::size_t received; // afterwards
};

class CrashWithAChunkDeathTest : public testing::TestWithParam<Place> {
 protected:
  CrashWithAChunkDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  SurvivingFolder folder_;
};

TEST_P(CrashWithAChunkDeathTest, LosesAtMostThatChunk) {
  const auto& folder = folder_.state();
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        const auto store = open_store(folder);
        storage::DatabaseTransfers transfers(*store);
        for (const std::uint32_t n : {2u, 1u}) (void)transfers.put(chunk(n), kQuota, {});
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = open_store(folder);
  storage::DatabaseTransfers transfers(*store);
  const auto state = transfers.state({"sender", "m1"}, {});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->transfer ? state->transfer->received.size() : 0, GetParam().received);
  EXPECT_EQ(spool_files(folder), GetParam().received > 0 ? 1u : 0u);
  for (std::uint32_t n = 1; n <= kCount; ++n) ASSERT_TRUE(transfers.put(chunk(n), kQuota, {}));
  EXPECT_EQ(assembled(transfers), whole());
}

INSTANTIATE_TEST_SUITE_P(At, CrashWithAChunkDeathTest,
                         testing::Values(Place{"SpoolCreated", "storage.spool_created", 0},
                                         Place{"FirstWritten", "storage.chunk_written", 0},
                                         Place{"FirstRow", "storage.chunk_before_commit", 0},
                                         Place{"FirstCommitted", "storage.after_commit", 1},
                                         Place{"SecondWritten", "storage.chunk_written:2", 1},
                                         Place{"SecondRow", "storage.chunk_before_commit:2", 1},
                                         Place{"SecondCommitted", "storage.after_commit:2", 2}),
                         [](const auto& given) { return std::string(given.param.name); });

class CrashAtTheEndOfATransferDeathTest : public CrashWithAChunkDeathTest {};

TEST_P(CrashAtTheEndOfATransferDeathTest, LeavesTheResultAndNoFile) {
  const auto& folder = folder_.state();
  const auto delivered = [](storage::DatabaseTransfers& transfers) {
    auto out = samples::delivery("m1", "box", samples::at(9));
    out.transfer = mailbox::TransferKey{"sender", "m1"};
    out.transfer_result = {"0800"};
    const auto found = transfers.assembled(*out.transfer);
    out.parts.push_back({mailbox::PartKind::attachment, "a@sender", "application/pdf", "", "",
                         base::OctetRange{found->octets, 1000, 9000}});
    return out;
  };
  EXPECT_EXIT(
      {
        ::setenv("DC_CRASH_POINT", GetParam().point, 1);
        const auto store = open_store(folder);
        storage::DatabaseTransfers transfers(*store);
        for (std::uint32_t n = 1; n <= kCount; ++n) (void)transfers.put(chunk(n), kQuota, {});
        (void)store->store(delivered(transfers), std::nullopt, "");
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = open_store(folder);
  storage::DatabaseTransfers transfers(*store);
  const bool finished = GetParam().received == 1;
  EXPECT_EQ(transfers.unprocessed()->size(), finished ? 0u : 1u);
  if (!finished) {
    ASSERT_TRUE(store->store(delivered(transfers), std::nullopt, ""));
  }
  EXPECT_EQ(spool_files(folder), 0u);
  const auto state = transfers.state({"sender", "m1"}, {});
  ASSERT_TRUE(state->transfer && state->transfer->receipt);
  EXPECT_EQ(state->transfer->result, std::vector<std::string>{"0800"});
  const auto read = store->read(samples::oldest({"box"}));
  ASSERT_EQ(samples::id_of(read), "m1");
  EXPECT_EQ(read->delivery->parts.back().bytes, whole().substr(1000, 9000));
}

INSTANTIATE_TEST_SUITE_P(At, CrashAtTheEndOfATransferDeathTest,
                         testing::Values(Place{"RowsInserted", "storage.store_before_commit", 0},
                                         Place{"Committed", "storage.after_commit:7", 1},
                                         Place{"FileNotRemoved", "storage.spool_before_remove", 1}),
                         [](const auto& given) { return std::string(given.param.name); });

} // namespace
