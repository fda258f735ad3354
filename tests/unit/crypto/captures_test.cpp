// Opens the transport encryption of recorded messages with nothing but crypto/ and mime/, and
// compares with what an independent implementation decrypted.
#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "mime/message.h"
#include "pki.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>

using namespace crypto;
namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const auto start = text.find(from);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + from.size());
  return text.substr(0, text.find(to));
}

const std::map<std::string, KeyPair>& keys_by_certificate() {
  static const auto keys = [] {
    std::map<std::string, KeyPair> out;
    for (const auto& entry : fs::directory_iterator(DC_SOURCE_DIR "/tests/captures/keys")) {
      if (entry.path().extension() != ".p12") continue;
      auto pair = load_key_pair(entry.path().string(), "", "123456").value();
      out.emplace(pair.certificate.der(), pair);
    }
    return out;
  }();
  return keys;
}

// True when the message was encrypted and could be compared.
bool compare(const fs::path& path) {
  const std::string body = read_file(path);
  const auto message = mime::parse(body, {});
  if (!message || message->parts[0].raw.find("soapMessageEncrypted.xsd") == std::string_view::npos)
    return false;
  auto plain_path = path;
  plain_path.replace_extension(".plain.bin");
  if (!fs::exists(plain_path)) return false;
  SCOPED_TRACE(path.string());
  const auto xml = message->parts[0].raw;

  std::vector<std::string_view> algorithms;
  for (std::size_t at = 0; (at = xml.find("Algorithm=\"", at)) != std::string_view::npos; ++at)
    algorithms.push_back(between(xml.substr(at), "\"", "\""));
  KeyTransport transport;
  std::optional<Cipher> cipher;
  for (const auto uri : algorithms) {
    if (uri == kRsa15Uri) transport.oaep = false;
    if (const auto found = cipher_from_uri(uri)) cipher = found;
    if (const auto found = mgf_from_uri(uri)) transport.mgf = *found;
    if (const auto found = oaep_digest_from_uri(uri)) transport.digest = *found;
  }
  const auto length = between(xml, "IvLength", "/");
  const std::size_t iv_length = length.find("12") != std::string_view::npos ? 12 : 16;
  const auto certificate = base::base64_decode(between(xml, "X509Certificate>", "<"));
  const auto wrapped = base::base64_decode(between(xml, "CipherValue>", "<"));
  EXPECT_TRUE(cipher && certificate && wrapped);
  if (!cipher || !certificate || !wrapped) return false;
  const auto pair = keys_by_certificate().find(*certificate);
  if (pair == keys_by_certificate().end()) return false;

  pki::SeededRandom random(1);
  const auto key =
      unwrap_key(pair->second.key, transport, *wrapped, cipher_key_size(*cipher), random);
  EXPECT_TRUE(key.genuine);
  const auto plain = decrypt(*cipher, key.key, iv_length, message->parts[1].decoded().value());
  EXPECT_TRUE(plain);
  EXPECT_TRUE(plain && *plain == read_file(plain_path));
  return true;
}

int compare_all(const fs::path& folder) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() == ".bin" && !name.ends_with(".plain.bin") &&
        compare(entry.path()))
      ++count;
  }
  return count;
}

} // namespace

TEST(CryptoCaptures, MessagesInTheRepositoryDecryptToTheKnownPlaintext) {
  EXPECT_GE(compare_all(DC_SOURCE_DIR "/tests/captures"), 4);
}

TEST(CryptoCaptures, EveryRecordedEncryptedMessageDecryptsToTheKnownPlaintext) {
  const fs::path folder = DC_SOURCE_DIR "/../shared/captures";
  if (!fs::exists(folder)) GTEST_SKIP() << "the full set of recordings is not here";
  EXPECT_GT(compare_all(folder), 600);
}
