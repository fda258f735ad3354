// Sends malformed CBC messages of many kinds to a real daemon that lets CBC and RSA 1.5 in, and
// asks whether answers or their times tell the kinds apart (wire reference 13.1, 13.3).
#include "base/encoding.h"
#include "bench/keep_alive.h"
#include "bench/keys.h"
#include "crash/daemon_process.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "oracle/statistics.h"
#include "osci/message.h"
#include "seal/message.h"
#include "seal/transport_encryption.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <iostream>
#include <random>
#include <stdexcept>

namespace oracle {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr double kAlpha = 0.01;
constexpr std::size_t kPayload = 24 * 1024;
constexpr std::size_t kBlock = 16;

struct Options {
  std::string daemon;
  std::size_t messages = 2200;
  unsigned step = 50; // milliseconds
  bool judge_times = false;
};

// Removed at the end, with everything below it.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "padding-oracle-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
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

struct Party {
  crypto::KeyPair cipher, signature;
};

template <class T>
T must(base::Result<T> result) {
  if (!result)
    throw std::runtime_error(std::string(base::to_string(result.error().code)) + " " +
                             result.error().detail);
  return std::move(*result);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos || from.size() != to.size())
    throw std::runtime_error("nothing to replace: " + std::string(from));
  return text.replace(at, from.size(), to);
}

// Composes messages of one length: only the kind of damage differs.
class Attacker {
 public:
  Attacker(crypto::Certificate intermediary, Party allowed, Party foreign)
      : intermediary_(std::move(intermediary)), allowed_(std::move(allowed)),
        foreign_(std::move(foreign)), recorded_(valid(allowed_)) {}

  // A genuine message, not yet encrypted: a StoreDelivery whose message id nobody has issued, so
  // that a daemon which can read it says 9801.
  std::string valid(const Party& party) {
    osci::Request out;
    out.type = osci::MessageType::store_delivery;
    out.control.challenge = base::base64_encode_line(random_.bytes(10));
    out.control.sequence_number = 0;
    const auto add = [&](const char* role, const char* id, const crypto::Certificate& certificate) {
      out.certificates.push_back({role, osci::certificate_id(id, certificate), certificate});
    };
    add("CipherCertificateOriginator", "originator_cipher", party.cipher.certificate);
    add("SignatureCertificateOriginator", "originator_signature", party.signature.certificate);
    add("CipherCertificateAddressee", "addressee_cipher", party.cipher.certificate);
    out.message_id = "nobody-issued-this";
    out.content.body =
        "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
        "<osci:Base64Content Id=\"content0\">" +
        base::base64_encode(random_.bytes(kPayload)) +
        "</osci:Base64Content></osci:Content></osci:ContentContainer></osci:ContentPackage>";
    const seal::SignWith sign{
        party.signature, osci::certificate_id("originator_signature", party.signature.certificate),
        crypto::SignatureAlgorithm::rsa_sha256, crypto::DigestAlgorithm::sha256};
    return must(seal::close(osci::encode_request(out), sign, std::nullopt, random_));
  }
  std::string encrypted(std::string_view plain) {
    return must(seal::encrypt_envelope(plain, encryption(), random_));
  }

  struct Kind {
    std::string name;
    std::function<std::string()> make;
  };
  std::vector<Kind> kinds() {
    const auto envelope_with_key = [this](const std::string& wrapped) {
      auto wire = encrypted(recorded_);
      const std::string_view open = "<xenc:CipherValue>";
      const auto begin = wire.find(open) + open.size(), end = wire.find("</xenc:CipherValue>");
      return wire.replace(begin, end - begin, base::base64_encode(wrapped));
    };
    const auto key_of = [this, envelope_with_key](std::size_t size) {
      return envelope_with_key(
          must(crypto::wrap_key(intermediary_, encryption().key_transport, random_.bytes(size))));
    };
    const auto damaged = [this](std::string_view from, std::string_view to) {
      return [this, from, to] { return encrypted(replaced(recorded_, from, to)); };
    };
    return {
        {"wrapped key is noise",
         [this, envelope_with_key] {
           auto noise = random_.bytes(256);
           noise[0] = 0; // below the modulus
           return envelope_with_key(noise);
         }},
        {"wrapped key of 16 octets", [key_of] { return key_of(16); }},
        {"another key", [key_of] { return key_of(32); }},
        {"padding 0", [this] { return padded(0); }},
        {"padding 200", [this] { return padded(200); }},
        {"good padding, text is noise",
         [this] { return encrypted(random_.bytes(recorded_.size())); }},
        {"XML breaks at its begin", damaged("<soap:Header>", "<soap:Header<")},
        {"XML breaks at its end", damaged("</soap:Envelope>", "</soap:Envelopf>")},
        {"digest is wrong",
         [this] {
           auto text = recorded_;
           char& octet = text[text.find("</osci:Base64Content>") - 100];
           octet = octet == 'A' ? 'B' : 'A';
           return encrypted(text);
         }},
        {"signature value is wrong",
         [this] {
           auto text = recorded_;
           char& octet = text[text.find("<ds:SignatureValue>") + 40];
           octet = octet == 'A' ? 'B' : 'A';
           return encrypted(text);
         }},
        {"unsigned header line",
         [this] {
           return encrypted(replaced(valid(allowed_), "Content-Transfer-Encoding: 8bit",
                                     "Content-Transfer-Encodinx: 8bit"));
         }},
        {"valid, of a stranger", [this] { return encrypted(valid(foreign_)); }},
        {"valid, replayed", [this] { return encrypted(recorded_); }},
    };
  }
  // To be accepted once before the kinds are sent.
  std::string recorded() { return encrypted(recorded_); }

