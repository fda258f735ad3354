// How many StoreDelivery requests a second the real daemon acknowledges, beside the most that the
// machine's RSA could do: each costs the intermediary one decryption and one signature.
#include "base/encoding.h"
#include "bench/keep_alive.h"
#include "bench/keys.h"
#include "crash/daemon_process.h"
#include "osci/message.h"
#include "seal/message.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <sys/statfs.h>
#include <thread>

namespace bench {
namespace {

namespace fs = std::filesystem;
using Timepoint = std::chrono::steady_clock::time_point;
using osci::MessageType;

constexpr std::size_t kPayload = 10 * 1024;
constexpr unsigned kClientBits = 2048;

struct Options {
  std::string daemon;
  std::string folder = fs::temp_directory_path().string();
  std::vector<unsigned> sizes{2048, 3072, 4096};
  std::size_t messages = 600, threads = 8;
};

// Removed at the end, with everything below it.
class Folder {
 public:
  explicit Folder(const std::string& parent) {
    std::string pattern = parent + "/store-benchmark-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no folder in " + parent);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string sub(const std::string& name) const {
    fs::create_directories(path_ / name);
    return (path_ / name).string();
  }

 private:
  fs::path path_;
};

// All keys of one run.
struct Parties {
  Parties(Pki& pki, unsigned bits)
      : intermediary(pki.issue("intermed_cipher", bits)),
        intermediary_sign(pki.issue("intermed_sign", bits)),
        cipher(pki.issue("sender_cipher", kClientBits)),
        signature(pki.issue("sender_sign", kClientBits)),
        recipient(pki.issue("recipient_cipher", kClientBits)) {
    pki.issue("recipient_sign", kClientBits);
  }
  crypto::KeyPair intermediary, intermediary_sign, cipher, signature, recipient;
};

class Sender {
 public:
  explicit Sender(const Parties& parties) : keys_(parties) {}

  std::string ask_for_id() { return seal(request(MessageType::get_message_id)); }

  std::string delivery(const std::string& message_id) {
    auto out = request(MessageType::store_delivery);
    add(out, "CipherCertificateAddressee", "addressee_cipher", keys_.recipient.certificate);
    out.message_id = message_id;
    out.subject = "Antrag";
    // Opaque to the intermediary, as encrypted content is.
    out.content.body =
        "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
        "<osci:Base64Content Id=\"content0\">" +
        base::base64_encode(random_.bytes(kPayload)) +
        "</osci:Base64Content></osci:Content></osci:ContentContainer></osci:ContentPackage>";
    return seal(out);
  }

  // Throws unless the answer is a verified, positive one.
  osci::Answer open(const std::string& bytes) {
    seal::OpenOptions options;
    options.direction = seal::Direction::answer;
    const auto message = seal::open(bytes, "", {keys_.cipher}, options, random_);
    if (!message) refuse(message.error());
    auto answer = osci::decode_answer(*message, true);
    if (!answer) refuse(answer.error());
    if (!answer->signer || !(*answer->signer == keys_.intermediary_sign.certificate))
      throw std::runtime_error("answer signed by somebody else");
    if (!answer->executed())
      throw std::runtime_error("refused: " + answer->feedback.at(0).code + " " +
                               answer->feedback.at(0).text);
    return std::move(*answer);
  }

 private:
  [[noreturn]] static void refuse(const base::Error& error) {
    throw std::runtime_error(std::string(base::to_string(error.code)) + " " + error.detail);
  }

  static void add(osci::Request& request, const std::string& role, const std::string& id,
                  const crypto::Certificate& certificate) {
    request.certificates.push_back({role, osci::certificate_id(id, certificate), certificate});
  }

  osci::Request request(MessageType type) {
    osci::Request out;
    out.type = type;
    out.control.challenge = base::base64_encode_line(random_.bytes(10));
    out.control.sequence_number = 0;
    add(out, "CipherCertificateOriginator", "originator_cipher", keys_.cipher.certificate);
    add(out, "SignatureCertificateOriginator", "originator_signature", keys_.signature.certificate);
    return out;
  }

  std::string seal(const osci::Request& request) {
    const seal::SignWith sign{
        keys_.signature, osci::certificate_id("originator_signature", keys_.signature.certificate),
        crypto::SignatureAlgorithm::rsa_sha256, crypto::DigestAlgorithm::sha256};
    const seal::EncryptFor encrypt{
        keys_.intermediary.certificate, crypto::Cipher::aes256_gcm, 12, {}, false};
    auto closed = seal::close(osci::encode_request(request), sign, encrypt, random_);
    if (!closed) refuse(closed.error());
    return std::move(*closed);
  }

