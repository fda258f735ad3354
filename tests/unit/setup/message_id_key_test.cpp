#include "setup/files.h"
#include "setup/message_id_key.h"
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

struct MessageIdKey : testing::Test {
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "setup-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }

  fs::path folder;
  base::SystemRandom random;
};

TEST_F(MessageIdKey, IsMadeOnceAndKept) {
  const auto first = setup::message_id_key(folder, random);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(setup::message_id_key(folder, random).value(), *first);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "message-id.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

// What a process that died before the rename has left.
TEST_F(MessageIdKey, AnUnfinishedOneIsReplaced) {
  write("message-id.key.new", "half");
  const auto key = setup::message_id_key(folder, random);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->size(), 32u);
  EXPECT_FALSE(fs::exists(folder / "message-id.key.new"));
}

TEST_F(MessageIdKey, ADamagedOneIsAnErrorAndStaysAsItIs) {
  write("message-id.key", "short");
  const auto key = setup::message_id_key(folder, random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::file_error);
  EXPECT_EQ(setup::read_file(folder / "message-id.key").value(), "short");
}

TEST_F(MessageIdKey, FilesAreReadUpToTheirLimit) {
  write("largest", std::string(1 << 20, 'x'));
  write("larger", std::string((1 << 20) + 1, 'x'));
  write("empty", "");
  EXPECT_EQ(setup::read_file(folder / "largest").value().size(), std::size_t{1} << 20);
  EXPECT_EQ(setup::read_file(folder / "larger").error().code, ErrorCode::file_error);
  EXPECT_EQ(setup::read_file(folder / "empty").value(), "");
  EXPECT_EQ(setup::read_file(folder / "missing").error().code, ErrorCode::file_error);
  EXPECT_EQ(setup::read_file(folder).error().code, ErrorCode::file_error) << "a folder";
}

} // namespace
