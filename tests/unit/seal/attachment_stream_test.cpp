#include "base/encoding.h"
#include "crypto/digest.h"
#include "seal/attachment_stream.h"
#include "support/keys.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using base::MemoryOctets;
using base::OctetRange;

OctetRange octets(const std::string& bytes) {
  const auto source = std::make_shared<MemoryOctets>(bytes);
  return {source, 0, source->size()};
}

class PlainMemory final : public seal::PlainFile {
 public:
  base::Result<> append(std::string_view piece) override {
    bytes_ += piece;
    return {};
  }
  base::Result<OctetRange> finish() override { return octets(bytes_); }

 private:
  std::string bytes_;
};

// A container with one attachment that never was in memory as a whole, sealed for one reader.
struct Sealed {
  base::SystemRandom random;
  std::string plain;
  seal::SealedContent content;
  std::string attachment; // as it travels
  std::vector<seal::NamedCertificate> certificates;
  int files = 0;
  seal::ContentOptions options;

  explicit Sealed(std::size_t size = 700'000, std::size_t iv_length = 12) : plain(size, '\0') {
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<char>(i * i / 3);
    const auto& reader = support::key("bench2048_cipher").certificate;
    const auto& author = support::key("sender_sign");
    certificates = {{"CipherCertificateOtherReader", "r", reader},
                    {"SignatureCertificateOriginator", "a", author.certificate}};
    seal::EncryptContent encrypt{{certificates[0]}, crypto::Cipher::aes256_gcm, iv_length, {}};
    const auto digest = crypto::DigestAlgorithm::sha512;
    const auto measured =
        seal::measure_attachment(octets(plain), "plan.pdf", digest, encrypt.cipher, random);
    EXPECT_TRUE(measured);
    seal::SignWith sign{author, "a", crypto::SignatureAlgorithm::rsa_sha256, digest};
    content = seal::seal_content({{"data"}, {}, {*measured}}, sign, encrypt, random).value();
    EXPECT_TRUE(content.attachments.empty());
    const auto travels = seal::encrypting(*measured, octets(plain), digest, encrypt, random);
    attachment = base::read_range(travels.range).value();
    options.new_file = [this]() -> base::Result<std::unique_ptr<seal::PlainFile>> {
      ++files;
      return std::make_unique<PlainMemory>();
    };
  }

  base::Result<seal::OpenedContent> open(bool as_range) {
    const auto document =
        xml::Document::parse("<soap:Body" + seal::Context::standard().declarations() + ">" +
                                 content.body + "</soap:Body>",
                             {});
    seal::Attachment part;
    part.content_id = "plan.pdf";
    if (as_range)
      part.range = octets(attachment);
    else
      part.bytes = attachment;
    return seal::open_content(document.value().root().children().at(0), certificates, {part},
                              {support::key("bench2048_cipher")}, options, random);
  }
};

TEST(AttachmentStream, OpensLikeOneThatWasInMemory) {
  for (const std::size_t size : {0u, 1u, 262'144u, 700'000u})
    for (const std::size_t iv : {12u, 16u}) {
      Sealed sealed(size, iv);
      EXPECT_EQ(sealed.attachment.size(), iv + size + 16);
      for (const bool as_range : {false, true}) {
        const auto opened = sealed.open(as_range);
        ASSERT_TRUE(opened) << opened.error().detail;
        ASSERT_EQ(opened->items.size(), 2u);
        const auto& item = opened->items[1];
        EXPECT_EQ(item.name, "plan.pdf");
        EXPECT_EQ(item.signature, seal::SignatureState::valid);
        EXPECT_TRUE(item.encrypted);
        if (as_range) {
          EXPECT_TRUE(item.bytes.empty());
          EXPECT_EQ(base::read_range(item.file).value(), sealed.plain);
        } else {
          EXPECT_FALSE(item.file);
          EXPECT_EQ(item.bytes, sealed.plain);
        }
      }
      EXPECT_EQ(sealed.files, 1);
    }
}

TEST(AttachmentStream, LetsNothingOutThatIsNotWhatTheAuthorSent) {
  for (const std::size_t at : {0u, 12u, 300'000u, 700'000u + 27u}) {
    Sealed sealed;
    sealed.attachment[at] = static_cast<char>(sealed.attachment[at] ^ 1);
    const auto opened = sealed.open(true);
    ASSERT_FALSE(opened) << at;
    EXPECT_EQ(opened.error().code, ErrorCode::undecryptable);
    EXPECT_TRUE(opened.error().detail.empty());
  }
  Sealed cut;
  cut.attachment.pop_back();
  EXPECT_EQ(cut.open(true).error().code, ErrorCode::undecryptable);
  Sealed empty;
  empty.attachment.clear();
  EXPECT_EQ(empty.open(true).error().code, ErrorCode::undecryptable);
  Sealed full;
  full.options.new_file = []() -> base::Result<std::unique_ptr<seal::PlainFile>> {
    return base::fail(ErrorCode::file_error, "disk full");
  };
  EXPECT_EQ(full.open(true).error().code, ErrorCode::file_error);
}

TEST(AttachmentStream, IsSignedWithItsPlainOctets) {
  // Rightly encrypted, but other octets than those that the author signed.
  base::SystemRandom random;
  const auto& author = support::key("sender_sign");
  Sealed sealed(10);
  seal::EncryptContent encrypt{{sealed.certificates[0]}, crypto::Cipher::aes256_gcm, 12, {}};
  auto measured = seal::measure_attachment(octets("right"), "plan.pdf",
                                           crypto::DigestAlgorithm::sha256, encrypt.cipher, random)
                      .value();
  sealed.content =
      seal::seal_content({{"data"}, {}, {measured}}, seal::SignWith{author, "a"}, encrypt, random)
          .value();
  measured.digest = crypto::digest(crypto::DigestAlgorithm::sha256, "wrong");
  const auto other =
      seal::encrypting(measured, octets("wrong"), crypto::DigestAlgorithm::sha256, encrypt, random);
  sealed.attachment = base::read_range(other.range).value();
  EXPECT_EQ(sealed.open(true).error().code, ErrorCode::signature_wrong);
}

TEST(AttachmentStream, NoticesAFileThatChangesBetweenMeasuringAndSending) {
  base::SystemRandom random;
  seal::EncryptContent encrypt{{}, crypto::Cipher::aes256_gcm, 12, {}};
  const auto digest = crypto::DigestAlgorithm::sha256;
  const auto measured = seal::measure_attachment(octets(std::string(300'000, 'a')), "f", digest,
                                                 encrypt.cipher, random)
                            .value();
  const auto sent =
      seal::encrypting(measured, octets(std::string(300'000, 'a') + "b"), digest, encrypt, random);
  const auto read = base::read_range(sent.range);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::file_error);
}

TEST(AttachmentStream, DecodesBase64) {
  const auto new_file = []() -> base::Result<std::unique_ptr<seal::PlainFile>> {
    return std::make_unique<PlainMemory>();
  };
  for (const std::size_t size : {0u, 1u, 2u, 3u, 57u, 400'000u}) {
    const std::string plain(size, 'x');
    const auto decoded = seal::decode_base64(octets(base::base64_encode(plain)), new_file);
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(base::read_range(*decoded).value(), plain);
  }
  for (const char* text : {"QQ", "QQ=", "QQ==QQ==", "Q*==", "Q==="})
    EXPECT_FALSE(seal::decode_base64(octets(text), new_file)) << text;
}

} // namespace
