// A time limit around an operation.
#pragma once
#include "base/result.h"
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace async {

namespace asio = boost::asio;

template <class T>
struct Limited {
  using type = base::Result<T>;
};
template <class T>
struct Limited<base::Result<T>> {
  using type = base::Result<T>;
};

// True: `operation` ended within `limit`; what it threw is thrown here. False: it was cancelled
// after `limit` and has ended since. Cancellation of the caller is passed on to the operation.
asio::awaitable<bool> ended_within(std::chrono::steady_clock::duration limit,
                                   asio::awaitable<void> operation);

template <class T>
asio::awaitable<void> keep_value(asio::awaitable<T> operation,
                                 std::shared_ptr<std::optional<T>> value) {
  value->emplace(co_await std::move(operation));
}

// timed_out when `operation` has not ended after `limit`. The operation is cancelled and awaited
// before that error is given, because it may still refer to the caller's buffers; its late value is
// dropped. So never put a limit around something whose outcome must be known, such as a commit.
// Result<Result<T>> is flattened. Needs an executor that runs one handler at a time.
template <class T>
asio::awaitable<typename Limited<T>::type> within(std::chrono::steady_clock::duration limit,
                                                  asio::awaitable<T> operation) {
  auto value = std::make_shared<std::optional<T>>();
  auto kept = keep_value<T>(std::move(operation), value);
  const bool in_time = co_await ended_within(limit, std::move(kept));
  if (!in_time) co_return base::fail(base::ErrorCode::timed_out, "deadline passed");
  co_return std::move(**value);
}

// For operations without a value.
inline asio::awaitable<base::Result<>> within(std::chrono::steady_clock::duration limit,
                                              asio::awaitable<void> operation) {
  const bool in_time = co_await ended_within(limit, std::move(operation));
  if (!in_time) co_return base::fail(base::ErrorCode::timed_out, "deadline passed");
  base::Result<> ended;
  co_return ended;
}

} // namespace async
