#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/key_transport.h"
#include "crypto/signature.h"
#include "seal/content.h"
#include "seal/names.h"
#include "support/keys.h"
#include "xml/writer.h"
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>

namespace {

namespace ns = seal::ns;
using base::ErrorCode;

const std::string kAntrag = "af4e7a9009f8a8f830b369b637c437d014eb286b8732f0e1462c0636f57bdb6e";
const std::string kAnlage1 = "8c9fa929d3bd2429fdd7e389f21346809d366fe08947980dc09bb6819baefd41";
const std::string kAnlage2 = "21e33ec143735f71e7d682f5c7ee68a3c2bfc4a92a1bede3d3be2ba08b6a8dfb";
const std::string kSecond = "8906413e4d4b933c534b3fa9e5b79071f76849550f5f4fc1383dbc49000d77bb";
const std::string kThird = "83652d291e8935629d647a7f5702f9f348336e9e89299043b1e27f1ba4d900d5";
const std::string kLetter = "7c58af481489f7fed4906f3f6203c84e155419a85e04135a79f248b6da6fc4e3";

// The captured traffic; DC_CAPTURES names a folder with more of it.
std::string captures() {
  const char* other = std::getenv("DC_CAPTURES");
  return other ? other : std::string(DC_SOURCE_DIR) + "/tests/captures";
}

std::vector<seal::NamedCertificate> certificates_of(const seal::Verified& message) {
  std::vector<seal::NamedCertificate> out;
  const auto* block = message.block(ns::osci, "NonIntermediaryCertificates");
  if (!block) return out;
  for (const auto& entry : block->element.children()) {
    const auto der = base::base64_decode(entry.children().at(0).children().at(0).text().value());
    out.push_back({std::string(entry.name()), entry.attribute("Id").value(),
                   crypto::Certificate::from_der(der.value()).value()});
  }
  return out;
}

// Short names of the crypto keys that take part.
crypto::KeyPair author() {
  return support::key("sender_sign");
}
crypto::KeyPair reader() {
  return support::key("recipient_cipher");
}
crypto::KeyPair stranger() {
  return support::key("other_cipher");
}

const char* const kAuthorId = "originator_signature_1";
const char* const kReaderId = "reader0_cipher_1";
const char* const kStrangerId = "reader1_cipher_1";

std::vector<seal::NamedCertificate> parties() {
  return {{"CipherCertificateOtherReader", kReaderId, reader().certificate},
          {"CipherCertificateOtherReader", kStrangerId, stranger().certificate},
          {"SignatureCertificateOriginator", kAuthorId, author().certificate}};
}

seal::SignWith as_author() {
  return {author(), kAuthorId};
}

seal::EncryptContent for_reader() {
  seal::EncryptContent out;
  out.readers = {{"CipherCertificateOtherReader", kReaderId, reader().certificate}};
  return out;
}

// Opens the inside of a Body as it would stand in a message.
base::Result<seal::OpenedContent> open(const std::string& body,
                                       const std::vector<seal::Attachment>& attachments = {},
                                       const std::vector<crypto::KeyPair>& keys = {reader()},
                                       const seal::ContentOptions& options = {}) {
  base::SystemRandom random;
  const std::string text =
      "<soap:Body" + seal::Context::standard().declarations() + ">" + body + "</soap:Body>";
  const auto document = xml::Document::parse(text, options.xml);
  if (!document) return document.error();
  return seal::open_content(document->root().children().at(0), parties(), attachments, keys,
                            options, random);
}

seal::SealedContent sealed(const seal::ContentDraft& draft,
                           const std::optional<seal::SignWith>& sign,
                           const std::optional<seal::EncryptContent>& encrypt) {
  base::SystemRandom random;
  return seal::seal_content(draft, sign, encrypt, random).value();
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::string cut(std::string text, const std::string& from, const std::string& to) {
  const auto begin = text.find(from);
  const auto end = text.find(to, begin);
  EXPECT_NE(end, std::string::npos);
  return text.erase(begin, end + to.size() - begin);
}

ErrorCode code_of(const base::Result<seal::OpenedContent>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

// One reference of a hand-made signature.
struct Made {
  std::string uri;
  std::string transform; // empty: none
  std::string bytes;
};

std::string signature_over(const std::vector<Made>& references, const std::string& object = {},
                           const std::string& certificate_id = kAuthorId) {
  std::string info = "<ds:CanonicalizationMethod Algorithm=\"" + std::string(ns::c14n) +
                     "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"" +
                     std::string(crypto::signature_uri(crypto::SignatureAlgorithm::rsa_sha256)) +
                     "\"></ds:SignatureMethod>";
  for (const auto& one : references) {
    info += "<ds:Reference URI=\"" + one.uri + "\">";
    if (!one.transform.empty())
      info += "<ds:Transforms><ds:Transform Algorithm=\"" + one.transform +
              "\"></ds:Transform></ds:Transforms>";
    info += "<ds:DigestMethod Algorithm=\"" +
            std::string(crypto::digest_uri(crypto::DigestAlgorithm::sha256)) +
            "\"></ds:DigestMethod><ds:DigestValue>" +
            base::base64_encode_line(crypto::digest(crypto::DigestAlgorithm::sha256, one.bytes)) +
            "</ds:DigestValue></ds:Reference>";
  }
  const auto value = crypto::sign(author().key, crypto::SignatureAlgorithm::rsa_sha256,
                                  "<ds:SignedInfo" + seal::Context::standard().declarations() +
                                      ">" + info + "</ds:SignedInfo>")
                         .value();
  return "<ds:Signature><ds:SignedInfo>" + info + "</ds:SignedInfo><ds:SignatureValue>" +
         base::base64_encode(value) +
         "</ds:SignatureValue><ds:KeyInfo><ds:RetrievalMethod URI=\"#" + certificate_id +
         "\"></ds:RetrievalMethod></ds:KeyInfo>" + object + "</ds:Signature>";
}

std::string data(const std::string& id, const std::string& bytes) {
  return "<osci:Content><osci:Base64Content Id=\"" + id + "\">" + base::base64_encode(bytes) +
         "</osci:Base64Content></osci:Content>";
}

std::string container(const std::string& id, const std::string& inside) {
  return "<osci:ContentContainer Id=\"" + id + "\">" + inside + "</osci:ContentContainer>";
}

std::string package(const std::string& inside) {
  return "<osci:ContentPackage>" + inside + "</osci:ContentPackage>";
}

// Canonical text of the element with this Id, as a verifier sees it.
std::string canonical(const std::string& fragment, const std::string& id) {
  const auto document = xml::Document::parse(
      "<soap:Body" + seal::Context::standard().declarations() + ">" + fragment + "</soap:Body>",
      {});
  return document.value().ids().find(id)->second.canonical();
}

std::string inside_of_package(const seal::SealedContent& content) {
  const std::string open_tag = "<osci:ContentPackage>", close_tag = "</osci:ContentPackage>";
  return content.body.substr(open_tag.size(),
                             content.body.size() - open_tag.size() - close_tag.size());
}

// --- captured deliveries ---

class CapturedContent : public testing::TestWithParam<const char*> {};

TEST_P(CapturedContent, OpensToThePayloadThatWasSentWithAValidSignature) {
  const std::string variant = GetParam();
  int opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(captures() + "/" + variant)) {
    const std::string name = entry.path().filename().string();
    const bool answer = name.find("_ResponseToFetchDelivery.") != std::string::npos;
    const bool request = name.find("_StoreDelivery.") != std::string::npos;
    if ((!answer && !request) || !name.ends_with(".bin")) continue;
    SCOPED_TRACE(variant + "/" + name);
    base::SystemRandom random;
    seal::OpenOptions options;
    options.direction = answer ? seal::Direction::answer : seal::Direction::request;
    options.allow_cbc = options.allow_rsa15 = variant.starts_with("e");
    const auto message =
        seal::open(support::read_file(entry.path().string()), "",
                   {answer ? reader() : support::key("intermed_cipher")}, options, random);
    ASSERT_TRUE(message) << message.error().detail;
    const auto verified = message->verified(false);
    ASSERT_TRUE(verified) << verified.error().detail;
    const auto body = verified->body().element.children();
    if (body.empty() || body[0].children().empty()) continue; // 9803: nothing there
    seal::ContentOptions content_options;
    content_options.allow_cbc = content_options.allow_rsa15 = options.allow_cbc;
    const auto content =
        seal::open_content(body[0], certificates_of(*verified), verified->attachments(),
                           {stranger(), reader()}, content_options, random);
    ASSERT_TRUE(content) << base::to_string(content.error().code) << " " << content.error().detail;
    ++opened;
    EXPECT_EQ(content->foreign_containers, 0u);
    EXPECT_TRUE(content->unclaimed_attachments.empty());
    std::multiset<std::string> hashes;
    for (const auto& item : content->items) {
      hashes.insert(crypto::sha256_hex(item.bytes));
      EXPECT_EQ(item.signature, seal::SignatureState::valid);
      ASSERT_EQ(item.signers.size(), 1u);
      EXPECT_EQ(item.signers[0].fingerprint(), author().certificate.fingerprint());
      if (item.kind == seal::ContentItem::Kind::attachment) {
        EXPECT_EQ(crypto::sha256_hex(item.bytes),
                  item.name == "anlage-1.pdf" ? kAnlage1 : kAnlage2);
      }
      const bool open_container =
          crypto::sha256_hex(item.bytes) == kLetter ||
          (variant == "g-containers" && item.kind == seal::ContentItem::Kind::attachment);
      EXPECT_EQ(item.encrypted, !open_container);
    }
    const std::multiset<std::string> expected =
        variant == "f-attachments" ? std::multiset<std::string>{kAntrag, kAnlage1, kAnlage2}
        : variant == "g-containers"
            ? std::multiset<std::string>{kAntrag, kSecond, kThird, kLetter, kAnlage2}
            : std::multiset<std::string>{kAntrag};
    EXPECT_EQ(hashes, expected);
  }
  EXPECT_GE(opened, 2);
}

INSTANTIATE_TEST_SUITE_P(Variants, CapturedContent,
                         testing::Values("a-default", "b-plain", "c-signed", "d-base64",
                                         "f-attachments", "g-containers", "h-sha512"),
                         [](const auto& suite) { return std::string(1, suite.param[0]); });

// --- round trips ---

TEST(Content, WhatAnAuthorSealsTheReaderOpens) {
  seal::Attachment plan;
  plan.content_id = "plan.pdf";
  plan.content_type = "application/pdf";
  plan.bytes = std::string("%PDF\0\r\n--boundary", 17);
  const std::string umlauts = "Größe & <Straße>";
  const auto content =
      sealed({{umlauts, std::string(100'000, 'x')}, {plan}}, as_author(), for_reader());
  EXPECT_EQ(content.body.find("Größe"), std::string::npos);
  ASSERT_EQ(content.attachments.size(), 1u);
  EXPECT_EQ(content.attachments[0].bytes.find("PDF"), std::string::npos);

  const auto opened = open(content.body, content.attachments);
  ASSERT_TRUE(opened) << base::to_string(opened.error().code) << opened.error().detail;
  ASSERT_EQ(opened->items.size(), 3u);
  EXPECT_EQ(opened->items[0].bytes, umlauts);
  EXPECT_EQ(opened->items[0].name, "content0");
  EXPECT_EQ(opened->items[1].bytes, std::string(100'000, 'x'));
  EXPECT_EQ(opened->items[2].bytes, plan.bytes);
  EXPECT_EQ(opened->items[2].name, "plan.pdf");
  EXPECT_EQ(opened->items[2].content_type, "application/pdf");
  for (const auto& item : opened->items) {
    EXPECT_TRUE(item.encrypted);
    EXPECT_EQ(item.signature, seal::SignatureState::valid);
  }
}

TEST(Content, IsWrittenInCanonicalForm) {
  const auto content = sealed({{"x"}, {}}, as_author(), for_reader());
  const auto document = xml::Document::parse(
      "<soap:Body" + seal::Context::standard().declarations() + ">" + content.body + "</soap:Body>",
      {});
  EXPECT_EQ(document.value().root().canonical(), "<soap:Body" +
                                                     seal::Context::standard().declarations() +
                                                     ">" + content.body + "</soap:Body>");
}

TEST(Content, InAnOpenContainerIsReadWithoutAKeyAndVerified) {
  seal::Attachment file;
  file.content_id = "a.txt";
  file.bytes = "attached";
  const auto content = sealed({{"open"}, {file}}, as_author(), std::nullopt);
  const auto opened = open(content.body, content.attachments, {});
  ASSERT_TRUE(opened) << opened.error().detail;
  ASSERT_EQ(opened->items.size(), 2u);
  EXPECT_FALSE(opened->items[0].encrypted);
  EXPECT_EQ(opened->items[0].signature, seal::SignatureState::valid);
  EXPECT_EQ(opened->items[1].bytes, "attached");
}

TEST(Content, WithoutSignatureIsReportedAsUnsigned) {
  const auto opened = open(sealed({{"x"}, {}}, std::nullopt, for_reader()).body);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->items.at(0).signature, seal::SignatureState::none);
  EXPECT_TRUE(opened->items.at(0).signers.empty());
}

TEST(Content, ForTwoReadersOpensForEach) {
  auto encrypt = for_reader();
  encrypt.readers.push_back({"CipherCertificateOtherReader", kStrangerId, stranger().certificate});
  const auto content = sealed({{"x"}, {}}, as_author(), encrypt);
  EXPECT_TRUE(open(content.body, {}, {reader()}));
  EXPECT_TRUE(open(content.body, {}, {stranger()}));
}

TEST(Content, OpensWithAnOldKeyOfTheReader) {
  const auto content = sealed({{"x"}, {}}, as_author(), for_reader());
  EXPECT_TRUE(open(content.body, {}, {stranger(), reader()}));
}

TEST(Content, WithASixteenOctetIvCarriesNoIvLengthAndOpens) {
  auto encrypt = for_reader();
  encrypt.iv_length = 16;
  encrypt.cipher = crypto::Cipher::aes128_gcm;
  const auto content = sealed({{"x"}, {}}, as_author(), encrypt);
  EXPECT_EQ(content.body.find("IvLength"), std::string::npos);
  EXPECT_TRUE(open(content.body));
}

TEST(Content, WithOaepOverSha512AndSha512DigestsOpens) {
  auto encrypt = for_reader();
  encrypt.key_transport.digest = encrypt.key_transport.mgf = crypto::DigestAlgorithm::sha512;
  auto sign = as_author();
  sign.algorithm = crypto::SignatureAlgorithm::rsa_pss_sha512;
  sign.digest = crypto::DigestAlgorithm::sha3_512;
  EXPECT_TRUE(open(sealed({{"x"}, {}}, sign, encrypt).body));
}

TEST(Content, InLegacyCbcIsRefusedUnlessAllowedAndThenNeedsASignature) {
  auto encrypt = for_reader();
  encrypt.cipher = crypto::Cipher::aes256_cbc;
  const auto is_signed = sealed({{"x"}, {}}, as_author(), encrypt);
  const auto is_unsigned = sealed({{"x"}, {}}, std::nullopt, encrypt);
  EXPECT_EQ(code_of(open(is_signed.body)), ErrorCode::undecryptable);
  seal::ContentOptions legacy;
  legacy.allow_cbc = true;
  EXPECT_TRUE(open(is_signed.body, {}, {reader()}, legacy));
  EXPECT_EQ(code_of(open(is_unsigned.body, {}, {reader()}, legacy)), ErrorCode::undecryptable);
}

TEST(Content, OfNothingAndOfUnusableAttachmentNamesIsNotSealed) {
  base::SystemRandom random;
  EXPECT_FALSE(seal::seal_content({}, as_author(), for_reader(), random));
  for (const char* name : {"", "a b", "a\nb", "<a>", "a\"b", "\xc3\xa4"}) {
    seal::Attachment file;
    file.content_id = name;
    EXPECT_FALSE(seal::seal_content({{}, {file}}, as_author(), for_reader(), random)) << name;
  }
  seal::Attachment file;
  file.content_id = "twice";
  EXPECT_FALSE(seal::seal_content({{}, {file, file}}, as_author(), for_reader(), random));
}

// --- who may read ---

TEST(Content, ForOthersOnlyIsToldApartFromDamagedContent) {
  const auto content = sealed({{"x"}, {}}, as_author(), for_reader());
  EXPECT_EQ(code_of(open(content.body, {}, {stranger()})), ErrorCode::unknown_cipher_certificate);
}

TEST(Content, BesideAForeignContainerOpensAndTheForeignOneIsCounted) {
  auto foreign = for_reader();
  foreign.readers[0] = {"CipherCertificateOtherReader", kStrangerId, stranger().certificate};
  const auto ours = sealed({{"ours"}, {}}, as_author(), for_reader());
  seal::Attachment file;
  file.content_id = "theirs.txt";
  const auto theirs = sealed({{"theirs"}, {file}}, as_author(), foreign);
  const auto opened = open(package(inside_of_package(ours) +
                                   replaced(inside_of_package(theirs), "encdata_0", "encdata_1")),
                           theirs.attachments);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->items.size(), 1u);
  EXPECT_EQ(opened->foreign_containers, 1u);
  EXPECT_EQ(opened->unclaimed_attachments, std::vector<std::string>{"theirs.txt"});
}

TEST(Content, EveryWayADecryptionFailsLooksTheSame) {
  const auto content = sealed({{std::string(200, 'x')}, {}}, as_author(), for_reader());
  const std::string open_tag = "<xenc:CipherValue>", close_tag = "</xenc:CipherValue>";
  std::set<std::pair<ErrorCode, std::string>> seen;
  const auto try_with = [&](std::size_t index, const auto& change) {
    std::size_t at = 0;
    for (std::size_t i = 0; i <= index; ++i) at = content.body.find(open_tag, at) + open_tag.size();
    const auto end = content.body.find(close_tag, at);
    std::string bytes = base::base64_decode(content.body.substr(at, end - at)).value();
    change(bytes);
    std::string body = content.body;
    body.replace(at, end - at, base::base64_encode(bytes));
    const auto result = open(body);
    ASSERT_FALSE(result);
    seen.insert({result.error().code, result.error().detail});
  };
  const auto flip_first = [](std::string& bytes) {
    bytes.front() = static_cast<char>(~bytes.front());
  };
  const auto flip_last = [](std::string& bytes) {
    bytes.back() = static_cast<char>(~bytes.back());
  };
  try_with(0, flip_first);
  try_with(0, flip_last);
  try_with(0, [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
  try_with(0, [](std::string& bytes) { bytes.clear(); });
  try_with(1, flip_first);
  try_with(1, flip_last);
  try_with(1, [](std::string& bytes) { bytes.resize(10); });
  try_with(1, [](std::string& bytes) { bytes.clear(); });
  EXPECT_EQ(seen, (std::set<std::pair<ErrorCode, std::string>>{{ErrorCode::undecryptable, ""}}));
}

TEST(Content, WithADamagedAttachmentIsUndecryptable) {
  seal::Attachment file;
  file.content_id = "a.txt";
  file.bytes = "attached";
  auto content = sealed({{}, {file}}, as_author(), for_reader());
  content.attachments[0].bytes.back() = static_cast<char>(~content.attachments[0].bytes.back());
  EXPECT_EQ(code_of(open(content.body, content.attachments)), ErrorCode::undecryptable);
  EXPECT_EQ(code_of(open(content.body, {})), ErrorCode::malformed_message);
}

TEST(Content, ThatNamesAReaderNobodyListedIsMalformed) {
  const auto content = sealed({{"x"}, {}}, as_author(), for_reader());
  EXPECT_EQ(code_of(open(replaced(content.body, kReaderId, "nobody"))),
            ErrorCode::malformed_message);
  EXPECT_EQ(code_of(open(replaced(content.body, kReaderId, kAuthorId))),
            ErrorCode::malformed_message);
}

// --- signatures ---

TEST(ContentSignature, CoversEveryOctetOfTheData) {
  const auto content = sealed({{"amount 100"}, {}}, as_author(), std::nullopt);
  EXPECT_EQ(code_of(open(replaced(content.body, base::base64_encode("amount 100"),
                                  base::base64_encode("amount 900")))),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, CoversPlainAttachmentsAndTheirNames) {
  seal::Attachment a, b;
  a.content_id = "a.txt";
  a.bytes = "first";
  b.content_id = "b.txt";
  b.bytes = "other";
  auto content = sealed({{}, {a, b}}, as_author(), std::nullopt);
  ASSERT_TRUE(open(content.body, content.attachments));
  std::swap(content.attachments[0].bytes, content.attachments[1].bytes);
  EXPECT_EQ(code_of(open(content.body, content.attachments)), ErrorCode::signature_wrong);
  std::swap(content.attachments[0].bytes, content.attachments[1].bytes);
  EXPECT_EQ(code_of(open(replaced(content.body, "href=\"cid:a.txt\"", "href=\"cid:b.txt\""),
                         content.attachments)),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, RefusesContentThatWasAddedOrTakenAway) {
  const auto content = sealed({{"one", "two"}, {}}, as_author(), std::nullopt);
  EXPECT_EQ(code_of(open(replaced(content.body, "</osci:ContentContainer>",
                                  data("content9", "more") + "</osci:ContentContainer>"))),
            ErrorCode::signature_incomplete);
  EXPECT_EQ(code_of(open(cut(content.body, "<osci:Content><osci:Base64Content Id=\"content1\">",
                             "</osci:Content>"))),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, RefusesAChangedSignedInfo) {
  const auto content = sealed({{"one", "two"}, {}}, as_author(), std::nullopt);
  EXPECT_EQ(code_of(open(cut(content.body, "<ds:Reference URI=\"#content1\">", "</ds:Reference>"))),
            ErrorCode::signature_wrong);
  EXPECT_EQ(code_of(open(replaced(content.body, "rsa-sha256", "rsa-sha512"))),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, RefusesForeignReferencesTransformsAndKeys) {
  const std::string inside = data("content0", "x");
  const std::string base64(ns::base64), c14n(ns::c14n);
  const auto opened = [&](const std::vector<Made>& references, const std::string& object = {},
                          const std::string& id = kAuthorId) {
    return code_of(
        open(package(container("container0", signature_over(references, object, id) + inside))));
  };
  EXPECT_TRUE(open(package(container("c", signature_over({{"#content0", base64, "x"}}) + inside))));
  // Nothing signed at all, the same thing twice, something that is not there, something outside.
  EXPECT_EQ(opened({}), ErrorCode::signature_incomplete);
  EXPECT_EQ(opened({{"#content0", base64, "x"}, {"#content0", base64, "x"}}),
            ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", base64, "x"}, {"#content1", base64, "x"}}),
            ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", base64, "x"}, {"", base64, "x"}}), ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#container0", c14n, "x"}}), ErrorCode::signature_wrong);
  // Another transform than the kind of content demands, or a program of the sender's.
  EXPECT_EQ(opened({{"#content0", c14n, canonical(inside, "content0")}}),
            ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", "", "x"}}), ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", "http://www.w3.org/TR/1999/REC-xslt-19991116", "x"}}),
            ErrorCode::signature_wrong);
  // A certificate of another role, or of nobody.
  EXPECT_EQ(opened({{"#content0", base64, "x"}}, "", kReaderId), ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", base64, "x"}}, "", "nobody"), ErrorCode::signature_wrong);
  EXPECT_EQ(opened({{"#content0", base64, "x"}}, "<ds:Object>x</ds:Object>"),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, OfAContainerCoversItsNestedContainer) {
  const std::string inner =
      container("inner", signature_over({{"#content0", std::string(ns::base64), "x"}}) +
                             data("content0", "x"));
  const std::string nested = "<osci:Content Id=\"content1\">" + inner + "</osci:Content>";
  const std::string outer =
      signature_over({{"#content1", std::string(ns::c14n), canonical(nested, "content1")}});
  const auto opened = open(package(container("outer", outer + nested)));
  ASSERT_TRUE(opened) << opened.error().detail;
  ASSERT_EQ(opened->items.size(), 1u);
  EXPECT_EQ(opened->items[0].container, "inner");
  EXPECT_EQ(opened->items[0].signers.size(), 2u);
  EXPECT_EQ(opened->items[0].signature, seal::SignatureState::valid);
  // The outer signature breaks when the inner one is replaced by none.
  const std::string bare = "<osci:Content Id=\"content1\">" +
                           container("inner", data("content0", "x")) + "</osci:Content>";
  EXPECT_EQ(code_of(open(package(container("outer", outer + bare)))), ErrorCode::signature_wrong);
  // An unsigned container takes nothing from a signed one inside it.
  EXPECT_TRUE(open(package(container("outer", nested))));
}

TEST(ContentSignature, OfAContainerCoversAttachmentsOfItsNestedContainer) {
  seal::Attachment file;
  file.content_id = "a.txt";
  file.bytes = "attached";
  const std::string nested =
      "<osci:Content Id=\"content1\">" +
      container("inner", "<osci:Content Id=\"content0\" href=\"cid:a.txt\"/>") + "</osci:Content>";
  const Made content{"#content1", std::string(ns::c14n), canonical(nested, "content1")};
  const Made attachment{"cid:a.txt", "", "attached"};
  EXPECT_TRUE(
      open(package(container("o", signature_over({content, attachment}) + nested)), {file}));
  EXPECT_EQ(code_of(open(package(container("o", signature_over({content}) + nested)), {file})),
            ErrorCode::signature_incomplete);
}

TEST(ContentSignature, OverEncryptedDataIsAcceptedInTrueFormAndInTheLibrarysForm) {
  const std::string encrypted = inside_of_package(sealed({{"x"}, {}}, as_author(), for_reader()));
  std::string no_declaration_at_all = encrypted;
  for (const std::string& declaration : {" xmlns:osci128=\"" + std::string(ns::osci128) + "\"",
                                         " xmlns:xenc11=\"" + std::string(ns::xenc11) + "\""})
    no_declaration_at_all = replaced(no_declaration_at_all, declaration, "");
  const auto opened = [&](const std::string& hashed) {
    return open(package(container(
        "outer", signature_over({{"#encdata_0", std::string(ns::c14n), hashed}}) + encrypted)));
  };
  const auto strict = opened(canonical(encrypted, "encdata_0"));
  ASSERT_TRUE(strict) << strict.error().detail;
  EXPECT_EQ(strict->items.at(0).signers.size(), 2u);
  EXPECT_TRUE(opened(encrypted));
  EXPECT_TRUE(opened(no_declaration_at_all));
  EXPECT_EQ(code_of(opened(encrypted + " ")), ErrorCode::signature_wrong);
  EXPECT_EQ(code_of(open(package(container("outer", signature_over({}) + encrypted)))),
            ErrorCode::signature_incomplete);
}

TEST(ContentSignature, MayCoverItsOwnSigningTime) {
  const std::string properties =
      "<xades:SignedProperties xmlns:xades=\"" + std::string(ns::xades) +
      "\" Id=\"c0TS0\"><xades:SignedSignatureProperties><xades:SigningTime>2026-01-01T00:00:00Z"
      "</xades:SigningTime></xades:SignedSignatureProperties></xades:SignedProperties>";
  const std::string object = "<ds:Object><xades:QualifyingProperties xmlns:xades=\"" +
                             std::string(ns::xades) + "\">" + properties +
                             "</xades:QualifyingProperties></ds:Object>";
  const Made content{"#content0", std::string(ns::base64), "x"};
  const Made time{"#c0TS0", std::string(ns::c14n), canonical(properties, "c0TS0")};
  const auto opened = [&](const std::vector<Made>& references, const std::string& with) {
    return open(package(container("c0", signature_over(references, with) + data("content0", "x"))));
  };
  EXPECT_TRUE(opened({content, time}, object));
  EXPECT_EQ(code_of(opened({content}, object)), ErrorCode::signature_incomplete);
  EXPECT_EQ(code_of(opened({content, time}, replaced(object, "2026", "2025"))),
            ErrorCode::signature_wrong);
}

TEST(ContentSignature, ParallelOnesAllHaveToBeRight) {
  const Made content{"#content0", std::string(ns::base64), "x"};
  const std::string good = signature_over({content});
  const std::string bad = replaced(good, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA");
  const auto both = open(package(container("c", good + good + data("content0", "x"))));
  ASSERT_TRUE(both) << both.error().detail;
  EXPECT_EQ(both->items.at(0).signers.size(), 2u);
  EXPECT_EQ(code_of(open(package(container("c", good + bad + data("content0", "x"))))),
            ErrorCode::signature_wrong);
}

// --- structure and limits ---

// A reference is short and what it stands for is not: a hostile message must not multiply it.
TEST(Content, AnAttachmentMayBeUsedAgainButNotWithoutEnd) {
  seal::Attachment plan;
  plan.content_id = "plan";
  plan.bytes = std::string(1000, 'x');
  const std::string use = "<osci:Content href=\"cid:plan\"/>";
  const auto twice = open(package(container("a", use) + container("b", use)), {plan});
  ASSERT_TRUE(twice) << twice.error().detail;
  EXPECT_EQ(twice->items.size(), 2u);
  std::string uses;
  for (int i = 0; i < 100; ++i) uses += use;
  EXPECT_EQ(code_of(open(package(container("a", uses)), {plan})), ErrorCode::too_large);
  EXPECT_EQ(code_of(open(package(container("a", use) + container("b", use) + container("c", use)),
                         {plan})),
            ErrorCode::too_large);
}

TEST(ContentStructure, OfAnythingUnknownIsMalformed) {
  for (const std::string& inside :
       {std::string("text"), std::string("<osci:Content/>"),
        std::string("<osci:Content><osci:Base64Content>AA</osci:Base64Content></osci:Content>"),
        std::string("<osci:Content><osci:Xml/></osci:Content>"),
        std::string("<osci:Content href=\"http://example.org/\"/>"),
        std::string("<osci:Content href=\"cid:missing\"/>"),
        std::string("<osci:Content "
                    "other=\"x\"><osci:Base64Content>AAAA</osci:Base64Content></osci:Content>"),
        std::string("<osci:Content>x<osci:Base64Content>AAAA</osci:Base64Content></osci:Content>"),
        data("content0", "x") + signature_over({}), std::string("<osci:Other/>")})
    EXPECT_EQ(code_of(open(package(container("c", inside)))), ErrorCode::malformed_message)
        << inside;
  EXPECT_EQ(code_of(open(package("<osci:Content/>"))), ErrorCode::malformed_message);
  EXPECT_EQ(code_of(open("<osci:Package/>")), ErrorCode::malformed_message);
  EXPECT_EQ(code_of(open(package(container("c", data("i", "x") + data("i", "y"))))),
            ErrorCode::duplicate_id);
}

TEST(ContentStructure, MayBeEmpty) {
  const auto opened = open(package(""));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->items.empty());
}

TEST(ContentStructure, InsideAnEncryptedContainerIsHeldToTheSameRules) {
  base::SystemRandom random;
  const auto encrypted = [&](const std::string& plain) {
    const std::string key = random.bytes(32), iv = random.bytes(12);
    const auto wrapped = crypto::wrap_key(reader().certificate, {}, key).value();
    auto body = sealed({{"x"}, {}}, std::nullopt, for_reader()).body;
    const auto put = [&](std::size_t from, const std::string& bytes) {
      const auto begin = body.find("<xenc:CipherValue>", from) + 18;
      const auto end = body.find("</xenc:CipherValue>", begin);
      body.replace(begin, end - begin, base::base64_encode(bytes));
      return begin;
    };
    put(put(0, wrapped),
        iv.empty() ? "" : crypto::encrypt(crypto::Cipher::aes256_gcm, key, iv, plain));
    return body;
  };
  const std::string head =
      "<osci:ContentContainer" + seal::Context::standard().declarations() + ">";
  EXPECT_TRUE(open(encrypted(head + data("a", "x") + "</osci:ContentContainer>")));
  EXPECT_EQ(code_of(open(encrypted("no XML"))), ErrorCode::malformed_message);
  EXPECT_EQ(code_of(open(encrypted("<!DOCTYPE x><x/>"))), ErrorCode::malformed_message);
  EXPECT_EQ(code_of(open(encrypted("<x/>"))), ErrorCode::malformed_message);
  EXPECT_EQ(
      code_of(open(encrypted(head + data("a", "x") + data("a", "y") + "</osci:ContentContainer>"))),
      ErrorCode::duplicate_id);
  const std::string bad_key =
      "<xenc:EncryptedData><xenc:EncryptionMethod Algorithm=\"" +
      std::string(crypto::cipher_uri(crypto::Cipher::aes256_gcm)) +
      "\"/><ds:KeyInfo><ds:MgmtData>AAAA</ds:MgmtData></ds:KeyInfo><xenc:CipherData>"
      "<xenc:CipherReference URI=\"cid:a\"/></xenc:CipherData></xenc:EncryptedData>";
  EXPECT_EQ(code_of(open(encrypted(head + bad_key + "</osci:ContentContainer>"))),
            ErrorCode::malformed_message);
}

TEST(ContentStructure, HasLimits) {
  seal::ContentOptions tight;
  tight.containers = 3;
  std::string many;
  for (int i = 0; i < 4; ++i) many += container("c" + std::to_string(i), "");
  EXPECT_EQ(code_of(open(package(many), {}, {reader()}, tight)), ErrorCode::too_large);

  std::string deep = data("content0", "x");
  for (int i = 0; i < 10; ++i) {
    deep = container("c" + std::to_string(i), deep);
    if (i < 9) deep = "<osci:Content>" + deep + "</osci:Content>";
  }
  EXPECT_EQ(code_of(open(package(deep))), ErrorCode::too_large);

  std::string signatures;
  for (int i = 0; i < 9; ++i) signatures += "<ds:Signature/>";
  EXPECT_EQ(code_of(open(package(container("c", signatures)))), ErrorCode::too_large);

  seal::ContentOptions short_xml;
  short_xml.xml.size = 4096;
  const auto large = sealed({{std::string(5000, 'x')}, {}}, as_author(), for_reader());
  base::SystemRandom random;
  const auto document = xml::Document::parse(
      "<soap:Body" + seal::Context::standard().declarations() + ">" + large.body + "</soap:Body>",
      {});
  EXPECT_EQ(code_of(seal::open_content(document.value().root().children().at(0), parties(), {},
                                       {reader()}, short_xml, random)),
            ErrorCode::too_large);
}

} // namespace
