// The journal: one entry for each event of a process card (Laufzettel), each bound to the one
// before by a SHA-256 hash, so that nobody can alter, remove or reorder an entry without a trace.
// What an entry is and how it is hashed, without the database: whoever got an export needs no more.
//
// Encoding, version 1. The hash of an entry is SHA-256 over these octets, in this order:
//
//   "DCJ1"                      4 octets ASCII: version of the encoding
//   number                      8 octets, unsigned, most significant octet first
//   at                          8 octets, two's complement, most significant octet first:
//                               milliseconds since 1970-01-01T00:00:00Z without leap seconds
//   event, message id, mailbox, originator, detail
//                               of each its length in octets as 4 octets, unsigned, most
//                               significant octet first, then its octets
//   previous                    32 octets: hash of the entry before
//
// Numbers count from 1 without a gap. `previous` of entry 1 are 32 random octets, drawn when the
// journal was made: they tell one journal from another. Who holds the database can write the whole
// chain anew; that is found out by a head (number and hash of an entry) noted elsewhere before.
//
// Entries hold ids, times, sizes, codes and hashes, never content, subject or names of people
// (design decision 13). `detail` is "key=value" pairs, one space between them; keys are lower-case
// letters and '_', values printable ASCII without space. Keys in use:
//
//   size, parts, manifest  accepted: octets of all parts, their number, SHA-256 (hex) over context
//                          and description of all parts, which has the SHA-256 of each
//   codes                  feedback codes of the receipt or of the recipient, comma between them
//   way                    accepted: "push" (to a passive recipient), "reply" (its answer); absent:
//                          stored in a mailbox
//   reception              pushed: 1, the recipient's positive answer has set Reception
//   modification           Modification of the card after the event, milliseconds
//   card                   SHA-256 (hex) over the card after the event (card_digest)
//   reason                 quarantined, purged, noticed: a code or a fixed sentence, '_' for ' '
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace storage {

enum class JournalEvent {
  accepted,      // stored, or a push was begun: Creation
  offered,       // handed out or sent on: Forwarding. Handed out again is offered again
  acknowledged,  // by the fetching party's next request: Reception
  pushed,        // the passive recipient accepted; sets Reception when detail has reception=1
  refused,       // the passive recipient refused, or was not reached: codes
  quarantined,   // found damaged, no longer handed out
  released,      // out of quarantine
  purged,        // its content was deleted
  held,          // exempt from deletion
  hold_released, // no longer exempt
  noticed,       // notice was given that it lies unfetched
};
constexpr std::size_t kJournalEvents = 11;

// As it stands in database and export: "accepted", "hold_released", ...
std::string_view to_string(JournalEvent event);
std::optional<JournalEvent> journal_event(std::string_view word);

using JournalDetail = std::vector<std::pair<std::string_view, std::string>>;

// Anything that may not stand in a value becomes '_' (space) or '?'; empty values are left out.
std::string join_detail(const JournalDetail& detail);
// Value of the first pair with this key.
std::optional<std::string_view> detail_value(std::string_view detail, std::string_view key);

struct JournalEntry {
  std::uint64_t number = 0;
  base::Instant at{}; // the card's time; otherwise that of the transaction
  std::string event;
  std::string message_id;
  std::string mailbox;    // "pushed/PARTY" for a push (README)
  std::string originator; // party id of the sender
  std::string detail;
  std::string previous; // 32 octets
  std::string hash;     // 32 octets
  bool operator==(const JournalEntry&) const = default;
};

// An entry's place and hash: enough to prove later that a journal goes back to it.
struct JournalHead {
  std::uint64_t number = 0; // 0: the journal is empty; `hash` is then what entry 1 follows on
  std::string hash;         // 32 octets
  bool operator==(const JournalHead&) const = default;
};

constexpr std::size_t kJournalHashSize = 32;

// The octets above; `hash` is not looked at.
std::string journal_encoding(const JournalEntry& entry);
std::string journal_hash(const JournalEntry& entry); // 32 octets

} // namespace storage
