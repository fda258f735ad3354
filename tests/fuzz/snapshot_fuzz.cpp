// A snapshot as a directory server sends it. The last line is made to fit, so that the fuzzer gets
// past the checksum.
#include "base/log.h"
#include "crypto/digest.h"
#include "lookup/snapshot.h"
#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check(const std::string& text) {
  const auto read = lookup::parse_snapshot(text, "fuzz");
  if (!read) {
    demand(read.error().code == base::ErrorCode::invalid_config);
    demand(read.error().detail.starts_with("fuzz"));
    return;
  }
  const auto again = lookup::to_snapshot(**read);
  const auto same = lookup::parse_snapshot(again, "again");
  demand(same && lookup::to_snapshot(**same) == again);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::set_log_sink([](const base::LogRecord&) {});
  std::string text(data, data + size);
  check(text);
  if (text.empty() || text.back() != '\n') text += '\n';
  const auto lines = std::count(text.begin(), text.end(), '\n') - 1;
  check(text + "{\"end\":" + std::to_string(lines) + ",\"sha256\":\"" + crypto::sha256_hex(text) +
        "\"}\n");
  return 0;
}
