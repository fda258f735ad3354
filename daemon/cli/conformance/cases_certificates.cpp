// Certificate inspection (wire reference 8.5, 10.2, 14.7 P1). The model is BSI TR-03133, IM-001:
// every certificate is checked up to its root and the outcome stands on the process card, once with
// valid certificates and once with others.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include <algorithm>

namespace cli::conformance {

using mailbox::MathResult;
using mailbox::OfflineResult;
using osci::MessageType;

namespace {

constexpr const char* kSection = "8.5, 10.2, 14.7 P1";

// Everything as issued but for one bit of the issuer's signature.
crypto::Certificate forged(const crypto::Certificate& genuine) {
  std::string der = genuine.der();
  der.back() = static_cast<char>(der.back() ^ 1);
  auto out = crypto::Certificate::from_der(der);
  if (!out) throw std::runtime_error("cannot forge a certificate");
  return *out;
}

Party forged(const Party& genuine) {
  return {"forged " + genuine.name,
          {forged(genuine.cipher.certificate), genuine.cipher.key},
          {forged(genuine.signature.certificate), genuine.signature.key}};
}

const mailbox::Inspection& inspection_of(const mailbox::ProcessCard& card,
                                         const crypto::Certificate& certificate) {
  for (const auto& one : card.inspections)
    if (one.serial == certificate.serial()) return one;
  unmet("no Inspection with the serial number of " + certificate.fingerprint());
}

// A delivery with one more certificate in `role_name`; the answer and, if stored, the card.
Heard with_role(Bench& b, const char* role_name, const crypto::Certificate& certificate) {
  auto request = b.delivery();
  request.certificates.push_back({role_name, "more_" + certificate.fingerprint(), certificate});
  return b.ask(b.sender(), request);
}

void refused(std::vector<Case>& out, const char* name, const char* codes, const char* title,
             std::function<Heard(Bench&)> send) {
  out.push_back({"certificates", name, kSection, title, codes,
                 [send = std::move(send), codes = std::string(codes)](Bench& b) {
                   const auto heard = send(b);
                   const auto observed = expect_code(heard, codes);
                   if (!b.last_id().empty())
                     expect(!b.card(b.last_id()), observed + ", but it was stored");
                   return observed;
                 }});
}

// Stored, with this warning, and the finding on the card.
void warned(std::vector<Case>& out, const char* name, const char* warning, const char* title,
            std::function<std::pair<Heard, crypto::Certificate>(Bench&)> send) {
  out.push_back({"certificates", name, kSection, title,
                 std::string("0800, ") + warning + ", not valid on the card",
                 [send = std::move(send), warning = std::string(warning)](Bench& b) {
                   const auto [heard, certificate] = send(b);
                   expect(heard.code == "0800", "answered with " + heard.codes());
                   bool said = false;
                   for (const auto& entry : heard.answer.feedback)
                     said = said || code_fits(entry.code, warning);
                   expect(said, "no " + warning + ": " + heard.codes());
                   if (heard.answer.cards.empty()) return heard.codes();
                   const auto& found = inspection_of(heard.answer.cards.front(), certificate);
                   expect(found.offline != OfflineResult::valid || found.math != MathResult::ok ||
                              (found.online && found.online->revoked),
                          "the card says that the certificate is valid");
                   return heard.codes() + ", not valid on the card";
                 }});
}

void add_valid(std::vector<Case>& out) {
  out.push_back(
      {"certificates", "im-001-valid", "8.5, 14.7 P1 P5",
       "Valid certificates in every role: one Inspection for each, mathematically right and valid.",
       "6 inspections, ok, valid", [](Bench& b) {
         auto request = b.delivery();
         const auto& cipher = b.recipient().cipher.certificate;
         const auto& signature = b.recipient().signature.certificate;
         request.certificates.push_back({"CipherCertificateOtherReader", "r", cipher});
         request.certificates.push_back({"CipherCertificateOtherAuthor", "ac", cipher});
         request.certificates.push_back({"SignatureCertificateOtherAuthor", "as", signature});
         const auto stored = b.store(request);
         const auto& all = stored.card().inspections;
         expect(all.size() == request.certificates.size(),
                std::to_string(all.size()) + " inspections");
         for (const auto& one : all)
           expect(one.math == MathResult::ok && one.offline == OfflineResult::valid,
                  "a certificate is not found valid");
         for (const auto& sent : request.certificates)
           inspection_of(stored.card(), sent.certificate);
         return std::to_string(all.size()) + " inspections, ok, valid";
       }});
  out.push_back({"certificates", "inspection-names", "8.5",
                 "Subject and issuer as RFC 2253 names, serial as decimal number.",
                 "names and number", [](Bench& b) {
                   const auto stored = b.deposit();
                   for (const auto& one : stored.card().inspections) {
                     expect(one.subject.find("CN=") != std::string::npos, "no subject");
                     expect(one.issuer.find('=') != std::string::npos, "no issuer");
                     expect(!one.serial.empty() &&
                                one.serial.find_first_not_of("0123456789") == std::string::npos,
                            "the serial number is not decimal: " + one.serial);
                   }
                   return std::string("names and number");
                 }});
  out.push_back({"certificates", "inspection-on-the-card", "8.5, 14.7 P1",
                 "The process card keeps what the receipt showed.", "equal", [](Bench& b) {
                   const auto stored = b.deposit();
                   const auto card = b.card(stored.id, b.recipient());
                   expect(card.has_value(), "no card");
                   expect(card->inspections.size() == stored.card().inspections.size(),
                          "other inspections");
                   for (const auto& one : stored.card().inspections) {
                     const auto same =
                         std::find_if(card->inspections.begin(), card->inspections.end(),
                                      [&](const auto& two) { return two.serial == one.serial; });
                     expect(same != card->inspections.end() && same->math == one.math &&
                                same->offline == one.offline,
                            "another finding");
                   }
                   return std::string("equal");
                 }});
  out.push_back(
      {"certificates", "inspection-elements", "8.1, 8.5, 14.7 P5, 16",
       "Each Inspection has CertType, MathResult and OfflineResult; OnlineResult only with "
       "evidence; "
       "never OSCP.",
       "complete", [](Bench& b) {
         const auto plain = b.deposit().heard.message->plain();
         std::size_t count = 0;
         for (std::size_t at = 0; (at = plain.find("Inspection>", at)) != std::string::npos;
              at += 11)
           ++count; // both tags
         expect(count > 0 && plain.find("InspectionReport>") != std::string::npos,
                "no InspectionReport");
         for (const char* name :
              {"CertType Type=\"", "MathResult Result=\"", "OfflineResult Result=\""}) {
           std::size_t seen = 0;
           for (std::size_t at = 0; (at = plain.find(name, at)) != std::string::npos; ++at) ++seen;
           expect(seen == count / 2, std::string(name) + " is missing");
         }
         expect(plain.find("OSCP>") == std::string::npos, "OSCP");
         for (std::size_t at = 0;
              (at = plain.find("OnlineResult Result=\"", at)) != std::string::npos; ++at) {
           const auto inside = plain.substr(at, plain.find("OnlineResult>", at) - at);
           expect(inside.find("OCSP>") != std::string::npos ||
                      inside.find("CRL>") != std::string::npos ||
                      inside.find("LDAP>") != std::string::npos,
                  "OnlineResult without evidence");
         }
         return std::string("complete");
       }});
}

void add_untrusted(std::vector<Case>& out) {
  const auto asked = [](MessageType type, std::function<Party(Bench&)> make) {
    return [type, make](Bench& b) {
      const Party party = make(b);
      return b.send(b.seal(party, b.request(party, type)), &party);
    };
  };
  refused(out, "client-cipher-forged", "9501",
          "A client whose certificates carry a wrong issuer signature: GetMessageId.",
          asked(MessageType::get_message_id, [](Bench& b) { return forged(b.sender()); }));
  refused(out, "dialog-cipher-forged", "9501",
          "The same in InitDialog: no dialog for a forged certificate.",
          asked(MessageType::init_dialog, [](Bench& b) { return forged(b.recipient()); }));
  refused(out, "client-signature-forged", "9700 or 9601",
          "The client's signature certificate carries a wrong issuer signature.",
          asked(MessageType::get_message_id, [](Bench& b) {
            auto party = b.sender();
            party.signature.certificate = forged(b.sender()).signature.certificate;
            return party;
          }));
  refused(out, "client-cipher-not-rsa", "9501 or 9500 or 9300",
          "A client's cipher certificate that nothing can be encrypted for.", [](Bench& b) {
            crypto::SelfSigned wanted{"OSCI conformance EC",
                                      base::parse_datetime("2020-01-01T00:00:00Z").value(),
                                      base::parse_datetime("2040-01-01T00:00:00Z").value(), 0};
            auto pair = crypto::make_self_signed(wanted);
            if (!pair) throw std::runtime_error("cannot make an EC key");
            const Party party{"EC", *pair, b.stranger().signature};
            return b.send(b.seal(party, b.request(party, MessageType::get_message_id)));
          });
  out.push_back({"certificates", "client-unknown-issuer", kSection,
                 "A client whose issuer is unknown: refused, or by policy warned.",
                 "9501, or 0800 3501", [](Bench& b) {
                   const auto& party = b.stranger();
                   const auto heard =
                       b.send(b.seal(party, b.request(party, MessageType::get_message_id)), &party);
                   if (heard.code == "0800")
                     expect(heard.says("3501"), "taken without 3501: " + heard.codes());
                   return expect_code(heard, "9501 or 0800");
                 }});
  refused(out, "reader-forged", "9708",
          "A reader's cipher certificate with a wrong issuer signature.", [](Bench& b) {
            return with_role(b, "CipherCertificateOtherReader",
                             forged(b.recipient()).cipher.certificate);
          });
  refused(out, "author-cipher-forged", "9704",
          "An author's cipher certificate with a wrong issuer signature.", [](Bench& b) {
            return with_role(b, "CipherCertificateOtherAuthor",
                             forged(b.recipient()).cipher.certificate);
          });
  refused(out, "addressee-forged", "9706 or 9805",
          "The addressee's cipher certificate with a wrong issuer signature.", [](Bench& b) {
            auto request = b.delivery();
            for (auto& one : request.certificates)
              if (one.role == "CipherCertificateAddressee")
                one.certificate = forged(one.certificate);
            return b.ask(b.sender(), request);
          });
  warned(
      out, "author-signature-forged", "3702",
      "An author's signature certificate with a wrong issuer signature: a warning.", [](Bench& b) {
        const auto certificate = forged(b.recipient()).signature.certificate;
        return std::pair{with_role(b, "SignatureCertificateOtherAuthor", certificate), certificate};
      });
  warned(
      out, "author-unknown-issuer", "3707 or 3702",
      "An author whose issuer is unknown: the check is incomplete.", [](Bench& b) {
        const auto certificate = b.stranger().signature.certificate;
        return std::pair{with_role(b, "SignatureCertificateOtherAuthor", certificate), certificate};
      });
  warned(out, "reader-unknown-issuer", "3707",
         "A reader whose issuer is unknown: the check is incomplete.", [](Bench& b) {
           const auto certificate = b.stranger().cipher.certificate;
           return std::pair{with_role(b, "CipherCertificateOtherReader", certificate), certificate};
         });
  refused(out, "signed-with-cipher-certificate", "9601 or 9700",
          "A certificate whose key usage does not allow signatures stands as the signer's.",
          [](Bench& b) {
            if (b.sender().cipher.certificate.may_sign())
              throw NotRun("needs a cipher certificate with key usage");
            auto party = b.sender();
            party.signature = b.sender().cipher;
            return b.send(b.seal(party, b.delivery_of(party, b.fresh_id(), "x")), &party);
          });
}

void add_material(std::vector<Case>& out) {
  out.push_back({"certificates", "client-expired", kSection,
                 "A client whose certificates are expired is served, with warnings.",
                 "0800 3500 3700", [](Bench& b) {
                   const auto party = b.material_party("bad-expired");
                   const auto heard =
                       b.send(b.seal(party, b.request(party, MessageType::get_message_id)), &party);
                   expect(heard.says("3500"), "no 3500: " + heard.codes());
                   expect(heard.says("3700"), "no 3700: " + heard.codes());
                   return expect_code(heard, "0800");
                 }});
  const auto warning = [&](const char* name, const char* code, const char* title,
                           const char* role_name, const char* material) {
    warned(out, name, code, title, [role_name, material](Bench& b) {
      const auto certificate = b.material(material).certificate;
      return std::pair{with_role(b, role_name, certificate), certificate};
    });
  };
  const auto refusal = [&](const char* name, const char* code, const char* title,
                           const char* role_name, const char* material) {
    refused(out, name, code, title, [role_name, material](Bench& b) {
      return with_role(b, role_name, b.material(material).certificate);
    });
  };
  warning("reader-expired", "3706", "A reader's certificate is expired.",
          "CipherCertificateOtherReader", "bad-expired-cipher");
  warning("author-signature-expired", "3701", "An author's signature certificate is expired.",
          "SignatureCertificateOtherAuthor", "bad-expired-signature");
  warning("author-cipher-expired", "3704", "An author's cipher certificate is expired.",
          "CipherCertificateOtherAuthor", "bad-expired-cipher");
  warned(out, "addressee-expired", "3705",
         "The addressee's certificate is expired: the mailbox still takes deliveries.",
         [](Bench& b) {
           const auto certificate = b.material("bad-expired-cipher").certificate;
           auto request = b.delivery();
           for (auto& one : request.certificates)
             if (one.role == "CipherCertificateAddressee")
               one = role("CipherCertificateAddressee", "addressee_cipher", certificate);
           auto heard = b.ask(b.sender(), request);
           if (heard.code == "9805") throw NotRun("needs a mailbox for bad-expired-cipher");
           return std::pair{std::move(heard), certificate};
         });
  refusal("reader-short-key", "9708", "A reader's key of 1024 bits.",
          "CipherCertificateOtherReader", "bad-short-cipher");
  refusal("author-cipher-short-key", "9704", "An author's cipher key of 1024 bits.",
          "CipherCertificateOtherAuthor", "bad-short-cipher");
  warning("author-signature-short-key", "3707 or 3702", "An author's signature key of 1024 bits.",
          "SignatureCertificateOtherAuthor", "bad-short-signature");
  refused(out, "client-short-key", "9501 or 9601", "A client whose keys have 1024 bits.",
          [](Bench& b) {
            const auto party = b.material_party("bad-short");
            return b.send(b.seal(party, b.request(party, MessageType::get_message_id)), &party);
          });
  warning("reader-wrong-usage", "3707",
          "A reader's certificate whose key usage does not allow encryption.",
          "CipherCertificateOtherReader", "bad-usage-cipher");
  warning("author-wrong-usage", "3707",
          "An author's certificate whose key usage does not allow signatures.",
          "SignatureCertificateOtherAuthor", "bad-usage-signature");

  refused(out, "im-001-client-revoked", "9502", "A client whose cipher certificate is revoked.",
          [](Bench& b) {
            const auto party = b.material_party("bad-revoked");
            return b.send(b.seal(party, b.request(party, MessageType::get_message_id)), &party);
          });
  refused(out, "im-001-dialog-revoked", "9502", "No dialog for a revoked cipher certificate.",
          [](Bench& b) {
            const auto party = b.material_party("bad-revoked");
            return b.send(b.seal(party, b.request(party, MessageType::init_dialog)), &party);
          });
  refusal("im-001-reader-revoked", "9709", "A reader's certificate is revoked.",
          "CipherCertificateOtherReader", "bad-revoked-cipher");
  refusal("im-001-author-cipher-revoked", "9705", "An author's cipher certificate is revoked.",
          "CipherCertificateOtherAuthor", "bad-revoked-cipher");
  warning("im-001-author-signature-revoked", "3703",
          "An author's signature certificate is revoked: a warning.",
          "SignatureCertificateOtherAuthor", "bad-revoked-signature");
  refused(out, "im-001-addressee-revoked", "9707 or 9805",
          "The addressee's certificate is revoked.", [](Bench& b) {
            const auto certificate = b.material("bad-revoked-cipher").certificate;
            auto request = b.delivery();
            for (auto& one : request.certificates)
              if (one.role == "CipherCertificateAddressee")
                one = role("CipherCertificateAddressee", "addressee_cipher", certificate);
            return b.ask(b.sender(), request);
          });
}

} // namespace

void add_certificates(std::vector<Case>& out) {
  add_valid(out);
  add_untrusted(out);
  add_material(out);
}

} // namespace cli::conformance
