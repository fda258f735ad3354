#include "http/server.h"
#include "base/log.h"
#include "http/addresses.h"
#include "http/byte_budget.h"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <list>
#include <string_view>

namespace http {
namespace {

namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using Error = boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::steady_clock;

// Read buffer of one connection: a whole header and some read-ahead.
constexpr std::size_t kReadAhead = 32 * 1024;
// Step in which a body grows; the share of an unannounced (chunked) body grows with it.
constexpr std::size_t kBodyStep = 64 * 1024;
// One line for each address and status in this time: a flood must not become one of the log.
constexpr auto kTellAgain = std::chrono::milliseconds{60'000};
constexpr std::size_t kToldKeys = 1024;
// Rest before the next accept when the process is out of file descriptors.
constexpr auto kAcceptPause = std::chrono::milliseconds{100};

SteadyTime now() {
  return steady_clock::now();
}

auto into(Error& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

// Of errors in what was sent, as against errors of the connection.
const boost::system::error_category& http_category() {
  return wire::make_error_code(wire::error::bad_method).category();
}

std::string to_text(const tcp::endpoint& end) {
  const auto address = end.address().to_string();
  const bool v6 = end.address().is_v6();
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(end.port());
}

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
    if (waiting_) socket_.cancel(ignored_);
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
  beast::flat_buffer buffer_{kReadAhead};
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

asio::awaitable<void> Connection::serve() {
  const auto& deadlines = shared_->limits.deadlines;
  auto header_until = now() + deadlines.header;
  bool first = true;
  if (!welcome_) {
    const Reading reading = too_much_from_here(shared_->spread_retry());
    co_await refuse(reading);
    close();
  }
  while (!closed_) {
    const auto wait_until = first ? header_until : now() + deadlines.idle;
    const bool begun = co_await wait_for_request(wait_until, first);
    if (!begun) break;
    if (!first) header_until = now() + deadlines.header;
    first = false;

    auto admitted = std::make_shared<Admitted>(shared_->budget);
    const auto reading = co_await read_request(header_until, admitted);
    if (!reading.complete) {
      // First: neither the answer nor the lingering after it may keep a share of the budget.
      admitted.reset();
      if (reading.refusal != 0) co_await refuse(reading);
      break;
    }
    ++shared_->requests;

    // The handler alone decides how long the request and its share of the budget live.
    std::shared_ptr<const Request> request(admitted, &admitted->request);
    admitted.reset();
    auto response = co_await handle(std::move(request));
    if (closed_) break;
    const bool keep = keep_alive_ && !shared_->draining;
    const bool written = co_await write(std::move(response), version_, head_, keep);
    if (!written) break;
    if (!keep) {
      // Unread bytes (a pipelined request) would turn the close into a reset.
      if (buffer_.size() > 0 || socket_.available(ignored_) > 0) co_await linger();
      break;
    }
  }
  close();
}

// True when at least one byte of a request is there.
asio::awaitable<bool> Connection::wait_for_request(SteadyTime until, bool first) {
  if (buffer_.size() > 0) co_return true;
  buffer_.shrink_to_fit();
  // No wait when the place is needed, but what has arrived is still served.
  const bool unwanted = shared_->draining || (!first && shared_->waiting_for_room > 0);
  if (!unwanted) {
    waiting_ = true;
    if (!first) idle_since_ = now();
    Error error;
    limit(until);
    co_await socket_.async_wait(tcp::socket::wait_read, into(error));
    unlimit();
    idle_since_.reset();
    waiting_ = false;
  }
  if (closed_) co_return false;
  co_return socket_.available(ignored_) > 0;
}

asio::awaitable<Connection::Reading> Connection::read_request(SteadyTime header_until,
                                                              std::shared_ptr<Admitted> admitted) {
  const auto& limits = shared_->limits;
  wire::request_parser<wire::buffer_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);

  version_ = 11;
  head_ = false;
  Error error;
  limit(header_until);
  co_await wire::async_read_header(socket_, buffer_, parser, into(error));
  unlimit();
  if (closed_) co_return gone();
  if (error) {
    if (timed_out_) co_return refused(408);
    if (error == wire::error::end_of_stream) co_return gone();
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow)
      co_return refused(431);
    if (error == wire::error::body_limit) co_return refused(413);
    if (error.category() == http_category()) co_return refused(400);
    co_return gone();
  }

  const auto& header = parser.get();
  version_ = header.version();
  keep_alive_ = parser.keep_alive();
  head_ = header.method() == wire::verb::head;
  // Codings that are not undone here, or that hide the length: a proxy in front might see the end
  // of the request elsewhere.
  if (const auto coding = header[wire::field::transfer_encoding];
      !coding.empty() && (!beast::iequals(coding, "chunked") || version_ < 11))
    co_return refused(400);
  if (header.count(wire::field::transfer_encoding) > 1) co_return refused(400);

  auto& request = admitted->request;
  request.method = std::string(header.method_string());
  request.target = std::string(header.target());
  request.content_type = std::string(header[wire::field::content_type]);
  request.authorization = std::string(header[wire::field::authorization]);
  request.if_none_match = std::string(header[wire::field::if_none_match]);
  request.peer = peer_;

  if (const auto wait = shared_->addresses.wait_of(address_, now()); wait > 0)
    co_return too_much_from_here(wait);

  // Gate and budget are asked before a byte of the body is read, and the memory that it stands for
  // is allocated once.
  const auto announced = parser.content_length();
  const auto large = [&](std::uint64_t octets) { return octets > limits.large_body; };
  bool passed_gate = false;
  const auto refused_at_gate = [&](std::uint64_t octets) {
    if (passed_gate || !large(octets) || !shared_->gate) return false;
    passed_gate = shared_->gate(octets);
    return !passed_gate;
  };
  auto& share = admitted->share;
  auto& body = request.body;
  if (announced) {
    if (refused_at_gate(*announced) || !share.try_grow(*announced, large(*announced)))
      co_return busy();
    body.reserve(static_cast<std::size_t>(*announced));
  } else if (parser.chunked() && !share.try_grow(kBodyStep)) {
    co_return busy();
  }

  if (const auto expect = header[wire::field::expect]; !expect.empty() && version_ >= 11) {
    if (!beast::iequals(expect, "100-continue")) co_return refused(417);
    if (!parser.is_done() && buffer_.size() == 0) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      limit(now() + limits.deadlines.write);
      co_await asio::async_write(socket_, asio::buffer(go_on), into(error));
      unlimit();
      if (error || closed_) co_return gone();
    }
  }

