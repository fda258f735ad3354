// One kept-alive HTTP connection on loopback. http::Client opens one for each request, which would
// be measured along; a sender under load does not.
#pragma once
#include <memory>
#include <string>

namespace bench {

class KeepAlive {
 public:
  explicit KeepAlive(const std::string& url); // http://ADDRESS:PORT/PATH; throws std::runtime_error
  ~KeepAlive();
  KeepAlive(KeepAlive&&) noexcept;
  // The body of an answer of status 200. Throws std::runtime_error for any other.
  std::string post(const std::string& body);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

} // namespace bench
