// ForwardDelivery and MediateDelivery through the whole intermediary (wire reference 1.5, 1.6).
#include "base/encoding.h"
#include "crypto/digest.h"
#include "hostile/world.h"
#include "unit/gateway/fake_recipient.h"
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;
using test::AnswerForm;
using test::FakeRecipient;
using test::kUri;

support::PushSetup setup(FakeRecipient& recipient) {
  support::PushSetup out;
  out.transport = &recipient;
  out.endpoints = {{kUri, ""}, {"https://other.example/second", ""}};
  out.more_signers = {hostile::stranger().certificate};
  out.limits.circuit_failures = 1000;
  return out;
}

std::vector<std::string> codes(const osci::Answer& answer) {
  std::vector<std::string> out;
  for (const auto& entry : answer.feedback) out.push_back(entry.code);
  return out;
}
using Codes = std::vector<std::string>;

struct Push : testing::Test {
  FakeRecipient fake;
  Intermediary intermediary{osci::Policy{}, false, {}, setup(fake)};
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};

  std::string fresh() {
    return intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  }
  osci::Request forward(const std::string& id, const std::string& uri = kUri) {
    return sender.pushed(MessageType::forward_delivery, id, uri);
  }
  osci::Request forward() { return forward(fresh()); }
  osci::Answer send(const osci::Request& request) {
    return sender.open(intermediary.post(sender.seal(request)));
  }
  // A MediateDelivery that fits into the dialog.
  osci::Request mediate(Dialog& dialog, const std::string& id) {
    auto out = sender.pushed(MessageType::mediate_delivery, id, kUri);
    out.control = dialog.next(MessageType::mediate_delivery).control;
    return out;
  }
  std::vector<mailbox::ProcessCard> cards(const Party& party) {
    Dialog dialog(intermediary, party);
    return dialog.send(dialog.next(MessageType::fetch_process_card)).cards;
  }
};

TEST_F(Push, ForwardedDeliveryArrivesUnchangedAndTheCardTellsTheTimes) {
  auto request = forward();
  request.languages = {"en", "de"};
  request.content.custom_headers.push_back(
      {"kopf",
       seal::Context::standard().declared_on("<x:H xmlns:x=\"urn:x\" Id=\"kopf\">v</x:H>")});
  request.content.attachments.push_back(
      {"plan@sender", "application/pdf", "", std::string(70000, '\1'), false});
  request.certificates.push_back(
      {"SignatureCertificateAddressee", "addressee_signature", recipient.signature.certificate});
  const auto start = intermediary.clock.now();
  fake.behave = [&](const osci::Request& r) {
    intermediary.clock.advance(2s);
    return fake.handed(fake.answer(r, {}));
  };
  const auto answer = send(request);
  EXPECT_EQ(codes(answer), Codes{"0800"});
  EXPECT_EQ(answer.feedback[0].language, "en");
  EXPECT_TRUE(answer.control.conversation_id);
  ASSERT_EQ(answer.cards.size(), 1u);
  EXPECT_EQ(answer.cards[0].creation, start);
  EXPECT_EQ(answer.cards[0].forwarding, start);
  EXPECT_EQ(answer.cards[0].reception, start + 2s);
  // Every certificate of the request, and the one that signed the recipient's answer.
  EXPECT_EQ(answer.cards[0].inspections.size(), 5u);

  ASSERT_EQ(fake.calls(), 1u);
  EXPECT_EQ(fake.last_uri(), kUri);
  const auto got = fake.last();
  EXPECT_EQ(got.type, MessageType::accept_delivery);
  EXPECT_FALSE(got.control.conversation_id || got.control.sequence_number || got.control.response);
  EXPECT_EQ(got.languages, request.languages);
  EXPECT_EQ(got.content.body, request.content.body);
  ASSERT_EQ(got.content.attachments.size(), 1u);
  EXPECT_EQ(got.content.attachments[0].content_id, "plan@sender");
  EXPECT_EQ(got.content.attachments[0].bytes, request.content.attachments[0].bytes);
  ASSERT_EQ(got.content.custom_headers.size(), 1u);
  EXPECT_EQ(got.content.custom_headers[0].canonical, request.content.custom_headers[0].canonical);
  ASSERT_EQ(got.certificates.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto* sent = request.certificate(got.certificates[i].role);
    ASSERT_TRUE(sent) << got.certificates[i].role;
    EXPECT_EQ(got.certificates[i].id, sent->id);
    EXPECT_EQ(got.certificates[i].certificate, sent->certificate);
  }
  EXPECT_EQ(got.intermediary_cipher->certificate, support::key("intermed_cipher").certificate);
  EXPECT_EQ(got.intermediary_signature->certificate, support::key("intermed_sign").certificate);
  ASSERT_TRUE(got.card);
  EXPECT_EQ(got.card->message_id, *request.message_id);
  EXPECT_EQ(got.card->forwarding, start);
  EXPECT_EQ(got.card->subject, "Antrag");
  EXPECT_FALSE(got.card->reception);

  // Both sides may read the card; there is nothing to fetch.
  EXPECT_EQ(cards(sender).at(0).message_id, *request.message_id);
  EXPECT_EQ(cards(recipient).at(0).message_id, *request.message_id);
  EXPECT_TRUE(cards(other).empty());
  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(codes(dialog.send(dialog.next(MessageType::fetch_delivery))), Codes{"9803"});
  auto by_id = dialog.next(MessageType::fetch_delivery);
  by_id.selection.rule = osci::Selection::Rule::message_ids;
  by_id.selection.message_ids = {*request.message_id};
  EXPECT_EQ(codes(dialog.send(by_id)), Codes{"9803"});
}

