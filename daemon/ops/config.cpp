#include "ops/config.h"
#include "ops/admission_config.h"
#include "ops/legacy_config.h"
#include "ops/loopback.h"
#include "ops/quantity.h"
#include "ops/readers.h"
#include "ops/retention_config.h"
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <fstream>
#include <initializer_list>
#include <numeric>
#include <sstream>
#include <toml++/toml.h>
#include <type_traits>

namespace ops {
namespace {

using base::ErrorCode;
using base::fail;

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using days = std::chrono::days;

Reader text(std::string& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return "a non-empty string";
    out = *value;
    return {};
  };
}

// Passwords have no place here; the store, which knows libpq, refuses them.
Reader database(std::string& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || !value->starts_with("postgresql://")) return "a connection URL, postgresql://...";
    out = *value;
    return {};
  };
}

Reader boolean(bool& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<bool>();
    if (!value) return "true or false";
    out = *value;
    return {};
  };
}

Path resolve(const std::string& value, const Path& folder) {
  return (folder / value).lexically_normal(); // an absolute value replaces the folder
}

template <class P> // Path or std::optional<Path>
Reader path(P& out, const Path& folder) {
  return [&out, folder](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return "a file name";
    out = resolve(*value, folder);
    return {};
  };
}

Reader paths(std::vector<Path>& out, const Path& folder) {
  return [&out, folder](const toml::node& node) -> std::string {
    const auto* list = node.as_array();
    if (!list) return "a list of file names";
    std::vector<Path> found;
    for (const auto& item : *list) {
      const auto value = item.value_exact<std::string>();
      if (!value || value->empty()) return "a list of file names";
      found.push_back(resolve(*value, folder));
    }
    out = std::move(found);
    return {};
  };
}

Reader urls(std::vector<std::string>& out) {
  return [&out](const toml::node& node) -> std::string {
    const std::string expected = "a list of http:// or https:// URLs";
    const auto* list = node.as_array();
    if (!list) return expected;
    std::vector<std::string> found;
    for (const auto& item : *list) {
      const auto value = item.value_exact<std::string>();
      if (!value || (!value->starts_with("http://") && !value->starts_with("https://")))
        return expected;
      found.push_back(*value);
    }
    out = std::move(found);
    return {};
  };
}

template <class E>
Reader choice(E& out, std::initializer_list<std::pair<std::string_view, E>> values) {
  return [&out, values = std::vector(values)](const toml::node& node) -> std::string {
    const auto word = node.value_exact<std::string>();
    std::string expected = "one of";
    for (const auto& [name, value] : values) {
      if (word && *word == name) {
        out = value;
        return {};
      }
      expected += " \"" + std::string(name) + "\"";
    }
    return expected;
  };
}

Reader environment_name(std::optional<std::string>& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || value->find_first_of("= ") != std::string::npos)
      return "the name of an environment variable";
    out = *value;
    return {};
  };
}

Reader language(std::string& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || (*value != "de" && *value != "en")) return "one of \"de\" \"en\"";
    out = *value;
    return {};
  };
}

Reader routing_mode(RoutingMode& out) {
  return choice<RoutingMode>(out, {{"off", RoutingMode::off},
                                   {"observe", RoutingMode::observe},
                                   {"enforce", RoutingMode::enforce}});
}

Reader retention_mode(mailbox::RetentionMode& out) {
  using Mode = mailbox::RetentionMode;
  return choice<Mode>(out,
                      {{"off", Mode::off}, {"observe", Mode::observe}, {"enforce", Mode::enforce}});
}

// Clear HTTP needs a literal address: a name could come to mean another one.
Reader address(std::string& out, bool may_be_empty) {
  return [&out, may_be_empty](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    boost::system::error_code error;
    if (value && !value->empty()) boost::asio::ip::make_address(*value, error);
    if (!value || error || (value->empty() && !may_be_empty))
      return may_be_empty ? "an IP address, or \"\" for none" : "an IP address";
    out = *value;
    return {};
  };
}

