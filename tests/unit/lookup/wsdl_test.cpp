// Service descriptions from WSDL files: the official ones of XBau 2.6, and what may go wrong.
#include "directory/routing.h"
#include "lookup/description_toml.h"
#include "lookup/file_directory.h"
#include "lookup/wsdl.h"
#include "xml/document.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using directory::Network;
using directory::RoutingFinding;
using directory::ServiceElement;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const fs::path kOfficial = DC_SOURCE_DIR "/../shared/official";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& one : list) out += (out.empty() ? "" : ", ") + one;
  return out;
}

std::string xbau(const std::string& name) {
  return "http://www.xleitstelle.de/xbau/2/6/XBau26-" + name + ".wsdl";
}

// One of each column of the list of prefixes, with its ways to name a category.
lookup::CategoryPrefixes prefixes() {
  const std::string head =
      "<gc:CodeList xmlns:gc=\"http://docs.oasis-open.org/codelist/ns/genericode/1.0/\">"
      "<Identification><ShortName>p</ShortName><Version>1</Version><CanonicalUri>"
      "urn:xoev-de:bund:bmi:bit:codeliste:dvdv.praefix</CanonicalUri></Identification><ColumnSet>"
      "<Column Id=\"praefix\"/><Column Id=\"behoerdenkategorie\"/></ColumnSet><SimpleCodeList>";
  std::string rows;
  for (const auto& [prefix, category] : std::map<std::string, std::string>{
           {"tst", "Teststelle"}, {"amt", "Amt"}, {"dbs", "§ 38 1 Behörde, Bundesbehörde"}})
    rows += "<Row><Value><SimpleValue>" + prefix + "</SimpleValue></Value><Value><SimpleValue>" +
            category + "</SimpleValue></Value></Row>";
  return lookup::CategoryPrefixes::from(
             xoev::read_code_list(head + rows + "</SimpleCodeList></gc:CodeList>").value())
      .value();
}

struct Sample {
  std::string categories = "<tpl:category>Teststelle</tpl:category>";
  std::string prose = "<p>Zulässige Dienstnutzer sind ausschließlich Organisationen in der "
                      "DVDV-Organisationskategorie \"<b>Amt</b>\".</p>";
  std::string part = "element=\"x:antrag.0100\"";
  std::string operation = "communicationType=\"one-way-active\" subject=\"DATA\"";
  std::string use = "required";
  std::string more = "";

  std::string text() const {
    return "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\" "
           "xmlns:osci=\"http://www.osci.de/2006/07/wsdl/\" "
           "xmlns:tpl=\"http://www.dvdv.de/dvdv/template/\" xmlns:x=\"urn:x\" xmlns:tns=\"urn:t\" "
           "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" name=\"Test\" "
           "targetNamespace=\"urn:test:service.wsdl\"><documentation><tpl:categories>" +
           categories + "</tpl:categories><![CDATA[<html><body>" + prose +
           "</body></html>]]></documentation>" + more + "<message name=\"m\"><part name=\"p\" " +
           part +
           "/><part name=\"o\" type=\"xs:anyType\"/></message><portType name=\"t\"><operation>"
           "<input message=\"tns:m\"/></operation></portType><binding name=\"b\"><osci:binding>"
           "<osci:reader name=\"r\"><tpl:certificate/></osci:reader></osci:binding><operation>"
           "<osci:operation " +
           operation +
           "/></operation></binding><service><osci:devices><osci:intermediary uri=\"\" "
           "name=\"TESTAIntermediär\"><osci:cipherCertificate><tpl:certificate/>"
           "</osci:cipherCertificate></osci:intermediary><osci:addressee name=\"TESTAEmpfänger\">"
           "<osci:cipherCertificate><tpl:certificate/></osci:cipherCertificate></osci:addressee>"
           "</osci:devices><port name=\"p\" binding=\"tns:b\"><documentation><tpl:use>" +
           use +
           "</tpl:use> Text</documentation><osci:address><osci:intermediaryRef "
           "ref=\"TESTAIntermediär\"/><osci:addresseeRef ref=\"TESTAEmpfänger\"/></osci:address>"
           "</port></service></definitions>";
  }
};

