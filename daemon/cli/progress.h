// A bar on stderr while a large message is sent; nothing when nobody watches.
#pragma once
#include "http/client.h"

namespace cli {

// Draws from 1 MB on, if stderr is a terminal; otherwise empty.
http::Progress progress_bar();

} // namespace cli
