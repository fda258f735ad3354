// How the gateway reaches passive recipients: a byte pipe that the composition root supplies. This
// module opens no socket.
#pragma once
#include "base/result.h"
#include <string>

namespace gateway {

struct RecipientAnswer {
  unsigned status = 0; // of HTTP
  std::string content_type;
  std::string body;
};

// One attempt.
struct Attempt {
  // False: not all of the message has been handed to the network, so the recipient cannot have
  // accepted it, whatever `answer` says.
  bool handed_over = false;
  // Errors: any; the detail is for the log.
  base::Result<RecipientAnswer> answer;
};

// Called from several threads at once. Blocks no longer than the timeouts it was made with, follows
// no redirect, uses no proxy, sends nothing twice, and connects only where the configuration
// allows.
class RecipientTransport {
 public:
  virtual ~RecipientTransport() = default;
  // `uri` and `ca` as the directory lists them (directory::Endpoint).
  virtual Attempt post(const std::string& uri, const std::string& ca,
                       const std::string& message) = 0;
};

} // namespace gateway
