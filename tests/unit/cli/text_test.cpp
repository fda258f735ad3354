#include "base/encoding.h"
#include "cli/text.h"
#include <gtest/gtest.h>

namespace {

using namespace cli;

TEST(SafeFileName, KeepsNamesOfAnyLanguage) {
  for (const char* name : {"Wohngeldbescheid.pdf", "Größe der Straße.xml", "Łódź-2.txt", "a b.c.d"})
    EXPECT_EQ(safe_file_name(name, "x"), name);
}

TEST(SafeFileName, NeverLeavesItsFolder) {
  EXPECT_EQ(safe_file_name("../../etc/passwd", "x"), "passwd");
  EXPECT_EQ(safe_file_name("d:\\temp\\log.txt", "x"), "log.txt");
  EXPECT_EQ(safe_file_name("/", "x"), "x");
  EXPECT_EQ(safe_file_name("..", "x"), "x");
  EXPECT_EQ(safe_file_name(".", "x"), "x");
  EXPECT_EQ(safe_file_name("a/..", "x"), "x");
  EXPECT_EQ(safe_file_name("", "x"), "x");
  EXPECT_EQ(safe_file_name("\xE2\x81\x84"
                           "etc",
                           "x"),
            "_etc"); // fraction slash
}

TEST(SafeFileName, IsNeitherHiddenNorAnOptionNorADevice) {
  EXPECT_EQ(safe_file_name(".bashrc", "x"), "bashrc");
  EXPECT_EQ(safe_file_name("-rf", "x"), "_-rf");
  EXPECT_EQ(safe_file_name("CON.txt", "x"), "_CON.txt");
  EXPECT_EQ(safe_file_name("com1", "x"), "_com1");
  EXPECT_EQ(safe_file_name("command.txt", "x"), "command.txt");
  EXPECT_EQ(safe_file_name("name. . ", "x"), "name");
}

TEST(SafeFileName, HoldsNothingThatSteersAShellOrADisplay) {
  const std::string name = safe_file_name("a;$(rm)`b`|c&d\n\x1b[31m\x7f*?<>\"'.txt", "x");
  EXPECT_EQ(name.find_first_of(";$()`|&\n\x1b\x7f*?<>\"'"), std::string::npos) << name;
  // A name that displays as gnp.exe is one that ends in exe.
  EXPECT_EQ(safe_file_name("exe\xE2\x80\xAE"
                           "gnp.exe",
                           "x"),
            "exe_gnp.exe");
  EXPECT_EQ(safe_file_name("a\xE2\x80\x8B"
                           "b",
                           "x"),
            "a_b");
  EXPECT_EQ(safe_file_name("a\xC2\x85"
                           "b",
                           "x"),
            "a_b");
  EXPECT_EQ(safe_file_name(std::string("a\0b", 3), "x"), "a_b");
}

TEST(SafeFileName, IsValidUtf8OfBoundedLengthWithItsExtension) {
  for (const char* broken : {"\xC3",
                             "a\xFF\xFE"
                             "b",
                             "\xE2\x82",
                             "\xC0\xAF"
                             "etc",
                             "\xED\xA0\x80"}) {
    const auto name = safe_file_name(broken, "x");
    EXPECT_TRUE(base::valid_utf8(name));
    EXPECT_EQ(name.find('/'), std::string::npos);
  }
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ä";
  const auto name = safe_file_name(umlauts + ".pdf", "x");
  EXPECT_LE(name.size(), 120u);
  EXPECT_TRUE(base::valid_utf8(name));
  EXPECT_TRUE(name.ends_with("ä.pdf"));
}

TEST(FolderName, IsTheMessageIdIfItIsHarmlessAndElseDiffersForEveryId) {
  EXPECT_EQ(folder_name("2bda0666-c31d-4a3c-b0bd-d78f490dcce2"),
            "2bda0666-c31d-4a3c-b0bd-d78f490dcce2");
  EXPECT_NE(folder_name("a/b"), folder_name("x/b"));
  EXPECT_NE(folder_name("a/b"), folder_name("b"));
  for (const char* id :
       {"../x", "", ".", "..", "-x", "undeliverable", ".osci-lock", "a b", "con"}) {
    const auto name = folder_name(id);
    EXPECT_EQ(name.find('/'), std::string::npos) << name;
    EXPECT_NE(name.front(), '.') << name;
    EXPECT_NE(name.front(), '-') << name;
    EXPECT_NE(name, "undeliverable");
    EXPECT_GT(name.size(), 16u);
  }
}

TEST(UniqueName, CountsBeforeTheExtensionAndIgnoresCase) {
  std::set<std::string> taken{"delivery.json"};
  EXPECT_EQ(unique_name("a.xml", taken), "a.xml");
  EXPECT_EQ(unique_name("A.XML", taken), "A-2.XML");
  EXPECT_EQ(unique_name("a.xml", taken), "a-3.xml");
  EXPECT_EQ(unique_name("delivery.json", taken), "delivery-2.json");
  EXPECT_EQ(unique_name("none", taken), "none");
  EXPECT_EQ(unique_name("none", taken), "none-2");
}

TEST(ContentIdFrom, WritesUmlautsOutInBothForms) {
  EXPECT_EQ(content_id_from("Größe für Öl.pdf"), "Groesse_fuer_Oel.pdf");
  EXPECT_EQ(content_id_from("Gro\xCC\x88\xC3\x9F"
                            "e.pdf"),
            "Groesse.pdf");
  EXPECT_EQ(content_id_from("plan 1.pdf"), "plan_1.pdf");
  for (const char c : content_id_from("\xE6\x96\x87\xE5\xAD\x97\n<\">&.txt")) {
    EXPECT_GT(c, ' ');
    EXPECT_LT(c, 0x7f);
    EXPECT_EQ(std::string("<>\"&").find(c), std::string::npos);
  }
}

TEST(Harmless, LeavesNothingThatAnswersBackOnATerminal) {
  EXPECT_EQ(harmless("Größe €"), "Größe €");
  EXPECT_EQ(harmless("a\x1b]0;title\x07"
                     "b\nc"),
            "a?]0;title?b c");
  EXPECT_EQ(harmless("\xC2\x9B"
                     "31m"),
            "?31m");
  EXPECT_EQ(harmless("a\xFF"), "a?");
}

TEST(ExtensionOf, LooksAtTheFirstOctets) {
  EXPECT_EQ(extension_of("<?xml version=\"1.0\"?>"), ".xml");
  EXPECT_EQ(extension_of("\xEF\xBB\xBF\r\n<a/>"), ".xml");
  EXPECT_EQ(extension_of("%PDF-1.7"), ".pdf");
  EXPECT_EQ(extension_of("text"), ".bin");
  EXPECT_EQ(extension_of(""), ".bin");
}

TEST(HumanSize, UsesDecimalUnits) {
  EXPECT_EQ(human_size(999), "999 B");
  EXPECT_EQ(human_size(1500), "1.5 kB");
  EXPECT_EQ(human_size(30'000'000), "30.0 MB");
}

} // namespace
