#include "async/work_pool.h"
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <vector>

namespace async {

class WorkPool::Threads {
 public:
  Threads(const std::string& name, std::size_t count, std::size_t max_waiting)
      : count_(count), max_waiting_(max_waiting) {
    base::check(count > 0, "a work pool needs a thread");
    threads_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      threads_.emplace_back([this] { serve(); });
      ::pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
    }
  }

  bool submit(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      // Accepted jobs that idle threads are about to take do not count as waiting.
      if (stopping_ || queue_.size() >= max_waiting_ + (count_ - running_)) return false;
      queue_.push_back(std::move(work));
    }
    wake_.notify_one();
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
    return Load{running_, queue_.size()};
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return; // what was accepted is finished first
      auto work = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
      --running_;
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  const std::size_t count_;
  const std::size_t max_waiting_;
  std::vector<std::thread> threads_; // last: they use all of the above
};

namespace {

// Lives on the coroutine's executor; only the executor's thread looks into it.
struct Completion {
  explicit Completion(const asio::any_io_executor& executor) : wake(executor) {
    wake.expires_at(std::chrono::steady_clock::time_point::max());
  }
  asio::steady_timer wake;
  bool done = false;
};

} // namespace

WorkPool::WorkPool(std::string name, std::size_t threads, std::size_t max_waiting)
    : threads_(std::make_unique<Threads>(name, threads, max_waiting)) {}

WorkPool::~WorkPool() {
  stop();
}

void WorkPool::stop() {
  threads_->stop();
}

WorkPool::Load WorkPool::load() const {
  return threads_->load();
}

asio::awaitable<bool> WorkPool::perform(std::function<void()> work) {
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
  if (!threads_->submit(std::move(task))) co_return false;
  while (!completion->done) {
    boost::system::error_code error;
    co_await completion->wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (!completion->done && cancelled != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return true;
}

} // namespace async