  const auto started = now();
  std::size_t received = 0;
  while (!parser.is_done()) {
    std::size_t room = kBodyStep;
    if (announced) {
      room = static_cast<std::size_t>(std::min<std::uint64_t>(room, *announced - received));
    } else if (share.bytes() < received + kBodyStep) {
      const auto then = received + kBodyStep;
      if (refused_at_gate(then) || !share.try_grow(kBodyStep, large(then))) co_return busy();
    }
    body.resize(received + room);
    parser.get().body().data = body.data() + received;
    parser.get().body().size = room;
    parser.get().body().more = true;

    const auto earned = std::chrono::milliseconds{
        static_cast<std::int64_t>(received * 1000 / limits.deadlines.min_bytes_per_second)};
    limit(started + std::min(limits.deadlines.body, limits.deadlines.rate_grace + earned));
    co_await wire::async_read_some(socket_, buffer_, parser, into(error));
    unlimit();
    received += room - parser.get().body().size;
    if (closed_) co_return gone();
    if (error == wire::error::need_buffer) error = {};
    if (!error) continue;
    if (timed_out_) co_return refused(408);
    if (error == wire::error::body_limit) co_return refused(413);
    if (error.category() == http_category()) co_return refused(400);
    co_return gone();
  }
  body.resize(received);
  share.shrink_to(received);
  co_return complete();
}

asio::awaitable<Response> Connection::handle(std::shared_ptr<const Request> request) {
  // Counts also when the frame is destroyed with its context.
  struct Counted {
    explicit Counted(std::size_t& n) : count(n) { ++count; }
    ~Counted() { --count; }
    std::size_t& count;
  } const counted(shared_->handling);
  Response response;
  response.status = 500;
  try {
    response = co_await shared_->handler(std::move(request));
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "http.handler_failed", "a request ended with an exception",
              {{"peer", peer_}, {"reason", error.what()}});
  } catch (...) {
    base::log(base::LogLevel::error, "http.handler_failed", "a request ended with an exception",
              {{"peer", peer_}});
  }
  co_return response;
}

