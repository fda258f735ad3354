// How the client reaches an intermediary: a byte pipe that the composition root supplies. This
// module opens no socket.
#pragma once
#include "base/result.h"
#include <string>

namespace client {

struct Reply {
  std::string body;
  std::string content_type; // of the HTTP answer; may be empty
};

// One thread at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  // Sends one message and waits for the answer. Sends nothing twice by itself. Errors: network,
  // timed_out (the peer may or may not have acted), overloaded (it has not, and wants to be asked
  // later); others are final.
  virtual base::Result<Reply> post(const std::string& body) = 0;
};

} // namespace client
