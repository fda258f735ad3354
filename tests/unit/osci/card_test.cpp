// Process cards on the wire, both ways: online results and cryptographic time stamps.
#include "base/encoding.h"
#include "crypto/timestamp.h"
#include "osci/compose.h"
#include "osci/stamps.h"
#include "statements.h"
#include "xml/document.h"
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

namespace {

using std::chrono::hours;

const auto kAt = pki::start() + hours{24} + std::chrono::milliseconds{250};

std::string token(base::Instant at, const std::string& data) {
  const auto key = pki::rsa(2048);
  static const auto tsa =
      pki::certificate({.subject = "TSA",
                        .issuer = "TSA",
                        .key_usage = "digitalSignature",
                        .extensions = {{NID_ext_key_usage, "critical,timeStamping"}}},
                       key, key);
  pki::SeededRandom random{5};
  const auto request = crypto::make_timestamp_request(data, "", random).value();
  return pki::token_of(pki::timestamp_response({.at = at}, request, tsa, key));
}

mailbox::ProcessCard card() {
  mailbox::ProcessCard out;
  out.message_id = "id";
  out.creation = out.modification = kAt;
  return out;
}

std::string written(const mailbox::ProcessCard& one) {
  const auto& context = seal::Context::standard();
  return context.declared_on(osci::bundle(context, "ProcessCardBundle", one, osci::Stamps::all));
}

base::Result<mailbox::ProcessCard> read(const std::string& text) {
  const auto document = xml::Document::parse(text, {});
  EXPECT_TRUE(document) << text;
  return osci::read_bundle(document->root(), base::ErrorCode::malformed_message);
}

TEST(Card, OnlineResultsAreWrittenAndRead) {
  auto one = card();
  mailbox::Inspection inspection;
  inspection.at = kAt;
  inspection.serial = "1";
  inspection.math = mailbox::MathResult::ok;
  inspection.offline = mailbox::OfflineResult::valid;
  one.inspections.push_back(inspection);
  inspection.online = mailbox::OnlineResult{false, std::string("\x30\x03\x00", 3), std::nullopt};
  one.inspections.push_back(inspection);
  inspection.online = mailbox::OnlineResult{true, "", kAt};
  one.inspections.push_back(inspection);
  const auto text = written(one);
  EXPECT_NE(
      text.find("<osci:OfflineResult Result=\"valid\"></osci:OfflineResult><osci:OnlineResult "
                "Result=\"ok\"><osci:OCSP>MAMA</osci:OCSP></osci:OnlineResult>"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("<osci:OnlineResult Result=\"revoked\"><osci:CRL>" +
                      base::format_datetime(kAt) + "</osci:CRL></osci:OnlineResult>"),
            std::string::npos);
  const auto back = read(text);
  ASSERT_TRUE(back) << back.error().detail;
  ASSERT_EQ(back->inspections.size(), 3u);
  EXPECT_FALSE(back->inspections[0].online);
  EXPECT_FALSE(back->inspections[1].online->revoked);
  EXPECT_EQ(back->inspections[1].online->ocsp, std::string("\x30\x03\x00", 3));
  EXPECT_TRUE(back->inspections[2].online->revoked);
  EXPECT_EQ(back->inspections[2].online->crl, kAt);
  // The schema's spelling is read too (wire reference 16 no. 2).
  auto misspelt = text;
  for (auto at = misspelt.find("osci:OCSP"); at != std::string::npos;
       at = misspelt.find("osci:OCSP"))
    misspelt.replace(at, 9, "osci:OSCP");
  EXPECT_EQ(read(misspelt)->inspections[1].online->ocsp, std::string("\x30\x03\x00", 3));
}

TEST(Card, BrokenOnlineResultsAreRefused) {
  auto one = card();
  mailbox::Inspection inspection;
  inspection.online = mailbox::OnlineResult{false, "abc", kAt};
  one.inspections.push_back(inspection);
  const auto text = written(one);
  const auto broken = [&](const std::string& from, const std::string& to) {
    auto other = text;
    other.replace(other.find(from), from.size(), to);
    return read(other);
  };
  EXPECT_FALSE(broken("Result=\"ok\"", "Result=\"OK\""));
  EXPECT_FALSE(broken("YWJj", "Y*Jj"));
  EXPECT_FALSE(broken("<osci:CRL>2026", "<osci:CRL>26"));
}

TEST(Card, ATokenStandsInPlaceOfThePlainTimeAndIsKept) {
  auto one = card();
  one.creation_token = token(kAt, "data");
  one.reception = kAt + hours{2};
  one.reception_token = token(*one.reception, "other");
  one.forwarding = kAt + hours{1};
  const auto text = written(one);
  EXPECT_NE(text.find("<osci:Creation><osci:Cryptographic Algorithm=\"urn:ietf:rfc:3161\">"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("<osci:Forwarding><osci:Plain>"), std::string::npos);
  EXPECT_EQ(text.find("<osci:Creation><osci:Plain>"), std::string::npos);
  const auto back = read(text);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->creation, kAt);
  EXPECT_EQ(back->creation_token, one.creation_token);
  EXPECT_EQ(back->reception, kAt + hours{2});
  EXPECT_EQ(back->reception_token, one.reception_token);
}

TEST(Card, AStampThatIsNoTokenIsRefused) {
  auto one = card();
  one.creation_token = "no token";
  EXPECT_FALSE(read(written(one)));
}

TEST(Stamps, TheImprintCoversTheWholeDelivery) {
  using mailbox::PartKind;
  std::vector<mailbox::Part> parts = {{PartKind::content, "", "", "", "abc"},
                                      {PartKind::certificates, "", "", "", "x"},
                                      {PartKind::attachment, "a", "", "", ""}};
  EXPECT_EQ(osci::creation_stamp_data("id", parts),
            "OSCI 1.2 Creation\nid\n"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
  // The same where the octets are not in memory.
  auto outside = parts;
  outside[0].range = {std::make_shared<base::MemoryOctets>("-abc-"), 1, 3};
  outside[0].bytes.clear();
  EXPECT_EQ(osci::creation_stamp_data("id", outside), osci::creation_stamp_data("id", parts));
  EXPECT_EQ(osci::reception_stamp_data("id"), "OSCI 1.2 Reception\nid\n");
}

} // namespace
