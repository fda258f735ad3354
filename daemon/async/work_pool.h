// A bounded pool of threads for work that must not run on an io thread: RSA, XML and SQL.
#pragma once
#include "async/pool_limits.h"
#include "base/result.h"
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace async {

namespace asio = boost::asio;

// How a job queues. Threads take what has been begun before what is new, and of the new ones from
// both lanes in turn.
struct Place {
  Lane lane = Lane::brief;
  // A further step of something that was admitted: it always has a place and waits without limit,
  // as refusing it would waste what has been done. Its caller answers for the bound: one step at a
  // time for each thing admitted.
  bool begun = false;
};

// The pool is the place where "full" is noticed: a job is taken or refused at once, and no new job
// waits without bound. A job is a plain function on owned values: the coroutine that asked for it
// may be gone (deadline, cancellation) while it runs, and its value is then dropped. run() may be
// called on any executor; the pool must be stopped before that executor's context ends.
class WorkPool {
  template <class R>
  struct Flattened {
    using type = base::Result<R>;
  };
  template <class R>
  struct Flattened<base::Result<R>> {
    using type = base::Result<R>;
  };

 public:
  // Result<R> for a job that returns R or Result<R>.
  template <class F>
  using Outcome = typename Flattened<std::invoke_result_t<F&>>::type;

  struct Load {
    std::size_t running = 0;
    std::size_t waiting = 0;       // of both lanes, begun ones too
    std::size_t large_waiting = 0; // of these, new ones of the large lane
    // Since the start: refused because the lane was full, and because they had waited too long.
    std::uint64_t refused_full = 0;
    std::uint64_t refused_late = 0;
  };

  // `name` names the threads (15 characters are shown).
  WorkPool(std::string name, const PoolLimits& limits);
  // One lane, no limit to the time of waiting.
  WorkPool(std::string name, std::size_t threads, std::size_t max_waiting);
  ~WorkPool(); // stop()
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // Runs `job` on the pool and resumes on the caller's executor. overloaded: the pool is full or
  // stopped, or the job's time of waiting is over; it was not and will not be run. What the job
  // throws is thrown here. When the waiting coroutine is cancelled it ends with operation_aborted
  // at once; an accepted job is run all the same. An operation whose outcome the caller must learn
  // (a commit) must therefore not be cancelled.
  template <class F>
  asio::awaitable<Outcome<F>> run(F job, Place place = {}) {
    auto call = std::make_shared<Call<F>>(std::move(job));
    std::function<void()> work = [call] { call->carry_out(); };
    const bool carried_out = co_await perform(std::move(work), place);
    if (!carried_out) co_return base::fail(base::ErrorCode::overloaded, "work pool is full");
    if (call->thrown) std::rethrow_exception(std::exchange(call->thrown, nullptr));
    co_return std::move(*call->outcome);
  }

  // Refuses new jobs, finishes every accepted one, joins the threads. Not from a job. Repeatable.
  void stop();

  Load load() const; // any thread
  // Would a new job of this lane be taken now, after `others` that are on their way? Any thread.
  bool has_room(Lane lane, std::size_t others = 0) const;

 private:
  template <class F>
  struct Call {
    explicit Call(F&& f) : job(std::move(f)) {}

    void carry_out() {
      try {
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
          (*job)();
          outcome.emplace();
        } else {
          outcome.emplace((*job)());
        }
      } catch (...) {
        thrown = std::current_exception();
      }
      job.reset(); // what the job owned is freed here, not on the io thread
    }

    std::optional<F> job;
    std::optional<Outcome<F>> outcome;
    std::exception_ptr thrown;
  };

  class Threads;

  // False: refused. True: `work` has been run to its end.
  asio::awaitable<bool> perform(std::function<void()> work, Place place);

  std::unique_ptr<Threads> threads_;
};

} // namespace async
