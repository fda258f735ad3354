// Push to passive recipients (wire reference 1.5, 1.6, 14.9): what goes out to them, and what their
// answer means. Pure, as decide.h; the gateway dials and the store remembers.
#pragma once
#include "mailbox/push.h"
#include "osci/decide.h"
#include "seal/message.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace osci {

// One delivery for one recipient, decided and not yet sent.
struct PushOrder {
  MessageType type = MessageType::accept_delivery; // or process_delivery
  std::string uri;                                 // exactly as the directory lists it
  std::string ca;                                  // directory::Endpoint::ca
  crypto::Certificate recipient;                   // CipherCertificateAddressee
  std::string party;                               // the sender's, addressee of a reply
  std::vector<std::string> languages;
  Content content; // as sent, without SignatureCertificateAddressee (14.9 U1)
  // Absent: a MediateDelivery without MessageId, "without protocol"; nothing is recorded.
  std::optional<mailbox::NewPush> record;

  std::uint64_t octets() const; // of content and attachments
};

// The intermediary as client of a recipient: IntermediaryCertificates.
struct OwnCertificates {
  crypto::Certificate cipher;
  crypto::Certificate signature;
};
// Id of the certificate that signs: names the element in push_request().
std::string push_signature_id(const OwnCertificates& own);

// AcceptDelivery or ProcessDelivery. `push`: as recorded, with Forwarding; null: without protocol.
Request push_request(const PushOrder& order, const OwnCertificates& own,
                     const std::string& challenge, const mailbox::Push* push);

// What came of a push.
struct Verdict {
  // 9711, 9805 to 9808, 9810; absent: accepted, and a reply is there if one is due.
  std::optional<base::Error> error;
  // The code in the recipient's own feedback or fault, for the log; empty: none could be read.
  std::string recipient_code;
  std::vector<std::string> warnings;            // 3707, 3708, 3802, 3803
  bool received = false;                        // positive feedback: Reception (8.6)
  std::vector<mailbox::Inspection> inspections; // of the certificate that signed the answer
  std::optional<mailbox::PushReply> reply;      // conversation_id is left to the caller
};

// `opened`: the recipient's answer, seal::open'ed with Direction::push_answer. Whatever cannot be
// read, or does not carry `challenge` as Response, proves nothing: push_uncertain.
Verdict judge(const base::Result<seal::Message>& opened, const PushOrder& order,
              const std::string& challenge, const std::optional<std::string>& reply_id,
              const Situation& situation);

} // namespace osci
