#include "cli/commands.h"
#include "cli/files.h"
#include "cli/incoming_spool.h"
#include "cli/progress.h"
#include "cli/receive.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/validation.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

namespace cli {
namespace {

struct FetchOptions {
  CommonOptions common;
  bool all = false;
  std::vector<std::string> id;
  std::string out;
  std::vector<std::string> trust;
  bool skip_bad = false;
  bool allow_unsigned = false;
  int watch_seconds = 0;
  std::uint64_t chunk_size = 4 << 20;
  std::string validate;
};

void print(const BadDelivery& bad) {
  explain_bad(bad);
  std::cerr << (bad.acknowledged ? "      it is acknowledged (--skip-bad)."
                                 : "      it stays unreceived in the mailbox.")
            << std::endl;
}

// The gravest thing that happened, for one round.
ExitCode outcome(const FetchReport& report) {
  if (report.stopped) return exit_code(report.stopped->code);
  if (!report.bad.empty()) return ExitCode::unverified;
  if (!report.not_found.empty()) return ExitCode::not_found;
  return ExitCode::ok;
}

ExitCode fetch(const FetchOptions& o) {
  auto connection = Connection::make(o.common);
  if (!connection) return give_up(connection.error());
  auto& at = **connection;
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
  const auto shelf = Shelf::open(o.out, at.random());
  if (!shelf) return give_up(shelf.error());
  auto spool =
      FolderSpool::open(o.out + "/.osci-partial",
                        {o.common.url, at.session().identity().cipher.certificate.fingerprint()});
  if (!spool) return give_up(spool.error());
  client::ChunkedFetch chunked(at.session(), *spool,
                               {std::max<std::uint64_t>(o.chunk_size >> 10, 1)}, at.random());
  chunked.on_progress = chunk_bar("receiving");
  chunked.stop = asked_to_stop;
  Receiver receiver(at.session(), *shelf, {o.id, o.skip_bad, o.allow_unsigned, authors.get()},
                    at.clock(), at.random(), ChunkedReception{chunked, *spool});
  receiver.on_kept = [&o, &packs](const KeptDelivery& delivery) {
    print(delivery, o.common.json);
    if (packs) mark_kept(*packs, delivery, o.common.json);
  };
  receiver.on_bad = [](const BadDelivery& bad) { print(bad); };
  receiver.stop = asked_to_stop;
  stop_politely();

  bool anything_bad = false;
  for (;;) {
    const auto report = receiver.run();
    // A request that a signal has cut short fails like one that the network has; other failures
    // are to be heard of all the same.
    const bool stopped = asked_to_stop() &&
                         (!report.stopped || exit_code(report.stopped->code) == ExitCode::network);
    if (stopped)
      std::cerr << "osci: stopped; the next fetch goes on\n";
    else if (report.stopped)
      std::cerr << explain(*report.stopped);
    for (const auto& id : report.not_found)
      std::cerr << "osci: no delivery " << harmless(id) << " in the mailbox of --cipher-key\n";
    anything_bad = anything_bad || !report.bad.empty();
    const auto code = stopped && report.bad.empty() ? ExitCode::network : outcome(report);
    if (o.watch_seconds == 0) {
      if (code == ExitCode::ok && report.kept.empty() && !o.common.json)
        std::cerr << "osci: nothing to fetch\n";
      return code;
    }
    // The network and the intermediary may come back; a full disk or a wrong key needs a person.
    if (code != ExitCode::ok && code != ExitCode::network && code != ExitCode::unverified &&
        code != ExitCode::refused)
      return code;
    pause(std::chrono::seconds(o.watch_seconds));
    if (asked_to_stop()) return anything_bad ? ExitCode::unverified : ExitCode::ok;
  }
}

} // namespace

Command add_fetch(CLI::App& app) {
  auto o = std::make_shared<FetchOptions>();
  auto* sub = app.add_subcommand(
      "fetch",
      "Fetch deliveries, decrypt and verify them, write them to a folder, acknowledge them");
  auto* all = sub->add_flag("--all", o->all, "everything not yet received (default)");
  auto* id = sub->add_option("--id", o->id, "only this message id; repeat it")
                 ->allow_extra_args(false)
                 ->take_all()
                 ->excludes(all);
  sub->add_option("--out", o->out, "folder that gets a sub-folder for each delivery")->required();
  sub->add_option("--trust", o->trust,
                  "CA certificates that authors' certificates must lead to; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--skip-bad", o->skip_bad,
                "acknowledge deliveries that cannot be opened, once they are kept raw in "
                "OUT/undeliverable");
  sub->add_flag("--allow-unsigned", o->allow_unsigned, "take content that no author has signed");
  sub->add_option("--validate", o->validate,
                  "folder of schema packs (XÖV); a NAME.validation.json beside each XML file tells "
                  "whether it is valid, and it is kept in any case");
  sub->add_option("--watch", o->watch_seconds, "ask again every so many seconds, until Ctrl-C")
      ->check(CLI::Range(1, 86400))
      ->excludes(id);
  sub->add_option(
         "--chunk-size", o->chunk_size,
         "larger deliveries are fetched in chunks of this size, if the intermediary can; an "
         "interrupted fetch goes on where it was")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(std::uint64_t{1} << 10, std::uint64_t{64} << 20))
      ->capture_default_str();
  add_common(*sub, o->common);
  return {sub, [o] { return fetch(*o); }};
}

} // namespace cli
