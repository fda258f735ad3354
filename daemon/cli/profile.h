// A profile file: long option names as TOML keys, so that nobody has to repeat them on every call.
#pragma once
#include "base/result.h"
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// What the command line knows of options.
struct KnownOptions {
  std::set<std::string, std::less<>> here; // long names of the chosen subcommand, without dashes
  std::set<std::string, std::less<>> anywhere; // of any subcommand: a profile may serve several
  std::set<std::string, std::less<>> paths;    // relative ones start at the profile's folder
  // Options of one group exclude each other: one on the command line beats the others in the
  // profile.
  std::vector<std::set<std::string, std::less<>>> groups;
};

// Arguments ("--url=...") for every key of the profile that the command line does not give itself.
// Error: invalid_config, with the profile's name, line and key; never a value.
base::Result<std::vector<std::string>> profile_arguments(std::string_view toml,
                                                         const std::string& path,
                                                         const KnownOptions& known,
                                                         const std::vector<std::string>& given);

// The value of --profile among the arguments; empty: none.
std::string profile_path(const std::vector<std::string>& arguments);

} // namespace cli
