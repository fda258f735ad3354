// Thin ownership over the SQLite C API. Only sqlite.cpp includes sqlite3.h.
#pragma once
#include "storage/connection.h"
#include <filesystem>
#include <map>
#include <memory>
#include <string>

struct sqlite3;

namespace storage {

// One connection to a database file.
class SqliteConnection final : public Connection {
 public:
  // look: beside a daemon that may run; cannot write whatever it is told. copy: likewise, of a file
  // that nobody else opens and that need not have a log yet.
  enum class Use { write, read, look, copy };
  // Throws SqlError. The file must exist.
  SqliteConnection(const std::filesystem::path& file, Use use);
  ~SqliteConnection() override;

  void execute(const std::string& sql) override;
  void begin(Access access) override {
    execute(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
  }
  void commit() override { execute("COMMIT"); }
  bool in_transaction() const override;
  std::uint64_t changes() const override;
  int log_pages() const override { return log_pages_; }
  bool checkpoint(bool wait) override;

 private:
  Prepared& prepared(std::string_view sql) override;

  sqlite3* db_ = nullptr;
  std::map<std::string, std::unique_ptr<Prepared>, std::less<>> statements_;
  int log_pages_ = 0;
};

} // namespace storage
