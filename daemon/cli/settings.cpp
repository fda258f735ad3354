#include "cli/settings.h"
#include "cli/files.h"
#include "cli/profile.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <sys/stat.h>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kMaxCertificateFile = 1024 * 1024;

std::atomic<bool> stop_requested{false};

void on_signal(int) {
  stop_requested = true;
}

base::Error in_file(const std::string& path, base::Error error) {
  return fail(error.code, path + ": " + error.detail);
}

base::Result<crypto::KeyPair> read_key(const char* option, const std::string& path,
                                       const std::string& certificate, const std::string& pin,
                                       crypto::CertificatePurpose purpose, base::Instant now) {
  auto pair = crypto::load_key_pair(path, certificate, pin);
  if (!pair) {
    std::string detail = pair.error().detail;
    if (pin.empty() && pair.error().code == ErrorCode::key_error)
      detail += " (--pin-file or --pin-env gives the PIN)";
    return fail(pair.error().code, detail);
  }
  const bool fits = purpose == crypto::CertificatePurpose::cipher ? pair->certificate.may_encipher()
                                                                  : pair->certificate.may_sign();
  if (!fits)
    return fail(ErrorCode::key_error, path + ": its certificate must not be used for this; are "
                                             "--cipher-key and --signature-key swapped?");
  // The intermediary decides what it accepts; a mailbox may have to be emptied with an expired
  // certificate.
  if (now < pair->certificate.not_before() || now >= pair->certificate.not_after())
    std::cerr << "osci: warning: the certificate of " << option << " is outside its validity ("
              << base::format_datetime(pair->certificate.not_before()) << " to "
              << base::format_datetime(pair->certificate.not_after()) << ")\n";
  return pair;
}

} // namespace

void add_common(CLI::App& app, CommonOptions& o, bool listens) {
  const std::string group = "Connection and keys";
  const auto repeated = [](CLI::Option* option) {
    return option->allow_extra_args(false)->take_all();
  };
  app.add_option("--profile", o.profile, "TOML file with long option names as keys")->group(group);
  if (!listens) app.add_option("--url", o.url, "URL of the intermediary")->required()->group(group);
  app.add_option("--intermediary-cipher-cert", o.intermediary_cipher_cert,
                 "certificate that what the intermediary is sent is encrypted for (PEM or DER)")
      ->required()
      ->group(group);
  repeated(app.add_option("--intermediary-signature-cert", o.intermediary_signature_cert,
                          "certificate that what the intermediary sends must be signed with; "
                          "repeat it while the intermediary changes it"))
      ->required()
      ->group(group);
  app.add_option("--cipher-key", o.cipher_key,
                 "own cipher key, .p12 or PEM; its certificate names the mailbox")
      ->required()
      ->group(group);
  app.add_option("--cipher-cert", o.cipher_cert, "its certificate, if the PEM file has none")
      ->group(group);
  app.add_option("--signature-key", o.signature_key, "own signature key, .p12 or PEM")
      ->required()
      ->group(group);
  app.add_option("--signature-cert", o.signature_cert, "its certificate, if the PEM file has none")
      ->group(group);
  repeated(
      app.add_option("--old-cipher-key", o.old_cipher_key,
                     "earlier cipher key (.p12 or PEM with certificate) that content may still be "
                     "encrypted for"))
      ->group(group);
  auto* pin_file =
      app.add_option("--pin-file", o.pin_file, "file whose first line is the PIN of the keys")
          ->group(group);
  app.add_option("--pin-env", o.pin_env, "environment variable that holds the PIN of the keys")
      ->excludes(pin_file)
      ->group(group);
  auto* signature_pin_file =
      app.add_option("--signature-pin-file", o.signature_pin_file,
                     "the same for the signature key, if it has a PIN of its own")
          ->group(group);
  app.add_option("--signature-pin-env", o.signature_pin_env, "the same from the environment")
      ->excludes(signature_pin_file)
      ->group(group);
  if (!listens) {
    app.add_option("--ca-file", o.ca_file,
                   "CA certificates for https (default: those of the system)")
        ->group(group);
    app.add_option("--timeout", o.timeout_seconds, "seconds for one request")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str()
        ->group(group);
    app.add_option("--attempts", o.attempts,
                   "how often the same bytes are sent when the network fails")
        ->check(CLI::Range(1, 100))
        ->capture_default_str()
        ->group(group);
  }
  app.add_flag("--legacy-ciphers", o.legacy_ciphers,
               "read AES-CBC, 3DES and RSA PKCS#1 1.5 from old peers too")
      ->group(group);
  app.add_flag("--json", o.json, "print JSON for programs");
}

