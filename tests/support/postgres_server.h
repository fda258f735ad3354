// A PostgreSQL server of a test program's own: started at its first use, gone with the program.
#pragma once
#include <string>

namespace support {

// Throws std::runtime_error when there is none to be had: a test that needs it fails.
class PostgresServer {
 public:
  static PostgresServer& instance();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Connection string of a new, empty schema; what the store makes in it is its own.
  std::string new_schema();
  // One statement, outside of a transaction.
  void administer(const std::string& sql);
  // Ends all sessions but the caller's, as a crash of the server would.
  void end_sessions();

 private:
  PostgresServer();
  int input_ = -1; // its end stops the server
  int process_ = -1;
  std::string folder_;
  int schemas_ = 0;
};

} // namespace support
