// Large parts as files: bodies/<1 hex>/<32 hex>, written once, never changed.
#pragma once
#include "base/random.h"
#include "storage/octet_places.h"
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
class BodyFiles final : public Bodies {
 public:
  BodyFiles(std::filesystem::path folder, FileCalls calls, SyncFailure& sync_failure);

  // Makes the folders. Error: file_error.
  base::Result<> prepare();

  // Removes what no row names: half-written files, and whole ones whose transaction never
  // committed. Runs at start, before the first write. `has_row` gets the name as read() takes it.
  // Returns how many files were removed.
  base::Result<std::uint64_t> sweep(const std::function<bool(const std::string& name)>& has_row);

  class Pending final : public Bodies::Pending {
   public:
    explicit Pending(BodyFiles& files);
    ~Pending() override;
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    base::Result<std::string> write(std::string_view bytes) override;
    base::Result<Copied> copy(const base::OctetRange& range) override;
    base::Result<> settle() override;
    void keep() override { kept_ = true; }

   private:
    base::Result<std::string>
    create(const std::function<base::Result<>(const base::OctetSink&)>& fill);

    BodyFiles& files_;
    std::string folder_;
    std::vector<std::string> names_;
    bool kept_ = false;
  };
  std::unique_ptr<Bodies::Pending> pending() override { return std::make_unique<Pending>(*this); }

  void remove(const std::string& name) override;
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const override;

 private:
  std::filesystem::path folder_;
  FileCalls calls_;
  SyncFailure& sync_failure_;
  base::SystemRandom random_;
};

} // namespace storage
