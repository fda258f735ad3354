// What a directory of the size of Germany costs: time and memory to load it, time of a question.
#include "base/clock.h"
#include "crypto/digest.h"
#include "lookup/file_directory.h"
#include "lookup/snapshot.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

using Watch = std::chrono::steady_clock;

constexpr double kMaxSeconds = 2;
constexpr double kMaxMegabytes = 300;
constexpr double kMaxMicroseconds = 10;
constexpr std::size_t kServices = 16; // that are described

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

// One key pair for all: the directory compares certificates, and these differ.
class Certificates {
 public:
  Certificates() : subject_(EVP_RSA_gen(2048)), issuer_(EVP_EC_gen("P-256")) {
    require(subject_ != nullptr && issuer_ != nullptr, "cannot make keys");
  }
  ~Certificates() {
    EVP_PKEY_free(subject_);
    EVP_PKEY_free(issuer_);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  crypto::Certificate make(long serial, const std::string& name) {
    const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), X509_free);
    X509_NAME* subject = X509_get_subject_name(made.get());
    const auto add = [](X509_NAME* to, const char* what, const std::string& text) {
      require(X509_NAME_add_entry_by_txt(to, what, MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(text.data()),
                                         static_cast<int>(text.size()), -1, 0) == 1,
              "cannot name a certificate");
    };
    add(subject, "C", "DE");
    add(subject, "O", "Stadt " + name);
    add(subject, "CN", name);
    X509_NAME* issuer = X509_get_issuer_name(made.get());
    add(issuer, "C", "DE");
    add(issuer, "O", "Benchmark");
    add(issuer, "CN", "Benchmark CA");
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -86400);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400L * 700);
    const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> usage(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_key_usage, "critical,keyEncipherment"),
        X509_EXTENSION_free);
    require(X509_set_version(made.get(), 2) == 1 && X509_set_pubkey(made.get(), subject_) == 1 &&
                X509_add_ext(made.get(), usage.get(), -1) == 1 &&
                X509_sign(made.get(), issuer_, EVP_sha256()) > 0,
            "cannot make a certificate");
    unsigned char* der = nullptr;
    const int size = i2d_X509(made.get(), &der);
    require(size > 0, "cannot encode a certificate");
    const std::string bytes(der, der + size);
    OPENSSL_free(der);
    return crypto::Certificate::from_der(bytes).value();
  }

 private:
  EVP_PKEY* subject_;
  EVP_PKEY* issuer_;
};

std::string key_of(std::size_t i) {
  const auto digits = std::to_string(i);
  return "bab:05" + std::string(10 - digits.size(), '0') + digits;
}
std::string service_of(std::size_t i) {
  return "http://www.example.org/benchmark/2/6/Benchmark26-Service" + std::to_string(i) + ".wsdl";
}

void generate(const std::string& file, std::size_t count, std::size_t services) {
  Certificates certificates;
  std::vector<directory::Organisation> all;
  for (std::size_t i = 0; i < count; ++i) {
    directory::Organisation one;
    one.key = key_of(i);
    one.name = "Stadt Beispielhausen " + std::to_string(i) + ", Bauaufsichtsbehörde";
    one.mailbox = one.key;
    one.certificates.push_back({certificates.make(static_cast<long>(i + 1), std::to_string(i)),
                                directory::CertificateUse::cipher,
                                {},
                                {}});
    for (std::size_t s = 0; s < services; ++s) {
      directory::Service service;
      service.uri = service_of(s);
      service.name = "Benchmark service " + std::to_string(s);
      service.valid_from = base::german_midnight(std::chrono::year{2026} / 5 / 1);
      one.services.push_back(std::move(service));
    }
    all.push_back(std::move(one));
  }
  std::vector<directory::ServiceDescription> descriptions;
  for (std::size_t s = 0; s < std::max(services, kServices); ++s)
    descriptions.push_back({service_of(s), "Benchmark", {"bab"}, {"bab", "bap"}});
  const auto made = directory::Directory::make(std::move(all), std::move(descriptions));
  std::ofstream(file, std::ios::binary) << lookup::to_snapshot(*made.value());
}

// Of this process: what other programs on the machine do is not in it.
double processor_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

long peak_kilobytes() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  return 0;
}

template <class F>
double nanoseconds(std::size_t count, F question) {
  std::size_t found = 0;
  const auto start = Watch::now();
  for (std::size_t i = 0; i < count; ++i) found += question(i) ? 1 : 0;
  const auto took = seconds_since(start);
  require(found == count, "a question was not answered");
  return took * 1e9 / static_cast<double>(count);
}