  const Parties& keys_;
  base::SystemRandom random_;
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

// RSA private operations a second of one core.
double private_operations(unsigned bits) {
  const auto text =
      output_of("openssl speed -seconds 2 -mr rsa" + std::to_string(bits) + " 2>/dev/null");
  // "+F2:2:2048:SIGN:VERIFY"
  const auto at = text.find("+F2:");
  std::istringstream line(at == std::string::npos ? "" : text.substr(at));
  std::string field;
  for (int i = 0; i < 4; ++i) std::getline(line, field, ':');
  const double out = std::strtod(field.c_str(), nullptr);
  if (!line || out <= 0) throw std::runtime_error("openssl speed: output not understood: " + text);
  return out;
}

struct Measured {
  double stored_per_second = 0, p50 = 0, p99 = 0; // milliseconds
  double operations = 0;                          // RSA private, a second and core
};

double percentile(const std::vector<double>& sorted, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted.at(std::min(at, sorted.size() - 1));
}

Measured measure(const Options& options, unsigned bits) {
  const Folder folder(options.folder);
  Pki pki(folder.sub("keys"));
  const Parties parties(pki, bits);
  Measured out;
  out.operations = private_operations(bits); // before the daemon takes its share

  crash::Setup setup{options.daemon, pki.folder(), folder.sub("state"), {"recipient"}};
  crash::DaemonProcess daemon(setup);
  daemon.start();
  if (!daemon.wait_ready())
    throw std::runtime_error("the daemon does not start\n" + daemon.log_tail());

  std::vector<std::string> requests(options.messages), answers(options.messages);
  std::vector<double> latencies(options.messages);
  std::vector<KeepAlive> connections;
  for (std::size_t i = 0; i < options.threads; ++i) connections.emplace_back(daemon.url());
  in_threads(options.threads, [&](std::size_t thread) {
    Sender sender(parties);
    for (auto i = thread; i < requests.size(); i += options.threads) {
      const auto issued = sender.open(connections[thread].post(sender.ask_for_id()));
      requests[i] = sender.delivery(issued.message_id.value());
    }
  });

  const Timepoint begin = std::chrono::steady_clock::now();
  in_threads(options.threads, [&](std::size_t thread) {
    for (auto i = thread; i < requests.size(); i += options.threads) {
      const Timepoint sent = std::chrono::steady_clock::now();
      answers[i] = connections[thread].post(requests[i]);
      latencies[i] =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - sent)
              .count();
    }
  });
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;

  // Only now: opening an answer costs the client an RSA decryption.
  in_threads(options.threads, [&](std::size_t thread) {
    Sender sender(parties);
    for (auto i = thread; i < answers.size(); i += options.threads) {
      const auto answer = sender.open(answers[i]);
      if (answer.cards.size() != 1) throw std::runtime_error("receipt without process card");
    }
  });
  connections.clear();
  daemon.signal(SIGTERM);
  const auto end = daemon.wait_end(std::chrono::seconds{20});
  if (!end || end->killed || end->status != 0)
    throw std::runtime_error("the daemon did not end in order\n" + daemon.log_tail());

  std::sort(latencies.begin(), latencies.end());
  out.stored_per_second = static_cast<double>(options.messages) / taken.count();
  out.p50 = percentile(latencies, 0.5);
  out.p99 = percentile(latencies, 0.99);
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

void print_machine(const Options& options, unsigned cores) {
  constexpr long tmpfs = 0x01021994;
  struct statfs system {};
  const bool in_memory =
      ::statfs(options.folder.c_str(), &system) == 0 && static_cast<long>(system.f_type) == tmpfs;
  std::cout << "machine: " << processor() << ", " << cores << " cores; "
            << first_line("/proc/version") << "\nload before: " << first_line("/proc/loadavg")
            << "\ncrypto: " << output_of("openssl version") << "state: " << options.folder
            << (in_memory ? " (in memory: syncs cost nothing here)" : " (on disk)") << '\n';
#ifndef __OPTIMIZE__
  std::cout << "this build is not optimised; its figures say nothing about a release\n";
#endif
}

int run(const Options& options) {
  xml::initialise();
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  print_machine(options, cores);
  std::cout << options.messages << " StoreDelivery of " << kPayload / 1024
            << " KiB payload for each key size, " << options.threads
            << " kept-alive connections, requests sealed beforehand\n\n"
            << "   RSA  private ops/s   bound        stored    of the    p50      p99\n"
            << "  bits  of one core     stored/s     /s        bound     ms       ms\n";
  for (const auto bits : options.sizes) {
    const auto m = measure(options, bits);
    const double bound = m.operations * cores / 2;
    std::cout << std::fixed << std::setprecision(1) << std::setw(6) << bits << std::setw(13)
              << m.operations << std::setw(13) << bound << std::setw(13) << m.stored_per_second
              << std::setw(8) << 100 * m.stored_per_second / bound << " %" << std::setw(9) << m.p50
              << std::setw(9) << m.p99 << std::endl;
  }
  std::cout
      << "\nbound: openssl speed's private operations of one core, measured in this run, x "
      << cores
      << " cores / 2\noperations (decrypt the request, sign the receipt). The daemon cannot reach "
         "it: "
         "the client\nthreads share its cores, and XML, hashing, client signature checks and syncs "
         "come on top.\nopenssl counts processor time, so other load on the machine lowers what is "
         "stored, not the bound.\n";
  return 0;
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  std::error_code ignored;
  options.daemon =
      (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "dataclearingd")
          .string();
  CLI::App app{"store_benchmark - stored deliveries a second of the real daemon"};
  app.add_option("--daemon", options.daemon, "default: dataclearingd beside this program");
  app.add_option("--folder", options.folder, "where the state is kept while it runs")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--sizes", options.sizes, "RSA bits of the intermediary, e.g. 2048,4096")
      ->delimiter(',')
      ->check(CLI::Range(2048, 16384))
      ->capture_default_str();
  app.add_option("--messages", options.messages, "stored for each size")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "connections, each with its thread")
      ->check(CLI::Range(std::size_t{1}, std::size_t{400}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "store_benchmark: " << error.what() << '\n';
    return 1;
  }
}
