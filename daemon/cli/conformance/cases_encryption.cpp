// Transport encryption (wire reference 5): every allowed algorithm, and one answer to every
// failure.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "crypto/key_transport.h"
#include "seal/names.h"

namespace cli::conformance {

using osci::MessageType;

namespace {

constexpr const char* kOaep = "5.3, 14.2 D3";

std::string asked_with(Bench& b, const seal::EncryptFor& options) {
  const auto request = b.request(b.sender(), MessageType::get_message_id);
  const auto wire = b.close(osci::encode_request(request), b.signing(b.sender()), options);
  const auto heard = b.send(wire, &b.sender());
  b.check_echo(request, heard);
  return expect_code(heard, "0800");
}

void add_algorithms(std::vector<Case>& out) {
  using crypto::Cipher;
  using crypto::DigestAlgorithm;
  for (const auto& [name, cipher] :
       {std::pair{"aes128-gcm", Cipher::aes128_gcm}, std::pair{"aes192-gcm", Cipher::aes192_gcm},
        std::pair{"aes256-gcm", Cipher::aes256_gcm}})
    for (const std::size_t iv : {12u, 16u})
      out.push_back(
          {"encryption", std::string(name) + "-iv" + std::to_string(iv), "5.3, 5.4, 14.2 D3",
           std::string("A request encrypted with ") + name + " and an IV of " + std::to_string(iv) +
               " octets" + (iv == 16 ? ", told by the absence of IvLength." : " and IvLength."),
           "0800", [cipher = cipher, iv](Bench& b) {
             auto options = b.encrypting();
             options.cipher = cipher;
             options.iv_length = iv;
             return asked_with(b, options);
           }});
  const auto oaep = [&](const char* name, DigestAlgorithm digest, DigestAlgorithm mgf) {
    out.push_back({"encryption", std::string("oaep-") + name, kOaep,
                   std::string("RSA-OAEP with digest and mask ") + name + ".", "0800",
                   [digest, mgf](Bench& b) {
                     auto options = b.encrypting();
                     options.key_transport = {true, digest, mgf};
                     return asked_with(b, options);
                   }});
  };
  oaep("sha256", DigestAlgorithm::sha256, DigestAlgorithm::sha256);
  oaep("sha384", DigestAlgorithm::sha384, DigestAlgorithm::sha384);
  oaep("sha512", DigestAlgorithm::sha512, DigestAlgorithm::sha512);
  oaep("sha256-mgf1sha512", DigestAlgorithm::sha256, DigestAlgorithm::sha512);
}

Heard heard_with(Bench& b, bool feature, std::size_t iv) {
  auto draft = osci::encode_request(b.request(b.sender(), MessageType::get_message_id));
  if (!feature)
    std::erase_if(draft.blocks, [](const auto& block) { return block.id == "featuredescription"; });
  auto options = b.encrypting();
  options.iv_length = iv;
  auto heard = b.send(b.close(draft, b.signing(b.sender()), options), &b.sender());
  expect(heard.code == "0800", "answered with " + heard.codes());
  return heard;
}

bool names_iv_length(const Heard& heard) {
  return heard.reply.body.find("IvLength") != std::string::npos;
}

void add_answers(std::vector<Case>& out) {
  out.push_back(
      {"encryption", "answer-short-iv", "5.4, 14.10 A7",
       "A client that announces Support96Bit12ByteIV: IvLength says what IV the answer has.",
       "IvLength fits the IV", [](Bench& b) {
         const auto heard = heard_with(b, true, 12);
         const auto iv = heard.message->transport().iv_length;
         expect(names_iv_length(heard) == (iv != 16), "IvLength does not fit the IV");
         return std::to_string(iv) + " octets, IvLength fits the IV";
       }});
  out.push_back({"encryption", "answer-long-iv", "5.4, 14.10 A7",
                 "An old client that does not announce it gets 16 octets and no IvLength element.",
                 "16 octets, no IvLength", [](Bench& b) {
                   const auto heard = heard_with(b, false, 16);
                   expect(heard.message->transport().iv_length == 16 && !names_iv_length(heard),
                          "IvLength in the answer to a client that does not know it");
                   return std::string("16 octets, no IvLength");
                 }});
  out.push_back({"encryption", "answer-algorithms", "5.5, 14.10 A7",
                 "Answers use RSA-OAEP and AES-GCM: the client copies what it gets.", "OAEP, GCM",
                 [](Bench& b) {
                   const auto heard = heard_with(b, true, 12);
                   const auto& transport = heard.message->transport();
                   expect(transport.key_transport.oaep && crypto::cipher_is_gcm(transport.cipher),
                          "the answer downgrades the client");
                   return std::string("OAEP, GCM");
                 }});
  out.push_back(
      {"encryption", "answer-encrypted-for-client", "5.2, 3.6, 14.10 A6",
       "The answer is encrypted for CipherCertificateOriginator of the request, for nobody else.",
       "unreadable for others", [](Bench& b) {
         const auto reply =
             b.post(b.seal(b.sender(), b.request(b.sender(), MessageType::get_message_id)));
         expect(reply.body.find("ResponseToGetMessageId") == std::string::npos,
                "the answer is in clear");
         expect(b.hear(reply, &b.sender()).code == "0800", "unreadable for the sender");
         bool refused = false;
         try {
           b.hear(reply, &b.recipient());
         } catch (const Unmet&) {
           refused = true;
         }
         expect(refused, "the recipient can read the sender's answer");
         return std::string("unreadable for others");
       }});
  out.push_back({"encryption", "clear-request", "5.7",
                 "An unencrypted request is refused by policy.", "9300", [](Bench& b) {
                   if (b.setup().allows_clear) throw NotOffered("clear requests are allowed");
                   return expect_code(b.send(b.clear(b.delivery())), "9300");
                 }});
}

std::string outer(Bench& b, std::string_view from, std::string_view to) {
  return replaced(b.seal(b.sender(), b.delivery()), from, to);
}

std::string payload(Bench& b, const std::function<std::string(std::string)>& change) {
  return with_cipher_text(b.seal(b.sender(), b.delivery()), change);
}

std::string flipped(std::string octets, std::size_t at) {
  octets[at] = static_cast<char>(octets[at] ^ 1);
  return octets;
}

std::string wrapped_key(Bench& b, const std::string& block) {
  const auto wire = b.seal(b.sender(), b.delivery());
  return replaced(wire, cut(wire, "<xenc:CipherValue>", "</xenc:CipherValue>"),
                  "<xenc:CipherValue>" + base::base64_encode(block) + "</xenc:CipherValue>");
}

std::string legacy(Bench& b, crypto::Cipher cipher, bool oaep) {
  if (b.setup().allows_legacy) throw NotOffered("legacy algorithms are switched on");
  auto options = b.encrypting();
  options.cipher = cipher;
  options.key_transport.oaep = oaep;
  return wrapped(b.clear(b.delivery()), options);
}

std::string further_part(Bench& b) {
  const auto wire = b.seal(b.sender(), b.delivery());
  const auto end = wire.rfind("\r\n--");
  const auto boundary = wire.substr(end + 4, wire.rfind("--") - end - 4);
  return wire.substr(0, end) + "\r\n--" + boundary +
         "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n"
         "Content-ID: <more>\r\n\r\nx" +
         wire.substr(end);
}

std::vector<Message> broken_envelopes() {
  const char* uniform = "5.1, 10.6, 13.3, 14.2 D4";
  const char* structure = "5.1, 10.6, 14.2 D1";
  return {
      {"tag-bit-flipped", uniform, "9202", "One bit of the GCM tag differs.",
       [](Bench& b) { return payload(b, [](auto c) { return flipped(c, c.size() - 1); }); }},
      {"tag-first-bit-flipped", uniform, "9202", "One bit at the tag's beginning differs.",
       [](Bench& b) { return payload(b, [](auto c) { return flipped(c, c.size() - 16); }); }},
      {"text-bit-flipped", uniform, "9202", "One bit of the cipher text differs.",
       [](Bench& b) { return payload(b, [](auto c) { return flipped(c, 40); }); }},
      {"iv-bit-flipped", uniform, "9202", "One bit of the IV differs.",
       [](Bench& b) { return payload(b, [](auto c) { return flipped(c, 0); }); }},
      {"tag-cut-by-one", uniform, "9202", "The tag lacks its last octet.",
       [](Bench& b) { return payload(b, [](auto c) { return c.substr(0, c.size() - 1); }); }},
      {"tag-cut-to-four", uniform, "9202", "A tag of four octets is no tag.",
       [](Bench& b) { return payload(b, [](auto c) { return c.substr(0, c.size() - 12); }); }},
      {"tag-missing", uniform, "9202", "No tag at all.",
       [](Bench& b) { return payload(b, [](auto c) { return c.substr(0, c.size() - 16); }); }},
      {"iv-only", uniform, "9202", "Nothing but an IV.",
       [](Bench& b) { return payload(b, [](auto c) { return c.substr(0, 12); }); }},
      {"text-empty", uniform, "9202", "An empty payload.",
       [](Bench& b) { return payload(b, [](auto) { return std::string(); }); }},
      {"octet-appended", uniform, "9202", "An octet behind the tag.",
       [](Bench& b) { return payload(b, [](auto c) { return c + "x"; }); }},
      {"key-random", uniform, "9202", "A random block instead of the wrapped key.",
       [](Bench& b) { return wrapped_key(b, b.random().bytes(512)); }},
      {"key-short", uniform, "9202", "A wrapped key of a few octets.",
       [](Bench& b) { return wrapped_key(b, "short"); }},
      {"key-of-wrong-length", uniform, "9202",
       "A genuine OAEP block around a key of 16 octets for AES-256.",
       [](Bench& b) {
         const auto block =
             crypto::wrap_key(b.setup().intermediary.cipher, {}, b.random().bytes(16));
         if (!block) throw std::runtime_error("cannot wrap a key");
         return wrapped_key(b, *block);
       }},
      {"iv-length-13", "5.4, 17.3", "9202", "IvLength 13 does not exist.",
       [](Bench& b) { return outer(b, "Value=\"12\"", "Value=\"13\""); }},
      {"iv-length-wrong", "5.4", "9202", "IvLength 16 before an IV of 12 octets.",
       [](Bench& b) { return outer(b, "Value=\"12\"", "Value=\"16\""); }},
      {"unknown-cipher", "5.3, 10.6", "9202 or 9100", "An unknown algorithm.",
       [](Bench& b) { return outer(b, "xmlenc11#aes256-gcm", "xmlenc11#aes512-gcm"); }},
      {"cipher-swapped", uniform, "9202", "AES-128 is said, AES-256 was used.",
       [](Bench& b) { return outer(b, "xmlenc11#aes256-gcm", "xmlenc11#aes128-gcm"); }},
      {"gcm-said-to-be-cbc", "5.3, 13.3", "9202", "A GCM payload said to be CBC.",
       [](Bench& b) {
         return outer(b, "http://www.w3.org/2009/xmlenc11#aes256-gcm",
                      "http://www.w3.org/2001/04/xmlenc#aes256-cbc");
       }},
      {"cbc-switched-off", "13.1, 13.3, 14.2 D4", "9202", "AES-CBC without an operator's consent.",
       [](Bench& b) { return legacy(b, crypto::Cipher::aes256_cbc, true); }},
      {"3des-switched-off", "13.1, 13.6, 14.2 D4", "9202", "3DES without an operator's consent.",
       [](Bench& b) { return legacy(b, crypto::Cipher::tripledes_cbc, true); }},
      {"rsa15-switched-off", "13.3, 14.2 D4", "9202",
       "RSA PKCS#1 1.5 without an operator's consent.",
       [](Bench& b) { return legacy(b, crypto::Cipher::aes256_gcm, false); }},
      {"oaep-digest-swapped", uniform, "9202", "Another OAEP digest than was used.",
       [](Bench& b) { return outer(b, "xmlenc#sha256", "xmlenc#sha512"); }},
      {"oaep-mgf-sha1", "5.3, 13.6", "9202 or 9100", "A mask generation with SHA-1.",
       [](Bench& b) { return outer(b, "mgf1sha256", "mgf1sha1"); }},
      {"oaep-old-uri", "5.3", "9202 or 9100", "The old URI rsa-oaep-mgf1p is not supported.",
       [](Bench& b) {
         return outer(b, "http://www.w3.org/2009/xmlenc11#rsa-oaep",
                      "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p");
       }},
      {"inner-garbage", uniform, "9202", "What was encrypted is no MIME message.",
       [](Bench& b) { return b.wrap("this is no MIME message"); }},
      {"inner-empty", uniform, "9202", "Nothing was encrypted.",
       [](Bench& b) { return b.wrap(""); }},
      {"inner-cut", uniform, "9202", "Half a MIME message was encrypted.",
       [](Bench& b) {
         const auto text = b.clear(b.delivery());
         return b.wrap(text.substr(0, text.size() / 2));
       }},
      {"for-another-party", "5.2, 10.6, 14.2 D2", "9200",
       "Encrypted for the recipient, not for the intermediary.",
       [](Bench& b) {
         auto options = b.encrypting();
         options.recipient = b.recipient().cipher.certificate;
         return wrapped(b.clear(b.delivery()), options);
       }},
      {"for-a-stranger", "5.2, 10.6, 14.2 D2", "9200",
       "Encrypted for a certificate that nobody knows.",
       [](Bench& b) {
         auto options = b.encrypting();
         options.recipient = b.stranger().cipher.certificate;
         return wrapped(b.clear(b.delivery()), options);
       }},
      {"oaep-params", "5.3", "9100 or 9202", "OAEPparams is not understood.",
       [](Bench& b) {
         return outer(b, "<xenc11:MGF", "<xenc:OAEPparams>AA==</xenc:OAEPparams><xenc11:MGF");
       }},
      {"two-keys", structure, "9100 or 9202", "Two EncryptedKeys.",
       [](Bench& b) {
         const auto wire = b.seal(b.sender(), b.delivery());
         return inserted_before(wire, "<xenc:EncryptedKey>",
                                cut(wire, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>"));
       }},
      {"reference-elsewhere", structure, "9100 or 9202",
       "CipherReference names a part that is not there.",
       [](Bench& b) { return outer(b, "cid:osci_enc", "cid:other"); }},
      {"reference-to-file", "5.1, 13.8", "9100 or 9202", "CipherReference names a file.",
       [](Bench& b) { return outer(b, "cid:osci_enc", "file:///etc/passwd"); }},
      {"further-part", structure, "9100 or 9202", "A further part beside the encrypted one.",
       further_part},
      {"header-in-envelope", structure, "9100", "A Header in the encrypted envelope.",
       [](Bench& b) { return outer(b, "<soap:Body>", "<soap:Header></soap:Header><soap:Body>"); }},
      {"nested", "14.2 D5", "9300", "An encrypted message inside an encrypted message.",
       [](Bench& b) { return b.wrap(b.seal(b.sender(), b.delivery())); }},
  };
}

} // namespace

void add_encryption(std::vector<Case>& out) {
  add_algorithms(out);
  add_answers(out);
  add_messages(out, "encryption", broken_envelopes());
}

} // namespace cli::conformance
