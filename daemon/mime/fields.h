// Header lines of MIME messages and parts, for the reader in memory and the one that scans. Private
// to mime/.
#pragma once
#include "mime/message.h"
#include <optional>
#include <vector>

namespace mime {

constexpr std::string_view kCrlf = "\r\n";

base::Error malformed(const char* rule);

// Unlike std::string_view::find this is fast also where nearly every octet begins a match.
std::size_t position_of(std::string_view text, std::string_view what, std::size_t from);

struct Header {
  std::string_view name;
  std::string_view value; // trimmed; line ends of folding still inside
};

// Reads header lines up to and including the blank line, moving `at` behind it.
base::Result<std::vector<Header>> header_block(std::string_view body, std::size_t& at,
                                               const Limits& limits);
// The value of `boundary` in a Content-Type, written in lower case as peers demand (3.1).
base::Result<std::string_view> boundary_of(std::string_view content_type);
// The boundary that a message's own header lines name.
base::Result<std::string_view> message_boundary(const std::vector<Header>& headers);
// A part without its octets.
base::Result<PartView> read_part(const std::vector<Header>& headers);

} // namespace mime
