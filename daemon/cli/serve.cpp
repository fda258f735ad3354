// osci serve: a passive recipient over HTTP. The io thread reads and writes; what costs time
// (RSA, XML, the disk, the reply's program) happens on a bounded pool.
#include "async/task_group.h"
#include "async/work_pool.h"
#include "cli/commands.h"
#include "cli/reception.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/validation.h"
#include "http/server.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <thread>

namespace cli {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxWaiting = 16;

struct ServeOptions {
  CommonOptions common;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/osci";
  std::string out;
  std::string reply = "echo";
  std::string reply_command;
  int reply_timeout_seconds = 30;
  int reply_limit_mib = 30;
  std::uint64_t once = 0; // 0: until a signal
  bool allow_clear = false;
  bool allow_unsigned = false;
  std::vector<std::string> trust;
  std::string validate;
};

http::ServerLimits server_limits() {
  http::ServerLimits out;
  out.connections = 64;
  // An AcceptDelivery is a little larger than the delivery in it, and opening one takes several
  // times its size.
  out.body_bytes = std::uint64_t{128} << 20;
  out.bytes_in_flight = std::uint64_t{256} << 20;
  return out;
}

ReplyOrder reply_order(const ServeOptions& o) {
  ReplyOrder out;
  out.limits.time = std::chrono::seconds(o.reply_timeout_seconds);
  out.limits.output = static_cast<std::size_t>(o.reply_limit_mib) << 20;
  if (!o.reply_command.empty()) {
    out.kind = ReplyOrder::Kind::command;
    out.program.path = o.reply_command;
    for (const auto& variable : {o.common.pin_env, o.common.signature_pin_env})
      if (!variable.empty()) out.program.hidden_variables.push_back(variable);
  } else {
    out.kind = o.reply == "none" ? ReplyOrder::Kind::none : ReplyOrder::Kind::echo;
  }
  return out;
}

// Members are declared in the order in which they must outlive each other.
class Service {
 public:
  Service(const ServeOptions& o, Parties parties, std::unique_ptr<crypto::TrustStore> authors,
          Shelf shelf, std::shared_ptr<const xoev::SchemaPacks> packs)
      : options_(o), packs_(std::move(packs)), authors_(std::move(authors)),
        shelf_(std::move(shelf)),
        recipient_(std::move(parties.identity), std::move(parties.intermediary),
                   recipient_options(o), random_),
        reception_(recipient_, shelf_, {o.allow_unsigned, authors_.get()}, reply_order(o), clock_,
                   random_),
        pool_("serve", std::max(2u, std::thread::hardware_concurrency()), kMaxWaiting),
        tasks_(io_.get_executor(), "serve"),
        server_(io_.get_executor(), server_limits(),
                [this](std::shared_ptr<const http::Request> request) {
                  return serve(std::move(request));
                }),
        signals_(io_, SIGTERM, SIGINT) {
    reception_.on_kept = [this](const KeptDelivery& kept) {
      print(kept, options_.common.json);
      if (packs_) mark_kept(*packs_, kept, options_.common.json);
      if (!kept.already_there) ++deliveries_;
    };
    reception_.on_bad = [this](const BadDelivery& bad) {
      explain_bad(bad);
      std::cerr << "      it is refused with 9805." << std::endl;
      bad_ = true;
      ++deliveries_;
    };
    reception_.on_problem = [this](const Label& label, const base::Error& error, bool stored) {
      std::cerr << "osci: message "
                << (label.message_id.empty() ? "without id" : harmless(label.message_id))
                << (stored ? ": no reply: " : ": not stored: ") << harmless(error.detail)
                << std::endl;
      failed_ = true;
      if (!stored) ++deliveries_;
    };
  }

  ExitCode run() {
    const auto port = server_.listen(options_.address, options_.port);
    if (!port) {
      std::cerr << "osci: cannot listen on " << options_.address << " port " << options_.port
                << ": " << harmless(port.error().detail) << "\n";
      return port.error().code == base::ErrorCode::invalid_config ? ExitCode::usage
                                                                  : ExitCode::network;
    }
    tasks_.spawn(server_.run());
    asio::co_spawn(io_, signals(), asio::detached);
    announce(*port);
    io_.run();
    if (failed_) return ExitCode::file;
    return bad_ ? ExitCode::unverified : ExitCode::ok;
  }

 private:
  static client::RecipientOptions recipient_options(const ServeOptions& o) {
    client::RecipientOptions out;
    out.allow_clear = o.allow_clear;
    out.open.allow_cbc = out.open.allow_3des = out.open.allow_rsa15 = o.common.legacy_ciphers;
    out.content.allow_cbc = out.content.allow_rsa15 = o.common.legacy_ciphers;
    return out;
  }

  void announce(std::uint16_t port) const {
    const bool v6 = options_.address.find(':') != std::string::npos;
    const std::string url = "http://" + (v6 ? "[" + options_.address + "]" : options_.address) +
                            ":" + std::to_string(port) + options_.path;
    if (options_.common.json)
      std::cout << boost::json::serialize(
                       boost::json::object{{"listening", url}, {"out", options_.out}})
                << std::endl;
    else
      std::cout << "listening on " << url << ", deliveries go to " << options_.out << std::endl;
  }

  client::Recipient::Answered answer(const http::Request& request) {
    try {
      return recipient_.answer(
          request.body, request.content_type,
          [this](const client::Pushed& pushed) { return reception_.take(pushed); });
    } catch (const base::InternalError& error) {
      return {200, osci::write_fault(base::ErrorCode::internal), "9000",
              base::fail(base::ErrorCode::internal, error.what())};
    } catch (const std::bad_alloc&) {
      return {200, osci::write_fault(base::ErrorCode::internal), "9000",
              base::fail(base::ErrorCode::internal, "out of memory")};
    }
  }

