#include "storage/scrub.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "storage/files.h"
#include "storage/journal_rows.h"
#include "storage/look.h"
#include "storage/rows.h"
#include "storage/transfer_rows.h"
#include "storage/words.h"
#include <sys/stat.h>

namespace storage {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kPage = 500;

constexpr Words<ScrubSubject, 7> kSubjects = {{{ScrubSubject::journal, "journal"},
                                               {ScrubSubject::delivery, "delivery"},
                                               {ScrubSubject::card, "card"},
                                               {ScrubSubject::manifest, "manifest"},
                                               {ScrubSubject::part, "part"},
                                               {ScrubSubject::evidence, "evidence"},
                                               {ScrubSubject::spool, "spool"}}};

std::string sha256(std::string_view bytes) {
  return crypto::digest(crypto::DigestAlgorithm::sha256, bytes);
}

std::vector<std::int64_t> integers(Connection& db, std::string_view sql, std::int64_t after) {
  std::vector<std::int64_t> out;
  auto rows = db.prepare(sql);
  rows.bind(after, kPage);
  while (rows.step()) out.push_back(rows.integer(0));
  return out;
}

bool purged_by_journal(Connection& db, const std::string& message_id) {
  auto row = db.prepare("SELECT 1 FROM journal WHERE message_id = ?1 AND event = 'purged'");
  row.bind(message_id);
  return row.step();
}

class Scrub {
 public:
  Scrub(const fs::path& folder, const ScrubOptions& options, Connection& db)
      : folder_(folder), options_(options), db_(db) {}

  Result<ScrubReport> run() {
    for (const auto step : {&Scrub::journal, &Scrub::deliveries, &Scrub::evidence,
                            &Scrub::transfers, &Scrub::freezes, &Scrub::orphans})
      if (auto done = (this->*step)(); !done) return done.error();
    return report_;
  }

 private:
  void find(ScrubFinding finding) {
    ++report_.findings;
    if (options_.found) options_.found(finding);
  }
  void read(std::uint64_t octets) {
    report_.octets += octets;
    if (options_.pace) options_.pace(octets);
  }

  // Hash of a range of a file. not_found: missing, shorter, unreadable.
  Result<std::string> hash(const base::OctetRange& range) {
    crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
    const auto done = base::for_each_piece(range, [&](std::string_view piece) -> Result<> {
      hasher.update(piece);
      read(piece.size());
      return {};
    });
    if (!done) return done.error();
    return hasher.finish();
  }

  Result<> journal() {
    const auto anchor = look(db_, [&] { return journal_anchor(db_); });
    if (!anchor) return anchor.error();
    JournalHead last = *anchor;
    for (bool more = true; more;) {
      struct Page {
        std::vector<JournalEntry> entries;
        JournalHead anchor;
        std::vector<std::string> lost; // accepted, not purged, and no row
      };
      const auto page = look(db_, [&] {
        Page out;
        out.anchor = journal_anchor(db_);
        out.entries = read_journal(db_, std::max(last.number, out.anchor.number), kPage);
        for (const auto& entry : out.entries) {
          if (entry.event != to_string(JournalEvent::accepted)) continue;
          auto row = db_.prepare("SELECT 1 FROM deliveries WHERE message_id = ?1");
          row.bind(entry.message_id);
          if (!row.step() && !purged_by_journal(db_, entry.message_id))
            out.lost.push_back(entry.message_id);
        }
        return out;
      });
      if (!page) return page.error();
      if (page->anchor.number > last.number) last = page->anchor; // the oldest expired meanwhile
      for (const auto& entry : page->entries) {
        ++report_.entries;
        const std::string which = "entry " + std::to_string(entry.number) + " ";
        if (journal_hash(entry) != entry.hash)
          find({ScrubSubject::journal, entry.message_id, {}, which + "does not have its hash"});
        else if (entry.number != last.number + 1 || entry.previous != last.hash)
          find({ScrubSubject::journal,
                entry.message_id,
                {},
                which + "does not follow on entry " + std::to_string(last.number)});
        last = {entry.number, entry.hash};
      }
      for (const auto& id : page->lost)
        find({ScrubSubject::delivery, id, {}, "accepted and not purged, but not there"});
      more = page->entries.size() == kPage;
    }
    return {};
  }

  struct Seen {
    StoredRows rows;
    bool quarantined = false;
    bool purged = false;
    bool unrecorded = false;  // purged, and the journal that ought to say so does not
    std::optional<bool> card; // none: no entry attests it, or it is forgotten
  };

