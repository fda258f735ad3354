// What else the real daemon does, beside the limits of the machine: fetches and empty polls beside
// RSA, a large attachment beside cipher and hash. store_benchmark has the deliveries.
#include "bench/keep_alive.h"
#include "bench/rig.h"
#include "client/chunked_store.h"
#include "client/session.h"
#include "crash/daemon_process.h"
#include "xml/document.h"
#include <algorithm>
#include <csignal>
#include <fstream>
#include <iomanip>
#include <iostream>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMebibyte = 1024 * 1024;

struct Options : DaemonOptions {
  std::vector<unsigned> sizes{2048, 3072, 4096};
  std::size_t messages = 100, polls = 60, threads = 8, bulk = 256;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void end(const base::Error& error) {
  throw std::runtime_error(std::string(base::to_string(error.code)) + " " + error.detail);
}
template <class T>
T good(base::Result<T> result) {
  if (!result) end(result.error());
  return std::move(*result);
}
void good(const base::Result<>& result) {
  if (!result) end(result.error());
}

class KeptAlive final : public client::Transport {
 public:
  explicit KeptAlive(const std::string& url) : connection_(url) {}
  base::Result<client::Reply> post(const std::string& body) override {
    return client::Reply{connection_.post(body), ""};
  }

 private:
  KeepAlive connection_;
};

// One client with its connection; one thread.
class Client {
 public:
  Client(const std::string& url, const Parties& parties, const Parties::Owner& owner)
      : transport_(url),
        session_(transport_, {owner.cipher, owner.signature, {}},
                 {parties.intermediary.certificate, {parties.intermediary_sign.certificate}}, {},
                 random_, [](base::Milliseconds) {}) {}
  client::Session& operator*() { return session_; }
  client::Session* operator->() { return &session_; }

