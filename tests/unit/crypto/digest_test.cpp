#include "base/encoding.h"
#include "crypto/digest.h"
#include <gtest/gtest.h>

using namespace crypto;
using base::hex_decode;
using base::hex_encode;

TEST(Digest, MatchesPublishedVectors) {
  // FIPS 180-4 and FIPS 202 example values.
  struct {
    DigestAlgorithm algorithm;
    const char* text;
    const char* expected;
  } const table[] = {
      {DigestAlgorithm::sha256, "abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {DigestAlgorithm::sha384, "abc",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c"
       "825a7"},
      {DigestAlgorithm::sha512, "abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {DigestAlgorithm::sha3_256, "",
       "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
      {DigestAlgorithm::sha3_256, "abc",
       "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
      {DigestAlgorithm::sha3_384, "abc",
       "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf2283"
       "76d25"},
      {DigestAlgorithm::sha3_512, "abc",
       "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
       "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
  };
  for (const auto& one : table) {
    EXPECT_EQ(hex_encode(digest(one.algorithm, one.text)), one.expected);
    EXPECT_EQ(digest(one.algorithm, one.text).size(), digest_size(one.algorithm));
  }
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IncrementalFormGivesTheSame) {
  for (const auto algorithm : {DigestAlgorithm::sha256, DigestAlgorithm::sha3_384}) {
    Hasher hasher(algorithm);
    Hasher moved(std::move(hasher));
    std::string all;
    for (int i = 0; i < 300; ++i) {
      const std::string piece(static_cast<std::size_t>(i), static_cast<char>(i));
      moved.update(piece);
      all += piece;
    }
    EXPECT_EQ(moved.finish(), digest(algorithm, all));
  }
  EXPECT_EQ(Hasher(DigestAlgorithm::sha256).finish(), digest(DigestAlgorithm::sha256, ""));
}

TEST(Hmac, MatchesTheVectorsOfRfc4231) {
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'),
                                   "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, TakesAnEmptyKeyAndAnEmptyText) {
  EXPECT_EQ(hex_encode(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(hmac_sha256(std::string_view(), std::string_view()), hmac_sha256("", ""));
}
