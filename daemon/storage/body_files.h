// Large parts as files: bodies/<1 hex>/<32 hex>, written once, never changed.
#pragma once
#include "base/octets.h"
#include "base/random.h"
#include "base/result.h"
#include "storage/sync_failure.h"
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace storage {

// The system calls that can fail for reasons outside of this program; tests replace them.
struct FileCalls {
  std::function<ssize_t(int file, const char* bytes, std::size_t size)> write;
  std::function<int(int file)> sync; // fsync(2)
  // Octets that an unprivileged process can still write to the file system of this folder.
  std::function<base::Result<std::uint64_t>(const std::filesystem::path& folder)> free_bytes;

  static FileCalls system();
};

// fsync(2) of a folder: makes creations and renames in it durable.
base::Result<> sync_folder(const std::filesystem::path& folder, const FileCalls& calls);

// Thread-safe after prepare() and sweep().
class BodyFiles {
 public:
  BodyFiles(std::filesystem::path folder, FileCalls calls, SyncFailure& sync_failure);

  // Makes the folders. Error: file_error.
  base::Result<> prepare();

  // Removes what no row names: half-written files, and whole ones whose transaction never
  // committed. Runs at start, before the first write. `has_row` gets the name as read() takes it.
  // Returns how many files were removed.
  base::Result<std::uint64_t> sweep(const std::function<bool(const std::string& name)>& has_row);

  struct Copied {
    std::string name;
    std::string sha256; // raw octets
  };

  // The files of one delivery before its row is committed. Removes them at the end of its life
  // unless keep() was called or the outcome of the commit is unknown; what a crash leaves behind is
  // swept.
  class Pending {
   public:
    explicit Pending(BodyFiles& files);
    ~Pending();
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    // Content on stable storage under the name returned; the name itself only after settle().
    // Errors: storage_full, storage_failure.
    base::Result<std::string> write(std::string_view bytes);
    // The same through a buffer of fixed size. Errors also: those of the range.
    base::Result<Copied> copy(const base::OctetRange& range);
    // After the last write(), before the commit.
    base::Result<> settle();
    void keep() { kept_ = true; }

   private:
    base::Result<std::string>
    create(const std::function<base::Result<>(const base::OctetSink&)>& fill);

    BodyFiles& files_;
    std::string folder_;
    std::vector<std::string> names_;
    bool kept_ = false;
  };

  // For a file that no row names any more. One that stays behind is swept at the next start.
  void remove(const std::string& name);

  // Errors: not_found (missing, of another size, or unreadable: damaged) or storage_failure (our
  // own trouble, such as no file descriptor left; says nothing about the file).
  base::Result<std::string> read(const std::string& name, std::uint64_t size) const;
  // The same without reading it yet; reading has the same errors.
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const;

 private:
  std::filesystem::path folder_;
  FileCalls calls_;
  SyncFailure& sync_failure_;
  base::SystemRandom random_;
};

} // namespace storage
