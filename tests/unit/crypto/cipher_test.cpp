#include "base/encoding.h"
#include "crypto/cipher.h"
#include "pki.h"
#include <array>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

using namespace crypto;

namespace {

constexpr Cipher kAll[] = {Cipher::aes128_gcm,   Cipher::aes192_gcm, Cipher::aes256_gcm,
                           Cipher::aes128_cbc,   Cipher::aes192_cbc, Cipher::aes256_cbc,
                           Cipher::tripledes_cbc};

std::string hex(std::string_view text) {
  return base::hex_decode(text).value();
}
std::size_t block(Cipher cipher) {
  return cipher == Cipher::tripledes_cbc ? 8 : 16;
}
std::size_t iv_size(Cipher cipher) {
  return cipher_is_gcm(cipher) ? 12 : block(cipher);
}

void expect_undecryptable(const base::Result<std::string>& result) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::undecryptable);
  EXPECT_EQ(result.error().detail, "");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

using Block = std::array<unsigned char, 16>;

// One block of AES without a mode: the only thing taken from OpenSSL by the second opinion below.
Block aes(std::string_view key, const Block& in) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_ecb()
                             : key.size() == 24 ? EVP_aes_192_ecb()
                                                : EVP_aes_256_ecb();
  EVP_EncryptInit_ex2(context, cipher, reinterpret_cast<const unsigned char*>(key.data()), nullptr,
                      nullptr);
  Block out{};
  int size = 0;
  EVP_EncryptUpdate(context, out.data(), &size, in.data(), 16);
  EVP_CIPHER_CTX_free(context);
  return out;
}

// GHASH over whole blocks, bit by bit as NIST SP 800-38D section 6.3 writes it.
Block ghash(const Block& h, std::string data) {
  data.resize((data.size() + 15) / 16 * 16);
  Block y{};
  for (std::size_t at = 0; at < data.size(); at += 16) {
    for (std::size_t i = 0; i < 16; ++i) y[i] ^= static_cast<unsigned char>(data[at + i]);
    Block z{}, v = h;
    for (unsigned bit = 0; bit < 128; ++bit) {
      if (y[bit / 8] >> (7 - bit % 8) & 1)
        for (std::size_t i = 0; i < 16; ++i) z[i] ^= v[i];
      const bool carry = v[15] & 1;
      for (std::size_t i = 15; i > 0; --i)
        v[i] = static_cast<unsigned char>(v[i] >> 1 | v[i - 1] << 7);
      v[0] = static_cast<unsigned char>(v[0] >> 1);
      if (carry) v[0] ^= 0xe1;
    }
    y = z;
  }
  return y;
}

std::string length_block(std::size_t first, std::size_t second) {
  std::string out(16, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    out[7 - i] = static_cast<char>(first * 8 >> (8 * i));
    out[15 - i] = static_cast<char>(second * 8 >> (8 * i));
  }
  return out;
}

std::string pad(std::string data) {
  data.resize((data.size() + 15) / 16 * 16);
  return data;
}

// AES-GCM written down anew, without additional data.
std::string gcm(const std::string& key, const std::string& iv, const std::string& plain) {
  const Block h = aes(key, {});
  Block counter{};
  if (iv.size() == 12) {
    std::copy(iv.begin(), iv.end(), counter.begin());
    counter[15] = 1;
  } else {
    counter = ghash(h, pad(iv) + length_block(0, iv.size()));
  }
  const Block mask = aes(key, counter);
  std::string out;
  for (std::size_t at = 0; at < plain.size(); at += 16) {
    for (std::size_t i = 16; i-- > 12;)
      if (++counter[i] != 0) break;
    const Block stream = aes(key, counter);
    for (std::size_t i = 0; i < 16 && at + i < plain.size(); ++i)
      out.push_back(static_cast<char>(static_cast<unsigned char>(plain[at + i]) ^ stream[i]));
  }
  const Block tag = ghash(h, pad(out) + length_block(0, out.size()));
  std::string all = iv + out;
  for (std::size_t i = 0; i < 16; ++i) all.push_back(static_cast<char>(tag[i] ^ mask[i]));
  return all;
}

} // namespace

