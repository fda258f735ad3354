// What each address has asked for lately, and how many connections it holds. Private to http/.
#pragma once
#include "base/token_buckets.h"
#include "http/limits.h"
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace http {

// What counts as one address: all of IPv4, also where it comes mapped into IPv6; the /64 of IPv6,
// which is what one site has at least.
std::string address_key(const boost::asio::ip::address& address);

// On the server's executor. Memory is bounded by AddressLimits::remembered and by the connections
// that are open.
class Addresses {
 public:
  explicit Addresses(const AddressLimits& limits);

  // A connection has come; false: it is one too many. leave() for each, also then.
  bool enter(const std::string& key);
  void leave(const std::string& key);

  // Takes a request. Seconds to come back after when it is one too many, else 0.
  unsigned wait_of(const std::string& key, std::chrono::steady_clock::time_point now);

 private:
  const AddressLimits limits_;
  base::TokenBuckets requests_;
  std::unordered_map<std::string, std::size_t> open_;
};

} // namespace http
