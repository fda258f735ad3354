// ForwardDelivery and MediateDelivery: the plan, the message to the recipient, and its answer.
#include "osci/push.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "osci/decider.h"
#include "osci/inspect.h"
#include "osci/types.h"
#include <algorithm>
#include <array>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kSignatureAddressee = "SignatureCertificateAddressee";

// Readers of a delivery refuse this role (4.9). Where it is absent the block stays octet for octet.
void drop_signature_addressee(Content& content, std::vector<RoleCertificate> certificates) {
  const auto foreign = [](const RoleCertificate& one) { return one.role == kSignatureAddressee; };
  if (std::erase_if(certificates, foreign) == 0) return;
  content.certificates =
      certificates.empty()
          ? std::string{}
          : certificates_block(content.context, content.certificates_id, certificates);
}

RoleCertificate intermediary_certificate(const char* role, const char* id_role,
                                         const crypto::Certificate& certificate) {
  return {role, certificate_id(id_role, certificate), certificate};
}

// An own failure of the recipient, as its feedback or fault tells; every other refusal is its
// decision.
bool own_failure(std::string_view code) {
  constexpr std::array<std::string_view, 6> failures = {"9000", "9503", "9603",
                                                        "9710", "9808", "9811"};
  return std::find(failures.begin(), failures.end(), code) != failures.end();
}

base::Error refused_by_recipient(const std::string& code) {
  return fail(own_failure(code) ? ErrorCode::recipient_failed : ErrorCode::recipient_refused,
              "the recipient answered with a refusal");
}

// A clear copy of the message with empty attachments, as a recipient would read it: what is
// accepted must be readable there, in spite of Ids and namespaces of the sender's choice.
base::Result<> check_push(PushOrder order, const std::string& reply_id,
                          base::RandomSource& random) {
  const OwnCertificates stand_in{order.recipient, order.recipient};
  for (auto& attachment : order.content.attachments) attachment.bytes.clear();
  mailbox::Push push;
  if (order.record) {
    const auto& delivery = order.record->delivery;
    push.card.message_id = delivery.message_id;
    push.card.creation = push.card.modification = delivery.creation;
    push.card.forwarding = delivery.creation;
    push.card.subject = delivery.subject;
    push.card.inspections = delivery.inspections;
    push.reply_id = reply_id;
  }
  const auto draft = encode_request(
      push_request(order, stand_in, std::string(24, 'c'), order.record ? &push : nullptr));
  return check_opens(draft, 2, random);
}

// The reply in the answer to the sender, composed and read once like every delivery that is handed
// on.
base::Result<> check_reply(Content content, base::RandomSource& random,
                           const crypto::Certificate& stand_in) {
  for (auto& attachment : content.attachments) attachment.bytes.clear();
  Answer answer;
  answer.to = MessageType::mediate_delivery;
  answer.control = {std::string(18, '9'), 4'000'000'000u, "r", "c"};
  answer.feedback = {feedback_entry("0801", "de")};
  answer.content = std::move(content);
  return check_opens(encode_answer(answer, Identity{stand_in, {}}, true), 1, random);
}

} // namespace

std::uint64_t PushOrder::octets() const {
  std::uint64_t out = content.body.size();
  for (const auto& attachment : content.attachments) out += attachment.bytes.size();
  return out;
}