TEST(Gcm, MatchesTheVectorsOfTheGcmProposal) {
  // McGrew and Viega, test cases 2, 3, 14 and 15.
  const std::string plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
  struct {
    Cipher cipher;
    std::string key, iv, plain, out;
  } const table[] = {
      {Cipher::aes128_gcm, std::string(32, '0'), std::string(24, '0'), std::string(32, '0'),
       "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
      {Cipher::aes128_gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", plain,
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
       "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
       "4d5c2af327cd64a62cf35abd2ba6fab4"},
      {Cipher::aes256_gcm, std::string(64, '0'), std::string(24, '0'), std::string(32, '0'),
       "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
      {Cipher::aes256_gcm, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
       "cafebabefacedbaddecaf888", plain,
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
       "b094dac5d93471bdec1a502270e3cc6c"},
  };
  for (const auto& one : table) {
    const std::string expected = hex(one.iv + one.out);
    EXPECT_EQ(encrypt(one.cipher, hex(one.key), hex(one.iv), hex(one.plain)), expected);
    EXPECT_EQ(decrypt(one.cipher, hex(one.key), 12, expected).value(), hex(one.plain));
    EXPECT_EQ(gcm(hex(one.key), hex(one.iv), hex(one.plain)), expected)
        << "the second opinion itself";
  }
}

TEST(Gcm, SixteenOctetIvIsHashedIntoTheCounterBlock) {
  pki::SeededRandom random(1);
  for (const Cipher cipher : {Cipher::aes128_gcm, Cipher::aes192_gcm, Cipher::aes256_gcm}) {
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 100u}) {
      const auto key = random.bytes(cipher_key_size(cipher));
      const auto iv = random.bytes(16);
      const auto plain = random.bytes(size);
      const auto out = encrypt(cipher, key, iv, plain);
      EXPECT_EQ(out, gcm(key, iv, plain));
      EXPECT_EQ(decrypt(cipher, key, 16, out).value(), plain);
      expect_undecryptable(decrypt(cipher, key, 12, out));
    }
  }
}

TEST(Gcm, EveryChangedBitIsFound) {
  pki::SeededRandom random(2);
  const auto key = random.bytes(32);
  const auto data = encrypt(Cipher::aes256_gcm, key, random.bytes(12), "some text");
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    auto changed = data;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    expect_undecryptable(decrypt(Cipher::aes256_gcm, key, 12, changed));
  }
}

TEST(Gcm, OtherIvLengthsAreRefused) {
  pki::SeededRandom random(3);
  const auto key = random.bytes(32);
  const auto data = encrypt(Cipher::aes256_gcm, key, random.bytes(16), std::string(64, 'a'));
  for (const std::size_t length : {0u, 1u, 8u, 11u, 13u, 15u, 17u, 32u})
    expect_undecryptable(decrypt(Cipher::aes256_gcm, key, length, data));
}

