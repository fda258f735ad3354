#include "base/encoding.h"
#include "crypto/digest.h"
#include "lookup/file_directory.h"
#include "lookup/snapshot.h"
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::StartsWith;

base::Result<std::string> from_captures(const std::string& file) {
  std::ifstream in(DC_SOURCE_DIR "/tests/captures/keys/" + file, std::ios::binary);
  if (!in) return base::fail(ErrorCode::file_error, "no such file");
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

std::shared_ptr<const directory::Directory> sample() {
  const auto made = lookup::parse_directory(R"(
[[description]]
uri = "urn:example:service"
name = "Service"
providers = ["wgb"]
users = ["efa"]
subject = "DATA"
communication = "request-response"
roots = ["a", "b"]
slot = [{ network = "testa", element = "recipient_cipher", required = false }]
[[organisation]]
key = "wgb:059130000000"
name = "Dortmund"
represents = ["wgb:055540040000"]
[[organisation.certificate]]
file = "recipient_cipher.cert.pem"
use = "cipher"
valid_from = 2024-01-01
[[organisation.certificate]]
file = "recipient_sign.cert.pem"
use = "signature"
[[organisation.service]]
uri = "urn:example:service"
name = "Service"
valid_from = 2026-05-01
valid_until = 2026-11-01
[[organisation.service.element]]
network = "testa"
intermediary = "https://osci.example.org/osci"
recipient_cipher = "recipient_cipher.cert.pem"
content_signature = "recipient_sign.cert.pem"
[[organisation.endpoint]]
uri = "https://osci.example.org:8443/annahme"
ca = "test_ca.cert.pem"
[[organisation]]
key = "efa:010000000001"
name = "Portal"
mailbox = false
test = true
[[organisation.certificate]]
file = "sender_cipher.cert.pem"
use = "cipher"
)",
                                            "d.toml", from_captures);
  EXPECT_TRUE(made) << made.error().detail;
  return made.value();
}

std::string signed_again(const std::string& body) {
  const auto lines = std::count(body.begin(), body.end(), '\n') - 1;
  return body + "{\"end\":" + std::to_string(lines) + ",\"sha256\":\"" + crypto::sha256_hex(body) +
         "\"}\n";
}

std::string without_end(const std::string& text) {
  return text.substr(0, text.rfind('\n', text.size() - 2) + 1);
}

std::string refusal(const std::string& text) {
  const auto read = lookup::parse_snapshot(text, "s.ndjson");
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, ErrorCode::invalid_config);
  EXPECT_THAT(read.error().detail, StartsWith("s.ndjson"));
  return read.error().detail;
}

TEST(Snapshot, HoldsAllThatTheDirectoryHolds) {
  const auto original = sample();
  const auto text = lookup::to_snapshot(*original);
  const auto read = lookup::parse_snapshot(text, "s.ndjson");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(lookup::to_snapshot(**read), text);
  const auto& office = *(*read)->find("wgb:059130000000");
  const auto& expected = *original->find("wgb:059130000000");
  EXPECT_EQ(office.name, "Dortmund");
  EXPECT_EQ(office.mailbox, office.key);
  EXPECT_EQ(office.represents, expected.represents);
  ASSERT_EQ(office.certificates.size(), 2u);
  EXPECT_EQ(office.certificates[0].certificate, expected.certificates[0].certificate);
  EXPECT_EQ(office.certificates[0].valid_from, expected.certificates[0].valid_from);
  EXPECT_FALSE(office.certificates[0].valid_until);
  const auto* service = office.service("urn:example:service");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->valid_until, expected.services[0].valid_until);
  ASSERT_EQ(service->elements.size(), 1u);
  EXPECT_EQ(service->elements[0].network, directory::Network::testa);
  EXPECT_EQ(service->elements[0].intermediary, "https://osci.example.org/osci");
  EXPECT_EQ(service->elements[0].recipient_cipher,
            expected.services[0].elements[0].recipient_cipher);
  EXPECT_FALSE(service->elements[0].content_cipher);
  EXPECT_EQ(office.endpoints.at(0).ca, expected.endpoints.at(0).ca);
  EXPECT_TRUE((*read)->find("efa:010000000001")->test);
  EXPECT_TRUE((*read)->find("efa:010000000001")->mailbox.empty());
  const auto* description = (*read)->description("urn:example:service");
  ASSERT_NE(description, nullptr);
  EXPECT_EQ(description->subject, "DATA");
  EXPECT_EQ(description->communication, directory::Communication::request_response);
  EXPECT_FALSE(description->slots.at(0).required);
}

