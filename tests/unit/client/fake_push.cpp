#include "fake_intermediary.h"
#include "osci/feedback.h"
#include <gtest/gtest.h>

namespace test {

using osci::MessageType;

// As an intermediary does it, with the checks that a test of the client needs (wire reference 1.5,
// 1.6).
void FakeIntermediary::push(const osci::Request& request, osci::Answer& out) {
  const bool mediate = request.type == MessageType::mediate_delivery;
  const auto at = base::parse_datetime("2026-01-01T00:00:00Z").value();
  osci::Request pushed;
  pushed.type = mediate ? MessageType::process_delivery : MessageType::accept_delivery;
  pushed.control.challenge = "Y2hhbGxlbmdl";
  pushed.languages = request.languages;
  pushed.content = request.content;
  pushed.intermediary_cipher =
      client::role_certificate("CipherCertificateIntermediary", "intermed_cipher",
                               support::key("intermed_cipher").certificate);
  pushed.intermediary_signature =
      client::role_certificate("SignatureCertificateIntermediary", "intermed_signature",
                               support::key("intermed_sign").certificate);
  mailbox::ProcessCard card;
  if (request.message_id) {
    card.message_id = *request.message_id;
    card.creation = card.modification = at;
    card.forwarding = at;
    card.subject = request.subject;
    pushed.card = card;
    if (mediate) pushed.reply_message_id = "reply-to-" + *request.message_id;
  }
  const seal::SignWith sign_with{.key = support::key("intermed_sign"),
                                 .certificate_id = pushed.intermediary_signature->id};
  const seal::EncryptFor encrypt_with{
      .recipient = request.certificate("CipherCertificateAddressee")->certificate,
      .key_transport = {}};
  const auto wire =
      seal::close(osci::encode_request(pushed), sign_with, encrypt_with, random_).value();
  seal::OpenOptions options;
  options.direction = seal::Direction::push_answer;
  const auto message =
      seal::open(endpoint(wire), "", {support::key("intermed_cipher")}, options, random_).value();
  const auto answer = osci::decode_answer(message, true).value();
  EXPECT_EQ(answer.control.response, pushed.control.challenge);
  EXPECT_EQ(answer.to, pushed.type);

  const auto feedback = [&](const char* code) {
    out.feedback = {osci::feedback_entry(code, "de")};
  };
  const bool accepted = answer.executed();
  if (accepted && request.message_id) card.reception = at;
  if (request.message_id) out.cards.push_back(card);
  if (!accepted) return feedback("9805");
  if (!mediate) return;
  if (!answer.content) return feedback("9806");
  out.content = answer.content;
  if (!answer.message_id) return;
  EXPECT_EQ(answer.message_id, pushed.reply_message_id);
  mailbox::ProcessCard reply;
  reply.message_id = *answer.message_id;
  reply.creation = reply.modification = at;
  reply.forwarding = at;
  reply.subject = answer.subject;
  out.reply_card = reply;
}

} // namespace test
