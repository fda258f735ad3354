#include "pki.h"
#include "base/encoding.h"
#include <map>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace pki {
namespace {

void must(bool success, const char* what) {
  if (!success) throw std::runtime_error(std::string("test PKI: ") + what);
}

Key own(EVP_PKEY* key) {
  must(key != nullptr, "key");
  return {key, EVP_PKEY_free};
}

void add_extension(X509* x509, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr && X509_add_ext(x509, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

std::string text_of(BIO* bio) {
  std::string out(static_cast<std::size_t>(BIO_ctrl_pending(bio)), '\0');
  must(BIO_read(bio, out.data(), static_cast<int>(out.size())) == static_cast<int>(out.size()),
       "BIO");
  BIO_free(bio);
  return out;
}

} // namespace

Key rsa(unsigned bits, int number) {
  static std::map<std::pair<unsigned, int>, Key> keys;
  auto& key = keys[{bits, number}];
  if (!key) key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
  return key;
}

Key ec(const std::string& curve, int number) {
  static std::map<std::pair<std::string, int>, Key> keys;
  auto& key = keys[{curve, number}];
  if (!key) key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.c_str()));
  return key;
}

Key ed25519() {
  return own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

Key rsa_pss() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &key) == 1, "RSA-PSS");
  EVP_PKEY_CTX_free(context);
  return own(key);
}

Key ec_explicit_parameters() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  char group[] = "P-256";
  char encoding[] = "explicit";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, 0),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_params(context, parameters) == 1 &&
           EVP_PKEY_generate(context, &key) == 1,
       "explicit EC");
  EVP_PKEY_CTX_free(context);
  return own(key);
}

Key ec_public(const std::string& curve, std::string_view x_hex, std::string_view y_hex) {
  std::string point(1, '\x04');
  point += base::hex_decode(x_hex).value();
  point += base::hex_decode(y_hex).value();
  std::string group = curve;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_fromdata_init(context) == 1 &&
           EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY,
                             const_cast<OSSL_PARAM*>(parameters)) == 1,
       "EC point");
  EVP_PKEY_CTX_free(context);
  return own(key);
}

base::Instant start() {
  return base::parse_datetime("2026-01-01T00:00:00Z").value();
}

