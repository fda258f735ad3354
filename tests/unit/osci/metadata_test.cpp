#include "osci/metadata.h"
#include "support/metadata.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace osci {
namespace {

using support::kMetaDataSample;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// `text` between two marks, both included, taken out.
std::string without(std::string text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  const auto end = text.find(to, begin);
  EXPECT_NE(end, std::string::npos) << from;
  return text.erase(begin, end + to.size() - begin);
}

MetaData complete() {
  MetaData out;
  out.author = {"efa:010000000001", "xoev", "", "Online-Dienst"};
  out.reader = {"wgb:059130000000", "xoev", "Amt <Nord>", ""};
  out.message_id = "urn:uuid:11111111-2222-4333-8444-555555555555";
  out.service = "http://service.example/wohngeld/1/Wohngeld.wsdl";
  out.business_scenario = {"WOHNGELD_DATA", "urn:de:xta:codeliste:business.scenario", "2"};
  out.message_type = {"wohngeld.antrag.0100", "urn:example:types", "1"};
  out.payload_schema = "http://service.example/wohngeld/1?a=1&b=2";
  out.origin = "2026-03-02T08:00:00Z";
  out.size = 1234;
  return out;
}

TEST(MetaData, IsRead) {
  const auto read = read_metadata(kMetaDataSample);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->findings.empty()) << read->findings.front();
  EXPECT_TRUE(read->test);
  EXPECT_EQ(read->author.value, "efa:010000000001");
  EXPECT_EQ(read->author.name, "Online-Dienst & Co");
  EXPECT_EQ(read->reader.value, "wgb:059130000000");
  EXPECT_EQ(read->message_id, "urn:uuid:11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(read->service, "http://service.example/wohngeld/1/Wohngeld.wsdl");
  EXPECT_EQ(read->business_scenario.code, "WOHNGELD_DATA");
  EXPECT_EQ(read->message_type.code, "wohngeld.antrag.0100");
  EXPECT_EQ(read->message_type.list_uri, "urn:example:types");
  EXPECT_EQ(read->message_type.list_version, "1");
  EXPECT_EQ(read->payload_schema, "http://service.example/wohngeld/1");
  EXPECT_EQ(read->origin, "2026-03-02T08:00:00+01:00");
  EXPECT_EQ(read->size, 1234u);
}

TEST(MetaData, OfAnotherVersionIsReadByItsNames) {
  const auto read = read_metadata(
      R"(<c:MessageMetaData xmlns:c="urn:example:core:5"><c:XTAMessageID id="a">urn:x:1</c:XTAMessageID>
         <c:Reader id="b"><c:Identifier>wgb:059130000000</c:Identifier></c:Reader>
         <c:Originators><c:Author><c:Identifier>efa:010000000001</c:Identifier></c:Author></c:Originators>
         <c:Qualifier id="q"><c:Service>urn:service</c:Service><c:BusinessScenario><c:Undefined>Wohnen</c:Undefined></c:BusinessScenario>
         <c:MessageType messageSchema="urn:s">antrag.0100</c:MessageType></c:Qualifier>
         <c:MessageSize>7</c:MessageSize></c:MessageMetaData>)");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->findings.size(), 1u) << read->findings.back();
  EXPECT_EQ(read->findings.front(), "MessageMetaData: another version than that of 2014");
  EXPECT_EQ(read->message_id, "urn:x:1");
  EXPECT_EQ(read->reader.value, "wgb:059130000000");
  EXPECT_EQ(read->author.value, "efa:010000000001");
  EXPECT_EQ(read->service, "urn:service");
  EXPECT_EQ(read->undefined_scenario, "Wohnen");
  EXPECT_EQ(read->message_type.code, "antrag.0100");
  EXPECT_EQ(read->size, 7u);
}

TEST(MetaData, MissingPartsAreFindingsAndTheRestIsRead) {
  const auto text =
      without(without(kMetaDataSample, "<om:DeliveryAttributes>", "</om:DeliveryAttributes>"),
              "<om:BusinessScenario>", "</om:BusinessScenario>");
  const auto read = read_metadata(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->findings, (std::vector<std::string>{"MessageMetaData/DeliveryAttributes: missing",
                                                      "Qualifier/BusinessScenario: missing"}));
  EXPECT_EQ(read->service, "http://service.example/wohngeld/1/Wohngeld.wsdl");
}

TEST(MetaData, WhatIsNotMessageMetaDataIsAnError) {
  for (const char* text :
       {"", "text", "<a/>", "<MessageMetaData>", "<!DOCTYPE a><MessageMetaData/>"})
    EXPECT_FALSE(read_metadata(text)) << text;
  EXPECT_TRUE(read_metadata("<MessageMetaData/>"));
  EXPECT_FALSE(
      read_metadata("<MessageMetaData>" + std::string(300'000, 'a') + "</MessageMetaData>"));
}

// Documents and whether the official schema takes them.
std::vector<std::pair<std::string, bool>> judged() {
  const auto& s = kMetaDataSample;
  return {
      {s, true},
      {without(s, "<om:DeliveryAttributes>", "</om:DeliveryAttributes>"), false},
      {without(s, "<om:Originators>", "</om:Originators>"), false},
      {without(s, "<om:Destinations>", "</om:Destinations>"), false},
      {without(s, "<om:MsgIdentification>", "</om:MsgIdentification>"), false},
      {without(s, "<om:Qualifier>", "</om:Qualifier>"), false},
      {without(s, "<om:MessageProperties>", "</om:MessageProperties>"), true},
      {without(s, "<om:MsgSize>", "</om:MsgSize>"), true},
      {without(s, "<om:Origin>", "</om:Origin>"), true},
      {without(s, "<om:Sender>", "</om:Sender>"), true},
      {without(s, "<om:Author>", "</om:Author>"), false},
      {without(s, "<om:Reader>", "</om:Reader>"), false},
      {without(s, "<om:OtherReaders", "</om:OtherReaders>"), false},
      {without(s, "<wsa:MessageID>", "</wsa:MessageID>"), false},
      {without(s, "<om:Service>", "</om:Service>"), false},
      {without(s, "<om:Subject>", "</om:Subject>"), true},
      {without(s, "<om:Property>", "</om:Property>"), false},
      {without(s, "<code>", "</code>"), false},
      {without(s, "<name>", "</name>"), true},
      {replaced(s, "<om:MsgSize>1234", "<om:MsgSize>0"), false},
      {replaced(s, "<om:MsgSize>1234", "<om:MsgSize> 12 "), true},
      {replaced(s, "<om:MsgSize>1234", "<om:MsgSize>12 KB"), false},
      {replaced(s, "2026-03-02T08:00:00+01:00", "2026-03-02T08:00:00"), true},
      {replaced(s, "2026-03-02T08:00:00+01:00", "2026-03-02"), false},
      {replaced(s, "2026-12-31", "2026-12-31Z"), true},
      {replaced(s, "2026-12-31", "2026-12-31T00:00:00"), false},
      {replaced(s, "2026-12-31", "2026-13-31"), false},
      {replaced(s, "TestMsg=\"true\"", "TestMsg=\"1\""), true},
      {replaced(s, "TestMsg=\"true\"", "TestMsg=\"yes\""), false},
      {replaced(s, "type=\"xoev\" name", "name"), false},
      {replaced(s, "name=\"Online-Dienst &amp; Co\"", "name=\"\""), false},
      {replaced(s, " listVersionID=\"2\"", ""), false},
      {replaced(s, " payloadSchema=\"http://service.example/wohngeld/1\"", ""), false},
      {replaced(s, "payloadSchema=\"http://service.example/wohngeld/1\"", "payloadSchema=\"\""),
       false},
      {replaced(s, "<code>", "<om:code>"), false}, // not well-formed
      {replaced(replaced(s, "<code>WOHN", "<om:code>WOHN"), "DATA</code>", "DATA</om:code>"),
       false},
      {replaced(s, "<om:MsgSize>", "<om:Unknown/><om:MsgSize>"), false},
      {replaced(s, "<om:Service>", "<om:Service>http://two</om:Service><om:Service>"), false},
      {replaced(s, "<om:ServiceQuality>demo", "<om:ServiceQuality>"), false},
      {replaced(s, "<om:Originators>", "text<om:Originators>"), false},
      {replaced(without(s, "<om:Defined", "</om:Defined>"), "<om:BusinessScenario>",
                "<om:BusinessScenario><om:Undefined>Wohnen</om:Undefined>"),
       true},
      {replaced(s, "<om:BusinessScenario>",
                "<om:BusinessScenario><om:Undefined>Wohnen</om:Undefined>"),
       false},
      {replaced(s, "<om:ProcessRef>",
                "<om:In-Reply-To>urn:a</om:In-Reply-To><om:In-Reply-To>urn:b"
                "</om:In-Reply-To><om:ProcessRef>"),
       true},
      {replaced(s, "<om:Origin>", "<om:Reception>2026-03-02T08:00:00Z</om:Reception><om:Origin>"),
       false},
      {replaced(s, "http://www.osci.eu/ws/2014/10/transport", "http://www.osci.eu/ws/2015/1/x"),
       false},
  };
}

TEST(MetaData, FindingsFollowTheSchema) {
  std::size_t number = 0;
  for (const auto& [text, valid] : judged()) {
    SCOPED_TRACE(std::to_string(number++) + ": " + text);
    const auto read = read_metadata(text);
    EXPECT_EQ(read && read->findings.empty(), valid)
        << (read && !read->findings.empty() ? read->findings.front() : "");
  }
}

// The table above is what the official schema says, where that lies beside the checkout.
TEST(MetaData, TheTableIsWhatTheOfficialSchemaSays) {
  const std::string schema =
      DC_SOURCE_DIR "/../shared/official/xta-2.1.1/OSCI_MessageMetaData_V2.02.xsd";
  if (!std::filesystem::exists(schema)) {
    std::cout << "official schema not beside this checkout\n";
    return;
  }
  ASSERT_EQ(std::system("xmllint --version >/dev/null 2>&1"), 0) << "install libxml2-utils";
  const auto file = std::filesystem::temp_directory_path() /
                    ("dc-metadata-" + std::to_string(::getpid()) + ".xml");
  auto documents = judged();
  documents.emplace_back(replaced(write_metadata(complete()).value(), " Id=\"MetaData\"", ""),
                         true);
  auto undefined = complete();
  undefined.business_scenario = {};
  undefined.undefined_scenario = "Wohnen & mehr";
  undefined.test = true;
  documents.emplace_back(replaced(write_metadata(undefined).value(), " Id=\"MetaData\"", ""), true);
  for (const auto& [text, valid] : documents) {
    std::ofstream(file) << text;
    const auto status = std::system(
        ("xmllint --nonet --noout --schema " + schema + " " + file.string() + " >/dev/null 2>&1")
            .c_str());
    EXPECT_EQ(status == 0, valid) << text;
  }
  std::filesystem::remove(file);
  std::cout << documents.size() << " documents held against the official schema\n";
}

TEST(MetaData, FindingsNameNoValues) {
  for (const auto& [text, valid] : judged()) {
    const auto read = read_metadata(replaced(text, "Wohn", "Geheim-Wohn"));
    if (!read) continue;
    for (const auto& finding : read->findings)
      EXPECT_EQ(finding.find("Geheim"), std::string::npos) << finding;
  }
}

TEST(MetaData, IsWrittenCanonicallyAndReadBack) {
  const auto text = write_metadata(complete());
  ASSERT_TRUE(text) << text.error().detail;
  const auto read = read_metadata(*text);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->findings.empty());
  EXPECT_EQ(read->reader.name, "Amt <Nord>");
  EXPECT_EQ(read->payload_schema, "http://service.example/wohngeld/1?a=1&b=2");
  EXPECT_EQ(metadata_index(*read), metadata_index(complete()));
  // In the context of our envelopes it already is what gets signed.
  const auto again = xml::Document::parse(*text, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->root().canonical(), *text);
  EXPECT_EQ(again->root().attribute("Id"), "MetaData");
  for (const char* prefix : {"ds", "osci", "soap", "xenc", "xsi"})
    EXPECT_TRUE(again->root().namespaces_in_scope().contains(prefix)) << prefix;
}

TEST(MetaData, WhatTheSchemaWantsIsAskedFor) {
  const auto lacks = [](auto change) {
    auto m = complete();
    change(m);
    const auto text = write_metadata(m);
    return text ? std::string("written") : text.error().detail;
  };
  EXPECT_NE(lacks([](auto& m) { m.service.clear(); }).find("the service"), std::string::npos);
  EXPECT_NE(lacks([](auto& m) { m.author.value.clear(); }).find("the author"), std::string::npos);
  EXPECT_NE(lacks([](auto& m) { m.message_type.list_version.clear(); }).find("version of the code"),
            std::string::npos);
  EXPECT_NE(lacks([](auto& m) { m.business_scenario.list_version.clear(); }).find("scenario"),
            std::string::npos);
  EXPECT_NE(lacks([](auto& m) { m.service = "not a uri"; }).find("Qualifier/Service"),
            std::string::npos);
}

TEST(MetaData, OfAFileIsAdopted) {
  const auto text = adopt_metadata(kMetaDataSample);
  ASSERT_TRUE(text) << text.error().detail;
  EXPECT_NE(text->find(" Id=\"MetaData\" TestMsg=\"true\""), std::string::npos) << *text;
  EXPECT_EQ(adopt_metadata(*text).value(), *text);
  EXPECT_FALSE(adopt_metadata(replaced(kMetaDataSample, "TestMsg", "Id=\"other\" TestMsg")));
  EXPECT_FALSE(adopt_metadata(without(kMetaDataSample, "<om:Qualifier>", "</om:Qualifier>")));
  EXPECT_FALSE(adopt_metadata("<a/>"));
}

TEST(MetaData, IndexLeavesOutWhatIsTooLong) {
  auto m = complete();
  m.service = "urn:" + std::string(mailbox::kMaxMetaDataValue, 'x');
  EXPECT_EQ(metadata_index(m).service, "");
  EXPECT_EQ(metadata_index(m).message_type, "wohngeld.antrag.0100");
  m.business_scenario = {};
  m.undefined_scenario = "Wohnen";
  EXPECT_EQ(metadata_index(m).business_scenario, "Wohnen");
}

TEST(MetaData, OnlyKeysOfOrganisationsAreLogged) {
  EXPECT_EQ(loggable_party("wgb:059130000000"), "wgb:059130000000");
  for (const char* text : {"Erika Mustermann", "erika@example.org", "", "wgb:1"})
    EXPECT_EQ(loggable_party(text), "");
}

TEST(MetaData, ServicesAndCodesAreLoggedUnlessTheyMayNamePeople) {
  for (const char* uri : {"http://service.example/wohngeld/1/Wohngeld.wsdl", "urn:xoev:w:1"})
    EXPECT_EQ(loggable_service(uri), uri);
  for (const char* text : {"Max Mustermann, geb. 1.1.1970", "urn:Max Mustermann", "erika",
                           "http://a/\nb", "https://a/ü", ""})
    EXPECT_EQ(loggable_service(text), "") << text;
  for (const char* code : {"wohngeld.antrag.0100", "0201", "Type_1-2"})
    EXPECT_EQ(loggable_code(code), code);
  for (const char* text : {"Antrag von Erika Mustermann", "Mustermann", "a 1", "1\n2", ""})
    EXPECT_EQ(loggable_code(text), "") << text;
}

} // namespace
} // namespace osci
