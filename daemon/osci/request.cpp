#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/types.h"
#include "seal/names.h"
#include "xml/writer.h"
#include <algorithm>
#include <array>

namespace osci {

namespace ns = seal::ns;
using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kMaxCustomHeaders = 16;
constexpr std::size_t kMaxUri = 2048;

base::Result<std::vector<std::string>> read_languages(const xml::Element& block, ErrorCode broken) {
  const auto list = block.attribute("LanguagesList");
  if (!list || list->size() > 256) return fail(broken, "DesiredLanguages without LanguagesList");
  std::vector<std::string> out;
  std::string current;
  for (const char c : *list + " ") {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      current.push_back(c);
    } else if (!current.empty()) {
      out.push_back(std::move(current));
      current.clear();
    }
  }
  if (out.empty()) return fail(broken, "empty LanguagesList");
  return out;
}

// The children of an osci (or osci2017) message block, taken in order.
class Children {
 public:
  explicit Children(const xml::Element& block) : children_(block.children()) {}
  const xml::Element* take(std::string_view namespace_uri, std::string_view name) {
    if (at_ == children_.size() || !children_[at_].is(namespace_uri, name)) return nullptr;
    return &children_[at_++];
  }
  bool done() const { return at_ == children_.size(); }

 private:
  std::vector<xml::Element> children_;
  std::size_t at_ = 0;
};

base::Result<> read_qualities(const seal::Verified& message, Request& out, ErrorCode broken) {
  int creation = 0, reception = 0;
  for (const auto& one : message.blocks()) {
    if (!one.element.is(ns::osci, "QualityOfTimestamp")) continue;
    const auto service = one.element.attribute("Service").value_or("");
    const auto quality = one.element.attribute("Quality").value_or("");
    if (quality != "plain" && quality != "cryptographic") return fail(broken, "unknown Quality");
    if (service == "creation") {
      ++creation;
      out.quality_of_creation = quality;
    } else if (service == "reception") {
      ++reception;
      out.quality_of_reception = quality;
    } else {
      return fail(broken, "unknown Service in QualityOfTimestamp");
    }
  }
  const auto wanted = out.type == MessageType::process_delivery
                          ? Qualities::none
                          : qualities_of(out.type, out.message_id.has_value());
  // The header of a MediateDelivery without MessageId may carry them for nothing.
  const bool idle = out.type == MessageType::mediate_delivery && !out.message_id;
  if (!idle && (creation != (wanted == Qualities::none ? 0 : 1) ||
                reception != (wanted == Qualities::both ? 1 : 0)))
    return fail(broken, "QualityOfTimestamp missing or not expected");
  return {};
}

// The message block of a type whose element stands in the header.
base::Result<> read_message_block(const xml::Element& block, Request& out, ErrorCode broken) {
  Children children(block);
  if (out.type == MessageType::fetch_delivery) {
    auto selection = read_selection(block.children(), false, broken);
    if (!selection) return selection.error();
    out.selection = std::move(*selection);
    return {};
  }
  if (out.type == MessageType::partial_fetch_delivery) {
    auto all = block.children();
    if (all.empty() || !all.back().is(ns::osci2017, "ChunkInformation"))
      return fail(broken, "ChunkInformation missing");
    auto chunk = read_chunk(all.back(), broken);
    if (!chunk) return chunk.error();
    all.pop_back();
    auto selection = read_selection(all, false, broken);
    if (!selection) return selection.error();
    if (!chunk->number || !chunk->size || !chunk->received || chunk->total_numbers ||
        chunk->total_size)
      return fail(broken, "ChunkInformation of a PartialFetchDelivery");
    out.selection = std::move(*selection);
    out.chunk = std::move(*chunk);
    return {};
  }
  if (out.type == MessageType::forward_delivery || out.type == MessageType::mediate_delivery) {
    const auto* receiver = children.take(ns::osci, "ContentReceiver");
    const auto uri = receiver ? receiver->attribute("URI") : std::nullopt;
    if (!uri || uri->empty() || uri->size() > kMaxUri)
      return fail(broken, "ContentReceiver without URI");
    out.receiver_uri = *uri;
  }
  if (out.type == MessageType::process_delivery) {
    if (const auto* reply = children.take(ns::osci, "MessageIdResponse")) {
      auto id = read_message_id(*reply, broken);
      if (!id) return id.error();
      out.reply_message_id = std::move(*id);
    }
  }
  if (!for_intermediary(out.type)) {
    if (const auto* card = children.take(ns::osci, "ProcessCardBundle")) {
      auto read = read_bundle(*card, broken);
      if (!read) return read.error();
      out.card = std::move(*read);
    }
    if (out.type == MessageType::accept_delivery && !out.card)
      return fail(broken, "AcceptDelivery without process card");
  } else {
    if (const auto* id_element = children.take(ns::osci, "MessageId")) {
      auto id = read_message_id(*id_element, broken);
      if (!id) return id.error();
      if (!id->empty()) out.message_id = std::move(*id);
    }
    if (const auto* subject = children.take(ns::osci, "Subject")) {
      auto read = read_subject(*subject, broken);
      if (!read) return read.error();
      out.subject = std::move(*read);
    }
  }
  if (out.type == MessageType::partial_store_delivery) {
    if (children.take(ns::osci2017, "InfoOnly")) {
      out.info_only = true;
    } else if (const auto* information = children.take(ns::osci2017, "ChunkInformation")) {
      auto chunk = read_chunk(*information, broken);
      if (!chunk) return chunk.error();
      // The client omits what is 0, so a message below 1 KiB has no TotalMessageSize (11.2).
      if (!chunk->number || !chunk->total_numbers || chunk->received)
        return fail(broken, "ChunkInformation of a PartialStoreDelivery");
      out.chunk = std::move(*chunk);
    } else {
      return fail(broken, "neither ChunkInformation nor InfoOnly");
    }
  }
  if (!children.done()) return fail(broken, "unexpected child of the message block");
  return {};
}

