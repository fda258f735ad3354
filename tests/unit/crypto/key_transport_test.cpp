#include "crypto/key_transport.h"
#include "pki.h"
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <set>

using namespace crypto;

namespace {

constexpr auto sha256 = DigestAlgorithm::sha256;
constexpr auto sha384 = DigestAlgorithm::sha384;
constexpr auto sha512 = DigestAlgorithm::sha512;

const KeyTransport kAll[] = {{true, sha256, sha256},
                             {true, sha512, sha512},
                             {true, sha256, sha512},
                             {true, sha384, sha384},
                             {false, sha256, sha256}};

Certificate certificate(const pki::Key& key) {
  return pki::certificate({.subject = "cipher"}, key, key);
}

// RSA of a padded block of our choice.
std::string raw_encrypt(const pki::Key& key, const std::string& block) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr);
  EVP_PKEY_encrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
  std::string out(block.size(), '\0');
  std::size_t size = out.size();
  EXPECT_EQ(EVP_PKEY_encrypt(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                             reinterpret_cast<const unsigned char*>(block.data()), block.size()),
            1);
  EVP_PKEY_CTX_free(context);
  return out;
}

std::string pkcs1_block(const std::string& key) {
  return std::string("\0\2", 2) + std::string(256 - 3 - key.size(), '\x55') + '\0' + key;
}

const KeyTransport kRsa15{false, sha256, sha256};

} // namespace

TEST(KeyTransport, UnwrapsWhatWasWrapped) {
  const auto key = pki::rsa(2048);
  pki::SeededRandom random(1);
  for (const auto& transport : kAll) {
    for (const std::size_t size : {16u, 24u, 32u}) {
      const auto content_key = random.bytes(size);
      const auto wrapped = wrap_key(certificate(key), transport, content_key);
      ASSERT_TRUE(wrapped) << wrapped.error().detail;
      EXPECT_EQ(wrapped->size(), 256u);
      const auto unwrapped = unwrap_key(pki::private_key(key), transport, *wrapped, size, random);
      EXPECT_TRUE(unwrapped.genuine);
      EXPECT_EQ(unwrapped.key, content_key);
    }
  }
}

