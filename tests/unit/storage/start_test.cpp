#include "storage/schema.h"
#include "unit/storage/support.h"
#include <sys/stat.h>

namespace {

using base::ErrorCode;
using storage::DatabaseStore;
using storage::StoreConfig;

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777u;
}

StoreConfig config_for(const std::filesystem::path& folder) {
  StoreConfig out;
  out.folder = folder;
  out.reserve_bytes = 0;
  return out;
}

TEST(Start, MakesAFolderThatOnlyTheOwnerCanEnter) {
  const auto old = ::umask(0);
  SqliteBackend backend;
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 100'000), std::nullopt, ""));
  ::umask(old);
  EXPECT_EQ(mode_of(backend.folder()), 0700u);
  EXPECT_EQ(mode_of(backend.folder() / "bodies"), 0700u);
  EXPECT_EQ(mode_of(backend.folder() / "lock"), 0600u);
  EXPECT_EQ(mode_of(backend.database()), 0600u);
  EXPECT_EQ(mode_of(backend.database().string() + "-wal"), 0600u);
  EXPECT_EQ(mode_of(backend.database().string() + "-shm"), 0600u);
  for (const auto& file : body_files(backend.folder())) EXPECT_EQ(mode_of(file), 0600u);
}

TEST(Start, ClosesAnOpenFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "state");
  std::filesystem::permissions(folder.path() / "state", std::filesystem::perms::all);
  ASSERT_TRUE(DatabaseStore::open(config_for(folder.path() / "state")));
  EXPECT_EQ(mode_of(folder.path() / "state"), 0700u);
}

TEST(Start, MakesMissingParentsAndTakesATrailingSlash) {
  const TemporaryFolder folder;
  ASSERT_TRUE(DatabaseStore::open(config_for((folder.path() / "a/b/c").string() + "/")));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a/b/c/mailbox.db"));
}

TEST(Start, RefusesAFolderThatAnotherStoreHolds) {
  SqliteBackend backend;
  const auto second = DatabaseStore::open(config_for(backend.folder()));
  EXPECT_EQ(samples::code_of(second), ErrorCode::file_error);
  EXPECT_NE(second.error().detail.find("in use by another process"), std::string::npos);
  EXPECT_TRUE(backend.store().probe());
  backend.stop();
  EXPECT_TRUE(DatabaseStore::open(config_for(backend.folder())));
}

TEST(Start, RefusesAPathThatIsNoFolder) {
  const TemporaryFolder folder;
  write_all(folder.path() / "file", "x");
  EXPECT_EQ(samples::code_of(DatabaseStore::open(config_for(folder.path() / "file"))),
            ErrorCode::file_error);
}

TEST(Start, RefusesASchemaOfANewerProgramWithoutTouchingIt) {
  SqliteBackend backend;
  backend.stop();
  run_sql(backend.database(), "PRAGMA user_version = 99");
  const auto opened = DatabaseStore::open(config_for(backend.folder()));
  EXPECT_EQ(samples::code_of(opened), ErrorCode::unsupported);
  EXPECT_NE(opened.error().detail.find("schema 99"), std::string::npos) << opened.error().detail;
  EXPECT_EQ(number(backend.database(), "PRAGMA user_version"), 99);
}

TEST(Start, RefusesADatabaseOfAnotherProgram) {
  SqliteBackend backend;
  backend.stop();
  std::filesystem::remove(backend.database());
  write_all(backend.database(), "");
  run_sql(backend.database(), "CREATE TABLE something (x)");
  EXPECT_EQ(samples::code_of(DatabaseStore::open(config_for(backend.folder()))),
            ErrorCode::unsupported);
}

