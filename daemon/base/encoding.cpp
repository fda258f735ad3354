#include "base/encoding.h"
#include <array>
#include <cstdint>
#include <cstring>

namespace base {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kBad = 0xff, kSpace = 0xfe;

constexpr std::array<std::uint8_t, 256> make_table(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr auto kStandardTable = [] {
  auto table = make_table(kStandard);
  for (const char c : {' ', '\t', '\r', '\n'}) table[static_cast<std::uint8_t>(c)] = kSpace;
  return table;
}();
constexpr auto kUrlTable = make_table(kUrl);

std::string encode(std::string_view in, std::string_view alphabet, bool pad, std::size_t line) {
  const std::size_t characters = (in.size() + 2) / 3 * 4;
  std::string out(characters + (line ? characters / line : 0), '\0');
  char* at = out.data();
  std::size_t column = 0;
  const auto put = [&](char c) {
    *at++ = c;
    if (line && ++column == line) {
      *at++ = '\n';
      column = 0;
    }
  };
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::size_t left = in.size() - i;
    const auto byte = [&](std::size_t k) {
      return k < left ? std::uint32_t{static_cast<std::uint8_t>(in[i + k])} : 0u;
    };
    const std::uint32_t word = byte(0) << 16 | byte(1) << 8 | byte(2);
    put(alphabet[word >> 18]);
    put(alphabet[word >> 12 & 63]);
    if (left > 1)
      put(alphabet[word >> 6 & 63]);
    else if (pad)
      put('=');
    if (left > 2)
      put(alphabet[word & 63]);
    else if (pad)
      put('=');
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return out;
}

Result<std::string> decode(std::string_view in, const std::array<std::uint8_t, 256>& table,
                           bool padded) {
  const auto bad = [] { return fail(ErrorCode::malformed_message, "invalid base64"); };
  std::string out(in.size() / 4 * 3 + 3, '\0');
  char* at = out.data();
  const auto put = [&at](std::uint32_t value) { *at++ = static_cast<char>(value); };
  std::uint32_t word = 0;
  unsigned have = 0, pads = 0;
  for (const char c : in) {
    if (c == '=' && padded) {
      if (have < 2 || ++pads > 4 - have) return bad();
      continue;
    }
    const auto value = table[static_cast<std::uint8_t>(c)];
    if (value == kSpace) continue;
    if (value == kBad || pads != 0) return bad();
    word = word << 6 | value;
    if (++have == 4) {
      put(word >> 16);
      put(word >> 8);
      put(word);
      word = 0;
      have = 0;
    }
  }
  if (have == 1 || (padded && have != 0 && have + pads != 4)) return bad();
  if (have == 2) {
    if (word & 0xf) return bad();
    put(word >> 4);
  } else if (have == 3) {
    if (word & 0x3) return bad();
    put(word >> 10);
    put(word >> 2);
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return out;
}

} // namespace

std::string base64_encode(std::string_view bytes) {
  return encode(bytes, kStandard, true, 76);
}
std::string base64_encode_line(std::string_view bytes) {
  return encode(bytes, kStandard, true, 0);
}
Result<std::string> base64_decode(std::string_view text) {
  return decode(text, kStandardTable, true);
}

Result<std::string> Base64Decoder::feed(std::string_view text) {
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') pending_.push_back(c);
  // The last group stays: only there padding may stand.
  const std::size_t certain = pending_.empty() ? 0 : (pending_.size() - 1) / 4 * 4;
  const std::string groups = pending_.substr(0, certain);
  pending_.erase(0, certain);
  if (groups.find('=') != std::string::npos)
    return fail(ErrorCode::malformed_message, "invalid base64");
  return base64_decode(groups);
}

Result<std::string> Base64Decoder::finish() {
  const std::string last = std::move(pending_);
  pending_.clear();
  return base64_decode(last);
}

std::string base64url_encode(std::string_view bytes) {
  return encode(bytes, kUrl, false, 0);
}
Result<std::string> base64url_decode(std::string_view text) {
  return decode(text, kUrlTable, false);
}

std::string hex_encode(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
    out.push_back(digits[static_cast<std::uint8_t>(c) & 15]);
  }
  return out;
}

Result<std::string> hex_decode(std::string_view text) {
  std::string out;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2) return fail(ErrorCode::malformed_message, "invalid hex");
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::malformed_message, "invalid hex");
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |=
        static_cast<unsigned>(static_cast<std::uint8_t>(a[i]) ^ static_cast<std::uint8_t>(b[i]));
  return difference == 0;
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    // Mostly ASCII: eight octets at a time.
    std::uint64_t eight;
    if (text.size() - i >= sizeof eight) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const auto lead = static_cast<std::uint8_t>(text[i]);
    std::size_t extra;
    std::uint32_t value;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xc2 && lead <= 0xdf)
      extra = 1, value = lead & 0x1fu;
    else if (lead >= 0xe0 && lead <= 0xef)
      extra = 2, value = lead & 0x0fu;
    else if (lead >= 0xf0 && lead <= 0xf4)
      extra = 3, value = lead & 0x07u;
    else
      return false;
    if (text.size() - i <= extra) return false;
    for (std::size_t k = 1; k <= extra; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      value = value << 6 | (next & 0x3fu);
    }
    if ((extra == 2 && value < 0x800) || (extra == 3 && (value < 0x10000 || value > 0x10ffff)) ||
        (value >= 0xd800 && value <= 0xdfff))
      return false;
    i += extra + 1;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

} // namespace base
