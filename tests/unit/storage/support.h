// What the tests of the SQLite store share.
#pragma once
#include "base/log.h"
#include "contract/samples.h"
#include "contract/sqlite_backend.h"
#include "storage/sqlite.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// All log lines of this program; the sink is set before main().
class Log {
 public:
  static void clear() {
    const std::lock_guard lock(instance().mutex_);
    instance().lines_.clear();
  }
  // Lines with this event id, as "level text key=value".
  static std::vector<std::string> lines(const std::string& event) {
    const std::lock_guard lock(instance().mutex_);
    std::vector<std::string> out;
    for (const auto& [id, line] : instance().lines_)
      if (id == event) out.push_back(line);
    return out;
  }

 private:
  Log() {
    base::set_log_sink([this](const base::LogRecord& record) {
      const std::lock_guard lock(mutex_);
      const bool loud = record.level >= base::LogLevel::error;
      lines_.emplace_back(record.event, (loud ? "LOUD " : "quiet ") + base::render(record));
    });
  }
  static Log& instance() {
    static Log log;
    return log;
  }
  static inline Log& installed_ = instance();

  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> lines_;
};

inline std::vector<std::filesystem::path> body_files(const std::filesystem::path& state) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state / "bodies"))
    if (!entry.is_directory()) out.push_back(entry.path());
  return out;
}

inline std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void write_all(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// Statements on the store's database, past the store.
inline void run_sql(const std::filesystem::path& database, const std::string& sql) {
  storage::SqliteConnection db(database, storage::SqliteConnection::Use::write);
  db.execute(sql);
}

inline std::int64_t number(const std::filesystem::path& database, const std::string& sql) {
  storage::SqliteConnection db(database, storage::SqliteConnection::Use::read);
  auto row = db.prepare(sql);
  return row.step() ? row.integer(0) : -1;
}

// Leads back to the schema before retention (migration 7).
inline const std::string kBeforeRetention = R"(
DROP TRIGGER retention_begun; DROP TRIGGER retention_changed; DROP TRIGGER delivery_changed;
DROP TABLE retention; DROP TABLE holds; DROP TABLE retention_rules;
DROP INDEX fetchable_by_mailbox; DROP INDEX present_by_mailbox; DROP INDEX awaiting_by_delivery;
DROP INDEX inspections_by_ocsp;
ALTER TABLE deliveries DROP COLUMN purged; ALTER TABLE deliveries DROP COLUMN purge_reason;
CREATE TRIGGER delivery_changed AFTER UPDATE OF reception, quarantined ON deliveries BEGIN
  UPDATE mailboxes
     SET waiting = waiting + (NEW.reception IS NULL AND NEW.quarantined = 0)
                           - (OLD.reception IS NULL AND OLD.quarantined = 0)
   WHERE mailbox = NEW.mailbox;
END;
)";

// A delivery with one attachment of this size.
inline mailbox::NewDelivery with_attachment(const std::string& message_id, std::size_t size,
                                            std::int64_t second = 1) {
  auto out = samples::delivery(message_id, "box", samples::at(second));
  out.parts.push_back(
      {mailbox::PartKind::attachment, "a@sender", "application/pdf", "", samples::octets(size, 7)});
  return out;
}

inline std::string next_id(mailbox::Store& store) {
  return samples::id_of(store.read(samples::oldest({"box"})));
}

// A folder shared with a process that a death test starts: that process runs the test from its
// beginning again, learns the folder from the environment, and dies without cleaning up.
class SurvivingFolder {
 public:
  SurvivingFolder() {
    if (const char* given = std::getenv(kVariable)) {
      state_ = given;
      return;
    }
    own_.emplace();
    state_ = own_->path() / "state";
    ::setenv(kVariable, state_.c_str(), 1);
  }
  ~SurvivingFolder() {
    if (own_) ::unsetenv(kVariable);
  }
  SurvivingFolder(const SurvivingFolder&) = delete;
  SurvivingFolder& operator=(const SurvivingFolder&) = delete;
  const std::filesystem::path& state() const { return state_; }

 private:
  static constexpr const char* kVariable = "DC_TEST_STATE_FOLDER";
  std::optional<TemporaryFolder> own_;
  std::filesystem::path state_;
};

// The state folder without a Backend around it.
inline std::unique_ptr<storage::DatabaseStore> open_store(const std::filesystem::path& folder) {
  storage::StoreConfig config;
  config.folder = folder;
  config.reserve_bytes = 0;
  auto opened = storage::DatabaseStore::open(std::move(config));
  if (!opened) throw std::runtime_error(opened.error().detail);
  return std::move(*opened);
}
