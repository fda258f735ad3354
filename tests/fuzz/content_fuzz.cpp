// Opens hostile content. The first octet chooses the way in: an even one takes the rest as a
// ContentPackage that stands in a Body; an odd one seals the rest, as the plain text of a
// container, for the reader, so that the fuzzer gets behind the decryption.
#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "seal/content.h"
#include <cstdint>
#include <cstdlib>

namespace {

// The same in every run: a finding must repeat.
class FixedRandom final : public base::RandomSource {
 public:
  void fill(void* out, std::size_t size) override {
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = next_++;
  }

 private:
  unsigned char next_ = 1;
};

crypto::KeyPair load(const std::string& name) {
  auto pair =
      crypto::load_key_pair(DC_SOURCE_DIR "/tests/captures/keys/" + name + ".p12", "", "123456");
  if (!pair) std::abort();
  return *pair;
}

struct Fixture {
  FixedRandom random;
  // The small key first: unwrapping is the slow part.
  std::vector<crypto::KeyPair> keys{load("bench2048_cipher"), load("recipient_cipher")};
  crypto::Certificate author = load("sender_sign").certificate;
  std::vector<seal::NamedCertificate> certificates{
      {"CipherCertificateOtherReader", "r", keys[0].certificate},
      {"CipherCertificateOtherReader", "reader0_cipher_" + keys[1].certificate.fingerprint(),
       keys[1].certificate},
      {"SignatureCertificateOriginator", "originator_signature_" + author.fingerprint(), author}};
  std::vector<seal::Attachment> attachments;
  std::string key = std::string(32, 'k');
  std::string wrapped = crypto::wrap_key(keys[0].certificate, {}, key).value();

  Fixture() {
    seal::Attachment file;
    file.content_id = "a";
    file.bytes = crypto::encrypt(crypto::Cipher::aes256_gcm, key, std::string(12, 'i'), "attached");
    attachments.push_back(file);
    file.content_id = "b";
    file.bytes = "open";
    attachments.push_back(file);
  }

  std::string sealed(std::string_view plain) const {
    return "<osci:ContentPackage><xenc:EncryptedData><xenc:EncryptionMethod "
           "Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"><i:IvLength "
           "xmlns:i=\"http://xoev.de/transport/osci12/8\" Value=\"12\"/></xenc:EncryptionMethod>"
           "<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod "
           "Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\"><x:MGF "
           "xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" "
           "Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/><ds:DigestMethod "
           "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/></xenc:EncryptionMethod>"
           "<ds:KeyInfo><ds:RetrievalMethod URI=\"#r\"/></ds:KeyInfo><xenc:CipherData>"
           "<xenc:CipherValue>" +
           base::base64_encode(wrapped) +
           "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
           "<xenc:CipherData><xenc:CipherValue>" +
           base::base64_encode(
               crypto::encrypt(crypto::Cipher::aes256_gcm, key, std::string(12, 'i'), plain)) +
           "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></osci:ContentPackage>";
  }
};

void open(Fixture& fixture, const std::string& package) {
  seal::ContentOptions options;
  options.xml.size = 1 << 20;
  options.containers = 8;
  const auto document = xml::Document::parse(
      "<soap:Body" + seal::Context::standard().declarations() + ">" + package + "</soap:Body>",
      options.xml);
  if (!document) return;
  const auto children = document->root().children();
  if (children.empty()) return;
  const auto content = seal::open_content(children[0], fixture.certificates, fixture.attachments,
                                          fixture.keys, options, fixture.random);
  if (!content) return;
  // An item that claims a valid signature has a signer, and one without signers claims none.
  for (const auto& item : content->items)
    if ((item.signature == seal::SignatureState::valid) == item.signers.empty()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  if (size == 0) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  open(fixture, data[0] % 2 == 0 ? input : fixture.sealed(input));
  return 0;
}
