#include "base/log.h"
#include "unit/http/running_server.h"
#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace {

using namespace test;

// Handlers wait here until the test lets them go on.
class Gate {
 public:
  explicit Gate() = default;

  asio::awaitable<http::Response> pass(std::shared_ptr<const http::Request> request) {
    ++entered;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!open) {
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    ++finished;
    http::Response response;
    response.body = request->body;
    co_return response;
  }
  http::Handler handler() {
    return
        [this](std::shared_ptr<const http::Request> request) { return pass(std::move(request)); };
  }
  void wait_for(int count) {
    for (int i = 0; i < 2000 && entered < count; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(entered, count);
  }

  std::atomic<bool> open = false;
  std::atomic<int> entered = 0;
  std::atomic<int> finished = 0;
};

TEST(HttpServer, AnswersWithContentLengthServerNameAndNoMore) {
  RunningServer server;
  RawClient client(server.port());
  client.send(post("hello"));
  const auto answer = client.receive();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(answer.has("Server: dataclearingd"));
  EXPECT_TRUE(answer.has("Content-Type: text/plain"));
  EXPECT_TRUE(answer.has("Content-Length: 18"));
  EXPECT_EQ(answer.head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(answer.body, "POST /osci 5 hello");
}

TEST(HttpServer, RequestCarriesMethodTargetTypeAndPeer) {
  http::Request seen;
  auto handler =
      [&](std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
    seen = *request;
    co_return http::Response();
  };
  RunningServer server({}, handler);
  RawClient client(server.port());
  client.send(post("x", "charset: utf-8\r\nConnection: keep-alive\r\n"));
  client.receive();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/osci");
  EXPECT_EQ(seen.content_type, "text/xml");
  EXPECT_EQ(seen.peer.rfind("127.0.0.1:", 0), 0u);
}

TEST(HttpServer, OneConnectionServesManyRequests) {
  RunningServer server;
  RawClient client(server.port());
  for (int i = 0; i < 50; ++i) {
    client.send(post(std::to_string(i)));
    EXPECT_EQ(client.receive().body.substr(13), std::to_string(i));
  }
  EXPECT_EQ(server.counts().connections, 1u);
  EXPECT_EQ(server.counts().requests, 50u);
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  RunningServer server;
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += post("body " + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    const auto answer = client.receive();
    ASSERT_NE(answer.body.find("body " + std::to_string(i)), std::string::npos) << i;
  }
}

TEST(HttpServer, AnyContentTypeOrNoneIsTaken) {
  RunningServer server;
  RawClient client(server.port());
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(client.receive().status(), 200);
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Type: ???\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(client.receive().status(), 200);
}

TEST(HttpServer, ChunkedBodyIsJoined) {
  RunningServer server;
  RawClient client(server.port());
  client.send(chunked_head() + chunk("hello ") + chunk("wor") + "2;ext=\"1\"\r\nld\r\n" +
              "0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.receive().body, "POST /osci 11 hello world");
  client.send(post("next"));
  EXPECT_EQ(client.receive().body, "POST /osci 4 next");
}

TEST(HttpServer, LargeBodiesArriveWholeAnnouncedOrChunked) {
  std::string seen;
  auto handler =
      [&](std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
    seen = request->body;
    co_return http::Response();
  };
  RunningServer server({}, handler);
  std::string body(3'000'001, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
  RawClient client(server.port());
  client.send(post(body));
  EXPECT_EQ(client.receive().status(), 200);
  EXPECT_EQ(seen, body);
  std::string chunks = chunked_head();
  for (std::size_t at = 0; at < body.size(); at += 99'999) chunks += chunk(body.substr(at, 99'999));
  client.send(chunks + "0\r\n\r\n");
  EXPECT_EQ(client.receive().status(), 200);
  EXPECT_EQ(seen, body);
  seen.clear();
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

TEST(HttpServer, EveryByteMayComeAlone) {
  RunningServer server;
  RawClient client(server.port());
  for (const char c : post("slow but steady")) client.send(std::string(1, c));
  EXPECT_EQ(client.receive().body, "POST /osci 15 slow but steady");
  for (const char c : chunked_head() + chunk("abc") + chunk("def") + "0\r\n\r\n")
    client.send(std::string(1, c));
  EXPECT_EQ(client.receive().body, "POST /osci 6 abcdef");
}

TEST(HttpServer, ExpectationIsMetBeforeTheBody) {
  RunningServer server;
  RawClient client(server.port());
  client.send(
      "POST /osci HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive().status(), 100);
  client.send("body");
  EXPECT_EQ(client.receive().status(), 200);
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nExpect: wonders\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive().status(), 417);
}

TEST(HttpServer, MethodsAreLeftToTheHandlerAndHeadGetsNoBody) {
  RunningServer server;
  RawClient client(server.port());
  client.send("GET /osci HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive().body, "GET /osci 0 ");
  client.send("HEAD /osci HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto head = client.receive(true);
  EXPECT_TRUE(head.has("Content-Length: 13"));
  client.send("PROPFIND /x?y=1 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.receive().body, "PROPFIND /x?y=1 0 ");
}

TEST(HttpServer, Http10AndConnectionCloseEndTheConnection) {
  RunningServer server;
  RawClient old(server.port());
  old.send("POST /osci HTTP/1.0\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(old.receive().status(), 200);
  EXPECT_TRUE(old.closed_cleanly());
  RawClient client(server.port());
  client.send(post("x", "Connection: close\r\n"));
  EXPECT_TRUE(client.receive().has("Connection: close"));
  EXPECT_TRUE(client.closed_cleanly());
}

TEST(HttpServer, RetryAfterAndStatusOfTheHandlerAreSent) {
  auto handler = [](std::shared_ptr<const http::Request>) -> asio::awaitable<http::Response> {
    http::Response response;
    response.status = 503;
    response.retry_after_seconds = 7;
    co_return response;
  };
  RunningServer server({}, handler);
  RawClient client(server.port());
  client.send(post("x"));
  const auto answer = client.receive();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_TRUE(answer.has("Retry-After: 7"));
  EXPECT_TRUE(answer.has("Content-Length: 0"));
}

TEST(HttpServer, AnExceptionInTheHandlerIs500WithoutDetail) {
  std::mutex mutex;
  std::vector<std::string> log;
  base::set_log_sink([&](const base::LogRecord& record) {
    const std::lock_guard lock(mutex);
    log.push_back(base::render(record));
  });
  {
    auto handler = [](std::shared_ptr<const http::Request>) -> asio::awaitable<http::Response> {
      throw base::InternalError("secret");
      co_return http::Response();
    };
    RunningServer server({}, handler);
    RawClient client(server.port());
    client.send(post("x"));
    const auto answer = client.receive();
    EXPECT_EQ(answer.status(), 500);
    EXPECT_TRUE(answer.body.empty());
    client.send(post("x"));
    EXPECT_EQ(client.receive().status(), 500); // the connection has survived
  }
  base::set_log_sink([](const base::LogRecord&) {});
  ASSERT_EQ(log.size(), 2u);
  EXPECT_NE(log[0].find("http.handler_failed"), std::string::npos);
}

TEST(HttpServer, AVanishedClientDoesNotStopTheHandler) {
  Gate gate;
  RunningServer server({}, gate.handler());
  {
    RawClient client(server.port());
    client.send(post("commit me"));
    gate.wait_for(1);
    client.vanish();
  }
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(server.counts().handling, 1u);
  gate.open = true;
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 0; }));
  EXPECT_EQ(gate.finished, 1);
  EXPECT_EQ(server.counts().bytes_in_flight, 0u);
}

TEST(HttpServer, AHalfClosedClientGetsItsAnswer) {
  Gate gate;
  RunningServer server({}, gate.handler());
  RawClient client(server.port());
  client.send(post("answer me"));
  client.half_close();
  gate.wait_for(1);
  gate.open = true;
  EXPECT_EQ(client.receive().body, "answer me");
  EXPECT_TRUE(client.closed_cleanly());
}

TEST(HttpServer, DrainClosesIdleConnectionsAtOnce) {
  RunningServer server;
  RawClient kept(server.port()), fresh(server.port());
  kept.send(post("x"));
  EXPECT_EQ(kept.receive().status(), 200);
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 2; }));
  EXPECT_LT(server.drain(20s), 5s);
  EXPECT_TRUE(kept.closed_cleanly());
  EXPECT_TRUE(fresh.closed_cleanly());
  EXPECT_EQ(server.counts().connections, 0u);
  EXPECT_THROW(RawClient{server.port()}, boost::system::system_error);
}

TEST(HttpServer, DrainLetsBusyRequestsEnd) {
  Gate gate;
  RunningServer server({}, gate.handler());
  RawClient busy(server.port()), half_sent(server.port());
  busy.send(post("busy"));
  gate.wait_for(1);
  const auto late = post("half sent");
  half_sent.send(late.substr(0, late.size() - 4));
  std::this_thread::sleep_for(20ms);
  std::thread opener([&] {
    std::this_thread::sleep_for(50ms);
    half_sent.send(late.substr(late.size() - 4));
    gate.open = true;
  });
  EXPECT_LT(server.drain(20s), 10s);
  opener.join();
  const auto answer = busy.receive();
  EXPECT_EQ(answer.body, "busy");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(busy.closed_cleanly());
  EXPECT_EQ(half_sent.receive().body, "half sent");
}

TEST(HttpServer, DrainGivesUpAfterTheGraceButNoHandlerIsCancelled) {
  Gate gate;
  RunningServer server({}, gate.handler());
  RawClient client(server.port());
  client.send(post("slow commit"));
  gate.wait_for(1);
  RawClient half_sent(server.port());
  half_sent.send("POST /osci HTT");
  std::this_thread::sleep_for(20ms);
  const auto took = server.drain(50ms);
  EXPECT_GE(took, 45ms);
  EXPECT_LT(took, 5s);
  EXPECT_TRUE(client.receive().head.empty());
  EXPECT_EQ(server.counts().handling, 1u);
  EXPECT_EQ(server.counts().connections, 1u);
  gate.open = true;
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 0; }));
  EXPECT_EQ(gate.finished, 1);
}

