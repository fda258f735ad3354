// The reuse model of NRW (Nachnutzungsmodell, domain 5): who has agreed with whom on which EfA
// service, and whether a delivery is covered. Pure values; adapters in lookup/ fill them.
// Thread-safe by immutability.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "directory/onboarding.h"
#include "directory/regions.h"
#include "directory/validity.h"
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace directory {

enum class PartyKind {
  provider,          // of an online service
  kommunalvertreter, // contracts for the municipalities of a Land: d-NRW, AKDB, ...
  municipality,
  kreis,
  aoer, // institution under public law, 100 % of one municipality (Party::parent)
  landesbehoerde,
  it_provider // hosts and operates; never signs instead
};

struct Party {
  std::string id; // of this installation's files, e.g. "dortmund"
  PartyKind kind = PartyKind::municipality;
  std::string name;
  std::string land;   // "05"; empty: the federation
  std::string parent; // id of the party that owns it, or of its Kreis; empty: none
  std::string ags;    // of a municipality or Kreis (5 or 8 digits); may have ended, see regions.h
  std::vector<std::string> organisations; // directory keys that it answers for
};

// A time in which a service is stopped centrally, for one Land or (empty) for all.
struct Suspension {
  std::string land;
  Validity validity;
  std::string reason;
};

struct ServiceVersion {
  std::string uri; // service URI of the directory
  Validity validity;
};

enum class ServiceStatus { planned, live, ended };
enum class AgreementMode { off, observe, enforce };

struct EfaService {
  std::string id; // of this installation's files, e.g. "wohngeld"
  std::string name;
  std::string provider; // party; its Kommunalvertreter or itself contracts for it
  std::vector<std::string> leika;
  std::vector<ServiceVersion> versions; // several may be valid at once around a cut-over
  std::string standard, standard_version;
  std::string recipient_category; // key prefix or category of receiving organisations
  std::string url;                // of the online service
  bool payment_capable = false;
  ServiceStatus status = ServiceStatus::live;
  std::vector<Suspension> suspensions;
  std::optional<AgreementMode> mode; // none: the installation's
};

enum class AgreementKind { ioev, ekv, rv, ea, other };
enum class AgreementState { draft, signed_only, effective, terminated };

struct Agreement {
  std::string id;
  AgreementKind kind = AgreementKind::rv;
  // IOEV, EKV: two representatives or providers, in any order. RV: Kommunalvertreter and holder.
  // EA: the body that processes the data and its Kommunalvertreter. Other: the body that uses.
  std::vector<std::string> parties;
  std::string service;    // EKV, EA, other; empty: all
  bool avv = false;       // the data processing agreement is part of it
  bool accession = false; // IOEV: joined later by declaration, which the partners have to confirm
  std::optional<base::Instant> signed_on;
  std::optional<base::Instant> confirmed_on; // an accession counts from then on
  Validity validity;                         // without `from`: from the signature on
  // A contract under notice stays effective until validity.until; terminated ends it at once.
  AgreementState state = AgreementState::draft;
  std::string reference; // file number or SHA-256 of the document; Other counts only with one
};

// A task that one body does for another: Kreis for its towns, AöR for its city.
struct TaskTransfer {
  std::string from, to;
  std::vector<std::string> services; // empty: all
  std::string basis;                 // law, statute or contract that it rests on
  Validity validity;
  bool covers(std::string_view service, base::Instant at) const;
};

// What an installation records; its own files or another adapter give it.
struct AgreementRecords {
  std::vector<Party> parties;
  std::vector<EfaService> services;
  std::vector<Agreement> agreements;
  std::vector<TaskTransfer> transfers;
  std::vector<Responsibility> responsibilities;
  std::vector<ServiceParameters> parameters;
  std::vector<Reception> receptions;
  std::vector<Onboarding> onboardings;
  // Whether a service of the own Land needs an EKV too; 5.2 leaves it open.
  bool own_land_needs_ekv = false;
};

// A snapshot: a reload builds a new one. Pointers that it gives live as long as it does. Look-ups
// by party and service cost no more for 396 municipalities than for one.
class Agreements {
 public:
  // Normalises organisation keys. Error: invalid_config; the detail begins with the record, as in
  // "agreement ea-7: ...", "transfer 2: ..." (counted from 1). Refused are ids used twice, what
  // names a party or service that is not there, contracts without the parties of their kind,
  // windows that end before they begin, a service URI of two services, a LeiKa key or a region
  // that is none. `regions` null: none known.
  static base::Result<std::shared_ptr<const Agreements>>
  make(AgreementRecords records, std::shared_ptr<const Regions> regions = {});

  const AgreementRecords& records() const { return records_; }
  const Regions& regions() const { return *regions_; }

  const Party* party(std::string_view id) const; // null: unknown
  // By id, or by the URI of one of its versions, whatever its validity. Null: unknown.
  const EfaService* service(std::string_view id_or_uri) const;
  const EfaService* service_by_id(std::string_view id) const;
  std::vector<const EfaService*> services_of(std::string_view leika) const;
  // Who answers for an organisation; key in any accepted spelling. Empty: nobody.
  const std::vector<const Party*>& parties_of(std::string_view organisation) const;
  // The Kommunalvertreter of a Land; more than one is a finding.
  const std::vector<const Party*>& representatives(std::string_view land) const;
  // Its own, else that of its AGS, else its parent's. Empty: the federation.
  const std::string& land_of(const Party& party) const;
  // Of this kind with this party that cover the service; null: whatever their service.
  std::vector<const Agreement*> find(AgreementKind kind, const Party& party,
                                     const EfaService* service) const;
  // Parties whose municipality or Kreis has gone into this one's before that moment: their
  // contracts go on.
  std::vector<const Party*> predecessors(const Party& party, base::Instant at) const;
  // Who this party's municipality or Kreis has gone into by that moment. Empty: it is still there.
  std::vector<const Party*> successors(const Party& party, base::Instant at) const;
  // Parent, children, either side of a transfer, and who answers for the same organisations.
  const std::vector<const Party*>& relatives(const Party& party) const;
  const TaskTransfer* transfer(const Party& from, const Party& to, const EfaService& service,
                               base::Instant at) const; // null: none at that time
  // Who does the task for `from` then; null: it does so itself.
  const Party* transferred_to(const Party& from, const EfaService& service, base::Instant at) const;
  // Recorded for exactly this region (Region::key, or the digits of one that is not known).
  const std::vector<const Responsibility*>& responsibilities_of(std::string_view leika,
                                                                std::string_view region_key) const;
  // Null: not recorded.
  const ServiceParameters* parameters(std::string_view party, std::string_view service) const;
  const Reception* reception(std::string_view party, std::string_view service) const;
  const Onboarding* onboarding(std::string_view party, std::string_view service) const;

 private:
  struct Links {
    std::string land;
    std::vector<const Party*> relatives;
    std::vector<const TaskTransfer*> given; // transfers from it
  };
  struct Slot { // null service: all services
    const Party* party;
    const EfaService* service;
    AgreementKind kind;
    bool operator==(const Slot&) const = default;
  };
  struct SlotHash {
    std::size_t operator()(const Slot& slot) const;
  };
  friend class AgreementsBuilder;

  Agreements() = default;
  // Who is recorded under this region's key; a municipality has no Kreis for successor.
  void add_same_kind(const Party& party, const std::string& region,
                     std::vector<const Party*>& to) const;
  AgreementRecords records_;
  std::shared_ptr<const Regions> regions_;
  std::unordered_map<std::string_view, const Party*> parties_;
  std::unordered_map<std::string_view, const EfaService*> services_; // by id and by URI
  std::unordered_map<std::string, std::vector<const Party*>> by_organisation_;
  std::unordered_map<std::string_view, std::vector<const Party*>> representatives_;
  std::unordered_map<const Party*, Links> links_;
  std::unordered_map<Slot, std::vector<const Agreement*>, SlotHash> agreements_;
  std::unordered_map<std::string, std::vector<const Responsibility*>> responsibilities_;
  template <class T>
  using Details = std::map<std::pair<std::string_view, std::string_view>, const T*>;
  Details<ServiceParameters> parameters_;
  Details<Reception> receptions_;
  Details<Onboarding> onboardings_;
  // By region key: who was it.
  std::unordered_map<std::string, std::vector<const Party*>> by_region_;
};

std::string_view to_string(AgreementKind kind); // "ioev", "ekv", "rv", "ea", "other"
// 14 digits that begin with 99.
bool valid_leika(std::string_view key);

} // namespace directory
