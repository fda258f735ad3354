// What the commands on a state folder share. Private to cli/ctl.
#pragma once
#include "base/result.h"
#include "cli/commands.h"
#include "storage/state_reader.h"
#include <CLI/CLI.hpp>
#include <string>

namespace cli::ctl {

// Of commands that read files too: no PostgreSQL.
inline void add_state(CLI::App& app, std::string& folder) {
  app.add_option("--state", folder, "state folder of the daemon, which may run")->required();
}

inline void add_place(CLI::App& app, std::string& place) {
  app.add_option("--state", place, "state folder of the daemon, which may run, or postgresql://...")
      ->required();
}

struct WindowOptions {
  std::string from, to;
};

inline void add_window(CLI::App& app, WindowOptions& o, bool required) {
  app.add_option("--from", o.from, "from this moment on: a date (midnight UTC) or a date-time")
      ->required(required);
  app.add_option("--to", o.to, "before this moment")->required(required);
}

inline base::Result<storage::TimeWindow> window_of(const WindowOptions& o) {
  storage::TimeWindow out;
  for (const auto& [text, into] : {std::pair{&o.from, &out.from}, std::pair{&o.to, &out.to}}) {
    if (text->empty()) continue;
    const auto at = parse_since(*text);
    if (!at) return at.error();
    *into = *at;
  }
  if (out.to <= out.from)
    return base::fail(base::ErrorCode::invalid_config, "--to is not after --from");
  return out;
}

} // namespace cli::ctl
