#include "directory/entitlement.h"
#include <algorithm>
#include <cstddef>

namespace directory {

namespace {

using Code = EntitlementCode;
using Findings = std::vector<EntitlementFinding>;

std::size_t blocking(const Findings& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const auto& one) { return one.blocks; }));
}

bool names(const Agreement& agreement, const Party& party) {
  return std::find(agreement.parties.begin(), agreement.parties.end(), party.id) !=
         agreement.parties.end();
}

// What keeps an agreement from counting; none: it is active. The order of EntitlementCode is not
// that of importance: see `closeness`.
std::optional<Code> obstacle(const Agreement& one, base::Instant at, bool needs_avv) {
  if (one.state == AgreementState::draft) return Code::draft;
  if (one.state == AgreementState::terminated) return Code::terminated;
  if (one.accession && (!one.confirmed_on || at < *one.confirmed_on)) return Code::unconfirmed;
  if (one.state == AgreementState::signed_only) return Code::signed_only;
  const auto from = one.validity.from ? one.validity.from : one.signed_on;
  if (from && at < *from) return Code::not_yet;
  if (one.validity.until && *one.validity.until <= at) return Code::ended;
  if (needs_avv && !one.avv) return Code::avv_missing;
  return std::nullopt;
}

// Of several agreements that do not count, people want to hear of the one that is nearest to it.
int closeness(Code code) {
  switch (code) {
  case Code::avv_missing:
    return 6;
  case Code::unconfirmed:
    return 5;
  case Code::signed_only:
    return 4;
  case Code::not_yet:
    return 3;
  case Code::draft:
    return 2;
  case Code::ended:
    return 1;
  default:
    return 0;
  }
}

// One kind of agreement, looked for among those of several bodies with one partner.
class Search {
 public:
  Search(const Agreements& all, AgreementKind kind, const EfaService* service, base::Instant at)
      : all_(all), kind_(kind), service_(service), at_(at),
        needs_avv_(kind == AgreementKind::ekv || kind == AgreementKind::ea) {}

  // Null partner: none needed.
  void among(const Party& body, const Party* partner) {
    if (active_) return;
    for (const auto* one : all_.find(kind_, body, service_)) {
      if (partner && !names(*one, *partner)) continue;
      const auto wrong = obstacle(*one, at_, needs_avv_);
      if (!wrong) {
        active_ = one;
        body_ = &body;
        return;
      }
      if (!nearest_ || closeness(wrong_) < closeness(*wrong)) {
        nearest_ = one;
        wrong_ = *wrong;
      }
    }
  }
  const Agreement* active() const { return active_; }
  const Party* body() const { return body_; } // of the active one
  bool anything() const { return active_ || nearest_; }

  EntitlementFinding finding(const Party& concerned) const {
    return {nearest_ ? wrong_ : Code::missing, kind_, nearest_ ? nearest_->id : "", concerned.id,
            true};
  }

 private:
  const Agreements& all_;
  AgreementKind kind_;
  const EfaService* service_;
  base::Instant at_;
  bool needs_avv_;
  const Agreement* active_ = nullptr;
  const Party* body_ = nullptr;
  const Agreement* nearest_ = nullptr;
  Code wrong_ = Code::missing;
};

struct Attempt {
  std::vector<ChainLink> chain;
  Findings findings;
};

// One recipient, one service, one moment.
class Case {
 public:
  Case(const Agreements& all, const EfaService& service, const Party& recipient, base::Instant at)
      : all_(all), service_(service), recipient_(recipient), at_(at),
        predecessors_(all.predecessors(recipient, at)), successors_(all.successors(recipient, at)) {
  }

  Attempt judge() {
    Attempt best = by_representatives();
    if (blocking(best.findings) != 0) {
      const auto other = other_contract();
      if (other.active()) {
        best = {{{ChainStep::other, other.active()->id}}, {}};
        note_date(*other.active(), best.findings);
      } else if (other.anything()) {
        auto finding = other.finding(recipient_);
        finding.blocks = false; // the gap of the chain does; this might have closed it
        best.findings.push_back(std::move(finding));
      }
    }
    note_transfer(best.findings);
    suspensions(best.findings);
    return best;
  }

