#include "xml/pattern.h"
#include "base/encoding.h"
#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace xml {

namespace {

using Character = std::uint32_t; // a code point
using Sequence = std::u32string;

constexpr std::size_t kMaxPattern = std::size_t{64} << 10; // octets
constexpr std::size_t kMaxSequences = 5000;
constexpr std::size_t kMaxSequence = 8; // characters
constexpr std::size_t kMaxClass = 64;   // characters of a class inside a sequence
constexpr int kMaxDepth = 4;

struct Range {
  Character first, last;
};

// Characters in ranges that ascend and do not touch.
class CharacterSet {
 public:
  void add(Range one) { ranges_.push_back(one); }

  // To be called after the last add().
  void settle() {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    std::vector<Range> out;
    for (const auto& one : ranges_) {
      if (!out.empty() && one.first <= out.back().last + 1)
        out.back().last = std::max(out.back().last, one.last);
      else
        out.push_back(one);
    }
    ranges_ = std::move(out);
  }

  bool contains(Character c) const {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [c](const Range& one) { return one.first <= c && c <= one.last; });
  }

  // Of what has been settled.
  void remove(Character c) {
    const auto at = std::find_if(ranges_.begin(), ranges_.end(),
                                 [c](const Range& one) { return one.first <= c && c <= one.last; });
    if (at == ranges_.end()) return;
    const Range whole = *at;
    const auto next = ranges_.erase(at);
    std::vector<Range> rest;
    if (whole.first < c) rest.push_back({whole.first, c - 1});
    if (c < whole.last) rest.push_back({c + 1, whole.last});
    ranges_.insert(next, rest.begin(), rest.end());
  }

  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

// What the group holds: single characters and sequences of at least two.
struct Language {
  CharacterSet singles;
  std::vector<Sequence> sequences;
};

class PatternReader {
 public:
  explicit PatternReader(std::u32string_view text) : text_(text) {}

  // The whole text: one group, then * or +. Returns the repetition, 0 when it is something else.
  char32_t read(Language& out) {
    if (!take(U'(') || !alternatives(out, 0) || !take(U')')) return 0;
    const char32_t repeated = next();
    return at_ == text_.size() && (repeated == U'*' || repeated == U'+') ? repeated : 0;
  }

 private:
  char32_t peek() const { return at_ < text_.size() ? text_[at_] : U'\0'; }
  char32_t next() { return at_ < text_.size() ? text_[at_++] : U'\0'; }
  bool take(char32_t c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  // Up to the group's end or the text's.
  bool alternatives(Language& out, int depth) {
    do
      if (!branch(out, depth)) return false;
    while (take(U'|'));
    return true;
  }

  bool branch(Language& out, int depth) {
    Language whole;
    bool first = true;
    while (at_ < text_.size() && peek() != U'|' && peek() != U')') {
      Language piece;
      if (!atom(piece, depth)) return false;
      const char32_t after = peek();
      if (after == U'*' || after == U'+' || after == U'?' || after == U'{') return false;
      if (first)
        whole = std::move(piece);
      else if (!append(whole, piece))
        return false;
      first = false;
    }
    if (first) return false; // an empty branch
    for (const auto& one : whole.singles.ranges()) out.singles.add(one);
    out.sequences.insert(out.sequences.end(), whole.sequences.begin(), whole.sequences.end());
    return out.sequences.size() <= kMaxSequences;
  }

  bool atom(Language& out, int depth) {
    const char32_t c = next();
    switch (c) {
    case U'(':
      return depth < kMaxDepth && alternatives(out, depth + 1) && take(U')');
    case U'[':
      return character_class(out.singles);
    case U'\\': {
      const auto one = escaped(next());
      if (one) out.singles.add({*one, *one});
      return one.has_value();
    }
    case U'.':
    case U'*':
    case U'+':
    case U'?':
    case U'{':
    case U'}':
    case U']':
    case U'\0':
      return false;
    default:
      out.singles.add({c, c});
      return true;
    }
  }

  // Escapes of one character; those of classes (\d, \p{L}) are of another form.
  static std::optional<Character> escaped(char32_t c) {
    if (c == U'n') return U'\n';
    if (c == U'r') return U'\r';
    if (c == U't') return U'\t';
    if (c != U'\0' && std::u32string_view(U"\\|.-^?*+{}()[]").find(c) != std::u32string_view::npos)
      return c;
    return std::nullopt;
  }

  std::optional<Character> class_character() {
    const char32_t c = next();
    if (c == U'\\') return escaped(next());
    // Hyphens, brackets and negation have rules of their own at some places: of another form.
    if (c == U'\0' || c == U'-' || c == U'[' || c == U']' || c == U'^') return std::nullopt;
    return c;
  }

  bool character_class(CharacterSet& out) {
    do {
      const bool is_escape = peek() == U'\\';
      const auto first = class_character();
      if (!first) return false;
      auto last = first;
      if (take(U'-')) {
        if (is_escape) return false; // libxml2 takes no range from it
        last = class_character();
      }
      if (!last || *last < *first) return false;
      out.add({*first, *last});
    } while (peek() != U']' && at_ < text_.size());
    return take(U']');
  }

  // All that the language says, written out; false: too much.
  static bool write_out(const Language& language, std::vector<Sequence>& out) {
    out = language.sequences;
    std::size_t singles = 0;
    for (const auto& one : language.singles.ranges()) {
      singles += one.last - one.first + 1;
      if (singles > kMaxClass) return false;
      for (Character c = one.first; c <= one.last; ++c) out.emplace_back(1, c);
    }
    return true;
  }

  static bool append(Language& whole, const Language& piece) {
    std::vector<Sequence> heads, tails;
    if (!write_out(whole, heads) || !write_out(piece, tails)) return false;
    if (heads.size() * tails.size() > kMaxSequences) return false;
    whole = {};
    for (const auto& head : heads)
      for (const auto& tail : tails) {
        if (head.size() + tail.size() > kMaxSequence) return false;
        whole.sequences.push_back(head + tail);
      }
    return true;
  }

  std::u32string_view text_;
  std::size_t at_ = 0;
};

// Of valid UTF-8.
std::u32string decoded(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    Character c = size == 1 ? lead : lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i)
      c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
    out += static_cast<char32_t>(c);
    at += size;
  }
  return out;
}

