// Message ids and StoreDelivery (wire reference 6.6, 8.2, 14.6): used once, kept unchanged.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "seal/content.h"
#include <algorithm>
#include <array>
#include <future>

namespace cli::conformance {

using osci::MessageType;

namespace {

bool printable(const std::string& id) {
  return std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void add_ids(std::vector<Case>& out) {
  out.push_back(
      {"store", "id-form", "8.2, 14.6 I1",
       "Message ids are printable ASCII, at most 42 octets, without ';', not ending in _Partial.",
       "fit", [](Bench& b) {
         for (int i = 0; i < 5; ++i) {
           const auto id = b.fresh_id();
           expect(!id.empty() && id.size() <= 42, "length " + std::to_string(id.size()));
           expect(printable(id), "not printable ASCII");
           expect(id.find(';') == std::string::npos, "holds ';'");
           expect(!id.ends_with("_Partial"), "ends in _Partial");
         }
         return std::string("fit");
       }});
  out.push_back({"store", "ids-never-repeat", "8.2, 14.6 I1",
                 "GetMessageId never gives an id twice.", "all different", [](Bench& b) {
                   std::set<std::string> seen;
                   for (int i = 0; i < 25; ++i)
                     expect(seen.insert(b.fresh_id()).second, "the same id was given twice");
                   return std::to_string(seen.size()) + " ids, all different";
                 }});
  out.push_back({"store", "id-twice", "8.2, 10.2, 14.6 I2, 17.3",
                 "A second delivery under a used id is refused.", "9801", [](Bench& b) {
                   const auto first = b.deposit("eins");
                   const auto second =
                       b.ask(b.sender(), b.delivery_of(b.sender(), first.id, "zwei"));
                   const auto observed = expect_code(second, "9801");
                   expect(second.answer.cards.empty(), "a refusal with process card");
                   return observed;
                 }});
  out.push_back({"store", "id-twice-by-another", "8.2, 14.6 I2",
                 "Another sender cannot use a used id either.", "9801", [](Bench& b) {
                   const auto first = b.deposit();
                   return expect_code(
                       b.ask(b.recipient(), b.delivery_of(b.recipient(), first.id, "zwei")),
                       "9801");
                 }});
  out.push_back({"store", "id-in-parallel", "13.5, 14.6 I2, 17.3",
                 "Of two deliveries under one id at the same time exactly one is stored.",
                 "one 0800, one 9801", [](Bench& b) {
                   for (int round = 0; round < 3; ++round) {
                     const auto id = b.fresh_id();
                     const std::array wires = {
                         b.seal(b.sender(), b.delivery_of(b.sender(), id, "eins")),
                         b.seal(b.sender(), b.delivery_of(b.sender(), id, "zwei"))};
                     auto other = std::async(std::launch::async, [&] { return b.post(wires[0]); });
                     auto mine = b.post(wires[1]);
                     const std::array codes = {b.hear(other.get(), &b.sender()).code,
                                               b.hear(std::move(mine), &b.sender()).code};
                     expect(std::count(codes.begin(), codes.end(), "0800") == 1 &&
                                std::count(codes.begin(), codes.end(), "9801") == 1,
                            codes[0] + " and " + codes[1]);
                   }
                   return std::string("one 0800, one 9801");
                 }});
  out.push_back({"store", "identical-repeat", "13.5, 14.6 I2",
                 "The same octets again: the receipt again or 9801, and no second delivery.",
                 "0800 or 9801, one delivery", [](Bench& b) {
                   const auto request = b.delivery();
                   const auto wire = b.seal(b.sender(), request);
                   expect(b.send(wire, &b.sender()).code == "0800", "not stored");
                   const auto before = b.card(b.last_id());
                   const auto again = b.send(wire, &b.sender());
                   const auto observed = expect_code(again, "0800 or 9801");
                   const auto after = b.card(b.last_id());
                   expect(before && after && before->creation == after->creation,
                          "the repeat has changed the process card");
                   return observed + ", one delivery";
                 }});
  add_messages(
      out, "store",
      {{"id-missing", "10.2, 14.6 I2", "9800", "A delivery without MessageId.",
        [](Bench& b) {
          auto request = b.delivery();
          request.message_id.reset();
          return b.seal(b.sender(), request);
        }},
       {"id-invented", "10.2, 14.6 I2", "9801", "An id that was never issued.",
        [](Bench& b) {
          return b.seal(b.sender(),
                        b.delivery_of(b.sender(), "2c75a2ed-caf0-49c0-9628-64fb188a534b", "x"));
        }},
       {"id-altered", "10.2, 14.6 I2", "9801", "A genuine unused id with one character changed.",
        [](Bench& b) {
          auto id = b.fresh_id();
          char& c = id.at(id.size() / 2);
          c = c == 'A' ? 'B' : 'A';
          return b.seal(b.sender(), b.delivery_of(b.sender(), id, "x"));
        }},
       {"id-cut", "10.2, 14.6 I2", "9801", "A genuine unused id without its last character.",
        [](Bench& b) {
          auto id = b.fresh_id();
          id.pop_back();
          return b.seal(b.sender(), b.delivery_of(b.sender(), id, "x"));
        }},
       {"id-partial", "8.2, 11.3, 14.11 E1", "9801",
        "A genuine unused id with _Partial in a StoreDelivery.",
        [](Bench& b) {
          return b.seal(b.sender(), b.delivery_of(b.sender(), b.fresh_id() + "_Partial", "x"));
        }},
       {"id-with-two-ids", "8.2", "9801 or 9300",
        "Two genuine ids joined by ';', as in selections.",
        [](Bench& b) {
          return b.seal(b.sender(),
                        b.delivery_of(b.sender(), b.fresh_id() + ";" + b.fresh_id(), "x"));
        }},
       {"addressee-unknown", "8.5, 10.2", "9805 or 9706 or 9811",
        "An addressee that has no mailbox and no trusted certificate.", [](Bench& b) {
          auto request = b.delivery();
          for (auto& one : request.certificates)
            if (one.role == "CipherCertificateAddressee")
              one = role("CipherCertificateAddressee", "addressee_cipher",
                         b.stranger().cipher.certificate);
          return b.seal(b.sender(), request);
        }}});
}

void times_in(const xml::Element& element, std::vector<std::string>& out) {
  if (element.name() == "Plain") out.push_back(element.text().value_or(""));
  if (const auto at = element.attribute("RecentModification")) out.push_back(*at);
  for (const auto& child : element.children()) times_in(child, out);
}

void add_receipts(std::vector<Case>& out) {
  out.push_back({"store", "receipt", "1.4, 8.1, 15.8",
                 "StoreDelivery: 0800 and a process card of this id with Creation alone.",
                 "0800, Creation", [](Bench& b) {
                   const auto stored = b.deposit();
                   const auto& card = stored.card();
                   expect(card.message_id == stored.id, "process card of another delivery");
                   expect(card.creation.time_since_epoch().count() > 0, "no Creation");
                   expect(!card.forwarding && !card.reception,
                          "Forwarding or Reception in a receipt");
                   expect(card.modification >= card.creation, "RecentModification before Creation");
                   return std::string("0800, Creation");
                 }});
  out.push_back({"store", "receipt-subject", "8.1, 8.3",
                 "The Subject comes back with markup, umlauts and quotes as it was.", "unchanged",
                 [](Bench& b) {
                   auto request = b.delivery();
                   const std::string subject = "Größe <5 & \"Maß\" > 'x' äöüß €";
                   request.subject = subject;
                   const auto stored = b.store(request);
                   expect(stored.card().subject == subject, "changed in the receipt");
                   const auto card = b.card(stored.id);
                   expect(card && card->subject == subject, "changed on the process card");
                   return std::string("unchanged");
                 }});
  out.push_back(
      {"store", "without-subject", "8.1, 15.7", "Subject is optional.", "0800", [](Bench& b) {
         auto request = b.delivery();
         request.subject.reset();
         const auto stored = b.store(request);
         expect(!stored.card().subject, "a Subject that was not sent");
         return std::string("0800");
       }});
  out.push_back({"store", "creation-in-order", "8.6, 14.7 P2",
                 "Creation of a later delivery is not earlier.", "ascending", [](Bench& b) {
                   const auto one = b.deposit(), two = b.deposit(), three = b.deposit();
                   expect(one.card().creation <= two.card().creation &&
                              two.card().creation <= three.card().creation,
                          "Creation goes back");
                   return std::string("ascending");
                 }});
  out.push_back({"store", "time-format", "8.4, 14.7 P4",
                 "Times have a zone and at most three fraction digits.", "dateTime with zone",
                 [](Bench& b) {
                   const auto stored = b.deposit();
                   const auto verified = stored.heard.message->verified(true);
                   std::vector<std::string> times;
                   for (const auto& block : verified->blocks()) times_in(block.element, times);
                   expect(times.size() > 2, "no times found");
                   for (const auto& time : times) {
                     const auto dot = time.find('.');
                     const auto zone = time.find_first_of("Z+-", 19);
                     expect(time.size() > 19 && zone != std::string::npos, "no zone: " + time);
                     expect(dot == std::string::npos || zone - dot <= 4,
                            "more than three fraction digits: " + time);
                     expect(base::parse_datetime(time).has_value(), "no dateTime: " + time);
                   }
                   return std::string("dateTime with zone");
                 }});
}

osci::Answer fetched(Bench& b, const std::string& id) {
  const auto heard = b.dialog(b.recipient()).fetch(id);
  expect(heard.code == "0801" && heard.answer.content, "fetch: " + heard.codes());
  return heard.answer;
}

void add_replays(std::vector<Case>& out) {
  out.push_back({"store", "content-unchanged", "4.7, 6.6, 14.6 I4",
                 "The ContentPackage comes out octet for octet in canonical form as it went in.",
                 "unchanged", [](Bench& b) {
                   const auto request = b.delivery("unverändert");
                   b.store(request);
                   expect(fetched(b, b.last_id()).content->body == request.content.body, "changed");
                   return std::string("unchanged");
                 }});
  out.push_back({"store", "namespace-context", "4.7, 14.10 A2, 17.3",
                 "Content of a sender with other prefixes keeps its namespace context.",
                 "unchanged", [](Bench& b) {
                   auto request = b.delivery();
                   auto context = seal::Context::from_scope(
                       {{"SOAP-ENV", "http://schemas.xmlsoap.org/soap/envelope/"},
                        {"o", "http://www.osci.de/2002/04/osci"},
                        {"d", "http://www.w3.org/2000/09/xmldsig#"},
                        {"xenc", "http://www.w3.org/2001/04/xmlenc#"},
                        {"xsi", "http://www.w3.org/2001/XMLSchema-instance"}});
                   if (!context) throw std::runtime_error("context");
                   request.content.context = *context;
                   for (std::size_t at = 0;
                        (at = request.content.body.find("osci:", at)) != std::string::npos;)
                     request.content.body.replace(at, 5, "o:");
                   b.store(request);
                   const auto answer = fetched(b, b.last_id());
                   expect(answer.content->context == request.content.context, "another context");
                   expect(answer.content->body == request.content.body, "the content has changed");
                   return std::string("unchanged");
                 }});
  out.push_back({"store", "base64-lines", "3.3, 4.7",
                 "Line feeds inside base64 of the content are kept: they may be signed.",
                 "unchanged", [](Bench& b) {
                   auto request = b.delivery(std::string(300, 'x'));
                   request.content.body = replaced(request.content.body, "eHh4", "\n\neHh4\n");
                   b.store(request);
                   expect(fetched(b, b.last_id()).content->body == request.content.body, "changed");
                   return std::string("unchanged");
                 }});
  out.push_back(
      {"store", "attachments-unchanged", "6.5, 6.6, 14.6 I4 I6",
       "Attachments keep Content-ID, type, further headers and octets; none is dropped.",
       "unchanged", [](Bench& b) {
         auto request = b.delivery();
         request.content.attachments = {
             {"anlage-1.pdf", "application/pdf", "X-Extra: eins", std::string("\0\r\n--\xff", 6),
              false},
             {"d:/anlage 2.txt", "text/plain; charset=UTF-8", "", std::string(70'000, 'z'), true},
             {"leer", "application/octet-stream", "", "", false}};
         b.store(request);
         const auto answer = fetched(b, b.last_id());
         const auto& got = answer.content->attachments;
         expect(got.size() == 3, std::to_string(got.size()) + " attachments");
         for (const auto& sent : request.content.attachments) {
           const auto found = std::find_if(got.begin(), got.end(), [&](const auto& one) {
             return one.content_id == sent.content_id;
           });
           expect(found != got.end(), "missing: " + sent.content_id);
           expect(found->bytes == sent.bytes, "other octets: " + sent.content_id);
           expect(found->content_type == sent.content_type, "other type: " + sent.content_id);
           expect(found->headers == sent.headers, "other headers: " + sent.content_id);
         }
         return std::string("unchanged");
       }});
  out.push_back(
      {"store", "certificates-unchanged", "4.7, 6.6, 14.6 I4",
       "Certificates of the delivery come back with their roles and Ids: content refers to them.",
       "unchanged", [](Bench& b) {
         auto request = b.delivery();
         request.certificates.push_back(
             {"CipherCertificateOtherReader", "XREF-reader.1", b.recipient().cipher.certificate});
         b.store(request);
         const auto answer = fetched(b, b.last_id());
         for (const auto& sent : request.certificates)
           expect(std::any_of(answer.certificates.begin(), answer.certificates.end(),
                              [&](const auto& got) {
                                return got.role == sent.role && got.id == sent.id &&
                                       got.certificate == sent.certificate;
                              }),
                  sent.role + " is missing or changed");
         expect(answer.certificates.size() == request.certificates.size(), "more certificates");
         return std::string("unchanged");
       }});
  out.push_back({"store", "mebibyte", "6.6",
                 "A delivery with a mebibyte of attachment arrives complete.", "same octets",
                 [](Bench& b) {
                   auto request = b.delivery();
                   const auto octets = b.random().bytes(1024 * 1024);
                   request.content.attachments = {
                       {"gross.bin", "application/octet-stream", "", octets, false}};
                   b.store(request);
                   const auto answer = fetched(b, b.last_id());
                   expect(answer.content->attachments.size() == 1 &&
                              answer.content->attachments[0].bytes == octets,
                          "other octets");
                   return std::string("same octets");
                 }});
  for (const bool encrypted : {true, false})
    out.push_back(
        {"store", encrypted ? "end-to-end-encrypted" : "end-to-end-signed",
         encrypted ? "6.3, 6.4, 6.5, 17.3" : "4.7, 6.3, 17.3",
         encrypted ? "Encrypted content and attachment: the reader decrypts both and finds the "
                     "author's signature valid."
                   : "Clear content signed by its author is still valid when it is fetched.",
         "signature valid", [encrypted](Bench& b) {
           auto request = b.delivery();
           auto reader = role("CipherCertificateOtherReader", "reader0_cipher",
                              b.recipient().cipher.certificate);
           seal::EncryptContent encrypt;
           encrypt.readers = {{reader.role, reader.id, reader.certificate}};
           if (encrypted) request.certificates.push_back(reader);
           auto sealed = seal::seal_content(
               {{"<Antrag>Größe</Antrag>"}, {{"plan.pdf", "application/pdf", "", "%PDF", false}}},
               b.signing(b.sender()), encrypted ? std::optional(encrypt) : std::nullopt,
               b.random());
           if (!sealed) throw std::runtime_error("cannot seal content");
           request.content.body = sealed->body;
           request.content.attachments = sealed->attachments;
           b.store(request);
           const auto heard = b.dialog(b.recipient()).fetch(b.last_id());
           expect(heard.code == "0801", "fetch: " + heard.codes());
           std::vector<seal::NamedCertificate> certificates;
           for (const auto& one : heard.answer.certificates)
             certificates.push_back({one.role, one.id, one.certificate});
           const auto verified = heard.message->verified(true);
           const auto package = verified->body().element.children();
           expect(package.size() == 1, "no ContentPackage");
           const auto opened = seal::open_content(package[0], certificates, verified->attachments(),
                                                  {b.recipient().cipher}, {}, b.random());
           expect(opened.has_value(),
                  "content cannot be opened: " +
                      (opened ? "" : std::string(base::to_string(opened.error().code))));
           expect(opened->items.size() == 2, std::to_string(opened->items.size()) + " items");
           for (const auto& item : opened->items)
             expect(item.signature == seal::SignatureState::valid && item.encrypted == encrypted,
                    "an item without its signature");
           return std::string("signature valid");
         }});
}

} // namespace

void add_store(std::vector<Case>& out) {
  add_receipts(out);
  add_ids(out);
  add_replays(out);
}

} // namespace cli::conformance
