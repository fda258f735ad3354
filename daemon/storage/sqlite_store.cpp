#include "storage/sqlite_store.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "storage/rows.h"
#include "storage/schema.h"
#include "storage/timeline.h"
#include "storage/writer.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

// How often a fetch may find that another recipient of the mailbox was faster.
constexpr int kFetchRounds = 16;

base::Error file_error(const fs::path& path, std::string_view what, int error) {
  return fail(ErrorCode::file_error,
              path.string() + " " + std::string(what) + ": " + std::strerror(error));
}

// Holds the state folder for this process: two daemons would overwrite each other's sequence of
// commits without noticing. The kernel lets go when the process dies, however it dies.
class FolderLock {
 public:
  FolderLock() = default;
  ~FolderLock() {
    if (file_ >= 0) ::close(file_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  base::Result<> take(const fs::path& path) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return file_error(path, "cannot be made", errno);
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK)
      return fail(ErrorCode::file_error,
                  path.parent_path().string() + " is in use by another process");
    return file_error(path, "cannot be locked", errno);
  }

 private:
  int file_ = -1;
};

// Mode 0700 / 0600 whatever the umask: others must not read citizens' mail.
base::Result<> make_folder(const fs::path& folder, const FileCalls& calls) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (error) return file_error(folder.parent_path(), "cannot be made", error.value());
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return file_error(folder, "cannot be made", errno);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return file_error(folder, "cannot be read", errno);
  if (!S_ISDIR(status.st_mode)) return file_error(folder, "cannot be used", ENOTDIR);
  if ((status.st_mode & 0777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
    return file_error(folder, "cannot be closed to others", errno);
  // Only then: the parent of a folder that was given to us may be closed to us.
  if (made) return sync_folder(folder.parent_path(), calls);
  return {};
}

// SQLite would make it readable for the group; the log and its index take over the mode of this
// file.
base::Result<> make_database_file(const fs::path& file, const FileCalls& calls) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return file_error(file, "cannot be made", errno);
  const bool closed_to_others = ::fchmod(made, 0600) == 0;
  const int error = errno;
  ::close(made);
  if (!closed_to_others) return file_error(file, "cannot be closed to others", error);
  return sync_folder(file.parent_path(), calls);
}

// Connections for reading, lent to one thread each.
class Readers {
 public:
  Readers(const fs::path& database, std::size_t count) {
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
      free_.push_back(std::make_unique<Connection>(database, Connection::Use::read));
  }

  // Runs `work` on one consistent state of the database. Waiting here is short: reads touch indexes
  // and small rows, the large ones are in files.
  template <class Work>
  auto run(const Work& work) -> base::Result<decltype(work(std::declval<Connection&>()))> {
    const Loan loan(*this);
    Connection& db = *loan.db;
    try {
      db.execute("BEGIN");
      auto out = work(db);
      db.execute("COMMIT");
      return out;
    } catch (const SqlError& error) {
      end(db);
      return to_error(error);
    } catch (...) {
      end(db);
      throw;
    }
  }

 private:
  struct Loan {
    explicit Loan(Readers& the_owner) : owner(the_owner), db(owner.take()) {}
    ~Loan() { owner.give_back(std::move(db)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Readers& owner;
    std::unique_ptr<Connection> db;
  };

  // There is nothing to undo; a connection that cannot even end a read says so at its next BEGIN.
  static void end(Connection& db) {
    try {
      if (db.in_transaction()) db.execute("ROLLBACK");
    } catch (const SqlError& error) {
      base::log(base::LogLevel::error, "storage.reader_stuck",
                "a read transaction could not be ended", {{"error", error.what()}});
    }
  }

  std::unique_ptr<Connection> take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !free_.empty(); });
    auto out = std::move(free_.back());
    free_.pop_back();
    return out;
  }

  void give_back(std::unique_ptr<Connection> db) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(db));
    }
    returned_.notify_one();
  }

  std::mutex mutex_; // guards free_
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> free_;
};

std::uint64_t total_size(const mailbox::NewDelivery& delivery) {
  std::uint64_t out = 0;
  for (const auto& part : delivery.parts) out += part.bytes.size();
  return out;
}

} // namespace

// In the order in which they must outlive each other: the lock goes last.
struct SqliteStore::Parts {
  explicit Parts(SqliteConfig the_config)
      : config(std::move(the_config)), sync_failure(config.on_sync_failure),
        files(config.folder / "bodies", config.calls, sync_failure) {}

