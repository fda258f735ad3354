#include "mime/fields.h"
#include "base/encoding.h"
#include <algorithm>
#include <cstring>

namespace mime {

using base::ErrorCode;
using base::Result;

namespace {

// Ends of a word in a header value; a folded value still holds its line ends.
constexpr std::string_view kSeparators = " \t\r\n;";
// RFC 2046 allows 70; peers' boundaries have 46 (3.1).
constexpr std::size_t kMaxBoundary = 200;

bool iequals(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
  });
}

std::string unfolded(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value)
    if (c != '\r' && c != '\n') out.push_back(c);
  return out;
}

// A line end inside a value is CRLF before a blank (header_block() has seen to that); every other
// control character is refused, so that values can be written out again without harm.
bool clean(std::string_view line) {
  return std::none_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// The value of the only header of that name; absent: nullopt; twice: an error, because two readers
// might choose differently.
Result<std::optional<std::string_view>> only(const std::vector<Header>& headers,
                                             std::string_view lower_name, const char* twice) {
  std::optional<std::string_view> out;
  for (const auto& header : headers) {
    if (!iequals(header.name, lower_name)) continue;
    if (out) return malformed(twice);
    out = header.value;
  }
  return out;
}

struct Parameter {
  std::string_view name, value;
};

struct MediaType {
  std::string_view type;
  std::vector<Parameter> parameters;
};

// Parameters are separated by blanks and semicolons, values may be quoted (3.1). No RFC 2045
// grammar: the boundaries that peers write unquoted do not fit it.
Result<MediaType> media_type(std::string_view value) {
  MediaType out;
  const auto skip = [&] {
    value.remove_prefix(std::min(value.find_first_not_of(kSeparators), value.size()));
  };
  out.type = value.substr(0, value.find_first_of(kSeparators));
  value.remove_prefix(out.type.size());
  for (skip(); !value.empty(); skip()) {
    const auto name = value.substr(0, value.find_first_of(" \t\r\n;="));
    value.remove_prefix(name.size());
    if (value.empty() || value.front() != '=') {
      out.parameters.push_back({name, {}});
      continue;
    }
    value.remove_prefix(1);
    std::string_view content;
    if (!value.empty() && value.front() == '"') {
      std::size_t end = 1;
      while (end < value.size() && value[end] != '"') end += value[end] == '\\' ? 2 : 1;
      if (end >= value.size()) return malformed("quoted parameter without end");
      content = value.substr(1, end - 1);
      value.remove_prefix(end + 1);
    } else {
      content = value.substr(0, value.find_first_of(kSeparators));
      value.remove_prefix(content.size());
    }
    out.parameters.push_back({name, content});
  }
  return out;
}

bool known_encoding(std::string_view encoding) {
  for (const std::string_view name : {"", "7bit", "8bit", "8-bit", "binary", "base64"})
    if (iequals(encoding, name)) return true;
  return false;
}

} // namespace

base::Error malformed(const char* rule) {
  return base::fail(ErrorCode::malformed_message, rule);
}

