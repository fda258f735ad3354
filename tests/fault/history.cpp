#include "fault/history.h"
#include "fault/deliveries.h"
#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace fault {
namespace {

std::vector<std::string> words_of(std::string_view mark) {
  std::istringstream in{std::string(mark)};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::uint32_t number(const std::string& word) {
  return static_cast<std::uint32_t>(std::stoul(word));
}

enum class Phase { begin, told, failed };

// Failed means unchanged.
void note(Step& step, Phase phase) {
  if (phase == Phase::told) step.told = true;
  if (!step.told) step.begun = phase == Phase::begin;
  if (step.told) step.begun = true;
}

bool is_push_side(const std::string& id) {
  return id.starts_with("push-") || id.starts_with("reply-");
}

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
    return "card";
  case Rule::forgotten:
    return "forgotten";
  case Rule::damaged:
    return "damaged";
  case Rule::no_start:
    return "no start";
  case Rule::stuck:
    return "stuck";
  case Rule::unexpected:
    return "unexpected";
  }
  return "";
}

void History::add(std::string_view mark) {
  const auto words = words_of(mark);
  if (words.empty()) return;
  if (words[0] == "gave-up" || words[0] == "unexpected") {
    unexpected.emplace_back(mark);
    return;
  }
  if (words[0] == "refused") {
    ++promises;
    return;
  }
  if (words[0] != "begin" && words[0] != "told" && words[0] != "failed") return;
  if (words.size() < 3) throw std::invalid_argument("unreadable mark");
  const Phase phase = words[0] == "begin"  ? Phase::begin
                      : words[0] == "told" ? Phase::told
                                           : Phase::failed;
  if (phase == Phase::told) ++promises;
  const auto& operation = words[1];
  const auto& id = words[2];
  if (operation == "store") {
    auto& known = deliveries[id];
    if (phase == Phase::told) {
      const base::Instant creation{base::Milliseconds{std::stoll(words.at(3))}};
      if (known.store.told && creation != known.creation)
        unexpected.push_back("another receipt for the repeat of " + id);
      known.creation = creation;
    }
    note(known.store, phase);
  } else if (operation == "dialog") {
    note(dialogs[id].open, phase);
  } else if (operation == "turn") {
    auto& dialog = dialogs[id];
    const auto sequence = number(words.at(3));
    auto& awaiting = awaiting_[id];
    dialog.maybe = phase == Phase::failed ? dialog.told : sequence + 1;
    for (const auto& one : awaiting) note(deliveries[one].received, phase);
    fetching = phase == Phase::begin;
    if (phase != Phase::told) return;
    dialog.told = sequence + 1;
    awaiting.clear();
    if (words.size() < 5 || words[4] == "-") return;
    note(deliveries[words[4]].handed, Phase::told);
    awaiting.insert(words[4]);
  } else if (operation == "chunk") {
    note(chunks[id][number(words.at(3))], phase);
  } else if (operation == "piece") {
    auto& known = deliveries[id];
    known.handed.begun = true;
    if (phase != Phase::told) return;
    known.pieces[number(words.at(3))] = words.at(4);
    known.piece_dialog = words.at(5);
    note(known.handed, phase); // Forwarding is stamped with the first one
    if (known.pieces.size() == frozen_pieces(id)) awaiting_[known.piece_dialog].insert(id);
  } else if (operation == "push") {
    note(pushes[id].begin, phase);
  } else if (operation == "forward") {
    note(pushes[id].forward, phase);
  } else if (operation == "finish") {
    note(pushes[id].finish, phase);
  } else if (operation == "purge") {
    for (std::size_t i = 2; i < words.size(); ++i) note(deliveries[words[i]].purged, phase);
  } else if (operation == "backup") {
    note(backup, phase);
    if (phase != Phase::begin) return;
    for (const auto& [stored, known] : deliveries)
      if (known.store.told && !known.purged.begun) backed_up.insert(stored);
  } else if (operation != "retention") { // of its looking there is nothing to be judged
    throw std::invalid_argument("unknown mark");
  }
}

namespace {

class Judge {
 public:
  Judge(const History& history, const Found& found) : history_(history), found_(found) {}

