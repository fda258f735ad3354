#include "base/encoding.h"
#include "crypto/digest.h"
#include "lookup/service_names.h"
#include "lookup/snapshot.h"
#include <boost/json.hpp>
#include <map>

namespace lookup {

namespace {

namespace json = boost::json;

json::array array_of(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& one : list) out.emplace_back(one);
  return out;
}

void put(json::object& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}
void put(json::object& out, const char* key, const std::vector<std::string>& list) {
  if (!list.empty()) out[key] = array_of(list);
}
void put(json::object& out, const char* key, json::array&& list) {
  if (!list.empty()) out[key] = std::move(list);
}
void put(json::object& out, const char* key, const std::optional<base::Instant>& instant) {
  if (instant) out[key] = base::format_datetime(*instant);
}

class Writer {
 public:
  std::string run(const directory::Directory& directory) {
    for (const auto& [uri, one] : directory.descriptions()) describe(one);
    for (const auto& one : directory.organisations()) add(one);
    const json::object header{{"format", "dataclearing-directory"},
                              {"version", 1},
                              {"descriptions", directory.descriptions().size()},
                              {"certificates", numbers_.size()},
                              {"organisations", directory.organisations().size()}};
    std::string out = json::serialize(header) + "\n";
    out += lines_;
    out +=
        json::serialize(json::object{{"end", count_}, {"sha256", crypto::sha256_hex(out)}}) + "\n";
    return out;
  }

 private:
  void line(const char* what, json::value value) {
    json::object object;
    object[what] = std::move(value);
    lines_ += json::serialize(object);
    lines_ += '\n';
    ++count_;
  }

  std::size_t number_of(const crypto::Certificate& certificate) {
    const auto [at, added] = numbers_.emplace(certificate.fingerprint(), numbers_.size());
    if (added) line("certificate", json::string(base::base64_encode_line(certificate.der())));
    return at->second;
  }

  void describe(const directory::ServiceDescription& one) {
    json::object out{{"uri", one.uri}, {"name", one.name}};
    put(out, "providers", one.providers);
    put(out, "users", one.users);
    put(out, "subject", one.subject);
    out["communication"] = to_string(one.communication);
    put(out, "roots", one.roots);
    json::array slots;
    for (const auto& slot : one.slots)
      slots.push_back(json::object{{"network", to_string(slot.network)},
                                   {"element", to_string(slot.element)},
                                   {"required", slot.required}});
    put(out, "slots", std::move(slots));
    line("description", std::move(out));
  }

  json::object elements_of(const directory::ServiceElements& elements) {
    json::object out{{"network", to_string(elements.network)}};
    put(out, "intermediary", elements.intermediary);
    for (const auto element : kServiceElements)
      if (const auto* certificate = certificate_of(elements, element); certificate && *certificate)
        out[to_string(element)] = number_of(**certificate);
    return out;
  }

  void add(const directory::Organisation& one) {
    json::object out{{"key", one.key}, {"name", one.name}};
    put(out, "mailbox", one.mailbox);
    put(out, "categories", one.categories);
    put(out, "represents", one.represents);
    if (one.test) out["test"] = true;
    json::array certificates, services, endpoints;
    for (const auto& listed : one.certificates) {
      json::object entry{
          {"n", number_of(listed.certificate)},
          {"use", listed.use == directory::CertificateUse::cipher ? "cipher" : "signature"}};
      put(entry, "from", listed.valid_from);
      put(entry, "until", listed.valid_until);
      certificates.push_back(std::move(entry));
    }
    for (const auto& service : one.services) {
      json::object entry{{"uri", service.uri}, {"name", service.name}};
      put(entry, "from", service.valid_from);
      put(entry, "until", service.valid_until);
      json::array elements;
      for (const auto& network : service.elements) elements.push_back(elements_of(network));
      put(entry, "elements", std::move(elements));
      services.push_back(std::move(entry));
    }
    for (const auto& endpoint : one.endpoints) {
      json::object entry{{"uri", endpoint.uri}};
      put(entry, "ca", endpoint.ca);
      endpoints.push_back(std::move(entry));
    }
    put(out, "certificates", std::move(certificates));
    put(out, "services", std::move(services));
    put(out, "endpoints", std::move(endpoints));
    line("organisation", std::move(out));
  }

  std::string lines_;
  std::size_t count_ = 0;
  std::map<std::string, std::size_t, std::less<>> numbers_; // by fingerprint
};

} // namespace

std::string to_snapshot(const directory::Directory& directory) {
  return Writer().run(directory);
}

} // namespace lookup
