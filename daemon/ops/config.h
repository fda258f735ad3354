// Configuration of dataclearingd: a TOML file read into a plain struct. config/dataclearing.toml
// shows and explains every key.
#pragma once
#include "async/pool_limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "http/limits.h"
#include "mailbox/retention.h"
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ops {

using Path = std::filesystem::path;
using Milliseconds = std::chrono::milliseconds;

enum class UnknownIssuer { refuse, warn };
enum class RevocationMode { off, on, require };
enum class RevocationOrder { ocsp, crl };
enum class Unreachable { accept, refuse };
enum class PlainStamp { accept, refuse };
enum class MetaDataCheck { accept, check };
enum class RoutingMode { off, observe, enforce };
enum class LogTarget { automatic, journal, standard_error };
enum class LogFormat { text, json };

// A dated exception for old algorithms.
struct LegacyException {
  std::vector<std::string> algorithms;  // "cbc", "3des", "rsa15"
  base::Instant until{};                // first moment at which it no longer counts
  std::vector<std::string> originators; // key `for`, as written; empty: everybody
  std::string reason;                   // for people
  bool operator==(const LegacyException&) const = default;
};

// Defaults are the members' initialisers. Paths are absolute after load_config.
struct Config {
  struct Intermediary {
    std::string name = "Intermediaer";
    Path cipher_key;                        // required
    std::optional<Path> cipher_certificate; // absent: it stands in cipher_key's file (PKCS#12, PEM)
    Path signature_key;                     // required
    std::optional<Path> signature_certificate; // likewise
    // Where the PIN of the key files comes from: a file's first line, or an environment variable.
    // At most one is set; none: the files are not encrypted.
    std::optional<Path> pin_file;
    std::optional<std::string> pin_env;
    bool operator==(const Intermediary&) const = default;
  } intermediary;

  struct Listen {
    std::string address = "127.0.0.1";
    std::uint16_t port = 18080;
    std::string path = "/osci";
    std::string admin_address = "127.0.0.1"; // empty: no admin listener
    std::uint16_t admin_port = 18081;
    bool allow_clear_non_loopback = false;
    bool operator==(const Listen&) const = default;
  } listen;

  struct State {
    Path directory = "/var/lib/dataclearing";
    std::string database; // of PostgreSQL, "postgresql://..."; empty: SQLite in the directory
    std::uint64_t body_file_threshold = 256 * 1024; // larger bodies go to files
    std::uint64_t reserve = 1024ull * 1024 * 1024; // free disk space below which storing is refused
    Milliseconds journal = std::chrono::days{730}; // how long its entries are kept
    bool operator==(const State&) const = default;
  } state;

  struct Trust {
    std::vector<Path> anchors;
    std::vector<Path> intermediates;
    UnknownIssuer unknown_issuer = UnknownIssuer::refuse;
    unsigned min_rsa_bits = 2048;
    bool operator==(const Trust&) const = default;
  } trust;

  struct Revocation {
    RevocationMode mode = RevocationMode::on;
    RevocationOrder order = RevocationOrder::ocsp; // asked first
    Unreachable unreachable = Unreachable::accept;
    Milliseconds max_age = std::chrono::hours{48};
    Milliseconds grace{0}; // past nextUpdate
    Milliseconds budget{3'000};
    Milliseconds timeout{2'000};
    Milliseconds retry{60'000};
    bool private_addresses = false;
    std::uint64_t cache = 64 * 1024 * 1024;
    bool operator==(const Revocation&) const = default;
  } revocation;

  struct Timestamp {
    std::string url; // empty: no cryptographic time stamps
    std::vector<Path> anchors;
    std::string policy; // dotted OID
    Milliseconds timeout{3'000};
    Milliseconds retry{30'000};
    PlainStamp unavailable = PlainStamp::accept;
    bool operator==(const Timestamp&) const = default;
  } timestamp;

  struct Policy {
    bool require_encryption = true;
    bool require_signature = true;
    bool strict_schema = false;
    std::vector<Path> schema_folders; // empty: those of the build
    std::string default_language = "de";
    // Answers to undecryptable messages leave this long after the message came, or a multiple.
    Milliseconds refusal_step{250};
    std::vector<LegacyException> legacy;
    MetaDataCheck metadata = MetaDataCheck::accept;
    std::optional<Path> schema_packs; // XÖV schemas, for content in clear
    RoutingMode clear_content = RoutingMode::observe;
    bool operator==(const Policy&) const = default;
  } policy;

  // What comes of it when the directory has something against a delivery.
  struct Routing {
    RoutingMode sender = RoutingMode::observe;
    RoutingMode reader = RoutingMode::observe;
    RoutingMode test = RoutingMode::observe;
    RoutingMode agreements = RoutingMode::observe; // for services without a mode of their own
    bool operator==(const Routing&) const = default;
  } routing;

  struct Agreements {
    Path file; // empty: contracts are nothing to this installation
    bool operator==(const Agreements&) const = default;
  } agreements;

  struct Directory {
    Path file;                     // or urls; with both: only until there is something from them
    std::vector<std::string> urls; // of directory servers, asked in this order
    std::optional<Path> token_file, client_certificate, client_key, ca;
    std::optional<Path> cache; // absent: directory.ndjson in the state directory
    Milliseconds refresh{300'000};
    Milliseconds max_age = std::chrono::hours{24};
    bool serve = false; // on the admin listener
    std::optional<Path> serve_token_file;
    bool create_mailboxes = false;
    bool operator==(const Directory&) const = default;
  } directory;

  struct Dialogs {
    Milliseconds idle_timeout = std::chrono::minutes{15};
    std::size_t max_open_per_client = 50;
    bool operator==(const Dialogs&) const = default;
  } dialogs;

  struct MessageIds {
    Milliseconds validity = std::chrono::hours{24 * 30};
    bool operator==(const MessageIds&) const = default;
  } message_ids;

  struct Limits {
    std::uint64_t message = 64 * 1024 * 1024;
    std::uint64_t xml = 64 * 1024 * 1024;
    std::size_t parts = 1100;
    std::size_t connections = 512;
    std::uint64_t bytes_in_flight = 256 * 1024 * 1024;
    std::size_t cpu_threads = 0; // as configured; use the function below
    std::size_t cpu_waiting = 256;
    std::size_t db_threads = 16;
    std::size_t db_waiting = 512;
    std::size_t process_cards = 100; // in one answer
    std::size_t selection_ids = 200; // message ids in one selection rule
    bool operator==(const Limits&) const = default;
  } limits;

  // Connections to passive recipients.
  struct Push {
    std::size_t threads = 16;
    std::size_t per_target = 4; // of these
    std::size_t waiting = 64;   // for their turn
    Milliseconds wait{10'000};
    std::uint64_t bytes_in_flight = 256 * 1024 * 1024;
    Milliseconds connect{10'000}; // resolve, connect, TLS handshake
    Milliseconds total{60'000};
    std::uint64_t answer = 32 * 1024 * 1024;
    unsigned circuit_failures = 5;
    Milliseconds circuit_pause{30'000};
    bool allow_clear = false;             // http:// endpoints
    bool allow_private_addresses = false; // and loopback, link-local, ...
    std::vector<std::string> test_endpoints;
    bool operator==(const Push&) const = default;
  } push;
  // Chunked transfers (PartialStoreDelivery, PartialFetchDelivery).
  struct Chunks {
    bool enabled = true;
    std::uint64_t min_chunk = 16 * 1024;
    std::uint64_t max_chunk = 8 * 1024 * 1024;
    std::uint64_t max_message = 2ull * 1024 * 1024 * 1024;
    std::uint64_t inner_xml = 128 * 1024 * 1024; // XML part of a reassembled message
    std::uint64_t spool_total = 20ull * 1024 * 1024 * 1024;
    std::uint64_t spool_per_party = 5ull * 1024 * 1024 * 1024;
    Milliseconds keep = std::chrono::hours{24 * 3}; // unfinished transfers, results, frozen answers
    Milliseconds wait{30'000};                      // for processing; announced
    std::size_t threads = 2;
    bool schema_spelling = false; // ChunkMessageTimeOut instead of ChunkMessageTimeout
    bool operator==(const Chunks&) const = default;
  } chunks;

  // Who gets in when more comes than can be served. 0 of a limit: there is none.
  struct Admission {
    std::uint64_t large_body = 1024 * 1024; // larger requests go by the large lane
    std::size_t large_threads = 0;          // as configured; use large_threads() below
    std::size_t large_waiting = 32;
    Milliseconds max_wait{10'000};
    Milliseconds overload_wait{2'000};
    Milliseconds retry_after{5'000};
    std::uint32_t sender_rate = 1000; // requests a second
    std::uint32_t sender_burst = 10'000;
    std::uint64_t sender_octets_hour = 50ull * 1024 * 1024 * 1024;
    std::uint64_t sender_octets_day = 500ull * 1024 * 1024 * 1024;
    std::size_t senders = 10'000; // remembered
    std::uint64_t mailbox_waiting = 100'000;
    std::uint32_t address_rate = 0; // requests a second
    std::uint32_t address_burst = 100;
    std::size_t address_connections = 0;
    std::size_t addresses = 10'000; // remembered
    bool operator==(const Admission&) const = default;
  } admission;

  struct Retention {
    mailbox::RetentionRules rules;
    Milliseconds interval = std::chrono::hours{1}; // between rounds
    bool operator==(const Retention&) const = default;
  } retention;

  http::Deadlines deadlines;
  Milliseconds shutdown{30'000}; // key [deadlines] shutdown: grace for requests at SIGTERM

  struct Log {
    base::LogLevel level = base::LogLevel::info;
    LogTarget target = LogTarget::automatic;
    LogFormat format = LogFormat::text;
    bool operator==(const Log&) const = default;
  } log;

  bool operator==(const Config&) const = default;
};

// Error: invalid_config (detail "file:line: ..." naming key and what is expected; an unknown key
// with the nearest known one) or file_error. Values of the file are never quoted.
base::Result<Config> load_config(const Path& file);
// `file` names the text in errors and is the base of relative paths.
base::Result<Config> parse_config(std::string_view text, const Path& file);

// Every key as "section.key", in the order of the example file.
std::vector<std::string> known_keys();

// limits.cpu_threads, or the number of cores for 0.
std::size_t cpu_threads(const Config& config);
// admission.large_threads, or for 0 all threads but one, at least one.
std::size_t large_threads(const Config& config);
// Of the CPU pool: never are all of its threads open to the large lane.
async::PoolLimits cpu_pool_limits(const Config& config);
async::PoolLimits db_pool_limits(const Config& config);
// What HTTP's Retry-After can say.
unsigned retry_after_seconds(const Config& config);
// For the OSCI listener.
http::ServerLimits server_limits(const Config& config);
// For the admin listener: small requests, few connections, the same deadlines.
http::ServerLimits admin_server_limits(const Config& config);

} // namespace ops
