#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "pki.h"
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

using namespace crypto;
using Algorithm = SignatureAlgorithm;

namespace {

constexpr Algorithm kRsa[] = {Algorithm::rsa_sha256,       Algorithm::rsa_sha512,
                              Algorithm::rsa_pss_sha256,   Algorithm::rsa_pss_sha512,
                              Algorithm::rsa_pss_sha3_256, Algorithm::rsa_pss_sha3_384,
                              Algorithm::rsa_pss_sha3_512};
constexpr Algorithm kEcdsa[] = {Algorithm::ecdsa_sha256, Algorithm::ecdsa_sha512};

Certificate certificate(const pki::Key& key, const std::string& usage = "") {
  return pki::certificate({.subject = "signer", .key_usage = usage}, key, pki::ec("P-256"));
}

void expect_wrong(const base::Result<>& result) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::signature_wrong);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// Length of the PSS salt, or -1 when the signature is not PSS with this digest.
int salt_length(const pki::Key& key, const char* digest_name, std::string_view data,
                const std::string& signature) {
  for (int length = 0; length <= 64; ++length) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* key_context = nullptr;
    EVP_DigestVerifyInit_ex(context, &key_context, digest_name, nullptr, nullptr, key.get(),
                            nullptr);
    EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, length);
    const int good = EVP_DigestVerify(
        context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
        reinterpret_cast<const unsigned char*>(data.data()), data.size());
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (good == 1) return length;
  }
  return -1;
}

// A PSS signature with a salt of another length.
std::string sign_with_salt(const pki::Key& key, int length, std::string_view data) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* key_context = nullptr;
  EVP_DigestSignInit_ex(context, &key_context, "SHA256", nullptr, nullptr, key.get(), nullptr);
  EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
  EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, length);
  std::string out(256, '\0');
  std::size_t size = out.size();
  EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                           reinterpret_cast<const unsigned char*>(data.data()), data.size()),
            1);
  EVP_MD_CTX_free(context);
  return out;
}

} // namespace

TEST(Signature, EveryRsaAlgorithmVerifiesItsOwn) {
  const auto key = pki::rsa(2048);
  for (const auto algorithm : kRsa) {
    const auto value = sign(pki::private_key(key), algorithm, "data");
    ASSERT_TRUE(value) << value.error().detail;
    EXPECT_EQ(value->size(), 256u);
    EXPECT_TRUE(verify(certificate(key), algorithm, "data", *value)) << signature_uri(algorithm);
    for (const auto other : kRsa)
      if (other != algorithm) expect_wrong(verify(certificate(key), other, "data", *value));
  }
}

TEST(Signature, EcdsaValuesHaveTheWidthOfTheCurve) {
  const std::pair<const char*, std::size_t> curves[] = {
      {"P-224", 56},  {"P-256", 64},           {"P-384", 96},
      {"P-521", 132}, {"brainpoolP256r1", 64}, {"brainpoolP512r1", 128}};
  for (const auto& [curve, width] : curves) {
    const auto key = pki::ec(curve);
    for (const auto algorithm : kEcdsa) {
      // Often enough that r or s begins with a zero octet.
      for (int i = 0; i < 40; ++i) {
        const std::string data = "data " + std::to_string(i);
        const auto value = sign(pki::private_key(key), algorithm, data);
        ASSERT_TRUE(value) << curve;
        ASSERT_EQ(value->size(), width) << curve;
        EXPECT_TRUE(verify(certificate(key), algorithm, data, *value)) << curve;
      }
    }
  }
}

