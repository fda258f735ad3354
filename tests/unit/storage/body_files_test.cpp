#include "storage/body_files.h"
#include "unit/storage/support.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using storage::BodyFiles;
using storage::FileCalls;

class BodyFilesTest : public testing::Test {
 protected:
  BodyFiles& files() {
    if (!files_) {
      files_ = std::make_unique<BodyFiles>(folder_.path() / "bodies", calls_, failure_);
      EXPECT_TRUE(files_->prepare());
    }
    return *files_;
  }
  std::vector<std::filesystem::path> present() const { return body_files(folder_.path()); }

  TemporaryFolder folder_;
  std::vector<std::string> failures_;
  storage::SyncFailure failure_{[this](const std::string& what) { failures_.push_back(what); }};
  FileCalls calls_ = FileCalls::system();
  std::unique_ptr<BodyFiles> files_;
};

TEST_F(BodyFilesTest, AKeptFileIsReadAsItWasWritten) {
  const auto bytes = samples::octets(100'000, 1);
  std::string name;
  {
    BodyFiles::Pending pending(files());
    name = *pending.write(bytes);
    ASSERT_TRUE(pending.settle());
    pending.keep();
  }
  const auto read = files().read(name, bytes.size());
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(*read == bytes);
}

TEST_F(BodyFilesTest, AFileIsReadableForItsOwnerOnly) {
  BodyFiles::Pending pending(files());
  const auto name = pending.write("x");
  ASSERT_TRUE(name.has_value());
  struct stat status {};
  ASSERT_EQ(::stat((folder_.path() / "bodies" / *name).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(BodyFilesTest, WhatIsNotKeptIsRemoved) {
  {
    BodyFiles::Pending pending(files());
    ASSERT_TRUE(pending.write("one"));
    ASSERT_TRUE(pending.write("two"));
    ASSERT_TRUE(pending.settle());
    EXPECT_EQ(present().size(), 2u);
  }
  EXPECT_TRUE(present().empty());
}

TEST_F(BodyFilesTest, ContentAndFolderAreSyncedInThisOrder) {
  std::vector<std::string> synced;
  calls_.sync = [&](int file) {
    struct stat status {};
    EXPECT_EQ(::fstat(file, &status), 0);
    synced.emplace_back(S_ISDIR(status.st_mode) ? "folder" : "file");
    return ::fsync(file);
  };
  files();
  synced.clear();
  BodyFiles::Pending pending(files());
  ASSERT_TRUE(pending.write("one"));
  ASSERT_TRUE(pending.write("two"));
  ASSERT_TRUE(pending.settle());
  EXPECT_EQ(synced, (std::vector<std::string>{"file", "file", "folder"}));
}

TEST_F(BodyFilesTest, ShortAndInterruptedWritesAreContinued) {
  int call = 0;
  calls_.write = [&](int file, const char* bytes, std::size_t size) -> ssize_t {
    if (++call % 3 == 0) {
      errno = EINTR;
      return -1;
    }
    return ::write(file, bytes, std::min<std::size_t>(size, 1000));
  };
  const auto bytes = samples::octets(10'500, 1);
  BodyFiles::Pending pending(files());
  const auto name = pending.write(bytes);
  ASSERT_TRUE(name.has_value());
  EXPECT_TRUE(*files().read(*name, bytes.size()) == bytes);
}

TEST_F(BodyFilesTest, AFullDiskIsRefusedAndLeavesNothing) {
  for (const int error : {ENOSPC, EDQUOT, EFBIG}) {
    calls_.write = [error](int file, const char* bytes, std::size_t size) -> ssize_t {
      if (size <= 5000) {
        errno = error;
        return -1;
      }
      return ::write(file, bytes, 5000);
    };
    files_.reset();
    {
      BodyFiles::Pending pending(files());
      EXPECT_EQ(samples::code_of(pending.write(samples::octets(10'000, 1))),
                base::ErrorCode::storage_full);
    }
    EXPECT_TRUE(present().empty());
  }
  EXPECT_TRUE(failures_.empty());
}

TEST_F(BodyFilesTest, AFailedWriteOfAnotherKindIsAStorageFailure) {
  calls_.write = [](int, const char*, std::size_t) -> ssize_t {
    errno = EIO;
    return -1;
  };
  {
    BodyFiles::Pending pending(files());
    EXPECT_EQ(samples::code_of(pending.write("x")), base::ErrorCode::storage_failure);
  }
  EXPECT_TRUE(present().empty());
}

TEST_F(BodyFilesTest, AFailedSyncEndsTheProcessOnceAndKeepsTheFilesForRecovery) {
  int syncs = 0;
  calls_.sync = [&](int file) {
    struct stat status {};
    ::fstat(file, &status);
    if (S_ISDIR(status.st_mode)) return ::fsync(file);
    ++syncs;
    errno = EIO;
    return -1;
  };
  {
    BodyFiles::Pending pending(files());
    EXPECT_EQ(samples::code_of(pending.write("x")), base::ErrorCode::storage_failure);
  }
  EXPECT_EQ(syncs, 1) << "a failed sync is not retried";
  EXPECT_EQ(failures_.size(), 1u);
  EXPECT_TRUE(failure_.happened());
  EXPECT_EQ(present().size(), 1u);
}

TEST_F(BodyFilesTest, AFailedSyncOfTheFolderEndsTheProcess) {
  bool armed = false;
  calls_.sync = [&](int file) {
    struct stat status {};
    ::fstat(file, &status);
    if (!armed || !S_ISDIR(status.st_mode)) return ::fsync(file);
    errno = EIO;
    return -1;
  };
  BodyFiles::Pending pending(files());
  ASSERT_TRUE(pending.write("x"));
  armed = true;
  EXPECT_EQ(samples::code_of(pending.settle()), base::ErrorCode::storage_failure);
  EXPECT_EQ(failures_.size(), 1u);
}

TEST_F(BodyFilesTest, AMissingShortenedOrLengthenedFileIsDamaged) {
  BodyFiles::Pending pending(files());
  const auto name = *pending.write("12345");
  const auto path = folder_.path() / "bodies" / name;
  EXPECT_TRUE(files().read(name, 5));
  for (const char* content : {"1234", "123456", ""}) {
    write_all(path, content);
    EXPECT_EQ(samples::code_of(files().read(name, 5)), base::ErrorCode::not_found);
  }
  std::filesystem::remove(path);
  EXPECT_EQ(samples::code_of(files().read(name, 5)), base::ErrorCode::not_found);
  std::filesystem::create_directory(path);
  EXPECT_EQ(samples::code_of(files().read(name, 5)), base::ErrorCode::not_found);
  std::filesystem::remove(path);
  write_all(folder_.path() / "elsewhere", "12345");
  std::filesystem::create_symlink(folder_.path() / "elsewhere", path);
  EXPECT_EQ(samples::code_of(files().read(name, 5)), base::ErrorCode::not_found);
}

TEST_F(BodyFilesTest, TheSweepRemovesWhatNoRowNamesAndNothingElse) {
  std::string kept, orphan;
  {
    BodyFiles::Pending pending(files());
    kept = *pending.write("kept");
    orphan = *pending.write("orphan");
    pending.keep();
  }
  const auto bodies = folder_.path() / "bodies";
  const auto half = bodies / "3" / (std::string(32, 'a') + ".tmp");
  const auto foreign = bodies / "3" / "notes.txt";
  write_all(half, "half");
  write_all(foreign, "somebody's");
  Log::clear();
  const auto removed = files().sweep([&](const std::string& name) { return name == kept; });
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(*removed, 2u);
  EXPECT_TRUE(files().read(kept, 4));
  EXPECT_FALSE(files().read(orphan, 6));
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_EQ(Log::lines("storage.unknown_file").size(), 1u);
}

} // namespace
