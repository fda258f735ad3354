#include "async/keyed_lock.h"
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <deque>
#include <unordered_map>
#include <utility>

namespace async {

struct KeyedLock::Turn {
  Turn(std::string for_key, const asio::any_io_executor& executor)
      : key(std::move(for_key)), wake(executor) {
    wake.expires_at(std::chrono::steady_clock::time_point::max());
  }
  std::string key;
  asio::steady_timer wake;
};

struct KeyedLock::State {
  explicit State(std::size_t waiters) : max_waiters(waiters) {}

  bool holds(const Turn& turn) const { return lines.at(turn.key).front().get() == &turn; }

  void leave(const std::shared_ptr<Turn>& turn) {
    const auto at = lines.find(turn->key);
    auto& line = at->second;
    const bool held = line.front() == turn;
    line.erase(std::find(line.begin(), line.end(), turn));
    if (line.empty())
      lines.erase(at);
    else if (held)
      line.front()->wake.cancel();
  }

  const std::size_t max_waiters;
  // The front of a line holds the key.
  std::unordered_map<std::string, std::deque<std::shared_ptr<Turn>>> lines;
};

KeyedLock::Guard::Guard() noexcept = default;
KeyedLock::Guard::Guard(Guard&&) noexcept = default;
KeyedLock::Guard::Guard(std::shared_ptr<State> state, std::shared_ptr<Turn> turn) noexcept
    : state_(std::move(state)), turn_(std::move(turn)) {}
KeyedLock::Guard::~Guard() {
  release();
}

KeyedLock::Guard& KeyedLock::Guard::operator=(Guard&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    turn_ = std::move(other.turn_);
  }
  return *this;
}

void KeyedLock::Guard::release() noexcept {
  if (!turn_) return;
  state_->leave(turn_);
  turn_.reset();
  state_.reset();
}

KeyedLock::KeyedLock(std::size_t max_waiters_per_key)
    : state_(std::make_shared<State>(max_waiters_per_key)) {}

asio::awaitable<base::Result<KeyedLock::Guard>> KeyedLock::acquire(std::string key) {
  const auto state = state_;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto turn = std::make_shared<Turn>(std::move(key), executor);
  auto& line = state->lines[turn->key];
  if (!line.empty() && line.size() - 1 >= state->max_waiters)
    co_return base::fail(base::ErrorCode::overloaded, "too many wait for the same lock");
  line.push_back(turn);
  Guard guard(state, turn); // leaves the line however this coroutine ends
  while (!state->holds(*turn)) {
    boost::system::error_code error;
    co_await turn->wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (!state->holds(*turn) && cancelled != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return std::move(guard);
}

std::size_t KeyedLock::keys() const {
  return state_->lines.size();
}

} // namespace async
