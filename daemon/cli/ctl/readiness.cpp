// `dataclearingctl readiness`: gathers the facts, lets the directory module judge, and shows it.
#include "cli/ctl/certificate_rules.h"
#include "cli/ctl/commands.h"
#include "cli/ctl/mailbox_report.h"
#include "cli/ctl/readiness_report.h"
#include "cli/ctl/readiness_test_message.h"
#include "cli/ctl/reuse.h"
#include "cli/files.h"
#include "directory/readiness_text.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

namespace cli::ctl {

using base::ErrorCode;
using base::fail;

namespace {

struct ReadinessOptions {
  std::string municipality, service;
  std::string config, agreements, directory, mailbox_report, intermediary_url, at, html;
  RuleOptions rules;
  TestOptions test;
  bool all = false, csv = false;
};

// Everything that facts borrow from.
struct Gathered {
  base::Instant now{};
  std::shared_ptr<const directory::Agreements> agreements;
  std::shared_ptr<const directory::Directory> directory;
  std::optional<base::Instant> directory_date;
  Rules rules;
  MailboxReport mailboxes;
};

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::optional<base::Instant> changed_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return base::Instant{std::chrono::seconds{found.st_mtim.tv_sec}};
}

// What the daemon's own file says of the directory, the agreements and the anchors. The rest of it
// is checked by the daemon; relative names are meant from its folder.
base::Result<> read_config(ReadinessOptions& o) {
  if (o.config.empty()) return {};
  const auto text = read_file(o.config, 1024 * 1024);
  if (!text) return text.error();
  const auto folder = std::filesystem::path(o.config).parent_path();
  try {
    const auto root = toml::parse(*text, o.config);
    const auto take = [&](const char* table, const char* key, std::string& into) {
      if (const auto found = root[table][key].value<std::string>(); found && into.empty())
        into = (folder / *found).string();
    };
    // What a server hands out is not in that file, which only stands in until then.
    if (o.directory.empty() && root["directory"]["urls"].is_array())
      return fail(ErrorCode::invalid_config,
                  o.config + ": the directory comes from a server; name a copy with --directory, "
                             "e.g. the cache directory.ndjson");
    take("directory", "file", o.directory);
    take("agreements", "file", o.agreements);
    for (auto [key, into] : {std::pair{"anchors", &o.rules.anchors},
                             std::pair{"intermediates", &o.rules.intermediates}}) {
      if (!into->empty()) continue;
      if (const auto* list = root["trust"][key].as_array())
        for (const auto& one : *list)
          if (const auto name = one.value<std::string>())
            into->push_back((folder / *name).string());
    }
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_config,
                o.config + ":" + std::to_string(error.source().begin.line) + ": not valid TOML");
  }
  return {};
}

base::Result<Gathered> gather(const ReadinessOptions& o) {
  Gathered out;
  const auto now = moment(o.at, base::SystemClock().now());
  if (!now) return now.error();
  out.now = *now;
  if (o.agreements.empty())
    return fail(ErrorCode::invalid_config,
                "say where the agreements are: --agreements FILE, or --config with [agreements]");
  auto agreements = lookup::load_agreements_file(o.agreements);
  if (!agreements) return agreements.error();
  out.agreements = std::move(*agreements);
  if (!o.directory.empty()) {
    auto directory = lookup::load_directory_file(o.directory);
    if (!directory) return directory.error();
    out.directory = std::move(*directory);
    out.directory_date = changed_at(o.directory);
  }
  auto rules = Rules::read(o.rules, out.now);
  if (!rules) return rules.error();
  out.rules = std::move(*rules);
  if (!o.mailbox_report.empty()) {
    const auto text = read_file(o.mailbox_report, kMaxMailboxReport);
    if (!text) return text.error();
    auto report = parse_mailbox_report(*text);
    if (!report) return fail(report.error().code, o.mailbox_report + ": " + report.error().detail);
    out.mailboxes = std::move(*report);
  }
  return out;
}

// Looks up the lists for what the service could be encrypted for.
void note_revocation(Gathered& from, const directory::Party& party,
                     const directory::EfaService& service) {
  if (!from.directory) return;
  const auto& body = directory::processing_body(*from.agreements, party, service, from.now);
  const auto* receiver = directory::receiving_organisation(*from.directory, body, service);
  if (!receiver) return;
  for (const auto& one : receiver->certificates)
    if (one.use == directory::CertificateUse::cipher) from.rules.note_revocation(one.certificate);
  for (const auto& offered : receiver->services)
    for (const auto& elements : offered.elements)
      if (elements.recipient_cipher) from.rules.note_revocation(*elements.recipient_cipher);
}

