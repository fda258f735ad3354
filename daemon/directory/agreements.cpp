#include "directory/agreements.h"
#include "directory/directory.h"
#include <algorithm>
#include <set>

namespace directory {

namespace {

base::Error refuse(const std::string& subject, std::string_view what) {
  return base::fail(base::ErrorCode::invalid_config, subject + ": " + std::string(what));
}

bool inverted(const Validity& validity) {
  return validity.from && validity.until && *validity.until <= *validity.from;
}

constexpr const char* kInverted = "its validity ends before it begins";

} // namespace

std::string_view to_string(AgreementKind kind) {
  switch (kind) {
  case AgreementKind::ioev:
    return "ioev";
  case AgreementKind::ekv:
    return "ekv";
  case AgreementKind::rv:
    return "rv";
  case AgreementKind::ea:
    return "ea";
  case AgreementKind::other:
    break;
  }
  return "other";
}

bool valid_leika(std::string_view key) {
  return key.size() == 14 && key.starts_with("99") &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool TaskTransfer::covers(std::string_view service, base::Instant at) const {
  return validity.contains(at) && (services.empty() || std::find(services.begin(), services.end(),
                                                                 service) != services.end());
}

std::size_t Agreements::SlotHash::operator()(const Slot& slot) const {
  const std::hash<const void*> hash;
  return hash(slot.party) * 31 + hash(slot.service) * 17 + static_cast<std::size_t>(slot.kind);
}

// Fills a snapshot and holds its records against each other.
class AgreementsBuilder {
 public:
  explicit AgreementsBuilder(Agreements& into) : out_(into), records_(into.records_) {}

  base::Result<> run() {
    if (auto done = parties(); !done) return done;
    if (auto done = services(); !done) return done;
    if (auto done = agreements(); !done) return done;
    if (auto done = transfers(); !done) return done;
    if (auto done = responsibilities(); !done) return done;
    if (auto done = details(records_.parameters, out_.parameters_, "parameters"); !done)
      return done;
    if (auto done = details(records_.receptions, out_.receptions_, "reception"); !done) return done;
    if (auto done = details(records_.onboardings, out_.onboardings_, "onboarding"); !done)
      return done;
    relatives();
    return {};
  }

 private:
  base::Result<> parties() {
    for (const auto& party : records_.parties)
      if (party.id.empty() || !out_.parties_.emplace(party.id, &party).second)
        return refuse("party " + party.id, "the id is empty or used twice");
    for (auto& party : records_.parties) {
      const auto subject = "party " + party.id;
      if (!party.parent.empty() && (!out_.party(party.parent) || party.parent == party.id))
        return refuse(subject, "its parent is no other party of the file");
      if (!party.land.empty() && party.land.size() != 2)
        return refuse(subject, "a Land has two digits, e.g. \"05\"");
      if (party.kind == PartyKind::kommunalvertreter && party.land.empty())
        return refuse(subject, "a Kommunalvertreter contracts for one Land; name it");
      if (party.kind == PartyKind::aoer && party.parent.empty())
        return refuse(subject, "an AöR belongs to a municipality; name it as parent");
      if (!party.ags.empty()) {
        const auto plain = region_digits(party.ags);
        if (!plain || plain->size() == 12)
          return refuse(subject, "its AGS has neither 8 digits nor (a Kreis) 5");
        party.ags = *plain;
        out_.by_region_[party.ags].push_back(&party);
      }
      for (auto& key : party.organisations) {
        auto normal = normalise_key(key);
        if (!normal) return refuse(subject, normal.error().detail);
        key = std::move(*normal);
        auto& answering = out_.by_organisation_[key];
        if (std::find(answering.begin(), answering.end(), &party) != answering.end())
          return refuse(subject, "organisation " + key + " is listed twice");
        answering.push_back(&party);
      }
    }
    for (const auto& party : records_.parties) {
      auto& land = out_.links_[&party].land;
      const auto* at = &party;
      for (int steps = 0; at && land.empty() && steps < 8; ++steps) {
        land = !at->land.empty() ? at->land : at->ags.substr(0, 2);
        at = out_.party(at->parent);
      }
      if (party.kind == PartyKind::kommunalvertreter)
        out_.representatives_[party.land].push_back(&party);
    }
    return {};
  }

  base::Result<> services() {
    for (const auto& service : records_.services)
      if (service.id.empty() || !out_.services_.emplace(service.id, &service).second)
        return refuse("service " + service.id, "the id is empty or used twice");
    for (const auto& service : records_.services) {
      const auto subject = "service " + service.id;
      if (!out_.party(service.provider)) return refuse(subject, "its provider is no party");
      for (const auto& key : service.leika)
        if (!valid_leika(key))
          return refuse(subject, "a LeiKa key has 14 digits and begins with 99");
      for (const auto& version : service.versions) {
        if (version.uri.empty() || !out_.services_.emplace(version.uri, &service).second)
          return refuse(subject, "the URI " + version.uri + " is empty or used twice");
        if (inverted(version.validity)) return refuse(subject, "a version ends before it begins");
      }
      for (const auto& suspension : service.suspensions)
        if (inverted(suspension.validity))
          return refuse(subject, "a suspension ends before it begins");
    }
    return {};
  }

  base::Result<> agreements() {
    std::set<std::string_view> ids;
    for (const auto& one : records_.agreements) {
      const auto subject = "agreement " + one.id;
      if (one.id.empty() || !ids.insert(one.id).second)
        return refuse(subject, "the id is empty or used twice");
      if (const auto wrong = wrong_parties(one); !wrong.empty()) return refuse(subject, wrong);
      if (inverted(one.validity)) return refuse(subject, kInverted);
      const auto* service = out_.service_by_id(one.service);
      if (!one.service.empty() && !service) return refuse(subject, "its service is not listed");
      if (service && (one.kind == AgreementKind::ioev || one.kind == AgreementKind::rv))
        return refuse(subject, "an IÖV and an RV are for all services; leave the service out");
      if (one.kind == AgreementKind::other && one.reference.empty())
        return refuse(subject, "another contract counts only with its reference");
      for (const auto& id : one.parties)
        out_.agreements_[{out_.party(id), service, one.kind}].push_back(&one);
    }
    return {};
  }

  // What a contract of this kind needs; empty: nothing is wrong.
  std::string_view wrong_parties(const Agreement& one) const {
    std::set<std::string_view> distinct;
    bool representative = false, other = false;
    for (const auto& id : one.parties) {
      const auto* party = out_.party(id);
      if (!party) return "a party of it is not listed";
      if (!distinct.insert(id).second) return "a party is named twice";
      (party->kind == PartyKind::kommunalvertreter ? representative : other) = true;
    }
    switch (one.kind) {
    case AgreementKind::ioev:
    case AgreementKind::ekv:
      if (distinct.size() < 2 || !representative)
        return "it is between a Kommunalvertreter and a provider or another Kommunalvertreter";
      break;
    case AgreementKind::rv:
    case AgreementKind::ea:
      if (!representative || !other)
        return "it is between a Kommunalvertreter and the body that uses the services";
      break;
    case AgreementKind::other:
      if (distinct.empty()) return "it names nobody";
      break;
    }
    return {};
  }

  base::Result<> transfers() {
    for (std::size_t i = 0; i < records_.transfers.size(); ++i) {
      const auto& one = records_.transfers[i];
      const auto subject = "transfer " + std::to_string(i + 1);
      const auto* from = out_.party(one.from);
      if (!from || !out_.party(one.to) || one.from == one.to)
        return refuse(subject, "it is from one party of the file to another");
      if (inverted(one.validity)) return refuse(subject, kInverted);
      for (const auto& service : one.services)
        if (!out_.service_by_id(service)) return refuse(subject, "a service is not listed");
      out_.links_[from].given.push_back(&one);
    }
    return {};
  }

  base::Result<> responsibilities() {
    for (std::size_t i = 0; i < records_.responsibilities.size(); ++i) {
      auto& one = records_.responsibilities[i];
      const auto subject = "responsibility " + std::to_string(i + 1);
      if (!valid_leika(one.leika))
        return refuse(subject, "a LeiKa key has 14 digits and begins with 99");
      auto region = region_digits(one.region);
      if (!region) return refuse(subject, "a region is an ARS (12), an AGS (8) or a Kreis (5)");
      one.region = std::move(*region);
      if (!one.party.empty() && !out_.party(one.party))
        return refuse(subject, "its party is not listed");
      const auto* listed = out_.regions_->entry(one.region);
      out_.responsibilities_[one.leika + (listed ? listed->key : one.region)].push_back(&one);
    }
    return {};
  }

  template <class T>
  base::Result<> details(const std::vector<T>& list, Agreements::Details<T>& index,
                         const std::string& what) const {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto subject = what + " " + std::to_string(i + 1);
      if (!out_.party(list[i].party)) return refuse(subject, "its party is not listed");
      if (!out_.service_by_id(list[i].service)) return refuse(subject, "its service is not listed");
      if (!index.try_emplace({list[i].party, list[i].service}, &list[i]).second)
        return refuse(subject, "this party and service have an entry already");
    }
    return {};
  }

  void relate(const Party* a, const Party* b) {
    if (!a || !b || a == b) return;
    for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
      auto& list = out_.links_[one].relatives;
      if (std::find(list.begin(), list.end(), other) == list.end()) list.push_back(other);
    }
  }

