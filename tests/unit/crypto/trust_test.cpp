#include "crypto/trust.h"
#include "pki.h"
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

using namespace crypto;
using Finding = CertificateFinding;
using Purpose = CertificatePurpose;

namespace {

const auto kRootKey = [] { return pki::ec("P-256", 1); };
const auto kMiddleKey = [] { return pki::ec("P-256", 2); };
const auto kLeafKey = [] { return pki::rsa(2048); };

Certificate leaf(const pki::Spec& spec = {}) {
  return pki::certificate(spec, kLeafKey(), kRootKey());
}
Certificate root() {
  return pki::root("root", kRootKey());
}

pki::Spec middle_spec() {
  return {.subject = "middle", .issuer = "root", .ca = true, .key_usage = "keyCertSign"};
}
Certificate middle(const pki::Spec& spec = middle_spec()) {
  return pki::certificate(spec, kMiddleKey(), kRootKey());
}
Certificate leaf_of_middle() {
  return pki::certificate({.issuer = "middle"}, kLeafKey(), kMiddleKey());
}

base::Instant day(int number) {
  return pki::start() + std::chrono::days(number);
}

Finding inspect(std::vector<Certificate> anchors, std::vector<Certificate> intermediates,
                const Certificate& certificate, Purpose purpose = Purpose::signature,
                base::Instant now = day(10), TrustPolicy policy = {}) {
  const TrustStore store(std::move(anchors), std::move(intermediates), policy);
  const auto finding = store.inspect(certificate, purpose, now).finding;
  EXPECT_EQ(ERR_peek_error(), 0u);
  return finding;
}

} // namespace

TEST(Trust, AChainToAnAnchorIsFine) {
  EXPECT_EQ(inspect({root()}, {}, leaf()), Finding::none);
  EXPECT_EQ(inspect({root()}, {middle()}, leaf_of_middle()), Finding::none);
  EXPECT_EQ(inspect({root()}, {}, leaf(), Purpose::cipher), Finding::none);
  const TrustStore store({root()}, {middle()}, {});
  EXPECT_EQ(store.anchor_count(), 1u);
}

TEST(Trust, TheWayToTheAnchorIsTold) {
  const auto anchor = root(), between = middle();
  const TrustStore store({anchor}, {between}, {});
  const auto below = store.inspect(leaf_of_middle(), Purpose::signature, day(10));
  EXPECT_EQ(below.issuers, (std::vector{between, anchor}));
  EXPECT_EQ(store.inspect(leaf(), Purpose::signature, day(10)).issuers, std::vector{anchor});
  // The anchor itself, an expired one, one without a way.
  EXPECT_TRUE(store.inspect(anchor, Purpose::signature, day(10)).issuers.empty());
  EXPECT_EQ(store.inspect(leaf(), Purpose::signature, day(400)).issuers, std::vector{anchor});
  const auto stranger = pki::certificate({.issuer = "nobody"}, kLeafKey(), kRootKey());
  EXPECT_TRUE(store.inspect(stranger, Purpose::signature, day(10)).issuers.empty());
}

TEST(Trust, TheBetterOfTwoWaysIsTold) {
  auto old_spec = middle_spec();
  old_spec.to_day = 5;
  const auto anchor = root(), expired = middle(old_spec), current = middle();
  const TrustStore store({anchor}, {expired, current}, {});
  const auto found = store.inspect(leaf_of_middle(), Purpose::signature, day(10));
  EXPECT_EQ(found.finding, Finding::none);
  EXPECT_EQ(found.issuers, (std::vector{current, anchor}));
}

TEST(Trust, AnIntermediateCanBeTheAnchor) {
  EXPECT_EQ(inspect({middle()}, {}, leaf_of_middle()), Finding::none);
}

TEST(Trust, TheRecordedKeysHangUnderTheirTestCa) {
  const std::string folder = DC_SOURCE_DIR "/tests/captures/keys/";
  const auto pair = load_key_pair(folder + "sender_sign.p12", "", "123456").value();
  const auto ca =
      load_key_pair(folder + "test_ca.key.pem", folder + "test_ca.cer", "").value().certificate;
  const auto now = pair.certificate.not_before() + std::chrono::days(1);
  EXPECT_EQ(inspect({ca}, {}, pair.certificate, Purpose::signature, now), Finding::none);
  EXPECT_EQ(inspect({ca}, {}, pair.certificate, Purpose::cipher, now), Finding::wrong_key_usage);
}

