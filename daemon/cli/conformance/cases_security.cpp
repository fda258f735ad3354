// Security (wire reference 13): oracles, XML attacks, replay, and that none of it leaves a mark.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/listener.h"
#include "cli/conformance/statistics.h"
#include "cli/conformance/tamper.h"
#include "crypto/key_transport.h"
#include "mime/message.h"
#include <algorithm>
#include <array>
#include <cstdio>

namespace cli::conformance {

using osci::MessageType;

namespace {

// --- the decryption oracle (13.3)

// Every try fails at another step of decryption; an attacker who could tell the steps apart, by
// octets or by time, could decrypt recorded traffic (CVE-2017-10668).
constexpr std::array kKinds = {"tag",        "text",         "key-random",
                               "key-length", "inner-random", "inner-cut"};

std::string broken(Bench& b, std::string_view kind, const std::string& genuine,
                   const std::string& plain) {
  const auto flip = [&](bool tag) {
    return with_cipher_text(genuine, [&](std::string octets) {
      const std::size_t at =
          tag ? octets.size() - 1 - b.choose(16) : 12 + b.choose(octets.size() - 28);
      octets[at] = static_cast<char>(octets[at] ^ (1 << b.choose(8)));
      return octets;
    });
  };
  const auto with_key = [&](const std::string& block) {
    return replaced(genuine, cut(genuine, "<xenc:CipherValue>", "</xenc:CipherValue>"),
                    "<xenc:CipherValue>" + base::base64_encode(block) + "</xenc:CipherValue>");
  };
  if (kind == "tag") return flip(true);
  if (kind == "text") return flip(false);
  if (kind == "key-random") {
    // As long as the modulus, and below it.
    auto block =
        b.random().bytes(static_cast<std::size_t>(b.setup().intermediary.cipher.key_bits()) / 8);
    block[0] = 0;
    return with_key(block);
  }
  if (kind == "key-length") {
    const auto block = crypto::wrap_key(b.setup().intermediary.cipher, {}, b.random().bytes(16));
    if (!block) throw std::runtime_error("cannot wrap a key");
    return with_key(*block);
  }
  if (kind == "inner-random") return b.wrap(b.random().bytes(plain.size()));
  return b.wrap(plain.substr(0, plain.size() / 2 + b.choose(plain.size() / 4)) +
                std::string(plain.size() / 4, ' '));
}

struct Try {
  std::size_t kind = 0;
  Reply reply;
};
using Tries = std::shared_ptr<std::vector<Try>>;

// Made by the first case that asks; in an order of chance, so that drift of the machine falls on
// all kinds alike.
const std::vector<Try>& oracle_tries(Bench& b, const Tries& known) {
  if (!known->empty()) return *known;
  const auto request = b.delivery();
  const auto plain = b.clear(request), genuine = b.seal(b.sender(), request);
  std::vector<std::pair<std::size_t, std::string>> wires;
  for (std::size_t i = 0; i < b.setup().oracle_tries; ++i)
    wires.emplace_back(i % kKinds.size(), broken(b, kKinds[i % kKinds.size()], genuine, plain));
  for (std::size_t i = wires.size() - 1; i > 0; --i) std::swap(wires[i], wires[b.choose(i + 1)]);
  for (int warm = 0; warm < 5; ++warm) b.post(wires[0].second);
  for (const auto& [kind, wire] : wires) known->push_back({kind, b.post(wire)});
  return *known;
}

// A boundary of chance is no difference.
std::string without_boundary(const Reply& reply) {
  std::string out = std::to_string(reply.status) + "\n" + reply.body;
  const auto parts = mime::parse(reply.body, {});
  if (!parts) return out;
  const std::string boundary(parts->boundary);
  for (std::size_t at = 0; (at = out.find(boundary, at)) != std::string::npos;)
    out.erase(at, boundary.size());
  return out;
}

std::string oracle_answers(Bench& b, const Tries& known) {
  const auto& tries = oracle_tries(b, known);
  std::map<std::string, std::string> distinct; // answer -> first kind that got it
  for (const auto& one : tries) distinct.emplace(without_boundary(one.reply), kKinds[one.kind]);
  std::string who;
  for (const auto& [answer, kind] : distinct) who += " " + kind;
  expect(distinct.size() == 1,
         std::to_string(distinct.size()) + " different answers, first to:" + who);
  const auto heard = b.hear(tries.front().reply);
  expect_code(heard, "9202");
  return std::to_string(tries.size()) + " tries, 1 answer";
}

std::string oracle_times(Bench& b, const Tries& known) {
  std::array<std::vector<double>, kKinds.size()> times;
  for (const auto& one : oracle_tries(b, known)) times[one.kind].push_back(one.reply.milliseconds);
  Comparison worst;
  std::string names;
  std::string told_apart;
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    for (std::size_t j = i + 1; j < kKinds.size(); ++j) {
      const auto found = compare(times[i], times[j]);
      const std::string pair = std::string(kKinds[i]) + "/" + kKinds[j];
      if (separable(found)) told_apart += " " + pair;
      if (names.empty() || found.p < worst.p) {
        worst = found;
        names = pair;
      }
    }
  char text[160];
  std::snprintf(
      text, sizeof text,
      "Mann-Whitney, 15 pairs; most different %s: medians %.2f and %.2f ms, p = %.2g, A = %.2f",
      names.c_str(), worst.median_first, worst.median_second, worst.p, worst.superiority);
  expect(told_apart.empty(), "told apart by time:" + told_apart + "; " + text);
  return text;
}

// --- XML

const char* const kXxe = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>";
const char* const kBomb =
    "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">"
    "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">"
    "<!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h "
    "\"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">]>";

std::string with_doctype(Bench& b, const std::string& doctype, const std::string& reference) {
  const auto text = replaced(b.clear(b.delivery()), "\r\n\r\n<soap:Envelope",
                             "\r\n\r\n" + doctype + "<soap:Envelope");
  return reference.empty() ? text : replaced(text, "<osci:Subject>", "<osci:Subject>" + reference);
}

std::string deep(std::size_t levels) {
  std::string out;
  for (std::size_t i = 0; i < levels; ++i) out += "<a>";
  for (std::size_t i = 0; i < levels; ++i) out += "</a>";
  return out;
}

std::vector<Message> xml_attacks() {
  const char* dtd = "13.1, 13.2, 14.3 X1";
  const char* limits = "13.2, 13.7, 14.3 X1";
  const char* broken = "9100 or 9300";
  const char* bounded = "9100 or 9300 or HTTP 4xx";
  const auto in_subject = [](std::string what, bool inside) {
    return [what, inside](Bench& b) {
      const auto text = replaced(b.clear(b.delivery()), "<osci:Subject>", "<osci:Subject>" + what);
      return inside ? b.wrap(text) : text;
    };
  };
  return {
      {"xxe-outside", dtd, broken, "An external entity of a file, in clear.",
       [](Bench& b) { return with_doctype(b, kXxe, "&f;"); }},
      {"xxe-inside", dtd, broken, "An external entity of a file, inside the encryption.",
       [](Bench& b) { return b.wrap(with_doctype(b, kXxe, "&f;")); }},
      {"xxe-parameter-entity", dtd, broken, "A parameter entity.",
       [](Bench& b) {
         return b.wrap(with_doctype(
             b, "<!DOCTYPE x [<!ENTITY % p SYSTEM \"file:///etc/hostname\"> %p;]>", ""));
       }},
      {"xxe-in-envelope", dtd, broken, "A document type in the outer, encrypted envelope.",
       [](Bench& b) {
         return replaced(b.seal(b.sender(), b.delivery()), "\r\n\r\n<soap:Envelope",
                         std::string("\r\n\r\n") + kXxe + "<soap:Envelope");
       }},
      {"doctype-alone", dtd, broken, "A document type that declares nothing.",
       [](Bench& b) { return b.wrap(with_doctype(b, "<!DOCTYPE x>", "")); }},
      {"entity-bomb-outside", dtd, broken, "A billion laughs, in clear.",
       [](Bench& b) { return with_doctype(b, kBomb, "&h;"); }},
      {"entity-bomb-inside", dtd, broken, "A billion laughs, inside the encryption.",
       [](Bench& b) { return b.wrap(with_doctype(b, kBomb, "&h;")); }},
      {"entity-bomb-in-attribute", dtd, broken, "A billion laughs in an attribute.",
       [](Bench& b) {
         return b.wrap(
             replaced(with_doctype(b, kBomb, ""), "LanguagesList=\"de\"", "LanguagesList=\"&h;\""));
       }},
      {"undeclared-entity", dtd, broken, "An entity that nobody declared.",
       in_subject("&x;", true)},
      {"processing-instruction", "13.2, 4.6", broken,
       "A processing instruction between the blocks.",
       [](Bench& b) {
         return b.wrap(inserted_before(b.clear(b.delivery()), "<soap:Body", "<?php x?>"));
       }},
      {"no-xml", "10.6", "9100", "Text that is no XML.",
       [](Bench&) { return clear_message("hello"); }},
      {"xml-cut", "10.6", "9100", "XML that ends in the middle.",
       [](Bench&) { return clear_message("<soap:Envelope"); }},
      {"nul-octet", "13.2", broken, "A NUL in the text.", in_subject(std::string(1, '\0'), true)},
      {"invalid-utf8", "13.2, 14.3 X1", broken, "Octets that are no UTF-8.",
       in_subject("\xff\xfe", true)},
      {"other-encoding", "3.1, 13.2, 14.3 X1", broken, "Another encoding in the XML declaration.",
       [](Bench& b) {
         return b.wrap(
             replaced(b.clear(b.delivery()), "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\""));
       }},
      {"utf16", "13.2, 14.3 X1", broken, "The XML part in UTF-16.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto begin = text.find("<?xml"), end = text.rfind("\r\n--");
         std::string wide = "\xff\xfe";
         for (const char c : text.substr(begin, end - begin)) wide += std::string{c, '\0'};
         return b.wrap(text.substr(0, begin) + wide + text.substr(end));
       }},
      {"nested-5000", limits, bounded, "5000 nested elements, in clear.",
       [](Bench&) { return clear_message(deep(5000)); }},
      {"nested-inside", limits, bounded,
       "5000 nested elements in a custom header, signed by nobody.",
       [](Bench& b) {
         return b.wrap(inserted_before(b.clear(b.delivery()), "</soap:Header>",
                                       in_custom_header(deep(5000))));
       }},
      {"attributes-10000", limits, bounded, "An element with ten thousand attributes.",
       [](Bench&) {
         std::string out = "<a";
         for (int i = 0; i < 10'000; ++i) out += " a" + std::to_string(i) + "=\"\"";
         return clear_message(out + "/>");
       }},
      {"namespaces-10000", limits, bounded, "An element with ten thousand namespace declarations.",
       [](Bench&) {
         std::string out = "<a";
         for (int i = 0; i < 10'000; ++i) out += " xmlns:a" + std::to_string(i) + "=\"urn:a\"";
         return clear_message(out + "/>");
       }},
      {"long-name", limits, bounded, "An element whose name has a mebibyte.",
       [](Bench&) { return clear_message("<" + std::string(1 << 20, 'a') + "/>"); }},
      {"elements-200000", limits, bounded, "Two hundred thousand elements.",
       [](Bench&) {
         std::string out = "<a>";
         for (int i = 0; i < 200'000; ++i) out += "<b/>";
         return clear_message(out + "</a>");
       }},
      {"header-blocks-5000", limits, "9100 or 9300 or 9602 or HTTP 4xx",
       "Five thousand header blocks.",
       [](Bench& b) {
         std::string more;
         for (int i = 0; i < 5000; ++i) more += in_custom_header("", "w" + std::to_string(i));
         return b.wrap(inserted_before(b.clear(b.delivery()), "</soap:Header>", more));
       }},
      {"references-5000", "13.7", "9601 or 9602 or 9300 or HTTP 4xx",
       "Five thousand references in one signature.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto one = cut(text, "<ds:Reference URI=\"#controlblock\">", "</ds:Reference>");
         std::string more;
         for (int i = 0; i < 5000; ++i) more += one;
         return b.wrap(inserted_before(text, "</ds:SignedInfo>", more));
       }},
  };
}

std::string not_called(Bench& b, const std::function<std::string(const std::string&)>& wire) {
  if (!is_loopback(b.setup().url)) throw NotRun("needs an intermediary on this machine");
  const Listener canary;
  const auto heard = b.send(wire(canary.url()));
  expect(!canary.called(200), "it was called: the intermediary fetches what a message names");
  expect(!heard.answer.executed(), "answered with " + heard.codes());
  return heard.code + ", no connection";
}

void add_network(std::vector<Case>& out) {
  out.push_back(
      {"security", "xxe-over-network", "13.1, 13.2, 13.8",
       "An external entity of a URL is not fetched.", "refused, no connection", [](Bench& b) {
         return not_called(b, [&](const std::string& url) {
           return b.wrap(
               with_doctype(b, "<!DOCTYPE x [<!ENTITY f SYSTEM \"" + url + "\">]>", "&f;"));
         });
       }});
  out.push_back({"security", "external-dtd", "13.2, 13.8",
                 "An external document type is not fetched.", "refused, no connection",
                 [](Bench& b) {
                   return not_called(b, [&](const std::string& url) {
                     return with_doctype(b, "<!DOCTYPE x SYSTEM \"" + url + "\">", "");
                   });
                 }});
  out.push_back(
      {"security", "reference-over-network", "13.4, 13.8",
       "A signature reference to a URL is not fetched.", "refused, no connection", [](Bench& b) {
         return not_called(b, [&](const std::string& url) {
           return b.wrap(
               signed_again(replaced(b.clear(b.delivery()), "URI=\"#body\"", "URI=\"" + url + "\""),
                            b.sender().signature));
         });
       }});
  out.push_back({"security", "retrieval-over-network", "4.2, 13.8",
                 "A RetrievalMethod to a URL is not fetched.", "refused, no connection",
                 [](Bench& b) {
                   return not_called(b, [&](const std::string& url) {
                     const auto text = b.clear(b.delivery());
                     const auto method = cut(text, "<ds:RetrievalMethod URI=\"", "\"");
                     return b.wrap(replaced(text, "<ds:RetrievalMethod URI=\"#",
                                            "<ds:RetrievalMethod URI=\"" + url + "#"));
                   });
                 }});
  out.push_back({"security", "cipher-reference-over-network", "5.1, 13.8",
                 "A CipherReference to a URL is not fetched.", "refused, no connection",
                 [](Bench& b) {
                   return not_called(b, [&](const std::string& url) {
                     return replaced(b.seal(b.sender(), b.delivery()), "cid:osci_enc", url);
                   });
                 }});
  out.push_back({"security", "schema-location-over-network", "2.3, 13.2, 13.8",
                 "A schemaLocation with a URL is not fetched.", "refused or taken, no connection",
                 [](Bench& b) {
                   if (!is_loopback(b.setup().url))
                     throw NotRun("needs an intermediary on this machine");
                   const Listener canary;
                   const auto heard =
                       b.send(b.wrap(replaced(b.clear(b.delivery()), "xsi:schemaLocation=\"",
                                              "xsi:schemaLocation=\"urn:x " + canary.url() + " ")));
                   expect(!canary.called(200), "it was called");
                   return heard.code + ", no connection";
                 }});
}

void add_replay(std::vector<Case>& out) {
  out.push_back(
      {"security", "replayed-init", "13.5, 7.2",
       "A recorded InitDialog opens nothing that its recorder could use: each answer has its own "
       "Challenge, or it is the same encrypted answer.",
       "nothing to use", [](Bench& b) {
         const auto wire =
             b.seal(b.recipient(), b.request(b.recipient(), MessageType::init_dialog));
         const auto one = b.send(wire, &b.recipient()), two = b.send(wire, &b.recipient());
         expect(one.answer.executed(), "InitDialog: " + one.codes());
         if (two.answer.executed()) {
           const bool same =
               one.answer.control.conversation_id == two.answer.control.conversation_id;
           expect(same == (one.answer.control.challenge == two.answer.control.challenge),
                  "a Challenge for two dialogs, or two for one");
           expect(two.message->transport().encrypted, "the answer is in clear");
         }
         return std::string("nothing to use");
       }});
  out.push_back({"security", "replayed-delivery-elsewhere", "13.4, 13.5",
                 "A recorded delivery whose ControlBlock was put into another dialog is refused.",
                 "9601", [](Bench& b) {
                   auto& dialog = b.dialog(b.sender());
                   const auto text = b.clear(b.delivery());
                   const auto control = dialog.next(MessageType::store_delivery).control;
                   osci::Request other = b.request(b.sender(), MessageType::store_delivery);
                   other.control = control;
                   const auto block = osci::encode_request(other).blocks.front().canonical;
                   dialog.open = false;
                   const auto heard = b.send(b.wrap(replaced(
                       text, cut(text, "<osci:ControlBlock", "</osci:ControlBlock>"), block)));
                   expect(!b.card(b.last_id()), "it was stored");
                   return expect_code(heard, "9601 or 9400");
                 }});
  out.push_back(
      {"security", "random-octets-flipped", "13.1, 13.3, 14.2 D4",
       "One octet changed anywhere in an encrypted message: never executed, always answered.",
       "never executed", [](Bench& b) {
         const auto wire = b.seal(b.sender(), b.delivery());
         const auto begin = wire.find("<soap:Body>");
         std::map<std::string, int> codes;
         for (int i = 0; i < 60; ++i) {
           auto changed = wire;
           const auto at = begin + b.choose(wire.size() - begin - 8);
           changed[at] = static_cast<char>(changed[at] ^ (1 << b.choose(7)));
           const auto heard = b.send(changed);
           // White space, e.g. inside base64, is nobody's business.
           if (heard.answer.executed()) {
             const bool blank = std::isspace(static_cast<unsigned char>(wire[at])) ||
                                std::isspace(static_cast<unsigned char>(changed[at]));
             const bool header =
                 wire.find("<osci_enc>") > at && wire.rfind("</soap:Envelope>") < at;
             expect(blank || header, "executed with octet " + std::to_string(at) + " changed");
             b.card(b.last_id());
           }
           ++codes[heard.code];
         }
         std::string observed;
         for (const auto& [code, times] : codes)
           observed += (observed.empty() ? "" : ", ") + std::to_string(times) + " x " + code;
         return observed;
       }});
  out.push_back(
      {"security", "still-serving", "13.7, 14.4 S7",
       "After all of it: a delivery is stored, fetched, acknowledged, as if nothing had been.",
       "0800, 0801, 0800", [](Bench& b) {
         const auto stored = b.deposit("zum Schluss");
         auto& dialog = b.dialog(b.recipient());
         const auto fetched = dialog.fetch(stored.id);
         expect(fetched.code == "0801" && fetched.answer.content, "fetch: " + fetched.codes());
         const auto exit = dialog.exit();
         const auto card = b.card(stored.id);
         expect(card && card->reception, "not acknowledged");
         return stored.heard.code + ", " + fetched.code + ", " + exit.code;
       }});
}

} // namespace

void add_security(std::vector<Case>& out) {
  const auto tries = std::make_shared<std::vector<Try>>();
  out.push_back({"security", "oracle-answers", "13.1, 13.3, 14.2 D4",
                 "Hundreds of messages that fail at different steps of decryption get one and the "
                 "same answer.",
                 "1 answer", [tries](Bench& b) { return oracle_answers(b, tries); }});
  out.push_back(
      {"security", "oracle-times", "13.3",
       "And the steps are not told apart by time. Reported; failed only when two kinds differ with "
       "p < 1e-6 and in more than 85 of 100 pairs.",
       "not told apart", [tries](Bench& b) { return oracle_times(b, tries); }});
  add_messages(out, "security", xml_attacks());
  add_network(out);
  add_replay(out);
}

} // namespace cli::conformance
