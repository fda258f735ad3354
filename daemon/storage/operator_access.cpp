#include "storage/operator_access.h"
#include "storage/journal_rows.h"
#include "storage/postgres_schema.h"
#include "storage/retention_rows.h"
#include "storage/rows.h"
#include "storage/schema.h"
#include "storage/sqlite.h"

namespace storage {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using Access = Connection::Access;

namespace {

constexpr std::size_t kPage = 500;

// Of a message id that has a hold, so that it has a delivery.
std::int64_t number_of(Connection& db, const std::string& message_id) {
  const auto consumed = find_consumed(db, message_id);
  base::check(consumed.has_value(), "a hold without a delivery");
  return consumed->delivery;
}

template <class Work>
base::Result<> transaction(Connection& db, Access access, const Work& work) {
  try {
    db.begin(access);
    base::Result<> done = work();
    if (done)
      db.commit();
    else
      db.execute("ROLLBACK");
    return done;
  } catch (const SqlError& error) {
    try {
      if (db.in_transaction()) db.execute("ROLLBACK");
    } catch (const SqlError&) {
      // What was not committed is nothing; the connection ends with this command.
    }
    return to_error(error);
  }
}

} // namespace

base::Result<OperatorAccess> OperatorAccess::open(const fs::path& folder) {
  if (is_postgres(folder.string())) {
    auto db = open_postgres(folder.string());
    if (!db) return db.error();
    return OperatorAccess(std::move(*db));
  }
  const auto database = folder / "mailbox.db";
  std::error_code error;
  if (!fs::is_regular_file(database, error))
    return fail(ErrorCode::file_error, database.string() + ": no mailbox database");
  try {
    auto db = std::make_unique<SqliteConnection>(database, SqliteConnection::Use::write);
    if (auto known = check_schema(*db); !known)
      return fail(known.error().code, database.string() + ": " + known.error().detail);
    return OperatorAccess(std::move(db));
  } catch (const SqlError& failed) {
    return fail(ErrorCode::file_error, database.string() + ": " + failed.what());
  }
}

base::Result<> OperatorAccess::each(const std::function<void(const mailbox::Retained&)>& next) {
  std::int64_t number = 0;
  for (bool more = true; more;) {
    std::vector<mailbox::Retained> page;
    const auto done = transaction(*db_, Access::read, [&]() -> base::Result<> {
      page = retained_after(*db_, number, kPage);
      return {};
    });
    if (!done) return done;
    for (const auto& one : page) next(one);
    if (!page.empty()) number = page.back().number;
    more = page.size() == kPage;
  }
  return {};
}

base::Result<std::vector<mailbox::Hold>> OperatorAccess::holds() {
  std::vector<mailbox::Hold> out;
  const auto done = transaction(*db_, Access::read, [&]() -> base::Result<> {
    out = read_holds(*db_);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<mailbox::Retained> OperatorAccess::hold(const mailbox::Hold& hold) {
  mailbox::Retained out;
  const auto done = transaction(*db_, Access::write, [&]() -> base::Result<> {
    if (auto set = set_hold(*db_, hold); !set) return set;
    const auto number = number_of(*db_, hold.message_id);
    if (auto found = find_retained(*db_, number)) out = std::move(*found);
    // Without the reason: it is free text, and the journal is never changed.
    record(*db_, number, JournalEvent::held, hold.since);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<> OperatorAccess::release(const std::string& message_id, base::Instant now) {
  return transaction(*db_, Access::write, [&]() -> base::Result<> {
    if (auto released = release_hold(*db_, message_id, now); !released) return released;
    record(*db_, number_of(*db_, message_id), JournalEvent::hold_released, now);
    return {};
  });
}

base::Result<> OperatorAccess::repaired(const std::string& message_id, base::Instant now) {
  return transaction(*db_, Access::write, [&]() -> base::Result<> {
    std::optional<std::int64_t> number;
    {
      auto row = db_->prepare("UPDATE deliveries SET quarantined = 0, quarantine_reason = NULL"
                              " WHERE message_id = ?1 AND quarantined = 1 RETURNING seq");
      row.bind(message_id);
      while (row.step()) number = row.integer(0);
    }
    if (!number)
      return fail(ErrorCode::not_found, "no delivery of this message id is in quarantine");
    record(*db_, *number, JournalEvent::released, now);
    return {};
  });
}

} // namespace storage
