#include "osci/stamps.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace osci {
namespace {

// Of octets in memory or outside of it; what cannot be read has no stamp.
std::string hash(std::string_view bytes, const base::OctetRange& range) {
  if (!range) return crypto::sha256_hex(bytes);
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto read =
      base::for_each_piece(range, [&hasher](std::string_view piece) -> base::Result<> {
        hasher.update(piece);
        return {};
      });
  base::check(read.has_value(), "octets of an attachment cannot be read");
  return base::hex_encode(hasher.finish());
}

} // namespace

std::string creation_stamp_data(std::string_view message_id,
                                const std::vector<mailbox::Part>& parts) {
  std::string out = "OSCI 1.2 Creation\n" + std::string(message_id) + "\n";
  for (const auto& part : parts)
    if (part.kind == mailbox::PartKind::content || part.kind == mailbox::PartKind::attachment)
      out += hash(part.bytes, part.range) + "\n";
  return out;
}

std::string creation_stamp_data(std::string_view message_id, const Content& content) {
  std::string out = "OSCI 1.2 Creation\n" + std::string(message_id) + "\n" +
                    crypto::sha256_hex(content.body) + "\n";
  for (const auto& attachment : content.attachments)
    out += hash(attachment.bytes, attachment.range) + "\n";
  return out;
}

std::string reception_stamp_data(std::string_view message_id) {
  return "OSCI 1.2 Reception\n" + std::string(message_id) + "\n";
}

} // namespace osci