TEST(Signature, VerifiesTheEcdsaVectorsOfRfc6979) {
  const auto p256 =
      pki::ec_public("P-256", "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
                     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
  const auto value256 =
      base::hex_decode("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                       "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")
          .value();
  EXPECT_TRUE(verify(certificate(p256), Algorithm::ecdsa_sha256, "sample", value256));
  expect_wrong(verify(certificate(p256), Algorithm::ecdsa_sha512, "sample", value256));

  const auto p521 = pki::ec_public("P-521",
                                   "01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BC"
                                   "D371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD7"
                                   "61DCAC474B9A2F5023A4",
                                   "00493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746"
                                   "A28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81"
                                   "EA66956DFEAA2BFDFCF5");
  const auto value521 = base::hex_decode("00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950"
                                         "E6D4C5F174E25A1EE9017B5D450606ADD152B53"
                                         "4931D7D4E8455CC91F9B15BF05EC36E377FA"
                                         "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA2094173082"
                                         "81B68AF282623EAA63E5B5C0723D8B8C37FF077"
                                         "7B1A20F8CCB1DCCC43997F1EE0E44DA4A67A")
                            .value();
  EXPECT_TRUE(verify(certificate(p521), Algorithm::ecdsa_sha512, "sample", value521));
}

TEST(Signature, EcdsaInDerOrAnyOtherFormIsWrong) {
  const auto key = pki::ec("P-256");
  const auto plain = sign(pki::private_key(key), Algorithm::ecdsa_sha256, "data").value();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit_ex(context, nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr);
  std::string der(100, '\0');
  std::size_t size = der.size();
  ASSERT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(der.data()), &size,
                           reinterpret_cast<const unsigned char*>("data"), 4),
            1);
  EVP_MD_CTX_free(context);
  der.resize(size);
  expect_wrong(verify(certificate(key), Algorithm::ecdsa_sha256, "data", der));
  for (const auto& bad :
       {std::string(), plain.substr(1), plain + '\0', '\0' + plain, std::string(64, '\0'),
        std::string(64, '\xff'), std::string(32, '\0') + plain.substr(32),
        plain.substr(0, 32) + std::string(32, '\0')})
    expect_wrong(verify(certificate(key), Algorithm::ecdsa_sha256, "data", bad));
}

TEST(Signature, PssSaltIsAsLongAsTheHash) {
  const auto key = pki::rsa(2048);
  const std::tuple<Algorithm, const char*, int> table[] = {
      {Algorithm::rsa_pss_sha256, "SHA256", 32},
      {Algorithm::rsa_pss_sha512, "SHA512", 64},
      {Algorithm::rsa_pss_sha3_384, "SHA3-384", 48}};
  for (const auto& [algorithm, name, expected] : table)
    EXPECT_EQ(
        salt_length(key, name, "data", sign(pki::private_key(key), algorithm, "data").value()),
        expected);
  EXPECT_TRUE(
      verify(certificate(key), Algorithm::rsa_pss_sha256, "data", sign_with_salt(key, 32, "data")));
  for (const int length : {0, 20, 31, 33, 64})
    expect_wrong(verify(certificate(key), Algorithm::rsa_pss_sha256, "data",
                        sign_with_salt(key, length, "data")));
}

TEST(Signature, ChangedDataOrValueIsWrong) {
  for (const auto& [key, algorithm] : {std::pair{pki::rsa(2048), Algorithm::rsa_sha256},
                                       std::pair{pki::rsa(2048), Algorithm::rsa_pss_sha256},
                                       std::pair{pki::ec("P-256"), Algorithm::ecdsa_sha256}}) {
    const auto signer = certificate(key);
    const auto value = sign(pki::private_key(key), algorithm, "data").value();
    expect_wrong(verify(signer, algorithm, "Data", value));
    expect_wrong(verify(signer, algorithm, "", value));
    for (std::size_t at = 0; at < value.size(); at += 17) {
      auto changed = value;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      expect_wrong(verify(signer, algorithm, "data", changed));
    }
    expect_wrong(verify(signer, algorithm, "data", ""));
    expect_wrong(verify(signer, algorithm, "data", value.substr(0, value.size() - 1)));
    expect_wrong(verify(signer, algorithm, "data", value + "x"));
  }
}

