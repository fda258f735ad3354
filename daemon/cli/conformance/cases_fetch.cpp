// FetchDelivery and acknowledgement (wire reference 8.6, 9.1, 9.3, 9.4, 14.8): received means
// acknowledged by the next request of the same dialog, not a moment earlier, and by nothing else.
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include <algorithm>

namespace cli::conformance {

using osci::MessageType;
using osci::Selection;

namespace {

void received(Bench& b, const std::string& id, bool wanted, const char* when) {
  const auto card = b.card(id);
  expect(card.has_value(), "no process card");
  expect(card->reception.has_value() == wanted,
         std::string(wanted ? "no Reception " : "Reception ") + when);
}

Heard fetched(Dialog& dialog, const std::string& id) {
  auto heard = dialog.fetch(id);
  expect(heard.code == "0801", "fetch: " + heard.codes());
  expect(heard.answer.cards.size() == 1 && heard.answer.cards[0].message_id == id,
         "another delivery than was asked for");
  return heard;
}

// Fetching without a rule would take whatever is oldest, and the next request would acknowledge it.
// So it is done only when nothing is waiting that others have sent.
void demand_own_mailbox(Bench& b) {
  Selection waiting;
  waiting.rule = Selection::Rule::reception_of_delivery;
  waiting.since = base::parse_datetime("2000-01-01T00:00:00Z").value();
  waiting.since_text = "2000-01-01T00:00:00Z";
  waiting.no_reception = true;
  waiting.role = Selection::Role::addressee;
  for (int round = 0; round < 50; ++round) {
    const auto heard = b.cards(b.recipient(), waiting);
    if (heard.code == "9804") return;
    for (const auto& card : heard.answer.cards)
      if (!b.own_ids().contains(card.message_id) && card.subject != std::string(kSubject))
        throw NotRun("the recipient's mailbox holds mail of others");
    auto& dialog = b.dialog(b.recipient());
    for (const auto& card : heard.answer.cards) dialog.fetch(card.message_id);
    dialog.exit();
  }
  throw NotRun("the recipient's mailbox does not become empty");
}

struct Acknowledger {
  const char* name;
  const char* title;
  std::function<Heard(Bench&, Dialog&)> request;
};

void add_acknowledgements(std::vector<Case>& out) {
  const std::vector<Acknowledger> table = {
      {"exit-acknowledges", "ExitDialog acknowledges.", [](Bench&, Dialog& d) { return d.exit(); }},
      {"fetch-acknowledges", "The next FetchDelivery acknowledges, whatever it finds.",
       [](Bench&, Dialog& d) { return d.fetch("never-issued"); }},
      {"card-acknowledges", "FetchProcessCard acknowledges.",
       [](Bench&, Dialog& d) { return d.send(d.next(MessageType::fetch_process_card)); }},
      {"get-message-id-acknowledges", "GetMessageId in the dialog acknowledges.",
       [](Bench&, Dialog& d) { return d.send(d.next(MessageType::get_message_id)); }},
  };
  for (const auto& one : table)
    out.push_back({"fetch", one.name, "8.6, 9.4, 14.8 F3", one.title, "Reception set",
                   [request = one.request](Bench& b) {
                     const auto stored = b.deposit();
                     auto& dialog = b.dialog(b.recipient());
                     fetched(dialog, stored.id);
                     received(b, stored.id, false, "before any further request");
                     request(b, dialog);
                     received(b, stored.id, true, "after a further request of the dialog");
                     return std::string("Reception set");
                   }});
  out.push_back({"fetch", "acknowledged-before-executed", "9.4, 14.8 F3",
                 "FetchProcessCard in the same dialog already sees the Reception that it causes.",
                 "Reception in the answer", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   fetched(dialog, stored.id);
                   const auto heard = dialog.send(
                       by_ids(dialog.next(MessageType::fetch_process_card), {stored.id}));
                   expect(heard.code == "0801" && heard.answer.cards.size() == 1,
                          "answered with " + heard.codes());
                   expect(heard.answer.cards[0].reception.has_value(), "no Reception yet");
                   return std::string("Reception in the answer");
                 }});
  out.push_back(
      {"fetch", "not-received-when-sent", "8.6, 9.4, 14.7 P2, 14.8 F4",
       "A fetched delivery is not received by being sent: the connection may have broken.",
       "no Reception", [](Bench& b) {
         const auto stored = b.deposit();
         auto& dialog = b.dialog(b.recipient());
         const auto heard = fetched(dialog, stored.id);
         expect(!heard.answer.cards[0].reception, "Reception in the answer to the fetch");
         received(b, stored.id, false, "though nothing was acknowledged");
         return std::string("no Reception");
       }});
  out.push_back({"fetch", "other-dialog-does-not-acknowledge", "8.6, 9.4, 14.8 F4",
                 "A request of another dialog of the same party acknowledges nothing.",
                 "no Reception", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& one = b.dialog(b.recipient());
                   fetched(one, stored.id);
                   auto& two = b.dialog(b.recipient());
                   two.send(two.next(MessageType::fetch_process_card));
                   two.exit();
                   received(b, stored.id, false, "by another dialog");
                   return std::string("no Reception");
                 }});
  out.push_back({"fetch", "again-after-loss", "8.6, 14.8 F4, 17.2 Q16, 17.3",
                 "Fetched, connection lost, new dialog: the delivery is still there.", "0801 twice",
                 [](Bench& b) {
                   const auto stored = b.deposit("noch da");
                   const auto first = fetched(b.dialog(b.recipient()), stored.id);
                   auto& dialog = b.dialog(b.recipient());
                   const auto second = fetched(dialog, stored.id);
                   expect(first.answer.content && second.answer.content &&
                              first.answer.content->body == second.answer.content->body,
                          "other content the second time");
                   dialog.exit();
                   received(b, stored.id, true, "after the second fetch was acknowledged");
                   return std::string("0801 twice");
                 }});
  out.push_back({"fetch", "fault-does-not-acknowledge", "8.6, 9.4, 14.8 F4",
                 "A request that fails the ControlBlock check acknowledges nothing.",
                 "9400, no Reception", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   fetched(dialog, stored.id);
                   auto request = dialog.next(MessageType::exit_dialog);
                   request.control.response = b.challenge();
                   dialog.open = false;
                   expect_code(b.send(b.seal(b.recipient(), request), &b.recipient()), "9400");
                   received(b, stored.id, false, "by a request that was refused");
                   return std::string("9400, no Reception");
                 }});
  out.push_back(
      {"fetch", "undecryptable-does-not-acknowledge", "8.6, 14.8 F4",
       "A request that cannot be decrypted acknowledges nothing, and the dialog goes on.",
       "9202, no Reception", [](Bench& b) {
         const auto stored = b.deposit();
         auto& dialog = b.dialog(b.recipient());
         fetched(dialog, stored.id);
         const auto wire = with_cipher_text(
             b.seal(b.recipient(), dialog.next(MessageType::exit_dialog)), [](std::string c) {
               c.back() = static_cast<char>(c.back() ^ 1);
               return c;
             });
         expect_code(b.send(wire, &b.recipient()), "9202");
         received(b, stored.id, false, "by a message that nobody could read");
         expect(dialog.exit().code == "0800", "the dialog was broken by a message that names none");
         return std::string("9202, no Reception");
       }});
}

