// Patterns of schemas, written so that libxml2 decides each character at once. Private to xml/.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace xml {

// A pattern that is a repeated group of characters, classes and short sequences, as those of DIN
// 91379 and of the String.Latin sets are (domain 3.4): "([a-z]|é|m̂|...)*". Where a letter may stand
// alone and also begin a sequence, libxml2 notes both ways at every such letter and, when a value
// of 2 MB goes wrong at its end, tries all the other ways before it says so. This gives a pattern
// of the same language in which the next character leaves one way only: what begins no sequence in
// one class, then every beginning with what may follow it.
//
// nullopt: of another form, or too large (the pattern stays as it is; nothing is wrong with it).
// Linear in the pattern; recursion is bounded.
std::optional<std::string> one_way_pattern(std::string_view pattern);

} // namespace xml
