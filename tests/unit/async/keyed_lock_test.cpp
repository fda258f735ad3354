#include "async/keyed_lock.h"
#include "async/task_group.h"
#include "async/within.h"
#include "unit/async/loop.h"
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using namespace test;
using async::KeyedLock;
using base::ErrorCode;

TEST(KeyedLock, OneHolderAtATimeInOrderOfArrival) {
  asio::io_context loop;
  KeyedLock lock(100);
  std::vector<int> order;
  int inside = 0;
  auto one = [&](int i) -> asio::awaitable<void> {
    const auto guard = co_await lock.acquire("dialog");
    EXPECT_TRUE(guard.has_value());
    EXPECT_EQ(++inside, 1);
    co_await async::sleep_for(1ms);
    order.push_back(i);
    --inside;
  };
  async::TaskGroup group(loop.get_executor(), "test");
  auto body = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 10; ++i) group.spawn(one(i));
    co_await group.empty();
  };
  run(loop, body());
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(lock.keys(), 0u);
}

TEST(KeyedLock, OtherKeysDoNotWait) {
  asio::io_context loop;
  KeyedLock lock(1);
  auto body = [&]() -> asio::awaitable<void> {
    const auto a = co_await lock.acquire("a");
    const auto b = co_await lock.acquire("b");
    EXPECT_TRUE(a.has_value() && b.has_value());
    EXPECT_EQ(lock.keys(), 2u);
  };
  run(loop, body());
  EXPECT_EQ(lock.keys(), 0u);
}

TEST(KeyedLock, TooManyWaitersAreRefused) {
  asio::io_context loop;
  KeyedLock lock(2);
  int served = 0, refused = 0;
  auto one = [&]() -> asio::awaitable<void> {
    const auto guard = co_await lock.acquire("key");
    if (!guard) {
      EXPECT_EQ(guard.error().code, ErrorCode::overloaded);
      ++refused;
      co_return;
    }
    co_await async::sleep_for(2ms);
    ++served;
  };
  async::TaskGroup group(loop.get_executor(), "test");
  auto body = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i) group.spawn(one());
    co_await group.empty();
  };
  run(loop, body());
  EXPECT_EQ(served, 3);
  EXPECT_EQ(refused, 2);
}

TEST(KeyedLock, ACancelledWaiterLeavesTheLine) {
  asio::io_context loop;
  KeyedLock lock(5);
  auto body = [&]() -> asio::awaitable<void> {
    auto held = co_await lock.acquire("key");
    auto waiting = lock.acquire("key");
    const auto late = co_await async::within(5ms, std::move(waiting));
    EXPECT_EQ(late.error().code, ErrorCode::timed_out);
    held->release();
    EXPECT_EQ(lock.keys(), 0u);
    auto again = co_await lock.acquire("key");
    EXPECT_TRUE(again.has_value());
  };
  run(loop, body());
}

TEST(KeyedLock, AGuardMovesAndMayOutliveTheLock) {
  asio::io_context loop;
  auto body = [&]() -> asio::awaitable<void> {
    KeyedLock::Guard kept;
    {
      KeyedLock lock(5);
      auto guard = co_await lock.acquire("key");
      kept = std::move(*guard);
      EXPECT_EQ(lock.keys(), 1u);
    }
    kept.release();
    kept.release();
  };
  run(loop, body());
}

} // namespace
