#include "xml/writer.h"
#include <algorithm>
#include <cstddef>

namespace xml {

namespace {

// Octets at the start of `text` that form one character XML cannot carry; 0: it can.
std::size_t forbidden(std::string_view text) {
  const auto octet = static_cast<unsigned char>(text[0]);
  if (octet < 0x20) return octet == '\t' || octet == '\n' || octet == '\r' ? 0 : 1;
  if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) return 3;
  return 0;
}

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

} // namespace

std::string escape_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t skip = forbidden(text.substr(i)); skip != 0) {
      out += kReplacement;
      i += skip - 1;
      continue;
    }
    const char c = text[i];
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '\r':
      out += "&#xD;";
      break;
    default:
      out.push_back(c);
    }
  }
  return out;
}

std::string without_long_texts(std::string_view canonical, std::size_t longest) {
  std::string out;
  while (!canonical.empty()) {
    const auto tag = std::min(canonical.find('<'), canonical.size());
    if (tag <= longest) out += canonical.substr(0, tag);
    canonical.remove_prefix(tag);
    // A canonical attribute value stands in double quotes and may hold '>', never '<'.
    bool quoted = false;
    std::size_t end = 0;
    while (end < canonical.size() && (quoted || canonical[end] != '>'))
      if (canonical[end++] == '"') quoted = !quoted;
    end = std::min(end + 1, canonical.size());
    out += canonical.substr(0, end);
    canonical.remove_prefix(end);
  }
  return out;
}

std::string escape_attribute(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t skip = forbidden(text.substr(i)); skip != 0) {
      out += kReplacement;
      i += skip - 1;
      continue;
    }
    const char c = text[i];
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\t':
      out += "&#x9;";
      break;
    case '\n':
      out += "&#xA;";
      break;
    case '\r':
      out += "&#xD;";
      break;
    default:
      out.push_back(c);
    }
  }
  return out;
}

} // namespace xml
