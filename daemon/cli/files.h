// Files of the command line: read with a limit, written so that they appear complete and stay.
#pragma once
#include "base/octets.h"
#include "base/random.h"
#include "base/result.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Error: file_error with path and reason.
base::Result<std::string> read_file(const std::string& path, std::uint64_t limit);

struct NewFile {
  std::string name;
  std::string_view bytes;
  base::OctetRange octets{}; // instead of bytes: copied
  std::string move_from{};   // instead of both: a file on the same file system that moves in
};

enum class Kept {
  written,
  already_there, // a folder of that name holds the same files: an earlier run was not acknowledged
};

// A folder that deliveries are put into. Holds a lock while it lives: two fetches into one folder
// would take each other's deliveries.
class Shelf {
 public:
  // Creates the folder (its parent must exist) and clears away what a run that died left half
  // written. Errors: file_error.
  static base::Result<Shelf> open(const std::string& path, base::RandomSource& random);
  Shelf(Shelf&& other) noexcept;
  Shelf& operator=(Shelf&&) = delete;
  ~Shelf();

  // All files, or none: written into a temporary folder, each fsynced, the folder fsynced and
  // renamed to `name`, its parent fsynced. When this returns they survive a power cut, and only
  // then may the intermediary hear that the delivery has arrived. Never replaces anything.
  // `compare`: files that decide whether an existing folder is the same delivery. Error:
  // file_error.
  base::Result<Kept> keep(const std::string& name, const std::vector<NewFile>& files,
                          const std::vector<std::string>& compare) const;
  // A sub-folder of this one, under the same lock.
  base::Result<Shelf> below(const std::string& name) const;
  const std::string& path() const { return path_; }

 private:
  Shelf(std::string path, int lock, base::RandomSource& random)
      : path_(std::move(path)), lock_(lock), random_(&random) {}
  std::string path_;
  int lock_;
  base::RandomSource* random_;
};

} // namespace cli
