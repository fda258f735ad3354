// OCSP responses and revocation lists: what counts as a statement, and what does not.
#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "statements.h"
#include <gtest/gtest.h>
#include <openssl/ocsp.h>

namespace {

using crypto::CertificateStatus;
using crypto::Crl;
using std::chrono::hours;

const base::Instant kNow = pki::start() + hours{30};

struct Revocation : testing::Test {
  pki::Key ca_key = pki::ec("P-256", 1), leaf_key = pki::ec("P-256", 2),
           other_key = pki::ec("P-256", 3), responder_key = pki::ec("P-256", 4);
  crypto::Certificate ca = pki::root("CA", ca_key);
  crypto::Certificate other_ca = pki::root("Other CA", other_key);
  crypto::Certificate leaf = pki::certificate(
      {.subject = "leaf",
       .issuer = "CA",
       .extensions = {{NID_info_access, "OCSP;URI:http://ocsp.example/a"},
                      {NID_crl_distribution_points, "URI:http://crl.example/ca.crl"}},
       .serial = "4242"},
      leaf_key, ca_key);
  crypto::StatusWindow window{kNow};
  pki::SeededRandom random{7};

  crypto::Certificate responder(const std::string& usage, const std::string& issuer,
                                const pki::Key& issuer_key, int to_day = 365) {
    pki::Spec spec{.subject = "responder", .issuer = issuer, .key_usage = "digitalSignature"};
    if (!usage.empty()) spec.extensions.push_back({NID_ext_key_usage, usage});
    spec.to_day = to_day;
    return pki::certificate(spec, responder_key, issuer_key);
  }
  std::string rule(const base::Result<crypto::StatusStatement>& read) {
    return read ? "accepted" : read.error().detail;
  }
  std::string read(const std::string& response, std::string_view nonce = {}) {
    return rule(crypto::read_ocsp_response(response, leaf, ca, nonce, window));
  }
};

TEST_F(Revocation, AddressesAreReadFromTheCertificate) {
  EXPECT_EQ(crypto::ocsp_urls(leaf), std::vector<std::string>{"http://ocsp.example/a"});
  EXPECT_EQ(crypto::crl_urls(leaf), std::vector<std::string>{"http://crl.example/ca.crl"});
  const auto odd = pki::certificate(
      {.extensions = {{NID_info_access, "OCSP;URI:ldap://a.example,OCSP;URI:file:///etc/passwd,"
                                        "OCSP;URI:HTTPS://b.example,caIssuers;URI:http://c.example,"
                                        "OCSP;URI:http://1.example,OCSP;URI:http://2.example,"
                                        "OCSP;URI:http://3.example,OCSP;URI:http://4.example"}}},
      leaf_key, ca_key);
  EXPECT_EQ(crypto::ocsp_urls(odd),
            (std::vector<std::string>{"HTTPS://b.example", "http://1.example", "http://2.example",
                                      "http://3.example"}));
  EXPECT_TRUE(crypto::crl_urls(odd).empty());
  EXPECT_TRUE(crypto::ocsp_urls(ca).empty());
}

TEST_F(Revocation, GoodRevokedAndUnknownAreTold) {
  const auto request = crypto::make_ocsp_request(leaf, ca, random).value();
  pki::OcspSpec spec{.request = request.der};
  auto good = crypto::read_ocsp_response(pki::ocsp_response(spec, leaf, ca, ca, ca_key), leaf, ca,
                                         request.nonce, window);
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_EQ(good->status, CertificateStatus::good);
  EXPECT_EQ(good->this_update, pki::start() + hours{24});
  EXPECT_EQ(good->next_update, pki::start() + hours{48});
  spec.status = CertificateStatus::revoked;
  const auto revoked = crypto::read_ocsp_response(pki::ocsp_response(spec, leaf, ca, ca, ca_key),
                                                  leaf, ca, request.nonce, window);
  ASSERT_TRUE(revoked) << revoked.error().detail;
  EXPECT_EQ(revoked->status, CertificateStatus::revoked);
  EXPECT_EQ(revoked->revoked_at, pki::start() + hours{12});
  spec.status = CertificateStatus::unknown;
  spec.by_key = true;
  spec.next_update.reset();
  const auto unknown = crypto::read_ocsp_response(pki::ocsp_response(spec, leaf, ca, ca, ca_key),
                                                  leaf, ca, request.nonce, window);
  ASSERT_TRUE(unknown) << unknown.error().detail;
  EXPECT_EQ(unknown->status, CertificateStatus::unknown);
  EXPECT_FALSE(unknown->next_update);
}

TEST_F(Revocation, OnlyTheIssuerOrItsResponderSpeaks) {
  pki::OcspSpec spec;
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, other_ca, other_key)),
            "OCSP response: signature is not by the issuer or its responder");
  // Named like the issuer, signed with another key.
  const auto impostor = pki::root("CA", other_key);
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, impostor, other_key)),
            "OCSP response: signature is not by the issuer or its responder");
  spec.certificates = {impostor};
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, impostor, other_key)),
            "OCSP response: responder's certificate is not by the issuer");

  const auto delegate = responder("OCSPSigning", "CA", ca_key);
  spec.certificates = {delegate};
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, delegate, responder_key)), "accepted");
  spec.by_key = true;
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, delegate, responder_key)), "accepted");
  spec.by_key = false;
  const auto namesake =
      pki::certificate({.subject = "responder", .issuer = "CA"}, other_key, ca_key);
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, namesake, other_key)),
            "OCSP response: signature is not by the issuer or its responder");
  for (const char* usage : {"", "serverAuth", "timeStamping"}) {
    const auto unfit = responder(usage, "CA", ca_key);
    spec.certificates = {unfit};
    EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, unfit, responder_key)),
              "OCSP response: responder's certificate does not allow OCSP signatures");
  }
  // Another customer of the same CA, another CA, an old responder.
  spec.certificates = {leaf};
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, leaf, leaf_key)),
            "OCSP response: responder's certificate does not allow OCSP signatures");
  const auto foreign = responder("OCSPSigning", "Other CA", other_key);
  spec.certificates = {foreign};
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, foreign, responder_key)),
            "OCSP response: responder's certificate is not by the issuer");
  const auto expired = responder("OCSPSigning", "CA", ca_key, 1);
  spec.certificates = {expired};
  EXPECT_EQ(read(pki::ocsp_response(spec, leaf, ca, expired, responder_key)),
            "OCSP response: responder's certificate is outside its validity");
  EXPECT_EQ(read(pki::ocsp_response({.digest = "SHA1"}, leaf, ca, ca, ca_key)),
            "OCSP response: signature is not by the issuer or its responder");
}

