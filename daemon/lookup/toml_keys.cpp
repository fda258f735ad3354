#include "lookup/toml_keys.h"
#include "base/encoding.h"
#include <algorithm>
#include <utility>
#include <vector>

namespace lookup {

std::size_t too_deep_key_line(std::string_view text) {
  constexpr int max_dots = 16;
  enum class In { plain, comment, basic, literal, long_basic, long_literal };
  In in = In::plain;
  std::size_t line = 1;
  int dots = 0;
  // A long string ends with three quotes, but up to two more may belong to it.
  const auto past_closing = [&](std::size_t at, char quote) {
    at += 2;
    for (int extra = 0; extra < 2 && at + 1 < text.size() && text[at + 1] == quote; ++extra) ++at;
    return at;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool tripled = i + 2 < text.size() && text[i + 1] == c && text[i + 2] == c;
    if (c == '\n') {
      ++line;
      dots = 0;
      // A string that may not span lines ends here for the parser too: with an error.
      if (in != In::long_basic && in != In::long_literal) in = In::plain;
      continue;
    }
    switch (in) {
    case In::plain:
      if (c == '#')
        in = In::comment;
      else if (c == '"')
        in = tripled ? In::long_basic : In::basic;
      else if (c == '\'')
        in = tripled ? In::long_literal : In::literal;
      else if (c == '.' && ++dots > max_dots)
        return line;
      else if (c == '=' || c == ',' || c == '{' || c == '[')
        dots = 0;
      if (in == In::long_basic || in == In::long_literal) i += 2;
      break;
    case In::comment:
      break;
    case In::basic:
    case In::long_basic:
      if (c == '\\' && i + 1 < text.size() && text[i + 1] != '\n')
        ++i;
      else if (c == '"' && in == In::basic)
        in = In::plain;
      else if (c == '"' && tripled) {
        in = In::plain;
        i = past_closing(i, c);
      }
      break;
    case In::literal:
      if (c == '\'') in = In::plain;
      break;
    case In::long_literal:
      if (c == '\'' && tripled) {
        in = In::plain;
        i = past_closing(i, c);
      }
      break;
    }
  }
  return 0;
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

} // namespace

std::string suggestion(std::string_view key, std::span<const std::string_view> known) {
  const auto lower = base::to_lower_ascii(key.substr(0, 64));
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return edit_distance(lower, a) < edit_distance(lower, b);
  });
  if (edit_distance(lower, *nearest) <= 2 + nearest->size() / 6)
    return "; did you mean \"" + std::string(*nearest) + "\"?";
  std::string list;
  for (const auto entry : known) list += (list.empty() ? "" : ", ") + std::string(entry);
  return "; allowed here: " + list;
}

} // namespace lookup
