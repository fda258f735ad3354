// Official schema sets as they are (domain 3.4): they compile without network, and their messages
// are judged alike by both engines. Lies beside the recordings, not in this project.
#include "xml/compiled_schemas.h"
#include "xml/document.h"
#include "xml/schema_validator.h"
#include "xoev/schema_pack.h"
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <pthread.h>

namespace xoev {
namespace {

namespace fs = std::filesystem;

const fs::path kOfficial = DC_SOURCE_DIR "/../shared/official";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string told(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& one : findings)
    out += "  " + one.where + (one.line ? ", line " + std::to_string(one.line) : "") + ": " +
           one.rule + "\n";
  return out;
}

// Of this thread: other work on the machine does not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class OfficialPacks : public ::testing::Test {
 protected:
  void SetUp() override {
    xml::initialise();
    if (!fs::is_directory(kOfficial))
      GTEST_SKIP() << "no ../shared: the official sets (beside the recordings) are not here";
  }
};

TEST_F(OfficialPacks, CompileAsTheyAreWithoutNetwork) {
  struct Set {
    fs::path pack;
    std::vector<fs::path> bases;
    std::size_t files, elements;
  };
  const Set sets[] = {
      {kOfficial / "xwasser-1.0.0", {}, 14, 20},
      {kOfficial / "xwasser-1.0.0/schemas", {kOfficial / "xoev-base"}, 14, 20},
      {kOfficial / "xbau-2.6/xsd",
       {kOfficial / "xoev-base", kOfficial / "xbau-2.6/xsd_dev"},
       25,
       100},
      {kOfficial / "xbau-2.6/xsd_dev", {}, 45, 100},
      {kOfficial / "xoev-base", {}, 8, 1},
  };
  for (const auto& set : sets) {
    const auto start = std::chrono::steady_clock::now();
    const auto pack = SchemaPack::load(set.pack, set.bases);
    ASSERT_TRUE(pack) << pack.error().detail;
    std::cout << set.pack.lexically_relative(kOfficial).string() << ": "
              << pack->schema_files().size() << " files, " << pack->borrowed_files().size()
              << " of bases, " << pack->namespaces().size() << " namespaces, "
              << pack->global_elements() << " global elements, " << pack->code_lists()
              << " code lists, sha256 " << pack->sha256().substr(0, 16) << ", "
              << static_cast<int>(since(start) * 1000) << " ms\n"
              << told(pack->findings());
    EXPECT_TRUE(pack->usable()) << set.pack;
    EXPECT_EQ(pack->sha256().size(), 64u);
    EXPECT_GE(pack->schema_files().size(), set.files) << set.pack;
  }
}

TEST_F(OfficialPacks, XbauKernmodulIsMissedWithoutTheBaseThatHasIt) {
  const auto pack = SchemaPack::load(kOfficial / "xbau-2.6/xsd", {kOfficial / "xoev-base"});
  ASSERT_TRUE(pack);
  EXPECT_FALSE(pack->usable());
  EXPECT_NE(told(pack->findings()).find("http://www.xleitstelle.de/xbau/kernmodul/1/3/0"),
            std::string::npos);
}

TEST_F(OfficialPacks, XwasserMessagesAreJudgedAlikeByBothEngines) {
  const auto pack = SchemaPack::load(kOfficial / "xwasser-1.0.0");
  ASSERT_TRUE(pack) << pack.error().detail;
  const auto xerces = xml::SchemaValidator::load(kOfficial / "xwasser-1.0.0/schemas/xwasser.xsd",
                                                 {kOfficial / "xoev-base", DC_W3C_SCHEMAS});
  ASSERT_TRUE(xerces) << xerces.error().detail;
  // The samples, and copies broken in ways that a program breaks them.
  std::map<std::string, std::string> documents;
  for (const auto& entry : fs::directory_iterator(kOfficial / "xwasser-1.0.0/messages"))
    documents[entry.path().filename().string()] = read(entry.path());
  ASSERT_GE(documents.size(), 6u);
  const std::string sample = documents.at("administration_receipt.xml");
  const auto broken = [&](const std::string& name, const std::string& what, const std::string& by) {
    std::string copy = sample;
    ASSERT_NE(copy.find(what), std::string::npos) << what;
    for (auto at = copy.find(what); at != std::string::npos; at = copy.find(what, at + by.size()))
      copy.replace(at, what.size(), by);
    documents["broken: " + name] = copy;
  };
  broken("unknown root", "administration.", "verwaltung.");
  broken("missing attribute", " produkt=", " erzeugnis=");
  broken("broken UUID", "<nachrichtenUUID>", "<nachrichtenUUID>0");
  broken("foreign element", "<identifikation.nachricht>",
         "<identifikation.nachricht><geheim>x</geheim>");
  std::cout << "libxml2   Xerces-C++\n";
  std::size_t valid = 0;
  for (const auto& [name, text] : documents) {
    auto instance = xml::Instance::parse(text, {});
    ASSERT_TRUE(instance) << name << ": " << instance.error().detail;
    // Codes are not the second engine's business.
    auto report = pack->validate(text);
    std::erase_if(report.findings, [](const auto& one) {
      return one.severity == Severity::note || one.rule.starts_with("code is not in");
    });
    const bool ours = report.findings.empty();
    const auto theirs = xerces->validate(text);
    std::cout << (ours ? "valid  " : "invalid") << "   " << (theirs ? "valid  " : "invalid")
              << "    " << name << "\n"
              << told(report.findings);
    if (!theirs) std::cout << "  Xerces-C++: " << theirs.error().detail << "\n";
    EXPECT_EQ(ours, theirs.has_value()) << name;
    valid += ours ? 1 : 0;
  }
  EXPECT_GT(valid, 0u);
  EXPECT_LT(valid, documents.size());
}

