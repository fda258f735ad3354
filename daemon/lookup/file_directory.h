// Adapter: reads the directory from a TOML file and the files that it names, or from a snapshot
// (snapshot.h). The TOML format is explained in config/directory.toml. Reads nothing else and keeps
// no state; thread-safe.
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
  std::size_t included_bytes = std::size_t{4} << 20;
  std::size_t organisations = 50'000; // the whole of Germany has about half as many authorities
  std::size_t certificates = 32;      // of one organisation: years of rollovers
  std::size_t services = 4096;        // of one organisation: a clearing house offers many
  std::size_t endpoints = 32;         // of one organisation
  std::size_t descriptions = 10'000;  // of services
  std::size_t categories = 1000;      // in one list, also of organisations that one represents
  std::size_t snapshot_bytes = std::size_t{512} << 20;
  std::size_t line_bytes = std::size_t{16} << 20; // of a snapshot
};

// Reads the whole file that a `file` or `include` entry names; the path is as written in the entry.
// Error: file_error with the reason, without the path.
using CertificateReader = std::function<base::Result<std::string>(const std::string& file)>;

// A name that ends with .ndjson is a snapshot, any other TOML. Relative paths of certificates and
// included files start at the folder of the directory file. Errors: file_error (the
// file itself cannot be read), invalid_config; details name file, line and organisation key.
base::Result<std::shared_ptr<const directory::Directory>>
load_directory_file(const std::string& path, const Limits& limits = {});

// The same without file access. `name` stands in error details.
base::Result<std::shared_ptr<const directory::Directory>>
parse_directory(std::string_view toml, const std::string& name, const CertificateReader& read,
                const Limits& limits = {});

} // namespace lookup
