// The database schema as a sequence of migrations, compiled in.
#pragma once
#include "base/result.h"
#include "storage/connection.h"

namespace storage {

// Number of the newest schema this program knows; stands in the database as PRAGMA user_version.
int known_schema_version();

// Brings the database to the newest schema, each migration in a transaction of its own. Errors:
// unsupported (written by a newer program, or not a mailbox database at all), storage_full,
// storage_failure.
base::Result<> migrate(Connection& db);

// For who works beside the daemon and must not migrate. Error: unsupported (not a mailbox database,
// or not of this program's schema); throws SqlError.
base::Result<> check_schema(Connection& db);

} // namespace storage
