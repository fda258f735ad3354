#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/message.h"
#include "seal/names.h"
#include "xml/writer.h"

namespace osci {

namespace ns = seal::ns;
using base::ErrorCode;
using base::fail;

namespace {

std::string entries(const seal::Context& c, const std::vector<FeedbackEntry>& list) {
  std::string out;
  for (const auto& entry : list)
    out += element(c.osci("Entry"), " xml:lang=\"" + xml::escape_attribute(entry.language) + "\"",
                   element(c.osci("Code"), xml::escape_text(entry.code)) +
                       element(c.osci("Text"), xml::escape_text(entry.text)));
  return out;
}

std::string answer_name(const Shape& shape) {
  std::string out = "responseTo" + std::string(shape.name);
  out[10] = static_cast<char>(out[10] - 'a' + 'A');
  return out;
}

base::Error malformed(const char* rule) {
  return fail(ErrorCode::malformed_message, rule);
}

base::Result<std::vector<FeedbackEntry>> read_feedback(const xml::Element& feedback) {
  std::vector<FeedbackEntry> out;
  for (const auto& entry : feedback.children()) {
    if (!entry.is(ns::osci, "Entry") || out.size() == 256) return malformed("Feedback entry");
    FeedbackEntry read;
    read.language = entry.attribute(ns::xml, "lang").value_or("");
    for (const auto& child : entry.children()) {
      if (child.is(ns::osci, "Code"))
        read.code = std::string(base::trim(child.text().value_or("")));
      else if (child.is(ns::osci, "Text"))
        read.text = child.text().value_or("");
      else
        return malformed("unexpected child of Entry");
    }
    if (read.code.size() != 4) return malformed("Feedback without code");
    out.push_back(std::move(read));
  }
  if (out.empty()) return malformed("empty Feedback");
  return out;
}

// What the message block (or the Body's child) of an answer may hold, by type.
base::Result<> read_answer_block(const xml::Element& block, Answer& out) {
  constexpr auto broken = ErrorCode::malformed_message;
  const MessageType type = out.to;
  const auto is = [type](auto... types) { return ((type == types) || ...); };
  for (const auto& child : block.children()) {
    const auto name = child.name();
    if (child.is(ns::osci, "Feedback") || child.is(ns::osci2017, "InsideFeedback")) {
      auto read = read_feedback(child);
      if (!read) return read.error();
      (name == "Feedback" ? out.feedback : out.inside_feedback) = std::move(*read);
    } else if (child.is(ns::osci, "MessageId") &&
               is(MessageType::get_message_id, MessageType::process_delivery,
                  MessageType::partial_fetch_delivery)) {
      auto id = read_message_id(child, broken);
      if (!id) return id.error();
      out.message_id = std::move(*id);
    } else if (child.is(ns::osci, "Subject") && is(MessageType::process_delivery)) {
      auto subject = read_subject(child, broken);
      if (!subject) return subject.error();
      out.subject = std::move(*subject);
    } else if (child.is(ns::osci, "ProcessCardBundle") ||
               child.is(ns::osci, "RequestProcessCardBundle") || child.is(ns::osci, "procard")) {
      auto card = read_bundle(child, broken);
      if (!card) return card.error();
      out.cards.push_back(std::move(*card));
    } else if (child.is(ns::osci, "ReplyProcessCardBundle")) {
      auto card = read_bundle(child, broken);
      if (!card) return card.error();
      out.reply_card = std::move(*card);
    } else if (child.is(ns::osci, "fetchDelivery") || child.is(ns::osci, "fetchProcessCard")) {
      auto echo = read_selection(child.children(), name == "fetchProcessCard", broken);
      if (!echo) return echo.error();
      out.selection = std::move(*echo);
    } else if (child.is(ns::osci2017, "ChunkInformation") &&
               is(MessageType::partial_store_delivery, MessageType::partial_fetch_delivery)) {
      auto chunk = read_chunk(child, broken);
      if (!chunk) return chunk.error();
      out.chunk = std::move(*chunk);
    } else {
      return malformed("unexpected child of the answer");
    }
  }
  return {};
}

base::Error read_fault(const xml::Element& body) {
  std::string code, text;
  const auto faults = body.children();
  if (faults.size() == 1 && faults[0].is(ns::soap, "Fault")) {
    for (const auto& child : faults[0].children()) {
      if (child.name() == "faultstring") text = child.text().value_or("");
      if (child.name() == "detail")
        for (const auto& one : child.children())
          if (one.is(ns::osci, "Code")) code = std::string(base::trim(one.text().value_or("")));
    }
  }
  if (code.size() != 4) return malformed("neither an answer nor a SOAP fault");
  return fail(ErrorCode::peer_fault, code + " " + text.substr(0, 500));
}

} // namespace

bool Answer::executed() const {
  return !feedback.empty() && !feedback.front().code.empty() && feedback.front().code[0] != '9';
}

seal::Draft encode_answer(const Answer& answer, const Identity& identity, bool is_signed) {
  seal::Draft draft;
  const bool of_intermediary = for_intermediary(answer.to);
  const Shape shape = shape_of(answer.to);
  draft.direction = of_intermediary ? seal::Direction::answer : seal::Direction::push_answer;
  draft.type = "ResponseTo" + std::string(type_name(answer.to));
  if (answer.content) draft.context = answer.content->context;
  const seal::Context& c = draft.context;
  draft.blocks.push_back(control_block(c, answer.control));
  if (answer.to == MessageType::process_delivery)
    add_qualities(draft, qualities_of(answer.to, answer.message_id.has_value()),
                  answer.quality_of_creation, answer.quality_of_reception);

  std::string content;
  if (!answer.inside_feedback.empty())
    content += element("osci2017:InsideFeedback", entries(c, answer.inside_feedback));
  content += element(c.osci("Feedback"), entries(c, answer.feedback));
  const auto card = [&](const char* name, Stamps stamps) {
    if (!answer.cards.empty()) content += bundle(c, name, answer.cards.front(), stamps);
  };
  switch (answer.to) {
  case MessageType::init_dialog:
  case MessageType::exit_dialog:
  case MessageType::accept_delivery:
    break;
  case MessageType::get_message_id:
  case MessageType::process_delivery:
    if (answer.message_id) content += message_id_element(c, *answer.message_id);
    if (answer.subject) content += element(c.osci("Subject"), xml::escape_text(*answer.subject));
    break;
  case MessageType::fetch_process_card:
    content += element(c.osci("fetchProcessCard"), selection_elements(c, answer.selection));
    for (const auto& one : answer.cards)
      content += bundle(c, "ProcessCardBundle", one, Stamps::all);
    break;
  case MessageType::store_delivery:
    card("ProcessCardBundle", Stamps::creation);
    break;
  case MessageType::fetch_delivery:
    content += element(c.osci("fetchDelivery"), selection_elements(c, answer.selection));
    card("ProcessCardBundle", Stamps::forwarding);
    break;
  case MessageType::forward_delivery:
    card("ProcessCardBundle", Stamps::all);
    break;
  case MessageType::mediate_delivery:
    card("RequestProcessCardBundle", Stamps::all);
    if (answer.reply_card)
      content += bundle(c, "ReplyProcessCardBundle", *answer.reply_card, Stamps::forwarding);
    break;
  case MessageType::partial_store_delivery:
    card("ProcessCardBundle", Stamps::creation);
    content += chunk_element(answer.chunk.value_or(ChunkInformation{}));
    break;
  case MessageType::partial_fetch_delivery:
    // fetchDelivery must be there, and before MessageId (11.7).
    content += element(c.osci("fetchDelivery"), selection_elements(c, answer.selection)) +
               chunk_element(answer.chunk.value_or(ChunkInformation{}));
    if (answer.message_id) content += message_id_element(c, *answer.message_id);
    break;
  }
  const std::string name = answer_name(shape);
  if (!shape.in_header) {
    draft.body = element(c.osci(name), content);
  } else {
    const std::string id = base::to_lower_ascii(name);
    draft.blocks.push_back({id, shape.namespace_2017
                                    ? block_2017(c, name, id, content)
                                    : block(c, c.osci(name), id, "", "", ns::actor_next, content)});
  }
  if (is_signed && of_intermediary) {
    const std::string id = certificate_id("intermed_signature", identity.signature_certificate);
    draft.blocks.push_back({"intermediarycertificates",
                            block(c, c.osci("IntermediaryCertificates"), "intermediarycertificates",
                                  "", "", ns::actor_none,
                                  certificate_element(c, "SignatureCertificateIntermediary", id,
                                                      identity.signature_certificate))});
  }
  if (!of_intermediary && !answer.certificates.empty()) {
    const std::string id = answer.content ? answer.content->certificates_id
                                          : std::string("nonintermediarycertificates");
    draft.blocks.push_back({id, certificates_block(c, id, answer.certificates)});
  } else if (answer.content && !answer.content->certificates.empty()) {
    draft.blocks.push_back({answer.content->certificates_id, answer.content->certificates});
  }
  if (answer.content) {
    draft.body =
        answer.to == MessageType::partial_fetch_delivery ? chunk_package(c) : answer.content->body;
    draft.attachments = answer.content->attachments;
  }
  draft.blocks.push_back(feature_description(c, identity.chunks, false));
  if (answer.content)
    for (const auto& header : answer.content->custom_headers)
      draft.blocks.push_back({header.id, header.canonical});
  return draft;
}

base::Result<Answer> decode_answer(const seal::Message& message, bool signature_required) {
  constexpr auto broken = ErrorCode::malformed_message;
  if (message.type().empty()) return read_fault(message.unverified().body().element);
  const auto verified = message.verified(signature_required);
  if (!verified) return verified.error();
  const auto type = answer_type(message.type());
  if (!type) return malformed("not an answer");
  const Shape shape = shape_of(*type);
  const std::string name = answer_name(shape);
  const auto own = shape.namespace_2017 ? ns::osci2017 : ns::osci;
  Answer out;
  out.to = *type;
  out.signer = verified->signer();

  std::optional<xml::Element> special;
  bool control = false;
  for (const auto& block : verified->blocks()) {
    const auto& e = block.element;
    if (e.is(ns::osci, "ControlBlock")) {
      auto read = read_control_block(e, broken);
      if (!read) return read.error();
      out.control = std::move(*read);
      control = true;
    } else if (e.is(ns::osci, "IntermediaryCertificates")) {
      auto read = read_certificates(e, broken);
      if (!read) return read.error();
      for (auto& entry : *read)
        if (entry.role == "SignatureCertificateIntermediary")
          out.intermediary = std::move(entry.certificate);
    } else if (e.is(ns::osci, "NonIntermediaryCertificates")) {
      auto read = read_certificates(e, broken);
      if (!read) return read.error();
      out.certificates = std::move(*read);
      if (!out.content) out.content.emplace();
      out.content->certificates = block.canonical;
      out.content->certificates_id = block.id;
    } else if (e.is(ns::osci, "QualityOfTimestamp") && *type == MessageType::process_delivery) {
      auto& quality =
          e.attribute("Service") == "creation" ? out.quality_of_creation : out.quality_of_reception;
      quality = e.attribute("Quality").value_or("");
      if (quality != "plain" && quality != "cryptographic") return malformed("unknown Quality");
    } else if (e.is(ns::osci2017, "FeatureDescription")) {
      out.features = read_features(&e);
    } else if (shape.in_header && e.is(own, name)) {
      special = e;
    } else if (e.namespace_uri() == ns::osci || e.namespace_uri() == ns::osci2017 ||
               e.namespace_uri() == ns::soap) {
      return malformed("unexpected header block in the answer");
    } else {
      if (!out.content) out.content.emplace();
      out.content->custom_headers.push_back(CustomHeader{block.id, block.canonical});
    }
  }
  if (!control) return malformed("no ControlBlock");
  if (const auto ok = check_answer_control(*type, out.control); !ok) return ok.error();

  const auto body = verified->body().element.children();
  if (!shape.in_header) {
    if (body.size() != 1 || !body[0].is(ns::osci, name))
      return malformed("Body does not fit the answer type");
    special = body[0];
  }
  if (!special) return malformed("message block missing");
  if (const auto ok = read_answer_block(*special, out); !ok) return ok.error();
  if (out.feedback.empty()) return malformed("answer without Feedback");

  const bool filled = shape.answer_content && !body.empty() && !body[0].children().empty();
  if (filled && *type == MessageType::partial_fetch_delivery) {
    auto content = read_chunk_package(*verified, broken);
    if (!content) return content.error();
    if (!out.content) out.content.emplace();
    out.content->attachments = std::move(content->attachments);
  } else if (filled) {
    if (!out.content) out.content.emplace();
    if (const auto ok = read_content(*verified, *out.content, broken); !ok) return ok.error();
  } else if (*type != MessageType::fetch_delivery || out.cards.empty()) {
    out.content.reset();
  }
  return out;
}

} // namespace osci
