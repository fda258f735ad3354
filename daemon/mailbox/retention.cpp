#include "mailbox/retention.h"
#include <algorithm>

namespace mailbox {
namespace {

using base::Instant;
using base::Milliseconds;

// How many rungs of the ladder an age has passed.
std::uint32_t rungs(const RetentionRule& rule, Milliseconds age) {
  std::uint32_t out = 0;
  for (const auto& notice : rule.notices)
    if (age >= notice) ++out;
  if (out < rule.notices.size() || rule.notices_every.count() <= 0) return out;
  const auto from = rule.notices.empty() ? Milliseconds{0} : rule.notices.back();
  if (age < from) return out;
  return out + static_cast<std::uint32_t>((age - from) / rule.notices_every);
}

// Age at the rung after `passed` ones; nullopt: there is none.
std::optional<Milliseconds> rung_after(const RetentionRule& rule, std::uint32_t passed) {
  if (passed < rule.notices.size()) return rule.notices[passed];
  if (rule.notices_every.count() <= 0) return std::nullopt;
  const auto from = rule.notices.empty() ? Milliseconds{0} : rule.notices.back();
  const auto more = passed - static_cast<std::uint32_t>(rule.notices.size()) + 1;
  return from + more * rule.notices_every;
}

RetentionVerdict notice(RetentionVerdict out, const Retained& one, std::uint32_t rung,
                        Instant next) {
  out.action = RetentionAction::notice;
  out.rung = std::max(rung, std::max(one.notices, 1u));
  out.missed = out.rung > one.notices ? out.rung - one.notices - 1 : 0;
  out.next = next;
  return out;
}

// The content is over its period: purge it, unless something stands in the way.
RetentionVerdict over(RetentionVerdict out, const Retained& one, const RetentionRules& rules,
                      PurgeReason reason, Instant now) {
  out.next = now + kLookAgain;
  if (one.being_fetched) return out;
  if (rules.mode != RetentionMode::enforce) {
    out.next = now + std::chrono::hours{24};
    return out;
  }
  out.action = RetentionAction::purge;
  out.reason = reason;
  out.next = std::max(one.modification, now) + rules.cards;
  return out;
}

RetentionVerdict unfetched(RetentionVerdict out, const Retained& one, const RetentionRules& rules,
                           const RetentionRule& rule, Instant now) {
  const auto deadline = one.creation + rule.unfetched;
  const bool overdue = now >= deadline && !one.held;
  // Rungs at the end of the period or later count only where no purge comes.
  const auto climbed = one.held ? rungs(rule, out.age)
                                : rungs(rule, std::min(out.age, rule.unfetched - Milliseconds{1}));
  if (!overdue) {
    const auto after = rung_after(rule, std::max(climbed, one.notices));
    auto next = after ? one.creation + *after : now + std::chrono::hours{24};
    if (!one.held) next = after ? std::min(next, deadline) : deadline;
    if (climbed > one.notices) return notice(out, one, climbed, next);
    out.next = next;
    return out;
  }
  const auto warning = std::max(rule.unfetched / kWarningPart, Milliseconds{1});
  // A warning of the future comes from a clock that was wrong: it is none.
  if (climbed > one.notices || !one.noticed || *one.noticed > now) {
    out.last_warning = true;
    return notice(out, one, climbed, now + warning);
  }
  if (now - *one.noticed < warning) {
    out.next = *one.noticed + warning;
    return out;
  }
  return over(out, one, rules, PurgeReason::expired_unfetched, now);
}

// The card that is left, or was everything from the beginning.
RetentionVerdict card(RetentionVerdict out, const Retained& one, const RetentionRules& rules,
                      Instant now) {
  const auto end = std::max(one.modification, one.purged.value_or(one.modification)) + rules.cards;
  out.next = end;
  if (now < end) return out;
  out.next = now + std::chrono::hours{24};
  if (!one.held && rules.mode == RetentionMode::enforce) out.action = RetentionAction::forget;
  return out;
}

} // namespace

std::string_view to_string(RetentionAction action) {
  switch (action) {
  case RetentionAction::keep:
    return "keep";
  case RetentionAction::notice:
    return "notice";
  case RetentionAction::purge:
    return "purge";
  case RetentionAction::forget:
    return "forget";
  }
  return "keep";
}

std::string_view to_string(PurgeReason reason) {
  switch (reason) {
  case PurgeReason::fetched:
    return "fetched";
  case PurgeReason::expired_unfetched:
    return "expired_unfetched";
  case PurgeReason::reply_handed_over:
    return "reply_handed_over";
  }
  return "fetched";
}

RetentionRule RetentionRules::rule_for(std::string_view mailbox, std::string_view service) const {
  RetentionRule out = general;
  const auto rank = [&](const RetentionOverride& one) {
    if (!one.mailbox.empty() && one.mailbox != mailbox) return 0;
    if (!one.service.empty() && one.service != service) return 0;
    return (one.mailbox.empty() ? 0 : 2) + (one.service.empty() ? 0 : 1);
  };
  int of_fetched = 0, of_unfetched = 0;
  for (const auto& one : overrides) {
    const int found = rank(one);
    if (one.fetched && found > of_fetched) {
      out.fetched = *one.fetched;
      of_fetched = found;
    }
    if (one.unfetched && found > of_unfetched) {
      out.unfetched = *one.unfetched;
      of_unfetched = found;
    }
  }
  return out;
}

std::string RetentionRules::fingerprint() const {
  std::string out = std::to_string(static_cast<int>(mode));
  const auto add = [&out](const std::optional<Milliseconds>& value) {
    out += value ? " " + std::to_string(value->count()) : " -";
  };
  add(general.fetched);
  add(general.unfetched);
  add(general.notices_every);
  add(cards);
  for (const auto& one : general.notices) add(one);
  for (const auto& one : overrides) {
    out += "; " + std::to_string(one.mailbox.size()) + ":" + one.mailbox + one.service;
    add(one.fetched);
    add(one.unfetched);
  }
  return out;
}

RetentionVerdict judge(const Retained& one, const RetentionRules& rules, Instant now) {
  RetentionVerdict out;
  out.age = std::max(now - one.creation, Milliseconds{0});
  if (one.purged || one.kind == RetainedKind::push) return card(out, one, rules, now);
  if (one.quarantined) {
    out.next = now + kLookAtQuarantine;
    return out;
  }
  const auto rule = rules.rule_for(one.mailbox, one.service);
  if (one.kind == RetainedKind::delivery && !one.reception)
    return unfetched(out, one, rules, rule, now);
  // A reply was handed over in the answer; nobody can fetch it, only repeat the request.
  const auto from = one.reception.value_or(one.forwarding.value_or(one.creation));
  out.next = from + rule.fetched;
  if (now < out.next) return out;
  if (one.held) {
    out.next = now + std::chrono::hours{24};
    return out;
  }
  return over(
      out, one, rules,
      one.kind == RetainedKind::reply ? PurgeReason::reply_handed_over : PurgeReason::fetched, now);
}

} // namespace mailbox
