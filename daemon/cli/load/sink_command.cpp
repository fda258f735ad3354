// `osci sink`.
#include "cli/commands.h"
#include "cli/load/plan.h"
#include "cli/load/sink.h"
#include "cli/load/table.h"
#include "cli/load/target.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

namespace cli {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kMostMailboxes = 20'000;

struct SinkOptions {
  std::vector<std::string> profiles, expect;
  std::string folder, poll = "5s", duration, until_idle, json;
  int pollers = 4;
  bool yes = false;
};

base::Result<std::vector<std::string>> profiles_of(const SinkOptions& o) {
  auto out = o.profiles;
  if (!o.folder.empty()) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(o.folder, error), end; !error && at != end;
         at.increment(error))
      if (at->path().extension() == ".toml") out.push_back(at->path().string());
    if (error) return fail(ErrorCode::file_error, o.folder + ": cannot be read");
  }
  std::sort(out.begin(), out.end());
  if (out.empty())
    return fail(ErrorCode::invalid_config,
                "say which mailboxes: --profile FILE or --profiles FOLDER");
  if (out.size() > kMostMailboxes)
    return fail(ErrorCode::invalid_config, "more than 20000 profiles");
  return out;
}

base::Result<> add_mailboxes(const SinkOptions& o, const CLI::App& app, load::Sink& sink,
                             std::set<std::string>& urls) {
  const auto profiles = profiles_of(o);
  if (!profiles) return profiles.error();
  const auto now = base::SystemClock().now();
  std::set<std::string> seen;
  for (const auto& path : *profiles) {
    const auto options = options_of_profile(path, app);
    if (!options) return options.error();
    if (options->url.empty() || options->intermediary_cipher_cert.empty() ||
        options->intermediary_signature_cert.empty())
      return fail(ErrorCode::invalid_config,
                  path + ": url, intermediary-cipher-cert and intermediary-signature-cert are "
                         "needed in each profile");
    if (const auto allowed = load::allow_target(options->url, o.yes); !allowed)
      return allowed.error();
    const auto parties = read_parties(*options, now);
    if (!parties) return parties.error();
    // Two readers of one mailbox would both get what neither has acknowledged yet.
    if (!seen.insert(parties->identity.cipher.certificate.fingerprint()).second)
      return fail(ErrorCode::invalid_config, path + ": the mailbox of another profile");
    urls.insert(options->url);
    sink.add(std::filesystem::path(path).filename().string(), *options, *parties);
  }
  return {};
}

base::Result<load::SinkOrder> make_order(const SinkOptions& o) {
  load::SinkOrder out;
  out.pollers = o.pollers;
  const auto span = [](const char* name, const std::string& text) {
    auto value = load::parse_span(text);
    if (!value) value = fail(value.error().code, name + value.error().detail);
    return value;
  };
  const auto poll = span("--poll: ", o.poll);
  if (!poll) return poll.error();
  out.interval = *poll;
  for (const auto& [name, text, value] :
       {std::tuple("--duration: ", &o.duration, &out.duration),
        std::tuple("--until-idle: ", &o.until_idle, &out.until_idle)}) {
    if (text->empty()) continue;
    const auto given = span(name, *text);
    if (!given) return given.error();
    *value = *given;
  }
  return out;
}

std::string progress(const load::Sink& sink, const load::Tally& tally) {
  const auto counts = sink.counts();
  const double seconds = std::chrono::duration<double>(sink.elapsed()).count();
  const auto numbers = tally.numbers();
  char rates[96];
  std::snprintf(rates, sizeof rates, " (%.1f/s, %.2f MB/s)  polls %lu (%.1f/s)",
                static_cast<double>(counts.received) / std::max(seconds, 0.001),
                static_cast<double>(counts.octets) / 1e6 / std::max(seconds, 0.001),
                static_cast<unsigned long>(counts.polls),
                static_cast<double>(counts.polls) / std::max(seconds, 0.001));
  return load::clock_time(seconds) + "  received " + std::to_string(counts.received) + rates +
         "  duplicate " + std::to_string(counts.duplicates) + "  unverified " +
         std::to_string(counts.unverified) + "  foreign " + std::to_string(counts.foreign) +
         "  empty p99 " +
         load::milliseconds(numbers.of(load::Operation::empty_poll).latency.at(0.99)) + " ms";
}

ExitCode verdict(const load::Sink::Counts& counts, const std::optional<load::Balance>& balance,
                 const std::optional<base::Error>& last) {
  if (counts.duplicates != 0 || counts.unverified != 0 || counts.foreign != 0)
    return ExitCode::unverified;
  if (balance &&
      (balance->altered != 0 || balance->misdelivered != 0 || balance->refused_received != 0))
    return ExitCode::unverified;
  if (balance && balance->missing != 0) return ExitCode::not_found;
  return last ? exit_code(last->code) : ExitCode::ok;
}

void add(load::Balance& sum, load::Balance one, bool first) {
  sum.recorded += one.recorded;
  sum.accepted += one.accepted;
  sum.received += one.received;
  sum.missing += one.missing;
  sum.altered += one.altered;
  sum.misdelivered += one.misdelivered;
  sum.refused_received += one.refused_received;
  sum.unknown_received += one.unknown_received;
  sum.unknown_absent += one.unknown_absent;
  sum.other_mailboxes += one.other_mailboxes;
  // What is in none of them: only known of one record.
  sum.unrecorded = first ? one.unrecorded : 0;
  sum.examples.insert(sum.examples.end(), one.examples.begin(), one.examples.end());
}