  std::vector<Violation> run() {
    for (const auto& one : history_.unexpected) complain(Rule::unexpected, "", one);
    if (found_.no_start) {
      complain(Rule::no_start, "", *found_.no_start);
      return std::move(out_);
    }
    for (const auto& one : found_.damage) complain(Rule::damaged, "", one);
    for (const auto& one : found_.stuck) complain(Rule::stuck, "", one);
    deliveries();
    inventions();
    transfers();
    pushes();
    for (const auto& [id, known] : history_.dialogs) dialog(id, known);
    backup();
    return std::move(out_);
  }

 private:
  void complain(Rule rule, const std::string& about, std::string what) {
    out_.push_back({rule, about, std::move(what)});
  }

  void deliveries() {
    for (const auto& [id, known] : history_.deliveries) {
      if (!known.store.begun) continue;
      const auto card = found_.cards.find(id);
      if (card == found_.cards.end()) {
        if (known.store.told) complain(Rule::lost, id, "no card");
        continue;
      }
      check_card(id, known, card->second);
      const auto content = found_.content.find(id);
      const bool gone = content == found_.content.end();
      if (!gone)
        check_content(id, content->second);
      else if (!known.purged.begun)
        complain(known.store.told ? Rule::lost : Rule::damaged, id, "it cannot be read");
      if (!gone && known.purged.told) complain(Rule::invented, id, "purged, and still there");
      check_offers(id, known, card->second, gone && known.purged.begun);
      check_pieces(id, known);
    }
  }

  void check_card(const std::string& id, const KnownDelivery& known,
                  const mailbox::ProcessCard& card) {
    const auto sent = delivery(id);
    const auto bad = [&](const char* what) { complain(Rule::card, id, what); };
    if (card.subject != sent.subject || card.creation_token != sent.creation_token)
      bad("subject or token");
    if (card.inspections.size() != sent.inspections.size()) bad("inspections");
    if (known.store.told ? card.creation != known.creation : card.creation < sent.creation)
      bad("Creation");
    if (card.forwarding && *card.forwarding < card.creation) bad("Forwarding before Creation");
    if (card.reception && (!card.forwarding || *card.reception < *card.forwarding))
      bad("Reception before Forwarding");
    if (known.handed.told && !card.forwarding) bad("Forwarding missing");
    if (card.forwarding && !known.handed.begun && !history_.fetching) bad("Forwarding invented");
    if (known.received.told && !card.reception) bad("Reception missing");
    if (card.reception && !known.received.begun) bad("Reception invented");
  }

  void check_content(const std::string& id, const FoundDelivery& found) {
    if (found.digest != expected_digest(id)) complain(Rule::altered, id, "other content");
    if (found.mailbox != mailbox_of(id)) complain(Rule::altered, id, "another mailbox");
  }

  void check_offers(const std::string& id, const KnownDelivery& known,
                    const mailbox::ProcessCard& card, bool purged) {
    std::size_t offers = 0;
    for (const auto& [offered, content] : found_.offered) {
      if (offered != id) continue;
      ++offers;
      check_content(id, content);
    }
    if (known.received.told && offers > 0) complain(Rule::delivered_twice, id, "offered again");
    if (offers > 1) complain(Rule::delivered_twice, id, "offered again to the same reader");
    if (purged && offers > 0) complain(Rule::invented, id, "purged, and offered");
    if (!card.reception && offers == 0 && !purged)
      complain(known.store.told ? Rule::lost : Rule::damaged, id, "not offered");
  }

  void check_pieces(const std::string& id, const KnownDelivery& known) {
    if (known.pieces.empty()) return;
    const auto found = found_.pieces.find(id);
    for (const auto& [number, digest] : known.pieces) {
      const auto* const piece =
          found == found_.pieces.end() ? nullptr : piece_of(found->second, number);
      if (!piece)
        complain(Rule::forgotten, id, "piece " + std::to_string(number));
      else if (*piece != digest)
        complain(Rule::altered, id, "piece " + std::to_string(number));
    }
  }

  static const std::string* piece_of(const std::map<std::uint32_t, std::string>& pieces,
                                     std::uint32_t number) {
    const auto found = pieces.find(number);
    return found == pieces.end() ? nullptr : &found->second;
  }

