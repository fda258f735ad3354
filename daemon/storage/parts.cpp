#include "storage/parts.h"
#include "crypto/digest.h"
#include "storage/log_check.h"
#include "storage/schema.h"
#include "storage/spool_files.h"
#include "storage/sqlite.h"
#include "storage/transfer_rows.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

namespace {

base::Error file_error(const fs::path& path, std::string_view what, int error) {
  return fail(ErrorCode::file_error,
              path.string() + " " + std::string(what) + ": " + std::strerror(error));
}

// Mode 0700 / 0600 whatever the umask: others must not read citizens' mail.
base::Result<> make_folder(const fs::path& folder, const FileCalls& calls) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (error) return file_error(folder.parent_path(), "cannot be made", error.value());
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return file_error(folder, "cannot be made", errno);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return file_error(folder, "cannot be read", errno);
  if (!S_ISDIR(status.st_mode)) return file_error(folder, "cannot be used", ENOTDIR);
  if ((status.st_mode & 0777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
    return file_error(folder, "cannot be closed to others", errno);
  // Only then: the parent of a folder that was given to us may be closed to us.
  if (made) return sync_folder(folder.parent_path(), calls);
  return {};
}

// SQLite would make it readable for the group; the log and its index take over the mode of this
// file.
base::Result<> make_database_file(const fs::path& file, const FileCalls& calls) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return file_error(file, "cannot be made", errno);
  const bool closed_to_others = ::fchmod(made, 0600) == 0;
  const int error = errno;
  ::close(made);
  if (!closed_to_others) return file_error(file, "cannot be closed to others", error);
  return sync_folder(file.parent_path(), calls);
}

} // namespace

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

base::Result<> FolderLock::take(const fs::path& path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return file_error(path, "cannot be made", errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK)
    return fail(ErrorCode::file_error,
                path.parent_path().string() + " is in use by another process");
  return file_error(path, "cannot be locked", errno);
}

base::Result<> DatabaseStore::Parts::start() {
  if (auto made = make_folder(config.folder, config.calls); !made) return made;
  if (auto locked = lock.take(config.folder / "lock"); !locked) return locked;
  return config.database.empty() ? start_sqlite() : start_postgres();
}

base::Result<> DatabaseStore::Parts::start_sqlite() {
  const auto database = config.folder / "mailbox.db";
  if (auto made = make_database_file(database, config.calls); !made) return made;
  auto files = std::make_unique<BodyFiles>(config.folder / "bodies", config.calls, sync_failure);
  if (auto made = files->prepare(); !made) return made;
  auto spooled_files =
      std::make_unique<SpoolFiles>(config.folder / "spool", config.calls, sync_failure);
  if (auto made = spooled_files->prepare(); !made) return made;
  if (auto checked = check_log(database.string() + "-wal"); !checked) return checked;
  try {
    // Reads the log that a crash may have left: every commit in it counts, a half one does not.
    auto db = std::make_unique<SqliteConnection>(database, SqliteConnection::Use::write);
    if (auto migrated = migrate(*db); !migrated) return migrated;
    if (config.quick_check) {
      auto row = db->prepare("PRAGMA quick_check(1)");
      if (!row.step() || row.bytes(0) != "ok")
        return fail(ErrorCode::storage_failure, database.string() + " is damaged (quick_check)");
    }
    const auto swept =
        files->sweep([&](const std::string& name) { return has_part_file(*db, name); });
    if (!swept) return swept.error();
    if (*swept > 0)
      base::log(base::LogLevel::info, "storage.swept", "files of unfinished stores removed",
                {{"count", std::to_string(*swept)}});
    const auto spooled =
        spooled_files->sweep([&](const std::string& name) { return has_spool_file(*db, name); });
    if (!spooled) return spooled.error();
    if (*spooled > 0)
      base::log(base::LogLevel::info, "storage.spool_swept", "files of no transfer removed",
                {{"count", std::to_string(*spooled)}});
    timeline = Timeline(latest_modification(*db));
    std::vector<std::unique_ptr<Connection>> free;
    for (std::size_t i = 0; i < std::max<std::size_t>(config.readers, 1); ++i)
      free.push_back(std::make_unique<SqliteConnection>(database, SqliteConnection::Use::read));
    readers = std::make_shared<Pool>(std::move(free));
    bodies = std::move(files);
    spool = std::move(spooled_files);
    writer = std::make_unique<Writer>(std::move(db), config.max_waiting, sync_failure, timeline);
    return {};
  } catch (const SqlError& error) {
    const auto translated = to_error(error);
    return fail(translated.code, database.string() + ": " + translated.detail);
  }
}

base::Result<> DatabaseStore::Parts::check_space(std::uint64_t more) const {
  // How full the server's disk is, the server says (storage_full).
  if (!config.database.empty()) return {};
  const auto free = config.calls.free_bytes(config.folder);
  if (!free) return free.error();
  if (*free < more || *free - more < config.reserve_bytes)
    return fail(ErrorCode::storage_full, "free space would fall below the reserve");
  return {};
}

