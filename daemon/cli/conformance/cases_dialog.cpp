// Dialogs (wire reference 7): the challenge chain, and everything that must break it.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include <algorithm>

namespace cli::conformance {

using osci::MessageType;

namespace {

using Change = std::function<void(Bench&, osci::Request&, Dialog&)>;

// A request of an open dialog with something changed: the fault, the delivery fetched before stays
// unreceived, and the dialog is over.
std::string refused(Bench& b, const Change& change) {
  const auto stored = b.deposit();
  auto& dialog = b.dialog(b.recipient());
  const auto fetched = dialog.fetch(stored.id);
  expect(fetched.answer.executed(), "fetch: " + fetched.codes());
  const auto genuine = dialog.next(MessageType::exit_dialog);
  auto request = dialog.next(MessageType::fetch_process_card);
  change(b, request, dialog);
  const auto heard = b.send(b.seal(b.recipient(), request), &b.recipient());
  const auto observed = expect_code(heard, "9400");
  expect(heard.fault, "9400 is a fault, not an order-level error");
  const auto card = b.card(stored.id);
  expect(card && !card->reception, "the refused request has acknowledged the delivery");
  const auto after = b.send(b.seal(b.recipient(), genuine), &b.recipient());
  dialog.open = false;
  expect(after.code == "9400", "the dialog goes on after the fault: " + after.codes());
  return observed + ", dialog closed";
}

void breaks(std::vector<Case>& out, const char* name, const char* section, const char* title,
            Change change) {
  out.push_back({"dialog", name, section, title, "9400, dialog closed",
                 [change = std::move(change)](Bench& b) { return refused(b, change); }});
}

void add_broken_chains(std::vector<Case>& out) {
  breaks(out, "wrong-response", "7.2, 14.5 C6", "A Response that is not the last Challenge.",
         [](Bench& b, auto& request, auto&) { request.control.response = b.challenge(); });
  breaks(out, "response-missing", "1.3, 7.2", "A request of a dialog without Response.",
         [](Bench&, auto& request, auto&) { request.control.response.reset(); });
  breaks(
      out, "response-of-own-challenge", "7.2", "The own Challenge as Response.",
      [](Bench&, auto& request, auto&) { request.control.response = request.control.challenge; });
  breaks(out, "response-of-another-dialog", "7.2, 13.5",
         "The Challenge of another dialog of the same party.", [](Bench& b, auto& request, auto&) {
           request.control.response = b.dialog(b.recipient()).challenge;
         });
  breaks(out, "response-before-last", "7.2, 13.5", "The Challenge before the last.",
         [](Bench&, auto& request, auto& dialog) {
           request.control.response = dialog.opened.answer.control.challenge;
         });
  breaks(out, "sequence-repeated", "7.2, 14.5 C6", "The SequenceNumber of the request before.",
         [](Bench&, auto& request, auto& dialog) {
           request.control.sequence_number = dialog.sequence - 1;
         });
  breaks(out, "sequence-skipped", "7.2, 14.5 C6", "A SequenceNumber that is left out.",
         [](Bench&, auto& request, auto& dialog) {
           request.control.sequence_number = dialog.sequence + 1;
         });
  breaks(out, "sequence-huge", "7.1, 7.2", "A SequenceNumber of 32 bits all set.",
         [](Bench&, auto& request, auto&) { request.control.sequence_number = 4'294'967'295u; });
  out.push_back(
      {"dialog", "first-sequence-is-zero", "7.2, 14.5 C2",
       "The first request after InitDialog has SequenceNumber 0, not 1.", "9400", [](Bench& b) {
         auto& dialog = b.dialog(b.recipient());
         auto request = dialog.next(MessageType::fetch_process_card);
         request.control.sequence_number = 1;
         dialog.open = false;
         return expect_code(b.send(b.seal(b.recipient(), request), &b.recipient()), "9400");
       }});
}

std::string with_conversation(Bench& b, const std::string& id, const char* codes) {
  auto request = b.request(b.recipient(), MessageType::fetch_process_card);
  request.control.conversation_id = id;
  request.control.response = b.challenge();
  return expect_code(b.send(b.seal(b.recipient(), request)), codes);
}

void add_conversations(std::vector<Case>& out) {
  out.push_back({"dialog", "conversation-unknown", "7.2, 14.5 C6",
                 "A ConversationId that was never given.", "9400",
                 [](Bench& b) { return with_conversation(b, "4711", "9400"); }});
  out.push_back({"dialog", "conversation-no-digits", "7.1", "A ConversationId that is no number.",
                 "9400 or 9300",
                 [](Bench& b) { return with_conversation(b, "x';--", "9400 or 9300"); }});
  out.push_back({"dialog", "conversation-long", "7.1, 13.7",
                 "A ConversationId of thousands of digits.", "9400 or 9300 or 9100", [](Bench& b) {
                   return with_conversation(b, std::string(10'000, '7'), "9400 or 9300 or 9100");
                 }});
  out.push_back({"dialog", "conversation-of-implicit-answer", "7.3, 14.5 C4",
                 "The ConversationId of an implicit answer is no open dialog.", "9400",
                 [](Bench& b) {
                   const auto heard =
                       b.ask(b.recipient(), b.request(b.recipient(), MessageType::get_message_id));
                   expect(heard.answer.control.conversation_id.has_value(), "none in the answer");
                   return with_conversation(b, *heard.answer.control.conversation_id, "9400");
                 }});
  out.push_back({"dialog", "foreign-dialog", "7.4, 7.5, 13.4, 14.5 C6",
                 "Another party goes on in a dialog with everything right but its own signature.",
                 "9601 or 9400 or 9300", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   const auto fetched = dialog.fetch(stored.id);
                   expect(fetched.answer.executed(), "fetch: " + fetched.codes());
                   auto request = b.request(b.sender(), MessageType::fetch_process_card);
                   request.control = dialog.next(MessageType::fetch_process_card).control;
                   dialog.open = false;
                   const auto heard = b.send(b.seal(b.sender(), request));
                   const auto observed = expect_code(heard, "9601 or 9400 or 9300");
                   const auto card = b.card(stored.id);
                   expect(card && !card->reception, "a stranger has acknowledged the delivery");
                   return observed;
                 }});
  out.push_back(
      {"dialog", "after-exit", "7.2, 14.5 C6", "A request after ExitDialog.", "9400", [](Bench& b) {
         auto& dialog = b.dialog(b.recipient());
         const auto last = dialog.challenge;
         dialog.exit();
         auto request = dialog.next(MessageType::fetch_process_card);
         request.control.response = last;
         request.control.sequence_number = 1;
         return expect_code(b.send(b.seal(b.recipient(), request), &b.recipient()), "9400");
       }});
  out.push_back({"dialog", "old-request-again", "7.2, 13.5",
                 "A recorded request of the dialog, sent again after later ones.", "9400",
                 [](Bench& b) {
                   auto& dialog = b.dialog(b.recipient());
                   const auto request = dialog.next(MessageType::fetch_process_card);
                   const auto wire = b.seal(b.recipient(), request);
                   dialog.exchange(wire, request);
                   dialog.send(dialog.next(MessageType::fetch_process_card));
                   dialog.open = false;
                   return expect_code(b.send(wire, &b.recipient()), "9400");
                 }});
  out.push_back({"dialog", "init-inside-dialog", "1.3, 7.1", "InitDialog with a ConversationId.",
                 "9400 or 9300", [](Bench& b) {
                   auto& dialog = b.dialog(b.recipient());
                   auto request = dialog.next(MessageType::init_dialog);
                   dialog.open = false;
                   return expect_code(b.send(b.seal(b.recipient(), request), &b.recipient()),
                                      "9400 or 9300");
                 }});
  out.push_back({"dialog", "challenge-missing", "1.3", "A request without Challenge.",
                 "9300 or 9400", [](Bench& b) {
                   auto request = b.request(b.sender(), MessageType::get_message_id);
                   request.control.challenge.reset();
                   return expect_code(b.send(b.seal(b.sender(), request)), "9300 or 9400");
                 }});
  out.push_back({"dialog", "init-without-cipher", "4.9, 10.3, 14.5 C1",
                 "InitDialog without CipherCertificateOriginator: nobody could read the answer.",
                 "9500", [](Bench& b) {
                   auto request = b.request(b.sender(), MessageType::init_dialog);
                   std::erase_if(request.certificates, [](const auto& one) {
                     return one.role == "CipherCertificateOriginator";
                   });
                   return expect_code(b.send(b.seal(b.sender(), request)), "9500");
                 }});
  out.push_back({"dialog", "implicit-without-cipher", "5.2, 10.3, 10.6",
                 "An implicit request without CipherCertificateOriginator.", "9500", [](Bench& b) {
                   auto request = b.delivery();
                   std::erase_if(request.certificates, [](const auto& one) {
                     return one.role == "CipherCertificateOriginator";
                   });
                   const auto heard = b.send(b.seal(b.sender(), request));
                   expect(!b.card(b.last_id()), "the delivery was stored");
                   return expect_code(heard, "9500");
                 }});
}

void add_demanded(std::vector<Case>& out) {
  for (const auto& [name, type] : {std::pair{"fetch", MessageType::fetch_delivery},
                                   std::pair{"process-card", MessageType::fetch_process_card},
                                   std::pair{"exit", MessageType::exit_dialog}})
    out.push_back({"dialog", std::string(name) + "-needs-dialog", "1.3, 7.2, 14.5 C7",
                   std::string("Without a dialog: ") + std::string(osci::type_name(type)) + ".",
                   "9802", [type = type](Bench& b) {
                     return expect_code(
                         b.send(b.seal(b.recipient(), b.request(b.recipient(), type))), "9802");
                   }});
}

void add_open_dialogs(std::vector<Case>& out) {
  out.push_back(
      {"dialog", "init", "1.3, 7.2, 14.5 C2, 15.2",
       "ResponseToInitDialog: 0801, our Challenge as Response, digits as ConversationId, a "
       "Challenge, no SequenceNumber.",
       "0801", [](Bench& b) {
         const auto& opened = b.dialog(b.recipient()).opened;
         const auto& control = opened.answer.control;
         const auto id = control.conversation_id.value_or("");
         expect(!id.empty() &&
                    std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; }),
                "ConversationId is no number");
         expect(!control.sequence_number, "SequenceNumber in ResponseToInitDialog");
         expect(control.challenge && !control.challenge->empty(), "no Challenge");
         return expect_code(opened, "0801");
       }});
  out.push_back({"dialog", "exit", "7.2, 14.5 C3, 15.4", "ExitDialog: 0800 and no Challenge.",
                 "0800", [](Bench& b) {
                   const auto heard = b.dialog(b.recipient()).exit();
                   expect(!heard.answer.control.challenge, "Challenge after the end");
                   return expect_code(heard, "0800");
                 }});
  out.push_back({"dialog", "fresh-challenges", "7.2, 13.5, 14.5 C3",
                 "Challenges of answers never repeat and have 80 bits or more.", "all different",
                 [](Bench& b) {
                   std::set<std::string> seen;
                   for (int i = 0; i < 3; ++i) {
                     auto& dialog = b.dialog(b.recipient());
                     for (int turn = 0; turn < 5; ++turn) {
                       expect(seen.insert(dialog.challenge).second, "a Challenge came twice");
                       expect(dialog.challenge.size() >= 14, "a Challenge is short");
                       dialog.send(dialog.next(MessageType::fetch_process_card));
                     }
                   }
                   return std::to_string(seen.size()) + " challenges, all different";
                 }});
  out.push_back({"dialog", "unguessable-conversations", "1.8, 7.1, 14.5 C2",
                 "ConversationIds of dialogs are not counted up.", "no steps", [](Bench& b) {
                   std::vector<std::string> ids;
                   for (int i = 0; i < 6; ++i)
                     ids.push_back(b.dialog(b.recipient()).conversation_id);
                   expect(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size(),
                          "a ConversationId came twice");
                   // Consecutive numbers share all but their last digits.
                   std::size_t close = 0;
                   for (std::size_t i = 1; i < ids.size(); ++i)
                     close += ids[i].size() == ids[i - 1].size() && ids[i].size() > 4 &&
                              ids[i].compare(0, ids[i].size() - 4, ids[i - 1], 0,
                                             ids[i].size() - 4) == 0;
                   for (const auto& id : ids)
                     expect(id.size() >= 8, "a ConversationId is short: " + id);
                   expect(close < 3, "ConversationIds are counted up");
                   return std::string("no steps");
                 }});
  out.push_back({"dialog", "sequence-echoed", "7.2, 14.5 C3",
                 "SequenceNumber and ConversationId come back, turn by turn.", "0 1 2 3",
                 [](Bench& b) {
                   auto& dialog = b.dialog(b.sender());
                   for (int turn = 0; turn < 4; ++turn) { // send() compares both
                     const auto heard = dialog.send(dialog.next(MessageType::get_message_id));
                     expect(heard.code == "0801", "answered with " + heard.codes());
                   }
                   return std::string("0 1 2 3");
                 }});
  out.push_back(
      {"dialog", "implicit-answer", "1.3, 7.2, 14.5 C4",
       "An implicit answer has ConversationId and SequenceNumber but no Challenge.", "no Challenge",
       [](Bench& b) {
         const auto heard = b.ask(b.sender(), b.request(b.sender(), MessageType::get_message_id));
         const auto& control = heard.answer.control;
         expect(control.conversation_id.has_value(), "no ConversationId");
         expect(control.sequence_number == 0u, "SequenceNumber is not 0");
         expect(!control.challenge, "a Challenge: the client would send it back as Response");
         return std::string("no Challenge");
       }});
  out.push_back({"dialog", "stale-response-ignored", "7.3, 14.5 C5, 17.3",
                 "A Response in a request without ConversationId is ignored.", "0800",
                 [](Bench& b) {
                   auto request = b.request(b.sender(), MessageType::get_message_id);
                   request.control.response = b.challenge();
                   return expect_code(b.ask(b.sender(), request), "0800");
                 }});
  out.push_back({"dialog", "goes-on-after-order-error", "17.2 Q9, 9.3",
                 "After an order-level error the dialog stays open and the chain continues.",
                 "9804, then 0801", [](Bench& b) {
                   auto& dialog = b.dialog(b.sender());
                   const auto refused = dialog.send(
                       by_ids(dialog.next(MessageType::fetch_process_card), {"never-issued"}));
                   expect(refused.code == "9804", "answered with " + refused.codes());
                   const auto next = dialog.send(dialog.next(MessageType::get_message_id));
                   expect(next.code == "0801", "then " + next.codes());
                   return std::string("9804, then 0801");
                 }});
  out.push_back({"dialog", "parallel-dialogs", "17.2 Q16",
                 "Two dialogs of one party do not disturb each other.", "0801", [](Bench& b) {
                   auto& one = b.dialog(b.sender());
                   auto& two = b.dialog(b.sender());
                   for (int turn = 0; turn < 3; ++turn)
                     for (auto* dialog : {&one, &two}) {
                       const auto heard = dialog->send(dialog->next(MessageType::get_message_id));
                       expect(heard.code == "0801", "answered with " + heard.codes());
                     }
                   return std::string("0801");
                 }});
  out.push_back({"dialog", "store-in-dialog", "1.3, 10.2",
                 "GetMessageId and StoreDelivery in a dialog: 0801.", "0801", [](Bench& b) {
                   auto& dialog = b.dialog(b.sender());
                   const auto issued = dialog.send(dialog.next(MessageType::get_message_id));
                   expect(issued.code == "0801" && issued.answer.message_id,
                          "answered with " + issued.codes());
                   auto request = b.delivery_of(b.sender(), *issued.answer.message_id, "im Dialog");
                   request.control = dialog.next(MessageType::store_delivery).control;
                   const auto stored = dialog.send(request);
                   expect(b.card(*issued.answer.message_id).has_value(), "no process card");
                   b.keep(*issued.answer.message_id);
                   return expect_code(stored, "0801");
                 }});
  out.push_back(
      {"dialog", "unsigned-request-changes-nothing", "14.4 S7, 9.4",
       "An unsigned request in a dialog acknowledges nothing.", "9600, unreceived", [](Bench& b) {
         if (b.setup().allows_unsigned) throw NotOffered("unsigned requests are allowed");
         const auto stored = b.deposit();
         auto& dialog = b.dialog(b.recipient());
         const auto fetched = dialog.fetch(stored.id);
         expect(fetched.answer.executed(), "fetch: " + fetched.codes());
         dialog.open = false;
         const auto heard =
             b.send(b.seal(b.recipient(), dialog.next(MessageType::fetch_process_card), false),
                    &b.recipient());
         expect_code(heard, "9600 or 9400");
         const auto card = b.card(stored.id);
         expect(card && !card->reception, "it has acknowledged the delivery");
         return heard.code + ", unreceived";
       }});
  out.push_back({"dialog", "identical-repeat", "7.2, 13.5, 14.5 C9",
                 "The same octets again: the same answer or a fault, but no second turn and no "
                 "acknowledgement.",
                 "same answer or 9400", [](Bench& b) {
                   const auto stored = b.deposit();
                   auto& dialog = b.dialog(b.recipient());
                   const auto request =
                       by_ids(dialog.next(MessageType::fetch_delivery), {stored.id});
                   const auto wire = b.seal(b.recipient(), request);
                   const auto first = dialog.exchange(wire, request);
                   expect(first.answer.executed(), "fetch: " + first.codes());
                   const auto again = b.send(wire, &b.recipient());
                   const auto card = b.card(stored.id);
                   expect(card && !card->reception, "the repeat has acknowledged the delivery");
                   if (again.fault) {
                     dialog.open = false;
                     return expect_code(again, "9400");
                   }
                   expect(again.answer.control.challenge == first.answer.control.challenge &&
                              again.code == first.code,
                          "another answer to the same octets");
                   return std::string("same answer");
                 }});
}

} // namespace

void add_dialog(std::vector<Case>& out) {
  add_open_dialogs(out);
  add_broken_chains(out);
  add_conversations(out);
  add_demanded(out);
}

} // namespace cli::conformance
