#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/message.h"
#include "seal/names.h"
#include "xml/writer.h"
#include <algorithm>
#include <array>

namespace osci {

namespace ns = seal::ns;
using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kMaxSubject = 4096;
constexpr std::size_t kMaxCustomHeaders = 16;

constexpr std::array<std::pair<MessageType, std::string_view>, 6> kTypes = {{
    {MessageType::init_dialog, "InitDialog"},
    {MessageType::exit_dialog, "ExitDialog"},
    {MessageType::get_message_id, "GetMessageId"},
    {MessageType::store_delivery, "StoreDelivery"},
    {MessageType::fetch_delivery, "FetchDelivery"},
    {MessageType::fetch_process_card, "FetchProcessCard"},
}};

// Wire reference 1.2: types that exist but are served by a later version.
constexpr std::array<std::string_view, 4> kOtherRequests = {
    "ForwardDelivery", "MediateDelivery", "PartialStoreDelivery", "PartialFetchDelivery"};

// Roles that NonIntermediaryCertificates may hold, by message type (4.9).
bool role_allowed(MessageType type, std::string_view role) {
  switch (type) {
  case MessageType::init_dialog:
  case MessageType::get_message_id:
    return role == "CipherCertificateOriginator" || role == "SignatureCertificateOriginator";
  case MessageType::exit_dialog:
  case MessageType::fetch_delivery:
  case MessageType::fetch_process_card:
    // The schema knows the signature certificate only; a cipher certificate is harmless here.
    return role == "CipherCertificateOriginator" || role == "SignatureCertificateOriginator";
  case MessageType::store_delivery:
    return role == "CipherCertificateOriginator" || role == "CipherCertificateOtherAuthor" ||
           role == "CipherCertificateAddressee" || role == "CipherCertificateOtherReader" ||
           role == "SignatureCertificateOriginator" || role == "SignatureCertificateOtherAuthor";
  }
  return false;
}

bool role_repeats(std::string_view role) {
  return role == "CipherCertificateOtherAuthor" || role == "CipherCertificateOtherReader" ||
         role == "SignatureCertificateOtherAuthor";
}

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

// The name of the block or Body child that a type must show (X3: the type is not believed on the
// word of schemaLocation alone).
struct Shape {
  bool in_header;
  std::string_view name;
};

Shape shape_of(MessageType type) {
  switch (type) {
  case MessageType::init_dialog:
    return {false, "initDialog"};
  case MessageType::exit_dialog:
    return {false, "exitDialog"};
  case MessageType::get_message_id:
    return {false, "getMessageId"};
  case MessageType::store_delivery:
    return {true, "storeDelivery"};
  case MessageType::fetch_delivery:
    return {true, "fetchDelivery"};
  case MessageType::fetch_process_card:
    return {false, "fetchProcessCard"};
  }
  return {};
}

// Table 1.3. Response in implicit requests is ignored (7.3).
base::Result<> check_control(MessageType type, const ControlBlock& control, ErrorCode broken) {
  if (!control.challenge) return fail(broken, "ControlBlock without Challenge");
  if (type == MessageType::init_dialog) {
    if (control.conversation_id || control.sequence_number || control.response)
      return fail(broken, "InitDialog carries a Challenge only");
    return {};
  }
  if (!control.sequence_number) return fail(ErrorCode::control_block, "SequenceNumber missing");
  if (control.conversation_id && !control.response)
    return fail(ErrorCode::control_block, "Response missing in an explicit dialog");
  return {};
}

base::Result<> read_store_delivery(const seal::Verified& message, const xml::Element& block,
                                   Request& out, ErrorCode broken) {
  std::size_t at = 0;
  const auto children = block.children();
  if (at < children.size() && children[at].is(ns::osci, "MessageId")) {
    auto id = read_message_id(children[at++], broken);
    if (!id) return id.error();
    if (!id->empty()) out.message_id = std::move(*id);
  }
  if (at < children.size() && children[at].is(ns::osci, "Subject")) {
    const auto text = children[at++].text();
    if (!text || text->size() > kMaxSubject) return fail(broken, "Subject too long");
    out.subject = *text;
  }
  if (at != children.size()) return fail(broken, "unexpected child of storeDelivery");

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
  if (creation != 1 || reception != 1)
    return fail(broken, "StoreDelivery needs QualityOfTimestamp for creation and reception");

  const auto body = message.body().element.children();
  if (body.size() != 1 || !body[0].is(ns::osci, "ContentPackage") ||
      !message.body().element.element_only() || !body[0].element_only())
    return fail(broken, "Body is not exactly one ContentPackage");
  // EncryptedData first, then ContentContainers, nothing else (6.1). What is inside stays opaque.
  bool containers = false;
  for (const auto& child : body[0].children()) {
    if (child.is(ns::osci, "ContentContainer"))
      containers = true;
    else if (!child.is(ns::xenc, "EncryptedData") || containers)
      return fail(broken, "unexpected child of ContentPackage");
  }
  const auto context = seal::Context::from_scope(message.body().element.namespaces_in_scope());
  if (!context) return fail(broken, context.error().detail);
  out.content.context = *context;
  out.content.body = std::string(inside(message.body().canonical));
  out.content.attachments = message.attachments();
  // Every stored block declares what the answer's envelope will declare, so that it is canonical
  // there.
  if (const auto* certificates = message.block(ns::osci, "NonIntermediaryCertificates")) {
    out.content.certificates = context->declared_on(certificates->canonical);
    out.content.certificates_id = certificates->id;
  }
  for (auto& header : out.content.custom_headers)
    header.canonical = context->declared_on(header.canonical);
  for (const auto& attachment : out.content.attachments)
    if (attachment.content_id == "osci@message")
      return fail(broken, "attachment named osci@message");
  return {};
}

} // namespace

