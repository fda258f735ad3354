// Kills the real daemon again and again under load, then holds what its clients saw against what it
// had promised them.
#include "crash/daemon_process.h"
#include "crash/history.h"
#include "crash/load.h"
#include "crash/passive_recipient.h"
#include "crash/push_falsifications.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <set>

namespace crash {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Options {
  std::string daemon, keys = support::captures_folder() + "/keys", state;
  int rounds = 6;
  std::uint64_t seed = 1;
  bool points = false, self_test = false;
};

// Read from the source, so that no list can forget one.
std::vector<std::string> named_points() {
  std::set<std::string> out;
  const std::string call = "crash_point(\"";
  for (const auto& entry : fs::recursive_directory_iterator(DC_SOURCE_DIR "/daemon")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = support::read_file(entry.path().string());
    for (auto at = text.find(call); at != std::string::npos; at = text.find(call, at)) {
      at += call.size();
      out.insert(text.substr(at, text.find('"', at) - at));
    }
  }
  if (out.empty()) throw std::runtime_error("no crash point found in the daemon's source");
  return {out.begin(), out.end()};
}

Setup setup(const Options& options, const std::string& endpoint) {
  Setup out{options.daemon, options.keys, options.state, {"recipient", "other"}};
  // Small, so that modest payloads go through files as well as through the database.
  out.body_file_threshold = "16 KiB";
  out.log_level = "warning";
  out.endpoint = endpoint;
  out.more_configuration = "[push]\nallow_clear = true\nallow_private_addresses = true\n"
                           // What was fetched goes at once: purges under load, and dying in them.
                           "[retention]\nfetched = \"1s\"\ninterval = \"1s\"\n";
  return out;
}

class Campaign {
 public:
  explicit Campaign(const Options& options)
      : options_(options), recipient_(ledger_, options.seed + 200),
        daemon_(setup(options, recipient_.url())), field_{ledger_, daemon_.url(), recipient_.url()},
        random_(options.seed) {}

  History run() {
    start();
    Load load(field_, options_.seed);
    try {
      for (int round = 0; round < options_.rounds; ++round) random_round();
      if (options_.points) {
        const auto points = named_points();
        ledger_.points(points);
        for (const auto& point : points) point_round(point);
      }
    } catch (...) {
      // The clients wait for a daemon that will not come back; nothing can be judged any more.
      std::cerr << daemon_.log_tail();
      std::cerr << "crash_campaign: the daemon does not start after a crash\n";
      daemon_.signal(SIGKILL);
      std::_Exit(1);
    }
    await_pushes();
    load.stop();
    empty_mailboxes();
    stop();
    recipient_.stop();
    return ledger_.copy();
  }

  // Stores one more delivery, takes its body file away behind the daemon's back, and looks again.
  History run_after_loss() {
    start();
    Client sender(field_, "sender", options_.seed + 100);
    const auto before = body_files();
    store_one(sender, Payload::large);
    stop();
    for (const auto& file : body_files())
      if (!before.contains(file)) fs::remove(file);
    start();
    empty_mailboxes();
    stop();
    return ledger_.copy();
  }

  int random_kills() const { return random_kills_; }
  int kills_at_start() const { return kills_at_start_; }

 private:
  std::chrono::milliseconds between(int from, int to) {
    return std::chrono::milliseconds{std::uniform_int_distribution<int>(from, to)(random_)};
  }

  void start(const std::string& point = {}) {
    daemon_.start(point);
    if (!daemon_.wait_ready() && !(daemon_.ended() && daemon_.ended()->killed && !point.empty()))
      throw std::runtime_error("the daemon does not start");
  }

  void stop() {
    daemon_.signal(SIGTERM);
    const auto end = daemon_.wait_end(20s);
    if (!end || end->killed || end->status != 0)
      ledger_.unexpected("the daemon did not end in order");
  }

  void kill_now() {
    if (const auto end = daemon_.ended())
      ledger_.unexpected("the daemon died by itself, status " + std::to_string(end->status) + "\n" +
                         daemon_.log_tail());
    daemon_.signal(SIGKILL);
    daemon_.wait_end(20s);
    ++random_kills_;
  }

  // A few rounds may be over before a push of every kind has come to its end.
  void await_pushes() {
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    while (!has_pushes(ledger_.copy())) {
      if (std::chrono::steady_clock::now() >= deadline)
        return ledger_.unexpected("no push of every kind has come to its end");
      std::this_thread::sleep_for(50ms);
    }
  }

  void random_round() {
    std::this_thread::sleep_for(between(100, 2500));
    kill_now();
    // Recovery itself may be interrupted, more than once.
    while (std::bernoulli_distribution(0.25)(random_)) {
      daemon_.start();
      std::this_thread::sleep_for(between(0, 120));
      kill_now();
      ++kills_at_start_;
    }
    start();
  }

