// Reads everything that a state folder keeps and holds it against its hashes, beside a daemon that
// may run: the database is opened for reading only, in short transactions, files are opened for
// reading. Changes nothing; the daemon itself moves a damaged delivery to quarantine when it next
// touches it.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace storage {

enum class ScrubSubject {
  journal,  // an entry does not follow on the one before, or does not have its hash
  delivery, // accepted and not purged by the journal, and its row is gone
  card,     // the process card is not the one that the journal's last entry for it attests
  manifest, // description of the parts (context, order, names, sizes, hashes)
  part,     // a part's content: missing, of another size, or without its hash
  evidence, // an OCSP response without its hash
  spool,    // a chunk of an unfinished transfer, or a frozen answer
};
std::string_view to_string(ScrubSubject subject);

struct ScrubFinding {
  ScrubSubject subject = ScrubSubject::part;
  std::string message_id;            // empty: of no delivery
  std::optional<std::uint64_t> part; // position, from 0
  std::string detail;                // never a value of the content
  bool quarantined = false;          // the daemon knows already
};

struct ScrubReport {
  std::uint64_t deliveries = 0;       // with content
  std::uint64_t purged = 0;           // cards whose content was purged, before or meanwhile
  std::uint64_t cards = 0;            // held against the journal
  std::uint64_t cards_unattested = 0; // no entry has a digest: older than the journal, or expired
  std::uint64_t parts = 0;
  std::uint64_t files = 0; // body and spool files read
  std::uint64_t octets = 0;
  std::uint64_t entries = 0; // of the journal
  std::uint64_t evidence = 0;
  std::uint64_t orphans = 0; // files of no row, older than kOrphanAge: no damage, swept at start
  std::uint64_t orphan_octets = 0;
  std::uint64_t findings = 0;
};

// A younger file may still get its row: it is written before.
constexpr std::chrono::hours kOrphanAge{1};

struct ScrubOptions {
  base::Instant now; // for the age of files
  // Called with the octets just read; whoever wants a rate waits in it.
  std::function<void(std::uint64_t octets)> pace;
  std::function<void(const ScrubFinding&)> found;
};

// Errors: file_error, unsupported (as StateReader::open), overloaded, storage_failure (the database
// itself cannot be read).
base::Result<ScrubReport> scrub(const std::filesystem::path& folder, const ScrubOptions& options);

} // namespace storage