std::string_view type_name(MessageType type) {
  for (const auto& [value, name] : kTypes)
    if (value == type) return name;
  return {};
}

std::optional<MessageType> request_type(std::string_view name) {
  for (const auto& [value, text] : kTypes)
    if (text == name) return value;
  return std::nullopt;
}

std::optional<MessageType> answer_type(std::string_view name) {
  constexpr std::string_view prefix = "ResponseTo";
  if (!name.starts_with(prefix)) return std::nullopt;
  return request_type(name.substr(prefix.size()));
}

bool is_known_request(std::string_view name) {
  return request_type(name) ||
         std::find(kOtherRequests.begin(), kOtherRequests.end(), name) != kOtherRequests.end();
}

const RoleCertificate* Request::certificate(std::string_view role) const {
  for (const auto& one : certificates)
    if (one.role == role) return &one;
  return nullptr;
}

base::Result<ReplyFrame> decode_frame(const seal::Message& message) {
  const ErrorCode broken =
      message.transport().encrypted ? ErrorCode::invalid_request : ErrorCode::malformed_message;
  ReplyFrame out;
  const auto type = request_type(message.type());
  if (!type) {
    if (is_known_request(message.type()))
      return fail(ErrorCode::unsupported_message_type, message.type());
    if (answer_type(message.type()) || message.type().starts_with("ResponseTo") ||
        message.type() == "AcceptDelivery" || message.type() == "ProcessDelivery")
      return fail(ErrorCode::invalid_request, "not a request to an intermediary");
    return fail(broken, "unknown message type");
  }
  out.type = *type;
  const seal::Verified parts = message.unverified();
  const auto* control = parts.block(ns::osci, "ControlBlock");
  if (!control) return fail(broken, "no ControlBlock");
  auto block = read_control_block(control->element, broken);
  if (!block) return block.error();
  out.control = std::move(*block);
  if (const auto ok = check_control(out.type, out.control, broken); !ok) return ok.error();
  const auto* languages = parts.block(ns::osci, "DesiredLanguages");
  if (!languages) return fail(broken, "no DesiredLanguages");
  auto list = read_languages(languages->element, broken);
  if (!list) return list.error();
  out.languages = std::move(*list);
  if (const auto* certificates = parts.block(ns::osci, "NonIntermediaryCertificates")) {
    auto entries = read_certificates(certificates->element, broken);
    if (!entries) return entries.error();
    for (auto& entry : *entries)
      if (entry.role == "CipherCertificateOriginator" && !out.client_cipher)
        out.client_cipher = std::move(entry.certificate);
  }
  const auto* features = parts.block(ns::osci2017, "FeatureDescription");
  out.features = read_features(features ? &features->element : nullptr);
  return out;
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
    } else if (uri == ns::osci) {
      const auto name = element.name();
      if (shape.in_header && name == shape.name) {
        special = &element;
      } else if (name == "ControlBlock") {
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
      } else if (name != "QualityOfTimestamp" || out.type != MessageType::store_delivery) {
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
  if (const auto ok = check_control(out.type, out.control, broken); !ok) return ok.error();

  for (const auto& entry : out.certificates) {
    if (!role_allowed(out.type, entry.role))
      return fail(broken, "certificate role not allowed here");
    if (!role_repeats(entry.role) && out.certificate(entry.role) != &entry)
      return fail(broken, "certificate role repeated");
  }

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
  } else if (!special) {
    return fail(broken, "message block missing");
  }
  if (out.type == MessageType::fetch_delivery) {
    if (!body.empty()) return fail(broken, "Body is not empty");
    auto selection = read_selection(special->children(), false, broken);
    if (!selection) return selection.error();
    out.selection = std::move(*selection);
  }
  if (out.type == MessageType::store_delivery) {
    if (!out.certificate("CipherCertificateAddressee"))
      return fail(broken, "StoreDelivery without CipherCertificateAddressee");
    if (const auto ok = read_store_delivery(message, *special, out, broken); !ok) return ok.error();
  } else if (!message.attachments().empty()) {
    return fail(broken, "attachment in a message without content");
  }
  return out;
}

