// What our schemas refuse: recorded messages with one thing changed. Each is valid before.
#include "mime/message.h"
#include "support/keys.h"
#include "support/schemas.h"
#include <functional>
#include <gtest/gtest.h>

namespace {

using Change = std::function<std::string(std::string)>;

std::string xml_of(const std::string& file) {
  const std::string wire = support::read_file(support::captures_folder() + "/" + file);
  const auto parts = mime::parse(wire, {});
  return parts ? std::string(parts->parts[0].raw) : std::string{};
}

struct Span {
  std::size_t at = std::string::npos, size = 0;
};
// The first element of that qualified name, tags included.
Span element(const std::string& xml, const std::string& name) {
  auto at = xml.find("<" + name);
  while (at != std::string::npos && xml.find_first_of(" >", at) != at + 1 + name.size())
    at = xml.find("<" + name, at + 1);
  if (at == std::string::npos) return {};
  const std::string end = "</" + name + ">";
  return {at, xml.find(end, at) + end.size() - at};
}

Change without(const std::string& name) {
  return [name](std::string xml) {
    const auto [at, size] = element(xml, name);
    return at == std::string::npos ? xml : xml.erase(at, size);
  };
}
Change twice(const std::string& name) {
  return [name](std::string xml) {
    const auto [at, size] = element(xml, name);
    if (at == std::string::npos) return xml;
    std::string copy = xml.substr(at, size);
    // Ids stay unique, so that it is the second element that is wrong.
    for (auto id = copy.find(" Id=\""); id != std::string::npos; id = copy.find(" Id=\"", id + 5))
      copy.insert(id + 5, "x");
    return xml.insert(at + size, copy);
  };
}
Change before(const std::string& name, const std::string& other) { // moves it there
  return [name, other](std::string xml) {
    const auto [at, size] = element(xml, name);
    if (at == std::string::npos) return xml;
    const std::string moved = xml.substr(at, size);
    xml.erase(at, size);
    return xml.insert(element(xml, other).at, moved);
  };
}
Change change(const std::string& from, const std::string& to) {
  return [from, to](std::string xml) {
    const auto at = xml.find(from);
    return at == std::string::npos ? xml : xml.replace(at, from.size(), to);
  };
}

Change without_attribute(const std::string& name) {
  return [name](std::string xml) {
    const auto at = xml.find(" " + name + "=\"");
    if (at == std::string::npos) return xml;
    return xml.erase(at, xml.find('"', at + name.size() + 3) + 1 - at);
  };
}

struct Case {
  const char* what;
  const char* type;
  const char* file;
  Change apply;
  const char* where; // beginning of the path that the log shows
};

std::vector<Case> cases() {
  const char* const init = "a-default/05_InitDialog.plain.bin";
  const char* const get = "b-plain/01_GetMessageId.bin";
  const char* const store = "b-plain/03_StoreDelivery.bin";
  const char* const fetch = "b-plain/07_FetchDelivery.bin";
  const char* const cards = "a-default/13_FetchProcessCard.plain.bin";
  const char* const forward = "a-default/63_ForwardDelivery.plain.bin";
  const char* const accept = "a-default/64_AcceptDelivery.plain.bin";
  const char* const mediate = "a-default/71_MediateDelivery.plain.bin";
  const char* const chunk = "b-plain/89_PartialStoreDelivery.bin";
  const char* const fetch_chunk = "b-plain/99_PartialFetchDelivery.bin";
  const char* const stored = "a-default/04_ResponseToStoreDelivery.plain.bin";
  const char* const fetched = "a-default/08_ResponseToFetchDelivery.plain.bin";
  const char* const closed = "a-default/10_ResponseToExitDialog.plain.bin";
  const char* const listed = "a-default/14_ResponseToFetchProcessCard.plain.bin";
  const char* const stored_chunk = "b-plain/90_ResponseToPartialStoreDelivery.bin";
  const char* const envelope = "a-default/01_GetMessageId.bin";
  const char* const fault = "i-faults/08_SOAPFault_9400.bin";
  const std::string osci = "osci:";
  return {
      // Blocks: missing, twice, in the wrong place, of another message
      {"no ControlBlock", "InitDialog", init, without("osci:ControlBlock"), "/Envelope/Header,"},
      {"two ControlBlocks", "InitDialog", init, twice("osci:ControlBlock"), "/Envelope/Header,"},
      {"no DesiredLanguages", "StoreDelivery", store, without("osci:DesiredLanguages"),
       "/Envelope/Header,"},
      {"no certificates", "InitDialog", init, without("osci:NonIntermediaryCertificates"),
       "/Envelope/Header,"},
      {"no certificates", "StoreDelivery", store, without("osci:NonIntermediaryCertificates"),
       "/Envelope/Header,"},
      {"no storeDelivery", "StoreDelivery", store, without("osci:storeDelivery"),
       "/Envelope/Header,"},
      {"one QualityOfTimestamp", "StoreDelivery", store, without("osci:QualityOfTimestamp"),
       "/Envelope/Header,"},
      {"Service told twice", "StoreDelivery", store,
       change("Service=\"reception\"", "Service=\"creation\""), "/Envelope"},
      {"reception for a chunk", "PartialStoreDelivery", chunk,
       change("Service=\"creation\"", "Service=\"reception\""),
       "/Envelope/Header/QualityOfTimestamp,"},
      {"storeDelivery in a FetchDelivery", "FetchDelivery", store, change("", ""),
       "/Envelope/Header"},
      {"ControlBlock not first", "StoreDelivery", store,
       before("osci:DesiredLanguages", "osci:ControlBlock"), "/Envelope/Header,"},
      {"certificates before the message block", "StoreDelivery", store,
       before("osci:NonIntermediaryCertificates", "osci:storeDelivery"), "/Envelope/Header,"},
      {"certificates after FeatureDescription", "GetMessageId", get,
       before("osci2017:FeatureDescription", "osci:NonIntermediaryCertificates"),
       "/Envelope/Header,"},
      {"chunk without FeatureDescription", "PartialStoreDelivery", chunk,
       without("osci2017:FeatureDescription"), "/Envelope/Header,"},
      {"unknown OSCI block", "GetMessageId", get,
       change("</soap:Header>", "<osci:Extra Id=\"extra\"></osci:Extra></soap:Header>"),
       "/Envelope/Header"},
      {"signature of the other side", "ResponseToExitDialog", closed,
       [](std::string xml) {
         return change("</osci:SupplierSignature", "</osci:ClientSignature")(
             change("<osci:SupplierSignature", "<osci:ClientSignature")(std::move(xml)));
       },
       "/Envelope/Header"},
      {"no Body", "FetchDelivery", fetch, without("soap:Body"), "/Envelope,"},
      {"Body before Header", "FetchDelivery", fetch, before("soap:Body", "soap:Header"),
       "/Envelope,"},
      {"two Bodies", "FetchDelivery", fetch, twice("soap:Body"), "/Envelope,"},
      // ControlBlock
      {"FetchDelivery outside a dialog", "FetchDelivery", fetch,
       without_attribute("ConversationId"), "/Envelope/Header/ControlBlock,"},
      {"Challenge before Response", "FetchDelivery", fetch,
       before("osci:Challenge", "osci:Response"), "/Envelope/Header/ControlBlock,"},
      {"no Response in a dialog", "FetchDelivery", fetch, without("osci:Response"),
       "/Envelope/Header/ControlBlock,"},
      {"SequenceNumber in InitDialog", "InitDialog", init,
       change("Id=\"controlblock\"", "Id=\"controlblock\" SequenceNumber=\"0\""),
       "/Envelope/Header/ControlBlock,"},
      {"no SequenceNumber", "GetMessageId", get, change(" SequenceNumber=\"0\"", ""),
       "/Envelope/Header/ControlBlock,"},
      {"SequenceNumber is no number", "GetMessageId", get,
       change("SequenceNumber=\"0\"", "SequenceNumber=\"-1\""), "/Envelope/Header/ControlBlock,"},
      {"Challenge in the answer to ExitDialog", "ResponseToExitDialog", closed,
       change("</osci:Response>", "</osci:Response><osci:Challenge>YQ==</osci:Challenge>"),
       "/Envelope/Header/ControlBlock"},
      // Ids and attributes
      {"block without Id", "StoreDelivery", store, change(" Id=\"storedelivery\"", ""),
       "/Envelope/Header/storeDelivery,"},
      {"Body without Id", "StoreDelivery", store, change(" Id=\"body\"", ""), "/Envelope/Body,"},
      {"Id used twice", "StoreDelivery", store, change("Id=\"body\"", "Id=\"storedelivery\""),
       "/Envelope/Body,"},
      {"Id with a blank", "StoreDelivery", store, change("Id=\"body\"", "Id=\"b c\""),
       "/Envelope/Body,"},
      {"mustUnderstand 0", "GetMessageId", get,
       change("soap:mustUnderstand=\"1\"", "soap:mustUnderstand=\"0\""),
       "/Envelope/Header/ControlBlock,"},
      {"unknown attribute", "StoreDelivery", store,
       change("Id=\"storedelivery\"", "Id=\"storedelivery\" Urgent=\"yes\""),
       "/Envelope/Header/storeDelivery,"},
      {"no language", "GetMessageId", get, change("LanguagesList=\"de", "LanguagesList=\"\" x=\""),
       "/Envelope/Header/DesiredLanguages,"},
      {"unknown Quality", "StoreDelivery", store, change("Quality=\"plain\"", "Quality=\"best\""),
       "/Envelope/Header/QualityOfTimestamp,"},
      // Message blocks
      {"MessageId is not base64", "StoreDelivery", store,
       change("<osci:MessageId>", "<osci:MessageId>*"),
       "/Envelope/Header/storeDelivery/MessageId,"},
      {"Subject before MessageId", "StoreDelivery", store, before("osci:Subject", "osci:MessageId"),
       "/Envelope/Header/storeDelivery,"},
      {"unknown child", "StoreDelivery", store,
       change("</osci:storeDelivery>", "<osci:Text>x</osci:Text></osci:storeDelivery>"),
       "/Envelope/Header/storeDelivery"},
      {"two rules in one selection", "FetchDelivery", fetch, twice("osci:MessageId"),
       "/Envelope/Header/fetchDelivery/SelectionRule,"},
      {"RecentModification as fetch criterion", "FetchDelivery", fetch,
       [](std::string xml) {
         const auto [at, size] = element(xml, "osci:MessageId");
         return xml.replace(at, size,
                            "<osci:RecentModification>2026-01-01T00:00:00Z"
                            "</osci:RecentModification>");
       },
       "/Envelope/Header/fetchDelivery/SelectionRule"},
      {"Limit 0", "FetchProcessCard", cards,
       change("</osci:SelectionRule>",
              "</osci:SelectionRule><osci:Quantity Limit=\"0\"></osci:Quantity>"),
       "/Envelope/Body/fetchProcessCard/Quantity,"},
      {"ContentReceiver without URI", "ForwardDelivery", forward,
       change("<osci:ContentReceiver URI=", "<osci:ContentReceiver href="), ""},
      {"no ContentReceiver", "MediateDelivery", mediate, without("osci:ContentReceiver"),
       "/Envelope/Header/mediateDelivery,"},
      {"AcceptDelivery without card", "AcceptDelivery", accept, without("osci:ProcessCardBundle"),
       "/Envelope/Header/acceptDelivery,"},
      {"Reception in an AcceptDelivery", "AcceptDelivery", accept,
       change("</osci:Forwarding>",
              "</osci:Forwarding><osci:Reception><osci:Plain>2026-01-01T00:00:00Z</osci:Plain>"
              "</osci:Reception>"),
       "/Envelope/Header/acceptDelivery/ProcessCardBundle/ProcessCard"},
      {"chunk without number", "PartialStoreDelivery", chunk, change(" ChunkNumber=", " ChunkNo="),
       "/Envelope/Header/partialStoreDelivery/ChunkInformation,"},
      {"chunk and InfoOnly", "PartialStoreDelivery", chunk,
       change("</osci2017:ChunkInformation>",
              "</osci2017:ChunkInformation><osci2017:InfoOnly></osci2017:InfoOnly>"),
       "/Envelope/Header/partialStoreDelivery,"},
      {"ReceivedChunks below -1", "PartialFetchDelivery", fetch_chunk,
       change("ReceivedChunks=\"-1\"", "ReceivedChunks=\"-2\""),
       "/Envelope/Header/partialFetchDelivery/ChunkInformation,"},
      // Certificates
      {"no addressee", "StoreDelivery", store, without("osci:CipherCertificateAddressee"),
       "/Envelope/Header/NonIntermediaryCertificates,"},
      {"two addressees", "StoreDelivery", store, twice("osci:CipherCertificateAddressee"),
       "/Envelope/Header/NonIntermediaryCertificates,"},
      {"InitDialog without cipher certificate", "InitDialog", init,
       without("osci:CipherCertificateOriginator"),
       "/Envelope/Header/NonIntermediaryCertificates,"},
      {"certificate without Id", "StoreDelivery", store,
       change("<osci:CipherCertificateAddressee Id=", "<osci:CipherCertificateAddressee id="),
       "/Envelope/Header/NonIntermediaryCertificates/CipherCertificateAddressee,"},
      {"certificate is not base64", "StoreDelivery", store,
       change("<ds:X509Certificate>", "<ds:X509Certificate>*"),
       "/Envelope/Header/NonIntermediaryCertificates/CipherCertificateOriginator/X509Data/"
       "X509Certificate,"},
      {"roles in the wrong order", "StoreDelivery", store,
       before("osci:CipherCertificateAddressee", "osci:CipherCertificateOriginator"),
       "/Envelope/Header/NonIntermediaryCertificates,"},
      // Content
      {"no ContentPackage", "StoreDelivery", store, without("osci:ContentPackage"),
       "/Envelope/Body,"},
      {"content in a FetchDelivery", "FetchDelivery", fetch,
       change("</soap:Body>", "<osci:ContentPackage></osci:ContentPackage></soap:Body>"),
       "/Envelope/Body"},
      {"text in the ContentPackage", "StoreDelivery", store,
       change("<osci:ContentPackage>", "<osci:ContentPackage>x"), "/Envelope/Body/ContentPackage,"},
      {"CipherValue is not base64", "StoreDelivery", store,
       change("<xenc:CipherValue>", "<xenc:CipherValue>*"), "/Envelope/Body/ContentPackage/"},
      {"container without Id", "PartialStoreDelivery", chunk,
       change("Id=\"ChunkContentContainer\"", ""),
       "/Envelope/Body/ContentPackage/ContentContainer,"},
      // Answers
      {"no Feedback", "ResponseToStoreDelivery", stored, without("osci:Feedback"),
       "/Envelope/Header/responseToStoreDelivery,"},
      {"code of three digits", "ResponseToStoreDelivery", stored,
       change("<osci:Code>0800", "<osci:Code>800"),
       "/Envelope/Header/responseToStoreDelivery/Feedback/Entry/Code,"},
      {"feedback without text", "ResponseToStoreDelivery", stored, without("osci:Text"),
       "/Envelope/Header/responseToStoreDelivery/Feedback/Entry,"},
      {"no InspectionReport", "ResponseToStoreDelivery", stored, without("osci:InspectionReport"),
       "/Envelope/Header/responseToStoreDelivery/ProcessCardBundle,"},
      {"time is no dateTime", "ResponseToStoreDelivery", stored,
       change("<osci:Plain>20", "<osci:Plain>on 20"),
       "/Envelope/Header/responseToStoreDelivery/ProcessCardBundle/ProcessCard/Creation/Plain,"},
      {"unknown result of an inspection", "ResponseToStoreDelivery", stored,
       change("<osci:InspectionReport>",
              "<osci:InspectionReport><osci:Inspection><osci:Timestamp><osci:Plain>"
              "2026-01-01T00:00:00Z</osci:Plain></osci:Timestamp><osci:X509SubjectName>CN=a"
              "</osci:X509SubjectName><osci:X509IssuerName>CN=b</osci:X509IssuerName>"
              "<osci:X509SerialNumber>1</osci:X509SerialNumber><osci:CertType Type=\"unknown\"/>"
              "<osci:MathResult Result=\"maybe\"/><osci:OfflineResult Result=\"valid\"/>"
              "</osci:Inspection>"),
       "/Envelope/Header/responseToStoreDelivery/ProcessCardBundle/InspectionReport/Inspection/"
       "MathResult,"},
      {"no echo", "ResponseToFetchDelivery", fetched, without("osci:fetchDelivery"),
       "/Envelope/Header/responseToFetchDelivery,"},
      {"cipher certificate of the intermediary", "ResponseToFetchDelivery", fetched,
       [](std::string xml) {
         for (const char* tag : {"<osci:Signature", "</osci:Signature"})
           xml = change(std::string(tag) + "CertificateIntermediary",
                        std::string(tag).replace(tag[1] == '/' ? 7 : 6, 9, "Cipher") +
                            "CertificateIntermediary")(std::move(xml));
         return xml;
       },
       "/Envelope/Header/IntermediaryCertificates"},
      {"no card element in the list", "ResponseToFetchProcessCard", listed,
       without("osci:ProcessCard"), "/Envelope/Body/responseToFetchProcessCard/"},
      {"ChunkInformation missing", "ResponseToPartialStoreDelivery", stored_chunk,
       without("osci2017:ChunkInformation"), "/Envelope/Header/responseToPartialStoreDelivery,"},
      {"signature without RetrievalMethod", "ResponseToExitDialog", closed,
       without("ds:RetrievalMethod"), ""},
      // Envelope and fault
      {"no recipient of the key", "MessageEncrypted", envelope, without("ds:X509Data"), ""},
      {"no payload", "MessageEncrypted", envelope, without("xenc:CipherReference"), ""},
      {"two keys", "MessageEncrypted", envelope, twice("xenc:EncryptedKey"), "/Envelope"},
      {"Header in the envelope", "MessageEncrypted", envelope,
       change("<soap:Body", "<soap:Header></soap:Header><soap:Body"), "/Envelope"},
      {"fault without code", "MessageFault", fault, without("osci:Code"), "/Envelope/Body/Fault/"},
      {"fault with Header", "MessageFault", fault,
       change("<soap:Body", "<soap:Header></soap:Header><soap:Body"), "/Envelope"},
  };
}

TEST(Schemas, RefuseRecordedMessagesWithOneThingChanged) {
  std::size_t refused = 0;
  for (const auto& one : cases()) {
    SCOPED_TRACE(std::string(one.type) + ": " + one.what);
    const std::string valid = xml_of(one.file);
    const auto* schema = support::schemas().find(one.type);
    ASSERT_NE(schema, nullptr);
    const std::string broken = one.apply(valid);
    if (valid.find("soap" + std::string(one.type) + ".xsd") != std::string::npos) {
      EXPECT_TRUE(schema->validate(valid)) << schema->validate(valid).error().detail;
      EXPECT_TRUE(broken != valid) << "nothing was changed";
    }
    const auto result = schema->validate(broken);
    ASSERT_FALSE(result) << "accepted";
    EXPECT_EQ(result.error().detail.rfind("schema: " + std::string(one.where), 0), 0u)
        << result.error().detail;
    // Not for a mistake in the mutation.
    EXPECT_EQ(result.error().detail.find("not well-formed"), std::string::npos);
    ++refused;
  }
  std::cout << "refused " << refused << " of " << cases().size() << "\n";
  EXPECT_GE(refused, 60u);
}

// What the library and the official schema say differently is taken in both forms (16).
TEST(Schemas, TakeBothFormsOfWhatIsToBeReadInBoth) {
  const auto accepts = [](const char* type, const std::string& file, const Change& apply) {
    const std::string recorded = xml_of(file), changed = apply(recorded);
    EXPECT_TRUE(recorded != changed) << "nothing was changed";
    const auto result = support::schemas().find(type)->validate(changed);
    EXPECT_TRUE(result) << type << " " << result.error().detail;
  };
  const std::string get = "b-plain/01_GetMessageId.bin";
  for (const char* spelling : {"ChunkMessageTimeout", "ChunkMessageTimeOut"})
    accepts("GetMessageId", get,
            change("Id=\"featuredescription\"",
                   "Id=\"featuredescription\" " + std::string(spelling) + "=\"60\""));
  const std::string chunk = "b-plain/90_ResponseToPartialStoreDelivery.bin";
  accepts("ResponseToPartialStoreDelivery", chunk, [](std::string xml) {
    return change("</osci:ProcessCardBundle>",
                  "</osci:procard>")(change("<osci:ProcessCardBundle>", "<osci:procard>")(xml));
  });
  const std::string inside =
      "<osci2017:InsideFeedback><osci:Entry xml:lang=\"de en\"><osci:Code>0800"
      "</osci:Code><osci:Text>x</osci:Text></osci:Entry>"
      "</osci2017:InsideFeedback>";
  accepts("ResponseToPartialStoreDelivery", chunk,
          change("<osci:Feedback>", inside + "<osci:Feedback>"));
  accepts("ResponseToPartialStoreDelivery", chunk,
          change("</osci:Feedback>", "</osci:Feedback>" + inside));
  for (const char* name : {"OCSP", "OSCP"})
    accepts("ResponseToStoreDelivery", "a-default/04_ResponseToStoreDelivery.plain.bin",
            change("<osci:InspectionReport>",
                   "<osci:InspectionReport><osci:Inspection><osci:Timestamp><osci:Plain>"
                   "2026-01-01T00:00:00Z</osci:Plain></osci:Timestamp><osci:X509SubjectName>CN=a"
                   "</osci:X509SubjectName><osci:X509IssuerName>CN=b</osci:X509IssuerName>"
                   "<osci:X509SerialNumber>1</osci:X509SerialNumber>"
                   "<osci:CertType Type=\"unknown\"/><osci:MathResult Result=\"ok\"/>"
                   "<osci:OfflineResult Result=\"valid\"/><osci:OnlineResult Result=\"ok\"><osci:" +
                       std::string(name) + ">YQ==</osci:" + name +
                       "></osci:OnlineResult></osci:Inspection>"));
  // The library's order of the addressee's and authors' certificates, beside the official one.
  const auto certificate = [](const std::string& role, const char* id) {
    return "<osci:SignatureCertificate" + role + " Id=\"" + id +
           "\"><ds:X509Data><ds:X509Certificate>YQ==</ds:X509Certificate></ds:X509Data>"
           "</osci:SignatureCertificate" +
           role + ">";
  };
  const std::string end = "</osci:NonIntermediaryCertificates>";
  for (const std::string& order :
       {certificate("Addressee", "a1") + certificate("OtherAuthor", "a2"),
        certificate("OtherAuthor", "a2") + certificate("Addressee", "a1"),
        certificate("OtherAuthor", "a1") + certificate("OtherAuthor", "a2")})
    accepts("ForwardDelivery", "a-default/63_ForwardDelivery.plain.bin", change(end, order + end));
  // A recipient's answer may carry attributes that have no meaning there (no. 24), content may be
  // any XML (no. 18), and custom headers anything.
  accepts("ResponseToProcessDelivery", "a-default/73_ResponseToProcessDelivery.plain.bin",
          change("Id=\"controlblock\"",
                 "ConversationId=\"1\" Id=\"controlblock\" SequenceNumber=\"0\""));
  accepts("StoreDelivery", "b-plain/03_StoreDelivery.bin",
          change("</osci:ContentPackage>",
                 "<osci:ContentContainer Id=\"c9\"><osci:Content Id=\"d9\"><x:y xmlns:x=\"urn:x\">"
                 "text<x:z/></x:y></osci:Content></osci:ContentContainer></osci:ContentPackage>"));
  accepts("StoreDelivery", "b-plain/03_StoreDelivery.bin",
          change("</soap:Header>", "<x:h xmlns:x=\"urn:x\" Id=\"h\">text</x:h></soap:Header>"));
}

} // namespace
