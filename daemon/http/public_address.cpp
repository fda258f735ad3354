#include "http/public_address.h"
#include <array>
#include <cstdint>

namespace http {
namespace {

namespace ip = boost::asio::ip;

struct Range {
  std::uint32_t network;
  unsigned bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array kSpecial = {
    Range{v4(0, 0, 0, 0), 8},       // this network
    Range{v4(10, 0, 0, 0), 8},      // private
    Range{v4(100, 64, 0, 0), 10},   // shared by carriers
    Range{v4(127, 0, 0, 0), 8},     // loopback
    Range{v4(169, 254, 0, 0), 16},  // link-local, among them cloud metadata
    Range{v4(172, 16, 0, 0), 12},   // private
    Range{v4(192, 0, 0, 0), 24},    // protocol assignments
    Range{v4(192, 0, 2, 0), 24},    // documentation
    Range{v4(192, 88, 99, 0), 24},  // 6to4 relays
    Range{v4(192, 168, 0, 0), 16},  // private
    Range{v4(198, 18, 0, 0), 15},   // benchmarks
    Range{v4(198, 51, 100, 0), 24}, // documentation
    Range{v4(203, 0, 113, 0), 24},  // documentation
    Range{v4(224, 0, 0, 0), 4},     // multicast
    Range{v4(240, 0, 0, 0), 4},     // reserved, broadcast
};

bool public_v4(const ip::address_v4& address) {
  const std::uint32_t value = address.to_uint();
  for (const auto& range : kSpecial)
    if ((value ^ range.network) >> (32 - range.bits) == 0) return false;
  return true;
}

} // namespace

bool public_address(const ip::address& address) {
  if (address.is_v4()) return public_v4(address.to_v4());
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return public_v4(ip::make_address_v4(ip::v4_mapped, v6));
  const auto bytes = v6.to_bytes();
  // Only 2000::/3 is global unicast; loopback, NAT64, unique local, link-local and multicast are
  // outside of it.
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return false;                           // 6to4
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02) return false;        // 2001::/23
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8) // documentation
    return false;
  if (bytes[0] == 0x3f && bytes[1] == 0xff && (bytes[2] & 0xf0) == 0) return false; // the same
  return true;
}

} // namespace http