void add_times(std::vector<Case>& out) {
  out.push_back(
      {"fetch", "reception-time", "8.6, 14.7 P2",
       "Reception is the time of the acknowledging request: between a delivery stored before "
       "and one stored after it, on the intermediary's own clock.",
       "in between", [](Bench& b) {
         const auto stored = b.deposit();
         auto& dialog = b.dialog(b.recipient());
         fetched(dialog, stored.id);
         const auto before = b.deposit().card().creation;
         dialog.exit();
         const auto after = b.deposit().card().creation;
         const auto card = b.card(stored.id);
         expect(card && card->reception, "no Reception");
         expect(*card->reception >= before, "Reception " + base::format_datetime(*card->reception) +
                                                " lies before the acknowledging request, " +
                                                base::format_datetime(before));
         expect(*card->reception <= after, "Reception " + base::format_datetime(*card->reception) +
                                               " lies after " + base::format_datetime(after));
         return std::string("in between");
       }});
  out.push_back(
      {"fetch", "forwarding-time", "8.1, 8.6, 14.7 P2",
       "Forwarding is set by the fetch, between Creation and Reception.", "in order", [](Bench& b) {
         const auto stored = b.deposit();
         expect(!b.card(stored.id)->forwarding, "Forwarding before any fetch");
         const auto before = b.deposit().card().creation;
         auto& dialog = b.dialog(b.recipient());
         const auto heard = fetched(dialog, stored.id);
         const auto after = b.deposit().card().creation;
         const auto& shown = heard.answer.cards[0];
         expect(shown.forwarding.has_value(), "no Forwarding in the answer");
         expect(*shown.forwarding >= before && *shown.forwarding <= after,
                "Forwarding is not the time of the fetch");
         dialog.exit();
         const auto card = b.card(stored.id);
         expect(card && card->forwarding && card->reception &&
                    card->creation <= *card->forwarding && *card->forwarding <= *card->reception,
                "times out of order");
         return std::string("in order");
       }});
  out.push_back(
      {"fetch", "reception-is-final", "8.6, 17.2 Q14",
       "A delivery fetched again after its Reception keeps its times.", "unchanged", [](Bench& b) {
         const auto stored = b.deposit();
         auto& one = b.dialog(b.recipient());
         fetched(one, stored.id);
         one.exit();
         const auto first = b.card(stored.id);
         auto& two = b.dialog(b.recipient());
         fetched(two, stored.id);
         two.exit();
         const auto second = b.card(stored.id);
         expect(first && second && first->reception && first->reception == second->reception,
                "another Reception");
         expect(first->creation == second->creation, "another Creation");
         return std::string("unchanged");
       }});
  out.push_back({"fetch", "modification-follows", "8.4, 14.7 P3",
                 "RecentModification follows Creation, Forwarding and Reception.", "follows",
                 [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   fetched(dialog, stored.id);
                   const auto forwarded = b.card(stored.id);
                   expect(forwarded && forwarded->forwarding &&
                              forwarded->modification >= *forwarded->forwarding,
                          "older than Forwarding");
                   dialog.exit();
                   const auto card = b.card(stored.id);
                   expect(card && card->reception && card->modification >= *card->reception,
                          "older than Reception");
                   return std::string("follows");
                 }});
}

