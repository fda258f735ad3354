// dataclearingd: composition root, the only file that names every module.
#include "async/task_group.h"
#include "async/work_pool.h"
#include "authority/desk.h"
#include "base/encoding.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/retention_rounds.h"
#include "http/client.h"
#include "http/server.h"
#include "lookup/directory_page.h"
#include "lookup/remote_directory.h"
#include "ops/config.h"
#include "ops/health.h"
#include "ops/logging.h"
#include "ops/systemd.h"
#include "setup/admission_rules.h"
#include "setup/desk_rules.h"
#include "setup/http_answer.h"
#include "setup/load.h"
#include "setup/message_id_key.h"
#include "setup/refusal_report.h"
#include "storage/database_store.h"
#include "storage/retention.h"
#include "storage/transfers.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using base::fail;
using base::LogLevel;

constexpr std::size_t kAnswerCacheBytes = std::size_t{64} << 20;
constexpr auto kHousekeeping = std::chrono::seconds{30};
constexpr auto kProbe = std::chrono::seconds{10};
constexpr auto kJournalWitness = std::chrono::hours{24};
// A closed dialog is remembered a little, so that a re-sent ExitDialog finds its answer.
constexpr auto kForgetDialogs = std::chrono::hours{1};

// For what must not be refused because of a flood: the watchdog's question, and a reload.
constexpr async::Place kBegun{async::Lane::brief, true};
// How often it is looked whether the directory is to be asked for again.
constexpr auto kDirectoryStep = std::chrono::seconds{1};

// HTTP to passive recipients, within what the configuration allows.
class HttpRecipients final : public gateway::RecipientTransport {
 public:
  explicit HttpRecipients(const ops::Config::Push& config) : config_(config) {}

  gateway::Attempt post(const std::string& uri, const std::string& ca,
                        const std::string& message) override {
    const http::Client client(
        http::ClientRules{{}, ca, config_.allow_clear, config_.allow_private_addresses});
    gateway::Attempt out{false, gateway::RecipientAnswer{}};
    auto answer = client.post(
        uri, message, "text/xml; charset=utf-8", {config_.connect, config_.total, config_.answer},
        [&out](std::uint64_t sent, std::uint64_t total) { out.handed_over = sent == total; });
    if (answer)
      out.answer = gateway::RecipientAnswer{answer->status, std::move(answer->content_type),
                                            std::move(answer->body)};
    else
      out.answer = answer.error();
    return out;
  }

 private:
  const ops::Config::Push config_;
};

gateway::PushLimits push_limits(const ops::Config::Push& config) {
  gateway::PushLimits out;
  out.running = config.threads;
  out.per_target = config.per_target;
  out.waiting = config.waiting;
  out.wait = config.wait;
  out.bytes = config.bytes_in_flight;
  out.circuit_failures = config.circuit_failures;
  out.circuit_pause = config.circuit_pause;
  return out;
}

// The daemon at work. Members are declared in the order in which they must outlive each other;
// stop() ends them in the reverse order.
// What message ids are recognised by.
struct MessageIdSecret {
  std::string key, issuer;
};

// Daemons on one database recognise each other's ids, whatever each of them calls itself.
base::Result<MessageIdSecret> message_id_secret(const ops::Config& config,
                                                storage::DatabaseStore& store,
                                                base::RandomSource& random) {
  const bool shared = !config.state.database.empty();
  auto key = shared ? store.shared_secret("message-id.key", random.bytes(32))
                    : setup::message_id_key(config.state.directory, random);
  if (!key) return key.error();
  if (!shared) return MessageIdSecret{std::move(*key), config.intermediary.name};
  auto issuer = store.shared_secret("message-id.issuer", config.intermediary.name);
  if (!issuer) return issuer.error();
  return MessageIdSecret{std::move(*key), std::move(*issuer)};
}

