#include "ops/health.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <stdexcept>

namespace {

namespace asio = boost::asio;

http::Response ask(const http::Handler& handler, const std::string& target,
                   const std::string& method = "GET") {
  auto request = std::make_shared<http::Request>();
  request->method = method;
  request->target = target;
  asio::io_context loop;
  http::Response answer;
  asio::co_spawn(loop, handler(request), [&](std::exception_ptr, http::Response response) {
    answer = std::move(response);
  });
  loop.run();
  return answer;
}

TEST(Health, LiveAnswersWhateverTheChecksSay) {
  ops::Health health;
  health.add("storage", [] { return base::fail(base::ErrorCode::storage_failure); });
  EXPECT_EQ(ask(health.handler(), "/health/live").status, 200u);
}

TEST(Health, ReadyListsEveryCheckAndIs503IfOneFails) {
  bool full = false;
  ops::Health health;
  health.add("keys", [] { return base::Result<>(); });
  health.add("disk", [&]() -> base::Result<> {
    if (full) return base::fail(base::ErrorCode::storage_full, "12 MiB left");
    return {};
  });
  const auto handler = health.handler();
  const auto good = ask(handler, "/health/ready");
  EXPECT_EQ(good.status, 200u);
  EXPECT_EQ(good.content_type, "application/json");
  EXPECT_EQ(good.body,
            R"({"ready":true,"checks":[{"name":"keys","ok":true},{"name":"disk","ok":true}]})");
  EXPECT_TRUE(health.ready());

  full = true;
  const auto bad = ask(handler, "/health/ready");
  EXPECT_EQ(bad.status, 503u);
  EXPECT_FALSE(health.ready());
  const auto body = boost::json::parse(bad.body);
  EXPECT_EQ(body.at("ready"), false);
  EXPECT_EQ(body.at("checks").at(1).at("reason"), "storage_full: 12 MiB left");
}

TEST(Health, ANoticeIsShownAndChangesNothing) {
  ops::Health health;
  health.add("storage", [] { return base::Result<>(); });
  health.add_notice("time_stamps", [] { return base::fail(base::ErrorCode::network, "away"); });
  EXPECT_TRUE(health.ready());
  const auto answer = ask(health.handler(), "/health/ready");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body,
            R"({"ready":true,"checks":[{"name":"storage","ok":true},)"
            R"({"name":"time_stamps","ok":false,"notice":true,"reason":"network: away"}]})");
}

TEST(Health, AThrowingCheckHasFailedAndReasonsAreShort) {
  ops::Health health;
  health.add("broken", []() -> base::Result<> { throw std::runtime_error("secret"); });
  health.add("wordy", [] { return base::fail(base::ErrorCode::internal, std::string(5000, 'x')); });
  const auto answer = ask(health.handler(), "/health/ready");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_LT(answer.body.size(), 500u);
}

TEST(Health, AnythingElseIsNotFound) {
  const ops::Health health;
  const auto handler = health.handler();
  for (const char* target : {"/", "/health", "/health/", "/health/live/x", "/metrics", "*"}) {
    EXPECT_EQ(ask(handler, target).status, 404u) << target;
    EXPECT_TRUE(ask(handler, target).body.empty());
  }
  EXPECT_EQ(ask(handler, "/health/live", "POST").status, 404u);
  EXPECT_EQ(ask(handler, "/health/live", "HEAD").status, 200u);
}

TEST(Health, TheHandlerMayOutliveTheObject) {
  http::Handler handler;
  {
    ops::Health health;
    health.add("x", [] { return base::Result<>(); });
    handler = health.handler();
  }
  EXPECT_EQ(ask(handler, "/health/ready").status, 200u);
}

} // namespace
