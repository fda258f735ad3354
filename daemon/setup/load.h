// From the configuration to what SIGHUP loads again: directory, agreements, keys and trust.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "gateway/gateway.h"
#include "lookup/directory_page.h"
#include "lookup/remote_directory.h"
#include "ops/config.h"
#include <atomic>
#include <memory>

namespace setup {

struct Loaded {
  std::shared_ptr<const gateway::Settings> settings;
  std::shared_ptr<const lookup::DirectoryPage> page; // null: not served
};

// What a reload is for. A new directory takes nothing else along that somebody may be editing.
enum class Reload { everything, directory };

// Reads files; blocks. `remote`: null, or without a directory yet: the directory file counts.
// `in_force`: null at the start. Errors: file_error, invalid_config; what is in force stays then.
base::Result<Loaded> load(const ops::Config& config, const lookup::RemoteDirectory* remote,
                          base::Instant now, Reload what = Reload::everything,
                          const gateway::Settings* in_force = nullptr);

// The directory server of [directory] urls; null when there is none. `stopping`: the end of the
// daemon does not wait for one server after the other. `clock` must outlive what is returned.
std::unique_ptr<lookup::RemoteDirectory>
remote_directory(const ops::Config& config, const base::Clock& clock,
                 std::shared_ptr<const std::atomic<bool>> stopping);

} // namespace setup
