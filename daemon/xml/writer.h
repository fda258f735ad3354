// Writes elements straight in canonical form (C14N 1.0): what is written can be hashed as it
// stands.
#pragma once
#include <string>
#include <string_view>

namespace xml {

std::string escape_text(std::string_view text);      // & < > CR
std::string escape_attribute(std::string_view text); // & < " TAB LF CR

} // namespace xml
