#include "lookup/directory_page.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "lookup/snapshot.h"

namespace lookup {

namespace {

// RFC 9110 13.1.2: a list, or *; weak comparison.
bool names(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto one = base::trim(list.substr(0, comma));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

} // namespace

DirectoryPage::DirectoryPage(const directory::Directory& directory, std::string token)
    : text_(to_snapshot(directory)), etag_("\"" + crypto::sha256_hex(text_) + "\""),
      token_(std::move(token)) {}

http::Response DirectoryPage::answer(const http::Request& request) const {
  http::Response out;
  if (request.method != "GET" && request.method != "HEAD") {
    out.status = 405;
    return out;
  }
  // Digests, so that not even the length of the token shows in the time.
  if (!token_.empty() && !base::constant_time_equal(crypto::sha256_hex("Bearer " + token_),
                                                    crypto::sha256_hex(request.authorization))) {
    out.status = 401;
    return out;
  }
  out.etag = etag_;
  if (names(request.if_none_match, etag_)) {
    out.status = 304;
    return out;
  }
  out.content_type = "application/x-ndjson";
  out.body = text_;
  return out;
}

} // namespace lookup