class Daemon {
 public:
  Daemon(ops::Config config, setup::Loaded loaded, std::unique_ptr<lookup::RemoteDirectory> remote,
         std::shared_ptr<std::atomic<bool>> stop_asking,
         std::unique_ptr<storage::DatabaseStore> store, const MessageIdSecret& secret,
         authority::DeskRules desk)
      : config_(std::move(config)), remote_(std::move(remote)),
        stop_asking_(std::move(stop_asking)), page_(std::move(loaded.page)),
        store_(std::move(store)), transfers_(*store_), retained_(*store_),
        ids_(secret.key, secret.issuer, config_.message_ids.validity),
        cpu_("cpu", ops::cpu_pool_limits(config_)), db_("db", ops::db_pool_limits(config_)),
        recipients_(config_.push), push_("push", config_.push.threads, config_.push.threads),
        desk_(io_.get_executor(), std::move(desk), clock_, random_),
        bulk_("bulk", config_.chunks.threads, config_.limits.cpu_waiting),
        gateway_({clock_,
                  random_,
                  *store_,
                  ids_,
                  cpu_,
                  db_,
                  {&recipients_, &push_, push_limits(config_.push)},
                  desk_.revocation(),
                  desk_.timestamps(),
                  &transfers_,
                  &bulk_,
                  &rollovers_,
                  setup::admission_rules(config_)},
                 std::move(loaded.settings), kAnswerCacheBytes),
        retention_(retained_, clock_, db_, config_.retention.rules, config_.retention.interval),
        directory_("directory", 1, 1), tasks_(io_.get_executor(), "daemon"),
        server_(io_.get_executor(), ops::server_limits(config_), osci_handler(),
                [this](std::size_t reading) { return cpu_.has_room(async::Lane::large, reading); }),
        signals_(io_, SIGTERM, SIGINT, SIGHUP) {}

  base::Result<> run() {
    health_.add("storage", [this] { return storage_; });
    health_.add("accepting", [this]() -> base::Result<> {
      if (stopping_) return fail(ErrorCode::overloaded, "shutting down");
      return {};
    });
    if (desk_.revocation()) {
      health_.add("own_certificates", [this]() -> base::Result<> {
        if (!desk_.revocation()->any_revoked(own_certificates())) return {};
        return fail(ErrorCode::own_cipher_revoked, "an own certificate is revoked");
      });
      health_.add_notice("revocation", [this]() -> base::Result<> {
        const auto count = desk_.revocation()->unreachable();
        if (count == 0) return {};
        return fail(ErrorCode::network,
                    std::to_string(count) + " certificates could not be checked");
      });
    }
    if (remote_)
      health_.add_notice("directory", [this]() -> base::Result<> {
        if (directory_waits_)
          return fail(ErrorCode::invalid_config, "a new directory could not be put into force");
        return remote_->in_time();
      });
    if (desk_.timestamps())
      health_.add_notice("time_stamps", [this]() -> base::Result<> {
        if (desk_.timestamps()->available()) return {};
        return fail(ErrorCode::network, "no cryptographic time stamps; plain ones are given");
      });
    health_.add_notice("unfetched", [this] { return retention_.notice(); });
    health_.add_notice("rollover", [this] { return rollovers_.notice(clock_.now()); });
    const auto port = server_.listen(config_.listen.address, config_.listen.port);
    if (!port) return port.error();
    if (!config_.listen.admin_address.empty()) {
      admin_.emplace(io_.get_executor(), ops::admin_server_limits(config_), admin_handler());
      const auto admin = admin_->listen(config_.listen.admin_address, config_.listen.admin_port);
      if (!admin) return admin.error();
      tasks_.spawn(admin_->run());
      base::log(LogLevel::info, "daemon.admin", "health on the admin listener",
                {{"address", config_.listen.admin_address}, {"port", std::to_string(*admin)}});
    }
    tasks_.spawn(server_.run());
    tasks_.spawn(gateway_.resume_transfers());
    tasks_.spawn(housekeeping());
    tasks_.spawn(probing());
    tasks_.spawn(keeping_journal());
    tasks_.spawn(watchdog());
    tasks_.spawn(watching_certificates());
    tasks_.spawn(refreshing_directory());
    tasks_.spawn(retention_.run());
    asio::co_spawn(io_, signals(), asio::detached);
    base::log(
        LogLevel::info, "daemon.ready", "accepting OSCI requests",
        {{"address", config_.listen.address},
         {"port", std::to_string(*port)},
         {"path", config_.listen.path},
         {"organisations", std::to_string(gateway_.settings()->directory->organisations().size())},
         {"anchors", std::to_string(gateway_.settings()->trust->anchor_count())}});
    ops::notify_ready("accepting OSCI requests on port " + std::to_string(*port));
    io_.run();
    return {};
  }