Plan Decider::push(const Request& request, const crypto::Certificate& client) {
  const bool forward = request.type == MessageType::forward_delivery;
  if (forward && !request.message_id) return refuse(fail(ErrorCode::message_id_missing));
  if (request.message_id)
    if (const auto known = s_.ids.recognise(*request.message_id, s_.now); !known)
      return refuse(known.error());

  // Never in clear to somebody unknown (17.2 Q11); and without an owner no endpoint is listed.
  const auto* addressee = request.certificate("CipherCertificateAddressee");
  if (!addressee)
    return refuse(fail(ErrorCode::endpoint_not_listed, "no CipherCertificateAddressee"));
  const auto& recipient = addressee->certificate;
  // 13.8: the URI is the sender's choice. Only what the directory lists for the organisation that
  // owns the addressee's certificate is ever dialled.
  std::string ca;
  const auto* listed =
      s_.directory.listed(recipient.fingerprint(), directory::CertificateUse::cipher);
  const auto* owner = s_.directory.owner_of(recipient.fingerprint());
  if (owner && listed) {
    const auto* endpoint = owner->endpoint(request.receiver_uri);
    if (!endpoint && !base::seeded_fault("dials-anything"))
      return refuse(fail(ErrorCode::endpoint_not_listed,
                         "the directory lists no such endpoint for " + owner->key));
    if (endpoint) ca = endpoint->ca;
  } else if (owner || !s_.policy.create_mailboxes) {
    return refuse(fail(ErrorCode::unknown_addressee,
                       "nobody in the directory owns certificate " + recipient.fingerprint()));
  } else if (const auto& allowed = s_.policy.test_endpoints;
             std::find(allowed.begin(), allowed.end(), request.receiver_uri) == allowed.end()) {
    return refuse(fail(ErrorCode::endpoint_not_listed, "no such test endpoint"));
  }

  auto inspected = inspect_delivery(s_, request.certificates);
  if (inspected.refusal) return refuse_inspected(*inspected.refusal);
  add_warnings(plan_, inspected.warnings);
  if (recipient.key_kind() != crypto::KeyKind::rsa)
    return refuse(fail(ErrorCode::addressee_cipher_wrong, "the addressee's key is no RSA key"));

  PushOrder order{forward ? MessageType::accept_delivery : MessageType::process_delivery,
                  request.receiver_uri,
                  std::move(ca),
                  recipient,
                  party_of(s_.directory, client),
                  request.languages,
                  request.content,
                  std::nullopt};
  drop_signature_addressee(order.content, request.certificates);
  std::string reply_id;
  if (request.message_id) {
    auto& record = order.record.emplace();
    record.delivery.message_id = *request.message_id;
    record.delivery.mailbox = party_of(s_.directory, recipient);
    record.delivery.originator = order.party;
    record.delivery.request_digest = message_.digest();
    record.delivery.creation = s_.now;
    record.delivery.subject = request.subject;
    record.delivery.quality_of_creation = request.quality_of_creation;
    record.delivery.quality_of_reception = request.quality_of_reception;
    record.delivery.context = request.content.context.serialise();
    record.delivery.feedback = plan_.warnings;
    record.delivery.inspections = std::move(inspected.inspections);
    if (const auto ok = index_metadata(request.content, record.delivery); !ok && !plan_.repeat)
      return fault_here(ok.error());
    if (!forward) {
      reply_id = s_.ids.issue(s_.now, s_.random);
      record.reply_id = reply_id;
    }
  }
  if (const auto ok = check_routing(request.content, client, recipient); !ok)
    return refuse(ok.error());
  if (const auto ok = check_clear_content(); !ok) return refuse(ok.error());
  if (!plan_.repeat)
    if (const auto ok = check_push(order, reply_id, s_.random); !ok) return fault_here(ok.error());
  if (plan_.turn) plan_.turn->result = std::string(order.record ? kPushed : kUnrecorded);
  plan_.message_id = request.message_id;
  plan_.action = PushIt{std::make_shared<const PushOrder>(std::move(order)),
                        refused_result(fail(ErrorCode::message_id_refused))};
  return std::move(plan_);
}

std::string push_signature_id(const OwnCertificates& own) {
  return certificate_id("intermed_signature", own.signature);
}

Request push_request(const PushOrder& order, const OwnCertificates& own,
                     const std::string& challenge, const mailbox::Push* push) {
  Request out;
  out.type = order.type;
  out.control.challenge = challenge; // 14.9 U1: neither ConversationId nor SequenceNumber
  out.languages = order.languages;
  out.content = order.content;
  out.intermediary_cipher =
      intermediary_certificate("CipherCertificateIntermediary", "intermed_cipher", own.cipher);
  out.intermediary_signature = intermediary_certificate("SignatureCertificateIntermediary",
                                                        "intermed_signature", own.signature);
  if (push) {
    out.card = push->card;
    if (order.type == MessageType::process_delivery) out.reply_message_id = push->reply_id;
  }
  return out;
}

