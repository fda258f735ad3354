// Port: what retention needs of the store. An adapter that has mailbox::Store has this beside it.
//
// What mailbox::Store promises holds here too: one function is one transaction, success means on
// stable storage, functions block and are thread-safe; the common errors are the same.
#pragma once
#include "base/result.h"
#include "mailbox/retention.h"
#include <cstddef>
#include <string>
#include <vector>

namespace mailbox {

// One verdict to be carried out.
struct RetentionStep {
  Retained seen; // what the verdict was given on
  RetentionVerdict verdict;
};

// A legal hold: neither content nor card goes while it stands.
struct Hold {
  std::string message_id;
  std::string reason; // for people
  base::Instant since{};
};

class RetainedStore {
 public:
  virtual ~RetainedStore() = default;

  // Other rules than those of the last call (`fingerprint`), or a clock that was set back by
  // kClockStep or more since then: everything is to be looked at again, and at most `limit` entries
  // more are made due. True: there are more to come, call again. A death in between goes on where
  // it was.
  virtual base::Result<bool> reconsider(const std::string& fingerprint, base::Instant now,
                                        std::size_t limit) = 0;
  // What is due at `now`, the longest due first; at most `limit`. Found by an index.
  virtual base::Result<std::vector<Retained>> due(base::Instant now, std::size_t limit) = 0;
  // All steps in one transaction, and the record of each in it. A step whose delivery is no longer
  // as it was seen (fetched meanwhile, held, in a dialog) is left out; it stays due. Returns the
  // steps that were carried out. Purge: content and metadata go, the card stays, no fetch finds
  // the delivery any more, its message id stays consumed. Forget: nobody sees the card any more.
  virtual base::Result<std::vector<RetentionStep>>
  carry_out(const std::vector<RetentionStep>& steps, base::Instant now) = 0;
  // Mailboxes with a delivery that is fetchable and not received since before `before`.
  virtual base::Result<std::uint64_t> waiting_since_before(base::Instant before) = 0;
};

} // namespace mailbox