std::set<std::string, std::less<>> path_options() {
  return {"intermediary-cipher-cert",
          "intermediary-signature-cert",
          "cipher-key",
          "cipher-cert",
          "signature-key",
          "signature-cert",
          "old-cipher-key",
          "pin-file",
          "signature-pin-file",
          "ca-file",
          "to-cert",
          "reader-cert",
          "author-cert",
          "metadata",
          "record",
          "recipients",
          "expect",
          "kept",
          "directory",
          "agreements",
          "attach",
          "out",
          "reply-command",
          "spool",
          "trust",
          "recipient",
          "second-recipient",
          "certificates",
          "certificates-pin-file",
          "junit",
          "html",
          "validate"};
}

std::vector<std::set<std::string, std::less<>>> exclusive_options() {
  return {{"pin-file", "pin-env"},    {"signature-pin-file", "signature-pin-env"},
          {"to", "to-cert", "leika"}, {"all", "id"},
          {"reply", "reply-command"}, {"receiver", "push"},
          {"since", "modified-since"}};
}

base::Result<crypto::Certificate> read_certificate(const std::string& path) {
  const auto text = read_file(path, kMaxCertificateFile);
  if (!text) return text.error();
  auto certificate = crypto::Certificate::from_file_text(*text);
  if (!certificate) return in_file(path, certificate.error());
  return certificate;
}

base::Result<std::vector<crypto::Certificate>>
read_certificates(const std::vector<std::string>& paths) {
  std::vector<crypto::Certificate> out;
  for (const auto& path : paths) {
    const auto text = read_file(path, kMaxCertificateFile);
    if (!text) return text.error();
    auto bundle = crypto::Certificate::bundle_from_file_text(*text);
    if (!bundle) return in_file(path, bundle.error());
    out.insert(out.end(), bundle->begin(), bundle->end());
  }
  return out;
}

base::Result<std::string> read_pin(const std::string& file, const std::string& variable) {
  if (!variable.empty()) {
    const char* value = std::getenv(variable.c_str());
    if (!value)
      return fail(ErrorCode::key_error,
                  "the environment variable " + variable + " (--pin-env) is not set");
    return std::string(value);
  }
  if (file.empty()) return std::string{};
  auto text = read_file(file, 4096);
  if (!text) return text;
  struct stat found {};
  if (::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IROTH | S_IWOTH)) != 0)
    std::cerr << "osci: warning: " << file << " can be read by everybody; chmod 600 it\n";
  return text->substr(0, text->find_first_of("\r\n"));
}

