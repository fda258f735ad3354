// Which addresses an outgoing connection may lead to when its target was named by somebody else:
// only those that are routed in the public Internet (IANA special-purpose registries).
#pragma once
#include <boost/asio/ip/address.hpp>

namespace http {

// False for loopback, private, shared, link-local, multicast, reserved, documentation and
// transition ranges, in IPv4, IPv6 and IPv4-mapped form.
bool public_address(const boost::asio::ip::address& address);

} // namespace http
