#include "lookup/file_directory.h"
#include "base/encoding.h"
#include "base/log.h"
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <toml++/toml.h>
#include <utility>
#include <vector>

namespace lookup {

namespace {

using base::ErrorCode;
using base::Result;
using directory::CertificateUse;

constexpr std::array<std::string_view, 1> file_keys{"organisation"};
constexpr std::array<std::string_view, 6> organisation_keys{"key",         "name",    "mailbox",
                                                            "certificate", "service", "endpoint"};
constexpr std::array<std::string_view, 4> certificate_keys{"file", "use", "valid_from",
                                                           "valid_until"};
constexpr std::array<std::string_view, 4> service_keys{"uri", "name", "valid_from", "valid_until"};
constexpr std::array<std::string_view, 2> endpoint_keys{"uri", "ca"};

// toml++ 3.3 builds one nested table per segment of a dotted key and destroys them recursively:
// some 100,000 dots end the process by stack overflow. Its own depth limit covers arrays and inline
// tables only. Answers the line of the first key that is deeper than any table of ours can be, or
// 0.
std::size_t too_deep_key_line(std::string_view text) {
  constexpr int max_dots = 16;
  enum class In { plain, comment, basic, literal, long_basic, long_literal };
  In in = In::plain;
  std::size_t line = 1;
  int dots = 0;
  // A long string ends with three quotes, but up to two more may belong to it.
  const auto past_closing = [&](std::size_t at, char quote) {
    at += 2;
    for (int extra = 0; extra < 2 && at + 1 < text.size() && text[at + 1] == quote; ++extra) ++at;
    return at;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool tripled = i + 2 < text.size() && text[i + 1] == c && text[i + 2] == c;
    if (c == '\n') {
      ++line;
      dots = 0;
      // A string that may not span lines ends here for the parser too: with an error.
      if (in != In::long_basic && in != In::long_literal) in = In::plain;
      continue;
    }
    switch (in) {
    case In::plain:
      if (c == '#')
        in = In::comment;
      else if (c == '"')
        in = tripled ? In::long_basic : In::basic;
      else if (c == '\'')
        in = tripled ? In::long_literal : In::literal;
      else if (c == '.' && ++dots > max_dots)
        return line;
      else if (c == '=' || c == ',' || c == '{' || c == '[')
        dots = 0;
      if (in == In::long_basic || in == In::long_literal) i += 2;
      break;
    case In::comment:
      break;
    case In::basic:
    case In::long_basic:
      if (c == '\\' && i + 1 < text.size() && text[i + 1] != '\n')
        ++i;
      else if (c == '"' && in == In::basic)
        in = In::plain;
      else if (c == '"' && tripled) {
        in = In::plain;
        i = past_closing(i, c);
      }
      break;
    case In::literal:
      if (c == '\'') in = In::plain;
      break;
    case In::long_literal:
      if (c == '\'' && tripled) {
        in = In::plain;
        i = past_closing(i, c);
      }
      break;
    }
  }
  return 0;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

// What an unknown key should probably have been, as the end of a sentence.
std::string suggestion(std::string_view key, std::span<const std::string_view> known) {
  const auto lower = base::to_lower_ascii(key.substr(0, 64));
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return edit_distance(lower, a) < edit_distance(lower, b);
  });
  if (edit_distance(lower, *nearest) <= 2 + nearest->size() / 6)
    return "; did you mean \"" + std::string(*nearest) + "\"?";
  std::string list;
  for (const auto entry : known) list += (list.empty() ? "" : ", ") + std::string(entry);
  return "; allowed here: " + list;
}

// Text that comes from the file, as it may stand in an error detail: short, one line.
std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > limit ? out + "..." : out;
}

std::string excerpt(std::string_view text) {
  return "\"" + one_line(text, 80) + "\"";
}