 private:
  seal::EncryptFor encryption() const {
    return {intermediary_, crypto::Cipher::aes256_cbc, 12,
            crypto::KeyTransport{false, crypto::DigestAlgorithm::sha256,
                                 crypto::DigestAlgorithm::sha256},
            false};
  }

  // The recorded text with wrong padding: its own padding, forged, becomes text, and the block of
  // genuine padding behind it is cut off.
  std::string padded(unsigned char octet) {
    auto text = recorded_;
    text.append(kBlock - text.size() % kBlock, static_cast<char>(octet));
    auto wire = encrypted(text);
    const auto end = wire.rfind("\r\n--");
    return wire.erase(end - kBlock, kBlock);
  }

  base::SystemRandom random_;
  crypto::Certificate intermediary_;
  Party allowed_, foreign_;
  std::string recorded_;
};

struct Measured {
  std::vector<std::string> names;
  std::vector<Sample> times; // milliseconds
  std::size_t other_answers = 0;
};

Measured measure(const Options& options, std::size_t messages, bool levelled, std::uint64_t seed) {
  const Folder folder;
  bench::Pki pki(folder.sub("keys"));
  const auto intermediary = pki.issue("intermed_cipher", 2048);
  pki.issue("intermed_sign", 2048);
  const Party allowed{pki.issue("sender_cipher", 2048), pki.issue("sender_sign", 2048)};
  const Party foreign{pki.issue("other_cipher", 2048), pki.issue("other_sign", 2048)};
  pki.issue("recipient_cipher", 2048);
  pki.issue("recipient_sign", 2048);

  crash::Setup setup{options.daemon, pki.folder(), folder.sub("state"), {"recipient"}};
  setup.log_level = "warning";
  setup.more_configuration = "[policy]\nrefusal_step = \"" + std::to_string(options.step) +
                             "ms\"\n[[policy.legacy]]\nalgorithms = [\"cbc\", \"rsa15\"]\n"
                             "until = 9999-01-01\nreason = \"measurement\"\nfor = [\"" +
                             allowed.signature.certificate.fingerprint() + "\"]\n";
  if (levelled)
    ::unsetenv("DC_NO_REFUSAL_STEP");
  else
    ::setenv("DC_NO_REFUSAL_STEP", "1", 1);
  crash::DaemonProcess daemon(setup);
  daemon.start();
  if (!daemon.wait_ready())
    throw std::runtime_error("the daemon does not start\n" + daemon.log_tail());
  bench::KeepAlive connection(daemon.url());

  Attacker attacker(intermediary.certificate, allowed, foreign);
  const auto expected = osci::write_fault(base::ErrorCode::undecryptable);
  // Otherwise every answer below would be the same for the wrong reason.
  if (connection.post(attacker.recorded()).find("soapMessageEncrypted.xsd") == std::string::npos)
    throw std::runtime_error("the daemon does not let a genuine CBC message in\n" +
                             daemon.log_tail());

  const auto kinds = attacker.kinds();
  Measured out;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < messages; ++i) order.push_back(i % kinds.size());
  std::mt19937_64 draw(seed);
  std::shuffle(order.begin(), order.end(), draw);
  for (const auto& kind : kinds) out.names.push_back(kind.name);
  out.times.resize(kinds.size());
  // Composed beforehand: kinds cost their sender more or less, and a processor that has just worked
  // answers differently.
  std::vector<std::string> wires;
  for (const auto kind : order) wires.push_back(kinds[kind].make());
  for (std::size_t i = 0; i < 20; ++i) connection.post(wires[i]); // warm
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto kind = order[i];
    const auto sent = Steady::now();
    const auto answer = connection.post(wires[i]);
    const std::chrono::duration<double, std::milli> taken = Steady::now() - sent;
    out.times[kind].push_back(taken.count());
    if (answer != expected) ++out.other_answers;
  }
  daemon.signal(SIGTERM);
  const auto end = daemon.wait_end(std::chrono::seconds{20});
  if (!end || end->killed || end->status != 0)
    throw std::runtime_error("the daemon did not end in order\n" + daemon.log_tail());
  return out;
}

