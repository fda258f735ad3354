#include "crypto/digest.h"
#include "xml/document.h"
#include "xoev/schema_pack.h"
#include "zip_of.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

namespace xoev {
namespace {

namespace fs = std::filesystem;

std::string schema(const std::string& target, const std::string& body,
                   const std::string& more = "") {
  return "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" "
         "elementFormDefault=\"qualified\"" +
         (target.empty() ? "" : " targetNamespace=\"" + target + "\" xmlns=\"" + target + "\"") +
         " " + more + ">" + body + "</xs:schema>";
}

std::string told(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& one : findings)
    out += one.where + " " + std::to_string(one.line) + ": " + one.rule + "\n";
  return out;
}

class SchemaPacksTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { xml::initialise(); }

  static SchemaPack build(const std::vector<PackFile>& files,
                          const std::vector<std::vector<PackFile>>& bases = {}) {
    return SchemaPack::build("t", files, bases);
  }
  static bool valid(const SchemaPack& pack, const std::string& document) {
    return pack.validate(document).valid;
  }
};

// The trap of domain 3.4: three files of a namespace, of which another imports only the first.
TEST_F(SchemaPacksTest, AllFilesOfANamespaceCount) {
  const auto pack =
      build({{"a.xsd",
              schema("urn:a",
                     "<xs:import namespace=\"urn:b\" schemaLocation=\"http://b.example/b1.xsd\"/>"
                     "<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element "
                     "ref=\"b:one\"/><xs:element ref=\"b:two\"/></xs:sequence></xs:complexType>"
                     "</xs:element>",
                     "xmlns:b=\"urn:b\"")},
             {"b1.xsd", schema("urn:b", "<xs:element name=\"one\" type=\"xs:int\"/>")},
             {"b2.xsd", schema("urn:b", "<xs:import namespace=\"urn:a\"/><xs:element name=\"two\" "
                                        "type=\"Two\"/><xs:include schemaLocation=\"b3.xsd\"/>")},
             {"b3.xsd",
              schema("urn:b", "<xs:simpleType name=\"Two\"><xs:restriction base=\"xs:token\">"
                              "<xs:maxLength value=\"3\"/></xs:restriction></xs:simpleType>")}});
  EXPECT_FALSE(pack.usable()); // an include after a declaration is no schema
  const auto good = build(
      {{"a.xsd",
        schema("urn:a",
               "<xs:import namespace=\"urn:b\" schemaLocation=\"http://b.example/b1.xsd\"/>"
               "<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element "
               "ref=\"b:one\"/><xs:element ref=\"b:two\"/></xs:sequence></xs:complexType>"
               "</xs:element>",
               "xmlns:b=\"urn:b\"")},
       {"b1.xsd", schema("urn:b", "<xs:element name=\"one\" type=\"xs:int\"/>")},
       {"b2.xsd", schema("urn:b", "<xs:include schemaLocation=\"elsewhere/b3.xsd\"/><xs:import "
                                  "namespace=\"urn:a\"/><xs:element name=\"two\" type=\"Two\"/>")},
       {"b3.xsd",
        schema("urn:b", "<xs:simpleType name=\"Two\"><xs:restriction base=\"xs:token\">"
                        "<xs:maxLength value=\"3\"/></xs:restriction></xs:simpleType>")}});
  ASSERT_TRUE(good.usable()) << told(good.findings());
  EXPECT_EQ(good.namespaces(), (std::vector<std::string>{"urn:a", "urn:b"}));
  EXPECT_EQ(good.global_elements(), 3u);
  EXPECT_TRUE(
      valid(good, "<a xmlns='urn:a' xmlns:b='urn:b'><b:one>1</b:one><b:two>abc</b:two></a>"));
  EXPECT_FALSE(
      valid(good, "<a xmlns='urn:a' xmlns:b='urn:b'><b:one>1</b:one><b:two>abcd</b:two></a>"));
  EXPECT_TRUE(valid(good, "<two xmlns='urn:b'>x</two>"));
}

