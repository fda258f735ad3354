// Every recorded message, in both directions, against our own schemas: the inner messages, the
// outer envelopes, the faults.
#include "crypto/signature.h"
#include "mime/message.h"
#include "osci/schema.h"
#include "support/keys.h"
#include "support/schemas.h"
#include "xml/document.h"
#include <ctime>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>

namespace {

// The message type that schemaLocation names; none: a fault.
std::string type_of(std::string_view xml) {
  const auto document = xml::Document::parse(xml, {});
  if (!document) return "unreadable";
  const auto location =
      document->root().attribute("http://www.w3.org/2001/XMLSchema-instance", "schemaLocation");
  if (!location) return "MessageFault";
  const auto at = location->find(" soap");
  return location->substr(at + 5, location->find(".xsd", at) - at - 5);
}

// Counts of valid messages by type.
std::map<std::string, int> validate_all(const std::string& folder) {
  std::map<std::string, int> counts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().string();
    if (entry.path().extension() != ".bin" || name.find("/payload/") != std::string::npos) continue;
    const std::string wire = support::read_file(name);
    const auto parts = mime::parse(wire, {});
    // The one file that is no message at all.
    if (!parts && name.ends_with("i-faults/01_Unreadable.bin")) continue;
    if (!parts) {
      ADD_FAILURE() << name << ": " << parts.error().detail;
      continue;
    }
    const std::string type = type_of(parts->parts[0].raw);
    const auto* schema = support::schemas().find(type);
    if (!schema) {
      ADD_FAILURE() << name << ": no schema for " << type;
      continue;
    }
    const auto valid = schema->validate(parts->parts[0].raw);
    EXPECT_TRUE(valid) << name << " " << type << ": " << valid.error().detail;
    if (valid) ++counts[type];
  }
  return counts;
}

// 12 requests and their answers, the envelope, the fault.
constexpr std::size_t kTypes = 26;

int print(const std::map<std::string, int>& counts) {
  int total = 0;
  for (const auto& [type, count] : counts) {
    std::cout << type << ": " << count << "\n";
    total += count;
  }
  std::cout << "valid " << total << ", skipped 0\n";
  return total;
}

TEST(Schemas, SelectionInTheCloneIsValid) {
  const auto counts = validate_all(support::captures_folder());
  EXPECT_GE(print(counts), 120);
  EXPECT_EQ(counts.size(), kTypes) << "a message type is missing";
}

// Present only where the whole recording lies beside the checkout, as in CI.
TEST(Schemas, FullSetIsValid) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures";
  if (!std::filesystem::exists(folder)) {
    std::cout << "full recording not beside this checkout; the selection was tested\n";
    return;
  }
  const auto counts = validate_all(folder);
  EXPECT_GE(print(counts), 1600);
  EXPECT_EQ(counts.size(), kTypes);
}

// CPU time of this process, which other processes do not disturb as they do the wall clock.
double milliseconds(int runs, const std::function<void()>& work) {
  const auto start = std::clock();
  for (int i = 0; i < runs; ++i) work();
  return 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / runs;
}

TEST(Schemas, CostIsToldBesideThePrivateKeyOperation) {
  const auto& key = support::key("intermed_sign").key; // RSA 4096
  const double rsa = milliseconds(
      5, [&] { ASSERT_TRUE(crypto::sign(key, crypto::SignatureAlgorithm::rsa_sha256, "octets")); });
  std::cout << "RSA 4096 private operation: " << rsa << " ms\n";
  for (const char* name :
       {"a-default/05_InitDialog.plain.bin", "a-default/01_GetMessageId.plain.bin",
        "a-default/03_StoreDelivery.plain.bin", "a-default/07_FetchDelivery.plain.bin",
        "a-default/13_FetchProcessCard.plain.bin", "a-default/63_ForwardDelivery.plain.bin",
        "b-plain/89_PartialStoreDelivery.bin", "g-containers/03_StoreDelivery.plain.bin"}) {
    const std::string wire = support::read_file(support::captures_folder() + "/" + name);
    const auto parts = mime::parse(wire, {});
    ASSERT_TRUE(parts) << name;
    const auto xml = parts->parts[0].raw;
    const auto* schema = support::schemas().find(type_of(xml));
    ASSERT_NE(schema, nullptr) << name;
    const double cost = milliseconds(10, [&] { ASSERT_TRUE(schema->validate(xml)); });
    // Told, not asserted: with other processes on the core both figures vary by a factor of three.
    std::cout << name << ", " << xml.size() / 1024 << " KiB: " << cost << " ms, "
              << 100 * cost / rsa << " % of it\n";
  }
}

} // namespace
