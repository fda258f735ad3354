// The one thread that writes to the database (design decision 9).
#pragma once
#include "storage/sqlite.h"
#include "storage/sync_failure.h"
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
  Writer(std::unique_ptr<Connection> db, std::size_t max_waiting, SyncFailure& sync_failure);
  // Carries out what waits, then stops. No run() may begin any more.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Blocks until the outcome is certain. Success: committed and on stable storage. Error: nothing
  // changed, except after SyncFailure, when only a restart can tell. Rethrows what `work` threw.
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
  void carry_out(const std::vector<Job*>& group);
  bool attempt(const std::vector<Job*>& group);
  void run_in_savepoint(Job& job);
  void roll_back();
  void checkpoint();

  std::unique_ptr<Connection> db_;
  const std::size_t max_waiting_;
  SyncFailure& sync_failure_;
  std::atomic<std::uint64_t> commits_{0};
  int checkpoint_due_;

  std::mutex mutex_; // guards what follows, and Job::done
  std::condition_variable arrived_, finished_;
  std::deque<Job*> waiting_;
  bool stopping_ = false;

  std::thread thread_; // last: starts when everything else exists
};

} // namespace storage
