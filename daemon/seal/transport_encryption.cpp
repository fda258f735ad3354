#include "seal/transport_encryption.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "seal/names.h"
#include <array>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

// One value for every cause: RSA failure, key length, tag, padding, inner garbage (wire
// reference 13.3).
base::Error undecryptable() {
  return fail(ErrorCode::undecryptable);
}

base::Error malformed(const char* rule) {
  return fail(ErrorCode::malformed_message, rule);
}

// The children must be exactly these, in this order.
template <std::size_t N>
bool exactly(const std::vector<xml::Element>& children,
             const std::array<std::pair<std::string_view, std::string_view>, N>& expected) {
  if (children.size() != N) return false;
  for (std::size_t i = 0; i < N; ++i)
    if (!children[i].is(expected[i].first, expected[i].second)) return false;
  return true;
}

} // namespace

std::size_t iv_size(crypto::Cipher cipher, std::size_t gcm_iv_length) {
  if (crypto::cipher_is_gcm(cipher)) return gcm_iv_length;
  return cipher == crypto::Cipher::tripledes_cbc ? 8 : 16;
}

base::Result<DataMethod> parse_data_method(const xml::Element& method, bool allow_cbc,
                                           bool allow_3des) {
  DataMethod out;
  const auto children = method.children();
  if (children.size() > 1 || (children.size() == 1 && !children[0].is(ns::osci128, "IvLength")))
    return malformed("unknown child of EncryptionMethod");
  const auto uri = method.attribute("Algorithm");
  if (!uri) return malformed("EncryptionMethod without Algorithm");
  const auto cipher = crypto::cipher_from_uri(*uri);
  if (!cipher) return undecryptable();
  const bool allowed = *cipher == crypto::Cipher::tripledes_cbc ? allow_3des : allow_cbc;
  if (!crypto::cipher_is_gcm(*cipher) && !allowed) return undecryptable();
  out.cipher = *cipher;
  // Absent element means 16 (5.4). The reference client writes it beside CBC too, where it is
  // ignored.
  if (!children.empty() && crypto::cipher_is_gcm(*cipher)) {
    const auto value = children[0].attribute("Value");
    if (value == "12")
      out.iv_length = 12;
    else if (value != "16")
      return undecryptable();
  }
  return out;
}

base::Result<crypto::KeyTransport> parse_key_method(const xml::Element& method, bool allow_rsa15) {
  crypto::KeyTransport out;
  const auto uri = method.attribute("Algorithm");
  if (!uri) return malformed("EncryptionMethod without Algorithm");
  const auto children = method.children();
  if (*uri == crypto::kRsa15Uri) {
    if (!children.empty()) return malformed("unknown child of EncryptionMethod");
    if (!allow_rsa15) return undecryptable();
    out.oaep = false;
    return out;
  }
  if (*uri != crypto::kRsaOaepUri) return undecryptable();
  // Both children must be there, in either order (5.3; order is free with the reference client).
  bool mgf = false, digest = false;
  for (const auto& child : children) {
    const auto algorithm = child.attribute("Algorithm");
    if (!algorithm) return malformed("EncryptionMethod parameter without Algorithm");
    if (child.is(ns::xenc11, "MGF") && !mgf) {
      const auto found = crypto::mgf_from_uri(*algorithm);
      if (!found) return undecryptable();
      out.mgf = *found;
      mgf = true;
    } else if (child.is(ns::ds, "DigestMethod") && !digest) {
      const auto found = crypto::oaep_digest_from_uri(*algorithm);
      if (!found) return undecryptable();
      out.digest = *found;
      digest = true;
    } else {
      return malformed("unknown child of EncryptionMethod");
    }
  }
  if (!mgf || !digest) return malformed("rsa-oaep without MGF or DigestMethod");
  return out;
}

