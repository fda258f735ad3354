#include "directory/readiness.h"
#include "directory/readiness_checks.h"
#include "directory/responsibility.h"
#include "directory/routing.h"
#include <algorithm>

namespace directory {

using F = ReadinessFinding;

namespace readiness {

CheckResult Findings::done() && {
  auto& remarks = result_.remarks;
  base::check(!remarks.empty(), "a check found nothing");
  std::stable_sort(remarks.begin(), remarks.end(),
                   [](const Remark& a, const Remark& b) { return a.outcome > b.outcome; });
  result_.outcome = remarks.front().outcome;
  // "All is well" beside something that is not would be wrong.
  if (result_.outcome > CheckOutcome::ok)
    std::erase_if(remarks, [](const Remark& one) { return one.outcome <= CheckOutcome::ok; });
  return std::move(result_);
}

Question::Question(const ReadinessFacts& given) : facts(given), body(given.party) {
  if (!facts.party || !facts.service) return;
  if (facts.agreements) {
    body = &processing_body(*facts.agreements, *facts.party, *facts.service, facts.now);
    reception = of_body(&Agreements::reception);
    entitlement =
        judge_entitlement(*facts.agreements, {facts.service->id, body->id, facts.now, body->id});
  }
  if (facts.directory) receiver = receiving_organisation(*facts.directory, *body, *facts.service);
}

std::string Question::record(const std::string& what) const {
  return facts.agreements_source + ": " + what;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

namespace {

constexpr int kServiceEndsSoon = 90;                     // days
constexpr int kSuspensionAhead = 30;                     // days
constexpr int kResponsibilityOld = 30;                   // days
constexpr std::chrono::hours kReportLasts{48};           // of the intermediary about a mailbox
constexpr int kFetchLate = 3, kFetchStopped = 14;        // days
constexpr int kUnfetchedLate = 3, kUnfetchedExpires = 9; // days, as the notices of domain 4.3
constexpr int kTestOverdue = 3, kTestOld = 365;          // days
constexpr int kClock = 28, kClockClose = 7;              // days

std::string pair_of(const Question& question) {
  return quoted(question.facts.party->id) + ", " + quoted(question.facts.service->id);
}

CheckResult check_service(const Question& question) {
  Findings out(ReadinessCheck::service);
  const auto* service = question.facts.service;
  const auto now = question.facts.now;
  if (!service) {
    out.add(F::service_unknown);
    return std::move(out).done();
  }
  out.rests_on(question.record("Dienst " + quoted(service->id)));
  if (service->status == ServiceStatus::planned) out.add(F::service_planned);
  if (service->status == ServiceStatus::ended) out.add(F::service_over);
  const auto* land = question.facts.agreements && question.body
                         ? &question.facts.agreements->land_of(*question.body)
                         : nullptr;
  for (const auto& one : service->suspensions) {
    if (!one.land.empty() && (!land || one.land != *land)) continue;
    const auto reason = one.reason.empty() ? std::string("nicht angegeben") : one.reason;
    const auto& [from, until] = one.validity;
    if (one.validity.contains(now))
      out.add(F::service_suspended, {(from ? " seit dem " + german_date(*from) : "") +
                                         (until ? " bis zum " + german_date(*until) : ""),
                                     reason});
    else if (from && now < *from && german_days(now, *from) <= kSuspensionAhead)
      out.add(F::service_suspension_ahead, {german_date(*from), reason});
  }
  const ServiceVersion* valid = nullptr; // the one that lasts longest
  std::optional<base::Instant> next;
  for (const auto& one : service->versions) {
    if (one.validity.contains(now) &&
        (!valid || (valid->validity.until &&
                    (!one.validity.until || *one.validity.until > *valid->validity.until))))
      valid = &one;
    if (one.validity.from && now < *one.validity.from && (!next || *one.validity.from < *next))
      next = one.validity.from;
  }
  if (!valid)
    out.add(F::service_without_version,
            {next ? "; die nächste gilt ab " + german_date(*next) : std::string()});
  else if (const auto until = valid->validity.until;
           until && !(next && *next <= *until) && german_days(now, *until) <= kServiceEndsSoon)
    out.add(F::service_version_ending,
            {german_date(*until), days_text(german_days(now, *until), true)});
  if (out.empty()) out.add(F::service_live);
  return std::move(out).done();
}

void check_body(Findings& out, const Question& question, const ResponsibilityAnswer& answer) {
  const auto now = question.facts.now;
  const auto& found = *answer.recorded.front();
  if (answer.acting != question.body)
    out.add(F::responsibility_other_body, {found.body, question.body->name});
  std::string missing;
  for (const auto& [value, name] :
       {std::pair{&found.address, "Anschrift"}, std::pair{&found.postcode, "Postleitzahl"},
        std::pair{&found.phone, "Telefon"}, std::pair{&found.mail, "E-Mail"}})
    if (value->empty()) missing += (missing.empty() ? "" : ", ") + std::string(name);
  if (!missing.empty()) out.add(F::responsibility_incomplete, {missing});
  const auto& url = question.facts.service->url;
  if (found.online_url.empty())
    out.add(F::responsibility_no_url);
  else if (!url.empty() && found.online_url != url)
    out.add(F::responsibility_other_url, {found.online_url});
  if (found.checked_at && german_days(*found.checked_at, now) > kResponsibilityOld)
    out.add(F::responsibility_old, {days_text(german_days(*found.checked_at, now), true)});
}

CheckResult check_responsibility(const Question& question) {
  Findings out(ReadinessCheck::responsibility);
  const auto& facts = question.facts;
  if (!facts.agreements || !facts.party || !facts.service || facts.party->ags.empty() ||
      facts.service->leika.empty()) {
    out.add(F::responsibility_unknown);
    return std::move(out).done();
  }
  std::string body;
  for (const auto& leika : facts.service->leika) {
    const auto answer = find_responsible(
        *facts.agreements, {leika, facts.party->ags, facts.now, {}, facts.service->id});
    const auto& found = answer.recorded;
    for (const auto* one : found)
      out.rests_on(question.record("Zuständigkeit " + leika + ", " + one->region), one->checked_at);
    // Without the day of the look-up nobody knows what it is worth; one that is still to come is a
    // slip of the pen.
    if (found.empty() || std::any_of(found.begin(), found.end(), [&](const auto* one) {
          return !one->checked_at || *one->checked_at > facts.now;
        })) {
      out.add(F::responsibility_not_checked, {leika});
    } else if (found.size() > 1) {
      std::string names;
      for (const auto* one : found) names += (names.empty() ? "" : "; ") + one->body;
      out.add(F::responsibility_several, {leika, names});
    } else {
      check_body(out, question, answer);
      body = found.front()->body;
    }
  }
  if (out.empty()) out.add(F::responsibility_ok, {body});
  return std::move(out).done();
}

void check_elements(Findings& out, const Question& question, const Service& offered) {
  if (offered.elements.empty()) return; // the installation's own intermediary
  const auto internet =
      std::find_if(offered.elements.begin(), offered.elements.end(),
                   [](const auto& one) { return one.network == Network::internet; });
  if (internet == offered.elements.end()) return out.add(F::entry_no_internet);
  if (internet->intermediary.empty()) return;
  if (question.facts.own_intermediary.empty())
    out.add(F::entry_intermediary_unknown, {internet->intermediary});
  else if (internet->intermediary != question.facts.own_intermediary)
    out.add(F::entry_other_intermediary, {internet->intermediary});
}

void check_offer(Findings& out, const Question& question) {
  const auto& service = *question.facts.service;
  const auto now = question.facts.now;
  std::string others;
  const Service* offered = nullptr;
  for (const auto& version : service.versions)
    for (const auto& one : question.receiver->services) {
      if (one.uri != version.uri) continue;
      if (version.validity.contains(now) && one.current(now))
        offered = &one;
      else
        others += (others.empty() ? "" : ", ") + one.uri;
    }
  if (offered)
    check_elements(out, question, *offered);
  else if (others.empty())
    out.add(F::entry_no_service, {question.receiver->name});
  else
    out.add(F::entry_other_version, {question.receiver->name, others});
}

CheckResult check_directory_entry(const Question& question) {
  Findings out(ReadinessCheck::directory_entry);
  const auto& facts = question.facts;
  if (question.elsewhere()) {
    out.add(F::entry_not_needed, {question.reception->alternative});
    out.rests_on(question.record("Empfang " + pair_of(question)));
    return std::move(out).done();
  }
  if (!facts.directory || !question.body) {
    out.add(F::entry_unknown);
    return std::move(out).done();
  }
  const auto* entry = question.receiver;
  if (!entry) {
    if (question.body->organisations.empty())
      out.add(F::entry_no_key, {question.body->name});
    else
      out.add(F::entry_missing, {question.body->organisations.front()});
    out.rests_on(facts.directory_source, facts.directory_date);
    return std::move(out).done();
  }
  out.rests_on(facts.directory_source + ": Organisation " + quoted(entry->key),
               facts.directory_date);
  if (entry->test) out.add(F::entry_test, {entry->name});
  const auto& category = facts.service->recipient_category;
  if (!category.empty() && !entry->of_category({category})) {
    std::string mine;
    for (const auto& one : entry->categories) mine += (mine.empty() ? "" : ", ") + one;
    out.add(F::entry_category, {entry->key, mine, category});
  }
  // The last two digits tell the environment, where the published rule is kept (domain 1.3).
  if (entry->key.size() != 16 || entry->key[3] != ':')
    out.add(F::entry_unusual_key, {entry->key});
  else if (!entry->key.ends_with("00"))
    out.add(F::entry_test_digits, {entry->key, entry->key.substr(14)});
  check_offer(out, question);
  if (out.empty()) out.add(F::entry_ok, {entry->name});
  return std::move(out).done();
}

void judge_mailbox(Findings& out, const MailboxObservation& seen, base::Instant now) {
  if (now - seen.seen_at > kReportLasts || seen.seen_at > now)
    return out.add(F::mailbox_report_old, {days_text(german_days(seen.seen_at, now))});
  if (seen.never_fetched) {
    out.add(F::mailbox_never_fetched);
  } else if (!seen.last_fetch) {
    out.add(F::mailbox_fetch_unknown);
  } else if (const int days = german_days(*seen.last_fetch, now); days > kFetchStopped) {
    out.add(F::mailbox_fetch_stopped, {days_text(days, true)});
  } else if (days > kFetchLate) {
    out.add(F::mailbox_fetch_late, {days_text(days, true)});
  }
  if (seen.oldest_unfetched) {
    const int days = german_days(*seen.oldest_unfetched, now);
    const auto count = std::to_string(seen.unfetched);
    if (days > kUnfetchedExpires)
      out.add(F::mailbox_unfetched_expiring, {days_text(days, true), count});
    else if (days > kUnfetchedLate)
      out.add(F::mailbox_unfetched_late, {days_text(days, true), count});
  }
  if (seen.octets && seen.quota && *seen.quota > 0) {
    const double share = static_cast<double>(*seen.octets) / static_cast<double>(*seen.quota);
    if (share >= 1)
      out.add(F::mailbox_full);
    else if (share >= 0.8)
      out.add(F::mailbox_filling, {std::to_string(static_cast<int>(share * 100))});
  }
  if (out.empty()) out.add(F::mailbox_ok, {german_time(*seen.last_fetch)});
}

CheckResult check_mailbox(const Question& question) {
  Findings out(ReadinessCheck::mailbox);
  const auto& facts = question.facts;
  if (question.elsewhere()) {
    out.add(F::mailbox_not_needed, {question.reception->alternative});
    out.rests_on(question.record("Empfang " + pair_of(question)));
    return std::move(out).done();
  }
  if (!question.receiver) {
    out.add(F::mailbox_unknown);
    return std::move(out).done();
  }
  const auto& mailbox = question.receiver->mailbox;
  out.rests_on(facts.directory_source + ": Postfach " + quoted(mailbox), facts.directory_date);
  if (mailbox.empty()) {
    out.add(F::mailbox_missing, {question.receiver->name});
    return std::move(out).done();
  }
  const auto seen =
      std::find_if(facts.mailboxes.begin(), facts.mailboxes.end(),
                   [&](const MailboxObservation& one) { return one.mailbox == mailbox; });
  if (seen == facts.mailboxes.end()) {
    out.add(F::mailbox_unknown);
  } else {
    out.rests_on(facts.mailbox_source, seen->seen_at);
    judge_mailbox(out, *seen, facts.now);
  }
  return std::move(out).done();
}

CheckResult check_reception(const Question& question) {
  Findings out(ReadinessCheck::reception);
  const auto* reception = question.reception;
  if (!reception) {
    out.add(F::reception_unknown);
    return std::move(out).done();
  }
  out.rests_on(question.record("Empfang " + pair_of(question)), reception->vendor_confirmed);
  const auto& service = *question.facts.service;
  const auto wanted = service.standard + " " + service.standard_version;
  const auto product = reception->product + (reception->product_version.empty() ? "" : " ") +
                       reception->product_version;
  const auto& speaks = reception->speaks;
  const auto vendor = reception->vendor.empty() ? std::string("Hersteller") : reception->vendor;
  if (reception->kind == ReceptionKind::alternative) {
    if (reception->alternative.empty())
      out.add(F::reception_no_alternative);
    else
      out.add(F::reception_alternative, {reception->alternative});
  } else if (reception->product.empty()) {
    out.add(F::reception_no_product);
  } else if (speaks.empty() || service.standard.empty() || service.standard_version.empty()) {
    out.add(F::reception_unconfirmed,
            {product, service.standard.empty() ? "den Standard" : wanted});
  } else if (std::find(speaks.begin(), speaks.end(), wanted) == speaks.end()) {
    std::string list;
    for (const auto& one : speaks) list += (list.empty() ? "" : ", ") + one;
    out.add(F::reception_other_version, {product, wanted, list});
  } else if (!reception->vendor_confirmed || *reception->vendor_confirmed > question.facts.now) {
    out.add(F::reception_undated, {product, wanted});
  } else {
    out.add(F::reception_ok, {product, wanted, vendor});
  }
  return std::move(out).done();
}

std::string euros(std::uint64_t cents) {
  const auto rest = std::to_string(cents % 100);
  return std::to_string(cents / 100) + "," + (rest.size() < 2 ? "0" : "") + rest;
}

CheckResult check_payment(const Question& question) {
  Findings out(ReadinessCheck::payment);
  const auto& facts = question.facts;
  if (facts.service && !facts.service->payment_capable) {
    out.add(F::payment_not_needed);
    out.rests_on(question.record("Dienst " + quoted(facts.service->id)));
    return std::move(out).done();
  }
  const auto* given = question.of_body(&Agreements::parameters);
  if (!given || !given->payment || !given->payment->fee_cents) {
    out.add(F::payment_unknown);
    return std::move(out).done();
  }
  out.rests_on(question.record("Parameter " + pair_of(question)));
  const auto& payment = *given->payment;
  if (*payment.fee_cents == 0)
    out.add(payment.manual_process_confirmed ? F::payment_free_confirmed
                                             : F::payment_free_unconfirmed);
  else if (payment.provider.empty())
    out.add(F::payment_incomplete, {euros(*payment.fee_cents)});
  else
    out.add(F::payment_ok, {euros(*payment.fee_cents), payment.provider});
  return std::move(out).done();
}

CheckResult check_appearance(const Question& question) {
  Findings out(ReadinessCheck::appearance);
  const auto* given = question.of_body(&Agreements::parameters);
  if (!given) {
    out.add(F::appearance_unknown);
    return std::move(out).done();
  }
  out.rests_on(question.record("Parameter " + pair_of(question)));
  if (given->coat_of_arms.empty()) out.add(F::appearance_no_coat_of_arms);
  if (given->privacy_link.empty()) out.add(F::appearance_no_privacy_link);
  if (out.empty()) out.add(F::appearance_ok);
  return std::move(out).done();
}

CheckResult check_test_message(const Question& question) {
  Findings out(ReadinessCheck::test_message);
  const auto now = question.facts.now;
  const auto* sent = question.facts.test_message;
  if (!sent && question.reception && question.reception->test_message)
    sent = &*question.reception->test_message;
  if (!sent || !sent->stored) {
    out.add(F::test_missing);
    return std::move(out).done();
  }
  const auto& [message_id, stored, fetched, acknowledged] = *sent;
  const auto record = "Testnachricht " + quoted(message_id);
  out.rests_on(sent == question.facts.test_message ? record + ", Laufzettel"
                                                   : question.record(record),
               acknowledged ? acknowledged
               : fetched    ? fetched
                            : stored);
  std::optional<base::Instant> last;
  for (const auto& at : {stored, fetched, acknowledged}) {
    if (at && ((last && *at < *last) || *at > now)) {
      out.add(F::test_times_wrong);
      return std::move(out).done();
    }
    if (at) last = at;
  }
  const int days = german_days(*stored, now);
  if (!fetched || !acknowledged) {
    if (acknowledged)
      out.add(F::test_times_wrong);
    else if (days > kTestOverdue)
      out.add(F::test_overdue,
              {german_date(*stored), days_text(days, true), fetched ? "quittiert" : "abgeholt"});
    else if (fetched)
      out.add(F::test_not_acknowledged, {german_time(*stored), german_time(*fetched)});
    else
      out.add(F::test_not_fetched, {german_time(*stored)});
    return std::move(out).done();
  }
  // Of the certificate that applications are enciphered for, named at the service or not.
  const crypto::Certificate* current = nullptr;
  if (question.receiver && question.facts.service)
    for (const auto& version : question.facts.service->versions)
      if (!current && version.validity.contains(now))
        current = recipient_certificate(*question.receiver, version.uri, now);
  const auto since = [&](const crypto::Certificate& one) {
    for (const auto& listed : question.receiver->certificates)
      if (listed.use == CertificateUse::cipher && listed.certificate == one && listed.valid_from)
        return std::max(*listed.valid_from, one.not_before());
    return one.not_before();
  };
  if (current && *stored < since(*current))
    out.add(F::test_old, {german_date(*stored), "seither gilt ein neues Zertifikat (ab " +
                                                    german_date(since(*current)) + ")"});
  else if (days > kTestOld)
    out.add(F::test_old, {german_date(*stored), "das ist mehr als ein Jahr her"});
  else
    out.add(F::test_ok, {german_time(*stored), german_time(*fetched), german_time(*acknowledged)});
  return std::move(out).done();
}

CheckResult check_clock(const Question& question) {
  Findings out(ReadinessCheck::clock);
  const auto& facts = question.facts;
  const auto* given = question.of_body(&Agreements::onboarding);
  if (!given) {
    out.add(F::clock_unknown);
    return std::move(out).done();
  }
  const auto complete = given->documents_complete_on;
  out.rests_on(question.record("Einführung " + pair_of(question)), complete);
  if (given->state == OnboardingState::live) {
    out.add(F::clock_live);
  } else if (given->state == OnboardingState::suspended) {
    out.add(F::clock_suspended);
  } else if (given->state == OnboardingState::ended) {
    out.add(F::clock_ended);
  } else if (!complete || *complete > facts.now) {
    // A state beyond that without the day contradicts itself.
    if (given->state <= OnboardingState::documents_incomplete || complete)
      out.add(F::clock_not_started);
    else
      out.add(F::clock_unknown);
  } else {
    const auto target = given->target_date.value_or(german_days_later(*complete, kClock));
    const int left = german_days(facts.now, target);
    const auto began = german_date(*complete), due = german_date(target);
    if (left < 0 && given->state == OnboardingState::test_passed)
      out.add(F::clock_late_but_tested, {began, due, days_text(-left, true)});
    else if (left < 0)
      out.add(F::clock_late, {began, due, days_text(-left, true)});
    else if (left <= kClockClose)
      out.add(F::clock_close, {began, due, days_text(left)});
    else
      out.add(F::clock_running, {began, due, days_text(left)});
  }
  return std::move(out).done();
}

bool tells(const CheckResult& check, F finding) {
  return std::any_of(check.remarks.begin(), check.remarks.end(),
                     [&](const Remark& one) { return one.finding == finding; });
}

} // namespace
} // namespace readiness

const Remark* Readiness::next() const {
  const auto worst =
      std::max_element(checks.begin(), checks.end(),
                       [](const auto& a, const auto& b) { return a.outcome < b.outcome; });
  return worst->outcome <= CheckOutcome::ok ? nullptr : &worst->remarks.front();
}

Readiness judge_readiness(const ReadinessFacts& facts) {
  using namespace readiness;
  const Question question(facts);
  Readiness out{{check_agreement(question, ReadinessCheck::ioev),
                 check_agreement(question, ReadinessCheck::ekv),
                 check_agreement(question, ReadinessCheck::rv),
                 check_agreement(question, ReadinessCheck::ea), check_service(question),
                 check_responsibility(question), check_directory_entry(question),
                 check_certificate(question), check_mailbox(question), check_reception(question),
                 check_payment(question), check_appearance(question), check_test_message(question),
                 check_clock(question)}};
  auto worst = CheckOutcome::not_applicable;
  for (const auto& one : out.checks) worst = std::max(worst, one.outcome);
  switch (worst) {
  case CheckOutcome::not_applicable:
  case CheckOutcome::ok:
    out.state = ReadinessState::ready;
    break;
  case CheckOutcome::warn:
    out.state = ReadinessState::ready_with_notes;
    break;
  case CheckOutcome::unknown:
    out.state = ReadinessState::not_checked;
    break;
  case CheckOutcome::fail:
    out.state = ReadinessState::not_ready;
    break;
  }
  out.suspended =
      tells(out.checks[static_cast<std::size_t>(ReadinessCheck::service)], F::service_suspended) ||
      tells(out.checks[static_cast<std::size_t>(ReadinessCheck::clock)], F::clock_suspended);
  return out;
}

const Party& processing_body(const Agreements& agreements, const Party& party,
                             const EfaService& service, base::Instant now) {
  const auto* acting = &party;
  for (int steps = 0; steps < 4; ++steps) { // a circle in the records ends here
    const auto* next = agreements.transferred_to(*acting, service, now);
    if (!next) break;
    acting = next;
  }
  return *acting;
}

const Organisation* receiving_organisation(const Directory& directory, const Party& body,
                                           const EfaService& service) {
  const Organisation* first = nullptr;
  for (const auto& key : body.organisations) {
    const auto* found = directory.find(key);
    if (!found) continue;
    if (service.recipient_category.empty() || found->of_category({service.recipient_category}))
      return found;
    if (!first) first = found;
  }
  return first;
}

} // namespace directory
