#include "directory/directory.h"
#include "base/encoding.h"
#include <algorithm>
#include <set>
#include <tuple>

namespace directory {

namespace {

constexpr std::size_t max_name = 512;
constexpr std::size_t max_mailbox = 128;
constexpr std::size_t max_endpoint = 2048;

bool within(const std::optional<base::Instant>& from, const std::optional<base::Instant>& until,
            base::Instant now) {
  return (!from || *from <= now) && (!until || now < *until);
}

bool inverted(const std::optional<base::Instant>& from, const std::optional<base::Instant>& until) {
  return from && until && *until <= *from;
}

base::Error refuse(std::string detail) {
  return base::fail(base::ErrorCode::invalid_config, std::move(detail));
}

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Rules that concern one organisation alone. An empty answer: none is broken.
std::string broken_rule(const Organisation& organisation) {
  if (organisation.name.size() > max_name || !printable(organisation.name))
    return "its name is longer than 512 bytes or holds control characters";
  if (!organisation.mailbox.empty() && !valid_mailbox(organisation.mailbox))
    return "its mailbox id is not 1 to 128 of a-z A-Z 0-9 . : _ - with a letter or digit first";
  std::set<std::pair<std::string_view, CertificateUse>> listed;
  for (const auto& entry : organisation.certificates) {
    const auto& fingerprint = entry.certificate.fingerprint();
    if (inverted(entry.valid_from, entry.valid_until))
      return "the window of certificate " + fingerprint + " ends before it begins";
    if (!listed.emplace(fingerprint, entry.use).second)
      return "certificate " + fingerprint + " is listed twice for the same use";
  }
  std::set<std::string_view> uris;
  for (const auto& service : organisation.services) {
    if (service.uri.empty() || !printable(service.uri)) return "a service has no usable URI";
    if (inverted(service.valid_from, service.valid_until))
      return "the validity of service " + service.uri + " ends before it begins";
    if (!uris.insert(service.uri).second) return "service " + service.uri + " is listed twice";
  }
  std::set<std::string_view> endpoints;
  for (const auto& endpoint : organisation.endpoints) {
    if (!valid_endpoint(endpoint.uri)) return "an endpoint has no usable URI";
    if (!endpoints.insert(endpoint.uri).second)
      return "endpoint " + endpoint.uri + " is listed twice";
  }
  return {};
}

} // namespace

bool ListedCertificate::current(base::Instant now) const {
  return within(valid_from, valid_until, now) && certificate.not_before() <= now &&
         now <= certificate.not_after();
}

bool Service::current(base::Instant now) const {
  return within(valid_from, valid_until, now);
}

const Service* Organisation::service(std::string_view uri) const {
  for (const auto& one : services)
    if (one.uri == uri) return &one;
  return nullptr;
}

const Endpoint* Organisation::endpoint(std::string_view uri) const {
  for (const auto& one : endpoints)
    if (one.uri == uri) return &one;
  return nullptr;
}

bool Organisation::of_category(const std::vector<std::string>& any_of) const {
  return std::any_of(categories.begin(), categories.end(), [&](const std::string& mine) {
    return std::find(any_of.begin(), any_of.end(), mine) != any_of.end();
  });
}

bool Organisation::acts_for(std::string_view normalised_key) const {
  return key == normalised_key ||
         std::find(represents.begin(), represents.end(), normalised_key) != represents.end();
}

bool valid_endpoint(std::string_view uri) {
  if (uri.size() > max_endpoint) return false;
  for (const char c : uri)
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
      return false;
  std::size_t at = 0;
  for (const std::string_view scheme : {"https://", "http://"})
    if (uri.starts_with(scheme)) at = scheme.size();
  const auto authority = uri.substr(at, uri.find_first_of("/?", at) - at);
  return at != 0 && !authority.empty() && authority.front() != ':' &&
         authority.find('@') == std::string_view::npos;
}

base::Result<std::string> normalise_key(std::string_view key) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto bad = [] {
    return refuse(
        "an organisation key is 2 to 5 letters, an optional colon and 8 to 12 digits, e.g. "
        "wgb:059130000000");
  };
  if (key.size() > 18) return bad();
  const auto lower = base::to_lower_ascii(key);
  const auto letters_end = std::find_if_not(lower.begin(), lower.end(), is_letter);
  const auto digits_begin =
      letters_end != lower.end() && *letters_end == ':' ? letters_end + 1 : letters_end;
  const auto letters = letters_end - lower.begin();
  const auto digits = lower.end() - digits_begin;
  if (letters < 2 || letters > 5 || digits < 8 || digits > 12 ||
      !std::all_of(digits_begin, lower.end(), is_digit))
    return bad();
  return std::string(lower.begin(), letters_end) + ":" + std::string(digits_begin, lower.end());
}

