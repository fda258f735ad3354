#include "support/postgres_server.h"
#include "storage/postgres.h"
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace support {
namespace {

std::string conninfo(const std::string& hosts) {
  return "postgresql:///postgres?user=postgres&host=" + hosts;
}

void run(const std::string& hosts, const std::string& sql) {
  storage::PostgresConnection db(storage::PostgresConfig{conninfo(hosts)});
  db.begin(storage::Connection::Access::files);
  db.execute(sql);
  db.commit();
}

} // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server(false);
  return server;
}

PostgresServer::PostgresServer(bool standby) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execl(DC_SOURCE_DIR "/tests/support/postgres.sh", "postgres.sh",
            standby ? "--standby" : nullptr, nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  const std::string ready = "ready ", said = line();
  if (!said.starts_with(ready))
    throw std::runtime_error("no PostgreSQL server; see above (tests/support/postgres.sh)");
  const std::string folder = said.substr(ready.size());
  hosts_ = folder + "/a" + (standby ? "," + folder + "/b" : "");
}

PostgresServer::~PostgresServer() {
  ::close(input_);
  ::close(output_);
  ::waitpid(process_, nullptr, 0);
}

std::string PostgresServer::line() {
  std::string out;
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) out += c;
  return out;
}

void PostgresServer::fail_over() {
  const std::string command = "failover\n";
  if (::write(input_, command.data(), command.size()) != static_cast<ssize_t>(command.size()) ||
      line() != "done")
    throw std::runtime_error("the standby did not take over");
}

std::string PostgresServer::new_schema() {
  const std::string name = "test" + std::to_string(++schemas_);
  run(hosts_, "CREATE SCHEMA " + name);
  return conninfo(hosts_) + "&options=-csearch_path%3D" + name;
}

void PostgresServer::administer(const std::string& sql) {
  storage::PostgresConnection db(storage::PostgresConfig{conninfo(hosts_)});
  db.begin(storage::Connection::Access::read);
  db.commit();
  db.execute(sql);
}

void PostgresServer::end_sessions() {
  administer("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
             " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
}

} // namespace support
