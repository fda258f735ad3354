// A judge that cannot complain is worthless: good histories are falsified, one way each.
#include "fault/deliveries.h"
#include "fault/history.h"
#include <functional>
#include <gtest/gtest.h>

namespace {

using fault::Found;
using fault::History;
using fault::Rule;

std::string milliseconds(base::Instant instant) {
  return std::to_string(instant.time_since_epoch().count());
}

// large-2 is received, small-3 in hand, rich-4 waits, small-5 may have been stored.
History told() {
  History out;
  for (const std::string id : {"large-2", "small-3", "rich-4"}) {
    out.add("begin store " + id);
    out.add("told store " + id + " " + milliseconds(fault::delivery(id).creation));
  }
  out.add("begin dialog d");
  out.add("told dialog d");
  out.add("begin turn d 0");
  out.add("told turn d 0 large-2");
  out.add("begin turn d 1");
  out.add("told turn d 1 small-3");
  out.add("begin chunk chunked-8 1");
  out.add("told chunk chunked-8 1");
  out.add("begin chunk chunked-8 2");
  out.add("begin piece rich-4 1");
  out.add("told piece rich-4 1 abc d");
  out.add("begin push push-1");
  out.add("told push push-1");
  out.add("begin forward push-1");
  out.add("told forward push-1");
  out.add("begin finish push-1");
  out.add("told finish push-1");
  out.add("begin store small-5");
  return out;
}

mailbox::ProcessCard card(const std::string& id) {
  const auto sent = fault::delivery(id);
  mailbox::ProcessCard out;
  out.message_id = id;
  out.creation = out.modification = sent.creation;
  out.subject = sent.subject;
  out.inspections = sent.inspections;
  out.creation_token = sent.creation_token;
  return out;
}

Found good() {
  Found out;
  for (const std::string id : {"large-2", "small-3", "rich-4"}) {
    out.cards[id] = card(id);
    out.cards[id].forwarding = fault::at(100);
    out.content[id] = {fault::expected_digest(id), fault::mailbox_of(id)};
    if (id != "large-2") out.offered.emplace_back(id, out.content[id]);
  }
  out.cards["large-2"].reception = fault::at(101);
  out.dialogs["d"] = 2;
  out.transfers["chunked-8"].received = {1};
  out.pieces["rich-4"][1] = "abc";
  auto& push = out.pushes["push-1"];
  push.forwarded = push.finished = true;
  push.reply = fault::expected_digest("reply-1");
  out.cards["push-1"] = card("push-1");
  return out;
}

// What may or may not have happened is no violation either way.
TEST(FaultJudge, AcceptsWhatWasPromised) {
  EXPECT_TRUE(fault::judge(told(), good()).empty());
  auto found = good();
  found.cards["small-5"] = card("small-5");
  found.content["small-5"] = {fault::expected_digest("small-5"), fault::mailbox_of("small-5")};
  found.offered.emplace_back("small-5", found.content["small-5"]);
  found.transfers["chunked-8"].received.insert(2);
  EXPECT_TRUE(fault::judge(told(), found).empty());
}

struct Falsified {
  const char* name;
  Rule rule;
  std::function<void(Found&)> falsify;
};

class FaultJudgeOf : public testing::TestWithParam<Falsified> {};

TEST_P(FaultJudgeOf, AFalseState) {
  auto found = good();
  GetParam().falsify(found);
  const auto violations = fault::judge(told(), found);
  ASSERT_FALSE(violations.empty());
  for (const auto& one : violations)
    EXPECT_EQ(one.rule, GetParam().rule) << one.about << ": " << one.what;
}

INSTANTIATE_TEST_SUITE_P(
    Complains, FaultJudgeOf,
    testing::Values(
        Falsified{"NoStart", Rule::no_start, [](Found& f) { f.no_start = "damaged"; }},
        Falsified{"CardLost", Rule::lost, [](Found& f) { f.cards.erase("rich-4"); }},
        Falsified{"ContentLost", Rule::lost, [](Found& f) { f.content.erase("rich-4"); }},
        Falsified{"NotOffered", Rule::lost, [](Found& f) { f.offered.pop_back(); }},
        Falsified{"ContentAltered", Rule::altered,
                  [](Found& f) { f.content["rich-4"].digest = "x"; }},
        Falsified{"OfferAltered", Rule::altered,
                  [](Found& f) { f.offered.back().second.digest = "x"; }},
        Falsified{"OtherMailbox", Rule::altered,
                  [](Found& f) { f.content["rich-4"].mailbox = "box-9"; }},
        Falsified{"CardInvented", Rule::invented,
                  [](Found& f) { f.cards["small-77"] = card("small-77"); }},
        Falsified{"OfferInvented", Rule::invented,
                  [](Found& f) { f.offered.emplace_back("small-77", fault::FoundDelivery{}); }},
        Falsified{"DeliveredTwice", Rule::delivered_twice,
                  [](Found& f) { f.offered.emplace_back("large-2", f.content["large-2"]); }},
        Falsified{"OfferedTwice", Rule::delivered_twice,
                  [](Found& f) { f.offered.push_back(f.offered.back()); }},
        Falsified{"Creation", Rule::card,
                  [](Found& f) { f.cards["rich-4"].creation = fault::at(5); }},
        Falsified{"Inspections", Rule::card,
                  [](Found& f) { f.cards["rich-4"].inspections.clear(); }},
        Falsified{"ForwardingMissing", Rule::card,
                  [](Found& f) { f.cards["small-3"].forwarding.reset(); }},
        Falsified{"ReceptionInvented", Rule::card,
                  [](Found& f) {
                    f.cards["small-3"].reception = fault::at(102);
                    f.offered.erase(f.offered.begin());
                  }},
        Falsified{"DialogForgotten", Rule::forgotten, [](Found& f) { f.dialogs.clear(); }},
        Falsified{"TurnForgotten", Rule::forgotten, [](Found& f) { f.dialogs["d"] = 1; }},
        Falsified{"TransferForgotten", Rule::forgotten, [](Found& f) { f.transfers.clear(); }},
        Falsified{"ChunkForgotten", Rule::forgotten,
                  [](Found& f) { f.transfers["chunked-8"].received.clear(); }},
        Falsified{"ChunkInvented", Rule::invented,
                  [](Found& f) { f.transfers["chunked-8"].received.insert(3); }},
        Falsified{"ChunkAltered", Rule::altered,
                  [](Found& f) { f.transfers["chunked-8"].damaged = true; }},
        Falsified{"PieceForgotten", Rule::forgotten, [](Found& f) { f.pieces.clear(); }},
        Falsified{"PieceAltered", Rule::altered, [](Found& f) { f.pieces["rich-4"][1] = "x"; }},
        Falsified{"PushForgotten", Rule::forgotten, [](Found& f) { f.pushes.clear(); }},
        Falsified{"OutcomeForgotten", Rule::forgotten,
                  [](Found& f) { f.pushes["push-1"].finished = false; }},
        Falsified{"ReplyLost", Rule::lost, [](Found& f) { f.pushes["push-1"].reply.clear(); }},
        Falsified{"Quarantine", Rule::damaged, [](Found& f) { f.damage.emplace_back("x"); }},
        Falsified{"Stuck", Rule::stuck, [](Found& f) { f.stuck.emplace_back("x"); }}),
    [](const auto& given) { return std::string(given.param.name); });

// Two complaints: the card, and that it is offered to nobody although it is not received.
TEST(FaultJudge, ComplainsOfAMissingReception) {
  auto found = good();
  found.cards["large-2"].reception.reset();
  const auto violations = fault::judge(told(), found);
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].rule, Rule::card);
  EXPECT_EQ(violations[1].rule, Rule::lost);
}

