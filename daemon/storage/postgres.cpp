#include "storage/postgres.h"
#include "base/encoding.h"
#include "base/log.h"
#include "storage/postgres_schema.h"
#include <algorithm>
#include <array>
#include <cctype>
#include <libpq-fe.h>
#include <thread>
#include <vector>

namespace storage {
namespace {

using base::ErrorCode;
using std::chrono::steady_clock;

constexpr std::string_view kSession =
    // Stronger settings of the database stay; weaker ones would break the acceptance promise.
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);"
    "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '10s'; SET jit = off;"
    "SELECT current_setting('fsync')";
constexpr std::string_view kLockOutWriters =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock("
    "hashtext('dataclearing'), hashtext(current_schema()))";

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

std::string field(const PGresult* result, int code) {
  const char* text = result ? PQresultErrorField(result, code) : nullptr;
  return text ? text : "";
}

// One line: libpq's messages end with a line break and have one for each host.
std::string one_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// ?1 -> $1; what only SQLite understands is left out.
std::string translated(std::string_view sql) {
  constexpr std::string_view kIndexed = "INDEXED BY ";
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql.substr(i, kIndexed.size()) == kIndexed) {
      i = std::min(sql.find(' ', i + kIndexed.size()), sql.size());
      out += ' ';
    } else {
      out += sql[i] == '?' ? '$' : sql[i];
    }
  }
  return out;
}

} // namespace

bool is_postgres(std::string_view place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

base::Result<> check_conninfo(const std::string& conninfo) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree);
  // libpq's message could quote a password.
  if (!options || !is_postgres(conninfo))
    return base::fail(ErrorCode::unsupported, "not a connection string of PostgreSQL");
  for (const auto* option = options.get(); option->keyword; ++option)
    if (std::string_view(option->keyword) == "password" && option->val && *option->val)
      return base::fail(ErrorCode::unsupported,
                        "a password in the connection string; put it into a password file");
  return {};
}

// Rows come as a whole with the first step. Values and rows are binary, so that octets go as they
// are; integers go as text, which serves every type of integer.
class PostgresConnection::PostgresStatement final : public Prepared {
 public:
  PostgresStatement(PostgresConnection& db, std::string_view sql)
      : db_(db), sql_(translated(sql)) {}

  void put_text(int index, std::string_view text) override { put(index, std::string(text), 1); }
  void put_blob(int index, std::string_view bytes) override { put(index, std::string(bytes), 1); }
  void put_integer(int index, std::int64_t value) override { put(index, std::to_string(value), 0); }
  void put_null(int index) override { put(index, std::nullopt, 0); }

  bool step() override {
    if (!rows_) {
      run();
      row_ = -1;
    }
    return ++row_ < PQntuples(rows_.get());
  }
  bool is_null(int column) const override { return PQgetisnull(rows_.get(), row_, column) != 0; }
  std::int64_t integer(int column) const override {
    // Two's complement, most significant octet first; of a truth value one octet.
    const auto octets = bytes(column);
    if (octets.empty()) return 0;
    base::check(octets.size() <= 8, "column is no integer");
    const bool negative = octets.size() > 1 && (octets[0] & '\x80') != 0;
    std::uint64_t out = negative ? ~std::uint64_t{0} : 0;
    for (const char c : octets) out = out << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(out);
  }
  std::string bytes(int column) const override {
    return std::string(PQgetvalue(rows_.get(), row_, column),
                       static_cast<std::size_t>(PQgetlength(rows_.get(), row_, column)));
  }
  void reset() noexcept override {
    rows_.reset();
    values_.clear();
    formats_.clear();
  }

 private:
  void put(int index, std::optional<std::string> value, int format) {
    const auto at = static_cast<std::size_t>(index - 1);
    values_.resize(std::max(values_.size(), at + 1));
    formats_.resize(values_.size(), 0);
    values_[at] = std::move(value);
    formats_[at] = format;
  }

  void run() {
    if (!db_.link_) db_.raise(nullptr);
    if (session_ != db_.session_) {
      name_ = "s" + std::to_string(++db_.names_);
      db_.check(PQprepare(db_.link_, name_.c_str(), sql_.c_str(), 0, nullptr));
      session_ = db_.session_;
    }
    std::vector<const char*> addresses;
    std::vector<int> sizes;
    for (const auto& value : values_) {
      addresses.push_back(value ? value->c_str() : nullptr);
      sizes.push_back(value ? static_cast<int>(value->size()) : 0);
    }
    Result rows(PQexecPrepared(db_.link_, name_.c_str(), static_cast<int>(values_.size()),
                               addresses.data(), sizes.data(), formats_.data(), 1));
    const auto status = PQresultStatus(rows.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) db_.raise(rows.get());
    const std::string_view count = PQcmdTuples(rows.get());
    db_.changes_ = count.empty() ? 0 : std::stoull(std::string(count));
    rows_ = std::move(rows);
  }

