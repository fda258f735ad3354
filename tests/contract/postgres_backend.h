// A store in a schema of its own of a PostgreSQL server.
#pragma once
#include "contract/sqlite_backend.h"
#include "support/postgres_server.h"

class PostgresBackend : public SqliteBackend {
 public:
  PostgresBackend() : PostgresBackend(support::PostgresServer::instance().new_schema()) {}
  // A node more on the database of others.
  explicit PostgresBackend(const std::string& database)
      : SqliteBackend([database](storage::StoreConfig& config) { config.database = database; },
                      database) {}
};