 private:
  void add(Findings& to, Code code, std::string record = {},
           std::optional<AgreementKind> kind = std::nullopt, bool blocks = true) const {
    to.push_back({code, kind, std::move(record), recipient_.id, blocks});
  }

  Attempt by_representatives() const {
    Attempt best;
    if (recipient_.kind == PartyKind::it_provider) {
      add(best.findings, Code::recipient_is_it_provider);
      return best;
    }
    const auto& land = all_.land_of(recipient_);
    const auto& representatives = all_.representatives(land);
    if (representatives.empty()) {
      add(best.findings, land.empty() ? Code::land_unknown : Code::representative_missing, land);
      return best;
    }
    bool first = true;
    for (const auto* one : representatives) {
      auto attempt = by_representative(*one);
      if (first || blocking(attempt.findings) < blocking(best.findings)) best = std::move(attempt);
      first = false;
    }
    if (representatives.size() > 1)
      add(best.findings, Code::representative_ambiguous, land, std::nullopt, false);
    return best;
  }

  Attempt by_representative(const Party& representative) const {
    auto out = between_representatives(representative);
    framework(representative, out);
    single_agreement(representative, out);
    return out;
  }

  // IÖV and EKV, both with the same partner: the provider or the Kommunalvertreter of its Land.
  Attempt between_representatives(const Party& representative) const {
    const auto& provider = *all_.party(service_.provider);
    const auto& land = all_.land_of(provider);
    Attempt out;
    if (provider.id == representative.id || (!land.empty() && land == representative.land)) {
      out.chain.push_back({ChainStep::own_land, provider.id});
      if (all_.records().own_land_needs_ekv) {
        Search ekv(all_, AgreementKind::ekv, &service_, at_);
        ekv.among(representative, provider.id == representative.id ? nullptr : &provider);
        take(ekv, ChainStep::ekv, representative, out);
      }
      return out;
    }
    out = with_partner(representative, provider);
    for (const auto* other : all_.representatives(land)) {
      if (blocking(out.findings) == 0) break;
      auto attempt = with_partner(representative, *other);
      if (blocking(attempt.findings) < blocking(out.findings) ||
          (attempt.chain.size() == out.chain.size() && !known(out) && known(attempt)))
        out = std::move(attempt);
    }
    return out;
  }

  static bool known(const Attempt& attempt) {
    return std::any_of(attempt.findings.begin(), attempt.findings.end(),
                       [](const auto& one) { return !one.record.empty(); });
  }

  Attempt with_partner(const Party& representative, const Party& partner) const {
    Attempt out;
    Search ioev(all_, AgreementKind::ioev, nullptr, at_);
    ioev.among(representative, &partner);
    take(ioev, ChainStep::ioev, representative, out);
    Search ekv(all_, AgreementKind::ekv, &service_, at_);
    ekv.among(representative, &partner);
    take(ekv, ChainStep::ekv, representative, out);
    return out;
  }

  // The RV: its own, a predecessor's, or its city's if the task has been transferred to it.
  void framework(const Party& representative, Attempt& out) const {
    Search rv(all_, AgreementKind::rv, nullptr, at_);
    among_all(rv, &representative);
    const auto* owner =
        recipient_.kind == PartyKind::aoer ? all_.party(recipient_.parent) : nullptr;
    if (!rv.active() && owner) {
      Search theirs(all_, AgreementKind::rv, nullptr, at_);
      theirs.among(*owner, &representative);
      for (const auto* one : all_.predecessors(*owner, at_)) theirs.among(*one, &representative);
      if (theirs.active() && all_.transfer(*owner, recipient_, service_, at_)) {
        take(theirs, ChainStep::rv, *owner, out);
        out.chain.push_back({ChainStep::transfer, owner->id});
        return;
      }
      if (theirs.active() && !rv.anything()) {
        add(out.findings, Code::transfer_missing, owner->id, AgreementKind::rv);
        return;
      }
      if (!rv.anything()) {
        take(theirs, ChainStep::rv, *owner, out);
        return;
      }
    }
    if (!rv.anything() && elsewhere(AgreementKind::rv, nullptr, out)) return;
    take(rv, ChainStep::rv, recipient_, out);
  }

