#include "storage/postgres_files.h"
#include "base/crash_point.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include <algorithm>
#include <mutex>

namespace storage {
namespace {

using base::ErrorCode;
using base::fail;

// A row of its own each; what is read at once, and what waits in memory while writing.
constexpr std::size_t kPiece = 256 << 10;
constexpr std::int64_t kForEver = 1'000'000; // hours

class TableOctets final : public base::Octets {
 public:
  TableOctets(std::shared_ptr<Pool> pool, std::string name, std::uint64_t size)
      : pool_(std::move(pool)), name_(std::move(name)), size_(size) {}
  std::uint64_t size() const override { return size_; }

  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override {
    base::check(offset <= size_ && size <= size_ - offset, "read past the end of octets");
    const std::lock_guard lock(mutex_);
    while (size > 0) {
      if (offset < position_ || offset - position_ >= piece_.size())
        if (auto loaded = load(offset); !loaded) return loaded;
      const auto from = static_cast<std::size_t>(offset - position_);
      const std::size_t count = std::min(size, piece_.size() - from);
      piece_.copy(out, count, from);
      out += count;
      offset += count;
      size -= count;
    }
    return {};
  }

 private:
  // The piece that has this octet.
  base::Result<> load(std::uint64_t offset) const {
    const auto found = pool_->run([&](Connection& db) {
      auto row = db.prepare("SELECT position, bytes FROM octet_pieces"
                            " WHERE name = ?1 AND position <= ?2 ORDER BY position DESC LIMIT 1");
      row.bind(name_, offset);
      if (!row.step()) return false;
      position_ = static_cast<std::uint64_t>(row.integer(0));
      piece_ = row.bytes(1);
      return true;
    });
    if (!found) return found.error();
    if (!*found || offset - position_ >= piece_.size()) {
      piece_.clear();
      return fail(ErrorCode::not_found, "octets in the database are missing");
    }
    return {};
  }

  std::shared_ptr<Pool> pool_;
  std::string name_;
  std::uint64_t size_;
  mutable std::mutex mutex_; // guards what follows: the piece read last
  mutable std::uint64_t position_ = 0;
  mutable std::string piece_;
};

// Written from front to end, in full pieces.
class Stream {
 public:
  Stream(OctetTables& tables, std::string name) : tables_(tables), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  base::Result<> put(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), kPiece - piece_.size());
      piece_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (piece_.size() == kPiece)
        if (auto written = flush(); !written) return written;
    }
    return {};
  }
  base::Result<> finish() {
    if (auto written = flush(); !written) return written;
    return tables_.settle(name_, size_);
  }

 private:
  base::Result<> flush() {
    if (piece_.empty()) return {};
    auto written = tables_.write(name_, size_, piece_, false);
    size_ += piece_.size();
    piece_.clear();
    return written;
  }

  OctetTables& tables_;
  std::string name_, piece_;
  std::uint64_t size_ = 0;
};

class PendingOctets final : public Bodies::Pending {
 public:
  explicit PendingOctets(OctetTables& tables) : tables_(tables) {}
  ~PendingOctets() override {
    // When the outcome of the commit is not known: a row that was committed holds on to its name.
    if (!kept_)
      for (const auto& name : names_) tables_.remove(name);
  }
  PendingOctets(const PendingOctets&) = delete;
  PendingOctets& operator=(const PendingOctets&) = delete;

  base::Result<std::string> write(std::string_view bytes) override {
    Stream stream(tables_, tables_.new_name());
    if (auto begun = begin(stream); !begun) return begun.error();
    if (auto put = stream.put(bytes); !put) return put.error();
    if (auto done = stream.finish(); !done) return done.error();
    return stream.name();
  }
  base::Result<Bodies::Copied> copy(const base::OctetRange& range) override {
    Stream stream(tables_, tables_.new_name());
    if (auto begun = begin(stream); !begun) return begun.error();
    crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
    const auto both = [&](std::string_view piece) {
      hasher.update(piece);
      return stream.put(piece);
    };
    if (auto done = base::for_each_piece(range, both); !done) return done.error();
    if (auto done = stream.finish(); !done) return done.error();
    return Bodies::Copied{stream.name(), hasher.finish()};
  }
  base::Result<> settle() override {
    // Dying from here on until the commit: octets that no row names, swept after kLease.
    base::crash_point("storage.body_folder_synced");
    return {};
  }
  void keep() override { kept_ = true; }

 private:
  base::Result<> begin(const Stream& stream) {
    names_.push_back(stream.name());
    return tables_.create(stream.name());
  }

  OctetTables& tables_;
  std::vector<std::string> names_;
  bool kept_ = false;
};

