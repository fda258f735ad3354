#include "async/work_pool.h"
#include "async/patience.h"
#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <vector>

namespace async {

namespace {

using Clock = std::chrono::steady_clock;

struct Job {
  std::function<void()> work;
  bool waits = true; // in its queue; false: a thread has it
};
using Queue = std::list<std::shared_ptr<Job>>;

} // namespace

class WorkPool::Threads {
 public:
  // What became of a job that was handed in.
  struct Ticket {
    std::shared_ptr<Job> job;               // null: refused
    std::optional<Clock::time_point> until; // when its time of waiting is over
  };

  Threads(const std::string& name, const PoolLimits& limits) : limits_(limits) {
    base::check(limits.threads > 0, "a work pool needs a thread");
    base::check(limits.large_threads > 0, "a lane needs a thread");
    threads_.reserve(limits.threads);
    for (std::size_t i = 0; i < limits.threads; ++i) {
      threads_.emplace_back([this] { serve(); });
      ::pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
    }
  }

  Ticket submit(std::function<void()> work, Place place) {
    Ticket out;
    {
      const std::lock_guard lock(mutex_);
      Waiting& lane = of(place.lane);
      if (stopping_ || (!place.begun && no_place(place.lane))) {
        if (!stopping_) ++refused_full_;
        return out;
      }
      out.job = std::make_shared<Job>(Job{std::move(work)});
      if (place.begun) {
        lane.begun.push_back(out.job);
      } else {
        out.until = lane.patience.join(Clock::now(), lane.fresh.empty());
        lane.fresh.push_back(out.job);
      }
    }
    wake_.notify_one();
    return out;
  }

  // A job whose time is over. False: a thread has it already.
  bool withdraw(const std::shared_ptr<Job>& job, Lane lane) {
    const std::lock_guard lock(mutex_);
    if (!job->waits) return false;
    // Jobs of a lane come to their time nearly in the order of their coming: it stands in front.
    auto& fresh = of(lane).fresh;
    fresh.erase(std::find(fresh.begin(), fresh.end(), job));
    job->waits = false;
    ++refused_late_;
    return true;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  Load load() const {
    const std::lock_guard lock(mutex_);
    Load out;
    out.running = running_;
    out.large_waiting = large_.fresh.size();
    out.waiting = waiting();
    out.refused_full = refused_full_;
    out.refused_late = refused_late_;
    return out;
  }

  bool has_room(Lane lane, std::size_t others) const {
    const std::lock_guard lock(mutex_);
    return !stopping_ && !no_place(lane, others);
  }

 private:
  struct Waiting {
    Queue begun, fresh;
    Patience patience;
  };

  Waiting& of(Lane lane) { return lane == Lane::large ? large_ : brief_; }
  std::size_t waiting() const {
    return brief_.begun.size() + brief_.fresh.size() + large_.begun.size() + large_.fresh.size();
  }

  // Accepted jobs that idle threads are about to take do not count as waiting.
  bool no_place(Lane lane, std::size_t others = 0) const {
    const std::size_t idle = limits_.threads - running_;
    if (lane == Lane::brief) return brief_.fresh.size() + others >= limits_.waiting + idle;
    const std::size_t open =
        std::min(idle, limits_.large_threads - std::min(limits_.large_threads, large_running_));
    return large_.fresh.size() + others >= limits_.large_waiting + open;
  }

  bool large_may_run() const { return large_running_ < limits_.large_threads; }

  // The queue to take the next job from; null: there is nothing that may run now.
  Queue* next() {
    if (!brief_.begun.empty()) return &brief_.begun;
    if (!large_.begun.empty() && large_may_run()) return &large_.begun;
    const bool large = !large_.fresh.empty() && large_may_run();
    if (large && (brief_.fresh.empty() || large_is_next_)) return &large_.fresh;
    return brief_.fresh.empty() ? nullptr : &brief_.fresh;
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return next() != nullptr || (stopping_ && waiting() == 0); });
      Queue* queue = next();
      if (!queue) return; // what was accepted is finished first
      const bool large = queue == &large_.begun || queue == &large_.fresh;
      if (queue == &large_.fresh) large_is_next_ = false;
      if (queue == &brief_.fresh) large_is_next_ = true;
      std::shared_ptr<Job> job = std::move(queue->front());
      queue->pop_front();
      job->waits = false;
      ++running_;
      if (large) ++large_running_;
      lock.unlock();
      job->work();
      job->work = nullptr;
      job.reset();
      lock.lock();
      --running_;
      if (large) {
        --large_running_;
        // Others may have found a large job that they could not take.
        wake_.notify_all();
      } else if (stopping_) {
        wake_.notify_all();
      }
    }
  }

  const PoolLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Waiting brief_{{}, {}, Patience(limits_)};
  Waiting large_{{}, {}, Patience(limits_)};
  bool large_is_next_ = false;
  std::size_t running_ = 0;
  std::size_t large_running_ = 0;
  std::uint64_t refused_full_ = 0;
  std::uint64_t refused_late_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_; // last: they use all of the above
};

namespace {

// Lives on the coroutine's executor; only the executor's thread looks into it.
struct Completion {
  explicit Completion(const asio::any_io_executor& executor) : wake(executor) {
    wake.expires_at(Clock::time_point::max());
  }
  asio::steady_timer wake;
  bool done = false;
};

} // namespace

WorkPool::WorkPool(std::string name, const PoolLimits& limits)
    : threads_(std::make_unique<Threads>(name, limits)) {}

WorkPool::WorkPool(std::string name, std::size_t threads, std::size_t max_waiting)
    : WorkPool(std::move(name), PoolLimits{threads, threads, max_waiting, max_waiting}) {}

WorkPool::~WorkPool() {
  stop();
}

void WorkPool::stop() {
  threads_->stop();
}

WorkPool::Load WorkPool::load() const {
  return threads_->load();
}

bool WorkPool::has_room(Lane lane, std::size_t others) const {
  return threads_->has_room(lane, others);
}

asio::awaitable<bool> WorkPool::perform(std::function<void()> work, Place place) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto completion = std::make_shared<Completion>(executor);
  std::function<void()> task = [executor, completion, work = std::move(work)]() mutable {
    work();
    work = nullptr;
    // Moved on, so that the timer is not destroyed on this thread.
    asio::post(executor, [completion = std::move(completion)] {
      completion->done = true;
      completion->wake.cancel();
    });
  };
  const Threads::Ticket ticket = threads_->submit(std::move(task), place);
  if (!ticket.job) co_return false;
  if (ticket.until) completion->wake.expires_at(*ticket.until);
  while (!completion->done) {
    boost::system::error_code error;
    co_await completion->wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (!completion->done && cancelled != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (completion->done || error) continue;
    // The time of waiting is over.
    if (threads_->withdraw(ticket.job, place.lane)) co_return false;
    completion->wake.expires_at(Clock::time_point::max());
  }
  co_return true;
}

} // namespace async