std::string certificate_der(const Spec& spec, const Key& subject_key, const Key& issuer_key) {
  X509* x509 = X509_new();
  must(X509_set_version(x509, X509_VERSION_3) == 1, "version");
  BIGNUM* serial = nullptr;
  must(BN_dec2bn(&serial, spec.serial.c_str()) > 0, "serial");
  BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509));
  BN_free(serial);
  const auto set_name = [](X509_NAME* name, const std::string& common_name) {
    const std::string& octets = common_name;
    must(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(octets.data()),
                                    static_cast<int>(octets.size()), -1, 0) == 1,
         "name");
  };
  X509_NAME* subject = X509_NAME_new();
  if (spec.raw_subject) {
    // Set as "type given": no check of the octets.
    ASN1_STRING* value = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    ASN1_STRING_set(value, spec.raw_subject->data(), static_cast<int>(spec.raw_subject->size()));
    X509_NAME_ENTRY* entry = X509_NAME_ENTRY_new();
    X509_NAME_ENTRY_set_object(entry, OBJ_nid2obj(NID_commonName));
    X509_NAME_ENTRY_set_data(entry, V_ASN1_UTF8STRING, ASN1_STRING_get0_data(value),
                             ASN1_STRING_length(value));
    X509_NAME_add_entry(subject, entry, -1, 0);
    X509_NAME_ENTRY_free(entry);
    ASN1_STRING_free(value);
  } else {
    set_name(subject, spec.subject);
  }
  X509_NAME* issuer = X509_NAME_new();
  set_name(issuer, spec.issuer);
  X509_set_subject_name(x509, subject);
  X509_set_issuer_name(x509, issuer);
  X509_NAME_free(subject);
  X509_NAME_free(issuer);
  const auto seconds = [](int day) {
    return static_cast<time_t>(
        std::chrono::duration_cast<std::chrono::seconds>(start().time_since_epoch()).count() +
        86400LL * day);
  };
  ASN1_TIME_set(X509_getm_notBefore(x509), seconds(spec.from_day));
  ASN1_TIME_set(X509_getm_notAfter(x509), seconds(spec.to_day));
  must(X509_set_pubkey(x509, subject_key.get()) == 1, "public key");
  if (spec.ca)
    add_extension(x509, NID_basic_constraints,
                  "critical,CA:TRUE" +
                      (spec.path_length ? ",pathlen:" + std::to_string(*spec.path_length) : ""));
  if (!spec.key_usage.empty()) add_extension(x509, NID_key_usage, "critical," + spec.key_usage);
  for (const auto& extension : spec.extensions) add_extension(x509, extension.nid, extension.value);
  if (spec.unknown_critical_extension) {
    ASN1_OBJECT* object = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(
        data, reinterpret_cast<const unsigned char*>(spec.unknown_critical_extension->data()),
        static_cast<int>(spec.unknown_critical_extension->size()));
    X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, object, 1, data);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(object);
  }
  const EVP_MD* md =
      EVP_PKEY_is_a(issuer_key.get(), "ED25519") == 1 ? nullptr : EVP_get_digestbyname(spec.digest);
  must(X509_sign(x509, issuer_key.get(), md) > 0, "signature");
  unsigned char* der = nullptr;
  const int size = i2d_X509(x509, &der);
  must(size > 0, "DER");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  X509_free(x509);
  return out;
}

crypto::Certificate certificate(const Spec& spec, const Key& subject_key, const Key& issuer_key) {
  auto read = crypto::Certificate::from_der(certificate_der(spec, subject_key, issuer_key));
  if (!read) throw std::runtime_error("test PKI: " + read.error().detail);
  return *read;
}

crypto::Certificate root(const std::string& name, const Key& key) {
  return certificate(
      {.subject = name, .issuer = name, .ca = true, .key_usage = "keyCertSign,cRLSign"}, key, key);
}

std::string private_pem(const Key& key, const std::string& pin) {
  BIO* bio = BIO_new(BIO_s_mem());
  must(PEM_write_bio_PKCS8PrivateKey(bio, key.get(), pin.empty() ? nullptr : EVP_aes_256_cbc(),
                                     pin.empty() ? nullptr : pin.data(),
                                     static_cast<int>(pin.size()), nullptr, nullptr) == 1,
       "PEM");
  return text_of(bio);
}

std::string certificate_pem(const crypto::Certificate& certificate) {
  return "-----BEGIN CERTIFICATE-----\n" + base::base64_encode(certificate.der()) +
         "\n-----END CERTIFICATE-----\n";
}

crypto::PrivateKey private_key(const Key& key) {
  return crypto::PrivateKey::from_pem(private_pem(key), "").value();
}

std::string pkcs12(const Key& key, const crypto::Certificate* certificate, const std::string& pin,
                   int key_nid, int certificate_nid) {
  PKCS12* file =
      PKCS12_create(pin.c_str(), "name", key.get(), certificate ? certificate->handle() : nullptr,
                    nullptr, key_nid, certificate_nid, 0, 0, 0);
  must(file != nullptr, "PKCS#12");
  unsigned char* der = nullptr;
  const int size = i2d_PKCS12(file, &der);
  must(size > 0, "PKCS#12");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  PKCS12_free(file);
  return out;
}

void SeededRandom::fill(void* out, std::size_t size) {
  auto* at = static_cast<unsigned char*>(out);
  for (std::size_t i = 0; i < size; ++i) {
    // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    at[i] = static_cast<unsigned char>(z >> 56);
  }
}

} // namespace pki