directory::ReadinessFacts facts_of(const Gathered& from, const ReadinessOptions& o,
                                   const directory::Party& party,
                                   const directory::EfaService& service) {
  directory::ReadinessFacts facts;
  facts.now = from.now;
  facts.party = &party;
  facts.service = &service;
  facts.agreements = from.agreements.get();
  facts.agreements_source = file_name(o.agreements);
  facts.directory = from.directory.get();
  facts.directory_source = file_name(o.directory);
  facts.directory_date = from.directory_date;
  facts.own_intermediary = o.intermediary_url;
  facts.certificate_rules = from.rules.rules();
  facts.mailboxes = from.mailboxes.mailboxes;
  facts.mailbox_source = file_name(o.mailbox_report);
  return facts;
}

bool recorded(const directory::Agreements& all, const directory::Party& party,
              const directory::EfaService& service) {
  if (all.onboarding(party.id, service.id) || all.reception(party.id, service.id) ||
      all.parameters(party.id, service.id))
    return true;
  for (const auto kind : {directory::AgreementKind::ea, directory::AgreementKind::other})
    for (const auto* one : all.find(kind, party, &service))
      if (one->service == service.id) return true;
  return false;
}

bool begun(const Gathered& from, const directory::Party& party,
           const directory::EfaService& service) {
  return recorded(*from.agreements, party, service) ||
         recorded(*from.agreements,
                  directory::processing_body(*from.agreements, party, service, from.now), service);
}

// By id, name, or AGS; null: not there.
const directory::Party* find_party(const directory::Agreements& all, const std::string& text) {
  if (const auto* found = all.party(text)) return found;
  for (const auto& one : all.records().parties)
    if (one.name == text || (!one.ags.empty() && one.ags == text)) return &one;
  return nullptr;
}

const directory::EfaService* find_service(const directory::Agreements& all,
                                          const std::string& text) {
  if (const auto* found = all.service(text)) return found;
  for (const auto& one : all.records().services)
    if (one.name == text) return &one;
  return nullptr;
}

// As a directory of places sorts: umlauts with their vowels.
std::string sort_key(const std::string& name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto two = std::string_view(name).substr(i, 2);
    const auto plain = two == "ä" || two == "Ä"   ? "a"
                       : two == "ö" || two == "Ö" ? "o"
                       : two == "ü" || two == "Ü" ? "u"
                       : two == "ß"               ? "ss"
                                                  : nullptr;
    if (plain) {
      out += plain;
      ++i;
    } else {
      out += name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    }
  }
  return out;
}

// Municipalities, and other bodies that something is recorded about.
std::vector<const directory::Party*> rows(const directory::Agreements& all) {
  using directory::PartyKind;
  std::vector<const directory::Party*> out;
  for (const auto& party : all.records().parties) {
    const bool other = party.kind == PartyKind::kreis || party.kind == PartyKind::aoer ||
                       party.kind == PartyKind::landesbehoerde;
    const auto& services = all.records().services;
    if (party.kind == PartyKind::municipality ||
        (other && std::any_of(services.begin(), services.end(),
                              [&](const auto& one) { return recorded(all, party, one); })))
      out.push_back(&party);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return sort_key(a->name) < sort_key(b->name);
  });
  return out;
}

base::Result<Report> judge_all(Gathered& from, const ReadinessOptions& o) {
  Report out;
  out.at = from.now;
  for (const auto& one : from.agreements->records().services) out.services.push_back(&one);
  const auto parties = rows(*from.agreements);
  if (parties.empty() || out.services.empty())
    return fail(ErrorCode::not_found, o.agreements + " lists no municipality or no service");
  for (const auto* party : parties)
    for (const auto* service : out.services) {
      note_revocation(from, *party, *service);
      out.sheets.push_back({party, service,
                            directory::judge_readiness(facts_of(from, o, *party, *service)),
                            begun(from, *party, *service)});
    }
  return out;
}

// What was just found, as the agreements file wants it.
void print_record(const directory::TestMessage& test) {
  std::cerr << "dataclearingctl: to keep it, write below the [[reception]] of the two:\n"
            << "[reception.test_message]\nmessage_id = \"" << harmless(test.message_id) << "\"\n";
  for (const auto& [key, at] :
       {std::pair{"stored", test.stored}, std::pair{"fetched", test.fetched},
        std::pair{"acknowledged", test.acknowledged}})
    if (at) std::cerr << key << " = " << base::format_datetime(*at) << "\n";
}