asio::awaitable<bool> Connection::write(Response response, unsigned version, bool head,
                                        bool keep_alive) {
  const auto& deadlines = shared_->limits.deadlines;
  ByteShare share(shared_->budget);
  share.grow(response.body.size());
  const auto stretch = std::chrono::milliseconds{
      static_cast<std::int64_t>(response.body.size() * 1000 / deadlines.min_bytes_per_second)};

  wire::response<wire::string_body> message;
  message.version(version);
  message.result(response.status);
  message.set(wire::field::server, "dataclearingd");
  if (!response.content_type.empty()) message.set(wire::field::content_type, response.content_type);
  if (!response.etag.empty()) message.set(wire::field::etag, response.etag);
  if (response.retry_after_seconds)
    message.set(wire::field::retry_after, std::to_string(*response.retry_after_seconds));
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();

  wire::response_serializer<wire::string_body> serializer(message);
  Error error;
  limit(now() + deadlines.write + stretch);
  if (head) {
    serializer.split(true);
    co_await wire::async_write_header(socket_, serializer, into(error));
  } else {
    co_await wire::async_write(socket_, serializer, into(error));
  }
  unlimit();
  if (error && timed_out_)
    base::log(base::LogLevel::warning, "http.answer_not_taken",
              "a client did not take its answer in time", {{"peer", peer_}});
  co_return !error && !closed_;
}

// Answers without the handler and ends the connection, since the rest of the request is unread.
asio::awaitable<void> Connection::refuse(Reading reading) {
  ++shared_->refused;
  const auto status = std::to_string(reading.refusal);
  if (shared_->told.take(address_ + " " + status, {1}, now()).taken)
    base::log(base::LogLevel::info, "http.refused", "a request was refused",
              {{"peer", peer_}, {"status", status}});
  Response response;
  response.status = reading.refusal;
  if (reading.retry_after > 0) response.retry_after_seconds = reading.retry_after;
  const bool written = co_await write(std::move(response), 11, head_, false);
  if (written) co_await linger();
}

// Says that nothing more will come, then discards what the client still sends, so that the close
// does not reset the connection and destroy the answer on its way.
asio::awaitable<void> Connection::linger() {
  const auto& deadlines = shared_->limits.deadlines;
  socket_.shutdown(tcp::socket::shutdown_send, ignored_);
  buffer_.clear();
  ++shared_->lingering;
  shared_->gave_room();
  const auto last = now() + deadlines.linger;
  while (!closed_) {
    Error error;
    limit(std::min(last, now() + deadlines.linger_silence));
    const auto space = buffer_.prepare(kReadAhead);
    co_await socket_.async_read_some(space, into(error));
    unlimit();
    if (error || now() >= last) break;
  }
  --shared_->lingering;
}

} // namespace

