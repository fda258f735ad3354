// Content in clear against the schemas of its standard, through the whole intermediary.
#include "base/encoding.h"
#include "base/log.h"
#include "setup/content_check.h"
#include "support/chunks.h"
#include "support/intermediary.h"
#include "unit/gateway/fake_recipient.h"
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace {

using osci::MessageType;
using osci::RoutingMode;
using support::Dialog;
using support::Intermediary;
using support::Party;

const std::filesystem::path kXantrag = DC_SOURCE_DIR "/xoev-schemas/xantrag";

std::string sample() {
  std::ifstream in(kXantrag / "1_0/samples/wohngeld-dortmund.xml", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A document that its schema refuses, with a text of which nothing may be told.
std::string broken() {
  std::string out = sample();
  const auto end = out.rfind("</");
  return out.substr(0, end) + "<Geheimnis>Erika Mustermann</Geheimnis>" + out.substr(end);
}

struct ClearContent : testing::Test {
  Intermediary intermediary{support::with_chunks()};
  Party sender{"sender"}, recipient{"recipient"};
  std::vector<std::string> log;

  ClearContent() {
    base::set_log_sink([this](const base::LogRecord& one) { log.push_back(base::render(one)); });
  }
  ~ClearContent() override {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  void set(RoutingMode mode) {
    auto check = setup::make_content_check(kXantrag);
    ASSERT_TRUE(check) << check.error().detail;
    intermediary.check_content = std::move(*check);
    intermediary.policy.clear_content = mode;
    intermediary.restart();
  }
  std::string issue() { return intermediary.ids().issue(intermediary.clock.now(), sender.random); }
  osci::Answer store(const std::string& payload) {
    return sender.open(intermediary.post(sender.seal(sender.delivery(issue(), payload))));
  }
  std::size_t logged(std::string_view event) const {
    std::size_t out = 0;
    for (const auto& line : log) out += line.find(event) != std::string::npos;
    return out;
  }
  std::size_t waiting() {
    mailbox::FetchSelection selection;
    selection.mailboxes = {"wgb:059130000000"};
    const auto read = intermediary.store().read(selection);
    return read->waiting + (read->delivery ? 1 : 0);
  }
  void expect_nothing_told() const {
    for (const auto& line : log) EXPECT_EQ(line.find("Erika"), std::string::npos) << line;
  }
};

TEST_F(ClearContent, EnforcedRefusesWhatIsInvalidAndSaysSo) {
  set(RoutingMode::enforce);
  EXPECT_EQ(store(sample()).feedback.at(0).code, "0800");
  const auto refused = store(broken());
  EXPECT_EQ(refused.feedback.at(0).code, "9805");
  EXPECT_NE(refused.feedback.at(0).text.find("nach dem Schema seines Standards nicht"),
            std::string::npos);
  EXPECT_EQ(waiting(), 1u);
  expect_nothing_told();
}

TEST_F(ClearContent, ObservedTakesItAndLogsTheFinding) {
  set(RoutingMode::observe);
  EXPECT_EQ(store(broken()).feedback.at(0).code, "0800");
  EXPECT_EQ(waiting(), 1u);
  EXPECT_EQ(logged("content.invalid"), 1u);
  EXPECT_EQ(store(sample()).feedback.at(0).code, "0800");
  EXPECT_EQ(logged("content.invalid"), 1u);
  expect_nothing_told();
}

TEST_F(ClearContent, OffLooksIntoNothing) {
  set(RoutingMode::off);
  EXPECT_EQ(store(broken()).feedback.at(0).code, "0800");
  EXPECT_EQ(logged("content.invalid"), 0u);
}

TEST_F(ClearContent, OtherStandardsAndOtherContentAreNoMatterOfIt) {
  set(RoutingMode::enforce);
  for (const char* payload :
       {"<a xmlns='urn:other'/>", "no XML at all", "<a", "", "\x00\xFF\xFE", "%PDF-1.7"})
    EXPECT_EQ(store(payload).feedback.at(0).code, "0800") << payload;
}

// Every container in clear, nested ones too; what is no base64 in one of them is for the reader to
// complain about.
TEST_F(ClearContent, LooksIntoEveryContainerInClear) {
  set(RoutingMode::enforce);
  const auto content = [](const std::string& inside, int id) {
    return "<osci:ContentContainer Id=\"c" + std::to_string(id) + "\"><osci:Content>" + inside +
           "</osci:Content></osci:ContentContainer>";
  };
  const auto data = [](const std::string& bytes, int id) {
    return "<osci:Base64Content Id=\"d" + std::to_string(id) + "\">" + base::base64_encode(bytes) +
           "</osci:Base64Content>";
  };
  const auto send = [&](const std::string& inside) {
    auto request = sender.delivery(issue(), "");
    request.content.body = "<osci:ContentPackage>" + inside + "</osci:ContentPackage>";
    return sender.open(intermediary.post(sender.seal(request))).feedback.at(0).code;
  };
  EXPECT_EQ(send(content(data(sample(), 1), 1) + content(data(broken(), 2), 2)), "9805");
  EXPECT_EQ(send(content(content(data(broken(), 1), 1), 2)), "9805");
  EXPECT_EQ(send(content(content(data(sample(), 1), 1), 2)), "0800");
  intermediary.check_schemas = false; // which forbids it
  EXPECT_EQ(send(content("<osci:Base64Content Id=\"d\">%%%</osci:Base64Content>", 1)), "0800");
  EXPECT_EQ(logged("content.invalid"), 1u);
  std::string many; // more than is looked into: taken, and said
  for (int i = 0; i < 70; ++i) many += "<osci:Content>" + data("x", i) + "</osci:Content>";
  EXPECT_EQ(send("<osci:ContentContainer Id=\"c\">" + many + "</osci:ContentContainer>"), "0800");
  EXPECT_EQ(logged("content.invalid"), 2u);
}

TEST_F(ClearContent, APushIsHeldAgainstThemToo) {
  test::FakeRecipient fake;
  intermediary.push.transport = &fake;
  intermediary.push.endpoints = {{test::kUri, ""}};
  set(RoutingMode::enforce);
  const auto answer = sender.open(intermediary.post(
      sender.seal(sender.pushed(MessageType::forward_delivery, issue(), test::kUri, broken()))));
  EXPECT_EQ(answer.feedback.at(0).code, "9805");
  EXPECT_NE(answer.feedback.at(0).text.find("Schema"), std::string::npos);
  EXPECT_EQ(fake.calls(), 0u);
}

TEST_F(ClearContent, SoIsWhatChunksMakeUp) {
  set(RoutingMode::enforce);
  for (const bool valid : {true, false}) {
    const auto id = issue();
    const auto inner = sender.delivery(id, valid ? sample() : broken());
    const support::ChunkedStore transfer(sender, id, sender.seal(inner, false, false), 40);
    Dialog dialog(intermediary, sender);
    osci::Answer last;
    for (std::uint32_t number = 1; number <= transfer.count(); ++number)
      last = dialog.send(transfer.chunk(dialog, number));
    ASSERT_EQ(last.inside_feedback.size(), 1u);
    EXPECT_EQ(last.inside_feedback[0].code, valid ? "0800" : "9805");
  }
  EXPECT_EQ(waiting(), 1u);
}

// What was accepted stays so when the schemas change: the repeat in its dialog gets the receipt.
TEST_F(ClearContent, ARepeatGetsItsReceiptAfterTheSchemasCame) {
  set(RoutingMode::off);
  Dialog dialog(intermediary, sender);
  auto request = sender.delivery(issue(), broken());
  request.control = dialog.next(MessageType::store_delivery).control;
  const auto wire = sender.seal(request);
  ASSERT_EQ(sender.open(intermediary.post(wire)).feedback.at(0).code, "0801");
  set(RoutingMode::enforce);
  EXPECT_EQ(sender.open(intermediary.post(wire)).feedback.at(0).code, "0801");
  EXPECT_EQ(waiting(), 1u);
}

TEST(ContentCheck, APackThatCannotBeUsedEndsTheStart) {
  const auto folder = std::filesystem::temp_directory_path() / "dc-content-check";
  std::filesystem::create_directories(folder / "broken");
  std::ofstream(folder / "broken/a.xsd")
      << "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">"
         "<xs:element name=\"a\" type=\"nowhere\"/></xs:schema>";
  const auto check = setup::make_content_check(folder);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, base::ErrorCode::invalid_config);
  EXPECT_FALSE(setup::make_content_check(folder / "missing"));
  std::filesystem::remove_all(folder);
}

} // namespace
