// The illustrative standard of xoev-schemas/ as a folder of packs: two versions side by side, an
// import by an address in the net, lists, and samples in the sizes that occur (domain 3.6, 3.7).
#include "base/encoding.h"
#include "crypto/digest.h"
#include "xml/document.h"
#include "xml/schema_validator.h"
#include "xoev/schema_pack.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>

namespace xoev {
namespace {

namespace fs = std::filesystem;
const fs::path kXantrag = DC_SOURCE_DIR "/xoev-schemas/xantrag";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string errors(const Report& report) {
  std::string out;
  for (const auto& one : report.findings)
    if (one.severity == Severity::error) out += one.where + ": " + one.rule + "\n";
  return out;
}

class Xantrag : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    xml::initialise();
    auto loaded = SchemaPacks::load(kXantrag);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    packs_ = new SchemaPacks(std::move(*loaded));
  }
  static void TearDownTestSuite() { delete packs_; }

  static std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    if (at == std::string::npos) ADD_FAILURE() << what;
    return text.replace(at == std::string::npos ? 0 : at, what.size(), by);
  }

  static SchemaPacks* packs_;
};
SchemaPacks* Xantrag::packs_ = nullptr;

TEST_F(Xantrag, HasTwoVersionsSideBySide) {
  ASSERT_EQ(packs_->packs().size(), 2u);
  for (const auto& pack : packs_->packs()) {
    EXPECT_TRUE(pack.usable()) << pack.name();
    EXPECT_EQ(pack.global_elements(), 5u);
    EXPECT_EQ(pack.code_lists(), 2u);
  }
  EXPECT_EQ(packs_->packs()[1].borrowed_files(),
            (std::vector<std::string>{"xantrag-basisnachricht.xsd", "xantrag-zeichen.xsd"}));
}

TEST_F(Xantrag, SaysInEveryFileThatItIsNotOfficial) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kXantrag))
    if (entry.path().extension() == ".xsd" || entry.path().extension() == ".xml") {
      EXPECT_NE(read(entry.path()).substr(0, 300).find("not official"), std::string::npos)
          << entry.path();
      ++files;
    }
  EXPECT_GE(files, 20u);
}

TEST_F(Xantrag, SamplesAreValidByBothEngines) {
  std::size_t samples = 0;
  for (const auto* version : {"1_0", "1_1"})
    for (const auto& entry : fs::directory_iterator(kXantrag / version / "samples")) {
      const auto text = read(entry.path());
      const auto report = packs_->validate(text);
      EXPECT_TRUE(report.valid) << entry.path() << "\n" << errors(report);
      EXPECT_EQ(report.pack, version);
      auto topic = entry.path().stem().string();
      topic.resize(topic.find('-'));
      if (topic == "quittung" || topic == "rueckweisung") topic = "prozess";
      const auto second = xml::SchemaValidator::load(
          kXantrag / version / ("xantrag-nachrichten-" + topic + ".xsd"), {kXantrag / "1_0"});
      ASSERT_TRUE(second) << second.error().detail;
      const auto judged = second->validate(text);
      EXPECT_TRUE(judged) << entry.path() << ": " << judged.error().detail;
      ++samples;
    }
  EXPECT_GE(samples, 7u);
}

TEST_F(Xantrag, HoldsCodesAgainstItsLists) {
  const auto sample = read(kXantrag / "1_0/samples/einbuergerung-ahaus.xml");
  // Fixed by the schema, and not even named in the document.
  auto report = packs_->validate(replaced(sample, "<code>007<", "<code>7<"));
  EXPECT_NE(errors(report).find("/einbuergerung.antrag.0300/staatsangehoerigkeit[1]/code"),
            std::string::npos)
      << errors(report);
  // Named in the document only.
  report = packs_->validate(
      replaced(sample, "<code>einbuergerung.antrag.0300<", "<code>einbuergerung.antrag.0301<"));
  EXPECT_NE(errors(report).find("nachrichtentyp/code"), std::string::npos) << errors(report);
}

TEST_F(Xantrag, HasCharactersThatExistOnlyDecomposed) {
  const auto sample = read(kXantrag / "1_0/samples/einbuergerung-ahaus.xml");
  EXPECT_TRUE(packs_->validate(sample).valid);
  // NFC has one character for it (domain 3.5).
  EXPECT_FALSE(packs_->validate(replaced(sample, "Zuzana (", "Zuze\xCC\x81na (")).valid);
}

