// An ear on loopback: whoever is made to call it should not have been. Nothing is answered.
#pragma once
#include <string>

namespace cli::conformance {

class Listener {
 public:
  Listener(); // 127.0.0.1, a port that the kernel chooses. Throws std::runtime_error.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string url() const; // "http://127.0.0.1:PORT/canary"
  // Whether anybody has connected so far, or does within `milliseconds`.
  bool called(int milliseconds) const;

 private:
  int socket_ = -1;
  unsigned port_ = 0;
};

// Whether the intermediary at this URL could reach our loopback.
bool is_loopback(const std::string& url);

} // namespace cli::conformance
