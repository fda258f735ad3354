// Thin ownership over the SQLite C API. Only sqlite.cpp includes sqlite3.h.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace storage {

// Thrown by Connection and Statement and caught where a transaction ends: Writer and SqliteStore.
// It never crosses the port, where failures are values.
class SqlError : public std::runtime_error {
 public:
  explicit SqlError(int code);
  int code() const { return code_; } // SQLite's extended result code

 private:
  int code_;
};

// storage_full, overloaded (the database is locked from outside) or storage_failure. The detail is
// SQLite's fixed text for the code, which never quotes values.
base::Error to_error(const SqlError& error);
// True when a write or a sync of the database failed for another reason than a full disk.
bool is_sync_failure(const SqlError& error);

// Binds as BLOB; plain strings bind as TEXT.
struct Blob {
  std::string_view bytes;
};

// A prepared statement on loan from its Connection; goes back, reset, at the end of its life.
class Statement {
 public:
  Statement(sqlite3_stmt* statement, bool& lent);
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

  bool step(); // true: a row stands ready
  void run();  // steps to the end

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string bytes(int column) const; // TEXT or BLOB; NULL reads as empty
  base::Instant instant(int column) const;
  std::optional<base::Instant> optional_instant(int column) const;

 private:
  template <std::integral Integer>
  void put(int index, Integer value) {
    put_integer(index, static_cast<std::int64_t>(value));
  }
  void put(int index, base::Instant value) { put_integer(index, value.time_since_epoch().count()); }
  void put(int index, std::string_view text);
  void put(int index, Blob blob);
  template <class Value>
  void put(int index, const std::optional<Value>& value) {
    if (value)
      put(index, *value);
    else
      put_null(index);
  }
  void put_integer(int index, std::int64_t value);
  void put_null(int index);

  sqlite3_stmt* statement_;
  bool& lent_;
};

// One database connection; used by one thread at a time.
class Connection {
 public:
  // look: beside a daemon that may run; cannot write whatever it is told. copy: likewise, of a file
  // that nobody else opens and that need not have a log yet.
  enum class Use { write, read, look, copy };
  // Throws SqlError. The file must exist.
  Connection(const std::filesystem::path& file, Use use);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Prepared once and kept. The same text cannot be lent twice at a time.
  Statement prepare(std::string_view sql);
  void execute(const std::string& sql); // one or more statements without parameters

  bool in_transaction() const;
  std::int64_t last_insert_id() const;
  std::uint64_t changes() const; // rows touched by the last statement

  // Pages in the write-ahead log as of the last commit of this connection.
  int log_pages() const { return log_pages_; }
  // Copies the log into the database. SQLite's own automatic checkpoint is off because it ignores
  // failed syncs. `wait`: for readers, so that the log can start over. True: everything was copied.
  bool checkpoint(bool wait);

 private:
  struct Kept {
    sqlite3_stmt* statement = nullptr;
    bool lent = false;
  };

  sqlite3* db_ = nullptr;
  std::map<std::string, Kept, std::less<>> statements_;
  int log_pages_ = 0;
};

} // namespace storage
