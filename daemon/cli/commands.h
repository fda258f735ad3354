// The subcommands of `osci`. Each adds itself to the command line and returns what runs it.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "cli/exit_code.h"
#include "crypto/certificate.h"
#include <CLI/App.hpp>
#include <functional>
#include <string>

namespace cli {

struct Command {
  CLI::App* app = nullptr;
  std::function<ExitCode()> run;
};

Command add_send(CLI::App& app);
Command add_fetch(CLI::App& app);
Command add_card(CLI::App& app);
Command add_ping(CLI::App& app);
Command add_mediate(CLI::App& app);
Command add_serve(CLI::App& app);
Command add_source(CLI::App& app); // load/
Command add_sink(CLI::App& app);   // load/

// Prints the explanation on stderr.
ExitCode give_up(const base::Error& error);

// The certificate to send to, named by --to-cert, or by --to (and --service) in a directory file.
// Errors: key_error (outside its validity, or not for encryption), not_found, file_error,
// invalid_config.
base::Result<crypto::Certificate> addressee(const std::string& certificate_file,
                                            const std::string& key, const std::string& service,
                                            const std::string& directory_file, base::Instant now);

// "2026-01-31" (midnight UTC) or a full xsd:dateTime. Error: invalid_config.
base::Result<base::Instant> parse_since(const std::string& text);

} // namespace cli