TEST_F(SchemaPacksTest, BasesStandByAndTheOwnFilesWin) {
  const std::vector<PackFile> own{
      {"a.xsd", schema("urn:a",
                       "<xs:import namespace=\"urn:b\" schemaLocation=\"https://b/b_2.xsd\"/>"
                       "<xs:element name=\"a\" type=\"b:T\"/>",
                       "xmlns:b=\"urn:b\"")}};
  const auto type = [](const char* length) {
    return schema("urn:b", std::string("<xs:simpleType name=\"T\"><xs:restriction "
                                       "base=\"xs:token\"><xs:maxLength value=\"") +
                               length + "\"/></xs:restriction></xs:simpleType>");
  };
  const std::string short_one = "<a xmlns='urn:a'>x</a>", long_one = "<a xmlns='urn:a'>xxxxx</a>";

  const auto alone = build(own);
  EXPECT_FALSE(alone.usable());
  EXPECT_NE(told(alone.findings()).find("urn:b"), std::string::npos);

  const auto first = build(own, {{{"b.xsd", type("2")}}, {{"b.xsd", type("9")}}});
  ASSERT_TRUE(first.usable()) << told(first.findings());
  EXPECT_EQ(first.borrowed_files(), std::vector<std::string>{"b.xsd"});
  EXPECT_TRUE(valid(first, short_one));
  EXPECT_FALSE(valid(first, long_one));

  // Two editions in one base: the name that the import says decides.
  const auto named = build(own, {{{"b_1.xsd", type("2")}, {"b_2.xsd", type("9")}}});
  ASSERT_TRUE(named.usable()) << told(named.findings());
  EXPECT_TRUE(valid(named, long_one));

  auto both = own;
  both.push_back({"mine.xsd", type("9")});
  const auto mine = build(both, {{{"b.xsd", type("2")}}});
  ASSERT_TRUE(mine.usable());
  EXPECT_TRUE(valid(mine, long_one));
  EXPECT_TRUE(mine.borrowed_files().empty());
  EXPECT_NE(mine.sha256(), first.sha256());
  EXPECT_NE(first.sha256(), named.sha256()); // what a base adds decides too

  // Elements of bases are no roots.
  EXPECT_FALSE(
      build(own, {{{"b.xsd", type("2")}, {"c.xsd", schema("urn:b", "<xs:element name=\"c\"/>")}}})
          .declares_root("urn:b", "c"));
}

