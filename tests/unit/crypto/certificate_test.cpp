#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "pki.h"
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <random>
#include <thread>
#include <vector>

using namespace crypto;
using base::ErrorCode;

namespace {

void expect_malformed(std::string_view der) {
  const auto read = Certificate::from_der(der);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::malformed_message);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

} // namespace

TEST(Certificate, TellsWhatIsInIt) {
  const auto key = pki::rsa(2048);
  const auto certificate = pki::certificate(
      {.subject = "M\xc3\xbcller, Test", .issuer = "A+B", .serial = "255"}, key, key);
  EXPECT_EQ(certificate.subject(), "CN=M\xc3\xbcller\\, Test");
  EXPECT_EQ(certificate.issuer(), "CN=A\\+B");
  EXPECT_EQ(certificate.serial(), "255");
  EXPECT_EQ(certificate.not_before(), pki::start());
  EXPECT_EQ(certificate.not_after(), pki::start() + std::chrono::days(365));
  EXPECT_EQ(certificate.key_kind(), KeyKind::rsa);
  EXPECT_EQ(certificate.key_bits(), 2048);
  EXPECT_FALSE(certificate.is_ca());
  EXPECT_EQ(certificate.fingerprint(), sha256_hex(certificate.der()));
  EXPECT_EQ(certificate, Certificate::from_der(certificate.der()).value());
  EXPECT_NE(certificate.handle(), nullptr);
  EXPECT_NE(certificate.public_key(), nullptr);
}

TEST(Certificate, ReadsSerialNumbersOfEveryKind) {
  const auto key = pki::ec("P-256");
  for (const char* serial :
       {"0", "1", "127", "128", "-5", "1461501637330902918203684832716283019655932542975"})
    EXPECT_EQ(pki::certificate({.serial = serial}, key, key).serial(), serial);
  expect_malformed(pki::certificate_der({.serial = "1" + std::string(200, '0')}, key, key));
}

TEST(Certificate, ReadsValidityPast2049AndBefore1970) {
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate({.from_day = -365 * 60, .to_day = 365 * 70}, key, key);
  EXPECT_EQ(certificate.not_before(), pki::start() - std::chrono::days(365 * 60));
  EXPECT_EQ(certificate.not_after(), pki::start() + std::chrono::days(365 * 70));
}

TEST(Certificate, KnowsKindsOfKeys) {
  const auto kind = [](const pki::Key& key) {
    return pki::certificate({}, key, pki::ec("P-256")).key_kind();
  };
  EXPECT_EQ(kind(pki::ec("P-521")), KeyKind::ec);
  EXPECT_EQ(pki::certificate({}, pki::ec("P-521"), pki::ec("P-256")).key_bits(), 521);
  EXPECT_EQ(kind(pki::ed25519()), KeyKind::other);
  EXPECT_EQ(kind(pki::rsa_pss()), KeyKind::rsa);
  EXPECT_EQ(kind(pki::ec_explicit_parameters()), KeyKind::other);
}

TEST(Certificate, KeyUsageSaysWhatTheKeyMayDo) {
  struct {
    const char* usage;
    bool sign, encipher;
  } const table[] = {{"", true, true},
                     {"digitalSignature", true, false},
                     {"nonRepudiation", true, false},
                     {"keyEncipherment", false, true},
                     {"dataEncipherment", false, true},
                     {"digitalSignature,keyEncipherment", true, true},
                     {"keyAgreement", false, false},
                     {"keyCertSign,cRLSign", false, false}};
  const auto key = pki::ec("P-256");
  for (const auto& one : table) {
    const auto certificate = pki::certificate({.key_usage = one.usage}, key, key);
    EXPECT_EQ(certificate.may_sign(), one.sign) << one.usage;
    EXPECT_EQ(certificate.may_encipher(), one.encipher) << one.usage;
  }
}

TEST(Certificate, KeyUsageGivenTwiceAllowsNothing) {
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate(
      {.key_usage = "digitalSignature", .extensions = {{NID_key_usage, "keyEncipherment"}}}, key,
      key);
  EXPECT_FALSE(certificate.may_sign());
  EXPECT_FALSE(certificate.may_encipher());
}

TEST(Certificate, OnlyBasicConstraintsMakeACa) {
  const auto key = pki::ec("P-256");
  EXPECT_TRUE(pki::root("root", key).is_ca());
  EXPECT_FALSE(pki::certificate({.key_usage = "keyCertSign"}, key, key).is_ca());
  EXPECT_FALSE(
      pki::certificate({.extensions = {{NID_basic_constraints, "CA:FALSE"}}}, key, key).is_ca());
}

TEST(Certificate, NamesAreAlwaysUtf8) {
  const auto key = pki::ec("P-256");
  for (const char* name : {"\xff\xfe", "a\x01\n\"<>;", "\xed\xa0\x80", "#", " a ", ""}) {
    const auto der = pki::certificate_der({.raw_subject = name}, key, key);
    const auto certificate = Certificate::from_der(der);
    if (!certificate) continue; // refusing is fine too
    EXPECT_TRUE(base::valid_utf8(certificate->subject()));
    EXPECT_EQ(certificate->subject().find('\n'), std::string::npos);
    EXPECT_EQ(certificate->subject().find('\x01'), std::string::npos);
  }
}

