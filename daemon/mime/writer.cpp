#include "base/encoding.h"
#include "mime/message.h"
#include <algorithm>

namespace mime {
namespace {

bool one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// Lines "Name: value" separated by CRLF; a header that starts a line of its own would be forged
// otherwise.
bool header_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const auto line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || !one_line(line) || line.front() == ' ' ||
        line.front() == '\t')
      return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 2);
    if (text.empty()) return false;
  }
  return true;
}

bool encodes(const PartOut& part) {
  std::string_view type(part.content_type);
  type = base::trim(type.substr(0, type.find_first_of("; \t")));
  return base::to_lower_ascii(part.transfer_encoding) == "base64" ||
         base::to_lower_ascii(type) == "text/base64";
}

void header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

} // namespace

std::string write(std::string_view boundary, std::string_view xml,
                  const std::vector<PartOut>& parts) {
  std::size_t size = xml.size() + 512;
  for (const auto& part : parts)
    size += (encodes(part) ? part.bytes.size() / 54 * 73 + 128 : part.bytes.size()) + 512 +
            part.other_headers.size() + part.content_id.size() + part.content_type.size();
  std::string out;
  out.reserve(size);
  const auto written =
      write_to(boundary, xml, parts, [&out](std::string_view piece) -> base::Result<> {
        out += piece;
        return {};
      });
  base::check(written.has_value(), "writing to memory failed");
  return out;
}

base::Result<> write_to(std::string_view boundary, std::string_view xml,
                        const std::vector<PartOut>& parts, const base::OctetSink& sink) {
  base::check(!boundary.empty() && std::all_of(boundary.begin(), boundary.end(),
                                               [](char c) {
                                                 return (c >= 'A' && c <= 'Z') ||
                                                        (c >= 'a' && c <= 'z') ||
                                                        (c >= '0' && c <= '9') || c == '_';
                                               }),
              "MIME boundary");
  std::string out; // what is not given to the sink yet
  const auto delimiter = [&] {
    out += "--";
    out += boundary;
  };
  header(out, "MIME-Version", "1.0");
  out += "Content-Type: Multipart/Related; boundary=";
  out += boundary;
  out += "; type=text/xml\r\n\r\n";
  delimiter();
  out += "\r\n";
  header(out, "Content-Type", "text/xml; charset=UTF-8");
  header(out, "Content-Transfer-Encoding", "8bit");
  header(out, "Content-ID", "<osci@message>");
  out += "\r\n";
  if (const auto done = sink(out); !done) return done;
  out.clear();
  if (const auto done = sink(xml); !done) return done;
  for (const auto& part : parts) {
    base::check(!part.content_id.empty() && one_line(part.content_id), "Content-ID");
    base::check(one_line(part.content_type) && one_line(part.transfer_encoding),
                "MIME header value");
    base::check(header_lines(part.other_headers), "further MIME header lines");
    out += "\r\n";
    delimiter();
    out += "\r\n";
    // The reference client fails on attachments that lack one of these (3.1).
    header(out, "Content-Type",
           part.content_type.empty() ? "application/octet-stream" : part.content_type);
    header(out, "Content-Transfer-Encoding",
           part.transfer_encoding.empty() ? "binary" : part.transfer_encoding);
    out += "Content-ID: <";
    out += part.content_id;
    out += ">\r\n";
    if (!part.other_headers.empty()) {
      out += part.other_headers;
      out += "\r\n";
    }
    out += "\r\n";
    if (const auto done = sink(out); !done) return done;
    out.clear();
    base::Result<> done;
    if (part.range) {
      base::check(!encodes(part), "base64 of a range");
      done = base::for_each_piece(part.range, sink);
    } else {
      done = encodes(part) ? sink(base::base64_encode(part.bytes)) : sink(part.bytes);
    }
    if (!done) return done;
  }
  out += "\r\n";
  delimiter();
  out += "--\r\n";
  return sink(out);
}

} // namespace mime
