// Lanes and waiting times of WorkPool. Order is shown by gates that jobs wait at, never by a clock.
#include "async/patience.h"
#include "async/work_pool.h"
#include "unit/async/loop.h"
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace test;
using async::Lane;
using async::Place;
using async::PoolLimits;
using async::WorkPool;
using base::ErrorCode;

constexpr Place kBrief{Lane::brief, false}, kLarge{Lane::large, false};
constexpr Place kBriefBegun{Lane::brief, true}, kLargeBegun{Lane::large, true};

// Holds whoever passes until it is opened; tells how many have come.
class Gate {
 public:
  void pass() {
    {
      const std::lock_guard lock(mutex_);
      ++come_;
    }
    opened_.wait();
  }
  void open() { open_.set_value(); }
  int come() const {
    const std::lock_guard lock(mutex_);
    return come_;
  }

 private:
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
  mutable std::mutex mutex_;
  int come_ = 0;
};

struct World {
  explicit World(PoolLimits limits) : pool("test", limits) {}

  // A job that writes its name down when it is run.
  void start(std::string name, Place place, Gate* gate = nullptr) {
    auto one = [](World& world, std::string what, Place where,
                  Gate* held_by) -> asio::awaitable<void> {
      auto job = [&world, what, held_by] {
        {
          const std::lock_guard lock(world.mutex);
          world.order.push_back(what);
        }
        if (held_by) held_by->pass();
      };
      const auto done = co_await world.pool.run(job, where);
      if (done)
        ++world.served;
      else if (done.error().code == ErrorCode::overloaded)
        world.refused.push_back(what);
    };
    asio::co_spawn(loop, one(*this, std::move(name), place, gate), [](std::exception_ptr) {});
    loop.restart();
    loop.poll();
  }

  // Until all that was started has ended.
  void finish() {
    loop.restart();
    loop.run();
  }

  void until(const std::function<bool()>& so) {
    while (!so()) {
      loop.restart();
      loop.poll();
      std::this_thread::sleep_for(1ms);
    }
  }

  asio::io_context loop;
  std::mutex mutex;
  std::vector<std::string> order, refused;
  int served = 0;
  WorkPool pool; // last: its jobs use all of the above
};

TEST(Lanes, LargeJobsNeverTakeEveryThread) {
  World world({2, 1, 10, 10});
  Gate large;
  for (int i = 0; i < 5; ++i) world.start("large", kLarge, &large);
  world.until([&] { return large.come() == 1; });
  for (int i = 0; i < 20; ++i) {
    world.start("brief", kBrief);
    world.until([&] { return world.served == i + 1; }); // would wait for ever behind large jobs
  }
  EXPECT_EQ(large.come(), 1);
  large.open();
  world.finish();
  EXPECT_EQ(world.served, 25);
}

TEST(Lanes, BegunWorkGoesBeforeNewWork) {
  World world({1, 1, 10, 10});
  Gate gate;
  world.start("first", kBrief, &gate);
  world.until([&] { return gate.come() == 1; });
  world.start("new brief", kBrief);
  world.start("new large", kLarge);
  world.start("begun large", kLargeBegun);
  world.start("begun brief", kBriefBegun);
  gate.open();
  world.finish();
  EXPECT_EQ(world.order[1], "begun brief");
  EXPECT_EQ(world.order[2], "begun large");
}

TEST(Lanes, NewWorkOfBothLanesTakesTurns) {
  World world({1, 1, 10, 10});
  Gate gate;
  world.start("first", kBrief, &gate);
  world.until([&] { return gate.come() == 1; });
  for (int i = 0; i < 3; ++i) world.start("brief", kBrief);
  for (int i = 0; i < 3; ++i) world.start("large", kLarge);
  gate.open();
  world.finish();
  EXPECT_EQ(world.order, (std::vector<std::string>{"first", "large", "brief", "large", "brief",
                                                   "large", "brief"}));
}

