#include "bench/rig.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <sys/statfs.h>

namespace bench {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  struct Close {
    void operator()(FILE* file) const { ::pclose(file); }
  };
  const std::unique_ptr<FILE, Close> pipe(::popen(command.c_str(), "r"));
  std::string out;
  char piece[256];
  while (pipe && std::fgets(piece, sizeof piece, pipe.get())) out += piece;
  return out;
}

// The field of that number in the line that begins so; fields are separated by colons.
double field_of(const std::string& text, const std::string& beginning, int number) {
  const auto at = text.find(beginning);
  std::istringstream line(at == std::string::npos ? "" : text.substr(at));
  std::string field;
  for (int i = 0; i < number; ++i) std::getline(line, field, ':');
  const double out = std::strtod(field.c_str(), nullptr);
  if (!line || out <= 0) throw std::runtime_error("openssl speed: output not understood: " + text);
  return out;
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string out;
  std::getline(in, out);
  return out;
}

} // namespace

void add_options(CLI::App& app, DaemonOptions& options) {
  std::error_code ignored;
  options.daemon =
      (fs::read_symlink("/proc/self/exe", ignored).parent_path() / "dataclearingd").string();
  app.add_option("--daemon", options.daemon, "default: dataclearingd beside this program");
  app.add_option("--folder", options.folder, "where the state is kept while it runs")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
}

void add_sizes(CLI::App& app, std::vector<unsigned>& sizes) {
  app.add_option("--sizes", sizes, "RSA bits of the intermediary, e.g. 2048,4096")
      ->delimiter(',')
      ->check(CLI::Range(2048, 16384))
      ->capture_default_str();
}

int run_benchmark(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << fs::path(argv[0]).filename().string() << ": " << error.what() << '\n';
    return 1;
  }
}

Folder::Folder(const std::string& parent) {
  std::string pattern = parent + "/benchmark-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no folder in " + parent);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::sub(const std::string& name) const {
  fs::create_directories(path_ / name);
  return (path_ / name).string();
}

Parties::Parties(Pki& pki, unsigned bits, std::size_t count)
    : intermediary(pki.issue("intermed_cipher", bits)),
      intermediary_sign(pki.issue("intermed_sign", bits)),
      sender{pki.issue("sender_cipher", kClientBits), pki.issue("sender_sign", kClientBits)} {
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("recipient" + std::to_string(i));
    recipients.push_back({pki.issue(names.back() + "_cipher", kClientBits),
                          pki.issue(names.back() + "_sign", kClientBits)});
  }
}

double private_operations(unsigned bits) {
  // "+F2:2:2048:SIGN:VERIFY"
  return field_of(
      output_of("openssl speed -seconds 2 -mr rsa" + std::to_string(bits) + " 2>/dev/null"),
      "+F2:", 4);
}

double octets_per_second(const std::string& algorithm) {
  // "+F:25:AES-256-GCM:OCTETS"
  return field_of(
      output_of("openssl speed -seconds 2 -mr -bytes 16384 -evp " + algorithm + " 2>/dev/null"),
      "+F:", 4);
}

double percentile(const std::vector<double>& sorted, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted.at(std::min(at, sorted.size() - 1));
}

unsigned cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

void print_machine(const std::string& folder) {
  constexpr long tmpfs = 0x01021994;
  struct statfs system {};
  const bool in_memory =
      ::statfs(folder.c_str(), &system) == 0 && static_cast<long>(system.f_type) == tmpfs;
  std::cout << "machine: " << processor() << ", " << cores() << " cores; "
            << first_line("/proc/version") << "\nload before: " << first_line("/proc/loadavg")
            << "\ncrypto: " << output_of("openssl version") << "state: " << folder
            << (in_memory ? " (in memory: syncs cost nothing here)" : " (on disk)") << '\n';
#ifndef __OPTIMIZE__
  std::cout << "this build is not optimised; its figures say nothing about a release\n";
#endif
}

} // namespace bench
