#include "async/task_group.h"
#include "base/log.h"
#include "unit/async/loop.h"
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace test;

struct CaughtLog {
  CaughtLog() {
    base::set_log_sink([this](const base::LogRecord& r) { lines.push_back(base::render(r)); });
  }
  ~CaughtLog() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  std::vector<std::string> lines;
};

asio::awaitable<void> rest(std::chrono::milliseconds time) {
  co_await async::sleep_for(time);
}

asio::awaitable<void> fail_with(std::string what) {
  co_await async::sleep_for(1ms);
  throw std::runtime_error(what);
}

TEST(TaskGroup, EmptyWaitsForTheLastTask) {
  asio::io_context loop;
  async::TaskGroup group(loop.get_executor(), "test");
  auto body = [&]() -> asio::awaitable<void> {
    group.spawn(rest(1ms));
    group.spawn(rest(20ms));
    EXPECT_EQ(group.size(), 2u);
    co_await group.empty();
    EXPECT_EQ(group.size(), 0u);
    co_await group.empty(); // at once
  };
  run(loop, body());
}

TEST(TaskGroup, AFailureIsLoggedAndEndsOnlyItsOwnTask) {
  CaughtLog log;
  asio::io_context loop;
  async::TaskGroup group(loop.get_executor(), "sweeper");
  bool other_ended = false;
  auto other = [&]() -> asio::awaitable<void> {
    co_await async::sleep_for(20ms);
    other_ended = true;
  };
  auto body = [&]() -> asio::awaitable<void> {
    group.spawn(fail_with("disk on fire"));
    group.spawn(other());
    co_await group.empty();
  };
  run(loop, body());
  EXPECT_TRUE(other_ended);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("task.failed task=sweeper reason=disk on fire"), std::string::npos);
}

TEST(TaskGroup, CancelledTasksEndQuickAndQuiet) {
  CaughtLog log;
  asio::io_context loop;
  async::TaskGroup group(loop.get_executor(), "test");
  auto body = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i) group.spawn(rest(60s));
    co_await async::sleep_for(1ms);
    group.cancel();
    co_await group.empty();
  };
  const auto start = std::chrono::steady_clock::now();
  run(loop, body());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_TRUE(log.lines.empty());
}

TEST(TaskGroup, TasksMayOutliveTheGroup) {
  asio::io_context loop;
  bool ended = false;
  auto task = [&]() -> asio::awaitable<void> {
    co_await async::sleep_for(5ms);
    ended = true;
  };
  {
    async::TaskGroup group(loop.get_executor(), "test");
    group.spawn(task());
  }
  loop.run();
  EXPECT_TRUE(ended);
}

} // namespace
