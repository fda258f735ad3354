// The mailbox scenario through the whole intermediary (wire reference 1.4, 7 to 10).
#include "base/encoding.h"
#include "seal/names.h"
#include "support/intermediary.h"
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using support::Dialog;
using support::Intermediary;
using support::Party;
using namespace std::chrono_literals;

struct Protocol : testing::Test {
  Intermediary intermediary;
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};

  std::string issue() {
    const auto answer =
        sender.open(intermediary.post(sender.seal(sender.request(MessageType::get_message_id))));
    EXPECT_EQ(answer.feedback.front().code, "0800");
    return answer.message_id.value();
  }
  std::string deposit(const std::string& payload = "Antrag") {
    const std::string id = issue();
    const auto answer = sender.open(intermediary.post(sender.seal(sender.delivery(id, payload))));
    EXPECT_EQ(answer.feedback.front().code, "0800");
    EXPECT_EQ(answer.cards.at(0).message_id, id);
    intermediary.clock.advance(1s);
    return id;
  }
  static osci::Request by_id(osci::Request request, const std::vector<std::string>& ids) {
    request.selection.rule = osci::Selection::Rule::message_ids;
    request.selection.message_ids = ids;
    return request;
  }
  osci::Request by_time(osci::Request request, osci::Selection::Rule rule, base::Instant since) {
    request.selection.rule = rule;
    request.selection.since = since;
    request.selection.since_text = base::format_datetime(since);
    return request;
  }
  mailbox::ProcessCard card(const Party& party, const std::string& id) {
    Dialog dialog(intermediary, party);
    const auto answer = dialog.send(by_id(dialog.next(MessageType::fetch_process_card), {id}));
    EXPECT_EQ(answer.feedback.front().code, "0801");
    return answer.cards.at(0);
  }
};

TEST_F(Protocol, ReceiptShowsCreationAndTheChecksOfEveryCertificate) {
  const auto answer = sender.open(intermediary.post(sender.seal(sender.delivery(issue(), "x"))));
  ASSERT_EQ(answer.cards.size(), 1u);
  const auto& card = answer.cards[0];
  EXPECT_EQ(card.creation, intermediary.clock.now());
  EXPECT_FALSE(card.forwarding || card.reception);
  EXPECT_EQ(card.subject, "Antrag");
  ASSERT_EQ(card.inspections.size(), 3u);
  for (const auto& one : card.inspections) {
    EXPECT_EQ(one.math, mailbox::MathResult::ok);
    EXPECT_EQ(one.offline, mailbox::OfflineResult::valid);
    EXPECT_NE(one.subject.find("CN="), std::string::npos);
  }
}

TEST_F(Protocol, FetchedMeansAcknowledgedByTheNextRequestOfTheDialog) {
  const std::string id = deposit("Inhalt");
  {
    Dialog dialog(intermediary, recipient);
    const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
    EXPECT_EQ(fetched.feedback.front().code, "0801");
    EXPECT_TRUE(fetched.cards.at(0).forwarding);
    EXPECT_NE(fetched.content->body.find(base::base64_encode("Inhalt")), std::string::npos);
  } // the dialog breaks off: nothing is acknowledged
  EXPECT_FALSE(card(sender, id).reception);
  Dialog dialog(intermediary, recipient);
  intermediary.clock.advance(1h);
  const auto again = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(again.cards.at(0).message_id, id);
  intermediary.clock.advance(1s);
  const auto received_at = intermediary.clock.now();
  EXPECT_EQ(dialog.send(dialog.next(MessageType::exit_dialog)).feedback.front().code, "0800");
  EXPECT_EQ(card(sender, id).reception, received_at);
}

