// A connection to PostgreSQL through libpq. Only postgres.cpp includes libpq-fe.h.
//
// Several daemons write to one database. A transaction of kind `write` holds an advisory lock from
// its beginning to its commit, so that there is one writer at a time as with SQLite, over all
// nodes: the journal is continued at its end and times keep their order. A node that stops in the
// middle (crash, cut cable) lets go of the lock when the server notices, at the latest when the
// session has been idle in its transaction for ten seconds.
//
// A connection that is lost before COMMIT was sent has changed nothing. When it is lost after that,
// the outcome is found out: every write transaction leaves its number under the name of its
// connection, and the next session, on whichever server is the primary by then, looks for it under
// the lock, and commits a transaction of its own, so that a standby has what was found too.
#pragma once
#include "base/random.h"
#include "storage/connection.h"
#include <map>
#include <memory>
#include <string>

struct pg_conn;
struct pg_result;

namespace storage {

struct PostgresConfig {
  // As libpq reads it. Several hosts: the one that takes writes is found, also after a failover.
  std::string conninfo;
  // How long a lost server is looked for before requests are refused as overloaded.
  std::chrono::milliseconds patience = std::chrono::seconds{15};
};

// Whether this names a PostgreSQL database ("postgresql://...") and no state folder.
bool is_postgres(std::string_view place);
// Error: unsupported (libpq does not understand it, or it has a password in it: that belongs into a
// password file or service file, where no log or process list shows it).
base::Result<> check_conninfo(const std::string& conninfo);

class PostgresConnection final : public Connection {
 public:
  // Connects at the first begin().
  explicit PostgresConnection(PostgresConfig config);
  ~PostgresConnection() override;

  void execute(const std::string& sql) override;
  void begin(Access access) override;
  void commit() override;
  bool in_transaction() const override;
  std::uint64_t changes() const override { return changes_; }
  std::optional<base::Instant> shared_time() const override { return shared_time_; }
  void share_time(base::Instant latest) override;

  // As begin(Access::write), of a database that may lack our tables. For migrations.
  void begin_migration();

 private:
  class PostgresStatement;
  friend class PostgresStatement;

  Prepared& prepared(std::string_view sql) override;
  void connect();
  void try_to_connect();
  void disconnect();
  void lock_out_writers();
  void note_transaction();
  void settle_commit();
  // Takes the result, throws SqlError if it is an error.
  void check(pg_result* result);
  [[noreturn]] void raise(const pg_result* result);

  PostgresConfig config_;
  pg_conn* link_ = nullptr;
  unsigned session_ = 0;         // counts connections: statements are prepared in each anew
  std::uint64_t names_ = 0;      // of prepared statements
  std::string node_;             // name of this connection in the table `nodes`
  std::int64_t transaction_ = 0; // number of the last write transaction
  Access access_ = Access::read; // of the transaction under way
  bool warned_ = false;          // the server has warned since COMMIT was sent
  std::uint64_t changes_ = 0;
  std::optional<base::Instant> shared_time_;
  std::map<std::string, std::unique_ptr<PostgresStatement>, std::less<>> statements_;
};

} // namespace storage
