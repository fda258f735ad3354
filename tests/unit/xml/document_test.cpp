#include "xml/document.h"
#include "xml/writer.h"
#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace xml {
namespace {

using base::ErrorCode;

ErrorCode error_of(std::string_view text, Limits limits = {}) {
  const auto parsed = Document::parse(text, limits);
  return parsed ? ErrorCode::not_found : parsed.error().code;
}

TEST(Document, RefusesDoctypeEntitiesAndInstructions) {
  EXPECT_EQ(error_of("<!DOCTYPE x><x/>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<x>&a;</x>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<x><?pi data?></x>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<?xml-stylesheet href='x'?><x/>"), ErrorCode::malformed_message);
}

TEST(Document, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(error_of("<x>\xff</x>"), ErrorCode::malformed_message);
  EXPECT_EQ(error_of("<?xml version='1.0' encoding='ISO-8859-1'?><x/>"),
            ErrorCode::malformed_message);
  EXPECT_EQ(error_of(std::string("\xff\xfe<\0x\0/\0>\0", 10)), ErrorCode::malformed_message);
  EXPECT_EQ(error_of(std::string("<\0x\0/\0>\0", 8)), ErrorCode::malformed_message);
  EXPECT_TRUE(Document::parse("<?xml version='1.0' encoding='utf-8'?><x/>", {}));
}

TEST(Document, RefusesWhatIsNotWellFormedWithNamespaces) {
  for (const char* text :
       {"", " ", "x", "<x>", "<x></y>", "<x/><y/>", "<a:x/>", "<x a='1' a='2'/>",
        "<x xmlns:a='u:1' xmlns:b='u:1' a:i='1' b:i='2'/>", "<x xmlns:a='relative'/>",
        "<x xmlns:a='urn:a&amp;b'/>", "<x xmlns:a='urn:a b'/>", "<x xmlns:a='u/rn:a'/>",
        "<x xmlns:a='urn:%zz'/>"})
    EXPECT_EQ(error_of(text), ErrorCode::malformed_message) << text;
}

TEST(Document, HoldsItsLimits) {
  Limits limits;
  limits.depth = 3;
  EXPECT_TRUE(Document::parse("<a><b><c/></b></a>", limits));
  EXPECT_EQ(error_of("<a><b><c><d/></c></b></a>", limits), ErrorCode::malformed_message);
  limits.elements = 3;
  EXPECT_EQ(error_of("<a><b/><b/><b/></a>", limits), ErrorCode::too_large);
  limits.attributes = 1;
  EXPECT_EQ(error_of("<a x='1' y='2'/>", limits), ErrorCode::malformed_message);
  limits.size = 4;
  EXPECT_EQ(error_of("<aaaa/>", limits), ErrorCode::too_large);
}

TEST(Document, NamespacesInScopeAreBounded) {
  // 50 levels of 30 declarations each: a few kilobytes that cost a canonicaliser seconds.
  std::string text;
  for (int level = 0; level < 50; ++level) {
    text += "<a";
    for (int i = 0; i < 30; ++i)
      text += " xmlns:n" + std::to_string(level) + "_" + std::to_string(i) + "='u:x'";
    text += ">";
  }
  for (int i = 0; i < 400; ++i) text += "<b/>";
  for (int level = 0; level < 50; ++level) text += "</a>";
  EXPECT_EQ(error_of(text), ErrorCode::malformed_message);
  EXPECT_TRUE(Document::parse("<a xmlns:b='u:b'><c xmlns:d='u:d'/><c xmlns:d='u:d'/></a>", {}));
}

TEST(Document, AttributesAreCountedBeforeTheyAreCompared) {
  for (const char* kind : {" a", " xmlns:a"}) {
    std::string text = "<x";
    for (int i = 0; i < 300'000; ++i) text += kind + std::to_string(i) + "='u:1'";
    text += "/>";
    EXPECT_EQ(error_of(text), ErrorCode::malformed_message);
  }
  const auto quoted = Document::parse("<!-- <x a='1 = = --><x a='" + std::string(200, '=') +
                                          "'><![CDATA[<y =" + std::string(200, '=') + "]]></x>",
                                      {});
  EXPECT_TRUE(quoted);
}

TEST(Document, IdsAreUniqueOverTheWholeDocument) {
  const auto parsed = Document::parse("<x Id='a'><y Id='b'/><z xml:id='a' id='a'/></x>", {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->ids().size(), 2u);
  EXPECT_EQ(parsed->ids().at("b").name(), "y");
  EXPECT_EQ(error_of("<x Id='a'><y><z Id='a'/></y></x>"), ErrorCode::duplicate_id);
}

TEST(Document, CommentsDoNotSplitWhatIsRead) {
  const auto parsed = Document::parse("<x>98<!-- -->01<![CDATA[&]]></x>", {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->root().text(), "9801&");
  EXPECT_EQ(parsed->root().canonical(), "<x>9801&amp;</x>");
}

TEST(Document, LongTextNodesAreAllowed) {
  const std::string text = "<x>" + std::string(12'000'000, 'A') + "</x>";
  const auto parsed = Document::parse(text, {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->root().text()->size(), 12'000'000u);
}

// Alone in its process these are the first; under ASan what a race would leave behind is a leak.
TEST(Document, TheFirstOnesMayBeReadAtOnce) {
  std::atomic<bool> go = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&go] {
      while (!go) std::this_thread::yield();
      EXPECT_TRUE(Document::parse("<a>\xc3\xa4</a>", {}));
    });
  go = true;
  for (auto& thread : threads) thread.join();
}

TEST(Canonical, LongTextsAreLeftOutAndNothingElse) {
  const auto parsed = Document::parse("<r xmlns='u:r' a='x>y\"&lt;'>kurz &amp; gut<t b=\"1\">" +
                                          std::string(300, 'A') + "</t><t/>&gt;\r\n" +
                                          std::string(20, 'b') + "</r>",
                                      {});
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto canonical = parsed->root().canonical();
  EXPECT_EQ(without_long_texts(canonical, 300), canonical);
  const auto shorter = without_long_texts(canonical, 299);
  EXPECT_EQ(shorter,
            "<r xmlns=\"u:r\" a=\"x>y&quot;&lt;\">kurz &amp; gut<t b=\"1\"></t><t></t>&gt;\n" +
                std::string(20, 'b') + "</r>");
  EXPECT_EQ(without_long_texts(canonical, 0),
            "<r xmlns=\"u:r\" a=\"x>y&quot;&lt;\"><t b=\"1\"></t><t></t></r>");
  // Whatever it is given, it ends.
  for (const char* broken : {"", "<", "<a b=\"", "text", "<a>text", ">"})
    EXPECT_LE(without_long_texts(broken, 0).size(), std::string_view(broken).size());
}

TEST(Canonical, SubsetShowsEveryNamespaceInScopeOnItsApex) {
  const auto parsed = Document::parse(
      "<a:x xmlns:a='u:a' xmlns:b='u:b' xml:lang='de'><a:y b:k='2' j='1'/></a:x>", {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->root().children()[0].canonical(),
            "<a:y xmlns:a=\"u:a\" xmlns:b=\"u:b\" j=\"1\" xml:lang=\"de\" b:k=\"2\"></a:y>");
  const auto scope = parsed->root().children()[0].namespaces_in_scope();
  EXPECT_EQ(scope, (std::map<std::string, std::string>{{"a", "u:a"}, {"b", "u:b"}}));
}

TEST(Canonical, RedundantDeclarationsDisappear) {
  const auto parsed = Document::parse("<x xmlns:a='u:a'><y xmlns:a='u:a'><a:z/></y></x>", {});
  EXPECT_EQ(parsed->root().canonical(), "<x xmlns:a=\"u:a\"><y><a:z></a:z></y></x>");
}

TEST(Canonical, SubtreeOfALargeDocumentIsReachedWithoutWalkingTheRest) {
  std::string text = "<x xmlns:a='u:a'>";
  for (int i = 0; i < 5000; ++i) text += "<y><z/></y>";
  const auto parsed = Document::parse(text + "</x>", {});
  ASSERT_TRUE(parsed);
  for (const auto& child : parsed->root().children())
    ASSERT_EQ(child.canonical(), "<y xmlns:a=\"u:a\"><z></z></y>");
}

TEST(Writers, ReplaceWhatXmlCannotCarry) {
  const std::string odd("a\x01\xef\xbf\xbf\xef\xbf\xbe\0b", 10);
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(escape_text(odd), "a" + mark + mark + mark + mark + "b");
  EXPECT_TRUE(
      Document::parse("<x k=\"" + escape_attribute(odd) + "\">" + escape_text(odd) + "</x>", {}));
}

TEST(Canonical, WritersEscapeAsC14nDoes) {
  const std::string odd = "a<b>&\"'\r\n\t";
  const auto parsed =
      Document::parse("<x k=\"" + escape_attribute(odd) + "\">" + escape_text(odd) + "</x>", {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->root().text(), odd);
  EXPECT_EQ(parsed->root().attribute("k"), odd);
  EXPECT_EQ(parsed->root().canonical(),
            "<x k=\"" + escape_attribute(odd) + "\">" + escape_text(odd) + "</x>");
}

} // namespace
} // namespace xml