TEST(HttpServer, TheServerObjectMayGoBeforeItsHandlersHaveEnded) {
  Gate gate;
  asio::io_context loop;
  std::uint16_t port = 0;
  auto server =
      std::make_unique<http::Server>(loop.get_executor(), http::ServerLimits(), gate.handler());
  port = server->listen("127.0.0.1", 0).value();
  asio::co_spawn(loop, server->run(), [](std::exception_ptr) {});
  RawClient client(port);
  client.send(post("x"));
  while (gate.entered == 0) loop.run_for(5ms);
  asio::co_spawn(loop, server->drain(0ms), [&](std::exception_ptr) { server.reset(); });
  while (server) loop.run_for(5ms);
  gate.open = true;
  loop.run();
  EXPECT_EQ(gate.finished, 1);
}

TEST(HttpServer, ALoopMayEndWithConnectionsInEveryState) {
  Gate gate;
  RawClient* clients[3];
  {
    asio::io_context loop;
    http::Server server(loop.get_executor(), http::ServerLimits(), gate.handler());
    const auto port = server.listen("127.0.0.1", 0).value();
    asio::co_spawn(loop, server.run(), [](std::exception_ptr) {});
    for (auto& client : clients) client = new RawClient(port);
    clients[0]->send(post("x"));
    clients[1]->send("POST /osci HTTP/1.1\r\nContent-Length: 9\r\n\r\nab");
    while (gate.entered == 0) loop.run_for(5ms);
  }
  for (auto* client : clients) delete client;
  EXPECT_EQ(gate.finished, 0);
}

