#include "bench/keys.h"
#include <fstream>
#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace bench {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(PKCS12* file) const { PKCS12_free(file); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr const char* kPin = "123456";
constexpr long kDay = 24 * 60 * 60;

void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Owned<EVP_PKEY> new_key(unsigned bits) {
  Owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits}));
  must(key != nullptr, "key generation");
  return key;
}

void extend(X509* certificate, int kind, const char* value) {
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

// Without `issuer`: self-signed, an authority.
Owned<X509> new_certificate(const std::string& name, EVP_PKEY* key, const char* usage,
                            const X509* issuer, EVP_PKEY* issuer_key, long serial) {
  Owned<X509> out(X509_new());
  must(out != nullptr, "certificate");
  X509* certificate = out.get();
  must(X509_set_version(certificate, 2) == 1, "version");
  must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1, "serial number");
  must(X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * kDay),
       "validity");
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0) == 1,
       "name");
  must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate)) == 1,
       "issuer");
  must(X509_set_pubkey(certificate, key) == 1, "public key");
  extend(certificate, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  extend(certificate, NID_key_usage, usage);
  must(X509_sign(certificate, issuer ? issuer_key : key, EVP_sha256()) > 0, "signature");
  return out;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  // BIO_get_mem_data without the C cast of that macro.
  const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
  return {data, static_cast<std::size_t>(size)};
}

template <class Write>
void write_file(const std::string& path, const Write& write) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  must(memory && write(memory.get()) == 1, path.c_str());
  std::ofstream out(path, std::ios::binary);
  out << text_of(memory.get());
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

} // namespace

struct Pki::Authority {
  Owned<EVP_PKEY> key = new_key(2048);
  Owned<X509> certificate = new_certificate("Benchmark CA", key.get(),
                                            "critical,keyCertSign,cRLSign", nullptr, nullptr, 1);
  long last_serial = 1;
};

Pki::Pki(std::string folder)
    : folder_(std::move(folder)), authority_(std::make_unique<Authority>()) {
  write_file(folder_ + "/test_ca.cert.pem",
             [this](BIO* out) { return PEM_write_bio_X509(out, authority_->certificate.get()); });
}

Pki::~Pki() = default;

crypto::KeyPair Pki::issue(const std::string& name, unsigned bits) {
  const auto key = new_key(bits);
  const auto certificate = new_certificate(
      name, key.get(),
      name.ends_with("_cipher") ? "critical,keyEncipherment,dataEncipherment"
                                : "critical,digitalSignature,nonRepudiation",
      authority_->certificate.get(), authority_->key.get(), ++authority_->last_serial);
  write_file(folder_ + "/" + name + ".cer",
             [&](BIO* out) { return i2d_X509_bio(out, certificate.get()); });
  const Owned<PKCS12> file(
      PKCS12_create(kPin, name.c_str(), key.get(), certificate.get(), nullptr, 0, 0, 0, 0, 0));
  must(file != nullptr, "PKCS#12");
  const std::string path = folder_ + "/" + name + ".p12";
  write_file(path, [&](BIO* out) { return i2d_PKCS12_bio(out, file.get()); });
  auto pair = crypto::load_key_pair(path, "", kPin);
  if (!pair) throw std::runtime_error(pair.error().detail);
  return std::move(*pair);
}

} // namespace bench
