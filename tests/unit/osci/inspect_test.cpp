// What is known about a certificate, and what that means in each role: valid, expired, revoked,
// unknown issuer and unreachable responder are five outcomes, distinct in code and on the card.
#include "osci/feedback.h"
#include "osci/inspect.h"
#include "pki.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using crypto::RevocationOutcome;
using std::chrono::hours;

struct Inspect : testing::Test {
  pki::Key ca_key = pki::ec("P-256", 1), other_key = pki::ec("P-256", 2);
  pki::Key leaf_key = pki::rsa(2048);
  crypto::Certificate ca = pki::root("CA", ca_key);
  crypto::Certificate leaf = pki::certificate({.issuer = "CA"}, leaf_key, ca_key);
  crypto::Certificate expired = pki::certificate({.issuer = "CA", .to_day = 5}, leaf_key, ca_key);
  crypto::Certificate stranger = pki::certificate({.issuer = "nobody"}, leaf_key, other_key);
  crypto::Certificate forged = pki::certificate({.issuer = "CA"}, leaf_key, other_key);
  crypto::TrustStore trust{{ca}, {}, {}};
  osci::Policy policy;
  std::shared_ptr<const directory::Directory> directory = directory::Directory::make({}).value();
  mailbox::MessageIdIssuer ids{std::string(32, 'k'), "test", hours{1}};
  pki::SeededRandom random{1};
  crypto::RevocationResults results;

  osci::Inspected inspect(const std::string& role, const crypto::Certificate& certificate,
                          bool asked = true) {
    const osci::Situation situation{
        pki::start() + hours{24 * 10}, policy, *directory, trust, ids, random, nullptr,
        asked ? &results : nullptr};
    return osci::inspect_delivery(situation, {{role, "id", certificate}});
  }
  // "9707", "3707", or "" for nothing.
  static std::string code(const osci::Inspected& inspected) {
    if (inspected.refusal) return std::string(osci::outcome(inspected.refusal->code).osci_code);
    std::string out;
    for (const auto& one : inspected.warnings) out += (out.empty() ? "" : ",") + one;
    return out;
  }
  static std::string shown(const osci::Inspected& inspected) {
    const auto& one = inspected.inspections.at(0);
    const char* math[] = {"ok", "corrupted", "indeterminate"};
    const char* offline[] = {"valid", "invalid", "indeterminate"};
    return std::string(math[static_cast<int>(one.math)]) + "/" +
           offline[static_cast<int>(one.offline)] + "/" +
           (!one.online           ? "-"
            : one.online->revoked ? "revoked"
                                  : "ok");
  }
  void say(const crypto::Certificate& certificate, RevocationOutcome outcome) {
    auto& said = results[certificate.fingerprint()];
    said.outcome = outcome;
    said.ocsp = outcome == RevocationOutcome::good || outcome == RevocationOutcome::revoked
                    ? "evidence"
                    : "";
  }
};

struct Role {
  const char* name;
  const char* expired;
  const char* revoked;
  const char* unknown;
  const char* forged;
  const char* unreachable;
};
constexpr Role kRoles[] = {
    {"CipherCertificateOriginator", "3500", "9502", "9501", "9501", "3501"},
    {"SignatureCertificateOriginator", "3700", "9701", "9700", "9700", "3707"},
    {"CipherCertificateAddressee", "3705", "9707", "9706", "9706", "3707"},
    {"CipherCertificateOtherReader", "3706", "9709", "3707", "9708", "3707"},
    {"CipherCertificateOtherAuthor", "3704", "9705", "3707", "9704", "3707"},
    {"SignatureCertificateOtherAuthor", "3701", "3703", "3707", "3702", "3707"},
};

TEST_F(Inspect, FiveOutcomesInEveryRole) {
  for (const auto& role : kRoles) {
    SCOPED_TRACE(role.name);
    results.clear();
    say(leaf, RevocationOutcome::good);
    const auto valid = inspect(role.name, leaf);
    EXPECT_EQ(code(valid), "");
    EXPECT_EQ(shown(valid), "ok/valid/ok");
    EXPECT_EQ(valid.inspections.at(0).online->ocsp, "evidence");

    const auto ended = inspect(role.name, expired);
    EXPECT_EQ(code(ended), role.expired);
    EXPECT_EQ(shown(ended), "ok/invalid/-");

    say(leaf, RevocationOutcome::revoked);
    const auto revoked = inspect(role.name, leaf);
    EXPECT_EQ(code(revoked), role.revoked);
    EXPECT_EQ(shown(revoked), "ok/valid/revoked");

    const auto unknown = inspect(role.name, stranger);
    EXPECT_EQ(code(unknown), role.unknown);
    EXPECT_EQ(shown(unknown), "indeterminate/indeterminate/-");

    const auto wrong = inspect(role.name, forged);
    EXPECT_EQ(code(wrong), role.forged);
    EXPECT_EQ(shown(wrong), "corrupted/invalid/-");

    say(leaf, RevocationOutcome::unreachable);
    const auto unreachable = inspect(role.name, leaf);
    EXPECT_EQ(code(unreachable), role.unreachable);
    EXPECT_EQ(shown(unreachable), "ok/indeterminate/-");
  }
}

TEST_F(Inspect, NobodyAskedIsNoFinding) {
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", leaf, false)), "");
  EXPECT_EQ(shown(inspect("CipherCertificateAddressee", leaf, false)), "ok/valid/-");
  say(leaf, RevocationOutcome::not_checked);
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", leaf)), "");
  EXPECT_EQ(shown(inspect("CipherCertificateAddressee", leaf)), "ok/valid/-");
}

TEST_F(Inspect, ACertificateThatWasForgottenCountsAsUnreachable) {
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", leaf)), "3707");
}

TEST_F(Inspect, OfAnExpiredCertificateOnlyRevokedCounts) {
  for (const auto outcome : {RevocationOutcome::good, RevocationOutcome::unreachable}) {
    say(expired, outcome);
    EXPECT_EQ(code(inspect("CipherCertificateAddressee", expired)), "3705");
    EXPECT_EQ(shown(inspect("CipherCertificateAddressee", expired)), "ok/invalid/-");
  }
  say(expired, RevocationOutcome::revoked);
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", expired)), "9707");
  EXPECT_EQ(shown(inspect("CipherCertificateAddressee", expired)), "ok/invalid/revoked");
}

TEST_F(Inspect, PolicyMayRefuseWhatCannotBeChecked) {
  policy.refuse_unreachable = true;
  EXPECT_EQ(code(inspect("CipherCertificateOriginator", leaf)), "9503");
  EXPECT_EQ(code(inspect("SignatureCertificateOriginator", leaf)), "9710");
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", leaf)), "9710");
  EXPECT_EQ(code(inspect("CipherCertificateAddressee", expired)), "3705");
}

} // namespace
