#include "storage/backup.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "storage/backup_files.h"
#include "storage/journal_rows.h"
#include "storage/look.h"
#include "storage/rows.h"
#include "storage/transfer_rows.h"
#include <set>

namespace storage {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr const char* kDatabase = "mailbox.db";
// Each has less to copy than the one before; a purge falls into the next one ever more rarely.
constexpr unsigned kRounds = 16;

// What a copy of the database names: path in the folder -> hash (hex; empty: none is known).
struct Named {
  Hashes files;
  std::set<std::string> spool; // paths among them that may go at any time
  std::uint64_t deliveries = 0;
  JournalHead head;
};

Named names_in(Connection& db) {
  Named out;
  {
    auto rows = db.prepare("SELECT file, sha256 FROM parts WHERE file IS NOT NULL");
    while (rows.step()) out.files["bodies/" + rows.bytes(0)] = base::hex_encode(rows.bytes(1));
  }
  {
    auto rows = db.prepare("SELECT file FROM transfers WHERE file IS NOT NULL");
    while (rows.step()) {
      const auto path = "spool/" + rows.bytes(0);
      out.files[path];
      out.spool.insert(path);
    }
  }
  auto row = db.prepare("SELECT count(*) FROM deliveries");
  if (row.step()) out.deliveries = static_cast<std::uint64_t>(row.integer(0));
  out.head = journal_head(db);
  return out;
}

base::Error with_path(const fs::path& database, const SqlError& error) {
  const auto translated = to_error(error);
  return fail(translated.code, database.string() + ": " + translated.detail);
}

class Backup {
 public:
  Backup(const fs::path& state, BackupFolder to, Connection& db,
         const std::function<void(std::uint64_t)>& pace)
      : state_(state), to_(std::move(to)), db_(db), pace_(pace) {}

  Result<BackupReport> run() {
    for (bool again = true; again;) {
      if (report_.rounds == kRounds)
        return fail(ErrorCode::overloaded, "too much was purged meanwhile; try again later");
      ++report_.rounds;
      const auto round = copy_round();
      if (!round) return round.error();
      again = *round;
    }
    // What a later copy of the database names no more has been purged.
    for (auto at = copied_.begin(); at != copied_.end();) {
      if (named_.files.contains(at->first)) {
        ++at;
        continue;
      }
      if (auto removed = to_.remove(at->first); !removed) return removed.error();
      at = copied_.erase(at);
    }
    return finish();
  }

 private:
  // True: something was purged meanwhile, so another copy of the database is needed.
  Result<bool> copy_round() {
    if (auto removed = to_.remove(kDatabase); !removed) return removed.error();
    const auto database = to_ / kDatabase;
    try {
      db_.prepare("VACUUM INTO ?1").bind(database.string()).run();
      SqliteConnection copy(database, SqliteConnection::Use::copy);
      named_ = names_in(copy);
    } catch (const SqlError& error) {
      return with_path(database, error);
    }
    damage_.clear();
    for (const auto& [path, hash] : named_.files) {
      if (copied_.contains(path)) continue;
      if (!is_backup_path(path)) {
        damage_.push_back("a part names no body file");
        continue;
      }
      const auto copied = to_.copy(state_ / path, path, pace_);
      if (copied) {
        copied_[path] = copied->sha256;
        report_.octets += copied->size;
        if (!hash.empty() && hash != copied->sha256)
          damage_.push_back(path + " does not have its hash");
        continue;
      }
      if (copied.error().code != ErrorCode::not_found) return copied.error();
      // A transfer that ended meanwhile; its sender repeats it to a restored daemon.
      if (named_.spool.contains(path)) continue;
      const auto file = path.substr(7); // below "bodies/"
      const auto there = look(db_, [&] { return has_part_file(db_, file); });
      if (!there) return there.error();
      if (!*there) return true;
      damage_.push_back(path + " is missing or cannot be read");
    }
    return false;
  }

  Result<BackupReport> finish() {
    const auto head = std::to_string(named_.head.number) + ":" + base::hex_encode(named_.head.hash);
    if (auto done = to_.write(kHeadName, head + "\n"); !done) return done.error();
    copied_[kHeadName] = crypto::sha256_hex(head + "\n");
    std::error_code failed;
    if (fs::exists(state_ / kKeyName, failed)) {
      const auto key = to_.copy(state_ / kKeyName, kKeyName, pace_);
      if (!key) return key.error();
      copied_[kKeyName] = key->sha256;
    }
    if (auto done = sync_file_at(to_ / kDatabase); !done) return done.error();
    const auto database = hash_file(to_ / kDatabase);
    if (!database) return database.error();
    copied_[kDatabase] = database->sha256;
    report_.octets += database->size;
    // Last, and only when all else is on the disk: it makes the folder a backup.
    if (auto done = to_.sync(); !done) return done.error();
    const auto manifest = to_manifest(copied_);
    if (auto done = to_.write(kManifestName, manifest); !done) return done.error();
    if (auto done = to_.sync(); !done) return done.error();
    report_.manifest = crypto::sha256_hex(manifest);
    report_.files = copied_.size();
    report_.deliveries = named_.deliveries;
    report_.head = named_.head;
    report_.damage = std::move(damage_);
    return std::move(report_);
  }

