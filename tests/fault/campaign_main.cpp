// fault_campaign: power cuts, failing calls, damage. See README.md.
#include "fault/campaign.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace {

// A new folder in memory where the system has one: nothing here needs a disk, the model is one.
std::filesystem::path new_folder() {
  for (const auto& place :
       {std::filesystem::path("/dev/shm"), std::filesystem::temp_directory_path()}) {
    std::string pattern = (place / "dc-fault-XXXXXX").string();
    if (::mkdtemp(pattern.data())) return pattern;
  }
  throw std::runtime_error("no temporary folder");
}

} // namespace

// Exit status: 0 no violation (or, with --expect-violations, some), 1 otherwise, 2 trouble.
int main(int count, char** arguments) {
  CLI::App app("Crash states, failing system calls and damage against the store");
  fault::Campaign campaign;
  std::uint64_t states = 0, runs = 0, flips = 0;
  bool expected = false, strict = false;
  app.add_option("--program", campaign.program, "fault_workload")->required();
  app.add_option("--seed", campaign.seed, "of what is sampled");
  app.add_option("--states", states, "crash states in all");
  app.add_option("--runs", runs, "runs of each kind of failing call");
  app.add_option("--flips", flips, "of each kind of damage");
  app.add_flag("--strict", strict, "count what damage takes away in silence, too");
  app.add_flag("--expect-violations", expected, "succeed when there are some: seeded bugs");
  CLI11_PARSE(app, count, arguments);
  try {
    campaign.folder = new_folder();
    std::uint64_t violations = 0;
    if (states > 0) violations += fault::cut_power(campaign, states);
    if (runs > 0) violations += fault::fail_calls(campaign, runs);
    if (flips > 0) violations += fault::flip_bits(campaign, flips, strict);
    std::filesystem::remove_all(campaign.folder);
    std::printf("%llu violations%s\n", static_cast<unsigned long long>(violations),
                expected ? ", and some were expected" : "");
    return (violations > 0) == expected ? 0 : 1;
  } catch (const std::exception& error) {
    std::error_code ignored;
    std::filesystem::remove_all(campaign.folder, ignored);
    std::fprintf(stderr, "fault_campaign: %s\n", error.what());
    return 2;
  }
}
