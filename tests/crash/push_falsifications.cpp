#include "crash/push_falsifications.h"
#include <algorithm>
#include <chrono>

namespace crash {
namespace {

using namespace std::chrono_literals;

// The first push of a kind with an outcome; empty: none.
std::string first(const History& history, const std::function<bool(const PushSent&)>& wanted) {
  for (const auto& [id, sent] : history.pushes)
    if (sent.told && wanted(sent)) return id;
  return {};
}

struct Examples {
  explicit Examples(const History& h)
      : forwarded(first(h, [](const PushSent& s) { return !s.mediate && s.told->positive(); })),
        mediated(first(h,
                       [](const PushSent& s) {
                         return s.mediate && s.told->positive() && s.reply_acknowledged;
                       })),
        refused(first(h, [](const PushSent& s) { return s.told->code == "9805"; })) {}
  bool complete() const { return !forwarded.empty() && !mediated.empty() && !refused.empty(); }
  std::string forwarded, mediated, refused;
};

PushReceived& arrival(History& history, const std::string& id) {
  return *std::find_if(history.received.begin(), history.received.end(),
                       [&](const PushReceived& one) { return one.message_id == id; });
}

} // namespace

bool has_pushes(const History& history) {
  return Examples(history).complete();
}

std::vector<Falsification> push_falsifications(const History& good) {
  const Examples e(good);
  if (!e.complete()) return {};
  std::vector<Falsification> out;
  const auto add = [&](std::string name, Rule rule, std::function<void(History&)> change) {
    out.push_back({std::move(name), rule, std::move(change)});
  };
  const auto told = [](History& h, const std::string& id) -> PushTold& {
    return h.pushes.at(id).told.value();
  };
  add("a push that arrived twice", Rule::pushed_twice,
      [e](History& h) { h.received.push_back(PushReceived(arrival(h, e.forwarded))); });
  add("a push that was confirmed and never arrived", Rule::push_lost, [e](History& h) {
    std::erase_if(h.received,
                  [&](const PushReceived& one) { return one.message_id == e.forwarded; });
  });
  add("a reply that its sender never gave", Rule::reply_lost,
      [e](History& h) { arrival(h, e.mediated).reply_digest->front() ^= 1; });
  add("a MediateDelivery without its reply", Rule::reply_lost,
      [e, told](History& h) { told(h, e.mediated).reply_digest.reset(); });
  add("one octet of a push", Rule::altered,
      [e](History& h) { arrival(h, e.forwarded).digest.front() ^= 1; });
  add("a push that nobody sent", Rule::invented, [e](History& h) { h.pushes.erase(e.forwarded); });
  add("a refusal told as success", Rule::push_outcome,
      [e, told](History& h) { told(h, e.refused).code = "0800"; });
  add("a success told as refusal", Rule::push_outcome,
      [e, told](History& h) { told(h, e.forwarded).code = "9805"; });
  add("an open outcome although nobody died", Rule::push_outcome, [e, told](History& h) {
    told(h, e.forwarded).code = "9810";
    h.pushes.at(e.forwarded).interrupted = false;
  });
  add("a push without process card", Rule::card, [e](History& h) { h.cards.erase(e.forwarded); });
  add("a card of a push without Forwarding", Rule::card,
      [e](History& h) { h.cards.at(e.refused).forwarding.reset(); });
  add("a card of a confirmed push without Reception", Rule::card,
      [e](History& h) { h.cards.at(e.forwarded).reception.reset(); });
  add("a card of a refused push with Reception", Rule::card,
      [e](History& h) { h.cards.at(e.refused).reception = h.cards.at(e.refused).forwarding; });
  add("a card of a push with Reception before Forwarding", Rule::card, [e, told](History& h) {
    auto& card = h.cards.at(e.forwarded);
    card.reception = card.forwarding.value() - 1ms;
    told(h, e.forwarded).card = card;
  });
  add("a card of a push with another Creation than was told", Rule::card,
      [e](History& h) { h.cards.at(e.forwarded).creation -= 1ms; });
  add("a reply without process card", Rule::card,
      [e](History& h) { h.cards.erase(arrival(h, e.mediated).reply_id); });
  add("an acknowledged reply without Reception", Rule::card,
      [e](History& h) { h.cards.at(arrival(h, e.mediated).reply_id).reception.reset(); });
  return out;
}

} // namespace crash
