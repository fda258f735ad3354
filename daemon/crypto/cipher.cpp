#include "crypto/cipher.h"
#include "crypto/openssl.h"
#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <utility>

namespace crypto {
namespace {

using openssl::octets;
using openssl::require;

constexpr std::size_t kTag = 16;
// EVP counts in int.
constexpr std::size_t kStep = std::size_t{1} << 30;

const EVP_CIPHER* evp_cipher(Cipher cipher) {
  static const auto ciphers = [] {
    constexpr std::array names = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "AES-128-CBC",
                                  "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC"};
    std::array<openssl::FetchedCipher, names.size()> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
      out[i].reset(EVP_CIPHER_fetch(nullptr, names[i], nullptr));
      require(out[i] != nullptr, "OpenSSL lacks a cipher");
    }
    return out;
  }();
  return ciphers[static_cast<std::size_t>(cipher)].get();
}

std::size_t block_size(Cipher cipher) {
  return cipher == Cipher::tripledes_cbc ? 8 : 16;
}

openssl::CipherContext start(Cipher cipher, std::string_view key, std::string_view iv,
                             bool encrypts) {
  openssl::CipherContext context(EVP_CIPHER_CTX_new());
  const int direction = encrypts ? 1 : 0;
  require(context != nullptr && EVP_CipherInit_ex2(context.get(), evp_cipher(cipher), nullptr,
                                                   nullptr, direction, nullptr) == 1,
          "EVP_CipherInit");
  // An IV of any other length than 12 octets is turned into the counter block by GHASH (5.4).
  if (cipher_is_gcm(cipher))
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv.size()),
                                nullptr) == 1,
            "GCM IV length");
  require(EVP_CipherInit_ex2(context.get(), nullptr, octets(key), octets(iv), direction, nullptr) ==
              1,
          "EVP_CipherInit");
  return context;
}

// Appends to `out`, which must have room reserved.
void run(EVP_CIPHER_CTX* context, std::string_view in, unsigned char*& out) {
  while (!in.empty()) {
    const auto step = std::min(in.size(), kStep);
    int written = 0;
    require(EVP_CipherUpdate(context, out, &written, octets(in), static_cast<int>(step)) == 1,
            "EVP_CipherUpdate");
    out += written;
    in.remove_prefix(step);
  }
}

} // namespace

std::string encrypt(Cipher cipher, std::string_view key, std::string_view iv,
                    std::string_view plain) {
  const bool gcm = cipher_is_gcm(cipher);
  base::check(key.size() == cipher_key_size(cipher), "key length");
  base::check(gcm ? iv.size() == 12 || iv.size() == 16 : iv.size() == block_size(cipher),
              "IV length");
  const openssl::ErrorScope scope;
  const auto context = start(cipher, key, iv, true);
  std::string out;
  out.reserve(iv.size() + plain.size() + kTag);
  out = iv;
  out.resize(iv.size() + plain.size() + kTag);
  unsigned char* at = octets(out) + iv.size();
  run(context.get(), plain, at);
  int written = 0;
  require(EVP_CipherFinal_ex(context.get(), at, &written) == 1, "EVP_CipherFinal");
  at += written;
  if (gcm) {
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, at) == 1, "GCM tag");
    at += kTag;
  }
  out.resize(static_cast<std::size_t>(at - octets(out)));
  return out;
}

CbcText decrypt_cbc(Cipher cipher, std::string_view key, std::string_view data) {
  const std::size_t block = block_size(cipher);
  base::check(!cipher_is_gcm(cipher) && key.size() == cipher_key_size(cipher), "CBC key length");
  CbcText out;
  if (data.size() < 2 * block || data.size() % block != 0) return out;
  const openssl::ErrorScope scope;
  const auto context = start(cipher, key, data.substr(0, block), false);
  data.remove_prefix(block);
  // OpenSSL would demand PKCS#7; XML Encryption allows any octets before the length octet (5.3).
  require(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1, "CBC padding");
  out.text.resize(data.size() + block);
  unsigned char* at = octets(out.text);
  run(context.get(), data, at);
  int written = 0;
  // Whole blocks without padding: there is nothing left that could be wrong.
  require(EVP_CipherFinal_ex(context.get(), at, &written) == 1, "EVP_CipherFinal");

  // 1 <= padding <= block, as masks: the subtractions borrow where the comparison fails.
  const auto padding = unsigned{static_cast<unsigned char>(out.text[data.size() - 1])};
  const unsigned too_small = (padding - 1u) >> 31;
  const unsigned too_large = (static_cast<unsigned>(block) - padding) >> 31;
  const unsigned good = 1u ^ (too_small | too_large);
  out.text.resize(data.size() - (padding & (0u - good)));
  out.genuine = good != 0;
  return out;
}

base::Result<std::string> decrypt(Cipher cipher, std::string_view key, std::size_t iv_length,
                                  std::string_view data) {
  const auto bad = [] { return base::fail(base::ErrorCode::undecryptable); };
  if (key.size() != cipher_key_size(cipher)) return bad();
  if (!cipher_is_gcm(cipher)) {
    auto plain = decrypt_cbc(cipher, key, data);
    if (plain.genuine) return std::move(plain.text);
    OPENSSL_cleanse(plain.text.data(), plain.text.size());
    return bad();
  }
  if (iv_length != 12 && iv_length != 16) return bad();
  if (data.size() < iv_length + kTag) return bad();
  const openssl::ErrorScope scope;
  const auto context = start(cipher, key, data.substr(0, iv_length), false);
  data.remove_prefix(iv_length);
  std::string tag(data.substr(data.size() - kTag));
  data.remove_suffix(kTag);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) == 1,
          "GCM tag");

  std::string out(data.size() + kTag, '\0');
  unsigned char* at = octets(out);
  run(context.get(), data, at);
  int written = 0;
  if (EVP_CipherFinal_ex(context.get(), at, &written) != 1) {
    OPENSSL_cleanse(out.data(), out.size());
    return bad();
  }
  out.resize(data.size());
  return out;
}

