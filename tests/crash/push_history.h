// The part of a history that is about pushes to a passive recipient, and its judgement.
#pragma once
#include "mailbox/process_card.h"
#include <optional>
#include <string>
#include <vector>

namespace crash {

struct History;
struct Violation;

// What an answer told the sender of a push.
struct PushTold {
  std::string code; // the overall result
  std::optional<mailbox::ProcessCard> card;
  std::optional<std::string> reply_digest; // of the reply in the answer to a MediateDelivery
  std::optional<mailbox::ProcessCard> reply_card;

  bool positive() const { return code.starts_with('0') || code.starts_with('3'); }
};

// One ForwardDelivery or MediateDelivery (with protocol) that a client tried to have pushed.
struct PushSent {
  bool mediate = false;
  std::string subject;
  std::string digest;           // of content and attachments
  std::optional<PushTold> told; // absent: no answer was seen
  // The connection broke before the answer: the daemon may have died with the outcome open.
  bool interrupted = false;
  bool reply_acknowledged = false; // the next request of the dialog was answered
};

// One HTTP request that the recipient received completely.
struct PushReceived {
  std::string message_id;
  std::string digest;
  std::optional<mailbox::ProcessCard> card;
  bool accepted = false; // otherwise it answered with a refusal
  std::string reply_id;  // reserved for the reply
  std::optional<std::string> reply_digest;
};

// Pure, as judge(), which calls it.
std::vector<Violation> judge_pushes(const History& history);
// Whether `message_id` is that of a push or of a reply that the recipient was asked for.
bool pushed(const History& history, const std::string& message_id);

} // namespace crash