  Seen see(std::int64_t delivery) {
    Seen out;
    out.rows = read_rows(db_, delivery);
    const auto& id = out.rows.stored.card.message_id;
    bool forgotten = false;
    {
      auto row = db_.prepare("SELECT quarantined, purged, card_salt IS NULL,"
                             " purged >= (SELECT at FROM journal ORDER BY number LIMIT 1)"
                             " FROM deliveries WHERE seq = ?1");
      row.bind(delivery);
      row.step();
      out.quarantined = row.integer(0) != 0;
      out.purged = !row.is_null(1);
      forgotten = out.purged && row.integer(2) != 0;
      out.unrecorded = out.purged && row.integer(3) != 0 && !purged_by_journal(db_, id);
    }
    if (forgotten) return out;
    if (const auto entry = last_entry(db_, id))
      if (const auto digest = detail_value(entry->detail, "card"))
        out.card = *digest == base::hex_encode(card_digest(db_, delivery));
    return out;
  }

  bool exists(std::int64_t delivery) {
    auto row = db_.prepare("SELECT 1 FROM deliveries WHERE seq = ?1");
    row.bind(delivery);
    return row.step();
  }

  Result<> deliveries() {
    for (std::int64_t after = 0;;) {
      const auto page = look(db_, [&] {
        return integers(db_, "SELECT seq FROM deliveries WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                        after);
      });
      if (!page) return page.error();
      if (page->empty()) return {};
      for (const auto delivery : *page)
        if (auto done = check(delivery); !done) return done;
      after = page->back();
    }
  }

  Result<> check(std::int64_t delivery) {
    std::optional<Seen> seen;
    const auto looked = look(db_, [&] {
      if (exists(delivery)) seen = see(delivery);
      return true;
    });
    if (!looked) return looked.error();
    if (!seen) {
      ++report_.purged;
      return {};
    }
    const auto& id = seen->rows.stored.card.message_id;
    const auto finding = [&](ScrubSubject subject, std::optional<std::uint64_t> part,
                             std::string detail) {
      find({subject, id, part, std::move(detail), seen->quarantined});
    };
    if (!seen->card)
      ++report_.cards_unattested;
    else
      ++report_.cards;
    if (seen->card == false)
      finding(ScrubSubject::card, {}, "is not the card that the journal attests");
    if (seen->unrecorded)
      finding(ScrubSubject::delivery, {}, "marked as purged, and the journal does not say so");
    if (seen->purged) {
      ++report_.purged;
      return {};
    }
    ++report_.deliveries;
    if (seen->rows.damage) finding(ScrubSubject::manifest, {}, *seen->rows.damage);
    std::uint64_t position = 0;
    for (const auto& part : seen->rows.parts) {
      ++report_.parts;
      const auto which = position++;
      Result<std::string> got = std::string();
      if (part.file) {
        ++report_.files;
        auto octets = open_octets(folder_ / "bodies" / *part.file, part.size, "body file");
        got =
            octets ? hash({std::move(*octets), 0, part.size}) : Result<std::string>(octets.error());
        if (!got && got.error().code != ErrorCode::not_found) return got.error();
      } else {
        read(part.part.bytes.size());
        got = sha256(part.part.bytes);
        if (part.part.bytes.size() != part.size)
          finding(ScrubSubject::part, which, "has another size");
      }
      if (got && *got == part.sha256) continue;
      if (part.file) {
        // Purged since its rows were read?
        const auto there = look(db_, [&] { return has_part_file(db_, *part.file); });
        if (!there) return there.error();
        if (!*there) {
          --report_.deliveries;
          ++report_.purged;
          return {};
        }
      }
      finding(ScrubSubject::part, which,
              got ? "content does not have its hash" : got.error().detail);
    }
    return {};
  }

  Result<> evidence() {
    std::string after;
    for (;;) {
      struct Row {
        std::string sha256;
        bool good = false;
        std::uint64_t size = 0;
      };
      const auto page = look(db_, [&] {
        std::vector<Row> out;
        auto rows = db_.prepare("SELECT sha256, bytes FROM evidence WHERE sha256 > ?1"
                                " ORDER BY sha256 LIMIT ?2");
        rows.bind(Blob{after}, kPage);
        while (rows.step()) {
          const auto bytes = rows.bytes(1);
          out.push_back({rows.bytes(0), sha256(bytes) == rows.bytes(0), bytes.size()});
        }
        return out;
      });
      if (!page) return page.error();
      if (page->empty()) return {};
      for (const auto& row : *page) {
        ++report_.evidence;
        read(row.size);
        if (!row.good)
          find({ScrubSubject::evidence,
                "",
                {},
                "OCSP response " + base::hex_encode(row.sha256) + " does not have its hash"});
      }
      after = page->back().sha256;
    }
  }

  // A file of an unfinished transfer: what was received of it must still be there.
  Result<> transfers() {
    struct Row {
      std::string message_id, file;
      std::uint64_t chunk = 0;
      std::vector<StoredChunk> chunks;
    };
    for (std::int64_t after = 0;;) {
      const auto page = look(db_, [&] {
        return integers(db_,
                        "SELECT id FROM transfers WHERE id > ?1 AND file IS NOT NULL"
                        " ORDER BY id LIMIT ?2",
                        after);
      });
      if (!page) return page.error();
      if (page->empty()) return {};
      for (const auto id : *page) {
        const auto row = look(db_, [&] {
          Row out;
          {
            auto found = db_.prepare("SELECT message_id, file, chunk_kib FROM transfers"
                                     " WHERE id = ?1 AND file IS NOT NULL");
            found.bind(id);
            if (!found.step()) return out;
            out.message_id = found.bytes(0);
            out.file = found.bytes(1);
            out.chunk = static_cast<std::uint64_t>(found.integer(2)) * 1024;
          }
          out.chunks = read_chunks(db_, id);
          return out;
        });
        if (!row) return row.error();
        if (!row->file.empty())
          if (auto done = spooled(row->message_id, row->file, row->chunk, row->chunks); !done)
            return done;
      }
      after = page->back();
    }
  }

  Result<> spooled(const std::string& message_id, const std::string& file, std::uint64_t full,
                   const std::vector<StoredChunk>& chunks) {
    ++report_.files;
    struct stat status {};
    const auto path = folder_ / "spool" / file;
    const bool there = ::stat(path.c_str(), &status) == 0;
    const auto size = there ? static_cast<std::uint64_t>(status.st_size) : 0;
    auto octets = open_octets(path, size, "spool file");
    for (const auto& chunk : chunks) {
      const auto begin = full * (chunk.number - 1);
      Result<std::string> got = fail(ErrorCode::not_found, "spool file is missing or too short");
      if (octets && begin <= size && chunk.size <= size - begin)
        got = hash({*octets, begin, chunk.size});
      if (got && *got == chunk.sha256) continue;
      const auto known = look(db_, [&] { return has_spool_file(db_, file); });
      if (!known) return known.error();
      if (!*known) return {}; // finished meanwhile
      find({ScrubSubject::spool,
            message_id,
            {},
            "chunk " + std::to_string(chunk.number) + ": " +
                (got ? "content does not have its hash" : got.error().detail)});
    }
    return {};
  }

  Result<> freezes() {
    struct Row {
      std::int64_t id = 0;
      std::string message_id, file;
      std::uint64_t octets = 0;
    };
    for (std::int64_t after = 0;;) {
      const auto page = look(db_, [&] {
        std::vector<Row> out;
        auto rows = db_.prepare("SELECT id, message_id, file, octets FROM freezes WHERE id > ?1"
                                " ORDER BY id LIMIT ?2");
        rows.bind(after, kPage);
        while (rows.step())
          out.push_back({rows.integer(0), rows.bytes(1), rows.bytes(2),
                         static_cast<std::uint64_t>(rows.integer(3))});
        return out;
      });
      if (!page) return page.error();
      if (page->empty()) return {};
      for (const auto& row : *page) {
        ++report_.files;
        const auto octets = open_octets(folder_ / "spool" / row.file, row.octets, "frozen answer");
        if (octets) continue;
        const auto known = look(db_, [&] { return has_spool_file(db_, row.file); });
        if (!known) return known.error();
        if (*known) find({ScrubSubject::spool, row.message_id, {}, octets.error().detail});
      }
      after = page->back().id;
    }
  }

  Result<> orphans() {
    std::error_code failed;
    for (const bool bodies : {true, false}) {
      const auto root = folder_ / (bodies ? "bodies" : "spool");
      for (auto at = fs::recursive_directory_iterator(root, failed);
           !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
        struct stat status {};
        // It may go while this is read.
        if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        const base::Instant changed{std::chrono::seconds{status.st_mtim.tv_sec}};
        if (options_.now - changed < kOrphanAge) continue;
        const auto name = at->path().lexically_relative(root).string();
        const auto known = look(
            db_, [&] { return bodies ? has_part_file(db_, name) : has_spool_file(db_, name); });
        if (!known) return known.error();
        if (*known) continue;
        ++report_.orphans;
        report_.orphan_octets += static_cast<std::uint64_t>(status.st_size);
      }
      if (failed) return fail(ErrorCode::file_error, root.string() + " cannot be read");
    }
    return {};
  }

  const fs::path& folder_;
  const ScrubOptions& options_;
  Connection& db_;
  ScrubReport report_;
};

} // namespace

std::string_view to_string(ScrubSubject subject) {
  return word(kSubjects, subject);
}

Result<ScrubReport> scrub(const fs::path& folder, const ScrubOptions& options) {
  auto db = open_to_look(folder);
  if (!db) return db.error();
  return Scrub(folder, options, **db).run();
}

} // namespace storage