  PostgresConnection& db_;
  std::string sql_, name_;
  unsigned session_ = 0; // in which `name_` is known
  std::vector<std::optional<std::string>> values_;
  std::vector<int> formats_;
  Result rows_;
  int row_ = -1;
};

PostgresConnection::PostgresConnection(PostgresConfig config) : config_(std::move(config)) {
  base::SystemRandom random;
  node_ = base::hex_encode(random.bytes(16));
}

PostgresConnection::~PostgresConnection() {
  disconnect();
}

void PostgresConnection::disconnect() {
  if (link_) PQfinish(link_);
  link_ = nullptr;
}

void PostgresConnection::connect() {
  const auto until = steady_clock::now() + config_.patience;
  bool told = false;
  for (std::chrono::milliseconds pause{50};;
       pause = std::min(pause * 2, std::chrono::milliseconds{2000})) {
    try {
      try_to_connect();
      if (told)
        base::log(base::LogLevel::info, "storage.database_found", "connected to PostgreSQL again",
                  {{"host", PQhost(link_)}});
      return;
    } catch (const SqlError& error) {
      disconnect();
      if (!is_lost(error)) throw;
      if (!told)
        base::log(base::LogLevel::warning, "storage.database_lost",
                  "no connection to PostgreSQL, trying again", {{"error", error.what()}});
      told = true;
      // Not Kind::lost: it has been tried again here.
      if (steady_clock::now() + pause > until) throw SqlError(ErrorCode::overloaded, error.what());
    }
    std::this_thread::sleep_for(pause);
  }
}

