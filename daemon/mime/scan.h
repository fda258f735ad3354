// The same messages as in message.h where they need not fit into memory: octets are read in pieces
// of fixed size, and a part is named by its place.
#pragma once
#include "base/octets.h"
#include "mime/message.h"

namespace mime {

struct ScannedPart {
  std::string content_id; // without angle brackets
  std::string content_type;
  bool base64 = false;
  std::string other_headers;
  base::OctetRange octets; // as they travel: base64 is still there
};

struct ScannedMessage {
  std::string boundary;
  std::vector<ScannedPart> parts; // at least one; the first is the XML part
};

// Accepts and refuses exactly what parse() does with a message that brings its own header lines.
// `piece`: octets read at a time (tests choose small ones). Errors: as parse(), and those of
// `message`.
base::Result<ScannedMessage> scan(std::shared_ptr<const base::Octets> message, const Limits& limits,
                                  std::size_t piece = 256 * 1024);

} // namespace mime
