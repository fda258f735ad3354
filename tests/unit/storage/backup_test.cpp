#include "base/encoding.h"
#include "crypto/digest.h"
#include "storage/backup.h"
#include "storage/journal_rows.h"
#include "storage/scrub.h"
#include "unit/storage/support.h"
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using testing::HasSubstr;

class Backup : public testing::Test {
 protected:
  void store(const std::string& id, std::int64_t second, std::size_t size = 100'000) {
    ASSERT_TRUE(backend.store().store(with_attachment(id, size, second), std::nullopt, ""));
  }
  fs::path copy() const { return temporary.path() / "copy"; }
  fs::path restored() const { return temporary.path() / "restored"; }
  // What a state folder lacks.
  static std::uint64_t findings(const fs::path& folder) {
    const auto report = storage::scrub(folder, {});
    EXPECT_TRUE(report) << report.error().detail;
    return report ? report->findings : 99;
  }

  SqliteBackend backend;
  TemporaryFolder temporary;
};

TEST_F(Backup, IsRestoredWithAllThatWasAccepted) {
  write_all(backend.folder() / "message-id.key", std::string(32, 'k'));
  store("large", 1);
  store("small", 2, 10);
  samples::Conversation talk(backend.store(), "a", "recipient", samples::at(3));
  ASSERT_EQ(
      samples::id_of(backend.store().fetch(samples::oldest({"box"}), talk.next(samples::at(4)))),
      "large");
  const auto made = storage::backup(backend.folder(), copy());
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->deliveries, 2u);
  EXPECT_EQ(made->files, 4u); // database, body, key, head
  EXPECT_EQ(made->rounds, 1u);
  EXPECT_EQ(made->damage.size(), 0u);
  EXPECT_EQ(made->head.number, 3u);
  EXPECT_EQ(made->manifest, crypto::sha256_hex(read_all(copy() / "MANIFEST")));
  EXPECT_EQ(read_all(copy() / "journal-head"), "3:" + base::hex_encode(made->head.hash) + "\n");
  struct stat status {};
  ASSERT_EQ(::stat(copy().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((copy() / "mailbox.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  // Whoever has only coreutils can check it.
  EXPECT_EQ(std::system(("cd " + copy().string() + " && sha256sum --quiet -c MANIFEST").c_str()),
            0);

  store("after", 5);
  const auto back = storage::restore(copy(), restored());
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->deliveries, 2u);
  EXPECT_EQ(back->dialogs_closed, 1u);
  EXPECT_EQ(back->missing, 0u);
  EXPECT_EQ(back->head, made->head);
  EXPECT_EQ(findings(restored()), 0u);
  EXPECT_EQ(read_all(restored() / "message-id.key"), std::string(32, 'k'));

  auto other = open_store(restored());
  const auto dialog = other->find_dialog("a");
  ASSERT_TRUE(dialog && *dialog);
  EXPECT_TRUE((*dialog)->closed);
  // The dialog's request of before would acknowledge: it must not be taken again.
  EXPECT_EQ(samples::code_of(other->take_turn(talk.turn(samples::at(6)))),
            ErrorCode::control_block);
  EXPECT_EQ(next_id(*other), "large");
  EXPECT_EQ(samples::id_of(other->read(samples::by_id({"box"}, "small"))), "small");
  EXPECT_EQ(samples::id_of(other->read(samples::by_id({"box"}, "after"))), "-");
  // Its sender may repeat the request: the id is not consumed here.
  EXPECT_TRUE(other->store(with_attachment("after", 100'000, 5), std::nullopt, ""));
}

// Deliveries come in all the while; whatever had its receipt before the backup began is in it, and
// every file that it names is there.
TEST_F(Backup, IsConsistentWhileTheStoreWorks) {
  store("m0", 1);
  std::atomic<bool> stop{false};
  std::atomic<int> stored{0};
  std::thread sender([&] {
    for (int i = 1; !stop; ++i) {
      if (!backend.store().store(with_attachment("m" + std::to_string(i), 70'000, i + 1),
                                 std::nullopt, ""))
        return;
      stored = i;
    }
  });
  while (stored < 3) std::this_thread::yield();
  const int before = stored;
  const auto made = storage::backup(backend.folder(), copy());
  stop = true;
  sender.join();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_GE(made->deliveries, static_cast<std::uint64_t>(before + 1));
  EXPECT_EQ(made->damage.size(), 0u);
  const auto back = storage::restore(copy(), restored());
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->deliveries, made->deliveries);
  EXPECT_EQ(back->missing, 0u);
  EXPECT_EQ(findings(restored()), 0u);
}

// A purge takes the row, then the file, between the copy of the database and that of the files.
TEST_F(Backup, CopiesTheDatabaseAgainWhenSomethingIsPurgedMeanwhile) {
  for (int i = 1; i <= 4; ++i) store("m" + std::to_string(i), i, 200'000);
  bool purged = false;
  const auto made = storage::backup(backend.folder(), copy(), [&](std::uint64_t) {
    if (std::exchange(purged, true)) return;
    // All but the one that is being copied, and that one too.
    storage::SqliteConnection db(backend.database(), storage::SqliteConnection::Use::write);
    db.execute("PRAGMA foreign_keys = OFF");
    std::vector<std::string> files;
    {
      auto rows = db.prepare("SELECT file FROM parts WHERE file IS NOT NULL");
      while (rows.step()) files.push_back(rows.bytes(0));
    }
    db.execute("DELETE FROM parts");
    for (const auto& file : files) fs::remove(backend.folder() / "bodies" / file);
  });
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->rounds, 2u);
  EXPECT_EQ(made->damage.size(), 0u);
  EXPECT_TRUE(body_files(copy()).empty()) << "purged content must not live on in the backup";
  EXPECT_TRUE(storage::restore(copy(), restored()));
}

TEST_F(Backup, NamesWhatIsDamagedAndKeepsTheRest) {
  store("gone", 1);
  const auto gone = body_files(backend.folder()).at(0);
  store("whole", 2);
  fs::remove(gone);
  const auto made = storage::backup(backend.folder(), copy());
  ASSERT_TRUE(made) << made.error().detail;
  ASSERT_EQ(made->damage.size(), 1u);
  EXPECT_THAT(made->damage[0], HasSubstr("is missing"));
  const auto back = storage::restore(copy(), restored());
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->missing, 1u);
  EXPECT_EQ(findings(restored()), 1u);
  EXPECT_EQ(next_id(*open_store(restored())), "whole");
}

TEST_F(Backup, OverwritesNothing) {
  store("m1", 1);
  fs::create_directory(copy());
  write_all(copy() / "mine", "x");
  EXPECT_EQ(samples::code_of(storage::backup(backend.folder(), copy())), ErrorCode::file_error);
  EXPECT_EQ(read_all(copy() / "mine"), "x");
  fs::remove(copy() / "mine");
  ASSERT_TRUE(storage::backup(backend.folder(), copy()));
  EXPECT_EQ(samples::code_of(storage::backup(backend.folder(), copy())), ErrorCode::file_error);
  fs::create_directory(restored());
  EXPECT_EQ(samples::code_of(storage::restore(copy(), restored())), ErrorCode::file_error);
  EXPECT_TRUE(fs::is_empty(restored()));
}

TEST_F(Backup, IsRefusedWhenItIsNotWhatItsManifestSays) {
  store("m1", 1);
  ASSERT_TRUE(storage::backup(backend.folder(), copy()));
  const auto refused = [&](const std::string& why) {
    const auto back = storage::restore(copy(), restored());
    EXPECT_EQ(samples::code_of(back), ErrorCode::invalid_content);
    EXPECT_THAT(back.error().detail, HasSubstr(why));
    EXPECT_FALSE(fs::exists(restored())) << "complete or not at all";
    EXPECT_FALSE(fs::exists(restored().string() + ".restoring"));
  };
  const auto manifest = read_all(copy() / "MANIFEST");
  const auto body = body_files(copy()).at(0);
  const auto content = read_all(body);
  auto bytes = content;
  bytes[500] ^= 1;
  write_all(body, bytes);
  refused("does not have its hash");
  fs::remove(body);
  refused("is missing");
  write_all(body, content);
  const std::string hash(64, '0');
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {hash + "  ../evil\n", "line 4: names a file that no backup has"},
           {hash + "  bodies/a/../../../../x234567890123456789012345\n", "names a file that no"},
           {hash + "  mailbox.db\n", "names a file again"},
           {hash + " mailbox.db\n", "is not a hash"},
           {hash, "ends in the middle"},
           {std::string(5000, 'x') + "\n", "is too long"},
           {"\n", "is not a hash"}}) {
    write_all(copy() / "MANIFEST", manifest + line);
    refused(why);
  }
  write_all(copy() / "MANIFEST", "");
  refused("the database is not in it");
  fs::remove(copy() / "MANIFEST");
  refused("missing, so this is no backup");
  write_all(copy() / "MANIFEST", manifest);
  EXPECT_TRUE(storage::restore(copy(), restored()));
}

} // namespace
