#include "async/within.h"
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace async {
namespace {

struct Race {
  explicit Race(const asio::any_io_executor& executor) : clock(executor) {}
  asio::steady_timer clock; // the limit first, then the wait for the cancelled operation's end
  asio::cancellation_signal stop;
  bool ended = false;
  std::exception_ptr thrown;
};

} // namespace

asio::awaitable<bool> ended_within(std::chrono::steady_clock::duration limit,
                                   asio::awaitable<void> operation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto race = std::make_shared<Race>(executor);
  race->clock.expires_after(limit);
  auto finish = [race](std::exception_ptr thrown) {
    race->ended = true;
    race->thrown = std::move(thrown);
    race->clock.cancel();
  };
  asio::co_spawn(executor, std::move(operation),
                 asio::bind_cancellation_slot(race->stop.slot(), std::move(finish)));

  // Even when the caller is cancelled meanwhile, its frame must stay until the operation has ended.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  bool in_time = true;
  bool caller_cancelled = false;
  while (!race->ended) {
    boost::system::error_code error;
    co_await race->clock.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (race->ended || !in_time || caller_cancelled) continue;
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    caller_cancelled = cancelled != asio::cancellation_type::none;
    in_time = caller_cancelled || static_cast<bool>(error);
    if (in_time && !caller_cancelled) continue;
    race->clock.expires_at(std::chrono::steady_clock::time_point::max());
    race->stop.emit(asio::cancellation_type::terminal);
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (caller_cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (in_time && race->thrown) std::rethrow_exception(std::exchange(race->thrown, nullptr));
  co_return in_time;
}

} // namespace async
