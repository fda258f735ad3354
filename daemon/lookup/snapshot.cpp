#include "lookup/snapshot.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "lookup/service_names.h"
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

namespace lookup {

namespace json = boost::json;
using base::ErrorCode;
using base::Result;
using directory::CertificateUse;

namespace {

constexpr std::size_t kMaxText = 512;
constexpr std::size_t kMaxRoots = 1000;
constexpr std::size_t kDepth = 8;

base::Error bad(const char* rule) {
  return base::fail(ErrorCode::invalid_config, rule);
}
base::Error bad(std::string_view key, const char* rule) {
  return base::fail(ErrorCode::invalid_config, "\"" + std::string(key) + "\" " + rule);
}

// What a member holds; every reader of one leaves the default when it is absent.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  Result<> text(std::string_view key, std::string& out, bool needed = false,
                std::size_t limit = kMaxText) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr) {
      if (needed) return bad(key, "is missing");
      return {};
    }
    const auto* string = value->if_string();
    if (string == nullptr || string->size() > limit || (needed && string->empty()))
      return bad(key, "is no text of permitted length");
    const bool lines = limit > kMaxText; // PEM has some
    for (const char c : *string)
      if ((static_cast<unsigned char>(c) < 0x20 && !(lines && c == '\n')) || c == 0x7f)
        return bad(key, "holds control characters");
    out.assign(string->data(), string->size());
    return {};
  }

  Result<> texts(std::string_view key, std::vector<std::string>& out, std::size_t limit) const {
    const auto all = list(key, limit);
    if (!all) return all.error();
    if (*all == nullptr) return {};
    for (const auto& one : **all) {
      const auto* string = one.if_string();
      if (string == nullptr || string->empty() || string->size() > kMaxText ||
          std::any_of(string->begin(), string->end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return bad(key, "holds what is no usable text");
      out.emplace_back(string->data(), string->size());
    }
    return {};
  }

  // Null: absent.
  Result<const json::array*> list(std::string_view key, std::size_t limit) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr) return nullptr;
    const auto* array = value->if_array();
    if (array == nullptr || array->size() > limit)
      return bad(key, "is no list of permitted length");
    return array;
  }

  Result<> flag(std::string_view key, bool& out) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_bool()) return bad(key, "is not true or false");
    out = value->get_bool();
    return {};
  }

  Result<std::size_t> number(std::string_view key) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0)
      return bad(key, "is no number");
    return static_cast<std::size_t>(value->get_int64());
  }
  bool has(std::string_view key) const { return object_.if_contains(key) != nullptr; }

  Result<> window(std::optional<base::Instant>& from, std::optional<base::Instant>& until) const {
    for (const auto& [key, out] : {std::pair{"from", &from}, std::pair{"until", &until}}) {
      std::string written;
      if (auto read = text(key, written); !read) return read.error();
      if (written.empty()) continue;
      const auto instant = base::parse_datetime(written);
      if (!instant) return bad(key, "is no time with zone");
      *out = *instant;
    }
    return {};
  }

 private:
  const json::object& object_;
};

// A value by its name; an absent one keeps the default.
template <class T, class Find>
Result<> by_name(const Members& members, std::string_view key, Find find, T& out, bool needed) {
  std::string name;
  if (auto read = members.text(key, name, needed); !read) return read.error();
  if (name.empty()) return {};
  const auto value = find(name);
  if (!value) return bad(key, "is none of the known names");
  out = *value;
  return {};
}

Result<directory::ServiceDescription> read_description(const json::object& object,
                                                       const Limits& limits) {
  const Members members(object);
  directory::ServiceDescription out;
  if (auto read = members.text("uri", out.uri, true); !read) return read.error();
  if (auto read = members.text("name", out.name, true); !read) return read.error();
  if (auto read = members.texts("providers", out.providers, limits.categories); !read)
    return read.error();
  if (auto read = members.texts("users", out.users, limits.categories); !read) return read.error();
  if (auto read = members.text("subject", out.subject); !read) return read.error();
  if (auto read = by_name(members, "communication", communication_of, out.communication, false);
      !read)
    return read.error();
  if (auto read = members.texts("roots", out.roots, kMaxRoots); !read) return read.error();
  const auto slots = members.list("slots", 64);
  if (!slots) return slots.error();
  if (*slots == nullptr) return out;
  for (const auto& one : **slots) {
    if (!one.is_object()) return bad("slots", "holds what is no object");
    const Members entry(one.get_object());
    directory::Slot slot;
    if (auto read = by_name(entry, "network", network_of, slot.network, true); !read)
      return read.error();
    if (auto read = by_name(entry, "element", service_element_of, slot.element, true); !read)
      return read.error();
    if (auto read = entry.flag("required", slot.required); !read) return read.error();
    out.slots.push_back(slot);
  }
  return out;
}

} // namespace

