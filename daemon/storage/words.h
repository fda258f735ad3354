// Words in the database instead of numbers: the order of the port's enumerators may change.
#pragma once
#include "base/result.h"
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace storage {

template <class Value, std::size_t Count>
using Words = std::array<std::pair<Value, std::string_view>, Count>;

template <class Value, std::size_t Count>
std::string_view word(const Words<Value, Count>& words, Value value) {
  for (const auto& [known, text] : words)
    if (known == value) return text;
  throw base::InternalError("enumerator without a word in the database");
}

template <class Value, std::size_t Count>
std::optional<Value> value_of(const Words<Value, Count>& words, std::string_view text) {
  for (const auto& [value, known] : words)
    if (known == text) return value;
  return std::nullopt;
}

} // namespace storage
