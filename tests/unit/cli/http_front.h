// The fake intermediary behind HTTP, for the program `osci`.
#pragma once
#include "fake_intermediary.h"
#include "http/server.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace test {

class HttpFront {
 public:
  // Borrowed; touched by the server's thread while a program runs.
  explicit HttpFront(FakeIntermediary& intermediary) : intermediary_(intermediary) {
    port_ = server_.listen("127.0.0.1", 0).value();
    boost::asio::co_spawn(loop_, server_.run(), boost::asio::detached);
    thread_ = std::jthread([this] { loop_.run(); });
  }
  ~HttpFront() { loop_.stop(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/osci"; }

 private:
  boost::asio::awaitable<http::Response> handle(std::shared_ptr<const http::Request> request) {
    http::Response out;
    auto reply = intermediary_.post(request->body);
    out.status = reply ? 200 : 502;
    if (reply) out.body = std::move(reply->body);
    co_return out;
  }

  FakeIntermediary& intermediary_;
  boost::asio::io_context loop_;
  http::Server server_{loop_.get_executor(), {}, [this](std::shared_ptr<const http::Request> one) {
                         return handle(std::move(one));
                       }};
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

} // namespace test