std::string write_data_method(crypto::Cipher cipher, std::size_t iv_length) {
  std::string out = "<xenc:EncryptionMethod Algorithm=\"";
  out += crypto::cipher_uri(cipher);
  out += "\">";
  if (crypto::cipher_is_gcm(cipher) && iv_length != 16)
    out += "<osci128:IvLength xmlns:osci128=\"" + std::string(ns::osci128) + "\" Value=\"" +
           std::to_string(iv_length) + "\"></osci128:IvLength>";
  return out + "</xenc:EncryptionMethod>";
}

std::string write_key_method(const crypto::KeyTransport& transport) {
  if (!transport.oaep)
    return "<xenc:EncryptionMethod Algorithm=\"" + std::string(crypto::kRsa15Uri) +
           "\"></xenc:EncryptionMethod>";
  return "<xenc:EncryptionMethod Algorithm=\"" + std::string(crypto::kRsaOaepUri) +
         "\"><xenc11:MGF xmlns:xenc11=\"" + std::string(ns::xenc11) + "\" Algorithm=\"" +
         std::string(crypto::mgf_uri(transport.mgf)) +
         "\"></xenc11:MGF><ds:DigestMethod Algorithm=\"" +
         std::string(crypto::oaep_digest_uri(transport.digest)) +
         "\"></ds:DigestMethod></xenc:EncryptionMethod>";
}

base::Result<Decrypted> decrypt_envelope(const xml::Document& outer, const mime::MessageView& parts,
                                         const std::vector<crypto::KeyPair>& keys,
                                         const OpenOptions& options, base::RandomSource& random) {
  // Structure first: whatever is wrong here is visible to everybody and reveals nothing (5.1, D1).
  const auto envelope = outer.root().children();
  if (envelope.size() != 1 || !envelope[0].is(ns::soap, "Body"))
    return malformed("encrypted envelope must contain a Body only");
  const auto body = envelope[0].children();
  if (body.size() != 1 || !body[0].is(ns::xenc, "EncryptedData"))
    return malformed("encrypted envelope must contain one EncryptedData");
  const auto data = body[0].children();
  if (!exactly<3>(
          data, {{{ns::xenc, "EncryptionMethod"}, {ns::ds, "KeyInfo"}, {ns::xenc, "CipherData"}}}))
    return malformed("EncryptedData has unexpected children");
  const auto key_info = data[1].children();
  if (key_info.size() != 1 || !key_info[0].is(ns::xenc, "EncryptedKey"))
    return malformed("exactly one EncryptedKey expected");
  const auto encrypted_key = key_info[0].children();
  if (!exactly<3>(
          encrypted_key,
          {{{ns::xenc, "EncryptionMethod"}, {ns::ds, "KeyInfo"}, {ns::xenc, "CipherData"}}}))
    return malformed("EncryptedKey has unexpected children");
  const auto recipient = encrypted_key[1].children();
  if (recipient.size() != 1 || !recipient[0].is(ns::ds, "X509Data"))
    return malformed("EncryptedKey without X509Data");
  const auto x509 = recipient[0].children();
  if (x509.size() != 1 || !x509[0].is(ns::ds, "X509Certificate"))
    return malformed("exactly one X509Certificate expected");
  const auto key_cipher = encrypted_key[2].children();
  if (key_cipher.size() != 1 || !key_cipher[0].is(ns::xenc, "CipherValue"))
    return malformed("EncryptedKey without CipherValue");
  const auto data_cipher = data[2].children();
  if (data_cipher.size() != 1 || !data_cipher[0].is(ns::xenc, "CipherReference"))
    return malformed("EncryptedData without CipherReference");
  if (parts.parts.size() != 2) return malformed("exactly one encrypted part expected");
  if (data_cipher[0].attribute("URI") != "cid:" + std::string(parts.parts[1].content_id))
    return malformed("CipherReference does not name the encrypted part");
  const auto certificate_text = x509[0].text();
  const auto wrapped_text = key_cipher[0].text();
  if (!certificate_text || !wrapped_text) return malformed("text expected");
  const auto certificate = base::base64_decode(*certificate_text);
  const auto wrapped = base::base64_decode(*wrapped_text);
  if (!certificate || !wrapped) return malformed("invalid base64");
  const auto method = parse_data_method(data[0], options.allow_cbc, options.allow_3des);
  if (!method) return method.error();
  const auto transport = parse_key_method(encrypted_key[0], options.allow_rsa15);
  if (!transport) return transport.error();

  const crypto::KeyPair* own = nullptr;
  for (const auto& pair : keys)
    if (pair.certificate.der() == *certificate) own = &pair;
  if (!own)
    return fail(ErrorCode::unknown_cipher_certificate, "not one of our cipher certificates");

  const auto bytes = parts.parts[1].decoded();
  if (!bytes) return malformed("invalid base64");

  // From here on every failure takes the same way: a key that could not be unwrapped is replaced by
  // a random one and the data is decrypted all the same.
  const auto key = crypto::unwrap_key(own->key, *transport, *wrapped,
                                      crypto::cipher_key_size(method->cipher), random);
  if (!key.genuine && base::seeded_fault("distinct-decryption")) return malformed("wrapped key");
  Decrypted out;
  out.transport.encrypted = true;
  out.transport.cipher = method->cipher;
  out.transport.iv_length = method->iv_length;
  out.transport.key_transport = *transport;
  out.transport.base64 = parts.parts[1].base64;
  if (crypto::cipher_is_gcm(method->cipher)) {
    auto plain = crypto::decrypt(method->cipher, key.key, method->iv_length, *bytes);
    out.genuine = key.genuine && plain;
    if (plain) out.plain = std::move(*plain);
  } else {
    auto plain = crypto::decrypt_cbc(method->cipher, key.key, *bytes);
    out.genuine = key.genuine & plain.genuine;
    out.plain = std::move(plain.text);
  }
  return out;
}

