#include "gateway/admission.h"
#include "base/log.h"
#include <algorithm>
#include <utility>
#include <vector>

namespace gateway {
namespace {

using base::Allowance;
using std::chrono::milliseconds;

constexpr milliseconds kHour{3'600'000}, kDay{86'400'000}, kTellAgain{60'000};
constexpr std::size_t kToldKeys = 1024;
// Whoever is over a day's amount may ask again sooner: the allowance may have been changed.
constexpr std::int64_t kLongestWait = 3600;

std::vector<Allowance> allowances(const AdmissionRules& rules) {
  const std::uint64_t burst = std::max(rules.sender_burst, std::uint32_t{1});
  return {Allowance{rules.sender_rate == 0 ? 0 : burst, rules.sender_rate, milliseconds{1000}},
          Allowance{rules.sender_octets_hour, rules.sender_octets_hour, kHour},
          Allowance{rules.sender_octets_day, rules.sender_octets_day, kDay}};
}

std::string text_of(std::size_t which, unsigned seconds) {
  const std::string wait = std::to_string(seconds);
  const std::string what_german = which == 0 ? "zu viele Anfragen" : "zu viele Daten";
  const std::string what_english = which == 0 ? "too many requests" : "too much data";
  return "Nicht bearbeitet: " + what_german +
         " dieses Absenders in kurzer Zeit. Es wurde nichts gespeichert, die Nachrichtenkennung "
         "bleibt gültig. Bitte senden Sie dieselbe Nachricht in " +
         wait +
         " Sekunden erneut und verteilen Sie große Mengen über die Zeit; reicht das nicht, wenden "
         "Sie sich an den Betreiber des Intermediärs.\n"
         "Not processed: " +
         what_english +
         " of this sender in a short time. Nothing was stored, the message id stays valid. Please "
         "send the same message again in " +
         wait +
         " seconds and spread large amounts over time; if that is not enough, turn to the operator "
         "of the intermediary.\n";
}

} // namespace

Admission::Admission(AdmissionRules rules, Clock now)
    : rules_(rules), now_(std::move(now)),
      senders_(allowances(rules), std::max<std::size_t>(1, rules.senders)),
      told_({Allowance{1, 1, kTellAgain}}, kToldKeys) {}

unsigned Admission::spread_retry() const {
  const auto refused =
      counts_.overloaded + counts_.sender_rate + counts_.sender_octets; // this one included
  return rules_.retry_after_seconds +
         static_cast<unsigned>(refused % (rules_.retry_after_seconds + 1));
}

bool Admission::refuses(const std::string& party, std::size_t octets, bool begun, Busy& busy) {
  const auto answer = senders_.take(party, {1, octets, octets}, now_(), begun);
  if (answer.taken) return false;
  ++(answer.which == 0 ? counts_.sender_rate : counts_.sender_octets);
  const auto seconds =
      std::clamp<std::int64_t>((answer.wait.count() + 999) / 1000, 1, kLongestWait);
  busy.retry_after_seconds = static_cast<unsigned>(seconds);
  busy.text = text_of(answer.which, busy.retry_after_seconds);
  static constexpr const char* limits[] = {"sender_rate", "sender_octets_hour",
                                           "sender_octets_day"};
  const std::string limit = limits[answer.which];
  if (may_tell(limit + " " + party))
    base::log(base::LogLevel::warning, "sender.over_limit",
              "a sender is over its limit; more of it is counted, not logged, for a minute",
              {{"party", party}, {"limit", limit}, {"retry_after", std::to_string(seconds)}});
  return true;
}

Busy Admission::overloaded(const std::string& reason) {
  ++counts_.overloaded;
  if (may_tell("overloaded " + reason))
    base::log(base::LogLevel::warning, "request.busy",
              "a request was sent away (503); more are counted, not logged, for a minute",
              {{"rule", reason}});
  return Busy{spread_retry(), {}};
}

void Admission::count_full(const std::string& mailbox, const std::string& party) {
  ++counts_.mailbox_full;
  if (may_tell("mailbox " + mailbox))
    base::log(base::LogLevel::warning, "mailbox.full",
              "deliveries are refused (9811), too many wait unfetched; more are counted, not "
              "logged, for a minute",
              {{"mailbox", mailbox},
               {"party", party},
               {"limit", std::to_string(rules_.mailbox_waiting)}});
}

base::Result<> room_in_mailbox(mailbox::Store& store, const std::string& mailbox,
                               const std::string& originator, const std::string& message_id,
                               std::uint64_t most_waiting) {
  if (most_waiting == 0) return {};
  // A message id that nobody has: nothing is found, and all that waits is counted.
  mailbox::FetchSelection nothing;
  nothing.mailboxes = {mailbox};
  nothing.rule = mailbox::FetchRule::message_id;
  const auto seen = store.read(nothing);
  if (!seen) return seen.error();
  if (seen->waiting < most_waiting) return {};
  mailbox::CardSelection same;
  same.party = originator;
  same.rule = mailbox::CardRule::message_ids;
  same.message_ids = {message_id};
  same.limit = 1;
  const auto cards = store.cards(same, std::nullopt);
  if (!cards) return cards.error();
  if (!cards->cards.empty()) return {};
  return base::fail(base::ErrorCode::mailbox_full, "mailbox " + mailbox);
}

} // namespace gateway
