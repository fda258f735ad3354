// What the operator's tool does in the state folder beside a running daemon: reads, and one short
// transaction for a hold. It takes no lock on the folder, touches no files and never migrates; a
// second writer is safe because SQLite lets one transaction in at a time and the daemon keeps
// nothing of these tables in memory.
#pragma once
#include "mailbox/retained_store.h"
#include "storage/connection.h"
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace storage {

// For one thread. Every function is one transaction. Errors: overloaded (the daemon held the
// database for longer than five seconds), storage_failure, storage_full.
class OperatorAccess {
 public:
  // Errors also: file_error (no database there, or not ours to open), unsupported (another schema).
  // `place`: the state folder, or where its PostgreSQL database is ("postgresql://...").
  static base::Result<OperatorAccess> open(const std::filesystem::path& place);

  // In pages, in the order of storing, until `next` says false; a page is one state of the
  // database.
  base::Result<> each(const std::function<void(const mailbox::Retained&)>& next);
  base::Result<std::vector<mailbox::Hold>> holds();
  // When this returns, no purge of it can happen any more; what is purged already stays so: the
  // result tells. Errors: not_found.
  base::Result<mailbox::Retained> hold(const mailbox::Hold& hold);
  base::Result<> release(const std::string& message_id, base::Instant now);
  // Out of quarantine, after repair; what is still damaged goes back at the daemon's next touch.
  // Errors: not_found (nothing of this message id is in quarantine).
  base::Result<> repaired(const std::string& message_id, base::Instant now);

 private:
  explicit OperatorAccess(std::unique_ptr<Connection> db) : db_(std::move(db)) {}
  std::unique_ptr<Connection> db_;
};

} // namespace storage
