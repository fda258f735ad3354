#include "base/encoding.h"
#include <gtest/gtest.h>
#include <random>

using namespace base;

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> table[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : table) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_encode_line(plain), coded);
    EXPECT_EQ(base64_decode(coded).value(), plain);
  }
}

TEST(Base64, BreaksLinesAfter76CharactersAlsoWhenTheLastIsFull) {
  const std::string full = base64_encode(std::string(57, 'a'));
  EXPECT_EQ(full.size(), 77u);
  EXPECT_EQ(full.back(), '\n');
  const std::string more = base64_encode(std::string(58, 'a'));
  EXPECT_EQ(more[76], '\n');
  EXPECT_NE(more.back(), '\n');
  EXPECT_EQ(base64_encode_line(std::string(300, 'a')).find('\n'), std::string::npos);
}

TEST(Base64, IgnoresWhiteSpaceOnly) {
  EXPECT_EQ(base64_decode(" Zm\r\n9v\tYg = = ").value(), "foob");
  EXPECT_FALSE(base64_decode("Zm9v\vYmFy"));
  EXPECT_FALSE(base64_decode(std::string("Zm9v\0YmFy", 9)));
}

TEST(Base64, RefusesWrongPaddingAndForeignCharacters) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm8",
                           "Zg==Zg==", "Zm9v-_", "Zh==", "Zm9=", "Zm 9v!", "Z=g="}) {
    const auto decoded = base64_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::malformed_message);
  }
}

TEST(Base64, RoundTripsRandomOctetsInBothAlphabets) {
  std::mt19937 random(4711);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 300, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64_decode(base64_encode_line(bytes)).value(), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64url_encode(bytes).find_first_of("+/="), std::string::npos);
    EXPECT_EQ(hex_decode(hex_encode(bytes)).value(), bytes);
  }
}

TEST(Base64Url, RefusesPaddingWhiteSpaceAndTheOtherAlphabet) {
  for (const char* text : {"Zg==", "Zm 9v", "Zm9v\n", "+///", "Z"})
    EXPECT_FALSE(base64url_decode(text));
  EXPECT_EQ(base64url_decode("-_-_").value(), "\xfb\xff\xbf");
}

TEST(Hex, ReadsBothCasesAndWritesLowerCase) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(hex_decode("00FF1a").value(), std::string("\x00\xff\x1a", 3));
  for (const char* text : {"0", "0g", "  ", "0x"}) EXPECT_FALSE(hex_decode(text));
}

TEST(ConstantTimeEqual, TellsEqualFromDifferent) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "abcd"));
  EXPECT_FALSE(constant_time_equal(std::string("a\0b", 3), std::string("a\0c", 3)));
}

TEST(Utf8, AcceptsEveryCharacterAndRefusesTheForbiddenForms) {
  for (const char* text : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"})
    EXPECT_TRUE(valid_utf8(text)) << text;
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                           "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xe2\x28\xa1", "a\xc3z"})
    EXPECT_FALSE(valid_utf8(text));
}

TEST(Text, IsTrimmedOfXmlWhiteSpaceOnly) {
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim("   "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\va"), "\va");
  EXPECT_EQ(to_lower_ascii("AbZ\xc3\x84"), "abz\xc3\x84");
}