struct SnapshotReader::State {
  State(std::string its_name, const Limits& its_limits)
      : name(std::move(its_name)), limits(its_limits) {}

  base::Error fail_at_line(const std::string& what) const {
    return base::fail(ErrorCode::invalid_config, name + ":" + std::to_string(number) + ": " + what);
  }

  Result<> header(const json::object& object);
  Result<> end(const json::object& object);
  Result<> certificate(const json::value& value);
  Result<> organisation(const json::object& object);
  Result<> certificates_of(const Members& members, directory::Organisation& out) const;
  Result<> services_of(const Members& members, directory::Organisation& out) const;
  Result<> elements_of(const Members& members, directory::Service& out) const;
  Result<> endpoints_of(const Members& members, directory::Organisation& out) const;
  Result<const crypto::Certificate*> numbered(const Members& members, std::string_view key,
                                              CertificateUse use) const;
  Result<> take(const json::object& object);

  const std::string name;
  const Limits limits;
  std::size_t number = 0; // of the line at hand
  bool ended = false;
  std::size_t expected_descriptions = 0, expected_certificates = 0, expected_organisations = 0;
  crypto::Hasher hasher{crypto::DigestAlgorithm::sha256};
  std::vector<unsigned char> memory = std::vector<unsigned char>(64 * 1024);
  json::monotonic_resource resource{memory.data(), memory.size()};
  json::stream_parser parser{json::storage_ptr{}, [] {
                               json::parse_options options;
                               options.max_depth = kDepth;
                               return options;
                             }()};
  std::vector<crypto::Certificate> certificates;
  std::vector<directory::ServiceDescription> descriptions;
  std::vector<directory::Organisation> organisations;
};

Result<> SnapshotReader::State::header(const json::object& object) {
  const Members members(object);
  std::string format;
  if (auto read = members.text("format", format, true); !read || format != "dataclearing-directory")
    return bad("is no snapshot of a directory: the first line does not say so");
  const auto version = members.number("version");
  if (!version || *version != 1) return bad("is of a version that this program does not know");
  for (const auto& [key, out, limit] :
       {std::tuple{"descriptions", &expected_descriptions, limits.descriptions},
        std::tuple{"certificates", &expected_certificates,
                   limits.organisations * limits.certificates},
        std::tuple{"organisations", &expected_organisations, limits.organisations}}) {
    const auto count = members.number(key);
    if (!count) return count.error();
    if (*count > limit) return bad(key, "is more than the limit");
    *out = *count;
  }
  return {};
}

Result<> SnapshotReader::State::end(const json::object& object) {
  const Members members(object);
  const auto lines = members.number("end");
  if (!lines) return lines.error();
  std::string sum;
  if (auto read = members.text("sha256", sum, true); !read) return read.error();
  if (*lines != number - 2) return bad("lines are missing or too many");
  if (sum != base::hex_encode(hasher.finish())) return bad("the content does not fit its SHA-256");
  if (descriptions.size() != expected_descriptions ||
      certificates.size() != expected_certificates ||
      organisations.size() != expected_organisations)
    return bad("there are not as many entries as the first line says");
  ended = true;
  return {};
}

Result<> SnapshotReader::State::certificate(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr || text->size() > limits.certificate_bytes)
    return bad("certificate", "is no text of permitted length");
  if (certificates.size() >= expected_certificates)
    return bad("more certificates than the first line says");
  const auto der = base::base64_decode({text->data(), text->size()});
  if (!der) return bad("certificate", "is not in base64");
  auto read = crypto::Certificate::from_der(*der);
  if (!read) return base::fail(ErrorCode::invalid_config, read.error().detail);
  if (read->is_ca()) return bad("certificate", "is one of a CA");
  certificates.push_back(std::move(*read));
  return {};
}

// The key itself is not looked at: decoding 20,000 of them takes longer than all the rest. What is
// no RSA key is refused where it is to encrypt.
Result<const crypto::Certificate*> SnapshotReader::State::numbered(const Members& members,
                                                                   std::string_view key,
                                                                   CertificateUse use) const {
  const auto n = members.number(key);
  if (!n) return n.error();
  if (*n >= certificates.size()) return bad(key, "is the number of no certificate before it");
  const auto& found = certificates[*n];
  if (use == CertificateUse::cipher ? !found.may_encipher() : !found.may_sign())
    return bad(key, "is a certificate that does not permit this use");
  return &found;
}

