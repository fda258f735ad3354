// The pattern that comes out says what the pattern that went in says: both are given to libxml2,
// whose answer to the first is the measure.
#include "xml/pattern.h"
#include <gtest/gtest.h>
#include <libxml/xmlregexp.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace xml {
namespace {

using Expression = std::unique_ptr<xmlRegexp, void (*)(xmlRegexpPtr)>;

Expression compiled(const std::string& pattern) {
  return {xmlRegexpCompile(reinterpret_cast<const xmlChar*>(pattern.c_str())), xmlRegFreeRegexp};
}

int judged(const Expression& expression, const std::string& text) {
  return xmlRegexpExec(expression.get(), reinterpret_cast<const xmlChar*>(text.c_str()));
}

// Of characters that the pattern has and of some that it has not.
void expect_same_language(const std::string& pattern, const std::vector<std::string>& characters) {
  const auto better = one_way_pattern(pattern);
  ASSERT_TRUE(better) << pattern;
  const auto before = compiled(pattern), after = compiled(*better);
  ASSERT_TRUE(before && after) << *better;
  std::mt19937 random(7); // NOLINT: the same texts every time
  std::size_t matched = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    for (auto length = random() % 7; length > 0; --length)
      text += characters[random() % characters.size()];
    const int expected = judged(before, text);
    matched += expected == 1 ? 1 : 0;
    ASSERT_EQ(judged(after, text), expected) << text << "\n" << pattern << "\n" << *better;
  }
  EXPECT_GT(matched, 100u) << "hardly any text tells whether they are the same: " << pattern;
  EXPECT_LT(matched, 3900u) << pattern;
}

TEST(OneWayPattern, LettersThatStandAloneAndBegin) {
  expect_same_language("([a-c]|e|a\u0301|b(\u0302|\u0303\u0304)|\u0439)*",
                       {"a", "b", "c", "e", "f", "\u0301", "\u0302", "\u0303", "\u0304", "\u0439"});
}

TEST(OneWayPattern, BeginningsThatNeverStandAlone) {
  expect_same_language("([ac]|b\u0301|b\u0301\u0302)+", {"a", "b", "c", "\u0301", "\u0302"});
}

TEST(OneWayPattern, SequencesOfWhatStandsAloneToo) {
  // More than one way remains, and the language all the same.
  expect_same_language("([a-c]|ab|abd|d)*", {"a", "b", "c", "d", "e"});
}

TEST(OneWayPattern, GroupsInGroupsAndClassesInSequences) {
  expect_same_language("(([a-c\\-x])|((k|l)[\u0301-\u0303]m)|(n(o|p(q|r))))*",
                       {"a", "b", "k", "l", "m", "n", "o", "p", "q", "\u0301", "\u0303", "-", "x"});
}

TEST(OneWayPattern, CharactersThatMeanSomething) {
  expect_same_language(
      "(\\||\\.|\\\\|\\*|[,-\\.]|[\\[\\]\\^]|\\(\\)|\\{|\\n|&|<)*",
      {"|", ".", "\\", "*", ",", "-", "[", "]", "^", "(", ")", "{", "\n", "&", "<", "a"});
}

TEST(OneWayPattern, BeyondTheBasicPlane) {
  expect_same_language("([\U0001F600-\U0001F64F]|a\U0001F3FB)*",
                       {"\U0001F600", "\U0001F650", "a", "\U0001F3FB"});
}

TEST(OneWayPattern, LeavesOtherFormsAlone) {
  for (const char* pattern : {"",
                              "a*",
                              "[0-9]{4}",
                              "(a|b)",
                              "(a|b){2}",
                              "(a|b)*c",
                              "([^a]|b)*",
                              "(a*|b)*",
                              "(a?b|c)*",
                              "(\\p{L}|\\d)*",
                              "(.|a)*",
                              "([a-z-[aeiou]]|a)*",
                              "(a||b)*",
                              "()*",
                              "([]|a)*",
                              "(a",
                              "(a)*)*",
                              "([a-z\\d]|b)*",
                              "([\\[-\\^]|b)*",
                              "([-a]|b)*",
                              "([z-a]|b)*",
                              "(a\xC3)*",
                              "(\xF9\x8F\x99\x9F|a)*",
                              "((((((a))))))*"})
    EXPECT_FALSE(one_way_pattern(pattern)) << pattern;
}

TEST(OneWayPattern, LeavesWhatGrowsTooLarge) {
  EXPECT_FALSE(one_way_pattern("(" + std::string(70'000, 'a') + ")*"));
  EXPECT_FALSE(one_way_pattern("([a-z][a-z][a-z][a-z])*"));  // 456,976 sequences
  EXPECT_FALSE(one_way_pattern("([\u0100-\uD7FF]\u0301)*")); // a large class before another
  EXPECT_FALSE(one_way_pattern("(aaaaaaaaa)*"));             // a long sequence
  EXPECT_TRUE(one_way_pattern("([\u0100-\uD7FF]|a\u0301)*"));
}

// What it is for: a text that goes wrong at its end leaves nothing to be tried again.
TEST(OneWayPattern, LeavesOneWay) {
  for (const char* pattern : {"([a-z]|a(\u0301|\u0302)|b\u0301|c(\u0301|\u0301\u0304))*",
                              "(([a-z])|(m\u0302|n\u0302))*"}) {
    const auto better = one_way_pattern(pattern);
    ASSERT_TRUE(better);
    EXPECT_EQ(xmlRegexpIsDeterminist(compiled(pattern).get()), 0) << pattern;
    EXPECT_EQ(xmlRegexpIsDeterminist(compiled(*better).get()), 1) << *better;
  }
}

} // namespace
} // namespace xml
