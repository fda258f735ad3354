// A bar on stderr while a large message is under way; nothing when nobody watches.
#pragma once
#include "http/client.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cli {

// Draws from 1 MB on, if stderr is a terminal; otherwise empty. `hidden`: not while it is true.
http::Progress progress_bar(std::shared_ptr<const bool> hidden = nullptr);

// The same for a message that travels in chunks, counted in them: `verb` is "sending" or
// "receiving".
using ChunkProgress =
    std::function<void(std::uint32_t done, std::uint32_t chunks, std::uint64_t total_kib)>;
ChunkProgress chunk_bar(const char* verb);

// One line of it, without the line end.
std::string chunk_line(const char* verb, std::uint32_t done, std::uint32_t chunks,
                       std::uint64_t total_kib);

} // namespace cli
