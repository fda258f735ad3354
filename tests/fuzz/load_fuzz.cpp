// What a sink of load reads: content that an unknown sender has sealed, and a line of a record.
// Also content that was right before the input changed one octet of it.
#include "cli/load/content.h"
#include "cli/load/record.h"
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check_content(std::string_view octets) {
  const auto stamp = cli::load::verify_content(octets);
  if (stamp)
    demand(stamp->size == octets.size() && stamp->run.size() == 16 && stamp->sha256.size() == 64);
  else
    demand(stamp.error().code == base::ErrorCode::not_found ||
           stamp.error().code == base::ErrorCode::invalid_content);
}

void check_line(std::string_view text) {
  const auto read = cli::load::parse_record_line(text);
  if (!read) {
    demand(read.error().code == base::ErrorCode::invalid_config);
    return;
  }
  const auto line = cli::load::record_line(*read);
  const auto again = cli::load::parse_record_line(line);
  demand(again && cli::load::record_line(*again) == line);
}

void check_change(std::string_view input) {
  if (input.size() < 3) return;
  const auto at = [input](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(input[i]));
  };
  auto made = cli::load::make_content("0123456789abcdef", at(0), 600, at(1));
  check_content(made.octets);
  const std::size_t where = (at(0) * 256 + at(1)) % made.octets.size();
  if (made.octets[where] == input[2]) return;
  made.octets[where] = input[2];
  demand(!cli::load::verify_content(made.octets));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(data, data + size);
  check_content(input);
  check_line(input);
  check_change(input);
  return 0;
}
