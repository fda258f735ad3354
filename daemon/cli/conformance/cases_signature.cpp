// The message signature (wire reference 4) and what attackers do with it (13.4).
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "seal/names.h"

namespace cli::conformance {

using osci::MessageType;

namespace {

std::string stored_with(Bench& b, const seal::SignWith& sign) {
  const auto request = b.delivery();
  const auto wire = b.close(osci::encode_request(request), sign, b.encrypting());
  const auto heard = b.send(wire, &b.sender());
  b.check_echo(request, heard);
  return expect_code(heard, "0800");
}

void add_algorithms(std::vector<Case>& out) {
  using crypto::DigestAlgorithm;
  using crypto::SignatureAlgorithm;
  for (const auto& [name, algorithm] :
       {std::pair{"sha256", DigestAlgorithm::sha256}, std::pair{"sha512", DigestAlgorithm::sha512},
        std::pair{"sha3-256", DigestAlgorithm::sha3_256},
        std::pair{"sha3-384", DigestAlgorithm::sha3_384},
        std::pair{"sha3-512", DigestAlgorithm::sha3_512}})
    out.push_back({"signature", std::string("digest-") + name, "4.4",
                   std::string("References hashed with ") + name + ".", "0800",
                   [algorithm = algorithm](Bench& b) {
                     auto sign = b.signing(b.sender());
                     sign.digest = algorithm;
                     return stored_with(b, sign);
                   }});
  for (const auto& [name, algorithm] :
       {std::pair{"rsa-sha256", SignatureAlgorithm::rsa_sha256},
        std::pair{"rsa-sha512", SignatureAlgorithm::rsa_sha512},
        std::pair{"rsa-pss-sha256", SignatureAlgorithm::rsa_pss_sha256},
        std::pair{"rsa-pss-sha512", SignatureAlgorithm::rsa_pss_sha512},
        std::pair{"rsa-pss-sha3-256", SignatureAlgorithm::rsa_pss_sha3_256},
        std::pair{"rsa-pss-sha3-384", SignatureAlgorithm::rsa_pss_sha3_384},
        std::pair{"rsa-pss-sha3-512", SignatureAlgorithm::rsa_pss_sha3_512}})
    out.push_back({"signature", name, "4.5", std::string("A request signed with ") + name + ".",
                   "0800", [algorithm = algorithm](Bench& b) {
                     auto sign = b.signing(b.sender());
                     if (sign.key.key.kind() != crypto::KeyKind::rsa)
                       throw NotRun("needs an RSA signature key of the sender");
                     sign.algorithm = algorithm;
                     return stored_with(b, sign);
                   }});
  for (const auto& [name, algorithm] :
       {std::pair{"ecdsa-sha256", SignatureAlgorithm::ecdsa_sha256},
        std::pair{"ecdsa-sha512", SignatureAlgorithm::ecdsa_sha512}})
    out.push_back({"signature", name, "4.5, 14.4 S6",
                   std::string("A request signed with ") + name + ", value as r and s, not as DER.",
                   "0800", [algorithm = algorithm](Bench& b) {
                     const Party party = b.material_party("ecdsa");
                     auto sign = b.signing(party);
                     sign.algorithm = algorithm;
                     const auto request = b.request(party, MessageType::get_message_id);
                     const auto heard = b.send(
                         b.close(osci::encode_request(request), sign, b.encrypting()), &party);
                     b.check_echo(request, heard);
                     return expect_code(heard, "0800");
                   }});
}

// SignedInfo changed, signed again with the sender's own key: only a wrong rule can refuse it.
std::string with_info(Bench& b, const std::function<std::string(std::string)>& change,
                      const std::string& text) {
  return b.wrap(signed_again(change(text), b.sender().signature,
                             crypto::default_signature_algorithm(b.sender().signature.key)));
}
std::string with_info(Bench& b, const std::function<std::string(std::string)>& change) {
  return with_info(b, change, b.clear(b.delivery()));
}

std::string first_reference(const std::string& text) {
  return cut(text, "<ds:Reference URI=\"#controlblock\">", "</ds:Reference>");
}

void add_taken(std::vector<Case>& out) {
  const auto taken = [&](const char* name, const char* section, const char* title,
                         std::function<std::string(Bench&)> wire) {
    out.push_back({"signature", name, section, title, "0800", [wire = std::move(wire)](Bench& b) {
                     return expect_code(b.send(wire(b), &b.sender()), "0800");
                   }});
  };
  taken("reference-order", "4.1", "References in another order: the library iterates a hash map.",
        [](Bench& b) {
          return with_info(b, [](std::string text) {
            const auto first = first_reference(text);
            return inserted_before(replaced(text, first, ""), "</ds:SignedInfo>", first);
          });
        });
  taken("line-feeds-in-signed-info", "4.1",
        "Line feeds inside SignedInfo, as the library writes them.", [](Bench& b) {
          return with_info(b, [](std::string text) {
            for (std::size_t at = 0; (at = text.find("<ds:Reference ", at)) != std::string::npos;
                 at += 2)
              text.insert(at, "\n");
            return text;
          });
        });
  taken("line-feeds-in-value", "3.3, 4.1", "SignatureValue broken into lines of 76 characters.",
        [](Bench& b) {
          auto text = b.clear(b.delivery());
          const auto value = cut(text, "<ds:SignatureValue>", "</ds:SignatureValue>");
          std::string loose = value;
          std::erase(loose, '\n');
          for (std::size_t at = 19 + 76; at < loose.size() - 21; at += 77) loose.insert(at, "\n");
          return b.wrap(replaced(text, value, loose));
        });
  taken("retrieval-type", "4.1", "RetrievalMethod with the Type that the schema allows.",
        [](Bench& b) {
          return b.wrap(
              replaced(b.clear(b.delivery()), "<ds:RetrievalMethod ",
                       "<ds:RetrievalMethod Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\" "));
        });
  taken("mixed-digests", "4.4", "References of one message hashed with different algorithms.",
        [](Bench& b) {
          auto request = b.delivery();
          const auto draft = osci::encode_request(request);
          return with_info(
              b,
              [&](std::string text) {
                const auto first = first_reference(text);
                auto changed = replaced(first, "http://www.w3.org/2001/04/xmlenc#sha256",
                                        "http://www.w3.org/2001/04/xmlenc#sha512");
                changed = replaced(
                    changed, cut(changed, "<ds:DigestValue>", "</ds:DigestValue>"),
                    "<ds:DigestValue>" +
                        base::base64_encode_line(crypto::digest(crypto::DigestAlgorithm::sha512,
                                                                draft.blocks.front().canonical)) +
                        "</ds:DigestValue>");
                return replaced(text, first, changed);
              },
              b.close(draft, b.signing(b.sender()), std::nullopt));
        });
}

std::string body_moved(Bench& b, const std::string& forged_id) {
  const auto text = b.clear(b.delivery());
  const auto body = body_of(text);
  return b.wrap(inserted_before(replaced(text, body, forged_body(forged_id)), "</soap:Header>",
                                in_custom_header(body)));
}

std::string block_moved(Bench& b, const std::string& name, const std::string& forged) {
  const auto text = b.clear(b.delivery());
  const auto block = cut(text, "<osci:" + name, "</osci:" + name + ">");
  return b.wrap(
      inserted_before(replaced(text, block, forged), "</soap:Header>", in_custom_header(block)));
}

std::string method_replaced(Bench& b, std::string text, const std::string& id,
                            const crypto::KeyPair& key) {
  return b.wrap(signed_again(
      replaced(text,
               "<ds:RetrievalMethod URI=\"#" +
                   osci::certificate_id("originator_signature", b.sender().signature.certificate),
               "<ds:RetrievalMethod URI=\"#" + id),
      key, crypto::default_signature_algorithm(key.key)));
}

std::string certificate_element(const std::string& name, const std::string& id,
                                const crypto::Certificate& certificate) {
  return "<osci:" + name + " Id=\"" + id + "\"><ds:X509Data><ds:X509Certificate>" +
         base::base64_encode(certificate.der()) +
         "</ds:X509Certificate></ds:X509Data></osci:" + name + ">";
}

std::string stranger_element(Bench& b, const char* name, const char* id) {
  return certificate_element(name, id, b.stranger().signature.certificate);
}

std::string unreferenced_attachment(Bench& b) {
  const auto text = b.clear(b.delivery());
  const auto end = text.rfind("\r\n--");
  const auto boundary = text.substr(end + 4, text.rfind("--") - end - 4);
  return b.wrap(text.substr(0, end) + "\r\n--" + boundary +
                "\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: 8bit\r\n"
                "Content-ID: <smuggled>\r\n\r\nevil" +
                text.substr(end));
}

std::vector<Message> wrapping() {
  const char* k = "13.1, 13.4";
  return {
      {"content-changed", "4.3, 13.4", "9601", "The content was changed after signing.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(replaced(text, body_of(text), forged_body("body")));
       }},
      {"addressee-changed", "4.3, 13.4", "9601", "Another addressee was put in after signing.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto genuine =
             cut(text, "<osci:CipherCertificateAddressee", "</osci:CipherCertificateAddressee>");
         const auto at = genuine.find("<ds:X509Certificate>") + 20;
         return b.wrap(replaced(
             text, genuine,
             genuine.substr(0, at) + base::base64_encode(b.sender().cipher.certificate.der()) +
                 "</ds:X509Certificate></ds:X509Data></osci:CipherCertificateAddressee>"));
       }},
      {"wrap-body-same-id", k, "9100 or 9300 or 9601",
       "The signed Body moved into a header, a forged one in its place, same Id.",
       [](Bench& b) { return body_moved(b, "body"); }},
      {"wrap-body-other-id", k, "9601 or 9300",
       "The signed Body moved into a header, a forged one of another Id in its place.",
       [](Bench& b) { return body_moved(b, "body2"); }},
      {"wrap-store-block", k, "9601 or 9300",
       "The signed storeDelivery moved, a forged one in its place.",
       [](Bench& b) { return block_moved(b, "storeDelivery", forged_store("storedelivery2")); }},
      {"wrap-store-block-same-id", k, "9100 or 9300 or 9601", "The same with the same Id.",
       [](Bench& b) { return block_moved(b, "storeDelivery", forged_store("storedelivery")); }},
      {"wrap-control-block", k, "9601 or 9300 or 9400",
       "The signed ControlBlock moved, a forged one in its place.",
       [](Bench& b) {
         return block_moved(
             b, "ControlBlock",
             "<osci:ControlBlock" + declarations() +
                 " Id=\"cb2\" SequenceNumber=\"0\"><osci:Challenge>AAAA</osci:Challenge>"
                 "</osci:ControlBlock>");
       }},
      {"wrap-certificates", k, "9601 or 9300",
       "The signed certificates moved, a stranger's in their place.",
       [](Bench& b) {
         return block_moved(b, "NonIntermediaryCertificates",
                            "<osci:NonIntermediaryCertificates" + declarations() + " Id=\"nic2\">" +
                                certificate_element("CipherCertificateOriginator", "x0",
                                                    b.sender().cipher.certificate) +
                                stranger_element(b, "CipherCertificateAddressee", "x1") +
                                stranger_element(b, "SignatureCertificateOriginator", "x2") +
                                "</osci:NonIntermediaryCertificates>");
       }},
      {"wrap-whole-envelope", k, "9601 or 9300 or 9100",
       "The signed envelope inside a header of a forged one.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto body = body_of(text);
         return b.wrap(
             inserted_before(replaced(text, body, forged_body("body2")), "</soap:Header>",
                             in_custom_header("<soap:Envelope><soap:Header></soap:Header>" + body +
                                              "</soap:Envelope>")));
       }},
      {"wrap-body-in-body", k, "9601 or 9300", "The signed Body inside a forged one.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto body = body_of(text);
         return b.wrap(replaced(text, body,
                                "<soap:Body" + declarations() +
                                    " Id=\"body2\"><osci:ContentPackage>" + body +
                                    "</osci:ContentPackage></soap:Body>"));
       }},
      {"wrap-body-behind-envelope", k, "9601 or 9300 or 9100",
       "The signed Body behind a forged one, in an element of its own.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto body = body_of(text);
         return b.wrap(inserted_before(replaced(text, body, forged_body("body2")),
                                       "</soap:Envelope>",
                                       "<x:Keep xmlns:x=\"urn:x\">" + body + "</x:Keep>"));
       }},
      {"wrap-in-signature-object", k, "9601 or 9300 or 9100", "The signed Body inside ds:Object.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto body = body_of(text);
         return b.wrap(inserted_before(replaced(text, body, forged_body("body2")),
                                       "</ds:Signature>", "<ds:Object>" + body + "</ds:Object>"));
       }},
      {"signature-in-control-block", "13.4", "9300 or 9601 or 9602 or 9100",
       "A second signature inside the ControlBlock.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(inserted_before(text, "</osci:ControlBlock>",
                                       cut(text, "<ds:Signature>", "</ds:Signature>")));
       }},
      {"two-signatures", "13.4", "9300 or 9601 or 9100", "Two ClientSignatures.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto signature = cut(text, "<osci:ClientSignature", "</osci:ClientSignature>");
         return b.wrap(inserted_before(text, "<osci:DesiredLanguages",
                                       replaced(signature, "clientsignature", "clientsignature2")));
       }},
      {"supplier-signature", "4.1, 13.4", "9300 or 9600 or 9601 or 9100",
       "A SupplierSignature in a request.",
       [](Bench& b) {
         auto text = b.clear(b.delivery());
         text = replaced(text, "<osci:ClientSignature", "<osci:SupplierSignature");
         return b.wrap(replaced(text, "</osci:ClientSignature", "</osci:SupplierSignature"));
       }},
  };
}

