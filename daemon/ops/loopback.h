// Where clear HTTP does not leave the machine. Private to ops/.
#pragma once
#include <string>
#include <string_view>

namespace ops {

// A numeric address; a name is none.
bool is_loopback(const std::string& address);
// http:// to anything but a loopback address. A directory decides who may fetch what, and its token
// goes along: neither crosses a network in clear.
bool clear_beyond_loopback(const std::string& url);

} // namespace ops