void add_selection(std::vector<Case>& out) {
  out.push_back({"fetch", "by-id", "9.1, 14.8 F2",
                 "By MessageId: this delivery and the echo of the rule.", "0801", [](Bench& b) {
                   const auto one = b.deposit("eins"), two = b.deposit("zwei");
                   const auto heard = fetched(b.dialog(b.recipient()), two.id);
                   expect(heard.answer.selection.rule == Selection::Rule::message_ids &&
                              heard.answer.selection.message_ids == std::vector{two.id},
                          "the rule is not echoed");
                   received(b, one.id, false, "of a delivery that was not fetched");
                   return heard.codes();
                 }});
  out.push_back({"fetch", "by-id-after-reception", "9.1, 17.2 Q14",
                 "By MessageId a received delivery comes again.", "0801", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   fetched(dialog, stored.id);
                   return fetched(dialog, stored.id).codes();
                 }});
  out.push_back(
      {"fetch", "by-date", "9.1, 14.8 F1 F2",
       "By ReceptionOfDelivery: a delivery of this time or later, and the echo of the rule.",
       "0801", [](Bench& b) {
         const auto stored = b.deposit();
         auto& dialog = b.dialog(b.recipient());
         const auto at = stored.card().creation;
         auto request = since(dialog.next(MessageType::fetch_delivery),
                              Selection::Rule::reception_of_delivery, at);
         const auto heard = dialog.send(request);
         expect(heard.code == "0801" && heard.answer.cards.size() == 1, "fetch: " + heard.codes());
         expect(heard.answer.cards[0].creation >= at, "a delivery from before");
         expect(heard.answer.selection.rule == Selection::Rule::reception_of_delivery &&
                    heard.answer.selection.since_text == request.selection.since_text,
                "the rule is not echoed");
         // Somebody else's delivery of the same moment would be acknowledged.
         if (!b.own_ids().contains(heard.answer.cards[0].message_id)) dialog.open = false;
         return heard.codes();
       }});
  const auto nothing = [&](const char* name, const char* section, const char* title,
                           std::function<osci::Request(Bench&, Dialog&)> make) {
    out.push_back(
        {"fetch", name, section, title, "9803, nothing else", [make = std::move(make)](Bench& b) {
           auto& dialog = b.dialog(b.recipient());
           const auto heard = dialog.send(make(b, dialog));
           const auto observed = expect_code(heard, "9803");
           expect(heard.answer.cards.empty(), "a process card");
           expect(!heard.answer.content ||
                      heard.answer.content->body.find("Content ") == std::string::npos,
                  "content");
           const auto next = dialog.send(dialog.next(MessageType::get_message_id));
           expect(next.code == "0801", "then " + next.codes());
           return observed + ", nothing else";
         }});
  };
  nothing("unknown-id", "9.3, 14.8 F1", "An id that does not exist: 9803, and the dialog goes on.",
          [](Bench&, Dialog& d) {
            return by_ids(d.next(MessageType::fetch_delivery), {"never-issued"});
          });
  nothing("unused-id", "9.3, 14.8 F1", "An id that was issued but never used: 9803.",
          [](Bench& b, Dialog& d) {
            return by_ids(d.next(MessageType::fetch_delivery), {b.fresh_id()});
          });
  nothing("future-date", "9.1, 9.3", "A date in the future: 9803.", [](Bench& b, Dialog& d) {
    return since(d.next(MessageType::fetch_delivery), Selection::Rule::reception_of_delivery,
                 b.deposit().card().creation + std::chrono::hours{24 * 365});
  });
  out.push_back({"fetch", "foreign-mailbox", "1.8, 9.1, 14.8 F1",
                 "The sender, who knows the id, does not get the recipient's delivery.", "9803",
                 [](Bench& b) {
                   const auto stored = b.deposit();
                   const auto heard = b.dialog(b.sender()).fetch(stored.id);
                   const auto observed = expect_code(heard, "9803");
                   expect(!heard.answer.content, "content of a foreign mailbox");
                   return observed;
                 }});
  out.push_back({"fetch", "foreign-mailbox-of-another", "1.8, 9.1, 14.8 F1",
                 "Another mailbox owner, who knows the id, does not get the delivery.", "9803",
                 [](Bench& b) {
                   const auto& other = b.other();
                   const auto stored = b.deposit();
                   return expect_code(b.dialog(other).fetch(stored.id), "9803");
                 }});
  out.push_back({"fetch", "selection-with-two-ids", "9.1",
                 "Two MessageIds in FetchDelivery: one delivery or a refusal.",
                 "0801 or 9300 or 9100 or 9803", [](Bench& b) {
                   const auto one = b.deposit(), two = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   return expect_code(dialog.send(by_ids(dialog.next(MessageType::fetch_delivery),
                                                         {one.id, two.id})),
                                      "0801 or 9300 or 9100 or 9803");
                 }});
}