TEST(Trust, WithoutIssuerItIsUnknown) {
  EXPECT_EQ(inspect({}, {}, leaf()), Finding::issuer_unknown);
  EXPECT_EQ(inspect({pki::root("other", kRootKey())}, {}, leaf()), Finding::issuer_unknown);
  EXPECT_EQ(inspect({root()}, {}, leaf_of_middle()), Finding::issuer_unknown);
}

TEST(Trust, AnIntermediateAloneIsNotTrusted) {
  EXPECT_EQ(inspect({}, {root(), middle()}, leaf_of_middle()), Finding::issuer_unknown);
  EXPECT_EQ(inspect({}, {root()}, leaf()), Finding::issuer_unknown);
}

TEST(Trust, IssuerOfThatNameWhoDidNotSignIsASignatureError) {
  const auto forged = pki::certificate({}, kLeafKey(), pki::ec("P-256", 9));
  EXPECT_EQ(inspect({root()}, {}, forged), Finding::issuer_signature_wrong);
  const auto forged_below = pki::certificate({.issuer = "middle"}, kLeafKey(), kRootKey());
  EXPECT_EQ(inspect({root()}, {middle()}, forged_below), Finding::issuer_signature_wrong);
  auto der = leaf().der();
  der.back() = static_cast<char>(der.back() ^ 1);
  const auto changed = Certificate::from_der(der);
  ASSERT_TRUE(changed);
  EXPECT_EQ(inspect({root()}, {}, *changed), Finding::issuer_signature_wrong);
}

TEST(Trust, WhatASignatureProvedOnceExcusesNothingElse) {
  auto spec = middle_spec();
  spec.to_day = 20;
  const TrustStore store({root()}, {middle(spec)}, {});
  const auto certificate = leaf_of_middle();
  const auto finding = [&](const Certificate& one, int at) {
    return store.inspect(one, Purpose::signature, day(at)).finding;
  };
  EXPECT_EQ(finding(certificate, 10), Finding::none);
  EXPECT_EQ(finding(certificate, 10), Finding::none);
  EXPECT_EQ(finding(certificate, 21), Finding::outside_validity); // the issuer's
  auto der = certificate.der();
  der.back() = static_cast<char>(der.back() ^ 1);
  const auto changed = Certificate::from_der(der).value();
  EXPECT_EQ(finding(changed, 10), Finding::issuer_signature_wrong);
  EXPECT_EQ(finding(changed, 10), Finding::issuer_signature_wrong);
  EXPECT_EQ(finding(certificate, 10), Finding::none);
}

TEST(Trust, ABrokenLinkFurtherUpIsAnUnknownIssuer) {
  const auto false_middle = pki::certificate(middle_spec(), kMiddleKey(), pki::ec("P-256", 9));
  EXPECT_EQ(inspect({root()}, {false_middle}, leaf_of_middle()), Finding::issuer_unknown);
}

TEST(Trust, TwoIssuersOfOneNameAreBothTried) {
  const auto old_root = pki::root("root", pki::ec("P-256", 8));
  EXPECT_EQ(inspect({old_root, root()}, {}, leaf()), Finding::none);
  EXPECT_EQ(inspect({root(), old_root}, {}, leaf()), Finding::none);
}

TEST(Trust, TheBestOfSeveralWaysCounts) {
  auto spec = middle_spec();
  spec.to_day = 5;
  const auto expired = middle(spec);
  EXPECT_EQ(inspect({root()}, {expired}, leaf_of_middle()), Finding::outside_validity);
  EXPECT_EQ(inspect({root()}, {expired, middle()}, leaf_of_middle()), Finding::none);
  EXPECT_EQ(inspect({root()}, {middle(), expired}, leaf_of_middle()), Finding::none);
}

