// What the clients of a crash campaign saw, and the judgement of it. The judgement is a pure
// function of the history, so that the self-test can falsify a copy and demand a complaint.
#pragma once
#include "base/clock.h"
#include "crash/push_history.h"
#include "mailbox/process_card.h"
#include "osci/message.h"
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace crash {

// Orders what different threads saw: a request that begins after another's answer has a larger one.
using Tick = std::uint64_t;

// One delivery that a client tried to store.
struct Sent {
  std::string mailbox; // the party it is addressed to
  std::string subject;
  std::string digest;                          // of content and attachments
  std::optional<mailbox::ProcessCard> receipt; // absent: no positive answer was seen
};

// One delivery in one answer to a FetchDelivery.
struct Handed {
  std::string message_id;
  std::string mailbox;
  std::string digest;
  mailbox::ProcessCard card;
  Tick begun = 0; // before the request was sent for the first time
  // The answer to the next request of the same dialog: from here on it is received for good.
  std::optional<Tick> acknowledged;
  base::Instant acknowledged_at{};
};

struct History {
  std::map<std::string, Sent> sent; // by message id
  std::vector<Handed> handed;
  std::map<std::string, PushSent> pushes;            // by message id
  std::vector<PushReceived> received;                // by the passive recipient
  std::map<std::string, mailbox::ProcessCard> cards; // at the end, after everything was fetched
  std::vector<std::string> unexpected;               // answers and exits that should not have been
  std::vector<std::string> points;   // every crash point that the daemon's source names
  std::map<std::string, int> deaths; // at a point
  // For the table only.
  std::uint64_t repeats_answered = 0; // identical bytes sent again, receipt unchanged
  std::uint64_t reuses_refused = 0;   // other bytes under a consumed message id: 9801
  std::uint64_t broken = 0;           // requests that lost their connection at least once
  std::uint64_t pushes_repeated = 0;  // identical bytes sent again, outcome unchanged
};

enum class Rule {
  lost,            // acknowledged, but never handed out
  altered,         // handed out otherwise than sent
  invented,        // handed out or on a card, but never sent, or to somebody else
  delivered_twice, // offered as new after its acknowledgement had been answered
  card,            // a process card that says something else than what happened
  pushed_twice,    // reached the passive recipient in two requests
  push_lost,       // the sender was told that it arrived, and it did not
  reply_lost,      // the sender of a MediateDelivery got another reply than was given, or none
  push_outcome,    // the sender was told something else than the recipient said
  unexpected,      // an answer or an exit that should not have been
  point_missed,    // a crash point at which no daemon died
};
std::string_view to_string(Rule rule);

struct Violation {
  Rule rule;
  std::string what;
};

std::vector<Violation> judge(const History& history);

// Covers what a reader gets to see: content, and each attachment with name and type. Each field
// goes in with its length.
std::string content_digest(const osci::Content& content);

// The history while the clients are at work. Thread-safe.
class Ledger {
 public:
  Tick tick();
  void sent(const std::string& message_id, Sent sent);
  void receipt(const std::string& message_id, const mailbox::ProcessCard& card);
  void repeat(const std::string& message_id, const mailbox::ProcessCard& card);
  std::size_t handed(Handed handed); // for acknowledged()
  void acknowledged(std::size_t handed, base::Instant now);
  void reuse_refused();
  void broken();
  void unexpected(std::string what);
  void death(const std::string& point);
  void points(std::vector<std::string> names);
  void push_sent(const std::string& message_id, PushSent sent);
  void push_told(const std::string& message_id, PushTold told, bool interrupted);
  void push_told_again(const std::string& message_id, const PushTold& told);
  void reply_acknowledged(const std::string& message_id);
  void push_received(PushReceived received);
  void cards(std::map<std::string, mailbox::ProcessCard> cards);
  History copy() const;

 private:
  mutable std::mutex mutex_;
  History history_;
  Tick now_ = 0;
};

} // namespace crash
