#include "osci/feedback.h"
#include "xml/document.h"
#include <gtest/gtest.h>
#include <set>

namespace osci {
namespace {

TEST(Outcomes, EveryErrorCodeHasExactlyOneRow) {
  std::set<base::ErrorCode> seen;
  for (const auto& row : outcomes()) EXPECT_TRUE(seen.insert(row.error).second);
  // to_string knows every enumerator; the first value it does not know ends the enumeration.
  int count = 0;
  while (base::to_string(static_cast<base::ErrorCode>(count)) != "unknown") ++count;
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    EXPECT_TRUE(seen.contains(static_cast<base::ErrorCode>(i)))
        << base::to_string(static_cast<base::ErrorCode>(i));
}

TEST(Outcomes, OsciRowsTravelWithStatus200AndHaveTexts) {
  for (const auto& row : outcomes()) {
    const bool osci = row.reply == Reply::order || row.reply == Reply::fault_client ||
                      row.reply == Reply::fault_server;
    EXPECT_EQ(osci, !row.osci_code.empty());
    if (osci) {
      EXPECT_EQ(row.http_status, 200u);
      ASSERT_TRUE(code_text(row.osci_code)) << row.osci_code;
      EXPECT_EQ(row.osci_code[0], '9');
    }
    if (row.reply == Reply::http) {
      EXPECT_GE(row.http_status, 400u);
    }
  }
}

TEST(Texts, AreGermanAndEnglishUniqueAndFourDigits) {
  std::set<std::string_view> codes;
  for (const auto& row : code_texts()) {
    EXPECT_EQ(row.code.size(), 4u);
    EXPECT_TRUE(codes.insert(row.code).second) << row.code;
    EXPECT_FALSE(row.german.empty());
    EXPECT_FALSE(row.english.empty());
    EXPECT_NE(row.german, row.english);
  }
  // 9702 and 9703 do not exist (wire reference 10.2).
  EXPECT_FALSE(codes.contains("9702"));
  EXPECT_FALSE(codes.contains("9703"));
}

TEST(Languages, FirstServedOneWins) {
  EXPECT_EQ(choose_language({"fr", "EN-us", "de"}, "de"), "en");
  EXPECT_EQ(choose_language({"de-AT"}, "en"), "de");
  EXPECT_EQ(choose_language({"fr"}, "en"), "en");
}

TEST(Faults, HaveTheFormThatClientsRecognise) {
  for (const auto& row : outcomes()) {
    if (row.reply != Reply::fault_client && row.reply != Reply::fault_server) continue;
    const std::string fault = write_fault(row.error);
    EXPECT_EQ(fault, write_fault(row.error)) << "constant";
    EXPECT_EQ(fault.find("schemaLocation"), std::string::npos);
    EXPECT_EQ(fault.find("Header>"), std::string::npos);
    EXPECT_NE(fault.find("<osci:Code>" + std::string(row.osci_code) + "</osci:Code>"),
              std::string::npos);
    const auto begin = fault.find("<soap:Envelope"), end = fault.find("</soap:Envelope>");
    const auto parsed = xml::Document::parse(fault.substr(begin, end + 16 - begin), {});
    ASSERT_TRUE(parsed);
    const auto children = parsed->root().children()[0].children()[0].children();
    EXPECT_EQ(children[0].text(), row.reply == Reply::fault_server ? "soap:Server" : "soap:Client");
  }
}

} // namespace
} // namespace osci