TEST_F(Protocol, NextFetchAcknowledgesTheFormerAndEndsWith9803) {
  const auto one = deposit(), two = deposit();
  Dialog dialog(intermediary, recipient);
  auto answer = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(answer.cards.at(0).message_id, one);
  EXPECT_EQ(answer.feedback.at(1).code, "3800");
  answer = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(answer.cards.at(0).message_id, two);
  EXPECT_EQ(answer.feedback.size(), 1u);
  answer = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(answer.feedback.at(0).code, "9803");
  EXPECT_TRUE(answer.cards.empty());
  EXPECT_FALSE(answer.content);
}

TEST_F(Protocol, BrokenChallengeChainAcknowledgesNothingAndClosesTheDialog) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  dialog.send(dialog.next(MessageType::fetch_delivery));
  auto wrong = dialog.next(MessageType::exit_dialog);
  wrong.control.response = "AAAA";
  EXPECT_EQ(support::code_of(recipient, intermediary.post(recipient.seal(wrong))), "9400");
  EXPECT_FALSE(card(sender, id).reception);
  EXPECT_EQ(support::code_of(recipient, intermediary.post(
                                            recipient.seal(dialog.next(MessageType::exit_dialog)))),
            "9400");
}

TEST_F(Protocol, IncompleteControlBlockClosesTheDialogToo) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  dialog.send(dialog.next(MessageType::fetch_delivery));
  auto incomplete = dialog.next(MessageType::exit_dialog);
  incomplete.control.response.reset();
  EXPECT_EQ(support::code_of(recipient, intermediary.post(recipient.seal(incomplete))), "9400");
  EXPECT_FALSE(card(sender, id).reception);
  EXPECT_EQ(support::code_of(recipient, intermediary.post(
                                            recipient.seal(dialog.next(MessageType::exit_dialog)))),
            "9400");
}

TEST_F(Protocol, WrongSignatureInADialogChangesNothingButTheChallenge) {
  const auto id = deposit();
  Dialog dialog(intermediary, recipient);
  dialog.send(dialog.next(MessageType::fetch_delivery));
  const auto request = dialog.next(MessageType::exit_dialog);
  const auto answer = recipient.open(intermediary.post(recipient.seal(request, false)));
  EXPECT_EQ(answer.feedback.front().code, "9600");
  EXPECT_FALSE(card(sender, id).reception);
}

TEST_F(Protocol, AnotherOfficeFindsNothing) {
  const auto id = deposit();
  Dialog dialog(intermediary, other);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.front().code, "9803");
  EXPECT_EQ(
      dialog.send(by_id(dialog.next(MessageType::fetch_delivery), {id})).feedback.front().code,
      "9803");
  EXPECT_EQ(
      dialog.send(by_id(dialog.next(MessageType::fetch_process_card), {id})).feedback.front().code,
      "9804");
}

TEST_F(Protocol, FetchByIdAndByDateAlsoReturnsWhatWasReceived) {
  const auto start = intermediary.clock.now();
  const auto one = deposit("eins");
  const auto middle = intermediary.clock.now();
  const auto two = deposit("zwei");
  {
    Dialog dialog(intermediary, recipient);
    dialog.send(dialog.next(MessageType::fetch_delivery));
    dialog.send(dialog.next(MessageType::fetch_delivery));
    dialog.send(dialog.next(MessageType::exit_dialog));
  }
  Dialog dialog(intermediary, recipient);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.front().code, "9803");
  const auto by_id_answer = dialog.send(by_id(dialog.next(MessageType::fetch_delivery), {two}));
  EXPECT_EQ(by_id_answer.cards.at(0).message_id, two);
  EXPECT_EQ(by_id_answer.selection.message_ids, std::vector{two});
  const auto rule = osci::Selection::Rule::reception_of_delivery;
  EXPECT_EQ(dialog.send(by_time(dialog.next(MessageType::fetch_delivery), rule, start))
                .cards.at(0)
                .message_id,
            one);
  EXPECT_EQ(dialog.send(by_time(dialog.next(MessageType::fetch_delivery), rule, middle))
                .cards.at(0)
                .message_id,
            two);
}