TEST_F(OfficialPacks, XwasserCodesAreHeldAgainstTheirLists) {
  const auto pack = SchemaPack::load(kOfficial / "xwasser-1.0.0");
  ASSERT_TRUE(pack);
  for (const auto& entry : fs::directory_iterator(kOfficial / "xwasser-1.0.0/messages")) {
    const auto report = pack->validate(read(entry.path()));
    std::cout << entry.path().filename().string() << ": " << (report.valid ? "valid" : "invalid")
              << "\n"
              << told(report.findings);
  }
}

// What one value of 2 MB under a pattern of DIN 91379 costs, on a stack of 256 KiB: neither engine
// nor parser may recurse along the text.
struct Trial {
  const SchemaPack* pack;
  const std::string* document;
  Report report;
  double seconds = 0;
};

void* try_it(void* argument) {
  auto& trial = *static_cast<Trial*>(argument);
  const double start = processor_seconds();
  trial.report = trial.pack->validate(*trial.document);
  trial.seconds = processor_seconds() - start;
  return nullptr;
}

void on_small_stack(Trial& trial) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, try_it, &trial), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_F(OfficialPacks, TwoMegabytesUnderDin91379OnASmallStack) {
  const std::string schema =
      "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:t\" "
      "xmlns:d=\"urn:xoev-de:kosit:xoev:datentyp:din-spec-91379_2019-03\"><xs:import "
      "namespace=\"urn:xoev-de:kosit:xoev:datentyp:din-spec-91379_2019-03\" "
      "schemaLocation=\"https://xoev.de/din-91379-datatypes.xsd\"/>"
      "<xs:element name=\"a\" type=\"d:datatypeA\"/><xs:element name=\"c\" type=\"d:datatypeC\"/>"
      "</xs:schema>";
  const auto base = read_pack(kOfficial / "xoev-base");
  ASSERT_TRUE(base);
  const auto pack = SchemaPack::build("din", {{"t.xsd", schema}}, {*base});
  ASSERT_TRUE(pack.usable()) << told(pack.findings());
  struct Value {
    const char* name;
    const char* piece;
    const char* end;
    bool valid;
    char type;
  };
  // What goes wrong at the end leaves nothing to be tried again (xml/pattern.h). The time is told;
  // only what would keep a thread busy for ever fails.
  constexpr double kHangs = 30;
  for (const auto& [name, piece, end, valid, type] :
       {Value{"letters", "Grünstraße Öz", "", true, 'a'},
        Value{"letters, wrong at the end", "Grünstraße Öz", "\xE4\xB8\xAD", false, 'a'},
        Value{"combining marks", "C\xCC\xA8\xCC\x86", "", true, 'a'},
        Value{"text", "Zeile 1.\nZweite; Straße 12\t", "", true, 'c'},
        Value{"combining marks, wrong at the end", "J\xCC\x8C", "\xE4\xB8\xAD", false, 'a'}}) {
    std::string value;
    while (value.size() < std::size_t{2} << 20) value += piece;
    value += end;
    const std::string document =
        std::string("<x:") + type + " xmlns:x=\"urn:t\">" + value + "</x:" + type + ">";
    Trial trial{&pack, &document, {}, 0};
    on_small_stack(trial);
    std::cout << "2 MB, " << name << ": " << (trial.report.valid ? "valid" : "invalid") << ", "
              << trial.seconds << " s of the processor\n";
    EXPECT_EQ(trial.report.valid, valid) << name << told(trial.report.findings);
    EXPECT_LT(trial.seconds, kHangs) << name;
    for (const auto& one : trial.report.findings) EXPECT_LT(one.rule.size(), 400u);
  }
}

} // namespace
} // namespace xoev
