// What the messages of a load run hold: octets that say of themselves what they have to be, so that
// whoever opens the message can judge every one of them without having seen what was sent. Pure.
#pragma once
#include "base/result.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace cli::load {

struct Stamp {
  std::string run;          // 16 hex digits
  std::uint64_t number = 0; // of the message in its run
  std::uint64_t size = 0;   // octets of all of it
  std::string sha256;       // hex; of all of it but the line that says so
  bool operator==(const Stamp&) const = default;
};

struct Content {
  Stamp stamp;
  std::string octets;
};

// A header of text lines, then octets that follow from seed, run and number. `size`: at least
// SizeMix::kSmallest.
Content make_content(const std::string& run, std::uint64_t number, std::uint64_t size,
                     std::uint64_t seed);

// Errors: not_found (it is not of a load run at all), invalid_content (it is, and was changed).
base::Result<Stamp> verify_content(std::string_view octets);

} // namespace cli::load