std::size_t position_of(std::string_view text, std::string_view what, std::size_t from) {
  // Also keeps the null pointer of an empty view away from memmem().
  if (from > text.size() || text.size() - from < what.size()) return std::string_view::npos;
  const void* hit = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  if (!hit) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

Result<std::vector<Header>> header_block(std::string_view body, std::size_t& at,
                                         const Limits& limits) {
  std::vector<Header> out;
  for (;;) {
    const std::size_t start = at;
    std::size_t end = start;
    for (;;) { // one line with its continuation lines
      // Looks no further than the limit: a hostile line must not be scanned again and again.
      const std::size_t room = limits.header_line - (end - start);
      const auto window = body.substr(end, room + kCrlf.size());
      const std::size_t length = position_of(window, kCrlf, 0);
      if (length == std::string_view::npos) {
        if (window.size() < room + kCrlf.size()) return malformed("header line without end");
        return malformed("MIME header line too long");
      }
      if (!clean(window.substr(0, length))) return malformed("control character in a header line");
      end += length;
      const std::size_t next = end + kCrlf.size();
      const bool folded =
          end != start && next < body.size() && (body[next] == ' ' || body[next] == '\t');
      if (!folded) break;
      if (next - start > limits.header_line) return malformed("MIME header line too long");
      end = next;
    }
    at = end + kCrlf.size();
    if (end == start) return out;
    if (out.size() == limits.header_lines) return malformed("too many MIME header lines");
    const auto line = body.substr(start, end - start);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("header line without colon");
    const auto name = line.substr(0, colon);
    if (name.empty() ||
        std::any_of(name.begin(), name.end(), [](char c) { return c <= 0x20 || c >= 0x7f; }))
      return malformed("header name");
    out.push_back({name, base::trim(line.substr(colon + 1))});
  }
}

Result<std::string_view> boundary_of(std::string_view content_type) {
  const auto type = media_type(content_type);
  if (!type) return type.error();
  if (!iequals(type->type, "multipart/related")) return malformed("not multipart/related");
  std::optional<std::string_view> boundary;
  for (const auto& parameter : type->parameters) {
    if (parameter.name != "boundary") continue;
    if (boundary) return malformed("two boundaries");
    boundary = parameter.value;
  }
  if (!boundary) return malformed("no boundary");
  if (boundary->empty() || boundary->size() > kMaxBoundary ||
      std::any_of(boundary->begin(), boundary->end(), [](char c) {
        return c <= 0x20 || c >= 0x7f || c == ';' || c == '"' || c == '\\';
      }))
    return malformed("boundary");
  return *boundary;
}

Result<std::string_view> message_boundary(const std::vector<Header>& headers) {
  const auto version = only(headers, "mime-version", "two MIME-Version");
  if (!version) return version.error();
  if (*version && **version != "1.0") return malformed("MIME-Version");
  const auto type = only(headers, "content-type", "two Content-Type");
  if (!type) return type.error();
  if (!*type) return malformed("message without Content-Type");
  return boundary_of(**type);
}

Result<PartView> read_part(const std::vector<Header>& headers) {
  const auto id = only(headers, "content-id", "two Content-ID in a part");
  if (!id) return id.error();
  const auto type = only(headers, "content-type", "two Content-Type in a part");
  if (!type) return type.error();
  const auto encoding =
      only(headers, "content-transfer-encoding", "two Content-Transfer-Encoding in a part");
  if (!encoding) return encoding.error();

  PartView out;
  if (!*id) return malformed("part without Content-ID");
  out.content_id = **id;
  const bool opens = out.content_id.starts_with('<'), closes = out.content_id.ends_with('>');
  if (opens != closes || (opens && out.content_id.size() < 2)) return malformed("Content-ID");
  if (opens) out.content_id = out.content_id.substr(1, out.content_id.size() - 2);
  // It must equal a reference in XML, which has neither line ends nor invalid UTF-8.
  if (out.content_id.empty() || out.content_id.find('\n') != std::string_view::npos ||
      !base::valid_utf8(out.content_id))
    return malformed("Content-ID");

  out.transfer_encoding = encoding->value_or(std::string_view());
  // Another coding (quoted-printable) would be taken for the octets themselves.
  if (!known_encoding(out.transfer_encoding)) return malformed("Content-Transfer-Encoding");
  out.base64 = iequals(out.transfer_encoding, "base64");
  if (*type) {
    const auto media = media_type(**type);
    if (!media) return media.error();
    out.base64 = out.base64 || iequals(media->type, "text/base64");
    for (const auto& parameter : media->parameters)
      if (iequals(parameter.name, "charset") && !iequals(parameter.value, "utf-8"))
        return malformed("charset other than UTF-8");
    out.content_type = unfolded(**type);
  }
  for (const auto& header : headers) {
    if (iequals(header.name, "content-id") || iequals(header.name, "content-type") ||
        iequals(header.name, "content-transfer-encoding") || iequals(header.name, "content-length"))
      continue;
    if (!out.other_headers.empty()) out.other_headers += kCrlf;
    out.other_headers += header.name;
    out.other_headers += ": ";
    out.other_headers += unfolded(header.value);
  }
  return out;
}

} // namespace mime