base::Result<Parties> read_parties(const CommonOptions& o, base::Instant now) {
  auto cipher_certificate = read_certificate(o.intermediary_cipher_cert);
  if (!cipher_certificate) return cipher_certificate.error();
  auto signature_certificates = read_certificates(o.intermediary_signature_cert);
  if (!signature_certificates) return signature_certificates.error();
  if (!cipher_certificate->may_encipher())
    return fail(
        ErrorCode::key_error,
        o.intermediary_cipher_cert +
            ": must not be used for encryption; are the intermediary's certificates swapped?");

  const auto pin = read_pin(o.pin_file, o.pin_env);
  if (!pin) return pin.error();
  auto signature_pin = read_pin(o.signature_pin_file, o.signature_pin_env);
  if (!signature_pin) return signature_pin.error();
  if (o.signature_pin_file.empty() && o.signature_pin_env.empty()) *signature_pin = *pin;

  auto cipher = read_key("--cipher-key", o.cipher_key, o.cipher_cert, *pin,
                         crypto::CertificatePurpose::cipher, now);
  if (!cipher) return cipher.error();
  auto signature = read_key("--signature-key", o.signature_key, o.signature_cert, *signature_pin,
                            crypto::CertificatePurpose::signature, now);
  if (!signature) return signature.error();
  client::Identity identity{std::move(*cipher), std::move(*signature), {}};
  for (const auto& path : o.old_cipher_key) {
    auto old = crypto::load_key_pair(path, {}, *pin);
    if (!old) return old.error();
    identity.old_ciphers.push_back(std::move(*old));
  }
  return Parties{std::move(identity),
                 {std::move(*cipher_certificate), std::move(*signature_certificates)}};
}

base::Result<CommonOptions> options_of_profile(const std::string& path, const CLI::App& app) {
  CommonOptions out;
  CLI::App parser;
  add_common(parser, out);
  for (const char* name : {"--url", "--intermediary-cipher-cert", "--intermediary-signature-cert"})
    parser.get_option(name)->required(false);
  const auto text = read_file(path, 1024 * 1024);
  if (!text) return text.error();
  KnownOptions known;
  known.paths = path_options();
  const auto names_of = [](const CLI::App& one, auto& names) {
    for (const auto* option : one.get_options())
      for (const auto& name : option->get_lnames())
        if (name != "help" && name != "profile") names.insert(name);
  };
  names_of(parser, known.here);
  known.anywhere = known.here;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names_of(*sub, known.anywhere);
  auto arguments = profile_arguments(*text, path, known, {});
  if (!arguments) return arguments.error();
  std::reverse(arguments->begin(), arguments->end()); // as CLI11 wants a vector
  try {
    parser.parse(*arguments);
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::invalid_config, path + ": " + error.what());
  }
  return out;
}

base::Result<std::unique_ptr<Connection>> Connection::make(const CommonOptions& o,
                                                           http::Progress progress) {
  auto parties = read_parties(o, base::SystemClock().now());
  if (!parties) return parties.error();
  std::unique_ptr<Connection> out(new Connection(std::move(parties->intermediary)));
  http::ClientLimits limits;
  limits.total = std::chrono::seconds(o.timeout_seconds);
  // Well above what intermediaries take: an answer is a little larger than the delivery in it.
  limits.answer_bytes = std::uint64_t{256} << 20;
  out->transport_ = std::make_unique<HttpTransport>(o.url, o.ca_file, limits, std::move(progress));
  client::Options options;
  options.retry.attempts = o.attempts;
  options.open.allow_cbc = options.open.allow_3des = options.open.allow_rsa15 = o.legacy_ciphers;
  options.content.allow_cbc = options.content.allow_rsa15 = o.legacy_ciphers;
  out->session_ = std::make_unique<client::Session>(*out->transport_, std::move(parties->identity),
                                                    out->intermediary_, std::move(options),
                                                    out->random_, pause);
  return out;
}

void pause(base::Milliseconds duration) {
  // In slices: a signal may arrive between the check and the sleep.
  constexpr base::Milliseconds slice{200};
  while (duration.count() > 0 && !asked_to_stop()) {
    const auto part = std::min(duration, slice);
    const timespec time{static_cast<time_t>(part.count() / 1000),
                        static_cast<long>(part.count() % 1000) * 1'000'000};
    ::nanosleep(&time, nullptr);
    duration -= part;
  }
}

void stop_politely() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  // A second signal ends the process as usual.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool asked_to_stop() {
  return stop_requested;
}

} // namespace cli
