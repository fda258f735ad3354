// Files of chunked transfers: spool/<32 hex>, written in places while the transfer lasts.
#pragma once
#include "base/random.h"
#include "storage/body_files.h"
#include "storage/octet_places.h"

namespace storage {

// Thread-safe after prepare() and sweep(); one file is written by one thread at a time.
class SpoolFiles final : public Spool {
 public:
  SpoolFiles(std::filesystem::path folder, FileCalls calls, SyncFailure& sync_failure);

  // Makes the folder. Error: file_error.
  base::Result<> prepare();
  // Removes what no row names, at start. Returns how many files.
  base::Result<std::uint64_t> sweep(const std::function<bool(const std::string& name)>& has_row);

  base::Result<std::string> create() override;
  base::Result<> write(const std::string& name, std::uint64_t offset,
                       std::string_view bytes) override;
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const override;
  void remove(const std::string& name) override;
  base::Result<std::unique_ptr<Sequential>> sequential() override;
  base::Result<base::OctetRange> decode(const base::OctetRange& text) const override;

 private:
  class SequentialFile;

  std::filesystem::path folder_;
  FileCalls calls_;
  SyncFailure& sync_failure_;
  base::SystemRandom random_;
};

} // namespace storage
