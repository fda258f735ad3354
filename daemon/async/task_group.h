// Background coroutines that somebody answers for: none is spawned detached and forgotten.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace async {

namespace asio = boost::asio;

// All members are called on `executor`, which runs one handler at a time. Tasks may outlive the
// group object; the executor's context must outlive the tasks.
class TaskGroup {
 public:
  // `name` appears in the log line of a failed task.
  TaskGroup(asio::any_io_executor executor, std::string name);

  // Starts `task`. An exception that leaves it is logged (event "task.failed") and ends only that
  // task; a cancelled task ends quietly.
  void spawn(asio::awaitable<void> task);

  std::size_t size() const;

  // Resumes when no task is left (at once when there is none).
  asio::awaitable<void> empty();

  // Asks every running task to end: what it waits for is aborted. Not for tasks that must finish.
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Suspends the coroutine; throws operation_aborted when cancelled.
asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration time);
asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time); // likewise

} // namespace async