TEST(FaultJudge, ComplainsOfWhatTheClientsSaw) {
  auto history = told();
  history.add("gave-up store small-9");
  EXPECT_EQ(fault::judge(history, good()).at(0).rule, Rule::unexpected);
  history = told();
  history.add("told store rich-4 " + milliseconds(fault::at(77)));
  EXPECT_FALSE(fault::judge(history, good()).empty());
}

TEST(FaultJudge, KnowsWhatWasPurged) {
  auto history = told();
  history.add("begin purge large-2");
  auto gone = good();
  gone.content.erase("large-2");
  EXPECT_TRUE(fault::judge(history, good()).empty());
  EXPECT_TRUE(fault::judge(history, gone).empty());
  history.add("told purge large-2");
  EXPECT_TRUE(fault::judge(history, gone).empty());
  EXPECT_EQ(fault::judge(history, good()).at(0).rule, Rule::invented);
  gone.cards.erase("large-2");
  EXPECT_EQ(fault::judge(history, gone).at(0).rule, Rule::lost);
}

TEST(FaultJudge, KnowsWhatABackupMustHold) {
  auto history = told();
  history.add("begin backup all");
  history.add("begin store small-6");
  history.add("failed store small-6 storage_full");
  EXPECT_TRUE(fault::judge(history, good()).empty());
  history.add("told backup all");
  auto found = good();
  EXPECT_EQ(fault::judge(history, found).at(0).rule, Rule::forgotten);
  found.backup = found.content;
  EXPECT_TRUE(fault::judge(history, found).empty());
  (*found.backup)["small-3"].digest = "x";
  EXPECT_EQ(fault::judge(history, found).at(0).rule, Rule::altered);
  found.backup->erase("small-3");
  EXPECT_EQ(fault::judge(history, found).at(0).rule, Rule::lost);
}

// Failed means unchanged: what was refused must not be there.
TEST(FaultJudge, ComplainsOfWhatWasRefusedAndIsThere) {
  auto history = told();
  history.add("failed store small-5 storage_full");
  auto found = good();
  found.cards["small-5"] = card("small-5");
  const auto violations = fault::judge(history, found);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].rule, Rule::invented);
}

} // namespace