// A DER certificate starts SEQUENCE { SEQUENCE; private keys (PKCS#1, PKCS#8, SEC1) and PKCS#12
// files start SEQUENCE { INTEGER, encrypted PKCS#8 keys SEQUENCE { SEQUENCE { OBJECT IDENTIFIER
// pkcs-5 or pkcs-12.
bool holds_private_key(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) return true;
  const auto enter = [&](char tag) {
    if (text.size() < 2 || text[0] != tag) return false;
    const auto length = static_cast<unsigned char>(text[1]);
    const std::size_t header = length < 0x80 ? 2 : 2 + (length & 0x7fU);
    if (header > text.size()) return false;
    text.remove_prefix(header);
    return true;
  };
  if (!enter('\x30')) return false;
  if (text.starts_with('\x02')) return true;
  constexpr std::string_view pkcs = "\x2a\x86\x48\x86\xf7\x0d\x01"; // 1.2.840.113549.1
  return enter('\x30') && enter('\x06') && text.starts_with(pkcs) && text.size() > pkcs.size() &&
         (text[pkcs.size()] == '\x05' || text[pkcs.size()] == '\x0c');
}

Result<std::optional<base::Instant>> instant_of(const toml::node& node) {
  using namespace std::chrono;
  const auto day_of = [](const toml::date& date) {
    return year_month_day{year{date.year}, month{date.month}, day{date.day}};
  };
  if (const auto* date = node.as_date())
    return std::optional<base::Instant>{base::german_midnight(day_of(date->get()))};
  if (const auto* moment = node.as_date_time(); moment != nullptr && moment->get().offset) {
    const auto& at = moment->get();
    return std::optional<base::Instant>{
        base::Instant{sys_days{day_of(at.date)}} + hours{at.time.hour} +
        minutes{at.time.minute - at.offset->minutes} + seconds{at.time.second} +
        milliseconds{at.time.nanosecond / 1'000'000}};
  }
  return base::fail(ErrorCode::invalid_config,
                    "takes a date without quotes, e.g. 2026-05-01 (from midnight in Germany), or a "
                    "date-time with zone, e.g. 2026-05-01T00:00:00Z");
}

// One pass over one directory file. Keeps where each key, mailbox and certificate was seen first,
// so that a collision names both lines.
class Reading {
 public:
  Reading(const std::string& name, const CertificateReader& read, const Limits& limits)
      : name_(name), read_(read), limits_(limits) {}

  Result<std::shared_ptr<const directory::Directory>> run(std::string_view text) {
    if (text.size() > limits_.file_bytes)
      return base::fail(ErrorCode::invalid_config, name_ + ": larger than the limit of " +
                                                       std::to_string(limits_.file_bytes) +
                                                       " bytes; split the installation");
    if (const auto line = too_deep_key_line(text); line != 0)
      return fail_at(line, "a dotted key is nested too deeply; the file has at most two levels");
    try {
      const toml::table root = toml::parse(text, name_);
      if (auto read = read_root(root); !read) return read.error();
    } catch (const toml::parse_error& error) {
      return fail_at(error.source().begin.line,
                     "not valid TOML: " + one_line(error.description(), 200));
    }
    auto made = directory::Directory::make(std::move(organisations_));
    if (!made) return base::fail(made.error().code, name_ + ": " + made.error().detail);
    return made;
  }

 private:
  base::Error fail_at(std::size_t line, const std::string& what) const {
    auto detail = name_ + ":" + std::to_string(line) + ": ";
    if (!subject_.empty()) detail += "organisation " + subject_ + ": ";
    return base::fail(ErrorCode::invalid_config, detail + what);
  }
  base::Error fail_at(const toml::node& node, const std::string& what) const {
    return fail_at(node.source().begin.line, what);
  }