base::Result<> read_body(const seal::Verified& message, const Shape& shape, Request& out,
                         ErrorCode broken) {
  const auto body = message.body().element.children();
  if (!shape.in_header) {
    if (body.size() != 1 || !body[0].is(ns::osci, shape.name))
      return fail(broken, "Body does not fit the message type");
    if (out.type == MessageType::fetch_process_card) {
      auto selection = read_selection(body[0].children(), true, broken);
      if (!selection) return selection.error();
      out.selection = std::move(*selection);
    } else if (!body[0].children().empty()) {
      return fail(broken, "Body element is not empty");
    }
  } else if (!shape.request_content) {
    if (!body.empty()) return fail(broken, "Body is not empty");
  } else if (out.type == MessageType::partial_store_delivery) {
    if (out.info_only) {
      if (body.size() > 1 || (!body.empty() && (!body[0].is(ns::osci, "ContentPackage") ||
                                                !body[0].children().empty())))
        return fail(broken, "InfoOnly with content");
    } else {
      auto content = read_chunk_package(message, broken);
      if (!content) return content.error();
      out.content.attachments = std::move(content->attachments);
      return {};
    }
  } else {
    return read_content(message, out.content, broken);
  }
  if (!message.attachments().empty())
    return fail(broken, "attachment in a message without content");
  return {};
}

} // namespace

const RoleCertificate* Request::certificate(std::string_view role) const {
  for (const auto& one : certificates)
    if (one.role == role) return &one;
  return nullptr;
}

namespace {

base::Result<ReplyFrame> read_frame(const seal::Message& message, MessageType type,
                                    ErrorCode broken) {
  ReplyFrame out;
  out.type = type;
  const seal::Verified parts = message.unverified();
  const auto* control = parts.block(ns::osci, "ControlBlock");
  if (!control) return fail(broken, "no ControlBlock");
  auto block = read_control_block(control->element, broken);
  if (!block) return block.error();
  out.control = std::move(*block);
  if (const auto ok = check_request_control(out.type, out.control, broken); !ok) return ok.error();
  const auto* languages = parts.block(ns::osci, "DesiredLanguages");
  if (!languages) return fail(broken, "no DesiredLanguages");
  auto list = read_languages(languages->element, broken);
  if (!list) return list.error();
  out.languages = std::move(*list);
  const auto* features = parts.block(ns::osci2017, "FeatureDescription");
  out.features = read_features(features ? &features->element : nullptr);
  return out;
}

ErrorCode broken_code(const seal::Message& message) {
  return message.transport().encrypted ? ErrorCode::invalid_request : ErrorCode::malformed_message;
}

} // namespace

base::Result<ReplyFrame> decode_frame(const seal::Message& message) {
  const ErrorCode broken = broken_code(message);
  const auto type = request_type(message.type());
  if (!type || !for_intermediary(*type)) {
    if (type || answer_type(message.type()) || message.type().starts_with("ResponseTo"))
      return fail(ErrorCode::invalid_request, "not a request to an intermediary");
    return fail(broken, "unknown message type");
  }
  auto out = read_frame(message, *type, broken);
  if (!out) return out.error();
  const seal::Verified parts = message.unverified();
  if (const auto* certificates = parts.block(ns::osci, "NonIntermediaryCertificates")) {
    auto entries = read_certificates(certificates->element, broken);
    if (!entries) return entries.error();
    for (auto& entry : *entries)
      if (entry.role == "CipherCertificateOriginator" && !out->client_cipher)
        out->client_cipher = std::move(entry.certificate);
  }
  return out;
}

