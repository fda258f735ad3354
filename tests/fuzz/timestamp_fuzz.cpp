// Answers of a time stamping authority, and tokens that a process card brings.
#include "crypto/timestamp.h"
#include "fuzz/read_file.h"
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const std::vector<crypto::Certificate> anchors = {
      read_certificate("captures/keys/test_ca.cert.pem")};
  static const std::string request = read_file("fuzz/corpus/timestamp/request.tsq");
  const auto now = base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 12 / 1}};
  const auto fits = [](base::ErrorCode code) {
    return code == base::ErrorCode::peer_fault || code == base::ErrorCode::too_large;
  };
  const auto read =
      crypto::read_timestamp_response(bytes, request, anchors, now, std::chrono::hours{24 * 365});
  if (!read && !fits(read.error().code)) std::abort();
  if (read && !crypto::stated_time(read->token)) std::abort();
  const auto at = crypto::stated_time(bytes);
  if (!at && !fits(at.error().code)) std::abort();
  const auto kept = crypto::verify_timestamp(bytes, "data", anchors);
  if (kept && !at) std::abort();
  return 0;
}
