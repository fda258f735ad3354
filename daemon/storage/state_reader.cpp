#include "storage/state_reader.h"
#include "storage/journal_rows.h"
#include "storage/look.h"
#include "storage/postgres_schema.h"

namespace storage {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kPage = 1000;

// Number of the first or last entry of the window; 0: there is none.
std::uint64_t edge(Connection& db, const TimeWindow& window, bool first) {
  auto row = db.prepare(first ? "SELECT min(number) FROM journal WHERE at >= ?1 AND at < ?2"
                              : "SELECT max(number) FROM journal WHERE at >= ?1 AND at < ?2");
  row.bind(window.from, window.to);
  return row.step() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

} // namespace

StateReader::StateReader(std::unique_ptr<Connection> db) : db_(std::move(db)) {}
StateReader::StateReader(StateReader&&) noexcept = default;
StateReader::~StateReader() = default;

base::Result<StateReader> StateReader::open(const std::filesystem::path& place) {
  auto db = is_postgres(place.string()) ? open_postgres(place.string()) : open_to_look(place);
  if (!db) return db.error();
  return StateReader(std::move(*db));
}

base::Result<JournalHead> StateReader::head() {
  return look(*db_, [&] { return journal_head(*db_); });
}

base::Result<JournalHead> StateReader::anchor() {
  return look(*db_, [&] { return journal_anchor(*db_); });
}

base::Result<std::optional<base::Instant>> StateReader::begins() {
  return look(*db_, [&]() -> std::optional<base::Instant> {
    auto row = db_->prepare("SELECT at FROM journal ORDER BY number LIMIT 1");
    if (!row.step()) return std::nullopt;
    return row.instant(0);
  });
}

base::Result<> StateReader::journal(const TimeWindow& window, const TakeEntry& take) {
  const auto edges =
      look(*db_, [&] { return std::pair(edge(*db_, window, true), edge(*db_, window, false)); });
  if (!edges) return edges.error();
  if (edges->first == 0) return {};
  for (auto after = edges->first - 1; after < edges->second;) {
    const auto page = look(*db_, [&] { return read_journal(*db_, after, kPage); });
    if (!page) return page.error();
    for (const auto& entry : *page) {
      // The oldest can expire meanwhile.
      if (entry.number != after + 1)
        return fail(ErrorCode::storage_failure, "the journal lacks entry " +
                                                    std::to_string(after + 1) +
                                                    ", or it has just expired");
      if (auto taken = take(entry); !taken) return taken;
      if (++after == edges->second) break;
    }
    if (page->empty())
      return fail(ErrorCode::storage_failure,
                  "the journal lacks entry " + std::to_string(after + 1));
  }
  return {};
}

base::Result<> StateReader::window(const TimeWindow& window, const TakeWindowEntry& take) {
  std::optional<base::Error> stopped;
  const auto done = look(*db_, [&] {
    // What ended it is looked for behind the entry, whatever its time says.
    auto rows = db_->prepare(
        "SELECT number, at, event, message_id, mailbox, originator, detail, previous, hash,"
        " event = 'accepted' AND NOT EXISTS (SELECT 1 FROM journal AS l"
        "  WHERE l.message_id = j.message_id AND l.number > j.number"
        "  AND l.event IN ('acknowledged', 'pushed', 'refused', 'purged'))"
        " FROM journal AS j WHERE at >= ?1 AND at < ?2 ORDER BY mailbox, number");
    rows.bind(window.from, window.to);
    while (rows.step()) {
      WindowEntry out;
      out.entry = read_entry(rows);
      out.open = rows.integer(9) != 0;
      if (out.open) {
        auto later = db_->prepare("SELECT event, at FROM journal WHERE message_id = ?1"
                                  " AND number > ?2 ORDER BY number");
        later.bind(out.entry.message_id, out.entry.number);
        while (later.step()) {
          const auto event = journal_event(later.bytes(0));
          if (event == JournalEvent::offered) out.last_offered = later.instant(1);
          if (event == JournalEvent::quarantined) out.quarantined = true;
          if (event == JournalEvent::released) out.quarantined = false;
        }
      }
      if (auto taken = take(out); !taken) {
        stopped = taken.error();
        break;
      }
    }
    return true;
  });
  if (!done) return done.error();
  if (stopped) return *stopped;
  return {};
}

} // namespace storage
