// Where octets lie that are too many for a row, each under a name that a row gives: in files
// (body_files.h, spool_files.h) or in tables that every node reads (postgres_files.h).
// Thread-safe.
#pragma once
#include "base/octets.h"
#include "base/result.h"
#include "mailbox/transfers.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace storage {

// Large parts of deliveries: written once, never changed.
class Bodies {
 public:
  virtual ~Bodies() = default;

  struct Copied {
    std::string name;
    std::string sha256; // raw octets
  };

  // What one delivery has here before its row is committed. Removed at the end of its life unless
  // keep() was called or the outcome of the commit is unknown; what a crash leaves behind is swept.
  class Pending {
   public:
    virtual ~Pending() = default;
    // Content on stable storage under the name returned; the name itself only after settle().
    // Errors: storage_full, storage_failure.
    virtual base::Result<std::string> write(std::string_view bytes) = 0;
    // The same through a buffer of fixed size. Errors also: those of the range.
    virtual base::Result<Copied> copy(const base::OctetRange& range) = 0;
    // After the last write(), before the commit.
    virtual base::Result<> settle() = 0;
    virtual void keep() = 0;
  };
  virtual std::unique_ptr<Pending> pending() = 0;

  // For what no row names any more. What stays behind is swept.
  virtual void remove(const std::string& name) = 0;

  // Errors: not_found (missing, of another size, or unreadable: damaged) or storage_failure (our
  // own trouble, such as no file descriptor left; says nothing about the content). Reading has the
  // same errors.
  virtual base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                                 std::uint64_t size) const = 0;
  // The same, and all of it.
  base::Result<std::string> read(const std::string& name, std::uint64_t size) const;
};

// Chunked transfers, written in places while the transfer lasts, and frozen answers.
class Spool {
 public:
  virtual ~Spool() = default;

  // Nothing yet, under a name that is on stable storage. Errors: storage_full, storage_failure.
  virtual base::Result<std::string> create() = 0;
  // Puts octets into their place, on stable storage when it returns. One thread for each name.
  virtual base::Result<> write(const std::string& name, std::uint64_t offset,
                               std::string_view bytes) = 0;
  // Errors: not_found (missing or of another size), storage_failure.
  virtual base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                                 std::uint64_t size) const = 0;
  // The content of a Sequential, held against its hashes as it is read. Errors as open(), and
  // not_found when octets are not those that were written.
  base::Result<std::shared_ptr<const base::Octets>> open_sequential(const std::string& name,
                                                                    std::uint64_t size) const;
  // Only after the row that names it is gone for good: dying before leaves what is swept.
  virtual void remove(const std::string& name) = 0;
  // From time to time, where a node that died leaves things to the others.
  virtual void sweep_expired() {}

  // Written from front to end. Behind its content the hashes of its blocks.
  class Sequential : public mailbox::FrozenFile {
   public:
    base::Result<> append(std::string_view piece) final;
    std::uint64_t size() const final { return size_; }
    // Brings it to stable storage. Before the commit of its row.
    base::Result<> settle();
    const std::string& name() const { return name_; }
    void keep() { kept_ = true; } // otherwise its end removes it

   protected:
    explicit Sequential(std::string name) : name_(std::move(name)) {}
    virtual base::Result<> put(std::string_view bytes) = 0; // behind what is there
    virtual base::Result<> finish() = 0;                    // to stable storage
    bool kept() const { return kept_; }

   private:
    std::string name_;
    std::uint64_t size_ = 0;
    std::string block_, hashes_; // the block under way; of those before
    bool kept_ = false;
  };
  virtual base::Result<std::unique_ptr<Sequential>> sequential() = 0;

  // The decoded octets of a base64 text in a file without a name on this machine, which ends with
  // its last user, also when that is a crash.
  virtual base::Result<base::OctetRange> decode(const base::OctetRange& text) const = 0;
};

} // namespace storage
