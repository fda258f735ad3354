// A server on a loop and thread of its own, and a client that sends exactly what a test says.
#pragma once
#include "http/server.h"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>

namespace test {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

// "POST /osci 5" + body: what reached the handler.
inline asio::awaitable<http::Response> echo(std::shared_ptr<const http::Request> request) {
  http::Response response;
  response.content_type = "text/plain";
  response.body = request->method + " " + request->target + " " +
                  std::to_string(request->body.size()) + " " + request->body.substr(0, 40);
  co_return response;
}

class RunningServer {
 public:
  explicit RunningServer(http::ServerLimits limits = {}, http::Handler handler = echo,
                         http::Gate gate = {})
      : server_(loop_.get_executor(), limits, std::move(handler), std::move(gate)),
        port_(server_.listen("127.0.0.1", 0).value()), thread_([this] { loop_.run(); }) {
    asio::co_spawn(loop_, server_.run(), [](std::exception_ptr) {});
  }
  ~RunningServer() {
    drain(0ms);
    work_.reset();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  asio::io_context& loop() { return loop_; }

  http::ServerCounts counts() {
    std::promise<http::ServerCounts> out;
    asio::post(loop_, [&] { out.set_value(server_.counts()); });
    return out.get_future().get();
  }

  // False: not so within some seconds.
  bool reaches(const std::function<bool(const http::ServerCounts&)>& state) {
    for (int i = 0; i < 1000; ++i) {
      if (state(counts())) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  // Time the drain took.
  std::chrono::milliseconds drain(std::chrono::milliseconds grace) {
    const auto start = std::chrono::steady_clock::now();
    std::promise<void> done;
    asio::co_spawn(loop_, server_.drain(grace), [&](std::exception_ptr) { done.set_value(); });
    done.get_future().get();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }

 private:
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  http::Server server_;
  std::uint16_t port_;
  std::thread thread_;
};

struct Received {
  std::string head; // without the final empty line; empty: closed before an answer
  std::string body;
  int status() const { return head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0; }
  bool has(const std::string& line) const {
    return ("\r\n" + head + "\r\n").find("\r\n" + line + "\r\n") != std::string::npos;
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(loop_) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    const timeval limit{20, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  bool send(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }
  void half_close() { socket_.shutdown(tcp::socket::shutdown_send); }
  void vanish() {
    socket_.set_option(tcp::socket::linger(true, 0)); // reset, as a crashed host would
    socket_.close();
  }

  // One answer by its Content-Length.
  Received receive(bool head_only = false) {
    Received out;
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return out;
    out.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    std::size_t length = 0;
    if (const auto at = out.head.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(out.head.substr(at + 16));
    if (head_only) length = 0;
    while (buffer_.size() < length)
      if (!more()) break;
    out.body = buffer_.substr(0, length);
    buffer_.erase(0, out.body.size());
    return out;
  }

  // Waits for the end of the connection; false: more bytes, a reset, or nothing for too long.
  bool closed_cleanly() {
    char byte;
    if (!buffer_.empty()) return false;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, 0);
    return got == 0;
  }

 private:
  bool more() {
    char block[16384];
    const auto got = ::recv(socket_.native_handle(), block, sizeof block, 0);
    if (got <= 0) return false;
    buffer_.append(block, static_cast<std::size_t>(got));
    return true;
  }

  asio::io_context loop_;
  tcp::socket socket_;
  std::string buffer_;
};

inline std::string post(const std::string& body, const std::string& more_headers = {}) {
  return "POST /osci HTTP/1.1\r\nHost: test\r\nContent-Type: text/xml\r\n" + more_headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

inline std::string chunked_head() {
  return "POST /osci HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
}

} // namespace test
