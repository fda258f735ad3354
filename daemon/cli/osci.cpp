// osci: the command line for senders, readers and testers of an OSCI 1.2 intermediary.
#include "cli/commands.h"
#include "cli/conformance/command.h"
#include "cli/files.h"
#include "cli/profile.h"
#include "cli/settings.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr const char* kFooter = R"(Exit codes:
  0  done (an empty mailbox is no error)
  1  wrong command line, profile or directory file
  2  key, certificate or PIN cannot be used
  3  the intermediary cannot be reached, or a signal came first; what was begun can go on later;
     serve: the port cannot be listened on
  4  refused by the intermediary; its code and what to do are printed
  5  an answer or content could not be decrypted or verified
  6  the delivery, process card or addressee that was named is not there
  7  a file cannot be read or written
  8  a case of `osci conformance` has failed
  9  internal error
 10  content is not valid by its schema

A profile (--profile FILE) is a TOML file with long option names as keys:
  url = "https://intermediary.example/osci"
  cipher-key = "cipher.p12"           # relative to the profile
  signature-key = "signature.p12"
  pin-file = "pin"
What the command line gives itself beats the profile.)";

// The arguments with those of the profile put in behind the name of the subcommand.
base::Result<std::vector<std::string>> with_profile(const std::vector<cli::Command>& commands,
                                                    std::vector<std::string> arguments) {
  const auto at = std::find_if(arguments.begin(), arguments.end(), [&](const std::string& one) {
    return std::any_of(commands.begin(), commands.end(),
                       [&](const auto& command) { return command.app->get_name() == one; });
  });
  const std::string path = cli::profile_path(arguments);
  if (at == arguments.end() || path.empty()) return arguments;
  const auto text = cli::read_file(path, 1024 * 1024);
  if (!text) return text.error();
  cli::KnownOptions known;
  known.paths = cli::path_options();
  known.groups = cli::exclusive_options();
  for (const auto& command : commands)
    for (const auto* option : command.app->get_options())
      for (const auto& name : option->get_lnames()) {
        if (name == "help" || name == "profile") continue;
        known.anywhere.insert(name);
        if (command.app->get_name() == *at) known.here.insert(name);
      }
  const auto more = cli::profile_arguments(*text, path, known, arguments);
  if (!more) return more.error();
  arguments.insert(at + 1, more->begin(), more->end());
  return arguments;
}

int run(int argc, char** argv) {
  CLI::App app{"Sends to, fetches from and is pushed to by an OSCI-Transport 1.2 intermediary.",
               "osci"};
  app.set_version_flag("--version", "osci " DC_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  const std::vector<cli::Command> commands{
      cli::add_send(app),        cli::add_fetch(app),  cli::add_mediate(app),
      cli::add_serve(app),       cli::add_card(app),   cli::add_ping(app),
      cli::add_conformance(app), cli::add_source(app), cli::add_sink(app)};
  auto arguments = with_profile(commands, std::vector<std::string>(argv + 1, argv + argc));
  if (!arguments) return static_cast<int>(cli::give_up(arguments.error()));
  std::reverse(arguments->begin(), arguments->end()); // as CLI11 wants a vector
  try {
    app.parse(*arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(cli::ExitCode::usage);
  }
  for (const auto& command : commands)
    if (command.app->parsed()) return static_cast<int>(command.run());
  return static_cast<int>(cli::ExitCode::usage);
}

} // namespace

int main(int argc, char** argv) {
  try {
    xml::initialise();
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "osci: internal error: " << error.what() << "\n";
    return static_cast<int>(cli::ExitCode::internal);
  }
}
