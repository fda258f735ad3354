#include "osci/compose.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "seal/names.h"
#include "xml/writer.h"
#include <algorithm>
#include <charconv>

namespace osci {

namespace ns = seal::ns;
using base::ErrorCode;
using base::fail;

std::string element(const std::string& name, const std::string& attributes,
                    const std::string& content) {
  std::string out;
  out.reserve(2 * name.size() + attributes.size() + content.size() + 5);
  out += '<';
  out += name;
  out += attributes;
  out += '>';
  out += content;
  out += "</";
  out += name;
  out += '>';
  return out;
}

std::string block(const seal::Context& context, const std::string& name, std::string_view id,
                  const std::string& before_id, const std::string& after_id, std::string_view actor,
                  const std::string& content) {
  return element(name,
                 context.declarations() + before_id + " Id=\"" + std::string(id) + "\"" + after_id +
                     " " + context.soap("actor") + "=\"" + std::string(actor) + "\" " +
                     context.soap("mustUnderstand") + "=\"1\"",
                 content);
}

std::string block_2017(const seal::Context& context, const std::string& name, std::string_view id,
                       const std::string& content) {
  return element("osci2017:" + name,
                 context.declarations("osci2017", ns::osci2017) + " Id=\"" + std::string(id) +
                     "\" " + context.soap("actor") + "=\"" + std::string(ns::actor_next) + "\" " +
                     context.soap("mustUnderstand") + "=\"1\"",
                 content);
}

seal::DraftBlock control_block(const seal::Context& context, const ControlBlock& control) {
  std::string before, after, content;
  if (control.conversation_id)
    before = " ConversationId=\"" + xml::escape_attribute(*control.conversation_id) + "\"";
  if (control.sequence_number)
    after = " SequenceNumber=\"" + std::to_string(*control.sequence_number) + "\"";
  if (control.response)
    content += element(context.osci("Response"), xml::escape_text(*control.response));
  if (control.challenge)
    content += element(context.osci("Challenge"), xml::escape_text(*control.challenge));
  return {"controlblock", block(context, context.osci("ControlBlock"), "controlblock", before,
                                after, ns::actor_next, content)};
}

seal::DraftBlock feature_description(const seal::Context& context,
                                     const std::optional<ChunkLimits>& chunks, bool client) {
  // What this build can do (5.6). Only the key is evaluated; the versions are those in which the
  // features appeared.
  constexpr std::pair<const char*, const char*> features[] = {
      {"DisableBase64", "1.2.0"},
      {"OAEPEncryption", "1.6.0"},
      {"SHA3HashAlgo", "1.6.3"},
      {"GCMPaddingModus", "1.7.0"},
      {"PartialMessageTransmission", "1.8.0"},
      {"Support96Bit12ByteIV", "1.9.0"}};
  std::string list;
  for (const auto& [key, version] : features)
    if (key != std::string_view("PartialMessageTransmission") || chunks || client)
      list += element("osci2017:Feature",
                      std::string(" Key=\"") + key + "\" Version=\"" + version + "\"", "");
  std::string before, after;
  if (chunks) {
    if (chunks->timeout_seconds > 0)
      before =
          std::string(chunks->schema_spelling ? " ChunkMessageTimeOut" : " ChunkMessageTimeout") +
          "=\"" + std::to_string(chunks->timeout_seconds) + "\"";
    after = " MaxChunkSize=\"" + std::to_string(chunks->max_chunk) + "\" MaxMessageSize=\"" +
            std::to_string(chunks->max_message) + "\" MinChunkSize=\"" +
            std::to_string(chunks->min_chunk) + "\"";
  }
  return {"featuredescription", element("osci2017:FeatureDescription",
                                        context.declarations("osci2017", ns::osci2017) + before +
                                            " Id=\"featuredescription\"" + after,
                                        element("osci2017:SupportedFeatures", list))};
}

std::string chunk_element(const ChunkInformation& chunk) {
  // In alphabetical, which is canonical, order (11.2).
  std::string attributes;
  const auto number = [&](const char* name, const auto& value) {
    if (value) attributes += std::string(" ") + name + "=\"" + std::to_string(*value) + "\"";
  };
  number("ChunkNumber", chunk.number);
  number("ChunkSize", chunk.size);
  if (chunk.received) {
    std::string list;
    for (const auto one : *chunk.received) list += (list.empty() ? "" : " ") + std::to_string(one);
    attributes += " ReceivedChunks=\"" + (list.empty() ? std::string("-1") : list) + "\"";
  }
  number("TotalChunkNumbers", chunk.total_numbers);
  number("TotalMessageSize", chunk.total_size);
  return element("osci2017:ChunkInformation", attributes, "");
}

std::string chunk_package(const seal::Context& context) {
  return element(
      context.osci("ContentPackage"),
      element(context.osci("ContentContainer"), " Id=\"ChunkContentContainer\"",
              element(context.osci("Content"),
                      " Id=\"ChunkContent\" href=\"cid:" + std::string(kChunkContentId) + "\"",
                      "")));
}

void add_qualities(seal::Draft& draft, Qualities which, const std::string& creation,
                   const std::string& reception) {
  const auto add = [&](const char* service, const std::string& value) {
    const std::string id = std::string("qualityoftimestamp_") + service;
    draft.blocks.push_back(
        {id, block(draft.context, draft.context.osci("QualityOfTimestamp"), id, "",
                   " Quality=\"" + xml::escape_attribute(value) + "\" Service=\"" + service + "\"",
                   ns::actor_next, "")});
  };
  if (which != Qualities::none) add("creation", creation);
  if (which == Qualities::both) add("reception", reception);
}

std::string certificate_element(const seal::Context& context, const std::string& role,
                                const std::string& id, const crypto::Certificate& certificate) {
  return element(context.osci(role), " Id=\"" + xml::escape_attribute(id) + "\"",
                 element(context.ds("X509Data"), element(context.ds("X509Certificate"),
                                                         base::base64_encode(certificate.der()))));
}

std::string message_id_element(const seal::Context& context, std::string_view id) {
  return element(context.osci("MessageId"), base::base64_encode(id));
}

std::string selection_elements(const seal::Context& context, const Selection& selection) {
  std::string out;
  const auto dated = [&](const char* name) {
    std::string attributes;
    if (selection.no_reception) attributes += " NoReception=\"true\"";
    if (selection.role == Selection::Role::addressee) attributes += " Role=\"Addressee\"";
    if (selection.role == Selection::Role::originator) attributes += " Role=\"Originator\"";
    return element(context.osci(name), attributes, xml::escape_text(selection.since_text));
  };
  switch (selection.rule) {
  case Selection::Rule::none:
    break;
  case Selection::Rule::message_ids: {
    std::string ids;
    for (const auto& id : selection.message_ids) ids += message_id_element(context, id);
    out = element(context.osci("SelectionRule"), ids);
    break;
  }
  case Selection::Rule::reception_of_delivery:
    out = element(context.osci("SelectionRule"), dated("ReceptionOfDelivery"));
    break;
  case Selection::Rule::recent_modification:
    out = element(context.osci("SelectionRule"), dated("RecentModification"));
    break;
  }
  if (selection.limit)
    out += element(context.osci("Quantity"), " Limit=\"" + std::to_string(*selection.limit) + "\"",
                   "");
  return out;
}

namespace {

// An unsigned decimal number that fits the type.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  text = base::trim(text);
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// More chunks than any transfer that the limits allow.
constexpr std::size_t kMaxReceivedChunks = 100'000;
constexpr std::size_t kMaxSubject = 4096;

} // namespace

base::Result<ControlBlock> read_control_block(const xml::Element& block, ErrorCode broken) {
  ControlBlock out;
  out.conversation_id = block.attribute("ConversationId");
  if (out.conversation_id) {
    // Digits only (7.1); the bound keeps a hostile value out of log lines and indexes.
    const auto& id = *out.conversation_id;
    if (id.empty() || id.size() > 64 ||
        !std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return fail(ErrorCode::control_block, "ConversationId is not a number");
  }
  if (const auto text = block.attribute("SequenceNumber")) {
    out.sequence_number = read_number<std::uint32_t>(*text);
    if (!out.sequence_number)
      return fail(ErrorCode::control_block, "SequenceNumber is not a number");
  }
  for (const auto& child : block.children()) {
    const auto text = child.text();
    if (!text || text->empty() || text->size() > 1024)
      return fail(broken, "ControlBlock child empty or too long");
    // Order Response, Challenge; nothing else (7.1).
    if (child.is(ns::osci, "Response") && !out.response && !out.challenge)
      out.response = *text;
    else if (child.is(ns::osci, "Challenge") && !out.challenge)
      out.challenge = *text;
    else
      return fail(broken, "unexpected child of ControlBlock");
  }
  return out;
}

base::Result<std::vector<RoleCertificate>> read_certificates(const xml::Element& block,
                                                             ErrorCode broken) {
  constexpr std::size_t kMax = 64;
  std::vector<RoleCertificate> out;
  for (const auto& child : block.children()) {
    if (out.size() == kMax) return fail(broken, "too many certificates");
    const auto id = child.attribute("Id");
    const auto data = child.children();
    if (child.namespace_uri() != ns::osci || !id || data.size() != 1 ||
        !data[0].is(ns::ds, "X509Data"))
      return fail(broken, "unexpected child among the certificates");
    const auto x509 = data[0].children();
    if (x509.size() != 1 || !x509[0].is(ns::ds, "X509Certificate"))
      return fail(broken, "not exactly one X509Certificate");
    const auto text = x509[0].text();
    const auto der = text ? base::base64_decode(*text) : base::Result<std::string>(base::Error{});
    if (!der) return fail(broken, "certificate is not base64");
    auto certificate = crypto::Certificate::from_der(*der);
    if (!certificate) return fail(broken, "certificate cannot be read");
    out.push_back(RoleCertificate{std::string(child.name()), *id, std::move(*certificate)});
  }
  return out;
}

Features read_features(const xml::Element* block) {
  Features out;
  if (!block) return out;
  out.present = true;
  for (const auto& list : block->children()) {
    if (!list.is(ns::osci2017, "SupportedFeatures")) continue;
    for (const auto& feature : list.children())
      if (const auto key = feature.attribute("Key"); key && out.keys.size() < 64)
        out.keys.insert(*key);
  }
  if (!out.keys.contains("PartialMessageTransmission")) return out;
  // Unreadable limits count as not given: a peer's description is no reason to refuse its message.
  auto& chunks = out.chunks.emplace();
  const auto read = [&](const char* name, std::uint64_t& value) {
    if (const auto text = block->attribute(name))
      value = read_number<std::uint64_t>(*text).value_or(value);
  };
  read("MinChunkSize", chunks.min_chunk);
  read("MaxChunkSize", chunks.max_chunk);
  read("MaxMessageSize", chunks.max_message);
  for (const char* name : {"ChunkMessageTimeout", "ChunkMessageTimeOut"})
    if (const auto text = block->attribute(name))
      chunks.timeout_seconds = read_number<std::uint32_t>(*text).value_or(0);
  return out;
}

base::Result<ChunkInformation> read_chunk(const xml::Element& element, ErrorCode broken) {
  ChunkInformation out;
  if (!element.children().empty()) return fail(broken, "ChunkInformation is not empty");
  for (const auto& name : element.attribute_names()) {
    const std::string text = element.attribute(name).value_or("");
    bool ok = true;
    if (name == "ChunkNumber") {
      ok = (out.number = read_number<std::uint32_t>(text)).has_value();
    } else if (name == "ChunkSize") {
      ok = (out.size = read_number<std::uint64_t>(text)).has_value();
    } else if (name == "TotalChunkNumbers") {
      ok = (out.total_numbers = read_number<std::uint32_t>(text)).has_value();
    } else if (name == "TotalMessageSize") {
      ok = (out.total_size = read_number<std::uint64_t>(text)).has_value();
    } else if (name == "ReceivedChunks") {
      auto& list = out.received.emplace();
      if (base::trim(text) == "-1") continue;
      std::string current;
      for (const char c : text + " ") {
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
          current.push_back(c);
          continue;
        }
        if (current.empty()) continue;
        const auto number = read_number<std::uint32_t>(current);
        if (!number || list.size() == kMaxReceivedChunks)
          return fail(broken, "ReceivedChunks is no list of numbers");
        list.push_back(*number);
        current.clear();
      }
    } else {
      return fail(broken, "unknown attribute of ChunkInformation");
    }
    if (!ok) return fail(broken, "ChunkInformation with something that is no number");
  }
  return out;
}

base::Result<Content> read_chunk_package(const seal::Verified& message, ErrorCode broken) {
  const auto wrong = [broken] { return fail(broken, "Body is not a chunk container"); };
  const auto body = message.body().element.children();
  if (body.size() != 1 || !body[0].is(ns::osci, "ContentPackage")) return wrong();
  const auto containers = body[0].children();
  if (containers.size() != 1 || !containers[0].is(ns::osci, "ContentContainer") ||
      containers[0].attribute("Id") != "ChunkContentContainer")
    return wrong();
  const auto contents = containers[0].children();
  const std::string reference = "cid:" + std::string(kChunkContentId);
  if (contents.size() != 1 || !contents[0].is(ns::osci, "Content") ||
      contents[0].attribute("href") != reference || !contents[0].children().empty())
    return wrong();
  if (message.attachments().size() != 1 || message.attachments()[0].content_id != kChunkContentId)
    return fail(broken, "not exactly the chunk as attachment");
  Content out;
  out.attachments = message.attachments();
  return out;
}

base::Result<> read_content(const seal::Verified& message, Content& out, ErrorCode broken) {
  const auto& element = message.body().element;
  const auto body = element.children();
  if (body.size() != 1 || !body[0].is(ns::osci, "ContentPackage") || !element.element_only() ||
      !body[0].element_only())
    return fail(broken, "Body is not exactly one ContentPackage");
  // EncryptedData first, then ContentContainers, nothing else (6.1). What is inside stays opaque.
  bool containers = false;
  for (const auto& child : body[0].children()) {
    if (child.is(ns::osci, "ContentContainer"))
      containers = true;
    else if (!child.is(ns::xenc, "EncryptedData") || containers)
      return fail(broken, "unexpected child of ContentPackage");
  }
  const auto context = seal::Context::from_scope(element.namespaces_in_scope());
  if (!context) return fail(broken, context.error().detail);
  out.context = *context;
  out.body = std::string(inside(message.body().canonical));
  out.attachments = message.attachments();
  // Every stored block declares what the envelope will declare in which it goes out, so that it is
  // canonical there.
  if (const auto* certificates = message.block(ns::osci, "NonIntermediaryCertificates")) {
    out.certificates = context->declared_on(certificates->canonical);
    out.certificates_id = certificates->id;
  }
  for (auto& header : out.custom_headers) header.canonical = context->declared_on(header.canonical);
  for (const auto& attachment : out.attachments)
    if (attachment.content_id == "osci@message")
      return fail(broken, "attachment named osci@message");
  return {};
}

base::Result<std::string> read_subject(const xml::Element& element, ErrorCode broken) {
  const auto text = element.text();
  if (!text || text->size() > kMaxSubject) return fail(broken, "Subject too long");
  return *text;
}

base::Result<std::string> read_message_id(const xml::Element& element, ErrorCode broken) {
  const auto text = element.text();
  if (!text || text->size() > 1024) return fail(broken, "MessageId too long");
  auto decoded = base::base64_decode(*text);
  if (!decoded || !base::valid_utf8(*decoded))
    return fail(broken, "MessageId is not base64 of UTF-8");
  for (const char c : *decoded)
    if (static_cast<unsigned char>(c) < 0x20) return fail(broken, "control character in MessageId");
  return decoded;
}

base::Result<Selection> read_selection(const std::vector<xml::Element>& children, bool process_card,
                                       ErrorCode broken) {
  Selection out;
  std::size_t at = 0;
  if (at < children.size() && children[at].is(ns::osci, "SelectionRule")) {
    const auto rules = children[at++].children();
    if (rules.empty()) return fail(broken, "empty SelectionRule");
    if (rules[0].is(ns::osci, "MessageId")) {
      if (!process_card && rules.size() != 1) return fail(broken, "more than one MessageId");
      if (rules.size() > 1000) return fail(broken, "too many MessageIds");
      out.rule = Selection::Rule::message_ids;
      for (const auto& rule : rules) {
        if (!rule.is(ns::osci, "MessageId")) return fail(broken, "mixed SelectionRule");
        auto id = read_message_id(rule, broken);
        if (!id) return id.error();
        out.message_ids.push_back(std::move(*id));
      }
    } else {
      if (rules.size() != 1) return fail(broken, "mixed SelectionRule");
      // RecentModification is no criterion of a FetchDelivery (9.1, 16 no. 16).
      if (rules[0].is(ns::osci, "ReceptionOfDelivery"))
        out.rule = Selection::Rule::reception_of_delivery;
      else if (rules[0].is(ns::osci, "RecentModification") && process_card)
        out.rule = Selection::Rule::recent_modification;
      else
        return fail(broken, "unknown SelectionRule");
      const auto text = rules[0].text();
      const auto instant = base::parse_datetime(base::trim(text.value_or("")));
      if (!instant) return fail(broken, "SelectionRule without dateTime");
      out.since = *instant;
      out.since_text = std::string(base::trim(*text));
      for (const auto& name : rules[0].attribute_names()) {
        const auto value = rules[0].attribute(name).value_or("");
        if (process_card && name == "NoReception" &&
            (value == "true" || value == "1" || value == "false" || value == "0"))
          out.no_reception = value == "true" || value == "1";
        else if (process_card && name == "Role" && value == "Addressee")
          out.role = Selection::Role::addressee;
        else if (process_card && name == "Role" && value == "Originator")
          out.role = Selection::Role::originator;
        else
          return fail(broken, "unknown attribute in SelectionRule");
      }
    }
  }
  if (process_card && at < children.size() && children[at].is(ns::osci, "Quantity")) {
    out.limit = read_number<std::uint32_t>(children[at++].attribute("Limit").value_or(""));
    if (!out.limit || *out.limit == 0) return fail(broken, "Quantity without positive Limit");
  }
  if (at != children.size()) return fail(broken, "unexpected child of the selection");
  return out;
}

std::string_view inside(std::string_view canonical) {
  // '>' stands literally inside attribute values of canonical XML, so quotes must be followed.
  bool quoted = false;
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    if (canonical[i] == '"') quoted = !quoted;
    if (canonical[i] != '>' || quoted) continue;
    const auto end = canonical.rfind("</");
    base::check(end != std::string_view::npos && end > i, "canonical element without end tag");
    return canonical.substr(i + 1, end - i - 1);
  }
  throw base::InternalError("canonical element without start tag");
}

std::string certificate_id(std::string_view role, const crypto::Certificate& certificate) {
  return std::string(role) + "_" + certificate.fingerprint();
}

} // namespace osci
