// Checks 1 to 4: IÖV, EKV, RV, EA (domain 5.1, 5.2). Whether they carry is for entitlement.h to
// judge; here it is told check by check, with names instead of ids.
#include "directory/readiness_checks.h"
#include <algorithm>

namespace directory::readiness {
namespace {

using F = ReadinessFinding;
using Code = EntitlementCode;

constexpr int kEndingSoon = 90; // days

struct Kind {
  AgreementKind kind;
  ChainStep step;
  std::string name;
  Actor signer; // who has to move what is not signed
};

Kind kind_of(ReadinessCheck check) {
  switch (check) {
  case ReadinessCheck::ioev:
    return {AgreementKind::ioev, ChainStep::ioev, "Die IÖV", Actor::kommunalvertreter};
  case ReadinessCheck::ekv:
    return {AgreementKind::ekv, ChainStep::ekv, "Die EKV", Actor::kommunalvertreter};
  case ReadinessCheck::rv:
    return {AgreementKind::rv, ChainStep::rv, "Der Rahmenvertrag", Actor::municipality};
  default:
    return {AgreementKind::ea, ChainStep::ea, "Der Einzelabruf", Actor::municipality};
  }
}

const ChainLink* link(const Entitlement& entitlement, ChainStep step) {
  const auto found = std::find_if(entitlement.chain.begin(), entitlement.chain.end(),
                                  [&](const ChainLink& one) { return one.step == step; });
  return found == entitlement.chain.end() ? nullptr : &*found;
}

// By its id, among those of the body and of its Kommunalvertreter; these have what a city or a
// predecessor has closed too.
const Agreement* agreement_of(const Question& question, AgreementKind kind, std::string_view id) {
  const auto& all = *question.facts.agreements;
  auto parties = all.representatives(all.land_of(*question.body));
  parties.insert(parties.begin(), question.body);
  for (const auto* party : parties)
    for (const auto* one : all.find(kind, *party, question.facts.service))
      if (one->id == id) return one;
  return nullptr;
}

// A digest says nothing to people.
std::string label(const Agreement* agreement, const std::string& id) {
  return !agreement || agreement->reference.empty() || agreement->reference.size() > 40
             ? id
             : agreement->reference;
}

void cite(Findings& out, const Question& question, const Agreement* agreement) {
  if (!agreement) return;
  auto what = "Vereinbarung " + quoted(agreement->id);
  if (!agreement->reference.empty()) what += " (" + agreement->reference + ")";
  out.rests_on(question.record(what), agreement->confirmed_on ? agreement->confirmed_on
                                      : agreement->signed_on  ? agreement->signed_on
                                                              : agreement->validity.from);
}

std::string joined(const std::vector<const Party*>& parties) {
  std::string out;
  for (const auto* one : parties) out += (out.empty() ? "" : " oder ") + one->name;
  return out;
}

// Those between whom an agreement of this kind is missing.
std::pair<std::string, std::string> sides(const Question& question, const Kind& kind) {
  const auto& all = *question.facts.agreements;
  const auto ours = joined(all.representatives(all.land_of(*question.body)));
  if (kind.signer == Actor::municipality) return {question.body->name, ours};
  const auto* provider = all.party(question.facts.service->provider);
  std::vector<const Party*> theirs{provider};
  for (const auto* one : all.representatives(all.land_of(*provider)))
    if (one != provider) theirs.push_back(one);
  return {ours, joined(theirs)};
}

// The party of an agreement that is no Kommunalvertreter.
std::string signatory(const Question& question, const Agreement* agreement) {
  if (agreement)
    for (const auto& id : agreement->parties)
      if (const auto* one = question.facts.agreements->party(id);
          one && one->kind != PartyKind::kommunalvertreter)
        return one->name;
  return "eine andere Stelle";
}

void tell_gap(Findings& out, const Question& question, const Kind& kind,
              const EntitlementFinding& gap) {
  const auto* agreement = agreement_of(question, kind.kind, gap.record);
  const auto which = label(agreement, gap.record);
  const auto day = [](const std::optional<base::Instant>& at) {
    return at ? german_date(*at) : std::string("einem späteren Tag");
  };
  switch (gap.code) {
  case Code::draft:
    out.add(F::agreement_draft, {kind.name, which}, kind.signer);
    break;
  case Code::signed_only:
    out.add(F::agreement_not_countersigned, {kind.name, which});
    break;
  case Code::unconfirmed:
    out.add(F::agreement_unconfirmed, {kind.name, which});
    break;
  case Code::not_yet:
    out.add(F::agreement_not_yet,
            {kind.name, which,
             day(agreement->validity.from ? agreement->validity.from : agreement->signed_on)});
    break;
  case Code::ended:
  case Code::terminated:
    out.add(F::agreement_ended,
            {kind.name, which,
             gap.code == Code::ended ? ", seit dem " + day(agreement->validity.until) : ""},
            kind.signer);
    break;
  case Code::avv_missing:
    out.add(F::avv_missing, {kind.name, which}, kind.signer);
    break;
  case Code::wrong_representative:
    out.add(F::agreement_elsewhere, {kind.name, which});
    break;
  case Code::wrong_body:
  case Code::by_it_provider:
    out.add(F::ea_of_wrong_body,
            {kind.name, which, signatory(question, agreement), question.body->name});
    break;
  case Code::transfer_missing: {
    const auto* owner = question.facts.agreements->party(gap.record);
    out.add(F::rv_transfer_missing,
            {kind.name, owner ? owner->name : gap.record, question.body->name});
    break;
  }
  default: {
    const auto [one, other] = sides(question, kind);
    out.add(F::agreement_missing, {kind.name, one, other}, kind.signer);
  }
  }
  cite(out, question, agreement);
}

void tell_link(Findings& out, const Question& question, const Kind& kind, const ChainLink& found) {
  const auto& all = *question.facts.agreements;
  const auto now = question.facts.now;
  const auto* agreement = agreement_of(question, kind.kind, found.record);
  const auto which = label(agreement, found.record);
  cite(out, question, agreement);
  if (const auto until = agreement ? agreement->validity.until : std::nullopt;
      until && german_days(now, *until) <= kEndingSoon) {
    // Does another one carry when this one has ended?
    const auto then = judge_entitlement(
        all, {question.facts.service->id, question.body->id, *until, question.body->id});
    if (!link(then, kind.step) && !link(then, ChainStep::other))
      out.add(F::agreement_ending,
              {kind.name, which, german_date(*until), days_text(german_days(now, *until), true)});
  }
  if (kind.kind == AgreementKind::rv)
    if (const auto* transfer = link(*question.entitlement, ChainStep::transfer)) {
      const auto* owner = all.party(transfer->record);
      return out.add(F::rv_of_parent, {kind.name, which, owner ? owner->name : transfer->record});
    }
  if (kind.kind == AgreementKind::ea && question.body != question.facts.party)
    return out.add(F::ea_of_transferee, {kind.name, which, question.body->name});
  out.add(F::agreement_effective, {kind.name, which});
}

void tell(Findings& out, const Question& question, const Kind& kind) {
  const auto& found = *question.entitlement;
  const bool between_lands = kind.signer == Actor::kommunalvertreter;
  if (const auto* other = link(found, ChainStep::other)) {
    const auto* agreement = agreement_of(question, AgreementKind::other, other->record);
    out.add(F::other_agreement, {kind.name, label(agreement, other->record)});
    return cite(out, question, agreement);
  }
  for (const auto& one : found.findings) {
    if (one.code == Code::duplicate && kind.kind == AgreementKind::ea)
      out.add(F::agreement_duplicate,
              {label(agreement_of(question, kind.kind, one.record), one.record)});
    if (one.code == Code::representative_ambiguous && kind.kind == AgreementKind::rv)
      out.add(F::representative_ambiguous);
    if (one.code == Code::land_unknown || one.code == Code::representative_missing)
      return out.add(F::representative_unknown, {kind.name, question.body->name});
    if (one.code == Code::recipient_is_it_provider)
      return out.add(F::body_is_it_provider, {kind.name, question.body->name});
    if (one.blocks && one.agreement == kind.kind) return tell_gap(out, question, kind, one);
  }
  if (const auto* carries = link(found, kind.step))
    tell_link(out, question, kind, *carries);
  else if (const auto* own = link(found, ChainStep::own_land); own && between_lands) {
    out.add(F::own_land, {kind.name});
    out.rests_on(question.record("Dienst " + quoted(question.facts.service->id) + ", Anbieter " +
                                 quoted(own->record)));
  }
}

} // namespace

CheckResult check_agreement(const Question& question, ReadinessCheck check) {
  Findings out(check);
  const auto kind = kind_of(check);
  if (question.entitlement && !question.facts.agreements->records().agreements.empty())
    tell(out, question, kind);
  if (out.empty()) out.add(F::agreements_unknown, {kind.name});
  return std::move(out).done();
}

} // namespace directory::readiness