class Server::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::any_io_executor executor, ServerLimits limits, Handler handler, Gate gate)
      : executor_(std::move(executor)),
        shared_(std::make_shared<Shared>(limits, std::move(handler), std::move(gate))),
        changed_(executor_) {
    changed_.expires_at(SteadyTime::max());
    shared_->gave_room = [this] { changed_.cancel(); }; // connections are this object's
  }

  base::Result<std::uint16_t> listen(const std::string& address, std::uint16_t port) {
    Error error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) return base::fail(base::ErrorCode::invalid_config, "not an IP address: " + address);
    const tcp::endpoint end(ip, port);
    tcp::acceptor acceptor(executor_);
    acceptor.open(end.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(end, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error)
      return base::fail(base::ErrorCode::network,
                        "cannot listen on " + to_text(end) + ": " + error.message());
    const auto bound = acceptor.local_endpoint(error);
    acceptors_.push_back(std::move(acceptor));
    return bound.port();
  }

  // Static, with the listener as parameter: a coroutine that is started after the Server has gone.
  static asio::awaitable<void> run(std::shared_ptr<Listener> self) {
    for (auto at = self->acceptors_.begin(); at != self->acceptors_.end(); ++at) {
      ++self->accepting_;
      auto finished = [self] {
        --self->accepting_;
        self->changed_.cancel();
      };
      self->start(self->accept_from(at), std::move(finished));
    }
    while (self->accepting_ > 0) co_await self->change();
  }

  static asio::awaitable<void> drain(std::shared_ptr<Listener> self, steady_clock::duration grace) {
    Shared& shared = *self->shared_;
    shared.draining = true;
    Error ignored;
    for (auto& acceptor : self->acceptors_) acceptor.close(ignored);
    self->changed_.cancel();
    for (auto& connection : self->connections_) connection.wake();

    asio::steady_timer grace_end(self->executor_, grace);
    const auto over = std::make_shared<bool>(false);
    grace_end.async_wait([self, over](const Error& error) {
      if (error) return;
      *over = true;
      self->changed_.cancel();
    });
    while (!self->connections_.empty() && !*over) co_await self->change();
    for (auto& connection : self->connections_) connection.close();
    // Closed connections end within a turn of the loop, but for those that wait for their handler.
    while (self->connections_.size() > shared.handling) co_await self->change();
  }

  ServerCounts counts() const {
    ServerCounts counts;
    counts.connections = connections_.size();
    counts.handling = shared_->handling;
    counts.bytes_in_flight = shared_->budget->used();
    counts.requests = shared_->requests;
    counts.refused = shared_->refused;
    counts.lingering = shared_->lingering;
    counts.refused_busy = shared_->refused_busy;
    counts.refused_address = shared_->refused_address;
    return counts;
  }

 private:
  // Spawns a coroutine that nobody cancels; `finished` runs at its end.
  template <class F>
  void start(asio::awaitable<void> task, F finished) {
    auto end = [finished = std::move(finished)](std::exception_ptr thrown) mutable {
      if (thrown) {
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
          base::log(base::LogLevel::error, "http.connection_failed",
                    "a connection ended with an exception", {{"reason", error.what()}});
        }
      }
      finished();
    };
    asio::co_spawn(executor_, std::move(task), std::move(end));
  }

  asio::awaitable<void> change() {
    Error error;
    co_await changed_.async_wait(into(error));
  }

  asio::awaitable<void> accept_from(std::list<tcp::acceptor>::iterator at) {
    tcp::acceptor& acceptor = *at;
    while (!shared_->draining) {
      Error error;
      if (full()) {
        co_await acceptor.async_wait(tcp::acceptor::wait_read, into(error));
        if (shared_->draining) break;
        ++shared_->waiting_for_room;
        if (full()) make_room();
        while (full() && !shared_->draining) co_await change();
        --shared_->waiting_for_room;
        continue;
      }
      tcp::socket socket(executor_);
      co_await acceptor.async_accept(socket, into(error));
      if (shared_->draining) break;
      if (!error) {
        adopt(std::move(socket));
      } else if (error != asio::error::connection_aborted) {
        base::log(base::LogLevel::error, "http.accept_failed", "cannot accept connections",
                  {{"reason", error.message()}});
        asio::steady_timer pause(executor_, kAcceptPause);
        co_await pause.async_wait(into(error));
      }
    }
  }

  bool full() const {
    const auto most = shared_->limits.connections;
    return connections_.size() >= most + std::min(shared_->lingering, most / 4);
  }

  void adopt(tcp::socket socket) {
    const auto at = connections_.emplace(connections_.end(), std::move(socket), shared_);
    start(at->serve(), [self = shared_from_this(), at] {
      self->connections_.erase(at);
      self->changed_.cancel();
    });
  }

  void make_room() {
    Connection* longest = nullptr;
    for (auto& connection : connections_)
      if (connection.idle_since() &&
          (!longest || *connection.idle_since() < *longest->idle_since()))
        longest = &connection;
    if (longest) longest->wake();
  }

  asio::any_io_executor executor_;
  std::shared_ptr<Shared> shared_;
  std::list<tcp::acceptor> acceptors_;
  std::size_t accepting_ = 0;
  std::list<Connection> connections_;
  asio::steady_timer changed_; // never expires; cancelled when something above has changed
};

Server::Server(asio::any_io_executor executor, ServerLimits limits, Handler handler, Gate gate)
    : listener_(std::make_shared<Listener>(std::move(executor), limits, std::move(handler),
                                           std::move(gate))) {}

Server::~Server() = default;

base::Result<std::uint16_t> Server::listen(const std::string& address, std::uint16_t port) {
  return listener_->listen(address, port);
}

asio::awaitable<void> Server::run() {
  return Listener::run(listener_);
}

asio::awaitable<void> Server::drain(steady_clock::duration grace) {
  return Listener::drain(listener_, grace);
}

ServerCounts Server::counts() const {
  return listener_->counts();
}

} // namespace http
