#include "cli/conformance/tamper.h"
#include "base/encoding.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "seal/transport_encryption.h"
#include <stdexcept>

namespace cli::conformance {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + std::string(from));
  return text.replace(at, from.size(), to);
}

std::string inserted_before(std::string text, std::string_view mark, std::string_view what) {
  const auto at = text.find(mark);
  if (at == std::string::npos) throw std::runtime_error("no mark: " + std::string(mark));
  return text.insert(at, what);
}

std::string cut(const std::string& text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  const auto end = begin == std::string::npos ? begin : text.find(to, begin);
  if (begin == std::string::npos || end == std::string::npos)
    throw std::runtime_error("no such section: " + std::string(from));
  return text.substr(begin, end + to.size() - begin);
}

std::string wrapped(std::string_view plain, const seal::EncryptFor& options) {
  base::SystemRandom random;
  auto out = seal::encrypt_envelope(plain, options, random);
  if (!out) throw std::runtime_error("encryption failed");
  return *out;
}

std::string signed_again(std::string text, const crypto::KeyPair& key,
                         crypto::SignatureAlgorithm algorithm) {
  std::string info = cut(text, "<ds:SignedInfo>", "</ds:SignedInfo>");
  info = replaced(info, "<ds:SignedInfo>", "<ds:SignedInfo" + declarations() + ">");
  const auto value = crypto::sign(key.key, algorithm, info);
  if (!value) throw std::runtime_error("signing failed");
  return replaced(text, cut(text, "<ds:SignatureValue>", "</ds:SignatureValue>"),
                  "<ds:SignatureValue>" + base::base64_encode(*value) + "</ds:SignatureValue>");
}

std::string digest_again(std::string text, const std::string& id, std::string_view canonical,
                         const crypto::KeyPair& key) {
  const std::string reference = cut(text, "<ds:Reference URI=\"#" + id + "\">", "</ds:Reference>");
  const std::string value = cut(reference, "<ds:DigestValue>", "</ds:DigestValue>");
  const std::string fresh =
      "<ds:DigestValue>" +
      base::base64_encode_line(crypto::digest(crypto::DigestAlgorithm::sha256, canonical)) +
      "</ds:DigestValue>";
  text = replaced(text, reference, replaced(reference, value, fresh));
  return signed_again(std::move(text), key);
}

std::string clear_message(const std::string& xml) {
  return "MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=B; "
         "type=text/xml\r\n\r\n--B\r\n"
         "Content-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"
         "Content-ID: <osci@message>\r\n\r\n" +
         xml + "\r\n--B--\r\n";
}

std::string declarations() {
  return seal::Context::standard().declarations();
}

std::string in_custom_header(const std::string& what, const std::string& id) {
  return "<x:Wrapper" + declarations() + " xmlns:x=\"urn:x\" Id=\"" + id + "\">" + what +
         "</x:Wrapper>";
}

std::string body_of(const std::string& text) {
  return cut(text, "<soap:Body", "</soap:Body>");
}

std::string forged_body(const std::string& id) {
  return "<soap:Body" + declarations() + " Id=\"" + id +
         "\"><osci:ContentPackage><osci:ContentContainer "
         "Id=\"evil\"><osci:Content><osci:Base64Content "
         "Id=\"evilcontent\">Ym9lc2U=</osci:Base64Content></osci:Content></osci:ContentContainer>"
         "</osci:ContentPackage></soap:Body>";
}

std::string forged_store(const std::string& id) {
  return "<osci:storeDelivery" + declarations() + " Id=\"" + id +
         "\" soap:actor=\"http://schemas.xmlsoap.org/soap/actor/next\" soap:mustUnderstand=\"1\">"
         "<osci:MessageId>Ym9lc2U=</osci:MessageId></osci:storeDelivery>";
}

} // namespace cli::conformance