TEST_F(Push, ForwardInADialogKeepsItOpenAndOtherDialogsGoOn) {
  Dialog dialog(intermediary, sender);
  auto request = forward();
  request.control = dialog.next(MessageType::forward_delivery).control;
  EXPECT_EQ(codes(dialog.send(request)), Codes{"0801"});
  EXPECT_EQ(codes(dialog.send(dialog.next(MessageType::exit_dialog))), Codes{"0800"});
}

// --- what the recipient says
// -----------------------------------------------------------------------

struct Case {
  const char* name;
  std::function<void(Push&)> behave;
  Codes codes;
  bool received = false;
};

class PushAnswers : public Push, public testing::WithParamInterface<Case> {};

void answers(Push& t, const AnswerForm& form) {
  t.fake.form = form;
}
void posts(Push& t, std::function<gateway::Attempt(const osci::Request&)> behave) {
  t.fake.behave = std::move(behave);
}

std::string tampered(Push& t, const osci::Request& r) {
  AnswerForm form;
  form.encrypt = false;
  auto body = t.fake.answer(r, form);
  const auto at = body.find("Rückmeldung");
  body[at] = 'r';
  return body;
}

AnswerForm coded(const char* code) {
  AnswerForm out;
  out.code = code;
  return out;
}

const Case kCases[] = {
    {"Accepts", [](Push& t) { answers(t, {}); }, {"0800"}, true},
    {"AcceptsWithAWarning", [](Push& t) { answers(t, coded("3700")); }, {"0800"}, true},
    {"Refuses", [](Push& t) { answers(t, coded("9803")); }, {"9805"}},
    {"HasAnInternalError", [](Push& t) { answers(t, coded("9811")); }, {"9808"}},
    {"SaysThatItFailed", [](Push& t) { answers(t, coded("9808")); }, {"9808"}},
    {"SaysFault9202",
     [](Push& t) {
       posts(t, [](auto&) {
         return FakeRecipient::handed(osci::write_fault(base::ErrorCode::undecryptable), 500);
       });
     },
     {"9805"}},
    {"SaysFault9000",
     [](Push& t) {
       posts(t, [](auto&) {
         return FakeRecipient::handed(osci::write_fault(base::ErrorCode::internal));
       });
     },
     {"9808"}},
    {"DoesNotSign",
     [](Push& t) {
       AnswerForm form;
       form.sign = false;
       answers(t, form);
     },
     {"0800", "3802"},
     true},
    {"DoesNotEncrypt",
     [](Push& t) {
       AnswerForm form;
       form.encrypt = false;
       answers(t, form);
     },
     {"0800", "3803"},
     true},
    {"SignsWrongly",
     [](Push& t) { posts(t, [&t](auto& r) { return FakeRecipient::handed(tampered(t, r)); }); },
     {"9807"}},
    {"SignsWithSomebodyElsesKey",
     [](Push& t) {
       AnswerForm form;
       form.signer = &support::key("other_sign");
       answers(t, form);
     },
     {"9807", "3803"}},
    {"SignsWithAnUntrustedCertificate",
     [](Push& t) {
       AnswerForm form;
       form.signer = &hostile::stranger();
       answers(t, form);
     },
     {"9711"}},
    {"RepeatsAnOldResponse",
     [](Push& t) {
       AnswerForm form;
       form.response = "b2xk";
       answers(t, form);
     },
     {"9810"}},
    {"SendsGarbage",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::handed("garbage"); }); },
     {"9810"}},
    {"SendsNothing",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::handed(""); }); },
     {"9810"}},
    {"SendsTooMuch",
     [](Push& t) {
       posts(t, [](auto&) { return FakeRecipient::broken(true, base::ErrorCode::too_large); });
     },
     {"9810"}},
    {"AnswersForAnotherType",
     [](Push& t) {
       posts(t, [&t](auto& r) {
         auto other = r;
         other.type = MessageType::process_delivery;
         return FakeRecipient::handed(t.fake.answer(other, {}));
       });
     },
     {"9810"}},
    {"Redirects",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::handed("", 302); }); },
     {"9809"}},
    {"KnowsNoSuchPath",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::handed("<html>", 404); }); },
     {"9809"}},
    {"IsBehindAFailingProxy",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::handed("", 504); }); },
     {"9810"}},
    {"IsNotReached",
     [](Push& t) { posts(t, [](auto&) { return FakeRecipient::broken(false); }); },
     {"9809"}},
    {"TimesOutAfterTheMessage",
     [](Push& t) {
       posts(t, [](auto&) { return FakeRecipient::broken(true, base::ErrorCode::timed_out); });
     },
     {"9810"}},
    {"RefusesBeforeTheEnd",
     [](Push& t) {
       posts(t, [](auto&) {
         auto out = FakeRecipient::handed("", 413);
         out.handed_over = false;
         return out;
       });
     },
     {"9809"}},
};