base::Result<ReplyFrame> decode_push_frame(const seal::Message& message) {
  const ErrorCode broken = broken_code(message);
  const auto type = request_type(message.type());
  if (type && !for_intermediary(*type)) return read_frame(message, *type, broken);
  if (type || answer_type(message.type()) || message.type().starts_with("ResponseTo"))
    return fail(ErrorCode::invalid_request, "not a request to a passive recipient");
  return fail(broken, "unknown message type");
}

std::string named_dialog(const seal::Message& message) {
  if (message.type().empty()) return {};
  const auto* control = message.unverified().block(ns::osci, "ControlBlock");
  if (!control) return {};
  const auto block = read_control_block(control->element, ErrorCode::control_block);
  return block ? block->conversation_id.value_or("") : std::string{};
}

base::Result<Request> decode_request(const seal::Verified& message, bool encrypted) {
  const ErrorCode broken = encrypted ? ErrorCode::invalid_request : ErrorCode::malformed_message;
  Request out;
  const auto type = request_type(message.type());
  if (!type) return fail(broken, "unknown message type");
  out.type = *type;
  out.signer = message.signer();
  const Shape shape = shape_of(out.type);

  const xml::Element* special = nullptr;
  for (const auto& block : message.blocks()) {
    const auto& element = block.element;
    const auto uri = element.namespace_uri();
    if (uri == ns::osci2017 && element.name() == "FeatureDescription") {
      out.features = read_features(&element);
    } else if (shape.in_header &&
               element.is(shape.namespace_2017 ? ns::osci2017 : ns::osci, shape.name)) {
      special = &element;
    } else if (uri == ns::osci) {
      const auto name = element.name();
      if (name == "ControlBlock") {
        auto control = read_control_block(element, broken);
        if (!control) return control.error();
        out.control = std::move(*control);
      } else if (name == "DesiredLanguages") {
        auto languages = read_languages(element, broken);
        if (!languages) return languages.error();
        out.languages = std::move(*languages);
      } else if (name == "NonIntermediaryCertificates") {
        auto certificates = read_certificates(element, broken);
        if (!certificates) return certificates.error();
        out.certificates = std::move(*certificates);
      } else if (name == "IntermediaryCertificates" && !for_intermediary(out.type)) {
        auto certificates = read_certificates(element, broken);
        if (!certificates) return certificates.error();
        for (auto& entry : *certificates) {
          auto& known = entry.role == "CipherCertificateIntermediary" ? out.intermediary_cipher
                                                                      : out.intermediary_signature;
          if (known || (entry.role != "CipherCertificateIntermediary" &&
                        entry.role != "SignatureCertificateIntermediary"))
            return fail(broken, "unexpected intermediary certificate");
          known = std::move(entry);
        }
      } else if (name != "QualityOfTimestamp") {
        return fail(broken, "unexpected OSCI header block");
      }
    } else if (uri == ns::osci2017 || uri == ns::soap || uri == ns::ds || uri == ns::xenc) {
      return fail(broken, "unexpected header block");
    } else {
      if (out.content.custom_headers.size() == kMaxCustomHeaders)
        return fail(broken, "too many custom headers");
      out.content.custom_headers.push_back(CustomHeader{block.id, block.canonical});
    }
  }
  // The blocks that decode_frame() demanded are the same ones: header blocks of a name stand once.
  if (!message.block(ns::osci, "ControlBlock") || !message.block(ns::osci, "DesiredLanguages"))
    return fail(broken, "ControlBlock or DesiredLanguages missing");
  if (const auto ok = check_request_control(out.type, out.control, broken); !ok) return ok.error();

  for (const auto& entry : out.certificates) {
    if (!role_allowed(out.type, entry.role))
      return fail(broken, "certificate role not allowed here");
    if (!role_repeats(entry.role) && out.certificate(entry.role) != &entry)
      return fail(broken, "certificate role repeated");
  }

  if (shape.in_header) {
    if (!special) return fail(broken, "message block missing");
    if (const auto ok = read_message_block(*special, out, broken); !ok) return ok.error();
  }
  if (const auto ok = read_qualities(message, out, broken); !ok) return ok.error();
  if ((out.type == MessageType::store_delivery ||
       out.type == MessageType::partial_store_delivery) &&
      !out.certificate("CipherCertificateAddressee"))
    return fail(broken, "delivery without CipherCertificateAddressee");
  if (const auto ok = read_body(message, shape, out, broken); !ok) return ok.error();
  return out;
}

