#include "cli/files.h"
#include "temporary_folder.h"
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

using base::ErrorCode;
using namespace cli;

struct Shelves {
  test::TemporaryFolder folder;
  base::SystemRandom random;
  base::Result<Shelf> open() { return Shelf::open(folder / "in", random); }
};

TEST(Shelf, KeepsFilesTogetherAndLeavesNothingElse) {
  Shelves at;
  const auto shelf = at.open();
  ASSERT_TRUE(shelf) << shelf.error().detail;
  const auto kept = shelf->keep("one", {{"a.xml", "A"}, {"b.xml", "B"}}, {"a.xml", "b.xml"});
  ASSERT_TRUE(kept) << kept.error().detail;
  EXPECT_EQ(*kept, Kept::written);
  EXPECT_EQ(test::content_of(at.folder / "in/one/a.xml"), "A");
  EXPECT_EQ(test::content_of(at.folder / "in/one/b.xml"), "B");
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(at.folder / "in"))
    ++entries;
  EXPECT_EQ(entries, 2); // the delivery and the lock
}

TEST(Shelf, IsNotForEverybodysEyes) {
  Shelves at;
  const auto shelf = at.open();
  ASSERT_TRUE(shelf && shelf->keep("one", {{"a", "A"}}, {}));
  struct stat found {};
  ASSERT_EQ(::stat((at.folder / "in/one/a").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0007u, 0u);
  ASSERT_EQ(::stat((at.folder / "in/one").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0007u, 0u);
}

TEST(Shelf, NeverOverwritesButRecognisesWhatIsAlreadyThere) {
  Shelves at;
  const auto shelf = at.open();
  ASSERT_TRUE(shelf && shelf->keep("one", {{"a", "A"}, {"note", "1"}}, {"a"}));
  const auto again = shelf->keep("one", {{"a", "A"}, {"note", "2"}}, {"a"});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(*again, Kept::already_there);
  const auto other = shelf->keep("one", {{"a", "AA"}}, {"a"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::file_error);
  EXPECT_EQ(test::content_of(at.folder / "in/one/a"), "A");
  EXPECT_EQ(test::content_of(at.folder / "in/one/note"), "1");
  // An empty folder of that name is not replaced either.
  std::filesystem::create_directory(at.folder / "in/two");
  EXPECT_FALSE(shelf->keep("two", {{"a", "A"}}, {"a"}));
  for (const auto& entry : std::filesystem::directory_iterator(at.folder / "in"))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".incoming"));
}

TEST(Shelf, IsLockedForOthersAndCleansUpAfterTheDead) {
  Shelves at;
  {
    const auto first = at.open();
    ASSERT_TRUE(first);
    const auto second = at.open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::file_error);
  }
  std::filesystem::create_directory(at.folder / "in/.incoming-0123456789abcdef");
  std::filesystem::create_directories(at.folder / "in/undeliverable/.incoming-00000000000000ff");
  std::filesystem::create_directories(at.folder / "in/replies/.incoming-00000000000000ff");
  at.folder.write("in/undeliverable/.incoming-00000000000000ff/message.osci", "gigabytes");
  // Somebody else's, whatever it begins with.
  for (const char* other : {"in/.incoming-mail", "in/.incoming-0123456789abcdefg", "in/incoming"})
    std::filesystem::create_directory(at.folder / other);
  at.folder.write("in/.incoming-mail/letter", "x");
  EXPECT_TRUE(at.open());
  EXPECT_FALSE(std::filesystem::exists(at.folder / "in/.incoming-0123456789abcdef"));
  EXPECT_TRUE(std::filesystem::is_empty(at.folder / "in/undeliverable"));
  EXPECT_TRUE(std::filesystem::is_empty(at.folder / "in/replies"));
  EXPECT_EQ(test::content_of(at.folder / "in/.incoming-mail/letter"), "x");
  EXPECT_TRUE(std::filesystem::exists(at.folder / "in/.incoming-0123456789abcdefg"));
  EXPECT_TRUE(std::filesystem::exists(at.folder / "in/incoming"));
}

TEST(Shelf, CannotBeOpenedWhereThereIsNoFolder) {
  Shelves at;
  const auto shelf = Shelf::open(at.folder / "missing/in", at.random);
  ASSERT_FALSE(shelf);
  EXPECT_EQ(shelf.error().code, ErrorCode::file_error);
  const auto file = at.folder.write("file", "x");
  EXPECT_FALSE(Shelf::open(file, at.random));
}

TEST(ReadFile, NamesThePathAndTheReason) {
  test::TemporaryFolder folder;
  const auto path = folder.write("a", "12345");
  EXPECT_EQ(read_file(path, 5).value(), "12345");
  EXPECT_EQ(read_file(path, 4).error().code, ErrorCode::file_error);
  EXPECT_NE(read_file(folder / "b", 4).error().detail.find(folder / "b"), std::string::npos);
  EXPECT_NE(read_file(folder.path(), 4).error().detail.find("folder"), std::string::npos);
}

} // namespace
