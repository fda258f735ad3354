#include "http/byte_budget.h"
#include "unit/http/running_server.h"
#include <boost/asio/redirect_error.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <vector>

namespace {

using namespace test;

http::ServerLimits small() {
  http::ServerLimits limits;
  limits.body_bytes = 1000;
  limits.deadlines.linger = 2s;
  limits.deadlines.linger_silence = 1s;
  return limits;
}

TEST(HttpLimits, TooLargeIsRefusedBeforeTheBodyIsSent) {
  RunningServer server(small());
  RawClient client(server.port());
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.status(), 413);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(answer.body.empty());
  EXPECT_TRUE(client.closed_cleanly());
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(HttpLimits, ExpectationOfATooLargeBodyIsNotMet) {
  RunningServer server(small());
  RawClient client(server.port());
  client.send(
      "POST /osci HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(client.receive().status(), 413);
}

TEST(HttpLimits, ARefusedClientThatSendsOnSeesTheAnswerAndNoReset) {
  RunningServer server(small());
  RawClient client(server.port());
  // More than the socket buffers hold: the client must be able to finish sending.
  EXPECT_TRUE(client.send(post(std::string(8'000'000, 'x'))));
  EXPECT_EQ(client.receive().status(), 413);
  EXPECT_TRUE(client.closed_cleanly());
}

TEST(HttpLimits, TheLargestAllowedBodyIsTaken) {
  RunningServer server(small());
  RawClient client(server.port());
  client.send(post(std::string(1000, 'x')));
  EXPECT_EQ(client.receive().status(), 200);
  client.send(chunked_head() + chunk(std::string(600, 'x')) + chunk(std::string(400, 'x')) +
              "0\r\n\r\n");
  EXPECT_EQ(client.receive().status(), 200);
}

TEST(HttpLimits, AChunkedBodyIsRefusedAtTheChunkThatExceedsTheLimit) {
  RunningServer server(small());
  RawClient client(server.port());
  client.send(chunked_head() + chunk(std::string(600, 'x')) + chunk(std::string(401, 'x')));
  EXPECT_EQ(client.receive().status(), 413);
  RawClient huge(server.port());
  huge.send(chunked_head() + "ffffffffffff\r\n");
  EXPECT_EQ(huge.receive().status(), 413);
  RawClient overflow(server.port());
  overflow.send(chunked_head() + "ffffffffffffffffffffff\r\n");
  const auto status = overflow.receive().status();
  EXPECT_TRUE(status == 400 || status == 413);
  EXPECT_EQ(server.counts().bytes_in_flight, 0u);
}

TEST(HttpLimits, ExhaustedBudgetIs503WithRetryAfterBeforeTheBody) {
  http::ServerLimits limits;
  limits.bytes_in_flight = 100'000;
  limits.retry_after_seconds = 9;
  RunningServer server(limits);
  RawClient first(server.port());
  first.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 80000\r\n\r\nbegun");
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 80'000; }));

  RawClient second(server.port());
  second.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 20001\r\n\r\n");
  const auto answer = second.receive();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_TRUE(answer.has("Retry-After: 9"));
  RawClient chunked(server.port());
  chunked.send(chunked_head() + chunk("x"));
  EXPECT_EQ(chunked.receive().status(), 503);
  RawClient third(server.port());
  third.send(post(std::string(20'000, 'x')));
  EXPECT_EQ(third.receive().status(), 200);

  first.send(std::string(79'995, 'x'));
  EXPECT_EQ(first.receive().status(), 200);
  RawClient fourth(server.port());
  fourth.send(post(std::string(90'000, 'x')));
  EXPECT_EQ(fourth.receive().status(), 200);
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

TEST(HttpLimits, AChunkedBodyIsRefusedWhereTheBudgetEnds) {
  http::ServerLimits limits;
  limits.bytes_in_flight = 200'000;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send(chunked_head());
  for (int i = 0; i < 30; ++i) client.send(chunk(std::string(10'000, 'x')));
  EXPECT_EQ(client.receive().status(), 503);
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

TEST(HttpLimits, TheBudgetComesBackWhenTheLastOwnerOfTheRequestLetsGo) {
  std::mutex mutex;
  std::vector<std::shared_ptr<const http::Request>> kept;
  auto handler =
      [&](std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(request));
    co_return http::Response();
  };
  RunningServer server({}, handler);
  RawClient client(server.port());
  client.send(post(std::string(5000, 'x')));
  EXPECT_EQ(client.receive().status(), 200);
  EXPECT_EQ(server.counts().bytes_in_flight, 5000u);
  {
    const std::lock_guard lock(mutex);
    kept.clear();
  }
  EXPECT_EQ(server.counts().bytes_in_flight, 0u);
}

TEST(HttpLimits, AClientThatLeavesInTheMiddleReturnsItsShare) {
  RunningServer server;
  {
    RawClient client(server.port());
    client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 80000\r\n\r\nbegun");
    EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 80'000; }));
    client.vanish();
  }
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

TEST(HttpLimits, ATruncatedBodyNeverReachesTheHandler) {
  RunningServer server;
  RawClient client(server.port());
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  client.half_close();
  EXPECT_EQ(client.receive().status(), 400);
  RawClient chunked(server.port());
  chunked.send(chunked_head() + chunk("abc") + "5\r\nab");
  chunked.half_close();
  EXPECT_EQ(chunked.receive().status(), 400);
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(HttpLimits, GarbageIsBadRequest) {
  const std::string cases[] = {
      "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 TLS to a clear port\r\n\r\n",
      "hello\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "POST /osci HTTP/1.1\r\nNo colon here\r\n\r\n",
      "POST /osci HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST /osci HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
      "POST /osci HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
      "POST /osci HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST /osci HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /osci HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "POST /osci HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc",
      "POST /osci HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST /osci HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "POST /osci HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      chunked_head() + "zz\r\n",
      chunked_head() + "3\r\nabcdef\r\n",
  };
  RunningServer server;
  for (const auto& bytes : cases) {
    RawClient client(server.port());
    client.send(bytes);
    const auto answer = client.receive();
    EXPECT_EQ(answer.status(), 400) << bytes;
    EXPECT_TRUE(answer.body.empty());
    EXPECT_TRUE(answer.has("Connection: close"));
    client.half_close();
    EXPECT_TRUE(client.closed_cleanly()) << bytes;
  }
  EXPECT_EQ(server.counts().requests, 0u);
  EXPECT_EQ(server.counts().refused, std::size(cases));
}

TEST(HttpLimits, RandomBytesNeverReachTheHandler) {
  RunningServer server(small());
  unsigned state = 12345;
  for (int round = 0; round < 60; ++round) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
      state = state * 1664525 + 1013904223;
      bytes.push_back(static_cast<char>(state >> 24));
    }
    RawClient client(server.port());
    client.send(bytes);
    client.half_close();
    client.receive();
  }
  EXPECT_EQ(server.counts().requests, 0u);
}

TEST(HttpLimits, ThousandsOfHeadersAreRefused) {
  RunningServer server(small());
  RawClient client(server.port());
  std::string request = "POST /osci HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) request += "X-" + std::to_string(i) + ": y\r\n";
  client.send(request + "\r\n");
  EXPECT_EQ(client.receive().status(), 431);
  RawClient one(server.port());
  one.send("POST /osci HTTP/1.1\r\nX: " + std::string(17'000, 'y') + "\r\n\r\n");
  EXPECT_EQ(one.receive().status(), 431);
  RawClient endless(server.port());
  endless.send("POST /" + std::string(100'000, 'y'));
  EXPECT_EQ(endless.receive().status(), 431);
  RawClient allowed(server.port());
  allowed.send(post("x", "X: " + std::string(15'000, 'y') + "\r\n"));
  EXPECT_EQ(allowed.receive().status(), 200);
}

TEST(HttpLimits, ASlowHeaderIsCut) {
  auto limits = small();
  limits.deadlines.header = 100ms;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send("POST /osci HTT");
  EXPECT_EQ(client.receive().status(), 408);
  RawClient silent(server.port());
  EXPECT_TRUE(silent.closed_cleanly());
}

TEST(HttpLimits, AnIdleConnectionIsClosedSilently) {
  auto limits = small();
  limits.deadlines.idle = 100ms;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send(post("x"));
  EXPECT_EQ(client.receive().status(), 200);
  EXPECT_TRUE(client.closed_cleanly());
}

TEST(HttpLimits, ABodyThatFallsBelowTheRateIsCut) {
  auto limits = small();
  limits.deadlines.rate_grace = 100ms;
  limits.deadlines.min_bytes_per_second = 100'000;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send("POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n");
  // A byte now and then: each read succeeds, the average does not.
  const auto start = std::chrono::steady_clock::now();
  std::thread trickle([&] {
    for (int i = 0; i < 60; ++i) {
      if (!client.send("x")) break;
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_EQ(client.receive().status(), 408);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  trickle.join();
  EXPECT_EQ(server.counts().bytes_in_flight, 0u);
}

TEST(HttpLimits, ABodyOverTheTotalTimeIsCutHoweverFast) {
  auto limits = small();
  limits.body_bytes = 1'000'000'000;
  limits.bytes_in_flight = 2'000'000'000;
  limits.deadlines.body = 200ms;
  limits.deadlines.min_bytes_per_second = 1;
  limits.deadlines.linger = 100ms;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send(chunked_head());
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    const auto block = chunk(std::string(1000, 'x'));
    while (!stop && client.send(block)) std::this_thread::sleep_for(1ms);
  });
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.refused == 1; }));
  stop = true;
  sender.join();
}

TEST(HttpLimits, AClientThatDoesNotTakeItsAnswerIsCut) {
  auto limits = small();
  limits.deadlines.write = 100ms;
  limits.deadlines.min_bytes_per_second = 1'000'000'000;
  auto handler = [](std::shared_ptr<const http::Request>) -> asio::awaitable<http::Response> {
    http::Response response;
    response.body.assign(50'000'000, 'x');
    co_return response;
  };
  RunningServer server(limits, handler);
  RawClient client(server.port());
  client.send(post("x"));
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight >= 50'000'000; }));
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 0; }));
  EXPECT_EQ(server.counts().bytes_in_flight, 0u);
}

TEST(HttpLimits, AtTheConnectionLimitNewClientsWaitAndAreServedLater) {
  auto limits = small();
  limits.connections = 2;
  std::atomic<bool> open = false;
  auto handler = [&](std::shared_ptr<const http::Request>) -> asio::awaitable<http::Response> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!open) {
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return http::Response();
  };
  RunningServer server(limits, handler);
  RawClient one(server.port()), two(server.port());
  one.send(post("1"));
  two.send(post("2"));
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.handling == 2; }));
  RawClient three(server.port()), four(server.port());
  three.send(post("3"));
  four.send(post("4"));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(server.counts().connections, 2u);
  open = true;
  // The first two keep their connections open and idle: they make room for the others.
  EXPECT_EQ(one.receive().status(), 200);
  EXPECT_EQ(two.receive().status(), 200);
  EXPECT_EQ(three.receive().status(), 200);
  EXPECT_EQ(four.receive().status(), 200);
  EXPECT_LE(server.counts().connections, 2u);
}

TEST(HttpLimits, TheConnectionThatIsIdleLongestMakesRoom) {
  auto limits = small();
  limits.connections = 2;
  RunningServer server(limits);
  RawClient old(server.port()), young(server.port());
  old.send(post("x"));
  EXPECT_EQ(old.receive().status(), 200);
  young.send(post("x"));
  EXPECT_EQ(young.receive().status(), 200);
  RawClient next(server.port());
  next.send(post("x"));
  EXPECT_EQ(next.receive().status(), 200);
  EXPECT_TRUE(old.closed_cleanly());
  young.send(post("x"));
  EXPECT_EQ(young.receive().status(), 200);
}

TEST(ByteBudget, SharesNeverExceedTheLimitAndAlwaysComeBack) {
  const auto budget = std::make_shared<http::ByteBudget>(100);
  {
    http::ByteShare a(budget), b(budget);
    EXPECT_TRUE(a.try_grow(60));
    EXPECT_FALSE(b.try_grow(41));
    EXPECT_TRUE(b.try_grow(40));
    EXPECT_FALSE(b.try_grow(~std::uint64_t{0}));
    b.grow(500); // exists already
    EXPECT_EQ(budget->used(), 600u);
    EXPECT_FALSE(a.try_grow(1));
    b.shrink_to(10);
    EXPECT_TRUE(a.try_grow(30));
  }
  EXPECT_EQ(budget->used(), 0u);
}

} // namespace
