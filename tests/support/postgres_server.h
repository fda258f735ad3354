// A PostgreSQL server of a test program's own: started at its first use, gone with the program.
#pragma once
#include <string>

namespace support {

// Throws std::runtime_error when there is none to be had: a test that needs it fails.
class PostgresServer {
 public:
  static PostgresServer& instance();
  // With a synchronous standby, whose host is in the connection strings too.
  static PostgresServer with_standby() { return PostgresServer(true); }
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Connection string of a new, empty schema; what the store makes in it is its own.
  std::string new_schema();
  // One statement, outside of a transaction.
  void administer(const std::string& sql);
  // Kills the primary; the standby has taken over when this returns.
  void fail_over();
  // Ends all sessions but the caller's, as a crash of the server would.
  void end_sessions();

 private:
  explicit PostgresServer(bool standby);
  std::string line();

  int input_ = -1, output_ = -1; // the end of the first stops the server
  int process_ = -1;
  std::string hosts_;
  int schemas_ = 0;
};

} // namespace support
