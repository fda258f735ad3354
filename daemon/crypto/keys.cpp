#include "crypto/keys.h"
#include "crypto/openssl.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <optional>

namespace crypto {

using base::ErrorCode;
using base::fail;
using base::Result;
using openssl::octets;

// The only maker of private keys, so that keys.h need not show OpenSSL.
struct PrivateKeyFactory {
  static PrivateKey make(openssl::Pkey key) {
    return PrivateKey(std::shared_ptr<evp_pkey_st>(key.release(), EVP_PKEY_free));
  }
};

namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

// OpenSSL wants C strings; the copy of the PIN is wiped.
class Pin {
 public:
  explicit Pin(std::string_view pin) : text_(pin) {}
  ~Pin() { OPENSSL_cleanse(text_.data(), text_.size()); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  const char* c_str() const { return text_.c_str(); }

 private:
  std::string text_;
};

struct PinRequest {
  std::string_view pin;
  bool asked = false;
};

// Without a callback OpenSSL would ask on the terminal.
extern "C" int give_pin(char* out, int size, int /*writing*/, void* user) {
  auto& request = *static_cast<PinRequest*>(user);
  request.asked = true;
  if (request.pin.empty() || request.pin.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(out, request.pin.data(), request.pin.size());
  return static_cast<int>(request.pin.size());
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(ErrorCode::file_error,
                path + ": cannot be opened (" + std::strerror(errno) + "); check path and rights");
  std::string out(kMaxFile + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in.bad())
    return fail(ErrorCode::file_error, path + ": cannot be read; is it a regular file?");
  const auto size = static_cast<std::size_t>(in.gcount());
  if (size > kMaxFile)
    return fail(ErrorCode::file_error, path + ": larger than 1 MiB; this is no key file");
  if (size == 0) return fail(ErrorCode::file_error, path + ": is empty or no regular file");
  out.resize(size);
  return out;
}

bool has_suffix(std::string_view path, std::string_view suffix) {
  if (path.size() < suffix.size()) return false;
  path.remove_prefix(path.size() - suffix.size());
  return std::equal(path.begin(), path.end(), suffix.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

base::Error at_path(const std::string& path, const base::Error& error) {
  return fail(error.code, path + ": " + error.detail);
}

} // namespace

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, std::string_view pin) {
  const openssl::ErrorScope scope;
  if (pem.size() > kMaxFile) return fail(ErrorCode::key_error, "larger than 1 MiB");
  const auto bio = openssl::memory_reader(pem);
  PinRequest request{pin};
  openssl::Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_pin, &request));
  if (key) return PrivateKeyFactory::make(std::move(key));
  if (request.asked && pin.empty())
    return fail(ErrorCode::key_error, "the private key is encrypted; give its PIN");
  if (request.asked) return fail(ErrorCode::key_error, "wrong PIN, or the encrypted key is broken");
  return openssl::take_error(ErrorCode::key_error, "no readable PEM private key");
}

KeyKind PrivateKey::kind() const {
  if (EVP_PKEY_is_a(key_.get(), "RSA") == 1 || EVP_PKEY_is_a(key_.get(), "RSA-PSS") == 1)
    return KeyKind::rsa;
  return EVP_PKEY_is_a(key_.get(), "EC") == 1 ? KeyKind::ec : KeyKind::other;
}

int PrivateKey::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

bool PrivateKey::matches(const Certificate& certificate) const {
  const openssl::ErrorScope scope;
  const EVP_PKEY* public_key = certificate.public_key();
  return public_key && EVP_PKEY_eq(public_key, key_.get()) == 1;
}

Result<KeyPair> load_pkcs12(std::string_view bytes, std::string_view pin_text) {
  const openssl::ErrorScope scope;
  if (bytes.size() > kMaxFile) return fail(ErrorCode::key_error, "larger than 1 MiB");
  if (pin_text.find('\0') != std::string_view::npos)
    return fail(ErrorCode::key_error, "wrong PIN: it contains a NUL character");
  const Pin pin(pin_text);
  const unsigned char* at = octets(bytes);
  const openssl::Pkcs12 file(d2i_PKCS12(nullptr, &at, static_cast<long>(bytes.size())));
  if (!file) return openssl::take_error(ErrorCode::key_error, "not a PKCS#12 file, or broken");
  // The MAC tells a wrong PIN from everything else before anything is decrypted. No PIN has two
  // forms in PKCS#12: none at all and an empty string.
  if (PKCS12_mac_present(file.get()) == 1 && PKCS12_verify_mac(file.get(), pin.c_str(), -1) != 1 &&
      !(pin_text.empty() && PKCS12_verify_mac(file.get(), nullptr, 0) == 1)) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_GENERATION_ERROR)
      return openssl::take_error(ErrorCode::key_error, "unsupported PKCS#12 integrity protection");
    return fail(ErrorCode::key_error, "wrong PIN, or the PKCS#12 file was changed");
  }
  EVP_PKEY* key = nullptr;
  X509* x509 = nullptr;
  const int parsed = PKCS12_parse(file.get(), pin.c_str(), &key, &x509, nullptr);
  openssl::Pkey owned_key(key);
  const openssl::X509Object owned_x509(x509);
  if (parsed != 1)
    return openssl::take_error(ErrorCode::key_error,
                               PKCS12_mac_present(file.get()) == 1
                                   ? "broken PKCS#12 file, or encrypted with an outdated cipher "
                                     "such as RC2; export it anew "
                                     "with AES"
                                   : "wrong PIN, or broken PKCS#12 file");
  if (!owned_key) return fail(ErrorCode::key_error, "the PKCS#12 file holds no private key");
  if (!owned_x509)
    return fail(ErrorCode::key_error, "the PKCS#12 file holds no certificate of its private key");
  const int size = i2d_X509(owned_x509.get(), nullptr);
  openssl::require(size > 0, "i2d_X509");
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* to = octets(der);
  openssl::require(i2d_X509(owned_x509.get(), &to) == size, "i2d_X509");
  auto certificate = Certificate::from_der(der);
  if (!certificate) return fail(ErrorCode::key_error, certificate.error().detail);
  auto private_key = PrivateKeyFactory::make(std::move(owned_key));
  if (!private_key.matches(*certificate))
    return fail(ErrorCode::key_error, "private key and certificate do not belong together");
  return KeyPair{std::move(*certificate), std::move(private_key)};
}

