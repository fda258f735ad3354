// Options that every subcommand of `osci` shares, and the session made from them.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "cli/http_transport.h"
#include "client/session.h"
#include "crypto/trust.h"
#include <CLI/App.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cli {

struct CommonOptions {
  std::string profile;
  std::string url;
  std::string ca_file;
  std::string intermediary_cipher_cert;
  std::vector<std::string> intermediary_signature_cert;
  std::string cipher_key, cipher_cert;
  std::string signature_key, signature_cert;
  std::vector<std::string> old_cipher_key;
  std::string pin_file, pin_env;
  std::string signature_pin_file, signature_pin_env;
  int timeout_seconds = 120;
  int attempts = 5;
  bool json = false;
  bool legacy_ciphers = false;
};

// `listens`: for a subcommand that is asked and does not ask; without --url and what belongs to it.
void add_common(CLI::App& app, CommonOptions& options, bool listens = false);

// Own keys and the peer, as the options name them.
struct Parties {
  client::Identity identity;
  client::Intermediary intermediary;
};
// Warns on stderr of own certificates outside their validity. Errors: key_error, file_error.
base::Result<Parties> read_parties(const CommonOptions& options, base::Instant now);

// Names of options whose values are paths, and groups that exclude each other; for profiles.
std::set<std::string, std::less<>> path_options();
std::vector<std::set<std::string, std::less<>>> exclusive_options();

// The common options that a further profile gives, of another party than the command line's. `app`:
// the whole command line, whose options a profile may name. Only the keys have to be there. Errors:
// file_error, invalid_config.
base::Result<CommonOptions> options_of_profile(const std::string& path, const CLI::App& app);

// Everything a subcommand needs, in one place and in the right order of life.
class Connection {
 public:
  // Reads keys and certificates. `progress`: of sending. Errors: key_error, file_error,
  // invalid_config.
  static base::Result<std::unique_ptr<Connection>> make(const CommonOptions& options,
                                                        http::Progress progress = {});

  client::Session& session() { return *session_; }
  const base::Clock& clock() const { return clock_; }
  base::RandomSource& random() { return random_; }
  const client::Intermediary& intermediary() const { return intermediary_; }

 private:
  explicit Connection(client::Intermediary intermediary) : intermediary_(std::move(intermediary)) {}
  base::SystemClock clock_;
  base::SystemRandom random_;
  client::Intermediary intermediary_;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<client::Session> session_;
};

// The first certificate of a PEM or DER file. Errors: file_error, key_error.
base::Result<crypto::Certificate> read_certificate(const std::string& path);
base::Result<std::vector<crypto::Certificate>>
read_certificates(const std::vector<std::string>& paths);

// The PIN from a file (first line) or an environment variable; empty when neither is named. Never
// from the command line, where every process can read it. Errors: file_error, key_error.
base::Result<std::string> read_pin(const std::string& file, const std::string& variable);

// Waits, but not longer than until SIGINT or SIGTERM.
void pause(base::Milliseconds duration);
// From here on SIGINT and SIGTERM ask to stop at the next safe place instead of ending the process.
void stop_politely();
bool asked_to_stop();

} // namespace cli
