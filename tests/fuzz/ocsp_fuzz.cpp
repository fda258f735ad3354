// OCSP responses as a responder, or whoever stands in its place, can send them.
#include "crypto/ocsp.h"
#include "fuzz/read_file.h"
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const auto subject = read_certificate("captures/keys/sender_cipher.cert.pem");
  static const auto issuer = read_certificate("captures/keys/test_ca.cert.pem");
  const crypto::StatusWindow window{
      base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 12 / 1}}};
  const auto read = crypto::read_ocsp_response(bytes, subject, issuer, {}, window);
  if (!read) {
    if (read.error().code != base::ErrorCode::peer_fault &&
        read.error().code != base::ErrorCode::too_large)
      std::abort();
    return 0;
  }
  if (read->this_update > window.now + window.skew) std::abort();
  if (read->next_update && *read->next_update < window.now - window.skew) std::abort();
  // The seeds say "good" in one case and "revoked" in the other; nobody else can sign.
  if (read->status == crypto::CertificateStatus::revoked && !read->revoked_at) std::abort();
  return 0;
}