TEST(Signature, AnotherKeyIsWrong) {
  const auto value = sign(pki::private_key(pki::rsa(2048)), Algorithm::rsa_sha256, "data").value();
  expect_wrong(verify(certificate(pki::rsa(2048, 1)), Algorithm::rsa_sha256, "data", value));
  const auto ecdsa =
      sign(pki::private_key(pki::ec("P-256")), Algorithm::ecdsa_sha256, "data").value();
  expect_wrong(verify(certificate(pki::ec("P-256", 1)), Algorithm::ecdsa_sha256, "data", ecdsa));
  expect_wrong(verify(certificate(pki::ec("P-384")), Algorithm::ecdsa_sha256, "data", ecdsa));
}

TEST(Signature, KindOfKeyMustFitTheAlgorithm) {
  const auto rsa = pki::rsa(2048), ec = pki::ec("P-256");
  for (const auto algorithm : kEcdsa) {
    EXPECT_EQ(sign(pki::private_key(rsa), algorithm, "data").error().code,
              base::ErrorCode::key_error);
    expect_wrong(verify(certificate(rsa), algorithm, "data", std::string(64, 'a')));
  }
  for (const auto algorithm : kRsa) {
    EXPECT_EQ(sign(pki::private_key(ec), algorithm, "data").error().code,
              base::ErrorCode::key_error);
    EXPECT_EQ(sign(pki::private_key(pki::ed25519()), algorithm, "data").error().code,
              base::ErrorCode::key_error);
    expect_wrong(verify(certificate(ec), algorithm, "data", std::string(256, 'a')));
  }
}

TEST(Signature, ShortKeysAreWrongAlthoughTheValueIsRight) {
  const auto rsa = pki::rsa(1024);
  expect_wrong(verify(certificate(rsa), Algorithm::rsa_sha256, "data",
                      sign(pki::private_key(rsa), Algorithm::rsa_sha256, "data").value()));
  const auto ec = pki::ec("P-192");
  expect_wrong(verify(certificate(ec), Algorithm::ecdsa_sha256, "data",
                      sign(pki::private_key(ec), Algorithm::ecdsa_sha256, "data").value()));
  EXPECT_EQ(sign(pki::private_key(pki::rsa(512)), Algorithm::rsa_sha512, "data").error().code,
            base::ErrorCode::key_error);
}

TEST(Signature, CurvesSpelledOutByParametersAreWrong) {
  const auto key = pki::ec_explicit_parameters();
  const auto signer = certificate(key);
  EXPECT_EQ(signer.key_kind(), KeyKind::other);
  const auto value = sign(pki::private_key(key), Algorithm::ecdsa_sha256, "data");
  expect_wrong(
      verify(signer, Algorithm::ecdsa_sha256, "data", value ? *value : std::string(64, 'a')));
}

TEST(Signature, KeyUsageOfTheCertificateDecides) {
  const auto key = pki::rsa(2048);
  const auto value = sign(pki::private_key(key), Algorithm::rsa_sha256, "data").value();
  for (const char* usage :
       {"", "digitalSignature", "nonRepudiation", "digitalSignature,keyEncipherment"})
    EXPECT_TRUE(verify(certificate(key, usage), Algorithm::rsa_sha256, "data", value)) << usage;
  for (const char* usage : {"keyEncipherment", "dataEncipherment", "keyCertSign", "keyAgreement"})
    expect_wrong(verify(certificate(key, usage), Algorithm::rsa_sha256, "data", value));
}

TEST(Signature, DefaultAlgorithmFitsTheKey) {
  EXPECT_EQ(default_signature_algorithm(pki::private_key(pki::rsa(2048))), Algorithm::rsa_sha256);
  EXPECT_EQ(default_signature_algorithm(pki::private_key(pki::ec("P-256"))),
            Algorithm::ecdsa_sha256);
  EXPECT_EQ(default_signature_algorithm(pki::private_key(pki::ec("P-384"))),
            Algorithm::ecdsa_sha256);
  EXPECT_EQ(default_signature_algorithm(pki::private_key(pki::ec("P-521"))),
            Algorithm::ecdsa_sha512);
  const auto pss = pki::private_key(pki::rsa_pss());
  EXPECT_TRUE(sign(pss, default_signature_algorithm(pss), "data"));
}