base::Result<std::vector<StoredPart>>
DatabaseStore::Parts::place_parts(const std::vector<mailbox::Part>& parts,
                                  Bodies::Pending& pending) const {
  std::vector<StoredPart> out;
  for (const auto& part : parts) {
    StoredPart stored;
    stored.part.kind = part.kind;
    stored.part.name = part.name;
    stored.part.content_type = part.content_type;
    stored.part.headers = part.headers;
    if (part.range && part.range.size > config.body_file_threshold) {
      stored.size = part.range.size;
      auto copied = pending.copy(part.range);
      if (!copied) return copied.error();
      stored.file = std::move(copied->name);
      stored.sha256 = std::move(copied->sha256);
      out.push_back(std::move(stored));
      continue;
    }
    if (part.range) {
      auto bytes = base::read_range(part.range);
      if (!bytes) return bytes.error();
      stored.part.bytes = std::move(*bytes);
    }
    const std::string& bytes = part.range ? stored.part.bytes : part.bytes;
    stored.size = bytes.size();
    stored.sha256 = crypto::digest(crypto::DigestAlgorithm::sha256, bytes);
    if (bytes.size() > config.body_file_threshold) {
      auto name = pending.write(bytes);
      if (!name) return name.error();
      stored.file = std::move(*name);
    }
    out.push_back(std::move(stored));
  }
  if (auto settled = pending.settle(); !settled) return settled.error();
  return out;
}

base::Result<mailbox::StoredDelivery> DatabaseStore::Parts::complete(StoredRows& rows) const {
  if (rows.damage) return fail(ErrorCode::not_found, *rows.damage);
  std::uint64_t size = 0;
  for (const auto& stored : rows.parts) size += stored.size;
  if (size > config.max_in_memory)
    return fail(ErrorCode::fetch_in_chunks, "the delivery is larger than one answer may be");
  for (std::size_t i = 0; i < rows.parts.size(); ++i) {
    auto& stored = rows.parts[i];
    const std::string which = "part " + std::to_string(i) + ": ";
    if (stored.file) {
      auto bytes = bodies->read(*stored.file, stored.size);
      if (!bytes) return fail(bytes.error().code, which + bytes.error().detail);
      stored.part.bytes = std::move(*bytes);
    }
    if (crypto::digest(crypto::DigestAlgorithm::sha256, stored.part.bytes) != stored.sha256)
      return fail(ErrorCode::not_found, which + "content does not have its hash");
    rows.stored.parts.push_back(std::move(stored.part));
  }
  return std::move(rows.stored);
}

base::Result<mailbox::StoredDelivery>
DatabaseStore::Parts::complete_in_place(StoredRows& rows) const {
  if (rows.damage) return fail(ErrorCode::not_found, *rows.damage);
  for (std::size_t i = 0; i < rows.parts.size(); ++i) {
    auto& stored = rows.parts[i];
    const std::string which = "part " + std::to_string(i) + ": ";
    std::string hash;
    if (stored.file && stored.part.kind == mailbox::PartKind::attachment) {
      auto octets = bodies->open(*stored.file, stored.size);
      if (!octets) return fail(octets.error().code, which + octets.error().detail);
      stored.part.range = base::OctetRange{std::move(*octets), 0, stored.size};
      crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
      const auto read =
          base::for_each_piece(stored.part.range, [&](std::string_view piece) -> base::Result<> {
            hasher.update(piece);
            return {};
          });
      if (!read) return fail(read.error().code, which + read.error().detail);
      hash = hasher.finish();
    } else {
      if (stored.file) {
        auto bytes = bodies->read(*stored.file, stored.size);
        if (!bytes) return fail(bytes.error().code, which + bytes.error().detail);
        stored.part.bytes = std::move(*bytes);
      }
      hash = crypto::digest(crypto::DigestAlgorithm::sha256, stored.part.bytes);
    }
    if (hash != stored.sha256)
      return fail(ErrorCode::not_found, which + "content does not have its hash");
    rows.stored.parts.push_back(std::move(stored.part));
  }
  return std::move(rows.stored);
}

base::Result<> DatabaseStore::Parts::quarantine(const StoredRows& rows, const std::string& reason,
                                                std::optional<base::Instant> now) {
  bool moved = false;
  const auto done = writer->run([&](Connection& db) -> base::Result<> {
    moved =
        set_quarantined(db, rows.delivery, reason, now ? timeline.place(*now) : timeline.latest());
    return {};
  });
  // Loud, and kept: the row, its card and what is left of the content stay for the operator. What
  // was purged between the reading of its rows and of its files is no damage.
  if (moved || !done)
    base::log(base::LogLevel::error, "delivery.quarantined",
              "a stored delivery is damaged and no longer handed out",
              {{"message_id", rows.stored.card.message_id},
               {"mailbox", rows.stored.mailbox},
               {"reason", reason}});
  return done;
}

} // namespace storage