TEST_F(SchemaPacksTest, TheHashIsThatOfSha256sum) {
  const std::string b = schema("urn:b", "<xs:element name=\"b\"/>"),
                    a = schema("urn:a", "<xs:element name=\"a\"/>");
  const auto pack = build({{"x/b.xsd", b}, {"a.xsd", a}, {"readme", "no schema"}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  EXPECT_EQ(pack.sha256(), crypto::sha256_hex(crypto::sha256_hex(a) + "  a.xsd\n" +
                                              crypto::sha256_hex(b) + "  x/b.xsd\n"));
}

TEST_F(SchemaPacksTest, ReportsNameElementsLinesAndRulesAndNoValues) {
  const auto pack = build(
      {{"a.xsd",
        schema(
            "urn:a",
            "<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element name=\"n\" "
            "maxOccurs=\"9\"><xs:simpleType><xs:restriction base=\"xs:token\"><xs:pattern "
            "value=\"[a-z]+\"/></xs:restriction></xs:simpleType></xs:element><xs:element "
            "name=\"d\" type=\"xs:date\" minOccurs=\"0\"/></xs:sequence><xs:attribute name=\"k\" "
            "type=\"xs:int\"/></xs:complexType></xs:element>")}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  const std::string text = "<a xmlns='urn:a' k='GEHEIM1'>\n<n>ok</n>\n<n>GEHEIM2</n>\n"
                           "<d>GEHEIM3</d>\n<GEHEIM4/>\n</a>";
  const auto report = pack.validate(text);
  EXPECT_FALSE(report.valid);
  const auto all = told(report.findings);
  EXPECT_EQ(all.find("GEHEIM"), std::string::npos) << all;
  EXPECT_NE(all.find("/a/@k 1: value is not of its type"), std::string::npos) << all;
  EXPECT_NE(all.find("/a/n[2] 3: value does not match the pattern"), std::string::npos) << all;
  EXPECT_NE(all.find("/a/d 4: value is not of its type"), std::string::npos) << all;
  EXPECT_NE(all.find("/a/* 5: element not allowed here"), std::string::npos) << all;
  EXPECT_EQ(report.findings.size(), 4u) << all;
  for (const char* bad :
       {"<GEHEIM xmlns='urn:a'/>", "<a xmlns='urn:GEHEIM'/>", "<a xmlns='urn:a'>GEHEIM",
        "<!DOCTYPE a [<!ENTITY e 'GEHEIM'>]><a xmlns='urn:a'>&e;</a>", "GEHEIM",
        "<a xmlns='urn:a' GEHEIM='GEHEIM'><n>a</n></a>", "<a xmlns='urn:a'><n><GEHEIM/></n></a>"}) {
    const auto refused = pack.validate(bad);
    EXPECT_FALSE(refused.valid) << bad;
    EXPECT_FALSE(refused.findings.empty());
    EXPECT_EQ(told(refused.findings).find("GEHEIM"), std::string::npos) << told(refused.findings);
  }
}

TEST_F(SchemaPacksTest, ListsOnlySoMuch) {
  const auto pack =
      build({{"a.xsd", schema("urn:a", "<xs:element name=\"a\"><xs:complexType>"
                                       "<xs:sequence><xs:element name=\"n\" type=\"xs:int\" "
                                       "maxOccurs=\"unbounded\"/></xs:sequence>"
                                       "</xs:complexType></xs:element>")}});
  std::string text = "<a xmlns='urn:a'>";
  for (int i = 0; i < 1000; ++i) text += "<n>x</n>";
  const auto report = pack.validate(text + "</a>");
  EXPECT_FALSE(report.valid);
  EXPECT_EQ(report.findings.size(), 100u);
  EXPECT_EQ(report.more, 900u);
  DocumentLimits limits;
  limits.elements = 1000;
  EXPECT_FALSE(pack.validate(text + "</a>", limits).findings.empty());
}

// libxml2 tries every way in which a text can match, so that each of these values costs as much as
// it gives any one value. The document as a whole has an end.
TEST_F(SchemaPacksTest, APatternOfManyWaysDoesNotHoldUpForLong) {
  const auto pack =
      build({{"a.xsd",
              schema("urn:a",
                     "<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element name=\"n\" "
                     "maxOccurs=\"unbounded\"><xs:simpleType><xs:restriction base=\"xs:string\">"
                     "<xs:pattern value=\"([a-z]|[a-c]{2})*\"/></xs:restriction></xs:simpleType>"
                     "</xs:element></xs:sequence></xs:complexType></xs:element>")}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  std::string text = "<a xmlns='urn:a'>";
  for (int i = 0; i < 1000; ++i) text += "<n>aaaaaaaaaaaaaaaaaaaaaa!</n>\n";
  DocumentLimits limits;
  limits.processor_seconds = 1;
  timespec before{}, after{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  const auto report = pack.validate(text + "</a>", limits);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  EXPECT_FALSE(report.valid);
  EXPECT_NE(told(report.findings).find("took too long"), std::string::npos)
      << told(report.findings);
  EXPECT_LT(after.tv_sec - before.tv_sec, 15);
  EXPECT_FALSE(valid(pack, "<a xmlns='urn:a'><n>" + std::string(60, 'a') + "!</n></a>"));
  EXPECT_TRUE(valid(pack, "<a xmlns='urn:a'><n>" + std::string(60, 'a') + "</n></a>"));
}

TEST_F(SchemaPacksTest, NothingOutsideThePackIsRead) {
  // Were locations followed, this one would be there.
  const fs::path outside = fs::temp_directory_path() / "dc-outside.xsd";
  std::ofstream(outside) << schema("urn:b", "<xs:element name=\"b\" type=\"xs:int\"/>");
  for (const auto& location : {outside.string(), "file://" + outside.string()}) {
    const auto pack =
        build({{"a.xsd", schema("urn:a",
                                "<xs:import namespace=\"urn:b\" schemaLocation=\"" + location +
                                    "\"/><xs:element name=\"a\"><xs:complexType>"
                                    "<xs:sequence><xs:element ref=\"b:b\"/></xs:sequence>"
                                    "</xs:complexType></xs:element>",
                                "xmlns:b=\"urn:b\"")}});
    EXPECT_FALSE(pack.usable());
    const auto included =
        build({{"a.xsd", schema("urn:b", "<xs:include schemaLocation=\"" + location + "\"/>")}});
    EXPECT_FALSE(included.usable());
    const auto entity = build(
        {{"a.xsd", "<!DOCTYPE x [<!ENTITY e SYSTEM \"" + location + "\">]>" +
                       schema("urn:a", "<xs:annotation><xs:documentation>&e;</xs:documentation>"
                                       "</xs:annotation><xs:element name=\"a\"/>")}});
    EXPECT_EQ(entity.namespaces(), std::vector<std::string>(entity.usable() ? 1 : 0, "urn:a"));
  }
  // A document cannot name schemas of its own either.
  const auto pack = build({{"a.xsd", schema("urn:a", "<xs:element name=\"a\"/>")}});
  EXPECT_FALSE(valid(pack, "<b xmlns='urn:b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                           "xsi:schemaLocation='urn:b " +
                               outside.string() + "'>1</b>"));
  fs::remove(outside);
}

TEST_F(SchemaPacksTest, AChameleonTakesOnTheNamespaceAndARedefinitionReplaces) {
  const auto pack = build(
      {{"types.xsd", schema("", "<xs:simpleType name=\"T\"><xs:restriction base=\"xs:token\">"
                                "<xs:maxLength value=\"9\"/></xs:restriction></xs:simpleType>")},
       {"base.xsd",
        schema("urn:r", "<xs:simpleType name=\"R\"><xs:restriction base=\"xs:token\">"
                        "<xs:maxLength value=\"9\"/></xs:restriction></xs:simpleType>")},
       {"a.xsd", schema("urn:a", "<xs:include schemaLocation=\"types.xsd\"/><xs:element name=\"a\" "
                                 "type=\"T\"/>")},
       {"r.xsd",
        schema("urn:r", "<xs:redefine schemaLocation=\"base.xsd\"><xs:simpleType name=\"R\">"
                        "<xs:restriction base=\"R\"><xs:maxLength value=\"2\"/></xs:restriction>"
                        "</xs:simpleType></xs:redefine><xs:element name=\"r\" type=\"R\"/>")}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  EXPECT_TRUE(valid(pack, "<a xmlns='urn:a'>xxxxx</a>"));
  EXPECT_TRUE(valid(pack, "<r xmlns='urn:r'>xx</r>"));
  EXPECT_FALSE(valid(pack, "<r xmlns='urn:r'>xxx</r>"));
}

TEST_F(SchemaPacksTest, ReferencesNeedTheirIds) {
  const auto pack = build(
      {{"r.xsd",
        "<x:schema xmlns:x=\"http://www.w3.org/2001/XMLSchema\"><x:simpleType name=\"Own\">"
        "<x:restriction base=\"x:ID\"><x:maxLength value=\"5\"/></x:restriction></x:simpleType>"
        "<x:element name=\"r\"><x:complexType><x:sequence><x:element name=\"e\" type=\"x:IDREF\" "
        "minOccurs=\"0\" maxOccurs=\"9\"/><x:element name=\"i\" type=\"Own\" minOccurs=\"0\" "
        "maxOccurs=\"9\"/></x:sequence><x:attribute name=\"id\" type=\"x:ID\"/><x:attribute "
        "name=\"ref\" type=\"x:IDREF\"/><x:attribute name=\"refs\" type=\"x:IDREFS\"/>"
        "</x:complexType></x:element></x:schema>"}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  EXPECT_TRUE(valid(pack, "<r id='a' ref='a' refs=' a  b'><e> b </e><i>b</i></r>"));
  EXPECT_TRUE(valid(pack, "<r/>"));
  EXPECT_FALSE(valid(pack, "<r id='a' ref='b'/>"));
  EXPECT_FALSE(valid(pack, "<r id='a' refs='a b'/>"));
  EXPECT_FALSE(valid(pack, "<r id='a'><e>b</e></r>"));
  EXPECT_FALSE(valid(pack, "<r id='a'><i>a</i></r>"));
  EXPECT_FALSE(valid(pack, "<r id='a b'/>"));
  EXPECT_FALSE(valid(pack, "<r><i>toolong</i></r>"));
  EXPECT_FALSE(valid(pack, "<r id='dc:schemas:ID'/>"));
  const auto report = pack.validate("<r id='a'>\n<i>a</i></r>");
  EXPECT_EQ(told(report.findings), "/r/i 2: Id used twice\n");
}

const std::string kCode =
    "<xs:complexType name=\"Code\"><xs:sequence><xs:element name=\"code\" type=\"xs:token\" "
    "form=\"unqualified\"/></xs:sequence><xs:attribute name=\"listURI\" type=\"xs:anyURI\"/>"
    "<xs:attribute name=\"listVersionID\" type=\"xs:normalizedString\"/></xs:complexType>"
    "<xs:complexType name=\"Fixed\"><xs:complexContent><xs:restriction base=\"Code\"><xs:sequence>"
    "<xs:element name=\"code\" type=\"xs:token\" form=\"unqualified\"/></xs:sequence><xs:attribute "
    "name=\"listURI\" type=\"xs:anyURI\" fixed=\"urn:l\"/><xs:attribute name=\"listVersionID\" "
    "type=\"xs:normalizedString\" "
    "fixed=\"2\"/></xs:restriction></xs:complexContent></xs:complexType>"
    "<xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element name=\"f\" type=\"Fixed\"/>"
    "<xs:element name=\"o\" type=\"Code\" minOccurs=\"0\"/></xs:sequence></xs:complexType>"
    "</xs:element>";

std::string list(const std::string& uri, const std::string& version, const std::string& key) {
  return "<gc:CodeList xmlns:gc=\"http://docs.oasis-open.org/codelist/ns/genericode/1.0/\">"
         "<Identification><ShortName>k</ShortName><Version>" +
         version + "</Version><CanonicalUri>" + uri +
         "</CanonicalUri></Identification><ColumnSet><Column Id=\"c\"/></ColumnSet>"
         "<SimpleCodeList><Row><Value><SimpleValue>" +
         key + "</SimpleValue></Value></Row></SimpleCodeList></gc:CodeList>";
}

TEST_F(SchemaPacksTest, CodesAreHeldAgainstTheirLists) {
  const auto pack = build({{"a.xsd", schema("urn:a", kCode)}, {"l.xml", list("urn:l", "2", "007")}},
                          {{{"m.xml", list("urn:m", "1", "x")}}});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  EXPECT_EQ(pack.code_lists(), 2u);
  const auto a = [](const std::string& f, const std::string& o = "") {
    return "<a xmlns='urn:a'><f><code xmlns=''>" + f + "</code></f>" + o + "</a>";
  };
  const auto other = [](const std::string& uri, const std::string& version,
                        const std::string& code) {
    return "<o listURI='" + uri + "'" +
           (version.empty() ? "" : " listVersionID='" + version + "'") + "><code xmlns=''>" + code +
           "</code></o>";
  };
  // The schema fixes URI and version; the document need not say them.
  EXPECT_TRUE(valid(pack, a("007")));
  EXPECT_TRUE(valid(pack, a(" 007 ")));
  const auto wrong = pack.validate(a("GEHEIM"));
  EXPECT_FALSE(wrong.valid);
  EXPECT_EQ(told(wrong.findings), "/a/f/code 1: code is not in the list urn:l, version 2\n");
  EXPECT_FALSE(valid(pack, a("7")));
  EXPECT_TRUE(valid(pack, a("007", other("urn:m", "1", "x"))));
  EXPECT_FALSE(valid(pack, a("007", other("urn:m", "1", "y"))));
  for (const auto& unknown :
       {other("urn:GEHEIM", "1", "y"), other("urn:m", "GEHEIM", "y"), other("urn:m", "", "y")}) {
    const auto report = pack.validate(a("007", unknown));
    EXPECT_TRUE(report.valid);
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(report.findings[0].severity, Severity::note);
    EXPECT_EQ(told(report.findings).find("GEHEIM"), std::string::npos) << told(report.findings);
  }
}

TEST_F(SchemaPacksTest, AFolderOfPacksHasFoldersZipsAndBases) {
  std::string pattern = (fs::temp_directory_path() / "dc-packs-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern;
  const auto write = [&](const fs::path& name, const std::string& bytes) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  const auto importing = [](const std::string& target, const std::string& from) {
    return schema(target,
                  "<xs:import namespace=\"" + from +
                      "\" schemaLocation=\"http://x/y.xsd\"/>"
                      "<xs:element name=\"a\" type=\"b:T\"/>",
                  "xmlns:b=\"" + from + "\"");
  };
  const auto type = [](const std::string& target) {
    return schema(target,
                  "<xs:simpleType name=\"T\"><xs:restriction base=\"xs:int\"/></xs:simpleType>");
  };
  write("one/1_0/a.xsd", importing("urn:one:1", "urn:shared"));
  write("one/1_1/a.xsd", importing("urn:one:2", "urn:shared"));
  write("two.zip", test::zip_of({{"a.xsd", importing("urn:two", "urn:special")}}));
  write("two.base", "# the module of another standard\n  further/zip.zip  # here\n");
  write("broken.zip.off", "no pack");
  write("base/s.xsd", type("urn:shared"));
  write("base/codes.zip", test::zip_of({{"l.xml", list("urn:l", "1", "x")}}));
  write("codelists/m.xml", list("urn:m", "1", "x"));
  fs::create_directories(folder / "../nothing");
  write("further/zip.zip", test::zip_of({{"s.xsd", type("urn:special")}}));
  const auto packs = SchemaPacks::load(folder);
  std::ofstream(folder / "two.base") << "missing.zip\n";
  const auto without = SchemaPacks::load(folder);
  fs::remove(folder / "two.base");
  const auto one = SchemaPacks::load(folder / "one/1_0", {folder / "base"});
  fs::remove_all(folder);

  ASSERT_TRUE(packs) << packs.error().detail;
  ASSERT_EQ(packs->packs().size(), 3u);
  EXPECT_EQ(packs->packs()[0].name(), "further");
  EXPECT_FALSE(packs->packs()[0].usable()); // a ZIP within a folder is no file of it
  EXPECT_TRUE(packs->packs()[1].usable()) << told(packs->packs()[1].findings());
  EXPECT_EQ(packs->packs()[1].code_lists(), 2u);
  EXPECT_TRUE(packs->packs()[2].usable()) << told(packs->packs()[2].findings());
  EXPECT_EQ(packs->packs()[2].name(), "two");
  const auto report = packs->validate("<a xmlns='urn:one:2'>1</a>");
  EXPECT_TRUE(report.valid);
  EXPECT_EQ(report.pack, "one");
  EXPECT_EQ(report.root, "a");
  EXPECT_TRUE(packs->validate("<a xmlns='urn:two'>1</a>").valid);
  EXPECT_FALSE(packs->validate("<a xmlns='urn:two'>x</a>").valid);
  const auto nobody = packs->validate("<a xmlns='urn:three'>1</a>");
  EXPECT_FALSE(nobody.valid);
  EXPECT_TRUE(nobody.pack.empty());
  EXPECT_EQ(without.error().code, base::ErrorCode::invalid_config);
  ASSERT_TRUE(one) << one.error().detail;
  EXPECT_TRUE(one->validate("<a xmlns='urn:one:1'>1</a>").valid);
}

TEST_F(SchemaPacksTest, OnePackServesManyThreads) {
  const auto pack =
      build({{"a.xsd", schema("urn:a", kCode)}, {"l.xml", list("urn:l", "2", "007")}});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const bool good = (i + t) % 2 == 0;
        const auto report = pack.validate(std::string("<a xmlns='urn:a'><f><code xmlns=''>") +
                                          (good ? "007" : "8") + "</code></f></a>");
        if (report.valid != good) ++wrong;
        if (i % 50 == 0 && !build({{"a.xsd", schema("urn:a", kCode)}}).usable()) ++wrong;
      }
    });
  for (auto& one : threads) one.join();
  EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace xoev