  const fs::path& state_;
  BackupFolder to_;
  Connection& db_;
  const std::function<void(std::uint64_t)>& pace_;
  Named named_;
  Hashes copied_;
  std::vector<std::string> damage_;
  BackupReport report_;
};

std::uint64_t run_counted(Connection& db, std::string_view sql) {
  db.prepare(sql).run();
  return db.changes();
}

// What must not go on where it was: see backup.h.
Result<> settle(const fs::path& database, const Hashes& files, RestoreReport& report) try {
  SqliteConnection db(database, SqliteConnection::Use::write);
  {
    auto row = db.prepare("PRAGMA quick_check(1)");
    if (!row.step() || row.bytes(0) != "ok")
      return fail(ErrorCode::invalid_content, "the database is damaged (quick_check)");
  }
  // A backup of an older release becomes one of this.
  if (auto migrated = migrate(db); !migrated) return migrated;
  db.execute("BEGIN IMMEDIATE");
  report.dialogs_closed = run_counted(db, "UPDATE dialogs SET closed = 1 WHERE closed = 0");
  run_counted(db, "DELETE FROM awaiting");
  run_counted(db, "DELETE FROM fetching");
  run_counted(db, "DELETE FROM freezes");
  db.execute("COMMIT");
  const auto named = names_in(db);
  for (const auto& [path, hash] : named.files) {
    if (named.spool.contains(path)) continue;
    const auto found = files.find(path);
    report.missing += found == files.end() || found->second != hash;
  }
  report.deliveries = named.deliveries;
  report.head = named.head;
  if (!db.checkpoint(true))
    return fail(ErrorCode::storage_failure, "the restored database could not be checkpointed");
  return {};
} catch (const SqlError& error) {
  return with_path(database, error);
}

Result<RestoreReport> fill(const fs::path& from, BackupFolder& to, const Hashes& files) {
  RestoreReport report;
  for (const auto& [path, hash] : files) {
    const auto copied = to.copy(from / path, path, {});
    if (!copied && copied.error().code == ErrorCode::not_found)
      return fail(ErrorCode::invalid_content, path + " is missing or cannot be read");
    if (!copied) return copied.error();
    if (copied->sha256 != hash)
      return fail(ErrorCode::invalid_content, path + " does not have its hash");
    ++report.files;
    report.octets += copied->size;
  }
  if (auto done = settle(to / kDatabase, files, report); !done) return done.error();
  if (auto done = to.remove(kHeadName); !done) return done.error();
  if (auto done = sync_file_at(to / kDatabase); !done) return done.error();
  if (auto done = to.sync(); !done) return done.error();
  return report;
}

} // namespace

Result<BackupReport> backup(const fs::path& state, const fs::path& to,
                            const std::function<void(std::uint64_t)>& pace) {
  auto db = open_to_look(state);
  if (!db) return db.error();
  auto folder = BackupFolder::make(to, true);
  if (!folder) return folder.error();
  return Backup(state, std::move(*folder), **db, pace).run();
}

Result<RestoreReport> restore(const fs::path& from, const fs::path& to) {
  const auto files = read_manifest(from / kManifestName);
  if (!files) return files.error();
  std::error_code failed;
  if (fs::exists(fs::symlink_status(to, failed)))
    return fail(ErrorCode::file_error, to.string() + " exists; a restore overwrites nothing");
  fs::path partial = to;
  if (!partial.has_filename()) partial = partial.parent_path();
  const fs::path complete = partial;
  partial += ".restoring";
  auto folder = BackupFolder::make(partial, false);
  if (!folder) return folder.error();
  auto report = fill(from, *folder, *files);
  if (report && ::rename(partial.c_str(), complete.c_str()) != 0)
    report = fail(ErrorCode::file_error, complete.string() + " cannot be made");
  if (!report) {
    fs::remove_all(partial, failed); // made above, and nobody's yet
    return report.error();
  }
  if (auto done = sync_folder(fs::absolute(complete).parent_path(), FileCalls::system()); !done)
    return done.error();
  return report;
}

} // namespace storage
