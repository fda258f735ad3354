// What must survive the process when a delivery is handed to a passive recipient (wire reference
// 1.5, 1.6): the message id that is spent, the process card, and how the attempt ended. The
// delivery itself is not kept (17.2 Q15); the reply of a MediateDelivery is, so that a repeat of
// the request gets it again.
#pragma once
#include "mailbox/delivery.h"
#include <optional>
#include <string>
#include <vector>

namespace mailbox {

// A ForwardDelivery, or a MediateDelivery with a MessageId.
struct NewPush {
  // As for a mailbox, but without parts, and `mailbox` holds the party of the addressee: it may
  // read the card. No fetch ever finds such a delivery.
  NewDelivery delivery;
  // Id issued for the recipient's reply; spent together with the request's, so that nobody else can
  // use it (14.9 U4).
  std::optional<std::string> reply_id;
};

// The reply of a MediateDelivery. Its addressee is the sender of the request.
struct PushReply {
  NewDelivery delivery; // message_id = the reserved one; `mailbox`: party of its addressee
  // False: the recipient gave the reply no MessageId, so there is no process card of it.
  bool with_card = true;
  // Dialog in which it is handed over; the dialog's next accepted turn sets Reception (17.2 Q3).
  std::string conversation_id;
};

// How a push ended. Recorded once; later calls change nothing.
struct PushResult {
  std::string code; // 97xx or 98xx; empty: the recipient accepted
  std::vector<std::string> warnings;
  bool received = false;               // positive feedback: sets Reception
  std::vector<Inspection> inspections; // of the recipient's certificate, added to the card
  std::optional<PushReply> reply;
  base::Instant now;
};

// What is known of a push.
struct Push {
  ProcessCard card;                  // empty message id: nothing was recorded (no protocol)
  std::vector<std::string> feedback; // warning codes of the acceptance
  bool repeated = false;             // this very request had been recorded before
  bool finished = false;             // `code` and what follows hold
  std::string code;
  std::vector<std::string> warnings;
  std::optional<StoredDelivery> reply;
  bool reply_with_card = false;
  std::optional<std::string> reply_id; // reserved, used or not
};

} // namespace mailbox
