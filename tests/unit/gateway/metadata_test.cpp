// MessageMetaData on its way through the intermediary: octet for octet, indexed, never decided by.
#include "base/log.h"
#include "osci/metadata.h"
#include "support/intermediary.h"
#include "support/metadata.h"
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using support::Intermediary;
using support::Party;

struct Lines {
  Lines() {
    base::set_log_sink(
        [this](const base::LogRecord& record) { lines.push_back(base::render(record)); });
  }
  ~Lines() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  std::string of(const std::string& event) const {
    for (const auto& line : lines)
      if (line.find("event=" + event) != std::string::npos || line.find(event) != std::string::npos)
        return line;
    return "";
  }
  std::vector<std::string> lines;
};

struct MetaDataOnItsWay : testing::Test {
  Party sender{"sender"}, recipient{"recipient"};

  osci::Request delivery(Intermediary& intermediary, const std::string& header) {
    auto out = sender.delivery(
        intermediary.ids().issue(intermediary.clock.now(), intermediary.random), "Antrag");
    out.content.custom_headers.push_back({"MetaData", header});
    return out;
  }
  osci::Answer fetch(Intermediary& intermediary) {
    support::Dialog dialog(intermediary, recipient);
    return dialog.send(dialog.next(MessageType::fetch_delivery));
  }
  std::optional<mailbox::StoredDelivery> stored(Intermediary& intermediary) {
    mailbox::FetchSelection selection;
    selection.mailboxes = {"wgb:059130000000"};
    auto out = intermediary.store().read(selection);
    return out ? out->delivery : std::nullopt;
  }
};

TEST_F(MetaDataOnItsWay, ComesBackOctetForOctetAndIsIndexed) {
  Intermediary intermediary;
  Lines log;
  const auto header = osci::adopt_metadata(support::kMetaDataSample).value();
  const auto request = delivery(intermediary, header);
  ASSERT_EQ(support::code_of(sender, intermediary.post(sender.seal(request))), "0800");

  const auto line = log.of("delivery stored");
  EXPECT_NE(line.find("service=http://service.example/wohngeld/1/Wohngeld.wsdl"), std::string::npos)
      << line;
  EXPECT_NE(line.find("message_type=wohngeld.antrag.0100"), std::string::npos) << line;
  EXPECT_NE(line.find("reader=wgb:059130000000"), std::string::npos) << line;
  EXPECT_EQ(log.of("metadata.invalid"), "");

  const auto kept = stored(intermediary);
  ASSERT_TRUE(kept && kept->metadata);
  EXPECT_EQ(kept->metadata->service, "http://service.example/wohngeld/1/Wohngeld.wsdl");
  EXPECT_EQ(kept->metadata->message_type, "wohngeld.antrag.0100");
  EXPECT_EQ(kept->metadata->message_type_list, "urn:example:types");
  EXPECT_EQ(kept->metadata->business_scenario, "WOHNGELD_DATA");
  EXPECT_EQ(kept->metadata->author, "efa:010000000001");
  EXPECT_EQ(kept->metadata->reader, "wgb:059130000000");
  EXPECT_EQ(kept->metadata->message_id, "urn:uuid:11111111-2222-4333-8444-555555555555");

  const auto answer = fetch(intermediary);
  ASSERT_TRUE(answer.content);
  ASSERT_EQ(answer.content->custom_headers.size(), 1u);
  EXPECT_EQ(answer.content->custom_headers[0].id, "MetaData");
  EXPECT_EQ(answer.content->custom_headers[0].canonical, header);
}

// Prefixes that only the sender's envelope binds belong to the header's canonical form: it must
// come back with them, in an answer that binds them too.
TEST_F(MetaDataOnItsWay, KeepsTheNamespaceContextOfItsSender) {
  Intermediary intermediary;
  auto request = delivery(intermediary, "");
  auto scope =
      std::map<std::string, std::string>{{"soap", "http://schemas.xmlsoap.org/soap/envelope/"},
                                         {"osci", "http://www.osci.de/2002/04/osci"},
                                         {"ds", "http://www.w3.org/2000/09/xmldsig#"},
                                         {"xenc", "http://www.w3.org/2001/04/xmlenc#"},
                                         {"xsi", "http://www.w3.org/2001/XMLSchema-instance"},
                                         {"fach", "urn:example:fach"}};
  request.content.context = seal::Context::from_scope(scope).value();
  const auto header =
      request.content.context.declared_on(osci::adopt_metadata(support::kMetaDataSample).value());
  ASSERT_NE(header.find("xmlns:fach="), std::string::npos);
  request.content.custom_headers[0].canonical = header;
  ASSERT_EQ(support::code_of(sender, intermediary.post(sender.seal(request))), "0800");
  intermediary.restart();
  const auto answer = fetch(intermediary);
  ASSERT_TRUE(answer.content);
  ASSERT_EQ(answer.content->custom_headers.size(), 1u);
  EXPECT_EQ(answer.content->custom_headers[0].canonical, header);
  EXPECT_TRUE(stored(intermediary)->metadata);
}

TEST_F(MetaDataOnItsWay, ThatBreaksItsSchemaIsTakenAndLogged) {
  Intermediary intermediary;
  Lines log;
  const auto header = seal::Context::standard().declared_on(
      "<om:MessageMetaData xmlns:om=\"http://www.osci.eu/ws/2014/10/transport\" Id=\"MetaData\">"
      "<om:Originators><om:Author><om:Identifier type=\"xoev\">Erika Mustermann</om:Identifier>"
      "</om:Author></om:Originators></om:MessageMetaData>");
  ASSERT_EQ(
      support::code_of(sender, intermediary.post(sender.seal(delivery(intermediary, header)))),
      "0800");
  EXPECT_NE(log.of("metadata.invalid").find("missing"), std::string::npos);
  for (const auto& line : log.lines) EXPECT_EQ(line.find("Erika"), std::string::npos) << line;
  EXPECT_EQ(stored(intermediary)->metadata->author, "Erika Mustermann");
  EXPECT_EQ(fetch(intermediary).content->custom_headers[0].canonical, header);
}

TEST_F(MetaDataOnItsWay, ThatIsNoneAtAllIsTakenToo) {
  Intermediary intermediary;
  const auto header =
      seal::Context::standard().declared_on("<a:b xmlns:a=\"urn:a\" Id=\"MetaData\"></a:b>");
  ASSERT_EQ(
      support::code_of(sender, intermediary.post(sender.seal(delivery(intermediary, header)))),
      "0800");
  EXPECT_FALSE(stored(intermediary)->metadata);
}

TEST_F(MetaDataOnItsWay, IsRefusedForBreakingItsSchemaOnlyWherePolicyWantsIt) {
  osci::Policy policy;
  policy.check_metadata = true;
  Intermediary intermediary(policy);
  const auto broken = seal::Context::standard().declared_on(
      "<om:MessageMetaData xmlns:om=\"http://www.osci.eu/ws/2014/10/transport\" Id=\"MetaData\">"
      "</om:MessageMetaData>");
  EXPECT_EQ(
      support::code_of(sender, intermediary.post(sender.seal(delivery(intermediary, broken)))),
      "9300");
  EXPECT_FALSE(stored(intermediary));
  const auto whole = osci::adopt_metadata(support::kMetaDataSample).value();
  EXPECT_EQ(support::code_of(sender, intermediary.post(sender.seal(delivery(intermediary, whole)))),
            "0800");
}

} // namespace
