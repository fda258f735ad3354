#include "hostile/world.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "seal/transport_encryption.h"
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdexcept>

namespace hostile {

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
  const auto end = text.find(to, begin);
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
  info = replaced(info, "<ds:SignedInfo>",
                  "<ds:SignedInfo" + seal::Context::standard().declarations() + ">");
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

const crypto::KeyPair& stranger() {
  static const crypto::KeyPair pair = [] {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 7);
    ASN1_TIME_set_string(X509_getm_notBefore(cert.get()), "20200101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(cert.get()), "20400101000000Z");
    X509_set_pubkey(cert.get(), key.get());
    X509_NAME* name = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("Stranger"), -1, -1, 0);
    X509_set_issuer_name(cert.get(), name);
    X509_sign(cert.get(), key.get(), EVP_sha256());
    unsigned char* der = nullptr;
    const int size = i2d_X509(cert.get(), &der);
    auto certificate = crypto::Certificate::from_der(
        std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
    OPENSSL_free(der);
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(bio, &text);
    auto read =
        crypto::PrivateKey::from_pem(std::string_view(text, static_cast<std::size_t>(length)), "");
    BIO_free(bio);
    if (!certificate || !read) throw std::runtime_error("no stranger");
    return crypto::KeyPair{*certificate, *read};
  }();
  return pair;
}

std::size_t World::stored() {
  mailbox::CardSelection all;
  all.mailboxes = {"wgb:059130000000", "wgb:055540004004"};
  all.limit = 1000;
  const auto page = intermediary.store().cards(all, std::nullopt);
  if (!page) throw std::runtime_error("cards");
  return page->cards.size();
}

} // namespace hostile
