// Port: how questions reach an authority. The adapter checks addresses: URLs stand in certificates
// and thus come from outside.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <cstddef>
#include <string>

namespace authority {

struct Reply {
  unsigned status = 0; // HTTP
  std::string body;
};

// Thread-safe and blocking. http:// and https:// only; follows no redirect; ends within `limit`;
// reads at most `max_bytes`. Errors: network, timed_out, too_large, peer_fault, invalid_config (an
// address that may not be asked).
class Transport {
 public:
  virtual ~Transport() = default;
  virtual base::Result<Reply> get(const std::string& url, base::Milliseconds limit,
                                  std::size_t max_bytes) = 0;
  virtual base::Result<Reply> post(const std::string& url, const std::string& body,
                                   const std::string& content_type, base::Milliseconds limit,
                                   std::size_t max_bytes) = 0;
};

} // namespace authority