TEST(Trust, ASelfSignedCertificateIsTrustedOnlyWhenListed) {
  const auto key = kLeafKey();
  const auto own = pki::certificate({.subject = "own", .issuer = "own"}, key, key);
  EXPECT_EQ(inspect({root()}, {}, own), Finding::issuer_unknown);
  EXPECT_EQ(inspect({root(), own}, {}, own), Finding::none);
  EXPECT_EQ(inspect({own}, {}, own, Purpose::signature, day(400)), Finding::outside_validity);
}

TEST(Trust, AListedEndEntityCannotIssue) {
  const auto own = pki::certificate({.subject = "root", .issuer = "root"}, kRootKey(), kRootKey());
  EXPECT_EQ(inspect({own}, {}, leaf()), Finding::issuer_unknown);
}

TEST(Trust, IssuersMustBeAllowedToCertify) {
  auto spec = middle_spec();
  spec.ca = false;
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::issuer_unknown);
  spec = middle_spec();
  spec.key_usage = "digitalSignature";
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::issuer_unknown);
  spec = middle_spec();
  spec.key_usage = "";
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::none);
}

TEST(Trust, ValidityOfCertificateAndIssuersCounts) {
  for (const auto& [now, expected] :
       {std::pair{day(0), Finding::none},
        {day(365), Finding::none},
        {day(0) - std::chrono::milliseconds(1), Finding::outside_validity},
        {day(365) + std::chrono::milliseconds(999), Finding::none},
        {day(365) + std::chrono::seconds(1), Finding::outside_validity}})
    EXPECT_EQ(inspect({root()}, {}, leaf({.from_day = 0, .to_day = 365}), Purpose::signature, now),
              expected);
  auto spec = middle_spec();
  spec.from_day = 20;
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::outside_validity);
  EXPECT_EQ(inspect({root()}, {}, leaf({.to_day = 4000}), Purpose::signature, day(1000)),
            Finding::outside_validity)
      << "the anchor is expired";
}

TEST(Trust, ShortKeysAreFound) {
  const auto with = [](const pki::Key& key) { return pki::certificate({}, key, kRootKey()); };
  EXPECT_EQ(inspect({root()}, {}, with(pki::rsa(1024))), Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, with(pki::ec("P-192"))), Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, with(pki::ec("P-224"))), Finding::none);
  EXPECT_EQ(inspect({root()}, {}, with(pki::ed25519())), Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, with(pki::ec_explicit_parameters())), Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, leaf(), Purpose::signature, day(10),
                    {.min_rsa_bits = 3072, .min_ec_bits = 224}),
            Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, leaf(), Purpose::signature, day(10),
                    {.min_rsa_bits = 2048, .min_ec_bits = 384}),
            Finding::key_too_short)
      << "the issuer's key";
}

TEST(Trust, KeyUsageMustFitThePurpose) {
  const auto with = [](const char* usage) { return leaf({.key_usage = usage}); };
  EXPECT_EQ(inspect({root()}, {}, with("digitalSignature"), Purpose::signature), Finding::none);
  EXPECT_EQ(inspect({root()}, {}, with("digitalSignature"), Purpose::cipher),
            Finding::wrong_key_usage);
  EXPECT_EQ(inspect({root()}, {}, with("keyEncipherment"), Purpose::cipher), Finding::none);
  EXPECT_EQ(inspect({root()}, {}, with("dataEncipherment"), Purpose::signature),
            Finding::wrong_key_usage);
}

TEST(Trust, TheWorstFindingIsReported) {
  const auto short_key = pki::rsa(1024);
  const pki::Spec spec{.key_usage = "keyEncipherment", .to_day = 5};
  EXPECT_EQ(inspect({root()}, {}, pki::certificate(spec, short_key, pki::ec("P-256", 9))),
            Finding::issuer_signature_wrong);
  EXPECT_EQ(inspect({}, {}, pki::certificate(spec, short_key, kRootKey())),
            Finding::issuer_unknown);
  EXPECT_EQ(inspect({root()}, {}, pki::certificate(spec, short_key, kRootKey())),
            Finding::key_too_short);
  EXPECT_EQ(inspect({root()}, {}, leaf(spec)), Finding::wrong_key_usage);
}