base::Result<directory::TestMessage> test_message(CLI::App& app, ReadinessOptions& o,
                                                  const Gathered& from,
                                                  const directory::Party& party,
                                                  const directory::EfaService& service) {
  if (!from.directory)
    return fail(ErrorCode::invalid_config, "--send-test needs --directory, for the certificate");
  const auto& body = directory::processing_body(*from.agreements, party, service, from.now);
  const auto* receiver = directory::receiving_organisation(*from.directory, body, service);
  if (!receiver)
    return fail(ErrorCode::not_found, body.id + " has no organisation in the directory");
  std::string uri;
  for (const auto& version : service.versions)
    for (const auto& offered : receiver->services)
      if (version.validity.contains(from.now) && offered.uri == version.uri &&
          offered.current(from.now))
        uri = offered.uri;
  if (uri.empty())
    return fail(ErrorCode::not_found,
                receiver->key + " does not offer " + service.id + " in the directory at present");
  return send_test_message(app, o.test, {*from.directory, *receiver, uri});
}

base::Result<Report> judge_one(CLI::App& app, Gathered& from, ReadinessOptions& o) {
  const auto* party = find_party(*from.agreements, o.municipality);
  if (!party)
    return fail(ErrorCode::not_found,
                o.municipality + " is no party of " + o.agreements + " (id, name or AGS)");
  const auto* service = find_service(*from.agreements, o.service);
  if (!service)
    return fail(ErrorCode::not_found,
                o.service + " is no service of " + o.agreements + " (id, name or URI)");
  std::optional<directory::TestMessage> test;
  if (o.test.send) {
    auto sent = test_message(app, o, from, *party, *service);
    if (!sent) return sent.error();
    test = std::move(*sent);
    print_record(*test);
    if (o.at.empty()) from.now = base::SystemClock().now();
  }
  note_revocation(from, *party, *service);
  auto facts = facts_of(from, o, *party, *service);
  facts.test_message = test ? &*test : nullptr;
  Report out;
  out.at = from.now;
  out.sheets = {{party, service, directory::judge_readiness(facts)}};
  return out;
}

std::size_t terminal_columns() {
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60) return size.ws_col;
  return 120;
}

base::Result<> write_page(const std::string& path, const std::string& page) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << page;
  out.close();
  if (!out) return fail(ErrorCode::file_error, path + ": cannot be written");
  return {};
}

ExitCode readiness(CLI::App& app, ReadinessOptions& o) {
  if (o.all == !o.municipality.empty() || o.all == !o.service.empty())
    return refuse(fail(ErrorCode::invalid_config,
                       "name a MUNICIPALITY and a SERVICE, or all of them with --all"));
  if (o.all && o.test.send)
    return refuse(fail(ErrorCode::invalid_config, "--send-test is for one municipality"));
  if (auto done = read_config(o); !done) return refuse(done.error());
  auto gathered = gather(o);
  if (!gathered) return refuse(gathered.error());
  auto report = o.all ? judge_all(*gathered, o) : judge_one(app, *gathered, o);
  if (!report) return refuse(report.error());
  for (const auto& path : {o.agreements, o.directory, o.mailbox_report})
    if (!path.empty()) report->sources.push_back(file_name(path));
  if (!o.html.empty())
    if (auto done = write_page(o.html, readiness_html(*report)); !done) return refuse(done.error());
  if (o.test.common.json)
    std::cout << readiness_json(*report) << "\n";
  else if (o.csv)
    std::cout << readiness_csv(*report);
  else
    std::cout << readiness_text(*report, ::isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"),
                                terminal_columns());
  const bool ready =
      std::all_of(report->sheets.begin(), report->sheets.end(), [](const Sheet& one) {
        return !one.begun || one.readiness.state <= directory::ReadinessState::ready_with_notes;
      });
  return ready ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Command add_readiness(CLI::App& app) {
  auto o = std::make_shared<ReadinessOptions>();
  auto* sub = app.add_subcommand(
      "readiness", "Is a municipality ready for a service? Fourteen checks, with who acts next");
  sub->add_option("municipality", o->municipality, "id, name or AGS in the agreements file");
  sub->add_option("service", o->service, "id, name or URI in the agreements file");
  sub->add_flag("--all", o->all, "a matrix of all municipalities and services");
  sub->add_option("--agreements", o->agreements, "agreements file (TOML)");
  sub->add_option("--directory", o->directory,
                  "directory file (TOML); without it checks 7 to 9 "
                  "stay unknown");
  sub->add_option("--config", o->config,
                  "the daemon's configuration: names directory, agreements and anchors");
  sub->add_option("--mailbox-report", o->mailbox_report,
                  "what the intermediary tells of its mailboxes (JSON)");
  sub->add_option("--intermediary-url", o->intermediary_url,
                  "URL that the directory should name as the intermediary");
  sub->add_option("--at", o->at,
                  "judge for this day (from midnight in Germany) or time with zone instead of now");
  sub->add_flag("--csv", o->csv, "print CSV for spreadsheets");
  sub->add_option("--html", o->html, "write a page for people too");
  add_rules(*sub, o->rules);
  add_test_message(*sub, o->test);
  return {sub, [sub, o] { return readiness(*sub, *o); }};
}

} // namespace cli::ctl
