// MediateDelivery to a recipient that listens (wire reference 1.6): request and reply through the
// intermediary, with and without protocol.
#include "cli/conformance/bench.h"
#include "cli/conformance/pushing.h"
#include "client/session.h"

namespace cli::conformance {

using osci::MessageType;

namespace {

constexpr const char* kReply = "Antwort der passiven Stelle";
const std::string kReplyFile(7000, 'r');

Behaviour replies() {
  Behaviour out;
  client::ReplyContent reply;
  reply.data = {kReply};
  reply.attachments = {{"antwort@recipient", "application/octet-stream", "", kReplyFile, false}};
  reply.subject = std::string(kSubject);
  out.verdict.reply = std::move(reply);
  return out;
}

Behaviour says(const char* code) {
  Behaviour out;
  out.verdict.code = code;
  return out;
}

// The MediateDelivery of a dialog; with protocol when it has an id.
osci::Request mediation(Bench& b, const Dialog& dialog, bool with_protocol) {
  auto out = pushed_order(b, MessageType::mediate_delivery,
                          with_protocol ? std::optional(b.fresh_id()) : std::nullopt);
  out.control = dialog.next(MessageType::mediate_delivery).control;
  return out;
}

Heard mediate(Dialog& dialog, const osci::Request& request) {
  return push_offered(dialog.send(request));
}

// Content of the answer, opened with the sender's key: what the recipient wrote, signed by it.
void expect_reply(Bench& b, const Heard& heard) {
  expect(heard.answer.content.has_value(), "no content in the answer");
  for (const auto& one : heard.answer.certificates)
    expect(one.role != "SignatureCertificateAddressee", "SignatureCertificateAddressee is there");
  const client::Identity reader{b.sender().cipher, b.sender().signature, {}};
  const auto opened =
      client::open_delivered(*heard.message, heard.answer.certificates, reader, {}, b.random());
  expect(opened.has_value(),
         "the reply cannot be opened: " + (opened ? std::string{} : opened.error().detail));
  bool data = false, file = false;
  for (const auto& item : opened->items) {
    data = data || item.bytes == kReply;
    file = file || item.bytes == kReplyFile;
  }
  expect(data && file, "the reply was changed");
}

void add(std::vector<Case>& out, const char* name, const char* section, const char* title,
         const char* expected, std::function<std::string(Bench&)> run) {
  out.push_back({"push", name, section, title, expected, std::move(run)});
}

void add_replied(std::vector<Case>& out) {
  add(out, "mediate-replied", "1.6, 8.6, 14.9 U4, 15.18, 15.20",
      "With protocol: ProcessDelivery carries card and MessageIdResponse; the reply, under that "
      "id, "
      "comes back with the cards of request and reply.",
      "0801, both cards", [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        const auto request = mediation(b, dialog, true);
        const auto heard = mediate(dialog, request);
        expect_code(heard, "0801");
        const auto push = only_push(b, MessageType::process_delivery);
        expect(push.card && push.card->message_id == request.message_id,
               "ProcessDelivery without the request's process card");
        expect_times(*push.card, false);
        expect(push.reply_message_id.has_value(), "ProcessDelivery without MessageIdResponse");
        expect(push.reply_message_id != request.message_id, "the reply's id is the request's");
        expect(push.languages == request.languages, "other DesiredLanguages than the sender's");
        expect_reply(b, heard);
        expect(heard.answer.cards.size() == 1, "no RequestProcessCardBundle");
        const auto& card = heard.answer.cards.front();
        expect(card.message_id == request.message_id, "process card of another request");
        expect_times(card, true);
        expect(heard.answer.reply_card.has_value(), "no ReplyProcessCardBundle");
        const auto& reply = *heard.answer.reply_card;
        expect(reply.message_id == push.reply_message_id, "the reply's card has another id");
        expect(reply.subject == std::string(kSubject), "another subject of the reply");
        expect_times(reply, false);
        expect(*card.forwarding <= reply.creation, "the reply came before it was asked for");
        return heard.codes() + ", both cards";
      });
  add(out, "mediate-content", "1.6, 4.7, 4.9, 6.6",
      "Content and certificates of the request arrive as they were sent.", "unchanged",
      [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        const auto request = mediation(b, dialog, true);
        expect_code(mediate(dialog, request), "0801");
        const auto push = only_push(b, MessageType::process_delivery);
        expect_same_content(request.content, push.content);
        expect_same_certificates(request.certificates, push.certificates);
        return std::string("unchanged");
      });
  add(out, "mediate-without-protocol", "1.6, 15.17, 15.18",
      "Without MessageId nothing is recorded: no card and no MessageIdResponse for the recipient, "
      "no "
      "card for the sender; the reply comes all the same.",
      "0801, no cards", [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        const auto request = mediation(b, dialog, false);
        const auto heard = mediate(dialog, request);
        expect_code(heard, "0801");
        const auto push = only_push(b, MessageType::process_delivery);
        expect(!push.card && !push.reply_message_id, "ProcessDelivery has card or reply id");
        expect_same_content(request.content, push.content);
        expect_same_certificates(request.certificates, push.certificates);
        expect(heard.answer.cards.empty() && !heard.answer.reply_card, "a process card");
        expect_reply(b, heard);
        return heard.codes() + ", no cards";
      });
  add(out, "mediate-dialog-goes-on", "1.6, 8.6, 17.2 Q3",
      "The dialog goes on after a reply. Whether its next request sets the reply's Reception is "
      "left open; it is reported.",
      "0801", [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        const auto heard = mediate(dialog, mediation(b, dialog, true));
        expect_code(heard, "0801");
        expect(heard.answer.reply_card.has_value(), "no ReplyProcessCardBundle");
        const auto next = dialog.send(dialog.next(MessageType::get_message_id));
        expect_code(next, "0801");
        if (next.answer.message_id) b.keep(*next.answer.message_id);
        const auto card = b.card(heard.answer.reply_card->message_id);
        expect(card.has_value(), "the sender does not see the reply's card");
        return std::string("0801, ") + (card->reception ? "Reception" : "no Reception");
      });
  add(out, "mediate-reply-id-taken", "1.6, 8.2, 14.6 I2, 14.9 U4",
      "The id that was given to the reply is nobody else's: a StoreDelivery under it is refused.",
      "9801", [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        expect_code(mediate(dialog, mediation(b, dialog, true)), "0801");
        const auto push = only_push(b, MessageType::process_delivery);
        expect(push.reply_message_id.has_value(), "no MessageIdResponse");
        return expect_code(
            b.ask(b.sender(), b.delivery_of(b.sender(), *push.reply_message_id, "x")), "9801");
      });
  for (const bool with_protocol : {true, false})
    add(out, with_protocol ? "mediate-repeat" : "mediate-repeat-without-protocol", "1.6, 7.2, 14.6",
        "The identical repeat of a MediateDelivery is not processed a second time; it gets the "
        "reply again, or is refused.",
        "one push", [with_protocol](Bench& b) {
          b.passive().behave(replies());
          auto& dialog = b.dialog(b.sender());
          const auto request = mediation(b, dialog, with_protocol);
          const auto wire = b.seal(b.sender(), request);
          const auto first = push_offered(dialog.exchange(wire, request));
          expect_code(first, "0801");
          const auto again = b.send(wire, &b.sender());
          dialog.open = false;
          only_push(b, MessageType::process_delivery);
          if (!again.fault && again.answer.executed()) expect_reply(b, again);
          return again.codes() + ", one push";
        });
  add(out, "mediate-reply-other-id", "1.6, 10.2, 14.9 U4",
      "A reply under another id than MessageIdResponse is not handed on.",
      "9808 or 9805 or 9806 or 9810", [](Bench& b) {
        Behaviour other;
        other.body = [&b](const osci::Request& push) {
          osci::Answer answer;
          answer.message_id = std::string("never-issued"); // g++ 12 warns falsely of a literal
          answer.certificates = {role("CipherCertificateOriginator", "recipient_cipher",
                                      b.recipient().cipher.certificate)};
          answer.content.emplace().body =
              "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
              "<osci:Base64Content Id=\"content0\">eA==</osci:Base64Content></osci:Content>"
              "</osci:ContentContainer></osci:ContentPackage>";
          return hand_made(b, push, "SignatureCertificateOriginator", std::move(answer), true,
                           true);
        };
        b.passive().behave(other);
        auto& dialog = b.dialog(b.sender());
        const auto heard = mediate(dialog, mediation(b, dialog, true));
        const auto observed = expect_code(heard, "9808 or 9805 or 9806 or 9810");
        only_push(b, MessageType::process_delivery);
        expect(!heard.answer.content && !heard.answer.reply_card, "it was handed on");
        return observed;
      });
  add(out, "mediate-unlisted", "13.8, 14.9 U5",
      "Another path at the recipient's own host, not in the directory, is not dialled.",
      "9809 or 9805", [](Bench& b) {
        b.passive().behave(replies());
        auto& dialog = b.dialog(b.sender());
        auto request = mediation(b, dialog, true);
        request.receiver_uri += "/nicht-eingetragen";
        const auto observed = expect_code(mediate(dialog, request), "9809 or 9805");
        expect(b.passive().calls() == 0, "it was dialled");
        return observed + ", no connection";
      });
}

void add_failed(std::vector<Case>& out) {
  struct Answered {
    const char* name;
    const char* title;
    const char* codes;
    std::function<Behaviour()> behaviour;
    bool received; // the request was accepted, whatever is wrong with the reply
  };
  const auto body = [](std::string text) {
    Behaviour it;
    it.body = [text](const osci::Request&) { return text; };
    return it;
  };
  const std::vector<Answered> table = {
      {"mediate-no-reply", "The recipient accepts and sends no content.", "9806",
       [] { return Behaviour{}; }, true},
      {"mediate-refused", "The recipient refuses the request.", "9805", [] { return says("9803"); },
       false},
      {"mediate-recipient-fails", "The recipient tells of an internal error.", "9808",
       [] { return says("9811"); }, false},
      {"mediate-answer-garbage", "The recipient's answer is no message.", "9810",
       [body] { return body("no message"); }, false},
      {"mediate-hangs-up", "The recipient reads all of it and closes the connection.", "9810",
       [] {
         Behaviour it;
         it.hangs_up = true;
         return it;
       },
       false},
  };
  for (const bool with_protocol : {true, false})
    for (const auto& one : table)
      out.push_back({"push", one.name + std::string(with_protocol ? "" : "-without-protocol"),
                     "1.6, 10.2, 14.9 U3", one.title, one.codes,
                     [codes = std::string(one.codes), behaviour = one.behaviour,
                      received = one.received, with_protocol](Bench& b) {
                       b.passive().behave(behaviour());
                       auto& dialog = b.dialog(b.sender());
                       const auto request = mediation(b, dialog, with_protocol);
                       const auto heard = mediate(dialog, request);
                       const auto observed = expect_code(heard, codes);
                       only_push(b, MessageType::process_delivery);
                       expect(!heard.answer.content && !heard.answer.reply_card,
                              "a reply nevertheless");
                       if (with_protocol)
                         for (const auto& card : heard.answer.cards) expect_times(card, received);
                       else
                         expect(heard.answer.cards.empty(), "a process card without protocol");
                       return observed;
                     }});
}

} // namespace

void add_mediate(std::vector<Case>& out) {
  add_replied(out);
  add_failed(out);
}

} // namespace cli::conformance
