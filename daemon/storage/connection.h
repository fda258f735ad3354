// What the code that reads and writes rows knows of a database: the same statements serve SQLite
// (sqlite.h) and PostgreSQL (postgres.h).
//
// They keep to what both understand: parameters ?1, ?2, ..., RETURNING, ON CONFLICT, integers for
// truth values. "INDEXED BY name" is an instruction to SQLite; PostgreSQL's planner chooses itself.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace storage {

// Thrown by Connection and Statement and caught where a transaction ends: Writer and Pool.
// It never crosses the port, where failures are values.
class SqlError : public std::runtime_error {
 public:
  enum class Kind {
    statement,   // the transaction can be rolled back
    sync_failed, // a write or a sync failed for another reason than a full disk
    lost,        // the connection is gone, and with it what was not committed: nothing changed
    unknown      // the connection is gone, and nobody can say whether the commit came before that
  };
  // `text` never quotes values.
  SqlError(base::ErrorCode code, const std::string& text, Kind kind = Kind::statement)
      : std::runtime_error(text), code_(code), kind_(kind) {}
  base::ErrorCode code() const { return code_; }
  Kind kind() const { return kind_; }

 private:
  base::ErrorCode code_;
  Kind kind_;
};

// storage_full, overloaded (the database is locked from outside, or cannot be reached) or
// storage_failure.
inline base::Error to_error(const SqlError& error) {
  return base::fail(error.code(), error.what());
}
inline bool is_sync_failure(const SqlError& error) {
  return error.kind() == SqlError::Kind::sync_failed;
}
inline bool is_lost(const SqlError& error) {
  return error.kind() == SqlError::Kind::lost;
}

// Binds as BLOB (BYTEA); plain strings bind as TEXT.
struct Blob {
  std::string_view bytes;
};

// A statement that its Connection has prepared and keeps. Indexes of parameters count from 1, of
// columns from 0.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual void put_text(int index, std::string_view text) = 0;
  virtual void put_blob(int index, std::string_view bytes) = 0;
  virtual void put_integer(int index, std::int64_t value) = 0;
  virtual void put_null(int index) = 0;
  virtual bool step() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string bytes(int column) const = 0;
  virtual void reset() noexcept = 0; // forgets values and rows

  bool lent = false;
};

// A prepared statement on loan from its Connection; goes back, reset, at the end of its life.
class Statement {
 public:
  explicit Statement(Prepared& prepared);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values of the parameters ?1, ?2, ... in order. Copies them.
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (put(++index, values), ...);
    return *this;
  }

  bool step() { return prepared_.step(); } // true: a row stands ready
  void run();                              // steps to the end
  // Of a statement that returns a number in one row, steps to the end.
  std::int64_t run_for_number();

  bool is_null(int column) const { return prepared_.is_null(column); }
  std::int64_t integer(int column) const { return prepared_.integer(column); }
  // TEXT or BLOB; NULL reads as empty
  std::string bytes(int column) const { return prepared_.bytes(column); }
  base::Instant instant(int column) const;
  std::optional<base::Instant> optional_instant(int column) const;

 private:
  template <std::integral Integer>
  void put(int index, Integer value) {
    prepared_.put_integer(index, static_cast<std::int64_t>(value));
  }
  void put(int index, base::Instant value) {
    prepared_.put_integer(index, value.time_since_epoch().count());
  }
  void put(int index, std::string_view text) { prepared_.put_text(index, text); }
  void put(int index, Blob blob) { prepared_.put_blob(index, blob.bytes); }
  template <class Value>
  void put(int index, const std::optional<Value>& value) {
    if (value)
      put(index, *value);
    else
      prepared_.put_null(index);
  }

  Prepared& prepared_;
};

// One database connection; used by one thread at a time. Every function throws SqlError.
class Connection {
 public:
  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Prepared once and kept. The same text cannot be lent twice at a time.
  Statement prepare(std::string_view sql) { return Statement(prepared(sql)); }
  virtual void execute(const std::string& sql) = 0; // one or more statements without parameters

  enum class Access {
    read,  // one state of the database until commit()
    write, // waits until no other connection, of whatever process, has a transaction of this kind
    files  // beside the writer: octets that no row names yet, or no more
  };
  // Connects again when the connection was lost; nothing else does.
  virtual void begin(Access access) = 0;
  // Success: what was written is on stable storage.
  virtual void commit() = 0;
  virtual bool in_transaction() const = 0;
  virtual std::uint64_t changes() const = 0; // rows touched by the last statement

  // The latest time that any process has given (Timeline), as of begin(write); none: no other
  // process writes. share_time(): to be seen by them after the commit.
  virtual std::optional<base::Instant> shared_time() const { return std::nullopt; }
  virtual void share_time(base::Instant /*latest*/) {}

  // Pages in the write-ahead log as of the last commit of this connection.
  virtual int log_pages() const { return 0; }
  // Copies the log into the database. SQLite's own automatic checkpoint is off because it ignores
  // failed syncs. `wait`: for readers, so that the log can start over. True: everything was copied.
  virtual bool checkpoint(bool /*wait*/) { return true; }

 protected:
  virtual Prepared& prepared(std::string_view sql) = 0;
};

} // namespace storage