TEST(Snapshot, EachCertificateStandsThereOnce) {
  const auto text = lookup::to_snapshot(*sample());
  std::size_t count = 0;
  for (auto at = text.find("{\"certificate\""); at != std::string::npos;
       at = text.find("{\"certificate\"", at + 1))
    ++count;
  EXPECT_EQ(count, 3u) << "two of them are used by the service too";
}

// However it is cut, and whichever octet is another: nothing of it is taken.
TEST(Snapshot, ACutOrChangedFileIsRecognised) {
  const auto text = lookup::to_snapshot(*sample());
  ASSERT_EQ(refusal(text), "accepted");
  for (std::size_t size = 0; size < text.size(); ++size)
    ASSERT_NE(refusal(text.substr(0, size)), "accepted") << size;
  for (std::size_t at = 0; at < text.size(); at += 7) {
    auto changed = text;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    ASSERT_NE(refusal(changed), "accepted") << at;
  }
  EXPECT_THAT(refusal(without_end(text)), HasSubstr("cut off"));
  EXPECT_THAT(refusal(text + "{}\n"), HasSubstr("follows the end"));
  auto lines = text;
  lines.replace(lines.find("Dortmund"), 8, "Dortmunt");
  EXPECT_THAT(refusal(lines), HasSubstr("SHA-256"));
}

TEST(Snapshot, WhatIsWrongIsRefusedWithItsLine) {
  const auto body = without_end(lookup::to_snapshot(*sample()));
  struct Row {
    const char *what, *with, *said;
  };
  for (const auto& [what, with, said] : {
           Row{"dataclearing-directory", "another", "no snapshot"},
           Row{"\"version\":1", "\"version\":2", "version"},
           Row{"\"organisations\":2", "\"organisations\":3", "not as many"},
           Row{"\"organisations\":2", "\"organisations\":1", "more organisations"},
           Row{"\"organisations\":2", "\"organisations\":50001", "more than the limit"},
           Row{"\"n\":0", "\"n\":7", "no certificate before it"},
           Row{"\"n\":0", "\"n\":1", "does not permit this use"},
           Row{"\"use\":\"cipher\"", "\"use\":\"other\"", "neither"},
           Row{"wgb:059130000000", "wgb:05", "no organisation key"},
           Row{"\"network\":\"testa\"", "\"network\":\"moon\"", "none of the known names"},
           Row{"{\"organisation\"", "{\"organisations\"", "no line of a snapshot"},
           Row{"https://osci.example.org/osci", "ftp://osci.example.org/os", "no usable URL"},
           Row{"2026-04-30T22:00:00Z", "yesterday", "no time"},
           Row{"{\"certificate\":\"MII", "{\"certificate\":\"???", "base64"},
           Row{"{\"certificate\":\"MII", "{\"certificate\":\"AAA", "DER"},
           Row{"\"mailbox\":\"wgb:059130000000\"", "\"mailbox\":\"../x\"", "mailbox"},
       }) {
    auto text = body;
    ASSERT_NE(text.find(what), std::string::npos) << what;
    text.replace(text.find(what), std::string(what).size(), with);
    EXPECT_THAT(refusal(signed_again(text)), HasSubstr(said)) << with;
  }
  EXPECT_THAT(refusal("{\"format\":\n"), HasSubstr("s.ndjson:1: not valid JSON"));
  EXPECT_THAT(refusal("[[[[[[[[[[[[[[[[\n"), HasSubstr("not valid JSON"));
  lookup::Limits limits;
  limits.line_bytes = 100;
  EXPECT_FALSE(lookup::parse_snapshot(signed_again(body), "s", limits));
}

TEST(Snapshot, IsADirectoryFile) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("snapshot-test-" + std::to_string(getpid()) + ".ndjson");
  const auto text = lookup::to_snapshot(*sample());
  std::ofstream(file, std::ios::binary) << text;
  const auto loaded = lookup::load_directory_file(file.string());
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ((*loaded)->organisations().size(), 2u);
  std::ofstream(file, std::ios::binary) << text.substr(0, text.size() / 2);
  const auto cut = lookup::load_directory_file(file.string());
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().detail, HasSubstr("cut off"));
  std::filesystem::remove(file);
  EXPECT_EQ(lookup::load_directory_file(file.string()).error().code, ErrorCode::file_error);
}

} // namespace