  base::Result<> start();
  // storage_full when less than the reserve would be left after writing `more` octets.
  base::Result<> check_space(std::uint64_t more) const;
  base::Result<std::vector<StoredPart>> place_parts(const mailbox::NewDelivery& delivery,
                                                    BodyFiles::Pending& pending) const;
  // Moves the delivery out of `rows`, with the content of all parts and every hash checked.
  // not_found: damaged, the detail says what; card and mailbox are still in `rows` then.
  base::Result<mailbox::StoredDelivery> complete(StoredRows& rows) const;
  base::Result<> quarantine(const StoredRows& rows, const std::string& reason);

  SqliteConfig config;
  FolderLock lock;
  SyncFailure sync_failure;
  Timeline timeline; // used by the writing thread
  BodyFiles files;
  std::unique_ptr<Readers> readers;
  std::unique_ptr<Writer> writer;
};

base::Result<> SqliteStore::Parts::start() {
  const auto database = config.folder / "mailbox.db";
  if (auto made = make_folder(config.folder, config.calls); !made) return made;
  if (auto locked = lock.take(config.folder / "lock"); !locked) return locked;
  if (auto made = make_database_file(database, config.calls); !made) return made;
  if (auto made = files.prepare(); !made) return made;
  try {
    // Reads the log that a crash may have left: every commit in it counts, a half one does not.
    auto db = std::make_unique<Connection>(database, Connection::Use::write);
    if (auto migrated = migrate(*db); !migrated) return migrated;
    if (config.quick_check) {
      auto row = db->prepare("PRAGMA quick_check(1)");
      if (!row.step() || row.bytes(0) != "ok")
        return fail(ErrorCode::storage_failure, database.string() + " is damaged (quick_check)");
    }
    const auto swept =
        files.sweep([&](const std::string& name) { return has_part_file(*db, name); });
    if (!swept) return swept.error();
    if (*swept > 0)
      base::log(base::LogLevel::info, "storage.swept", "files of unfinished stores removed",
                {{"count", std::to_string(*swept)}});
    timeline = Timeline(latest_modification(*db));
    readers = std::make_unique<Readers>(database, config.readers);
    writer = std::make_unique<Writer>(std::move(db), config.max_waiting, sync_failure);
    return {};
  } catch (const SqlError& error) {
    const auto translated = to_error(error);
    return fail(translated.code, database.string() + ": " + translated.detail);
  }
}

base::Result<> SqliteStore::Parts::check_space(std::uint64_t more) const {
  const auto free = config.calls.free_bytes(config.folder);
  if (!free) return free.error();
  if (*free < more || *free - more < config.reserve_bytes)
    return fail(ErrorCode::storage_full, "free space would fall below the reserve");
  return {};
}

base::Result<std::vector<StoredPart>>
SqliteStore::Parts::place_parts(const mailbox::NewDelivery& delivery,
                                BodyFiles::Pending& pending) const {
  std::vector<StoredPart> out;
  for (const auto& part : delivery.parts) {
    StoredPart stored;
    stored.part.kind = part.kind;
    stored.part.name = part.name;
    stored.part.content_type = part.content_type;
    stored.part.headers = part.headers;
    stored.size = part.bytes.size();
    stored.sha256 = crypto::digest(crypto::DigestAlgorithm::sha256, part.bytes);
    if (part.bytes.size() > config.body_file_threshold) {
      auto name = pending.write(part.bytes);
      if (!name) return name.error();
      stored.file = std::move(*name);
    }
    out.push_back(std::move(stored));
  }
  if (auto settled = pending.settle(); !settled) return settled.error();
  return out;
}

base::Result<mailbox::StoredDelivery> SqliteStore::Parts::complete(StoredRows& rows) const {
  if (rows.damage) return fail(ErrorCode::not_found, *rows.damage);
  for (std::size_t i = 0; i < rows.parts.size(); ++i) {
    auto& stored = rows.parts[i];
    const std::string which = "part " + std::to_string(i) + ": ";
    if (stored.file) {
      auto bytes = files.read(*stored.file, stored.size);
      if (!bytes) return fail(bytes.error().code, which + bytes.error().detail);
      stored.part.bytes = std::move(*bytes);
    }
    if (crypto::digest(crypto::DigestAlgorithm::sha256, stored.part.bytes) != stored.sha256)
      return fail(ErrorCode::not_found, which + "content does not have its hash");
    rows.stored.parts.push_back(std::move(stored.part));
  }
  return std::move(rows.stored);
}

