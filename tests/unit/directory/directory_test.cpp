#include "directory/directory.h"
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace {

using base::ErrorCode;
using base::Instant;
using directory::CertificateUse;
using directory::Directory;
using directory::ListedCertificate;
using directory::Organisation;
using testing::HasSubstr;

crypto::Certificate certificate(const std::string& name) {
  std::ifstream in(std::string(DC_SOURCE_DIR "/tests/captures/keys/") + name + ".cert.pem");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return crypto::Certificate::from_file_text(text).value();
}

Instant at(const char* text) {
  return base::parse_datetime(text).value();
}

ListedCertificate cipher(const std::string& name, std::optional<Instant> from = {},
                         std::optional<Instant> until = {}) {
  return {certificate(name + "_cipher"), CertificateUse::cipher, from, until};
}

Organisation organisation(const std::string& key,
                          std::vector<ListedCertificate> certificates = {}) {
  return {key, "Test", key, std::move(certificates), {}};
}

std::string refusal(std::vector<Organisation> organisations) {
  const auto made = Directory::make(std::move(organisations));
  if (made) return "accepted";
  EXPECT_EQ(made.error().code, ErrorCode::invalid_config);
  return made.error().detail;
}

TEST(NormaliseKey, AcceptsEverySpellingInUse) {
  for (const auto* spelling : {"wgb:059130000000", "WGB059130000000", "Wgb:059130000000"})
    EXPECT_EQ(directory::normalise_key(spelling).value(), "wgb:059130000000") << spelling;
  EXPECT_EQ(directory::normalise_key("ag:09000009").value(), "ag:09000009");
  EXPECT_EQ(directory::normalise_key("abcde12345678901").value(), "abcde:12345678901");
}

TEST(NormaliseKey, RefusesWhatIsNoKey) {
  for (const auto* text :
       {"", ":", "wgb", "wgb:", "059130000000", "w:059130000000", "abcdef:059130000000",
        "wgb:0591300", "wgb:0591300000001", "wgb::059130000000", "wgb:05913000000x",
        " wgb:05913000", "wgb:05913000 ", "wgb-059130000000", "w\xc3\xa4:059130000000",
        "wgb:0591300000000000000000"}) {
    const auto key = directory::normalise_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::invalid_config);
  }
}

TEST(Directory, FindsAnOrganisationUnderAnySpellingOfItsKey) {
  const auto built =
      Directory::make({organisation("WGB059130000000"), organisation("efa:010000000001")}).value();
  ASSERT_NE(built->find("wgb:059130000000"), nullptr);
  EXPECT_EQ(built->find("wgb:059130000000")->key, "wgb:059130000000");
  EXPECT_EQ(built->find("wgb059130000000"), built->find("WGB:059130000000"));
  EXPECT_EQ(built->find("wgb:059130000001"), nullptr);
  EXPECT_EQ(built->find("no key"), nullptr);
}

TEST(Directory, FindsTheOwnerOfEachListedCertificateOldOrNew) {
  const auto built =
      Directory::make(
          {organisation("wgb:059130000000",
                        {cipher("recipient", {}, at("2001-01-01T00:00:00Z")), cipher("other")}),
           organisation("efa:010000000001", {cipher("sender")})})
          .value();
  const auto* dortmund = built->find("wgb:059130000000");
  EXPECT_EQ(built->owner_of(certificate("recipient_cipher").fingerprint()), dortmund);
  EXPECT_EQ(built->owner_of(certificate("other_cipher").fingerprint()), dortmund);
  EXPECT_EQ(built->owner_of(certificate("sender_cipher").fingerprint())->key, "efa:010000000001");
  EXPECT_EQ(built->owner_of(certificate("intermed_cipher").fingerprint()), nullptr);
  EXPECT_EQ(built->owner_of(""), nullptr);
}

TEST(Directory, ListsOneCertificateForBothUses) {
  auto entry = organisation("wgb:059130000000", {cipher("recipient")});
  entry.certificates.push_back(
      {certificate("recipient_cipher"), CertificateUse::signature, {}, {}});
  const auto built = Directory::make({entry}).value();
  const auto fingerprint = certificate("recipient_cipher").fingerprint();
  EXPECT_EQ(built->listed(fingerprint, CertificateUse::cipher)->use, CertificateUse::cipher);
  EXPECT_EQ(built->listed(fingerprint, CertificateUse::signature)->use, CertificateUse::signature);
  EXPECT_EQ(built->listed(fingerprint)->use, CertificateUse::cipher);
  EXPECT_EQ(built->listed("00", CertificateUse::cipher), nullptr);
  EXPECT_EQ(built->listed("00"), nullptr);
}

