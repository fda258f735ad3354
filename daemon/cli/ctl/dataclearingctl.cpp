// dataclearingctl: what an operator asks and does: directory, regions, readiness, retention, schema
// packs.
#include "cli/ctl/commands.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <utility>

namespace {

constexpr const char* kFooter = R"(Exit codes:
  0  done
  1  wrong command line, or a configuration or directory file that is wrong
  2  a key or certificate cannot be used
  3  a server cannot be reached
  6  what was named is not there
  7  a file cannot be read or written
  9  internal error
 10  the answer to what was asked is no: not valid, not ready, not entitled, not intact)";

int run(int argc, char** argv) {
  CLI::App app{"Asks and tells what a message intermediary knows.", "dataclearingctl"};
  app.set_version_flag("--version", "dataclearingctl " DC_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  cli::ctl::Commands commands{cli::ctl::add_entitled(app),  cli::ctl::add_find(app),
                              cli::ctl::add_readiness(app), cli::ctl::add_reconstruct(app),
                              cli::ctl::add_repaired(app),  cli::ctl::add_scrub(app)};
  const auto add = [&](cli::ctl::Commands more) {
    for (auto& one : more) commands.push_back(std::move(one));
  };
  add(cli::ctl::add_backup(app));
  add(cli::ctl::add_certificate(app));
  add(cli::ctl::add_directory(app));
  add(cli::ctl::add_journal(app));
  add(cli::ctl::add_regions(app));
  add(cli::ctl::add_retention(app));
  add(cli::ctl::add_schemas(app));
  try {
    app.parse(argc, argv);
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
    std::cerr << "dataclearingctl: internal error: " << error.what() << "\n";
    return static_cast<int>(cli::ExitCode::internal);
  }
}