class Wsdl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { xml::initialise(); }

  static lookup::ImportedService read(const Sample& sample, bool with_prefixes = true) {
    const auto list = prefixes();
    auto out = lookup::read_wsdl(sample.text(), with_prefixes ? &list : nullptr);
    EXPECT_TRUE(out) << out.error().detail;
    return out.value();
  }
  static lookup::ImportedService prose(const std::string& text) {
    Sample sample;
    sample.prose = text;
    return read(sample);
  }
};

TEST_F(Wsdl, GivesWhatIsWrittenForPrograms) {
  const auto [one, warnings] = read({});
  EXPECT_EQ(one.uri, "urn:test:service.wsdl");
  EXPECT_EQ(one.name, "Test");
  EXPECT_THAT(one.providers, ElementsAre("Teststelle", "tst"));
  EXPECT_THAT(one.users, ElementsAre("Amt", "amt"));
  EXPECT_EQ(one.subject, "DATA");
  EXPECT_THAT(one.roots, ElementsAre("antrag.0100"));
  ASSERT_EQ(one.slots.size(), 4u);
  for (const auto& slot : one.slots) EXPECT_TRUE(slot.required && slot.network == Network::testa);
  EXPECT_EQ(one.slots[2].element, ServiceElement::recipient_cipher);
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_THAT(read({}, false).description.users, ElementsAre("Amt"));
}

TEST_F(Wsdl, ReadsTheSentencesInTheirVariants) {
  for (const auto* text :
       {"Zulässige Dienstnutzer sind Organisationen der Organisationskategorie „Amt“, "
        "“Teststelle“.",
        "Zulässige Dienstnutzer sind ebenfalls Organisationen der DVDV-Organisationskategorie \"\n"
        "<b>Amt</b>\",\n\"<b>Teststelle</b>\" .",
        "<p>Zulässige Dienstnutzer sind Organisationen in der DVDV-Organisationskategorien "
        "<b>\"Amt\"</b> und <b>“Teststelle“</b>\n</p><p>Mehr siehe \"Handbuch\".</p>",
        "Zul&auml;ssige Dienstnutzer sind Organisationen der Organisationskategorie "
        "&bdquo;Amt&ldquo;"
        " sowie &quot;Teststelle&quot;. Siehe \"Handbuch\"."}) {
    const auto [one, warnings] = prose(text);
    EXPECT_THAT(one.users, ElementsAre("Amt", "amt", "Teststelle", "tst")) << text;
    EXPECT_THAT(warnings, IsEmpty()) << text;
  }
}

TEST_F(Wsdl, ListsOfTwoSentencesAreJoinedAndThatIsSaid) {
  const auto [one, warnings] = prose(
      "Zulässige Dienstanbieter und -nutzer sind die Teststellen (DVDV-Organisationskategorie "
      "<b>„Teststelle“</b>). Zulässige Dienstnutzer sind ausschließlich Organisationen in der "
      "DVDV-Organisationskategorie <b>\"Amt\"</b>.");
  EXPECT_THAT(one.users, ElementsAre("Teststelle", "tst", "Amt", "amt"));
  EXPECT_THAT(warnings, Contains(HasSubstr("2 sentences say who may use")));
  EXPECT_THAT(warnings, Contains(HasSubstr("says more than its categories: Teststellen")));
}