// A letter with embedded scans, as the mix of domain 3.7 has them.
std::string with_scan(const std::string& sample, std::size_t octets) {
  std::string scan(octets, '\0');
  std::uint32_t state = 7;
  for (auto& c : scan) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::string element =
      "<xantrag:anlage><xantrag:dateiname>scan.pdf</xantrag:dateiname><xantrag:mimetyp>"
      "application/pdf</xantrag:mimetyp><xantrag:groesse>" +
      std::to_string(octets) + "</xantrag:groesse><xantrag:sha256>" + crypto::sha256_hex(scan) +
      "</xantrag:sha256><xantrag:inhalt>" + base::base64_encode(scan) +
      "</xantrag:inhalt></xantrag:anlage>";
  std::string out = sample;
  return out.insert(out.rfind("</xantrag:wohngeld"), element);
}

TEST_F(Xantrag, JudgesFiftyKilobytesAndFiveMegabytes) {
  for (const auto* version : {"1_0", "1_1"}) {
    const auto sample = read(kXantrag / version / "samples/wohngeld-dortmund.xml");
    for (const std::size_t size : {std::size_t{34'000}, std::size_t{3'700'000}}) {
      const auto text = with_scan(sample, size);
      EXPECT_GT(text.size(), size * 4 / 3);
      const auto report = packs_->validate(text);
      EXPECT_TRUE(report.valid) << errors(report);
      EXPECT_EQ(report.pack, version);
      EXPECT_FALSE(packs_->validate(replaced(text, "<xantrag:inhalt>", "<xantrag:inhalt>!")).valid);
    }
  }
}

// Every value of every sample becomes others; the engines must agree on each.
TEST_F(Xantrag, BrokenValuesAreJudgedAlikeByBothEngines) {
  const std::vector<std::string> values{"",
                                        "x",
                                        "0",
                                        "-1",
                                        "1.005",
                                        " 3.50 ",
                                        "2026-02-30",
                                        "2026-1-1",
                                        "QQ==",
                                        "QQ=",
                                        "!",
                                        "a b",
                                        "\xC3\xA4\n",
                                        "99999999999999",
                                        "2026-03-03T08:05:12+01:00",
                                        "0c9b8a76-5432-4e1f-8a0b-1c2d3e4f5a6b",
                                        "<x/>"};
  std::size_t judged = 0, valid = 0;
  for (const auto* name : {"wohngeld-dortmund", "einbuergerung-ahaus", "rueckweisung-ahaus"}) {
    std::string topic = name;
    topic.resize(topic.find('-'));
    if (topic == "rueckweisung") topic = "prozess";
    const auto second = xml::SchemaValidator::load(
        kXantrag / ("1_0/xantrag-nachrichten-" + topic + ".xsd"), {kXantrag / "1_0"});
    ASSERT_TRUE(second) << second.error().detail;
    const auto text = read(kXantrag / "1_0/samples" / (std::string(name) + ".xml"));
    // Places between a start tag and its end tag, or between quotes.
    for (std::size_t at = text.find("<bn:"); at < text.size(); ++at) {
      std::size_t end = std::string::npos;
      if (text[at - 1] == '>' && text[at] != '<' && text[at] != '\n') end = text.find("</", at);
      if (text[at - 1] == '"' && text[at - 2] == '=') end = text.find('"', at);
      if (end == std::string::npos) continue;
      for (const auto& value : values) {
        if (text[at - 1] == '"' && value == "<x/>") continue;
        const auto document = text.substr(0, at) + value + text.substr(end);
        auto report = packs_->packs()[0].validate(document);
        std::erase_if(report.findings, [](const auto& one) {
          return one.severity == Severity::note || one.rule.starts_with("code is not in");
        });
        const bool ours = report.findings.empty();
        const auto theirs = second->validate(document);
        EXPECT_EQ(ours, theirs.has_value())
            << name << ", '" << text.substr(at, end - at) << "' became '" << value << "'\n"
            << errors(report) << (theirs ? "" : theirs.error().detail);
        ++judged;
        valid += ours ? 1 : 0;
      }
      at = end;
    }
  }
  EXPECT_GT(judged, 1000u);
  EXPECT_GT(valid, 50u);
  std::cout << judged << " documents judged alike, " << valid << " valid\n";
}

} // namespace
} // namespace xoev
