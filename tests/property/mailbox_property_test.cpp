// Random schedules against a model of the port that fits on a few screens. A failing seed is
// printed; DC_PROPERTY_SEED=n runs that one alone, DC_PROPERTY_STEPS=n changes the length of a
// schedule.
#include "contract/samples.h"
#include "contract/sqlite_backend.h"
#include "storage/journal_replay.h"
#include "storage/journal_rows.h"
#include "storage/sqlite.h"
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <tuple>

namespace {

using base::ErrorCode;
using base::Instant;
using mailbox::DialogTurn;

// mailbox::Store without memory limits, threads, disks or haste: every rule in its plainest form.
class Model {
 public:
  struct Item {
    mailbox::NewDelivery sent;
    mailbox::ProcessCard card;
    std::uint64_t offers = 0;
  };

  std::optional<ErrorCode> open_dialog(const mailbox::Dialog& dialog, std::uint32_t max_open) {
    const auto open = std::count_if(dialogs.begin(), dialogs.end(), [&](const auto& known) {
      return known.second.party == dialog.party && !known.second.closed;
    });
    if (open >= static_cast<std::ptrdiff_t>(max_open)) {
      // The oldest in which no request has followed makes room.
      const mailbox::Dialog* oldest = nullptr;
      for (const auto& [id, known] : dialogs)
        if (known.party == dialog.party && !known.closed && known.next_sequence == 0 &&
            (!oldest ||
             std::tie(known.opened, id) < std::tie(oldest->opened, oldest->conversation_id)))
          oldest = &known;
      if (!oldest) return ErrorCode::quota_exceeded;
      close_dialog(std::string(oldest->conversation_id));
    }
    dialogs[dialog.conversation_id] = dialog;
    return std::nullopt;
  }

  void close_dialog(const std::string& id) {
    if (const auto found = dialogs.find(id); found != dialogs.end()) found->second.closed = true;
    awaiting.erase(id);
  }

  std::uint64_t expire_dialogs(Instant idle_before, Instant forget_before) {
    std::uint64_t closed = 0;
    for (auto& [id, dialog] : dialogs)
      if (!dialog.closed && dialog.last_activity < idle_before) {
        close_dialog(id);
        ++closed;
      }
    std::erase_if(dialogs, [&](const auto& known) {
      return known.second.closed && known.second.last_activity < forget_before;
    });
    return closed;
  }

  Instant place(Instant taken_up) {
    if (taken_up >= latest || latest - taken_up >= mailbox::kClockStep) latest = taken_up;
    return latest;
  }

  void restart() {
    latest = {};
    for (const auto& item : items) latest = std::max(latest, item->card.modification);
  }

  std::optional<ErrorCode> take_turn(const DialogTurn& turn) {
    return take_turn(turn, place(turn.now));
  }

  std::optional<ErrorCode> take_turn(const DialogTurn& turn, Instant at) {
    const auto found = dialogs.find(turn.conversation_id);
    if (found == dialogs.end() || found->second.closed ||
        found->second.next_sequence != turn.sequence || found->second.challenge != turn.challenge)
      return ErrorCode::control_block;
    auto& dialog = found->second;
    ++dialog.next_sequence;
    dialog.challenge = turn.next_challenge;
    dialog.last_activity = at;
    dialog.last_request_digest = turn.request_digest;
    dialog.last_result = turn.result;
    if (turn.acknowledge) {
      for (auto* item : awaiting[turn.conversation_id])
        if (!item->card.reception) {
          item->card.modification = std::max(item->card.modification, at);
          item->card.reception = item->card.modification;
        }
      awaiting.erase(turn.conversation_id);
    }
    if (turn.close) close_dialog(turn.conversation_id);
    return std::nullopt;
  }

