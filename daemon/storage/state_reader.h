// What the operator's tool reads in a state folder beside a daemon that may run: the journal and
// what it tells about a stretch of time. Opens the database for reading only, takes no lock on the
// folder, migrates nothing.
#pragma once
#include "storage/journal.h"
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>

namespace storage {

class Connection;

// From `from` on, before `to`.
struct TimeWindow {
  base::Instant from = base::Instant::min();
  base::Instant to = base::Instant::max();
};

// An entry of a window, and for `accepted` what became of the delivery until now.
struct WindowEntry {
  JournalEntry entry;
  // accepted, and since then neither acknowledged nor purged nor, for a push, ended.
  bool open = false;
  bool quarantined = false;                  // open, and in quarantine now
  std::optional<base::Instant> last_offered; // open, and handed out at least once
};

// For one thread. Errors of all functions: overloaded (the database was locked for longer than five
// seconds), storage_failure; and those of the callbacks.
class StateReader {
 public:
  using TakeEntry = std::function<base::Result<>(const JournalEntry&)>;
  using TakeWindowEntry = std::function<base::Result<>(const WindowEntry&)>;

  // Errors also: file_error (no database there, or not readable), unsupported (another schema).
  // `place`: the state folder, or where its PostgreSQL database is ("postgresql://...").
  static base::Result<StateReader> open(const std::filesystem::path& place);
  StateReader(StateReader&&) noexcept;
  ~StateReader();

  base::Result<JournalHead> head();
  // What the oldest entry follows on: number 0 when nothing has expired.
  base::Result<JournalHead> anchor();
  // Time of the oldest entry; none when there is no entry.
  base::Result<std::optional<base::Instant>> begins();

  // Entries in the order of their numbers without a gap: from the first to the last of those whose
  // time lies in the window. Times are nearly in the order of numbers (journal.h), so a few before
  // or after the window can be among them. In pages, so that the daemon's log is not held up.
  base::Result<> journal(const TimeWindow& window, const TakeEntry& take);

  // Entries of the window, by mailbox, then in the order of their numbers; one state of the
  // database.
  base::Result<> window(const TimeWindow& window, const TakeWindowEntry& take);

 private:
  explicit StateReader(std::unique_ptr<Connection> db);
  std::unique_ptr<Connection> db_;
};

} // namespace storage
