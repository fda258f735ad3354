// Reads the tables of a TOML file key by key. The first thing that is wrong is kept, with file and
// line, and everything read afterwards is empty: readers need no check after each key. A key that
// nobody asked for is wrong too. Private to lookup/. One thread.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "directory/validity.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <utility>
#include <vector>

namespace lookup {

class TomlSource {
 public:
  explicit TomlSource(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  // "NAME:LINE: WHAT"; line 0: without. Kept if it is the first.
  void wrong(std::size_t line, const std::string& what);
  const std::optional<base::Error>& error() const { return error_; }

 private:
  std::string name_;
  std::optional<base::Error> error_;
};

class TomlTable {
 public:
  // `header` as people write it, e.g. "[[party]]".
  TomlTable(TomlSource& file, const toml::table& table, std::string header)
      : file_(&file), table_(&table), header_(std::move(header)) {}

  std::string text(std::string_view key);     // mandatory; at most 512 bytes on one line
  std::string optional(std::string_view key); // the same, or ""
  std::vector<std::string> texts(std::string_view key, std::size_t limit);
  bool flag(std::string_view key); // false where it is not said
  std::optional<std::uint64_t> number(std::string_view key);
  // A date (midnight in Germany) or a date-time with zone.
  std::optional<base::Instant> instant(std::string_view key);
  directory::Validity window(); // valid_from, valid_until
  // One of a few words; not said: `otherwise`, or wrong where that is nullopt.
  template <class E>
  E choice(std::string_view key, const std::vector<std::pair<std::string_view, E>>& words,
           std::optional<E> otherwise) {
    const auto given = otherwise ? optional(key) : text(key);
    if (given.empty()) return otherwise.value_or(words.front().second);
    for (const auto& [word, value] : words)
      if (word == given) return value;
    std::vector<std::string_view> known;
    for (const auto& [word, value] : words) known.push_back(word);
    unknown_word(key, given, known);
    return words.front().second;
  }
  std::vector<TomlTable> tables(std::string_view key, const std::string& header, std::size_t limit);
  std::optional<TomlTable> table(std::string_view key, const std::string& header);
  // After the last key: whatever else stands here is unknown.
  void done();

  std::size_t line() const { return table_->source().begin.line; }
  void wrong(std::string_view key, const std::string& what); // "KEY" WHAT

 private:
  const toml::node* get(std::string_view key);
  std::optional<std::string> text_of(const toml::node& node, std::string_view key);
  void unknown_word(std::string_view key, const std::string& given,
                    const std::vector<std::string_view>& known);

  TomlSource* file_;
  const toml::table* table_;
  std::string header_;
  std::vector<std::string_view> asked_;
};

} // namespace lookup
