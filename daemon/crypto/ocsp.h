// OCSP (RFC 6960): the request for one certificate, and its verified answer. Bytes in, bytes out;
// no I/O, no clock. Thread-safe; RSA or ECDSA verifications: not on an io thread.
#pragma once
#include "base/random.h"
#include "base/result.h"
#include "crypto/status.h"
#include <string>
#include <string_view>

namespace crypto {

constexpr std::size_t kMaxOcspResponse = 64 * 1024;

struct OcspRequest {
  std::string der;
  std::string nonce; // value of the extension
};

// Errors: key_error (the issuer's key cannot be read).
base::Result<OcspRequest> make_ocsp_request(const Certificate& subject, const Certificate& issuer,
                                            base::RandomSource& random);

// The statement of a response about `subject`. It must be signed by `issuer`, or by a certificate
// in the response that `issuer` signed for OCSPSigning and that is valid now; name exactly this
// certificate; and lie in the window. `nonce`: of the request; a response may leave it out (RFC
// 5019), but not carry another. Empty: a stored response is read again. Errors: peer_fault with the
// rule that was broken; too_large.
base::Result<StatusStatement> read_ocsp_response(std::string_view response,
                                                 const Certificate& subject,
                                                 const Certificate& issuer, std::string_view nonce,
                                                 const StatusWindow& window);

} // namespace crypto
