#include "xml/schema_validator.h"
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <stdlib.h>
#include <thread>
#include <vector>

namespace xml {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

// A folder of schema files that goes with the test.
class SchemaFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dc-schema-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path write(const std::string& name, const std::string& content) {
    const auto file = folder / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  // A schema of namespace urn:NAME around `content`.
  fs::path schema(const std::string& file, const std::string& name, const std::string& content) {
    return write(file, "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:a=\"urn:a\" "
                       "xmlns:b=\"urn:b\" targetNamespace=\"urn:" +
                           name + "\" elementFormDefault=\"qualified\">" + content +
                           "</xs:schema>");
  }

  fs::path folder;
};

constexpr const char* kPerson =
    "<xs:element name=\"person\"><xs:complexType><xs:sequence>"
    "<xs:element name=\"born\" type=\"xs:date\"/>"
    "<xs:any namespace=\"##other\" processContents=\"lax\" minOccurs=\"0\" "
    "maxOccurs=\"unbounded\"/>"
    "</xs:sequence><xs:attribute name=\"key\" type=\"xs:int\" use=\"required\"/>"
    "</xs:complexType></xs:element>";

std::string detail(const base::Result<>& result) {
  return result ? "valid" : result.error().detail;
}

TEST_F(SchemaFolder, JudgesAndTellsPathLineAndRuleButNoValue) {
  const auto validator = SchemaValidator::load(schema("a.xsd", "a", kPerson));
  ASSERT_TRUE(validator) << validator.error().detail;
  const auto check = [&](const std::string& text) {
    const auto result = validator->validate(text);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::malformed_message);
      EXPECT_EQ(result.error().detail.find("Mustermann"), std::string::npos);
    }
    return detail(result);
  };
  const std::string open = "<p:person xmlns:p='urn:a' key='1'>", end = "</p:person>";
  EXPECT_EQ(check(open + "<p:born>2000-01-01</p:born>" + end), "valid");
  EXPECT_EQ(check(open + "\n<p:born>Mustermann</p:born>" + end),
            "schema: /person/born, line 2: value is not of its type");
  EXPECT_EQ(check("<p:person xmlns:p='urn:a' key='Mustermann'>"),
            "schema: /person, line 1: value is not of its type");
  EXPECT_EQ(check("<p:person xmlns:p='urn:a'><p:born>2000-01-01</p:born>" + end),
            "schema: /person, line 1: required attribute missing");
  EXPECT_EQ(check(open + "<p:born Mustermann='1'>2000-01-01</p:born>" + end),
            "schema: /person/born, line 1: attribute not declared");
  EXPECT_EQ(check(open + end), "schema: /person, line 1: required element missing at the end");
  EXPECT_EQ(check(open + "Mustermann<p:born>2000-01-01</p:born>" + end),
            "schema: /person, line 1: text not allowed");
  EXPECT_EQ(check(open +
                  "<p:born>2000-01-01</p:born><p:person key='1'><p:born>2000-01-01</p:born>"
                  "</p:person>" +
                  end),
            "schema: /person, line 1: element not allowed here, or required element missing before "
            "it");
  // What no schema declares shows no name: it may be anybody's.
  EXPECT_EQ(check(open + "<p:Mustermann/>" + end),
            "schema: /person/*, line 1: element not declared");
  EXPECT_EQ(check("<Mustermann/>"), "schema: /*, line 1: element not declared");
  EXPECT_EQ(check("<p:person"), "schema: /, line 1: not well-formed");
  EXPECT_EQ(check(""), "schema: /, line 1: not well-formed");
}

TEST_F(SchemaFolder, RefusesDoctypesAndFollowsNoSchemaLocation) {
  const auto validator = SchemaValidator::load(schema("a.xsd", "a", kPerson));
  ASSERT_TRUE(validator);
  const std::string person = "<p:person xmlns:p='urn:a' key='1'><p:born>2000-01-01</p:born>";
  for (const std::string prolog :
       {"<!DOCTYPE x>", "<?xml version='1.0'?><!-- > --><!DOCTYPE x [<!ENTITY e 'v'>]>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>"})
    EXPECT_EQ(detail(validator->validate(prolog + person + "</p:person>")),
              "schema: document type declaration");
  EXPECT_EQ(detail(validator->validate("<!-- <!DOCTYPE x> -->" + person +
                                       "<!-- <!DOCTYPE y> --></p:person>")),
            "valid");
  // A document cannot bring its own schema, nor make one be read.
  const auto other = schema("b.xsd", "b", "<xs:element name=\"thing\" type=\"xs:int\"/>");
  EXPECT_EQ(detail(validator->validate(
                "<b:thing xmlns:b='urn:b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                "xsi:schemaLocation='urn:b " +
                other.string() + "'>1</b:thing>")),
            "schema: /*, line 1: element not declared");
}

