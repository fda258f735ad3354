// Text forms of octets. Octet strings are std::string / std::string_view throughout the project.
#pragma once
#include "base/result.h"
#include <string>
#include <string_view>

namespace base {

// 76 characters a line, single LF between and after full lines: the form OSCI peers write (wire
// reference 3.3).
std::string base64_encode(std::string_view bytes);
// Without line breaks.
std::string base64_encode_line(std::string_view bytes);
// Ignores XML white space; demands correct padding. Error: malformed_message.
Result<std::string> base64_decode(std::string_view text);

// The same in pieces of any size, for what need not fit into memory. One thread.
class Base64Decoder {
 public:
  // The octets that are certain by now. Error: malformed_message.
  Result<std::string> feed(std::string_view text);
  // The rest. Nothing may follow.
  Result<std::string> finish();

 private:
  std::string pending_; // no white space; at most one group between calls
};

// RFC 4648 section 5 without padding: URL- and file-name-safe.
std::string base64url_encode(std::string_view bytes);
Result<std::string> base64url_decode(std::string_view text);

std::string hex_encode(std::string_view bytes); // lower case
Result<std::string> hex_decode(std::string_view text);

// Compares in time that depends only on the lengths.
bool constant_time_equal(std::string_view a, std::string_view b);

// UTF-8 check without surrogates, overlong forms or values past U+10FFFF.
bool valid_utf8(std::string_view text);

std::string_view trim(std::string_view text); // XML white space at both ends
std::string to_lower_ascii(std::string_view text);

} // namespace base