void add_queue(std::vector<Case>& out) {
  out.push_back(
      {"fetch", "oldest-first", "9.1, 9.4, 10.2, 14.8 F1, 17.2 Q1",
       "Without a rule: the oldest without Reception, each acknowledged by the next; 3800 while "
       "more "
       "wait, 9803 at the end.",
       "0801 3800, 0801 3800, 0801, 9803", [](Bench& b) {
         demand_own_mailbox(b);
         const auto one = b.deposit("eins"), two = b.deposit("zwei"), three = b.deposit("drei");
         auto& dialog = b.dialog(b.recipient());
         const auto next = [&] { return dialog.send(dialog.next(MessageType::fetch_delivery)); };
         std::string observed;
         for (const auto* wanted : {&one, &two, &three}) {
           const auto heard = next();
           expect(heard.answer.cards.size() == 1, "fetch: " + heard.codes());
           if (!b.own_ids().contains(heard.answer.cards[0].message_id)) {
             dialog.open = false; // somebody else's mail: not to be acknowledged
             throw NotRun("others send to the recipient's mailbox meanwhile");
           }
           expect(heard.answer.cards[0].message_id == wanted->id, "not the oldest");
           expect(heard.says("3800") == (wanted != &three),
                  wanted == &three ? "3800 though nothing waits" : "no 3800 though more wait");
           observed += heard.codes() + ", ";
         }
         const auto last = next();
         if (!last.answer.cards.empty()) {
           dialog.open = false;
           throw NotRun("others send to the recipient's mailbox meanwhile");
         }
         return observed + expect_code(last, "9803");
       }});
  out.push_back({"fetch", "unacknowledged-comes-again", "8.6, 9.1, 17.2 Q1",
                 "Without a rule: what was fetched but not acknowledged is the oldest again.",
                 "the same delivery", [](Bench& b) {
                   demand_own_mailbox(b);
                   const auto stored = b.deposit();
                   for (int round = 0; round < 2; ++round) {
                     auto& dialog = b.dialog(b.recipient());
                     const auto heard = dialog.send(dialog.next(MessageType::fetch_delivery));
                     dialog.open = false; // never acknowledged here
                     expect(heard.answer.cards.size() == 1 &&
                                heard.answer.cards[0].message_id == stored.id,
                            "another delivery, or none: " + heard.codes());
                   }
                   return std::string("the same delivery");
                 }});
}

} // namespace

void add_fetch(std::vector<Case>& out) {
  add_selection(out);
  add_acknowledgements(out);
  add_times(out);
  add_queue(out);
}

} // namespace cli::conformance
