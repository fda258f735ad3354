// What is to be known of the keys of a TOML file before and after toml++ reads it. Private to
// lookup/.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lookup {

// toml++ 3.3 builds one nested table per segment of a dotted key and destroys them recursively:
// some 100,000 dots end the process by stack overflow. Its own depth limit covers arrays and inline
// tables only. Answers the line of the first key that is deeper than any table of ours can be, or
// 0.
std::size_t too_deep_key_line(std::string_view text);

// What an unknown key should probably have been, as the end of a sentence.
std::string suggestion(std::string_view key, std::span<const std::string_view> known);

} // namespace lookup