TEST(KeyTransport, WrongKeyYieldsRandomKeyOfRightSize) {
  const auto right = pki::rsa(2048), wrong = pki::rsa(2048, 1);
  pki::SeededRandom random(2);
  std::set<std::string> seen;
  for (const auto& transport : kAll) {
    const auto content_key = random.bytes(32);
    const auto wrapped = wrap_key(certificate(right), transport, content_key).value();
    for (int i = 0; i < 3; ++i) {
      const auto unwrapped = unwrap_key(pki::private_key(wrong), transport, wrapped, 32, random);
      EXPECT_FALSE(unwrapped.genuine);
      EXPECT_EQ(unwrapped.key.size(), 32u);
      EXPECT_NE(unwrapped.key, content_key);
      EXPECT_TRUE(seen.insert(unwrapped.key).second) << "the substitute must be random";
    }
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST(KeyTransport, OtherParametersYieldARandomKey) {
  const auto key = pki::rsa(2048);
  pki::SeededRandom random(3);
  const auto content_key = random.bytes(32);
  for (const auto& written : kAll) {
    const auto wrapped = wrap_key(certificate(key), written, content_key).value();
    for (const auto& read : kAll) {
      const bool same =
          read.oaep == written.oaep && read.digest == written.digest && read.mgf == written.mgf;
      EXPECT_EQ(unwrap_key(pki::private_key(key), read, wrapped, 32, random).genuine, same);
    }
  }
}

TEST(KeyTransport, AKeyOfAnotherSizeIsNotGenuine) {
  const auto key = pki::rsa(2048);
  pki::SeededRandom random(4);
  for (const auto& transport : {kAll[0], kRsa15}) {
    const auto wrapped = wrap_key(certificate(key), transport, random.bytes(16)).value();
    for (const std::size_t size : {0u, 15u, 17u, 24u, 32u}) {
      const auto unwrapped = unwrap_key(pki::private_key(key), transport, wrapped, size, random);
      EXPECT_FALSE(unwrapped.genuine) << size;
      EXPECT_EQ(unwrapped.key.size(), size);
    }
  }
}

TEST(KeyTransport, GarbageOfEveryLengthYieldsARandomKey) {
  const auto key = pki::rsa(2048);
  pki::SeededRandom random(5);
  for (const auto& transport : {kAll[0], kRsa15}) {
    for (const auto& garbage :
         {std::string(), std::string(255, 'a'), std::string(256, '\0'), std::string(256, '\xff'),
          std::string(257, 'a'), std::string(512, 'a'), random.bytes(256)}) {
      const auto unwrapped = unwrap_key(pki::private_key(key), transport, garbage, 32, random);
      EXPECT_FALSE(unwrapped.genuine);
      EXPECT_EQ(unwrapped.key.size(), 32u);
      EXPECT_EQ(ERR_peek_error(), 0u);
    }
  }
}

TEST(KeyTransport, Rsa15TakesExactlyTheStandardBlock) {
  const auto key = pki::rsa(2048);
  const auto own = pki::private_key(key);
  pki::SeededRandom random(6);
  const std::string content_key = "0123456789abcdef0123456789abcde\x01";
  const std::string good = pkcs1_block(content_key);
  EXPECT_TRUE(unwrap_key(own, kRsa15, raw_encrypt(key, good), 32, random).genuine);
  EXPECT_EQ(unwrap_key(own, kRsa15, raw_encrypt(key, good), 32, random).key, content_key);

  const auto changed = [&](std::size_t at, char value) {
    std::string block = good;
    block[at] = value;
    return raw_encrypt(key, block);
  };
  const std::pair<std::size_t, char> changes[] = {{0, '\1'},   {1, '\1'},   {1, '\0'},
                                                  {2, '\0'},   {9, '\0'},   {100, '\0'},
                                                  {222, '\0'}, {223, '\1'}, {223, '\xff'}};
  for (const auto& [at, value] : changes) {
    const auto unwrapped = unwrap_key(own, kRsa15, changed(at, value), 32, random);
    EXPECT_FALSE(unwrapped.genuine) << at;
    EXPECT_NE(unwrapped.key, content_key) << at;
  }
  // A zero within the key is part of the key.
  for (const std::size_t at : {224u, 240u, 255u})
    EXPECT_TRUE(unwrap_key(own, kRsa15, changed(at, '\0'), 32, random).genuine) << at;
}

TEST(KeyTransport, Rsa15DemandsEightOctetsOfPadding) {
  const auto key = pki::rsa(2048);
  pki::SeededRandom random(7);
  const std::string longest(256 - 11, 'k'), too_long(256 - 10, 'k');
  EXPECT_TRUE(unwrap_key(pki::private_key(key), kRsa15, raw_encrypt(key, pkcs1_block(longest)),
                         longest.size(), random)
                  .genuine);
  EXPECT_FALSE(unwrap_key(pki::private_key(key), kRsa15, raw_encrypt(key, pkcs1_block(too_long)),
                          too_long.size(), random)
                   .genuine);
  EXPECT_EQ(
      unwrap_key(pki::private_key(key), kRsa15, std::string(256, 'a'), 1000, random).key.size(),
      1000u);
}

TEST(KeyTransport, OnlyRsaCertificatesCanReceiveAKey) {
  for (const auto& key : {pki::ec("P-256"), pki::ed25519()}) {
    const auto wrapped = wrap_key(certificate(key), {}, std::string(32, 'k'));
    ASSERT_FALSE(wrapped);
    EXPECT_EQ(wrapped.error().code, base::ErrorCode::key_error);
    pki::SeededRandom random(8);
    const auto unwrapped = unwrap_key(pki::private_key(key), {}, std::string(256, 'a'), 32, random);
    EXPECT_FALSE(unwrapped.genuine);
    EXPECT_EQ(unwrapped.key.size(), 32u);
  }
}

TEST(KeyTransport, AKeyTooLongForTheRecipientIsAnError) {
  for (const auto& transport : {KeyTransport{true, sha512, sha512}, kRsa15}) {
    const auto wrapped = wrap_key(certificate(pki::rsa(2048)), transport, std::string(250, 'k'));
    ASSERT_FALSE(wrapped);
    EXPECT_EQ(wrapped.error().code, base::ErrorCode::key_error);
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
  EXPECT_FALSE(wrap_key(certificate(pki::rsa_pss()), {}, std::string(32, 'k')));
}
