#include "async/within.h"
#include "async/work_pool.h"
#include "unit/async/loop.h"
#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace test;
using async::WorkPool;
using base::ErrorCode;

TEST(WorkPool, JobRunsOnAnotherThreadAndTheCoroutineResumesOnItsOwn) {
  asio::io_context loop;
  WorkPool pool("test", 2, 4);
  const auto here = std::this_thread::get_id();
  auto body = [&]() -> asio::awaitable<void> {
    auto job = [] { return std::this_thread::get_id(); };
    const auto there = co_await pool.run(job);
    EXPECT_TRUE(there.has_value());
    EXPECT_NE(*there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  };
  run(loop, body());
}

TEST(WorkPool, OwnedValuesTravelInAndOut) {
  asio::io_context loop;
  WorkPool pool("test", 2, 4);
  auto body = [&]() -> asio::awaitable<void> {
    auto job = [text = std::make_unique<std::string>(1000, 'x')] { return *text + "y"; };
    const auto result = co_await pool.run(std::move(job));
    EXPECT_EQ(result->size(), 1001u);
  };
  run(loop, body());
}

TEST(WorkPool, ResultsAreFlattenedAndVoidIsAResultToo) {
  asio::io_context loop;
  WorkPool pool("test", 1, 4);
  auto body = [&]() -> asio::awaitable<void> {
    auto failing = []() -> base::Result<int> {
      return base::fail(ErrorCode::not_found, "nothing there");
    };
    const base::Result<int> failed = co_await pool.run(failing);
    EXPECT_EQ(failed.error().code, ErrorCode::not_found);
    auto nothing = [] {};
    const base::Result<> done = co_await pool.run(nothing);
    EXPECT_TRUE(done.has_value());
  };
  run(loop, body());
}

TEST(WorkPool, WhatAJobThrowsIsThrownInTheCoroutine) {
  asio::io_context loop;
  WorkPool pool("test", 1, 4);
  auto body = [&]() -> asio::awaitable<void> {
    auto job = []() -> int { throw base::InternalError("broken"); };
    co_await pool.run(job);
  };
  EXPECT_THROW(run(loop, body()), base::InternalError);
}

TEST(WorkPool, AFullPoolRefusesAtOnceAndServesAgainLater) {
  asio::io_context loop;
  WorkPool pool("test", 1, 2);
  std::promise<void> release;
  const auto released = release.get_future().share();
  int served = 0, refused = 0, ended = 0;
  auto one = [&]() -> asio::awaitable<void> {
    auto job = [released] { released.wait(); };
    const auto result = co_await pool.run(job);
    if (result)
      ++served;
    else if (result.error().code == ErrorCode::overloaded)
      ++refused;
    if (++ended == 3) release.set_value(); // one works, two wait, three were refused
  };
  for (int i = 0; i < 6; ++i) asio::co_spawn(loop, one(), [](std::exception_ptr) {});
  loop.run();
  loop.restart();
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(served, 3);
  run(loop, one());
  EXPECT_EQ(served, 4);
}

TEST(WorkPool, WithoutWaitingPlacesOnlyAnIdleThreadTakesAJob) {
  asio::io_context loop;
  WorkPool pool("test", 1, 0);
  auto body = [&]() -> asio::awaitable<void> {
    auto job = [] { return 1; };
    const auto result = co_await pool.run(job);
    EXPECT_TRUE(result.has_value());
  };
  run(loop, body());
}

TEST(WorkPool, StopFinishesWhatWasAcceptedAndRefusesTheRest) {
  asio::io_context loop;
  WorkPool pool("test", 1, 100);
  std::atomic<int> carried_out = 0;
  int served = 0;
  auto one = [&]() -> asio::awaitable<void> {
    auto job = [&carried_out] {
      std::this_thread::sleep_for(1ms);
      ++carried_out;
    };
    if (co_await pool.run(job)) ++served;
  };
  for (int i = 0; i < 20; ++i) asio::co_spawn(loop, one(), [](std::exception_ptr) {});
  loop.poll();
  pool.stop();
  EXPECT_EQ(carried_out, 20);
  loop.run();
  EXPECT_EQ(served, 20);
  loop.restart();
  run(loop, one());
  EXPECT_EQ(served, 20);
}

TEST(WorkPool, ACancelledWaiterEndsAtOnceAndItsAcceptedJobIsStillDone) {
  asio::io_context loop;
  WorkPool pool("test", 1, 4);
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::atomic<bool> finished = false;
  auto body = [&]() -> asio::awaitable<void> {
    auto job = [released, &finished] {
      released.wait();
      finished = true;
      return 7;
    };
    auto running = pool.run(job);
    const auto result = co_await async::within(20ms, std::move(running));
    EXPECT_EQ(result.error().code, ErrorCode::timed_out);
    EXPECT_FALSE(finished);
    release.set_value();
  };
  run(loop, body());
  pool.stop();
  EXPECT_TRUE(finished);
}

TEST(WorkPool, ManyCoroutinesShareFewThreadsWithoutLosingAJob) {
  asio::io_context loop;
  WorkPool pool("test", 3, 10'000);
  int sum = 0;
  auto one = [&](int i) -> asio::awaitable<void> {
    for (int k = 0; k < 10; ++k) {
      auto job = [text = std::string(100, 'x'), i] { return i + static_cast<int>(text.size()); };
      const auto result = co_await pool.run(std::move(job));
      sum += *result - 100;
    }
  };
  for (int i = 0; i < 500; ++i)
    asio::co_spawn(loop, one(i), [](std::exception_ptr e) { EXPECT_FALSE(e); });
  loop.run();
  EXPECT_EQ(sum, 10 * 499 * 500 / 2);
}

TEST(WorkPool, SeveralLoopsMayUseOnePool) {
  WorkPool pool("test", 2, 10'000);
  std::atomic<int> served = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      asio::io_context loop;
      auto one = [&]() -> asio::awaitable<void> {
        const auto here = std::this_thread::get_id();
        auto job = [] { return 1; };
        const auto result = co_await pool.run(job);
        if (std::this_thread::get_id() == here) served += *result;
      };
      for (int i = 0; i < 200; ++i) asio::co_spawn(loop, one(), [](std::exception_ptr) {});
      loop.run();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(served, 600);
}

TEST(WorkPool, LoadShowsWhatRunsAndWaits) {
  asio::io_context loop;
  WorkPool pool("test", 1, 5);
  std::promise<void> begun, release;
  auto first = [&]() -> asio::awaitable<void> {
    auto job = [&] {
      begun.set_value();
      release.get_future().wait();
    };
    co_await pool.run(job);
  };
  auto second = [&]() -> asio::awaitable<void> {
    auto job = [] {};
    co_await pool.run(job);
  };
  asio::co_spawn(loop, first(), [](std::exception_ptr) {});
  loop.poll();
  begun.get_future().wait();
  asio::co_spawn(loop, second(), [](std::exception_ptr) {});
  loop.poll();
  EXPECT_EQ(pool.load().running, 1u);
  EXPECT_EQ(pool.load().waiting, 1u);
  release.set_value();
  loop.run();
}

TEST(WorkPool, ALoopThatEndsWithAWaitingCoroutineLeavesNothingBehind) {
  WorkPool pool("test", 1, 5);
  {
    asio::io_context loop;
    auto one = [&]() -> asio::awaitable<void> {
      auto job = [text = std::string(100, 'x')] { return text; };
      co_await pool.run(std::move(job));
    };
    asio::co_spawn(loop, one(), [](std::exception_ptr) {});
    loop.poll_one();
    pool.stop(); // as main does: pools are joined before their users' loop goes
  }
}

} // namespace