base::Result<> SqliteStore::Parts::quarantine(const StoredRows& rows, const std::string& reason) {
  // Loud, and kept: the row, its card and what is left of the content stay for the operator.
  base::log(base::LogLevel::error, "delivery.quarantined",
            "a stored delivery is damaged and no longer handed out",
            {{"message_id", rows.stored.card.message_id},
             {"mailbox", rows.stored.mailbox},
             {"reason", reason}});
  return writer->run([&](Connection& db) -> base::Result<> {
    set_quarantined(db, rows.delivery, reason);
    return {};
  });
}

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SqliteStore::~SqliteStore() = default;

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteConfig config) {
  config.folder = fs::absolute(config.folder).lexically_normal();
  if (!config.folder.has_filename()) config.folder = config.folder.parent_path();
  auto parts = std::make_unique<Parts>(std::move(config));
  if (auto started = parts->start(); !started) return started.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(parts)));
}

base::Result<> SqliteStore::open_dialog(const mailbox::Dialog& dialog, std::uint32_t max_open) {
  return parts_->writer->run([&](Connection& db) { return insert_dialog(db, dialog, max_open); });
}

base::Result<std::optional<mailbox::Dialog>>
SqliteStore::find_dialog(const std::string& conversation_id) {
  return parts_->readers->run(
      [&](Connection& db) { return storage::find_dialog(db, conversation_id); });
}

base::Result<> SqliteStore::close_dialog(const std::string& conversation_id) {
  return parts_->writer->run([&](Connection& db) -> base::Result<> {
    storage::close_dialog(db, conversation_id);
    return {};
  });
}

base::Result<std::uint64_t> SqliteStore::expire_dialogs(base::Instant idle_before,
                                                        base::Instant forget_before) {
  std::uint64_t closed = 0;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    closed = storage::expire_dialogs(db, idle_before, forget_before);
    return {};
  });
  if (!done) return done.error();
  return closed;
}

base::Result<> SqliteStore::take_turn(const mailbox::DialogTurn& turn) {
  return parts_->writer->run([&](Connection& db) {
    return storage::take_turn(db, turn, parts_->timeline.place(turn.now));
  });
}

base::Result<mailbox::Receipt> SqliteStore::store(const mailbox::NewDelivery& delivery,
                                                  const std::optional<mailbox::DialogTurn>& turn,
                                                  const std::string& refused_result) {
  // A repeat is answered even when the disk is full, and writes no files.
  const auto known = parts_->readers->run(
      [&](Connection& db) { return find_consumed(db, delivery.message_id).has_value(); });
  if (!known) return known.error();

  BodyFiles::Pending pending(parts_->files);
  std::vector<StoredPart> placed;
  if (!*known) {
    if (auto space = parts_->check_space(total_size(delivery)); !space) return space.error();
    auto done = parts_->place_parts(delivery, pending);
    if (!done) return done.error();
    placed = std::move(*done);
  }

  // From here to the commit: dying leaves at most files without a row.
  mailbox::Receipt receipt;
  bool refused = false, inserted = false;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    receipt = {};
    refused = inserted = false;
    const auto at = parts_->timeline.place(delivery.creation);
    if (turn)
      if (auto taken = storage::take_turn(db, *turn, at); !taken) return taken;
    if (const auto consumed = find_consumed(db, delivery.message_id)) {
      if (!delivery.request_digest.empty() && consumed->request_digest == delivery.request_digest) {
        receipt = read_receipt(db, consumed->delivery);
        receipt.repeated = true;
      } else {
        refused = true;
        if (turn) set_last_result(db, turn->conversation_id, refused_result);
      }
      return {};
    }
    base::check(!*known, "a consumed message id vanished");
    insert_delivery(db, delivery, placed, at);
    inserted = true;
    base::crash_point("storage.store_before_commit");
    receipt.card.message_id = delivery.message_id;
    receipt.card.creation = receipt.card.modification = at;
    receipt.card.subject = delivery.subject;
    receipt.card.inspections = delivery.inspections;
    receipt.feedback = delivery.feedback;
    return {};
  });
  if (!done) return done.error();
  // Committed. A crash from here on loses only the answer; the sender repeats and gets the receipt.
  if (inserted) pending.keep();
  if (refused)
    return fail(ErrorCode::message_id_refused, "message id is consumed by another delivery");
  return receipt;
}