 private:
  http::Handler osci_handler() {
    return [this](std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
      return serve(std::move(request));
    };
  }

  http::Handler admin_handler() {
    return [this](std::shared_ptr<const http::Request> request) -> asio::awaitable<http::Response> {
      return serve_admin(std::move(request));
    };
  }

  asio::awaitable<http::Response> serve_admin(std::shared_ptr<const http::Request> request) {
    if (page_ && request->target == "/directory") co_return page_->answer(*request);
    const auto handler = health_.handler();
    co_return co_await handler(std::move(request));
  }

  asio::awaitable<http::Response> serve(std::shared_ptr<const http::Request> request) {
    http::Response response;
    const auto query = request->target.find('?');
    if (request->target.substr(0, query) != config_.listen.path) {
      response.status = 404;
      co_return response;
    }
    if (request->method != "POST") {
      response.status = 405;
      co_return response;
    }
    // Shares ownership of the request: its part of the byte budget is held until the body is read.
    std::shared_ptr<const std::string> body(request, &request->body);
    std::string content_type = request->content_type;
    request.reset();
    const gateway::Reply reply = co_await gateway_.handle(std::move(body), std::move(content_type));
    co_return setup::http_answer(reply);
  }

  asio::awaitable<void> housekeeping() {
    while (!stopping_) {
      co_await async::sleep_for(kHousekeeping);
      const auto now = clock_.now();
      try {
        co_await gateway_.expire_dialogs(now - config_.dialogs.idle_timeout,
                                         now - config_.dialogs.idle_timeout - kForgetDialogs);
        co_await gateway_.expire_transfers(now - config_.chunks.keep);
        refusals_.round(gateway_.refusals(), cpu_.load(), db_.load(), server_.counts());
        // What a node that died had begun.
        if (!config_.state.database.empty()) co_await gateway_.resume_transfers();
      } catch (const base::InternalError& error) {
        // One bad round must not end the task that closes dialogs.
        base::log(LogLevel::critical, "housekeeping.bug", "housekeeping failed",
                  {{"error", error.what()}});
      }
    }
  }

  std::vector<crypto::Certificate> own_certificates() const {
    const auto settings = gateway_.settings();
    std::vector<crypto::Certificate> out{settings->signature_key.certificate};
    for (const auto& pair : settings->cipher_keys) out.push_back(pair.certificate);
    return out;
  }

  // Own certificates are kept in view like everybody's; a revoked one is an emergency.
  asio::awaitable<void> watching_certificates() {
    if (!desk_.revocation()) co_return;
    bool told = false;
    while (!stopping_) {
      const auto trust = gateway_.settings()->trust;
      auto own = own_certificates();
      co_await desk_.revocation()->check(std::move(own), trust);
      desk_.revocation()->refresh_due(trust);
      const bool revoked = desk_.revocation()->any_revoked(own_certificates());
      if (revoked && !told)
        base::log(LogLevel::critical, "key.revoked",
                  "an own certificate is revoked; requests for it are refused with 9201");
      told = revoked;
      co_await async::sleep_for(kHousekeeping);
    }
  }

  asio::awaitable<void> refreshing_directory() {
    if (!remote_) co_return;
    while (!stopping_) {
      auto job = [this]() -> bool {
        try {
          return remote_->step();
        } catch (const std::exception& error) { // memory for an answer, say
          base::log(LogLevel::critical, "directory.bug", "asking for the directory failed",
                    {{"error", error.what()}});
          return false;
        }
      };
      const auto changed = co_await directory_.run(std::move(job));
      directory_waits_ = directory_waits_ || (changed && *changed);
      if (directory_waits_) {
        const bool loaded = co_await reload(setup::Reload::directory);
        directory_waits_ = !loaded;
        // What is wrong with a key or an anchor is not mended within a second.
        if (!loaded) co_await async::sleep_for(kHousekeeping);
      }
      co_await async::sleep_for(kDirectoryStep);
    }
  }

