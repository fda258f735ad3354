// The MIME reader against every recorded message of the reference client.
#include "mime/message.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Messages below `folder`; neither payloads nor the recording of a body that is no message.
std::vector<fs::path> messages(const fs::path& folder) {
  std::vector<fs::path> out;
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto& path = entry.path();
    if (path.extension() == ".bin" && path.parent_path().filename() != "payload" &&
        !path.filename().string().starts_with("01_Unreadable"))
      out.push_back(path);
  }
  return out;
}

void check_message(const fs::path& path) {
  SCOPED_TRACE(path.string());
  const std::string body = read_file(path);
  const auto message = mime::parse(body, {});
  ASSERT_TRUE(message) << message.error().detail;
  const auto& parts = message->parts;
  EXPECT_EQ(parts[0].content_id, "osci@message");
  EXPECT_EQ(parts[0].content_type, "text/xml; charset=UTF-8");
  EXPECT_TRUE(parts[0].raw.starts_with("<?xml"));
  const auto xml = parts[0].raw;
  EXPECT_TRUE(xml.substr(0, xml.find_last_not_of("\r\n") + 1).ends_with("Envelope>"));
  std::size_t inside = 0;
  for (const auto& part : parts) {
    EXPECT_TRUE(part.decoded());
    inside += part.raw.size();
  }
  EXPECT_LT(body.size() - inside, 2000u) << "octets outside the parts";
  const bool encrypted = parts[0].raw.find("soapMessageEncrypted.xsd") != std::string_view::npos;
  if (encrypted) {
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[1].content_id, "osci_enc");
  }
  const bool old_form = path.parent_path().filename() == "d-base64" && encrypted;
  if (old_form) {
    EXPECT_TRUE(parts[1].base64);
  }
}

} // namespace

TEST(MimeCaptures, EveryMessageInTheRepositoryIsRead) {
  const auto found = messages(DC_SOURCE_DIR "/tests/captures");
  EXPECT_FALSE(found.empty());
  for (const auto& path : found) check_message(path);
}

TEST(MimeCaptures, EveryRecordedMessageIsRead) {
  const auto found = messages(DC_SOURCE_DIR "/../shared/captures");
  if (found.empty()) GTEST_SKIP() << "the full set of recordings is not here";
  EXPECT_GT(found.size(), 800u);
  for (const auto& path : found) check_message(path);
}

TEST(MimeCaptures, ABodyThatIsNoMessageIsRefused) {
  const fs::path path = DC_SOURCE_DIR "/../shared/captures/i-faults/01_Unreadable.bin";
  const std::string body = fs::exists(path) ? read_file(path) : "this is no OSCI message";
  const auto message = mime::parse(body, {});
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, base::ErrorCode::malformed_message);
}