TEST(Lanes, EachLaneHasPlacesOfItsOwnAndBegunWorkAlwaysHasOne) {
  World world({1, 1, 2, 1});
  Gate gate;
  world.start("first", kBrief, &gate);
  world.until([&] { return gate.come() == 1; });
  for (int i = 0; i < 3; ++i) world.start("large", kLarge);
  EXPECT_EQ(world.refused, (std::vector<std::string>{"large", "large"}));
  EXPECT_FALSE(world.pool.has_room(Lane::large));
  EXPECT_TRUE(world.pool.has_room(Lane::brief));
  EXPECT_TRUE(world.pool.has_room(Lane::brief, 1));
  EXPECT_FALSE(world.pool.has_room(Lane::brief, 2));
  for (int i = 0; i < 3; ++i) world.start("brief", kBrief);
  EXPECT_EQ(world.refused.size(), 3u);
  EXPECT_FALSE(world.pool.has_room(Lane::brief));
  for (int i = 0; i < 50; ++i) world.start("begun", kBriefBegun);
  EXPECT_EQ(world.refused.size(), 3u);
  EXPECT_EQ(world.pool.load().refused_full, 3u);
  EXPECT_EQ(world.pool.load().large_waiting, 1u);
  gate.open();
  world.finish();
  EXPECT_EQ(world.served, 54);
}

TEST(Lanes, WhoHasWaitedTooLongIsRefusedAtOnceAndNeverRun) {
  World world({1, 1, 10, 10, 20ms});
  Gate gate;
  world.start("first", kBriefBegun, &gate);
  world.until([&] { return gate.come() == 1; });
  world.start("late", kBrief);
  world.start("late", kLarge);
  world.start("begun", kBriefBegun);
  world.until([&] { return world.refused.size() == 2; }); // although the thread is still held
  EXPECT_EQ(world.pool.load().refused_late, 2u);
  gate.open();
  world.finish();
  EXPECT_EQ(world.order, (std::vector<std::string>{"first", "begun"}));
  EXPECT_EQ(world.served, 2);
}

TEST(Lanes, AJobThatRunsIsNotRefusedHoweverLongItTakes) {
  World world({1, 1, 10, 10, 20ms});
  Gate gate;
  // On a busy machine the thread may come too late for the first ones.
  while (gate.come() == 0) {
    world.refused.clear();
    world.start("slow", kBrief, &gate);
    world.until([&] { return gate.come() == 1 || !world.refused.empty(); });
  }
  std::this_thread::sleep_for(40ms);
  world.loop.restart();
  world.loop.poll();
  gate.open();
  world.finish();
  EXPECT_EQ(world.served, 1);
  EXPECT_TRUE(world.refused.empty());
}

TEST(Patience, ABurstMayWaitLongAndAStandingQueueShortens) {
  async::Patience patience({1, 1, 10, 10, 10s, 2s});
  const async::Patience::Time start{1h};
  EXPECT_EQ(patience.join(start, true), start + 10s);
  EXPECT_EQ(patience.join(start + 9999ms, false), start + 9999ms + 10s);
  EXPECT_EQ(patience.join(start + 10s, false), start + 10s + 2s); // it has stood for all of 10 s
  EXPECT_EQ(patience.join(start + 60s, false), start + 60s + 2s);
  EXPECT_EQ(patience.join(start + 61s, true), start + 61s + 10s); // it was empty
  EXPECT_EQ(patience.join(start + 62s, false), start + 62s + 10s);
}

TEST(Patience, WithoutLimitsNobodyIsHurried) {
  const async::Patience::Time start{1h};
  async::Patience endless({1, 1, 10, 10, 0ms, 2s});
  EXPECT_EQ(endless.join(start, true), std::nullopt);
  EXPECT_EQ(endless.join(start + 1h, false), std::nullopt);
  async::Patience steady({1, 1, 10, 10, 10s, 0ms});
  EXPECT_EQ(steady.join(start, true), start + 10s);
  EXPECT_EQ(steady.join(start + 1h, false), start + 1h + 10s);
}

TEST(Lanes, StopFinishesBothLanesAndRefusesEvenBegunWork) {
  World world({2, 1, 10, 10, 60s});
  Gate gate;
  world.start("first", kLarge, &gate);
  world.until([&] { return gate.come() == 1; });
  for (int i = 0; i < 3; ++i) world.start("large", kLarge);
  gate.open();
  world.pool.stop();
  EXPECT_EQ(world.order.size(), 4u);
  world.start("after the end", kBriefBegun);
  EXPECT_EQ(world.refused, (std::vector<std::string>{"after the end"}));
  world.finish();
  EXPECT_EQ(world.served, 4);
}

} // namespace