  // Readiness must be cheap to ask for, so a real write is tried in the background.
  asio::awaitable<void> probing() {
    while (!stopping_) {
      auto job = [this] { return store_->probe(); };
      auto probed = co_await db_.run(std::move(job));
      if (!probed && storage_)
        base::log(LogLevel::critical, "storage.unready", "the store does not take writes",
                  {{"error", std::string(base::to_string(probed.error().code))}});
      if (probed && !storage_) base::log(LogLevel::info, "storage.ready", "the store takes writes");
      storage_ = std::move(probed);
      co_await async::sleep_for(kProbe);
    }
  }

  // The log keeps heads of the journal, so that who writes all of it anew is found out.
  asio::awaitable<void> keeping_journal() {
    while (!stopping_) {
      auto job = [this, before = clock_.now() - config_.state.journal] {
        return store_->keep_journal(before);
      };
      const auto head = co_await db_.run(std::move(job));
      if (head)
        base::log(
            LogLevel::info, "journal.head", "the journal's last entry",
            {{"number", std::to_string(head->number)}, {"hash", base::hex_encode(head->hash)}});
      else
        base::log(LogLevel::error, "journal.unkept", "the journal's head could not be read",
                  {{"error", head.error().detail}});
      co_await async::sleep_for(kJournalWitness);
    }
  }

  // Bound to progress of the loop and of the CPU pool, not to a timer of its own.
  asio::awaitable<void> watchdog() {
    const auto interval = ops::watchdog_interval();
    if (!interval) co_return;
    while (true) {
      auto job = [] {};
      const auto alive = co_await cpu_.run(std::move(job), kBegun);
      if (alive || alive.error().code == ErrorCode::overloaded) ops::notify_watchdog();
      co_await async::sleep_for(*interval / 2);
    }
  }

  asio::awaitable<void> signals() {
    for (;;) {
      boost::system::error_code failed;
      auto token = asio::redirect_error(asio::use_awaitable, failed);
      const int signal = co_await signals_.async_wait(token);
      if (failed) co_return;
      if (signal == SIGHUP) {
        co_await reload(setup::Reload::everything);
      } else {
        co_await stop();
        co_return;
      }
    }
  }

  // A configuration that does not load changes nothing: the daemon goes on with what it has.
  // One after the other, or an older directory could come into force over a newer one.
  asio::awaitable<bool> reload(setup::Reload what) {
    while (reloading_) co_await async::sleep_for(std::chrono::milliseconds{20});
    reloading_ = true;
    ops::notify_reloading();
    auto job = [config = config_, remote = remote_.get(), now = clock_.now(), what,
                in_force = gateway_.settings()]() -> base::Result<setup::Loaded> {
      try {
        return setup::load(config, remote, now, what, in_force.get());
      } catch (const std::exception& error) {
        return fail(ErrorCode::internal, error.what());
      }
    };
    auto loaded = co_await cpu_.run(std::move(job), kBegun);
    reloading_ = false;
    if (loaded) {
      page_ = std::move(loaded->page);
      gateway_.replace(std::move(loaded->settings));
      base::log(LogLevel::info, "daemon.reloaded", "keys, trust anchors and directory loaded again",
                {{"organisations",
                  std::to_string(gateway_.settings()->directory->organisations().size())}});
    } else {
      base::log(LogLevel::error, "daemon.reload_failed",
                "reload refused; the old state stays in force", {{"error", loaded.error().detail}});
    }
    ops::notify_ready("accepting OSCI requests");
    co_return loaded.has_value();
  }

  // Stop accepting, wake idle connections, let accepted requests end, then join the pools.
  asio::awaitable<void> stop() {
    if (stopping_) co_return;
    stopping_ = true;
    base::log(LogLevel::info, "daemon.stopping", "shutting down");
    ops::notify_stopping();
    *stop_asking_ = true;
    // Pushes that run end within [push] total; those that wait for their turn are refused now.
    gateway_.stop_pushes();
    co_await server_.drain(config_.shutdown);
    if (admin_) co_await admin_->drain(std::chrono::seconds{1});
    tasks_.cancel();
    co_await tasks_.empty();
    co_await desk_.stop();
    // A handler whose client has left may still wait for its commit: its outcome is awaited too.
    while (server_.counts().handling > 0) co_await async::sleep_for(std::chrono::milliseconds{20});
    // What is not processed by then is taken up at the next start.
    constexpr std::chrono::milliseconds step{20};
    for (auto left = config_.shutdown; gateway_.transfers_in_work() > 0 && left.count() > 0;
         left -= step)
      co_await async::sleep_for(step);
    io_.stop();
  }

