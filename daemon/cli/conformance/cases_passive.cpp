// ForwardDelivery to a recipient that listens (wire reference 1.5, 8.6, 14.9): what it gets, and
// what the sender hears.
#include "cli/conformance/bench.h"
#include "cli/conformance/pushing.h"
#include "crypto/signature.h"
#include <algorithm>
#include <tuple>

namespace cli::conformance {

using osci::MessageType;

osci::Request pushed_order(Bench& b, MessageType type, std::optional<std::string> id) {
  auto out = b.delivery_of(b.sender(), id.value_or("unused"), "Konformitätsprüfung des Zustellens");
  out.type = type;
  out.receiver_uri = b.passive().uri();
  out.languages = {"en", "de"};
  out.content.attachments = {
      {"anlage@sender", "application/octet-stream", "", b.random().bytes(5000), false}};
  out.content.custom_headers = {
      {"suitenkopf", seal::Context::standard().declared_on(
                         "<my:K xmlns:my=\"urn:my\" Id=\"suitenkopf\">v</my:K>")}};
  if (!id) out.subject.reset();
  out.message_id = std::move(id);
  return out;
}

Heard push_offered(Heard heard) {
  if (heard.fault && code_fits(heard.code, "9300 or 9100"))
    throw NotOffered("answered with " + heard.code);
  return heard;
}

void expect_same_content(const osci::Content& sent, const osci::Content& got) {
  expect(got.body == sent.body, "the ContentPackage was changed");
  expect(got.attachments.size() == sent.attachments.size(), "another number of attachments");
  for (const auto& one : sent.attachments) {
    const auto found =
        std::find_if(got.attachments.begin(), got.attachments.end(),
                     [&](const auto& other) { return other.content_id == one.content_id; });
    expect(found != got.attachments.end() && found->bytes == one.bytes,
           "an attachment was changed");
  }
  for (const auto& one : sent.custom_headers) {
    const auto found = std::find_if(got.custom_headers.begin(), got.custom_headers.end(),
                                    [&](const auto& other) { return other.id == one.id; });
    expect(found != got.custom_headers.end() && found->canonical == one.canonical,
           "a custom header was changed");
  }
}

void expect_same_certificates(const std::vector<osci::RoleCertificate>& sent,
                              const std::vector<osci::RoleCertificate>& got) {
  for (const auto& one : got)
    expect(one.role != "SignatureCertificateAddressee", "SignatureCertificateAddressee is there");
  std::size_t wanted = 0;
  for (const auto& one : sent) {
    if (one.role == "SignatureCertificateAddressee") continue;
    ++wanted;
    expect(std::any_of(got.begin(), got.end(),
                       [&](const auto& other) {
                         return other.role == one.role && other.id == one.id &&
                                other.certificate == one.certificate;
                       }),
           one.role + " is missing or has another Id");
  }
  expect(got.size() == wanted, "certificates that the sender did not name");
}

void expect_times(const mailbox::ProcessCard& card, bool received) {
  expect(card.forwarding.has_value(), "no Forwarding");
  expect(card.creation <= *card.forwarding, "Forwarding before Creation");
  expect(card.reception.has_value() == received,
         received ? "no Reception though accepted" : "Reception though not accepted");
  if (received) expect(*card.forwarding <= *card.reception, "Reception before Forwarding");
}

osci::Request only_push(Bench& b, MessageType type) {
  const auto pushes = b.passive().pushes();
  expect(b.passive().refused().empty(), "the recipient refused: " + b.passive().refused());
  expect(b.passive().calls() > 0, "the recipient was not dialled");
  expect(pushes.size() == 1 && b.passive().calls() == 1, "the recipient was dialled again");
  expect(pushes.front().type == type, "another type was pushed");
  return pushes.front();
}

std::string hand_made(Bench& b, const osci::Request& push, const char* signer_role,
                      osci::Answer answer, bool sign, bool encrypt) {
  const auto& own = b.recipient().signature;
  answer.to = push.type;
  answer.control.response = push.control.challenge;
  answer.feedback = {osci::recipient_entry("0800", "de")};
  answer.certificates.push_back(role(signer_role, "recipient_signature", own.certificate));
  return b.close(
      osci::encode_answer(answer, osci::Identity{own.certificate}, sign),
      sign ? std::optional(seal::SignWith{
                 own, osci::certificate_id("recipient_signature", own.certificate),
                 crypto::default_signature_algorithm(own.key), crypto::DigestAlgorithm::sha256})
           : std::nullopt,
      encrypt ? std::optional(seal::EncryptFor{push.intermediary_cipher.value().certificate,
                                               crypto::Cipher::aes256_gcm,
                                               12,
                                               {},
                                               false})
              : std::nullopt);
}

namespace {

Heard forward(Bench& b, const osci::Request& request) {
  return push_offered(b.ask(b.sender(), request));
}

osci::Request forwarding(Bench& b) {
  return pushed_order(b, MessageType::forward_delivery, b.fresh_id());
}

// An answer that the client module would not give: unsigned, or in clear.
Behaviour answers(Bench& b, bool sign, bool encrypt) {
  Behaviour out;
  out.body = [&b, sign, encrypt](const osci::Request& push) {
    return hand_made(b, push, "SignatureCertificateAddressee", {}, sign, encrypt);
  };
  return out;
}

// What a failed push leaves: a card without Reception, the same in the answer and afterwards.
void expect_unreceived(Bench& b, const std::string& id) {
  if (const auto card = b.card(id)) expect(!card->reception, "Reception though it failed");
}

void add(std::vector<Case>& out, const char* name, const char* section, const char* title,
         const char* expected, std::function<std::string(Bench&)> run) {
  out.push_back({"push", name, section, title, expected, std::move(run)});
}

void add_accepted(std::vector<Case>& out) {
  add(out, "forward-accepted", "1.5, 8.6, 14.9 U1, 15.13, 15.15",
      "A listening recipient gets one AcceptDelivery, encrypted, signed, with the process card; "
      "its "
      "consent is the sender's and sets Reception.",
      "0800, Reception", [](Bench& b) {
        b.passive().behave({});
        const auto request = forwarding(b);
        const auto heard = forward(b, request);
        expect_code(heard, "0800");
        const auto push = only_push(b, MessageType::accept_delivery);
        expect(push.card.has_value(), "AcceptDelivery without process card");
        expect(push.card->message_id == request.message_id, "process card of another delivery");
        expect(push.card->subject == request.subject, "another subject");
        expect_times(*push.card, false);
        expect(push.languages == request.languages, "other DesiredLanguages than the sender's");
        expect(push.intermediary_signature.has_value(), "no SignatureCertificateIntermediary");
        expect(heard.answer.cards.size() == 1, "no process card for the sender");
        const auto& card = heard.answer.cards.front();
        expect(card.message_id == request.message_id, "process card of another delivery");
        expect_times(card, true);
        expect(card.creation == push.card->creation && card.forwarding == push.card->forwarding,
               "the sender's card tells other times than the recipient's");
        const auto later = b.card(*request.message_id);
        expect(later && later->reception == card.reception, "another card later");
        return heard.codes() + ", Reception";
      });
  add(out, "forward-content", "1.5, 4.7, 6.6, 12",
      "Content, attachment and custom header arrive as they were sent.", "unchanged", [](Bench& b) {
        b.passive().behave({});
        const auto request = forwarding(b);
        expect_code(forward(b, request), "0800");
        expect_same_content(request.content, only_push(b, MessageType::accept_delivery).content);
        return std::string("unchanged");
      });
  add(out, "forward-certificates", "4.9, 14.9 U1",
      "The sender's NonIntermediaryCertificates arrive with their Ids, but for "
      "SignatureCertificateAddressee.",
      "without SignatureCertificateAddressee", [](Bench& b) {
        b.passive().behave({});
        auto request = forwarding(b);
        request.certificates.push_back(role("SignatureCertificateAddressee", "addressee_signature",
                                            b.recipient().signature.certificate));
        expect_code(forward(b, request), "0800");
        expect_same_certificates(request.certificates,
                                 only_push(b, MessageType::accept_delivery).certificates);
        return std::string("without SignatureCertificateAddressee");
      });
  add(out, "forward-in-dialog", "1.3, 1.5", "ForwardDelivery in an explicit dialog.", "0801",
      [](Bench& b) {
        b.passive().behave({});
        auto& dialog = b.dialog(b.sender());
        auto request = forwarding(b);
        request.control = dialog.next(MessageType::forward_delivery).control;
        const auto heard = push_offered(dialog.send(request));
        expect_code(heard, "0801");
        only_push(b, MessageType::accept_delivery);
        return heard.codes();
      });
  add(out, "forward-card-of-recipient", "8.7",
      "The recipient sees the process card of what was pushed to it.", "visible", [](Bench& b) {
        b.passive().behave({});
        const auto request = forwarding(b);
        expect_code(forward(b, request), "0800");
        const auto card = b.card(*request.message_id, b.recipient());
        expect(card.has_value(), "not visible");
        expect_times(*card, true);
        return std::string("visible");
      });
}

// 10.2 makes these warnings; a stricter policy refuses.
void add_warned(std::vector<Case>& out) {
  struct Warned {
    const char* name;
    const char* title;
    const char* warning;
    bool sign, encrypt;
  };
  for (const auto& one :
       {Warned{"forward-answer-unsigned", "The recipient's consent carries no signature.", "3802",
               false, true},
        Warned{"forward-answer-clear", "The recipient's consent is signed and not encrypted.",
               "3803", true, false}})
    add(out, one.name, "10.2, 14.9 U3", one.title, std::string("0800 ").append(one.warning).c_str(),
        [one](Bench& b) {
          b.passive().behave(answers(b, one.sign, one.encrypt));
          const auto request = forwarding(b);
          const auto heard = forward(b, request);
          only_push(b, MessageType::accept_delivery);
          if (heard.code == "9805" || heard.code == "9807") {
            expect_unreceived(b, *request.message_id);
            return heard.codes();
          }
          expect_code(heard, "0800");
          expect(heard.says(one.warning), "without warning: " + heard.codes());
          return heard.codes();
        });
}

void add_repeated(std::vector<Case>& out) {
  for (const auto& [name, code, heard_code] :
       {std::tuple{"forward-repeat", "0800", "0800"},
        std::tuple{"forward-repeat-refused", "9803", "9805"}})
    add(out, name, "1.5, 8.2, 14.6 I2",
        "The identical repeat pushes no second time and hears the first outcome, or is refused.",
        "one push", [code = std::string(code), heard_code = std::string(heard_code)](Bench& b) {
          Behaviour behaviour;
          behaviour.verdict.code = code;
          b.passive().behave(behaviour);
          const auto request = forwarding(b);
          const auto wire = b.seal(b.sender(), request);
          const auto first = push_offered(b.send(wire, &b.sender()));
          expect_code(first, heard_code);
          const auto second = b.send(wire, &b.sender());
          const auto observed = expect_code(second, heard_code + " or 9801");
          if (second.code == heard_code && first.answer.cards.size() == 1)
            expect(second.answer.cards.size() == 1 &&
                       second.answer.cards[0].forwarding == first.answer.cards[0].forwarding &&
                       second.answer.cards[0].reception == first.answer.cards[0].reception,
                   "other times in the repeat");
          only_push(b, MessageType::accept_delivery);
          return observed + ", one push";
        });
  add(out, "forward-id-pushed", "8.2, 14.6 I2",
      "Another ForwardDelivery under an id that was pushed is refused and not pushed.", "9801",
      [](Bench& b) {
        b.passive().behave({});
        const auto first = forwarding(b);
        expect_code(forward(b, first), "0800");
        const auto second =
            pushed_order(b, MessageType::forward_delivery, first.message_id.value());
        const auto observed = expect_code(b.ask(b.sender(), second), "9801");
        only_push(b, MessageType::accept_delivery);
        return observed;
      });
}

void add_failed(std::vector<Case>& out) {
  // What the recipient does with the push, and what the sender hears of it (10.2).
  struct Answered {
    const char* name;
    const char* section;
    const char* title;
    const char* codes;
    std::function<Behaviour(Bench&)> behaviour;
  };
  const auto says = [](const char* code) {
    return [code](Bench&) {
      Behaviour it;
      it.verdict.code = code;
      return it;
    };
  };
  const auto body = [](std::string text, unsigned status) {
    return [text, status](Bench&) {
      Behaviour it;
      it.body = [text](const osci::Request&) { return text; };
      it.status = status;
      return it;
    };
  };
  const std::vector<Answered> table = {
      {"forward-refused", "10.2", "The recipient refuses the delivery.", "9805", says("9803")},
      {"forward-refused-9805", "10.2", "The recipient refuses with 9805 itself.", "9805",
       says("9805")},
      {"forward-recipient-fails", "10.2", "The recipient tells of an internal error.", "9808",
       says("9811")},
      {"forward-recipient-fails-9808", "10.2", "The recipient tells of 9808 itself.", "9808",
       says("9808")},
      {"forward-recipient-fault", "10.2, 10.3", "The recipient answers with a fault 9000.", "9808",
       body(osci::write_fault(base::ErrorCode::internal), 200)},
      {"forward-recipient-fault-client", "10.2, 10.3",
       "The recipient answers with a fault 9300: it did not accept.", "9805",
       body(osci::write_fault(base::ErrorCode::invalid_request), 200)},
      {"forward-signature-wrong", "10.2, 14.9 U3",
       "The recipient's answer names its certificate and is signed with another key.", "9807",
       [](Bench& b) {
         Behaviour it;
         it.signature =
             crypto::KeyPair{b.recipient().signature.certificate, b.stranger().signature.key};
         return it;
       }},
      {"forward-signer-stranger", "10.2, 14.9 U3",
       "The recipient's answer is signed with the certificate of a stranger.", "9807 or 9711",
       [](Bench& b) {
         Behaviour it;
         it.signature = b.stranger().signature;
         return it;
       }},
      // The recipient has read all of it: 9809 would be a lie.
      {"forward-answer-garbage", "10.2, 14.9 U3", "The recipient's answer is no message.", "9810",
       body("no message", 200)},
      {"forward-hangs-up", "10.2, 14.9 U3",
       "The recipient reads all of it and closes the connection.", "9810",
       [](Bench&) {
         Behaviour it;
         it.hangs_up = true;
         return it;
       }},
      {"forward-http-404", "10.2, 14.9 U3", "The recipient's HTTP server answers 404.",
       "9809 or 9810", body("", 404)},
      {"forward-http-500", "10.2, 14.9 U3", "The recipient's HTTP server answers 500.",
       "9810 or 9809", body("", 500)},
  };
  for (const auto& one : table)
    add(out, one.name, one.section, one.title, one.codes,
        [codes = std::string(one.codes), behaviour = one.behaviour](Bench& b) {
          b.passive().behave(behaviour(b));
          const auto request = forwarding(b);
          const auto heard = forward(b, request);
          const auto observed = expect_code(heard, codes);
          only_push(b, MessageType::accept_delivery);
          for (const auto& card : heard.answer.cards)
            expect(!card.reception, "Reception though it failed");
          expect_unreceived(b, *request.message_id);
          return observed;
        });
  add(out, "forward-answer-replayed", "7.2, 14.9 U3",
      "The recipient's answer is that of an earlier push: its Response does not fit.",
      "9810 or 9805 or 9807 or 9808", [](Bench& b) {
        b.passive().behave({});
        expect_code(forward(b, forwarding(b)), "0800");
        Behaviour old;
        old.body = [text = b.passive().last_answer()](const osci::Request&) { return text; };
        b.passive().behave(old);
        const auto request = forwarding(b);
        const auto observed = expect_code(forward(b, request), "9810 or 9805 or 9807 or 9808");
        only_push(b, MessageType::accept_delivery);
        expect_unreceived(b, *request.message_id);
        return observed;
      });
  add(out, "forward-not-answered", "10.2, 13.8, 14.9 U5",
      "The recipient reads all of it and does not answer: the intermediary's waiting ends.", "9810",
      [](Bench& b) {
        Behaviour silent;
        silent.silent = true;
        b.passive().behave(silent);
        const auto request = forwarding(b);
        Heard heard;
        try {
          heard = forward(b, request);
        } catch (const Unreachable& why) {
          b.passive().behave({});
          if (!std::string_view(why.what()).starts_with("timed_out")) throw;
          throw NotRun("the intermediary waits longer than --timeout");
        }
        const auto observed = expect_code(heard, "9810");
        only_push(b, MessageType::accept_delivery);
        expect_unreceived(b, *request.message_id);
        return observed;
      });
  add(out, "forward-nobody-listens", "1.5, 10.2",
      "Nobody listens where the directory lists the recipient: it did not arrive.", "9809",
      [](Bench& b) {
        b.passive().stop();
        const auto request = forwarding(b);
        const auto observed = expect_code(forward(b, request), "9809");
        expect_unreceived(b, *request.message_id);
        return observed;
      });
  add(out, "forward-again-after-failures", "1.5",
      "After the failures the recipient is served again; an intermediary may pause for a while.",
      "0800 or 9809", [](Bench& b) {
        b.passive().behave({});
        const auto heard = forward(b, forwarding(b));
        return expect_code(heard, "0800 or 9809");
      });
}

void add_unlisted(std::vector<Case>& out) {
  add(out, "forward-unlisted", "13.8, 14.9 U5",
      "Another path at the recipient's own host, not in the directory, is not dialled.",
      "9809 or 9805", [](Bench& b) {
        b.passive().behave({});
        auto request = forwarding(b);
        request.receiver_uri += "/nicht-eingetragen";
        const auto observed = expect_code(forward(b, request), "9809 or 9805");
        expect(b.passive().calls() == 0, "it was dialled");
        return observed + ", no connection";
      });
  add(out, "forward-listed-for-another", "13.8, 14.9 U5",
      "An address that the directory lists for another party is not dialled.", "9809 or 9805",
      [](Bench& b) {
        b.passive().behave({});
        auto request = forwarding(b);
        for (auto& one : request.certificates)
          if (one.role == "CipherCertificateAddressee")
            one = role("CipherCertificateAddressee", "addressee_cipher",
                       b.other().cipher.certificate);
        const auto observed = expect_code(forward(b, request), "9809 or 9805");
        expect(b.passive().calls() == 0, "it was dialled");
        return observed + ", no connection";
      });
}

} // namespace

void add_passive(std::vector<Case>& out) {
  add_accepted(out);
  add_warned(out);
  add_repeated(out);
  add_unlisted(out);
  add_failed(out);
}

} // namespace cli::conformance