void PostgresConnection::try_to_connect() {
  disconnect();
  // What stands before dbname gives way to the connection string, what stands behind it does not.
  constexpr std::array<const char*, 8> kNames = {
      "application_name", "connect_timeout", "keepalives_idle",      "keepalives_interval",
      "tcp_user_timeout", "dbname",          "target_session_attrs", nullptr};
  const std::array<const char*, 8> values = {
      "dataclearing", "3", "10", "5", "30000", config_.conninfo.c_str(), "read-write", nullptr};
  link_ = PQconnectdbParams(kNames.data(), values.data(), 1);
  if (PQstatus(link_) != CONNECTION_OK)
    throw SqlError(ErrorCode::overloaded, "PostgreSQL: " + one_line(PQerrorMessage(link_)),
                   SqlError::Kind::lost);
  ++session_;
  PQsetNoticeReceiver(
      link_,
      [](void* warned, const PGresult* notice) {
        if (field(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING")
          *static_cast<bool*>(warned) = true;
      },
      &warned_);
  const Result settings(PQexec(link_, std::string(kSession).c_str()));
  if (PQresultStatus(settings.get()) != PGRES_TUPLES_OK) raise(settings.get());
  const std::string fsync = PQgetvalue(settings.get(), 0, 0);
  if (fsync != "on") throw SqlError(ErrorCode::unsupported, "PostgreSQL runs with fsync = off");
}

void PostgresConnection::check(pg_result* result) {
  const Result owned(result);
  const auto status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
    raise(result);
}

// Of the server's messages only those that cannot quote values.
void PostgresConnection::raise(const pg_result* result) {
  const auto state = field(result, PG_DIAG_SQLSTATE);
  // A server that shuts down, or one that has become a standby and takes no writes.
  if (!link_ || PQstatus(link_) != CONNECTION_OK || state.starts_with("57P") || state == "25006") {
    disconnect();
    throw SqlError(ErrorCode::overloaded, "the connection to PostgreSQL was lost " + state,
                   SqlError::Kind::lost);
  }
  std::string text = "PostgreSQL " + state;
  if (const auto name = field(result, PG_DIAG_CONSTRAINT_NAME); !name.empty()) text += " " + name;
  // Raised by our own triggers, or about the text of our own statement.
  if (state == "P0001" || state.starts_with("42"))
    text += ": " + field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == "53100") throw SqlError(ErrorCode::storage_full, text);
  // Resources, locks, a transaction that must be repeated.
  const bool busy = state.starts_with("53") || state.starts_with("40") || state == "55P03";
  throw SqlError(busy ? ErrorCode::overloaded : ErrorCode::storage_failure, text);
}

void PostgresConnection::execute(const std::string& sql) {
  if (!link_) raise(nullptr);
  check(PQexec(link_, sql.c_str()));
}

bool PostgresConnection::in_transaction() const {
  if (!link_) return false;
  const auto status = PQtransactionStatus(link_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

Prepared& PostgresConnection::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end())
    found = statements_.emplace(std::string(sql), std::make_unique<PostgresStatement>(*this, sql))
                .first;
  return *found->second;
}

void PostgresConnection::begin(Access access) {
  access_ = access;
  if (!link_) connect();
  try {
    switch (access) {
    case Access::read:
      return execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    case Access::files:
      return execute("BEGIN ISOLATION LEVEL READ COMMITTED");
    case Access::write:
      lock_out_writers();
      return note_transaction();
    }
  } catch (const SqlError&) {
    if (in_transaction()) PQclear(PQexec(link_, "ROLLBACK"));
    throw;
  }
}

void PostgresConnection::begin_migration() {
  access_ = Access::files;
  if (!link_) connect();
  lock_out_writers();
}

// The lock goes with the transaction; what its holder committed is visible before it goes.
void PostgresConnection::lock_out_writers() {
  execute(std::string(kLockOutWriters));
}

void PostgresConnection::note_transaction() {
  auto row =
      prepare("INSERT INTO nodes (node, last_transaction, seen) VALUES (?1, ?2, now())"
              " ON CONFLICT (node) DO UPDATE SET last_transaction = excluded.last_transaction,"
              " seen = excluded.seen RETURNING (SELECT latest FROM shared_state),"
              " (SELECT oldest_program FROM shared_state)");
  row.bind(node_, ++transaction_);
  base::check(row.step(), "no row of the state that daemons share");
  shared_time_ = row.instant(0);
  if (row.integer(1) > known_postgres_schema())
    throw SqlError(ErrorCode::unsupported, "a newer program has taken over this database");
}

void PostgresConnection::share_time(base::Instant latest) {
  if (latest == shared_time_) return;
  prepare("UPDATE shared_state SET latest = ?1").bind(latest).run();
}

void PostgresConnection::commit() {
  warned_ = false;
  try {
    execute("COMMIT");
  } catch (const SqlError& error) {
    if (!is_lost(error) || access_ != Access::write) throw;
    // Dying here: the next start finds the transaction or not; nobody has a receipt.
    return settle_commit();
  }
  // Committed on this server, but somebody ended the wait for its standby. What reading needs of a
  // commit is done.
  if (!warned_ || access_ == Access::read) return;
  disconnect();
  if (access_ == Access::write) return settle_commit();
  throw SqlError(ErrorCode::overloaded, "PostgreSQL did not wait for its standby",
                 SqlError::Kind::lost);
}

void PostgresConnection::settle_commit() {
  base::log(base::LogLevel::warning, "storage.commit_in_doubt",
            "the connection was lost during a commit; its outcome is looked for");
  const auto until = steady_clock::now() + config_.patience;
  while (steady_clock::now() < until) {
    try {
      connect();
      // Waits for the old session if that lives still: then its commit has come to its end.
      lock_out_writers();
      bool happened = false;
      {
        auto row = prepare("SELECT last_transaction FROM nodes WHERE node = ?1");
        row.bind(node_);
        happened = row.step() && row.integer(0) == transaction_;
      }
      // This commit waits for the standby, which then has the one in doubt too.
      prepare("UPDATE nodes SET seen = now() WHERE node = ?1").bind(node_).run();
      warned_ = false;
      execute("COMMIT");
      if (warned_) continue;
      base::log(base::LogLevel::info, "storage.commit_settled", "the outcome of a commit is known",
                {{"committed", happened ? "yes" : "no"}});
      if (happened) return;
    } catch (const SqlError& error) {
      if (in_transaction()) PQclear(PQexec(link_, "ROLLBACK"));
      if (is_lost(error)) continue;
      break; // not to be reached
    }
    throw SqlError(ErrorCode::overloaded, "the connection to PostgreSQL was lost before a commit",
                   SqlError::Kind::lost);
  }
  throw SqlError(ErrorCode::storage_failure, "the outcome of a commit in PostgreSQL is not known",
                 SqlError::Kind::unknown);
}

} // namespace storage
