// Writes elements straight in canonical form (C14N 1.0): what is written can be hashed as it
// stands.
#pragma once
#include <string>
#include <string_view>

namespace xml {

// Characters that XML 1.0 cannot carry (most controls, U+FFFE, U+FFFF), as a hostile certificate's
// name may hold them, become U+FFFD. Input is UTF-8.
std::string escape_text(std::string_view text);      // & < > CR
std::string escape_attribute(std::string_view text); // & < " TAB LF CR

// Canonical XML without its texts of more than `longest` octets: the same elements, attributes and
// namespaces at a fraction of the size, since most of a message is base64. For asking about the
// structure; it is another document.
std::string without_long_texts(std::string_view canonical, std::size_t longest);

} // namespace xml
