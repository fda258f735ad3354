// What a WorkPool grants. Standard library only, so that configuration can hold it.
#pragma once
#include <chrono>
#include <cstddef>

namespace async {

// A job's lane, by what it will take: large ones never occupy every thread, so that short ones
// always go on.
enum class Lane { brief, large };

struct PoolLimits {
  std::size_t threads = 1;
  std::size_t large_threads = 1; // of these, for Lane::large at one time; at least 1
  // New jobs that no thread has begun, of each lane; more are refused at once. 0 takes a job only
  // for a thread that is idle.
  std::size_t waiting = 0;
  std::size_t large_waiting = 0;
  // A new job that no thread has begun after this is refused: its client may have gone, and the
  // work would come too late for it. 0: no such limit.
  std::chrono::milliseconds max_wait{0};
  // The same for new jobs of a lane in which there has been a queue for the whole of max_wait: more
  // comes than can be done, and a long queue would only make everybody wait. A burst that the pool
  // works off in time is not refused. 0: max_wait.
  std::chrono::milliseconds overload_wait{0};
};

} // namespace async
