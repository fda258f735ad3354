#include "http/server.h"
#include "base/log.h"
#include "http/connection.h"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <list>

namespace http {
namespace {

using std::chrono::steady_clock;

// Rest before the next accept when the process is out of file descriptors.
constexpr auto kAcceptPause = std::chrono::milliseconds{100};

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
