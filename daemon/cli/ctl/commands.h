// The subcommands of `dataclearingctl`. Each adds itself to the command line; a command with
// subcommands of its own returns one entry for each of them.
#pragma once
#include "cli/commands.h"
#include <vector>

namespace cli::ctl {

using Commands = std::vector<Command>;

Commands add_backup(CLI::App& app); // backup, restore
Commands add_certificate(CLI::App& app);
Commands add_directory(CLI::App& app); // import-wsdl, check, export
Command add_entitled(CLI::App& app);
Command add_find(CLI::App& app);
Commands add_journal(CLI::App& app); // export, verify, head
Command add_readiness(CLI::App& app);
Command add_reconstruct(CLI::App& app);
Commands add_regions(CLI::App& app);
Commands add_retention(CLI::App& app); // retention, hold, release, holds
Commands add_schemas(CLI::App& app);
Command add_repaired(CLI::App& app);
Command add_scrub(CLI::App& app);

} // namespace cli::ctl
