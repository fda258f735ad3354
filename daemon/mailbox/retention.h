// How long deliveries and process cards are kept, and who hears of mail that nobody fetches
// (domain 4.3, peers d.3 and S14). Pure: what follows from the times of one delivery at one moment.
// Everything is a duration between instants; calendar, leap days and summer time play no part.
#pragma once
#include "base/clock.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailbox {

// off: nothing is looked at. observe: notices, but nothing is purged. enforce: both.
enum class RetentionMode { off, observe, enforce };

struct RetentionRule {
  base::Milliseconds fetched = std::chrono::hours{7 * 24};    // content, from Reception on
  base::Milliseconds unfetched = std::chrono::hours{90 * 24}; // content, from Creation on
  // Ages at which it is told that nobody has fetched; ascending. After the last one again every
  // `notices_every` (0: no more).
  std::vector<base::Milliseconds> notices{std::chrono::hours{3 * 24}, std::chrono::hours{9 * 24},
                                          std::chrono::hours{14 * 24}};
  base::Milliseconds notices_every = std::chrono::hours{7 * 24};
  bool operator==(const RetentionRule&) const = default;
};

// What one mailbox, one service, or one service in one mailbox has of its own. Empty names: any.
struct RetentionOverride {
  std::string mailbox;
  std::string service; // URI, as MessageMetaData names it
  std::optional<base::Milliseconds> fetched, unfetched;
  bool operator==(const RetentionOverride&) const = default;
};

struct RetentionRules {
  RetentionMode mode = RetentionMode::enforce;
  RetentionRule general;
  base::Milliseconds cards = std::chrono::hours{730 * 24}; // from the last event on
  std::vector<RetentionOverride> overrides;
  bool operator==(const RetentionRules&) const = default;

  // Value by value, the most specific override that states it: mailbox and service; mailbox (it is
  // the organisation that has to account for its mail); service; general. Of equals the first.
  RetentionRule rule_for(std::string_view mailbox, std::string_view service) const;
  // The same for the same rules; other rules mean that everything has to be looked at again.
  std::string fingerprint() const;
};

// delivery: lies in a mailbox. push: handed to a passive recipient, without content here. reply: of
// a MediateDelivery, kept so that a repeat of the request gets it again.
enum class RetainedKind { delivery, push, reply };

// What is known of a delivery, or of the card that is left of it.
struct Retained {
  std::int64_t number = 0; // the store's own, ascending in the order of storing
  std::string message_id;
  std::string mailbox;
  std::string service; // empty: not said
  RetainedKind kind = RetainedKind::delivery;
  base::Instant creation{};
  std::optional<base::Instant> forwarding, reception;
  base::Instant modification{};
  std::optional<base::Instant> purged; // the content is gone since then
  bool quarantined = false;
  bool held = false;
  // Awaits acknowledgement in an open dialog, or is being handed out by chunks.
  bool being_fetched = false;
  std::uint32_t notices = 0;            // number of the last rung that was told
  std::optional<base::Instant> noticed; // when
  bool operator==(const Retained&) const = default;
};

enum class RetentionAction {
  keep,
  notice, // rung `rung` of the ladder is due
  purge,  // the content goes, the process card stays
  forget, // the process card goes, the message id stays consumed
};
enum class PurgeReason { fetched, expired_unfetched, reply_handed_over };
std::string_view to_string(RetentionAction action);
std::string_view to_string(PurgeReason reason);

struct RetentionVerdict {
  RetentionAction action = RetentionAction::keep;
  PurgeReason reason = PurgeReason::fetched; // of a purge
  std::uint32_t rung = 0;                    // of a notice, counted from 1
  std::uint32_t missed = 0;  // rungs before it that nobody was told of: the daemon was down
  bool last_warning = false; // the period is over; the purge follows
  base::Milliseconds age{0}; // since Creation, at least 0
  base::Instant next{};      // when to look again, if the action is carried out now
  bool operator==(const RetentionVerdict&) const = default;
};

// An unfetched delivery is purged at the end of its period, but never before a notice of it is this
// part of the period old: after a long downtime, or when the clock jumps ahead, the first thing
// that happens is a warning.
constexpr int kWarningPart = 30;
// What stands in the way of an overdue purge is looked at again after this.
constexpr std::chrono::minutes kLookAgain{1};
constexpr std::chrono::hours kLookAtQuarantine{24};

// Kept in any case: what is held; what is quarantined (damage must be looked at by people); what is
// being fetched. A clock that was set back makes everything stay longer, and no notice come twice.
RetentionVerdict judge(const Retained& one, const RetentionRules& rules, base::Instant now);

} // namespace mailbox