  void single_agreement(const Party& representative, Attempt& out) const {
    Search ea(all_, AgreementKind::ea, &service_, at_);
    among_all(ea, &representative);
    if (!ea.anything() &&
        (elsewhere(AgreementKind::ea, &service_, out) || by_another(representative, out)))
      return;
    take(ea, ChainStep::ea, recipient_, out);
    if (!ea.active()) return;
    for (const auto* relative : all_.relatives(recipient_)) {
      if (relative->parent != recipient_.id && relative->id != recipient_.parent) continue;
      if (relative->kind != PartyKind::aoer && recipient_.kind != PartyKind::aoer) continue;
      Search second(all_, AgreementKind::ea, &service_, at_);
      second.among(*relative, &representative);
      if (second.active())
        add(out.findings, Code::duplicate, second.active()->id, AgreementKind::ea, false);
    }
  }

  // There is one, but with a Kommunalvertreter that does not contract for this Land.
  bool elsewhere(AgreementKind kind, const EfaService* service, Attempt& out) const {
    Search search(all_, kind, service, at_);
    search.among(recipient_, nullptr);
    if (!search.active()) return false;
    add(out.findings, Code::wrong_representative, search.active()->id, kind);
    return true;
  }

  // There is one, but signed by a body that does not process the data.
  bool by_another(const Party& representative, Attempt& out) const {
    for (const auto* relative : all_.relatives(recipient_)) {
      Search search(all_, AgreementKind::ea, &service_, at_);
      search.among(*relative, &representative);
      if (!search.active()) continue;
      const bool provider = relative->kind == PartyKind::it_provider;
      add(out.findings, provider ? Code::by_it_provider : Code::wrong_body, search.active()->id,
          AgreementKind::ea);
      return true;
    }
    return false;
  }

  Search other_contract() const {
    Search search(all_, AgreementKind::other, &service_, at_);
    among_all(search, nullptr);
    return search;
  }

  // Its own come first; those of what it was or has become are its own too.
  void among_all(Search& search, const Party* partner) const {
    search.among(recipient_, partner);
    for (const auto* one : predecessors_) search.among(*one, partner);
    for (const auto* one : successors_) search.among(*one, partner);
  }

  void take(const Search& search, ChainStep step, const Party& concerned, Attempt& out) const {
    if (!search.active()) {
      out.findings.push_back(search.finding(concerned));
      return;
    }
    out.chain.push_back({step, search.active()->id});
    note_date(*search.active(), out.findings);
    if (search.body() == &concerned) return;
    const bool later =
        std::find(successors_.begin(), successors_.end(), search.body()) != successors_.end();
    add(out.findings, later ? Code::of_successor : Code::of_predecessor, search.active()->id,
        search.active()->kind, false);
  }

  void note_date(const Agreement& one, Findings& to) const {
    if (one.signed_on && at_ < *one.signed_on) add(to, Code::backdated, one.id, one.kind, false);
  }

  void note_transfer(Findings& to) const {
    if (const auto* doing = all_.transferred_to(recipient_, service_, at_))
      add(to, Code::task_transferred, doing->id, std::nullopt, false);
  }

  void suspensions(Findings& to) const {
    const auto& land = all_.land_of(recipient_);
    for (const auto& one : service_.suspensions)
      if ((one.land.empty() || one.land == land) && one.validity.contains(at_))
        add(to, Code::service_suspended, one.reason);
  }

  const Agreements& all_;
  const EfaService& service_;
  const Party& recipient_;
  base::Instant at_;
  std::vector<const Party*> predecessors_, successors_;
};