TEST(Directory, RefusesTheSameKeyInAnotherSpelling) {
  EXPECT_THAT(refusal({organisation("wgb:059130000000"), organisation("WGB059130000000")}),
              HasSubstr("wgb:059130000000: the key is listed twice"));
}

TEST(Directory, RefusesACertificateOfTwoOrganisationsAndNamesBoth) {
  const auto detail = refusal({organisation("wgb:059130000000", {cipher("recipient")}),
                               organisation("wgb:055540040000", {cipher("recipient")})});
  EXPECT_THAT(detail, HasSubstr("wgb:059130000000"));
  EXPECT_THAT(detail, HasSubstr("wgb:055540040000"));
}

TEST(Directory, RefusesACertificateListedTwiceForOneUse) {
  EXPECT_THAT(
      refusal({organisation("wgb:059130000000", {cipher("recipient"), cipher("recipient")})}),
      HasSubstr("listed twice for the same use"));
}

TEST(Directory, RefusesAMailboxOfTwoOrganisationsButAllowsManySenders) {
  auto first = organisation("wgb:059130000000");
  auto second = organisation("wgb:055540040000");
  first.mailbox = second.mailbox = "shared";
  EXPECT_THAT(refusal({first, second}),
              HasSubstr("mailbox shared already belongs to wgb:059130000000"));
  first.mailbox = second.mailbox = "";
  EXPECT_EQ(refusal({first, second}), "accepted");
}

TEST(Directory, RefusesMailboxIdsThatCouldNotStandInAPath) {
  for (const auto* id : {"..", "a/b", ".hidden", "a b", "-x", "\xc3\xa4", ":"}) {
    auto entry = organisation("wgb:059130000000");
    entry.mailbox = id;
    EXPECT_THAT(refusal({entry}), HasSubstr("mailbox id")) << id;
  }
  EXPECT_FALSE(directory::valid_mailbox(""));
  EXPECT_FALSE(directory::valid_mailbox(std::string(129, 'a')));
  EXPECT_TRUE(directory::valid_mailbox(std::string(128, 'a')));
  EXPECT_TRUE(directory::valid_mailbox("wgb:059130000000"));
  EXPECT_TRUE(directory::valid_mailbox("Dortmund-1.test_2"));
}

TEST(Directory, RefusesWindowsThatEndBeforeTheyBegin) {
  const auto may = at("2026-05-01T00:00:00Z");
  EXPECT_THAT(refusal({organisation("wgb:059130000000", {cipher("recipient", may, may)})}),
              HasSubstr("ends before it begins"));
  auto entry = organisation("wgb:059130000000");
  entry.services = {{"urn:a", "A", may, at("2026-04-30T00:00:00Z")}};
  EXPECT_THAT(refusal({entry}), HasSubstr("service urn:a ends before it begins"));
}

TEST(Directory, RefusesServicesWithoutUriOrListedTwice) {
  auto entry = organisation("wgb:059130000000");
  entry.services = {{"urn:a", "A", {}, {}}, {"urn:a", "B", {}, {}}};
  EXPECT_THAT(refusal({entry}), HasSubstr("service urn:a is listed twice"));
  entry.services = {{"", "A", {}, {}}};
  EXPECT_THAT(refusal({entry}), HasSubstr("no usable URI"));
}

TEST(Directory, RefusesEndpointsThatAreUnusableOrListedTwice) {
  auto one = organisation("wgb:059130000000");
  one.endpoints = {{"https://a.example/", ""}, {"https://b.example/", ""}};
  EXPECT_EQ(refusal({one}), "accepted");
  one.endpoints[1].uri = "https://a.example/";
  EXPECT_THAT(refusal({one}), HasSubstr("endpoint https://a.example/ is listed twice"));
  one.endpoints[1].uri = "gopher://a.example/";
  EXPECT_THAT(refusal({one}), HasSubstr("no usable URI"));
  one.endpoints[1].uri = "https://a.example/" + std::string(2048, 'x');
  EXPECT_THAT(refusal({one}), HasSubstr("no usable URI"));
}