std::vector<Message> references() {
  const char* k = "4.3, 13.4, 14.4 S2";
  const auto changed = [](std::string from, std::string to) {
    return [from, to](Bench& b) {
      return with_info(b, [&](std::string text) { return replaced(text, from, to); });
    };
  };
  return {
      {"unreferenced-header", "4.3, 17.3, 14.4 S2", "9602 or 9601",
       "A header block that no reference covers.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "</soap:Header>", in_custom_header("v")));
       }},
      {"unreferenced-attachment", "4.3, 14.4 S2", "9602 or 9601",
       "An attachment that no reference covers.", unreferenced_attachment},
      {"attachment-changed", "4.3, 4.4", "9601", "An attachment changed after signing.",
       [](Bench& b) {
         auto request = b.delivery();
         request.content.attachments = {{"plan.pdf", "application/pdf", "", "genuine", false}};
         return b.wrap(replaced(b.clear(request), "genuine", "evilevi"));
       }},
      {"reference-removed", k, "9602 or 9601", "The reference to storeDelivery is missing.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return replaced(
               text, cut(text, "<ds:Reference URI=\"#storedelivery\">", "</ds:Reference>"), "");
         });
       }},
      {"body-reference-removed", k, "9602 or 9601", "The reference to the Body is missing.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return replaced(text, cut(text, "<ds:Reference URI=\"#body\">", "</ds:Reference>"), "");
         });
       }},
      {"control-reference-removed", k, "9602 or 9601",
       "The reference to the ControlBlock is missing.",
       [](Bench& b) {
         return with_info(
             b, [](std::string text) { return replaced(text, first_reference(text), ""); });
       }},
      {"reference-twice", k, "9601 or 9602", "A reference that stands twice.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return inserted_before(text, "</ds:SignedInfo>", first_reference(text));
         });
       }},
      {"reference-to-nothing", "4.3, 17.3", "9601 or 9602", "A reference without target.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return inserted_before(text, "</ds:SignedInfo>",
                                  replaced(first_reference(text), "#controlblock", "#nothing"));
         });
       }},
      {"reference-to-content", k, "9601 or 9602",
       "A reference to an element inside the Body instead of the Body.",
       changed("URI=\"#body\"", "URI=\"#contentcontainer0\"")},
      {"reference-to-document", k, "9601 or 9602", "A reference to the whole document.",
       changed("URI=\"#body\"", "URI=\"\"")},
      {"reference-xpointer", k, "9601 or 9602", "A reference by XPointer.",
       changed("URI=\"#body\"", "URI=\"#xpointer(id('body'))\"")},
      {"reference-to-network", "13.4, 13.8", "9601 or 9602", "A reference to a URL.",
       changed("URI=\"#body\"", "URI=\"http://127.0.0.1:9/x\"")},
      {"xpath-transform", k, "9601", "An XPath transform.",
       changed("<ds:Transform Algorithm=\"" + std::string(seal::ns::c14n),
               "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116")},
      {"xslt-transform", k, "9601", "An XSLT transform.",
       changed("<ds:Transform Algorithm=\"" + std::string(seal::ns::c14n),
               "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116")},
      {"two-transforms", k, "9601", "Two transforms.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return inserted_before(text, "</ds:Transforms>",
                                  cut(text, "<ds:Transform ", "</ds:Transform>"));
         });
       }},
      {"exclusive-c14n", "4.5, 14.4 S4", "9601", "SignedInfo by exclusive canonicalisation.",
       changed("<ds:CanonicalizationMethod Algorithm=\"" + std::string(seal::ns::c14n),
               "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#")},
      {"wrong-digest", "4.4", "9601", "A digest that does not match, correctly signed.",
       [](Bench& b) {
         return with_info(b, [](std::string text) {
           return replaced(
               text, cut(text, "<ds:DigestValue>", "</ds:DigestValue>"),
               "<ds:DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</ds:DigestValue>");
         });
       }},
  };
}

