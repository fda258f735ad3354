#include "xml/document.h"
#include "xoev/code_list.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>

namespace xoev {
namespace {

using base::ErrorCode;

std::string list(const std::string& columns, const std::string& rows,
                 const std::string& version = "1") {
  return "<gc:CodeList xmlns:gc=\"http://docs.oasis-open.org/codelist/ns/genericode/1.0/\" "
         "xmlns:x=\"http://xoev.de/schemata/genericode/4\"><Annotation><Description>"
         "<x:validFrom>2026-04-01</x:validFrom></Description></Annotation><Identification>"
         "<ShortName>kurz</ShortName><Version>" +
         version +
         "</Version><CanonicalUri>urn:de:test</CanonicalUri><CanonicalVersionUri>urn:de:test_1"
         "</CanonicalVersionUri></Identification><ColumnSet>" +
         columns + "</ColumnSet><SimpleCodeList>" + rows + "</SimpleCodeList></gc:CodeList>";
}

const std::string kColumns =
    "<Column Id=\"code\"/><Column Id=\"name\"/><Key Id=\"first\"><ColumnRef Ref=\"name\"/></Key>"
    "<Key Id=\"k\"><Annotation><AppInfo><x:recommendedKeyColumn/></AppInfo></Annotation>"
    "<ColumnRef Ref=\"code\"/></Key>";

class CodeLists : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { xml::initialise(); }
};

TEST_F(CodeLists, KeysStayTextsAndEmptyValuesAreLegal) {
  const auto read = read_code_list(list(
      kColumns, "<Row><Value ColumnRef=\"code\"><SimpleValue>007</SimpleValue></Value>"
                "<Value ColumnRef=\"name\"/></Row><Row><Value><SimpleValue>7</SimpleValue></Value>"
                "<Value><SimpleValue>sieben</SimpleValue></Value></Row>"));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->canonical_uri, "urn:de:test");
  EXPECT_EQ(read->valid_from, "2026-04-01");
  EXPECT_EQ(read->key, 0u); // the recommended one, not the first
  ASSERT_EQ(read->rows.size(), 2u);
  ASSERT_NE(read->find("007"), nullptr);
  EXPECT_EQ((*read->find("007"))[1], "");
  EXPECT_EQ((*read->find("7"))[*read->column("name")], "sieben");
  EXPECT_EQ(read->find("07"), nullptr);
  EXPECT_FALSE(read->column("none"));
}

TEST_F(CodeLists, WhatIsWrongIsRefusedWithoutItsValues) {
  const std::string row =
      "<Row><Value ColumnRef=\"code\"><SimpleValue>geheim</SimpleValue></Value>";
  for (const auto& text :
       {std::string("<a/>"), list("", ""), list(kColumns, "", ""),
        list("<Column Id=\"a\"/><Column/>", ""), list(kColumns, "<Row/>"),
        list(kColumns, row + "<Value ColumnRef=\"none\"/></Row>"),
        list(kColumns, row + "<Value/><Value/><Value/></Row>"),
        list("<Column Id=\"a\"/><Key Id=\"k\"><ColumnRef Ref=\"b\"/></Key>", "")}) {
    const auto read = read_code_list(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::malformed_message) << text;
    EXPECT_EQ(read.error().detail.find("geheim"), std::string::npos);
  }
}

TEST_F(CodeLists, LimitsHold) {
  const std::string row =
      "<Row><Value ColumnRef=\"code\"><SimpleValue>1234</SimpleValue></Value></Row>";
  CodeListLimits limits;
  limits.rows = 2;
  EXPECT_TRUE(read_code_list(list(kColumns, row + row), limits));
  const auto refused = [](const auto& result) {
    return !result && result.error().code == ErrorCode::too_large;
  };
  EXPECT_TRUE(refused(read_code_list(list(kColumns, row + row + row), limits)));
  limits = {};
  limits.value_bytes = 3;
  EXPECT_TRUE(refused(read_code_list(list(kColumns, row), limits)));
  limits = {};
  limits.columns = 1;
  EXPECT_TRUE(refused(read_code_list(list(kColumns, row), limits)));
}

TEST_F(CodeLists, OfficialListsOfXwasserRecordings) {
  const std::filesystem::path folder = DC_SOURCE_DIR "/../shared/official";
  if (!std::filesystem::is_directory(folder))
    GTEST_SKIP() << "no ../shared: the official lists (beside the recordings) are not here";
  std::size_t lists = 0, rows = 0;
  for (const auto& where : {folder / "codelists", folder / "xwasser-1.0.0/codelists"})
    for (const auto& entry : std::filesystem::directory_iterator(where)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      const auto read = read_code_list(text);
      ASSERT_TRUE(read) << entry.path() << ": " << read.error().detail;
      EXPECT_FALSE(read->rows.empty()) << entry.path();
      ++lists;
      rows += read->rows.size();
    }
  std::cout << lists << " official code lists, " << rows << " rows\n";
}

} // namespace
} // namespace xoev
