#include "gateway/retention_rounds.h"
#include "async/task_group.h"
#include "base/log.h"

namespace gateway {
namespace {

// Between two batches: others want to write, too.
constexpr auto kPause = std::chrono::milliseconds{50};

} // namespace

RetentionRounds::RetentionRounds(mailbox::RetainedStore& store, const base::Clock& clock,
                                 async::WorkPool& db, mailbox::RetentionRules rules,
                                 base::Milliseconds interval)
    : store_(store), clock_(clock), db_(db),
      rules_(std::make_shared<const mailbox::RetentionRules>(std::move(rules))),
      interval_(interval) {}

asio::awaitable<void> RetentionRounds::run() {
  if (rules_->mode == mailbox::RetentionMode::off) co_return;
  for (;;) {
    // Nothing of this object: the job may outlive it.
    auto job = [&store = store_, &clock = clock_,
                rules = rules_]() -> base::Result<mailbox::RetentionBatch> {
      try {
        return mailbox::retain_batch(store, *rules, clock.now());
      } catch (const std::exception& error) {
        base::log(base::LogLevel::critical, "retention.bug", "a batch of retention failed",
                  {{"error", error.what()}});
        return base::fail(base::ErrorCode::internal);
      }
    };
    const auto batch = co_await db_.run(std::move(job));
    if (!batch)
      base::log(base::LogLevel::error, "retention.failed", "a round of retention was given up",
                {{"error", std::string(base::to_string(batch.error().code))}});
    const bool more = batch && batch->more;
    if (batch && !more) overdue_mailboxes_ = batch->overdue_mailboxes;
    const std::chrono::steady_clock::duration pause = more ? kPause : interval_;
    co_await async::sleep_for(pause);
  }
}

base::Result<> RetentionRounds::notice() const {
  if (overdue_mailboxes_ == 0) return {};
  return base::fail(base::ErrorCode::not_found, "mail that nobody fetches lies in " +
                                                    std::to_string(overdue_mailboxes_) +
                                                    " mailboxes");
}

} // namespace gateway
