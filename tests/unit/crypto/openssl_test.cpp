#include "crypto/openssl.h"
#include "pki.h"
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

using namespace crypto;

TEST(OpenSslErrors, AreTurnedIntoOneErrorAndTheQueueIsEmpty) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  ERR_raise_data(ERR_LIB_EVP, EVP_R_INVALID_KEY_LENGTH, "quoted %s", "input");
  const auto error = openssl::take_error(base::ErrorCode::key_error, "reading");
  EXPECT_EQ(error.code, base::ErrorCode::key_error);
  EXPECT_EQ(error.detail, "reading (bad decrypt)");
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_EQ(openssl::take_error(base::ErrorCode::key_error, "reading").detail, "reading");
}

TEST(OpenSslErrors, DoNotLeaveOrEnterAScope) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  {
    const openssl::ErrorScope scope;
    EXPECT_EQ(ERR_peek_error(), 0u);
    ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OpenSslErrors, AFailedRequirementIsABugAndEmptiesTheQueue) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  EXPECT_THROW(openssl::require(false, "call"), base::InternalError);
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_NO_THROW(openssl::require(true, "call"));
}

TEST(OpenSslErrors, LeftBehindByOthersDoNotChangeAnOutcome) {
  const auto key = pki::ec("P-256");
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  EXPECT_TRUE(Certificate::from_der(pki::certificate_der({}, key, key)));
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  EXPECT_EQ(openssl::certificate_blocks("nothing").value().size(), 0u);
  EXPECT_EQ(ERR_peek_error(), 0u);
}