  // First at a passage under load. A point that is seldom passed (the log is only copied when it is
  // long) comes at the orderly end at the latest.
  void point_round(const std::string& point) {
    // Pushes are fewer than what else goes on. Body files are purged only of what was large, and
    // fetched for a while.
    const bool purge = point.find(".purge_") != std::string::npos;
    const int most = purge ? 1 : point.find(".push_") != std::string::npos ? 4 : 12;
    const auto passage = std::uniform_int_distribution<int>(1, most)(random_);
    if (!dies_at(point, passage, 4s)) dies_at(point, 1, purge ? 40s : 8s);
    start();
  }

  bool dies_at(const std::string& point, int passage, std::chrono::milliseconds patience) {
    daemon_.signal(SIGKILL);
    daemon_.wait_end(20s);
    start(point + ":" + std::to_string(passage));
    auto end = daemon_.wait_end(patience);
    if (!end) {
      daemon_.signal(SIGTERM);
      end = daemon_.wait_end(20s);
    }
    if (end && end->killed) {
      ledger_.death(point);
      return true;
    }
    if (!end || end->status != 0)
      ledger_.unexpected("the daemon armed with " + point + " ended with status " +
                         (end ? std::to_string(end->status) : "none"));
    return false;
  }

  void empty_mailboxes() {
    // A right daemon offers each delivery once in a dialog; a wrong one must not keep us for ever.
    const auto most = ledger_.copy().sent.size() + 1;
    std::vector<std::thread> readers;
    for (const auto* party : {"recipient", "other"})
      readers.emplace_back([this, party, most, seed = ++options_.seed] {
        try {
          Client reader(field_, party, seed);
          fetch_some(reader, most, false);
        } catch (const std::exception& error) {
          ledger_.unexpected(std::string("reader: ") + error.what());
        }
      });
    for (auto& reader : readers) reader.join();
    Client sender(field_, "sender", ++options_.seed);
    ledger_.cards(read_cards(sender));
  }

  std::set<fs::path> body_files() const {
    std::set<fs::path> out;
    for (const auto& entry : fs::recursive_directory_iterator(daemon_.store_folder()))
      if (entry.is_regular_file() && entry.path().filename().string().size() == 32)
        out.insert(entry.path());
    return out;
  }

  Options options_;
  Ledger ledger_;
  PassiveRecipient recipient_;
  DaemonProcess daemon_;
  Field field_;
  std::mt19937_64 random_;
  int random_kills_ = 0, kills_at_start_ = 0;
};

void print_table(const Options& options, const Campaign& campaign, const History& h,
                 const std::vector<Violation>& violations) {
  std::map<std::string, int> offers;
  std::uint64_t acknowledged = 0;
  for (const auto& one : h.handed) {
    ++offers[one.message_id];
    acknowledged += one.acknowledged ? 1 : 0;
  }
  std::uint64_t stored = 0, silent_present = 0, silent_absent = 0;
  for (const auto& [id, sent] : h.sent) {
    if (sent.receipt)
      ++stored;
    else
      ++(h.cards.contains(id) ? silent_present : silent_absent);
  }
  const auto row = [](const std::string& name, auto value) {
    std::cout << "  " << std::left << std::setw(46) << name << std::right << std::setw(8) << value
              << '\n';
  };
  std::cout << "crash campaign, seed " << options.seed << '\n';
  row("rounds", options.rounds);
  row("kills at random", campaign.random_kills());
  row("  of these during recovery", campaign.kills_at_start());
  for (const auto& point : h.points) {
    const auto hit = h.deaths.find(point);
    row("kills at " + point, hit == h.deaths.end() ? 0 : hit->second);
  }
  row("requests whose connection broke", h.broken);
  row("stored, acknowledged", stored);
  row("stored, no answer seen: complete", silent_present);
  row("stored, no answer seen: absent", silent_absent);
  row("identical bytes again, same receipt", h.repeats_answered);
  row("second use of an id, refused", h.reuses_refused);
  row("fetched, distinct deliveries", offers.size());
  row("repeated before acknowledgement", h.handed.size() - offers.size());
  row("fetches acknowledged and answered", acknowledged);
  std::map<std::string, int> outcomes;
  std::uint64_t replies = 0, silent_pushes = 0;
  for (const auto& [id, sent] : h.pushes) {
    if (!sent.told) ++silent_pushes;
    if (!sent.told) continue;
    ++outcomes[sent.told->positive() ? "positive" : sent.told->code];
    replies += sent.told->reply_digest ? 1 : 0;
  }
  row("pushed, confirmed", outcomes["positive"]);
  row("  of these with reply", replies);
  row("pushed, refused by the recipient (9805)", outcomes["9805"]);
  row("pushed, outcome open after a death (9810)", outcomes["9810"]);
  row("pushed, no answer seen", silent_pushes);
  row("pushes received completely", h.received.size());
  row("identical push again, same outcome", h.pushes_repeated);
  row("violations", violations.size());
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < std::min(most, violations.size()); ++i)
    std::cout << "VIOLATION " << to_string(violations[i].rule) << ": " << violations[i].what
              << '\n';
  if (violations.size() > most) std::cout << "and " << violations.size() - most << " more\n";
}

