// HTTP/1.1 server for one kind of request: a body comes, an answer goes.
#pragma once
#include "base/result.h"
#include "http/limits.h"
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace http {

namespace asio = boost::asio;

struct Request {
  std::string method;       // upper case as sent, e.g. "POST"
  std::string target;       // as sent, e.g. "/osci"
  std::string content_type; // empty when absent
  std::string body;
  std::string authorization, if_none_match; // headers; empty when absent
  std::string peer;                         // address and port of the other end, for the log
};

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body; // sent with Content-Length, never compressed; not sent in answer to HEAD
  std::optional<unsigned> retry_after_seconds;
  std::string etag; // with its quotation marks; empty: none
};

// Called on the server's executor, once for each completely read request. Never cancelled by the
// client's leaving or by drain(): a commit that has begun is awaited, and its answer dropped if
// nobody is left to take it. The request's share of the byte budget is returned when the last
// shared_ptr to it goes, on any thread. An exception becomes 500 without detail.
using Handler = std::function<asio::awaitable<Response>(std::shared_ptr<const Request>)>;

// Asked before a body larger than ServerLimits::large_body is read; `reading`: how many such bodies
// are being read. False: 503, unread. On the server's executor; cheap.
using Gate = std::function<bool(std::size_t reading)>;

struct ServerCounts {
  std::size_t connections = 0; // open at present
  std::size_t lingering = 0;   // of these, refused and taking leave
  std::size_t handling = 0;    // requests in the handler at present
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t requests = 0;        // completely read since start
  std::uint64_t refused = 0;         // answered by the server itself: 400, 408, 413, 431, 503, ...
  std::uint64_t refused_busy = 0;    // of these 503: byte budget, gate
  std::uint64_t refused_address = 0; // of these 503: too much from one address
};

// All members are called on `executor`, which runs one handler at a time. The object may go before
// its connections have ended; the executor's context must not.
class Server {
 public:
  Server(asio::any_io_executor executor, ServerLimits limits, Handler handler, Gate gate = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens; `address` is numeric, port 0 lets the kernel choose. May be called for
  // several addresses before run(). Returns the bound port. Errors: invalid_config, network.
  base::Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);

  // Accepts until drain().
  asio::awaitable<void> run();

  // Stops accepting, closes idle connections at once, lets requests that have begun end within
  // `grace`, then closes every socket. Resumes when all connections have ended, or after the grace;
  // handlers still at work then go on (see counts().handling), and their answers are dropped.
  asio::awaitable<void> drain(std::chrono::steady_clock::duration grace);

  ServerCounts counts() const;

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

} // namespace http