base::Result<mailbox::Fetched> SqliteStore::fetch(const mailbox::FetchSelection& selection,
                                                  const mailbox::DialogTurn& turn) {
  // The content is read and checked before the transaction, so that the writer never waits for
  // files. What the transaction then selects is authoritative; if that is another delivery, its
  // content is read and the transaction tried again.
  const std::string awaiting_in = turn.acknowledge ? turn.conversation_id : std::string{};
  std::optional<std::int64_t> wanted;
  for (int round = 0; round < kFetchRounds;) {
    auto rows = parts_->readers->run([&](Connection& db) -> std::optional<StoredRows> {
      if (wanted) return read_rows(db, *wanted);
      const auto found = find_delivery(db, selection, awaiting_in);
      if (!found || found->quarantined) return std::nullopt;
      return read_rows(db, found->delivery);
    });
    if (!rows) return rows.error();
    std::optional<std::int64_t> candidate;
    mailbox::StoredDelivery content;
    if (*rows) {
      candidate = (*rows)->delivery;
      auto complete = parts_->complete(**rows);
      if (!complete && complete.error().code == ErrorCode::not_found) {
        // Each passage takes one delivery out of the selection: this ends.
        if (auto moved = parts_->quarantine(**rows, complete.error().detail); !moved)
          return moved.error();
        wanted.reset();
        continue;
      }
      if (!complete) return complete.error();
      content = std::move(*complete);
    }

    mailbox::Fetched out;
    const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
      out = {};
      wanted.reset();
      const auto at = parts_->timeline.place(turn.now);
      if (auto taken = storage::take_turn(db, turn, at); !taken) return taken;
      const auto found = find_delivery(db, selection, {});
      if (found && found->quarantined)
        return fail(ErrorCode::storage_failure, "the delivery is in quarantine");
      if (found && found->delivery != candidate) {
        wanted = found->delivery;
        return fail(ErrorCode::overloaded, "others fetch from this mailbox at the same time");
      }
      out.waiting = count_waiting(db, selection, found);
      if (found) {
        hand_out(db, *found, turn, at);
        out.delivery.emplace();
        out.delivery->card = read_card(db, found->delivery);
      }
      set_last_result(db, turn.conversation_id,
                      turn.result + (found ? out.delivery->card.message_id : std::string{}));
      // Dying here: nothing of the turn happened; the client repeats it. After the commit: the
      // repeat finds last_result and reads the same delivery.
      base::crash_point("storage.fetch_before_commit");
      return {};
    });
    if (done) {
      if (out.delivery) {
        content.card = std::move(out.delivery->card);
        out.delivery = std::move(content);
      }
      return out;
    }
    if (!wanted) return done.error();
    ++round;
  }
  return fail(ErrorCode::overloaded, "others fetch from this mailbox at the same time");
}

base::Result<mailbox::Fetched> SqliteStore::read(const mailbox::FetchSelection& selection) {
  struct Seen {
    std::optional<StoredRows> rows;
    bool quarantined = false;
    std::uint64_t waiting = 0;
  };
  for (;;) {
    auto seen = parts_->readers->run([&](Connection& db) {
      Seen out;
      const auto found = find_delivery(db, selection, {});
      out.waiting = count_waiting(db, selection, found);
      out.quarantined = found && found->quarantined;
      if (found && !found->quarantined) out.rows = read_rows(db, found->delivery);
      return out;
    });
    if (!seen) return seen.error();
    if (seen->quarantined) return fail(ErrorCode::storage_failure, "the delivery is in quarantine");
    mailbox::Fetched out;
    out.waiting = seen->waiting;
    if (!seen->rows) return out;
    auto complete = parts_->complete(*seen->rows);
    if (complete) {
      out.delivery = std::move(*complete);
      return out;
    }
    if (complete.error().code != ErrorCode::not_found) return complete.error();
    if (auto moved = parts_->quarantine(*seen->rows, complete.error().detail); !moved)
      return moved.error();
  }
}

base::Result<mailbox::CardPage> SqliteStore::cards(const mailbox::CardSelection& selection,
                                                   const std::optional<mailbox::DialogTurn>& turn) {
  if (!turn) return parts_->readers->run([&](Connection& db) { return read_cards(db, selection); });
  mailbox::CardPage out;
  const auto done = parts_->writer->run([&](Connection& db) -> base::Result<> {
    if (auto taken = storage::take_turn(db, *turn, parts_->timeline.place(turn->now)); !taken)
      return taken;
    out = read_cards(db, selection);
    return {};
  });
  if (!done) return done.error();
  return out;
}

base::Result<> SqliteStore::probe() {
  if (auto space = parts_->check_space(0); !space) return space;
  return parts_->writer->run([](Connection& db) -> base::Result<> {
    db.prepare("UPDATE probe SET count = count + 1 WHERE id = 1").run();
    return {};
  });
}

std::uint64_t SqliteStore::commits() const {
  return parts_->writer->commits();
}

} // namespace storage
