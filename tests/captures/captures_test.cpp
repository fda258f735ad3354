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

const std::set<std::string> kLegacy = {"e-cbc-rsa15", "e2-cbc-rsa15-nofeatures"};
const std::set<std::string> kVariants = {"a-default",     "b-plain",      "c-signed", "d-base64",
                                         "f-attachments", "g-containers", "h-sha512"};

// Between the intermediary and a passive recipient (1.2).
bool is_push(const std::string& type) {
  return type.ends_with("AcceptDelivery") || type.ends_with("ProcessDelivery");
}

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
    if (variants.contains(row.variant)) out.push_back(row);
  }
  return out;
}

// The recorded blocks and Body against those that our encoder makes of the decoded message. Blocks
// that the recorded message lacks are ours to add (the library sends no FeatureDescription as
// recipient).
void expect_same_message(const seal::Verified& recorded, const seal::Draft& ours) {
  EXPECT_EQ(ours.type, recorded.type());
  base::SystemRandom random;
  std::map<std::string, std::string> made;
  for (const auto& block : ours.blocks) made[block.id] = block.canonical;
  for (const auto& block : recorded.blocks()) {
    SCOPED_TRACE(block.id);
    ASSERT_TRUE(made.contains(block.id));
    EXPECT_EQ(made[block.id], block.canonical);
  }
  // Of nothing to fetch the stub makes an empty ContentPackage, we an empty Body (9.3).
  const std::string body = ours.body.empty() && ours.type == "ResponseToFetchDelivery"
                               ? "<osci:ContentPackage></osci:ContentPackage>"
                               : ours.body;
  EXPECT_EQ("<soap:Body" + ours.context.declarations() + " Id=\"body\">" + body + "</soap:Body>",
            recorded.body().canonical);
  ASSERT_EQ(ours.attachments.size(), recorded.attachments().size());
  for (std::size_t i = 0; i < ours.attachments.size(); ++i) {
    EXPECT_EQ(ours.attachments[i].content_id, recorded.attachments()[i].content_id);
    EXPECT_EQ(ours.attachments[i].bytes, recorded.attachments()[i].bytes);
  }
}

void open_one(const std::string& folder, const Row& row, bool legacy) {
  SCOPED_TRACE(row.variant + "/" + row.name);
  base::SystemRandom random;
  seal::OpenOptions options;
  using seal::Direction;
  options.direction = row.answer ? (is_push(row.type) ? Direction::push_answer : Direction::answer)
                                 : (is_push(row.type) ? Direction::push : Direction::request);
  options.allow_cbc = options.allow_rsa15 = legacy;
  // Who decrypts: clients their answers, a recipient what is pushed to it, the intermediary the
  // rest.
  const std::vector<crypto::KeyPair> keys =
      row.answer != is_push(row.type)
          ? std::vector{support::key("sender_cipher"), support::key("recipient_cipher")}
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
    osci::Identity identity{
        answer->intermediary.value_or(support::key("intermed_sign").certificate),
        answer->features.chunks};
    // A fetch without delivery has no certificates of a delivery.
    expect_same_message(*verified,
                        osci::encode_answer(*answer, identity, answer->intermediary.has_value()));
  } else {
    if (!is_push(row.type)) {
      auto frame = osci::decode_frame(*message);
      ASSERT_TRUE(frame) << frame.error().detail;
    }
    auto request = osci::decode_request(*verified, row.encrypted);
    ASSERT_TRUE(request) << request.error().detail;
    EXPECT_EQ(osci::type_name(request->type), row.type);
    expect_same_message(*verified, osci::encode_request(*request));
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

// What makes an intermediary answer with a fault, and how the recorded faults read to a client.
TEST(Captures, BrokenRequestsAreRefusedAndFaultsAreRead) {
  const std::string folder = support::captures_folder() + "/i-faults/";
  base::SystemRandom random;
  seal::OpenOptions options;
  const auto code_of = [&](const std::string& name) {
    const auto message = seal::open(support::read_file(folder + name + ".bin"), "",
                                    {support::key("intermed_cipher")}, options, random);
    if (!message) return message.error().code;
    const auto verified = message->verified(true);
    return verified ? base::ErrorCode::internal : verified.error().code;
  };
  EXPECT_EQ(code_of("01_Unreadable"), base::ErrorCode::malformed_message);
  EXPECT_EQ(code_of("03_Unreadable"), base::ErrorCode::unknown_cipher_certificate);
  EXPECT_EQ(code_of("05_Unreadable"), base::ErrorCode::signature_wrong);
  EXPECT_EQ(code_of("07_FetchDelivery"), base::ErrorCode::internal) << "readable; only replayed";

  options.direction = seal::Direction::answer;
  for (const auto& [name, code] :
       {std::pair("02_SOAPFault_9202", "9202"), std::pair("04_SOAPFault_9202", "9202"),
        std::pair("06_SOAPFault_9601", "9601"), std::pair("08_SOAPFault_9400", "9400")}) {
    const auto message =
        seal::open(support::read_file(folder + name + ".bin"), "", {}, options, random);
    ASSERT_TRUE(message) << name;
    const auto answer = osci::decode_answer(*message, true);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::ErrorCode::peer_fault);
    EXPECT_EQ(answer.error().detail.substr(0, 4), code);
  }
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
