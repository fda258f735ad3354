#include "osci/stamps.h"
#include "crypto/digest.h"

namespace osci {

std::string creation_stamp_data(std::string_view message_id,
                                const std::vector<mailbox::Part>& parts) {
  std::string out = "OSCI 1.2 Creation\n" + std::string(message_id) + "\n";
  for (const auto& part : parts)
    if (part.kind == mailbox::PartKind::content || part.kind == mailbox::PartKind::attachment)
      out += crypto::sha256_hex(part.bytes) + "\n";
  return out;
}

std::string creation_stamp_data(std::string_view message_id, const Content& content) {
  std::string out = "OSCI 1.2 Creation\n" + std::string(message_id) + "\n" +
                    crypto::sha256_hex(content.body) + "\n";
  for (const auto& attachment : content.attachments)
    out += crypto::sha256_hex(attachment.bytes) + "\n";
  return out;
}

std::string reception_stamp_data(std::string_view message_id) {
  return "OSCI 1.2 Reception\n" + std::string(message_id) + "\n";
}

} // namespace osci
