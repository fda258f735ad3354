// From a request to what is stored, and from there to what goes out.
#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/decider.h"
#include "xml/writer.h"

namespace osci {

using base::ErrorCode;
using base::fail;

// Of a text that is replayed before a delivery is accepted; see check_replay().
constexpr std::size_t kLongestText = 256;

std::vector<mailbox::Part> parts_of(const Content& content) {
  using mailbox::Part;
  using mailbox::PartKind;
  std::vector<Part> out;
  out.push_back(Part{PartKind::content, "", "", "", content.body});
  out.push_back(
      Part{PartKind::certificates, content.certificates_id, "", "", content.certificates});
  for (const auto& header : content.custom_headers)
    out.push_back(Part{PartKind::custom_header, header.id, "", "", header.canonical});
  for (const auto& attachment : content.attachments)
    out.push_back(Part{PartKind::attachment, attachment.content_id, attachment.content_type,
                       attachment.headers, attachment.bytes, attachment.range});
  return out;
}

base::Result<Content> content_of(const std::string& context,
                                 const std::vector<mailbox::Part>& parts) {
  Content out;
  auto read = seal::Context::deserialise(context);
  if (!read) return read.error();
  out.context = std::move(*read);
  for (const auto& part : parts) {
    switch (part.kind) {
    case mailbox::PartKind::content:
      out.body = part.bytes;
      break;
    case mailbox::PartKind::certificates:
      out.certificates = part.bytes;
      out.certificates_id = part.name;
      break;
    case mailbox::PartKind::custom_header:
      out.custom_headers.push_back(CustomHeader{part.name, part.bytes});
      break;
    case mailbox::PartKind::attachment:
      out.attachments.push_back(seal::Attachment{part.name, part.content_type, part.headers,
                                                 part.bytes, false, part.range});
      break;
    }
  }
  return out;
}

base::Result<> check_replay(const mailbox::NewDelivery& delivery,
                            const crypto::Certificate& stand_in, base::RandomSource& random) {
  const auto refuse = [](const std::string& why) {
    return fail(ErrorCode::invalid_request, "delivery could not be handed out: " + why);
  };
  // Only structure can get in the way of structure: octets of attachments and long texts stay out,
  // which are nearly all of a delivery. How large it may be is limited where it comes in.
  std::vector<mailbox::Part> parts;
  for (const auto& part : delivery.parts) {
    const bool attachment = part.kind == mailbox::PartKind::attachment;
    // The certificates are read as such.
    const bool whole = part.kind == mailbox::PartKind::certificates;
    parts.push_back({part.kind, part.name, part.content_type, part.headers,
                     attachment ? std::string{}
                     : whole    ? part.bytes
                                : xml::without_long_texts(part.bytes, kLongestText)});
  }
  auto content = content_of(delivery.context, parts);
  if (!content) return refuse(content.error().detail);

  Answer answer;
  answer.to = MessageType::fetch_delivery;
  const std::string challenge = base::base64_encode_line(std::string(kChallengeOctets, 'c'));
  answer.control = {std::string(18, '9'), 4'000'000'000u, challenge, challenge};
  answer.feedback = {feedback_entry("0801", "de"), feedback_entry("3800", "de")};
  answer.selection.rule = Selection::Rule::message_ids;
  answer.selection.message_ids = {delivery.message_id};
  mailbox::ProcessCard card;
  card.message_id = delivery.message_id;
  card.creation = card.modification = delivery.creation;
  card.forwarding = delivery.creation;
  card.subject = delivery.subject;
  card.inspections = delivery.inspections;
  answer.cards.push_back(std::move(card));
  answer.content = std::move(*content);
  return check_opens(encode_answer(answer, Identity{stand_in}, true), 1, random);
}

base::Result<> check_opens(const seal::Draft& draft, std::size_t own_certificates,
                           base::RandomSource& random) {
  const auto refuse = [](const std::string& why) {
    return fail(ErrorCode::invalid_request, "delivery could not be handed out: " + why);
  };
  const auto wire = seal::close(draft, std::nullopt, std::nullopt, random);
  if (!wire) return refuse(wire.error().detail);

  seal::OpenOptions options;
  options.direction = draft.direction;
  const auto read = seal::open(*wire, "", {}, options, random);
  if (!read) return refuse(read.error().detail);
  const auto view = read->unverified();
  if (view.blocks().size() != draft.blocks.size()) return refuse("header blocks");
  for (std::size_t i = 0; i < draft.blocks.size(); ++i)
    if (view.blocks()[i].id != draft.blocks[i].id ||
        view.blocks()[i].canonical != draft.blocks[i].canonical)
      return refuse("a header block would change");
  if (inside(view.body().canonical) != draft.body) return refuse("the content would change");
  // The signature block and the intermediary's certificates come on top.
  const bool request = seal::is_request(draft.direction);
  std::size_t certificates = 0;
  for (const auto& [id, owner] : view.ids()) {
    if (id == (request ? "clientsignature" : "suppliersignature")) return refuse("Id used twice");
    certificates +=
        id.starts_with("intermed_signature_") || (request && id.starts_with("intermed_cipher_"));
  }
  if (certificates != own_certificates) return refuse("Id used twice");
  if (!request) {
    if (const auto decoded = decode_answer(*read, false); !decoded)
      return refuse(decoded.error().detail);
    return {};
  }
  const auto parts = read->verified(false);
  if (!parts) return refuse(parts.error().detail);
  if (const auto decoded = decode_request(*parts, false); !decoded)
    return refuse(decoded.error().detail);
  return {};
}
} // namespace osci