TEST_F(Protocol, ProcessCardsFollowEverySelectionRule) {
  const auto start = intermediary.clock.now();
  const auto one = deposit(), two = deposit(), three = deposit();
  {
    Dialog dialog(intermediary, recipient);
    dialog.send(by_id(dialog.next(MessageType::fetch_delivery), {two}));
    dialog.send(dialog.next(MessageType::exit_dialog));
  }
  Dialog dialog(intermediary, sender);
  const auto ids_of = [&](const osci::Request& request) {
    std::vector<std::string> out;
    for (const auto& card : dialog.send(request).cards) out.push_back(card.message_id);
    return out;
  };
  const auto next = [&] { return dialog.next(MessageType::fetch_process_card); };
  EXPECT_EQ(ids_of(next()), (std::vector{one, two, three}));
  EXPECT_EQ(ids_of(by_id(next(), {three, one})), (std::vector{one, three}));
  auto request = by_time(next(), osci::Selection::Rule::reception_of_delivery, start);
  request.selection.no_reception = true;
  EXPECT_EQ(ids_of(request), (std::vector{one, three}));
  request = by_time(next(), osci::Selection::Rule::reception_of_delivery, start);
  request.selection.role = osci::Selection::Role::addressee;
  EXPECT_EQ(ids_of(request), std::vector<std::string>{});
  request = by_time(next(), osci::Selection::Rule::recent_modification, start);
  request.selection.role = osci::Selection::Role::originator;
  EXPECT_EQ(ids_of(request), (std::vector{one, three, two}));
  request = next();
  request.selection.limit = 2;
  const auto limited = dialog.send(request);
  EXPECT_EQ(limited.cards.size(), 2u);
  EXPECT_EQ(limited.feedback.at(1).code, "3801");
}

TEST_F(Protocol, FeedbackSpeaksTheDesiredLanguage) {
  auto request = sender.request(MessageType::get_message_id);
  request.languages = {"fr", "en-GB", "de"};
  const auto english = sender.open(intermediary.post(sender.seal(request)));
  EXPECT_EQ(english.feedback.at(0).language, "en");
  EXPECT_NE(english.feedback.at(0).text.find("executed"), std::string::npos);
  request.languages = {"fr"};
  EXPECT_EQ(sender.open(intermediary.post(sender.seal(request))).feedback.at(0).language, "de");
}

TEST_F(Protocol, StoreWorksInsideAnExplicitDialogToo) {
  Dialog dialog(intermediary, sender);
  auto request = dialog.next(MessageType::get_message_id);
  const auto id = dialog.send(request).message_id.value();
  auto store = sender.delivery(id, "im Dialog");
  store.control = dialog.next(MessageType::store_delivery).control;
  EXPECT_EQ(dialog.send(store).feedback.at(0).code, "0801");
  EXPECT_EQ(dialog.send(dialog.next(MessageType::exit_dialog)).feedback.at(0).code, "0800");
  EXPECT_TRUE(card(recipient, id).subject);
}

TEST_F(Protocol, MessageIdIsConsumedOnce) {
  const auto id = deposit("eins");
  const auto answer = sender.open(intermediary.post(sender.seal(sender.delivery(id, "zwei"))));
  EXPECT_EQ(answer.feedback.at(0).code, "9801");
  EXPECT_TRUE(answer.cards.empty());
}

