#include "crypto/cipher.h"
#include "crypto/openssl.h"
#include <algorithm>
#include <array>
#include <openssl/crypto.h>

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

} // namespace crypto
