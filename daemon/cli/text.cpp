#include "cli/text.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include <algorithm>
#include <array>
#include <cstdio>

namespace cli {
namespace {

// One code point, or 0xFFFD for an octet that does not belong to valid UTF-8.
struct CodePoint {
  char32_t value = 0xFFFD;
  std::size_t size = 1;
};

CodePoint decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (size == 0 || text.size() < size || !base::valid_utf8(text.substr(0, size))) return {};
  char32_t value = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {value, size};
}

// Control characters (C0, C1), line separators, zero-width and direction marks, byte order mark,
// tags.
bool steers(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x00AD || c == 0x061C ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFD) ||
         (c >= 0xE0000 && c <= 0xE0FFF);
}

std::string cut_to(const std::string& name, std::size_t limit) {
  if (name.size() <= limit) return name;
  const auto dot = name.rfind('.');
  std::string extension;
  if (dot != std::string::npos && dot > 0 && name.size() - dot <= 16) extension = name.substr(dot);
  std::size_t keep = limit - extension.size();
  while (keep > 0 && (static_cast<unsigned char>(name[keep]) & 0xC0u) == 0x80u) --keep;
  return name.substr(0, keep) + extension;
}

// Names that Windows takes for devices: a share may be mounted there.
bool device_name(std::string_view name) {
  const std::string stem = base::to_lower_ascii(name.substr(0, name.find('.')));
  constexpr std::array<std::string_view, 4> plain = {"con", "prn", "aux", "nul"};
  if (std::find(plain.begin(), plain.end(), stem) != plain.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
         stem[3] >= '0' && stem[3] <= '9';
}

} // namespace

std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = decode(text.substr(at));
    const bool gap = point.value == '\n' || point.value == '\r' || point.value == '\t';
    if (gap)
      out += ' ';
    else if (steers(point.value))
      out += '?';
    else
      out += text.substr(at, point.size);
    at += point.size;
  }
  return out;
}

std::string safe_file_name(std::string_view untrusted, std::string_view fallback) {
  const auto slash = untrusted.find_last_of("/\\");
  if (slash != std::string_view::npos) untrusted.remove_prefix(slash + 1);
  std::string out;
  for (std::size_t at = 0; at < untrusted.size();) {
    const auto point = decode(untrusted.substr(at));
    const bool special =
        point.value < 0x80 &&
        std::string_view("<>:\"|?*'`$;&!(){}[]~#%^=,@+").find(static_cast<char>(point.value)) !=
            std::string_view::npos;
    if (steers(point.value) || special || point.value == 0x2044 || point.value == 0x2215)
      out += '_';
    else
      out += untrusted.substr(at, point.size);
    at += point.size;
  }
  const auto first = out.find_first_not_of(" .");
  out = first == std::string::npos ? std::string{} : out.substr(first);
  out = cut_to(out, 120);
  while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
  if (out.find_first_not_of("_ ") == std::string::npos) return std::string(fallback);
  if (out.front() == '-' || device_name(out)) out.insert(0, "_");
  return out;
}

std::string folder_name(std::string_view message_id) {
  const bool plain = !message_id.empty() && message_id.size() <= 100 && message_id.front() != '.' &&
                     message_id.front() != '-' && message_id.back() != '.' &&
                     message_id != "undeliverable" && message_id != "replies" &&
                     !message_id.starts_with("unnumbered-") && !device_name(message_id) &&
                     std::all_of(message_id.begin(), message_id.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                     });
  if (plain) return std::string(message_id);
  return cut_to(safe_file_name(message_id, "delivery"), 60) + "-" +
         crypto::sha256_hex(message_id).substr(0, 16);
}

std::string unique_name(const std::string& name, std::set<std::string>& taken) {
  if (taken.insert(base::to_lower_ascii(name)).second) return name;
  const auto dot = name.rfind('.');
  const bool has_extension = dot != std::string::npos && dot > 0;
  const std::string stem = has_extension ? name.substr(0, dot) : name;
  const std::string extension = has_extension ? name.substr(dot) : std::string{};
  for (int number = 2;; ++number) {
    const std::string next = stem + "-" + std::to_string(number) + extension;
    if (taken.insert(base::to_lower_ascii(next)).second) return next;
  }
}

std::string content_id_from(std::string_view file_name) {
  const std::string name = safe_file_name(file_name, "attachment");
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const auto point = decode(std::string_view(name).substr(at));
    at += point.size;
    switch (point.value) {
    case 0xE4:
      out += "ae";
      break;
    case 0xF6:
      out += "oe";
      break;
    case 0xFC:
      out += "ue";
      break;
    case 0xC4:
      out += "Ae";
      break;
    case 0xD6:
      out += "Oe";
      break;
    case 0xDC:
      out += "Ue";
      break;
    case 0xDF:
    case 0x1E9E:
      out += "ss";
      break;
    // A combining diaeresis follows its vowel in names that come from macOS.
    case 0x308:
      out += 'e';
      break;
    default:
      out += point.value > 0x20 && point.value < 0x7F ? static_cast<char>(point.value) : '_';
    }
  }
  return cut_to(out, 120);
}

std::string_view extension_of(std::string_view bytes) {
  if (bytes.starts_with("%PDF-")) return ".pdf";
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return base::trim(bytes.substr(0, 200)).starts_with('<') ? ".xml" : ".bin";
}

std::string human_size(std::uint64_t octets) {
  if (octets < 1000) return std::to_string(octets) + " B";
  double value = static_cast<double>(octets) / 1000.0;
  const char* unit = "kB";
  if (value >= 1000.0) {
    value /= 1000.0;
    unit = "MB";
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, unit);
  return text.data();
}

} // namespace cli
