#include "crash/push_history.h"
#include "crash/history.h"
#include <map>

namespace crash {
namespace {

using mailbox::ProcessCard;

bool same_times(const ProcessCard& one, const ProcessCard& other) {
  return one.creation == other.creation && one.forwarding == other.forwarding &&
         one.reception == other.reception;
}

bool in_order(const ProcessCard& card) {
  if (card.forwarding && card.creation > *card.forwarding) return false;
  return !card.reception || (card.forwarding && *card.forwarding <= *card.reception);
}

class PushJudge {
 public:
  explicit PushJudge(const History& history) : h_(history) {}

  std::vector<Violation> verdict() {
    for (const auto& one : h_.received) {
      const auto sent = h_.pushes.find(one.message_id);
      if (sent == h_.pushes.end())
        complain(Rule::invented, "'" + one.message_id + "' was pushed");
      else if (sent->second.digest != one.digest)
        complain(Rule::altered, one.message_id);
      if (!arrived_.emplace(one.message_id, &one).second)
        complain(Rule::pushed_twice, one.message_id);
    }
    for (const auto& [id, sent] : h_.pushes) {
      const auto at = arrived_.find(id);
      const PushReceived* arrived = at == arrived_.end() ? nullptr : at->second;
      if (sent.told) judge_told(id, sent, *sent.told, arrived);
      judge_card(id, sent, arrived);
      if (arrived && !arrived->reply_id.empty()) judge_reply_card(id, sent, *arrived);
    }
    return std::move(out_);
  }

 private:
  void complain(Rule rule, std::string what) { out_.push_back({rule, std::move(what)}); }

  // What the sender was told must be what the recipient said, or that nobody knows.
  void judge_told(const std::string& id, const PushSent& sent, const PushTold& told,
                  const PushReceived* arrived) {
    if (told.positive()) {
      if (!arrived)
        complain(Rule::push_lost, id);
      else if (!arrived->accepted)
        complain(Rule::push_outcome, id + " was refused, and its sender told " + told.code);
      else if (sent.mediate && (!told.reply_digest || told.reply_digest != arrived->reply_digest))
        complain(Rule::reply_lost, id);
      if (!sent.mediate && told.reply_digest)
        complain(Rule::push_outcome, id + " is a ForwardDelivery and got a reply");
      return;
    }
    if (told.reply_digest)
      complain(Rule::push_outcome, id + " failed with " + told.code + " and has a reply");
    if (told.code == "9805" && (!arrived || arrived->accepted))
      complain(Rule::push_outcome, id + " was not refused, and its sender told so");
    if (told.code == "9810" && !sent.interrupted)
      complain(Rule::push_outcome, id + " has an open outcome, but no daemon died meanwhile");
  }

  void judge_card(const std::string& id, const PushSent& sent, const PushReceived* arrived) {
    const auto at = h_.cards.find(id);
    if (at == h_.cards.end()) {
      if (sent.told || arrived) complain(Rule::card, id + " has no card");
      return;
    }
    const ProcessCard& card = at->second;
    if (!in_order(card)) complain(Rule::card, id + " has times missing or in the wrong order");
    if (card.subject != sent.subject) complain(Rule::card, id + " has another subject");
    // Forwarding comes before the first octet.
    if (arrived && !card.forwarding)
      complain(Rule::card, id + " arrived and has a card without Forwarding");
    if (card.reception && (!arrived || !arrived->accepted))
      complain(Rule::card, id + " shows a Reception that the recipient never confirmed");
    if (arrived && (!arrived->card || arrived->card->creation != card.creation ||
                    arrived->card->forwarding != card.forwarding || arrived->card->reception))
      complain(Rule::card, id + " was pushed with another card");
    if (!sent.told) return;
    if (sent.told->positive() != card.reception.has_value())
      complain(Rule::card, id + " was answered with " + sent.told->code + ", and its card has " +
                               (card.reception ? "a" : "no") + " Reception");
    if (!card.forwarding) complain(Rule::card, id + " has an outcome and no Forwarding");
    if (!sent.told->card || !same_times(*sent.told->card, card))
      complain(Rule::card, id + " has other times than its sender was told");
  }

  void judge_reply_card(const std::string& id, const PushSent& sent, const PushReceived& arrived) {
    const std::string what = "the reply to " + id;
    const auto at = h_.cards.find(arrived.reply_id);
    const bool told = sent.told && sent.told->positive();
    if (at == h_.cards.end()) {
      if (told) complain(Rule::card, what + " has no card");
      return;
    }
    const ProcessCard& card = at->second;
    if (!arrived.reply_digest) complain(Rule::invented, what + " has a card and was never given");
    if (!card.forwarding || !in_order(card))
      complain(Rule::card, what + " has times missing or in the wrong order");
    if (sent.reply_acknowledged && !card.reception)
      complain(Rule::card, what + " was acknowledged and has no Reception");
    if (!told && card.reception)
      complain(Rule::card, what + " was handed to nobody and has a Reception");
    if (told && (!sent.told->reply_card || sent.told->reply_card->message_id != arrived.reply_id ||
                 sent.told->reply_card->creation != card.creation ||
                 sent.told->reply_card->forwarding != card.forwarding))
      complain(Rule::card, what + " has another card than its receiver was told");
  }

  const History& h_;
  std::map<std::string, const PushReceived*> arrived_; // the first
  std::vector<Violation> out_;
};

bool same(const PushTold& one, const PushTold& other) {
  const auto same_card = [](const auto& a, const auto& b) {
    return a.has_value() == b.has_value() && (!a || same_times(*a, *b));
  };
  const auto same_reply_card = [](const auto& a, const auto& b) {
    return a.has_value() == b.has_value() && (!a || a->message_id == b->message_id);
  };
  return one.code == other.code && one.reply_digest == other.reply_digest &&
         same_card(one.card, other.card) && same_reply_card(one.reply_card, other.reply_card);
}

} // namespace

std::vector<Violation> judge_pushes(const History& history) {
  return PushJudge(history).verdict();
}

bool pushed(const History& history, const std::string& message_id) {
  if (history.pushes.contains(message_id)) return true;
  for (const auto& one : history.received)
    if (one.reply_id == message_id) return true;
  return false;
}

void Ledger::push_sent(const std::string& message_id, PushSent sent) {
  const std::lock_guard lock(mutex_);
  if (!history_.pushes.emplace(message_id, std::move(sent)).second)
    history_.unexpected.push_back("message id " + message_id + " was issued twice");
}

void Ledger::push_told(const std::string& message_id, PushTold told, bool interrupted) {
  const std::lock_guard lock(mutex_);
  auto& sent = history_.pushes.at(message_id);
  sent.told = std::move(told);
  sent.interrupted = interrupted;
}

void Ledger::push_told_again(const std::string& message_id, const PushTold& told) {
  const std::lock_guard lock(mutex_);
  const auto& first = history_.pushes.at(message_id).told;
  if (!first || !same(*first, told))
    history_.unexpected.push_back("repeat of push " + message_id + " got another answer");
  ++history_.pushes_repeated;
}

void Ledger::reply_acknowledged(const std::string& message_id) {
  const std::lock_guard lock(mutex_);
  history_.pushes.at(message_id).reply_acknowledged = true;
}

void Ledger::push_received(PushReceived received) {
  const std::lock_guard lock(mutex_);
  history_.received.push_back(std::move(received));
}

} // namespace crash