bool valid_mailbox(std::string_view id) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !id.empty() && id.size() <= max_mailbox && alphanumeric(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) {
           return alphanumeric(c) || c == '.' || c == ':' || c == '_' || c == '-';
         });
}

base::Result<std::shared_ptr<const Directory>>
Directory::make(std::vector<Organisation> organisations,
                std::vector<ServiceDescription> descriptions) {
  std::shared_ptr<Directory> built(new Directory);
  for (auto& one : descriptions) {
    const std::string uri = one.uri;
    if (uri.empty() || !printable(uri)) return refuse("a service description has no usable URI");
    if (!built->descriptions_.emplace(uri, std::move(one)).second)
      return refuse("service " + uri + " is described twice");
  }
  std::map<std::string, std::string, std::less<>> key_of_mailbox;
  for (std::size_t i = 0; i < organisations.size(); ++i) {
    auto& organisation = organisations[i];
    auto key = normalise_key(organisation.key);
    if (!key) return key.error();
    organisation.key = *key;
    const auto subject = "organisation " + organisation.key + ": ";
    if (!built->by_key_.emplace(organisation.key, i).second)
      return refuse(subject + "the key is listed twice");
    if (const auto rule = broken_rule(organisation); !rule.empty()) return refuse(subject + rule);
    if (organisation.categories.empty())
      organisation.categories = {organisation.key.substr(0, organisation.key.find(':'))};
    for (auto& represented : organisation.represents) {
      auto normal = normalise_key(represented);
      if (!normal) return refuse(subject + "it represents what is no organisation key");
      represented = std::move(*normal);
    }
    for (const auto& service : organisation.services) {
      const auto* described = built->description(service.uri);
      if (described && !described->providers.empty() &&
          !organisation.of_category(described->providers))
        return refuse(subject + "service " + service.uri +
                      " may not be offered by an organisation of its category");
    }
    if (!organisation.mailbox.empty()) {
      const auto [other, added] = key_of_mailbox.emplace(organisation.mailbox, organisation.key);
      if (!added)
        return refuse(subject + "mailbox " + organisation.mailbox + " already belongs to " +
                      other->second);
    }
    for (std::size_t c = 0; c < organisation.certificates.size(); ++c) {
      const auto& fingerprint = organisation.certificates[c].certificate.fingerprint();
      const auto [other, added] = built->by_fingerprint_.emplace(fingerprint, std::make_pair(i, c));
      // Two organisations behind one key pair could read each other's mail.
      if (!added && other->second.first != i)
        return refuse(subject + "certificate " + fingerprint + " is already listed by " +
                      organisations[other->second.first].key);
    }
  }
  built->organisations_ = std::move(organisations);
  return std::shared_ptr<const Directory>(std::move(built));
}

const Organisation* Directory::find(std::string_view key) const {
  const auto normalised = normalise_key(key);
  if (!normalised) return nullptr;
  const auto found = by_key_.find(*normalised);
  return found == by_key_.end() ? nullptr : &organisations_[found->second];
}

const ServiceDescription* Directory::description(std::string_view service_uri) const {
  const auto found = descriptions_.find(service_uri);
  return found == descriptions_.end() ? nullptr : &found->second;
}

const Organisation* Directory::owner_of(std::string_view fingerprint) const {
  const auto found = by_fingerprint_.find(fingerprint);
  return found == by_fingerprint_.end() ? nullptr : &organisations_[found->second.first];
}

const ListedCertificate* Directory::listed(std::string_view fingerprint) const {
  const auto found = by_fingerprint_.find(fingerprint);
  if (found == by_fingerprint_.end()) return nullptr;
  return &organisations_[found->second.first].certificates[found->second.second];
}

const ListedCertificate* Directory::listed(std::string_view fingerprint, CertificateUse use) const {
  const auto* owner = owner_of(fingerprint);
  if (owner == nullptr) return nullptr;
  for (const auto& entry : owner->certificates)
    if (entry.use == use && entry.certificate.fingerprint() == fingerprint) return &entry;
  return nullptr;
}

const ListedCertificate* Directory::cipher_certificate(const Organisation& organisation,
                                                       base::Instant now) {
  const auto start = [](const ListedCertificate& entry) {
    const auto not_before = entry.certificate.not_before();
    return std::make_tuple(entry.valid_from.value_or(not_before), not_before);
  };
  const ListedCertificate* best = nullptr;
  for (const auto& entry : organisation.certificates) {
    if (entry.use != CertificateUse::cipher || !entry.current(now)) continue;
    if (best == nullptr || start(*best) < start(entry)) best = &entry;
  }
  return best;
}

} // namespace directory
