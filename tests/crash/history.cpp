#include "crash/history.h"
#include "crypto/digest.h"
#include <algorithm>
#include <set>

namespace crash {
namespace {

// The daemon and the clients read the same clock, but a machine may set it back a little.
constexpr auto kClockSlack = std::chrono::seconds{1};

class Judge {
 public:
  explicit Judge(const History& history) : h_(history) {}

  std::vector<Violation> verdict() {
    for (const auto& what : h_.unexpected) complain(Rule::unexpected, what);
    for (const auto& point : h_.points)
      if (!h_.deaths.contains(point)) complain(Rule::point_missed, point);
    judge_handed();
    judge_sent();
    for (const auto& [id, card] : h_.cards)
      if (!h_.sent.contains(id) && !pushed(h_, id))
        complain(Rule::invented, "process card of " + id);
    auto pushes = judge_pushes(h_);
    out_.insert(out_.end(), pushes.begin(), pushes.end());
    return std::move(out_);
  }

 private:
  void complain(Rule rule, std::string what) { out_.push_back({rule, std::move(what)}); }

  void judge_handed() {
    // The first answer that made a delivery received for good.
    for (const auto& one : h_.handed) {
      if (!one.acknowledged) continue;
      const auto [at, fresh] = first_acknowledged_.try_emplace(one.message_id, &one);
      if (!fresh && *one.acknowledged < *at->second->acknowledged) at->second = &one;
    }
    for (const auto& one : h_.handed) {
      const auto sent = h_.sent.find(one.message_id);
      if (sent == h_.sent.end() || sent->second.mailbox != one.mailbox) {
        complain(Rule::invented, one.message_id + " in mailbox " + one.mailbox);
        continue;
      }
      if (sent->second.digest != one.digest) complain(Rule::altered, one.message_id);
      handed_.insert(one.message_id);
      const auto received = first_acknowledged_.find(one.message_id);
      if (received != first_acknowledged_.end() && one.begun > *received->second->acknowledged)
        complain(Rule::delivered_twice, one.message_id);
      if (!one.card.forwarding)
        complain(Rule::card, one.message_id + " was handed out with a card without Forwarding");
      if (one.card.subject != sent->second.subject)
        complain(Rule::card, one.message_id + " was handed out with another subject");
    }
  }

  void judge_sent() {
    for (const auto& [id, sent] : h_.sent) {
      const auto card = h_.cards.find(id);
      if (sent.receipt && !handed_.contains(id)) complain(Rule::lost, id);
      if (card == h_.cards.end()) {
        if (sent.receipt || handed_.contains(id)) complain(Rule::card, id + " has no card");
        continue;
      }
      judge_card(id, sent, card->second);
    }
  }

  void judge_card(const std::string& id, const Sent& sent, const mailbox::ProcessCard& card) {
    // Without this, a delivery could vanish by being marked as received.
    if (!handed_.contains(id)) complain(Rule::card, id + " has a card but was never handed out");
    if (!card.forwarding || !card.reception) {
      complain(Rule::card, id + " has a card without Forwarding or Reception");
    } else {
      if (card.creation > *card.forwarding || *card.forwarding > *card.reception)
        complain(Rule::card, id + " has times in the wrong order");
      const auto first = first_acknowledged_.find(id);
      // Reception is set once: later than the first answered acknowledgement means that one was
      // lost.
      if (first != first_acknowledged_.end() &&
          *card.reception > first->second->acknowledged_at + kClockSlack)
        complain(Rule::card, id + " shows a Reception later than its acknowledgement");
    }
    if (card.subject != sent.subject) complain(Rule::card, id + " has another subject");
    if (!sent.receipt) return;
    if (card.creation != sent.receipt->creation)
      complain(Rule::card, id + " shows another Creation than its receipt");
    if (card.inspections.size() != sent.receipt->inspections.size())
      complain(Rule::card, id + " shows other inspections than its receipt");
  }

  const History& h_;
  std::map<std::string, const Handed*> first_acknowledged_;
  std::set<std::string> handed_;
  std::vector<Violation> out_;
};

} // namespace

std::string_view to_string(Rule rule) {
  switch (rule) {
  case Rule::lost:
    return "lost";
  case Rule::altered:
    return "altered";
  case Rule::invented:
    return "invented";
  case Rule::delivered_twice:
    return "delivered twice";
  case Rule::card:
    return "process card";
  case Rule::pushed_twice:
    return "pushed twice";
  case Rule::push_lost:
    return "push lost";
  case Rule::reply_lost:
    return "reply lost";
  case Rule::push_outcome:
    return "outcome of a push";
  case Rule::unexpected:
    return "unexpected";
  case Rule::point_missed:
    return "crash point never hit";
  }
  return "?";
}

std::vector<Violation> judge(const History& history) {
  return Judge(history).verdict();
}

std::string content_digest(const osci::Content& content) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto add = [&](std::string_view field) {
    hasher.update(std::to_string(field.size()) + ":");
    hasher.update(field);
  };
  add(content.body);
  for (const auto& attachment : content.attachments) {
    add(attachment.content_id);
    add(attachment.content_type);
    add(attachment.bytes);
  }
  return hasher.finish();
}

Tick Ledger::tick() {
  const std::lock_guard lock(mutex_);
  return ++now_;
}

void Ledger::sent(const std::string& message_id, Sent sent) {
  const std::lock_guard lock(mutex_);
  if (!history_.sent.emplace(message_id, std::move(sent)).second)
    history_.unexpected.push_back("message id " + message_id + " was issued twice");
}

void Ledger::receipt(const std::string& message_id, const mailbox::ProcessCard& card) {
  const std::lock_guard lock(mutex_);
  history_.sent.at(message_id).receipt = card;
}

void Ledger::repeat(const std::string& message_id, const mailbox::ProcessCard& card) {
  const std::lock_guard lock(mutex_);
  const auto& first = history_.sent.at(message_id).receipt;
  if (!first || first->creation != card.creation)
    history_.unexpected.push_back("repeat of " + message_id + " got another receipt");
  ++history_.repeats_answered;
}

std::size_t Ledger::handed(Handed handed) {
  const std::lock_guard lock(mutex_);
  history_.handed.push_back(std::move(handed));
  return history_.handed.size() - 1;
}

void Ledger::acknowledged(std::size_t handed, base::Instant now) {
  const std::lock_guard lock(mutex_);
  auto& one = history_.handed.at(handed);
  one.acknowledged = ++now_;
  one.acknowledged_at = now;
}

void Ledger::reuse_refused() {
  const std::lock_guard lock(mutex_);
  ++history_.reuses_refused;
}

void Ledger::broken() {
  const std::lock_guard lock(mutex_);
  ++history_.broken;
}

void Ledger::unexpected(std::string what) {
  const std::lock_guard lock(mutex_);
  history_.unexpected.push_back(std::move(what));
}

void Ledger::death(const std::string& point) {
  const std::lock_guard lock(mutex_);
  ++history_.deaths[point];
}

void Ledger::points(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  history_.points = std::move(names);
}

void Ledger::cards(std::map<std::string, mailbox::ProcessCard> cards) {
  const std::lock_guard lock(mutex_);
  history_.cards = std::move(cards);
}

History Ledger::copy() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

} // namespace crash