  void relatives() {
    for (const auto& party : records_.parties) relate(&party, out_.party(party.parent));
    for (const auto& one : records_.transfers) relate(out_.party(one.from), out_.party(one.to));
    for (const auto& [key, answering] : out_.by_organisation_)
      for (std::size_t i = 1; i < answering.size(); ++i) relate(answering[0], answering[i]);
  }

  Agreements& out_;
  AgreementRecords& records_;
};

base::Result<std::shared_ptr<const Agreements>>
Agreements::make(AgreementRecords records, std::shared_ptr<const Regions> regions) {
  if (!regions) {
    auto none = Regions::make({});
    if (!none) return none.error();
    regions = std::move(*none);
  }
  std::shared_ptr<Agreements> built(new Agreements);
  built->records_ = std::move(records);
  built->regions_ = std::move(regions);
  if (auto done = AgreementsBuilder(*built).run(); !done) return done.error();
  return std::shared_ptr<const Agreements>(std::move(built));
}

const Party* Agreements::party(std::string_view id) const {
  const auto found = parties_.find(id);
  return found == parties_.end() ? nullptr : found->second;
}

const EfaService* Agreements::service(std::string_view id_or_uri) const {
  const auto found = services_.find(id_or_uri);
  return found == services_.end() ? nullptr : found->second;
}