TEST(Certificate, OnlyOneExactDerCertificateIsAccepted) {
  const auto key = pki::ec("P-256");
  const auto der = pki::certificate_der({}, key, key);
  expect_malformed("");
  expect_malformed("0");
  expect_malformed(der + '\0');
  expect_malformed(der + der);
  for (std::size_t size = 0; size < der.size(); ++size)
    expect_malformed(std::string_view(der).substr(0, size));
  expect_malformed(std::string(64 * 1024 + 1, '0'));
  // The same certificate with a longer form of its outermost length.
  ASSERT_EQ(der.substr(0, 2), "\x30\x82");
  expect_malformed("\x30\x83" + std::string(1, '\0') + der.substr(2));
  // Indefinite length.
  expect_malformed("\x30\x80" + der.substr(4) + std::string(2, '\0'));
}

TEST(Certificate, SurvivesEveryChangedOctet) {
  const auto key = pki::ec("P-256");
  const auto der = pki::certificate_der({.ca = true,
                                         .key_usage = "keyCertSign",
                                         .extensions = {{NID_subject_alt_name, "DNS:example.org"}}},
                                        key, key);
  std::mt19937 random(99);
  int read = 0;
  for (int round = 0; round < 6000; ++round) {
    auto changed = der;
    for (int n = 1 + static_cast<int>(random() % 3); n > 0; --n)
      changed[random() % changed.size()] = static_cast<char>(random());
    const auto certificate = Certificate::from_der(changed);
    if (!certificate) continue;
    ++read;
    EXPECT_EQ(certificate->der(), changed);
    EXPECT_TRUE(base::valid_utf8(certificate->subject()));
    EXPECT_TRUE(base::valid_utf8(certificate->issuer()));
  }
  EXPECT_GT(read, 100);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Certificate, TheSameOctetsShareWhatWasRead) {
  const auto key = pki::ec("P-256");
  const auto der = pki::certificate_der({.subject = "shared"}, key, key);
  const auto first = Certificate::from_der(der).value();
  EXPECT_EQ(Certificate::from_der(der)->handle(), first.handle());
  auto other = der;
  other.back() = static_cast<char>(other.back() ^ 1);
  const auto changed = Certificate::from_der(other);
  ASSERT_TRUE(changed);
  EXPECT_NE(changed->handle(), first.handle());
  EXPECT_NE(*changed, first);
}

TEST(Certificate, EverNewOnesNeitherHarmThoseInUseNorStay) {
  const auto key = pki::ec("P-256");
  const auto der = pki::certificate_der({.subject = "in use"}, key, key);
  const auto kept = Certificate::from_der(der).value();
  const auto* handle = kept.handle();
  // The last octets belong to the signature: 3,000 certificates that are read, and never again.
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 3; ++thread)
    threads.emplace_back([der, thread] {
      for (unsigned i = 0; i < 1000; ++i) {
        auto other = der;
        other[other.size() - 1] = static_cast<char>(i);
        other[other.size() - 2] = static_cast<char>(i >> 8);
        other[other.size() - 3] = static_cast<char>(thread);
        const auto read = Certificate::from_der(other);
        EXPECT_TRUE(read && read->der() == other && read->subject() == "CN=in use");
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kept.handle(), handle);
  EXPECT_EQ(kept.subject(), "CN=in use");
  const auto again = Certificate::from_der(der).value();
  EXPECT_EQ(again, kept);
  EXPECT_NE(again.handle(), handle); // driven out, and read again
}

TEST(CertificateFile, IsReadAsPemOrDer) {
  const auto key = pki::ec("P-256");
  const auto one = pki::certificate({.subject = "one"}, key, key);
  const auto two = pki::certificate({.subject = "two"}, key, key);
  EXPECT_EQ(Certificate::from_file_text(one.der()).value(), one);
  const auto text = "comment\n" + pki::certificate_pem(one) + "more\n" + pki::certificate_pem(two);
  EXPECT_EQ(Certificate::from_file_text(text).value(), one);
  const auto bundle = Certificate::bundle_from_file_text(text).value();
  ASSERT_EQ(bundle.size(), 2u);
  EXPECT_EQ(bundle[1], two);
  EXPECT_EQ(Certificate::bundle_from_file_text(two.der()).value().size(), 1u);
}

TEST(CertificateFile, WithAPrivateKeyIsRefused) {
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate_pem(pki::certificate({}, key, key));
  for (const auto& text : {certificate + pki::private_pem(key), pki::private_pem(key) + certificate,
                           certificate + pki::private_pem(key, "secret"),
                           certificate + "-----BEGIN RSA PRIVATE KEY-----\n"}) {
    const auto read = Certificate::from_file_text(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::key_error);
    EXPECT_NE(read.error().detail.find("private key"), std::string::npos);
    EXPECT_FALSE(Certificate::bundle_from_file_text(text));
  }
}

TEST(CertificateFile, WithoutCertificateOrBrokenIsAKeyError) {
  const auto key = pki::ec("P-256");
  auto broken = pki::certificate_pem(pki::certificate({}, key, key));
  for (const auto& text :
       {std::string(), std::string("hello"), std::string("-----BEGIN CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        broken.substr(0, 200), broken + "-----BEGIN CERTIFICATE-----\n"}) {
    const auto read = Certificate::bundle_from_file_text(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::key_error);
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}