TEST(Trust, PathLengthIsKept) {
  auto spec = middle_spec();
  spec.path_length = 0;
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::none);
  const auto low_key = pki::ec("P-256", 3);
  const auto low =
      pki::certificate({.subject = "low", .issuer = "middle", .ca = true}, low_key, kMiddleKey());
  const auto end = pki::certificate({.issuer = "low"}, kLeafKey(), low_key);
  EXPECT_EQ(inspect({root()}, {middle(spec), low}, end), Finding::issuer_unknown);
  spec.path_length = 1;
  EXPECT_EQ(inspect({root()}, {middle(spec), low}, end), Finding::none);
}

TEST(Trust, NameConstraintsAreKept) {
  auto spec = middle_spec();
  spec.extensions = {{NID_name_constraints, "critical,permitted;email:example.org"}};
  const auto with = [](const char* email) {
    return pki::certificate({.issuer = "middle", .extensions = {{NID_subject_alt_name, email}}},
                            kLeafKey(), kMiddleKey());
  };
  EXPECT_EQ(inspect({root()}, {middle(spec)}, with("email:a@example.org")), Finding::none);
  EXPECT_EQ(inspect({root()}, {middle(spec)}, with("email:a@example.com")),
            Finding::issuer_unknown);
}

TEST(Trust, UnknownCriticalExtensionsAreNotPassedOver) {
  EXPECT_EQ(inspect({root()}, {}, leaf({.unknown_critical_extension = "x"})),
            Finding::wrong_key_usage);
  auto spec = middle_spec();
  spec.unknown_critical_extension = "x";
  EXPECT_EQ(inspect({root()}, {middle(spec)}, leaf_of_middle()), Finding::issuer_unknown);
}

TEST(Trust, SignaturesMadeWithBrokenHashesProveNothing) {
  EXPECT_EQ(inspect({root()}, {}, leaf({.digest = "SHA1"})), Finding::issuer_signature_wrong);
  EXPECT_EQ(inspect({root()}, {}, leaf({.digest = "SHA512"})), Finding::none);
  const auto rsa = pki::rsa(2048, 1);
  EXPECT_EQ(
      inspect({pki::root("root", rsa)}, {}, pki::certificate({.digest = "MD5"}, kLeafKey(), rsa)),
      Finding::issuer_signature_wrong);
  EXPECT_EQ(inspect({pki::root("root", rsa)}, {}, pki::certificate({}, kLeafKey(), rsa)),
            Finding::none);
}

TEST(Trust, ChainsEndAtEightCertificates) {
  for (const int count : {8, 9}) {
    std::vector<Certificate> intermediates;
    const auto name = [](int i) { return "level" + std::to_string(i); };
    const auto anchor = pki::root(name(0), pki::ec("P-256", 20));
    for (int i = 1; i < count - 1; ++i)
      intermediates.push_back(
          pki::certificate({.subject = name(i), .issuer = name(i - 1), .ca = true},
                           pki::ec("P-256", 20 + i), pki::ec("P-256", 19 + i)));
    const auto end =
        pki::certificate({.issuer = name(count - 2)}, kLeafKey(), pki::ec("P-256", 18 + count));
    EXPECT_EQ(inspect({anchor}, intermediates, end),
              count == 8 ? Finding::none : Finding::issuer_unknown)
        << count;
  }
}

TEST(Trust, CirclesAndManyIssuersOfOneNameEnd) {
  const auto a = pki::ec("P-256", 40), b = pki::ec("P-256", 41);
  const auto ab = pki::certificate({.subject = "a", .issuer = "b", .ca = true}, a, b);
  const auto ba = pki::certificate({.subject = "b", .issuer = "a", .ca = true}, b, a);
  const auto end = pki::certificate({.issuer = "a"}, kLeafKey(), a);
  EXPECT_EQ(inspect({}, {ab, ba}, end), Finding::issuer_unknown);

  std::vector<Certificate> same;
  for (int i = 0; i < 200; ++i)
    same.push_back(pki::certificate(
        {.subject = "a", .issuer = "a", .ca = true, .serial = std::to_string(i)}, a, a));
  EXPECT_EQ(inspect({}, same, end), Finding::issuer_unknown);
}
