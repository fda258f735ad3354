// An intermediary towards a passive recipient: composes AcceptDelivery and ProcessDelivery, breaks
// their rules on demand, and opens what the recipient answers.
#pragma once
#include "base/random.h"
#include "client/session.h"
#include <optional>
#include <string>
#include <vector>

namespace test {

struct Push {
  osci::MessageType type = osci::MessageType::accept_delivery;
  std::string message_id = "push-1"; // empty: without protocol
  std::optional<std::string> reply_id;
  std::vector<std::string> data{"<antrag/>"};
  std::vector<seal::Attachment> attachments;
  std::string subject = "Größe";
  // Names of keys.
  std::string sender = "sender";
  std::string reader = "recipient_cipher";            // content is encrypted for it
  std::string signature = "intermed_sign";            // the transport; empty: unsigned
  std::string encrypt_for = "recipient_cipher";       // empty: clear
  std::string named_cipher = "intermed_cipher";       // in IntermediaryCertificates; empty: none
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm; // of the transport
  bool sign_content = true;
  bool name_originator = true; // CipherCertificateOriginator
  std::string challenge = "Y2hhbGxlbmdl";
};

struct PushAnswer {
  std::string fault; // code of a SOAP fault; the rest is empty then
  bool encrypted = false;
  osci::Answer answer;
  std::optional<seal::Message> message;

  std::string code() const { return fault.empty() ? answer.feedback.at(0).code : fault; }
};

class Pusher {
 public:
  osci::Request request(const Push& push);
  // The HTTP body.
  std::string close(const osci::Request& request, const Push& push);
  std::string wire(const Push& push) { return close(request(push), push); }
  // Verifies as an intermediary must: signed by "recipient_sign", our challenge as response.
  PushAnswer open(const std::string& body, const Push& push,
                  const std::string& cipher = "intermed_cipher");
  // The data of a reply, as the original sender reads it.
  std::vector<std::string> reply(const PushAnswer& answer, const std::string& reader = "sender");

 private:
  base::SystemRandom random_;
};

} // namespace test
