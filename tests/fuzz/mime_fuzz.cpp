// The MIME reader on hostile bodies. Whatever it accepts must be views into the body, and must
// survive being written and read again. The first octet chooses the HTTP Content-Type and the
// limits.
#include "mime/message.h"
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

bool inside(std::string_view view, std::string_view body) {
  return view.empty() ||
         (view.data() >= body.data() && view.data() + view.size() <= body.data() + body.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool bare = data[0] & 1;
  mime::Limits limits;
  if (data[0] & 2) limits = {100, 4, 3};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto message =
      mime::parse(body, limits, bare ? "multipart/related; boundary=\"B\"" : std::string_view());
  if (!message) {
    demand(message.error().code == base::ErrorCode::malformed_message ||
           message.error().code == base::ErrorCode::too_large);
    return 0;
  }

  demand(!message->parts.empty() && message->parts.size() <= limits.parts);
  demand(inside(message->boundary, body) && !message->boundary.empty());
  std::vector<std::string> decoded;
  std::vector<mime::PartOut> parts;
  decoded.reserve(message->parts.size());
  std::size_t octets = 0;
  for (const auto& part : message->parts) {
    demand(inside(part.content_id, body) && inside(part.raw, body) &&
           inside(part.transfer_encoding, body) && !part.content_id.empty());
    demand(part.raw.find("\r\n--" + std::string(message->boundary)) == std::string_view::npos);
    octets += part.raw.size();
    auto bytes = part.decoded();
    demand(bytes || part.base64);
    if (!bytes) continue;
    decoded.push_back(std::move(*bytes));
    parts.push_back({std::string(part.content_id), part.content_type,
                     std::string(part.transfer_encoding), part.other_headers, decoded.back()});
  }
  demand(octets <= body.size());

  const std::string boundary = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  if (body.find(boundary) != std::string_view::npos) return 0;
  std::erase_if(parts, [](const auto& part) { return part.content_id == "osci@message"; });
  const std::string text = mime::write(boundary, "<a/>", parts);
  const auto again = mime::parse(text, mime::Limits{1 << 20, 100, 2000});
  demand(again.has_value() && again->parts.size() == parts.size() + 1);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& part = again->parts[i + 1];
    demand(part.content_id == parts[i].content_id);
    demand(part.other_headers == parts[i].other_headers);
    demand(parts[i].content_type.empty() || part.content_type == parts[i].content_type);
    const auto bytes = part.decoded();
    demand(bytes && *bytes == parts[i].bytes);
  }
  return 0;
}
