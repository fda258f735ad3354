// A consistent copy of a state folder beside a running daemon, and a new state folder from it.
//
// The database is copied with VACUUM INTO: one read transaction, however much is written meanwhile
// (SQLite's backup API begins anew with every commit of another process), no deleted content in the
// copy, and every page is read on the way. What the copy names is copied after it: files are
// written before their rows and never changed, so all of them are there. Only a purge removes one,
// after its row: when a file is gone and its row too, the database is copied again and the rest
// follows; each round has only little to add. So nothing that was purged before the end is in the
// copy, and nothing that it names is missing.
//
// Layout: mailbox.db, bodies/<hex>/<name>, spool/<name> (unfinished transfers), message-id.key,
// journal-head, and last MANIFEST: "SHA-256, two spaces, path" a line, as sha256sum(1) checks it. A
// folder without it is no backup. Not in it, because the daemon makes them anew: frozen answers and
// what it was told by directory servers and certificate authorities.
//
// The copy of a database without its MANIFEST checked proves nothing; keep the MANIFEST's own hash
// and the journal's head elsewhere.
#pragma once
#include "base/result.h"
#include "storage/journal.h"
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace storage {

struct BackupReport {
  std::uint64_t deliveries = 0;
  std::uint64_t files = 0;
  std::uint64_t octets = 0;
  unsigned rounds = 0;  // copies of the database that were made; one, unless something was purged
  JournalHead head;     // of the journal in the copy
  std::string manifest; // SHA-256 of MANIFEST, lower-case hex
  std::vector<std::string> damage; // files that are missing or without their hash in the original;
                                   // what is there of them is in the copy
};

// `pace` is called with the octets just read. `to` is made, or is an empty folder. Everything is on
// stable storage when it returns. Errors: file_error (also: `to` is not empty), unsupported,
// overloaded, storage_failure, storage_full.
base::Result<BackupReport> backup(const std::filesystem::path& state,
                                  const std::filesystem::path& to,
                                  const std::function<void(std::uint64_t octets)>& pace = {});

struct RestoreReport {
  std::uint64_t deliveries = 0;
  std::uint64_t files = 0;
  std::uint64_t octets = 0;
  std::uint64_t dialogs_closed = 0;
  std::uint64_t missing = 0; // parts whose file was damaged when the backup was made
  JournalHead head;
};

// Verifies the backup while it copies it into the new folder `to`, which appears complete or not at
// all. All dialogs are closed in it: who recorded their requests could send them again. Errors:
// invalid_content (the backup is not what MANIFEST says, or its database is damaged), file_error
// (also: `to` exists), unsupported, storage_failure, storage_full.
base::Result<RestoreReport> restore(const std::filesystem::path& from,
                                    const std::filesystem::path& to);

} // namespace storage
