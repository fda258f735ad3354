#include "authority/evidence_folder.h"
#include "world.h"
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

using authority::EvidenceFolder;
using test::Folder;

TEST(EvidenceFolder, KeepsBytesAndTimeOverARestart) {
  const Folder folder;
  const auto at = pki::start() + base::Milliseconds{1234};
  {
    EvidenceFolder kept(folder.path / "r", 1000);
    EXPECT_FALSE(kept.read("a", 100));
    kept.write("a", "first", at);
    kept.write("a", "second", at);
    EXPECT_EQ(kept.bytes(), 6u);
  }
  EvidenceFolder again(folder.path / "r", 1000);
  const auto read = again.read("a", 100);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "second");
  EXPECT_EQ(read->obtained, at);
  EXPECT_FALSE(again.read("a", 5)); // larger than the caller takes
  again.remove("a");
  EXPECT_FALSE(again.read("a", 100));
  EXPECT_EQ(again.bytes(), 0u);
  struct stat status {};
  ASSERT_EQ(::stat((folder.path / "r").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(EvidenceFolder, IsBoundedAndDropsTheOldest) {
  const Folder folder;
  EvidenceFolder kept(folder.path / "r", 1000);
  for (int i = 0; i < 10; ++i)
    kept.write("f" + std::to_string(i), std::string(300, 'x'),
               pki::start() + std::chrono::hours{i});
  EXPECT_LE(kept.bytes(), 1000u);
  EXPECT_FALSE(kept.read("f6", 1000));
  EXPECT_TRUE(kept.read("f9", 1000));
  kept.write("large", std::string(1001, 'x'), pki::start());
  EXPECT_FALSE(kept.read("large", 5000));
  // A smaller limit after a restart.
  EvidenceFolder smaller(folder.path / "r", 400);
  EXPECT_EQ(smaller.bytes(), 300u);
  EXPECT_TRUE(smaller.read("f9", 1000));
}

TEST(EvidenceFolder, HalfWrittenFilesAreRemovedAtTheStart) {
  const Folder folder;
  { EvidenceFolder(folder.path / "r", 1000).write("a", "bytes", pki::start()); }
  std::filesystem::copy_file(folder.path / "r" / "a", folder.path / "r" / "new-7");
  const EvidenceFolder again(folder.path / "r", 1000);
  EXPECT_FALSE(std::filesystem::exists(folder.path / "r" / "new-7"));
  EXPECT_EQ(again.bytes(), 5u);
}

TEST(EvidenceFolder, AFolderThatCannotBeMadeOnlyCostsTheCache) {
  EvidenceFolder nowhere("/proc/no/such/folder", 1000);
  nowhere.write("a", "bytes", pki::start());
  EXPECT_FALSE(nowhere.read("a", 100));
}

} // namespace
