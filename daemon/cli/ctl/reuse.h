// What the commands about the reuse model (entitled, find, regions) share. Private to cli/ctl.
#pragma once
#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/responsibility.h"
#include "cli/text.h"
#include "directory/agreements.h"
#include "directory/directory.h"
#include "lookup/agreements_file.h"
#include "lookup/file_directory.h"
#include <iostream>
#include <memory>
#include <string>

namespace cli::ctl {

inline ExitCode refuse(const base::Error& error) {
  std::cerr << "dataclearingctl: " << harmless(error.detail) << "\n";
  return exit_code(error.code);
}

struct Sources {
  std::string agreements, directory, at;
};

inline void add_sources(CLI::App& app, Sources& o, bool with_agreements) {
  if (with_agreements)
    app.add_option("--agreements", o.agreements, "agreements file (TOML)")->required();
  app.add_option("--directory", o.directory, "directory file (TOML), to ask it too");
  app.add_option("--at", o.at,
                 "for which moment: a date (from midnight in Germany) or a date-time with zone "
                 "(default: now)");
}

struct Loaded {
  std::shared_ptr<const directory::Agreements> agreements;
  std::shared_ptr<const directory::Directory> directory; // null: none was named
  base::Instant at;
};

inline base::Result<Loaded> load(const Sources& o) {
  Loaded out;
  const auto at = moment(o.at, base::SystemClock().now());
  if (!at) return at.error();
  out.at = *at;
  auto agreements = lookup::load_agreements_file(o.agreements);
  if (!agreements) return agreements.error();
  out.agreements = std::move(*agreements);
  if (o.directory.empty()) return out;
  auto directory = lookup::load_directory_file(o.directory);
  if (!directory) return directory.error();
  out.directory = std::move(*directory);
  return out;
}

} // namespace cli::ctl
