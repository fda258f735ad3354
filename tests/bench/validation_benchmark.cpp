// How fast applications are held against schema packs. README.md tells what the numbers mean.
#include "base/encoding.h"
#include "xml/document.h"
#include "xoev/schema_pack.h"
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The sample with one more attachment, so that it has about `size` octets.
std::string grown(const std::string& sample, std::size_t size) {
  const std::string element = "<xantrag:anlage>";
  const auto at = sample.find(element);
  if (at == std::string::npos || size <= sample.size()) return sample;
  std::string content((size - sample.size()) * 3 / 4, '\0');
  std::uint32_t state = 1;
  for (auto& c : content) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::string hash(64, 'a');
  return sample.substr(0, at) + element +
         "<xantrag:dateiname>scan.pdf</xantrag:dateiname><xantrag:mimetyp>application/pdf"
         "</xantrag:mimetyp><xantrag:groesse>" +
         std::to_string(content.size()) + "</xantrag:groesse><xantrag:sha256>" + hash +
         "</xantrag:sha256><xantrag:inhalt>" + base::base64_encode(content) +
         "</xantrag:inhalt></xantrag:anlage>" + sample.substr(at);
}

struct Case {
  std::string name, text;
};

// Of all threads: other work on the machine does not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Milliseconds of the processor for one document; negative: it was not judged.
double cost(const xoev::SchemaPacks& packs, const std::string& text, double seconds) {
  const double start = processor_seconds();
  double used = 0;
  std::uint64_t done = 0;
  do {
    if (packs.validate(text).root.empty()) return -1;
    ++done;
    used = processor_seconds() - start;
  } while (used < seconds);
  return used * 1000 / static_cast<double>(done);
}

// Documents a second by `threads` threads for about `seconds`; negative: one was not judged.
double speed(const xoev::SchemaPacks& packs, const std::string& text, unsigned threads,
             double seconds) {
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> lost{false};
  const auto start = Clock::now();
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i)
    running.emplace_back([&] {
      do {
        if (packs.validate(text).root.empty()) lost = true;
        ++done;
      } while (since(start) < seconds && !lost);
    });
  for (auto& one : running) one.join();
  return lost ? -1 : static_cast<double>(done) / since(start);
}

bool run(const xoev::SchemaPacks& packs, const std::vector<Case>& cases, double seconds) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  bool judged = true;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("%-44s %10s  %-8s %12s %10s   %s\n", "document", "octets", "judged", "ms of CPU",
              "MB/s", ("MB/s by the clock, " + std::to_string(cores) + " threads").c_str());
  for (const auto& one : cases) {
    const auto report = packs.validate(one.text);
    const double single = cost(packs, one.text, seconds);
    const double all = speed(packs, one.text, cores, seconds);
    const double megabytes = static_cast<double>(one.text.size()) / 1e6;
    judged = judged && single > 0 && all > 0;
    std::printf("%-44s %10zu  %-8s %12.3f %10.1f   %10.1f\n", one.name.c_str(), one.text.size(),
                report.valid ? "valid" : "invalid", single, 1000 * megabytes / single,
                all * megabytes);
  }
  return judged;
}

std::string large_value(const std::string& target, const std::string& piece, std::size_t size,
                        const std::string& end = "") {
  std::string value;
  while (value.size() < size) value += piece;
  return "<v:value xmlns:v=\"" + target + "\">" + value + end + "</v:value>";
}

// A schema with one element of the type `type` of the namespace `of`.
xoev::PackFile one_value(const std::string& target, const std::string& of,
                         const std::string& type) {
  return {"value.xsd", "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"" + of +
                           "\" targetNamespace=\"" + target + "\"><xs:import namespace=\"" + of +
                           "\"/><xs:element name=\"value\" type=\"t:" + type + "\"/></xs:schema>"};
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures validation by schema packs"};
  std::string xantrag = DC_SOURCE_DIR "/xoev-schemas/xantrag";
  std::string official;
  double seconds = 1;
  app.add_option("--packs", xantrag, "folder of the packs of XAntrag")->capture_default_str();
  app.add_option("--official", official,
                 "folder with official sets: xwasser-1.0.0, xbau-2.6, xoev-base");
  app.add_option("--seconds", seconds, "for each number")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  xml::initialise();

  auto start = Clock::now();
  auto packs = xoev::SchemaPacks::load(xantrag);
  if (!packs) {
    std::cerr << packs.error().detail << "\n";
    return 1;
  }
  std::printf("%zu packs of XAntrag loaded in %.0f ms\n", packs->packs().size(),
              since(start) * 1000);
  const std::string sample = read(fs::path(xantrag) / "1_0/samples/wohngeld-dortmund.xml");
  std::vector<Case> cases{{"application", sample},
                          {"application, 50 KB", grown(sample, 50'000)},
                          {"application with scans, 5 MB", grown(sample, 5'000'000)}};
  const auto base = xoev::read_pack(fs::path(xantrag) / "1_0");
  if (!base) return 1;
  const auto add_values = [&](const std::string& target, const std::string& of,
                              const std::string& type, const std::vector<xoev::PackFile>& files) {
    std::vector<xoev::SchemaPack> pack{
        xoev::SchemaPack::build("value", {one_value(target, of, type)}, {files})};
    packs->add(xoev::SchemaPacks(std::move(pack)));
    const std::size_t size = std::size_t{2} << 20;
    cases.push_back(
        {"value of 2 MiB, " + type + ", letters", large_value(target, "Grünstraße Öz", size)});
    cases.push_back({"value of 2 MiB, " + type + ", combining marks",
                     large_value(target, "C\xCC\xA8\xCC\x86", size)});
    cases.push_back({"value of 2 MiB, " + type + ", wrong at the end",
                     large_value(target, "Grünstraße Öz", size, "\xE4\xB8\xAD")});
  };
  add_values("urn:bench:own", "urn:example:illustrativ:zeichen:1_0", "Name", *base);
  if (!official.empty()) {
    start = Clock::now();
    const fs::path at = official;
    std::vector<xoev::SchemaPack> more;
    for (const auto& [path, bases] :
         {std::pair(at / "xwasser-1.0.0", std::vector<fs::path>{}),
          std::pair(at / "xbau-2.6/xsd", std::vector{at / "xoev-base", at / "xbau-2.6/xsd_dev"}),
          std::pair(at / "xbau-2.6/xsd_dev", std::vector<fs::path>{})}) {
      auto pack = xoev::SchemaPack::load(path, bases);
      if (!pack || !pack->usable()) {
        std::cerr << path.string() << " cannot be used\n";
        return 1;
      }
      more.push_back(std::move(*pack));
    }
    std::printf("XWasser and XBau in both flavours loaded in %.0f ms\n", since(start) * 1000);
    packs->add(xoev::SchemaPacks(std::move(more)));
    for (const auto& entry : fs::directory_iterator(at / "xwasser-1.0.0/messages"))
      cases.push_back({"XWasser " + entry.path().stem().string(), read(entry.path())});
    const auto din = xoev::read_pack(at / "xoev-base");
    if (!din) return 1;
    add_values("urn:bench:din", "urn:xoev-de:kosit:xoev:datentyp:din-spec-91379_2019-03",
               "datatypeA", *din);
  }
  return run(*packs, cases, seconds) ? 0 : 1;
}
