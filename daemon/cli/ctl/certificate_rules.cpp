#include "cli/ctl/certificate_rules.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/responsibility.h"
#include "cli/settings.h"
#include <CLI/CLI.hpp>
#include <algorithm>

namespace cli::ctl {

using base::ErrorCode;
using base::fail;

namespace {

// The list itself of a PEM text; anything else is taken for DER.
base::Result<std::string> list_der(const std::string& path) {
  auto text = read_file(path, crypto::kMaxCrl * 2);
  if (!text) return text;
  constexpr std::string_view begin = "-----BEGIN X509 CRL-----", end = "-----END X509 CRL-----";
  const auto from = text->find(begin);
  if (from == std::string::npos) return text;
  const auto to = text->find(end, from);
  if (to == std::string::npos) return fail(ErrorCode::key_error, path + ": broken PEM block");
  auto der = base::base64_decode(
      std::string_view(*text).substr(from + begin.size(), to - from - begin.size()));
  if (!der) return fail(ErrorCode::key_error, path + ": broken PEM block");
  return der;
}

// "FINGERPRINT,2027-12-31,reference"
base::Result<directory::KeyException> parse_exception(const std::string& text) {
  const auto bad = [] {
    return fail(ErrorCode::invalid_config,
                "--key-exception takes FINGERPRINT,UNTIL,REFERENCE: 64 hexadecimal digits, a day "
                "such as 2027-12-31, and who agreed");
  };
  const auto first = text.find(','), second = text.find(',', first + 1);
  if (first != 64 || second == std::string::npos || second + 1 >= text.size()) return bad();
  directory::KeyException out;
  out.fingerprint = base::to_lower_ascii(text.substr(0, first));
  const auto day = text.substr(first + 1, second - first - 1);
  const auto until = moment(day, {});
  if (day.empty() || !until || !base::hex_decode(out.fingerprint)) return bad();
  out.until = *until;
  out.reference = text.substr(second + 1);
  return out;
}

} // namespace

void add_rules(CLI::App& app, RuleOptions& o) {
  const std::string group = "Certificates";
  const auto repeated = [&](const char* name, std::vector<std::string>& value, const char* text) {
    app.add_option(name, value, text)->allow_extra_args(false)->take_all()->group(group);
  };
  repeated("--anchors", o.anchors,
           "certificates (PEM or DER) that chains have to end at, e.g. those of PKI-1-Verwaltung");
  repeated("--intermediates", o.intermediates, "certificates in between");
  repeated("--crl", o.crls, "revocation list (PEM or DER) of an issuer; repeat it for each");
  repeated("--key-exception", o.key_exceptions,
           "FINGERPRINT,UNTIL,REFERENCE: an RSA key of 2048 bits or more that is agreed on until "
           "that day");
}

base::Result<Rules> Rules::read(const RuleOptions& o, base::Instant now) {
  Rules out;
  out.now_ = now;
  auto anchors = read_certificates(o.anchors);
  if (!anchors) return anchors.error();
  auto intermediates = read_certificates(o.intermediates);
  if (!intermediates) return intermediates.error();
  out.anchors_ = std::move(*anchors);
  out.intermediates_ = std::move(*intermediates);
  for (const auto& path : o.crls) {
    auto der = list_der(path);
    if (!der) return der.error();
    out.lists_.push_back(std::move(*der));
  }
  for (const auto& text : o.key_exceptions) {
    auto exception = parse_exception(text);
    if (!exception) return exception.error();
    out.exceptions_.push_back(std::move(*exception));
  }
  if (!out.anchors_.empty()) out.trust_ = out.store({});
  return out;
}

std::unique_ptr<crypto::TrustStore>
Rules::store(const std::vector<crypto::Certificate>& more_intermediates) const {
  auto between = intermediates_;
  between.insert(between.end(), more_intermediates.begin(), more_intermediates.end());
  return std::make_unique<crypto::TrustStore>(anchors_, std::move(between), crypto::TrustPolicy{});
}

void Rules::note_revocation(const crypto::Certificate& certificate,
                            const std::vector<crypto::Certificate>& more_intermediates) {
  if (!trust_ || lists_.empty() || revocation_.count(certificate.fingerprint())) return;
  const auto trust = more_intermediates.empty() ? nullptr : store(more_intermediates);
  const auto way = (trust ? *trust : *trust_)
                       .inspect(certificate, crypto::CertificatePurpose::cipher, now_)
                       .issuers;
  crypto::RevocationResult result;
  result.outcome = crypto::RevocationOutcome::good;
  const crypto::Certificate* subject = &certificate;
  for (const auto& issuer : way) {
    std::optional<crypto::StatusStatement> said;
    for (const auto& der : lists_) {
      const auto list = crypto::Crl::from_der(der, issuer);
      if (!list) continue; // of another issuer
      const auto status = list->status_of(*subject, {now_});
      if (!status) continue; // of another time, or for other certificates
      if (!said || status->status == crypto::CertificateStatus::revoked) said = *status;
      result.crl = list->this_update();
    }
    if (!said || said->status == crypto::CertificateStatus::unknown) return;
    if (said->status == crypto::CertificateStatus::revoked) {
      result.outcome = crypto::RevocationOutcome::revoked;
      result.revoked_at = said->revoked_at;
      break;
    }
    subject = &issuer;
  }
  if (!way.empty()) revocation_[certificate.fingerprint()] = std::move(result);
}

directory::CertificateRules Rules::rules() const {
  directory::CertificateRules out;
  out.anchors = trust_.get();
  out.revocation = &revocation_;
  out.exceptions = exceptions_;
  return out;
}

std::vector<directory::Remark>
Rules::judge(const crypto::Certificate& certificate,
             const std::vector<crypto::Certificate>& more_intermediates) const {
  auto with = rules();
  const auto trust = trust_ && !more_intermediates.empty() ? store(more_intermediates) : nullptr;
  if (trust) with.anchors = trust.get();
  return directory::judge_certificate(certificate, with, now_);
}

} // namespace cli::ctl
