// Damage in SQLite's write-ahead log that SQLite cannot tell from an unfinished commit.
#pragma once
#include "base/result.h"
#include <filesystem>

namespace storage {

// Before the database is opened. SQLite reads the log up to the first frame whose checksum is wrong
// and forgets the rest: right after a power cut, silent loss after a flipped bit. The two differ
// when there are later commits: each begins only after the one before was synced, so a wrong frame
// with a sound beginning of a commit behind a sound end of one was once whole. Damage to the last
// commit, or to the end of the one before, cannot be told.
//
// Errors: storage_failure (damaged; the detail says where), file_error. A missing log is fine.
base::Result<> check_log(const std::filesystem::path& log);

} // namespace storage
