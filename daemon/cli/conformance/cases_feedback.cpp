// Feedback, faults and languages (wire reference 10).
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "mime/message.h"
#include "seal/names.h"
#include "xml/document.h"
#include <algorithm>

namespace cli::conformance {

namespace ns = seal::ns;
using osci::MessageType;

namespace {

Heard in_languages(Bench& b, std::vector<std::string> languages, bool refused = false) {
  auto request = refused ? b.delivery_of(b.sender(), "never-issued", "x")
                         : b.request(b.sender(), MessageType::get_message_id);
  request.languages = std::move(languages);
  auto heard = b.ask(b.sender(), request);
  expect(heard.code == (refused ? "9801" : "0800"), "answered with " + heard.codes());
  return heard;
}

const osci::FeedbackEntry& first(const Heard& heard) {
  return heard.answer.feedback.front();
}

void language(std::vector<Case>& out, const char* name, const char* title,
              std::vector<std::string> wanted, const char* served, bool refused = false) {
  out.push_back({"feedback", name, "10.1, 10.5, 14.10 A8", title, served,
                 [wanted = std::move(wanted), served = std::string(served), refused](Bench& b) {
                   const auto heard = in_languages(b, wanted, refused);
                   for (const auto& entry : heard.answer.feedback) {
                     expect(entry.language.starts_with(served), "xml:lang is " + entry.language);
                     expect(!entry.text.empty(), "no text");
                   }
                   return first(heard).language;
                 }});
}

// The XML of a fault: to an encrypted request that cannot be decrypted.
struct Fault {
  std::string xml;
  Heard heard;
};
Fault fault(Bench& b) {
  auto reply = b.post(b.wrap("this is no MIME message"));
  const auto parts = mime::parse(reply.body, {});
  expect(parts.has_value() && parts->parts.size() == 1, "a fault is one MIME part");
  std::string xml(parts->parts[0].raw);
  auto heard = b.hear(std::move(reply));
  expect(heard.fault, "no fault: " + heard.codes());
  return {std::move(xml), std::move(heard)};
}

void fault_case(std::vector<Case>& out, const char* name, const char* title,
                std::function<void(const Fault&)> check) {
  out.push_back({"feedback", name, "10.3, 10.4, 14.10 A10", title, "so",
                 [check = std::move(check)](Bench& b) {
                   check(fault(b));
                   return std::string("so");
                 }});
}

void add_faults(std::vector<Case>& out) {
  fault_case(
      out, "fault-without-schema-location",
      "A fault carries no schemaLocation: with it the client reads 9100.",
      [](const Fault& f) { expect(f.xml.find("schemaLocation") == std::string::npos, "it does"); });
  fault_case(out, "fault-without-header", "A fault has no soap:Header and is not signed.",
             [](const Fault& f) {
               expect(f.xml.find(":Header") == std::string::npos, "a Header");
               expect(f.xml.find("Signature") == std::string::npos, "a signature");
             });
  fault_case(out, "fault-not-encrypted",
             "A fault travels in clear, also as answer to an encrypted request.",
             [](const Fault& f) { expect(!f.heard.message->transport().encrypted, "encrypted"); });
  fault_case(out, "fault-structure",
             "faultcode, faultstring, detail in this order; Code in the OSCI namespace.",
             [](const Fault& f) {
               const auto document = xml::Document::parse(f.xml, {});
               expect(document.has_value(), "not well-formed");
               const auto body = document->root().children();
               expect(body.size() == 1 && body[0].is(ns::soap, "Body"),
                      "something beside the Body");
               const auto fault = body[0].children();
               expect(fault.size() == 1 && fault[0].is(ns::soap, "Fault"), "no Fault");
               const auto parts = fault[0].children();
               expect(parts.size() == 3 && parts[0].name() == "faultcode" &&
                          parts[1].name() == "faultstring" && parts[2].name() == "detail",
                      "another order");
               const auto code = parts[2].children();
               expect(code.size() == 1 && code[0].is(ns::osci, "Code"), "no osci:Code");
             });
  fault_case(out, "fault-code-of-client", "A client's error has faultcode prefix:Client.",
             [](const Fault& f) {
               const auto document = xml::Document::parse(f.xml, {});
               expect(document.has_value(), "not well-formed");
               const auto parts = document->root().children().at(0).children().at(0).children();
               const auto text = parts.at(0).text().value_or("");
               const auto colon = text.find(':');
               const auto scope = parts[0].namespaces_in_scope();
               expect(colon != std::string::npos && scope.contains(text.substr(0, colon)) &&
                          scope.at(text.substr(0, colon)) == ns::soap &&
                          text.substr(colon + 1) == "Client",
                      "faultcode is " + text);
             });
  fault_case(
      out, "fault-text", "faultstring is there and tells no inner detail.", [](const Fault& f) {
        const auto text = cut(f.xml, "<faultstring", "</faultstring>");
        expect(text.size() > 30, "no text");
        for (const char* leak :
             {"OpenSSL", "error:0", "padding", "exception", "Exception", ".cpp", ".java", "tag"})
          expect(text.find(leak) == std::string::npos, std::string("it says ") + leak);
      });
}

} // namespace

void add_feedback(std::vector<Case>& out) {
  language(out, "german", "Feedback in German for de.", {"de"}, "de");
  language(out, "english", "Feedback in English for en.", {"en"}, "en");
  language(out, "region", "en-GB counts as en.", {"en-GB"}, "en");
  language(out, "first-that-can-be-served", "The first language of the list that can be served.",
           {"fr", "en", "de"}, "en");
  language(out, "order-of-preference", "The list is an order of preference.", {"de", "en"}, "de");
  language(out, "error-in-english", "Errors speak the desired language too.", {"en"}, "en", true);
  language(out, "error-in-german", "Errors speak the desired language too: German.", {"de"}, "de",
           true);
  out.push_back({"feedback", "unknown-language", "10.5",
                 "A language that is not served: the default, with text.", "de or en",
                 [](Bench& b) {
                   const auto heard = in_languages(b, {"tlh"});
                   const auto& tag = first(heard).language;
                   expect(tag.starts_with("de") || tag.starts_with("en"), "xml:lang is " + tag);
                   expect(!first(heard).text.empty(), "no text");
                   return tag;
                 }});
  out.push_back({"feedback", "texts-differ", "10.5",
                 "The text is in the language that xml:lang says, not one for all.", "two texts",
                 [](Bench& b) {
                   const auto german = in_languages(b, {"de"}), english = in_languages(b, {"en"});
                   expect(first(german).text != first(english).text, "one text for both");
                   return std::string("two texts");
                 }});
  out.push_back({"feedback", "one-entry-a-finding", "10.5",
                 "A code stands once, not once for each language.", "once", [](Bench& b) {
                   const auto heard = in_languages(b, {"de", "en", "fr"});
                   std::set<std::string> seen;
                   for (const auto& entry : heard.answer.feedback)
                     expect(seen.insert(entry.code).second, entry.code + " stands twice");
                   return std::string("once");
                 }});
  out.push_back({"feedback", "result-first", "10.1, 14.10 A8",
                 "The first entry is the overall result: 0800 outside a dialog, 0801 inside.",
                 "0800, 0801", [](Bench& b) {
                   const auto outside = in_languages(b, {"de"});
                   auto& dialog = b.dialog(b.sender());
                   const auto inside = dialog.send(dialog.next(MessageType::get_message_id));
                   expect(outside.code == "0800" && inside.code == "0801",
                          outside.code + ", " + inside.code);
                   return std::string("0800, 0801");
                 }});
  add_faults(out);
}

} // namespace cli::conformance
