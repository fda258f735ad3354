// The files of a schema pack, from a folder or from a ZIP as XRepository delivers it (domain 3.4).
// Everything is limited before it is held; nothing outside the pack is read.
#pragma once
#include "base/result.h"
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xoev {

struct PackLimits {
  std::size_t zip_bytes = std::size_t{64} << 20;  // the ZIP itself
  std::size_t entries = 2000;                     // files and folders
  std::size_t file_bytes = std::size_t{16} << 20; // each file, uncompressed
  std::size_t total_bytes = std::size_t{256} << 20;
  std::size_t ratio = 200; // uncompressed to compressed, beyond the first 64 KiB
  std::size_t depth = 8;   // folders
};

struct PackFile {
  std::string name; // path within the pack, with '/'
  std::string bytes;
};

// Those that can be schemas or code lists: *.xsd, *.xml, and names without extension; sorted by
// name. Links are not followed, hidden files not read. Errors: file_error (cannot be read),
// too_large (with the limit).
base::Result<std::vector<PackFile>> read_pack_folder(const std::filesystem::path& folder,
                                                     const PackLimits& limits = {});

// The same of a ZIP. Refused as a whole (invalid_config with the entry's number and the rule): a
// name that is absolute or leads out of the pack, a link or other special file, encryption, a name
// given twice, a wrong checksum. too_large as above.
base::Result<std::vector<PackFile>> read_pack_zip(std::string_view zip,
                                                  const PackLimits& limits = {});

// By what is there: a folder, or a file that is a ZIP.
base::Result<std::vector<PackFile>> read_pack(const std::filesystem::path& path,
                                              const PackLimits& limits = {});

} // namespace xoev
