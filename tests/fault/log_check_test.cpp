// A flipped bit in the write-ahead log takes nothing away in silence, but for the last commits.
#include "fault/deliveries.h"
#include "fault/disk.h"
#include "fault/workload.h"
#include "storage/log_check.h"
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFrame = 24 + 4096;

class LogCheck : public testing::Test {
 protected:
  LogCheck() {
    std::string pattern = (fs::temp_directory_path() / "dc-log-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    auto store = storage::DatabaseStore::open(fault::config_for("stores", folder_ / "state"));
    EXPECT_TRUE(store);
    for (const auto* id : {"small-1", "small-2", "small-3", "small-4"}) {
      EXPECT_TRUE((*store)->store(fault::delivery(id), std::nullopt, ""));
      ends_.push_back(fs::file_size(folder_ / "state/mailbox.db-wal"));
    }
    image_ = fault::read_image(folder_ / "state"); // as if the process died here
    log_ = *image_.at("mailbox.db-wal");
  }
  ~LogCheck() override { fs::remove_all(folder_); }

  base::Result<> check(const std::string& log) {
    std::ofstream(folder_ / "log", std::ios::binary | std::ios::trunc) << log;
    return storage::check_log(folder_ / "log");
  }
  std::string flipped(std::size_t at) const {
    auto out = log_;
    out[at] = static_cast<char>(out[at] ^ 0x10);
    return out;
  }

  fs::path folder_;
  fault::Image image_;
  std::string log_;
  std::vector<std::uintmax_t> ends_; // of the log after each store
};

TEST_F(LogCheck, AcceptsASoundLogAndNone) {
  EXPECT_TRUE(check(log_));
  EXPECT_TRUE(check(""));
  EXPECT_TRUE(check(std::string(32, '\0')));
  EXPECT_TRUE(storage::check_log(folder_ / "nothing"));
}

// Every octet of a frame's header, and some of its page; the header of the log.
TEST_F(LogCheck, FindsABitInWhatIsFollowedByCommits) {
  const auto first = static_cast<std::size_t>(ends_[1] - kFrame); // the end of the second store
  for (std::size_t at = first; at < first + 24; ++at) EXPECT_FALSE(check(flipped(at))) << at;
  EXPECT_FALSE(check(flipped(first + 100)));
  EXPECT_FALSE(check(flipped(32 + 3 * kFrame + 2000)));
  for (std::size_t at = 0; at < 32; ++at) EXPECT_FALSE(check(flipped(at))) << at;
  // The end of the last but one: its own sum and mark can be mended, its content cannot.
  const auto end = static_cast<std::size_t>(ends_[2] - kFrame);
  for (std::size_t at = end + 8; at < end + 24; ++at) EXPECT_FALSE(check(flipped(at))) << at;
}

// A cut leaves the last commit torn, in any way; that is no damage.
TEST_F(LogCheck, AcceptsWhatACutLeavesOfTheLastCommit) {
  const auto begin = static_cast<std::size_t>(ends_[2]);
  for (std::size_t size = begin; size <= log_.size(); size += 512)
    EXPECT_TRUE(check(log_.substr(0, size))) << size;
  for (std::size_t at = begin; at < log_.size(); at += 512) {
    auto torn = log_;
    torn.replace(at, std::min<std::size_t>(512, log_.size() - at),
                 std::min<std::size_t>(512, log_.size() - at), '\0');
    EXPECT_TRUE(check(torn)) << at;
    // The sector still holds what an earlier log had there.
    torn.replace(at, std::min<std::size_t>(512, log_.size() - at),
                 log_.substr(at % begin, std::min<std::size_t>(512, log_.size() - at)));
    EXPECT_TRUE(check(torn)) << at;
  }
}

TEST_F(LogCheck, TheStoreRefusesToOpen) {
  image_["mailbox.db-wal"] = std::make_shared<std::string>(flipped(32 + 3 * kFrame + 2000));
  fault::write_image(image_, folder_ / "copy");
  const auto opened = storage::DatabaseStore::open(fault::config_for("stores", folder_ / "copy"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::ErrorCode::storage_failure);
  EXPECT_NE(opened.error().detail.find("mailbox.db-wal is damaged at frame 4"), std::string::npos);
}

} // namespace