TEST(Start, RefusesAFileThatIsNoDatabase) {
  SqliteBackend backend;
  backend.stop();
  write_all(backend.database(), std::string(10'000, 'x'));
  EXPECT_EQ(samples::code_of(DatabaseStore::open(config_for(backend.folder()))),
            ErrorCode::storage_failure);
}

TEST(Start, FindsADamagedDatabaseWhenAskedToCheck) {
  SqliteBackend backend;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(
        backend.store().store(with_attachment("m" + std::to_string(i), 5000), std::nullopt, ""));
  backend.stop();
  auto config = config_for(backend.folder());
  config.quick_check = true;
  EXPECT_TRUE(DatabaseStore::open(config));
  auto bytes = read_all(backend.database());
  ASSERT_GT(bytes.size(), 200'000u);
  for (std::size_t page = 10; page < 20; ++page) bytes.replace(page * 4096, 64, 64, '\x7f');
  write_all(backend.database(), bytes);
  const auto opened = DatabaseStore::open(config);
  EXPECT_EQ(samples::code_of(opened), ErrorCode::storage_failure);
}

TEST(Start, MarksTheDatabaseWithItsSchema) {
  SqliteBackend backend;
  EXPECT_EQ(number(backend.database(), "PRAGMA user_version"), storage::known_schema_version());
  EXPECT_NE(number(backend.database(), "PRAGMA application_id"), 0);
}

// As a program left it that knew no MessageMetaData.
TEST(Start, AddsTheIndexOfMessageMetaDataToAnOlderDatabase) {
  SqliteBackend backend;
  ASSERT_TRUE(
      backend.store().store(samples::delivery("m1", "box", samples::at(1)), std::nullopt, ""));
  backend.stop();
  run_sql(backend.database(),
          kBeforeRetention + "DROP TABLE metadata; DROP TABLE journal; DROP TABLE journal_anchor;"
                             "ALTER TABLE deliveries DROP COLUMN card_salt;"
                             "PRAGMA user_version = 4");
  backend.start();
  EXPECT_EQ(number(backend.database(), "PRAGMA user_version"), storage::known_schema_version());
  const auto old = backend.store().read(samples::by_id({"box"}, "m1"));
  ASSERT_EQ(samples::id_of(old), "m1");
  EXPECT_FALSE(old->delivery->metadata);
  const auto rich = samples::rich_delivery("m2", "box", samples::at(2));
  ASSERT_TRUE(backend.store().store(rich, std::nullopt, ""));
  const auto fresh = backend.store().read(samples::by_id({"box"}, "m2"));
  ASSERT_EQ(samples::id_of(fresh), "m2");
  EXPECT_EQ(fresh->delivery->metadata, rich.metadata);
}

// As a program left it that never deleted anything.
TEST(Start, TakesAnOlderDatabaseUnderRetention) {
  SqliteBackend backend;
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 5000), std::nullopt, ""));
  backend.stop();
  run_sql(backend.database(), kBeforeRetention + "PRAGMA user_version = 6");
  backend.start();
  EXPECT_EQ(number(backend.database(), "PRAGMA user_version"), storage::known_schema_version());
  ASSERT_TRUE(backend.store().store(with_attachment("m2", 5000, 2), std::nullopt, ""));
  EXPECT_EQ(number(backend.database(), "SELECT count(*) FROM retention"), 2);
  EXPECT_EQ(next_id(backend.store()), "m1");
}

TEST(Start, RemovesFilesOfStoresThatNeverCommitted) {
  SqliteBackend backend;
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 100'000), std::nullopt, ""));
  backend.stop();
  const auto orphan = backend.folder() / "bodies/7" / std::string(32, '0');
  const auto half = backend.folder() / "bodies/7" / (std::string(32, '1') + ".tmp");
  write_all(orphan, "whole");
  write_all(half, "ha");
  Log::clear();
  backend.start();
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_EQ(body_files(backend.folder()).size(), 1u);
  EXPECT_EQ(Log::lines("storage.swept").size(), 1u);
  const auto read = backend.store().read(samples::oldest({"box"}));
  ASSERT_EQ(samples::id_of(read), "m1");
  samples::expect_same_parts(read->delivery->parts, with_attachment("m1", 100'000).parts);
}

TEST(Start, NeitherMissesNorInventsAnythingWhenTheLogEndsInTheMiddleOfACommit) {
  SqliteBackend backend;
  ASSERT_TRUE(backend.store().store(with_attachment("m1", 1000, 1), std::nullopt, ""));
  const auto log = backend.database().string() + "-wal";
  const auto after_first = std::filesystem::file_size(log);
  ASSERT_TRUE(backend.store().store(with_attachment("m2", 50'000, 2), std::nullopt, ""));
  const auto bytes = read_all(log);
  const auto database = read_all(backend.database());
  ASSERT_GT(bytes.size(), after_first + 3 * 4096);
  // The disk as a power cut in the second commit could leave it, cut at several places.
  for (const std::size_t lost : {std::size_t{1}, std::size_t{4096}, std::size_t{20'000}}) {
    const TemporaryFolder copy;
    std::filesystem::create_directories(copy.path() / "state");
    write_all(copy.path() / "state/mailbox.db", database);
    write_all(copy.path() / "state/mailbox.db-wal", bytes.substr(0, bytes.size() - lost));
    auto opened = DatabaseStore::open(config_for(copy.path() / "state"));
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    const auto read = (*opened)->read(samples::oldest({"box"}));
    EXPECT_EQ(samples::id_of(read), "m1");
    EXPECT_EQ(read->waiting, 0u);
    const auto again = (*opened)->store(with_attachment("m2", 50'000, 2), std::nullopt, "");
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->repeated);
  }
}

} // namespace
