// Load against the wrong machine does harm: whom a run may be pointed at without a word.
#pragma once
#include "base/result.h"
#include <string>
#include <string_view>

namespace cli::load {

// Whether the host of an http(s) URL is written as "localhost", 127.x.y.z or [::1]. Other names are
// not looked up: where they lead today says nothing about tomorrow.
bool on_loopback(std::string_view url);

// Error: invalid_config, unless the URL is on loopback or `confirmed` (--yes).
base::Result<> allow_target(const std::string& url, bool confirmed);

} // namespace cli::load