  struct Stored {
    std::optional<ErrorCode> error;
    Item* item = nullptr;
    bool repeated = false;
  };
  Stored store(const mailbox::NewDelivery& delivery, const std::optional<DialogTurn>& turn,
               const std::string& refused_result) {
    const auto at = place(delivery.creation);
    if (turn)
      if (const auto error = take_turn(*turn, at)) return {error, nullptr, false};
    for (auto& item : items) {
      if (item->sent.message_id != delivery.message_id) continue;
      if (item->sent.request_digest == delivery.request_digest)
        return {std::nullopt, item.get(), true};
      if (turn) dialogs[turn->conversation_id].last_result = refused_result;
      return {ErrorCode::message_id_refused, nullptr, false};
    }
    auto item = std::make_unique<Item>();
    item->sent = delivery;
    item->card.message_id = delivery.message_id;
    item->card.creation = item->card.modification = at;
    item->card.subject = delivery.subject;
    item->card.inspections = delivery.inspections;
    item->card.creation_token = delivery.creation_token;
    items.push_back(std::move(item));
    return {std::nullopt, items.back().get(), false};
  }

  Item* find(const mailbox::FetchSelection& selection) {
    Item* best = nullptr;
    for (const auto& item : items) {
      if (!contains(selection.mailboxes, item->sent.mailbox)) continue;
      bool fits = false;
      switch (selection.rule) {
      case mailbox::FetchRule::oldest_unreceived:
        fits = !item->card.reception;
        break;
      case mailbox::FetchRule::message_id:
        fits = item->card.message_id == selection.message_id;
        break;
      case mailbox::FetchRule::since:
        fits = item->card.creation >= selection.since;
        break;
      }
      if (fits && (!best || item->card.creation < best->card.creation)) best = item.get();
    }
    return best;
  }

  std::uint64_t waiting(const mailbox::FetchSelection& selection, const Item* besides) const {
    return static_cast<std::uint64_t>(
        std::count_if(items.begin(), items.end(), [&](const auto& item) {
          return contains(selection.mailboxes, item->sent.mailbox) && !item->card.reception &&
                 item.get() != besides;
        }));
  }

  struct Handed {
    std::optional<ErrorCode> error;
    Item* item = nullptr;
  };
  Handed fetch(const mailbox::FetchSelection& selection, const DialogTurn& turn) {
    const auto at = place(turn.now);
    if (const auto error = take_turn(turn, at)) return {error, nullptr};
    Item* item = find(selection);
    if (!item) return {std::nullopt, nullptr};
    dialogs[turn.conversation_id].last_result += item->card.message_id;
    if (!item->card.reception) {
      item->card.modification = std::max(item->card.modification, at);
      item->card.forwarding = item->card.modification;
      ++item->offers;
      awaiting[turn.conversation_id].push_back(item);
    }
    return {std::nullopt, item};
  }

  std::vector<const Item*> cards(const mailbox::CardSelection& selection) const {
    const bool changes = selection.rule == mailbox::CardRule::recent_modification;
    const auto time = [&](const Item* item) {
      return changes ? item->card.modification : item->card.creation;
    };
    std::vector<const Item*> out;
    for (const auto& item : items) {
      const bool addressee = selection.role != mailbox::CardRole::originator &&
                             contains(selection.mailboxes, item->sent.mailbox);
      const bool originator = selection.role != mailbox::CardRole::addressee &&
                              item->sent.originator == selection.party;
      if (!addressee && !originator) continue;
      if (selection.no_reception && item->card.reception) continue;
      if (selection.rule == mailbox::CardRule::message_ids
              ? !contains(selection.message_ids, item->card.message_id)
              : selection.rule != mailbox::CardRule::all && time(item.get()) < selection.since)
        continue;
      out.push_back(item.get());
    }
    std::stable_sort(out.begin(), out.end(),
                     [&](const Item* a, const Item* b) { return time(a) < time(b); });
    return out;
  }

  static bool contains(const std::vector<std::string>& values, const std::string& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }

  Instant latest{};
  std::map<std::string, mailbox::Dialog> dialogs;
  std::map<std::string, std::vector<Item*>> awaiting;
  std::vector<std::unique_ptr<Item>> items; // in the order of storing
};

class Schedule {
 public:
  explicit Schedule(unsigned seed)
      : random_(seed), backend_([](storage::StoreConfig& config) {
          config.body_file_threshold = 200;
          config.readers = 1;
        }) {}

