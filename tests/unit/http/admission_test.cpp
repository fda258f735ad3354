// Who is sent away before the body is read: by gate, by what large bodies may hold of the budget,
// by address. Refused clients have to see the answer, not a reset.
#include "http/addresses.h"
#include "unit/http/running_server.h"
#include <atomic>
#include <gtest/gtest.h>
#include <list>

namespace {

using namespace test;

std::string head(std::size_t length) {
  return "POST /osci HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

TEST(HttpAdmission, LargeBodiesLeaveAQuarterOfTheBudgetToTheOthers) {
  http::ServerLimits limits;
  limits.body_bytes = 100'000;
  limits.bytes_in_flight = 400'000;
  limits.large_body = 10'000;
  RunningServer server(limits);
  std::list<RawClient> large;
  for (int i = 0; i < 3; ++i) {
    large.emplace_back(server.port());
    large.back().send(head(100'000));
  }
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 300'000; }));
  RawClient one_more(server.port());
  one_more.send(head(50'000));
  EXPECT_EQ(one_more.receive().status(), 503);
  for (int i = 0; i < 20; ++i) {
    RawClient small(server.port());
    small.send(post(std::string(9'000, 'x')));
    EXPECT_EQ(small.receive().status(), 200);
  }
  EXPECT_EQ(server.counts().refused_busy, 1u);
  for (auto& client : large) {
    client.send(std::string(100'000, 'x'));
    EXPECT_EQ(client.receive().status(), 200);
  }
}

TEST(HttpAdmission, TheLargestBodyFitsHoweverSmallTheBudget) {
  http::ServerLimits limits;
  limits.body_bytes = limits.bytes_in_flight = 100'000;
  limits.large_body = 10'000;
  RunningServer server(limits);
  RawClient client(server.port());
  client.send(post(std::string(100'000, 'x')));
  EXPECT_EQ(client.receive().status(), 200);
}

TEST(HttpAdmission, TheGateIsAskedBeforeALargeBodyIsReadAndForNoOther) {
  std::atomic<bool> open = false;
  std::atomic<int> asked = 0;
  auto gate = [&](std::size_t) {
    ++asked;
    return open.load();
  };
  http::ServerLimits limits;
  limits.large_body = 10'000;
  RunningServer server(limits, echo, gate);
  RawClient refused(server.port());
  refused.send(head(10'001)); // and nothing of the body
  const auto answer = refused.receive();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_TRUE(answer.has("Retry-After: 5"));
  RawClient chunked(server.port());
  chunked.send("POST /osci HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  EXPECT_EQ(chunked.receive().status(), 503);
  EXPECT_EQ(asked, 2);

  RawClient small(server.port());
  small.send(post(std::string(10'000, 'x')));
  EXPECT_EQ(small.receive().status(), 200);
  EXPECT_EQ(asked, 2);
  open = true;
  RawClient large(server.port());
  large.send(post(std::string(10'001, 'x')));
  EXPECT_EQ(large.receive().status(), 200);
  EXPECT_EQ(server.counts().refused_busy, 2u);
}

TEST(HttpAdmission, TheGateHearsHowManyLargeBodiesAreBeingRead) {
  http::ServerLimits limits;
  limits.large_body = 10'000;
  RunningServer server(limits, echo, [](std::size_t reading) { return reading < 2; });
  std::list<RawClient> slow;
  for (int i = 0; i < 2; ++i) {
    slow.emplace_back(server.port());
    slow.back().send(head(20'000));
  }
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 40'000; }));
  RawClient third(server.port());
  third.send(head(20'000));
  EXPECT_EQ(third.receive().status(), 503);
  slow.front().send(std::string(20'000, 'x'));
  EXPECT_EQ(slow.front().receive().status(), 200);
  RawClient fourth(server.port());
  fourth.send(post(std::string(20'000, 'x')));
  EXPECT_EQ(fourth.receive().status(), 200);
  slow.pop_back(); // leaves in the middle of its body
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.bytes_in_flight == 0; }));
}

// The client sends on while it is refused: it must find the answer, and a clean end.
TEST(HttpAdmission, ARefusedClientThatSendsEverythingFirstSeesTheAnswer) {
  RunningServer server({}, echo, [](std::size_t) { return false; });
  std::vector<std::thread> clients;
  std::atomic<int> clean = 0;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      RawClient client(server.port());
      const bool sent = client.send(post(std::string(8'000'000, 'x')));
      const auto answer = client.receive();
      client.half_close();
      if (sent && answer.status() == 503 && client.closed_cleanly()) ++clean;
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(clean, 8);
}

// Refused ones that still send do not keep others out.
TEST(HttpAdmission, WhoTakesLeaveDoesNotFillTheServer) {
  http::ServerLimits limits;
  limits.connections = 4;
  limits.large_body = 10'000;
  RunningServer server(limits, echo, [](std::size_t) { return false; });
  std::list<RawClient> staying;
  for (int i = 0; i < 4; ++i) {
    staying.emplace_back(server.port());
    staying.back().send(head(1'000'000));
    EXPECT_EQ(staying.back().receive().status(), 503);
  }
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.lingering == 4; }));
  RawClient next(server.port());
  next.send(post("x"));
  EXPECT_EQ(next.receive().status(), 200);
  for (auto& client : staying) client.half_close();
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.lingering == 0; }));
}

TEST(HttpAdmission, OneAddressMayOpenSoManyConnections) {
  http::ServerLimits limits;
  limits.address.connections = 3;
  RunningServer server(limits);
  std::list<RawClient> open;
  for (int i = 0; i < 3; ++i) open.emplace_back(server.port());
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 3; }));
  RawClient refused(server.port());
  refused.send(post("x"));
  EXPECT_EQ(refused.receive().status(), 503);
  refused.half_close();
  EXPECT_TRUE(refused.closed_cleanly());
  EXPECT_EQ(server.counts().refused_address, 1u);
  open.clear();
  EXPECT_TRUE(server.reaches([](const auto& c) { return c.connections == 0; }));
  RawClient welcome(server.port());
  welcome.send(post("x"));
  EXPECT_EQ(welcome.receive().status(), 200);
}

TEST(HttpAdmission, OneAddressMaySendSoManyRequestsAlsoOnOneConnection) {
  http::ServerLimits limits;
  limits.address.requests_per_second = 1;
  limits.address.burst = 5;
  RunningServer server(limits);
  // As many as fit into the time that this takes, but surely not all of these.
  int taken = 0, refused = 0;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 60; ++i) {
    RawClient client(server.port());
    client.send(post("x"));
    const auto answer = client.receive();
    if (answer.status() == 200) {
      ++taken;
      client.send(post("x"));
      client.receive().status() == 200 ? ++taken : ++refused;
    } else {
      EXPECT_EQ(answer.status(), 503);
      EXPECT_TRUE(answer.has("Retry-After: 1"));
      ++refused;
    }
  }
  const auto passed = std::chrono::steady_clock::now() - began;
  EXPECT_GE(taken, 5);
  EXPECT_LE(taken, 5 + 1 + std::chrono::ceil<std::chrono::seconds>(passed).count());
  EXPECT_EQ(server.counts().refused_address, static_cast<std::uint64_t>(refused));
}

TEST(Addresses, AnAddressIsAnIPv4AddressOrASixtyFourOfIPv6) {
  const auto key = [](const char* text) { return http::address_key(asio::ip::make_address(text)); };
  EXPECT_EQ(key("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(key("::ffff:192.0.2.7"), key("192.0.2.7"));
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

TEST(Addresses, ConnectionsAreCountedAndForgotten) {
  http::AddressLimits limits;
  limits.connections = 2;
  http::Addresses addresses(limits);
  EXPECT_TRUE(addresses.enter("a"));
  EXPECT_TRUE(addresses.enter("a"));
  EXPECT_FALSE(addresses.enter("a"));
  EXPECT_TRUE(addresses.enter("b"));
  addresses.leave("a");
  addresses.leave("a");
  EXPECT_TRUE(addresses.enter("a"));
}

} // namespace
