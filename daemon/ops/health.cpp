#include "ops/health.h"
#include "base/encoding.h"
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <exception>
#include <utility>
#include <vector>

namespace ops {

namespace asio = boost::asio;

struct Health::Checks {
  struct One {
    std::string name;
    HealthCheck check;
    bool notice = false;
  };
  std::vector<One> all;
};

namespace {

constexpr std::size_t kReasonLength = 160;

struct Verdict {
  bool ok = true;
  std::string reason;
};

Verdict judge(const HealthCheck& check) {
  Verdict verdict;
  try {
    const auto result = check();
    if (result) return verdict;
    verdict.reason = base::to_string(result.error().code);
    if (!result.error().detail.empty()) verdict.reason += ": " + result.error().detail;
  } catch (const std::exception&) {
    verdict.reason = "internal";
  }
  verdict.ok = false;
  if (verdict.reason.size() > kReasonLength) verdict.reason.resize(kReasonLength);
  if (!base::valid_utf8(verdict.reason)) verdict.reason = "unprintable";
  return verdict;
}

http::Response answer(unsigned status, const boost::json::object& body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = boost::json::serialize(body);
  return response;
}

} // namespace

Health::Health() : checks_(std::make_shared<Checks>()) {}

void Health::add(std::string name, HealthCheck check) {
  checks_->all.push_back({std::move(name), std::move(check), false});
}

void Health::add_notice(std::string name, HealthCheck check) {
  checks_->all.push_back({std::move(name), std::move(check), true});
}

bool Health::ready() const {
  for (const auto& one : checks_->all)
    if (!one.notice && !judge(one.check).ok) return false;
  return true;
}

http::Handler Health::handler() const {
  // The closure lives in the server as long as its connections: its capture is safe in the
  // coroutine.
  return [checks = checks_](
             std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
    http::Response not_found;
    not_found.status = 404;
    if (request->method != "GET" && request->method != "HEAD") co_return not_found;
    if (request->target == "/health/live") {
      boost::json::object body;
      body["live"] = true;
      co_return answer(200, body);
    }
    if (request->target != "/health/ready") co_return not_found;
    bool ready = true;
    boost::json::array list;
    for (const auto& one : checks->all) {
      const auto verdict = judge(one.check);
      ready = ready && (verdict.ok || one.notice);
      boost::json::object entry;
      entry["name"] = one.name;
      entry["ok"] = verdict.ok;
      if (one.notice) entry["notice"] = true;
      if (!verdict.ok) entry["reason"] = verdict.reason;
      list.push_back(std::move(entry));
    }
    boost::json::object body;
    body["ready"] = ready;
    body["checks"] = std::move(list);
    co_return answer(ready ? 200 : 503, body);
  };
}

} // namespace ops
