#include "gateway/push_targets.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace {

using gateway::PushLimits;
using gateway::PushTargets;
using namespace std::chrono_literals;
namespace asio = boost::asio;

struct Targets : testing::Test {
  asio::io_context loop;
  base::ManualClock clock{base::Instant{std::chrono::hours{1000}}};
  PushLimits limits;
  std::unique_ptr<PushTargets> targets;

  using Result = base::Result<PushTargets::Permit>;
  // A request for a permit; filled when it is decided.
  std::shared_ptr<std::optional<Result>> ask(const std::string& uri, std::uint64_t bytes = 1) {
    if (!targets) targets = std::make_unique<PushTargets>(clock, limits);
    auto out = std::make_shared<std::optional<Result>>();
    asio::co_spawn(loop, targets->acquire(uri, bytes),
                   [out](std::exception_ptr, Result result) { out->emplace(std::move(result)); });
    run();
    return out;
  }
  // What can happen without waiting for time.
  void run() {
    loop.restart();
    loop.poll();
  }
  static bool given(const std::shared_ptr<std::optional<Result>>& asked) {
    return *asked && (*asked)->has_value();
  }
  static bool refused(const std::shared_ptr<std::optional<Result>>& asked) {
    return *asked && (*asked)->has_error();
  }
};

TEST_F(Targets, ATargetAtItsLimitWaitsWhileOthersGo) {
  limits.running = 3;
  limits.per_target = 2;
  auto a1 = ask("a"), a2 = ask("a"), a3 = ask("a"), b1 = ask("b"), b2 = ask("b");
  EXPECT_TRUE(given(a1) && given(a2) && given(b1));
  EXPECT_FALSE(*a3 || *b2);
  EXPECT_EQ(targets->running(), 3u);
  EXPECT_EQ(targets->waiting(), 2u);
  b1->reset(); // a3 is older, but its target is at its limit
  run();
  EXPECT_TRUE(given(b2));
  EXPECT_FALSE(*a3);
  a1->reset();
  run();
  EXPECT_TRUE(given(a3));
}

TEST_F(Targets, WaitsAreBoundedInNumberAndTime) {
  limits.running = 1;
  limits.per_target = 1;
  limits.waiting = 1;
  limits.wait = 5ms;
  auto first = ask("a"), second = ask("a"), third = ask("a");
  EXPECT_TRUE(refused(third));
  EXPECT_FALSE(*second);
  loop.restart();
  loop.run_for(1s);
  ASSERT_TRUE(refused(second));
  EXPECT_EQ((*second)->error().code, base::ErrorCode::overloaded);
  EXPECT_EQ(targets->waiting(), 0u);
  first->reset();
  EXPECT_TRUE(given(ask("a")));
}

TEST_F(Targets, BytesAreBoundedAndOneTargetGetsHalf) {
  limits.bytes = 100;
  auto a = ask("a", 40), more_of_a = ask("a", 20), b = ask("b", 45), too_much = ask("c", 20);
  EXPECT_TRUE(given(a) && given(b));
  EXPECT_TRUE(refused(more_of_a) && refused(too_much));
  a->reset();
  EXPECT_TRUE(given(ask("c", 20)));
  b->reset();
  // One that is larger than all of it goes alone.
  auto huge = ask("a", 1000);
  EXPECT_TRUE(given(huge));
  EXPECT_TRUE(refused(ask("b", 1)));
}

TEST_F(Targets, StoppingRefusesWhoWaitsAndWhoComes) {
  limits.running = 1;
  limits.per_target = 1;
  auto first = ask("a"), second = ask("a");
  targets->stop();
  run();
  EXPECT_TRUE(given(first));
  EXPECT_TRUE(refused(second));
  EXPECT_TRUE(refused(ask("b")));
  first->reset();
  EXPECT_EQ(targets->running(), 0u);
}

TEST_F(Targets, HalfOpenLetsOneTryAtATime) {
  limits.circuit_failures = 2;
  limits.circuit_pause = 10s;
  const auto dial = [&](bool answered) {
    auto asked = ask("a");
    const bool dialled = (**asked)->closed_circuit();
    if (dialled) (**asked)->report(answered);
    return dialled;
  };
  EXPECT_TRUE(dial(false));
  EXPECT_TRUE(dial(true)); // only failures in a row count
  EXPECT_TRUE(dial(false));
  EXPECT_TRUE(dial(false));
  EXPECT_FALSE(dial(true));
  clock.advance(10s);
  auto probe = ask("a"), beside = ask("a");
  EXPECT_TRUE((**probe)->closed_circuit());
  EXPECT_FALSE((**beside)->closed_circuit());
  probe->reset(); // ended without a report: the next one tries
  EXPECT_TRUE(dial(false));
  EXPECT_FALSE(dial(true)); // open again, for a whole pause
  clock.set(base::Instant{});
  EXPECT_TRUE(dial(true)) << "a clock set back must not keep the circuit open";
  EXPECT_TRUE(dial(false));
}

} // namespace