TEST_F(Revocation, OcspMustBeAboutThisCertificateNow) {
  const auto sibling =
      pki::certificate({.subject = "leaf", .issuer = "CA", .serial = "4243"}, leaf_key, ca_key);
  EXPECT_EQ(read(pki::ocsp_response({}, sibling, ca, ca, ca_key)),
            "OCSP response: about another certificate");
  EXPECT_EQ(read(pki::ocsp_response({.say_it_twice = true}, leaf, ca, ca, ca_key)),
            "OCSP response: two statements about one certificate");
  EXPECT_EQ(read(pki::ocsp_response({.this_update = kNow + hours{1}, .next_update = {}}, leaf, ca,
                                    ca, ca_key)),
            "OCSP response: thisUpdate lies in the future");
  const pki::OcspSpec stale{.this_update = kNow - hours{3}, .next_update = kNow - hours{1}};
  EXPECT_EQ(read(pki::ocsp_response(stale, leaf, ca, ca, ca_key)),
            "OCSP response: nextUpdate has passed");
  window.grace = hours{2};
  EXPECT_EQ(read(pki::ocsp_response(stale, leaf, ca, ca, ca_key)), "accepted");
  EXPECT_EQ(read(pki::ocsp_error(OCSP_RESPONSE_STATUS_TRYLATER)),
            "OCSP response: the responder declines");
}

TEST_F(Revocation, NonceOfAnotherRequestIsRefusedAMissingOneIsNot) {
  const auto request = crypto::make_ocsp_request(leaf, ca, random).value();
  EXPECT_EQ(read(pki::ocsp_response({.wrong_nonce = true}, leaf, ca, ca, ca_key), request.nonce),
            "OCSP response: nonce of another request");
  EXPECT_EQ(read(pki::ocsp_response({}, leaf, ca, ca, ca_key), request.nonce), "accepted");
  EXPECT_NE(request.der, crypto::make_ocsp_request(leaf, ca, random).value().der);
}

TEST_F(Revocation, DamagedOcspIsRefused) {
  const auto whole = pki::ocsp_response({}, leaf, ca, ca, ca_key);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    EXPECT_NE(read(whole.substr(0, size)), "accepted") << size;
  EXPECT_EQ(read(whole + '\0'), "OCSP response: not in DER");
  EXPECT_EQ(read(std::string(crypto::kMaxOcspResponse + 1, '0')),
            "OCSP response: larger than 64 KiB");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto one = crypto::read_ocsp_response(damaged, leaf, ca, {}, window);
    // What the signature does not cover says nothing: the frame's optional parts.
    if (one) {
      EXPECT_EQ(one->status, CertificateStatus::good) << at;
      EXPECT_EQ(one->next_update, pki::start() + hours{48}) << at;
    }
  }
}

