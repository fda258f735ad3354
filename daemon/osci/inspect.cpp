#include "osci/inspect.h"
#include "base/seeded_fault.h"
#include "osci/compose.h"
#include "seal/names.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;
using crypto::CertificateFinding;
using crypto::CertificatePurpose;

namespace {

// What a role's trouble is called. Empty code: no such warning exists, 3707 is used.
struct RoleCodes {
  std::string_view role;
  CertificatePurpose purpose;
  std::string_view outside_validity;
  ErrorCode wrong; // issuer signature wrong; internal = only a warning exists
  std::string_view wrong_warning;
  bool must_be_trusted; // an unknown issuer is refused, if policy says so
};

constexpr RoleCodes kRoles[] = {
    {"CipherCertificateOriginator", CertificatePurpose::cipher, "3500",
     ErrorCode::client_certificate_wrong, "", true},
    {"SignatureCertificateOriginator", CertificatePurpose::signature, "3700",
     ErrorCode::signer_certificate_wrong, "", true},
    {"CipherCertificateAddressee", CertificatePurpose::cipher, "3705",
     ErrorCode::addressee_cipher_wrong, "", true},
    // Of a passive recipient: on its answer, or announced in the request.
    {"SignatureCertificateAddressee", CertificatePurpose::signature, "3708",
     ErrorCode::recipient_certificate_wrong, "", true},
    {"CipherCertificateOtherReader", CertificatePurpose::cipher, "3706",
     ErrorCode::reader_cipher_wrong, "", false},
    {"CipherCertificateOtherAuthor", CertificatePurpose::cipher, "3704",
     ErrorCode::author_cipher_wrong, "", false},
    {"SignatureCertificateOtherAuthor", CertificatePurpose::signature, "3701", ErrorCode::internal,
     "3702", false},
};

// What a revoked certificate means in each role (10.2): only an author's signature certificate is
// merely warned about, because the receiver judges what was signed when.
struct RevokedCode {
  std::string_view role;
  ErrorCode refused; // internal = only the warning exists
};

constexpr RevokedCode kRevoked[] = {
    {"CipherCertificateOriginator", ErrorCode::client_certificate_revoked},
    {"SignatureCertificateOriginator", ErrorCode::signer_certificate_revoked},
    {"CipherCertificateAddressee", ErrorCode::addressee_cipher_revoked},
    {"SignatureCertificateAddressee", ErrorCode::recipient_certificate_revoked},
    {"CipherCertificateOtherReader", ErrorCode::reader_cipher_revoked},
    {"CipherCertificateOtherAuthor", ErrorCode::author_cipher_revoked},
    {"SignatureCertificateOtherAuthor", ErrorCode::internal},
};
constexpr std::string_view kAuthorSignatureRevoked = "3703";
constexpr std::size_t kMaxChecked = 100;

std::string shortened(const std::string& name) {
  constexpr std::size_t max = 1024;
  if (name.size() <= max) return name;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end) + "...";
}

void warn(Inspected& out, std::string_view code) {
  if (std::find(out.warnings.begin(), out.warnings.end(), code) == out.warnings.end())
    out.warnings.emplace_back(code);
}

// What the authorities said. An expired certificate may be missing in its issuer's lists, and
// responders forget it: only "revoked" counts then.
void inspect_online(const Situation& situation, std::string_view role,
                    const crypto::Certificate& certificate, CertificateFinding finding,
                    mailbox::Inspection& card, Inspected& out) {
  if (!situation.revocation || finding == CertificateFinding::issuer_unknown ||
      finding == CertificateFinding::issuer_signature_wrong)
    return;
  const auto found = situation.revocation->find(certificate.fingerprint());
  crypto::RevocationResult unanswered;
  unanswered.outcome = crypto::RevocationOutcome::unreachable;
  const auto& said = found == situation.revocation->end() ? unanswered : found->second;
  const bool expired = finding == CertificateFinding::outside_validity;
  const bool client_cipher = role == "CipherCertificateOriginator";
  switch (said.outcome) {
  case crypto::RevocationOutcome::not_checked:
    return;
  case crypto::RevocationOutcome::good:
    if (!expired) card.online = mailbox::OnlineResult{false, said.ocsp, said.crl};
    return;
  case crypto::RevocationOutcome::revoked: {
    card.online = mailbox::OnlineResult{true, said.ocsp, said.crl};
    const auto* code = std::find_if(std::begin(kRevoked), std::end(kRevoked),
                                    [&](const auto& one) { return one.role == role; });
    base::check(code != std::end(kRevoked), "revocation in an unknown role");
    if (code->refused == ErrorCode::internal)
      warn(out, kAuthorSignatureRevoked);
    else if (!out.refusal)
      out.refusal = fail(code->refused, std::string(role) + ": revoked");
    return;
  }
  case crypto::RevocationOutcome::unreachable:
    if (expired) return;
    if (card.offline == mailbox::OfflineResult::valid)
      card.offline = mailbox::OfflineResult::indeterminate;
    if (!situation.policy.refuse_unreachable)
      warn(out, client_cipher ? "3501" : "3707");
    else if (!out.refusal)
      out.refusal = fail(client_cipher ? ErrorCode::client_certificate_unchecked
                                       : ErrorCode::certificate_check_failed,
                         std::string(role) + ": revocation could not be checked");
    return;
  }
}

