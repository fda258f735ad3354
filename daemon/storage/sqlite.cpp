#include "storage/sqlite.h"
#include "base/seeded_fault.h"
#include <sqlite3.h>

namespace storage {
namespace {

constexpr int kBusyMilliseconds = 5000;

base::ErrorCode code_of(int code) {
  switch (code & 0xff) {
  case SQLITE_FULL:
    return base::ErrorCode::storage_full;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return base::ErrorCode::overloaded;
  default:
    return base::ErrorCode::storage_failure;
  }
}

SqlError::Kind kind_of(int code) {
  if ((code & 0xff) != SQLITE_IOERR) return SqlError::Kind::statement;
  switch (code) {
  // Nothing was written: the transaction can be rolled back.
  case SQLITE_IOERR_READ:
  case SQLITE_IOERR_SHORT_READ:
  case SQLITE_IOERR_NOMEM:
    return SqlError::Kind::statement;
  default:
    return SqlError::Kind::sync_failed;
  }
}

// `code`: SQLite's extended result code. Its fixed text never quotes values.
[[noreturn]] void raise(int code) {
  throw SqlError(code_of(code), "SQLite " + std::to_string(code) + ": " + sqlite3_errstr(code),
                 kind_of(code));
}

void expect_ok(int code) {
  if (code != SQLITE_OK) raise(code);
}

// SQLITE_TRANSIENT without its C cast: SQLite copies the value.
sqlite3_destructor_type transient() {
  return reinterpret_cast<sqlite3_destructor_type>(std::intptr_t{-1});
}

// A null pointer would bind NULL; an empty value is not NULL.
const char* address(std::string_view bytes) {
  return bytes.empty() ? "" : bytes.data();
}

class SqliteStatement final : public Prepared {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void put_text(int index, std::string_view text) override {
    expect_ok(sqlite3_bind_text64(statement_, index, address(text), text.size(), transient(),
                                  SQLITE_UTF8));
  }
  void put_blob(int index, std::string_view bytes) override {
    expect_ok(sqlite3_bind_blob64(statement_, index, address(bytes), bytes.size(), transient()));
  }
  void put_integer(int index, std::int64_t value) override {
    expect_ok(sqlite3_bind_int64(statement_, index, value));
  }
  void put_null(int index) override { expect_ok(sqlite3_bind_null(statement_, index)); }
  bool step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    raise(code);
  }
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string bytes(int column) const override {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    if (!data || size <= 0) return {};
    return std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  void reset() noexcept override {
    // Reports the error of the last step again; step() has thrown it already.
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

} // namespace

SqliteConnection::SqliteConnection(const std::filesystem::path& file, Use use) {
  const int access =
      use == Use::look || use == Use::copy ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int opened = sqlite3_open_v2(file.c_str(), &db_, access | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    expect_ok(opened);
    expect_ok(sqlite3_extended_result_codes(db_, 1));
    expect_ok(sqlite3_busy_timeout(db_, kBusyMilliseconds));
    expect_ok(sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
    expect_ok(sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr));
    // Replaces the automatic checkpoint.
    sqlite3_wal_hook(
        db_,
        [](void* pages, sqlite3*, const char*, int count) {
          *static_cast<int*>(pages) = count;
          return SQLITE_OK;
        },
        &log_pages_);
    if (use == Use::copy) return;
    execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA journal_size_limit = 67108864;"
        // What a savepoint would take back; otherwise each transaction makes and unlinks a file.
        "PRAGMA temp_store = MEMORY");
    if (base::seeded_fault("unsynced-log")) execute("PRAGMA synchronous = OFF");
    {
      // Some file systems cannot share the log's index; SQLite then stays in another mode silently.
      auto mode = prepare("PRAGMA journal_mode");
      if (!mode.step() || mode.bytes(0) != "wal") raise(SQLITE_CANTOPEN);
    }
    // A reader opens for writing only because the log's index must be shared.
    if (use == Use::read) execute("PRAGMA query_only = ON");
  } catch (...) {
    statements_.clear();
    sqlite3_close(db_);
    throw;
  }
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close(db_);
}

Prepared& SqliteConnection::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    expect_ok(sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                 SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    found =
        statements_.emplace(std::string(sql), std::make_unique<SqliteStatement>(statement)).first;
  }
  return *found->second;
}

void SqliteConnection::execute(const std::string& sql) {
  expect_ok(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

std::uint64_t SqliteConnection::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(db_));
}

bool SqliteConnection::checkpoint(bool wait) {
  int in_log = 0, copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      db_, nullptr, wait ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &in_log,
      &copied);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  expect_ok(code);
  if (wait) log_pages_ = 0; // the log was cut off
  return in_log == copied;
}

} // namespace storage
