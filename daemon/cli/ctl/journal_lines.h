// An exported journal: NDJSON, one entry a line, and its verification without the database.
//
//   {"version":1,"number":1,"at":"2026-12-01T00:00:00.250Z","event":"accepted","message_id":"...",
//    "mailbox":"...","originator":"...","detail":"...","previous":"HEX","hash":"HEX"}
//
// Exactly these members in this order, without white space, LF at the end. storage/journal.h says
// what is hashed.
#pragma once
#include "base/result.h"
#include "storage/journal.h"
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace cli::ctl {

constexpr std::size_t kMaxJournalLine = 64 * 1024;

// With LF. Error: invalid_content (a text that is not UTF-8).
base::Result<std::string> to_line(const storage::JournalEntry& entry);
// Without LF. Only what to_line() writes: a reader that takes the first of two equal members, or
// passes over white space, must not see another journal than this one. Error: invalid_content.
base::Result<storage::JournalEntry> parse_line(std::string_view line);

// "NUMBER:HEX", as `journal head` prints it, or the hash alone. Error: invalid_config.
struct NotedHead {
  std::optional<std::uint64_t> number;
  std::string hash; // 32 octets
};
base::Result<NotedHead> parse_head(std::string_view text);
std::string to_text(const storage::JournalHead& head);

struct Verification {
  std::uint64_t lines = 0;           // good ones, before the first bad one
  std::uint64_t first = 0, last = 0; // numbers of the entries; 0: none
  std::string previous, hash;        // what the first follows on; of the last
  std::uint64_t bad_line = 0;        // 0: none; one past the end when something is missing there
  std::string finding;
};

// Line by line, in memory for one line only.
class JournalVerifier {
 public:
  explicit JournalVerifier(std::optional<NotedHead> noted) : noted_(std::move(noted)) {}

  // Without LF. False: bad, and nothing more needs to be given. `complete`: LF stood behind it.
  bool line(std::string_view text, bool complete = true);
  // A line too long to be given.
  void too_long();
  // After the last line.
  Verification finish();

 private:
  bool bad(std::string finding);
  bool follows(const storage::JournalEntry& entry);
  bool agrees(const storage::JournalEntry& entry);

  std::optional<NotedHead> noted_;
  bool found_ = false; // the noted head
  Verification out_;
};

Verification verify_journal(std::istream& in, const std::optional<NotedHead>& noted);

} // namespace cli::ctl