TEST(HttpServer, ListenReportsWhatIsWrong) {
  asio::io_context loop;
  http::Server server(loop.get_executor(), http::ServerLimits(), echo);
  EXPECT_EQ(server.listen("localhost", 0).error().code, base::ErrorCode::invalid_config);
  const auto port = server.listen("127.0.0.1", 0).value();
  EXPECT_EQ(server.listen("127.0.0.1", port).error().code, base::ErrorCode::network);
  EXPECT_EQ(server.listen("192.0.2.1", 0).error().code, base::ErrorCode::network);
}

TEST(HttpServer, SeveralAddressesShareOneServer) {
  asio::io_context loop;
  http::Server server(loop.get_executor(), http::ServerLimits(), echo);
  const auto one = server.listen("127.0.0.1", 0).value();
  const auto two = server.listen("127.0.0.2", 0).value();
  EXPECT_NE(one, 0);
  EXPECT_NE(two, 0);
  bool ended = false;
  asio::co_spawn(loop, server.run(), [&](std::exception_ptr) { ended = true; });
  loop.poll();
  asio::co_spawn(loop, server.drain(1s), [](std::exception_ptr) {});
  loop.run();
  EXPECT_TRUE(ended);
}

TEST(HttpServer, ManyClientsAtOnceAreAllAnswered) {
  RunningServer server;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int c = 0; c < 5; ++c) {
        RawClient client(server.port());
        for (int i = 0; i < 10; ++i) {
          client.send(post(std::string(20'000, 'x')));
          if (client.receive().body.rfind("POST /osci 20000", 0) == 0) ++good;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

} // namespace