Verdict judge(const base::Result<seal::Message>& opened, const PushOrder& order,
              const std::string& challenge, const std::optional<std::string>& reply_id,
              const Situation& situation) {
  Verdict out;
  const auto ends = [&out](base::Error error) {
    out.error = std::move(error);
    return std::move(out);
  };
  const auto proves_nothing = [&](const std::string& rule) {
    return ends(fail(ErrorCode::push_uncertain, "the recipient's answer: " + rule));
  };
  if (!opened)
    return proves_nothing(std::string(base::to_string(opened.error().code)) + " " +
                          opened.error().detail);
  auto decoded = decode_answer(*opened, false);
  if (!decoded) {
    const auto& error = decoded.error();
    if (error.code == ErrorCode::peer_fault) {
      out.recipient_code = error.detail.substr(0, 4);
      return ends(refused_by_recipient(out.recipient_code));
    }
    if (error.code == ErrorCode::signature_wrong || error.code == ErrorCode::signature_incomplete)
      return ends(fail(ErrorCode::recipient_signature_wrong, error.detail));
    return proves_nothing(std::string(base::to_string(error.code)) + " " + error.detail);
  }
  if (decoded->to != order.type) return proves_nothing("another type of message");
  // Without our challenge it may be an old answer, or one to somebody else (14.9 U3).
  if (!base::constant_time_equal(decoded->control.response.value_or(""), challenge))
    return proves_nothing("Response is not our Challenge");

  if (!opened->transport().encrypted) out.warnings.emplace_back("3803");
  if (!decoded->signer) {
    out.warnings.emplace_back("3802");
  } else {
    if (!may_act_for(situation.directory, *decoded->signer, order.recipient))
      return ends(
          fail(ErrorCode::recipient_signature_wrong, "signer does not belong to the recipient"));
    auto inspected =
        inspect_delivery(situation, {{std::string(kSignatureAddressee), "", *decoded->signer}});
    out.inspections = std::move(inspected.inspections);
    out.warnings.insert(out.warnings.end(), inspected.warnings.begin(), inspected.warnings.end());
    if (inspected.refusal) return ends(std::move(*inspected.refusal));
  }
  out.recipient_code = decoded->feedback.front().code;
  out.received = base::seeded_fault("reception-though-refused");
  if (!decoded->executed()) return ends(refused_by_recipient(out.recipient_code));
  out.received = true;
  if (order.type == MessageType::accept_delivery) return out;

  if (!decoded->content)
    return ends(fail(ErrorCode::reply_missing, "the recipient's answer carries no content"));
  if (order.record && decoded->message_id && decoded->message_id != reply_id)
    return ends(fail(ErrorCode::recipient_failed, "reply under another id than it was given"));
  for (const auto& one : decoded->certificates)
    if (!role_allowed(MessageType::forward_delivery, one.role))
      return ends(fail(ErrorCode::recipient_failed, "unknown certificate role in the reply"));
  Content content = std::move(*decoded->content);
  drop_signature_addressee(content, decoded->certificates);
  if (const auto ok = check_reply(content, situation.random, order.recipient); !ok)
    return ends(fail(ErrorCode::recipient_failed, "reply: " + ok.error().detail));

  auto& reply = out.reply.emplace();
  reply.with_card = order.record && decoded->message_id;
  auto& delivery = reply.delivery;
  delivery.message_id = order.record ? reply_id.value_or("") : std::string{};
  delivery.mailbox = order.party;
  delivery.originator = party_of(situation.directory, order.recipient);
  delivery.creation = situation.now;
  delivery.subject = decoded->subject;
  delivery.quality_of_reception = decoded->quality_of_reception;
  delivery.context = content.context.serialise();
  delivery.parts = parts_of(content);
  if (reply.with_card)
    delivery.inspections = inspect_delivery(situation, decoded->certificates).inspections;
  return out;
}

} // namespace osci