struct Encryptor::State {
  openssl::CipherContext context;
  std::string start; // the IV, until it has been handed out
  bool gcm = true;
};

Encryptor::Encryptor(Cipher cipher, std::string_view key, std::string_view iv) {
  const bool gcm = cipher_is_gcm(cipher);
  base::check(key.size() == cipher_key_size(cipher), "key length");
  base::check(gcm ? iv.size() == 12 || iv.size() == 16 : iv.size() == block_size(cipher),
              "IV length");
  const openssl::ErrorScope scope;
  state_ =
      std::make_unique<State>(State{crypto::start(cipher, key, iv, true), std::string(iv), gcm});
}
Encryptor::Encryptor(Encryptor&&) noexcept = default;
Encryptor& Encryptor::operator=(Encryptor&&) noexcept = default;
Encryptor::~Encryptor() = default;

std::string Encryptor::update(std::string_view plain) {
  const openssl::ErrorScope scope;
  std::string out = std::exchange(state_->start, {});
  const std::size_t before = out.size();
  out.resize(before + plain.size() + kTag);
  unsigned char* at = octets(out) + before;
  run(state_->context.get(), plain, at);
  out.resize(static_cast<std::size_t>(at - octets(out)));
  return out;
}

std::string Encryptor::finish() {
  const openssl::ErrorScope scope;
  std::string out = std::exchange(state_->start, {});
  const std::size_t before = out.size();
  out.resize(before + 2 * kTag);
  unsigned char* at = octets(out) + before;
  int written = 0;
  require(EVP_CipherFinal_ex(state_->context.get(), at, &written) == 1, "EVP_CipherFinal");
  at += written;
  if (state_->gcm) {
    require(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, at) == 1,
            "GCM tag");
    at += kTag;
  }
  out.resize(static_cast<std::size_t>(at - octets(out)));
  return out;
}

struct Decryptor::State {
  Cipher cipher;
  std::string key;
  std::size_t iv_length;
  bool possible; // lengths are right
  openssl::CipherContext context{};
  std::string held{}; // the IV while it is not complete; then the tag, or the last block
};

Decryptor::Decryptor(Cipher cipher, std::string_view key, std::size_t iv_length) {
  const bool gcm = cipher_is_gcm(cipher);
  if (!gcm) iv_length = block_size(cipher);
  const bool possible =
      key.size() == cipher_key_size(cipher) && (!gcm || iv_length == 12 || iv_length == 16);
  state_ = std::make_unique<State>(State{cipher, std::string(key), iv_length, possible});
}
Decryptor::Decryptor(Decryptor&&) noexcept = default;
Decryptor& Decryptor::operator=(Decryptor&&) noexcept = default;
Decryptor::~Decryptor() {
  if (state_) OPENSSL_cleanse(state_->key.data(), state_->key.size());
}

base::Result<std::string> Decryptor::update(std::string_view data) {
  State& s = *state_;
  if (!s.possible) return base::fail(base::ErrorCode::undecryptable);
  const openssl::ErrorScope scope;
  s.held += data;
  if (!s.context) {
    if (s.held.size() < s.iv_length) return std::string{};
    s.context = start(s.cipher, s.key, std::string_view(s.held).substr(0, s.iv_length), false);
    require(EVP_CIPHER_CTX_set_padding(s.context.get(), 0) == 1, "CBC padding");
    s.held.erase(0, s.iv_length);
  }
  const bool gcm = cipher_is_gcm(s.cipher);
  const std::size_t keep = gcm ? kTag : block_size(s.cipher);
  if (s.held.size() <= keep) return std::string{};
  std::size_t ready = s.held.size() - keep;
  if (!gcm) ready -= ready % keep;
  std::string out(ready + kTag, '\0');
  unsigned char* at = octets(out);
  run(s.context.get(), std::string_view(s.held).substr(0, ready), at);
  out.resize(static_cast<std::size_t>(at - octets(out)));
  s.held.erase(0, ready);
  return out;
}

base::Result<std::string> Decryptor::finish() {
  State& s = *state_;
  const auto bad = [] { return base::fail(base::ErrorCode::undecryptable); };
  const bool gcm = cipher_is_gcm(s.cipher);
  if (!s.context || s.held.size() != (gcm ? kTag : block_size(s.cipher))) return bad();
  const openssl::ErrorScope scope;
  unsigned char last[2 * kTag];
  unsigned char* at = last;
  int written = 0;
  if (gcm) {
    require(EVP_CIPHER_CTX_ctrl(s.context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, s.held.data()) == 1,
            "GCM tag");
    if (EVP_CipherFinal_ex(s.context.get(), at, &written) != 1) return bad();
    return std::string{};
  }
  run(s.context.get(), s.held, at);
  if (EVP_CipherFinal_ex(s.context.get(), at, &written) != 1) return bad();
  const std::size_t block = block_size(s.cipher);
  const auto padding = std::size_t{last[block - 1]};
  if (padding < 1 || padding > block) return bad();
  std::string out(reinterpret_cast<const char*>(last), block - padding);
  OPENSSL_cleanse(last, sizeof last);
  return out;
}

} // namespace crypto
