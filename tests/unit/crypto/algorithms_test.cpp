#include "base/result.h"
#include "crypto/algorithms.h"
#include <gtest/gtest.h>

using namespace crypto;

TEST(Algorithms, EveryUriLeadsBackToItsAlgorithm) {
  for (int i = 0; i <= static_cast<int>(DigestAlgorithm::sha3_512); ++i) {
    const auto algorithm = static_cast<DigestAlgorithm>(i);
    if (algorithm == DigestAlgorithm::sha384) continue;
    EXPECT_EQ(digest_from_uri(digest_uri(algorithm)), algorithm);
  }
  for (int i = 0; i <= static_cast<int>(SignatureAlgorithm::ecdsa_sha512); ++i) {
    const auto algorithm = static_cast<SignatureAlgorithm>(i);
    EXPECT_EQ(signature_from_uri(signature_uri(algorithm)), algorithm);
  }
  for (int i = 0; i <= static_cast<int>(Cipher::tripledes_cbc); ++i) {
    const auto cipher = static_cast<Cipher>(i);
    EXPECT_EQ(cipher_from_uri(cipher_uri(cipher)), cipher);
  }
  for (const auto algorithm :
       {DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
    EXPECT_EQ(mgf_from_uri(mgf_uri(algorithm)), algorithm);
    EXPECT_EQ(oaep_digest_from_uri(oaep_digest_uri(algorithm)), algorithm);
  }
}

TEST(Algorithms, UrisAreThoseOfTheWireReference) {
  EXPECT_EQ(digest_uri(DigestAlgorithm::sha256), "http://www.w3.org/2001/04/xmlenc#sha256");
  EXPECT_EQ(digest_uri(DigestAlgorithm::sha3_384),
            "http://www.w3.org/2007/05/xmldsig-more#sha3-384");
  EXPECT_EQ(signature_uri(SignatureAlgorithm::rsa_pss_sha256),
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1");
  EXPECT_EQ(signature_uri(SignatureAlgorithm::ecdsa_sha512),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512");
  EXPECT_EQ(cipher_uri(Cipher::aes256_gcm), "http://www.w3.org/2009/xmlenc11#aes256-gcm");
  EXPECT_EQ(cipher_uri(Cipher::tripledes_cbc), "http://www.w3.org/2001/04/xmlenc#tripledes-cbc");
  EXPECT_EQ(mgf_uri(DigestAlgorithm::sha512), "http://www.w3.org/2009/xmlenc11#mgf1sha512");
}

TEST(Algorithms, WeakAndForeignOnesDoNotExist) {
  for (const char* uri :
       {"", "http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmlenc#ripemd160",
        "http://www.w3.org/2001/04/xmldsig-more#sha384", "HTTP://www.w3.org/2001/04/xmlenc#sha256"})
    EXPECT_FALSE(digest_from_uri(uri)) << uri;
  for (const char* uri : {"", "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                          "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                          "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
                          "http://www.w3.org/2001/04/xmldsig-more/rsa-ripemd160"})
    EXPECT_FALSE(signature_from_uri(uri)) << uri;
  EXPECT_FALSE(mgf_from_uri("http://www.w3.org/2009/xmlenc11#mgf1sha1"));
  EXPECT_FALSE(oaep_digest_from_uri("http://www.w3.org/2000/09/xmldsig#sha1"));
  EXPECT_FALSE(cipher_from_uri(""));
}

TEST(Algorithms, AskingForAUriThatDoesNotExistIsABug) {
  EXPECT_THROW(digest_uri(DigestAlgorithm::sha384), base::InternalError);
  EXPECT_THROW(mgf_uri(DigestAlgorithm::sha3_256), base::InternalError);
  EXPECT_THROW(oaep_digest_uri(DigestAlgorithm::sha3_256), base::InternalError);
}

TEST(Algorithms, SizesAreRight) {
  EXPECT_EQ(digest_size(DigestAlgorithm::sha256), 32u);
  EXPECT_EQ(digest_size(DigestAlgorithm::sha384), 48u);
  EXPECT_EQ(digest_size(DigestAlgorithm::sha3_512), 64u);
  EXPECT_EQ(cipher_key_size(Cipher::aes128_gcm), 16u);
  EXPECT_EQ(cipher_key_size(Cipher::aes192_cbc), 24u);
  EXPECT_EQ(cipher_key_size(Cipher::tripledes_cbc), 24u);
  EXPECT_EQ(cipher_key_size(Cipher::aes256_gcm), 32u);
  EXPECT_TRUE(cipher_is_gcm(Cipher::aes192_gcm));
  EXPECT_FALSE(cipher_is_gcm(Cipher::aes256_cbc));
}
