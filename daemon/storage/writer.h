// The one thread that writes to the database (design decision 9).
#pragma once
#include "storage/connection.h"
#include "storage/sync_failure.h"
#include "storage/timeline.h"
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace storage {

// Takes all transactions that wait, runs each in a savepoint of its own and commits them together:
// one sync for all. While it syncs, the next ones gather; so the groups grow with the load by
// themselves.
class Writer {
 public:
  // One transaction. A failed Result or an exception undoes it and harms no other. May run twice,
  // when the group it first ran in could not be committed: it must set its outputs anew each time.
  using Work = std::function<base::Result<>(Connection&)>;

  // `max_waiting`: transactions that may wait; one more is refused as overloaded.
  // `timeline`: brought up to date before each group when other processes write too.
  Writer(std::unique_ptr<Connection> db, std::size_t max_waiting, SyncFailure& sync_failure,
         Timeline& timeline);
  // Carries out what waits, then stops. No run() may begin any more.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Blocks until the outcome is certain. Success: committed and on stable storage. Error: nothing
  // changed, except after SyncFailure, when only a restart can tell, and when the database went
  // away during the commit and did not come back in time: who repeats the request then gets what
  // really happened. Rethrows what `work` threw.
  base::Result<> run(const Work& work);

  std::uint64_t commits() const { return commits_.load(); }

 private:
  struct Job {
    const Work* work;
    std::optional<base::Error> error{};
    std::exception_ptr thrown{};
    bool done = false;
  };

  void loop();
  enum class Outcome {
    settled, // every job has its result
    split,   // rolled back, and it is worth trying the members one by one
    lost     // nothing changed because the connection was lost; every job has an error for now
  };
  void carry_out(const std::vector<Job*>& group);
  Outcome attempt(const std::vector<Job*>& group);
  void run_in_savepoint(Job& job);
  void roll_back();
  void checkpoint();

  std::unique_ptr<Connection> db_;
  const std::size_t max_waiting_;
  SyncFailure& sync_failure_;
  Timeline& timeline_;
  std::atomic<std::uint64_t> commits_{0};
  int checkpoint_due_;

  std::mutex mutex_; // guards what follows, and Job::done
  std::condition_variable arrived_, finished_;
  std::deque<Job*> waiting_;
  bool stopping_ = false;

  std::thread thread_; // last: starts when everything else exists
};

} // namespace storage
