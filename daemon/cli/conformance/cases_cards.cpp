// FetchProcessCard (wire reference 8.7, 9.2, 9.3): every selection rule, and who may see what.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include <algorithm>

namespace cli::conformance {

using osci::MessageType;
using osci::Selection;

namespace {

Selection by_time(Selection::Rule rule, base::Instant at) {
  Selection out;
  out.rule = rule;
  out.since = at;
  out.since_text = base::format_datetime(at);
  return out;
}

Selection of_ids(std::vector<std::string> ids) {
  Selection out;
  out.rule = Selection::Rule::message_ids;
  out.message_ids = std::move(ids);
  return out;
}

bool shows(const Heard& heard, const std::string& id) {
  return std::any_of(heard.answer.cards.begin(), heard.answer.cards.end(),
                     [&](const auto& card) { return card.message_id == id; });
}

void expect_shown(const Heard& heard, const std::string& id, bool wanted, const char* which) {
  expect(shows(heard, id) == wanted, std::string(which) + (wanted ? " is missing" : " is shown"));
}

// Three deliveries, the second of them received.
struct Three {
  Deposit one, two, three;
};
Three three(Bench& b) {
  Three out{b.deposit("eins"), b.deposit("zwei"), b.deposit("drei")};
  auto& dialog = b.dialog(b.recipient());
  const auto heard = dialog.fetch(out.two.id);
  expect(heard.code == "0801", "fetch: " + heard.codes());
  dialog.exit();
  return out;
}

void add(std::vector<Case>& out, const char* name, const char* section, const char* title,
         const char* expected, std::function<std::string(Bench&)> run) {
  out.push_back({"cards", name, section, title, expected, std::move(run)});
}

void add_rules(std::vector<Case>& out) {
  add(out, "by-id", "9.2, 14.8 F2", "By one MessageId, with the echo of the rule.", "0801",
      [](Bench& b) {
        const auto stored = b.deposit();
        const auto heard = b.cards(b.sender(), of_ids({stored.id}));
        expect(heard.answer.cards.size() == 1 && shows(heard, stored.id), "another card");
        expect(heard.answer.selection.message_ids == std::vector{stored.id},
               "the rule is not echoed");
        return expect_code(heard, "0801");
      });
  add(out, "by-ids", "9.2", "By several MessageIds: these and no others.", "0801", [](Bench& b) {
    const auto t = three(b);
    const auto heard = b.cards(b.sender(), of_ids({t.three.id, t.one.id}));
    expect(heard.answer.cards.size() == 2, std::to_string(heard.answer.cards.size()) + " cards");
    expect_shown(heard, t.one.id, true, "the first");
    expect_shown(heard, t.three.id, true, "the third");
    return expect_code(heard, "0801");
  });
  add(out, "by-ids-some-unknown", "9.2, 9.3", "Known and unknown ids: the known ones.", "0801",
      [](Bench& b) {
        const auto stored = b.deposit();
        const auto heard = b.cards(b.sender(), of_ids({"never-issued", stored.id}));
        expect(heard.answer.cards.size() == 1 && shows(heard, stored.id),
               "not the known one alone");
        return expect_code(heard, "0801");
      });
  add(out, "by-reception", "9.2",
      "By ReceptionOfDelivery: what arrived at this time or later, ascending.", "0801",
      [](Bench& b) {
        const auto t = three(b);
        const auto heard = b.cards(
            b.sender(), by_time(Selection::Rule::reception_of_delivery, t.two.card().creation));
        expect_shown(heard, t.two.id, true, "the second");
        expect_shown(heard, t.three.id, true, "the third");
        for (const auto& card : heard.answer.cards)
          expect(card.creation >= t.two.card().creation, "a card from before");
        expect(std::is_sorted(heard.answer.cards.begin(), heard.answer.cards.end(),
                              [](const auto& a, const auto& c) { return a.creation < c.creation; }),
               "not ascending");
        return expect_code(heard, "0801");
      });
  add(out, "by-modification", "9.2",
      "By RecentModification: what changed at this time or later, ascending.", "0801",
      [](Bench& b) {
        const auto one = b.deposit();
        const auto two = b.deposit();
        auto& dialog = b.dialog(b.recipient());
        dialog.fetch(one.id);
        dialog.exit();
        const auto changed = b.card(one.id);
        expect(changed && changed->modification >= two.card().modification,
               "not changed by its Reception");
        const auto heard = b.cards(
            b.sender(), by_time(Selection::Rule::recent_modification, changed->modification));
        expect_shown(heard, one.id, true, "the one that changed last");
        for (const auto& card : heard.answer.cards)
          expect(card.modification >= changed->modification, "a card that changed before");
        return expect_code(heard, "0801");
      });
  add(out, "no-reception", "9.2", "NoReception: only cards without Reception.", "0801",
      [](Bench& b) {
        const auto t = three(b);
        auto selection = by_time(Selection::Rule::reception_of_delivery, t.one.card().creation);
        selection.no_reception = true;
        const auto heard = b.cards(b.sender(), selection);
        expect_shown(heard, t.one.id, true, "an unreceived one");
        expect_shown(heard, t.two.id, false, "the received one");
        for (const auto& card : heard.answer.cards)
          expect(!card.reception, "a card with Reception");
        return expect_code(heard, "0801");
      });
  for (const bool originator : {true, false})
    add(out, originator ? "role-originator" : "role-addressee", "8.7, 9.2",
        originator ? "Role=Originator: the sender sees it, the recipient does not."
                   : "Role=Addressee: the recipient sees it, the sender does not.",
        "as by role", [originator](Bench& b) {
          const auto stored = b.deposit();
          auto selection = by_time(Selection::Rule::reception_of_delivery, stored.card().creation);
          selection.role = originator ? Selection::Role::originator : Selection::Role::addressee;
          expect_shown(b.cards(b.sender(), selection), stored.id, originator, "to the sender it");
          expect_shown(b.cards(b.recipient(), selection), stored.id, !originator,
                       "to the recipient it");
          return std::string("as by role");
        });
  add(out, "role-absent", "9.2", "Without Role both see it.", "both", [](Bench& b) {
    const auto stored = b.deposit();
    const auto selection = by_time(Selection::Rule::reception_of_delivery, stored.card().creation);
    expect_shown(b.cards(b.sender(), selection), stored.id, true, "to the sender it");
    expect_shown(b.cards(b.recipient(), selection), stored.id, true, "to the recipient it");
    return std::string("both");
  });
  add(out, "limit", "9.2, 10.2", "Quantity limits the cards; 3801 says that there are more.",
      "0801 3801", [](Bench& b) {
        const auto t = three(b);
        auto selection = by_time(Selection::Rule::reception_of_delivery, t.one.card().creation);
        selection.limit = 2;
        const auto heard = b.cards(b.sender(), selection);
        expect(heard.answer.cards.size() == 2,
               std::to_string(heard.answer.cards.size()) + " cards");
        expect(heard.says("3801"), "no 3801");
        return expect_code(heard, "0801");
      });
  add(out, "limit-not-reached", "9.2, 10.2", "No 3801 when all that match are shown.", "0801",
      [](Bench& b) {
        const auto stored = b.deposit();
        auto selection = of_ids({stored.id});
        selection.limit = 5;
        const auto heard = b.cards(b.sender(), selection);
        expect(!heard.says("3801"), "3801 though nothing is left out");
        return expect_code(heard, "0801");
      });
}

void add_rights(std::vector<Case>& out) {
  add(out, "nothing-found", "9.3, 14.8 F1", "An unknown id: 9804 with the echo and no card.",
      "9804", [](Bench& b) {
        const auto heard = b.cards(b.sender(), of_ids({"never-issued"}));
        expect(heard.answer.cards.empty(), "a card");
        expect(heard.answer.selection.message_ids == std::vector<std::string>{"never-issued"},
               "the rule is not echoed");
        return expect_code(heard, "9804");
      });
  add(out, "future-date", "9.2, 9.3", "A date in the future: 9804.", "9804", [](Bench& b) {
    return expect_code(
        b.cards(b.sender(), by_time(Selection::Rule::reception_of_delivery,
                                    b.deposit().card().creation + std::chrono::hours{24 * 365})),
        "9804");
  });
  add(out, "unused-id", "9.3", "An issued, unused id has no card.", "9804",
      [](Bench& b) { return expect_code(b.cards(b.sender(), of_ids({b.fresh_id()})), "9804"); });
  add(out, "recipient-sees-it", "8.7, 14.7 P6", "The recipient sees the card of a delivery to it.",
      "same card", [](Bench& b) {
        const auto stored = b.deposit();
        const auto mine = b.card(stored.id), theirs = b.card(stored.id, b.recipient());
        expect(mine && theirs, "not shown to both");
        expect(mine->creation == theirs->creation && mine->subject == theirs->subject,
               "two different cards");
        return std::string("same card");
      });
  add(out, "others-do-not", "8.7, 14.7 P6", "A third party that knows the id sees no card.", "9804",
      [](Bench& b) {
        const auto& other = b.other();
        const auto stored = b.deposit();
        expect(!b.card(stored.id, other), "shown to a third party");
        return std::string("9804");
      });
  add(out, "asking-does-not-change", "8.4, 8.7", "Asking for a card changes nothing on it.",
      "unchanged", [](Bench& b) {
        const auto stored = b.deposit();
        const auto one = b.card(stored.id), two = b.card(stored.id),
                   three = b.card(stored.id, b.recipient());
        expect(one && two && three && one->modification == two->modification &&
                   one->modification == three->modification && !three->reception,
               "changed");
        return std::string("unchanged");
      });
  add(out, "receipt-and-card-agree", "8.1", "The card says what the receipt said.", "equal",
      [](Bench& b) {
        const auto stored = b.deposit();
        const auto card = b.card(stored.id);
        expect(card.has_value(), "no card");
        expect(card->creation == stored.card().creation, "another Creation");
        expect(card->subject == stored.card().subject, "another Subject");
        expect(card->inspections.size() == stored.card().inspections.size(), "other inspections");
        return std::string("equal");
      });
}

} // namespace

void add_cards(std::vector<Case>& out) {
  add_rules(out);
  add_rights(out);
}

} // namespace cli::conformance
