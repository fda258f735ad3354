// `osci source`.
#include "base/encoding.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/load/ledger.h"
#include "cli/load/source.h"
#include "cli/load/table.h"
#include "cli/load/target.h"
#include "cli/text.h"
#include "directory/responsibility.h"
#include "directory/routing.h"
#include "lookup/agreements_file.h"
#include "lookup/file_directory.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

namespace cli {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::uint64_t kMostMessages = load::Ledger::kMost;
constexpr std::size_t kMostRecipients = 100'000;
constexpr std::uint64_t kMostPrepared = std::uint64_t{1} << 30; // octets of content

struct SourceOptions {
  CommonOptions common;
  std::vector<std::string> to, to_cert;
  std::string directory, recipients, service, author, leika, agreements;
  std::string rate = "1/s", duration, sizes = "10k:80,100k:15,2m:5", overtime = "60s";
  std::uint64_t count = 0; // 0: not given
  int connections = 4;
  bool in_dialog = false, implicit = false, yes = false;
  std::uint64_t seed = 1, prepare = 0;
  std::string record, json;
};

bool is_region(std::string_view text) {
  return (text.size() == 5 || text.size() == 8 || text.size() == 12) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One key or region a line; "#" begins a remark.
base::Result<> add_recipients(const std::string& path, std::vector<std::string>& out) {
  const auto text = read_file(path, std::uint64_t{8} << 20);
  if (!text) return text.error();
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    line = base::trim(line.substr(0, line.find('#')));
    if (!line.empty()) out.emplace_back(line);
    if (out.size() > kMostRecipients)
      return fail(ErrorCode::invalid_config, path + ": more than 100000 recipients");
  }
  return {};
}

class RecipientSearch {
 public:
  RecipientSearch(const SourceOptions& o, base::Instant now) : o_(o), now_(now) {}

  base::Result<std::vector<load::Recipient>> all() {
    if (!o_.directory.empty()) {
      auto loaded = lookup::load_directory_file(o_.directory);
      if (!loaded) return loaded.error();
      directory_ = std::move(*loaded);
    }
    if (!o_.agreements.empty()) {
      auto loaded = lookup::load_agreements_file(o_.agreements);
      if (!loaded) return loaded.error();
      agreements_ = std::move(*loaded);
    }
    std::vector<load::Recipient> out;
    for (const auto& file : o_.to_cert) {
      auto certificate = addressee(file, {}, {}, {}, now_);
      if (!certificate) return certificate.error();
      const auto* owner = directory_ ? directory_->owner_of(certificate->fingerprint()) : nullptr;
      const std::string key = owner ? owner->key : std::string();
      const std::string service = owner ? service_of(*owner) : std::string();
      out.push_back({std::move(*certificate), key, service});
    }
    auto names = o_.to;
    if (!o_.recipients.empty())
      if (const auto added = add_recipients(o_.recipients, names); !added) return added.error();
    for (const auto& name : names) {
      auto found = find(name);
      if (!found) return found.error();
      out.push_back(std::move(*found));
    }
    if (out.empty())
      return fail(ErrorCode::invalid_config,
                  "say who gets the messages: --to KEY or --recipients FILE, with --directory "
                  "FILE, or --to-cert FILE");
    return out;
  }

  // The sender's key, for MessageMetaData.
  std::string author(const crypto::Certificate& own) const {
    if (!o_.author.empty() || !directory_) return o_.author;
    const auto* owner = directory_->owner_of(own.fingerprint());
    return owner ? owner->key : std::string();
  }

 private:
  std::string service_of(const directory::Organisation& organisation) const {
    if (!o_.service.empty()) return o_.service;
    for (const auto& one : organisation.services)
      if (one.current(now_)) return one.uri;
    return {};
  }

  base::Result<load::Recipient> find(const std::string& name) const {
    if (!directory_)
      return fail(ErrorCode::invalid_config, "--to and --recipients need --directory FILE");
    std::string key = name, service;
    if (is_region(name)) {
      if (o_.leika.empty() || !agreements_)
        return fail(ErrorCode::invalid_config,
                    name + " is a region; it needs --leika KEY and --agreements FILE");
      const auto answer = directory::find_responsible(
          *agreements_, {o_.leika, name, now_, {}, o_.service, {}, directory_.get()});
      if (!answer.found())
        return fail(ErrorCode::not_found, "--leika and " + name + " lead to no recipient");
      key = answer.organisation;
      service = answer.service_uri;
    }
    const auto* organisation = directory_->find(key);
    if (!organisation)
      return fail(ErrorCode::not_found, harmless(key) + " is not listed in " + o_.directory);
    if (service.empty()) service = service_of(*organisation);
    const auto* certificate = directory::recipient_certificate(*organisation, service, now_);
    if (!certificate)
      return fail(ErrorCode::not_found,
                  key + " has no current cipher certificate in " + o_.directory);
    return load::Recipient{*certificate, organisation->key, service};
  }