base::Result<std::string> encrypt_envelope(std::string_view plain, const EncryptFor& options,
                                           base::RandomSource& random) {
  const std::string key = random.bytes(crypto::cipher_key_size(options.cipher));
  const std::string iv = random.bytes(iv_size(options.cipher, options.iv_length));
  const auto wrapped = crypto::wrap_key(options.recipient, options.key_transport, key);
  if (!wrapped) return wrapped.error();
  const std::string data = crypto::encrypt(options.cipher, key, iv, plain);

  // The outer envelope declares ds, soap, xenc, xsi only and has no Header (2.2).
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\r\n<soap:Envelope xmlns:ds=\"";
  xml += std::string(ns::ds) + "\" xmlns:soap=\"" + std::string(ns::soap) + "\" xmlns:xenc=\"" +
         std::string(ns::xenc) + "\" xmlns:xsi=\"" + std::string(ns::xsi) +
         "\" xsi:schemaLocation=\"" + schema_location("MessageEncrypted") +
         "\"><soap:Body><xenc:EncryptedData MimeType=\"Multipart/Related\">";
  xml += write_data_method(options.cipher, options.iv_length);
  xml += "<ds:KeyInfo><xenc:EncryptedKey>" + write_key_method(options.key_transport) +
         "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
         base::base64_encode(options.recipient.der()) +
         "</ds:X509Certificate></ds:X509Data></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>" +
         base::base64_encode(*wrapped) +
         "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>"
         "<xenc:CipherReference URI=\"cid:osci_enc\"><xenc:Transforms><ds:Transform Algorithm=\"" +
         std::string(ns::base64) +
         "\"></ds:Transform></xenc:Transforms></xenc:CipherReference></xenc:CipherData>"
         "</xenc:EncryptedData></soap:Body></soap:Envelope>";

  mime::PartOut part;
  part.content_id = "osci_enc";
  part.content_type = options.base64 ? "text/base64" : "application/octet-stream";
  part.transfer_encoding = options.base64 ? "7bit" : "binary";
  part.bytes = data;
  return mime::write("MIME_boundary_" + base::hex_encode(random.bytes(16)), xml, {part});
}

} // namespace seal
