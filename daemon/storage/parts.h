// What DatabaseStore is made of, for the files that carry out its functions. Private to storage/.
#pragma once
#include "storage/body_files.h"
#include "storage/database_store.h"
#include "storage/pool.h"
#include "storage/rows.h"
#include "storage/timeline.h"
#include "storage/writer.h"
#include <memory>
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

// In the order in which they must outlive each other: the lock goes last.
struct DatabaseStore::Parts {
  explicit Parts(StoreConfig the_config)
      : config(std::move(the_config)), sync_failure(config.on_sync_failure) {}

  base::Result<> start();
  base::Result<> start_sqlite();
  base::Result<> start_postgres();
  // storage_full when less than the reserve would be left after writing `more` octets.
  base::Result<> check_space(std::uint64_t more) const;
  base::Result<std::vector<StoredPart>> place_parts(const std::vector<mailbox::Part>& parts,
                                                    Bodies::Pending& pending) const;
  // Moves the delivery out of `rows`, with the content of all parts and every hash checked.
  // not_found: damaged, the detail says what; card and mailbox are still in `rows` then.
  base::Result<mailbox::StoredDelivery> complete(StoredRows& rows) const;
  // The same without holding what lies in files: those parts are ranges.
  base::Result<mailbox::StoredDelivery> complete_in_place(StoredRows& rows) const;
  // `now`: of the request that found the damage; without it (a repeat, a chunk) the journal shows
  // the time of the latest transaction before, and the log the true one.
  base::Result<> quarantine(const StoredRows& rows, const std::string& reason,
                            std::optional<base::Instant> now = std::nullopt);

  StoreConfig config;
  FolderLock lock;
  SyncFailure sync_failure;
  Timeline timeline;             // used by the writing thread
  std::shared_ptr<Pool> readers; // outlives the store where octets in tables are still read
  std::unique_ptr<Bodies> bodies;
  std::unique_ptr<Spool> spool;
  std::unique_ptr<Writer> writer;
};

} // namespace storage
