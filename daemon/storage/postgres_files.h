// Octets in the tables `octets` and `octet_pieces`, so that every node reads them.
//
// They are written in short transactions beside the writer, so that a large delivery does not hold
// up the others, under a random name that no row gives yet. The row that gives it refers to
// `octets`: it cannot be committed once the name is gone, and the name cannot go once it is
// committed. What no row names after kLease (its node died, or could not remove it) is removed by
// whichever node sweeps next.
#pragma once
#include "base/random.h"
#include "storage/octet_places.h"
#include "storage/pool.h"
#include "storage/spool_files.h"

namespace storage {

// Longer than any request takes.
constexpr std::chrono::hours kLease{24};

// What bodies and spool have in common. Every function can be repeated: a lost connection is met
// by doing it again.
class OctetTables {
 public:
  explicit OctetTables(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  std::string new_name();
  base::Result<> create(const std::string& name);
  // One piece or more, in their places; on stable storage when it returns if `settled`.
  base::Result<> write(const std::string& name, std::uint64_t offset, std::string_view bytes,
                       bool settled);
  // Everything up to `size` is there and on stable storage. Error: overloaded (it is not: a
  // failover came in between; the request can be repeated).
  base::Result<> settle(const std::string& name, std::uint64_t size);
  void remove(const std::string& name);
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const;
  // Returns how many names were removed. Not `all`: only of leases that are over since a short
  // time, which is cheap.
  base::Result<std::uint64_t> sweep(bool all);

 private:
  std::shared_ptr<Pool> pool_;
  base::SystemRandom random_;
};

class TableBodies final : public Bodies {
 public:
  explicit TableBodies(std::shared_ptr<OctetTables> tables) : tables_(std::move(tables)) {}
  std::unique_ptr<Pending> pending() override;
  void remove(const std::string& name) override { tables_->remove(name); }
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const override {
    return tables_->open(name, size);
  }

 private:
  std::shared_ptr<OctetTables> tables_;
};

class TableSpool final : public Spool {
 public:
  // `scratch`: for decode(), on this machine.
  TableSpool(std::shared_ptr<OctetTables> tables, std::unique_ptr<SpoolFiles> scratch)
      : tables_(std::move(tables)), scratch_(std::move(scratch)) {}
  base::Result<std::string> create() override;
  base::Result<> write(const std::string& name, std::uint64_t offset,
                       std::string_view bytes) override {
    return tables_->write(name, offset, bytes, true);
  }
  base::Result<std::shared_ptr<const base::Octets>> open(const std::string& name,
                                                         std::uint64_t size) const override {
    return tables_->open(name, size);
  }
  void remove(const std::string& name) override { tables_->remove(name); }
  void sweep_expired() override;
  base::Result<std::unique_ptr<Sequential>> sequential() override;
  base::Result<base::OctetRange> decode(const base::OctetRange& text) const override {
    return scratch_->decode(text);
  }

 private:
  std::shared_ptr<OctetTables> tables_;
  std::unique_ptr<SpoolFiles> scratch_;
};

} // namespace storage