// In a process of its own: only what loading takes.
int load_and_ask(const std::string& file) {
  auto start = Watch::now();
  const auto loaded = lookup::load_directory_file(file);
  const auto load = seconds_since(start);
  const auto processor = processor_seconds();
  if (!loaded) {
    std::cerr << loaded.error().detail << "\n";
    return 1;
  }
  const auto peak = static_cast<double>(peak_kilobytes()) / 1024;
  const auto& directory = **loaded;
  const auto& all = directory.organisations();
  std::size_t services = 0;
  for (const auto& one : all) services += one.services.size();

  // What no reader of this file can do without: its octets, and their SHA-256.
  start = Watch::now();
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  std::ifstream in(file, std::ios::binary);
  std::vector<char> block(256 * 1024);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    hasher.update({block.data(), static_cast<std::size_t>(in.gcount())});
  }
  (void)hasher.finish();
  const auto bound = seconds_since(start);

  // In an order that no cache foresees.
  const auto at = [&](std::size_t i) -> const directory::Organisation& {
    return all[i * 7919 % all.size()];
  };
  constexpr std::size_t asked = 200'000;
  std::vector<std::string> fingerprints;
  for (std::size_t i = 0; i < all.size(); ++i)
    fingerprints.push_back(at(i).certificates.front().certificate.fingerprint());
  const auto by_key = nanoseconds(asked, [&](std::size_t i) { return directory.find(at(i).key); });
  const auto by_certificate = nanoseconds(
      asked, [&](std::size_t i) { return directory.owner_of(fingerprints[i % all.size()]); });
  const auto by_service = nanoseconds(asked, [&](std::size_t i) {
    const auto& expected = at(i);
    const auto& uri = expected.services.back().uri;
    const auto* one = directory.find(expected.key);
    return one != nullptr && one->service(uri) != nullptr && directory.description(uri) != nullptr;
  });

  std::printf("organisations %zu, services %zu, file %.1f MB\n", all.size(), services,
              static_cast<double>(std::filesystem::file_size(file)) / 1e6);
  std::printf(
      "load            %6.3f s     (limit %.0f s; processor %.3f s; reading and hashing the "
      "file alone %.3f s, ratio %.1f)\n",
      load, kMaxSeconds, processor, bound, load / bound);
  std::printf("peak memory     %6.0f MiB   (VmHWM of a process that only loads; limit %.0f MB)\n",
              peak, kMaxMegabytes);
  std::printf("by key          %6.0f ns    (limit %.0f us)\n", by_key, kMaxMicroseconds);
  std::printf("by certificate  %6.0f ns\n", by_certificate);
  std::printf("by service      %6.0f ns    (organisation, its service, the description)\n",
              by_service);
  const bool good = load < kMaxSeconds && peak * 1.048576 < kMaxMegabytes &&
                    std::max({by_key, by_certificate, by_service}) < kMaxMicroseconds * 1000;
  std::puts(good ? "within the limits" : "BEYOND A LIMIT");
  return good ? 0 : 1;
}

int run_in_new_process(const std::string& program, const std::string& file) {
  std::cout << std::flush;
  const pid_t child = fork();
  require(child >= 0, "cannot fork");
  if (child == 0) {
    execl(program.c_str(), program.c_str(), "--load", file.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  require(waitpid(child, &status, 0) == child, "cannot wait");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Load time, memory and lookups of a large directory", "directory_benchmark"};
  std::size_t organisations = 20'000, services = 5;
  std::string load, folder = "/tmp";
  app.add_option("--organisations", organisations)->capture_default_str();
  app.add_option("--services", services, "of each")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  app.add_option("--folder", folder, "for the file that is made")->capture_default_str();
  app.add_option("--load", load, "measure this snapshot instead of one that is made");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!load.empty()) return load_and_ask(load);
    const auto file = folder + "/directory-benchmark-" + std::to_string(getpid()) + ".ndjson";
    const auto start = Watch::now();
    generate(file, organisations, services);
    std::printf("made in %.1f s\n", seconds_since(start));
    const auto result =
        run_in_new_process(std::filesystem::read_symlink("/proc/self/exe").string(), file);
    std::filesystem::remove(file);
    return result;
  } catch (const std::exception& error) {
    std::cerr << "directory_benchmark: " << error.what() << "\n";
    return 1;
  }
}
