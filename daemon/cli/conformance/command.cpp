#include "cli/conformance/command.h"
#include "cli/conformance/run.h"
#include "cli/settings.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

namespace cli {
namespace {

using base::ErrorCode;
using base::fail;
using conformance::Verdict;

struct ConformanceOptions {
  CommonOptions common;
  std::string url; // the argument; beats --url and the profile
  std::string recipient, second_recipient;
  std::string certificates, certificates_pin_file;
  std::uint16_t listen = 0; // 0: nobody listens
  std::string listen_address = "127.0.0.1", recipient_uri;
  std::vector<std::string> only;
  std::string junit, html;
  std::uint64_t seed = 1;
  double time_limit = 600;
  std::size_t oracle_tries = 240;
  bool list = false, require_all = false, quiet = false;
  bool allows_clear = false, allows_unsigned = false, allows_legacy = false;
};

// Keys of a further profile; what belongs to the intermediary is that of the sender.
base::Result<CommonOptions> read_profile(const std::string& path, const CommonOptions& sender,
                                         const CLI::App& app) {
  auto out = options_of_profile(path, app);
  if (!out) return out.error();
  out->intermediary_cipher_cert = sender.intermediary_cipher_cert;
  out->intermediary_signature_cert = sender.intermediary_signature_cert;
  return out;
}

base::Result<conformance::Party> party(const char* name, const CommonOptions& options) {
  const auto connection = Connection::make(options);
  if (!connection) return connection.error();
  const auto& identity = (*connection)->session().identity();
  return conformance::Party{name, identity.cipher, identity.signature};
}

base::Result<conformance::Setup> make_setup(const ConformanceOptions& o, const CLI::App& app) {
  const auto missing = [](const char* what) {
    return fail(ErrorCode::invalid_config,
                std::string(what) + " is missing; see osci conformance --help");
  };
  const std::string url = o.url.empty() ? o.common.url : o.url;
  if (url.empty()) return missing("the URL");
  if (o.common.cipher_key.empty() || o.common.signature_key.empty() ||
      o.common.intermediary_cipher_cert.empty() || o.common.intermediary_signature_cert.empty())
    return missing("a key or certificate of --profile");
  if (o.recipient.empty()) return missing("--recipient");
  const auto connection = Connection::make(o.common);
  if (!connection) return connection.error();
  auto sender = party("sender", o.common);
  if (!sender) return sender.error();
  if (sender->signature.key.kind() != crypto::KeyKind::rsa)
    return fail(ErrorCode::key_error, "the sender's signature key must be an RSA key: most cases "
                                      "change its signatures");
  const auto recipient_options = read_profile(o.recipient, o.common, app);
  if (!recipient_options) return recipient_options.error();
  auto recipient = party("recipient", *recipient_options);
  if (!recipient) return recipient.error();
  if (recipient->cipher.certificate == sender->cipher.certificate)
    return fail(ErrorCode::invalid_config, "sender and recipient must not be the same");
  conformance::Setup out{url,
                         o.common.ca_file,
                         (*connection)->intermediary(),
                         std::move(*sender),
                         std::move(*recipient),
                         std::nullopt,
                         o.certificates,
                         {},
                         std::chrono::seconds(o.common.timeout_seconds),
                         o.seed,
                         o.oracle_tries,
                         o.allows_clear,
                         o.allows_unsigned,
                         o.allows_legacy};
  if (o.listen != 0) {
    const bool v6 = o.listen_address.find(':') != std::string::npos;
    out.listen = conformance::ListenAt{
        o.listen_address, o.listen,
        !o.recipient_uri.empty()
            ? o.recipient_uri
            : "http://" + (v6 ? "[" + o.listen_address + "]" : o.listen_address) + ":" +
                  std::to_string(o.listen) + "/osci"};
  }
  if (!o.second_recipient.empty()) {
    const auto options = read_profile(o.second_recipient, o.common, app);
    if (!options) return options.error();
    auto other = party("second recipient", *options);
    if (!other) return other.error();
    out.other = std::move(*other);
  }
  if (!o.certificates.empty()) {
    std::error_code ignored;
    std::string pin = o.certificates_pin_file;
    if (const auto usual = std::filesystem::path(o.certificates) / "pin.txt";
        pin.empty() && std::filesystem::exists(usual, ignored))
      pin = usual.string();
    auto read = read_pin(pin, {});
    if (!read) return read.error();
    out.certificates_pin = std::move(*read);
  }
  return out;
}

base::Result<> write_report(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorCode::file_error, path + ": cannot be written");
  return {};
}

ExitCode list_cases(const std::vector<conformance::Case>& cases) {
  for (const auto& one : cases)
    std::cout << one.full_name() << "\n    " << one.title << " Expected: " << one.expected
              << ". (wire reference " << one.section << ")\n";
  std::cout << cases.size() << " cases\n";
  return ExitCode::ok;
}

void print_json(const std::vector<conformance::Result>& results) {
  boost::json::array out;
  for (const auto& one : results)
    out.push_back(boost::json::object{{"case", one.tested.full_name()},
                                      {"section", one.tested.section},
                                      {"verdict", to_string(one.verdict)},
                                      {"expected", one.tested.expected},
                                      {"observed", harmless(one.observed)},
                                      {"seconds", one.seconds}});
  std::cout << boost::json::serialize(out) << "\n";
}

ExitCode run(const ConformanceOptions& o, const CLI::App& app) {
  const auto cases = conformance::selected(conformance::all_cases(), o.only);
  if (cases.empty())
    return give_up(fail(ErrorCode::invalid_config, "--only names no case; --list shows them"));
  if (o.list) return list_cases(cases);
  auto setup = make_setup(o, app);
  if (!setup) return give_up(setup.error());

  const base::SystemClock clock;
  conformance::RunFacts facts;
  facts.url = setup->url;
  facts.started = base::format_datetime(clock.now());
  facts.version = "osci " DC_VERSION;
  facts.seed = setup->seed;
  facts.sender = setup->sender.cipher.certificate.fingerprint();
  facts.recipient = setup->recipient.cipher.certificate.fingerprint();
  facts.intermediary = setup->intermediary.signatures.front().fingerprint();
  std::cerr << "osci: " << cases.size() << " cases against " << harmless(facts.url)
            << "; works only in the mailboxes of the given parties, and fetches only what it has "
               "sent itself\n";

  conformance::Bench bench(std::move(*setup));
  stop_politely();
  conformance::RunLimits limits;
  limits.seconds = o.time_limit;
  limits.require_all = o.require_all;
  limits.stop = asked_to_stop;
  std::size_t done = 0;
  const auto results =
      conformance::run_cases(cases, bench, limits, [&](const conformance::Result& result) {
        ++done;
        if (o.quiet && result.verdict != Verdict::failed) return;
        std::cerr << "[" << done << "/" << cases.size() << "] " << to_string(result.verdict) << "  "
                  << result.tested.full_name() << "  " << harmless(result.observed) << "\n";
      });
  try {
    bench.clean_up();
  } catch (const std::exception& error) {
    std::cerr << "osci: deliveries of this run stay in the recipient's mailbox: "
              << harmless(error.what()) << "\n";
  }
  facts.seconds =
      static_cast<double>((clock.now() - *base::parse_datetime(facts.started)).count()) / 1000;

  if (o.common.json)
    print_json(results);
  else
    std::cout << conformance::as_table(results);
  for (const auto& [path, text] :
       {std::pair{o.junit, o.junit.empty() ? "" : conformance::as_junit(results, facts)},
        std::pair{o.html, o.html.empty() ? "" : conformance::as_html(results, facts)}}) {
    if (path.empty()) continue;
    if (const auto written = write_report(path, text); !written) return give_up(written.error());
  }
  return conformance::count(results).failed == 0 ? ExitCode::ok : ExitCode::nonconforming;
}

} // namespace

