#include "cli/progress.h"
#include "cli/text.h"
#include <iostream>
#include <string>
#include <unistd.h>

namespace cli {

http::Progress progress_bar() {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [shown = -1](std::uint64_t sent, std::uint64_t total) mutable {
    constexpr std::uint64_t kWorthwhile = 1'000'000;
    constexpr int kWidth = 40;
    if (total < kWorthwhile) return;
    const int percent = static_cast<int>(sent * 100 / total);
    if (percent == shown) return;
    shown = percent;
    const auto done = static_cast<std::size_t>(percent * kWidth / 100);
    std::cerr << "\rsending [" << std::string(done, '#')
              << std::string(static_cast<std::size_t>(kWidth) - done, ' ') << "] " << percent
              << "% of " << human_size(total)
              << (sent == total ? ", waiting for the answer\n" : " ") << std::flush;
  };
}

} // namespace cli
