#include "crypto/keys.h"
#include "pki.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <openssl/err.h>

using namespace crypto;
using base::ErrorCode;
namespace fs = std::filesystem;

namespace {

const std::string kKeys = DC_SOURCE_DIR "/tests/captures/keys/";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder of its own that goes away again.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "keys_test_XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name, const std::string& content) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

template <class T>
void expect_error(const base::Result<T>& result, ErrorCode code, const char* part) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code);
  EXPECT_NE(result.error().detail.find(part), std::string::npos) << result.error().detail;
  EXPECT_EQ(ERR_peek_error(), 0u);
}

} // namespace

TEST(Pkcs12, FilesOfTheOldKindAreReadWithoutTheLegacyProvider) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(kKeys)) {
    if (entry.path().extension() != ".p12") continue;
    ++count;
    SCOPED_TRACE(entry.path().string());
    const auto pair = load_pkcs12(read_file(entry.path().string()), "123456");
    ASSERT_TRUE(pair) << pair.error().detail;
    EXPECT_TRUE(pair->key.matches(pair->certificate));
    EXPECT_EQ(pair->key.kind(), KeyKind::rsa);
    auto other = entry.path();
    other.replace_extension(".cer");
    EXPECT_EQ(pair->certificate, Certificate::from_file_text(read_file(other.string())).value());
  }
  EXPECT_EQ(count, 10);
}

TEST(Pkcs12, WrongPinIsToldFromABrokenFile) {
  const auto bytes = read_file(kKeys + "sender_sign.p12");
  for (const char* pin : {"", "12345", "1234567", "\xc3\xa4"})
    expect_error(load_pkcs12(bytes, pin), ErrorCode::key_error, "wrong PIN");
  expect_error(load_pkcs12(bytes, std::string_view("123456\0x", 8)), ErrorCode::key_error,
               "wrong PIN");
  expect_error(load_pkcs12("", "123456"), ErrorCode::key_error, "not a PKCS#12 file");
  expect_error(load_pkcs12("hello", "123456"), ErrorCode::key_error, "not a PKCS#12 file");
  expect_error(load_pkcs12(bytes.substr(0, bytes.size() / 2), "123456"), ErrorCode::key_error,
               "not a PKCS#12 file");
  expect_error(load_pkcs12(std::string(1024 * 1024 + 1, '0'), ""), ErrorCode::key_error, "1 MiB");
}