TEST_F(Wsdl, WhatCannotBeReadIsLeftOutWithAWarning) {
  for (const auto* text :
       {"Zulässige Dienstnutzer sind alle Organisationen der Organisationskategorie \"Amt\".",
        "Zulässige Dienstnutzer sind Organisationen der Organisationskategorie \"Amt\", nicht aber "
        "\"Teststelle\".",
        "Zulässige Dienstnutzer sind \"Amt\" und \"Teststelle.",
        "Zulässige Dienstnutzer sind die Ämter.", "Zulässige Dienstnutzer sind \" \"."}) {
    const auto [one, warnings] = prose(text);
    EXPECT_THAT(one.users, IsEmpty()) << text;
    EXPECT_THAT(warnings, Contains(HasSubstr("users cannot be read for certain"))) << text;
    EXPECT_THAT(warnings, Contains(HasSubstr("any may use the service"))) << text;
  }
  const auto [one, warnings] = prose("<p>Nichts davon.</p>");
  EXPECT_THAT(one.users, IsEmpty());
  EXPECT_THAT(warnings, Contains("no sentence says who may use the service"));
}

TEST_F(Wsdl, ContradictionsAndUnknownNamesAreReported) {
  auto [one, warnings] =
      prose("Zulässige Dienstanbieter sind \"Teststelle\", \"Amt\". Zulässige Dienstnutzer sind "
            "\"Teststellen\", \"Bundesbehörde\", \"Niemand\".");
  EXPECT_THAT(one.providers, ElementsAre("Teststelle", "tst")) << "tpl:categories counts";
  EXPECT_THAT(warnings, Contains(HasSubstr("the prose alone names Amt")));
  EXPECT_THAT(one.users, ElementsAre("Teststelle", "tst", "Bundesbehörde", "dbs", "Niemand"));
  EXPECT_THAT(warnings, Contains("\"Teststellen\" is taken for \"Teststelle\""));
  EXPECT_THAT(warnings, Contains(HasSubstr("no category \"Niemand\"")));

  Sample sample;
  sample.operation = "";
  sample.use = "perhaps";
  sample.part = "type=\"tns:missing\"";
  sample.prose += "<ul><li>antrag.0200</li></ul>";
  warnings = read(sample).warnings;
  EXPECT_THAT(warnings, Contains(HasSubstr("communicationType is missing")));
  EXPECT_THAT(warnings, Contains(HasSubstr("subject is missing")));
  EXPECT_THAT(warnings, Contains(HasSubstr("type of a message part is not found")));
  EXPECT_THAT(warnings, Contains(HasSubstr("testa does not say whether it is required")));
  sample.part = Sample().part;
  EXPECT_THAT(read(sample).warnings, Contains(HasSubstr("prose and message parts differ")));
}

TEST_F(Wsdl, RootsOfATypeAreItsElements) {
  Sample sample;
  sample.part = "type=\"tns:all\"";
  sample.more = "<types><xs:schema><xs:complexType name=\"all\"><xs:choice><xs:element name=\"a\"/>"
                "<xs:element ref=\"x:b\"/></xs:choice></xs:complexType></xs:schema></types>";
  EXPECT_THAT(read(sample).description.roots, ElementsAre("a", "b"));
}

TEST_F(Wsdl, RefusesWhatIsNoneOrTooLarge) {
  for (const auto& text : {std::string("<a/>"), std::string("no XML"),
                           std::string("<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\"/>"),
                           std::string("<!DOCTYPE d [<!ENTITY e \"x\">]><definitions "
                                       "xmlns=\"http://schemas.xmlsoap.org/wsdl/\"/>")}) {
    const auto refused = lookup::read_wsdl(text, nullptr);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::malformed_message);
  }
  lookup::WsdlLimits limits;
  limits.bytes = 100;
  EXPECT_EQ(lookup::read_wsdl(Sample().text(), nullptr, limits).error().code, ErrorCode::too_large);
  Sample many;
  for (int i = 0; i < 65; ++i)
    many.categories += "<tpl:category>K" + std::to_string(i) + "</tpl:category>";
  EXPECT_EQ(lookup::read_wsdl(many.text(), nullptr).error().code, ErrorCode::too_large);
  EXPECT_FALSE(lookup::CategoryPrefixes::from({}));
}

