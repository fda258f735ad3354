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

seal::DraftBlock feature_description(const seal::Context& context) {
  // What this build can do (5.6); PartialMessageTransmission is absent because it cannot.
  constexpr std::pair<const char*, const char*> features[] = {{"DisableBase64", "1.2.0"},
                                                              {"OAEPEncryption", "1.6.0"},
                                                              {"SHA3HashAlgo", "1.6.3"},
                                                              {"GCMPaddingModus", "1.7.0"},
                                                              {"Support96Bit12ByteIV", "1.9.0"}};
  std::string list;
  for (const auto& [key, version] : features)
    list += element("osci2017:Feature",
                    std::string(" Key=\"") + key + "\" Version=\"" + version + "\"", "");
  return {"featuredescription",
          element("osci2017:FeatureDescription",
                  context.declarations("osci2017", ns::osci2017) + " Id=\"featuredescription\"",
                  element("osci2017:SupportedFeatures", list))};
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

// An unsigned decimal number that fits 32 bits.
std::optional<std::uint32_t> read_number(std::string_view text) {
  text = base::trim(text);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

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
    out.sequence_number = read_number(*text);
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
  return out;
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
    out.limit = read_number(children[at++].attribute("Limit").value_or(""));
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