  void run(int steps) {
    for (step_ = 0;
         step_ < steps && !testing::Test::HasFatalFailure() && !testing::Test::HasNonfatalFailure();
         ++step_) {
      SCOPED_TRACE("step " + std::to_string(step_));
      now_ += base::Milliseconds{pick(4) == 0 ? 0 : pick(5000)};
      if (pick(150) == 0) now_ -= base::Milliseconds{pick(1'200'000)}; // the clock was set back
      const int dice = pick(100);
      if (dice < 22)
        store_new();
      else if (dice < 30)
        store_again();
      else if (dice < 40)
        open_dialog();
      else if (dice < 62)
        fetch();
      else if (dice < 72)
        take_turn();
      else if (dice < 80)
        read();
      else if (dice < 90)
        cards();
      else if (dice < 93)
        close_dialog();
      else if (dice < 96)
        expire();
      else if (dice < 98)
        restart();
      else
        compare_all();
    }
    compare_all();
    restart();
    compare_all();
  }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  Instant some_time() { return now_ - base::Milliseconds{pick(60'000)}; }
  std::string some_mailbox() { return "box-" + std::to_string(pick(3)); }
  std::string some_party() { return "party-" + std::to_string(pick(3)); }
  std::vector<std::string> some_mailboxes() {
    std::vector<std::string> out;
    for (int i = pick(3); i >= 0; --i) out.push_back(some_mailbox());
    if (pick(20) == 0) out.clear();
    return out;
  }
  std::string some_message_id() { return "m" + std::to_string(pick(next_message_ + 1)); }

  std::string some_dialog() {
    if (model_.dialogs.empty() || pick(30) == 0) return "unknown";
    auto at = model_.dialogs.begin();
    std::advance(at, pick(static_cast<int>(model_.dialogs.size())));
    return at->first;
  }

  DialogTurn some_turn(const std::string& result) {
    DialogTurn out;
    out.conversation_id = some_dialog();
    if (const auto known = model_.dialogs.find(out.conversation_id);
        known != model_.dialogs.end()) {
      out.sequence = known->second.next_sequence;
      out.challenge = known->second.challenge;
    }
    if (pick(12) == 0) out.challenge += "x";
    if (pick(12) == 0) out.sequence += 1;
    out.next_challenge = "challenge after step " + std::to_string(step_);
    out.request_digest = "request of step " + std::to_string(step_);
    out.result = result;
    out.acknowledge = pick(6) != 0;
    // Requests are carried out in another order than they were decided in.
    out.now = now_ - base::Milliseconds{pick(3) == 0 ? pick(2000) : 0};
    return out;
  }

  static std::string name_of(const std::optional<ErrorCode>& error) {
    return error ? std::string(base::to_string(*error)) : "success";
  }

  template <class T>
  void expect_same(const base::Result<T>& got, const std::optional<ErrorCode>& expected) {
    std::optional<ErrorCode> code;
    if (!got) code = got.error().code;
    ASSERT_EQ(name_of(code), name_of(expected));
  }

  mailbox::FetchSelection some_selection() {
    mailbox::FetchSelection out;
    out.mailboxes = some_mailboxes();
    switch (pick(4)) {
    case 0:
      out.rule = mailbox::FetchRule::message_id;
      out.message_id = some_message_id();
      break;
    case 1:
      out.rule = mailbox::FetchRule::since;
      out.since = some_time();
      break;
    default:
      break;
    }
    return out;
  }

  void expect_same_delivery(const mailbox::Fetched& got, const Model::Item* expected) {
    ASSERT_EQ(got.delivery.has_value(), expected != nullptr);
    if (!expected) return;
    samples::expect_same_card(got.delivery->card, expected->card);
    samples::expect_same_parts(got.delivery->parts, expected->sent.parts);
    EXPECT_EQ(got.delivery->mailbox, expected->sent.mailbox);
    EXPECT_EQ(got.delivery->originator, expected->sent.originator);
    EXPECT_EQ(got.delivery->context, expected->sent.context);
  }

  void store(const mailbox::NewDelivery& delivery) {
    std::optional<DialogTurn> turn;
    if (pick(3) == 0) turn = some_turn("stored");
    const auto expected = model_.store(delivery, turn, "refused");
    const auto got = backend_.store().store(delivery, turn, "refused");
    expect_same(got, expected.error);
    if (!got || !expected.item) return;
    EXPECT_EQ(got->repeated, expected.repeated);
    EXPECT_EQ(got->feedback, expected.item->sent.feedback);
    auto card = expected.item->card;
    card.forwarding.reset();
    card.reception.reset();
    card.modification = card.creation;
    samples::expect_same_card(got->card, card);
  }

  void store_new() {
    const auto id = "m" + std::to_string(next_message_++);
    auto delivery = pick(6) == 0 ? samples::rich_delivery(id, some_mailbox(), some_time())
                                 : samples::delivery(id, some_mailbox(), some_time());
    delivery.originator = some_party();
    for (int i = pick(3); i > 0; --i)
      delivery.parts.push_back({mailbox::PartKind::attachment, "a" + std::to_string(i),
                                "text/plain", "",
                                samples::octets(static_cast<std::size_t>(pick(400)), 1)});
    store(delivery);
  }

  void store_again() {
    if (model_.items.empty()) return;
    auto delivery =
        model_.items[static_cast<std::size_t>(pick(static_cast<int>(model_.items.size())))]->sent;
    delivery.creation = now_;
    if (pick(2) == 0) {
      delivery.request_digest = "another request";
      delivery.parts.front().bytes = "other content";
    }
    store(delivery);
  }

  void open_dialog() {
    const auto dialog =
        samples::dialog("dialog-" + std::to_string(next_dialog_++), some_party(), now_);
    expect_same(backend_.store().open_dialog(dialog, 3), model_.open_dialog(dialog, 3));
  }

  void fetch() {
    const auto selection = some_selection();
    const auto turn = some_turn("fetched:");
    const auto expected = model_.fetch(selection, turn);
    const auto got = backend_.store().fetch(selection, turn);
    expect_same(got, expected.error);
    if (!got) return;
    expect_same_delivery(*got, expected.item);
    EXPECT_EQ(got->waiting, model_.waiting(selection, expected.item));
  }

  void read() {
    const auto selection = some_selection();
    const auto got = backend_.store().read(selection);
    expect_same(got, std::nullopt);
    if (!got) return;
    const auto* expected = model_.find(selection);
    expect_same_delivery(*got, expected);
    EXPECT_EQ(got->waiting, model_.waiting(selection, expected));
  }

  void take_turn() {
    auto turn = some_turn("turn");
    turn.close = pick(3) == 0;
    expect_same(backend_.store().take_turn(turn), model_.take_turn(turn));
  }

  void cards() {
    mailbox::CardSelection selection;
    selection.party = some_party();
    selection.mailboxes = some_mailboxes();
    selection.rule = static_cast<mailbox::CardRule>(pick(4));
    selection.role = static_cast<mailbox::CardRole>(pick(3));
    selection.no_reception = pick(3) == 0;
    selection.since = some_time();
    selection.limit = static_cast<std::uint32_t>(1 + pick(10));
    for (int i = pick(6); i > 0; --i) selection.message_ids.push_back(some_message_id());
    std::optional<DialogTurn> turn;
    if (pick(2) == 0) turn = some_turn("cards");
    std::optional<ErrorCode> refused;
    if (turn) refused = model_.take_turn(*turn);
    const auto got = backend_.store().cards(selection, turn);
    expect_same(got, refused);
    if (got) expect_same_cards(*got, selection);
  }

  void expect_same_cards(const mailbox::CardPage& got, const mailbox::CardSelection& selection) {
    auto expected = model_.cards(selection);
    EXPECT_EQ(got.more, expected.size() > selection.limit);
    if (expected.size() > selection.limit) expected.resize(selection.limit);
    ASSERT_EQ(got.cards.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      samples::expect_same_card(got.cards[i], expected[i]->card);
  }

  void close_dialog() {
    const auto id = some_dialog();
    model_.close_dialog(id);
    expect_same(backend_.store().close_dialog(id), std::nullopt);
  }

  void expire() {
    const auto idle = now_ - base::Milliseconds{pick(60'000)};
    const auto forget = now_ - base::Milliseconds{pick(120'000)};
    const auto got = backend_.store().expire_dialogs(idle, forget);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(*got, model_.expire_dialogs(idle, forget));
  }

  void restart() {
    backend_.restart();
    model_.restart();
  }

  void compare_all() {
    for (int i = 0; i < next_dialog_; ++i) {
      const auto id = "dialog-" + std::to_string(i);
      const auto got = backend_.store().find_dialog(id);
      ASSERT_TRUE(got.has_value());
      const auto known = model_.dialogs.find(id);
      ASSERT_EQ(got->has_value(), known != model_.dialogs.end()) << id;
      if (!*got) continue;
      const auto& expected = known->second;
      EXPECT_EQ((*got)->closed, expected.closed) << id;
      EXPECT_EQ((*got)->next_sequence, expected.next_sequence);
      EXPECT_EQ((*got)->challenge, expected.challenge);
      EXPECT_EQ((*got)->last_activity, expected.last_activity);
      EXPECT_EQ((*got)->last_request_digest, expected.last_request_digest);
      EXPECT_EQ((*got)->last_result, expected.last_result);
    }
    for (const char* mailbox : {"box-0", "box-1", "box-2"}) {
      mailbox::CardSelection selection;
      selection.mailboxes = {mailbox};
      selection.limit = 100'000;
      const auto got = backend_.store().cards(selection, std::nullopt);
      ASSERT_TRUE(got.has_value());
      expect_same_cards(*got, selection);
    }
    compare_journal();
  }

  // The chain is whole, and the journal alone tells every card, event for event.
  void compare_journal() {
    storage::SqliteConnection db(backend_.database(), storage::SqliteConnection::Use::read);
    storage::JournalReplay replay;
    auto head = storage::journal_anchor(db);
    std::size_t accepted = 0, acknowledged = 0;
    for (const auto& entry : storage::read_journal(db, 0, 1'000'000)) {
      ASSERT_EQ(entry.number, head.number + 1);
      ASSERT_EQ(entry.previous, head.hash);
      ASSERT_EQ(entry.hash, storage::journal_hash(entry));
      head = {entry.number, entry.hash};
      accepted += entry.event == "accepted";
      acknowledged += entry.event == "acknowledged";
      replay.apply(entry);
    }
    EXPECT_EQ(accepted, model_.items.size());
    ASSERT_EQ(replay.cards().size(), model_.items.size());
    std::size_t received = 0;
    for (const auto& item : model_.items) {
      const auto& got = replay.cards().at(item->card.message_id);
      EXPECT_EQ(got.mailbox, item->sent.mailbox);
      EXPECT_EQ(got.originator, item->sent.originator);
      EXPECT_EQ(got.creation, item->card.creation);
      EXPECT_EQ(got.forwarding, item->card.forwarding);
      EXPECT_EQ(got.reception, item->card.reception);
      EXPECT_EQ(got.modification, item->card.modification);
      EXPECT_EQ(got.offers, item->offers);
      received += item->card.reception.has_value();
    }
    EXPECT_EQ(acknowledged, received);
  }

  std::mt19937 random_;
  SqliteBackend backend_;
  Model model_;
  Instant now_ = samples::at(0);
  int step_ = 0, next_message_ = 0, next_dialog_ = 0;
};

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<int>(std::strtol(text, nullptr, 10)) : otherwise;
}

TEST(Mailbox, FollowsItsModelThroughRandomSchedules) {
  const int steps = from_environment("DC_PROPERTY_STEPS", 250);
  const int only = from_environment("DC_PROPERTY_SEED", -1);
  const int first = only >= 0 ? only : 1, last = only >= 0 ? only : 10;
  for (int seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("DC_PROPERTY_SEED=" + std::to_string(seed));
    Schedule(static_cast<unsigned>(seed)).run(steps);
    if (testing::Test::HasFailure()) return;
  }
}

} // namespace