  const SourceOptions& o_;
  base::Instant now_;
  std::shared_ptr<const directory::Directory> directory_;
  std::shared_ptr<const directory::Agreements> agreements_;
};

base::Result<load::Plan> make_plan(const SourceOptions& o) {
  load::Plan out;
  const auto rate = load::parse_rate(o.rate);
  if (!rate) return rate.error();
  out.per_second = *rate;
  if (!o.duration.empty()) {
    const auto duration = load::parse_span(o.duration);
    if (!duration) return fail(duration.error().code, "--duration: " + duration.error().detail);
    out.duration = *duration;
  }
  if (o.count != 0) out.count = o.count;
  if (!out.count && !out.duration)
    return fail(ErrorCode::invalid_config, "say how long: --duration TIME or --count N");
  if (const auto total = out.total(); total && *total > kMostMessages)
    return fail(ErrorCode::invalid_config, "more than 5 million messages in one run");
  if (!out.count) out.count = kMostMessages;
  return out;
}

base::Result<load::SourceOrder> make_order(const SourceOptions& o, base::Instant now) {
  if (const auto allowed = load::allow_target(o.common.url, o.yes); !allowed)
    return allowed.error();
  const auto plan = make_plan(o);
  if (!plan) return plan.error();
  const auto sizes = load::SizeMix::parse(o.sizes);
  if (!sizes) return sizes.error();
  const auto overtime = load::parse_span(o.overtime);
  if (!overtime) return fail(overtime.error().code, "--overtime: " + overtime.error().detail);
  if (o.prepare != 0 && o.prepare > kMostPrepared / sizes->largest())
    return fail(ErrorCode::invalid_config,
                "--prepare: up to a gigabyte of content is held in memory; with these sizes that "
                "is " +
                    std::to_string(kMostPrepared / sizes->largest()) + " messages");
  auto parties = read_parties(o.common, now);
  if (!parties) return parties.error();
  RecipientSearch search(o, now);
  auto recipients = search.all();
  if (!recipients) return recipients.error();
  load::SourceOrder out{o.common, std::move(*parties), std::move(*recipients), {}, *plan, *sizes};
  out.author = search.author(out.parties.identity.cipher.certificate);
  out.connections = o.connections;
  out.in_dialog = o.in_dialog;
  out.seed = o.seed;
  out.prepare = o.prepare;
  out.overtime = *overtime;
  const bool marked =
      !out.author.empty() &&
      std::all_of(out.recipients.begin(), out.recipients.end(),
                  [](const auto& one) { return !one.key.empty() && !one.service.empty(); });
  if (!marked)
    std::cerr << "osci: warning: without the author's key, the recipients' keys and the service "
                 "(--directory, --author, --service) messages go without MessageMetaData; only "
                 "subject and content say that they are tests\n";
  return out;
}

std::string progress(const load::Source& source, const load::Tally& tally) {
  const auto counts = source.counts();
  const double seconds = std::chrono::duration<double>(source.elapsed()).count();
  const auto numbers = tally.numbers();
  char rates[96];
  std::snprintf(rates, sizeof rates, " (%.1f/s, %.2f MB/s)",
                static_cast<double>(counts.accepted) / std::max(seconds, 0.001),
                static_cast<double>(counts.octets) / 1e6 / std::max(seconds, 0.001));
  return load::clock_time(seconds) + "  accepted " + std::to_string(counts.accepted) + rates +
         "  refused " + std::to_string(counts.refused) + "  unknown " +
         std::to_string(counts.unknown) + "  not sent " + std::to_string(counts.not_sent) +
         "  behind " +
         load::milliseconds(std::chrono::duration_cast<std::chrono::microseconds>(counts.behind)) +
         " ms  p99 " + load::milliseconds(numbers.of(load::Operation::delivery).latency.at(0.99)) +
         " ms";
}

ExitCode run_source(const SourceOptions& o) {
  const base::SystemClock clock;
  base::SystemRandom random;
  auto order = make_order(o, clock.now());
  if (!order) return give_up(order.error());
  load::RecordWriter record;
  if (!o.record.empty())
    if (const auto opened = record.open(o.record); !opened) return give_up(opened.error());
  const std::string run = base::hex_encode(random.bytes(8));
  const bool timed = order->plan.per_second.has_value();
  load::Tally tally;
  load::Source source(std::move(*order), run, tally, record, clock);
  stop_politely();
  if (o.prepare != 0) {
    std::cerr << "osci: sealing " << o.prepare << " messages before the start\n";
    if (const auto prepared = source.prepare(asked_to_stop); !prepared)
      return give_up(prepared.error());
  }
  load::Facts facts{"osci source", run, o.common.url, base::format_datetime(clock.now())};
  {
    std::jthread sending([&source] { source.run(asked_to_stop); });
    load::show_until([&source] { return source.done(); },
                     [&source, &tally] { return progress(source, tally); });
  }
  const auto counts = source.counts();
  const auto numbers = tally.numbers();
  facts.seconds = std::chrono::duration<double>(source.elapsed()).count();
  const bool stopped = asked_to_stop();
  const std::uint64_t not_begun = timed || o.count != 0 ? counts.not_begun.value_or(0) : 0;
  facts.counts = {
      {"accepted", counts.accepted}, {"refused", counts.refused},
      {"unknown", counts.unknown},   {"not sent", counts.not_sent},
      {"not begun", not_begun},      {"repeated", numbers.outcome("repeated, same octets")}};
  if (timed)
    facts.remarks.push_back(
        "at worst " +
        load::milliseconds(
            std::chrono::duration_cast<std::chrono::microseconds>(counts.most_behind)) +
        " ms behind the schedule" +
        (counts.most_behind > std::chrono::seconds(1) ? ": all connections were busy" : ""));
  if (stopped) facts.remarks.push_back("stopped by a signal");
  const bool complete = counts.refused == 0 && counts.unknown == 0 && counts.not_sent == 0;
  facts.right = complete && (stopped || not_begun == 0);
  std::cout << load::as_table(facts, numbers) << std::flush;
  if (!o.json.empty())
    if (const auto written = load::write_json(o.json, facts, numbers); !written)
      return give_up(written.error());
  if (const auto closed = record.close(); !closed) return give_up(closed.error());
  if (facts.right) return ExitCode::ok;
  return complete ? ExitCode::network : counts.worst;
}

} // namespace