TEST(Pkcs12, SurvivesChangedOctets) {
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate({}, key, key);
  const auto bytes = pki::pkcs12(key, &certificate, "pin", NID_aes_256_cbc, NID_aes_256_cbc);
  ASSERT_TRUE(load_pkcs12(bytes, "pin"));
  for (std::size_t at = 0; at < 120 && at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    static_cast<void>(load_pkcs12(changed, "pin"));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST(Pkcs12, ModernFilesAndEmptyPinsAreRead) {
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate({}, key, key);
  for (const char* pin : {"pin", "", "M\xc3\xbcller"}) {
    const auto pair =
        load_pkcs12(pki::pkcs12(key, &certificate, pin, NID_aes_256_cbc, NID_aes_256_cbc), pin);
    ASSERT_TRUE(pair) << pair.error().detail;
    EXPECT_EQ(pair->certificate, certificate);
    EXPECT_EQ(pair->key.kind(), KeyKind::ec);
    EXPECT_EQ(pair->key.bits(), 256);
  }
}

TEST(Pkcs12, WithoutCertificateOfTheKeyIsAnError) {
  const auto key = pki::ec("P-256");
  expect_error(
      load_pkcs12(pki::pkcs12(key, nullptr, "pin", NID_aes_256_cbc, NID_aes_256_cbc), "pin"),
      ErrorCode::key_error, "no certificate");
}

TEST(PrivateKey, IsReadFromPlainAndEncryptedPem) {
  const auto key = pki::ec("P-384");
  const auto certificate = pki::certificate({}, key, key);
  const auto plain = PrivateKey::from_pem(pki::private_pem(key), "");
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->matches(certificate));
  EXPECT_EQ(plain->bits(), 384);
  const auto encrypted = PrivateKey::from_pem(pki::private_pem(key, "secret"), "secret");
  ASSERT_TRUE(encrypted);
  EXPECT_TRUE(encrypted->matches(certificate));
  EXPECT_TRUE(PrivateKey::from_pem(pki::certificate_pem(certificate) + pki::private_pem(key), ""));
  const auto other = pki::ec("P-384", 1);
  EXPECT_FALSE(plain->matches(pki::certificate({}, other, other)));
  EXPECT_FALSE(plain->matches(pki::certificate({}, pki::rsa(2048), other)));
}

TEST(PrivateKey, ErrorsTellMissingFromWrongPin) {
  const auto key = pki::ec("P-256");
  const auto encrypted = pki::private_pem(key, "secret");
  expect_error(PrivateKey::from_pem(encrypted, ""), ErrorCode::key_error, "give its PIN");
  expect_error(PrivateKey::from_pem(encrypted, "Secret"), ErrorCode::key_error, "wrong PIN");
  expect_error(PrivateKey::from_pem(encrypted, std::string(5000, 'x')), ErrorCode::key_error,
               "wrong PIN");
  expect_error(PrivateKey::from_pem("", ""), ErrorCode::key_error, "no readable PEM private key");
  expect_error(PrivateKey::from_pem("hello", "x"), ErrorCode::key_error,
               "no readable PEM private key");
  expect_error(PrivateKey::from_pem(pki::certificate_pem(pki::certificate({}, key, key)), ""),
               ErrorCode::key_error, "no readable PEM private key");
}

TEST(KeyPair, IsLoadedFromEveryKindOfFile) {
  const Folder folder;
  const auto key = pki::ec("P-256");
  const auto certificate = pki::certificate({}, key, key);
  const auto pem = pki::certificate_pem(certificate);
  const auto p12 = pki::pkcs12(key, &certificate, "pin", NID_aes_256_cbc, NID_aes_256_cbc);
  const auto certificate_file = folder.file("a.cer", certificate.der());
  struct {
    std::string path, certificate_path, pin;
  } const table[] = {
      {folder.file("a.p12", p12), "", "pin"},
      {folder.file("a.PFX", p12), "", "pin"},
      {folder.file("both.pem", pem + pki::private_pem(key)), "", ""},
      {folder.file("locked.pem", pki::private_pem(key, "secret") + pem), "", "secret"},
      {folder.file("key.pem", pki::private_pem(key)), certificate_file, ""},
      {folder.file("key2.pem", pki::private_pem(key)), folder.file("cert.pem", pem), ""},
  };
  for (const auto& one : table) {
    const auto pair = load_key_pair(one.path, one.certificate_path, one.pin);
    ASSERT_TRUE(pair) << pair.error().detail;
    EXPECT_EQ(pair->certificate, certificate);
    EXPECT_TRUE(pair->key.matches(certificate));
  }
}

TEST(KeyPair, ErrorsNameThePathAndWhatToDo) {
  const Folder folder;
  const auto key = pki::ec("P-256"), other = pki::ec("P-256", 1);
  const auto certificate = pki::certificate({}, key, key);
  const auto foreign = pki::certificate({}, other, other);
  const auto p12 = pki::pkcs12(key, &certificate, "pin", NID_aes_256_cbc, NID_aes_256_cbc);
  const auto check = [&](const std::string& path, const std::string& certificate_path,
                         const char* pin, ErrorCode code, const char* part) {
    const auto pair = load_key_pair(path, certificate_path, pin);
    expect_error(pair, code, part);
    EXPECT_NE(pair.error().detail.find(folder.path()), std::string::npos) << "path is named";
  };
  const auto key_file = folder.file("key.pem", pki::private_pem(key));
  check(folder.path() + "/absent.p12", "", "", ErrorCode::file_error, "cannot be opened");
  check(folder.path(), "", "", ErrorCode::file_error, "regular file");
  check(folder.file("empty.pem", ""), "", "", ErrorCode::file_error, "empty");
  check(folder.file("large.pem", std::string(1024 * 1024 + 1, 'a')), "", "", ErrorCode::file_error,
        "1 MiB");
  check(folder.file("a.p12", p12), "", "wrong", ErrorCode::key_error, "wrong PIN");
  check(key_file, "", "", ErrorCode::key_error, "holds no certificate");
  check(folder.file("locked.pem", pki::private_pem(key, "secret")), "", "", ErrorCode::key_error,
        "give its PIN");
  check(folder.file("text.pem", "hello"), "", "", ErrorCode::key_error, "no readable PEM");
  check(key_file, folder.path() + "/absent.cer", "", ErrorCode::file_error, "cannot be opened");
  check(key_file, folder.file("bad.cer", "hello"), "", ErrorCode::key_error, "certificate");
  check(key_file, folder.file("key.cer", pki::private_pem(key)), "", ErrorCode::key_error,
        "private key");
  check(key_file, folder.file("other.cer", foreign.der()), "", ErrorCode::key_error,
        "does not belong");
  check(folder.file("mixed.pem", pki::private_pem(key) + pki::certificate_pem(foreign)), "", "",
        ErrorCode::key_error, "does not belong");
}
