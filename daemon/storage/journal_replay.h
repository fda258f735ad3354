// What the journal alone says about the deliveries: replaying its entries in their order yields the
// times of every process card that was accepted since its oldest entry.
#pragma once
#include "storage/journal.h"
#include <map>

namespace storage {

struct ReplayedCard {
  std::string mailbox;
  std::string originator;
  std::optional<base::Instant> creation; // none: accepted before the oldest entry
  std::optional<base::Instant> forwarding;
  std::optional<base::Instant> reception;
  std::optional<base::Instant> modification;
  std::string card; // digest after the last event, hex; empty: no entry had one
  std::uint64_t offers = 0;
  bool finished = false; // a push that has ended
  bool quarantined = false;
  bool held = false;
  bool purged = false;
};

class JournalReplay {
 public:
  // In the order of their numbers. Entries with an event that this program does not know change
  // modification and digest only.
  void apply(const JournalEntry& entry);
  // By message id.
  const std::map<std::string, ReplayedCard>& cards() const { return cards_; }

 private:
  std::map<std::string, ReplayedCard> cards_;
};

} // namespace storage