TEST_F(Protocol, AttachmentsAndCustomHeadersComeBackAsTheyWent) {
  auto request = sender.delivery(issue(), "mit Anlagen");
  const std::string binary("\0\r\n--\xff", 6);
  request.content.attachments = {
      {"anlage-1.pdf", "application/pdf", "X-Extra: eins", binary, false},
      {"d:/anlage 2.txt", "text/plain; charset=UTF-8", "", std::string(10000, 'z'), true}};
  const std::string header =
      "<my:H" + seal::Context::standard().declarations("my", "urn:my") + " Id=\"myh\">v</my:H>";
  request.content.custom_headers = {{"myh", header}};
  const auto stored = sender.open(intermediary.post(sender.seal(request)));
  ASSERT_EQ(stored.feedback.at(0).code, "0800");
  intermediary.restart();
  Dialog dialog(intermediary, recipient);
  const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
  ASSERT_TRUE(fetched.content);
  EXPECT_EQ(fetched.content->body, request.content.body);
  ASSERT_EQ(fetched.content->attachments.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(fetched.content->attachments[i].content_id,
              request.content.attachments[i].content_id);
    EXPECT_EQ(fetched.content->attachments[i].bytes, request.content.attachments[i].bytes);
    EXPECT_EQ(fetched.content->attachments[i].content_type,
              request.content.attachments[i].content_type);
  }
  EXPECT_EQ(fetched.content->attachments[0].headers, "X-Extra: eins");
  ASSERT_EQ(fetched.content->custom_headers.size(), 1u);
  EXPECT_EQ(fetched.content->custom_headers[0].canonical, header);
  EXPECT_EQ(fetched.certificates.size(), 3u);
}

TEST_F(Protocol, AnswersUseAShortIvOnlyForClientsThatKnowIt) {
  const auto iv_of = [&](const std::string& answer) {
    seal::OpenOptions options;
    options.direction = seal::Direction::answer;
    return seal::open(answer, "", {sender.cipher}, options, intermediary.random)
        ->transport()
        .iv_length;
  };
  const auto request = sender.request(MessageType::get_message_id);
  EXPECT_EQ(iv_of(intermediary.post(sender.seal(request))), 12u);
  auto draft = osci::encode_request(request);
  std::erase_if(draft.blocks, [](const auto& block) { return block.id == "featuredescription"; });
  auto encrypt = sender.encrypting();
  encrypt.iv_length = 16;
  const auto wire = seal::close(draft, sender.signing(), encrypt, intermediary.random);
  EXPECT_EQ(iv_of(intermediary.post(*wire)), 16u);
}

TEST_F(Protocol, OtherPrefixesVerifyAndAreReproducedForTheContent) {
  auto request = sender.delivery(issue(), "andere Praefixe");
  request.content.context = *seal::Context::from_scope({{"SOAP-ENV", std::string(seal::ns::soap)},
                                                        {"o", std::string(seal::ns::osci)},
                                                        {"d", std::string(seal::ns::ds)},
                                                        {"xenc", std::string(seal::ns::xenc)},
                                                        {"xsi", std::string(seal::ns::xsi)}});
  for (std::size_t at = 0; (at = request.content.body.find("osci:", at)) != std::string::npos;)
    request.content.body.replace(at, 5, "o:");
  const auto stored = sender.open(intermediary.post(sender.seal(request)));
  ASSERT_EQ(stored.feedback.at(0).code, "0800");
  Dialog dialog(intermediary, recipient);
  const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
  ASSERT_TRUE(fetched.content);
  EXPECT_EQ(fetched.content->body, request.content.body);
  EXPECT_EQ(fetched.content->context, request.content.context);
}

TEST_F(Protocol, ExpiredClientCertificateIsAWarningOnTheReceipt) {
  intermediary.clock.set(base::Instant{std::chrono::hours{24 * 366 * 80}});
  const auto answer =
      sender.open(intermediary.post(sender.seal(sender.request(MessageType::get_message_id))));
  EXPECT_EQ(answer.feedback.at(0).code, "0800");
  std::vector<std::string> codes;
  for (const auto& entry : answer.feedback) codes.push_back(entry.code);
  EXPECT_EQ(codes, (std::vector<std::string>{"0800", "3500", "3700"}));
}

