#include "cli/progress.h"
#include "cli/text.h"
#include <iostream>
#include <string>
#include <unistd.h>

namespace cli {

namespace {

constexpr std::uint64_t kWorthwhile = 1'000'000;

std::string bar(int percent) {
  constexpr int kWidth = 40;
  const auto done = static_cast<std::size_t>(percent * kWidth / 100);
  return "[" + std::string(done, '#') + std::string(static_cast<std::size_t>(kWidth) - done, ' ') +
         "] " + std::to_string(percent) + "% of ";
}

} // namespace

http::Progress progress_bar(std::shared_ptr<const bool> hidden) {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [hidden, shown = -1](std::uint64_t sent, std::uint64_t total) mutable {
    if (total < kWorthwhile || (hidden && *hidden)) return;
    const int percent = static_cast<int>(sent * 100 / total);
    if (percent == shown) return;
    shown = percent;
    std::cerr << "\rsending " << bar(percent) << human_size(total)
              << (sent == total ? ", waiting for the answer\n" : " ") << std::flush;
  };
}

std::string chunk_line(const char* verb, std::uint32_t done, std::uint32_t chunks,
                       std::uint64_t total_kib) {
  const int percent = static_cast<int>(std::uint64_t{done} * 100 / chunks);
  return std::string(verb) + " " + bar(percent) + human_size(total_kib * 1024) + ", chunk " +
         std::to_string(done) + " of " + std::to_string(chunks);
}

ChunkProgress chunk_bar(const char* verb) {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [verb](std::uint32_t done, std::uint32_t chunks, std::uint64_t total_kib) {
    if (chunks == 0 || total_kib * 1024 < kWorthwhile) return;
    std::cerr << '\r' << chunk_line(verb, done, chunks, total_kib) << (done == chunks ? "\n" : " ")
              << std::flush;
  };
}

} // namespace cli
