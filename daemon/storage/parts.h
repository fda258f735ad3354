// What SqliteStore is made of, for the files that carry out its functions. Private to storage/.
#pragma once
#include "base/log.h"
#include "storage/rows.h"
#include "storage/spool_files.h"
#include "storage/sqlite_store.h"
#include "storage/timeline.h"
#include "storage/writer.h"
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace storage {

// Holds the state folder for this process: two daemons would overwrite each other's sequence of
// commits without noticing. The kernel lets go when the process dies, however it dies.
class FolderLock {
 public:
  FolderLock() = default;
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  base::Result<> take(const std::filesystem::path& path);

 private:
  int file_ = -1;
};

// Connections for reading, lent to one thread each.
class Readers {
 public:
  Readers(const std::filesystem::path& database, std::size_t count) {
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
      free_.push_back(std::make_unique<Connection>(database, Connection::Use::read));
  }

  // Runs `work` on one consistent state of the database. Waiting here is short: reads touch indexes
  // and small rows, the large ones are in files.
  template <class Work>
  auto run(const Work& work) -> base::Result<decltype(work(std::declval<Connection&>()))> {
    const Loan loan(*this);
    Connection& db = *loan.db;
    try {
      db.execute("BEGIN");
      auto out = work(db);
      db.execute("COMMIT");
      return out;
    } catch (const SqlError& error) {
      end(db);
      return to_error(error);
    } catch (...) {
      end(db);
      throw;
    }
  }

 private:
  struct Loan {
    explicit Loan(Readers& the_owner) : owner(the_owner), db(owner.take()) {}
    ~Loan() { owner.give_back(std::move(db)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Readers& owner;
    std::unique_ptr<Connection> db;
  };

  // There is nothing to undo; a connection that cannot even end a read says so at its next BEGIN.
  static void end(Connection& db) {
    try {
      if (db.in_transaction()) db.execute("ROLLBACK");
    } catch (const SqlError& error) {
      base::log(base::LogLevel::error, "storage.reader_stuck",
                "a read transaction could not be ended", {{"error", error.what()}});
    }
  }

  std::unique_ptr<Connection> take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !free_.empty(); });
    auto out = std::move(free_.back());
    free_.pop_back();
    return out;
  }

  void give_back(std::unique_ptr<Connection> db) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(db));
    }
    returned_.notify_one();
  }

  std::mutex mutex_; // guards free_
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> free_;
};

// In the order in which they must outlive each other: the lock goes last.
struct SqliteStore::Parts {
  explicit Parts(SqliteConfig the_config)
      : config(std::move(the_config)), sync_failure(config.on_sync_failure),
        files(config.folder / "bodies", config.calls, sync_failure),
        spool(config.folder / "spool", config.calls, sync_failure) {}

  base::Result<> start();
  // storage_full when less than the reserve would be left after writing `more` octets.
  base::Result<> check_space(std::uint64_t more) const;
  base::Result<std::vector<StoredPart>> place_parts(const std::vector<mailbox::Part>& parts,
                                                    BodyFiles::Pending& pending) const;
  // Moves the delivery out of `rows`, with the content of all parts and every hash checked.
  // not_found: damaged, the detail says what; card and mailbox are still in `rows` then.
  base::Result<mailbox::StoredDelivery> complete(StoredRows& rows) const;
  // The same without holding what lies in files: those parts are ranges.
  base::Result<mailbox::StoredDelivery> complete_in_place(StoredRows& rows) const;
  // `now`: of the request that found the damage; without it (a repeat, a chunk) the journal shows
  // the time of the latest transaction before, and the log the true one.
  base::Result<> quarantine(const StoredRows& rows, const std::string& reason,
                            std::optional<base::Instant> now = std::nullopt);

  SqliteConfig config;
  FolderLock lock;
  SyncFailure sync_failure;
  Timeline timeline; // used by the writing thread
  BodyFiles files;
  SpoolFiles spool;
  std::unique_ptr<Readers> readers;
  std::unique_ptr<Writer> writer;
};

} // namespace storage