TEST(Directory, RefusesKeysAndNamesThatAreUnusable) {
  EXPECT_THAT(refusal({organisation("dortmund")}), HasSubstr("organisation key"));
  auto entry = organisation("wgb:059130000000");
  entry.name = "line\nbreak";
  EXPECT_THAT(refusal({entry}), HasSubstr("control characters"));
  entry.name = std::string(513, 'x');
  EXPECT_THAT(refusal({entry}), HasSubstr("512"));
}

TEST(ListedCertificate, IsCurrentWithinItsWindowAndItsOwnValidity) {
  const auto own = certificate("recipient_cipher");
  auto entry = cipher("recipient");
  EXPECT_TRUE(entry.current(own.not_before()));
  EXPECT_TRUE(entry.current(own.not_after()));
  EXPECT_FALSE(entry.current(own.not_before() - base::Milliseconds{1}));
  EXPECT_FALSE(entry.current(own.not_after() + base::Milliseconds{1}));

  entry.valid_from = own.not_before() + std::chrono::hours{1};
  entry.valid_until = own.not_before() + std::chrono::hours{2};
  EXPECT_FALSE(entry.current(*entry.valid_from - base::Milliseconds{1}));
  EXPECT_TRUE(entry.current(*entry.valid_from));
  EXPECT_TRUE(entry.current(*entry.valid_until - base::Milliseconds{1}));
  EXPECT_FALSE(entry.current(*entry.valid_until));
}

TEST(ListedCertificate, IsNotProlongedByAWiderWindow) {
  const auto own = certificate("recipient_cipher");
  const auto entry = cipher("recipient", own.not_before() - std::chrono::hours{1},
                            own.not_after() + std::chrono::hours{1});
  EXPECT_FALSE(entry.current(own.not_before() - base::Milliseconds{1}));
  EXPECT_FALSE(entry.current(own.not_after() + base::Milliseconds{1}));
}

TEST(Service, IsCurrentFromItsFirstMomentToTheOneBeforeItsEnd) {
  directory::Service service{"urn:a", "A", {}, {}};
  const auto may = at("2026-05-01T00:00:00Z");
  EXPECT_TRUE(service.current(may));
  service.valid_until = may;
  EXPECT_FALSE(service.current(may));
  EXPECT_TRUE(service.current(may - base::Milliseconds{1}));
  service.valid_until.reset();
  service.valid_from = may;
  EXPECT_TRUE(service.current(may));
  EXPECT_FALSE(service.current(may - base::Milliseconds{1}));
}

TEST(CipherCertificate, IsTheCurrentOneThatBeganLast) {
  const auto start = certificate("recipient_cipher").not_before() + std::chrono::hours{24};
  const auto hour = [&](int h) { return start + std::chrono::hours{h}; };
  const auto entry =
      organisation("wgb:059130000000", {cipher("other", hour(0)), cipher("recipient", hour(10)),
                                        cipher("sender", hour(5), hour(12))});
  const auto chosen = [&](Instant now) -> std::string {
    const auto* found = Directory::cipher_certificate(entry, now);
    return found == nullptr ? "none" : found->certificate.fingerprint();
  };
  EXPECT_EQ(chosen(hour(-1)), "none");
  EXPECT_EQ(chosen(hour(1)), certificate("other_cipher").fingerprint());
  EXPECT_EQ(chosen(hour(5)), certificate("sender_cipher").fingerprint());
  EXPECT_EQ(chosen(hour(10)), certificate("recipient_cipher").fingerprint());
  EXPECT_EQ(chosen(hour(20)), certificate("recipient_cipher").fingerprint());
}

TEST(CipherCertificate, IsNeverASignatureCertificate) {
  auto entry = organisation("wgb:059130000000");
  entry.certificates.push_back({certificate("recipient_sign"), CertificateUse::signature, {}, {}});
  const auto now = certificate("recipient_sign").not_before() + std::chrono::hours{1};
  EXPECT_EQ(Directory::cipher_certificate(entry, now), nullptr);
}

} // namespace