// True: the times of at least two kinds are told apart.
bool judge(const Measured& measured) {
  const auto& times = measured.times;
  std::cout << "  kind of damage                    n     1 %      50 %      99 %   (ms)\n"
            << std::fixed << std::setprecision(3);
  for (std::size_t i = 0; i < times.size(); ++i)
    std::cout << "  " << std::left << std::setw(29) << measured.names[i] << std::right
              << std::setw(6) << times[i].size() << std::setw(10) << quantile(times[i], 0.01)
              << std::setw(10) << quantile(times[i], 0.5) << std::setw(10)
              << quantile(times[i], 0.99) << '\n';
  const auto all = kruskal_wallis(times);
  const double pairs = static_cast<double>(times.size() * (times.size() - 1) / 2);
  std::size_t separable = 0, first = 0, second = 1;
  double least = 2, widest = 0;
  for (std::size_t i = 0; i < times.size(); ++i)
    for (std::size_t k = i + 1; k < times.size(); ++k) {
      const auto pair = mann_whitney(times[i], times[k]);
      const double p = std::min(1.0, pair.p * pairs);
      if (p < kAlpha) ++separable;
      widest = std::max(widest, std::abs(pair.delta));
      if (p < least || (p == least && std::abs(pair.delta) >= widest)) {
        least = p;
        first = i;
        second = k;
      }
    }
  const bool apart = all.p < kAlpha && separable > 0;
  std::cout << std::setprecision(2) << "  Kruskal-Wallis: H = " << all.h << ", " << all.degrees
            << " degrees, p = " << std::setprecision(4) << all.p
            << "\n  Mann-Whitney, Bonferroni over " << static_cast<int>(pairs)
            << " pairs: " << separable << " separable; least p = " << least << " ("
            << measured.names[first] << " / " << measured.names[second]
            << "); largest |Cliff's delta| = " << std::setprecision(3) << widest
            << "\n  at alpha = " << std::setprecision(2) << kAlpha << ": "
            << (apart ? "SEPARABLE" : "not separable")
            << "\n  answers other than the one fault: " << measured.other_answers << "\n\n";
  return apart;
}

int run(const Options& options) {
  if (!statistics_are_right()) throw std::runtime_error("the statistics fail their examples");
  xml::initialise();
  const auto seed = std::random_device{}();
  std::cout << options.messages << " malformed messages (AES-256-CBC, RSA 1.5, " << kPayload / 1024
            << " KiB content) in random order (seed " << seed
            << "), one kept-alive connection, refusal_step " << options.step << " ms\n";
  const auto levelled = measure(options, options.messages, true, seed);
  const bool apart = judge(levelled);
  std::cout << "Control: the same without levelling (DC_NO_REFUSAL_STEP). The test must see what "
               "there is to see.\n";
  const auto bare = measure(options, options.messages, false, seed + 1);
  const bool control = judge(bare);
  const bool same = levelled.other_answers == 0 && bare.other_answers == 0;
  std::cout << "answers identical octet for octet: " << (same ? "yes" : "NO")
            << "\nkinds told apart by time: " << (apart ? "YES" : "no")
            << "; without levelling: " << (control ? "yes" : "no") << '\n';
  if (!same) return 1;
  return options.judge_times && (apart || !control) ? 1 : 0;
}

} // namespace
} // namespace oracle

int main(int argc, char** argv) {
  oracle::Options options;
  std::error_code ignored;
  options.daemon =
      (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "dataclearingd")
          .string();
  CLI::App app{"padding_oracle - do refusals of CBC messages tell why?"};
  app.add_option("--daemon", options.daemon, "default: dataclearingd beside this program");
  app.add_option("--messages", options.messages, "for each of the two series")
      ->check(CLI::Range(std::size_t{130}, std::size_t{10'000'000}))
      ->capture_default_str();
  app.add_option("--step", options.step, "the daemon's refusal_step in milliseconds")
      ->check(CLI::Range(20, 10'000))
      ->capture_default_str();
  app.add_flag("--judge-times", options.judge_times,
               "exit 1 when times tell kinds apart, or when the control does not");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return oracle::run(options);
  } catch (const std::exception& error) {
    std::cerr << "padding_oracle: " << error.what() << '\n';
    return 1;
  }
}