Command add_conformance(CLI::App& app) {
  auto o = std::make_shared<ConformanceOptions>();
  o->common.timeout_seconds = 30;
  auto* sub = app.add_subcommand("conformance",
                                 "Prove an OSCI 1.2 intermediary, ours or any other, case by case");
  sub->add_option("URL", o->url, "URL of the intermediary (default: that of the profile)");
  sub->add_option("--recipient", o->recipient,
                  "profile of a recipient whose mailbox at the intermediary the suite may use");
  sub->add_option("--second-recipient", o->second_recipient,
                  "profile of another one: a foreign mailbox");
  sub->add_option(
      "--certificates", o->certificates,
      "folder of further key pairs, NAME.p12 or NAME.key.pem with NAME.cert.pem: "
      "bad-expired-*, bad-revoked-*, bad-short-*, bad-usage-*, ecdsa-* with * = cipher "
      "and signature; cases without are not run. certs/make-pki.sh makes the bad ones for a test "
      "PKI, but for bad-revoked-*; tests/conformance/run.sh shows how to make all");
  sub->add_option("--certificates-pin-file", o->certificates_pin_file,
                  "PIN of the .p12 files in it (default: pin.txt in that folder)");
  auto* listen =
      sub->add_option("--listen", o->listen,
                      "port to take the recipient's pushes at; the intermediary's directory has to "
                      "list the address. Cases of push without are not run")
          ->check(CLI::Range(1, 65535));
  sub->add_option("--listen-address", o->listen_address, "numeric address for it")
      ->needs(listen)
      ->capture_default_str();
  sub->add_option("--recipient-uri", o->recipient_uri,
                  "as the directory lists it (default: http://ADDRESS:PORT/osci)")
      ->needs(listen);
  sub->add_option("--only", o->only, "groups or cases to run: store, store.id-twice, dialog.wrong*")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--list", o->list, "list the cases with their sections and run none");
  sub->add_option("--junit", o->junit, "write the results as JUnit XML");
  sub->add_option("--html", o->html, "write the results as a page of HTML");
  sub->add_option("--seed", o->seed, "of the suite's choices, e.g. which bits are flipped")
      ->capture_default_str();
  sub->add_option("--time-limit", o->time_limit, "seconds for the run; what is left is not run")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  sub->add_option("--oracle-tries", o->oracle_tries,
                  "messages that cannot be decrypted, in all, to compare the answers to")
      ->check(CLI::Range(200, 100'000))
      ->capture_default_str();
  sub->add_flag("--require-all", o->require_all, "what is not run or not offered fails");
  sub->add_flag("--quiet", o->quiet, "show failures only while it runs");
  const std::string policy = "What the intermediary's policy allows";
  sub->add_flag("--allows-clear", o->allows_clear, "unencrypted requests")->group(policy);
  sub->add_flag("--allows-unsigned", o->allows_unsigned, "unsigned requests")->group(policy);
  sub->add_flag("--allows-legacy", o->allows_legacy, "CBC and RSA PKCS#1 1.5")->group(policy);
  add_common(*sub, o->common);
  // --list needs none of them; the others are asked for when a run begins.
  for (auto* option : sub->get_options()) option->required(false);
  sub->footer(
      "Never touches mail that it has not sent itself. Exit code 0: every case that was run "
      "has passed; 8: one has failed.");
  return {sub, [o, &app] { return run(*o, app); }};
}

} // namespace cli
