// When how large a message is due. Pure.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cli::load {

// "20/s", "1200/min", "36000/h" or "20" in messages a second; "max" is nullopt: each connection
// sends its next message when it has the answer to the last. Bounds: 1/h to 10000/s. Error:
// invalid_config.
base::Result<std::optional<double>> parse_rate(std::string_view text);

// "500ms", "60s", "10m", "2h"; at least 1 ms, at most 7 days. Error: invalid_config.
base::Result<base::Milliseconds> parse_span(std::string_view text);

// Sizes of content with their shares, "10k:80,100k:15,2m:5": octets, k = 1024, m = 1024 k; without
// ":share" 1. At most 32 sizes, each from kSmallest to kLargest, shares to 1 million. Error:
// invalid_config.
class SizeMix {
 public:
  static constexpr std::uint64_t kSmallest = 512;                    // the header has to fit in
  static constexpr std::uint64_t kLargest = std::uint64_t{16} << 20; // it travels in one piece

  static base::Result<SizeMix> parse(std::string_view text);
  // `draw`: any number; every number of 0 to shares() - 1 leads to the sizes by their shares.
  std::uint64_t pick(std::uint64_t draw) const;
  std::uint64_t shares() const { return shares_; }
  std::uint64_t largest() const;

 private:
  struct Size {
    std::uint64_t octets, share;
  };
  std::vector<Size> sizes_;
  std::uint64_t shares_ = 0;
};

// Which messages there are to be, and when each is due, counted from the start. With a rate this is
// an open loop: a message is due when the schedule says so, whatever became of those before it, and
// its latency counts from there. A tester that waits for slow answers before it asks again would
// leave out just the moments that matter.
struct Plan {
  std::optional<double> per_second; // nullopt: as fast as it goes
  std::optional<std::uint64_t> count;
  std::optional<base::Milliseconds> duration;

  // Of message `number`, from 0. Without a rate 0: at once.
  std::chrono::nanoseconds due(std::uint64_t number) const;
  // `elapsed` since the start; it counts only without a rate.
  bool wants(std::uint64_t number, std::chrono::nanoseconds elapsed) const;
  // How many there are to be; nullopt: it depends.
  std::optional<std::uint64_t> total() const;
};

// A well mixed number from a seed and a counter: the run's choices, repeatable.
std::uint64_t draw(std::uint64_t seed, std::uint64_t number);

} // namespace cli::load
