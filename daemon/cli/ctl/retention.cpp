// `dataclearingctl retention`, `hold`, `release`, `holds`: what will be noticed and purged, and
// what must not be. Works in the state folder beside a running daemon.
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "ops/config.h"
#include "storage/operator_access.h"
#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iomanip>
#include <map>

namespace cli::ctl {

namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using mailbox::RetentionAction;

constexpr std::size_t kLongestReason = 200;

struct Options {
  std::string state, config, at, message_id, reason;
  bool json = false;
};

// What comes of the deliveries of one service in one mailbox.
struct Tally {
  std::uint64_t content = 0, notices = 0, fetched = 0, unfetched = 0, replies = 0, cards = 0;
  std::uint64_t held = 0, quarantined = 0, kept_by_dialog = 0;
  std::optional<base::Instant> oldest_unfetched;
};

void count(const mailbox::Retained& one, const mailbox::RetentionVerdict& verdict, Tally& out) {
  const bool has_content = !one.purged && one.kind != mailbox::RetainedKind::push;
  if (has_content) ++out.content;
  if (one.held) ++out.held;
  if (one.quarantined) ++out.quarantined;
  if (one.being_fetched) ++out.kept_by_dialog;
  if (has_content && one.kind == mailbox::RetainedKind::delivery && !one.reception &&
      !one.quarantined)
    out.oldest_unfetched = std::min(out.oldest_unfetched.value_or(one.creation), one.creation);
  switch (verdict.action) {
  case RetentionAction::keep:
    return;
  case RetentionAction::notice:
    ++out.notices;
    return;
  case RetentionAction::forget:
    ++out.cards;
    return;
  case RetentionAction::purge:
    switch (verdict.reason) {
    case mailbox::PurgeReason::fetched:
      ++out.fetched;
      return;
    case mailbox::PurgeReason::expired_unfetched:
      ++out.unfetched;
      return;
    case mailbox::PurgeReason::reply_handed_over:
      ++out.replies;
      return;
    }
  }
}

using Table = std::map<std::pair<std::string, std::string>, Tally>;

void print_table(const Table& table, base::Instant at, mailbox::RetentionMode mode) {
  std::cout << "at " << base::format_datetime(at) << ", mode "
            << (mode == mailbox::RetentionMode::off       ? "off: nothing of this will happen"
                : mode == mailbox::RetentionMode::observe ? "observe: nothing will be purged"
                                                          : "enforce")
            << "\n";
  const auto cell = [](auto value, int width) {
    std::cout << std::right << std::setw(width) << value;
  };
  cell("content", 9);
  cell("notices", 9);
  cell("purge", 9);
  cell("purge", 11);
  cell("purge", 9);
  cell("forget", 8);
  cell("held", 6);
  cell("damaged", 9);
  std::cout << "  oldest unfetched      mailbox, service\n";
  cell("", 9);
  cell("", 9);
  cell("fetched", 9);
  cell("unfetched", 11);
  cell("replies", 9);
  cell("cards", 8);
  std::cout << "\n";
  for (const auto& [key, one] : table) {
    cell(one.content, 9);
    cell(one.notices, 9);
    cell(one.fetched, 9);
    cell(one.unfetched, 11);
    cell(one.replies, 9);
    cell(one.cards, 8);
    cell(one.held, 6);
    cell(one.quarantined, 9);
    std::cout << "  " << std::left << std::setw(20)
              << (one.oldest_unfetched
                      ? base::format_datetime(
                            std::chrono::floor<std::chrono::seconds>(*one.oldest_unfetched))
                      : "-")
              << "  " << harmless(key.first) << (key.second.empty() ? "" : ", ")
              << harmless(key.second) << "\n";
  }
}

void print_json(const Table& table, base::Instant at, mailbox::RetentionMode mode) {
  boost::json::array list;
  for (const auto& [key, one] : table) {
    boost::json::object entry;
    entry["mailbox"] = key.first;
    if (!key.second.empty()) entry["service"] = key.second;
    entry["content"] = one.content;
    entry["notices"] = one.notices;
    entry["purge_fetched"] = one.fetched;
    entry["purge_unfetched"] = one.unfetched;
    entry["purge_replies"] = one.replies;
    entry["forget_cards"] = one.cards;
    entry["held"] = one.held;
    entry["quarantined"] = one.quarantined;
    entry["being_fetched"] = one.kept_by_dialog;
    if (one.oldest_unfetched)
      entry["oldest_unfetched"] = base::format_datetime(*one.oldest_unfetched);
    list.push_back(std::move(entry));
  }
  boost::json::object out;
  out["at"] = base::format_datetime(at);
  out["mode"] = mode == mailbox::RetentionMode::off       ? "off"
                : mode == mailbox::RetentionMode::observe ? "observe"
                                                          : "enforce";
  out["mailboxes"] = std::move(list);
  std::cout << boost::json::serialize(out) << "\n";
}

// What a round at this moment would do first, if none took place before it: a delivery that nobody
// was told of is told of, and not yet purged.
ExitCode preview(const Options& o) {
  const auto at = moment(o.at, base::SystemClock().now());
  if (!at) return refuse(at.error());
  mailbox::RetentionRules rules;
  std::string state = o.state;
  if (!o.config.empty()) {
    const auto config = ops::load_config(o.config);
    if (!config) return refuse(config.error());
    rules = config->retention.rules;
    const auto& of_daemon = config->state;
    if (state.empty())
      state = of_daemon.database.empty() ? of_daemon.directory.string() : of_daemon.database;
  }
  if (state.empty())
    return refuse(fail(ErrorCode::invalid_config, "needs --state, or --config that names it"));
  auto access = storage::OperatorAccess::open(state);
  if (!access) return refuse(access.error());
  const auto mode = rules.mode;
  rules.mode = mailbox::RetentionMode::enforce; // what it would be
  Table table;
  const auto read = access->each([&](const mailbox::Retained& one) {
    count(one, mailbox::judge(one, rules, *at), table[{one.mailbox, one.service}]);
  });
  if (!read) return refuse(read.error());
  if (o.json)
    print_json(table, *at, mode);
  else
    print_table(table, *at, mode);
  return ExitCode::ok;
}

ExitCode hold(const Options& o) {
  const bool printable = std::all_of(o.reason.begin(), o.reason.end(),
                                     [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (o.reason.empty() || o.reason.size() > kLongestReason || !printable)
    return refuse(fail(ErrorCode::invalid_config, "--reason: one line of at most 200 octets"));
  auto access = storage::OperatorAccess::open(o.state);
  if (!access) return refuse(access.error());
  const auto held = access->hold({o.message_id, o.reason, base::SystemClock().now()});
  if (!held) return refuse(held.error());
  std::cout << "held " << harmless(o.message_id) << " in " << harmless(held->mailbox) << "\n";
  if (held->purged)
    std::cout << "its content was purged at " << base::format_datetime(*held->purged)
              << "; the process card is held\n";
  return ExitCode::ok;
}

ExitCode release(const Options& o) {
  auto access = storage::OperatorAccess::open(o.state);
  if (!access) return refuse(access.error());
  const auto done = access->release(o.message_id, base::SystemClock().now());
  if (!done) return refuse(done.error());
  std::cout << "released " << harmless(o.message_id) << "\n";
  return ExitCode::ok;
}

ExitCode list_holds(const Options& o) {
  auto access = storage::OperatorAccess::open(o.state);
  if (!access) return refuse(access.error());
  const auto holds = access->holds();
  if (!holds) return refuse(holds.error());
  for (const auto& one : *holds)
    std::cout << base::format_datetime(one.since) << "  " << harmless(one.message_id) << "  "
              << harmless(one.reason) << "\n";
  return ExitCode::ok;
}

} // namespace

Commands add_retention(CLI::App& app) {
  const auto state = [](CLI::App& sub, Options& o) {
    return sub.add_option("--state", o.state,
                          "state folder of the daemon, which may run, or postgresql://...");
  };
  auto r = std::make_shared<Options>();
  auto* one = app.add_subcommand(
      "retention", "What would be noticed and purged now, or at another time; changes nothing");
  state(*one, *r);
  one->add_option("--config", r->config, "configuration of the daemon; without it the defaults");
  one->add_option("--at", r->at, "a date, or a date-time with zone (default: now)");
  one->add_flag("--json", r->json, "for programs");

  auto h = std::make_shared<Options>();
  auto* two = app.add_subcommand("hold", "Legal hold: neither content nor card is purged");
  two->add_option("message_id", h->message_id, "message id of the delivery")->required();
  two->add_option("--reason", h->reason, "e.g. a file number; goes into the journal: no names")
      ->required();
  state(*two, *h)->required();

  auto f = std::make_shared<Options>();
  auto* three = app.add_subcommand("release", "End a legal hold; the ordinary periods count again");
  three->add_option("message_id", f->message_id, "message id of the delivery")->required();
  state(*three, *f)->required();

  auto l = std::make_shared<Options>();
  auto* four = app.add_subcommand("holds", "List the legal holds");
  state(*four, *l)->required();

  return {{one, [r] { return preview(*r); }},
          {two, [h] { return hold(*h); }},
          {three, [f] { return release(*f); }},
          {four, [l] { return list_holds(*l); }}};
}

} // namespace cli::ctl
