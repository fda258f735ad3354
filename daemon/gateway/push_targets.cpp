#include "gateway/push_targets.h"
#include "base/log.h"
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace gateway {

using base::ErrorCode;
using base::LogLevel;

struct PushTargets::Target {
  explicit Target(std::string the_uri) : uri(std::move(the_uri)) {}
  const std::string uri;
  std::size_t running = 0;
  std::size_t users = 0; // turns that refer to it
  std::uint64_t bytes = 0;
  unsigned failures = 0;                   // in a row
  std::optional<base::Instant> open_since; // the circuit is open
  bool probing = false;                    // half-open: one message is on its way
};

struct PushTargets::Turn {
  Turn(Target& the_target, std::uint64_t size, const asio::any_io_executor& executor)
      : target(the_target), bytes(size), wake(executor) {
    wake.expires_at(std::chrono::steady_clock::time_point::max());
  }
  Target& target;
  const std::uint64_t bytes;
  asio::steady_timer wake;
  bool running = false;
  bool probe = false;
};

struct PushTargets::State {
  State(const base::Clock& the_clock, PushLimits the_limits)
      : clock(the_clock), limits(the_limits) {}

  Target& target(const std::string& uri) {
    auto& slot = targets[uri];
    if (!slot) slot = std::make_unique<Target>(uri);
    return *slot;
  }

  bool room_for(const Target& target) const {
    return running < limits.running && target.running < limits.per_target;
  }

  void start(Turn& turn) {
    turn.running = true;
    ++running;
    ++turn.target.running;
  }

  // In the order of arrival; a target at its limit is passed over.
  void wake_next() {
    for (auto at = waiting.begin(); at != waiting.end() && running < limits.running;) {
      Turn& turn = **at;
      if (!room_for(turn.target)) {
        ++at;
        continue;
      }
      start(turn);
      turn.wake.cancel();
      at = waiting.erase(at);
    }
  }

  void leave(Turn& turn) {
    waiting.remove_if([&turn](const auto& one) { return one.get() == &turn; });
    Target& target = turn.target;
    bytes -= turn.bytes;
    target.bytes -= turn.bytes;
    if (turn.running) {
      --running;
      --target.running;
    }
    if (turn.probe) target.probing = false;
    // Nothing is remembered of a target that works and is not in use.
    if (--target.users == 0 && target.failures == 0) targets.erase(target.uri);
    wake_next();
  }

  // Whether a message may go now; a half-open circuit lets one try.
  bool may_dial(Turn& turn) {
    Target& target = turn.target;
    if (!target.open_since) return true;
    const auto now = clock.now();
    // A clock that was set back must not keep the circuit open.
    const bool paused =
        now >= *target.open_since && now - *target.open_since < limits.circuit_pause;
    if (paused || target.probing) return false;
    target.probing = turn.probe = true;
    base::log(LogLevel::info, "push.circuit_half_open", "one message tries the recipient again",
              {{"target", target.uri}});
    return true;
  }

  void learn(Target& target, bool answered) {
    if (answered) {
      if (target.open_since)
        base::log(LogLevel::info, "push.circuit_closed", "the recipient answers again",
                  {{"target", target.uri}});
      target.failures = 0;
      target.open_since.reset();
      return;
    }
    ++target.failures;
    if (target.failures < limits.circuit_failures && !target.open_since) return;
    if (!target.open_since)
      base::log(LogLevel::warning, "push.circuit_opened",
                "the recipient did not answer several times; messages for it fail at once",
                {{"target", target.uri}, {"failures", std::to_string(target.failures)}});
    target.open_since = clock.now();
  }

  const base::Clock& clock;
  const PushLimits limits;
  std::map<std::string, std::unique_ptr<Target>> targets;
  std::list<std::shared_ptr<Turn>> waiting;
  std::size_t running = 0;
  std::uint64_t bytes = 0;
  bool stopping = false;
};

PushTargets::Permit::Permit() noexcept = default;
PushTargets::Permit::Permit(Permit&&) noexcept = default;
PushTargets::Permit& PushTargets::Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    if (turn_) state_->leave(*turn_);
    state_ = std::move(other.state_);
    turn_ = std::move(other.turn_);
    dial_ = other.dial_;
  }
  return *this;
}
PushTargets::Permit::~Permit() {
  if (turn_) state_->leave(*turn_);
}

void PushTargets::Permit::report(bool answered) {
  if (turn_) state_->learn(turn_->target, answered);
}

PushTargets::PushTargets(const base::Clock& clock, PushLimits limits)
    : state_(std::make_shared<State>(clock, limits)) {}

asio::awaitable<base::Result<PushTargets::Permit>> PushTargets::acquire(std::string uri,
                                                                        std::uint64_t bytes) {
  const auto state = state_;
  const auto& limits = state->limits;
  const auto full = [](const char* what) { return base::fail(ErrorCode::overloaded, what); };
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (state->stopping) co_return full("shutting down");
  Target& target = state->target(uri);
  ++target.users;
  target.bytes += bytes;
  state->bytes += bytes;
  Permit permit; // gives everything back however this coroutine ends
  permit.state_ = state;
  permit.turn_ = std::make_shared<Turn>(target, bytes, executor);
  Turn& turn = *permit.turn_;
  // The first message of a target passes whatever its size, or it never could.
  if (state->bytes > limits.bytes && state->bytes != bytes)
    co_return full("too much is being pushed");
  if (target.bytes > limits.bytes / 2 && target.bytes != bytes)
    co_return full("too much is being pushed to one recipient");

  if (state->room_for(target)) {
    state->start(turn);
  } else {
    if (state->waiting.size() >= limits.waiting) co_return full("too many pushes wait");
    state->waiting.push_back(permit.turn_);
    turn.wake.expires_after(limits.wait);
    boost::system::error_code error;
    co_await turn.wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!turn.running)
      co_return full(state->stopping ? "shutting down" : "no turn to push in time");
  }
  permit.dial_ = state->may_dial(turn);
  co_return std::move(permit);
}

void PushTargets::stop() {
  state_->stopping = true;
  for (const auto& turn : state_->waiting) turn->wake.cancel();
  state_->waiting.clear();
}

std::size_t PushTargets::running() const {
  return state_->running;
}

std::size_t PushTargets::waiting() const {
  return state_->waiting.size();
}

} // namespace gateway
