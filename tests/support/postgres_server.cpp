#include "support/postgres_server.h"
#include "storage/postgres.h"
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace support {
namespace {

std::string conninfo(const std::string& folder) {
  return "postgresql:///postgres?user=postgres&host=" + folder;
}

void run(const std::string& folder, const std::string& sql) {
  storage::PostgresConnection db(storage::PostgresConfig{conninfo(folder)});
  db.begin(storage::Connection::Access::files);
  db.execute(sql);
  db.commit();
}

} // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execl(DC_SOURCE_DIR "/tests/support/postgres.sh", "postgres.sh", nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  std::string line;
  for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
  ::close(out[0]);
  const std::string ready = "ready ";
  if (!line.starts_with(ready))
    throw std::runtime_error("no PostgreSQL server; see above (tests/support/postgres.sh)");
  folder_ = line.substr(ready.size());
}

PostgresServer::~PostgresServer() {
  ::close(input_);
  ::waitpid(process_, nullptr, 0);
}

std::string PostgresServer::new_schema() {
  const std::string name = "test" + std::to_string(++schemas_);
  run(folder_, "CREATE SCHEMA " + name);
  return conninfo(folder_) + "&options=-csearch_path%3D" + name;
}

void PostgresServer::administer(const std::string& sql) {
  storage::PostgresConnection db(storage::PostgresConfig{conninfo(folder_)});
  db.begin(storage::Connection::Access::read);
  db.commit();
  db.execute(sql);
}

void PostgresServer::end_sessions() {
  administer("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
             " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
}

} // namespace support
