// A TOML file being read: its tables and texts, and errors that say where. Private to lookup/.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "lookup/toml_keys.h"
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <utility>
#include <vector>

namespace lookup {

// Text that comes from a file, as it may stand in an error detail: short, one line.
std::string one_line(std::string_view text, std::size_t limit);
std::string excerpt(std::string_view text); // quoted

class TomlFile {
 public:
  // `name` stands in error details and must outlive this object.
  explicit TomlFile(const std::string& name) : name_(name) {}

  base::Error fail_at(std::size_t line, const std::string& what) const;
  base::Error fail_at(const toml::node& node, const std::string& what) const;

  // Error: an unknown key, with the nearest known one.
  base::Result<> only(const toml::table& table, std::span<const std::string_view> known,
                      const std::string& where) const;
  // Each table of [[header]]; an absent array is an empty one.
  base::Result<std::vector<const toml::table*>> tables(const toml::table& parent,
                                                       std::string_view what,
                                                       const std::string& header,
                                                       std::size_t limit) const;
  // A mandatory text, without control characters.
  base::Result<std::string> text(const toml::table& table, std::string_view key,
                                 const std::string& where) const;
  base::Result<std::string> text(const toml::node& node, std::string_view key) const;
  // A list of such texts; an absent one is empty.
  base::Result<std::vector<std::string>> texts(const toml::table& table, std::string_view key,
                                               std::size_t limit) const;
  // valid_from and valid_until.
  template <class T>
  base::Result<> window(const toml::table& table, T& out) const {
    return window(table, out.valid_from, out.valid_until);
  }
  base::Result<> window(const toml::table& table, std::optional<base::Instant>& from,
                        std::optional<base::Instant>& until) const;

 protected:
  const std::string& name_;
  std::string subject_; // key of the organisation being read; empty: none
};

} // namespace lookup
