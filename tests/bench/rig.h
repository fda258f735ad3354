// What the benchmarks of the daemon share: the machine they run on, its RSA, and keys and folders
// of one run.
#pragma once
#include "bench/keys.h"
#include "crypto/keys.h"
#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace bench {

// Bits of the clients' keys.
constexpr unsigned kClientBits = 2048;

// What each benchmark of the daemon is told on its command line.
struct DaemonOptions {
  std::string daemon; // default: dataclearingd beside the program
  std::string folder = std::filesystem::temp_directory_path().string(); // of the state
};
// Adds --daemon and --folder.
void add_options(CLI::App& app, DaemonOptions& options);
// Adds --sizes, the RSA bits of the intermediary.
void add_sizes(CLI::App& app, std::vector<unsigned>& sizes);
// Parses and runs: the program's exit status. What `run` throws is told; then it is 1.
int run_benchmark(CLI::App& app, int argc, char** argv, const std::function<int()>& run);

// Removed at the end, with everything below it.
class Folder {
 public:
  explicit Folder(const std::string& parent); // throws std::runtime_error
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string sub(const std::string& name) const; // made if it is not there
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// All keys of one run: an intermediary with RSA keys of `bits`, a sender, and owners of mailboxes
// called "recipient0" and so on.
struct Parties {
  Parties(Pki& pki, unsigned bits, std::size_t recipients);

  struct Owner {
    crypto::KeyPair cipher, signature;
  };
  crypto::KeyPair intermediary, intermediary_sign;
  Owner sender;
  std::vector<Owner> recipients;
  std::vector<std::string> names; // of the recipients
};

// Runs `work(thread)` in all threads; the first exception is thrown again here.
template <class Work>
void in_threads(std::size_t count, const Work& work) {
  std::vector<std::exception_ptr> failures(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&work, &failures, i] {
      try {
        work(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

// By `openssl speed`, of one core, now: RSA private operations a second; octets a second of
// "aes-256-gcm" or "sha256" in pieces of 16 KiB. Throw std::runtime_error.
double private_operations(unsigned bits);
double octets_per_second(const std::string& algorithm);

// Nearest rank. `sorted` is not empty.
double percentile(const std::vector<double>& sorted, double share);

// Processor, kernel, load, OpenSSL, and whether syncs in `folder` reach a disk.
void print_machine(const std::string& folder);
unsigned cores();

} // namespace bench
