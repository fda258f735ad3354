// Whether the store stays as quick with millions of process cards as with thousands: the real
// daemon's start on it, and what a fetch, a lookup and a process card cost, small beside large.
#include "bench/rig.h"
#include "crash/daemon_process.h"
#include "storage/database_store.h"
#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <iomanip>
#include <iostream>
#include <random>
#include <stdexcept>

namespace bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kProbes = 4000;
constexpr std::size_t kWriters = 128; // share commits
constexpr double kStart = 2.0;        // seconds
constexpr double kGrowth = 1.5;

struct Options : DaemonOptions {
  std::size_t cards = 200'000, stored = 20'000, mailboxes = 2000, small = 10'000;
  std::string keep; // of the large store; empty: removed
};

// How a store is filled: `cards` process cards, `waiting` of them with a delivery not fetched yet,
// spread over mailboxes.
struct Fill {
  std::size_t cards, waiting, mailboxes;
};

template <class T>
T good(base::Result<T> result) {
  if (!result)
    throw std::runtime_error(std::string(base::to_string(result.error().code)) + " " +
                             result.error().detail);
  return std::move(*result);
}
void good(const base::Result<>& result) {
  if (!result)
    throw std::runtime_error(std::string(base::to_string(result.error().code)) + " " +
                             result.error().detail);
}

std::string mailbox_name(std::size_t number) {
  // As long as the fingerprints that name mailboxes.
  auto out = std::to_string(number);
  return std::string(64 - out.size(), 'a') + out;
}
std::string message_id(std::size_t number) {
  return "intermediary-" + std::to_string(1'000'000'000'000 + number);
}

base::Instant instant(std::size_t number) {
  return base::Instant{
      base::Milliseconds{1'767'225'600'000 + static_cast<std::int64_t>(number) * 50}};
}

mailbox::NewDelivery delivery(std::size_t number, std::size_t mailboxes) {
  mailbox::NewDelivery out;
  out.message_id = message_id(number);
  out.mailbox = mailbox_name(number % mailboxes);
  out.originator = "sender";
  out.request_digest = "digest of " + out.message_id;
  out.creation = instant(number);
  out.subject = "Antrag";
  out.parts.push_back({mailbox::PartKind::content, "", "", "", std::string(600, 'c')});
  out.parts.push_back({mailbox::PartKind::certificates, "", "", "", "<certificates/>"});
  mailbox::Inspection inspection;
  inspection.at = out.creation;
  inspection.role = "CipherCertificateAddressee";
  inspection.fingerprint = std::string(64, 'a');
  inspection.subject = "CN=Muster,C=DE";
  inspection.issuer = "CN=Test CA,C=DE";
  inspection.serial = "123456789012345678901234567890";
  inspection.math = mailbox::MathResult::ok;
  inspection.offline = mailbox::OfflineResult::valid;
  out.inspections.push_back(inspection);
  return out;
}

// A recipient's dialog with the store.
class Fetching {
 public:
  Fetching(mailbox::Store& store, std::string name, std::string mailbox, base::Instant now)
      : store_(store), now_(now) {
    mailbox::Dialog dialog;
    dialog.conversation_id = std::move(name);
    dialog.party = mailbox;
    dialog.cipher_certificate = std::string(900, 'z');
    dialog.challenge = "0";
    dialog.opened = dialog.last_activity = now;
    turn_.conversation_id = dialog.conversation_id;
    selection_.mailboxes = {std::move(mailbox)};
    good(store_.open_dialog(dialog, 1000));
  }
  mailbox::Fetched fetch() { return good(store_.fetch(selection_, next())); }
  void exit() {
    auto turn = next();
    turn.close = true;
    good(store_.take_turn(turn));
  }
  // Without acknowledging what was fetched last.
  void leave() { good(store_.close_dialog(turn_.conversation_id)); }

