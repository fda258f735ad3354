// Genericode 1.0 code lists as XRepository publishes them (domain 3.2): columns and rows of texts.
// Keys stay strings. Pure; a list never changes once it is read.
#pragma once
#include "base/result.h"
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xoev {

struct CodeListLimits {
  std::size_t bytes = std::size_t{64} << 20; // the AGS list has about 4 MB
  std::size_t rows = 200'000;
  std::size_t columns = 64;
  std::size_t value_bytes = 64 * 1024;
};

struct CodeList {
  std::string short_name, canonical_uri, version, canonical_version_uri;
  std::string valid_from;           // "2026-04-01" of the XÖV annotation; empty: not said
  std::vector<std::string> columns; // their Ids
  std::size_t key = 0;              // index of the recommended (else the first) key column
  // One value for each column; a missing or empty SimpleValue is an empty text.
  std::vector<std::vector<std::string>> rows;

  std::optional<std::size_t> column(std::string_view id) const;
  // The first row with this key; null: none. Linear.
  const std::vector<std::string>* find(std::string_view key_value) const;
};

// Errors: malformed_message with element path and rule, never with a value; too_large.
base::Result<CodeList> read_code_list(std::string_view xml, const CodeListLimits& limits = {});

} // namespace xoev