  ops::Config config_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<lookup::RemoteDirectory> remote_; // null: a directory file
  std::shared_ptr<std::atomic<bool>> stop_asking_;
  std::shared_ptr<const lookup::DirectoryPage> page_;
  std::unique_ptr<storage::DatabaseStore> store_;
  storage::DatabaseTransfers transfers_;
  storage::DatabaseRetention retained_;
  mailbox::MessageIdIssuer ids_;
  asio::io_context io_{1};
  async::WorkPool cpu_;
  async::WorkPool db_;
  HttpRecipients recipients_;
  async::WorkPool push_;
  authority::Desk desk_;
  async::WorkPool bulk_;
  gateway::Rollovers rollovers_;
  gateway::Gateway gateway_;
  gateway::RetentionRounds retention_;
  async::WorkPool directory_;
  ops::Health health_;
  setup::RefusalReport refusals_;
  base::Result<> storage_{fail(ErrorCode::storage_failure, "not probed yet")};
  bool stopping_ = false;
  bool reloading_ = false;
  bool directory_waits_ = false; // a new one has come and is not in force
  async::TaskGroup tasks_;
  http::Server server_;
  std::optional<http::Server> admin_;
  asio::signal_set signals_;
};

int complain(const base::Error& error) {
  std::cerr << "dataclearingd: " << error.detail << '\n';
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"dataclearingd - OSCI-Transport 1.2 intermediary"};
  std::string config_file = "/etc/dataclearing/dataclearing.toml";
  bool check = false;
  app.add_option("--config", config_file, "configuration file (TOML)")->capture_default_str();
  app.add_flag("--check-config", check, "load configuration, keys, trust and directory, then exit");
  app.set_version_flag("--version", "dataclearingd " DC_VERSION);
  CLI11_PARSE(app, argc, argv);

  xml::initialise();
  auto config = ops::load_config(config_file);
  if (!config) return complain(config.error());
  const base::SystemClock clock;
  ops::start_logging(config->log, clock);
  auto stop_asking = std::make_shared<std::atomic<bool>>(false);
  auto remote = setup::remote_directory(*config, clock, stop_asking);
  if (remote)
    if (const auto opened = remote->open(); !opened) {
      if (config->directory.file.empty()) return complain(opened.error());
      base::log(LogLevel::warning, "directory.from_file",
                "the directory file is in force until a server answers",
                {{"error", opened.error().detail}});
    }
  auto loaded = setup::load(*config, remote.get(), clock.now());
  if (!loaded) return complain(loaded.error());
  base::SystemRandom random;
  auto desk = setup::desk_rules(*config, random);
  if (!desk) return complain(desk.error());
  if (check) {
    std::cout << config_file << ": ok, " << loaded->settings->directory->organisations().size()
              << " organisations, " << loaded->settings->trust->anchor_count()
              << " trust anchors\n";
    return 0;
  }

  storage::StoreConfig store_config;
  store_config.folder = config->state.directory;
  store_config.database = config->state.database;
  store_config.body_file_threshold = config->state.body_file_threshold;
  store_config.reserve_bytes = config->state.reserve;
  store_config.max_in_memory = config->limits.message;
  auto store = storage::DatabaseStore::open(store_config);
  if (!store) return complain(store.error());
  const auto secret = message_id_secret(*config, **store, random);
  if (!secret) return complain(secret.error());
  Daemon daemon(std::move(*config), std::move(*loaded), std::move(remote), std::move(stop_asking),
                std::move(*store), *secret, std::move(*desk));
  if (const auto done = daemon.run(); !done) return complain(done.error());
  base::log(LogLevel::info, "daemon.stopped", "stopped");
  return 0;
}