std::string certificates_block(const seal::Context& c, std::string_view id,
                               const std::vector<RoleCertificate>& certificates) {
  // Schema order (4.9).
  constexpr std::array<std::string_view, 7> order = {
      "CipherCertificateOriginator",    "CipherCertificateOtherAuthor",
      "CipherCertificateAddressee",     "CipherCertificateOtherReader",
      "SignatureCertificateOriginator", "SignatureCertificateOtherAuthor",
      "SignatureCertificateAddressee"};
  std::string content;
  for (const auto role : order)
    for (const auto& entry : certificates)
      if (entry.role == role)
        content += certificate_element(c, entry.role, entry.id, entry.certificate);
  return block(c, c.osci("NonIntermediaryCertificates"), id, "", "", ns::actor_none, content);
}

namespace {

std::string message_block_content(const Request& request, const seal::Context& c) {
  std::string out;
  if (!request.receiver_uri.empty())
    out += element(c.osci("ContentReceiver"),
                   " URI=\"" + xml::escape_attribute(request.receiver_uri) + "\"", "");
  if (request.reply_message_id)
    out += element(c.osci("MessageIdResponse"), base::base64_encode(*request.reply_message_id));
  if (request.card) out += bundle(c, "ProcessCardBundle", *request.card, Stamps::forwarding);
  if (request.message_id) out += message_id_element(c, *request.message_id);
  if (request.subject) out += element(c.osci("Subject"), xml::escape_text(*request.subject));
  out += selection_elements(c, request.selection);
  if (request.info_only) out += element("osci2017:InfoOnly", "");
  if (request.chunk) out += chunk_element(*request.chunk);
  return out;
}

} // namespace

seal::Draft encode_request(const Request& request) {
  const seal::Context& c = request.content.context;
  const Shape shape = shape_of(request.type);
  seal::Draft draft;
  draft.direction =
      for_intermediary(request.type) ? seal::Direction::request : seal::Direction::push;
  draft.type = std::string(type_name(request.type));
  draft.context = c;
  draft.blocks.push_back(control_block(c, request.control));
  std::string languages;
  for (const auto& one : request.languages) languages += (languages.empty() ? "" : " ") + one;
  draft.blocks.push_back(
      {"desiredlanguages",
       block(c, c.osci("DesiredLanguages"), "desiredlanguages", "",
             " LanguagesList=\"" + xml::escape_attribute(languages) + "\"", ns::actor_next, "")});
  if (for_intermediary(request.type))
    add_qualities(draft, qualities_of(request.type, request.message_id.has_value()),
                  request.quality_of_creation, request.quality_of_reception);
  const std::string content = message_block_content(request, c);
  if (!shape.in_header) {
    draft.body = element(c.osci(std::string(shape.name)), content);
  } else {
    const std::string id = base::to_lower_ascii(shape.name);
    draft.blocks.push_back(
        {id, shape.namespace_2017
                 ? block_2017(c, std::string(shape.name), id, content)
                 : block(c, c.osci(std::string(shape.name)), id, "", "", ns::actor_next, content)});
  }
  if (request.intermediary_cipher || request.intermediary_signature) {
    std::string list;
    for (const auto* one : {&request.intermediary_cipher, &request.intermediary_signature})
      if (*one) list += certificate_element(c, (*one)->role, (*one)->id, (*one)->certificate);
    draft.blocks.push_back({"intermediarycertificates",
                            block(c, c.osci("IntermediaryCertificates"), "intermediarycertificates",
                                  "", "", ns::actor_none, list)});
  }
  if (!request.certificates.empty())
    draft.blocks.push_back(
        {request.content.certificates_id,
         certificates_block(c, request.content.certificates_id, request.certificates)});
  else if (!request.content.certificates.empty())
    draft.blocks.push_back({request.content.certificates_id, request.content.certificates});
  draft.blocks.push_back(feature_description(c, std::nullopt, true));
  for (const auto& header : request.content.custom_headers)
    draft.blocks.push_back({header.id, header.canonical});
  if (request.type == MessageType::partial_store_delivery)
    draft.body = request.info_only ? element(c.osci("ContentPackage"), "") : chunk_package(c);
  else if (shape.request_content)
    draft.body = request.content.body;
  if (shape.request_content) draft.attachments = request.content.attachments;
  return draft;
}

} // namespace osci