Result<> SnapshotReader::State::certificates_of(const Members& members,
                                                directory::Organisation& out) const {
  const auto list = members.list("certificates", limits.certificates);
  if (!list) return list.error();
  if (*list == nullptr) return {};
  out.certificates.reserve((*list)->size());
  for (const auto& one : **list) {
    if (!one.is_object()) return bad("certificates", "holds what is no object");
    const Members entry(one.get_object());
    std::string use_name;
    if (auto read = entry.text("use", use_name, true); !read) return read.error();
    if (use_name != "cipher" && use_name != "signature")
      return bad("use", "is neither cipher nor signature");
    const auto use = use_name == "cipher" ? CertificateUse::cipher : CertificateUse::signature;
    const auto found = numbered(entry, "n", use);
    if (!found) return found.error();
    directory::ListedCertificate listed{**found, use, {}, {}};
    if (auto read = entry.window(listed.valid_from, listed.valid_until); !read) return read.error();
    out.certificates.push_back(std::move(listed));
  }
  return {};
}

Result<> SnapshotReader::State::elements_of(const Members& members, directory::Service& out) const {
  const auto list = members.list("elements", 2);
  if (!list) return list.error();
  if (*list == nullptr) return {};
  for (const auto& one : **list) {
    if (!one.is_object()) return bad("elements", "holds what is no object");
    const Members entry(one.get_object());
    directory::ServiceElements elements;
    if (auto read = by_name(entry, "network", network_of, elements.network, true); !read)
      return read.error();
    if (auto read = entry.text("intermediary", elements.intermediary); !read) return read.error();
    if (!elements.intermediary.empty() && !directory::valid_endpoint(elements.intermediary))
      return bad("intermediary", "is no usable URL");
    for (const auto element : kServiceElements) {
      auto* slot = certificate_of(elements, element);
      if (slot == nullptr || !entry.has(to_string(element))) continue;
      const auto found = numbered(entry, to_string(element), use_of(element));
      if (!found) return found.error();
      *slot = **found;
    }
    if (!out.elements.empty() && out.elements.front().network == elements.network)
      return bad("network", "is given twice");
    out.elements.push_back(std::move(elements));
  }
  return {};
}

Result<> SnapshotReader::State::services_of(const Members& members,
                                            directory::Organisation& out) const {
  const auto list = members.list("services", limits.services);
  if (!list) return list.error();
  if (*list == nullptr) return {};
  out.services.reserve((*list)->size());
  for (const auto& one : **list) {
    if (!one.is_object()) return bad("services", "holds what is no object");
    const Members entry(one.get_object());
    directory::Service service;
    if (auto read = entry.text("uri", service.uri, true); !read) return read.error();
    if (service.uri.find(':') == std::string::npos || service.uri.find(' ') != std::string::npos)
      return bad("uri", "is no absolute URI");
    if (auto read = entry.text("name", service.name, true); !read) return read.error();
    if (auto read = entry.window(service.valid_from, service.valid_until); !read)
      return read.error();
    if (auto read = elements_of(entry, service); !read) return read.error();
    out.services.push_back(std::move(service));
  }
  return {};
}

Result<> SnapshotReader::State::endpoints_of(const Members& members,
                                             directory::Organisation& out) const {
  const auto list = members.list("endpoints", limits.endpoints);
  if (!list) return list.error();
  if (*list == nullptr) return {};
  for (const auto& one : **list) {
    if (!one.is_object()) return bad("endpoints", "holds what is no object");
    const Members entry(one.get_object());
    directory::Endpoint endpoint;
    if (auto read = entry.text("uri", endpoint.uri, true, 2048); !read) return read.error();
    if (auto read = entry.text("ca", endpoint.ca, false, limits.certificate_bytes); !read)
      return read.error();
    if (!endpoint.ca.empty() && !crypto::Certificate::bundle_from_file_text(endpoint.ca))
      return bad("ca", "is no certificate in PEM form");
    out.endpoints.push_back(std::move(endpoint));
  }
  return {};
}

Result<> SnapshotReader::State::organisation(const json::object& object) {
  if (organisations.size() >= expected_organisations)
    return bad("more organisations than the first line says");
  const Members members(object);
  directory::Organisation out;
  if (auto read = members.text("key", out.key, true); !read) return read.error();
  auto key = directory::normalise_key(out.key);
  if (!key) return bad("key", "is no organisation key");
  out.key = std::move(*key);
  if (auto read = members.text("name", out.name, true); !read) return read.error();
  if (auto read = members.text("mailbox", out.mailbox); !read) return read.error();
  if (auto read = members.texts("categories", out.categories, limits.categories); !read)
    return read.error();
  if (auto read = members.texts("represents", out.represents, limits.categories); !read)
    return read.error();
  if (auto read = members.flag("test", out.test); !read) return read.error();
  if (auto read = certificates_of(members, out); !read) return read.error();
  if (auto read = services_of(members, out); !read) return read.error();
  if (auto read = endpoints_of(members, out); !read) return read.error();
  if (!out.mailbox.empty() &&
      std::none_of(out.certificates.begin(), out.certificates.end(),
                   [](const auto& one) { return one.use == CertificateUse::cipher; }))
    return bad("an organisation has a mailbox, but no cipher certificate");
  organisations.push_back(std::move(out));
  return {};
}

