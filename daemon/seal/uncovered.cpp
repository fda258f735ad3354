#include "seal/uncovered.h"
#include <algorithm>
#include <array>

namespace seal {
namespace {

constexpr std::string_view kCrlf = "\r\n";

bool known_header(std::string_view name) {
  constexpr std::array<std::string_view, 5> known = {
      "mime-version", "content-type", "content-transfer-encoding", "content-id", "content-length"};
  return std::any_of(known.begin(), known.end(), [name](std::string_view one) {
    return name.size() == one.size() &&
           std::equal(name.begin(), name.end(), one.begin(), [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           });
  });
}

// Header lines, delimiter lines and blank lines between two parts.
bool plain_framing(std::string_view text, std::string_view boundary) {
  while (!text.empty()) {
    const auto end = std::min(text.find(kCrlf), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + kCrlf.size(), text.size()));
    if (line.empty() || (line.starts_with("--") && line.substr(2) == boundary)) continue;
    if (!std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
      return false;
    // A folded line begins with a blank and has no name.
    if (!known_header(line.substr(0, line.find(':')))) return false;
  }
  return true;
}

std::size_t outside_ascii(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
}

} // namespace

bool nothing_uncovered(std::string_view plain, const mime::MessageView& parts,
                       const std::vector<Block>& blocks, const Block& body) {
  std::size_t from = 0;
  for (const auto& part : parts.parts) {
    const auto begin = static_cast<std::size_t>(part.raw.data() - plain.data());
    if (!plain_framing(plain.substr(from, begin - from), parts.boundary)) return false;
    from = begin + part.raw.size();
  }
  const std::string end = "\r\n--" + std::string(parts.boundary) + "--";
  const auto rest = plain.substr(from);
  if (rest != end && rest != end + "\r\n") return false;

  const auto& root = parts.parts.front();
  if (root.base64 || root.raw.find("<!") != std::string_view::npos) return false;
  std::size_t accounted = outside_ascii(body.canonical);
  for (const auto& block : blocks) accounted += outside_ascii(block.canonical);
  return outside_ascii(root.raw) <= accounted;
}

} // namespace seal