  asio::awaitable<http::Response> serve(std::shared_ptr<const http::Request> request) {
    http::Response response;
    if (request->target.substr(0, request->target.find('?')) != options_.path) {
      response.status = 404;
      co_return response;
    }
    if (request->method != "POST") {
      response.status = 405;
      co_return response;
    }
    const std::string peer = request->peer;
    auto job = [this, request = std::move(request)] { return answer(*request); };
    auto answered = co_await pool_.run(std::move(job));
    if (!answered) {
      response.status = 503;
      response.retry_after_seconds = 5;
      co_return response;
    }
    if (answered->refused)
      std::cerr << "osci: request from " << peer << " refused with "
                << (answered->code.empty() ? "HTTP " + std::to_string(answered->status)
                                           : answered->code)
                << ": " << base::to_string(answered->refused->code) << " "
                << harmless(answered->refused->detail) << std::endl;
    response.status = answered->status;
    response.body = std::move(answered->body);
    // What the reference client sends itself; it ignores the header of answers (3.4).
    if (!response.body.empty()) response.content_type = "text/xml; charset=utf-8";
    if (options_.once != 0 && deliveries_ >= options_.once && !stopping_)
      asio::co_spawn(io_, stop(), asio::detached);
    co_return response;
  }

  asio::awaitable<void> signals() {
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await signals_.async_wait(token);
    if (failed) co_return;
    signals_.clear(); // a second signal ends the process as usual
    co_await stop();
  }

  // Stops accepting and lets requests that have begun end with their answers; what is cut off here
  // was not answered, and the intermediary sends it again.
  asio::awaitable<void> stop() {
    if (stopping_) co_return;
    stopping_ = true;
    const auto grace = std::chrono::seconds(options_.reply_timeout_seconds + 10);
    co_await server_.drain(grace);
    while (server_.counts().handling > 0) co_await async::sleep_for(std::chrono::milliseconds{20});
    tasks_.cancel();
    co_await tasks_.empty();
    io_.stop();
  }

  const ServeOptions& options_;
  std::shared_ptr<const xoev::SchemaPacks> packs_; // null: no --validate
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<crypto::TrustStore> authors_;
  Shelf shelf_;
  client::Recipient recipient_;
  std::atomic<std::uint64_t> deliveries_{0};
  std::atomic<bool> bad_{false};
  std::atomic<bool> failed_{false};
  Reception reception_;
  asio::io_context io_{1};
  async::WorkPool pool_;
  bool stopping_ = false;
  async::TaskGroup tasks_;
  http::Server server_;
  asio::signal_set signals_;
};

ExitCode serve(const ServeOptions& o) {
  if (o.path.empty() || o.path.front() != '/' || o.path.find_first_of("?# ") != std::string::npos)
    return give_up(base::fail(base::ErrorCode::invalid_config, "--path must begin with a slash"));
  auto parties = read_parties(o.common, base::SystemClock().now());
  if (!parties) return give_up(parties.error());
  std::unique_ptr<crypto::TrustStore> authors;
  if (!o.trust.empty()) {
    auto anchors = read_certificates(o.trust);
    if (!anchors) return give_up(anchors.error());
    authors = std::make_unique<crypto::TrustStore>(
        std::move(*anchors), std::vector<crypto::Certificate>{}, crypto::TrustPolicy{});
  }
  std::shared_ptr<const xoev::SchemaPacks> packs;
  if (!o.validate.empty()) {
    auto loaded = load_packs(o.validate);
    if (!loaded) return give_up(loaded.error());
    packs = std::move(*loaded);
  }
  base::SystemRandom random;
  auto shelf = Shelf::open(o.out, random);
  if (!shelf) return give_up(shelf.error());
  Service service(o, std::move(*parties), std::move(authors), std::move(*shelf), std::move(packs));
  return service.run();
}

} // namespace

Command add_serve(CLI::App& app) {
  auto o = std::make_shared<ServeOptions>();
  auto* sub = app.add_subcommand(
      "serve", "Be a passive recipient: take what the intermediary pushes, write it to a folder, "
               "answer it");
  sub->add_option("--port", o->port, "TCP port to listen on; 0: any, it is printed")->required();
  sub->add_option("--address", o->address, "numeric address to listen on")->capture_default_str();
  sub->add_option("--path", o->path, "path of the endpoint")->capture_default_str();
  sub->add_option("--out", o->out, "folder that gets a sub-folder for each delivery")->required();
  auto* reply = sub->add_option("--reply", o->reply,
                                "answer to a ProcessDelivery: the received files (echo) or none")
                    ->check(CLI::IsMember({"echo", "none"}))
                    ->capture_default_str();
  sub->add_option("--reply-command", o->reply_command,
                  "answer with what this program writes to standard output; it gets the delivery's "
                  "folder as argument, and no shell")
      ->excludes(reply);
  sub->add_option("--reply-timeout", o->reply_timeout_seconds, "seconds that the program may take")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  sub->add_option("--reply-limit", o->reply_limit_mib, "MiB that the program may write")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--once", o->once, "end after so many deliveries, for tests")
      ->check(CLI::Range(1, 1'000'000));
  sub->add_option("--trust", o->trust,
                  "CA certificates that authors' certificates must lead to; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_option("--validate", o->validate,
                  "folder of schema packs (XÖV); a NAME.validation.json beside each XML file tells "
                  "whether it is valid, and it is kept in any case");
  sub->add_flag("--allow-clear", o->allow_clear,
                "take requests that are not encrypted; they must be signed all the same");
  sub->add_flag("--allow-unsigned", o->allow_unsigned, "take content that no author has signed");
  add_common(*sub, o->common, true);
  return {sub, [o] { return serve(*o); }};
}

} // namespace cli