// What is written is what the directory file reads, whatever stands in the texts.
TEST_F(Wsdl, DescriptionsSurviveTheFile) {
  auto one = read({}).description;
  one.name = "Quoted \" and \\ and ü";
  auto other = one;
  other.uri = "urn:another";
  other.roots = {"a", "b", "c", "d", "e"};
  other.slots.clear();
  other.users.clear();
  other.communication = directory::Communication::request_response;
  const auto toml = lookup::to_toml({{one, {"odd\nline"}}, {other, {}}});
  EXPECT_EQ(toml, lookup::to_toml({{other, {}}, {one, {"odd\nline"}}}));
  const auto loaded =
      lookup::parse_directory("include = [\"services.toml\"]\n", "d.toml",
                              [&](const std::string& file) -> base::Result<std::string> {
                                EXPECT_EQ(file, "services.toml");
                                return toml;
                              });
  ASSERT_TRUE(loaded) << loaded.error().detail;
  for (const auto* expected : {&one, &other}) {
    const auto* found = (*loaded)->description(expected->uri);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->name, expected->name);
    EXPECT_EQ(found->providers, expected->providers);
    EXPECT_EQ(found->users, expected->users);
    EXPECT_EQ(found->subject, expected->subject);
    EXPECT_EQ(found->communication, expected->communication);
    EXPECT_EQ(found->roots, expected->roots);
    EXPECT_EQ(found->slots.size(), expected->slots.size());
  }
}

// The 16 services of XBau 2.6 as they were published.
class Official : public Wsdl {
 protected:
  std::vector<directory::ServiceDescription> descriptions;
  std::map<std::string, std::size_t> warned;

  void SetUp() override {
    if (!fs::exists(kOfficial)) GTEST_SKIP() << "official recordings are not here";
    const auto list = lookup::CategoryPrefixes::from(
        xoev::read_code_list(slurp(kOfficial / "codelists/DVDV.Praefixe_51.xml")).value());
    ASSERT_TRUE(list);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(kOfficial / "xbau-2.6/wsdl"))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      auto read = lookup::read_wsdl(slurp(file), &*list);
      ASSERT_TRUE(read) << file << read.error().detail;
      warned[read->description.name] = read->warnings.size();
      descriptions.push_back(std::move(read->description));
    }
  }
};

TEST_F(Official, AllAreReadWithTheirCategories) {
  ASSERT_EQ(descriptions.size(), 16u);
  std::map<std::string, directory::ServiceDescription> by_name;
  for (const auto& one : descriptions) {
    std::cout << one.name << ": " << joined(one.providers) << " <- " << joined(one.users) << ", "
              << one.roots.size() << " roots, " << one.slots.size() << " slots\n";
    by_name[one.name] = one;
    EXPECT_EQ(one.uri, "http://www.xleitstelle.de/xbau/2/6/" + one.name + ".wsdl");
    EXPECT_EQ(one.subject, "XBAU_DATA");
    EXPECT_FALSE(one.providers.empty() || one.users.empty() || one.roots.empty()) << one.name;
    EXPECT_EQ(one.providers.size() % 2, 0u) << one.name << ": a name and a prefix each";
    EXPECT_EQ(one.users.size() % 2, 0u) << one.name;
    const bool both_ways = one.name == "XBau26-BAB2AIKsync";
    EXPECT_EQ(one.communication, both_ways ? directory::Communication::request_response
                                           : directory::Communication::one_way_active);
    EXPECT_EQ(one.slots.size(), both_ways ? 12u : 10u);
    for (const auto& slot : one.slots) EXPECT_EQ(slot.required, slot.network == Network::internet);
    EXPECT_EQ(warned[one.name], one.name == "XBau26-BAB2AIKsync" ? 2u
                                : one.name == "XBau26-BET2BAB" || one.name == "XBau26-PING2BAB"
                                    ? 1u
                                    : 0u);
  }
  EXPECT_THAT(by_name["XBau26-GEM2BAB"].users,
              ElementsAre("Gemeindebauamt", "gba", "Bauaufsichtsbehörde", "bab"));
  EXPECT_THAT(by_name["XBau26-BET2BAB"].users,
              ElementsAre("Baubeteiligte Stelle", "bet", "Bauportal", "bap"));
  EXPECT_THAT(by_name["XBau26-BAB2STAT"].providers, ElementsAre("Bundesbehörde", "dbs"));
  EXPECT_THAT(by_name["XBau26-PING2BAB"].providers, ElementsAre("Bauaufsichtsbehörde", "bab"));
  EXPECT_EQ(by_name["XBau26-BH2BAB"].roots.size(), 44u);
  EXPECT_EQ(by_name["XBau26-BAB2AIKsync"].roots.size(), 3u);
}

