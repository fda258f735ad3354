// Envelope and structure (wire reference 1.7, 2, 13.4, 14.3, 14.10).
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "seal/names.h"
#include "xml/document.h"
#include <array>

namespace cli::conformance {

namespace ns = seal::ns;
using osci::MessageType;

namespace {

// --- the shape of answers

struct Sample {
  std::string name;
  std::string xml; // from <soap:Envelope to its end
};

std::string envelope_in(const std::string& mime) {
  const auto begin = mime.find("<?xml"), end = mime.rfind(":Envelope>");
  expect(begin != std::string::npos && end != std::string::npos, "no XML in the answer");
  return mime.substr(begin, end + 10 - begin);
}

// One answer of every type that the mailbox scenario knows; made by the first case that asks.
using Samples = std::shared_ptr<std::vector<Sample>>;
const std::vector<Sample>& samples(Bench& b, const Samples& known) {
  auto& out = *known;
  if (!out.empty()) return out;
  const auto keep = [&out](const char* name, const Heard& heard) {
    expect(!heard.fault, std::string(name) + ": " + heard.code);
    out.push_back({name, envelope_in(heard.message->plain())});
  };
  keep("GetMessageId", b.ask(b.sender(), b.request(b.sender(), MessageType::get_message_id)));
  const auto stored = b.deposit();
  keep("StoreDelivery", stored.heard);
  auto& dialog = b.dialog(b.recipient());
  keep("InitDialog", dialog.opened);
  keep("FetchDelivery", dialog.fetch(stored.id));
  keep("FetchProcessCard",
       dialog.send(by_ids(dialog.next(MessageType::fetch_process_card), {stored.id})));
  keep("ExitDialog", dialog.exit());
  return out;
}

struct Parsed {
  xml::Document document;
  std::vector<xml::Element> header;
  xml::Element body;
};

Parsed parsed(const Sample& sample) {
  auto document = xml::Document::parse(sample.xml, {});
  expect(document.has_value(), sample.name + ": not well-formed, or an Id stands twice");
  const auto parts = document->root().children();
  expect(parts.size() == 2 && parts[0].is(ns::soap, "Header") && parts[1].is(ns::soap, "Body"),
         sample.name + ": not one Header and one Body");
  return {std::move(*document), parts[0].children(), parts[1]};
}

const xml::Element* block(const Parsed& message, std::string_view uri, std::string_view name) {
  for (const auto& one : message.header)
    if (one.is(uri, name)) return &one;
  return nullptr;
}

void shape(std::vector<Case>& out, const Samples& known, const char* name, const char* section,
           const char* title, std::function<void(const Sample&, const Parsed&)> check) {
  out.push_back({"structure", name, section, title, "in every answer",
                 [known, check = std::move(check)](Bench& b) {
                   for (const auto& sample : samples(b, known)) check(sample, parsed(sample));
                   return "in " + std::to_string(known->size()) + " types of answers";
                 }});
}

void add_shapes(std::vector<Case>& out) {
  const auto known = std::make_shared<std::vector<Sample>>();
  shape(out, known, "answer-schema-location", "2.3, 14.10 A1",
        "Answers carry the exact xsi:schemaLocation of their type.",
        [](const Sample& sample, const Parsed&) {
          expect(sample.xml.find("xsi:schemaLocation=\"" +
                                 seal::schema_location("ResponseTo" + sample.name) + "\"") !=
                     std::string::npos,
                 sample.name + ": another schemaLocation");
        });
  shape(out, known, "answer-declarations", "4.7, 14.10 A2",
        "The Envelope of answers declares ds, osci, soap, xenc, xsi and nothing else.",
        [](const Sample& sample, const Parsed& message) {
          auto scope = message.document.root().namespaces_in_scope();
          scope.erase("xml");
          const std::map<std::string, std::string> five = {{"ds", std::string(ns::ds)},
                                                           {"osci", std::string(ns::osci)},
                                                           {"soap", std::string(ns::soap)},
                                                           {"xenc", std::string(ns::xenc)},
                                                           {"xsi", std::string(ns::xsi)}};
          expect(scope == five, sample.name + ": other declarations on the Envelope");
        });
  shape(out, known, "answer-block-order", "3.6, 14.10 A3",
        "ControlBlock first, SupplierSignature second: the client hashes while it reads.",
        [](const Sample& sample, const Parsed& message) {
          expect(message.header.size() > 2 && message.header[0].is(ns::osci, "ControlBlock") &&
                     message.header[1].is(ns::osci, "SupplierSignature"),
                 sample.name + ": another order");
        });
  shape(out, known, "answer-key-info", "4.1, 14.10 A4",
        "KeyInfo of answers is one RetrievalMethod without Transforms.",
        [](const Sample& sample, const Parsed& message) {
          const auto* signature = block(message, ns::osci, "SupplierSignature");
          expect(signature != nullptr, sample.name + ": not signed");
          const auto inner = signature->children().at(0).children();
          const auto methods = inner.back().children();
          expect(inner.back().is(ns::ds, "KeyInfo") && methods.size() == 1 &&
                     methods[0].is(ns::ds, "RetrievalMethod") && methods[0].children().empty(),
                 sample.name + ": another KeyInfo");
        });
  shape(out, known, "answer-certificates", "4.2, 4.9, 14.10 A4 A5",
        "Answers carry SignatureCertificateIntermediary and no CipherCertificateIntermediary.",
        [](const Sample& sample, const Parsed& message) {
          const auto* certificates = block(message, ns::osci, "IntermediaryCertificates");
          expect(certificates != nullptr, sample.name + ": no IntermediaryCertificates");
          const auto all = certificates->children();
          expect(all.size() == 1 && all[0].is(ns::osci, "SignatureCertificateIntermediary"),
                 sample.name + ": other certificates");
        });
  shape(out, known, "answer-no-addressee-signature", "4.9, 14.10 A5",
        "No SignatureCertificateAddressee: the client rejects it.",
        [](const Sample& sample, const Parsed&) {
          expect(sample.xml.find("SignatureCertificateAddressee") == std::string::npos,
                 sample.name + ": carries one");
        });
  shape(out, known, "answer-feature-description", "5.6, 14.10 A9",
        "Answers carry FeatureDescription with an Id.",
        [](const Sample& sample, const Parsed& message) {
          const auto* features = block(message, ns::osci2017, "FeatureDescription");
          expect(features != nullptr, sample.name + ": none");
          expect(features->attribute("Id").has_value(), sample.name + ": without Id");
        });
  shape(out, known, "answer-block-ids", "2.5", "Every header block and the Body have an Id.",
        [](const Sample& sample, const Parsed& message) {
          for (const auto& one : message.header)
            expect(one.attribute("Id").has_value(), sample.name + ": a block without Id");
          expect(message.body.attribute("Id").has_value(), sample.name + ": Body without Id");
        });
  shape(out, known, "answer-must-understand", "2.6",
        "OSCI header blocks carry mustUnderstand 1 and the actor of their kind.",
        [](const Sample& sample, const Parsed& message) {
          for (const auto& one : message.header) {
            if (one.namespace_uri() != ns::osci) continue;
            const bool certificates = one.name().ends_with("IntermediaryCertificates");
            expect(one.attribute(ns::soap, "mustUnderstand") == "1" &&
                       one.attribute(ns::soap, "actor") ==
                           std::string(certificates ? ns::actor_none : ns::actor_next),
                   sample.name + ": " + std::string(one.name()));
          }
        });
  shape(out, known, "answer-feedback", "10.1, 14.10 A8",
        "Every answer has Feedback of at least one entry with language, code of four digits and "
        "text.",
        [](const Sample& sample, const Parsed&) {
          const auto entry = cut(sample.xml, "<osci:Entry", "</osci:Entry>");
          const auto code = cut(entry, "<osci:Code>", "</osci:Code>");
          expect(code.size() == 11 + 4 + 12, sample.name + ": code is not four digits");
          expect(entry.find("xml:lang=\"") != std::string::npos, sample.name + ": no language");
          expect(cut(entry, "<osci:Text>", "</osci:Text>").size() > 11 + 12,
                 sample.name + ": no text");
        });
}

// --- requests of other shapes that must be taken

std::string with_prefixes(Bench& b) {
  auto request = b.delivery();
  auto context = seal::Context::from_scope({{"SOAP-ENV", std::string(ns::soap)},
                                            {"o", std::string(ns::osci)},
                                            {"d", std::string(ns::ds)},
                                            {"xenc", std::string(ns::xenc)},
                                            {"xsi", std::string(ns::xsi)}});
  if (!context) throw std::runtime_error("context");
  request.content.context = *context;
  for (std::size_t at = 0; (at = request.content.body.find("osci:", at)) != std::string::npos;)
    request.content.body.replace(at, 5, "o:");
  return b.seal(b.sender(), request);
}

struct Taken {
  const char* name;
  const char* section;
  const char* title;
  std::function<std::string(Bench&)> wire;
};

void add_taken(std::vector<Case>& out) {
  const std::vector<Taken> table = {
      {"other-prefixes", "2.4, 14.3 X4, 17.3", "Elements are matched by namespace, not by prefix.",
       with_prefixes},
      {"empty-element-tags", "2.2", "Empty elements as one tag: C14N makes both forms equal.",
       [](Bench& b) {
         auto text = b.clear(b.delivery());
         return b.wrap(replaced(text, "></osci:DesiredLanguages>", "/>"));
       }},
      {"blanks-between-blocks", "3.6, 4.6", "White space between header blocks changes nothing.",
       [](Bench& b) {
         return b.wrap(inserted_before(b.clear(b.delivery()), "<osci:DesiredLanguages", "\n   "));
       }},
      {"comments", "4.6", "Comments between blocks change nothing.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "<osci:DesiredLanguages", "<!-- Hinweis -->"));
       }},
      {"bare-blocks", "2.2, 4.4",
       "A block without declarations of its own has those of the Envelope.",
       [](Bench& b) {
         return b.wrap(
             replaced(b.clear(b.delivery()), "<soap:Body" + declarations(), "<soap:Body"));
       }},
      {"attributes-in-other-order", "4.4", "Attributes in another order are the same block.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(replaced(replaced(text, " Id=\"desiredlanguages\"", ""),
                                "<osci:DesiredLanguages",
                                "<osci:DesiredLanguages Id=\"desiredlanguages\""));
       }},
      {"without-features", "5.6", "FeatureDescription is optional in requests.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         std::erase_if(draft.blocks,
                       [](const auto& one) { return one.id == "featuredescription"; });
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"unknown-feature", "5.6", "Unknown feature keys are ignored.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         for (auto& one : draft.blocks)
           if (one.id == "featuredescription")
             one.canonical = replaced(one.canonical, "Key=\"DisableBase64\"", "Key=\"Unheard\"");
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"block-order", "1.7, 4.8", "A parser does not depend on the order of header blocks.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         std::reverse(draft.blocks.begin() + 1, draft.blocks.end());
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
  };
  for (const auto& one : table)
    out.push_back(
        {"structure", one.name, one.section, one.title, "0800", [wire = one.wire](Bench& b) {
           const auto heard = b.send(wire(b), &b.sender());
           const auto observed = expect_code(heard, "0800");
           expect(b.card(b.last_id()).has_value(), "no process card");
           return observed;
         }});
}

