#include "async/task_group.h"
#include "async/within.h"
#include "unit/async/loop.h"
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>

namespace {

using namespace test;
using base::ErrorCode;

asio::awaitable<std::string> after(std::chrono::milliseconds time, std::string value) {
  co_await async::sleep_for(time);
  co_return value;
}

asio::awaitable<int> immediately(int value) {
  co_return value;
}

asio::awaitable<base::Result<int>> refused() {
  co_return base::fail(ErrorCode::overloaded, "full");
}

asio::awaitable<int> throwing() {
  co_await async::sleep_for(1ms);
  throw std::runtime_error("broken");
}

TEST(Within, ValueComesThroughInTime) {
  asio::io_context loop;
  auto body = [&]() -> asio::awaitable<void> {
    auto slow = after(1ms, "done");
    const auto first = co_await async::within(10s, std::move(slow));
    EXPECT_EQ(*first, "done");
    auto quick = immediately(3);
    const auto second = co_await async::within(10s, std::move(quick));
    EXPECT_EQ(*second, 3);
  };
  const auto start = std::chrono::steady_clock::now();
  run(loop, body());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Within, DeadlineGivesTimedOutAndTheCoroutineGoesOn) {
  asio::io_context loop;
  auto body = [&]() -> asio::awaitable<void> {
    auto slow = after(60s, "never");
    const auto result = co_await async::within(10ms, std::move(slow));
    EXPECT_EQ(result.error().code, ErrorCode::timed_out);
    co_await async::sleep_for(1ms); // not cancelled itself
  };
  const auto start = std::chrono::steady_clock::now();
  run(loop, body());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(Within, ErrorsAreFlattenedAndExceptionsComeThrough) {
  asio::io_context loop;
  auto body = [&]() -> asio::awaitable<void> {
    auto error = refused();
    const base::Result<int> result = co_await async::within(10s, std::move(error));
    EXPECT_EQ(result.error().code, ErrorCode::overloaded);
    auto bad = throwing();
    co_await async::within(10s, std::move(bad));
  };
  EXPECT_THROW(run(loop, body()), std::runtime_error);
}

TEST(Within, OperationHasEndedBeforeTimedOutIsGiven) {
  asio::io_context loop;
  bool ended = false;
  auto body = [&]() -> asio::awaitable<void> {
    // Ignores the cancellation for a while, as a closing socket may.
    auto stubborn = [&]() -> asio::awaitable<void> {
      co_await asio::this_coro::throw_if_cancelled(false);
      for (int i = 0; i < 3; ++i) {
        asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
        boost::system::error_code error;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      ended = true;
    };
    auto operation = stubborn();
    const auto result = co_await async::within(5ms, std::move(operation));
    EXPECT_EQ(result.error().code, ErrorCode::timed_out);
    EXPECT_TRUE(ended);
  };
  run(loop, body());
}

TEST(Within, CancellationOfTheCallerReachesTheOperation) {
  asio::io_context loop;
  async::TaskGroup group(loop.get_executor(), "test");
  bool reached = false;
  auto inner = [&]() -> asio::awaitable<void> {
    try {
      co_await async::sleep_for(60s);
    } catch (const boost::system::system_error&) {
      reached = true;
      throw;
    }
  };
  auto outer = [&]() -> asio::awaitable<void> {
    auto operation = inner();
    co_await async::within(60s, std::move(operation));
  };
  auto body = [&]() -> asio::awaitable<void> {
    group.spawn(outer());
    co_await async::sleep_for(5ms);
    group.cancel();
    co_await group.empty();
  };
  run(loop, body());
  EXPECT_TRUE(reached);
}

TEST(Within, LimitsNest) {
  asio::io_context loop;
  auto body = [&]() -> asio::awaitable<void> {
    auto slow = after(60s, "never");
    auto inner = async::within(60s, std::move(slow));
    const auto outer_first = co_await async::within(5ms, std::move(inner));
    EXPECT_EQ(outer_first.error().code, ErrorCode::timed_out);
    auto slow_again = after(60s, "never");
    auto inner_again = async::within(5ms, std::move(slow_again));
    const auto inner_first = co_await async::within(60s, std::move(inner_again));
    EXPECT_EQ(inner_first.error().code, ErrorCode::timed_out);
  };
  run(loop, body());
}

} // namespace