bool is_escaped(Character c) {
  return c < 0x80 &&
         std::string_view("\\|.-^?*+{}()[]").find(static_cast<char>(c)) != std::string_view::npos;
}

void write(std::string& out, Character c) {
  if (c < 0x80) {
    if (is_escaped(c)) out += '\\';
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string written(const std::vector<Range>& ranges) {
  std::string out = "[";
  for (Range one : ranges) {
    // libxml2 takes no range from an escape.
    for (; one.first <= one.last && is_escaped(one.first); ++one.first) write(out, one.first);
    if (one.first > one.last) continue;
    write(out, one.first);
    if (one.last > one.first + 1) out += '-';
    if (one.last > one.first) write(out, one.last);
  }
  return out + "]";
}

// What may follow a beginning, by its first character: "(x(y|z)?|w)". Sequences ascend and are
// unlike each other; all have more than `from` characters.
std::string tree(const std::vector<Sequence>& sequences, std::size_t from) {
  std::string out = "(";
  for (std::size_t i = 0; i < sequences.size();) {
    const char32_t c = sequences[i][from];
    std::vector<Sequence> longer;
    bool ends = false;
    for (; i < sequences.size() && sequences[i][from] == c; ++i) {
      if (sequences[i].size() == from + 1)
        ends = true;
      else
        longer.push_back(sequences[i]);
    }
    if (out.size() > 1) out += '|';
    write(out, c);
    if (!longer.empty()) out += tree(longer, from + 1) + (ends ? "?" : "");
  }
  return out + ")";
}

// Of the commonest character: 0 is the commonest letter of German texts.
std::size_t rarity(const std::vector<Range>& characters) {
  constexpr std::string_view kCommon = "enisratdhulcgmobwfkzpvjyxq";
  std::size_t out = kCommon.size();
  for (const auto& one : characters)
    if (one.first < 0x80) out = std::min(out, kCommon.find(static_cast<char>(one.first)));
  return out;
}

} // namespace

std::optional<std::string> one_way_pattern(std::string_view pattern) {
  if (pattern.size() > kMaxPattern || !base::valid_utf8(pattern)) return std::nullopt;
  const auto text = decoded(pattern);
  Language language;
  const char32_t repeated = PatternReader(text).read(language);
  if (repeated == 0) return std::nullopt;
  language.singles.settle();
  std::sort(language.sequences.begin(), language.sequences.end());
  language.sequences.erase(std::unique(language.sequences.begin(), language.sequences.end()),
                           language.sequences.end());
  std::map<Character, std::vector<Sequence>> by_beginning;
  for (const auto& one : language.sequences) by_beginning[one[0]].push_back(one);

  // Beginnings that are followed alike stand in one class, so that there is less to try; classes
  // with letters that are common in German first.
  std::map<std::pair<std::string, bool>, std::vector<Range>> by_tree;
  for (const auto& [beginning, sequences] : by_beginning) {
    const bool alone = language.singles.contains(beginning);
    by_tree[{tree(sequences, 1), alone}].push_back({beginning, beginning});
  }
  std::multimap<std::size_t, std::string> branches;
  for (const auto& [follows, beginnings] : by_tree)
    branches.emplace(rarity(beginnings),
                     written(beginnings) + follows.first + (follows.second ? "?" : ""));
  CharacterSet rest = language.singles;
  for (const auto& [beginning, sequences] : by_beginning) rest.remove(beginning);
  std::vector<Range> ascii, beyond; // ways are tried in their order
  for (const auto& one : rest.ranges()) (one.last < 0x80 ? ascii : beyond).push_back(one);

  std::string out = "(";
  const auto add = [&out](const std::string& branch) {
    if (out.size() > 1) out += '|';
    out += branch;
  };
  if (!ascii.empty()) add(written(ascii));
  for (const auto& [rank, branch] : branches) add(branch);
  if (!beyond.empty()) add(written(beyond));
  return out + ")" + static_cast<char>(repeated);
}

} // namespace xml
