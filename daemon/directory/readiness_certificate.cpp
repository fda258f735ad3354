// Check 8, and the same for certificates that are handed in (domain 4.6).
#include "directory/readiness_checks.h"
#include <algorithm>
#include <array>

namespace directory {
namespace {

using F = ReadinessFinding;
using crypto::CertificateFinding;

constexpr std::array kWarnDays = {7, 14, 30, 60, 90};

std::string key_text(const crypto::Certificate& certificate) {
  switch (certificate.key_kind()) {
  case crypto::KeyKind::rsa:
    return "RSA " + std::to_string(certificate.key_bits()) + " Bit";
  case crypto::KeyKind::ec:
    return "elliptische Kurve, " + std::to_string(certificate.key_bits()) + " Bit";
  case crypto::KeyKind::other:
    break;
  }
  return "unbekannte Art";
}

std::optional<Remark> judge_validity(const crypto::Certificate& certificate, base::Instant now) {
  if (now < certificate.not_before())
    return remark(F::certificate_not_yet, {german_date(certificate.not_before())});
  if (now > certificate.not_after())
    return remark(F::certificate_expired, {german_date(certificate.not_after())});
  const int left = german_days(now, certificate.not_after());
  for (const int days : kWarnDays)
    if (left <= days)
      return remark(F::certificate_expires, {german_date(certificate.not_after()),
                                             days_text(left, true), std::to_string(days)});
  return std::nullopt;
}

std::optional<Remark> judge_key(const crypto::Certificate& certificate,
                                const CertificateRules& rules, base::Instant now) {
  const bool rsa = certificate.key_kind() == crypto::KeyKind::rsa;
  if (rsa && certificate.key_bits() >= rules.rsa_bits) return std::nullopt;
  for (const auto& one : rules.exceptions)
    if (rsa && certificate.key_bits() >= rules.exception_rsa_bits &&
        one.fingerprint == certificate.fingerprint() && now < one.until)
      return remark(F::certificate_key_exception,
                    {key_text(certificate), german_date(one.until), one.reference});
  return remark(F::certificate_key_short, {key_text(certificate), std::to_string(rules.rsa_bits)});
}

// Own validity, key and key usage have remarks of their own.
std::string chain_fault(const crypto::Certificate& certificate,
                        const crypto::InspectionResult& result, const CertificateRules& rules,
                        base::Instant now) {
  const bool own_key = certificate.key_kind() != crypto::KeyKind::rsa ||
                       certificate.key_bits() < rules.exception_rsa_bits;
  const bool own_time = now < certificate.not_before() || now > certificate.not_after();
  switch (result.finding) {
  case CertificateFinding::none:
  case CertificateFinding::wrong_key_usage:
    break;
  case CertificateFinding::issuer_signature_wrong:
    return "die Signatur der Ausgabestelle stimmt nicht";
  case CertificateFinding::issuer_unknown:
    return "die Ausgabestelle ist nicht bekannt";
  case CertificateFinding::key_too_short:
    return own_key ? "" : "eine Ausgabestelle hat einen zu kurzen Schlüssel";
  case CertificateFinding::outside_validity:
    return own_time ? "" : "das Zertifikat einer Ausgabestelle gilt nicht";
  }
  return {};
}

} // namespace

std::vector<Remark> judge_certificate(const crypto::Certificate& certificate,
                                      const CertificateRules& rules, base::Instant now) {
  std::vector<Remark> out;
  if (certificate.is_ca()) out.push_back(remark(F::certificate_of_ca));
  if (auto found = judge_validity(certificate, now)) out.push_back(std::move(*found));
  if (auto found = judge_key(certificate, rules, now)) out.push_back(std::move(*found));
  if (!certificate.may_encipher()) out.push_back(remark(F::certificate_key_usage));
  std::string fault;
  if (!rules.anchors) {
    out.push_back(remark(F::certificate_chain_unknown));
  } else {
    fault = chain_fault(
        certificate, rules.anchors->inspect(certificate, crypto::CertificatePurpose::cipher, now),
        rules, now);
    if (!fault.empty()) out.push_back(remark(F::certificate_chain_wrong, {fault}));
  }
  crypto::RevocationResult revocation;
  if (rules.revocation) {
    const auto found = rules.revocation->find(certificate.fingerprint());
    if (found != rules.revocation->end()) revocation = found->second;
  }
  if (revocation.outcome == crypto::RevocationOutcome::revoked)
    out.push_back(
        remark(F::certificate_revoked,
               {revocation.revoked_at ? ", seit dem " + german_date(*revocation.revoked_at) : ""}));
  else if (revocation.outcome != crypto::RevocationOutcome::good && fault.empty())
    out.push_back(remark(F::certificate_revocation_unknown));
  if (certificate.subject().find("GRP:") == std::string::npos)
    out.push_back(remark(F::certificate_naming));
  if (out.empty()) out.push_back(remark(F::certificate_ok, {german_date(certificate.not_after())}));
  std::stable_sort(out.begin(), out.end(),
                   [](const Remark& a, const Remark& b) { return a.outcome > b.outcome; });
  return out;
}

namespace readiness {
namespace {

// The newest that is current; without one the newest of all, so that its fault can be told.
const ListedCertificate* cipher_of(const Organisation& organisation, base::Instant now) {
  if (const auto* current = Directory::cipher_certificate(organisation, now)) return current;
  const ListedCertificate* newest = nullptr;
  for (const auto& one : organisation.certificates)
    if (one.use == CertificateUse::cipher &&
        (!newest || newest->certificate.not_after() < one.certificate.not_after()))
      newest = &one;
  return newest;
}

// What the directory names for this very service, where it does.
const crypto::Certificate* of_service(const Question& question) {
  for (const auto& version : question.facts.service->versions) {
    if (!version.validity.contains(question.facts.now)) continue;
    for (const auto& offered : question.receiver->services) {
      if (offered.uri != version.uri || !offered.current(question.facts.now)) continue;
      for (const auto& elements : offered.elements)
        if (elements.network == Network::internet && elements.recipient_cipher)
          return &*elements.recipient_cipher;
    }
  }
  return nullptr;
}

bool lists(const std::vector<std::string>& fingerprints, const std::string& one) {
  return std::find(fingerprints.begin(), fingerprints.end(), one) != fingerprints.end();
}

} // namespace

CheckResult check_certificate(const Question& question) {
  Findings out(ReadinessCheck::certificate);
  const auto& facts = question.facts;
  if (question.elsewhere()) {
    out.add(F::certificate_not_needed, {question.reception->alternative});
    out.rests_on(
        question.record("Empfang " + quoted(facts.party->id) + ", " + quoted(facts.service->id)));
    return std::move(out).done();
  }
  if (!facts.directory || !facts.service || !question.receiver) {
    out.add(F::certificate_unknown);
    return std::move(out).done();
  }
  const auto* newest = cipher_of(*question.receiver, facts.now);
  const auto* named = of_service(question);
  if (!newest && !named) {
    out.add(F::certificate_missing, {question.receiver->name});
    return std::move(out).done();
  }
  const auto& certificate = named ? *named : newest->certificate;
  const auto& fingerprint = certificate.fingerprint();
  for (auto& one : judge_certificate(certificate, facts.certificate_rules, facts.now))
    out.add(std::move(one));
  const bool in_window = named || newest->current(facts.now);
  const bool in_validity =
      certificate.not_before() <= facts.now && facts.now <= certificate.not_after();
  if (!in_window && in_validity) out.add(F::certificate_missing, {question.receiver->name});
  if (named) {
    const auto* owner = facts.directory->owner_of(fingerprint);
    if (owner != question.receiver || !facts.directory->listed(fingerprint, CertificateUse::cipher))
      out.add(F::certificate_not_mapped, {fingerprint.substr(0, 16) + "…"});
    else if (newest && newest->certificate.fingerprint() != fingerprint)
      out.add(F::certificate_other_listed);
  }
  for (const auto& seen : facts.mailboxes)
    if (seen.mailbox == question.receiver->mailbox && seen.certificates &&
        !lists(*seen.certificates, fingerprint))
      out.add(F::certificate_not_mapped, {fingerprint.substr(0, 16) + "…"});
  out.rests_on(facts.directory_source + ": " + question.receiver->key + ", SHA-256 " + fingerprint,
               certificate.not_before());
  return std::move(out).done();
}

} // namespace readiness
} // namespace directory
