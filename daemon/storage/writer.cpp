#include "storage/writer.h"
#include "base/crash_point.h"
#include "base/log.h"

namespace storage {
namespace {

using base::ErrorCode;
using base::fail;

// Bounds how long the first of a group waits for the others, and the log's growth in one commit.
constexpr std::size_t kMaxGroup = 256;
constexpr int kCheckpointPages = 2000;
// How often a group begins anew because the connection was lost before its commit.
constexpr int kRounds = 3;
// From here on readers that overlap without a gap would let the log grow for ever: wait for them.
constexpr int kInsistPages = 8 * kCheckpointPages;

base::Error dead() {
  return fail(ErrorCode::storage_failure, "an earlier sync failed; the store takes no writes");
}

} // namespace

Writer::Writer(std::unique_ptr<Connection> db, std::size_t max_waiting, SyncFailure& sync_failure,
               Timeline& timeline)
    : db_(std::move(db)), max_waiting_(max_waiting), sync_failure_(sync_failure),
      timeline_(timeline), checkpoint_due_(kCheckpointPages), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

base::Result<> Writer::run(const Work& work) {
  Job job{&work};
  {
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= max_waiting_)
      return fail(ErrorCode::overloaded, "too many transactions wait for the database");
    waiting_.push_back(&job);
    arrived_.notify_one();
    finished_.wait(lock, [&] { return job.done; });
  }
  if (job.thrown) std::rethrow_exception(job.thrown);
  if (job.error) return *job.error;
  return {};
}

void Writer::loop() {
  for (;;) {
    std::vector<Job*> group;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) break;
      while (!waiting_.empty() && group.size() < kMaxGroup) {
        group.push_back(waiting_.front());
        waiting_.pop_front();
      }
    }
    carry_out(group);
    {
      // Only now: a caller takes its success for a promise.
      const std::lock_guard lock(mutex_);
      for (Job* job : group) job->done = true;
    }
    finished_.notify_all();
    if (db_->log_pages() >= checkpoint_due_)
      checkpoint();
    else if (db_->log_pages() < kCheckpointPages)
      checkpoint_due_ = kCheckpointPages;
  }
  if (sync_failure_.happened()) return;
  // An orderly end leaves an empty log; dying before it leaves one that the next start reads.
  checkpoint_due_ = 0;
  checkpoint();
}

void Writer::carry_out(const std::vector<Job*>& group) {
  auto outcome = attempt(group);
  for (int round = 1; outcome == Outcome::lost && round < kRounds; ++round)
    outcome = attempt(group);
  if (outcome != Outcome::split) return;
  // The group was rolled back as a whole, typically because one large delivery filled the disk.
  // Nobody has been told anything: each alone, so that only who does not fit is refused.
  for (Job* job : group) carry_out({job});
}

Writer::Outcome Writer::attempt(const std::vector<Job*>& group) {
  const auto refuse_all = [&](const base::Error& error) {
    for (Job* job : group) {
      job->error = error;
      job->thrown = nullptr;
    }
    return Outcome::settled;
  };
  if (sync_failure_.happened()) return refuse_all(dead());
  try {
    db_->begin(Connection::Access::write);
  } catch (const SqlError& error) {
    refuse_all(to_error(error));
    return is_lost(error) ? Outcome::lost : Outcome::settled;
  }
  if (const auto latest = db_->shared_time()) timeline_ = Timeline(*latest);
  try {
    for (Job* job : group) run_in_savepoint(*job);
    // A body file's sync may have failed meanwhile on another thread.
    if (sync_failure_.happened()) {
      roll_back();
      return refuse_all(dead());
    }
    db_->share_time(timeline_.latest());
    // Dying before or within COMMIT: the log has no valid commit record, the next start finds the
    // state before; nobody has a receipt.
    base::crash_point("storage.before_commit");
    db_->commit();
    ++commits_;
    // Dying here: durable, but the client does not know; it repeats the identical request and gets
    // the stored receipt.
    base::crash_point("storage.after_commit");
    return Outcome::settled;
  } catch (const SqlError& error) {
    if (is_sync_failure(error)) {
      sync_failure_.report(error.what());
      return refuse_all(dead());
    }
    roll_back();
    refuse_all(to_error(error));
    if (is_lost(error)) return Outcome::lost;
    // What may have been committed is not tried again here: the client asks.
    const bool unknown = error.kind() == SqlError::Kind::unknown;
    return group.size() > 1 && !unknown ? Outcome::split : Outcome::settled;
  }
}

void Writer::run_in_savepoint(Job& job) {
  job.error.reset();
  job.thrown = nullptr;
  db_->execute("SAVEPOINT job");
  bool keep = false;
  try {
    const auto outcome = (*job.work)(*db_);
    keep = outcome.has_value();
    if (!keep) job.error = outcome.error();
  } catch (const SqlError& error) {
    // Some errors (full disk, I/O) end the whole transaction, not only this savepoint.
    if (!db_->in_transaction() || is_sync_failure(error)) throw;
    job.error = to_error(error);
  } catch (...) {
    job.thrown = std::current_exception();
  }
  if (!keep) db_->execute("ROLLBACK TO job");
  db_->execute("RELEASE job");
}

void Writer::roll_back() {
  try {
    if (db_->in_transaction()) db_->execute("ROLLBACK");
  } catch (const SqlError& error) {
    if (is_lost(error)) return; // and with it the transaction
    // Nothing is known about the state of this connection any more.
    sync_failure_.report(error.what());
  }
}

void Writer::checkpoint() {
  // Dying anywhere in here: the log is complete until the database file is synced; the next start
  // copies it again.
  try {
    const bool insist = checkpoint_due_ == 0 || db_->log_pages() >= kInsistPages;
    const bool complete = db_->checkpoint(insist);
    checkpoint_due_ = complete ? kCheckpointPages : db_->log_pages() + kCheckpointPages;
    base::crash_point("storage.after_checkpoint");
  } catch (const SqlError& error) {
    if (is_sync_failure(error)) {
      sync_failure_.report(error.what());
      return;
    }
    checkpoint_due_ = db_->log_pages() + kCheckpointPages;
    base::log(base::LogLevel::warning, "storage.checkpoint_failed",
              "the write-ahead log could not be copied and keeps growing",
              {{"error", error.what()}});
  }
}

} // namespace storage