TEST(ProtocolPolicy, ClearAndUnsignedMessagesAreServedWherePolicyAllows) {
  osci::Policy policy;
  policy.require_encryption = policy.require_signature = false;
  Intermediary intermediary(policy);
  const Party sender("sender");
  const auto wire = sender.seal(sender.request(MessageType::get_message_id), false, false);
  const auto answer = intermediary.post(wire);
  EXPECT_NE(answer.find("responseToGetMessageId"), std::string::npos) << "a clear answer";
  EXPECT_EQ(sender.open(answer).feedback.at(0).code, "0800");
  // The answer to InitDialog is encrypted in any case: the challenge authenticates the client.
  const auto init =
      intermediary.post(sender.seal(sender.request(MessageType::init_dialog), false, false));
  EXPECT_EQ(init.find("Challenge"), std::string::npos);
  EXPECT_EQ(sender.open(init).feedback.at(0).code, "0801");
}

TEST(ProtocolPolicy, TestModeCreatesMailboxesOnDemand) {
  osci::Policy policy;
  policy.create_mailboxes = true;
  Intermediary intermediary(policy);
  const Party sender("sender"), bench("bench2048");
  const auto id = intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  const auto stored =
      sender.open(intermediary.post(sender.seal(sender.delivery(id, "x", "bench2048"))));
  ASSERT_EQ(stored.feedback.at(0).code, "0800");
  Dialog dialog(intermediary, bench);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).cards.at(0).message_id, id);
}

TEST(ProtocolPolicy, OpenDialogsOfOneClientAreLimited) {
  osci::Policy policy;
  policy.max_open_dialogs = 2;
  Intermediary intermediary(policy);
  const Party sender("sender"), other("other");
  Dialog one(intermediary, sender), two(intermediary, sender);
  one.send(one.next(MessageType::get_message_id));
  two.send(two.next(MessageType::get_message_id));
  const auto third =
      sender.open(intermediary.post(sender.seal(sender.request(MessageType::init_dialog))));
  EXPECT_EQ(third.feedback.at(0).code, "9811");
  Dialog unaffected(intermediary, other);
}

TEST(ProtocolPolicy, ReplayedInitDialogCannotLockItsPartyOut) {
  osci::Policy policy;
  policy.max_open_dialogs = 3;
  Intermediary intermediary(policy);
  const Party sender("sender");
  const auto recorded = sender.seal(sender.request(MessageType::init_dialog));
  for (int i = 0; i < 10; ++i) intermediary.post(recorded);
  Dialog dialog(intermediary, sender);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::exit_dialog)).feedback.at(0).code, "0800");
}

TEST_F(Protocol, NobodyDepositsInTheNameOfAnotherOrganisation) {
  auto request = sender.delivery(issue(), "untergeschoben");
  request.certificates[0] = {"CipherCertificateOriginator", "o", other.cipher.certificate};
  const auto answer = other.open(intermediary.post(sender.seal(request)));
  EXPECT_EQ(answer.feedback.at(0).code, "9601");
  auto init = sender.request(MessageType::init_dialog);
  init.certificates[0] = {"CipherCertificateOriginator", "o", other.cipher.certificate};
  EXPECT_EQ(other.open(intermediary.post(sender.seal(init))).feedback.at(0).code, "9601");
}

// What is accepted must be readable again, or it would block its mailbox for ever.
struct Replay : Protocol {
  void expect_fetched(const osci::Request& request) {
    const auto stored = sender.open(intermediary.post(sender.seal(request)));
    ASSERT_EQ(stored.feedback.at(0).code, "0800");
    Dialog dialog(intermediary, recipient);
    const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
    ASSERT_TRUE(fetched.content);
    EXPECT_EQ(fetched.content->body, request.content.body);
    EXPECT_EQ(fetched.certificates.size(), 3u);
  }
  std::string changed(const osci::Request& request, std::string_view from, std::string_view to) {
    auto draft = osci::encode_request(request);
    for (auto& block : draft.blocks) {
      const auto at = block.canonical.find(from);
      if (at != std::string::npos) block.canonical.replace(at, from.size(), to);
      if (block.id == "nonintermediarycertificates" && to.find("Id=\"") != std::string_view::npos)
        block.id =
            std::string(to.substr(to.find("Id=\"") + 4, to.rfind('"') - to.find("Id=\"") - 4));
    }
    auto wire = seal::close(draft, sender.signing(), sender.encrypting(), intermediary.random);
    return *wire;
  }
};

