// `dataclearingctl backup` and `restore`.
#include "storage/backup.h"
#include "base/encoding.h"
#include "cli/ctl/commands.h"
#include "cli/ctl/journal_lines.h"
#include "cli/ctl/reuse.h"
#include "cli/ctl/state.h"
#include <CLI/CLI.hpp>

namespace cli::ctl {

namespace {

struct Options {
  std::string from, to;
};

ExitCode back_up(const Options& o) {
  const auto report = storage::backup(o.from, o.to);
  if (!report) return refuse(report.error());
  for (const auto& one : report->damage) std::cout << "DAMAGE  " << harmless(one) << "\n";
  std::cout << report->deliveries << " deliveries, " << report->files << " files, "
            << human_size(report->octets) << ", " << report->rounds
            << (report->rounds == 1 ? " copy" : " copies") << " of the database\n"
            << "journal head     " << to_text(report->head) << "\n"
            << "MANIFEST SHA-256 " << report->manifest << "\n";
  return report->damage.empty() ? ExitCode::ok : ExitCode::invalid;
}

ExitCode restore_state(const Options& o) {
  const auto report = storage::restore(o.from, o.to);
  if (!report) return refuse(report.error());
  std::cout << report->deliveries << " deliveries, " << report->files << " files, "
            << human_size(report->octets) << "; " << report->dialogs_closed << " dialogs closed\n"
            << "journal head     " << to_text(report->head) << "\n";
  if (report->missing > 0)
    std::cout << "DAMAGE  " << report->missing
              << " parts were damaged when the backup was made; `scrub` names them\n";
  return report->missing == 0 ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Commands add_backup(CLI::App& app) {
  auto copied = std::make_shared<Options>();
  auto* backup_app = app.add_subcommand("backup", "Copy a state folder while the daemon runs");
  add_state(*backup_app, copied->from);
  backup_app->add_option("--to", copied->to, "new or empty folder")->required();

  auto restored = std::make_shared<Options>();
  auto* restore_app = app.add_subcommand("restore", "Make a state folder from a backup");
  restore_app->add_option("--from", restored->from, "what `backup` wrote")->required();
  restore_app
      ->add_option("--to", restored->to,
                   "state folder to make, as the daemon's user; must not exist")
      ->required();

  return {{backup_app, [copied] { return back_up(*copied); }},
          {restore_app, [restored] { return restore_state(*restored); }}};
}

} // namespace cli::ctl
