// Runs one coroutine to its end on a loop of its own.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>

namespace test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

inline void run(asio::io_context& loop, asio::awaitable<void> task) {
  std::exception_ptr thrown;
  asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e) { thrown = e; });
  loop.run();
  loop.restart();
  if (thrown) std::rethrow_exception(thrown);
}

} // namespace test
