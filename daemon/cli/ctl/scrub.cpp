// `dataclearingctl scrub`: is everything that is kept still what it was? And `repaired`.
#include "storage/scrub.h"
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "cli/ctl/state.h"
#include "storage/operator_access.h"
#include <CLI/CLI.hpp>
#include <thread>

namespace cli::ctl {

namespace {

struct Options {
  std::string state;
  double rate = 50;
};

// Never faster than the rate on the whole, so that the daemon keeps its share of the disk.
class Pace {
 public:
  explicit Pace(double megabytes) : rate_(megabytes * 1e6) {}
  void operator()(std::uint64_t octets) {
    octets_ += static_cast<double>(octets);
    if (rate_ <= 0) return;
    std::this_thread::sleep_until(start_ +
                                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                      std::chrono::duration<double>(octets_ / rate_)));
  }

 private:
  double rate_;
  double octets_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

ExitCode scrub_state(const Options& o) {
  storage::ScrubOptions options;
  options.now = base::SystemClock().now();
  options.pace = Pace(o.rate);
  options.found = [](const storage::ScrubFinding& finding) {
    std::cout << "DAMAGE  " << to_string(finding.subject);
    if (!finding.message_id.empty()) std::cout << "  " << harmless(finding.message_id);
    if (finding.part) std::cout << "  part " << *finding.part;
    std::cout << "  " << harmless(finding.detail)
              << (finding.quarantined ? "  (in quarantine already)" : "") << std::endl;
  };
  const auto report = storage::scrub(o.state, options);
  if (!report) return refuse(report.error());
  const auto row = [](std::string_view what, std::uint64_t count, const std::string& more = "") {
    std::cout << what << std::string(what.size() < 28 ? 28 - what.size() : 1, ' ') << count << more
              << "\n";
  };
  row("deliveries", report->deliveries,
      ", " + std::to_string(report->parts) + " parts, " + human_size(report->octets) + " read");
  row("purged", report->purged);
  row("cards as the journal says", report->cards);
  row("cards without an entry", report->cards_unattested);
  row("journal entries", report->entries);
  row("body and spool files", report->files);
  row("OCSP responses", report->evidence);
  row("files of nothing", report->orphans,
      report->orphans == 0
          ? ""
          : ", " + human_size(report->orphan_octets) + "; removed at the daemon's next start");
  row("findings", report->findings);
  return report->findings == 0 ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Command add_repaired(CLI::App& app) {
  struct Repaired {
    std::string state, message_id;
  };
  auto o = std::make_shared<Repaired>();
  auto* command = app.add_subcommand(
      "repaired", "Take a delivery out of quarantine after its files or rows were repaired");
  command->add_option("MESSAGE_ID", o->message_id)->required();
  add_place(*command, o->state);
  return {command, [o] {
            auto access = storage::OperatorAccess::open(o->state);
            if (!access) return refuse(access.error());
            const auto done = access->repaired(o->message_id, base::SystemClock().now());
            return done ? ExitCode::ok : refuse(done.error());
          }};
}

Command add_scrub(CLI::App& app) {
  auto o = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "scrub", "Hold everything that is kept against its hashes; exit code 10 on damage");
  add_state(*command, o->state);
  command->add_option("--rate", o->rate, "MB/s to read at most; 0: as fast as it goes")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  return {command, [o] { return scrub_state(*o); }};
}

} // namespace cli::ctl
