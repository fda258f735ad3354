// Revocation lists as a server, or whoever stands in its place, can send them.
#include "crypto/crl.h"
#include "fuzz/read_file.h"
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const auto subject = read_certificate("captures/keys/sender_cipher.cert.pem");
  const crypto::StatusWindow window{
      base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 12 / 1}}};
  static const auto issuer = read_certificate("captures/keys/test_ca.cert.pem");
  const auto list = crypto::Crl::from_der(bytes, issuer);
  if (!list) {
    if (list.error().code != base::ErrorCode::peer_fault &&
        list.error().code != base::ErrorCode::too_large)
      std::abort();
    return 0;
  }
  if (list->next_update() < list->this_update()) std::abort();
  const auto status = list->status_of(subject, window);
  if (status && status->status == crypto::CertificateStatus::unknown) std::abort();
  return 0;
}
