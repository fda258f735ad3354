// multipart/related as OSCI peers write it (wire reference 3). No I/O.
#pragma once
#include "base/octets.h"
#include "base/result.h"
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mime {

struct Limits {
  std::size_t header_line = 16 * 1024; // octets of one (unfolded) header line
  std::size_t header_lines = 64;       // per header block
  std::size_t parts = 1100;            // the XML part and attachments
};

// Views into the parsed buffer, which must outlive the part.
struct PartView {
  std::string_view content_id; // without angle brackets, compared raw
  std::string content_type;    // as written, parameters included, unfolded; may be empty
  std::string_view transfer_encoding;
  bool base64 = false;       // transfer encoding base64 or media type text/base64 (3.1)
  std::string other_headers; // further header lines, CRLF separated, unfolded; without
                             // Content-Type, Content-ID, Content-Transfer-Encoding, Content-Length
  std::string_view raw;      // octets between the blank line and CRLF--boundary
  // Octets after removing base64 coding. Error: malformed_message.
  base::Result<std::string> decoded() const;
};

struct MessageView {
  std::string_view boundary;
  std::vector<PartView> parts; // at least one; the first is the XML part
};

// Parses a MIME message that starts with its own header lines (3.1), or, when the body starts with
// a delimiter line and `http_content_type` names multipart/related with a boundary, the bare
// multipart. Tolerances and refusals follow section 3.1: blank lines before the first header,
// MIME-Version absent or "1.0", case-insensitive names, folding, boundary quoted or not with '+'
// and '/', delimiter exactly CRLF--B, final --B-- required, Content-ID on every part, no duplicate
// Content-ID, charset UTF-8 only, part Content-Length ignored. Errors: malformed_message (detail:
// rule), too_large (a limit).
base::Result<MessageView> parse(std::string_view body, const Limits& limits,
                                std::string_view http_content_type = {});

struct PartOut {
  std::string content_id;
  std::string content_type = "application/octet-stream";
  std::string transfer_encoding =
      "binary";              // "base64" or content type text/base64: bytes are encoded
  std::string other_headers; // CRLF separated, without trailing CRLF
  std::string_view bytes;    // decoded octets; must outlive write()
  base::OctetRange
      range{}; // instead of bytes, where they need not fit into memory; write_to() only
};

// The first part is `xml` with Content-ID osci@message. `boundary` must not occur in any part (draw
// 128 random bits) and consist of letters, digits and '_'.
std::string write(std::string_view boundary, std::string_view xml,
                  const std::vector<PartOut>& parts);
// The same octets piece by piece. A range is written as it is: no base64. Errors: of a range or the
// sink.
base::Result<> write_to(std::string_view boundary, std::string_view xml,
                        const std::vector<PartOut>& parts, const base::OctetSink& sink);

} // namespace mime