// --- what is refused

// The block left out before signing: what stands there is signed completely.
std::string without_block(Bench& b, const std::string& id) {
  auto draft = osci::encode_request(b.delivery());
  const auto erased = std::erase_if(draft.blocks, [&](const auto& one) { return one.id == id; });
  if (erased != 1) throw std::runtime_error("no block " + id);
  return b.close(draft, b.signing(b.sender()), b.encrypting());
}

std::string changed_block(Bench& b, const std::string& id, std::string_view from,
                          std::string_view to) {
  auto draft = osci::encode_request(b.delivery());
  for (auto& one : draft.blocks)
    if (one.id == id) one.canonical = replaced(one.canonical, from, to);
  return b.close(draft, b.signing(b.sender()), b.encrypting());
}

std::string of_type(Bench& b, const std::string& type) {
  auto draft = osci::encode_request(b.delivery());
  draft.type = type;
  return b.close(draft, b.signing(b.sender()), b.encrypting());
}

std::string with_certificate(Bench& b, const char* name) {
  auto request = b.delivery();
  request.certificates.push_back(role(name, "more", b.recipient().signature.certificate));
  return b.seal(b.sender(), request);
}

std::vector<Message> refused() {
  const char* kBroken = "9300 or 9100";
  const char* kOneOfEach = "13.4, 14.3 X2";
  const char* kObligatory = "1.7, 14.3 X5";
  return {
      {"second-header", kOneOfEach, kBroken, "Two Headers.",
       [](Bench& b) {
         return b.wrap(inserted_before(b.clear(b.delivery()), "<soap:Body",
                                       "<soap:Header>" + in_custom_header("") + "</soap:Header>"));
       }},
      {"second-body", kOneOfEach, kBroken, "Two Bodies.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "</soap:Envelope>", forged_body("body2")));
       }},
      {"body-first", kOneOfEach, kBroken, "The Body before the Header.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto body = body_of(text);
         return b.wrap(inserted_before(replaced(text, body, ""), "<soap:Header>", body));
       }},
      {"element-behind-body", kOneOfEach, kBroken, "An element behind the Body.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "</soap:Envelope>", "<soap:More></soap:More>"));
       }},
      {"block-twice", kOneOfEach, kBroken, "A header block that stands twice.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "<osci:storeDelivery", forged_store("other")));
       }},
      {"duplicate-id-content", "2.5, 13.4, 17.3", "9100 or 9300",
       "An Id of the content that a header block has too.",
       [](Bench& b) {
         auto request = b.delivery();
         request.content.body =
             replaced(request.content.body, "Id=\"content0\"", "Id=\"storedelivery\"");
         return b.seal(b.sender(), request);
       }},
      {"duplicate-id-header", "2.5, 13.4", "9100 or 9300",
       "Two header blocks of one Id, both signed.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         draft.blocks.push_back({"storedelivery", in_custom_header("v", "storedelivery")});
         // One reference suffices: a verifier that looks up Ids finds one of the two.
         auto text = b.close(draft, b.signing(b.sender()), std::nullopt);
         const auto reference =
             cut(text, "<ds:Reference URI=\"#storedelivery\">", "</ds:Reference>");
         const auto last = text.rfind("<ds:Reference URI=\"#storedelivery\">");
         const auto end = text.find("</ds:Reference>", last) + 15;
         text.erase(last, end - last);
         return b.wrap(signed_again(text, b.sender().signature));
       }},
      {"duplicate-id-content-twice", "2.5, 13.4", "9100 or 9300",
       "Two elements of the content of one Id.",
       [](Bench& b) {
         auto request = b.delivery();
         request.content.body =
             replaced(request.content.body, "</osci:Content>",
                      "</osci:Content><osci:Content><osci:Base64Content "
                      "Id=\"content0\">eA==</osci:Base64Content></osci:Content>");
         return b.seal(b.sender(), request);
       }},
      {"duplicate-id-certificate", "2.5, 13.4", "9100 or 9300",
       "Two certificate elements of one Id.",
       [](Bench& b) {
         auto request = b.delivery();
         request.certificates.back().id = request.certificates.front().id;
         return b.seal(b.sender(), request);
       }},
      {"no-control-block", kObligatory, kBroken, "No ControlBlock.",
       [](Bench& b) { return without_block(b, "controlblock"); }},
      {"no-languages", kObligatory, kBroken, "No DesiredLanguages.",
       [](Bench& b) { return without_block(b, "desiredlanguages"); }},
      {"no-quality-of-creation", kObligatory, kBroken,
       "StoreDelivery without QualityOfTimestamp creation.",
       [](Bench& b) { return without_block(b, "qualityoftimestamp_creation"); }},
      {"no-quality-of-reception", kObligatory, kBroken,
       "StoreDelivery without QualityOfTimestamp reception.",
       [](Bench& b) { return without_block(b, "qualityoftimestamp_reception"); }},
      {"no-message-block", "1.7, 14.3 X3", kBroken,
       "StoreDelivery without its storeDelivery block.",
       [](Bench& b) { return without_block(b, "storedelivery"); }},
      {"no-addressee", "4.9, 14.3 X5", kBroken, "StoreDelivery without CipherCertificateAddressee.",
       [](Bench& b) {
         auto request = b.delivery();
         std::erase_if(request.certificates,
                       [](const auto& one) { return one.role == "CipherCertificateAddressee"; });
         return b.seal(b.sender(), request);
       }},
      {"addressee-signature", "4.9", kBroken,
       "SignatureCertificateAddressee is not allowed in StoreDelivery.",
       [](Bench& b) { return with_certificate(b, "SignatureCertificateAddressee"); }},
      {"unknown-role", "4.9, 3.6", kBroken, "An unknown child of NonIntermediaryCertificates.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         for (auto& one : draft.blocks)
           if (one.id == "nonintermediarycertificates")
             one.canonical = inserted_before(
                 one.canonical, "</osci:NonIntermediaryCertificates>",
                 "<osci:CipherCertificateFriend Id=\"f\"></osci:CipherCertificateFriend>");
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"second-addressee", "4.9", kBroken, "Two CipherCertificateAddressee.",
       [](Bench& b) {
         auto request = b.delivery();
         request.certificates.push_back(
             role("CipherCertificateAddressee", "second", b.sender().cipher.certificate));
         return b.seal(b.sender(), request);
       }},
      {"body-without-id", "2.5, 14.3 X2", kBroken, "A Body without Id.",
       [](Bench& b) { return b.wrap(replaced(b.clear(b.delivery()), " Id=\"body\"", "")); }},
      {"block-without-id", "2.5, 14.3 X2", kBroken, "A header block without Id.",
       [](Bench& b) {
         return b.wrap(replaced(b.clear(b.delivery()), " Id=\"storedelivery\"", ""));
       }},
      {"empty-languages", "10.5", kBroken, "An empty LanguagesList.",
       [](Bench& b) {
         return changed_block(b, "desiredlanguages", "LanguagesList=\"de\"", "LanguagesList=\"\"");
       }},
      {"unknown-quality", "8.4", kBroken, "A Quality that does not exist.",
       [](Bench& b) {
         return changed_block(b, "qualityoftimestamp_creation", "Quality=\"plain\"",
                              "Quality=\"best\"");
       }},
      {"unknown-osci-block", "1.7", kBroken, "An unknown header block in the OSCI namespace.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.delivery());
         draft.blocks.push_back(
             {"evil", "<osci:Evil" + declarations() + " Id=\"evil\">x</osci:Evil>"});
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"message-block-child", "1.7, 15.7", kBroken, "An unknown child of storeDelivery.",
       [](Bench& b) {
         return changed_block(b, "storedelivery", "<osci:Subject>",
                              "<osci:Evil></osci:Evil><osci:Subject>");
       }},
      {"package-child", "6.1", kBroken, "An unknown child of ContentPackage.",
       [](Bench& b) {
         auto request = b.delivery();
         request.content.body = replaced(request.content.body, "<osci:ContentContainer",
                                         "<osci:Evil></osci:Evil><osci:ContentContainer");
         return b.seal(b.sender(), request);
       }},
      {"unknown-type", "2.3, 10.6", kBroken, "An unknown message type.",
       [](Bench& b) { return of_type(b, "EvilDelivery"); }},
      {"no-schema-location", "2.3", kBroken, "No schemaLocation: only faults lack it.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(replaced(text, cut(text, " xsi:schemaLocation=\"", ".xsd\""), ""));
       }},
      {"type-and-block-differ", "14.3 X3", kBroken,
       "A StoreDelivery that says to be a FetchDelivery.",
       [](Bench& b) { return of_type(b, "FetchDelivery"); }},
      {"answer-as-request", "1.2, 14.3 X3", kBroken, "An answer is no request.",
       [](Bench& b) { return of_type(b, "ResponseToStoreDelivery"); }},
      {"accept-delivery", "1.2, 14.3 X3", kBroken,
       "AcceptDelivery goes from the intermediary, not to it.",
       [](Bench& b) { return of_type(b, "AcceptDelivery"); }},
      {"process-delivery", "1.2, 14.3 X3", kBroken,
       "ProcessDelivery goes from the intermediary, not to it.",
       [](Bench& b) { return of_type(b, "ProcessDelivery"); }},
      {"attachment-without-content", "1.7", kBroken, "An attachment in GetMessageId.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.request(b.sender(), MessageType::get_message_id));
         draft.attachments = {{"a", "application/pdf", "", "x", false}};
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"body-of-another-type", "1.7, 14.3 X3", kBroken, "GetMessageId whose Body says exitDialog.",
       [](Bench& b) {
         auto draft = osci::encode_request(b.request(b.sender(), MessageType::get_message_id));
         draft.body = "<osci:exitDialog></osci:exitDialog>";
         return b.close(draft, b.signing(b.sender()), b.encrypting());
       }},
      {"no-namespace", "2.4", kBroken, "A SOAP envelope of another namespace.",
       [](Bench& b) {
         auto text = b.clear(b.delivery());
         for (std::size_t at = 0;
              (at = text.find(std::string(ns::soap) + "\"", at)) != std::string::npos;)
           text.replace(at, ns::soap.size(), "http://www.w3.org/2003/05/soap-envelope");
         return b.wrap(text);
       }},
  };
}

} // namespace

void add_structure(std::vector<Case>& out) {
  add_shapes(out);
  add_taken(out);
  add_messages(out, "structure", refused());
}

} // namespace cli::conformance