TEST_F(SchemaFolder, ImportsByNamespaceAndIncludesByNameFromItsFoldersOnly) {
  const auto start =
      schema("start/a.xsd", "a",
             "<xs:include schemaLocation=\"../../../etc/more.xsd\"/>"
             "<xs:import namespace=\"urn:b\" schemaLocation=\"http://example.com/x\"/>"
             "<xs:element name=\"r\"><xs:complexType><xs:sequence>"
             "<xs:element name=\"n\" type=\"a:number\"/><xs:element ref=\"b:thing\"/>"
             "</xs:sequence></xs:complexType></xs:element>");
  schema("start/more.xsd", "a",
         "<xs:simpleType name=\"number\"><xs:restriction base=\"xs:int\"/></xs:simpleType>");
  schema("other/b-1.xsd", "b", "<xs:element name=\"thing\" type=\"xs:int\"/>");
  const auto validator = SchemaValidator::load(start, {folder / "other"});
  ASSERT_TRUE(validator) << validator.error().detail;
  EXPECT_TRUE(
      validator->validate("<r xmlns='urn:a'><n>1</n><b:thing xmlns:b='urn:b'>2</b:thing></r>"));
  EXPECT_FALSE(
      validator->validate("<r xmlns='urn:a'><n>1</n><b:thing xmlns:b='urn:b'>x</b:thing></r>"));

  const auto without = SchemaValidator::load(start);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::invalid_config);
  EXPECT_NE(without.error().detail.find("no schema file for urn:b"), std::string::npos);
  // Several files of one namespace: the name in schemaLocation decides, and nothing fits it here.
  schema("other/b-2.xsd", "b", "<xs:element name=\"thing\" type=\"xs:date\"/>");
  EXPECT_FALSE(SchemaValidator::load(start, {folder / "other"}));
}

TEST_F(SchemaFolder, BrokenSchemasAreNotLoaded) {
  const auto error_of = [](const fs::path& file) {
    const auto loaded = SchemaValidator::load(file);
    return loaded ? ErrorCode::not_found : loaded.error().code;
  };
  EXPECT_EQ(error_of(folder / "absent.xsd"), ErrorCode::file_error);
  EXPECT_EQ(error_of(folder / "absent" / "a.xsd"), ErrorCode::file_error);
  EXPECT_EQ(error_of(write("text.xsd", "no schema")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of(write("cut.xsd", "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>")),
            ErrorCode::invalid_config);
  EXPECT_EQ(error_of(schema("type.xsd", "a", "<xs:element name=\"x\" type=\"a:absent\"/>")),
            ErrorCode::invalid_config);
  // Which of the two particles an element belongs to must be certain.
  EXPECT_EQ(error_of(schema("ambiguous.xsd", "a",
                            "<xs:element name=\"x\"><xs:complexType><xs:sequence>"
                            "<xs:element name=\"y\" minOccurs=\"0\"/><xs:any/>"
                            "</xs:sequence></xs:complexType></xs:element>")),
            ErrorCode::invalid_config);
}

TEST_F(SchemaFolder, BoundsWhatOneDocumentMayMakeItRemember) {
  const auto validator = SchemaValidator::load(schema("a.xsd", "a", kPerson));
  ASSERT_TRUE(validator);
  const auto with = [](int count, bool different) {
    std::string out = "<p:person xmlns:p='urn:a' key='1'><p:born>2000-01-01</p:born>";
    for (int i = 0; i < count; ++i)
      out += "<x:y xmlns:x='urn:x" + (different ? std::to_string(i) : std::string{}) + "'/>";
    return out + "</p:person>";
  };
  EXPECT_EQ(detail(validator->validate(with(900, true))), "valid");
  EXPECT_EQ(detail(validator->validate(with(20'000, false))), "valid");
  EXPECT_EQ(detail(validator->validate(with(1'100, true))),
            "schema: /person/*: too many different elements that no schema declares");
}

TEST_F(SchemaFolder, ManyThreadsUseOneValidator) {
  const auto validator = SchemaValidator::load(schema("a.xsd", "a", kPerson));
  ASSERT_TRUE(validator);
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const bool valid = (i + t) % 2 == 0;
        const auto result = validator->validate(
            "<p:person xmlns:p='urn:a' key='" + std::string(valid ? "1" : "x") +
            "'><p:born>2000-01-01</p:born><x" + std::to_string(i) + ":y xmlns:x" +
            std::to_string(i) + "='urn:x" + std::to_string(i) + "'/></p:person>");
        right += result.has_value() == valid;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

// The official schema of MessageMetaData is not part of a clone.
TEST(SchemaValidator, LoadsTheOfficialMetaDataSchemas) {
  const fs::path folder = DC_SOURCE_DIR "/../shared/official/xta-2.1.1";
  if (!fs::exists(folder)) {
    std::cout << "official schemas not beside this checkout\n";
    return;
  }
  const auto validator = SchemaValidator::load(folder / "OSCI_MessageMetaData_V2.02.xsd");
  ASSERT_TRUE(validator) << validator.error().detail;
  const auto empty =
      validator->validate("<MessageMetaData xmlns='http://www.osci.eu/ws/2014/10/transport'/>");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().detail.substr(0, 33), "schema: /MessageMetaData, line 1:");
}

// Xerces lays tables for the ranges of a pattern at the first text: not while another reader looks.
TEST_F(SchemaFolder, TheFirstTextsMayComeAtTheSameTime) {
  const auto file =
      schema("a.xsd", "a",
             "<xs:element name=\"a\"><xs:simpleType><xs:restriction base=\"xs:string\"><xs:pattern "
             "value=\"[0-9]+\"/></xs:restriction></xs:simpleType></xs:element>");
  std::atomic<int> refused{0};
  for (int round = 0; round < 40; ++round) {
    const auto validator = SchemaValidator::load(file, {});
    ASSERT_TRUE(validator) << validator.error().detail;
    std::atomic<int> ready{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i)
      readers.emplace_back([&] {
        ++ready;
        while (ready < 4) std::this_thread::yield();
        if (!validator->validate("<a xmlns=\"urn:a\">9876543210</a>")) ++refused;
      });
    for (auto& one : readers) one.join();
  }
  EXPECT_EQ(refused, 0); // and LeakSanitizer finds no table that was laid twice
}

} // namespace
} // namespace xml