  void inventions() {
    const auto sent = [&](const std::string& id) {
      if (id.starts_with("push-")) {
        const auto found = history_.pushes.find(id);
        return found != history_.pushes.end() && found->second.begin.begun;
      }
      if (id.starts_with("reply-")) return true; // judged with its push
      const auto found = history_.deliveries.find(id);
      return found != history_.deliveries.end() && found->second.store.begun;
    };
    for (const auto& [id, card] : found_.cards)
      if (!sent(id)) complain(Rule::invented, id, "a card");
    for (const auto& [id, content] : found_.offered)
      if (!sent(id) || is_push_side(id)) complain(Rule::invented, id, "offered");
  }

  void transfers() {
    for (const auto& [id, chunks] : history_.chunks) {
      const auto delivery = history_.deliveries.find(id);
      const bool stored = delivery != history_.deliveries.end() && delivery->second.store.told;
      const bool maybe_stored =
          delivery != history_.deliveries.end() && delivery->second.store.begun;
      const auto found = found_.transfers.find(id);
      const bool any = std::any_of(chunks.begin(), chunks.end(),
                                   [](const auto& one) { return one.second.told; });
      if (found == found_.transfers.end()) {
        if (any) complain(Rule::forgotten, id, "transfer");
        continue;
      }
      if (found->second.damaged) complain(Rule::altered, id, "octets of the transfer");
      if (stored && !found->second.finished)
        complain(Rule::forgotten, id, "result of the transfer");
      if (found->second.finished && !maybe_stored) complain(Rule::invented, id, "a result");
      for (const auto number : found->second.received) {
        const auto step = chunks.find(number);
        if (step == chunks.end() || !step->second.begun)
          complain(Rule::invented, id, "chunk " + std::to_string(number));
      }
      for (const auto& [number, step] : chunks) {
        const bool there = found->second.received.contains(number);
        if (step.told && !there && !found->second.finished)
          complain(Rule::forgotten, id, "chunk " + std::to_string(number));
      }
    }
  }

  void pushes() {
    for (const auto& [id, known] : history_.pushes) {
      const auto found = found_.pushes.find(id);
      if (found == found_.pushes.end()) {
        if (known.begin.told) complain(Rule::forgotten, id, "push");
        continue;
      }
      const auto& push = found->second;
      const auto result = push_result(id);
      if (!known.begin.begun) complain(Rule::invented, id, "push");
      if (known.forward.told && !push.forwarded) complain(Rule::forgotten, id, "Forwarding");
      if (push.forwarded && !known.forward.begun) complain(Rule::invented, id, "Forwarding");
      if (known.finish.told && !push.finished) complain(Rule::forgotten, id, "outcome");
      if (!push.finished) continue;
      if (!known.finish.begun) complain(Rule::invented, id, "outcome");
      if (push.code != result.code) complain(Rule::altered, id, "outcome");
      const auto reply = result.reply ? expected_digest(reply_of(id)) : std::string{};
      if (push.reply != reply)
        complain(push.reply.empty() ? Rule::lost : Rule::altered, id, "reply");
    }
  }

  void dialog(const std::string& id, const KnownDialog& known) {
    const auto found = found_.dialogs.find(id);
    if (found == found_.dialogs.end()) {
      if (known.open.told) complain(Rule::forgotten, "", "dialog " + id);
      return;
    }
    if (found->second != known.told && found->second != known.maybe)
      complain(Rule::forgotten, "", "turn of dialog " + id);
  }

  void backup() {
    if (!history_.backup.told) return;
    if (!found_.backup) return complain(Rule::forgotten, "", "backup");
    for (const auto& id : history_.backed_up) {
      const auto found = found_.backup->find(id);
      if (found != found_.backup->end()) {
        check_content(id, found->second);
      } else if (!history_.deliveries.at(id).purged.begun) {
        complain(Rule::lost, id, "not in the backup");
      }
    }
  }

  const History& history_;
  const Found& found_;
  std::vector<Violation> out_;
};

} // namespace

std::vector<Violation> judge(const History& history, const Found& found) {
  return Judge(history, found).run();
}

} // namespace fault
