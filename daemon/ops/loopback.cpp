#include "ops/loopback.h"
#include <boost/asio/ip/address.hpp>

namespace ops {

bool is_loopback(const std::string& address) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(address, error);
  return !error && ip.is_loopback();
}

bool clear_beyond_loopback(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return false;
  auto host = url.substr(scheme.size());
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('['))
    host = host.substr(1, host.find(']') - 1);
  else
    host = host.substr(0, host.find(':'));
  return host.find('@') != std::string::npos || !is_loopback(host);
}

} // namespace ops
