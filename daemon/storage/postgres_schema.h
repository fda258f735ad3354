// The schema on PostgreSQL: a sequence of migrations of its own, compiled in, never edited once
// published. The tables are those of schema.cpp, and in addition what SQLite has in files and what
// several daemons share.
#pragma once
#include "storage/postgres.h"
#include <cstdint>
#include <span>
#include <string_view>

namespace storage {

struct PostgresMigration {
  std::string_view sql;
  // Number of the oldest schema whose programs go on working after this one. Its own number: they
  // are shut out, their transactions fail as unsupported.
  std::int64_t oldest_program;
};

std::span<const PostgresMigration> postgres_migrations();

// Number of the newest schema that this program knows.
std::int64_t known_postgres_schema();

// Brings the database to the newest schema, each migration in a transaction of its own and under
// the writers' lock: daemons that run wait for it and go on, or are shut out. A newer schema is
// left alone when it admits this program. Errors: unsupported (it does not; or the tables are not
// ours), storage_full, storage_failure, overloaded (not to be reached).
base::Result<> migrate(PostgresConnection& db,
                       std::span<const PostgresMigration> migrations = postgres_migrations());

// For who works beside the daemons and must not migrate. Errors: unsupported (no mailbox database,
// or not for this program, or check_conninfo()), overloaded (not to be reached).
base::Result<std::unique_ptr<Connection>> open_postgres(const std::string& conninfo);

} // namespace storage