Result<> SnapshotReader::State::take(const json::object& object) {
  if (number == 1) return header(object);
  if (object.if_contains("end") != nullptr) return end(object);
  if (object.size() != 1) return bad("is no line of a snapshot");
  const auto& [key, value] = *object.begin();
  if (key == "certificate") return certificate(value);
  if (!value.is_object()) return bad("is no line of a snapshot");
  if (key == "organisation") return organisation(value.get_object());
  if (key != "description") return bad("is no line of a snapshot");
  if (descriptions.size() >= expected_descriptions)
    return bad("more descriptions than the first line says");
  auto read = read_description(value.get_object(), limits);
  if (!read) return read.error();
  descriptions.push_back(std::move(*read));
  return {};
}

SnapshotReader::SnapshotReader(std::string name, const Limits& limits)
    : state_(std::make_unique<State>(std::move(name), limits)) {}
SnapshotReader::~SnapshotReader() = default;

Result<> SnapshotReader::line(std::string_view text) {
  auto& s = *state_;
  ++s.number;
  if (text.size() > s.limits.line_bytes) return s.fail_at_line("the line is too long");
  if (s.ended) return s.fail_at_line("something follows the end");
  // One block of memory for all lines; a longer one gets more for a while.
  s.parser.reset();
  s.resource.release();
  s.parser.reset(&s.resource);
  json::error_code error;
  s.parser.write(text.data(), text.size(), error);
  if (!error) s.parser.finish(error);
  if (error) return s.fail_at_line("not valid JSON");
  const auto value = s.parser.release();
  if (!value.is_object()) return s.fail_at_line("no JSON object");
  if (auto taken = s.take(value.get_object()); !taken) return s.fail_at_line(taken.error().detail);
  if (!s.ended) {
    s.hasher.update(text);
    s.hasher.update("\n");
  }
  return {};
}

Result<std::shared_ptr<const directory::Directory>> SnapshotReader::finish() {
  auto& s = *state_;
  if (!s.ended)
    return base::fail(ErrorCode::invalid_config,
                      s.name + ": cut off: the last line is missing; fetch or export it again");
  auto made = directory::Directory::make(std::move(s.organisations), std::move(s.descriptions));
  if (!made) return base::fail(made.error().code, s.name + ": " + made.error().detail);
  return made;
}

Result<std::shared_ptr<const directory::Directory>>
parse_snapshot(std::string_view text, const std::string& name, const Limits& limits) {
  if (text.size() > limits.snapshot_bytes)
    return base::fail(ErrorCode::invalid_config, name + ": larger than the limit");
  SnapshotReader reader(name, limits);
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return base::fail(ErrorCode::invalid_config, name + ": cut off in the middle of a line");
    if (auto read = reader.line(text.substr(0, end)); !read) return read.error();
    text.remove_prefix(end + 1);
  }
  return reader.finish();
}

Result<std::shared_ptr<const directory::Directory>> load_snapshot(const std::string& path,
                                                                  const Limits& limits) {
  const auto unreadable = [&](const char* why) {
    return base::fail(ErrorCode::file_error, "directory file " + path + " cannot be read: " + why);
  };
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return unreadable("no such file");
  if (!std::filesystem::is_regular_file(path, ignored)) return unreadable("not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable("no permission to read it");
  SnapshotReader reader(path, limits);
  std::string pending;
  std::vector<char> block(256 * 1024);
  std::uint64_t total = 0;
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    std::string_view piece(block.data(), static_cast<std::size_t>(in.gcount()));
    total += piece.size();
    if (total > limits.snapshot_bytes)
      return base::fail(ErrorCode::invalid_config, path + ": larger than the limit");
    for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      pending += piece.substr(0, end);
      piece.remove_prefix(end + 1);
      if (auto read = reader.line(pending); !read) return read.error();
      pending.clear();
    }
    pending += piece;
    if (pending.size() > limits.line_bytes)
      return base::fail(ErrorCode::invalid_config, path + ": a line is too long");
  }
  if (in.bad()) return unreadable("reading failed");
  if (!pending.empty())
    return base::fail(ErrorCode::invalid_config, path + ": cut off in the middle of a line");
  return reader.finish();
}

} // namespace lookup
