// Files of chunked transfers: spool/<32 hex>, written in places while the transfer lasts.
#pragma once
#include "base/random.h"
#include "mailbox/transfers.h"
#include "storage/body_files.h"
#include <memory>

namespace storage {

class File;

// Thread-safe after prepare() and sweep(); one file is written by one thread at a time.
class SpoolFiles {
 public:
  SpoolFiles(std::filesystem::path folder, FileCalls calls, SyncFailure& sync_failure);

  // Makes the folder. Error: file_error.
  base::Result<> prepare();
  // Removes what no row names, at start. Returns how many files.
  base::Result<std::uint64_t> sweep(const std::function<bool(const std::string& name)>& has_row);

  // An empty file whose name is on stable storage. Errors: storage_full, storage_failure.
  base::Result<std::string> create();
  // Puts octets into their place, on stable storage when it returns.
  base::Result<> write(const std::string& name, std::uint64_t offset, std::string_view bytes);
  // Errors: not_found (missing or of another size), storage_failure.
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const;
  // The content of a Sequential, held against its hashes as it is read. Errors as open(), and
  // not_found when octets are not those that were written.
  base::Result<std::shared_ptr<const base::Octets>> open_sequential(const std::string& name,
                                                                    std::uint64_t size) const;
  // Only after the row that names it is gone for good: dying before leaves a file that the sweep
  // removes.
  void remove(const std::string& name);

  // A file written from front to end. Behind its content the hashes of its blocks.
  class Sequential final : public mailbox::FrozenFile {
   public:
    Sequential(SpoolFiles& files, std::string name, std::unique_ptr<File> file);
    ~Sequential() override; // removes the file unless kept
    base::Result<> append(std::string_view piece) override;
    std::uint64_t size() const override { return size_; }
    // Brings it to stable storage. Before the commit of its row.
    base::Result<> settle();
    const std::string& name() const { return name_; }
    void keep() { kept_ = true; }

   private:
    SpoolFiles& files_;
    std::string name_;
    std::unique_ptr<File> file_;
    std::uint64_t size_ = 0;
    std::string block_, hashes_; // the block under way; of those before
    bool kept_ = false;
  };
  base::Result<std::unique_ptr<Sequential>> sequential();

  // The decoded octets of a base64 text in a file without a name, which ends with its last user,
  // also when that is a crash.
  base::Result<base::OctetRange> decode(const base::OctetRange& text) const;

 private:
  std::filesystem::path folder_;
  FileCalls calls_;
  SyncFailure& sync_failure_;
  base::SystemRandom random_;
};

} // namespace storage
