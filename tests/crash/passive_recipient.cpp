#include "crash/passive_recipient.h"
#include "async/task_group.h"
#include "support/keys.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <stdexcept>

namespace crash {
namespace {

using namespace std::chrono_literals;
using support::key;

client::Recipient recipient(base::RandomSource& random) {
  return client::Recipient({key("recipient_cipher"), key("recipient_sign"), {}},
                           {key("intermed_cipher").certificate, {key("intermed_sign").certificate}},
                           {}, random);
}

http::ServerLimits limits() {
  http::ServerLimits out;
  // A daemon that was killed leaves its connections behind.
  out.deadlines.idle = 1s;
  return out;
}

} // namespace

PassiveRecipient::PassiveRecipient(Ledger& ledger, std::uint64_t seed)
    : ledger_(ledger), draw_(seed), recipient_(recipient(random_)),
      server_(io_.get_executor(), limits(), [this](std::shared_ptr<const http::Request> request) {
        return serve(std::move(request));
      }) {
  const auto port = server_.listen("127.0.0.1", 0);
  if (!port) throw std::runtime_error("the recipient cannot listen: " + port.error().detail);
  url_ = "http://127.0.0.1:" + std::to_string(*port) + "/osci";
  boost::asio::co_spawn(io_, server_.run(), boost::asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

void PassiveRecipient::stop() {
  if (!thread_.joinable()) return;
  boost::asio::co_spawn(io_, server_.drain(5s), boost::asio::use_future).wait();
  io_.stop();
  thread_.join();
}

boost::asio::awaitable<http::Response>
PassiveRecipient::serve(std::shared_ptr<const http::Request> request) {
  auto response = answer(*request);
  // Work that takes its time, so that a death at a random moment often finds a push under way.
  if (std::bernoulli_distribution(0.4)(draw_)) {
    const std::chrono::milliseconds pause{std::uniform_int_distribution<int>(5, 80)(draw_)};
    co_await async::sleep_for(pause);
  }
  co_return response;
}

http::Response PassiveRecipient::answer(const http::Request& request) {
  http::Response response;
  try {
    PushReceived received;
    auto answered =
        recipient_.answer(request.body, request.content_type,
                          [&](const client::Pushed& pushed) { return decide(pushed, received); });
    if (answered.refused) {
      ledger_.unexpected("what was pushed is refused: " + answered.refused->detail);
    } else {
      if (received.accepted && !received.reply_id.empty())
        received.reply_digest = reply_digest(answered.body);
      ledger_.push_received(std::move(received));
    }
    response.status = answered.status;
    response.content_type = "text/xml; charset=utf-8";
    response.body = std::move(answered.body);
  } catch (const std::exception& error) {
    ledger_.unexpected(std::string("recipient: ") + error.what());
    response.status = 500;
  }
  return response;
}

client::Verdict PassiveRecipient::decide(const client::Pushed& pushed, PushReceived& received) {
  received.message_id = pushed.message_id();
  received.digest = content_digest(pushed.request.content);
  received.card = pushed.request.card;
  received.reply_id = pushed.request.reply_message_id.value_or("");
  received.accepted = ++seen_ % 7 != 0;
  client::Verdict verdict;
  if (!received.accepted) {
    verdict.code = "9803";
  } else if (pushed.wants_reply()) {
    auto& reply = verdict.reply.emplace();
    reply.data = {"Bescheid zu " + received.message_id};
    reply.subject = "Bescheid " + received.reply_id.substr(0, 6);
    // Some go through a body file of the daemon.
    if (std::bernoulli_distribution(0.5)(draw_))
      reply.attachments.push_back(
          {"bescheid@recipient", "application/pdf", "",
           std::string(std::uniform_int_distribution<std::size_t>(1, 60'000)(draw_), 'b'), false});
  }
  return verdict;
}

// As the intermediary reads it: the test has its key too.
std::string PassiveRecipient::reply_digest(const std::string& answer) const {
  seal::OpenOptions options;
  options.direction = seal::Direction::push_answer;
  const auto message = seal::open(answer, "", {key("intermed_cipher")}, options, random_);
  if (!message) throw std::runtime_error("own answer: " + message.error().detail);
  const auto decoded = osci::decode_answer(*message, false);
  if (!decoded) throw std::runtime_error("own answer: " + decoded.error().detail);
  if (!decoded->content) throw std::runtime_error("own answer without the reply");
  return content_digest(*decoded->content);
}

} // namespace crash
