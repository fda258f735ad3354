// `dataclearingctl certificate check`: what municipalities hand in, by mistake too.
#include "../crypto/statements.h"
#include "../directory/readiness_world.h"
#include "base/encoding.h"
#include "cli/ctl/certificate.h"
#include "cli/ctl/handed_in.h"
#include "temporary_folder.h"
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

namespace {

using namespace cli::ctl;
using directory::CheckOutcome;
using F = directory::ReadinessFinding;
using testing::HasSubstr;

std::string der_of(const pki::Key& key, int (*write)(const EVP_PKEY*, unsigned char**)) {
  unsigned char* bytes = nullptr;
  const int size = write(key.get(), &bytes);
  std::string out(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

std::string encrypted_pkcs8(const pki::Key& key) {
  BIO* bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(i2d_PKCS8PrivateKey_bio(bio, key.get(), EVP_aes_256_cbc(), "pin", 3, nullptr, nullptr),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::string pkcs8(const pki::Key& key) {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key.get());
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &bytes);
  std::string out(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  PKCS8_PRIV_KEY_INFO_free(info);
  return out;
}

class CertificateCheck : public testing::Test {
 protected:
  CertificateCheck() : root(pki::root("root", issuer_key())) {
    folder.write("root.pem", pki::certificate_pem(root));
  }
  static pki::Key issuer_key() { return pki::rsa(2048, 9); }
  static crypto::Certificate issued(unsigned bits = 3072) {
    return pki::certificate(world::cipher_spec(), pki::rsa(bits), issuer_key());
  }
  CheckedFile check(const std::string& bytes, RuleOptions options = {},
                    const directory::Directory* directory = nullptr) {
    if (options.anchors.empty()) options.anchors = {folder / "root.pem"};
    auto rules = Rules::read(options, world::now());
    EXPECT_TRUE(rules) << rules.error().detail;
    return check_file("handed-in", bytes, *rules, directory);
  }
  RuleOptions with_list(std::vector<std::string> revoked) {
    pki::CrlSpec spec;
    spec.this_update = world::ago(1);
    spec.next_update = world::ahead(6);
    spec.revoked = std::move(revoked);
    RuleOptions out;
    out.crls = {folder.write("list.crl", pki::crl(spec, root, issuer_key()))};
    return out;
  }

  crypto::Certificate root;
  test::TemporaryFolder folder;
};

TEST_F(CertificateCheck, RefusesPrivateKeysInEveryForm) {
  const auto rsa = pki::rsa(2048), ec = pki::ec("P-256");
  const auto certificate = issued(2048);
  const auto p12 = pki::pkcs12(rsa, &certificate, "pin", NID_aes_256_cbc, NID_aes_256_cbc);
  const auto line = base::base64_encode_line(pkcs8(rsa));
  for (const auto& [what, bytes, kind] :
       std::vector<std::tuple<const char*, std::string, HandedIn>>{
           {"PEM", pki::private_pem(rsa), HandedIn::private_key},
           {"encrypted PEM", pki::private_pem(rsa, "pin"), HandedIn::private_key},
           {"certificate, then key", pki::certificate_pem(certificate) + pki::private_pem(rsa),
            HandedIn::private_key},
           {"PKCS#1", der_of(rsa, i2d_PrivateKey), HandedIn::private_key},
           {"SEC 1", der_of(ec, i2d_PrivateKey), HandedIn::private_key},
           {"PKCS#8", pkcs8(rsa), HandedIn::private_key},
           {"PKCS#8 of EC", pkcs8(ec), HandedIn::private_key},
           {"encrypted PKCS#8", encrypted_pkcs8(rsa), HandedIn::private_key},
           {"PKCS#8 in bare base64", line, HandedIn::private_key},
           {"PKCS#8 under a wrong heading",
            "-----BEGIN CERTIFICATE-----\n" + line + "\n-----END CERTIFICATE-----\n",
            HandedIn::private_key},
           {"PKCS#12", p12, HandedIn::key_store},
           {"PKCS#12 in base64", base::base64_encode(p12), HandedIn::key_store},
           {"Java key store", std::string("\xfe\xed\xfe\xed\0\0\0\2", 8), HandedIn::key_store}}) {
    SCOPED_TRACE(what);
    EXPECT_EQ(kind_of_file(bytes), kind);
    const auto checked = check(bytes);
    EXPECT_FALSE(checked.certificate);
    ASSERT_EQ(checked.remarks.size(), 1u);
    EXPECT_EQ(checked.remarks[0].outcome, CheckOutcome::fail);
    EXPECT_THAT(checked.remarks[0].reason, HasSubstr("sperren lassen"));
  }
}

TEST_F(CertificateCheck, TakesCertificatesForCertificates) {
  const auto certificate = issued();
  for (const auto& bytes : {certificate.der(), pki::certificate_pem(certificate),
                            "Bag Attributes\n" + pki::certificate_pem(certificate)})
    EXPECT_EQ(kind_of_file(bytes), HandedIn::no_private_key);
  for (const char* bytes :
       {"", "0", "\x30", "\x30\x82", "\x30\x80\x31", "-----BEGIN ", "-----BEGIN A-----\n"})
    EXPECT_EQ(check(bytes).remarks.front().finding, F::handed_in_unreadable) << bytes;
}

TEST_F(CertificateCheck, AsksListsOfEachIssuer) {
  const auto bytes = issued().der();
  EXPECT_EQ(check(bytes).remarks.front().finding, F::certificate_revocation_unknown);
  EXPECT_EQ(check(bytes, with_list({})).remarks.front().finding, F::certificate_ok);
  EXPECT_EQ(check(bytes, with_list({"4711"})).remarks.front().finding, F::certificate_revoked);
  // A list of somebody else says nothing.
  pki::CrlSpec spec;
  spec.this_update = world::ago(1);
  spec.next_update = world::ahead(6);
  const auto stranger = pki::root("stranger", pki::rsa(2048, 8));
  RuleOptions options;
  options.crls = {folder.write("other.crl", pki::crl(spec, stranger, pki::rsa(2048, 8)))};
  EXPECT_EQ(check(bytes, options).remarks.front().finding, F::certificate_revocation_unknown);
  // Neither does one that has run out.
  spec.next_update = world::ago(0) - std::chrono::hours{1};
  options.crls = {folder.write("old.crl", pki::crl(spec, root, issuer_key()))};
  EXPECT_EQ(check(bytes, options).remarks.front().finding, F::certificate_revocation_unknown);
}

TEST_F(CertificateCheck, TakesIssuersFromTheFile) {
  pki::Spec sub;
  sub.subject = "sub";
  sub.ca = true;
  sub.to_day = 1000;
  const auto between = pki::certificate(sub, pki::rsa(2048, 7), issuer_key());
  auto spec = world::cipher_spec();
  spec.issuer = "sub";
  const auto leaf = pki::certificate(spec, pki::rsa(3072), pki::rsa(2048, 7));
  EXPECT_EQ(check(leaf.der()).remarks.front().finding, F::certificate_chain_wrong);
  EXPECT_EQ(
      check(pki::certificate_pem(leaf) + pki::certificate_pem(between)).remarks.front().finding,
      F::certificate_revocation_unknown);
}

TEST_F(CertificateCheck, KnowsAgreedExceptions) {
  const auto certificate = issued(2048);
  auto options = with_list({});
  EXPECT_EQ(check(certificate.der(), options).remarks.front().finding, F::certificate_key_short);
  options.key_exceptions = {certificate.fingerprint() + ",2026-12-31,Az. 17"};
  const auto checked = check(certificate.der(), options);
  EXPECT_EQ(checked.remarks.front().finding, F::certificate_key_exception);
  EXPECT_THAT(checked.remarks.front().reason, HasSubstr("31.12.2026 vereinbart (Az. 17)"));
  for (const char* wrong : {"", "00,2026-12-31,x", "a,b,c"}) {
    options.key_exceptions = {wrong};
    EXPECT_FALSE(Rules::read(options, world::now())) << wrong;
  }
}

TEST_F(CertificateCheck, ComparesWithTheDirectory) {
  world::World w;
  const auto directory = directory::Directory::make(w.organisations).value();
  const auto listed =
      check(w.organisations[0].certificates[0].certificate.der(), with_list({}), directory.get());
  EXPECT_EQ(listed.remarks.back().finding, F::handed_in_listed);
  EXPECT_THAT(listed.remarks.back().reason, HasSubstr("wgb:059130000000 (Verschlüsselung)"));
  EXPECT_EQ(check(issued(2048).der(), with_list({}), directory.get()).remarks.back().finding,
            F::handed_in_not_listed);
}

TEST_F(CertificateCheck, TellsProgramsTheSame) {
  const auto value = boost::json::parse(
      checked_json({check(issued().der()), check(pki::private_pem(pki::rsa(2048)))}, world::now()));
  const auto& files = value.at("files").as_array();
  EXPECT_EQ(files[0].at("outcome").as_string(), "unknown");
  EXPECT_EQ(files[0].at("certificate").at("key").as_string(), "RSA 3072");
  EXPECT_EQ(files[1].at("outcome").as_string(), "fail");
  EXPECT_TRUE(files[1].at("certificate").is_null());
  EXPECT_EQ(files[1].at("remarks").at(0).at("finding").as_string(), "handed_in_private_key");
}

} // namespace