bool complains(const History& history, Rule rule) {
  for (const auto& violation : judge(history))
    if (violation.rule == rule) return true;
  return false;
}

// Falsifies copies of a real history, one way each; the judge must notice every one.
int self_test(const History& good, Campaign& campaign) {
  const auto first = std::find_if(good.handed.begin(), good.handed.end(), [&](const Handed& one) {
    return one.acknowledged && good.sent.at(one.message_id).receipt;
  });
  if (first == good.handed.end()) {
    std::cout << "self-test: nothing was fetched and acknowledged\n";
    return 1;
  }
  const std::string id = first->message_id;
  int silent = 0;
  const auto expect = [&](const std::string& name, Rule rule, History history) {
    const bool noticed = complains(history, rule);
    std::cout << (noticed ? "  noticed  " : "  SILENT   ") << name << '\n';
    if (!noticed) ++silent;
  };
  const auto falsify = [&](const std::string& name, Rule rule, const auto& change) {
    History history = good;
    change(history);
    expect(name, rule, std::move(history));
  };
  std::cout << "self-test: falsified histories\n";
  falsify("an acknowledged delivery that nobody fetched", Rule::lost, [&](History& h) {
    std::erase_if(h.handed, [&](const Handed& one) { return one.message_id == id; });
  });
  falsify("one octet of a payload", Rule::altered, [&](History& h) {
    auto& digest = h.sent.at(id).digest;
    digest.front() = static_cast<char>(digest.front() ^ 1);
  });
  falsify("a delivery that nobody sent", Rule::invented, [&](History& h) { h.sent.erase(id); });
  falsify("a delivery in another mailbox", Rule::invented, [&](History& h) {
    auto& mailbox = h.sent.at(id).mailbox;
    mailbox = mailbox == "other" ? "recipient" : "other";
  });
  falsify("a delivery offered after its acknowledgement", Rule::delivered_twice, [&](History& h) {
    Handed again = *first;
    again.begun = *first->acknowledged + 1;
    again.acknowledged.reset();
    h.handed.push_back(again);
  });
  falsify("a process card without Reception", Rule::card,
          [&](History& h) { h.cards.at(id).reception.reset(); });
  falsify("a process card with a later Reception", Rule::card, [&](History& h) {
    auto& reception = h.cards.at(id).reception;
    reception = reception.value() + 1h;
  });
  falsify("a process card with another Creation", Rule::card,
          [&](History& h) { h.cards.at(id).creation -= 1ms; });
  falsify("a missing process card", Rule::card, [&](History& h) { h.cards.erase(id); });
  falsify("a fault", Rule::unexpected, [&](History& h) { h.unexpected.push_back("fault 9400"); });
  falsify("a crash point that was never hit", Rule::point_missed,
          [&](History& h) { h.points.push_back("no.such_point"); });
  for (const auto& one : push_falsifications(good)) falsify(one.name, one.rule, one.change);
  expect("a body file removed from the daemon's folder", Rule::lost, campaign.run_after_loss());
  return silent == 0 ? 0 : 1;
}

int run(const Options& options) {
  xml::initialise();
  fs::remove_all(options.state + "/store");
  fs::remove(options.state + "/daemon.log");
  Campaign campaign(options);
  const History history = campaign.run();
  const auto violations = judge(history);
  print_table(options, campaign, history, violations);
  if (!violations.empty()) return 1;
  return options.self_test ? self_test(history, campaign) : 0;
}

} // namespace
} // namespace crash

int main(int argc, char** argv) {
  crash::Options options;
  CLI::App app{"crash_campaign - kills the daemon under load and checks its promises"};
  app.add_option("--daemon", options.daemon, "the dataclearingd to test")->required();
  app.add_option("--keys", options.keys, "the test keys, as in tests/captures/keys")
      ->capture_default_str();
  app.add_option("--state", options.state, "folder of its own; its store is emptied at the start")
      ->required();
  app.add_option("--rounds", options.rounds, "kills at a random moment")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of load and moments")->capture_default_str();
  app.add_flag("--points", options.points, "also die once at every named crash point");
  app.add_flag("--self-test", options.self_test,
               "afterwards: does the judge notice falsifications?");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return crash::run(options);
  } catch (const std::exception& error) {
    std::cerr << "crash_campaign: " << error.what() << '\n';
    return 1;
  }
}