Result<KeyPair> load_key_pair(const std::string& path, const std::string& certificate_path,
                              std::string_view pin) {
  auto content = read_file(path);
  if (!content) return content.error();
  struct Wipe {
    std::string& text;
    ~Wipe() { OPENSSL_cleanse(text.data(), text.size()); }
  } const wipe{*content};

  if (has_suffix(path, ".p12") || has_suffix(path, ".pfx")) {
    auto pair = load_pkcs12(*content, pin);
    if (!pair) return at_path(path, pair.error());
    return pair;
  }
  auto key = PrivateKey::from_pem(*content, pin);
  if (!key) return at_path(path, key.error());

  std::optional<Certificate> certificate;
  if (certificate_path.empty()) {
    const auto blocks = openssl::certificate_blocks(*content);
    if (!blocks) return at_path(path, blocks.error());
    if (blocks->empty())
      return fail(ErrorCode::key_error,
                  path + ": holds no certificate; add it or name the certificate file");
    auto first = Certificate::from_der(blocks->front());
    if (!first) return fail(ErrorCode::key_error, path + ": " + first.error().detail);
    certificate = std::move(*first);
  } else {
    const auto text = read_file(certificate_path);
    if (!text) return text.error();
    auto first = Certificate::from_file_text(*text);
    if (!first) return at_path(certificate_path, first.error());
    certificate = std::move(*first);
  }
  if (!key->matches(*certificate))
    return fail(ErrorCode::key_error, path +
                                          ": the private key does not belong to the certificate" +
                                          (certificate_path.empty() ? "" : " " + certificate_path));
  return KeyPair{std::move(*certificate), std::move(*key)};
}

} // namespace crypto
