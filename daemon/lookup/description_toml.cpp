#include "lookup/description_toml.h"
#include "lookup/service_names.h"
#include <algorithm>

namespace lookup {

namespace {

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7f) {
      out += "\\u00";
      out += digits[octet >> 4];
      out += digits[octet & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void list(std::string& out, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out += std::string(key) + " = [";
  const bool tall = values.size() > 4;
  for (std::size_t i = 0; i < values.size(); ++i)
    out += std::string(tall     ? "\n  "
                       : i == 0 ? ""
                                : " ") +
           quoted(values[i]) + (tall || i + 1 < values.size() ? "," : "");
  out += tall ? "\n]\n" : "]\n";
}

std::string comment(std::string_view text) {
  std::string out = "# ";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out += octet < 0x20 || octet == 0x7f ? '?' : c;
  }
  return out + "\n";
}

} // namespace

std::string to_toml(std::vector<CommentedDescription> descriptions) {
  std::sort(descriptions.begin(), descriptions.end(),
            [](const auto& a, const auto& b) { return a.description.uri < b.description.uri; });
  std::string out =
      "# Service descriptions, made from DVDV WSDL files by dataclearingctl. A directory "
      "file takes them in\n# with: include = [\"THIS FILE\"]\n";
  for (const auto& [one, comments] : descriptions) {
    out += "\n";
    for (const auto& line : comments) out += comment(line);
    out += "[[description]]\nuri = " + quoted(one.uri) + "\nname = " + quoted(one.name) + "\n";
    list(out, "providers", one.providers);
    list(out, "users", one.users);
    if (!one.subject.empty()) out += "subject = " + quoted(one.subject) + "\n";
    out += "communication = " + quoted(to_string(one.communication)) + "\n";
    list(out, "roots", one.roots);
    if (one.slots.empty()) continue;
    out += "slot = [\n";
    for (const auto& slot : one.slots)
      out += "  { network = " + quoted(to_string(slot.network)) +
             ", element = " + quoted(to_string(slot.element)) +
             ", required = " + (slot.required ? "true" : "false") + " },\n";
    out += "]\n";
  }
  return out;
}

} // namespace lookup