 private:
  mailbox::DialogTurn next() {
    auto out = turn_;
    out.sequence = sequence_;
    out.challenge = std::to_string(sequence_++);
    out.next_challenge = std::to_string(sequence_);
    out.request_digest = std::string(32, 'd');
    out.result = "fetched:";
    out.now = now_;
    return out;
  }

  mailbox::Store& store_;
  const base::Instant now_;
  mailbox::DialogTurn turn_;
  mailbox::FetchSelection selection_;
  std::uint32_t sequence_ = 0;
};

std::unique_ptr<storage::DatabaseStore> open(const std::string& folder) {
  storage::StoreConfig config;
  config.folder = folder;
  return good(storage::DatabaseStore::open(std::move(config)));
}

// `work(i)` for all i below `count`, by many threads at once.
void share(std::size_t count, const char* what, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto begin = Clock::now();
  in_threads(kWriters, [&](std::size_t thread) {
    for (std::size_t i; (i = next++) < count;) {
      work(i);
      if (thread == 0 && i % 1000 < kWriters)
        std::cerr << "\r" << what << " " << i << " of " << count << std::flush;
    }
  });
  const std::chrono::duration<double> taken = Clock::now() - begin;
  std::cerr << "\r" << what << " " << count << " in " << static_cast<int>(taken.count()) << " s"
            << std::string(20, ' ') << "\n";
}

// What has been fetched comes first: it is older.
void fill(const std::string& folder, const Fill& how) {
  const auto store = open(folder);
  const std::size_t fetched = how.cards - how.waiting;
  share(fetched, "fetched later: stored",
        [&](std::size_t i) { good(store->store(delivery(i, how.mailboxes), std::nullopt, "")); });
  share(how.mailboxes, "mailboxes emptied:", [&](std::size_t i) {
    Fetching reader(*store, "fill-" + std::to_string(i), mailbox_name(i), instant(how.cards));
    while (reader.fetch().delivery) {
    }
    reader.exit();
  });
  share(how.waiting, "waiting: stored", [&](std::size_t i) {
    good(store->store(delivery(fetched + i, how.mailboxes), std::nullopt, ""));
  });
}

struct Figures {
  double start = 0; // seconds until the daemon listens
  struct Cost {
    double median = 0, p99 = 0; // microseconds
  };
  Cost oldest, by_id, card, fetch;
};

