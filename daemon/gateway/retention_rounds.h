// Retention as a task of the daemon: rounds at the start and then every interval, each in small
// batches on a database thread with a pause between them, so that requests are not held up.
#pragma once
#include "async/work_pool.h"
#include "base/clock.h"
#include "mailbox/retention_round.h"
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace gateway {

namespace asio = boost::asio;

// On one executor. The clock says what is due; timers only say when it is looked.
class RetentionRounds {
 public:
  // Store, clock and pool outlive it, store and clock the pool, too.
  RetentionRounds(mailbox::RetainedStore& store, const base::Clock& clock, async::WorkPool& db,
                  mailbox::RetentionRules rules, base::Milliseconds interval);

  // Runs until it is cancelled; ends at once in mode off. A batch under way is carried out all the
  // same.
  asio::awaitable<void> run();
  // For /health/ready, as of the last round. Error: mail lies unfetched past the first notice.
  base::Result<> notice() const;

 private:
  mailbox::RetainedStore& store_;
  const base::Clock& clock_;
  async::WorkPool& db_;
  std::shared_ptr<const mailbox::RetentionRules> rules_;
  base::Milliseconds interval_;
  std::uint64_t overdue_mailboxes_ = 0;
};

} // namespace gateway