std::vector<Message> keys_and_algorithms() {
  const char* weak = "4.4, 4.5, 13.6, 14.4 S5";
  const char* key = "4.2, 13.4, 14.4 S3";
  const auto changed = [](std::string from, std::string to) {
    return [from, to](Bench& b) {
      return with_info(b, [&](std::string text) { return replaced(text, from, to); });
    };
  };
  const std::string rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  const std::string sha = "http://www.w3.org/2001/04/xmlenc#sha256";
  return {
      {"sha1-digest", weak, "9601", "SHA-1 as digest.",
       changed(sha, "http://www.w3.org/2000/09/xmldsig#sha1")},
      {"ripemd-digest", weak, "9601", "RIPEMD-160 as digest.",
       changed(sha, "http://www.w3.org/2001/04/xmlenc#ripemd160")},
      {"sha1-signature", weak, "9601", "rsa-sha1 as signature.",
       changed(rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1")},
      {"ripemd-signature", weak, "9601", "rsa-ripemd160 as signature.",
       changed(rsa, "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160")},
      {"hmac-signature", "4.5, 13.4", "9601", "hmac-sha256: no secret is shared.",
       changed(rsa, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")},
      {"no-signature", "4.3, 14.4 S1", "9600",
       "An unsigned request where policy demands a signature.",
       [](Bench& b) {
         if (b.setup().allows_unsigned) throw NotOffered("unsigned requests are allowed");
         return b.seal(b.sender(), b.delivery(), false);
       }},
      {"value-changed", "4.3", "9601", "One bit of SignatureValue differs.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         const auto value = cut(text, "<ds:SignatureValue>", "</ds:SignatureValue>");
         auto other = value;
         other[30] = other[30] == 'A' ? 'B' : 'A';
         return b.wrap(replaced(text, value, other));
       }},
      {"value-empty", "4.3", "9601 or 9300", "An empty SignatureValue.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(replaced(text, cut(text, "<ds:SignatureValue>", "</ds:SignatureValue>"),
                                "<ds:SignatureValue></ds:SignatureValue>"));
       }},
      {"of-another-message", "4.3, 13.5", "9601", "The signature of another genuine message.",
       [](Bench& b) {
         const auto one = b.clear(b.delivery()), two = b.clear(b.delivery());
         return b.wrap(replaced(one, cut(one, "<osci:ClientSignature", "</osci:ClientSignature>"),
                                cut(two, "<osci:ClientSignature", "</osci:ClientSignature>")));
       }},
      {"object", "4.1", "9601 or 9300", "A ds:Object in a message signature.",
       [](Bench& b) {
         return b.wrap(
             inserted_before(b.clear(b.delivery()), "</ds:Signature>", "<ds:Object>x</ds:Object>"));
       }},
      {"foreign-retrieval-method", key, "9601",
       "Signed with the cipher key: its certificate is in the message, but not in that role.",
       [](Bench& b) {
         return method_replaced(
             b, b.clear(b.delivery()),
             osci::certificate_id("originator_cipher", b.sender().cipher.certificate),
             b.sender().cipher);
       }},
      {"retrieval-into-header", key, "9601",
       "RetrievalMethod names a stranger's certificate in a custom header.",
       [](Bench& b) {
         const auto text = inserted_before(
             b.clear(b.delivery()), "</soap:Header>",
             in_custom_header(stranger_element(b, "SignatureCertificateOriginator", "mine")));
         return method_replaced(b, text, "mine", b.stranger().signature);
       }},
      {"retrieval-of-author", key, "9601",
       "RetrievalMethod names a certificate of another role, SignatureCertificateOtherAuthor.",
       [](Bench& b) {
         auto request = b.delivery();
         request.certificates.push_back(
             {"SignatureCertificateOtherAuthor", "author", b.stranger().signature.certificate});
         return method_replaced(b, b.clear(request), "author", b.stranger().signature);
       }},
      {"retrieval-of-other-role", key, "9601",
       "RetrievalMethod names the sender's own certificate, but in the role of an author.",
       [](Bench& b) {
         auto request = b.delivery();
         request.certificates.push_back(
             {"SignatureCertificateOtherAuthor", "author", b.sender().signature.certificate});
         return method_replaced(b, b.clear(request), "author", b.sender().signature);
       }},
      {"retrieval-to-nothing", key, "9601", "RetrievalMethod names nothing.",
       [](Bench& b) {
         return method_replaced(b, b.clear(b.delivery()), "nobody", b.sender().signature);
       }},
      {"key-info-x509", "4.1", "9601 or 9300",
       "KeyInfo with X509Data instead of a RetrievalMethod.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(signed_again(
             replaced(text, cut(text, "<ds:KeyInfo>", "</ds:KeyInfo>"),
                      "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" +
                          base::base64_encode(b.stranger().signature.certificate.der()) +
                          "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"),
             b.stranger().signature));
       }},
      {"stranger", "4.2, 8.5, 14.4 S3", "9601 or 9700",
       "Signed by a stranger who gives himself out for the sender.",
       [](Bench& b) {
         auto request = b.delivery();
         for (auto& one : request.certificates)
           if (one.role == "SignatureCertificateOriginator")
             one = role("SignatureCertificateOriginator", "originator_signature",
                        b.stranger().signature.certificate);
         auto sign = b.signing(b.sender());
         sign.key = b.stranger().signature;
         sign.certificate_id =
             osci::certificate_id("originator_signature", b.stranger().signature.certificate);
         return b.close(osci::encode_request(request), sign, b.encrypting());
       }},
  };
}

} // namespace

void add_signature(std::vector<Case>& out) {
  add_algorithms(out);
  add_taken(out);
  add_messages(out, "signature", wrapping());
  add_messages(out, "signature", references());
  add_messages(out, "signature", keys_and_algorithms());
}

} // namespace cli::conformance
