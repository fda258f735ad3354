// One connection of a server, and what all connections of a listener share. Private to http/.
#pragma once
#include "base/token_buckets.h"
#include "http/addresses.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace http {

using asio::ip::tcp;
using Error = boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

// Read buffer of one connection: a whole header and some read-ahead.
constexpr std::size_t kReadAhead = 32 * 1024;
// One line for each address and status in this time: a flood must not become one of the log.
constexpr auto kTellAgain = std::chrono::milliseconds{60'000};
constexpr std::size_t kToldKeys = 1024;

inline auto into(Error& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string to_text(const tcp::endpoint& end);

// A request and what it holds of the byte budget live and end together.
struct Admitted {
  explicit Admitted(std::shared_ptr<ByteBudget> budget) : share(std::move(budget)) {}
  Request request;
  ByteShare share;
};

// What all connections of a listener have in common.
struct Shared {
  Shared(ServerLimits with_limits, Handler with_handler, Gate with_gate)
      : limits(with_limits), handler(std::move(with_handler)), gate(std::move(with_gate)),
        budget(std::make_shared<ByteBudget>(with_limits.bytes_in_flight, reserve(with_limits))),
        addresses(with_limits.address), told({{1, 1, kTellAgain}}, kToldKeys) {}

  static std::uint64_t reserve(const ServerLimits& limits) {
    const auto spare = limits.bytes_in_flight - std::min(limits.bytes_in_flight, limits.body_bytes);
    return std::min(limits.bytes_in_flight / 4, spare);
  }
  // What comes back at one time must not come back at one time again.
  unsigned spread_retry() const {
    const unsigned least = limits.retry_after_seconds;
    return least + static_cast<unsigned>(refused % (least + 1));
  }

  const ServerLimits limits;
  const Handler handler;
  const Gate gate;
  const std::shared_ptr<ByteBudget> budget;
  Addresses addresses;
  base::TokenBuckets told;         // refusals in the log: by address and status
  std::function<void()> gave_room; // of the listener
  std::size_t lingering = 0;
  std::size_t large_reading = 0; // large bodies that are being read
  std::uint64_t refused_busy = 0;
  std::uint64_t refused_address = 0;
  bool draining = false;
  std::size_t waiting_for_room = 0; // acceptors with a client at the door and no place left
  std::size_t handling = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
};

class Connection {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Shared> shared)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), shared_(std::move(shared)) {
    Error error;
    const auto peer = socket_.remote_endpoint(error);
    if (!error) {
      peer_ = to_text(peer);
      address_ = address_key(peer.address());
    }
    socket_.set_option(tcp::no_delay(true), error);
    socket_.non_blocking(true, error); // for nothing_to_read()
    welcome_ = shared_->addresses.enter(address_);
  }

  ~Connection() {
    *alive_ = false;
    shared_->addresses.leave(address_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Ends when the connection does. The owner keeps the object until then.
  asio::awaitable<void> serve();

  // Since when this kept-alive connection has had no request; empty while one is in work, and for a
  // new connection, whose first request is surely on its way.
  std::optional<SteadyTime> idle_since() const { return idle_since_; }

  // Ends the wait for a request at once; one that has arrived meanwhile is still served.
  void wake() {
    if (!waiting_) return;
    waiting_ = false; // also for a wait that has just ended and would begin again
    socket_.cancel(ignored_);
  }

  // For the end of the grace. Nothing that handles a request is cancelled by this, only the socket.
  void close() {
    closed_ = true;
    ++deadline_number_;
    deadline_.cancel();
    socket_.close(ignored_);
  }

 private:
  // What became of the attempt to read a request.
  struct Reading {
    bool complete = false;
    unsigned refusal = 0; // status to answer; 0 and not complete: nobody is there to be answered
    unsigned retry_after = 0; // seconds, with 503
  };
  static Reading complete() { return Reading{true}; }
  static Reading gone() { return Reading{}; }
  static Reading refused(unsigned status) { return Reading{false, status}; }
  // 503, before the body is read.
  Reading busy() {
    ++shared_->refused_busy;
    return Reading{false, 503, shared_->spread_retry()};
  }
  Reading too_much_from_here(unsigned retry_after) {
    ++shared_->refused_address;
    return Reading{false, 503, retry_after};
  }

  bool nothing_to_read();
  asio::awaitable<bool> wait_for_request(SteadyTime until, bool first);
  asio::awaitable<Reading> read_request(SteadyTime header_until,
                                        std::shared_ptr<Admitted> admitted);
  asio::awaitable<Response> handle(std::shared_ptr<const Request> request);
  asio::awaitable<bool> write(Response response, unsigned version, bool head, bool keep_alive);
  asio::awaitable<void> refuse(Reading reading);
  asio::awaitable<void> linger();

  // From now on the pending or next socket operation is aborted at `until`.
  void limit(SteadyTime until) {
    timed_out_ = false;
    deadline_.expires_at(until);
    // A wait that ended just before must not hit the next operation: hence the number.
    deadline_.async_wait([this, number = ++deadline_number_, alive = alive_](const Error& error) {
      if (error || !*alive || number != deadline_number_) return;
      timed_out_ = true;
      socket_.cancel(ignored_);
    });
  }
  void unlimit() {
    ++deadline_number_;
    deadline_.cancel();
  }

  tcp::socket socket_;
  asio::steady_timer deadline_;
  std::shared_ptr<Shared> shared_;
  std::string peer_ = "unknown";
  std::string address_;
  bool welcome_ = true; // false: too many connections of its address
  boost::beast::flat_buffer buffer_{kReadAhead};
  bool waiting_ = false;
  std::optional<SteadyTime> idle_since_;
  // Of the request last read.
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_ = false;

  std::uint64_t deadline_number_ = 0;
  bool timed_out_ = false;
  bool closed_ = false;
  Error ignored_;
  // A deadline's handler may come after the end of this object.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace http
