#include "async/task_group.h"
#include "base/log.h"
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <list>

namespace async {

struct TaskGroup::State {
  State(asio::any_io_executor on, std::string with_name)
      : executor(std::move(on)), name(std::move(with_name)), wake(executor) {
    wake.expires_at(std::chrono::steady_clock::time_point::max());
  }
  asio::any_io_executor executor;
  std::string name;
  std::list<asio::cancellation_signal> tasks; // one for each running task
  asio::steady_timer wake;
};

namespace {

void log_failure(const std::string& group, std::exception_ptr thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) return;
    base::log(base::LogLevel::error, "task.failed", "a background task ended with an error",
              {{"task", group}, {"reason", error.code().message()}});
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "task.failed", "a background task ended with an error",
              {{"task", group}, {"reason", error.what()}});
  } catch (...) {
    base::log(base::LogLevel::error, "task.failed", "a background task ended with an error",
              {{"task", group}});
  }
}

} // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor, std::string name)
    : state_(std::make_shared<State>(std::move(executor), std::move(name))) {}

void TaskGroup::spawn(asio::awaitable<void> task) {
  const auto signal = state_->tasks.emplace(state_->tasks.end());
  auto finish = [state = state_, signal](std::exception_ptr thrown) {
    log_failure(state->name, std::move(thrown));
    // Later, because this may run inside the signal's own emit().
    asio::post(state->executor, [state, signal] {
      state->tasks.erase(signal);
      if (state->tasks.empty()) state->wake.cancel();
    });
  };
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(signal->slot(), std::move(finish)));
}

std::size_t TaskGroup::size() const {
  return state_->tasks.size();
}

asio::awaitable<void> TaskGroup::empty() {
  const auto state = state_;
  while (!state->tasks.empty()) {
    boost::system::error_code error;
    co_await state->wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
}

void TaskGroup::cancel() {
  for (auto& task : state_->tasks) task.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

} // namespace async
