#include "lookup/file_directory.h"
#include "base/encoding.h"
#include "base/log.h"
#include "lookup/service_reading.h"
#include "lookup/snapshot.h"
#include "lookup/toml_file.h"
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

constexpr std::size_t kMaxIncludes = 64;
constexpr std::array<std::string_view, 3> file_keys{"include", "organisation", "description"};
constexpr std::array<std::string_view, 9> organisation_keys{"key",         "name",       "mailbox",
                                                            "certificate", "service",    "endpoint",
                                                            "category",    "represents", "test"};
constexpr std::array<std::string_view, 4> certificate_keys{"file", "use", "valid_from",
                                                           "valid_until"};
constexpr std::array<std::string_view, 5> service_keys{"uri", "name", "valid_from", "valid_until",
                                                       "element"};
constexpr std::array<std::string_view, 2> endpoint_keys{"uri", "ca"};

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

// One pass over one directory file. Keeps where each key, mailbox and certificate was seen first,
// so that a collision names both lines.
class Reading : private TomlFile {
 public:
  Reading(const std::string& name, const CertificateReader& read, const Limits& limits)
      : TomlFile(name), read_(read), limits_(limits) {}

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
    auto made = directory::Directory::make(std::move(organisations_), std::move(descriptions_));
    if (!made) return base::fail(made.error().code, name_ + ": " + made.error().detail);
    return made;
  }

 private:
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
    if (auto read = include(root); !read) return read.error();
    return read_descriptions(*this, root, limits_, descriptions_);
  }

  // Files of their own for descriptions, as `dataclearingctl directory import-wsdl` writes them.
  Result<> include(const toml::table& root) {
    auto files = texts(root, "include", kMaxIncludes);
    if (!files) return files.error();
    for (const auto& file : *files) {
      const auto& node = *root.get("include");
      const auto content = read_(file);
      if (!content)
        return fail_at(node, "included file " + excerpt(file) +
                                 " cannot be read: " + content.error().detail);
      if (content->size() > limits_.included_bytes)
        return fail_at(node, "included file " + excerpt(file) + " is larger than " +
                                 std::to_string(limits_.included_bytes) + " bytes");
      if (auto read = parse_descriptions(*content, one_line(file, 80), limits_, descriptions_);
          !read)
        return fail_at(node, "included " + read.error().detail);
    }
    return {};
  }

  Result<> read_role(const toml::table& table, directory::Organisation& organisation) const {
    auto categories = texts(table, "category", limits_.categories);
    if (!categories) return categories.error();
    organisation.categories = std::move(*categories);
    auto represents = texts(table, "represents", limits_.categories);
    if (!represents) return represents.error();
    organisation.represents = std::move(*represents);
    const auto* test = table.get("test");
    if (test == nullptr) return {};
    if (!test->is_boolean()) return fail_at(*test, "\"test\" is true or false");
    organisation.test = test->as_boolean()->get();
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
    if (auto read = read_role(table, organisation); !read) return read.error();
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
      const ServiceCertificate certificate = [this](const toml::node& node, const std::string& file,
                                                    CertificateUse use) {
        return read_certificate_file(node, file, use);
      };
      auto elements = read_elements(*this, *entry, certificate);
      if (!elements) return elements.error();
      service.elements = std::move(*elements);
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

  const CertificateReader& read_;
  const Limits& limits_;
  std::vector<directory::ServiceDescription> descriptions_;
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
  if (path.ends_with(".ndjson")) return load_snapshot(path, limits);
  const auto content = read_file(path, limits.file_bytes);
  if (!content)
    return base::fail(ErrorCode::file_error,
                      "directory file " + path + " cannot be read: " + content.error().detail);
  const auto folder = std::filesystem::path(path).parent_path();
  const CertificateReader read = [&](const std::string& file) {
    return read_file(folder / file, std::max(limits.certificate_bytes, limits.included_bytes));
  };
  return parse_directory(*content, path, read, limits);
}

} // namespace lookup
