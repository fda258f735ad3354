// Reading a state folder beside a daemon that may run. Private to storage/.
#pragma once
#include "base/result.h"
#include "storage/postgres.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include <filesystem>
#include <memory>

namespace storage {

// Errors: file_error (no database there, or not readable), unsupported (check_schema, or not
// SQLite).
inline base::Result<std::unique_ptr<Connection>> open_to_look(const std::filesystem::path& folder) {
  if (is_postgres(folder.string()))
    return base::fail(base::ErrorCode::unsupported,
                      "this works on a state folder with SQLite; PostgreSQL has its own tools"
                      " (pg_basebackup, pg_verifybackup, pg_amcheck)");
  const auto database = folder / "mailbox.db";
  std::error_code error;
  if (!std::filesystem::is_regular_file(database, error))
    return base::fail(base::ErrorCode::file_error, database.string() + ": no mailbox database");
  try {
    auto db = std::make_unique<SqliteConnection>(database, SqliteConnection::Use::look);
    if (auto known = check_schema(*db); !known)
      return base::fail(known.error().code, database.string() + ": " + known.error().detail);
    return db;
  } catch (const SqlError& failed) {
    return base::fail(base::ErrorCode::file_error, database.string() + ": " + failed.what());
  }
}

// Runs `work` on one state of the database.
template <class Work>
auto look(Connection& db, const Work& work) -> base::Result<decltype(work())> {
  const auto end = [&] {
    try {
      if (db.in_transaction()) db.execute("ROLLBACK");
    } catch (const SqlError&) {
      // Nothing to undo; the next BEGIN says what is wrong.
    }
  };
  try {
    db.begin(Connection::Access::read);
    auto out = work();
    db.commit();
    return out;
  } catch (const SqlError& error) {
    end();
    return to_error(error);
  } catch (...) {
    end();
    throw;
  }
}

} // namespace storage
