#include "storage/retention.h"
#include "base/crash_point.h"
#include "storage/journal_rows.h"
#include "storage/parts.h"
#include "storage/retention_rows.h"

namespace storage {
namespace {

// E.g. "unfetched_day_9": at which age which notice was given.
std::string notice_reason(const mailbox::RetentionVerdict& verdict) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(verdict.age).count();
  return "unfetched_day_" + std::to_string(days) + "_notice_" + std::to_string(verdict.rung);
}

} // namespace

DatabaseRetention::DatabaseRetention(DatabaseStore& store) : parts_(*store.parts_) {}

base::Result<bool> DatabaseRetention::reconsider(const std::string& fingerprint, base::Instant now,
                                                 std::size_t limit) {
  bool more = false;
  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    more = storage::reconsider(db, fingerprint, now, limit);
    return {};
  });
  if (!done) return done.error();
  return more;
}

base::Result<std::vector<mailbox::Retained>> DatabaseRetention::due(base::Instant now,
                                                                    std::size_t limit) {
  return parts_.readers->run([&](Connection& db) { return due_next(db, now, limit); });
}

base::Result<std::vector<mailbox::RetentionStep>>
DatabaseRetention::carry_out(const std::vector<mailbox::RetentionStep>& steps, base::Instant now) {
  using mailbox::RetentionAction;
  std::vector<mailbox::RetentionStep> out;
  std::vector<std::string> files;
  const auto done = parts_.writer->run([&](Connection& db) -> base::Result<> {
    out.clear();
    files.clear();
    const auto at = parts_.timeline.place(now);
    for (const auto& step : steps) {
      const auto& verdict = step.verdict;
      const auto number = step.seen.number;
      // A turn, a hold or damage may have come in between: then the verdict is of yesterday.
      const auto found = find_retained(db, number);
      if (!found || *found != step.seen) continue;
      switch (verdict.action) {
      case RetentionAction::keep:
        look_again(db, number, verdict.next);
        break;
      case RetentionAction::notice:
        note_notice(db, number, verdict.rung, at, verdict.next);
        record(db, number, JournalEvent::noticed, at, {{"reason", notice_reason(verdict)}});
        break;
      case RetentionAction::purge:
        for (auto& file : purge(db, number, verdict.reason, at, verdict.next))
          files.push_back(std::move(file));
        record(db, number, JournalEvent::purged, at,
               {{"reason", std::string(mailbox::to_string(verdict.reason))}});
        // Dying here: nothing of it happened; the next round comes to the same verdict.
        base::crash_point("storage.purge_before_commit");
        break;
      case RetentionAction::forget:
        // Before: afterwards there is no card to speak of.
        record(db, number, JournalEvent::purged, at, {{"reason", "card"}});
        forget(db, number, at);
        break;
      }
      out.push_back(step);
    }
    return {};
  });
  if (!done) return done.error();
  // Committed: purged and recorded. Dying before or among the removals leaves files without a row,
  // which the next start sweeps. The other way round a row without its file would be damage.
  for (const auto& file : files) {
    base::crash_point("storage.purge_before_unlink");
    parts_.bodies->remove(file);
  }
  return out;
}

base::Result<std::uint64_t> DatabaseRetention::waiting_since_before(base::Instant before) {
  return parts_.readers->run(
      [&](Connection& db) { return mailboxes_waiting_since_before(db, before); });
}

} // namespace storage