void judge_service(const EfaService& service, const EntitlementQuestion& question, Findings& to) {
  if (service.status == ServiceStatus::planned)
    to.push_back({Code::service_planned, {}, service.id, {}, true});
  if (service.status == ServiceStatus::ended)
    to.push_back({Code::service_ended, {}, service.id, {}, true});
  // Asked by its id, any version will do.
  const bool by_id = question.service == service.id;
  bool current = service.versions.empty(), coming = false;
  for (const auto& one : service.versions) {
    if (!by_id && one.uri != question.service) continue;
    current = current || one.validity.contains(question.at);
    coming = coming || (one.validity.from && question.at < *one.validity.from);
  }
  if (!current)
    to.push_back({coming ? Code::version_not_yet : Code::version_ended,
                  {},
                  std::string(question.service),
                  {},
                  true});
}

void judge_listing(const EntitlementQuestion& question, const EfaService& service,
                   const std::vector<const Party*>& parties, Findings& to) {
  std::vector<std::string> keys{std::string(question.recipient)};
  if (parties.size() == 1 && parties[0]->id == question.recipient) keys = parties[0]->organisations;
  bool listed = false, offered = false, test = !keys.empty();
  for (const auto& key : keys) {
    const auto* organisation = question.directory->find(key);
    if (!organisation) {
      test = false;
      continue;
    }
    listed = true;
    test = test && organisation->test;
    for (const auto& one : organisation->services)
      offered = offered || (one.current(question.at) &&
                            (question.service == service.id
                                 ? std::any_of(service.versions.begin(), service.versions.end(),
                                               [&](const auto& v) { return v.uri == one.uri; })
                                 : one.uri == question.service));
  }
  const std::string recipient(question.recipient);
  if (!listed)
    to.push_back({Code::not_in_directory, {}, recipient, {}, false});
  else if (!offered)
    to.push_back({Code::service_not_offered, {}, recipient, {}, false});
  if (test) to.push_back({Code::test_organisation, {}, recipient, {}, true});
}

std::vector<const Party*> recipients(const Agreements& all, const EntitlementQuestion& question) {
  std::vector<const Party*> out;
  if (const auto* party = all.party(question.recipient))
    out = {party};
  else
    out = all.parties_of(question.recipient);
  if (!question.party.empty())
    std::erase_if(out, [&](const Party* one) { return one->id != question.party; });
  // An IT provider may answer for the organisation technically; it is not the recipient.
  if (std::any_of(out.begin(), out.end(),
                  [](const Party* one) { return one->kind != PartyKind::it_provider; }))
    std::erase_if(out, [](const Party* one) { return one->kind == PartyKind::it_provider; });
  return out;
}

void append(Findings& to, Findings&& more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

} // namespace

Entitlement judge_entitlement(const Agreements& all, const EntitlementQuestion& question) {
  Entitlement out;
  const auto* service = all.service(question.service);
  if (!service)
    out.findings.push_back(
        {Code::service_unknown, {}, std::string(question.service.substr(0, 512)), {}, true});
  const auto parties = recipients(all, question);
  if (parties.empty())
    out.findings.push_back(
        {Code::recipient_unknown, {}, std::string(question.recipient.substr(0, 512)), {}, true});
  if (!out.findings.empty()) return out;

  out.service = service->id;
  judge_service(*service, question, out.findings);
  const auto own = out.findings.size();
  std::size_t best = 0; // fewest obstacles so far
  Findings others;
  for (const auto* party : parties) {
    auto attempt = Case(all, *service, *party, question.at).judge();
    const auto obstacles = blocking(attempt.findings);
    if (obstacles != 0 && parties.size() > 1)
      others.push_back({Code::not_for_party, {}, party->id, party->id, false});
    if (!out.party.empty() && best <= obstacles) continue;
    best = obstacles;
    out.party = party->id;
    out.chain = std::move(attempt.chain);
    out.findings.resize(own);
    append(out.findings, std::move(attempt.findings));
  }
  append(out.findings, std::move(others));
  if (question.directory) judge_listing(question, *service, parties, out.findings);
  out.entitled = blocking(out.findings) == 0;
  return out;
}

AgreementMode mode_of(const Agreements& agreements, std::string_view service,
                      AgreementMode installation) {
  const auto* found = agreements.service(service);
  return found && found->mode ? *found->mode : installation;
}

} // namespace directory