Command add_source(CLI::App& app) {
  auto o = std::make_shared<SourceOptions>();
  auto* sub = app.add_subcommand(
      "source", "Put load on an intermediary: test messages at a rate, each marked as a test");
  const auto list = [&](const char* name, std::vector<std::string>& value, const char* text) {
    return sub->add_option(name, value, text)->take_all();
  };
  list("--to", o->to,
       "keys of recipients in --directory, or regions (AGS, ARS; with --leika), by turns");
  list("--to-cert", o->to_cert, "cipher certificates of recipients (PEM or DER)");
  sub->add_option("--recipients", o->recipients, "file with one --to a line");
  sub->add_option("--directory", o->directory, "directory file (TOML)");
  sub->add_option("--service", o->service,
                  "service URI for MessageMetaData (default: the first that the recipient offers)");
  sub->add_option("--author", o->author,
                  "own organisation key for MessageMetaData (default: by --directory)");
  sub->add_option("--leika", o->leika, "key of the service in the LeiKa, for regions");
  sub->add_option("--agreements", o->agreements, "file (TOML) with responsibilities, for regions");
  sub->add_option("--rate", o->rate,
                  "20/s, 1200/min, 36000/h: messages are due by this schedule whatever becomes of "
                  "those before, and latency counts from when they are due; or max: each "
                  "connection as fast as it gets answers")
      ->capture_default_str();
  sub->add_option("--duration", o->duration, "60s, 10m, 2h");
  sub->add_option("--count", o->count, "messages, at most")
      ->check(CLI::Range(std::uint64_t{1}, kMostMessages));
  sub->add_option("--overtime", o->overtime,
                  "how long after its end what the schedule wanted is still begun")
      ->capture_default_str();
  sub->add_option(
         "--sizes", o->sizes,
         "sizes of content with their shares, 512 to 16m; from 256k on it is an attachment")
      ->capture_default_str();
  sub->add_option("--connections", o->connections, "at the same time; a thread each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  auto* implicit = sub->add_flag("--implicit", o->implicit,
                                 "GetMessageId and StoreDelivery without dialog, as osci send "
                                 "(default)");
  sub->add_flag("--dialog", o->in_dialog, "InitDialog, GetMessageId, StoreDelivery, ExitDialog")
      ->excludes(implicit);
  sub->add_option("--seed", o->seed, "of content and sizes")->capture_default_str();
  sub->add_option("--prepare", o->prepare,
                  "seal the content of the first N messages before the start, so that the run "
                  "measures less of this program");
  sub->add_option("--record", o->record, "new file (NDJSON) for what was sent; osci sink --expect");
  sub->add_flag("--yes", o->yes, "needed for any URL but localhost, 127.x and [::1]");
  add_common(*sub, o->common);
  sub->remove_option(sub->get_option("--json"));
  sub->add_option("--json", o->json, "file for the numbers as JSON");
  sub->footer("The source signs, encrypts, decrypts and verifies like any client: it needs about "
              "as much CPU as the intermediary, so give it a machine of its own. Ctrl-C ends the "
              "run with its table. Exit code 0: every message was accepted; 3 some were not begun "
              "or have an unknown outcome, 4 refused, 5 answers could not be verified.");
  return {sub, [o] { return run_source(*o); }};
}

} // namespace cli
