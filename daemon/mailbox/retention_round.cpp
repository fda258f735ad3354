#include "mailbox/retention_round.h"
#include "base/log.h"

namespace mailbox {
namespace {

using base::LogLevel;

std::string days(base::Milliseconds age) {
  return std::to_string(std::chrono::duration_cast<std::chrono::days>(age).count());
}

void tell_notice(const RetentionStep& step) {
  const auto& one = step.seen;
  base::log(LogLevel::warning, "delivery.unfetched",
            step.verdict.last_warning
                ? "nobody has fetched this delivery, its content will be purged"
                : "nobody has fetched this delivery",
            {{"message_id", one.message_id},
             {"mailbox", one.mailbox},
             {"days", days(step.verdict.age)},
             {"age", describe_age(step.verdict.age)},
             {"notice", std::to_string(step.verdict.rung)},
             {"notices_missed", std::to_string(step.verdict.missed)}});
}

void tell_purge(const RetentionStep& step) {
  const auto& one = step.seen;
  const bool unfetched = step.verdict.reason == PurgeReason::expired_unfetched;
  base::log(unfetched ? LogLevel::warning : LogLevel::info,
            unfetched ? "delivery.expired_unfetched" : "delivery.purged",
            unfetched ? "content purged that nobody had fetched" : "content purged",
            {{"message_id", one.message_id},
             {"mailbox", one.mailbox},
             {"reason", std::string(to_string(step.verdict.reason))},
             {"days", days(step.verdict.age)},
             {"age", describe_age(step.verdict.age)},
             {"notices", std::to_string(one.notices)}});
}

void count_and_tell(const RetentionStep& step, RetentionBatch& out) {
  switch (step.verdict.action) {
  case RetentionAction::keep:
    return;
  case RetentionAction::notice:
    ++out.notices;
    return tell_notice(step);
  case RetentionAction::purge:
    ++out.purged;
    if (step.verdict.reason == PurgeReason::expired_unfetched) ++out.expired_unfetched;
    return tell_purge(step);
  case RetentionAction::forget:
    ++out.forgotten;
    base::log(LogLevel::info, "card.forgotten", "process card at the end of its time",
              {{"message_id", step.seen.message_id}, {"mailbox", step.seen.mailbox}});
    return;
  }
}

} // namespace

std::string describe_age(base::Milliseconds age) {
  using namespace std::chrono;
  const auto whole = duration_cast<seconds>(age).count();
  if (whole < 3600) return std::to_string(whole) + " s";
  const auto hour = whole / 3600;
  if (hour < 24) return std::to_string(hour) + " h";
  return std::to_string(hour / 24) + " d " + std::to_string(hour % 24) + " h";
}

base::Result<RetentionBatch> retain_batch(RetainedStore& store, const RetentionRules& rules,
                                          base::Instant now) {
  RetentionBatch out;
  if (rules.mode == RetentionMode::off) return out;
  const auto others = store.reconsider(rules.fingerprint(), now, kReconsiderBatch);
  if (!others) return others.error();
  const auto due = store.due(now, kRetentionBatch);
  if (!due) return due.error();
  std::vector<RetentionStep> steps;
  for (const auto& one : *due) steps.push_back({one, judge(one, rules, now)});
  if (!steps.empty()) {
    const auto done = store.carry_out(steps, now);
    if (!done) return done.error();
    for (const auto& step : *done) count_and_tell(step, out);
  }
  out.more = *others || due->size() == kRetentionBatch;
  if (out.more) return out;
  const auto first = rules.general.notices.empty() ? base::Milliseconds{std::chrono::hours{72}}
                                                   : rules.general.notices.front();
  const auto waiting = store.waiting_since_before(now - first);
  if (!waiting) return waiting.error();
  out.overdue_mailboxes = *waiting;
  return out;
}

} // namespace mailbox
