#include "cli/conformance/passive_recipient.h"
#include "async/task_group.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <thread>

namespace cli::conformance {

namespace asio = boost::asio;

// Members are declared in the order in which they must outlive each other.
struct PassiveRecipient::Running {
  explicit Running(PassiveRecipient& owner)
      : tasks(io.get_executor(), "recipient"),
        server(io.get_executor(), limits(),
               [this, &owner](std::shared_ptr<const http::Request> request) {
                 return serve(owner, std::move(request));
               }) {}

  static http::ServerLimits limits() {
    http::ServerLimits out;
    out.connections = 16;
    return out;
  }

  asio::awaitable<http::Response> serve(PassiveRecipient& owner,
                                        std::shared_ptr<const http::Request> request) {
    bool silent = false, hangs_up = false;
    {
      const std::lock_guard lock(owner.mutex_);
      silent = owner.behaviour_.silent;
      hangs_up = owner.behaviour_.hangs_up;
    }
    auto response = owner.answer(*request);
    if (hangs_up) asio::co_spawn(io, close(), asio::detached);
    while ((silent || hangs_up) && !released) {
      const auto pause = std::chrono::milliseconds{10};
      co_await async::sleep_for(pause);
    }
    co_return response;
  }

  // Closes every socket, those with a request under way included: their answers are dropped.
  asio::awaitable<void> close() {
    const std::chrono::steady_clock::duration grace{0};
    co_await server.drain(grace);
    released = true;
  }

  asio::awaitable<void> end() {
    co_await close();
    while (server.counts().handling > 0) {
      const auto pause = std::chrono::milliseconds{5};
      co_await async::sleep_for(pause);
    }
    tasks.cancel();
    co_await tasks.empty();
    io.stop();
  }

  asio::io_context io{1};
  bool released = false;
  async::TaskGroup tasks;
  http::Server server;
  std::thread thread;
};

PassiveRecipient::PassiveRecipient(ListenAt at, client::Identity identity,
                                   client::Intermediary intermediary)
    : at_(std::move(at)), identity_(std::move(identity)), intermediary_(std::move(intermediary)) {}

PassiveRecipient::~PassiveRecipient() {
  stop();
}

void PassiveRecipient::start() {
  if (running_) return;
  auto fresh = std::make_unique<Running>(*this);
  const auto port = fresh->server.listen(at_.address, at_.port);
  if (!port)
    throw std::runtime_error("cannot listen on " + at_.address + " port " +
                             std::to_string(at_.port) + ": " + port.error().detail);
  fresh->tasks.spawn(fresh->server.run());
  running_ = std::move(fresh);
  running_->thread = std::thread([&io = running_->io] { io.run(); });
}

void PassiveRecipient::stop() {
  if (!running_) return;
  asio::co_spawn(running_->io, running_->end(), asio::detached);
  running_->thread.join();
  running_.reset();
}

void PassiveRecipient::behave(Behaviour behaviour) {
  // What is left of the behaviour before must not be heard under the new one.
  bool restart = false;
  {
    const std::lock_guard lock(mutex_);
    restart = behaviour_.silent || behaviour_.hangs_up;
  }
  if (restart) stop();
  {
    const std::lock_guard lock(mutex_);
    behaviour_ = std::move(behaviour);
    calls_ = 0;
    pushes_.clear();
    refused_.clear();
  }
  start();
}

std::size_t PassiveRecipient::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<osci::Request> PassiveRecipient::pushes() const {
  const std::lock_guard lock(mutex_);
  return pushes_;
}

std::string PassiveRecipient::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::string PassiveRecipient::last_answer() const {
  const std::lock_guard lock(mutex_);
  return last_answer_;
}

http::Response PassiveRecipient::answer(const http::Request& request) {
  Behaviour behaviour;
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
    behaviour = behaviour_;
  }
  auto identity = identity_;
  if (behaviour.signature) identity.signature = *behaviour.signature;
  const client::Recipient recipient(std::move(identity), intermediary_, {}, random_);
  std::optional<osci::Request> genuine;
  const auto answered =
      recipient.answer(request.body, request.content_type, [&](const client::Pushed& pushed) {
        genuine = pushed.request;
        return behaviour.verdict;
      });
  http::Response out;
  out.status = answered.status;
  out.body = answered.body;
  if (genuine && behaviour.body) out.body = behaviour.body(*genuine);
  if (genuine && behaviour.status != 200) out.status = behaviour.status;
  if (!out.body.empty()) out.content_type = "text/xml; charset=utf-8";
  const std::lock_guard lock(mutex_);
  if (genuine)
    pushes_.push_back(std::move(*genuine));
  else
    refused_ = answered.code + (answered.refused ? " " + answered.refused->detail : "");
  last_answer_ = out.body;
  return out;
}

} // namespace cli::conformance
