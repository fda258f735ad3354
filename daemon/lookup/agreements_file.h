// Adapter: reads the records of the reuse model from a TOML file: parties, services, contracts,
// responsibilities, onboarding (domain 5). The format is explained in config/agreements.toml.
// Keeps no state; thread-safe.
#pragma once
#include "base/result.h"
#include "directory/agreements.h"
#include "directory/regions.h"
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lookup {

struct AgreementLimits {
  std::size_t file_bytes = std::size_t{64} << 20; // 396 x 100 single agreements: about 8 MB
  std::size_t parties = 50'000;
  std::size_t services = 10'000;
  std::size_t agreements = 200'000;
  std::size_t entries = 200'000; // of each other kind
  std::size_t list = 1000;       // texts in one list, versions and suspensions of one service
};

// Reads the table of regions that `regions` names. Error: its detail names the file.
using RegionReader =
    std::function<base::Result<std::vector<directory::Region>>(const std::string& file)>;

// A relative path of `regions` starts at the folder of the file; without one the built-in regions
// of NRW count. Errors: file_error, invalid_config; details name file and line.
base::Result<std::shared_ptr<const directory::Agreements>>
load_agreements_file(const std::string& path, const AgreementLimits& limits = {});

// The same without file access. `name` stands in error details.
base::Result<std::shared_ptr<const directory::Agreements>>
parse_agreements(std::string_view toml, const std::string& name, const RegionReader& read,
                 const AgreementLimits& limits = {});

} // namespace lookup