TEST(Cbc, MatchesTheVectorOfSp800_38a) {
  const auto key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const auto iv = hex("000102030405060708090a0b0c0d0e0f");
  const auto plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  const auto out = encrypt(Cipher::aes256_cbc, key, iv, plain);
  EXPECT_EQ(base::hex_encode(out.substr(16, 32)),
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
  EXPECT_EQ(out.size(), 16u + 32 + 16);
  EXPECT_EQ(decrypt(Cipher::aes256_cbc, key, 0, out).value(), plain);
}

TEST(Cbc, AnyOctetsBeforeTheLengthOctetAreAccepted) {
  pki::SeededRandom random(4);
  for (const Cipher cipher : {Cipher::aes128_cbc, Cipher::aes256_cbc, Cipher::tripledes_cbc}) {
    const auto key = random.bytes(cipher_key_size(cipher));
    const auto iv = random.bytes(block(cipher));
    for (std::size_t padding = 1; padding <= block(cipher); ++padding) {
      const auto text = random.bytes(2 * block(cipher) - padding);
      std::string filled = text;
      filled += random.bytes(padding - 1);
      filled.push_back(static_cast<char>(padding));
      // Encrypting adds a block of PKCS#7 behind it; taken away again.
      auto data = encrypt(cipher, key, iv, filled);
      data.erase(data.size() - block(cipher));
      EXPECT_EQ(decrypt(cipher, key, 12, data).value(), text) << padding;
    }
    for (const std::size_t wrong : {std::size_t{0}, block(cipher) + 1, std::size_t{255}}) {
      auto filled = random.bytes(block(cipher) - 1);
      filled.push_back(static_cast<char>(wrong));
      auto data = encrypt(cipher, key, iv, filled);
      data.erase(data.size() - block(cipher));
      expect_undecryptable(decrypt(cipher, key, 16, data));
    }
  }
}

// What comes out is as long whatever the padding, and wrong padding is a flag, not an end.
TEST(Cbc, WrongPaddingIsReportedLastAndKeepsTheText) {
  pki::SeededRandom random(14);
  for (const Cipher cipher : {Cipher::aes128_cbc, Cipher::aes256_cbc, Cipher::tripledes_cbc}) {
    const auto key = random.bytes(cipher_key_size(cipher));
    const auto size = block(cipher);
    for (std::size_t octet = 0; octet < 256; ++octet) {
      auto filled = random.bytes(3 * size - 1);
      filled.push_back(static_cast<char>(octet));
      auto data = encrypt(cipher, key, random.bytes(size), filled);
      data.erase(data.size() - size);
      const auto out = decrypt_cbc(cipher, key, data);
      const bool good = octet >= 1 && octet <= size;
      EXPECT_EQ(out.genuine, good) << octet;
      EXPECT_EQ(out.text, good ? filled.substr(0, filled.size() - octet) : filled) << octet;
    }
    for (const std::size_t length : {std::size_t{0}, size, size + 1, 3 * size - 1}) {
      const auto out = decrypt_cbc(cipher, key, random.bytes(length));
      EXPECT_FALSE(out.genuine);
      EXPECT_TRUE(out.text.empty());
    }
  }
  EXPECT_THROW(decrypt_cbc(Cipher::aes256_gcm, std::string(32, 'k'), ""), base::InternalError);
  EXPECT_THROW(decrypt_cbc(Cipher::aes256_cbc, std::string(16, 'k'), ""), base::InternalError);
}

TEST(Cbc, WritesPkcs7) {
  const std::string key(32, 'k'), iv(16, 'i');
  const auto data = encrypt(Cipher::aes256_cbc, key, iv, "text");
  // Decrypted block by block with ECB: what stands behind the text.
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_DecryptInit_ex2(context, EVP_aes_256_cbc(),
                      reinterpret_cast<const unsigned char*>(key.data()),
                      reinterpret_cast<const unsigned char*>(iv.data()), nullptr);
  unsigned char out[64];
  int size = 0, rest = 0;
  ASSERT_EQ(EVP_DecryptUpdate(context, out, &size,
                              reinterpret_cast<const unsigned char*>(data.data()) + 16,
                              static_cast<int>(data.size()) - 16),
            1);
  EXPECT_EQ(EVP_DecryptFinal_ex(context, out + size, &rest), 1); // OpenSSL accepts PKCS#7 only
  EVP_CIPHER_CTX_free(context);
  EXPECT_EQ(size + rest, 4);
}

TEST(Cipher, RoundTripsEverySize) {
  pki::SeededRandom random(5);
  for (const Cipher cipher : kAll) {
    for (std::size_t size = 0; size < 70; ++size) {
      const auto key = random.bytes(cipher_key_size(cipher));
      const auto plain = random.bytes(size);
      const auto data = encrypt(cipher, key, random.bytes(iv_size(cipher)), plain);
      EXPECT_EQ(decrypt(cipher, key, iv_size(cipher), data).value(), plain);
    }
  }
}

TEST(Cipher, EveryTruncationIsUndecryptableOrDifferent) {
  pki::SeededRandom random(6);
  for (const Cipher cipher : kAll) {
    const auto key = random.bytes(cipher_key_size(cipher));
    const std::string plain(50, 'p');
    const auto data = encrypt(cipher, key, random.bytes(iv_size(cipher)), plain);
    for (std::size_t size = 0; size < data.size(); ++size) {
      const auto cut =
          decrypt(cipher, key, iv_size(cipher), std::string_view(data).substr(0, size));
      if (cipher_is_gcm(cipher))
        expect_undecryptable(cut);
      else
        EXPECT_TRUE(!cut || *cut != plain);
    }
  }
}

TEST(Cipher, WrongKeyIsUndecryptable) {
  pki::SeededRandom random(7);
  for (const Cipher cipher : {Cipher::aes128_gcm, Cipher::aes256_gcm}) {
    const auto data =
        encrypt(cipher, random.bytes(cipher_key_size(cipher)), random.bytes(12), "text");
    expect_undecryptable(decrypt(cipher, random.bytes(cipher_key_size(cipher)), 12, data));
    expect_undecryptable(decrypt(cipher, "short", 12, data));
    expect_undecryptable(decrypt(cipher, "", 12, data));
  }
}

TEST(Cipher, WrongKeyOrIvLengthWhenEncryptingIsABug) {
  EXPECT_THROW(encrypt(Cipher::aes256_gcm, std::string(16, 'k'), std::string(12, 'i'), ""),
               base::InternalError);
  EXPECT_THROW(encrypt(Cipher::aes256_gcm, std::string(32, 'k'), std::string(13, 'i'), ""),
               base::InternalError);
  EXPECT_THROW(encrypt(Cipher::aes256_cbc, std::string(32, 'k'), std::string(12, 'i'), ""),
               base::InternalError);
  EXPECT_THROW(encrypt(Cipher::tripledes_cbc, std::string(24, 'k'), std::string(16, 'i'), ""),
               base::InternalError);
}