 private:
  base::SystemRandom random_;
  KeptAlive transport_;
  client::Session session_;
};

// A daemon of its own for each size of keys.
class Rig {
 public:
  Rig(const Options& options, unsigned bits, std::string more_configuration = {})
      : folder_(options.folder), pki_(folder_.sub("keys")), parties_(pki_, bits, options.threads),
        daemon_({options.daemon, pki_.folder(), folder_.sub("state"), parties_.names, "256 KiB",
                 "info", std::move(more_configuration)}) {
    daemon_.start();
    if (!daemon_.wait_ready())
      throw std::runtime_error("the daemon does not start\n" + daemon_.log_tail());
  }
  ~Rig() {
    daemon_.signal(SIGTERM);
    daemon_.wait_end(std::chrono::seconds{20});
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  Client sender() const { return {daemon_.url(), parties_, parties_.sender}; }
  Client recipient(std::size_t number) const {
    return {daemon_.url(), parties_, parties_.recipients.at(number)};
  }
  const crypto::Certificate& addressee(std::size_t number) const {
    return parties_.recipients.at(number).cipher.certificate;
  }
  // Peak memory of the daemon so far.
  std::size_t peak_mebibytes() const {
    std::ifstream in("/proc/" + std::to_string(daemon_.pid()) + "/status");
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
    return 0;
  }

 private:
  Folder folder_;
  Pki pki_;
  Parties parties_;
  crash::DaemonProcess daemon_;
};

client::Letter letter_to(const crypto::Certificate& addressee, std::size_t octets) {
  base::SystemRandom random;
  return {addressee, {}, {random.bytes(octets)}, {}, "Antrag"};
}

void print(const char* what, unsigned bits, double bound, double measured) {
  std::cout << std::fixed << std::setprecision(1) << std::left << std::setw(14) << what
            << std::right << std::setw(6) << bits << std::setw(12) << bound << std::setw(12)
            << measured << std::setw(10) << 100 * measured / bound << " %" << std::endl;
}

void fetches_and_polls(const Options& options, unsigned bits) {
  const double own = 1 / private_operations(bits), theirs = 1 / private_operations(kClientBits);
  const Rig rig(options, bits);
  in_threads(options.threads, [&](std::size_t thread) {
    auto sender = rig.sender();
    const auto letter = letter_to(rig.addressee(thread), 10 * 1024);
    for (std::size_t i = 0; i < options.messages; ++i) good(sender->store(letter));
  });

  auto begin = Clock::now();
  in_threads(options.threads, [&](std::size_t thread) {
    auto recipient = rig.recipient(thread);
    auto dialog = good(recipient->open_dialog());
    for (std::size_t i = 0; i < options.messages; ++i)
      if (!good(dialog.fetch({}))) throw std::runtime_error("a delivery is missing");
    good(dialog.exit());
  });
  // The dialog's own two requests are small change beside the fetches.
  const auto fetched = static_cast<double>(options.threads * options.messages);
  print("fetches", bits, cores() / (2 * own + 2 * theirs), fetched / seconds_since(begin));

  begin = Clock::now();
  in_threads(options.threads, [&](std::size_t thread) {
    auto recipient = rig.recipient(thread);
    for (std::size_t i = 0; i < options.polls; ++i) {
      auto dialog = good(recipient->open_dialog());
      if (good(dialog.fetch({}))) throw std::runtime_error("a delivery too many");
      good(dialog.exit());
    }
  });
  const auto polled = static_cast<double>(options.threads * options.polls);
  print("empty polls", bits, cores() / (6 * own + 6 * theirs), polled / seconds_since(begin));
}

void bulk(const Options& options, double slower) {
  const Rig rig(options, 2048,
                "[chunks]\nmax_message = \"4 GiB\"\nspool_total = \"16 GiB\"\n"
                "spool_per_party = \"8 GiB\"\n");
  auto sender = rig.sender();
  base::SystemRandom random;
  std::string message;
  const auto id = good(sender->get_message_id());
  {
    client::Letter letter = letter_to(rig.addressee(0), 1024);
    auto octets = std::make_shared<base::MemoryOctets>(random.bytes(options.bulk * kMebibyte));
    const base::OctetRange whole{octets, 0, octets->size()};
    message.reserve(options.bulk * kMebibyte * 11 / 8);
    good(sender->write_delivery(letter, {{"anlage.bin", whole}}, id.message_id,
                                [&](std::string_view piece) -> base::Result<> {
                                  message += piece;
                                  return {};
                                }));
  }
  const auto size = message.size();
  const client::OutgoingTransfer transfer{id.message_id, rig.addressee(0), size,
                                          good(client::chunk_kib_for(size, 0, id.features))};
  auto source = std::make_shared<base::MemoryOctets>(std::move(message));
  client::ChunkedStore store(*sender, transfer, {source, 0, size});
  const auto begin = Clock::now();
  good(store.run(false));
  const double taken = seconds_since(begin), speed = static_cast<double>(size) / taken;
  std::cout << std::fixed << std::setprecision(1) << "one attachment of " << options.bulk
            << " MiB: " << speed / 1e6 << " MB/s in chunks of " << transfer.chunk_kib << " KiB, "
            << 100 * speed / slower << " % of the slower of AES-256-GCM and SHA-256 ("
            << slower / 1e6 << " MB/s), peak memory of the daemon " << rig.peak_mebibytes()
            << " MiB" << std::endl;
}

int run(const Options& options) {
  xml::initialise();
  print_machine(options.folder);
  std::cout << options.threads << " connections, as many mailboxes; " << options.messages
            << " fetches of 10 KiB and " << options.polls << " polls each\n\n"
            << "                RSA       bound    measured    of the\n"
            << "               bits          /s          /s     bound\n";
  for (const auto bits : options.sizes) fetches_and_polls(options, bits);
  std::cout << "\nbound: the RSA private operations alone, by openssl speed in this run, on all "
               "cores: two of the intermediary\nand two of the client ("
            << kClientBits
            << " bits, on the same cores) for each request; a poll is three requests.\n\n";
  if (options.bulk > 0)
    bulk(options, std::min(octets_per_second("aes-256-gcm"), octets_per_second("sha256")));
  return 0;
}

} // namespace
} // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  CLI::App app{"transport_benchmark - fetches, polls and a large attachment of the real daemon"};
  bench::add_options(app, options);
  bench::add_sizes(app, options.sizes);
  const auto count = [&app](const char* name, std::size_t& into, const char* what,
                            std::size_t least, std::size_t most) {
    app.add_option(name, into, what)->check(CLI::Range(least, most))->capture_default_str();
  };
  count("--messages", options.messages, "fetched by each thread", 1, 100'000);
  count("--polls", options.polls, "empty polls of each thread", 1, 100'000);
  count("--threads", options.threads, "connections and mailboxes", 1, 10);
  count("--bulk", options.bulk, "MiB of one attachment, held in memory; 0: none", 0, 1900);
  return bench::run_benchmark(app, argc, argv, [&options] { return bench::run(options); });
}
