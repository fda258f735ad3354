// What a sink has received, and whether it is what was sent. Pure. Thread-safe.
#pragma once
#include "cli/load/record.h"
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace cli::load {

enum class Arrival {
  first,
  again,     // the same delivery, whose receipt nobody had acknowledged yet: as it has to be
  duplicate, // acknowledged before, or under another message id
};

// Against a record. `missing`, `altered`, `misdelivered` and `refused_received` must be 0.
struct Balance {
  std::uint64_t recorded = 0;         // messages to the sink's mailboxes
  std::uint64_t accepted = 0;         // of these
  std::uint64_t received = 0;         // accepted ones that came
  std::uint64_t missing = 0;          // accepted ones that did not
  std::uint64_t altered = 0;          // came with other content than was sent
  std::uint64_t misdelivered = 0;     // came to a mailbox that they were not for
  std::uint64_t refused_received = 0; // came, although they were refused or never sent
  std::uint64_t unknown_received = 0; // whose sender had no answer; they came
  std::uint64_t unknown_absent = 0;   // and these did not
  std::uint64_t other_mailboxes = 0;  // recorded for mailboxes that this sink does not fetch from
  std::uint64_t unrecorded = 0;       // came and are in no record: of other runs
  std::vector<std::string> examples;  // message ids of the first that are wrong, with the reason

  bool right() const {
    return missing == 0 && altered == 0 && misdelivered == 0 && refused_received == 0;
  }
};

class Ledger {
 public:
  static constexpr std::uint64_t kMost = 5'000'000; // messages; about 100 octets each

  // Fingerprints of the mailboxes' cipher certificates; `mailbox` below is an index into them.
  explicit Ledger(std::vector<std::string> mailboxes) : mailboxes_(std::move(mailboxes)) {}

  Arrival arrived(const Stamp& stamp, const std::string& message_id, std::size_t mailbox);
  void acknowledged(const Stamp& stamp);
  bool full() const;
  std::uint64_t received() const;
  std::uint64_t duplicates() const;
  // Of one record, read once. Errors: those of read_record.
  base::Result<Balance> balance(const std::string& record) const;

 private:
  struct Key {
    std::uint32_t run;
    std::uint64_t number;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    std::array<char, 32> sha256;
    std::uint64_t size;
    std::uint64_t message_id; // hashed
    std::uint32_t mailbox;
    bool acknowledged = false;
  };
  Key key_of(const Stamp& stamp);

  mutable std::mutex mutex_;
  std::vector<std::string> mailboxes_;
  std::map<std::string, std::uint32_t, std::less<>> runs_;
  std::unordered_map<Key, Entry, KeyHash> entries_;
  std::uint64_t duplicates_ = 0;
};

} // namespace cli::load