Reader url_path(std::string& out) {
  return [&out](const toml::node& node) -> std::string {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || value->front() != '/' ||
        value->find_first_of(" ?#") != std::string::npos)
      return "a path that begins with /";
    out = *value;
    return {};
  };
}

// The one table of keys, in the order of the example file.
std::vector<Key> keys_of(Config& c, const Path& folder) {
  using base::LogLevel;
  constexpr std::uint16_t any_port = 65535;
  auto& d = c.deadlines;
  auto& keep = c.retention.rules;
  std::vector<Key> keys = {
      {"intermediary", "name", text(c.intermediary.name)},
      {"intermediary", "cipher_key", path(c.intermediary.cipher_key, folder)},
      {"intermediary", "cipher_certificate", path(c.intermediary.cipher_certificate, folder)},
      {"intermediary", "signature_key", path(c.intermediary.signature_key, folder)},
      {"intermediary", "signature_certificate", path(c.intermediary.signature_certificate, folder)},
      {"intermediary", "pin_file", path(c.intermediary.pin_file, folder)},
      {"intermediary", "pin_env", environment_name(c.intermediary.pin_env)},

      {"listen", "address", address(c.listen.address, false)},
      {"listen", "port", number<std::uint16_t>(c.listen.port, 0, any_port)},
      {"listen", "path", url_path(c.listen.path)},
      {"listen", "admin_address", address(c.listen.admin_address, true)},
      {"listen", "admin_port", number<std::uint16_t>(c.listen.admin_port, 0, any_port)},
      {"listen", "allow_clear_non_loopback", boolean(c.listen.allow_clear_non_loopback)},

      {"state", "directory", path(c.state.directory, folder)},
      {"state", "database", database(c.state.database)},
      {"state", "body_file_threshold", size(c.state.body_file_threshold, 4 * kKiB, 64 * kMiB)},
      {"state", "reserve", size(c.state.reserve, 16 * kMiB, 1024 * kGiB)},
      {"state", "journal", duration(c.state.journal, days{1}, days{36500})},

      {"trust", "anchors", paths(c.trust.anchors, folder)},
      {"trust", "intermediates", paths(c.trust.intermediates, folder)},
      {"trust", "unknown_issuer",
       choice<UnknownIssuer>(c.trust.unknown_issuer,
                             {{"refuse", UnknownIssuer::refuse}, {"warn", UnknownIssuer::warn}})},
      {"trust", "min_rsa_bits", number<unsigned>(c.trust.min_rsa_bits, 2048, 8192)},

      {"revocation", "mode",
       choice<RevocationMode>(c.revocation.mode, {{"off", RevocationMode::off},
                                                  {"on", RevocationMode::on},
                                                  {"require", RevocationMode::require}})},
      {"revocation", "order",
       choice<RevocationOrder>(c.revocation.order,
                               {{"ocsp", RevocationOrder::ocsp}, {"crl", RevocationOrder::crl}})},
      {"revocation", "unreachable",
       choice<Unreachable>(c.revocation.unreachable,
                           {{"accept", Unreachable::accept}, {"refuse", Unreachable::refuse}})},
      {"revocation", "max_age", duration(c.revocation.max_age, minutes{1}, hours{48})},
      {"revocation", "grace", duration(c.revocation.grace, milliseconds{0}, days{7})},
      {"revocation", "budget", duration(c.revocation.budget, milliseconds{100}, seconds{30})},
      {"revocation", "timeout", duration(c.revocation.timeout, milliseconds{100}, minutes{1})},
      {"revocation", "retry", duration(c.revocation.retry, seconds{1}, hours{1})},
      {"revocation", "private_addresses", boolean(c.revocation.private_addresses)},
      {"revocation", "cache", size(c.revocation.cache, kMiB, 4 * kGiB)},

      {"timestamp", "url", text(c.timestamp.url)},
      {"timestamp", "anchors", paths(c.timestamp.anchors, folder)},
      {"timestamp", "policy", text(c.timestamp.policy)},
      {"timestamp", "timeout", duration(c.timestamp.timeout, milliseconds{100}, seconds{30})},
      {"timestamp", "retry", duration(c.timestamp.retry, seconds{1}, hours{1})},
      {"timestamp", "unavailable",
       choice<PlainStamp>(c.timestamp.unavailable,
                          {{"plain", PlainStamp::accept}, {"refuse", PlainStamp::refuse}})},

      {"policy", "require_encryption", boolean(c.policy.require_encryption)},
      {"policy", "require_signature", boolean(c.policy.require_signature)},
      {"policy", "strict_schema", boolean(c.policy.strict_schema)},
      {"policy", "schema_folders", paths(c.policy.schema_folders, folder)},
      {"policy", "default_language", language(c.policy.default_language)},
      {"policy", "metadata",
       choice<MetaDataCheck>(c.policy.metadata,
                             {{"accept", MetaDataCheck::accept}, {"check", MetaDataCheck::check}})},
      {"policy", "schema_packs", path(c.policy.schema_packs, folder)},
      {"policy", "clear_content", routing_mode(c.policy.clear_content)},
      {"policy", "refusal_step", duration(c.policy.refusal_step, milliseconds{20}, seconds{10})},
      {"policy", "legacy",
       [&c](const toml::node& node) { return read_legacy(node, c.policy.legacy); }},

      {"routing", "sender", routing_mode(c.routing.sender)},
      {"routing", "reader", routing_mode(c.routing.reader)},
      {"routing", "test", routing_mode(c.routing.test)},
      {"routing", "agreements", routing_mode(c.routing.agreements)},

      {"agreements", "file", path(c.agreements.file, folder)},

      {"directory", "file", path(c.directory.file, folder)},
      {"directory", "urls", urls(c.directory.urls)},
      {"directory", "token_file", path(c.directory.token_file, folder)},
      {"directory", "client_certificate", path(c.directory.client_certificate, folder)},
      {"directory", "client_key", path(c.directory.client_key, folder)},
      {"directory", "ca", path(c.directory.ca, folder)},
      {"directory", "cache", path(c.directory.cache, folder)},
      {"directory", "refresh", duration(c.directory.refresh, seconds{1}, hours{24})},
      {"directory", "max_age", duration(c.directory.max_age, minutes{1}, days{365})},
      {"directory", "serve", boolean(c.directory.serve)},
      {"directory", "serve_token_file", path(c.directory.serve_token_file, folder)},
      {"directory", "create_mailboxes", boolean(c.directory.create_mailboxes)},

      {"dialogs", "idle_timeout", duration(c.dialogs.idle_timeout, seconds{10}, hours{24})},
      {"dialogs", "max_open_per_client",
       number<std::size_t>(c.dialogs.max_open_per_client, 1, 100'000)},

      {"message_ids", "validity", duration(c.message_ids.validity, minutes{1}, days{3650})},

      {"limits", "message", size(c.limits.message, 64 * kKiB, 2 * kGiB)},
      {"limits", "xml", size(c.limits.xml, 64 * kKiB, 2 * kGiB)},
      {"limits", "parts", number<std::size_t>(c.limits.parts, 2, 100'000)},
      {"limits", "connections", number<std::size_t>(c.limits.connections, 1, 100'000)},
      {"limits", "bytes_in_flight", size(c.limits.bytes_in_flight, 64 * kKiB, 1024 * kGiB)},
      {"limits", "cpu_threads", number<std::size_t>(c.limits.cpu_threads, 0, 1024)},
      {"limits", "cpu_waiting", number<std::size_t>(c.limits.cpu_waiting, 1, 100'000)},
      {"limits", "db_threads", number<std::size_t>(c.limits.db_threads, 2, 1024)},
      {"limits", "db_waiting", number<std::size_t>(c.limits.db_waiting, 1, 100'000)},
      {"limits", "process_cards", number<std::size_t>(c.limits.process_cards, 1, 100'000)},
      {"limits", "selection_ids", number<std::size_t>(c.limits.selection_ids, 1, 100'000)},

      {"push", "threads", number<std::size_t>(c.push.threads, 1, 1024)},
      {"push", "per_target", number<std::size_t>(c.push.per_target, 1, 1024)},
      {"push", "waiting", number<std::size_t>(c.push.waiting, 0, 100'000)},
      {"push", "wait", duration(c.push.wait, milliseconds{0}, minutes{5})},
      {"push", "bytes_in_flight", size(c.push.bytes_in_flight, 64 * kKiB, 1024 * kGiB)},
      {"push", "connect", duration(c.push.connect, milliseconds{100}, minutes{5})},
      {"push", "total", duration(c.push.total, milliseconds{100}, minutes{10})},
      {"push", "answer", size(c.push.answer, 64 * kKiB, kGiB)},
      {"push", "circuit_failures", number<unsigned>(c.push.circuit_failures, 1, 1000)},
      {"push", "circuit_pause", duration(c.push.circuit_pause, milliseconds{100}, hours{24})},
      {"push", "allow_clear", boolean(c.push.allow_clear)},
      {"push", "allow_private_addresses", boolean(c.push.allow_private_addresses)},
      {"push", "test_endpoints", urls(c.push.test_endpoints)},
      {"chunks", "enabled", boolean(c.chunks.enabled)},
      {"chunks", "min_chunk", size(c.chunks.min_chunk, kKiB, 16 * kMiB)},
      {"chunks", "max_chunk", size(c.chunks.max_chunk, 16 * kKiB, 256 * kMiB)},
      {"chunks", "max_message", size(c.chunks.max_message, kMiB, 1024 * kGiB)},
      {"chunks", "inner_xml", size(c.chunks.inner_xml, 64 * kKiB, 2 * kGiB)},
      {"chunks", "spool_total", size(c.chunks.spool_total, kMiB, 1024 * 1024 * kGiB)},
      {"chunks", "spool_per_party", size(c.chunks.spool_per_party, kMiB, 1024 * 1024 * kGiB)},
      {"chunks", "keep", duration(c.chunks.keep, minutes{1}, days{365})},
      {"chunks", "wait", duration(c.chunks.wait, seconds{1}, minutes{10})},
      {"chunks", "threads", number<std::size_t>(c.chunks.threads, 1, 64)},
      {"chunks", "schema_spelling", boolean(c.chunks.schema_spelling)},

      {"retention", "mode", retention_mode(keep.mode)},
      {"retention", "fetched", duration(keep.general.fetched, seconds{1}, days{3650})},
      {"retention", "unfetched", duration(keep.general.unfetched, seconds{1}, days{3650})},
      {"retention", "notices",
       [&keep](const toml::node& node) { return read_notices(node, keep.general.notices); }},
      {"retention", "notices_every", duration(keep.general.notices_every, seconds{0}, days{365})},
      {"retention", "cards", duration(keep.cards, seconds{1}, days{36500})},
      {"retention", "interval", duration(c.retention.interval, seconds{1}, hours{24})},
      {"retention", "rules",
       [&keep](const toml::node& node) { return read_retention_rules(node, keep.overrides); }},

      {"deadlines", "header", duration(d.header, milliseconds{100}, minutes{10})},
      {"deadlines", "body", duration(d.body, seconds{1}, hours{24})},
      {"deadlines", "rate_grace", duration(d.rate_grace, seconds{1}, minutes{10})},
      {"deadlines", "min_bytes_per_second", size(d.min_bytes_per_second, 1, kGiB)},
      {"deadlines", "idle", duration(d.idle, milliseconds{100}, hours{1})},
      {"deadlines", "write", duration(d.write, seconds{1}, hours{1})},
      {"deadlines", "linger", duration(d.linger, milliseconds{100}, minutes{10})},
      {"deadlines", "linger_silence", duration(d.linger_silence, milliseconds{100}, minutes{10})},
      {"deadlines", "shutdown", duration(c.shutdown, milliseconds{0}, minutes{10})},

      {"log", "level",
       choice<LogLevel>(c.log.level, {{"debug", LogLevel::debug},
                                      {"info", LogLevel::info},
                                      {"warning", LogLevel::warning},
                                      {"error", LogLevel::error},
                                      {"critical", LogLevel::critical}})},
      {"log", "target",
       choice<LogTarget>(c.log.target, {{"auto", LogTarget::automatic},
                                        {"journal", LogTarget::journal},
                                        {"stderr", LogTarget::standard_error}})},
      {"log", "format",
       choice<LogFormat>(c.log.format, {{"text", LogFormat::text}, {"json", LogFormat::json}})},
  };
  add_admission_keys(c.admission, keys);
  return keys;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const auto above = row[k];
      row[k] = std::min({above + 1, row[k - 1] + 1, diagonal + (a[i - 1] == b[k - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// The nearest candidate, if it is near enough to be meant.
std::string suggest(std::string_view wrong, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(wrong, candidate);
    if (distance < least) {
      least = distance;
      best = &candidate;
    }
  }
  return best ? "; did you mean \"" + *best + "\"?" : "";
}

std::string place(const Path& file, const toml::source_region& at) {
  return file.string() + ":" + std::to_string(at.begin.line) + ": ";
}

base::Error wrong(const std::string& where, const std::string& what) {
  return fail(ErrorCode::invalid_config, where + what);
}

base::Error unknown_key(const Path& file, const toml::key& name, std::string_view section,
                        const std::vector<Key>& keys) {
  std::vector<std::string> here;
  std::string elsewhere;
  for (const auto& key : keys) {
    if (key.section == section)
      here.emplace_back(key.name);
    else if (key.name == name.str())
      elsewhere = key.section;
  }
  auto hint = suggest(name.str(), here);
  if (!elsewhere.empty()) hint = "; it belongs to [" + elsewhere + "]";
  return wrong(place(file, name.source()), "unknown key \"" + std::string(name.str()) + "\" in [" +
                                               std::string(section) + "]" + hint);
}

base::Error unknown_section(const Path& file, const toml::key& name, bool is_table,
                            const std::vector<Key>& keys) {
  std::vector<std::string> sections;
  std::string home;
  for (const auto& key : keys) {
    if (sections.empty() || sections.back() != key.section) sections.emplace_back(key.section);
    if (key.name == name.str()) home = key.section;
  }
  auto hint = suggest(name.str(), sections);
  if (!is_table && !home.empty()) hint = "; it belongs to [" + home + "]";
  const std::string kind = is_table ? "unknown section [" : "key outside of a section: [";
  return wrong(place(file, name.source()), kind + std::string(name.str()) + "]" + hint);
}

// What no single key can tell.
base::Result<> check_together(const Config& c, const Path& file) {
  const auto bad = [&](const std::string& what) { return wrong(file.string() + ": ", what); };
  if (c.intermediary.cipher_key.empty()) return bad("[intermediary] cipher_key is missing");
  if (c.intermediary.signature_key.empty()) return bad("[intermediary] signature_key is missing");
  if (c.intermediary.pin_file && c.intermediary.pin_env)
    return bad("[intermediary] pin_file and pin_env: only one may be set");
  if (c.directory.file.empty() && c.directory.urls.empty())
    return bad("[directory] file is missing; or, instead of it, urls");
  if (std::any_of(c.directory.urls.begin(), c.directory.urls.end(), clear_beyond_loopback))
    return bad("[directory] urls: http:// only to a loopback address, as in "
               "http://127.0.0.1:18081/directory");
  if (c.directory.serve &&
      (c.listen.admin_address.empty() ||
       (!c.directory.serve_token_file && !is_loopback(c.listen.admin_address))))
    return bad("[directory] serve needs an admin listener, beyond loopback also serve_token_file");
  if (c.trust.anchors.empty() && c.trust.unknown_issuer == UnknownIssuer::refuse)
    return bad(
        "[trust] anchors is empty: with unknown_issuer = \"refuse\" every client would be refused");
  const bool open = !is_loopback(c.listen.address) ||
                    (!c.listen.admin_address.empty() && !is_loopback(c.listen.admin_address));
  if (open && !c.listen.allow_clear_non_loopback)
    return bad(
        "[listen] clear HTTP on an address other than loopback: put a TLS proxy in front, or set "
        "allow_clear_non_loopback = true");
  if (c.listen.port != 0 && c.listen.port == c.listen.admin_port &&
      c.listen.address == c.listen.admin_address)
    return bad("[listen] port and admin_port must differ");
  if (c.limits.xml > c.limits.message) return bad("[limits] xml is larger than message");
  if (c.limits.bytes_in_flight < c.limits.message)
    return bad("[limits] bytes_in_flight is smaller than message: the largest message could never "
               "be taken");
  if (c.push.per_target > c.push.threads) return bad("[push] per_target is larger than threads");
  if (c.push.connect > c.push.total) return bad("[push] connect is longer than total");
  if (!c.push.test_endpoints.empty() && !c.directory.create_mailboxes)
    return bad("[push] test_endpoints needs [directory] create_mailboxes = true");
  if (c.chunks.min_chunk > c.chunks.max_chunk)
    return bad("[chunks] min_chunk is larger than max_chunk");
  if (c.chunks.max_message > c.chunks.spool_per_party ||
      c.chunks.spool_per_party > c.chunks.spool_total)
    return bad("[chunks] max_message, spool_per_party and spool_total must not fall in this order");
  if (c.deadlines.rate_grace > c.deadlines.body)
    return bad("[deadlines] rate_grace is longer than body");
  if (c.deadlines.linger_silence > c.deadlines.linger)
    return bad("[deadlines] linger_silence is longer than linger");
  if (const auto what = wrong_admission(c); !what.empty()) return bad("[admission] " + what);
  return {};
}

} // namespace

base::Result<Config> parse_config(std::string_view text, const Path& file) {
  toml::table document;
  try {
    document = toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    return wrong(place(file, error.source()), std::string(error.description()));
  }

  Config config;
  // Without the working directory a relative state directory would move with the caller.
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(file, ignored).parent_path();
  const auto keys = keys_of(config, folder);
  for (auto at = document.cbegin(); at != document.cend(); ++at) {
    const toml::key& section = at->first;
    const auto is_known = [&](const Key& key) { return key.section == section.str(); };
    const auto* table = at->second.as_table();
    if (!table || std::none_of(keys.begin(), keys.end(), is_known))
      return unknown_section(file, section, table != nullptr, keys);
    for (auto entry = table->cbegin(); entry != table->cend(); ++entry) {
      const toml::key& name = entry->first;
      const toml::node& value = entry->second;
      const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& candidate) {
        return is_known(candidate) && candidate.name == name.str();
      });
      if (key == keys.end()) return unknown_key(file, name, section.str(), keys);
      if (const auto expected = key->read(value); !expected.empty())
        return wrong(place(file, value.source()), "[" + std::string(key->section) + "] " +
                                                      std::string(key->name) + ": expected " +
                                                      expected);
    }
  }
  if (auto together = check_together(config, file); !together) return together.error();
  return config;
}

base::Result<Config> load_config(const Path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  std::error_code ignored;
  // A folder opens well, but reads nothing.
  if (!in || std::filesystem::is_directory(file, ignored))
    return fail(ErrorCode::file_error, "cannot read " + file.string());
  return parse_config(text.str(), file);
}

std::vector<std::string> known_keys() {
  Config config;
  std::vector<std::string> names;
  for (const auto& key : keys_of(config, {}))
    names.push_back(std::string(key.section) + "." + std::string(key.name));
  return names;
}

} // namespace ops