  Result<> only(const toml::table& table, std::span<const std::string_view> known,
                const std::string& where) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        return fail_at(key.source().begin.line, "unknown key " + excerpt(key.str()) + " in " +
                                                    where + suggestion(key.str(), known));
    }
    return {};
  }

  // Each table of [[organisation.<what>]]; an absent array is an empty one.
  Result<std::vector<const toml::table*>> tables(const toml::table& parent, std::string_view what,
                                                 const std::string& header,
                                                 std::size_t limit) const {
    std::vector<const toml::table*> found;
    const auto* node = parent.get(what);
    if (node == nullptr) return found;
    const auto* array = node->as_array();
    if (array == nullptr)
      return fail_at(*node, "write " + header + " with two brackets on each side: it is a list");
    if (array->size() > limit)
      return fail_at(*node, "more than " + std::to_string(limit) + " " + header +
                                " entries; remove those that ended longest ago");
    for (const auto& element : *array) {
      const auto* table = element.as_table();
      if (table == nullptr) return fail_at(element, "every entry of " + header + " is a table");
      found.push_back(table);
    }
    return found;
  }

  // A mandatory text, without control characters.
  Result<std::string> text(const toml::table& table, std::string_view key,
                           const std::string& where) const {
    const auto* node = table.get(key);
    if (node == nullptr) return fail_at(table, where + " has no " + excerpt(key) + "; add it");
    return text(*node, key);
  }
  Result<std::string> text(const toml::node& node, std::string_view key) const {
    const auto* value = node.as_string();
    if (value == nullptr) return fail_at(node, excerpt(key) + " takes a text in double quotes");
    const auto trimmed = base::trim(value->get());
    if (trimmed.empty()) return fail_at(node, excerpt(key) + " is empty");
    if (trimmed.size() > 512) return fail_at(node, excerpt(key) + " is longer than 512 bytes");
    if (std::any_of(trimmed.begin(), trimmed.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
      return fail_at(node, excerpt(key) + " holds control characters");
    return std::string(trimmed);
  }

  template <class T>
  Result<> window(const toml::table& table, T& out) const {
    for (const auto& [key, slot] :
         {std::pair{"valid_from", &out.valid_from}, std::pair{"valid_until", &out.valid_until}}) {
      const auto* node = table.get(key);
      if (node == nullptr) continue;
      auto instant = instant_of(*node);
      if (!instant) return fail_at(*node, excerpt(key) + " " + instant.error().detail);
      *slot = *instant;
    }
    if (out.valid_from && out.valid_until && *out.valid_until <= *out.valid_from)
      return fail_at(
          *table.get("valid_until"),
          "\"valid_until\" must lie after \"valid_from\"; it names the first moment that "
          "no longer counts");
    return {};
  }

  Result<> read_root(const toml::table& root) {
    if (auto known = only(root, file_keys, "the file"); !known) return known.error();
    auto entries = tables(root, "organisation", "[[organisation]]", limits_.organisations);
    if (!entries) return entries.error();
    organisations_.reserve(entries->size());
    for (const auto* entry : *entries) {
      subject_.clear();
      if (auto read = read_organisation(*entry); !read) return read.error();
    }
    subject_.clear();
    return {};
  }

  Result<> read_organisation(const toml::table& table) {
    directory::Organisation organisation;
    auto key = text(table, "key", "[[organisation]]");
    if (!key) return key.error();
    auto normalised = directory::normalise_key(*key);
    if (!normalised)
      return fail_at(*table.get("key"),
                     excerpt(*key) + " is no organisation key: " + normalised.error().detail);
    subject_ = organisation.key = *normalised;
    if (auto known = only(table, organisation_keys, "[[organisation]]"); !known)
      return known.error();
    if (auto first = claim(keys_, organisation.key, *table.get("key"), "the key"); !first)
      return first.error();
    // The published rule is three letters and twelve digits; real entries break it (two letters,
    // eight digits), so it is worth a look but no refusal.
    if (organisation.key.size() != 16 || organisation.key[3] != ':')
      base::log(base::LogLevel::warning, "directory.unusual_key",
                "An organisation key is not three letters and twelve digits; check it",
                {{"organisation", organisation.key}, {"file", name_}});
    auto name = text(table, "name", "[[organisation]]");
    if (!name) return name.error();
    organisation.name = std::move(*name);
    if (auto read = read_mailbox(table, organisation); !read) return read.error();
    if (auto read = read_certificates(table, organisation); !read) return read.error();
    if (auto read = read_services(table, organisation); !read) return read.error();
    if (auto read = read_endpoints(table, organisation); !read) return read.error();
    if (auto read = check_use(table, organisation); !read) return read.error();
    organisations_.push_back(std::move(organisation));
    return {};
  }

  Result<> read_mailbox(const toml::table& table, directory::Organisation& organisation) {
    const auto* node = table.get("mailbox");
    if (node == nullptr) {
      organisation.mailbox = organisation.key;
      return claim(mailboxes_, organisation.mailbox, table, "mailbox " + organisation.mailbox);
    }
    if (const auto* choice = node->as_boolean(); choice != nullptr && !choice->get()) return {};
    auto id = node->is_string() ? text(*node, "mailbox") : Result<std::string>(std::string());
    if (!id) return id.error();
    if (!directory::valid_mailbox(*id))
      return fail_at(
          *node, "\"mailbox\" is false (the organisation only sends) or an id of 1 to 128 of a-z "
                 "A-Z 0-9 . : _ - in quotes; leave it out to use the organisation key");
    organisation.mailbox = std::move(*id);
    return claim(mailboxes_, organisation.mailbox, *node, "mailbox " + organisation.mailbox);
  }

  Result<> read_certificates(const toml::table& table, directory::Organisation& organisation) {
    auto entries =
        tables(table, "certificate", "[[organisation.certificate]]", limits_.certificates);
    if (!entries) return entries.error();
    for (const auto* entry : *entries) {
      if (auto read = read_certificate(*entry, organisation); !read) return read.error();
    }
    return {};
  }

  Result<> read_certificate(const toml::table& table, directory::Organisation& organisation) {
    const std::string header = "[[organisation.certificate]]";
    if (auto known = only(table, certificate_keys, header); !known) return known.error();
    auto use_text = text(table, "use", header);
    if (!use_text) return use_text.error();
    if (*use_text != "cipher" && *use_text != "signature")
      return fail_at(*table.get("use"),
                     "\"use\" is \"cipher\" or \"signature\", not " + excerpt(*use_text));
    const auto use = *use_text == "cipher" ? CertificateUse::cipher : CertificateUse::signature;
    auto file = text(table, "file", header);
    if (!file) return file.error();
    const auto& file_node = *table.get("file");
    auto certificate = read_certificate_file(file_node, *file, use);
    if (!certificate) return certificate.error();
    const auto& fingerprint = certificate->fingerprint();
    for (const auto& other : organisation.certificates)
      if (other.use == use && other.certificate.fingerprint() == fingerprint)
        return fail_at(file_node, "the certificate in " + excerpt(*file) +
                                      " is listed twice for the same use; remove one entry");
    const auto [owner, added] =
        owners_.try_emplace(fingerprint, organisation.key, file_node.source().begin.line);
    if (!added && owner->second.first != organisation.key)
      return fail_at(file_node, "the certificate in " + excerpt(*file) + " already belongs to " +
                                    owner->second.first + " (line " +
                                    std::to_string(owner->second.second) +
                                    "); each organisation needs its own key pair");
    directory::ListedCertificate listed{*certificate, use, {}, {}};
    if (auto read = window(table, listed); !read) return read.error();
    organisation.certificates.push_back(std::move(listed));
    return {};
  }

  Result<crypto::Certificate> read_certificate_file(const toml::node& node, const std::string& file,
                                                    CertificateUse use) const {
    const auto refuse = [&](const std::string& why) {
      return fail_at(node, "certificate file " + excerpt(file) + " " + why);
    };
    const auto content = read_(file);
    if (!content)
      return refuse("cannot be read: " + content.error().detail +
                    "; relative paths start at the folder of the directory file");
    if (content->size() > limits_.certificate_bytes)
      return refuse("is larger than " + std::to_string(limits_.certificate_bytes) +
                    " bytes; give the organisation's certificate alone");
    if (holds_private_key(*content))
      return refuse(
          "holds a private key. The directory takes certificates only (.cer, .crt, .pem): delete "
          "the "
          "file here, and if the organisation sent it, ask for a new key, because this one is no "
          "longer secret");
    auto certificate = crypto::Certificate::from_file_text(*content);
    if (!certificate)
      return refuse("is no certificate in PEM or DER form (" + certificate.error().detail +
                    "); ask the organisation for its .cer or .pem file");
    if (certificate->is_ca())
      return refuse("holds a CA's certificate first; put the organisation's own certificate first");
    if (use == CertificateUse::signature) {
      if (!certificate->may_sign())
        return refuse("does not permit signatures by its key usage; is it the cipher certificate?");
      return certificate;
    }
    if (!certificate->may_encipher())
      return refuse(
          "does not permit encryption by its key usage; is it the signature certificate?");
    if (certificate->key_kind() != crypto::KeyKind::rsa)
      return refuse("has no RSA key; OSCI 1.2 encrypts for RSA keys only");
    return certificate;
  }

  Result<> read_services(const toml::table& table, directory::Organisation& organisation) const {
    const std::string header = "[[organisation.service]]";
    auto entries = tables(table, "service", header, limits_.services);
    if (!entries) return entries.error();
    for (const auto* entry : *entries) {
      if (auto known = only(*entry, service_keys, header); !known) return known.error();
      directory::Service service;
      auto uri = text(*entry, "uri", header);
      if (!uri) return uri.error();
      service.uri = std::move(*uri);
      const auto& uri_node = *entry->get("uri");
      if (service.uri.find(':') == std::string::npos || service.uri.find(' ') != std::string::npos)
        return fail_at(uri_node, excerpt(service.uri) +
                                     " is no absolute URI; copy the service URI from the directory "
                                     "entry");
      const auto same = [&](const directory::Service& other) { return other.uri == service.uri; };
      if (std::any_of(organisation.services.begin(), organisation.services.end(), same))
        return fail_at(uri_node,
                       "service " + excerpt(service.uri) + " is listed twice; remove one");
      auto name = text(*entry, "name", header);
      if (!name) return name.error();
      service.name = std::move(*name);
      if (auto read = window(*entry, service); !read) return read.error();
      organisation.services.push_back(std::move(service));
    }
    return {};
  }

  // Where the daemon may connect to on a sender's word, so nothing is guessed or completed here.
  Result<> read_endpoints(const toml::table& table, directory::Organisation& organisation) const {
    const std::string header = "[[organisation.endpoint]]";
    auto entries = tables(table, "endpoint", header, limits_.endpoints);
    if (!entries) return entries.error();
    for (const auto* entry : *entries) {
      if (auto known = only(*entry, endpoint_keys, header); !known) return known.error();
      auto uri = text(*entry, "uri", header);
      if (!uri) return uri.error();
      const auto& uri_node = *entry->get("uri");
      if (!directory::valid_endpoint(*uri))
        return fail_at(uri_node, excerpt(*uri) +
                                     " is no http:// or https:// address with a host and without "
                                     "user name, fragment or spaces");
      if (organisation.endpoint(*uri) != nullptr)
        return fail_at(uri_node, "endpoint " + excerpt(*uri) + " is listed twice; remove one");
      directory::Endpoint endpoint{std::move(*uri), {}};
      if (const auto* node = entry->get("ca")) {
        if (!endpoint.uri.starts_with("https://"))
          return fail_at(*node, "\"ca\" has no meaning for an http:// address; remove it");
        auto ca = read_ca_file(*node);
        if (!ca) return ca.error();
        endpoint.ca = std::move(*ca);
      }
      organisation.endpoints.push_back(std::move(endpoint));
    }
    return {};
  }

  Result<std::string> read_ca_file(const toml::node& node) const {
    auto file = text(node, "ca");
    if (!file) return file.error();
    const auto refuse = [&](const std::string& why) {
      return fail_at(node, "CA file " + excerpt(*file) + " " + why);
    };
    auto content = read_(*file);
    if (!content)
      return refuse("cannot be read: " + content.error().detail +
                    "; relative paths start at the folder of the directory file");
    if (content->size() > limits_.certificate_bytes)
      return refuse("is larger than " + std::to_string(limits_.certificate_bytes) + " bytes");
    if (holds_private_key(*content))
      return refuse("holds a private key; give the CA's certificates alone");
    if (content->find("-----BEGIN CERTIFICATE-----") == std::string::npos ||
        !crypto::Certificate::bundle_from_file_text(*content))
      return refuse("is no certificate in PEM form");
    return content;
  }

  // A mailbox is addressed by a cipher certificate: without one, mail for it could never be stored.
  Result<> check_use(const toml::table& table, const directory::Organisation& organisation) const {
    const auto is_cipher = [](const directory::ListedCertificate& entry) {
      return entry.use == CertificateUse::cipher;
    };
    if (!organisation.mailbox.empty() &&
        std::none_of(organisation.certificates.begin(), organisation.certificates.end(), is_cipher))
      return fail_at(table,
                     "has a mailbox, but no cipher certificate, so nobody could address it; add an "
                     "[[organisation.certificate]] with use = \"cipher\", or set mailbox = false");
    return {};
  }

  using Lines = std::map<std::string, std::size_t, std::less<>>;
  Result<> claim(Lines& lines, const std::string& value, const toml::node& node,
                 const std::string& what) {
    const auto [first, added] = lines.emplace(value, node.source().begin.line);
    if (added) return {};
    return fail_at(node, what + " is already taken in line " + std::to_string(first->second) +
                             "; every organisation has its own");
  }

  const std::string& name_;
  const CertificateReader& read_;
  const Limits& limits_;
  std::string subject_; // key of the organisation being read
  std::vector<directory::Organisation> organisations_;
  Lines keys_;
  Lines mailboxes_;
  std::map<std::string, std::pair<std::string, std::size_t>, std::less<>> owners_;
};

// The whole of a regular file, or one byte more than the limit so that the caller sees the excess.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return base::fail(ErrorCode::file_error, "no such file");
  if (!std::filesystem::is_regular_file(status))
    return base::fail(ErrorCode::file_error, "not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(ErrorCode::file_error, "no permission to read it");
  const auto size = std::filesystem::file_size(path, error);
  if (error) return base::fail(ErrorCode::file_error, error.message());
  std::string content(std::min<std::uintmax_t>(size, limit + 1), '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad()) return base::fail(ErrorCode::file_error, "reading failed");
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

} // namespace

Result<std::shared_ptr<const directory::Directory>> parse_directory(std::string_view toml,
                                                                    const std::string& name,
                                                                    const CertificateReader& read,
                                                                    const Limits& limits) {
  return Reading(name, read, limits).run(toml);
}

Result<std::shared_ptr<const directory::Directory>> load_directory_file(const std::string& path,
                                                                        const Limits& limits) {
  const auto content = read_file(path, limits.file_bytes);
  if (!content)
    return base::fail(ErrorCode::file_error,
                      "directory file " + path + " cannot be read: " + content.error().detail);
  const auto folder = std::filesystem::path(path).parent_path();
  const CertificateReader read = [&](const std::string& file) {
    return read_file(folder / file, limits.certificate_bytes);
  };
  return parse_directory(*content, path, read, limits);
}

} // namespace lookup