Figures::Cost cost(std::size_t times, const std::function<void(std::size_t)>& work) {
  std::vector<double> taken;
  for (std::size_t i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    work(i);
    taken.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::sort(taken.begin(), taken.end());
  return {percentile(taken, 0.5), percentile(taken, 0.99)};
}

Figures measure(const Options& options, const Folder& folder, const std::string& state,
                const Fill& how) {
  Figures out;
  {
    Pki pki(folder.sub("keys"));
    const Parties parties(pki, kClientBits, 1);
    crash::DaemonProcess daemon({options.daemon, pki.folder(), state, parties.names});
    const auto begin = Clock::now();
    daemon.start();
    if (!daemon.wait_ready())
      throw std::runtime_error("the daemon does not start\n" + daemon.log_tail());
    out.start = std::chrono::duration<double>(Clock::now() - begin).count();
    daemon.signal(SIGTERM);
    daemon.wait_end(std::chrono::seconds{60});
  }
  const auto store = open(state + "/store");
  std::mt19937_64 random(4711); // the same places in each run
  const auto any = [&random](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  const std::size_t first_waiting = how.cards - how.waiting;
  const auto find = [&](std::size_t) {
    mailbox::FetchSelection selection;
    const auto number = first_waiting + any(how.waiting);
    selection.mailboxes = {mailbox_name(number % how.mailboxes)};
    selection.rule = mailbox::FetchRule::message_id;
    selection.message_id = message_id(number);
    if (!good(store->read(selection)).delivery) throw std::runtime_error("a delivery is missing");
  };
  const auto oldest = [&](std::size_t) {
    mailbox::FetchSelection selection;
    selection.mailboxes = {mailbox_name(any(how.mailboxes))};
    if (!good(store->read(selection)).delivery) throw std::runtime_error("a mailbox is empty");
  };
  const auto card = [&](std::size_t) {
    mailbox::CardSelection selection;
    selection.party = "sender";
    selection.rule = mailbox::CardRule::message_ids;
    selection.message_ids = {message_id(any(how.cards))};
    if (good(store->cards(selection, std::nullopt)).cards.size() != 1)
      throw std::runtime_error("a process card is missing");
  };
  const auto fetch = [&](std::size_t i) {
    Fetching reader(*store, "probe-" + std::to_string(i), mailbox_name(any(how.mailboxes)),
                    instant(how.cards + 1));
    if (!reader.fetch().delivery) throw std::runtime_error("a mailbox is empty");
    reader.leave();
  };
  // Each once before it counts: what is asked for often is in memory.
  for (const auto& work :
       std::initializer_list<std::function<void(std::size_t)>>{oldest, find, card})
    cost(kProbes, work);
  out.oldest = cost(kProbes, oldest);
  out.by_id = cost(kProbes, find);
  out.card = cost(kProbes, card);
  out.fetch = cost(kProbes / 8, fetch);
  return out;
}

bool print(const char* what, const Figures::Cost& small, const Figures::Cost& large, double limit) {
  const double growth = large.median / small.median;
  std::cout << std::fixed << std::setprecision(1) << std::left << std::setw(34) << what
            << std::right << std::setw(10) << small.median << std::setw(10) << small.p99
            << std::setw(10) << large.median << std::setw(10) << large.p99 << std::setprecision(2)
            << std::setw(10) << growth << (growth > limit ? "  beyond " : "  within ") << limit
            << "\n";
  return growth <= limit;
}

int run(const Options& options) {
  print_machine(options.folder);
  const Folder folder(options.folder);
  const Fill small{options.small, options.small,
                   std::max<std::size_t>(1, options.small * options.mailboxes / options.stored)};
  const Fill large{options.cards, options.stored, options.mailboxes};
  fill(folder.sub("small") + "/store", small);
  const auto before = measure(options, folder, folder.sub("small"), small);
  const std::string state = options.keep.empty() ? folder.sub("large") : options.keep;
  if (!fs::exists(state + "/store/mailbox.db")) fill(state + "/store", large);
  std::cout << large.cards << " process cards, " << large.waiting << " deliveries waiting in "
            << large.mailboxes
            << " mailboxes: " << fs::file_size(state + "/store/mailbox.db") / 1'000'000
            << " MB; beside " << small.cards << " in " << small.mailboxes << "\n\n";
  const auto after = measure(options, folder, state, large);
  std::cout
      << "microseconds                           small                large\n"
         "                                      median       p99    median       p99    growth\n";
  bool within = print("oldest of a mailbox, read", before.oldest, after.oldest, kGrowth);
  within &= print("by message id, read", before.by_id, after.by_id, kGrowth);
  within &= print("process card by message id", before.card, after.card, kGrowth);
  within &= print("dialog opened, oldest fetched", before.fetch, after.fetch, kGrowth);
  std::cout << std::setprecision(2) << "daemon listens after " << before.start << " s and "
            << after.start << " s, limit " << kStart << " s\n";
  within &= after.start < kStart;
  std::cout << (within ? "within the limits\n" : "beyond a limit\n");
  return within ? 0 : 1;
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  CLI::App app{"scale_benchmark - the store with millions of process cards"};
  bench::add_options(app, options);
  app.add_option("--keep", options.keep, "folder for the large store, filled only when it is new");
  const auto count = [&app](const char* name, std::size_t& into, const char* what) {
    app.add_option(name, into, what)
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}))
        ->capture_default_str();
  };
  count("--cards", options.cards, "process cards of the large store");
  count("--stored", options.stored, "of these, with a delivery that waits");
  count("--mailboxes", options.mailboxes, "of the large store");
  count("--small", options.small, "deliveries of the small store");
  return bench::run_benchmark(app, argc, argv, [&options] { return bench::run(options); });
}
