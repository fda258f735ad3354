// mailbox::Store on one database: SQLite with body files in a state folder, or PostgreSQL.
#pragma once
#include "mailbox/store.h"
#include "storage/body_files.h"
#include "storage/journal.h"
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace storage {

struct StoreConfig {
  std::filesystem::path folder; // made when missing; belongs to one process at a time
  // Empty: SQLite and files in the folder. Otherwise where a PostgreSQL database is
  // (postgres.h): everything that survives lies there, several processes share it, each with a
  // folder of its own.
  std::string database;
  std::uint64_t body_file_threshold = std::uint64_t{64} << 10; // larger parts go to files
  // Free space that a store must leave; below it stores are refused before anything is written,
  // while fetching and acknowledging go on.
  std::uint64_t reserve_bytes = std::uint64_t{1} << 30;
  // The largest delivery that fetch() and read() hold in memory; what is larger is fetched in
  // chunks.
  std::uint64_t max_in_memory = ~std::uint64_t{0};
  std::size_t readers = 4;        // connections for reading
  std::size_t max_waiting = 1024; // transactions that wait for the writer; one more is overloaded
  bool quick_check = false;       // PRAGMA quick_check at open: minutes for a large database
  // For tests. Empty: a failed sync ends the process.
  std::function<void(const std::string& what)> on_sync_failure;
  FileCalls calls = FileCalls::system();
};

// Thread-safe. Functions block; they may be called from any number of threads.
class DatabaseStore final : public mailbox::Store {
 public:
  // Locks the folder, brings the schema up to date and removes orphan files. Errors: file_error
  // (folder not usable or locked by another process), unsupported (schema of a newer program),
  // storage_failure (database damaged), storage_full.
  static base::Result<std::unique_ptr<DatabaseStore>> open(StoreConfig config);
  // No call may be under way.
  ~DatabaseStore() override;

  base::Result<> open_dialog(const mailbox::Dialog& dialog, std::uint32_t max_open) override;
  base::Result<std::optional<mailbox::Dialog>>
  find_dialog(const std::string& conversation_id) override;
  base::Result<> close_dialog(const std::string& conversation_id) override;
  base::Result<std::uint64_t> expire_dialogs(base::Instant idle_before,
                                             base::Instant forget_before) override;
  base::Result<std::vector<std::string>>
  awaiting_tokens(const std::string& conversation_id) override;
  base::Result<> take_turn(const mailbox::DialogTurn& turn) override;
  base::Result<mailbox::Receipt> store(const mailbox::NewDelivery& delivery,
                                       const std::optional<mailbox::DialogTurn>& turn,
                                       const std::string& refused_result) override;
  base::Result<mailbox::Fetched> fetch(const mailbox::FetchSelection& selection,
                                       const mailbox::DialogTurn& turn) override;
  base::Result<mailbox::Fetched> read(const mailbox::FetchSelection& selection) override;
  base::Result<mailbox::CardPage> cards(const mailbox::CardSelection& selection,
                                        const std::optional<mailbox::DialogTurn>& turn) override;
  base::Result<std::optional<mailbox::Push>> find_push(const std::string& message_id,
                                                       const std::string& request_digest) override;
  base::Result<mailbox::Push> begin_push(const mailbox::NewPush& push,
                                         const std::optional<mailbox::DialogTurn>& turn,
                                         const std::string& refused_result) override;
  base::Result<mailbox::Push> forward_push(const std::string& message_id,
                                           base::Instant now) override;
  base::Result<mailbox::Push> finish_push(const std::string& message_id,
                                          const mailbox::PushResult& result) override;
  base::Result<> probe() override;

  // Removes entries of before `before` from the journal, then returns its head: a witness for
  // elsewhere. More than one transaction.
  base::Result<JournalHead> keep_journal(base::Instant before);

  // What all processes on the database have under this name: `fresh` when there was nothing.
  // Only with StoreConfig::database.
  base::Result<std::string> shared_secret(const std::string& name, const std::string& fresh);

  // Commits so far; fewer than transactions under load.
  std::uint64_t commits() const;

 private:
  friend class DatabaseTransfers;
  friend class DatabaseRetention;
  struct Parts;
  explicit DatabaseStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

} // namespace storage
