#include "http/addresses.h"
#include <algorithm>

namespace http {

std::string address_key(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  auto octets = v6.to_bytes();
  std::fill(octets.begin() + 8, octets.end(), static_cast<unsigned char>(0));
  return ip::make_address_v6(octets).to_string() + "/64";
}

Addresses::Addresses(const AddressLimits& limits)
    : limits_(limits),
      requests_({base::Allowance{
                    limits.requests_per_second == 0 ? 0 : std::max<std::uint32_t>(1, limits.burst),
                    limits.requests_per_second, std::chrono::milliseconds{1000}}},
                std::max<std::size_t>(1, limits.remembered)) {}

bool Addresses::enter(const std::string& key) {
  const auto open = ++open_[key];
  return limits_.connections == 0 || open <= limits_.connections;
}

void Addresses::leave(const std::string& key) {
  const auto at = open_.find(key);
  if (at != open_.end() && --at->second == 0) open_.erase(at);
}

unsigned Addresses::wait_of(const std::string& key, std::chrono::steady_clock::time_point now) {
  if (limits_.requests_per_second == 0) return 0;
  const auto answer = requests_.take(key, {1}, now);
  if (answer.taken) return 0;
  return static_cast<unsigned>(std::max<std::int64_t>(1, (answer.wait.count() + 999) / 1000));
}

} // namespace http