class SequentialOctets final : public Spool::Sequential {
 public:
  SequentialOctets(OctetTables& tables, const std::string& name)
      : Sequential(name), tables_(tables), stream_(tables, name) {}
  ~SequentialOctets() override {
    if (!kept()) tables_.remove(name());
  }
  SequentialOctets(const SequentialOctets&) = delete;
  SequentialOctets& operator=(const SequentialOctets&) = delete;

 private:
  base::Result<> put(std::string_view bytes) override { return stream_.put(bytes); }
  base::Result<> finish() override { return stream_.finish(); }

  OctetTables& tables_;
  Stream stream_;
};

} // namespace

std::string OctetTables::new_name() {
  return base::hex_encode(random_.bytes(16));
}

base::Result<> OctetTables::create(const std::string& name) {
  const auto done = pool_->write_files([&](Connection& db) {
    db.execute("SET LOCAL synchronous_commit = off"); // as in write()
    db.prepare("INSERT INTO octets (name) VALUES (?1) ON CONFLICT DO NOTHING").bind(name).run();
    return true;
  });
  if (!done) return done.error();
  return {};
}

base::Result<> OctetTables::write(const std::string& name, std::uint64_t offset,
                                  std::string_view bytes, bool settled) {
  const auto done = pool_->write_files([&](Connection& db) {
    // What follows in the write-ahead log and is waited for, settle(), takes this along.
    if (!settled) db.execute("SET LOCAL synchronous_commit = off");
    for (std::size_t from = 0; from < bytes.size(); from += kPiece)
      db.prepare("INSERT INTO octet_pieces (name, position, bytes) VALUES (?1, ?2, ?3)"
                 " ON CONFLICT (name, position) DO UPDATE SET bytes = excluded.bytes")
          .bind(name, offset + from, Blob{bytes.substr(from, kPiece)})
          .run();
    return true;
  });
  if (!done) return done.error();
  if (settled) base::crash_point("storage.chunk_written");
  return {};
}

base::Result<> OctetTables::settle(const std::string& name, std::uint64_t size) {
  const auto complete = pool_->write_files([&](Connection& db) {
    // On a server that has taken over meanwhile the last pieces can be missing.
    db.prepare("UPDATE octets SET created = now() WHERE name = ?1 AND ?2 ="
               " (SELECT coalesce(sum(octet_length(bytes)), 0) FROM octet_pieces WHERE name = ?1)")
        .bind(name, size)
        .run();
    return db.changes() == 1;
  });
  if (!complete) return complete.error();
  if (!*complete) return fail(ErrorCode::overloaded, "the database server changed meanwhile");
  return {};
}

void OctetTables::remove(const std::string& name) {
  const auto done = pool_->write_files([&](Connection& db) {
    db.prepare("DELETE FROM octets WHERE name = ?1").bind(name).run();
    return true;
  });
  if (!done)
    base::log(base::LogLevel::warning, "storage.file_stays", "octets could not be removed",
              {{"file", name}, {"error", done.error().detail}});
}

base::Result<std::shared_ptr<const base::Octets>> OctetTables::open(const std::string& name,
                                                                    std::uint64_t size) const {
  return std::shared_ptr<const base::Octets>(std::make_shared<TableOctets>(pool_, name, size));
}

base::Result<std::uint64_t> OctetTables::sweep(bool all) {
  return pool_->write_files([&](Connection& db) {
    db.execute("DELETE FROM nodes WHERE seen < now() - interval '1 day'");
    // A row that comes to name one of them at this moment makes either of the two fail.
    db.prepare("DELETE FROM octets AS o WHERE created < now() - ?1 * interval '1 hour'"
               " AND created > now() - ?2 * interval '1 hour'"
               " AND NOT EXISTS (SELECT 1 FROM parts WHERE file = o.name)"
               " AND NOT EXISTS (SELECT 1 FROM transfers WHERE file = o.name)"
               " AND NOT EXISTS (SELECT 1 FROM freezes WHERE file = o.name)")
        .bind(kLease.count(), all ? kForEver : 2 * kLease.count())
        .run();
    return db.changes();
  });
}

std::unique_ptr<Bodies::Pending> TableBodies::pending() {
  return std::make_unique<PendingOctets>(*tables_);
}

base::Result<std::string> TableSpool::create() {
  auto name = tables_->new_name();
  if (auto created = tables_->create(name); !created) return created.error();
  // Dying from here on until the row: octets that no row names, swept.
  base::crash_point("storage.spool_created");
  return name;
}

void TableSpool::sweep_expired() {
  if (const auto swept = tables_->sweep(false); !swept)
    base::log(base::LogLevel::warning, "storage.sweep_failed", "octets of no row were not removed",
              {{"error", swept.error().detail}});
}

base::Result<std::unique_ptr<Spool::Sequential>> TableSpool::sequential() {
  auto name = create();
  if (!name) return name.error();
  return std::unique_ptr<Sequential>(std::make_unique<SequentialOctets>(*tables_, *name));
}

} // namespace storage
