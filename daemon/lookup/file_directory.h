// Adapter: reads the directory from a TOML file and the certificate files that it names. The format
// is explained in config/directory.toml. Reads nothing else and keeps no state; thread-safe.
#pragma once
#include "base/result.h"
#include "directory/directory.h"
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lookup {

struct Limits {
  std::size_t file_bytes = std::size_t{16} << 20;
  std::size_t certificate_bytes = std::size_t{256} << 10;
  std::size_t organisations = 50'000; // the whole of Germany has about half as many authorities
  std::size_t certificates = 32;      // of one organisation: years of rollovers
  std::size_t services = 256;         // of one organisation
  std::size_t endpoints = 32;         // of one organisation
};

// Reads the whole file that a `file` entry names; the path is as written in the entry. Error:
// file_error with the reason, without the path.
using CertificateReader = std::function<base::Result<std::string>(const std::string& file)>;

// Relative certificate paths start at the folder of the directory file. Errors: file_error (the
// file itself cannot be read), invalid_config; details name file, line and organisation key.
base::Result<std::shared_ptr<const directory::Directory>>
load_directory_file(const std::string& path, const Limits& limits = {});

// The same without file access. `name` stands in error details.
base::Result<std::shared_ptr<const directory::Directory>>
parse_directory(std::string_view toml, const std::string& name, const CertificateReader& read,
                const Limits& limits = {});

} // namespace lookup
