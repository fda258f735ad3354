#include "crypto/cipher.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using crypto::Cipher;

struct Case {
  Cipher cipher;
  std::size_t iv;
};
const Case kCases[] = {{Cipher::aes128_gcm, 12},
                       {Cipher::aes256_gcm, 12},
                       {Cipher::aes256_gcm, 16},
                       {Cipher::aes256_cbc, 16},
                       {Cipher::tripledes_cbc, 8}};

std::string key_of(Cipher cipher) {
  std::string out(crypto::cipher_key_size(cipher), '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(7 * i + 1);
  return out;
}

std::string in_pieces(const Case& c, const std::string& plain, std::size_t piece) {
  crypto::Encryptor encryptor(c.cipher, key_of(c.cipher), std::string(c.iv, 'i'));
  std::string out;
  for (std::size_t at = 0; at < plain.size(); at += piece)
    out += encryptor.update(std::string_view(plain).substr(at, piece));
  return out + encryptor.finish();
}

base::Result<std::string> opened(const Case& c, const std::string& key, std::string_view data,
                                 std::size_t piece) {
  crypto::Decryptor decryptor(c.cipher, key, c.iv);
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += piece) {
    const auto plain = decryptor.update(data.substr(at, piece));
    if (!plain) return plain;
    out += *plain;
  }
  const auto last = decryptor.finish();
  if (!last) return last;
  return out + *last;
}

TEST(CipherStream, MakesWhatTheWholeMakesWhateverThePieces) {
  for (const auto& c : kCases)
    for (const std::size_t size : {0u, 1u, 7u, 8u, 15u, 16u, 17u, 31u, 32u, 33u, 1000u}) {
      const std::string plain(size, 'p');
      const auto whole = crypto::encrypt(c.cipher, key_of(c.cipher), std::string(c.iv, 'i'), plain);
      for (const std::size_t piece : {1u, 5u, 16u, 33u, 5000u}) {
        EXPECT_EQ(in_pieces(c, plain, piece), whole) << size << " in " << piece;
        const auto back = opened(c, key_of(c.cipher), whole, piece);
        ASSERT_TRUE(back) << size << " in " << piece;
        EXPECT_EQ(*back, plain);
      }
    }
}

TEST(CipherStream, AgreesToNothingThatTheWholeRefuses) {
  for (const auto& c : kCases) {
    const std::string plain(100, 'p');
    const auto good = crypto::encrypt(c.cipher, key_of(c.cipher), std::string(c.iv, 'i'), plain);
    // Cut anywhere, and every octet wrong: the same verdict as decrypt(), and the same octets.
    for (std::size_t size = 0; size < good.size(); ++size) {
      const auto cut = good.substr(0, size);
      const auto whole = crypto::decrypt(c.cipher, key_of(c.cipher), c.iv, cut);
      const auto pieces = opened(c, key_of(c.cipher), cut, 7);
      ASSERT_EQ(pieces.has_value(), whole.has_value()) << size;
      if (whole) {
        EXPECT_EQ(*pieces, *whole);
      }
      if (!whole) {
        EXPECT_EQ(pieces.error().code, ErrorCode::undecryptable);
      }
      auto wrong = good;
      wrong[size] = static_cast<char>(wrong[size] ^ 0x20);
      const auto judged = crypto::decrypt(c.cipher, key_of(c.cipher), c.iv, wrong);
      const auto streamed = opened(c, key_of(c.cipher), wrong, 7);
      ASSERT_EQ(streamed.has_value(), judged.has_value()) << size;
      if (judged) {
        EXPECT_EQ(*streamed, *judged);
      }
      if (crypto::cipher_is_gcm(c.cipher)) {
        EXPECT_FALSE(streamed) << size;
      }
    }
    EXPECT_FALSE(opened(c, key_of(c.cipher) + "x", good, 7));
    EXPECT_FALSE(opened(c, {}, good, 7));
  }
  EXPECT_FALSE(
      opened({Cipher::aes256_gcm, 13}, key_of(Cipher::aes256_gcm), std::string(99, 'x'), 7));
}

} // namespace