TEST_P(PushAnswers, BecomeTheSendersFeedbackOnceAndForAll) {
  GetParam().behave(*this);
  const auto request = forward();
  const auto wire = sender.seal(request);
  const auto answer = sender.open(intermediary.post(wire));
  auto got = codes(answer);
  auto expected = GetParam().codes;
  // A clear answer is a warning of its own where the test only says what follows from the rest.
  std::erase(got, "3803");
  std::erase(expected, "3803");
  EXPECT_EQ(got, expected);
  ASSERT_EQ(answer.cards.size(), 1u);
  EXPECT_EQ(answer.cards[0].reception.has_value(), GetParam().received);
  EXPECT_TRUE(answer.cards[0].forwarding);

  // The identical repeat, now and after a restart: the same answer, nothing pushed again.
  for (int round = 0; round < 2; ++round) {
    intermediary.clock.advance(5s);
    if (round == 1) intermediary.restart();
    const auto again = sender.open(intermediary.post(wire));
    EXPECT_EQ(codes(again), codes(answer));
    EXPECT_EQ(again.cards.at(0).modification, answer.cards[0].modification);
    EXPECT_EQ(again.cards.at(0).reception, answer.cards[0].reception);
  }
  EXPECT_EQ(fake.calls(), 1u);
  // The id is spent all the same.
  EXPECT_EQ(codes(send(forward(*request.message_id))), Codes{"9801"});
  EXPECT_EQ(codes(send(sender.delivery(*request.message_id, "x"))), Codes{"9801"});
  EXPECT_EQ(fake.calls(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Recipient, PushAnswers, testing::ValuesIn(kCases),
                         [](const auto& tested) { return tested.param.name; });

TEST_F(Push, OutdatedSignatureCertificateOfTheRecipientIsAWarning) {
  // All certificates of the test are outdated then; 3708 is the recipient's.
  intermediary.clock.set(base::Instant{std::chrono::hours{24 * 365 * 90}});
  const auto answer = send(forward());
  const auto got = codes(answer);
  EXPECT_EQ(got.front(), "0800");
  EXPECT_NE(std::find(got.begin(), got.end(), "3708"), got.end());
  EXPECT_NE(std::find(got.begin(), got.end(), "3705"), got.end());
}

// --- who may be dialled
// ----------------------------------------------------------------------------

TEST_F(Push, OnlyWhatTheDirectoryListsForTheAddresseeIsDialled) {
  for (const auto* uri :
       {"https://recipient.example/osci/", "https://recipient.example/osc",
        "HTTPS://recipient.example/osci", "https://recipient.example:443/osci",
        "https://recipient.example/osci?x", "file:///etc/passwd", "http://127.0.0.1/",
        "https://recipient.example@evil.example/osci", "x"}) {
    const auto id = fresh();
    const auto answer = send(forward(id, uri));
    EXPECT_EQ(codes(answer), Codes{"9809"}) << uri;
    EXPECT_TRUE(answer.cards.empty());
    // Nothing was recorded: the id is still good.
    EXPECT_EQ(codes(send(forward(id))), Codes{"0800"}) << uri;
  }
  const auto before = fake.calls();
  // Listed, but for another organisation.
  auto foreign = sender.delivery(fresh(), "x", "other");
  foreign.type = MessageType::forward_delivery;
  foreign.receiver_uri = kUri;
  EXPECT_EQ(codes(send(foreign)), Codes{"9809"});
  auto nobody = forward();
  for (auto& one : nobody.certificates)
    if (one.role == "CipherCertificateAddressee")
      one.certificate = support::key("bench2048_cipher").certificate;
  EXPECT_EQ(codes(send(nobody)), Codes{"9805"});
  auto none = forward();
  std::erase_if(none.certificates,
                [](const auto& one) { return one.role == "CipherCertificateAddressee"; });
  EXPECT_EQ(codes(send(none)), Codes{"9809"});
  EXPECT_EQ(fake.calls(), before);
}

TEST_F(Push, TestModeDialsOnlyTestEndpoints) {
  osci::Policy policy;
  policy.create_mailboxes = true;
  policy.test_endpoints = {kUri};
  Intermediary open(policy, false, {}, setup(fake));
  auto request = forward();
  for (auto& one : request.certificates)
    if (one.role == "CipherCertificateAddressee")
      one.certificate = support::key("bench2048_cipher").certificate;
  request.receiver_uri = "https://recipient.example/x";
  EXPECT_EQ(codes(sender.open(open.post(sender.seal(request)))), Codes{"9809"});
  EXPECT_EQ(fake.calls(), 0u);
}

TEST_F(Push, RefusalsBeforeAnythingIsRecorded) {
  auto without_id = forward();
  without_id.message_id.reset();
  EXPECT_EQ(codes(send(without_id)), Codes{"9800"});
  EXPECT_EQ(codes(send(forward("not-issued-here"))), Codes{"9801"});
  auto request = sender.pushed(MessageType::mediate_delivery, fresh(), kUri);
  EXPECT_EQ(codes(send(request)), Codes{"9802"});
  // Ids of the sender's choice that our message needs too.
  for (const auto* id : {"acceptdelivery", "intermediarycertificates", "clientsignature"}) {
    auto colliding = forward();
    const std::string known = "contentcontainer0";
    colliding.content.body.replace(colliding.content.body.find(known), known.size(), id);
    EXPECT_EQ(support::code_of(sender, intermediary.post(sender.seal(colliding))).substr(0, 2),
              std::string(id) == "clientsignature" ? "91" : "93")
        << id;
  }
  EXPECT_EQ(fake.calls(), 0u);
  EXPECT_TRUE(cards(sender).empty());
}

// --- repeats and deaths
// ----------------------------------------------------------------------------

TEST_F(Push, RepeatInFlightWaitsForTheOutcome) {
  const auto wire = sender.seal(forward());
  const auto answers = intermediary.post_all({wire, wire, wire});
  for (const auto& answer : answers) EXPECT_EQ(codes(sender.open(answer)), Codes{"0800"});
  EXPECT_EQ(fake.calls(), 1u);
}

TEST_F(Push, DaemonThatDiedBeforeForwardingPushesOnRepeat) {
  const auto request = forward();
  const auto wire = sender.seal(request);
  // What decide() and begin_push() leave behind.
  mailbox::NewPush begun;
  begun.delivery.message_id = *request.message_id;
  begun.delivery.mailbox = "wgb:059130000000";
  begun.delivery.originator = "cert:" + sender.cipher.certificate.fingerprint();
  begun.delivery.request_digest = crypto::digest(crypto::DigestAlgorithm::sha256, wire);
  begun.delivery.creation = intermediary.clock.now();
  ASSERT_TRUE(intermediary.store().begin_push(begun, std::nullopt, ""));
  intermediary.restart();
  intermediary.clock.advance(1min);
  const auto answer = sender.open(intermediary.post(wire));
  EXPECT_EQ(codes(answer), Codes{"0800"});
  EXPECT_EQ(answer.cards.at(0).creation, begun.delivery.creation);
  EXPECT_EQ(fake.calls(), 1u);
}

TEST_F(Push, DaemonThatDiedAfterForwardingNeverPushesAgain) {
  for (const bool in_dialog : {false, true}) {
    std::optional<Dialog> dialog;
    auto request = forward();
    if (in_dialog) {
      dialog.emplace(intermediary, sender);
      request.control = dialog->next(MessageType::forward_delivery).control;
    }
    const auto wire = sender.seal(request);
    const auto before = fake.calls();
    // As good as dead: no outcome is recorded.
    fake.behave = [](auto&) -> gateway::Attempt { throw base::InternalError("died"); };
    EXPECT_TRUE(support::is_fault(intermediary.post(wire)));
    intermediary.restart();
    fake.behave = [this](const osci::Request& r) { return fake.handed(fake.answer(r, {})); };
    for (int round = 0; round < 2; ++round) {
      const auto answer = sender.open(intermediary.post(wire));
      EXPECT_EQ(codes(answer), Codes{"9810"});
      EXPECT_TRUE(answer.cards.at(0).forwarding);
      EXPECT_FALSE(answer.cards.at(0).reception);
      intermediary.restart();
    }
    EXPECT_EQ(fake.calls(), before + 1);
  }
}

TEST_F(Push, RepeatInADialogGetsTheSameAnswerAlsoAfterARestart) {
  Dialog dialog(intermediary, sender);
  auto request = forward();
  request.control = dialog.next(MessageType::forward_delivery).control;
  const auto wire = sender.seal(request);
  const auto first = intermediary.post(wire);
  EXPECT_EQ(intermediary.post(wire), first);
  intermediary.restart();
  const auto again = sender.open(intermediary.post(wire));
  EXPECT_EQ(codes(again), Codes{"0801"});
  EXPECT_EQ(again.cards.at(0).reception, sender.open(first).cards.at(0).reception);
  EXPECT_EQ(again.control.challenge, sender.open(first).control.challenge);
  EXPECT_EQ(fake.calls(), 1u);
}

// --- MediateDelivery
// -------------------------------------------------------------------------------

struct Mediate : Push {
  Mediate() { fake.form.reply = "Bescheid"; }
};

TEST_F(Mediate, WithProtocolBothCardsAndTheReplyComeBack) {
  Dialog dialog(intermediary, sender);
  const auto request = mediate(dialog, fresh());
  fake.form.addressee_signature = true;
  const auto start = intermediary.clock.now();
  fake.behave = [&](const osci::Request& r) {
    intermediary.clock.advance(2s);
    return fake.handed(fake.answer(r, fake.form));
  };
  const auto answer = dialog.send(request);
  EXPECT_EQ(codes(answer), Codes{"0801"});
  const auto got = fake.last();
  EXPECT_EQ(got.type, MessageType::process_delivery);
  ASSERT_TRUE(got.reply_message_id && got.card);
  EXPECT_EQ(got.card->message_id, *request.message_id);
  ASSERT_EQ(answer.cards.size(), 1u);
  EXPECT_EQ(answer.cards[0].message_id, *request.message_id);
  EXPECT_EQ(answer.cards[0].creation, start);
  EXPECT_EQ(answer.cards[0].reception, start + 2s);
  ASSERT_TRUE(answer.reply_card);
  EXPECT_EQ(answer.reply_card->message_id, *got.reply_message_id);
  EXPECT_EQ(answer.reply_card->creation, start + 2s);
  EXPECT_TRUE(answer.reply_card->forwarding);
  EXPECT_EQ(answer.reply_card->subject, "Bescheid");
  ASSERT_TRUE(answer.content);
  EXPECT_NE(answer.content->body.find(base::base64_encode("Bescheid")), std::string::npos);
  EXPECT_EQ(answer.content->attachments.at(0).bytes, std::string(9000, 'a'));
  EXPECT_EQ(answer.content->custom_headers.at(0).id, "antwortkopf");
  // The role that the sender's library refuses is gone (4.9).
  EXPECT_EQ(answer.certificates.size(), 2u);
  for (const auto& one : answer.certificates) EXPECT_NE(one.role, "SignatureCertificateAddressee");

  // Q3: the next request of the dialog receives the reply.
  intermediary.clock.advance(3s);
  auto list = dialog.next(MessageType::fetch_process_card);
  const auto listed = dialog.send(list).cards;
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[1].message_id, *got.reply_message_id);
  EXPECT_EQ(listed[1].reception, start + 5s);
  EXPECT_EQ(cards(recipient).size(), 2u);
}

TEST_F(Mediate, RepeatGetsTheReplyAgainAlsoAfterARestart) {
  Dialog dialog(intermediary, sender);
  const auto request = mediate(dialog, fresh());
  const auto wire = sender.seal(request);
  const auto first = intermediary.post(wire);
  EXPECT_EQ(intermediary.post(wire), first);
  intermediary.restart();
  const auto again = dialog.exchange(wire, request);
  const auto before = sender.open(first);
  EXPECT_EQ(codes(again), Codes{"0801"});
  EXPECT_EQ(again.content->body, before.content->body);
  EXPECT_EQ(again.content->certificates, before.content->certificates);
  EXPECT_EQ(again.content->attachments.at(0).bytes, before.content->attachments.at(0).bytes);
  EXPECT_EQ(again.reply_card->message_id, before.reply_card->message_id);
  EXPECT_EQ(again.reply_card->creation, before.reply_card->creation);
  EXPECT_EQ(fake.calls(), 1u);
  EXPECT_EQ(codes(dialog.send(dialog.next(MessageType::exit_dialog))), Codes{"0800"});
  EXPECT_TRUE(cards(sender).at(1).reception);
}

TEST_F(Mediate, WithoutProtocolNothingIsRecorded) {
  Dialog dialog(intermediary, sender);
  const auto request = mediate(dialog, "");
  const auto wire = sender.seal(request);
  const auto answer = dialog.exchange(wire, request);
  EXPECT_EQ(codes(answer), Codes{"0801"});
  EXPECT_TRUE(answer.cards.empty());
  EXPECT_FALSE(answer.reply_card);
  ASSERT_TRUE(answer.content);
  EXPECT_FALSE(fake.last().reply_message_id || fake.last().card);
  // Inside the cache the repeat gets the very same octets.
  EXPECT_EQ(codes(sender.open(intermediary.post(wire))), Codes{"0801"});
  EXPECT_EQ(fake.calls(), 1u);
  EXPECT_TRUE(cards(sender).empty());
  EXPECT_EQ(codes(dialog.send(dialog.next(MessageType::exit_dialog))), Codes{"0800"});
}

TEST_F(Mediate, WithoutProtocolARepeatAfterARestartEndsTheDialog) {
  Dialog dialog(intermediary, sender);
  const auto request = mediate(dialog, "");
  const auto wire = sender.seal(request);
  dialog.exchange(wire, request);
  intermediary.restart();
  EXPECT_TRUE(support::is_fault(intermediary.post(wire)));
  EXPECT_EQ(fake.calls(), 1u);
  const auto exit = sender.seal(dialog.next(MessageType::exit_dialog));
  EXPECT_EQ(support::code_of(sender, intermediary.post(exit)), "9400");
}

TEST_F(Mediate, RepliesThatCannotBeHandedOn) {
  struct Wrong {
    const char* code;
    bool received;
    std::function<void(AnswerForm&)> change;
  };
  const Wrong all[] = {
      {"9806", true, [](AnswerForm& f) { f.reply.reset(); }},
      {"9808", true, [](AnswerForm& f) { f.other_id = "another"; }},
      {"9808", true, [](AnswerForm& f) { f.payload_id = "responsetomediatedelivery"; }},
      {"9805", false, [](AnswerForm& f) { f.code = "9803"; }},
  };
  for (const auto& wrong : all) {
    fake.form = {};
    fake.form.reply = "Bescheid";
    wrong.change(fake.form);
    Dialog dialog(intermediary, sender);
    const auto answer = dialog.send(mediate(dialog, fresh()));
    EXPECT_EQ(codes(answer), Codes{wrong.code});
    EXPECT_FALSE(answer.content || answer.reply_card);
    EXPECT_EQ(answer.cards.at(0).reception.has_value(), wrong.received);
    EXPECT_EQ(codes(dialog.send(dialog.next(MessageType::exit_dialog))), Codes{"0800"});
  }
}

TEST_F(Mediate, ReplyWithoutIdHasNoCardAndIsKept) {
  fake.form.reply_id = false;
  fake.form.sign = false;
  Dialog dialog(intermediary, sender);
  const auto request = mediate(dialog, fresh());
  const auto wire = sender.seal(request);
  for (int round = 0; round < 2; ++round) {
    const auto answer = sender.open(intermediary.post(wire));
    EXPECT_EQ(codes(answer), (Codes{"0801", "3802"}));
    EXPECT_TRUE(answer.content && !answer.reply_card);
    intermediary.restart();
  }
  EXPECT_EQ(cards(sender).size(), 1u);
}

// --- slow and dead recipients
// ----------------------------------------------------------------------

TEST_F(Push, DeadRecipientOpensItsCircuitAndOneMessageTriesAgain) {
  intermediary.push.limits.circuit_failures = 2;
  intermediary.push.limits.circuit_pause = 30s;
  intermediary.restart();
  fake.behave = [](auto&) { return FakeRecipient::broken(false); };
  EXPECT_EQ(codes(send(forward())), Codes{"9809"});
  EXPECT_EQ(codes(send(forward())), Codes{"9809"});
  EXPECT_EQ(fake.calls(), 2u);
  const auto unsent = send(forward());
  EXPECT_EQ(codes(unsent), Codes{"9809"});
  EXPECT_EQ(fake.calls(), 2u) << "dialled through an open circuit";
  EXPECT_FALSE(unsent.cards.at(0).forwarding);
  // Another target has a circuit of its own.
  EXPECT_EQ(codes(send(forward(fresh(), "https://other.example/second"))), Codes{"9809"});
  EXPECT_EQ(fake.calls(), 3u);

  intermediary.clock.advance(31s);
  EXPECT_EQ(codes(send(forward())), Codes{"9809"}); // half-open: tries and fails
  EXPECT_EQ(fake.calls(), 4u);
  EXPECT_EQ(codes(send(forward())), Codes{"9809"});
  EXPECT_EQ(fake.calls(), 4u);
  intermediary.clock.advance(31s);
  fake.behave = [this](const osci::Request& r) { return fake.handed(fake.answer(r, {})); };
  EXPECT_EQ(codes(send(forward())), Codes{"0800"});
  EXPECT_EQ(codes(send(forward())), Codes{"0800"});
  EXPECT_EQ(fake.calls(), 6u);
}

TEST_F(Push, SlowRecipientHoldsUpNeitherOthersNorMailboxes) {
  intermediary.push.limits.running = 3;
  intermediary.push.limits.per_target = 2;
  intermediary.push.limits.waiting = 1;
  intermediary.push.limits.wait = 20ms;
  intermediary.restart();
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  const std::string fast = "https://other.example/second";
  fake.behave = [&](const osci::Request& r) {
    // The uri of this very call: the fast target passes, and ends the wait of the slow one.
    if (r.card->subject == "fast") {
      const std::lock_guard lock(mutex);
      release = true;
      changed.notify_all();
    } else {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return release; }));
    }
    return fake.handed(fake.answer(r, {}));
  };
  auto quick = forward(fresh(), fast);
  quick.subject = "fast";
  std::vector<std::string> wires;
  for (int i = 0; i < 4; ++i) wires.push_back(sender.seal(forward()));
  wires.push_back(sender.seal(sender.delivery(fresh(), "x")));
  wires.push_back(sender.seal(quick));
  const auto answers = intermediary.post_all(wires);
  EXPECT_EQ(codes(sender.open(answers[4])), Codes{"0800"});
  EXPECT_EQ(codes(sender.open(answers[5])), Codes{"0800"});
  int served = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (answers[i].empty())
      continue; // 503: nothing was recorded, the identical repeat goes through
    EXPECT_EQ(codes(sender.open(answers[i])), Codes{"0800"});
    ++served;
  }
  EXPECT_GE(served, 2);
  EXPECT_LT(served, 4);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(codes(sender.open(intermediary.post(wires[i]))), Codes{"0800"});
  EXPECT_EQ(fake.calls(), 5u);
}

} // namespace
