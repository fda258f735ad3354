#include "lookup/wsdl_prose.h"
#include "base/encoding.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

namespace lookup {

namespace {

constexpr std::size_t kMaxCategories = 64;
constexpr std::size_t kMaxCategory = 200;
constexpr std::size_t kMaxMessages = 2000;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_utf8(std::string& out, unsigned long point) {
  const auto put = [&out](unsigned long octet) { out += static_cast<char>(octet); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kEntities{{
    {"lt", "<"},
    {"gt", ">"},
    {"amp", "&"},
    {"quot", "\""},
    {"apos", "'"},
    {"nbsp", " "},
    {"auml", "ä"},
    {"ouml", "ö"},
    {"uuml", "ü"},
    {"Auml", "Ä"},
    {"Ouml", "Ö"},
    {"Uuml", "Ü"},
    {"szlig", "ß"},
    {"bdquo", "„"},
    {"ldquo", "“"},
    {"rdquo", "”"},
}};

// Character references replaced; what is none stays as it is.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto end = text[i] == '&' ? text.substr(i, 12).find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    const auto name = text.substr(i + 1, end - 1);
    const auto known = std::find_if(kEntities.begin(), kEntities.end(),
                                    [name](const auto& row) { return row.first == name; });
    if (known != kEntities.end()) {
      out += known->second;
      i += end;
    } else if (name.size() > 1 && name.front() == '#') {
      const bool hex = name[1] == 'x';
      const auto digits = name.substr(hex ? 2 : 1);
      unsigned long point = 0;
      const auto [rest, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), point, hex ? 16 : 10);
      const bool good = error == std::errc() && rest == digits.data() + digits.size() &&
                        point >= 0x20 && point != 0x7f && point < 0x10000 &&
                        (point < 0xd800 || point > 0xdfff);
      if (good)
        append_utf8(out, point);
      else
        out += ' ';
      i += end;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The tag at `at` ("<b>", "</p>"), quoted attribute values included; empty: no tag.
std::string_view tag_at(std::string_view text, std::size_t at) {
  if (text[at] != '<' || at + 1 >= text.size() || (!is_letter(text[at + 1]) && text[at + 1] != '/'))
    return {};
  char quote = 0;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    } else if (text[i] == '>') {
      return text.substr(at, i + 1 - at);
    } else if (text[i] == '<') {
      return {};
    }
  }
  return {};
}

// "/li" of "</li>", "p" of "<p class='a'>", "categories" of "<tpl:categories>"; lower case.
std::string tag_name(std::string_view tag) {
  tag = tag.substr(1, tag.size() - 2);
  const bool closing = tag.starts_with('/');
  if (closing) tag.remove_prefix(1);
  tag = tag.substr(0, tag.find_first_of(" \t\r\n/"));
  if (const auto colon = tag.find(':'); colon != std::string_view::npos)
    tag.remove_prefix(colon + 1);
  return (closing ? "/" : "") + base::to_lower_ascii(tag);
}

// Text nodes without their escapes, elements as they are, but for tpl:categories.
std::string html_of(std::string_view canonical) {
  std::string out;
  bool skipping = false;
  for (std::size_t i = 0; i < canonical.size();) {
    if (canonical[i] == '<') {
      const auto tag = tag_at(canonical, i);
      if (tag.empty()) break; // canonical XML holds no such thing
      const auto name = tag_name(tag);
      if (name == "categories") skipping = true;
      if (!skipping) out += tag;
      if (name == "/categories") skipping = false;
      i += tag.size();
      continue;
    }
    const auto end = std::min(canonical.find('<', i), canonical.size());
    if (!skipping) out += unescaped(canonical.substr(i, end - i));
    i = end;
  }
  std::replace(out.begin(), out.end(), '\x7f', ' '); // the one control character that XML lets pass
  return out;
}

// One line for each paragraph, white space collapsed. Items of lists go to `items`.
std::string paragraphs(std::string_view html, std::vector<std::string>& items) {
  static constexpr std::array<std::string_view, 8> kBlocks{"p",  "/p",  "li",    "/li",
                                                           "ul", "/ul", "title", "/title"};
  std::string out, raw;
  bool in_item = false;
  const auto flush = [&] {
    const auto text = unescaped(raw);
    for (const char c : text) {
      if (!is_space(c))
        out += c;
      else if (!out.empty() && out.back() != ' ' && out.back() != '\n')
        out += ' ';
    }
    if (in_item && items.size() < kMaxMessages) items.emplace_back(base::trim(text));
    raw.clear();
  };
  for (std::size_t i = 0; i < html.size();) {
    const auto tag = html[i] == '<' ? tag_at(html, i) : std::string_view();
    if (tag.empty()) {
      raw += html[i++];
      continue;
    }
    const auto name = tag_name(tag);
    if (std::find(kBlocks.begin(), kBlocks.end(), name) != kBlocks.end()) {
      flush();
      out += '\n';
      in_item = name == "li";
    } else if (name == "br" || name == "td" || name == "tr" || name == "div") {
      raw += ' ';
    }
    i += tag.size();
  }
  flush();
  return out;
}

constexpr std::array<std::string_view, 6> kQuotes{"\"", "„", "“", "”", "«", "»"};

std::size_t quote_at(std::string_view text, std::size_t at) {
  for (const auto quote : kQuotes)
    if (text.substr(at).starts_with(quote)) return quote.size();
  return 0;
}

// A sentence: from its subject up to the full stop outside quotation marks, or its paragraph's end.
struct Sentence {
  std::vector<std::string> quoted;
  std::string outside; // the words outside quotation marks
  bool closed = true;
};

Sentence sentence_from(std::string_view text) {
  Sentence out;
  std::string quoted;
  bool inside = false; // quotation marks
  for (std::size_t i = 0; i < text.size();) {
    if (const auto size = quote_at(text, i); size != 0) {
      if (inside) {
        out.quoted.emplace_back(base::trim(quoted));
        quoted.clear();
      }
      inside = !inside;
      out.outside += ' ';
      i += size;
      continue;
    }
    if (text[i] == '\n') break;
    if (!inside && text[i] == '.' &&
        (i + 1 >= text.size() || text[i + 1] == '\n' ||
         (text[i + 1] == ' ' && (i + 2 >= text.size() || text[i + 2] < 'a' || text[i + 2] > 'z'))))
      break;
    (inside ? quoted : out.outside) += text[i++];
  }
  out.closed = !inside;
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text) {
    if (is_space(c) || c == ',' || c == ';' || c == '(' || c == ')' || c == ':') {
      if (!word.empty()) out.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

template <std::size_t N>
bool one_of(const std::string& word, const std::array<std::string_view, N>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

// Words that a sentence may hold without saying more than its categories do.
constexpr std::array<std::string_view, 20> kPlain{"Dienstanbieter",
                                                  "Dienstnutzer",
                                                  "und",
                                                  "-nutzer",
                                                  "-anbieter",
                                                  "sind",
                                                  "ausschließlich",
                                                  "ebenfalls",
                                                  "Organisationen",
                                                  "die",
                                                  "der",
                                                  "in",
                                                  "den",
                                                  "bzw.",
                                                  "oder",
                                                  "sowie",
                                                  "DVDV-Organisationskategorie",
                                                  "DVDV-Organisationskategorien",
                                                  "Organisationskategorie",
                                                  "Organisationskategorien"};
// Words that turn it into something else.
constexpr std::array<std::string_view, 12> kTurning{"nicht", "kein",        "keine",    "keinen",
                                                    "außer", "ausgenommen", "ohne",     "alle",
                                                    "Alle",  "sofern",      "Ausnahme", "wenn"};

void add(std::vector<std::string>& to, const std::string& category) {
  if (std::find(to.begin(), to.end(), category) == to.end()) to.push_back(category);
}

void judge(const Sentence& sentence, Prose& out, int& provider_sentences, int& user_sentences) {
  const auto words = words_of(sentence.outside);
  bool provides = false, uses = false, turned = false;
  std::string strange;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool in_subject = i < 3; // "Dienstanbieter und -nutzer"
    if (in_subject && (words[i] == "Dienstanbieter" || words[i] == "-anbieter")) provides = true;
    if (in_subject && (words[i] == "Dienstnutzer" || words[i] == "-nutzer")) uses = true;
    turned = turned || one_of(words[i], kTurning);
    if (!one_of(words[i], kPlain) && strange.size() < 120)
      strange += (strange.empty() ? "" : " ") + words[i];
  }
  const std::string subject = provides && uses ? "providers and users"
                              : provides       ? "providers"
                                               : "users";
  const auto unusable = [](const std::string& category) {
    return category.empty() || category.size() > kMaxCategory;
  };
  if (!provides && !uses) {
    out.warnings.push_back("a sentence on permitted organisations is not understood");
    return;
  }
  provider_sentences += provides ? 1 : 0;
  user_sentences += uses ? 1 : 0;
  if (turned || !sentence.closed || sentence.quoted.empty() ||
      sentence.quoted.size() > kMaxCategories ||
      std::any_of(sentence.quoted.begin(), sentence.quoted.end(), unusable)) {
    out.warnings.push_back("the sentence on " + subject + " cannot be read for certain");
    // Half a list would refuse those of the other half, or admit who is excepted.
    if (provides) provider_sentences = -1000;
    if (uses) user_sentences = -1000;
    return;
  }
  if (!strange.empty())
    out.warnings.push_back("the sentence on " + subject +
                           " says more than its categories: " + strange);
  for (const auto& category : sentence.quoted) {
    if (provides) add(out.providers, category);
    if (uses) add(out.users, category);
  }
}

} // namespace

Prose read_prose(std::string_view documentation) {
  Prose out;
  const auto text = paragraphs(html_of(documentation), out.messages);
  int providers = 0, users = 0;
  constexpr std::string_view marker = "ulässige Dienst"; // "Zulässige" and "zulässige"
  for (std::size_t at = 0; (at = text.find(marker, at)) != std::string::npos;) {
    const auto next = text.find(marker, at + marker.size());
    const auto begin = at + std::string_view("ulässige ").size();
    judge(sentence_from(std::string_view(text).substr(begin, next - begin)), out, providers, users);
    at += marker.size();
  }
  for (const auto& [count, list, what] :
       {std::tuple{providers, &out.providers, "offer"}, std::tuple{users, &out.users, "use"}}) {
    if (count < 0) list->clear();
    if (count == 0)
      out.warnings.push_back(std::string("no sentence says who may ") + what + " the service");
    if (count > 1)
      out.warnings.push_back(std::to_string(count) + " sentences say who may " + what +
                             " the service; the categories of all of them are taken");
  }
  return out;
}

} // namespace lookup
