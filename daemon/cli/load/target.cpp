#include "cli/load/target.h"
#include "cli/text.h"
#include <charconv>

namespace cli::load {
namespace {

bool loopback_address(std::string_view host) {
  for (int i = 0; i < 4; ++i) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(host.data(), host.data() + host.size(), value);
    if (error != std::errc{} || value > 255 || (i == 0 && value != 127)) return false;
    host.remove_prefix(static_cast<std::size_t>(end - host.data()));
    if (i < 3) {
      if (!host.starts_with('.')) return false;
      host.remove_prefix(1);
    }
  }
  return host.empty();
}

} // namespace

bool on_loopback(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  url.remove_prefix(scheme + 3);
  const auto authority = url.substr(0, url.find_first_of("/?#\\"));
  if (authority.find('@') != std::string_view::npos) return false;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return authority.substr(0, end == std::string_view::npos ? 0 : end + 1) == "[::1]";
  }
  const auto host = authority.substr(0, authority.find(':'));
  return host == "localhost" || loopback_address(host);
}

base::Result<> allow_target(const std::string& url, bool confirmed) {
  if (confirmed || on_loopback(url)) return {};
  return base::fail(base::ErrorCode::invalid_config,
                    "this puts load on " + harmless(url) +
                        ", which is not this machine; with the consent of its operator say --yes");
}

} // namespace cli::load