ExitCode run_sink(const SinkOptions& o, const CLI::App& app) {
  const base::SystemClock clock;
  const auto order = make_order(o);
  if (!order) return give_up(order.error());
  load::Tally tally;
  load::Sink sink(*order, tally);
  std::set<std::string> urls;
  if (const auto added = add_mailboxes(o, app, sink, urls); !added) return give_up(added.error());
  std::cerr << "osci: " << sink.mailboxes() << " mailboxes, each asked every " << o.poll << "\n";
  load::Facts facts{"osci sink", {}, *urls.begin(), base::format_datetime(clock.now())};
  if (urls.size() > 1) facts.url += " and others";
  stop_politely();
  {
    std::jthread polling([&sink] { sink.run(asked_to_stop); });
    load::show_until([&sink] { return sink.done(); },
                     [&sink, &tally] { return progress(sink, tally); });
  }
  const auto counts = sink.counts();
  const auto numbers = tally.numbers();
  facts.seconds = std::chrono::duration<double>(sink.elapsed()).count();
  facts.counts = {{"polls", counts.polls},          {"skipped polls", counts.skipped_polls},
                  {"received", counts.received},    {"again", counts.again},
                  {"duplicate", counts.duplicates}, {"unverified", counts.unverified},
                  {"foreign", counts.foreign}};
  std::optional<load::Balance> balance;
  std::optional<base::Error> unread; // what the run has found is shown all the same
  for (const auto& path : o.expect) {
    auto one = sink.ledger().balance(path);
    if (!one) {
      unread = one.error();
      facts.remarks.push_back("not balanced: " + one.error().detail);
      continue;
    }
    const bool first = !balance;
    if (first) balance.emplace();
    add(*balance, std::move(*one), first && o.expect.size() == 1);
  }
  if (balance)
    for (const auto& [name, count] :
         {std::pair{"expected", balance->accepted}, std::pair{"came", balance->received},
          std::pair{"missing", balance->missing}, std::pair{"altered", balance->altered},
          std::pair{"misdelivered", balance->misdelivered},
          std::pair{"refused and came", balance->refused_received},
          std::pair{"unknown and came", balance->unknown_received},
          std::pair{"unknown and absent", balance->unknown_absent},
          std::pair{"of other mailboxes", balance->other_mailboxes},
          std::pair{"in no record", balance->unrecorded}})
      facts.counts.emplace_back(name, count);
  for (auto& trouble : sink.troubles()) facts.remarks.push_back(std::move(trouble));
  if (const auto until = std::chrono::duration<double>(counts.last_arrival).count(); until > 0) {
    // The rates of the table count the idle time at the end, too.
    char text[128];
    std::snprintf(text, sizeof text, "the last delivery came after %.1f s: %.2f/s, %.3f MB/s",
                  until, static_cast<double>(counts.received) / until,
                  static_cast<double>(counts.octets) / 1e6 / until);
    facts.remarks.emplace_back(text);
  }
  if (balance)
    facts.remarks.insert(facts.remarks.end(), balance->examples.begin(), balance->examples.end());
  if (sink.ledger().full())
    facts.remarks.push_back("ended after 5 million messages, the most that one run remembers");
  if (asked_to_stop()) facts.remarks.push_back("stopped by a signal");
  auto code = verdict(counts, balance, sink.last_error());
  if (unread && code == ExitCode::ok) code = exit_code(unread->code);
  facts.right = code == ExitCode::ok;
  std::cout << load::as_table(facts, numbers) << std::flush;
  if (!o.json.empty())
    if (const auto written = load::write_json(o.json, facts, numbers); !written)
      return give_up(written.error());
  return code;
}

} // namespace

Command add_sink(CLI::App& app) {
  auto o = std::make_shared<SinkOptions>();
  auto* sub = app.add_subcommand(
      "sink", "Empty mailboxes of what osci source sends, as offices do, and verify every octet");
  sub->add_option("--profile", o->profiles, "profiles, one for each mailbox")->take_all();
  sub->add_option("--profiles", o->folder, "folder: a mailbox for each *.toml in it");
  sub->add_option("--poll", o->poll,
                  "each mailbox is asked at this interval, spread evenly; latency of empty polls "
                  "counts from when they are due")
      ->capture_default_str();
  sub->add_option("--pollers", o->pollers, "mailboxes asked at the same time; a thread each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  sub->add_option("--duration", o->duration, "end after this time: 60s, 10m, 2h");
  sub->add_option("--until-idle", o->until_idle, "end when nothing has come for this time");
  sub->add_option("--expect", o->expect,
                  "record of osci source --record: at the end all of it must have come, unaltered; "
                  "repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--yes", o->yes, "needed for any URL but localhost, 127.x and [::1]");
  sub->add_option("--json", o->json, "file for the numbers as JSON");
  sub->footer(
      "Acknowledges only what it has verified as a message of osci source, and leaves a "
      "mailbox that holds anything else alone. It needs about as much CPU as the "
      "intermediary. Ctrl-C ends the run with its table. Exit code 0: nothing was lost, "
      "altered or duplicated; 5 altered, duplicated, unverified or foreign, 6 missing, 3 or "
      "4 a mailbox could not be asked at the last.");
  return {sub, [o, &app] { return run_sink(*o, app); }};
}

} // namespace cli
