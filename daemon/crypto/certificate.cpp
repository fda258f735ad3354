#include "crypto/certificate.h"
#include "base/encoding.h"
#include "crypto/certificate_shape.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include <list>
#include <mutex>
#include <openssl/core_names.h>
#include <optional>
#include <unordered_map>

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

std::string serial_text(const ASN1_INTEGER* serial) {
  const openssl::BigNumber number(ASN1_INTEGER_to_BN(serial, nullptr));
  openssl::require(number != nullptr, "ASN1_INTEGER_to_BN");
  const openssl::Text digits(BN_bn2dec(number.get()));
  openssl::require(digits != nullptr, "BN_bn2dec");
  return digits.get();
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
Usage usage_of(const CertificateShape& certificate) {
  int critical = -1;
  const openssl::BitString bits(static_cast<ASN1_BIT_STRING*>(
      X509V3_get_d2i(certificate.extensions(), NID_key_usage, &critical, nullptr)));
  if (!bits && critical == -1) return {};
  if (!bits) return {false, false}; // twice, or not a BIT STRING
  const auto set = [&](UsageBit bit) { return ASN1_BIT_STRING_get_bit(bits.get(), bit) == 1; };
  return {set(digital_signature) || set(non_repudiation),
          set(key_encipherment) || set(data_encipherment)};
}

bool ca_of(const CertificateShape& certificate) {
  const openssl::BasicConstraints constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509V3_get_d2i(certificate.extensions(), NID_basic_constraints, nullptr, nullptr)));
  return constraints && constraints->ca != 0;
}

} // namespace

// What every user of a certificate asks for is read at once; what takes OpenSSL's own object, with
// the first question for it: of a directory's certificates few are ever asked.
struct Certificate::Parsed {
  struct Whole {
    openssl::X509Object x509;
    std::string subject, issuer, serial;
    KeyKind key_kind = KeyKind::other;
    int key_bits = 0;
  };
  std::string der, fingerprint;
  base::Instant not_before{}, not_after{};
  Usage usage;
  bool is_ca = false;

  const Whole& whole() const {
    std::call_once(read, [this] {
      const openssl::ErrorScope scope;
      auto made = std::make_unique<Whole>();
      const unsigned char* at = octets(der);
      made->x509.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
      const X509* x509 = made->x509.get();
      openssl::require(x509 != nullptr, "a certificate that was read cannot be read again");
      made->subject = name_text(X509_get_subject_name(x509));
      made->issuer = name_text(X509_get_issuer_name(x509));
      made->serial = serial_text(X509_get0_serialNumber(x509));
      const EVP_PKEY* key = X509_get0_pubkey(x509);
      made->key_kind = kind_of(key);
      made->key_bits = key ? EVP_PKEY_get_bits(key) : 0;
      rest = std::move(made);
    });
    return *rest;
  }

 private:
  mutable std::once_flag read;
  mutable std::unique_ptr<const Whole> rest;
};

// The certificates read last. Clients send theirs with every request, and for a key in DER OpenSSL
// looks for a decoder anew each time, which costs more than an RSA operation. Who sends ever new
// ones drives others out; those are read again.
class Certificate::Recent {
 public:
  std::shared_ptr<const Parsed> find(std::string_view der) {
    const std::lock_guard lock(mutex_);
    const auto found = by_der_.find(der);
    if (found == by_der_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return *found->second;
  }

  void keep(const std::shared_ptr<const Parsed>& parsed) {
    if (parsed->der.size() > kMaxKept) return;
    const std::lock_guard lock(mutex_);
    if (by_der_.contains(parsed->der)) return; // another thread was faster
    order_.push_front(parsed);
    by_der_.emplace(parsed->der, order_.begin());
    if (order_.size() <= kCapacity) return;
    by_der_.erase(order_.back()->der);
    order_.pop_back();
  }

 private:
  // With OpenSSL's object some 10 KiB each.
  static constexpr std::size_t kCapacity = 1024;
  static constexpr std::size_t kMaxKept = 8 * 1024;

  std::mutex mutex_;                               // guards what follows
  std::list<std::shared_ptr<const Parsed>> order_; // used last first
  std::unordered_map<std::string_view, std::list<std::shared_ptr<const Parsed>>::iterator>
      by_der_; // keys lie in order_
};

Result<Certificate> Certificate::from_der(std::string_view der) {
  // Never destroyed: OpenSSL may clean up before static objects do.
  static Recent& recent = *new Recent;
  if (auto known = recent.find(der)) return Certificate(std::move(known));
  const auto bad = [](const char* rule) { return fail(ErrorCode::malformed_message, rule); };
  if (der.size() > kMaxDer) return bad("certificate longer than 64 KiB");
  const openssl::ErrorScope scope;
  const auto shape = shape_of(der);
  if (!shape) return bad("not a certificate in DER");
  if (ASN1_STRING_length(shape->serial()) > kMaxSerial)
    return bad("certificate with unreadable serial number");
  const auto not_before = openssl::to_instant(shape->not_before());
  const auto not_after = openssl::to_instant(shape->not_after());
  if (!not_before || !not_after) return bad("certificate with unreadable validity");
  auto parsed = std::make_shared<Parsed>();
  parsed->der = der;
  parsed->fingerprint = sha256_hex(der);
  parsed->not_before = *not_before;
  parsed->not_after = *not_after;
  parsed->usage = usage_of(*shape);
  parsed->is_ca = ca_of(*shape);
  recent.keep(parsed);
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
  return parsed_->whole().subject;
}
const std::string& Certificate::issuer() const {
  return parsed_->whole().issuer;
}
const std::string& Certificate::serial() const {
  return parsed_->whole().serial;
}
base::Instant Certificate::not_before() const {
  return parsed_->not_before;
}
base::Instant Certificate::not_after() const {
  return parsed_->not_after;
}
KeyKind Certificate::key_kind() const {
  return parsed_->whole().key_kind;
}
int Certificate::key_bits() const {
  return parsed_->whole().key_bits;
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
  return parsed_->whole().x509.get();
}
evp_pkey_st* Certificate::public_key() const {
  return X509_get0_pubkey(handle());
}

} // namespace crypto