TEST_F(Replay, CertificatesBlockKeepsWhateverIdItsSenderGaveIt) {
  const auto request = sender.delivery(issue(), "x");
  const auto wire = changed(request, "Id=\"nonintermediarycertificates\"", "Id=\"XREF-0000\"");
  ASSERT_EQ(sender.open(intermediary.post(wire)).feedback.at(0).code, "0800");
  Dialog dialog(intermediary, recipient);
  const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
  ASSERT_TRUE(fetched.content);
  EXPECT_EQ(fetched.content->certificates_id, "XREF-0000");
}

TEST_F(Replay, ForeignNamespacesInScopeAreReproduced) {
  auto request = sender.delivery(issue(), "x");
  auto scope = std::map<std::string, std::string>{{"soap", std::string(seal::ns::soap)},
                                                  {"osci", std::string(seal::ns::osci)},
                                                  {"ds", std::string(seal::ns::ds)},
                                                  {"xsi", std::string(seal::ns::xsi)},
                                                  {"foo", "urn:foo"}};
  request.content.context = *seal::Context::from_scope(scope);
  expect_fetched(request);
}

TEST_F(Replay, PrefixDeclaredOnTheBodyAloneStillComesBack) {
  const auto request = sender.delivery(issue(), "x");
  std::string clear = sender.seal(request, false, false);
  clear.replace(clear.find(" Id=\"body\""), 10, " xmlns:foo=\"urn:foo\" Id=\"body\"");
  osci::Policy policy;
  policy.require_encryption = policy.require_signature = false;
  Intermediary open(policy);
  const std::string id = open.ids().issue(open.clock.now(), open.random);
  auto own = sender.delivery(id, "x");
  clear = sender.seal(own, false, false);
  clear.replace(clear.find(" Id=\"body\""), 10, " xmlns:foo=\"urn:foo\" Id=\"body\"");
  ASSERT_EQ(support::code_of(sender, open.post(clear)), "0800");
  Dialog dialog(open, recipient);
  EXPECT_TRUE(dialog.send(dialog.next(MessageType::fetch_delivery)).content);
}

TEST_F(Replay, IdsThatAnswersNeedAreRefusedWherever) {
  for (const char* id : {"controlblock", "suppliersignature", "responsetofetchdelivery",
                         "intermediarycertificates", "featuredescription", "body"}) {
    auto request = sender.delivery(issue(), "x");
    const auto wire =
        changed(request, "Id=\"nonintermediarycertificates\"", "Id=\"" + std::string(id) + "\"");
    const auto code = support::code_of(sender, intermediary.post(wire));
    EXPECT_TRUE(code == "9300" || code == "9100") << id << " " << code;
    request = sender.delivery(issue(), "x");
    const auto at = request.content.body.find("contentcontainer0");
    request.content.body.replace(at, 17, id);
    const auto in_content = support::code_of(sender, intermediary.post(sender.seal(request)));
    EXPECT_TRUE(in_content == "9300" || in_content == "9100") << id << " " << in_content;
  }
}

TEST_F(Replay, AttachmentNamedLikeTheXmlPartIsRefused) {
  auto request = sender.delivery(issue(), "x");
  request.content.attachments = {{"osci@message", "application/pdf", "", "x", false}};
  auto wire = sender.seal(request, true, false);
  wire.replace(wire.find("<osci@message>"), 14, "<other@message>");
  osci::Policy policy;
  policy.require_encryption = false;
  Intermediary open(policy);
  EXPECT_EQ(support::code_of(sender, open.post(wire)), "9100");
}

} // namespace
