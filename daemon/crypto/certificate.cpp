#include "crypto/certificate.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include <openssl/core_names.h>
#include <optional>

namespace crypto {

using base::ErrorCode;
using base::fail;
using base::Result;
using openssl::octets;

namespace {

constexpr std::size_t kMaxDer = 64 * 1024;
// RFC 5280 allows 20 octets. Turning a very long one into decimal digits takes quadratic time.
constexpr int kMaxSerial = 64;

// Bits of the KeyUsage extension by their ASN.1 number.
enum UsageBit {
  digital_signature = 0,
  non_repudiation = 1,
  key_encipherment = 2,
  data_encipherment = 3
};

std::string name_text(const X509_NAME* name) {
  // UTF-8 instead of \xx escapes; control characters and the separators stay escaped.
  const unsigned long utf8 = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  const auto print = [name](unsigned long flags) -> std::optional<std::string> {
    const auto out = openssl::memory_writer();
    if (X509_NAME_print_ex(out.get(), name, 0, flags) < 0) return std::nullopt;
    return openssl::written(out.get());
  };
  if (const auto text = print(utf8); text && base::valid_utf8(*text)) return *text;
  // A string that is not what its type says: hexadecimal, so that the result is always UTF-8.
  if (const auto text = print(XN_FLAG_RFC2253 | ASN1_STRFLGS_DUMP_ALL);
      text && base::valid_utf8(*text))
    return *text;
  return "";
}

std::optional<std::string> serial_text(const ASN1_INTEGER* serial) {
  if (ASN1_STRING_length(serial) > kMaxSerial) return std::nullopt;
  const openssl::BigNumber number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (!number) return std::nullopt;
  const openssl::Text digits(BN_bn2dec(number.get()));
  if (!digits) return std::nullopt;
  return std::string(digits.get());
}

KeyKind kind_of(const EVP_PKEY* key) {
  if (!key) return KeyKind::other;
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) return KeyKind::rsa;
  if (EVP_PKEY_is_a(key, "EC") != 1) return KeyKind::other;
  // A curve spelled out by its parameters instead of named may be any curve, also one without
  // strength.
  int explicit_curve = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &explicit_curve) == 1 &&
      explicit_curve != 0)
    return KeyKind::other;
  return KeyKind::ec;
}

struct Usage {
  bool sign = true;
  bool encipher = true;
};

// Read from the extension itself: OpenSSL's cached flags count a certificate as unusable for
// peculiarities that have nothing to do with key usage.
Usage usage_of(const X509* certificate) {
  int critical = -1;
  const openssl::BitString bits(static_cast<ASN1_BIT_STRING*>(
      X509_get_ext_d2i(certificate, NID_key_usage, &critical, nullptr)));
  if (!bits && critical == -1) return {};
  if (!bits) return {false, false}; // twice, or not a BIT STRING
  const auto set = [&](UsageBit bit) { return ASN1_BIT_STRING_get_bit(bits.get(), bit) == 1; };
  return {set(digital_signature) || set(non_repudiation),
          set(key_encipherment) || set(data_encipherment)};
}

bool ca_of(const X509* certificate) {
  const openssl::BasicConstraints constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate, NID_basic_constraints, nullptr, nullptr)));
  return constraints && constraints->ca != 0;
}

} // namespace

struct Certificate::Parsed {
  openssl::X509Object x509;
  std::string der, fingerprint, subject, issuer, serial;
  base::Instant not_before{}, not_after{};
  KeyKind key_kind = KeyKind::other;
  int key_bits = 0;
  Usage usage;
  bool is_ca = false;
};

Result<Certificate> Certificate::from_der(std::string_view der) {
  const auto bad = [](const char* rule) { return fail(ErrorCode::malformed_message, rule); };
  if (der.size() > kMaxDer) return bad("certificate longer than 64 KiB");
  const openssl::ErrorScope scope;
  const unsigned char* at = octets(der);
  auto parsed = std::make_shared<Parsed>();
  parsed->x509.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  X509* x509 = parsed->x509.get();
  if (!x509) return bad("not a certificate in DER");
  // OpenSSL reads BER too. Certificates are compared octet by octet, so one certificate must have
  // one form only (5.2).
  std::string again(der.size(), '\0');
  unsigned char* to = octets(again);
  if (at != octets(der) + der.size() || i2d_X509(x509, nullptr) != static_cast<int>(der.size()) ||
      i2d_X509(x509, &to) != static_cast<int>(der.size()) || again != der)
    return bad("certificate is not in DER");

  const auto serial = serial_text(X509_get0_serialNumber(x509));
  if (!serial) return bad("certificate with unreadable serial number");
  const auto not_before = openssl::to_instant(X509_get0_notBefore(x509));
  const auto not_after = openssl::to_instant(X509_get0_notAfter(x509));
  if (!not_before || !not_after) return bad("certificate with unreadable validity");
  parsed->der = der;
  parsed->fingerprint = sha256_hex(der);
  parsed->subject = name_text(X509_get_subject_name(x509));
  parsed->issuer = name_text(X509_get_issuer_name(x509));
  parsed->serial = *serial;
  parsed->not_before = *not_before;
  parsed->not_after = *not_after;
  const EVP_PKEY* key = X509_get0_pubkey(x509);
  parsed->key_kind = kind_of(key);
  parsed->key_bits = key ? EVP_PKEY_get_bits(key) : 0;
  parsed->usage = usage_of(x509);
  parsed->is_ca = ca_of(x509);
  return Certificate(std::move(parsed));
}

Result<std::vector<Certificate>> Certificate::bundle_from_file_text(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos)
    return fail(ErrorCode::key_error,
                "contains a private key; give a file that holds certificates only");
  std::vector<std::string> blocks;
  if (text.find("-----BEGIN") == std::string_view::npos) {
    blocks.emplace_back(text);
  } else {
    auto found = openssl::certificate_blocks(text);
    if (!found) return found.error();
    blocks = std::move(*found);
  }
  std::vector<Certificate> out;
  for (const auto& der : blocks) {
    auto certificate = from_der(der);
    if (!certificate) return fail(ErrorCode::key_error, certificate.error().detail);
    out.push_back(std::move(*certificate));
  }
  if (out.empty()) return fail(ErrorCode::key_error, "contains no certificate");
  return out;
}

Result<Certificate> Certificate::from_file_text(std::string_view text) {
  auto all = bundle_from_file_text(text);
  if (!all) return all.error();
  return std::move(all->front());
}

const std::string& Certificate::der() const {
  return parsed_->der;
}
const std::string& Certificate::fingerprint() const {
  return parsed_->fingerprint;
}
const std::string& Certificate::subject() const {
  return parsed_->subject;
}
const std::string& Certificate::issuer() const {
  return parsed_->issuer;
}
const std::string& Certificate::serial() const {
  return parsed_->serial;
}
base::Instant Certificate::not_before() const {
  return parsed_->not_before;
}
base::Instant Certificate::not_after() const {
  return parsed_->not_after;
}
KeyKind Certificate::key_kind() const {
  return parsed_->key_kind;
}
int Certificate::key_bits() const {
  return parsed_->key_bits;
}
bool Certificate::may_sign() const {
  return parsed_->usage.sign;
}
bool Certificate::may_encipher() const {
  return parsed_->usage.encipher;
}
bool Certificate::is_ca() const {
  return parsed_->is_ca;
}
x509_st* Certificate::handle() const {
  return parsed_->x509.get();
}
evp_pkey_st* Certificate::public_key() const {
  return X509_get0_pubkey(parsed_->x509.get());
}

} // namespace crypto
