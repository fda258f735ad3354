// The store on PostgreSQL: what start() makes of a connection string.
#include "storage/parts.h"
#include "storage/postgres.h"
#include "storage/postgres_files.h"
#include "storage/postgres_schema.h"
#include <algorithm>

namespace storage {

using base::ErrorCode;
using base::fail;

base::Result<> DatabaseStore::Parts::start_postgres() {
  if (config.quick_check)
    return fail(ErrorCode::unsupported, "quick_check is for SQLite; PostgreSQL has pg_amcheck");
  if (auto usable = check_conninfo(config.database); !usable) return usable;
  auto db = std::make_unique<PostgresConnection>(PostgresConfig{config.database});
  if (auto migrated = migrate(*db); !migrated) return migrated;
  // Two pools: whoever waits for octets does not hold up who looks for rows.
  const auto pool = [this] {
    std::vector<std::unique_ptr<Connection>> free;
    for (std::size_t i = 0; i < std::max<std::size_t>(config.readers, 1); ++i)
      free.push_back(std::make_unique<PostgresConnection>(PostgresConfig{config.database}));
    return std::make_shared<Pool>(std::move(free));
  };
  readers = pool();
  auto tables = std::make_shared<OctetTables>(pool());
  const auto swept = tables->sweep(true);
  if (!swept) return swept.error();
  if (*swept > 0)
    base::log(base::LogLevel::info, "storage.swept", "octets of unfinished stores removed",
              {{"count", std::to_string(*swept)}});
  auto scratch = std::make_unique<SpoolFiles>(config.folder / "spool", config.calls, sync_failure);
  if (auto made = scratch->prepare(); !made) return made;
  bodies = std::make_unique<TableBodies>(tables);
  spool = std::make_unique<TableSpool>(tables, std::move(scratch));
  writer = std::make_unique<Writer>(std::move(db), config.max_waiting, sync_failure, timeline);
  return {};
}

} // namespace storage
