// Blocking HTTP client, for the command line and for push: one request, one connection, one answer.
#pragma once
#include "base/result.h"
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace http {

struct ClientLimits {
  // Name resolution, TCP connect and TLS handshake.
  std::chrono::milliseconds connect{10'000};
  // All of the above plus sending, the peer's work and reception.
  std::chrono::milliseconds total{120'000};
  std::uint64_t answer_bytes = 64 * 1024 * 1024;
  // Sends the body in chunked transfer coding, without its length: a test of servers.
  bool chunked = false;
};

// What a client may do. The defaults suit a user who names the URL himself.
struct ClientRules {
  // PEM certificates that https servers are verified against, as a file or as text; both empty: the
  // system's store.
  std::string ca_file;
  std::string ca_pem;
  bool allow_clear = true; // http://
  // False: connects only to addresses of the public Internet (public_address.h). What counts is the
  // very address of each connection attempt, so another answer of the name server a moment later
  // changes nothing.
  bool allow_private_addresses = true;
  // PEM certificate (with its chain) and key that https servers are shown; both or neither.
  std::string client_certificate_file{}, client_key_file{};
};

// Sent if not empty.
struct GetHeaders {
  std::string authorization, if_none_match;
};

struct Answer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
  std::string etag{}; // empty: none
  // Of a refusal (503, 429): how long the server wants to be left alone. Absent: it did not say, or
  // not in seconds.
  std::optional<std::chrono::seconds> retry_after{};
};

// Hears how many octets of the request's body have been handed to the network, and of how many.
using Progress = std::function<void(std::uint64_t sent, std::uint64_t total)>;

// Follows no redirect, uses no proxy, sends nothing twice: after an error of kind network or
// timed_out the peer may or may not have acted on the request, and only the caller knows whether to
// repeat it.
class Client {
 public:
  // `ca_file`: as in the rules.
  explicit Client(std::string ca_file = {}) { rules_.ca_file = std::move(ca_file); }
  explicit Client(ClientRules rules) : rules_(std::move(rules)) {}

  // `url`: http:// or https:// (TLS 1.2 or newer, certificate and host name verified). Any status
  // is an answer, not an error. Errors: invalid_config (url, a file of the rules, or against them),
  // network, timed_out, too_large (answer), peer_fault (not HTTP).
  base::Result<Answer> post(const std::string& url, std::string body,
                            const std::string& content_type, ClientLimits limits = {},
                            const Progress& progress = {}) const;
  base::Result<Answer> get(const std::string& url, ClientLimits limits = {},
                           const GetHeaders& headers = {}) const;

 private:
  ClientRules rules_;
};

} // namespace http