seal::Draft encode_request(const Request& request) {
  const seal::Context& c = request.content.context;
  seal::Draft draft;
  draft.direction = seal::Direction::request;
  draft.type = std::string(type_name(request.type));
  draft.context = c;
  draft.blocks.push_back(control_block(c, request.control));
  std::string languages;
  for (const auto& one : request.languages) languages += (languages.empty() ? "" : " ") + one;
  draft.blocks.push_back(
      {"desiredlanguages",
       block(c, c.osci("DesiredLanguages"), "desiredlanguages", "",
             " LanguagesList=\"" + xml::escape_attribute(languages) + "\"", ns::actor_next, "")});
  if (request.type == MessageType::store_delivery) {
    const auto quality = [&](const char* service, const std::string& value) {
      const std::string id = std::string("qualityoftimestamp_") + service;
      draft.blocks.push_back({id, block(c, c.osci("QualityOfTimestamp"), id, "",
                                        " Quality=\"" + xml::escape_attribute(value) +
                                            "\" Service=\"" + service + "\"",
                                        ns::actor_next, "")});
    };
    quality("creation", request.quality_of_creation);
    quality("reception", request.quality_of_reception);
    std::string content;
    if (request.message_id) content += message_id_element(c, *request.message_id);
    if (request.subject) content += element(c.osci("Subject"), xml::escape_text(*request.subject));
    draft.blocks.push_back({"storedelivery", block(c, c.osci("storeDelivery"), "storedelivery", "",
                                                   "", ns::actor_next, content)});
    draft.body = request.content.body;
    draft.attachments = request.content.attachments;
  } else if (request.type == MessageType::fetch_delivery) {
    draft.blocks.push_back(
        {"fetchdelivery", block(c, c.osci("fetchDelivery"), "fetchdelivery", "", "", ns::actor_next,
                                selection_elements(c, request.selection))});
  } else {
    draft.body = element(c.osci(std::string(shape_of(request.type).name)),
                         selection_elements(c, request.selection));
  }
  if (!request.certificates.empty()) {
    // Schema order (4.9).
    constexpr std::array<std::string_view, 7> order = {
        "CipherCertificateOriginator",    "CipherCertificateOtherAuthor",
        "CipherCertificateAddressee",     "CipherCertificateOtherReader",
        "SignatureCertificateOriginator", "SignatureCertificateOtherAuthor",
        "SignatureCertificateAddressee"};
    std::string content;
    for (const auto role : order)
      for (const auto& entry : request.certificates)
        if (entry.role == role)
          content += certificate_element(c, entry.role, entry.id, entry.certificate);
    draft.blocks.push_back({"nonintermediarycertificates",
                            block(c, c.osci("NonIntermediaryCertificates"),
                                  "nonintermediarycertificates", "", "", ns::actor_none, content)});
  }
  draft.blocks.push_back(feature_description(c));
  for (const auto& header : request.content.custom_headers)
    draft.blocks.push_back({header.id, header.canonical});
  return draft;
}

} // namespace osci
