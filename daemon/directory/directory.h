// Port: who takes part, under which certificates, and which mailbox belongs to whom. Adapters:
// lookup/. A Directory value is an immutable snapshot; a reload builds a new one. Thread-safe by
// immutability.
#pragma once
#include "base/clock.h"
#include "crypto/certificate.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

enum class CertificateUse { cipher, signature };

// A certificate as the directory lists it: its own validity may be narrowed by a window (rollover).
struct ListedCertificate {
  crypto::Certificate certificate;
  CertificateUse use = CertificateUse::cipher;
  std::optional<base::Instant> valid_from;  // inclusive
  std::optional<base::Instant> valid_until; // exclusive
  bool current(base::Instant now) const;    // window and the certificate's own validity
};

enum class Network { internet, testa };

// The way to a service over one network: the DVDV's service elements (domain 1.2, 1.4). What is not
// given stands for itself where the organisation or the installation has one of its own.
struct ServiceElements {
  Network network = Network::internet;
  std::string intermediary; // URL; empty: not given
  std::optional<crypto::Certificate> intermediary_cipher{};
  std::optional<crypto::Certificate> intermediary_signature{};
  std::optional<crypto::Certificate> recipient_cipher{}; // of the inner envelope
  std::optional<crypto::Certificate> content_cipher{};   // of a further layer around the content
  std::optional<crypto::Certificate> content_signature{};
};

// A concrete offering of a service description, identified by its service URI (domain 1.4).
struct Service {
  std::string uri;
  std::string name;
  std::optional<base::Instant> valid_from;
  std::optional<base::Instant> valid_until;
  std::vector<ServiceElements> elements{}; // at most one for each network
  bool current(base::Instant now) const;
};

// How a service is used (osci:operation/@communicationType).
enum class Communication { one_way_active, one_way_passive, request_response };

enum class ServiceElement {
  intermediary,
  intermediary_cipher,
  intermediary_signature,
  recipient_cipher,
  content_cipher,
  content_signature
};

// What whoever offers a service has to give.
struct Slot {
  Network network = Network::internet;
  ServiceElement element = ServiceElement::intermediary;
  bool required = true;
};

// What the DVDV knows of a service apart from who offers it: identified by the service URI, which
// is the targetNamespace of its WSDL (domain 1.2, 1.4).
struct ServiceDescription {
  std::string uri;
  std::string name;
  std::vector<std::string> providers; // categories that may offer it; empty: any
  std::vector<std::string> users;     // categories that may use it; empty: any
  std::string subject{};              // OSCI subject of its messages; empty: any
  Communication communication = Communication::one_way_active;
  std::vector<std::string> roots{}; // allowed root elements of the content; empty: any
  std::vector<Slot> slots{};
};

// Where a passive recipient listens (wire reference 13.8).
struct Endpoint {
  std::string uri; // http:// or https://; compared octet for octet
  std::string ca;  // PEM certificates that its TLS certificate leads to; empty: the system's store
};

struct Organisation {
  std::string key; // normalised, e.g. "wgb:059130000000"
  std::string name;
  std::string mailbox;                         // mailbox id; empty: sends only
  std::vector<ListedCertificate> certificates; // old and new ones: a rollover loses nothing
  std::vector<Service> services;
  std::vector<Endpoint> endpoints{}; // of a passive recipient
  // What kind of body it is, compared octet for octet. The DVDV has one key prefix for each
  // category, so the prefix counts where nothing is said.
  std::vector<std::string> categories{};
  std::vector<std::string> represents{}; // keys of organisations that it takes deliveries for
  bool test = false;                     // not a real authority: takes and sends test messages only

  // What it offers under exactly this service URI, current or not. Null: nothing.
  const Service* service(std::string_view uri) const;
  // The endpoint of exactly this URI. Null: not listed.
  const Endpoint* endpoint(std::string_view uri) const;
  bool of_category(const std::vector<std::string>& any_of) const;
  bool acts_for(std::string_view normalised_key) const; // itself, or one that it represents
};

// What may be dialled: at most 2048 printable ASCII octets, http:// or https://, a host, no user
// name, no fragment.
bool valid_endpoint(std::string_view uri);

// "WGB059130000000" -> "wgb:059130000000"; accepts ^[a-z]{2,5}:?[0-9]{8,12}$ in any case. Error:
// invalid_config.
base::Result<std::string> normalise_key(std::string_view key);
// At most 128 of a-z A-Z 0-9 . : _ -, the first a letter or digit: an id may stand in paths,
// metrics and logs.
bool valid_mailbox(std::string_view id);

class Directory {
 public:
  // Normalises the keys. Rejects duplicate keys, a certificate listed by two organisations or twice
  // for one use, a mailbox shared by two organisations, a service or an endpoint listed twice, and
  // windows that end before they begin, a service described twice, and one offered by an
  // organisation of a category that may not offer it (invalid_config, detail names the keys).
  static base::Result<std::shared_ptr<const Directory>>
  make(std::vector<Organisation> organisations, std::vector<ServiceDescription> descriptions = {});

  const std::vector<Organisation>& organisations() const { return organisations_; }
  const Organisation* find(std::string_view key) const; // any accepted spelling; null: unknown
  const ServiceDescription* description(std::string_view service_uri) const; // null: not described
  const std::map<std::string, ServiceDescription, std::less<>>& descriptions() const { // by URI
    return descriptions_;
  }
  // By certificate fingerprint, whatever its validity: mail for an old certificate stays fetchable.
  const Organisation* owner_of(std::string_view fingerprint) const;
  const ListedCertificate* listed(std::string_view fingerprint) const;
  // One certificate may be listed once for each use.
  const ListedCertificate* listed(std::string_view fingerprint, CertificateUse use) const;
  // The certificate to encrypt for now: the current cipher certificate with the latest window start
  // or notBefore. Null: none.
  static const ListedCertificate* cipher_certificate(const Organisation& organisation,
                                                     base::Instant now);

 private:
  Directory() = default;
  std::vector<Organisation> organisations_;
  std::map<std::string, ServiceDescription, std::less<>> descriptions_;
  std::map<std::string, std::size_t, std::less<>> by_key_;
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> by_fingerprint_;
};

} // namespace directory
