#include "osci/legacy.h"
#include <gtest/gtest.h>

namespace osci {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;

const base::Instant kNow{1000h};

TEST(LegacyAlgorithms, GoByTheirNames) {
  for (const auto algorithm :
       {LegacyAlgorithm::cbc, LegacyAlgorithm::tripledes, LegacyAlgorithm::rsa15})
    EXPECT_EQ(legacy_algorithm(legacy_name(algorithm)), algorithm);
  EXPECT_EQ(legacy_algorithm("CBC"), std::nullopt);
  EXPECT_EQ(legacy_algorithm(""), std::nullopt);
}

TEST(LegacyAlgorithms, AreReadOffTheTransport) {
  seal::Transport transport;
  EXPECT_TRUE(legacy_algorithms(transport).empty());
  transport.cipher = crypto::Cipher::aes256_cbc; // of a clear message: means nothing
  EXPECT_TRUE(legacy_algorithms(transport).empty());
  transport.encrypted = true;
  EXPECT_EQ(legacy_algorithms(transport), std::vector{LegacyAlgorithm::cbc});
  transport.cipher = crypto::Cipher::tripledes_cbc;
  transport.key_transport.oaep = false;
  EXPECT_EQ(legacy_algorithms(transport),
            (std::vector{LegacyAlgorithm::tripledes, LegacyAlgorithm::rsa15}));
  transport.cipher = crypto::Cipher::aes128_gcm;
  EXPECT_EQ(legacy_algorithms(transport), std::vector{LegacyAlgorithm::rsa15});
}

TEST(LegacyOptions, AreThoseOfTheExceptionsInForce) {
  const std::vector<LegacyException> exceptions = {
      {{LegacyAlgorithm::cbc}, kNow + 1ms, {"wgb:059130000000"}},
      {{LegacyAlgorithm::rsa15, LegacyAlgorithm::cbc}, kNow, {}}};
  seal::OpenOptions options;
  options.allow_3des = true; // not theirs to say
  options = legacy_options(options, exceptions, kNow);
  EXPECT_TRUE(options.allow_cbc);
  EXPECT_FALSE(options.allow_3des);
  EXPECT_FALSE(options.allow_rsa15);
  EXPECT_TRUE(legacy_options(options, exceptions, kNow - 1ms).allow_rsa15);
  EXPECT_FALSE(legacy_options(options, exceptions, kNow + 1ms).allow_cbc);
}

TEST(LegacyUses, NameTheFirstExceptionThatCounts) {
  const std::vector<LegacyException> exceptions = {
      {{LegacyAlgorithm::cbc}, kNow, {}},
      {{LegacyAlgorithm::cbc}, kNow + 1h, {"wgb:059130000000"}},
      {{LegacyAlgorithm::cbc, LegacyAlgorithm::rsa15}, kNow + 1h, {}}};
  const auto uses = [&](std::vector<LegacyAlgorithm> used, std::vector<std::string> names) {
    return legacy_uses(exceptions, used, names, kNow);
  };
  EXPECT_EQ(uses({LegacyAlgorithm::cbc}, {"ab12", "wgb:059130000000"})->at(0).exception, 1u);
  EXPECT_EQ(uses({LegacyAlgorithm::cbc}, {"ab12"})->at(0).exception, 2u);
  const auto both = uses({LegacyAlgorithm::cbc, LegacyAlgorithm::rsa15}, {"wgb:059130000000"});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->at(1).exception, 2u);
  const auto none = uses({LegacyAlgorithm::tripledes}, {"wgb:059130000000"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::undecryptable);
}

TEST(OriginatorNames, AreKeysOrFingerprints) {
  EXPECT_EQ(originator_name("WGB059130000000").value(), "wgb:059130000000");
  std::string fingerprint, colons;
  for (int i = 0; i < 32; ++i) {
    fingerprint += "a7";
    colons += i == 0 ? "A7" : ":A7";
  }
  EXPECT_EQ(originator_name(fingerprint).value(), fingerprint);
  EXPECT_EQ(originator_name(colons).value(), fingerprint);
  for (const char* wrong : {"", "everybody", "a7a7", "wgb:12"})
    EXPECT_FALSE(originator_name(wrong));
}

TEST(AnswerEncryption, IsOldOnlyForThoseWhoCannotDoBetter) {
  seal::Transport request;
  request.encrypted = true;
  Features none, able;
  able.keys = {"GCMPaddingModus", "OAEPEncryption"};
  EXPECT_EQ(answer_encryption(request, none).cipher, crypto::Cipher::aes256_gcm);
  EXPECT_TRUE(answer_encryption(request, none).key_transport.oaep);
  request.cipher = crypto::Cipher::tripledes_cbc;
  request.key_transport.oaep = false;
  EXPECT_EQ(answer_encryption(request, none).cipher, crypto::Cipher::tripledes_cbc);
  EXPECT_FALSE(answer_encryption(request, none).key_transport.oaep);
  EXPECT_EQ(answer_encryption(request, able).cipher, crypto::Cipher::aes256_gcm);
  EXPECT_TRUE(answer_encryption(request, able).key_transport.oaep);
}

} // namespace
} // namespace osci
