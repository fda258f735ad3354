// Certificates as any sender can hand them over: reading, describing, inspecting and using them.
// The time of the inspection is fixed.
#include "base/encoding.h"
#include "crypto/key_transport.h"
#include "crypto/signature.h"
#include "crypto/trust.h"
#include <cstdint>
#include <cstdlib>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

bool printable(const std::string& text) {
  if (!base::valid_utf8(text)) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto bundle = crypto::Certificate::bundle_from_file_text(bytes);
  demand(bundle.has_value() ? !bundle->empty() : bundle.error().code == base::ErrorCode::key_error);

  const auto certificate = crypto::Certificate::from_der(bytes);
  if (!certificate) {
    demand(certificate.error().code == base::ErrorCode::malformed_message);
    return 0;
  }
  demand(certificate->der() == bytes && certificate->fingerprint().size() == 64);
  demand(printable(certificate->subject()) && printable(certificate->issuer()));
  demand(!certificate->serial().empty());
  demand(certificate->key_kind() == crypto::KeyKind::other || certificate->public_key() != nullptr);

  const auto now = base::Instant{std::chrono::sys_days{std::chrono::year{2027} / 1 / 1}};
  const crypto::TrustStore empty({}, {}, {});
  const crypto::TrustStore own({*certificate}, {*certificate}, {});
  for (const auto purpose :
       {crypto::CertificatePurpose::signature, crypto::CertificatePurpose::cipher}) {
    // Nobody is trusted without an anchor; an anchor has an issuer by definition.
    const auto alone = empty.inspect(*certificate, purpose, now).finding;
    demand(alone == crypto::CertificateFinding::issuer_unknown);
    const auto listed = own.inspect(*certificate, purpose, now).finding;
    demand(listed != crypto::CertificateFinding::issuer_unknown &&
           listed != crypto::CertificateFinding::issuer_signature_wrong);
  }
  for (const auto algorithm :
       {crypto::SignatureAlgorithm::rsa_sha256, crypto::SignatureAlgorithm::rsa_pss_sha512,
        crypto::SignatureAlgorithm::ecdsa_sha256})
    demand(!crypto::verify(*certificate, algorithm, "data", std::string(64, 'a')));
  const auto wrapped = crypto::wrap_key(*certificate, {}, std::string(32, 'k'));
  demand(wrapped || wrapped.error().code == base::ErrorCode::key_error);
  return 0;
}
