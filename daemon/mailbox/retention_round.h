// Retention at work: small batches, each a transaction of its own, so that requests come in
// between. Knows the port only.
#pragma once
#include "mailbox/retained_store.h"
#include <cstdint>

namespace mailbox {

// Deliveries in one transaction, and entries made due by other rules.
constexpr std::size_t kRetentionBatch = 32;
constexpr std::size_t kReconsiderBatch = 1000;

struct RetentionBatch {
  bool more = false; // more is due at this moment
  std::uint64_t notices = 0, purged = 0, expired_unfetched = 0, forgotten = 0;
  // With more == false: mailboxes in which something has been waiting since the first notice.
  std::uint64_t overdue_mailboxes = 0;
};

// Looks at what is due, carries the verdicts out, and logs what was done: delivery.unfetched,
// delivery.purged, delivery.expired_unfetched, card.forgotten. Blocks; for a database thread. The
// log follows the commit: the record in the store is the one that counts.
base::Result<RetentionBatch> retain_batch(RetainedStore& store, const RetentionRules& rules,
                                          base::Instant now);

// Days and hours for people, e.g. "9 d 3 h".
std::string describe_age(base::Milliseconds age);

} // namespace mailbox
