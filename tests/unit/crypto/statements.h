// What authorities say, made on the spot by OpenSSL, right or wrong as a test wants it.
#pragma once
#include "crypto/status.h"
#include "pki.h"
#include <optional>
#include <string>
#include <vector>

namespace pki {

struct OcspSpec {
  crypto::CertificateStatus status = crypto::CertificateStatus::good;
  base::Instant this_update = start() + std::chrono::hours{24};
  std::optional<base::Instant> next_update = start() + std::chrono::hours{48};
  base::Instant revoked_at = start() + std::chrono::hours{12};
  const char* digest = "SHA256";
  bool by_key = false;                             // responder named by its key
  std::string request{};                           // its nonce is copied
  bool wrong_nonce = false;                        // carry another one
  bool say_it_twice = false;                       // two statements about the certificate
  std::vector<crypto::Certificate> certificates{}; // sent along
};
std::string ocsp_response(const OcspSpec& spec, const crypto::Certificate& subject,
                          const crypto::Certificate& issuer, const crypto::Certificate& signer,
                          const Key& signer_key);
// "try later" and its like.
std::string ocsp_error(int status);

struct CrlSpec {
  base::Instant this_update = start() + std::chrono::hours{24};
  base::Instant next_update = start() + std::chrono::hours{24 * 8};
  std::vector<std::string> revoked{}; // serial numbers, decimal
  base::Instant revoked_at = start() + std::chrono::hours{12};
  const char* digest = "SHA256";
  std::vector<Extension> extensions{};
};
std::string crl(const CrlSpec& spec, const crypto::Certificate& issuer, const Key& issuer_key);

struct StampSpec {
  base::Instant at = start() + std::chrono::hours{24};
  const char* digest = "SHA256";
  std::string policy = "1.2.3.4.1";
};
std::string timestamp_response(const StampSpec& spec, const std::string& request,
                               const crypto::Certificate& signer, const Key& signer_key);
// The token inside of a response.
std::string token_of(const std::string& response);

} // namespace pki