void inspect_one(const Situation& situation, std::string_view role,
                 const crypto::Certificate& certificate, Inspected& out) {
  const RoleCodes* codes = nullptr;
  for (const auto& one : kRoles)
    if (one.role == role) codes = &one;
  base::check(codes != nullptr, "inspection of an unknown role");
  const auto result = situation.trust.inspect(certificate, codes->purpose, situation.now);
  mailbox::Inspection card;
  card.at = situation.now;
  card.role = std::string(role);
  card.fingerprint = certificate.fingerprint();
  // A name of tens of kilobytes would come back with every card that shows it.
  card.subject = shortened(certificate.subject());
  card.issuer = shortened(certificate.issuer());
  card.serial = certificate.serial();
  const bool client_cipher = role == "CipherCertificateOriginator";
  const auto refuse = [&](const char* why) {
    if (!out.refusal && codes->wrong != ErrorCode::internal)
      out.refusal = fail(codes->wrong, std::string(role) + ": " + why);
  };
  const auto incomplete = [&] { warn(out, client_cipher ? "3501" : "3707"); };
  switch (base::seeded_fault("inspection-always-valid") ? CertificateFinding::none
                                                        : result.finding) {
  case CertificateFinding::none:
    card.math = mailbox::MathResult::ok;
    card.offline = mailbox::OfflineResult::valid;
    break;
  case CertificateFinding::issuer_signature_wrong:
    card.math = mailbox::MathResult::corrupted;
    card.offline = mailbox::OfflineResult::invalid;
    if (codes->wrong == ErrorCode::internal)
      warn(out, codes->wrong_warning);
    else
      refuse("issuer signature wrong");
    break;
  case CertificateFinding::issuer_unknown:
    card.math = mailbox::MathResult::indeterminate;
    card.offline = mailbox::OfflineResult::indeterminate;
    if (codes->must_be_trusted && situation.policy.refuse_unknown_issuer)
      refuse("issuer unknown");
    else
      incomplete();
    break;
  case CertificateFinding::key_too_short:
    card.math = mailbox::MathResult::ok;
    card.offline = mailbox::OfflineResult::invalid;
    refuse("key too short");
    if (codes->wrong == ErrorCode::internal) incomplete();
    break;
  case CertificateFinding::wrong_key_usage:
    card.math = mailbox::MathResult::ok;
    card.offline = mailbox::OfflineResult::invalid;
    incomplete();
    break;
  case CertificateFinding::outside_validity:
    card.math = mailbox::MathResult::ok;
    card.offline = mailbox::OfflineResult::invalid;
    warn(out, codes->outside_validity);
    break;
  }
  inspect_online(situation, role, certificate, result.finding, card, out);
  out.inspections.push_back(std::move(card));
}

} // namespace

Inspected inspect_client(const Situation& situation, const crypto::Certificate* cipher,
                         const crypto::Certificate* signature) {
  Inspected out;
  if (cipher) inspect_one(situation, "CipherCertificateOriginator", *cipher, out);
  if (signature) inspect_one(situation, "SignatureCertificateOriginator", *signature, out);
  return out;
}

Inspected inspect_delivery(const Situation& situation,
                           const std::vector<RoleCertificate>& certificates) {
  Inspected out;
  for (const auto& entry : certificates) inspect_one(situation, entry.role, entry.certificate, out);
  return out;
}

std::vector<crypto::Certificate> certificates_to_check(const seal::Message& message) {
  std::vector<crypto::Certificate> out;
  const seal::Verified parts = message.unverified();
  const auto* block = parts.block(seal::ns::osci, "NonIntermediaryCertificates");
  if (!block) return out;
  auto entries = read_certificates(block->element, ErrorCode::invalid_request);
  if (!entries) return out; // decide() refuses the request
  for (auto& entry : *entries)
    if (out.size() < kMaxChecked) out.push_back(std::move(entry.certificate));
  return out;
}

} // namespace osci