const EfaService* Agreements::service_by_id(std::string_view id) const {
  const auto* found = service(id);
  return found && found->id == id ? found : nullptr;
}

std::vector<const EfaService*> Agreements::services_of(std::string_view leika) const {
  std::vector<const EfaService*> out;
  for (const auto& one : records_.services)
    if (std::find(one.leika.begin(), one.leika.end(), leika) != one.leika.end())
      out.push_back(&one);
  return out;
}

const std::vector<const Party*>& Agreements::parties_of(std::string_view organisation) const {
  static const std::vector<const Party*> nobody;
  const auto key = normalise_key(organisation);
  const auto found = key ? by_organisation_.find(*key) : by_organisation_.end();
  return found == by_organisation_.end() ? nobody : found->second;
}

const std::vector<const Party*>& Agreements::representatives(std::string_view land) const {
  static const std::vector<const Party*> nobody;
  const auto found = representatives_.find(land);
  return found == representatives_.end() ? nobody : found->second;
}

const std::string& Agreements::land_of(const Party& party) const {
  return links_.at(&party).land;
}

std::vector<const Agreement*> Agreements::find(AgreementKind kind, const Party& party,
                                               const EfaService* service) const {
  std::vector<const Agreement*> out;
  const auto add = [&](const EfaService* of) {
    const auto found = agreements_.find({&party, of, kind});
    if (found != agreements_.end())
      out.insert(out.end(), found->second.begin(), found->second.end());
  };
  if (service) add(service);
  add(nullptr);
  return out;
}

std::vector<const Party*> Agreements::predecessors(const Party& party, base::Instant at) const {
  std::vector<const Party*> out;
  if (party.ags.empty()) return out;
  const auto* now = regions_->find(party.ags, at);
  if (!now || now->key != party.ags) return out; // itself one that has ended
  for (const auto* region : regions_->predecessors(*now, at))
    add_same_kind(party, region->key, out);
  return out;
}

std::vector<const Party*> Agreements::successors(const Party& party, base::Instant at) const {
  std::vector<const Party*> out;
  const auto* now = party.ags.empty() ? nullptr : regions_->find(party.ags, at);
  if (now && now->key != party.ags) add_same_kind(party, now->key, out);
  return out;
}

void Agreements::add_same_kind(const Party& party, const std::string& region,
                               std::vector<const Party*>& to) const {
  const auto found = by_region_.find(region);
  if (found == by_region_.end()) return;
  for (const auto* one : found->second)
    if (one->kind == party.kind) to.push_back(one);
}

const std::vector<const Party*>& Agreements::relatives(const Party& party) const {
  return links_.at(&party).relatives;
}

const TaskTransfer* Agreements::transfer(const Party& from, const Party& to,
                                         const EfaService& service, base::Instant at) const {
  for (const auto* one : links_.at(&from).given)
    if (one->to == to.id && one->covers(service.id, at)) return one;
  return nullptr;
}

const Party* Agreements::transferred_to(const Party& from, const EfaService& service,
                                        base::Instant at) const {
  for (const auto* one : links_.at(&from).given)
    if (one->covers(service.id, at)) return party(one->to);
  return nullptr;
}

const std::vector<const Responsibility*>&
Agreements::responsibilities_of(std::string_view leika, std::string_view region_key) const {
  static const std::vector<const Responsibility*> none;
  const auto found = responsibilities_.find(std::string(leika) + std::string(region_key));
  return found == responsibilities_.end() ? none : found->second;
}

const ServiceParameters* Agreements::parameters(std::string_view party,
                                                std::string_view service) const {
  const auto found = parameters_.find({party, service});
  return found == parameters_.end() ? nullptr : found->second;
}

const Reception* Agreements::reception(std::string_view party, std::string_view service) const {
  const auto found = receptions_.find({party, service});
  return found == receptions_.end() ? nullptr : found->second;
}

const Onboarding* Agreements::onboarding(std::string_view party, std::string_view service) const {
  const auto found = onboardings_.find({party, service});
  return found == onboardings_.end() ? nullptr : found->second;
}

} // namespace directory