TEST_F(Revocation, ListTellsWhoIsRevoked) {
  const auto empty = Crl::from_der(pki::crl({}, ca, ca_key), ca);
  ASSERT_TRUE(empty) << empty.error().detail;
  EXPECT_EQ(empty->status_of(leaf, window)->status, CertificateStatus::good);
  EXPECT_EQ(empty->this_update(), pki::start() + hours{24});
  const auto list = Crl::from_der(pki::crl({.revoked = {"17", "4242", "5000"}}, ca, ca_key), ca);
  ASSERT_TRUE(list) << list.error().detail;
  const auto revoked = list->status_of(leaf, window);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->status, CertificateStatus::revoked);
  EXPECT_EQ(revoked->revoked_at, pki::start() + hours{12});
}

TEST_F(Revocation, ListMustBeTheIssuersAndWhole) {
  const auto rule_of = [](const base::Result<Crl>& read) {
    return read ? std::string("accepted") : read.error().detail;
  };
  EXPECT_EQ(rule_of(Crl::from_der(pki::crl({}, other_ca, other_key), ca)),
            "CRL: by another issuer");
  EXPECT_EQ(rule_of(Crl::from_der(pki::crl({}, pki::root("CA", other_key), other_key), ca)),
            "CRL: signature is not by the issuer");
  EXPECT_EQ(rule_of(Crl::from_der(pki::crl({.digest = "SHA1"}, ca, ca_key), ca)),
            "CRL: signature is not by the issuer");
  const auto no_lists = pki::certificate(
      {.subject = "CA", .issuer = "CA", .ca = true, .key_usage = "keyCertSign"}, ca_key, ca_key);
  EXPECT_EQ(rule_of(Crl::from_der(pki::crl({}, no_lists, ca_key), no_lists)),
            "CRL: signature is not by the issuer");
  EXPECT_EQ(
      rule_of(Crl::from_der(
          pki::crl({.extensions = {{NID_delta_crl, "critical,DER:02:01:05"}}}, ca, ca_key), ca)),
      "CRL: a delta list is not the whole list");
  EXPECT_EQ(
      rule_of(Crl::from_der(
          pki::crl({.extensions = {{NID_invalidity_date, "critical,DER:05:00"}}}, ca, ca_key), ca)),
      "CRL: critical extension");
  EXPECT_EQ(rule_of(Crl::from_der(std::string(crypto::kMaxCrl + 1, '0'), ca)),
            "CRL: larger than 8 MiB");
  const auto whole = pki::crl({.revoked = {"4242"}}, ca, ca_key);
  for (std::size_t size = 0; size < whole.size(); size += 5)
    EXPECT_FALSE(Crl::from_der(std::string_view(whole).substr(0, size), ca)) << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto read = Crl::from_der(damaged, ca);
    if (read) {
      EXPECT_EQ(read->status_of(leaf, window)->status, CertificateStatus::revoked) << at;
    }
  }
}

TEST_F(Revocation, ListSpeaksOnlyForItsPointAndTime) {
  const auto point = [&](const std::string& value) {
    return Crl::from_der(
        pki::crl({.extensions = {{NID_issuing_distribution_point, "critical," + value}}}, ca,
                 ca_key),
        ca);
  };
  const auto status = [&](const base::Result<Crl>& list) {
    return list ? rule(list->status_of(leaf, window)) : list.error().detail;
  };
  EXPECT_EQ(status(point("fullname:URI:http://crl.example/ca.crl")), "accepted");
  EXPECT_EQ(status(point("fullname:URI:http://crl.example/part2.crl")),
            "CRL: for another distribution point");
  EXPECT_EQ(status(point("onlyuser:TRUE")), "accepted");
  EXPECT_EQ(status(point("onlyCA:TRUE")), "CRL: does not speak for this kind of certificate");
  EXPECT_EQ(status(point("indirectCRL:TRUE")), "CRL: not a complete list of its issuer");
  EXPECT_EQ(status(point("onlysomereasons:keyCompromise")),
            "CRL: not a complete list of its issuer");
  EXPECT_EQ(status(Crl::from_der(pki::crl({.next_update = kNow - hours{1}}, ca, ca_key), ca)),
            "CRL: nextUpdate has passed");
  EXPECT_EQ(status(Crl::from_der(pki::crl({.this_update = kNow + hours{1}}, ca, ca_key), ca)),
            "CRL: thisUpdate lies in the future");
  const auto foreign =
      pki::certificate({.subject = "x", .issuer = "Other CA"}, leaf_key, other_key);
  EXPECT_EQ(rule(Crl::from_der(pki::crl({}, ca, ca_key), ca)->status_of(foreign, window)),
            "CRL: by another issuer");
}

} // namespace
