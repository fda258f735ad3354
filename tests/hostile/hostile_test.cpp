// One table of hostile messages: each is answered with the code that the wire reference names,
// without detail, and leaves the store as it was.
#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "hostile/world.h"
#include "seal/names.h"
#include <functional>
#include <gtest/gtest.h>
#include <set>

namespace hostile {
namespace {

using osci::MessageType;

struct Case {
  const char* name;
  const char* code;
  std::function<std::string(World&)> message;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.name;
}

// --- signature wrapping and signature profile (wire reference 13.4)
// -------------------------------------

// The genuine Body is kept where the old resolver would find it, a forged one stands in its place.
std::string body_moved_into_header(World& w, const std::string& forged_id) {
  const std::string text = w.clear(w.delivery());
  const std::string body = body_of(text);
  return w.wrap(inserted_before(replaced(text, body, forged_body(forged_id)), "</soap:Header>",
                                in_custom_header(body)));
}

std::string block_moved(World& w, const std::string& block_name, const std::string& forged) {
  const std::string text = w.clear(w.delivery());
  const std::string block = cut(text, "<osci:" + block_name, "</osci:" + block_name + ">");
  return w.wrap(
      inserted_before(replaced(text, block, forged), "</soap:Header>", in_custom_header(block)));
}

std::string with_signed_info(World& w, const std::function<std::string(std::string)>& change) {
  return w.wrap(signed_again(change(w.clear(w.delivery())), w.sender.signature));
}

std::string first_reference(const std::string& text) {
  return cut(text, "<ds:Reference URI=\"#controlblock\">", "</ds:Reference>");
}

// --- decryption
// -----------------------------------------------------------------------------------------

// A genuine envelope whose encrypted octets are changed.
std::string with_cipher_text(World& w, const std::function<std::string(std::string)>& change) {
  return cli::conformance::with_cipher_text(w.sender.seal(w.delivery()), change);
}

std::string with_outer(World& w, std::string_view from, std::string_view to) {
  return replaced(w.sender.seal(w.delivery()), from, to);
}

std::string with_wrapped_key(World& w, const std::string& key_block) {
  const std::string wire = w.sender.seal(w.delivery());
  return replaced(wire, cut(wire, "<xenc:CipherValue>", "</xenc:CipherValue>"),
                  "<xenc:CipherValue>" + base::base64_encode(key_block) + "</xenc:CipherValue>");
}

std::string wrap_with(World& w, crypto::Cipher cipher, bool oaep) {
  auto options = w.sender.encrypting();
  options.cipher = cipher;
  options.key_transport.oaep = oaep;
  return wrapped(w.clear(w.delivery()), options);
}

// --- XML and MIME
// ---------------------------------------------------------------------------------------

std::string with_doctype(World& w, const std::string& doctype) {
  return replaced(w.clear(w.delivery()), "\r\n\r\n<soap:Envelope",
                  "\r\n\r\n" + doctype + "<soap:Envelope");
}

const char* const kXxe = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>";
const char* const kBomb =
    "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
    "\"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>";

// --- dialogs
// --------------------------------------------------------------------------------------------

std::string in_dialog(World& w,
                      const std::function<void(osci::Request&, support::Dialog&)>& change) {
  support::Dialog dialog(w.intermediary, w.recipient);
  auto request = dialog.next(MessageType::fetch_delivery);
  change(request, dialog);
  return w.recipient.seal(request);
}

std::string without_role(World& w, osci::Request request, const std::string& role) {
  std::erase_if(request.certificates, [&](const auto& entry) { return entry.role == role; });
  return w.sender.seal(request);
}

std::string without_block(World& w, const std::string& name) {
  const std::string text = w.sender.seal(w.delivery(), false, false);
  return w.wrap(replaced(text, cut(text, "<osci:" + name, "</osci:" + name + ">"), ""));
}

std::vector<Case> cases() {
  return {
      // signature wrapping
      {"ContentChangedAfterSigning", "9601",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         return w.wrap(replaced(text, body_of(text), forged_body("body")));
       }},
      {"WrappedBodyInHeaderSameId", "9100",
       [](World& w) { return body_moved_into_header(w, "body"); }},
      {"WrappedBodyInHeaderOtherId", "9601",
       [](World& w) { return body_moved_into_header(w, "body2"); }},
      {"SecondHeader", "9300",
       [](World& w) {
         return w.wrap(inserted_before(w.clear(w.delivery()), "<soap:Body",
                                       "<soap:Header>" + in_custom_header("") + "</soap:Header>"));
       }},
      {"SecondBody", "9300",
       [](World& w) {
         return w.wrap(
             inserted_before(w.clear(w.delivery()), "</soap:Envelope>", forged_body("body2")));
       }},
      {"BodyBeforeHeader", "9300",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         const auto body = body_of(text);
         return w.wrap(inserted_before(replaced(text, body, ""), "<soap:Header>", body));
       }},
      {"BlockStandsTwice", "9300",
       [](World& w) {
         return w.wrap(
             inserted_before(w.clear(w.delivery()), "<osci:storeDelivery", forged_store("other")));
       }},
      {"WrappedBlockForgedInItsPlace", "9601",
       [](World& w) { return block_moved(w, "storeDelivery", forged_store("storedelivery2")); }},
      {"WrappedBlockSameId", "9100",
       [](World& w) { return block_moved(w, "storeDelivery", forged_store("storedelivery")); }},
      {"WrappedControlBlock", "9601",
       [](World& w) {
         return block_moved(
             w, "ControlBlock",
             "<osci:ControlBlock" + declarations() +
                 " Id=\"cb2\" SequenceNumber=\"0\"><osci:Challenge>AAAA</osci:Challenge>"
                 "</osci:ControlBlock>");
       }},
      {"WrappedWholeEnvelope", "9601",
       [](World& w) {
         auto text = w.clear(w.delivery());
         const auto body = body_of(text);
         return w.wrap(
             inserted_before(replaced(text, body, forged_body("body2")), "</soap:Header>",
                             in_custom_header("<soap:Envelope><soap:Header></soap:Header>" + body +
                                              "</soap:Envelope>")));
       }},
      {"SignatureInsideControlBlock", "9300",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         const auto signature = cut(text, "<ds:Signature>", "</ds:Signature>");
         return w.wrap(inserted_before(text, "</osci:ControlBlock>",
                                       replaced(signature, "<ds:Signature>", "<ds:Signature>")));
       }},
      {"TwoClientSignatures", "9300",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         const auto signature = cut(text, "<osci:ClientSignature", "</osci:ClientSignature>");
         return w.wrap(inserted_before(text, "<osci:DesiredLanguages",
                                       replaced(signature, "clientsignature", "clientsignature2")));
       }},
      {"SupplierSignatureInRequest", "9300",
       [](World& w) {
         auto text = w.clear(w.delivery());
         text = replaced(text, "<osci:ClientSignature", "<osci:SupplierSignature");
         return w.wrap(replaced(text, "</osci:ClientSignature", "</osci:SupplierSignature"));
       }},
      {"UnreferencedHeader", "9602",
       [](World& w) {
         return w.wrap(
             inserted_before(w.clear(w.delivery()), "</soap:Header>", in_custom_header("v")));
       }},
      {"UnreferencedAttachment", "9602",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         const auto end = text.rfind("\r\n--");
         const auto boundary = text.substr(end + 4, text.rfind("--") - end - 4);
         return w.wrap(
             text.substr(0, end) + "\r\n--" + boundary +
             "\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: 8bit\r\n"
             "Content-ID: <smuggled>\r\n\r\nevil" +
             text.substr(end));
       }},
      {"ReferenceRemoved", "9602",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(
               text, cut(text, "<ds:Reference URI=\"#storedelivery\">", "</ds:Reference>"), "");
         });
       }},
      {"ReferenceRepeated", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return inserted_before(text, "</ds:SignedInfo>", first_reference(text));
         });
       }},
      {"ReferenceToNothing", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return inserted_before(text, "</ds:SignedInfo>",
                                  replaced(first_reference(text), "#controlblock", "#nothing"));
         });
       }},
      {"ReferenceToContentElement", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(text, "URI=\"#body\"", "URI=\"#contentcontainer0\"");
         });
       }},
      {"ReferenceToWholeDocument", "9601",
       [](World& w) {
         return with_signed_info(
             w, [](std::string text) { return replaced(text, "URI=\"#body\"", "URI=\"\""); });
       }},
      {"ReferenceToTheNetwork", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(text, "URI=\"#body\"", "URI=\"http://127.0.0.1:9/x\"");
         });
       }},
      {"XPathTransform", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(
               text, std::string("<ds:Transform Algorithm=\"") + std::string(seal::ns::c14n),
               "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116");
         });
       }},
      {"TwoTransforms", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           const auto transform = cut(text, "<ds:Transform ", "</ds:Transform>");
           return inserted_before(text, "</ds:Transforms>", transform);
         });
       }},
      {"ExclusiveC14n", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(
               text, "<ds:CanonicalizationMethod Algorithm=\"" + std::string(seal::ns::c14n),
               "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#");
         });
       }},
      {"Sha1Digest", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(text, "http://www.w3.org/2001/04/xmlenc#sha256",
                           "http://www.w3.org/2000/09/xmldsig#sha1");
         });
       }},
      {"Sha1Signature", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(text, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                           "http://www.w3.org/2000/09/xmldsig#rsa-sha1");
         });
       }},
      {"HmacSignature", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(text, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                           "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256");
         });
       }},
      {"WrongDigest", "9601",
       [](World& w) {
         return with_signed_info(w, [](std::string text) {
           return replaced(
               text, cut(text, "<ds:DigestValue>", "</ds:DigestValue>"),
               "<ds:DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</ds:DigestValue>");
         });
       }},
      {"ObjectInSignature", "9601",
       [](World& w) {
         return w.wrap(
             inserted_before(w.clear(w.delivery()), "</ds:Signature>", "<ds:Object>x</ds:Object>"));
       }},
      {"ForeignRetrievalMethod", "9601",
       [](World& w) {
         // Signed with the cipher key, whose certificate is in the message too, but not in that
         // role.
         const auto text = w.clear(w.delivery());
         return w.wrap(signed_again(
             replaced(
                 text,
                 "<ds:RetrievalMethod URI=\"#" +
                     osci::certificate_id("originator_signature", w.sender.signature.certificate),
                 "<ds:RetrievalMethod URI=\"#" +
                     osci::certificate_id("originator_cipher", w.sender.cipher.certificate)),
             w.sender.cipher));
       }},
      {"RetrievalMethodIntoCustomHeader", "9601",
       [](World& w) {
         auto text = w.clear(w.delivery());
         text = inserted_before(
             text, "</soap:Header>",
             in_custom_header("<osci:SignatureCertificateOriginator Id=\"mine\"><ds:X509Data>"
                              "<ds:X509Certificate>" +
                              base::base64_encode(stranger().certificate.der()) +
                              "</ds:X509Certificate></ds:X509Data>"
                              "</osci:SignatureCertificateOriginator>"));
         return w.wrap(
             signed_again(replaced(text,
                                   "<ds:RetrievalMethod URI=\"#" +
                                       osci::certificate_id("originator_signature",
                                                            w.sender.signature.certificate),
                                   "<ds:RetrievalMethod URI=\"#mine"),
                          stranger()));
       }},
      {"KeyInfoWithX509Data", "9601",
       [](World& w) {
         const auto text = w.clear(w.delivery());
         return w.wrap(replaced(text, cut(text, "<ds:KeyInfo>", "</ds:KeyInfo>"),
                                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
                                    base::base64_encode(stranger().certificate.der()) +
                                    "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"));
       }},
      {"SignatureOfAnotherMessage", "9601",
       [](World& w) {
         const auto one = w.clear(w.delivery()), two = w.clear(w.delivery());
         return w.wrap(replaced(one, cut(one, "<osci:ClientSignature", "</osci:ClientSignature>"),
                                cut(two, "<osci:ClientSignature", "</osci:ClientSignature>")));
       }},
      {"SignatureMissing", "9600", [](World& w) { return w.sender.seal(w.delivery(), false); }},

      // decryption
      {"TagBitFlipped", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c.back() = static_cast<char>(c.back() ^ 1);
           return c;
         });
       }},
      {"CipherTextBitFlipped", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c[40] = static_cast<char>(c[40] ^ 1);
           return c;
         });
       }},
      {"IvBitFlipped", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c[0] = static_cast<char>(c[0] ^ 1);
           return c;
         });
       }},
      {"TagTruncatedByOne", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c.pop_back();
           return c;
         });
       }},
      {"TagTruncatedToFour", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c.resize(c.size() - 12);
           return c;
         });
       }},
      {"TagMissing", "9202",
       [](World& w) {
         return with_cipher_text(w, [](std::string c) {
           c.resize(c.size() - 16);
           return c;
         });
       }},
      {"IvOnly", "9202",
       [](World& w) { return with_cipher_text(w, [](std::string c) { return c.substr(0, 12); }); }},
      {"CipherTextEmpty", "9202",
       [](World& w) { return with_cipher_text(w, [](std::string) { return std::string{}; }); }},
      {"OctetAppended", "9202",
       [](World& w) { return with_cipher_text(w, [](std::string c) { return c + "x"; }); }},
      {"WrappedKeyRandom", "9202",
       [](World& w) { return with_wrapped_key(w, w.intermediary.random.bytes(512)); }},
      {"WrappedKeyShort", "9202", [](World& w) { return with_wrapped_key(w, "short"); }},
      {"WrappedKeyOfWrongLength", "9202",
       [](World& w) {
         const auto block = crypto::wrap_key(support::key("intermed_cipher").certificate, {},
                                             std::string(16, 'k'));
         return with_wrapped_key(w, *block);
       }},
      {"IvLength13", "9202",
       [](World& w) { return with_outer(w, "Value=\"12\"", "Value=\"13\""); }},
      {"IvLength16ButTwelve", "9202",
       [](World& w) { return with_outer(w, "Value=\"12\"", "Value=\"16\""); }},
      {"UnknownCipher", "9202",
       [](World& w) { return with_outer(w, "xmlenc11#aes256-gcm", "xmlenc11#aes512-gcm"); }},
      {"CipherSwapped", "9202",
       [](World& w) { return with_outer(w, "xmlenc11#aes256-gcm", "xmlenc11#aes128-gcm"); }},
      {"CbcSwitchedOff", "9202",
       [](World& w) { return wrap_with(w, crypto::Cipher::aes256_cbc, true); }},
      {"Rsa15SwitchedOff", "9202",
       [](World& w) { return wrap_with(w, crypto::Cipher::aes256_gcm, false); }},
      {"OaepDigestSwapped", "9202",
       [](World& w) { return with_outer(w, "xmlenc#sha256", "xmlenc#sha512"); }},
      {"OaepMgfSha1", "9202", [](World& w) { return with_outer(w, "mgf1sha256", "mgf1sha1"); }},
      {"InnerGarbage", "9202", [](World& w) { return w.wrap("this is no MIME message"); }},
      {"InnerEmpty", "9202", [](World& w) { return w.wrap(""); }},
      {"InnerMimeTruncated", "9202",
       [](World& w) {
         auto t = w.clear(w.delivery());
         return w.wrap(t.substr(0, t.size() / 2));
       }},
      {"EncryptedForAnotherOffice", "9200",
       [](World& w) {
         auto options = w.sender.encrypting();
         options.recipient = support::key("other_cipher").certificate;
         return wrapped(w.clear(w.delivery()), options);
       }},
      {"OaepParams", "9100",
       [](World& w) {
         return with_outer(w, "<xenc11:MGF", "<xenc:OAEPparams>AA==</xenc:OAEPparams><xenc11:MGF");
       }},
      {"TwoEncryptedKeys", "9100",
       [](World& w) {
         const auto wire = w.sender.seal(w.delivery());
         return inserted_before(wire, "<xenc:EncryptedKey>",
                                cut(wire, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>"));
       }},
      {"CipherReferenceElsewhere", "9100",
       [](World& w) { return with_outer(w, "cid:osci_enc", "cid:other"); }},
      {"CipherReferenceToFile", "9100",
       [](World& w) { return with_outer(w, "cid:osci_enc", "file:///etc/passwd"); }},
      {"NestedEncryption", "9300", [](World& w) { return w.wrap(w.sender.seal(w.delivery())); }},

      // XML
      {"NoXml", "9100", [](World&) { return clear_message("hello"); }},
      {"XmlTruncated", "9100", [](World&) { return clear_message("<soap:Envelope"); }},
      {"ExternalEntity", "9100", [](World& w) { return with_doctype(w, kXxe); }},
      {"EntityBomb", "9100", [](World& w) { return with_doctype(w, kBomb); }},
      {"DoctypeInsideEncryption", "9300", [](World& w) { return w.wrap(with_doctype(w, kXxe)); }},
      {"EntityReference", "9100",
       [](World& w) {
         return replaced(w.clear(w.delivery()), "<osci:Subject>", "<osci:Subject>&x;");
       }},
      {"ProcessingInstruction", "9300",
       [](World& w) {
         return w.wrap(inserted_before(w.clear(w.delivery()), "<soap:Body", "<?php x?>"));
       }},
      {"NestedTooDeep", "9100",
       [](World&) {
         std::string xml;
         for (int i = 0; i < 5000; ++i) xml += "<a>";
         return clear_message(xml);
       }},
      {"DuplicateIdInContentAndHeader", "9100",
       [](World& w) {
         return w.wrap(replaced(w.clear(w.delivery()), "Id=\"content0\"", "Id=\"controlblock\""));
       }},
      {"OtherEncoding", "9100",
       [](World& w) {
         return replaced(w.clear(w.delivery()), "encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"");
       }},
      {"InvalidUtf8", "9100",
       [](World& w) {
         return replaced(w.clear(w.delivery()), "<osci:Subject>", "<osci:Subject>\xff\xfe");
       }},
      {"UnknownSchemaLocation", "9300",
       [](World& w) {
         return w.wrap(
             replaced(w.clear(w.delivery()), "soapStoreDelivery.xsd", "soapEvilDelivery.xsd"));
       }},
      {"TypeAndBlockDiffer", "9300",
       [](World& w) {
         return w.wrap(replaced(w.sender.seal(w.delivery(), true, false), "soapStoreDelivery.xsd",
                                "soapFetchDelivery.xsd"));
       }},
      {"AnswerInsteadOfRequest", "9300",
       [](World& w) {
         return w.wrap(replaced(w.clear(w.delivery()), "soapStoreDelivery.xsd",
                                "soapResponseToStoreDelivery.xsd"));
       }},
      {"RequestOfTheIntermediary", "9300",
       [](World& w) {
         return w.wrap(
             replaced(w.clear(w.delivery()), "soapStoreDelivery.xsd", "soapAcceptDelivery.xsd"));
       }},

      // MIME
      {"NoMime", "9100", [](World&) { return std::string("<soap:Envelope/>"); }},
      {"EmptyBody", "9100", [](World&) { return std::string(); }},
      {"FinalDelimiterMissing", "9100",
       [](World& w) {
         auto t = w.sender.seal(w.delivery());
         return t.substr(0, t.rfind("\r\n--"));
       }},
      {"LineFeedsOnly", "9100",
       [](World& w) {
         auto t = w.clear(w.delivery());
         std::erase(t, '\r');
         return t;
       }},
      {"ContentIdMissing", "9100",
       [](World& w) {
         return replaced(w.clear(w.delivery()), "Content-ID: <osci@message>\r\n", "");
       }},
      {"ContentIdTwice", "9100",
       [](World& w) {
         auto request = w.delivery();
         request.content.attachments = {{"a", "application/pdf", "", "x", false},
                                        {"b", "application/pdf", "", "y", false}};
         return replaced(w.clear(request), "<b>", "<a>");
       }},
      {"ThousandsOfParts", "413",
       [](World&) {
         std::string out =
             "MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=B\r\n\r\n";
         for (int i = 0; i < 5000; ++i)
           out += "--B\r\nContent-ID: <" + std::to_string(i) + ">\r\n\r\nx\r\n";
         return out + "--B--\r\n";
       }},
      {"EndlessHeaderLine", "9100",
       [](World&) { return "MIME-Version: " + std::string(1 << 20, '1') + "\r\n\r\n"; }},

      // requests
      {"ClearTransport", "9300", [](World& w) { return w.clear(w.delivery()); }},
      {"ControlBlockMissing", "9300", [](World& w) { return without_block(w, "ControlBlock"); }},
      {"LanguagesMissing", "9300", [](World& w) { return without_block(w, "DesiredLanguages"); }},
      {"BodyWithoutId", "9300",
       [](World& w) { return w.wrap(replaced(w.clear(w.delivery()), " Id=\"body\"", "")); }},
      {"HeaderBlockWithoutId", "9300",
       [](World& w) {
         return w.wrap(replaced(w.clear(w.delivery()), " Id=\"storedelivery\"", ""));
       }},
      {"QualityOfTimestampMissing", "9600",
       [](World& w) { return without_block(w, "QualityOfTimestamp"); }},
      {"AddresseeMissing", "9300",
       [](World& w) { return without_role(w, w.delivery(), "CipherCertificateAddressee"); }},
      {"AddresseeSignatureCertificate", "9300",
       [](World& w) {
         auto request = w.delivery();
         const auto& certificate = support::key("recipient_sign").certificate;
         request.certificates.push_back(
             {"SignatureCertificateAddressee", "addressee_signature", certificate});
         return w.sender.seal(request);
       }},
      {"ReservedIdInContent", "9300",
       [](World& w) {
         auto request = w.delivery();
         request.content.body =
             replaced(request.content.body, "contentcontainer0", "responsetofetchdelivery");
         return w.sender.seal(request);
       }},
      {"ForeignElementInContentPackage", "9300",
       [](World& w) {
         auto request = w.delivery();
         request.content.body = replaced(request.content.body, "<osci:ContentContainer",
                                         "<osci:Evil></osci:Evil><osci:ContentContainer");
         return w.sender.seal(request);
       }},
      {"ClientCipherCertificateMissing", "9500",
       [](World& w) { return without_role(w, w.delivery(), "CipherCertificateOriginator"); }},
      {"ClientCipherCertificateOfAStranger", "9501",
       [](World& w) {
         auto request = w.delivery();
         request.certificates[0] = {"CipherCertificateOriginator", "o", stranger().certificate};
         return w.sender.seal(request);
       }},
      {"SequenceNumberInImplicitRequest", "9400",
       [](World& w) {
         auto r = w.delivery();
         r.control.sequence_number = 3;
         return w.sender.seal(r);
       }},
      {"ConversationIdNotANumber", "9400",
       [](World& w) {
         auto r = w.delivery();
         r.control.conversation_id = "x';--";
         return w.sender.seal(r);
       }},
      {"ConversationIdUnknown", "9400",
       [](World& w) {
         auto r = w.delivery();
         r.control.conversation_id = "4711";
         r.control.response = "AAAA";
         return w.sender.seal(r);
       }},
      {"WrongSequenceNumber", "9400",
       [](World& w) {
         return in_dialog(w, [](auto& r, auto&) { r.control.sequence_number = 1; });
       }},
      {"WrongResponse", "9400",
       [](World& w) { return in_dialog(w, [](auto& r, auto&) { r.control.response = "AAAA"; }); }},
      {"ResponseMissing", "9400",
       [](World& w) { return in_dialog(w, [](auto& r, auto&) { r.control.response.reset(); }); }},
      {"ReplayedControlBlock", "9400",
       [](World& w) {
         return in_dialog(w, [](auto& r, auto& d) {
           auto genuine = d.next(MessageType::fetch_delivery);
           d.send(genuine);
           r.control = genuine.control;
         });
       }},
      {"ClosedDialog", "9400",
       [](World& w) {
         return in_dialog(w, [](auto& r, auto& d) {
           const std::string last = d.challenge;
           d.send(d.next(MessageType::exit_dialog));
           r.control.sequence_number = 1;
           r.control.response = last;
         });
       }},
      {"MessageIdMissing", "9800",
       [](World& w) {
         auto r = w.delivery();
         r.message_id.reset();
         return w.sender.seal(r);
       }},
      {"MessageIdInvented", "9801",
       [](World& w) {
         auto r = w.delivery();
         r.message_id = "2c75a2ed-caf0-49c0-9628-64fb188a534b";
         return w.sender.seal(r);
       }},
      {"MessageIdAltered", "9801",
       [](World& w) {
         auto r = w.delivery();
         char& c = r.message_id->at(20);
         c = c == 'A' ? 'B' : 'A';
         return w.sender.seal(r);
       }},
      {"FetchWithoutDialog", "9802",
       [](World& w) { return w.recipient.seal(w.recipient.request(MessageType::fetch_delivery)); }},
      {"ProcessCardsWithoutDialog", "9802",
       [](World& w) {
         return w.recipient.seal(w.recipient.request(MessageType::fetch_process_card));
       }},
      {"ExitWithoutDialog", "9802",
       [](World& w) { return w.recipient.seal(w.recipient.request(MessageType::exit_dialog)); }},
      {"UnknownAddressee", "9805",
       [](World& w) { return w.sender.seal(w.sender.delivery(w.fresh_id(), "x", "bench2048")); }},
  };
}

class Hostile : public testing::TestWithParam<Case> {};

// One intermediary meets the whole table: what one message left behind would show at the next.
World& shared_world() {
  static World world;
  return world;
}

TEST_P(Hostile, IsAnsweredWithItsCodeAndLeavesTheStoreUnchanged) {
  World& w = shared_world();
  const std::string wire = GetParam().message(w);
  const std::size_t before = w.stored();
  unsigned status = 0;
  const std::string answer = w.intermediary.post(wire, &status);
  const std::string expected = GetParam().code;
  if (expected.size() == 3) {
    EXPECT_EQ(std::to_string(status), expected);
    EXPECT_TRUE(answer.empty());
  } else {
    ASSERT_EQ(status, 200u);
    // Answers to the recipient's own requests are encrypted for the recipient.
    std::string code;
    try {
      code = support::code_of(w.sender, answer);
    } catch (const std::runtime_error&) {
      code = support::code_of(w.recipient, answer);
    }
    EXPECT_EQ(code, expected);
  }
  EXPECT_EQ(w.stored(), before);
  // The intermediary goes on as if nothing had been.
  const auto good = w.sender.open(w.intermediary.post(w.sender.seal(w.delivery())));
  EXPECT_EQ(good.feedback.front().code, "0800");
  EXPECT_EQ(w.stored(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(Table, Hostile, testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(HostileTable, HoldsAtLeastSixtyCases) {
  const auto all = cases();
  std::set<std::string> names;
  for (const auto& one : all) names.insert(one.name);
  std::cout << all.size() << " hostile messages\n";
  EXPECT_GE(all.size(), 60u);
  EXPECT_EQ(names.size(), all.size());
}

TEST(DecryptionOracle, EveryFailureIsAnsweredOctetForOctetAlike) {
  World w;
  std::set<std::string> answers;
  std::size_t tried = 0;
  for (const auto& one : cases()) {
    if (std::string_view(one.code) != "9202") continue;
    answers.insert(w.intermediary.post(one.message(w)));
    ++tried;
  }
  for (std::size_t cut_off = 1; cut_off <= 16; ++cut_off, ++tried)
    answers.insert(w.intermediary.post(with_cipher_text(w, [cut_off](std::string c) {
      c.resize(c.size() - cut_off);
      return c;
    })));
  for (std::size_t bit = 0; bit < 128; bit += 7, ++tried)
    answers.insert(w.intermediary.post(with_cipher_text(w, [bit](std::string c) {
      char& octet = c[c.size() - 16 + bit / 8];
      octet = static_cast<char>(octet ^ (1 << (bit % 8)));
      return c;
    })));
  std::cout << tried << " failures, " << answers.size() << " distinct answer(s)\n";
  EXPECT_EQ(answers.size(), 1u);
}

} // namespace
} // namespace hostile
