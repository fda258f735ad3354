// Golden tests: what an independent client put on the wire must open, verify and decode; what it
// accepted as answers must open with our client code.
#include "osci/message.h"
#include "support/keys.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

namespace {

struct Row {
  std::string variant, name, type;
  bool encrypted = false, is_signed = false, answer = false;
};

const std::set<std::string> kCovered = {"InitDialog",    "ExitDialog",    "GetMessageId",
                                        "StoreDelivery", "FetchDelivery", "FetchProcessCard"};
const std::set<std::string> kLegacy = {"e-cbc-rsa15", "e2-cbc-rsa15-nofeatures"};
const std::set<std::string> kVariants = {"a-default",     "b-plain",      "c-signed", "d-base64",
                                         "f-attachments", "g-containers", "h-sha512"};

std::vector<Row> index(const std::string& folder, const std::set<std::string>& variants) {
  std::vector<Row> out;
  std::istringstream lines(support::read_file(folder + "/INDEX.tsv"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::vector<std::string> cell;
    for (std::string one; std::getline(cells, one, '\t');) cell.push_back(one);
    Row row;
    row.variant = cell.at(0);
    row.name = cell.at(1);
    row.type = row.name.substr(row.name.find('_') + 1);
    row.answer = row.type.starts_with("ResponseTo");
    row.encrypted = cell.at(5) == "yes";
    row.is_signed = cell.at(6) == "yes";
    const std::string base = row.answer ? row.type.substr(10) : row.type;
    if (variants.contains(row.variant) && kCovered.contains(base)) out.push_back(row);
  }
  return out;
}

void open_one(const std::string& folder, const Row& row, bool legacy) {
  SCOPED_TRACE(row.variant + "/" + row.name);
  base::SystemRandom random;
  seal::OpenOptions options;
  options.direction = row.answer ? seal::Direction::answer : seal::Direction::request;
  options.allow_cbc = options.allow_rsa15 = legacy;
  const std::vector<crypto::KeyPair> keys =
      row.answer ? std::vector{support::key("sender_cipher"), support::key("recipient_cipher")}
                 : std::vector{support::key("intermed_cipher")};
  const std::string path = folder + "/" + row.variant + "/" + row.name;
  const std::string wire = support::read_file(path + ".bin");
  auto message = seal::open(wire, "", keys, options, random);
  ASSERT_TRUE(message) << base::to_string(message.error().code) << " " << message.error().detail;
  EXPECT_EQ(message->transport().encrypted, row.encrypted);
  EXPECT_EQ(message->is_signed(), row.is_signed);
  EXPECT_EQ(message->type(), row.type);
  EXPECT_EQ(message->plain(), row.encrypted ? support::read_file(path + ".plain.bin") : wire);
  auto verified = message->verified(row.is_signed);
  ASSERT_TRUE(verified) << verified.error().detail;
  if (row.answer) {
    auto answer = osci::decode_answer(*message, row.is_signed);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_FALSE(answer->feedback.empty());
  } else {
    auto frame = osci::decode_frame(*message);
    ASSERT_TRUE(frame) << frame.error().detail;
    auto request = osci::decode_request(*verified, row.encrypted);
    ASSERT_TRUE(request) << request.error().detail;
    EXPECT_EQ(osci::type_name(request->type), row.type);
  }
}

void open_all(const std::string& folder, const std::set<std::string>& variants, bool legacy) {
  std::map<std::string, std::pair<int, int>> counts;
  int total = 0;
  for (const auto& row : index(folder, variants)) {
    open_one(folder, row, legacy);
    auto& count = counts[row.variant];
    ++(row.answer ? count.second : count.first);
    ++total;
  }
  for (const auto& [variant, count] : counts)
    std::cout << variant << ": " << count.first << " requests, " << count.second << " answers\n";
  std::cout << "opened " << total << ", skipped 0\n";
  EXPECT_EQ(counts.size(), variants.size()) << "a variant is missing";
}

TEST(Captures, SelectionInTheCloneOpensVerifiesAndDecodes) {
  open_all(support::captures_folder(), kVariants, false);
}

TEST(Captures, LegacyCiphersAreRefusedUnlessTurnedOn) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures";
  if (!std::filesystem::exists(folder)) return; // the full set is not part of a bare clone
  base::SystemRandom random;
  seal::OpenOptions options;
  const auto wire = support::read_file(folder + "/e-cbc-rsa15/03_StoreDelivery.bin");
  const auto message = seal::open(wire, "", {support::key("intermed_cipher")}, options, random);
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, base::ErrorCode::undecryptable);
}

// Present only where the whole recording lies beside the checkout, as in CI.
TEST(Captures, FullSetOpensVerifiesAndDecodes) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures";
  if (!std::filesystem::exists(folder)) {
    std::cout << "full recording not beside this checkout; the selection was tested\n";
    return;
  }
  open_all(folder, kVariants, false);
}

TEST(Captures, LegacyVariantsOpenWithTheSwitchOn) {
  const std::string folder = DC_SOURCE_DIR "/../shared/captures";
  if (!std::filesystem::exists(folder)) return;
  open_all(folder, kLegacy, true);
}

} // namespace