TEST_F(Official, RoutesBetweenABuildingAuthorityAndItsPartnersAndNobodyElse) {
  const auto body = [](const std::string& key, const std::vector<std::string>& services) {
    directory::Organisation out{key, "Test", key, {}, {}};
    for (const auto& one : services) out.services.push_back({xbau(one), one, {}, {}});
    return out;
  };
  auto chamber = body("xyz:050000000009", {"BAB2AIKsync"});
  chamber.categories = {"Architekten- und Ingenieurkammer"}; // by name, whatever its key
  const auto made = directory::Directory::make(
      {body("bab:059130000000", {"BH2BAB", "AG2BAB", "GEM2BAB", "BET2BAB"}),
       body("bap:050000000001", {"BAB2BH", "GEM2BH"}), body("ag:050000000002", {"BAB2AG"}),
       body("gba:059130000003", {}), chamber, body("wgb:059130000004", {})},
      descriptions);
  ASSERT_TRUE(made) << made.error().detail;
  const auto& directory = **made;
  const auto findings = [&](const char* from, const char* to, const char* service) {
    directory::RoutingQuestion question;
    question.sender = directory.find(from);
    question.addressee = directory.find(to);
    const auto uri = xbau(service);
    question.service = uri;
    question.reader = to;
    question.now = base::parse_datetime("2026-06-01T00:00:00Z").value();
    EXPECT_TRUE(question.sender && question.addressee);
    return judge_routing(directory, question);
  };
  EXPECT_THAT(findings("bap:050000000001", "bab:059130000000", "BH2BAB"), IsEmpty());
  EXPECT_THAT(findings("bab:059130000000", "bap:050000000001", "BAB2BH"), IsEmpty());
  EXPECT_THAT(findings("bab:059130000000", "ag:050000000002", "BAB2AG"), IsEmpty());
  EXPECT_THAT(findings("ag:050000000002", "bab:059130000000", "AG2BAB"), IsEmpty());
  EXPECT_THAT(findings("gba:059130000003", "bab:059130000000", "GEM2BAB"), IsEmpty());
  EXPECT_THAT(findings("bab:059130000000", "xyz:050000000009", "BAB2AIKsync"), IsEmpty());

  EXPECT_THAT(findings("wgb:059130000004", "bab:059130000000", "BH2BAB"),
              ElementsAre(RoutingFinding::sender_not_entitled));
  EXPECT_THAT(findings("ag:050000000002", "bap:050000000001", "BAB2BH"),
              ElementsAre(RoutingFinding::sender_not_entitled));
  EXPECT_THAT(findings("bab:059130000000", "bap:050000000001", "BAB2INF"),
              ElementsAre(RoutingFinding::service_not_offered));
  EXPECT_FALSE(directory::Directory::make({body("wgb:059130000004", {"BAB2BH"})}, descriptions))
      << "offered by a category that may not";
}

} // namespace
