// Connections beside the writer's, lent to one thread each.
#pragma once
#include "base/log.h"
#include "storage/connection.h"
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace storage {

class Pool {
 public:
  explicit Pool(std::vector<std::unique_ptr<Connection>> connections)
      : free_(std::move(connections)) {}

  // Runs `work` on one consistent state of the database. Waiting here is short: reads touch indexes
  // and small rows, the large ones are elsewhere.
  template <class Work>
  auto run(const Work& work) {
    return transaction(Connection::Access::read, work);
  }
  // Octets beside the writer. `work` may run twice, or have succeeded when an error says that it is
  // unknown: it must come to the same end however often it runs.
  template <class Work>
  auto write_files(const Work& work) {
    return transaction(Connection::Access::files, work);
  }

 private:
  // A connection that was lost is noticed by its next user: that one begins anew.
  static constexpr int kRounds = 3;

  template <class Work>
  auto transaction(Connection::Access access, const Work& work)
      -> base::Result<decltype(work(std::declval<Connection&>()))> {
    const Loan loan(*this);
    Connection& db = *loan.db;
    for (int round = 1;; ++round) {
      try {
        db.begin(access);
        auto out = work(db);
        db.commit();
        return out;
      } catch (const SqlError& error) {
        end(db);
        if (!is_lost(error) || round == kRounds) return to_error(error);
      } catch (...) {
        end(db);
        throw;
      }
    }
  }

  struct Loan {
    explicit Loan(Pool& the_owner) : owner(the_owner), db(owner.take()) {}
    ~Loan() { owner.give_back(std::move(db)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Pool& owner;
    std::unique_ptr<Connection> db;
  };

  // A connection that cannot even end a transaction says so at its next BEGIN.
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

} // namespace storage
