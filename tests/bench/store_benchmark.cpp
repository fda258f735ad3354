// How many StoreDelivery requests a second the real daemon acknowledges, beside the most that the
// machine's RSA could do: each costs the intermediary one decryption and one signature.
#include "base/encoding.h"
#include "bench/keep_alive.h"
#include "bench/rig.h"
#include "crash/daemon_process.h"
#include "osci/message.h"
#include "seal/message.h"
#include "xml/document.h"
#include <algorithm>
#include <csignal>
#include <iomanip>
#include <iostream>

namespace bench {
namespace {

using Timepoint = std::chrono::steady_clock::time_point;
using osci::MessageType;

struct Options : DaemonOptions {
  std::vector<unsigned> sizes{2048, 3072, 4096};
  std::size_t messages = 600, threads = 8, payload_kib = 10;
};

class Sender {
 public:
  Sender(const Parties& parties, std::size_t payload) : keys_(parties), payload_(payload) {}

  std::string ask_for_id() { return seal(request(MessageType::get_message_id)); }

  std::string delivery(const std::string& message_id) {
    auto out = request(MessageType::store_delivery);
    add(out, "CipherCertificateAddressee", "addressee_cipher",
        keys_.recipients[0].cipher.certificate);
    out.message_id = message_id;
    out.subject = "Antrag";
    // Opaque to the intermediary, as encrypted content is.
    out.content.body =
        "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
        "<osci:Base64Content Id=\"content0\">" +
        base::base64_encode(random_.bytes(payload_)) +
        "</osci:Base64Content></osci:Content></osci:ContentContainer></osci:ContentPackage>";
    return seal(out);
  }

  // Throws unless the answer is a verified, positive one.
  osci::Answer open(const std::string& bytes) {
    seal::OpenOptions options;
    options.direction = seal::Direction::answer;
    const auto message = seal::open(bytes, "", {keys_.sender.cipher}, options, random_);
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
    add(out, "CipherCertificateOriginator", "originator_cipher", keys_.sender.cipher.certificate);
    add(out, "SignatureCertificateOriginator", "originator_signature",
        keys_.sender.signature.certificate);
    return out;
  }

  std::string seal(const osci::Request& request) {
    const seal::SignWith sign{
        keys_.sender.signature,
        osci::certificate_id("originator_signature", keys_.sender.signature.certificate),
        crypto::SignatureAlgorithm::rsa_sha256, crypto::DigestAlgorithm::sha256};
    const seal::EncryptFor encrypt{
        keys_.intermediary.certificate, crypto::Cipher::aes256_gcm, 12, {}, false};
    auto closed = seal::close(osci::encode_request(request), sign, encrypt, random_);
    if (!closed) refuse(closed.error());
    return std::move(*closed);
  }

  const Parties& keys_;
  const std::size_t payload_;
  base::SystemRandom random_;
};

struct Measured {
  double stored_per_second = 0, p50 = 0, p99 = 0; // milliseconds
  double operations = 0;                          // RSA private, a second and core
};

Measured measure(const Options& options, unsigned bits) {
  const Folder folder(options.folder);
  Pki pki(folder.sub("keys"));
  const Parties parties(pki, bits, 1);
  Measured out;
  out.operations = private_operations(bits); // before the daemon takes its share

  crash::Setup setup{options.daemon, pki.folder(), folder.sub("state"), parties.names};
  crash::DaemonProcess daemon(setup);
  daemon.start();
  if (!daemon.wait_ready())
    throw std::runtime_error("the daemon does not start\n" + daemon.log_tail());

  std::vector<std::string> requests(options.messages), answers(options.messages);
  std::vector<double> latencies(options.messages);
  std::vector<KeepAlive> connections;
  for (std::size_t i = 0; i < options.threads; ++i) connections.emplace_back(daemon.url());
  in_threads(options.threads, [&](std::size_t thread) {
    Sender sender(parties, options.payload_kib * 1024);
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
    Sender sender(parties, options.payload_kib * 1024);
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

int run(const Options& options) {
  xml::initialise();
  print_machine(options.folder);
  std::cout << options.messages << " StoreDelivery of " << options.payload_kib
            << " KiB payload for each key size, " << options.threads
            << " kept-alive connections, requests sealed beforehand\n\n"
            << "   RSA  private ops/s   bound        stored    of the    p50      p99   payload\n"
            << "  bits  of one core     stored/s     /s        bound     ms       ms      MB/s\n";
  for (const auto bits : options.sizes) {
    const auto m = measure(options, bits);
    const double bound = m.operations * cores() / 2;
    std::cout << std::fixed << std::setprecision(1) << std::setw(6) << bits << std::setw(13)
              << m.operations << std::setw(13) << bound << std::setw(13) << m.stored_per_second
              << std::setw(8) << 100 * m.stored_per_second / bound << " %" << std::setw(9) << m.p50
              << std::setw(9) << m.p99 << std::setw(10)
              << m.stored_per_second * static_cast<double>(options.payload_kib * 1024) / 1e6
              << std::endl;
  }
  std::cout
      << "\nbound: openssl speed's private operations of one core, measured in this run, x "
      << cores()
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
  CLI::App app{"store_benchmark - stored deliveries a second of the real daemon"};
  bench::add_options(app, options);
  bench::add_sizes(app, options.sizes);
  app.add_option("--messages", options.messages, "stored for each size")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--payload", options.payload_kib, "KiB of payload of each")
      ->check(CLI::Range(std::size_t{1}, std::size_t{20'000}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "connections, each with its thread")
      ->check(CLI::Range(std::size_t{1}, std::size_t{400}))
      ->capture_default_str();
  return bench::run_benchmark(app, argc, argv, [&options] { return bench::run(options); });
}
