#include "base/encoding.h"
#include "mime/fields.h"
#include <set>

namespace mime {

using base::ErrorCode;
using base::Result;

namespace {

void skip_blank_lines(std::string_view body, std::size_t& at) {
  while (body.substr(at, 2) == kCrlf) at += kCrlf.size();
}

} // namespace

Result<std::string> PartView::decoded() const {
  if (!base64) return std::string(raw);
  return base::base64_decode(raw);
}

Result<MessageView> parse(std::string_view body, const Limits& limits,
                          std::string_view http_content_type) {
  MessageView out;
  std::size_t at = 0;
  skip_blank_lines(body, at);
  const bool bare = body.substr(at, 2) == "--";
  if (bare) {
    const auto boundary = boundary_of(http_content_type);
    if (!boundary) return boundary.error();
    out.boundary = *boundary;
  } else {
    const auto headers = header_block(body, at, limits);
    if (!headers) return headers.error();
    const auto boundary = message_boundary(*headers);
    if (!boundary) return boundary.error();
    out.boundary = *boundary;
    skip_blank_lines(body, at);
  }

  const std::string delimiter = "\r\n--" + std::string(out.boundary);
  const auto dash_boundary = std::string_view(delimiter).substr(kCrlf.size());
  // A preamble is refused (3.1): nothing may hide before the first delimiter.
  if (body.substr(at, dash_boundary.size()) != dash_boundary)
    return malformed("first delimiter line expected");
  if (bare) out.boundary = body.substr(at + 2, out.boundary.size()); // lives as long as the rest
  at += dash_boundary.size();

  std::set<std::string_view> ids;
  for (;;) { // `at` is behind a delimiter
    const auto mark = body.substr(at, 2);
    if (mark == "--") {
      const auto rest = body.substr(at + 2, 2);
      if (!rest.empty() && rest != kCrlf) return malformed("text after the final delimiter");
      if (out.parts.empty()) return malformed("no part");
      return out;
    }
    if (mark != kCrlf) return malformed("delimiter line");
    at += kCrlf.size();
    if (out.parts.size() == limits.parts)
      return base::fail(ErrorCode::too_large, "number of MIME parts");
    const auto headers = header_block(body, at, limits);
    if (!headers) return headers.error();
    auto part = read_part(*headers);
    if (!part) return part.error();
    if (!ids.insert(part->content_id).second) return malformed("Content-ID repeated");
    // Some readers would end the part here, others would not: refuse what is not exactly CRLF--B.
    if (body.substr(at, dash_boundary.size()) == dash_boundary)
      return malformed("delimiter directly after the header lines");
    const std::size_t end = position_of(body, delimiter, at);
    if (end == std::string_view::npos) return malformed("no final delimiter");
    part->raw = body.substr(at, end - at);
    out.parts.push_back(std::move(*part));
    at = end + delimiter.size();
  }
}

} // namespace mime
