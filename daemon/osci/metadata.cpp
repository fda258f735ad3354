#include "osci/metadata.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "directory/directory.h"
#include "xml/document.h"
#include "xml/writer.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kAddressing = "http://www.w3.org/2005/08/addressing";
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kMostFindings = 32;

xml::Limits limits() {
  xml::Limits out;
  out.size = 256 * 1024;
  out.depth = 24;
  out.elements = 2000;
  return out;
}

// --- what a value may look like

bool no_control(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}
bool non_empty(std::string_view value) {
  return !base::trim(value).empty();
}
bool normalized(std::string_view value) {
  return non_empty(value) && no_control(value);
}
bool any_text(std::string_view) {
  return true;
}
// Not the grammar of RFC 3986: schemas take nearly anything for xsd:anyURI.
bool uri(std::string_view value) {
  const auto text = base::trim(value);
  return !text.empty() && no_control(text) &&
         text.find_first_of(" <>\"{}|\\^`") == std::string_view::npos;
}
bool date_time(std::string_view value) {
  const std::string text(base::trim(value));
  // The zone is optional in xsd:dateTime.
  return base::parse_datetime(text) || base::parse_datetime(text + "Z");
}
bool date(std::string_view value) {
  const std::string text(base::trim(value));
  return text.size() >= 10 && date_time(text.substr(0, 10) + "T00:00:00" + text.substr(10));
}
std::optional<std::uint64_t> positive(std::string_view value) {
  auto text = base::trim(value);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out == 0) return std::nullopt;
  return out;
}
bool boolean(std::string_view value) {
  const auto text = base::trim(value);
  return text == "true" || text == "false" || text == "1" || text == "0";
}

using Rule = bool (*)(std::string_view);

// Children of an element in the order of the schema.
struct Slot {
  std::string_view name;
  bool required = false;
  bool repeats = false;
};

class Reading {
 public:
  explicit Reading(xml::Element root) : root_(root) {
    out_.namespace_uri = std::string(root.namespace_uri());
    known_ = out_.namespace_uri == kMetaDataNamespace;
    if (!known_) finding("MessageMetaData", "another version than that of 2014");
  }

  MetaData read() {
    constexpr std::array<Slot, 7> order = {{{"DeliveryAttributes", true},
                                            {"Originators", true},
                                            {"Destinations", true},
                                            {"MsgIdentification", true},
                                            {"Qualifier", true},
                                            {"MessageProperties"},
                                            {"MsgSize"}}};
    in_order(root_, "MessageMetaData", order);
    if (const auto test = root_.attribute("TestMsg")) {
      if (!boolean(*test)) finding("MessageMetaData/@TestMsg", "not a boolean");
      out_.test = base::trim(*test) == "true" || base::trim(*test) == "1";
    }
    delivery_attributes();
    parties();
    identification();
    qualifier();
    properties();
    for (const auto* name : {"MsgSize", "MessageSize"})
      if (const auto size = child(root_, name)) {
        out_.size = positive(text(*size, name, any_text));
        if (!out_.size) finding(name, "not a positive number");
      }
    return std::move(out_);
  }

 private:
  void finding(std::string_view path, std::string_view rule) {
    if (out_.findings.size() == kMostFindings) return;
    out_.findings.push_back(std::string(path) + ": " + std::string(rule));
  }

  // By local name, so that other versions are read too; where the version is known a foreign
  // namespace has been found by in_order().
  static std::optional<xml::Element> child(const xml::Element& parent, std::string_view name) {
    for (const auto& one : parent.children())
      if (one.name() == name) return one;
    return std::nullopt;
  }

  template <std::size_t N>
  void in_order(const xml::Element& parent, std::string_view path,
                const std::array<Slot, N>& slots) {
    if (!known_) return;
    if (!parent.element_only()) finding(path, "text between elements");
    std::size_t at = 0, taken = 0;
    for (const auto& one : parent.children()) {
      const bool addressing = one.is(kAddressing, "MessageID");
      if (one.namespace_uri() != kMetaDataNamespace && !addressing) {
        finding(path, "an element of a foreign namespace");
        continue;
      }
      std::size_t slot = at;
      while (slot < N && slots[slot].name != one.name()) ++slot;
      if (slot == N) {
        finding(path, "an element that is unknown or out of order");
        continue;
      }
      if (slot == at && taken > 0 && !slots[at].repeats) finding(path, "an element twice");
      for (std::size_t skipped = at + (taken > 0 ? 1 : 0); skipped < slot; ++skipped)
        if (slots[skipped].required) missing(path, slots[skipped].name);
      taken = slot == at ? taken + 1 : 1;
      at = slot;
    }
    for (std::size_t rest = at + (taken > 0 ? 1 : 0); rest < N; ++rest)
      if (slots[rest].required) missing(path, slots[rest].name);
  }

  void missing(std::string_view path, std::string_view name) {
    finding(std::string(path) + "/" + std::string(name), "missing");
  }

  std::string text(const xml::Element& element, std::string_view path, Rule rule) {
    const auto value = element.text();
    if (!value) {
      finding(path, "text expected");
      return {};
    }
    if (value->size() > kLongestValue) {
      finding(path, "too long");
      return {};
    }
    if (!rule(*value)) finding(path, "not of its type");
    return std::string(base::trim(*value));
  }

  std::string attribute(const xml::Element& element, std::string_view path, std::string_view name,
                        bool required, Rule rule) {
    const std::string where = std::string(path) + "/@" + std::string(name);
    const auto value = element.attribute(name);
    if (!value) {
      if (required && known_) finding(where, "missing");
      return {};
    }
    if (value->size() > kLongestValue) {
      finding(where, "too long");
      return {};
    }
    if (!rule(*value)) finding(where, "not of its type");
    return *value;
  }

  void delivery_attributes() {
    const auto attributes = child(root_, "DeliveryAttributes");
    if (!attributes) return;
    constexpr std::array<Slot, 9> order = {{{"Origin"},
                                            {"InitialSend"},
                                            {"NotBefore"},
                                            {"ObsoleteAfter"},
                                            {"Delivery"},
                                            {"InitialFetch"},
                                            {"Reception"},
                                            {"ServiceQuality"},
                                            {"ReceiptRequests"}}};
    in_order(*attributes, "DeliveryAttributes", order);
    for (const auto& one : attributes->children()) {
      const auto name = std::string(one.name());
      if (name == "ReceiptRequests" || (!known_ && name == "ServiceQuality")) continue;
      const Rule rule =
          name == "ServiceQuality" ? non_empty : (name == "ObsoleteAfter" ? date : date_time);
      const auto value = text(one, "DeliveryAttributes/" + name, rule);
      if (name == "Origin" && date_time(value)) out_.origin = value;
    }
  }

  PartyIdentifier identifier(const xml::Element& element, std::string_view path) {
    PartyIdentifier out;
    out.value = text(element, path, normalized);
    out.type = attribute(element, path, "type", true, non_empty);
    out.name = attribute(element, path, "name", false, non_empty);
    out.category = attribute(element, path, "category", false, non_empty);
    return out;
  }

  PartyIdentifier party(const xml::Element& element, const std::string& path) {
    constexpr std::array<Slot, 2> order = {{{"Identifier", true}, {"SecurityToken", false, true}}};
    in_order(element, path, order);
    const auto inner = child(element, "Identifier");
    return inner ? identifier(*inner, path + "/Identifier") : PartyIdentifier{"", "", "", ""};
  }

  void parties() {
    if (const auto originators = child(root_, "Originators")) {
      constexpr std::array<Slot, 3> order = {{{"Author", true}, {"Sender"}, {"ReplyTo"}}};
      in_order(*originators, "Originators", order);
      for (const auto& one : originators->children()) {
        const auto name = std::string(one.name());
        auto read = party(one, "Originators/" + name);
        if (name == "Author") out_.author = std::move(read);
      }
    }
    // The reader stands below the root since version 5.
    const auto destinations = child(root_, "Destinations");
    if (destinations) {
      constexpr std::array<Slot, 2> order = {{{"Reader", true}, {"OtherDestinations"}}};
      in_order(*destinations, "Destinations", order);
      if (const auto others = child(*destinations, "OtherDestinations")) {
        constexpr std::array<Slot, 2> inner = {
            {{"OtherReaders", true, true}, {"CcReaders", false, true}}};
        in_order(*others, "OtherDestinations", inner);
        for (const auto& one : others->children()) (void)identifier(one, "OtherDestinations");
      }
    }
    if (const auto reader = child(destinations ? *destinations : root_, "Reader"))
      out_.reader = party(*reader, "Destinations/Reader");
  }

  void identification() {
    if (const auto parent = child(root_, "MsgIdentification")) {
      constexpr std::array<Slot, 3> order = {
          {{"MessageID", true}, {"In-Reply-To", false, true}, {"ProcessRef"}}};
      in_order(*parent, "MsgIdentification", order);
      if (const auto id = child(*parent, "MessageID")) {
        if (known_ && !id->is(kAddressing, "MessageID"))
          finding("MsgIdentification/MessageID", "not of WS-Addressing");
        out_.message_id = text(*id, "MsgIdentification/MessageID", uri);
      }
    } else if (const auto id = child(root_, "XTAMessageID")) {
      out_.message_id = text(*id, "XTAMessageID", uri);
    }
  }

  KeyCode key_code(const xml::Element& element, const std::string& path) {
    KeyCode out;
    out.list_uri = attribute(element, path, "listURI", true, uri);
    out.list_version = attribute(element, path, "listVersionID", true, normalized);
    const auto children = element.children();
    // `code` and `name` are in no namespace.
    for (std::size_t i = 0; i < children.size(); ++i) {
      const bool code = i == 0 && children[i].name() == "code",
                 name = i == 1 && children[i].name() == "name";
      if (known_ && (!(code || name) || !children[i].namespace_uri().empty()))
        finding(path, "not code and name");
      if (code) out.code = text(children[i], path + "/code", normalized);
      if (name) (void)text(children[i], path + "/name", any_text);
    }
    if (children.empty() && !known_) out.code = text(element, path, normalized);
    if (out.code.empty()) finding(path, "no code");
    return out;
  }

  void qualifier() {
    const auto qualifier = child(root_, "Qualifier");
    if (!qualifier) return;
    constexpr std::array<Slot, 4> order = {
        {{"Subject"}, {"Service", true}, {"BusinessScenario", true}, {"MessageType", true}}};
    in_order(*qualifier, "Qualifier", order);
    if (const auto subject = child(*qualifier, "Subject"))
      (void)text(*subject, "Qualifier/Subject", any_text); // may name people: looked at, not kept
    if (const auto service = child(*qualifier, "Service"))
      out_.service = text(*service, "Qualifier/Service", uri);
    if (const auto scenario = child(*qualifier, "BusinessScenario")) {
      const auto choice = scenario->children();
      if (choice.size() != 1)
        finding("Qualifier/BusinessScenario", "not exactly one of Defined and Undefined");
      else if (choice[0].name() == "Defined")
        out_.business_scenario = key_code(choice[0], "Qualifier/BusinessScenario/Defined");
      else if (choice[0].name() == "Undefined")
        out_.undefined_scenario =
            text(choice[0], "Qualifier/BusinessScenario/Undefined", no_control);
      else
        finding("Qualifier/BusinessScenario", "not exactly one of Defined and Undefined");
    }
    if (const auto type = child(*qualifier, "MessageType")) {
      out_.message_type = key_code(*type, "Qualifier/MessageType");
      out_.payload_schema = attribute(*type, "Qualifier/MessageType", "payloadSchema", known_, uri);
    }
  }

  void properties() {
    const auto properties = child(root_, "MessageProperties");
    if (!properties || !known_) return;
    constexpr std::array<Slot, 1> order = {{{"Property", true, true}}};
    in_order(*properties, "MessageProperties", order);
    for (const auto& one : properties->children()) {
      constexpr std::array<Slot, 2> inner = {{{"Key", true}, {"Value", true}}};
      in_order(one, "MessageProperties/Property", inner);
      if (const auto key = child(one, "Key"))
        (void)key_code(*key, "MessageProperties/Property/Key");
      if (const auto value = child(one, "Value"))
        (void)text(*value, "MessageProperties/Property/Value", non_empty);
    }
  }

  xml::Element root_;
  bool known_ = false;
  MetaData out_;
};

std::string kept(const std::string& value) {
  return value.size() > mailbox::kMaxMetaDataValue ? std::string() : value;
}

bool only(std::string_view value, std::string_view marks) {
  return std::all_of(value.begin(), value.end(), [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

// --- writing

std::string element(std::string_view name, const std::string& attributes,
                    const std::string& content) {
  return "<" + std::string(name) + attributes + ">" + content + "</" + std::string(name) + ">";
}

std::string attribute(std::string_view name, const std::string& value) {
  if (value.empty()) return {};
  return " " + std::string(name) + "=\"" + xml::escape_attribute(value) + "\"";
}

std::string party_element(const PartyIdentifier& party) {
  return element("oscimeta:Identifier",
                 attribute("category", party.category) + attribute("name", party.name) +
                     attribute("type", party.type),
                 xml::escape_text(party.value));
}

std::string code_element(std::string_view name, const KeyCode& code, const std::string& more) {
  return element(name,
                 attribute("listURI", code.list_uri) +
                     attribute("listVersionID", code.list_version) + more,
                 element("code", "", xml::escape_text(code.code)));
}

} // namespace

const CustomHeader* find_metadata(const std::vector<CustomHeader>& headers) {
  for (const auto& one : headers)
    if (one.id == kMetaDataId) return &one;
  return nullptr;
}

base::Result<MetaData> read_metadata(std::string_view xml) {
  const auto document = xml::Document::parse(xml, limits());
  if (!document) return fail(ErrorCode::malformed_message, document.error().detail);
  if (document->root().name() != "MessageMetaData")
    return fail(ErrorCode::malformed_message, "the root is not MessageMetaData");
  return Reading(document->root()).read();
}

mailbox::MetaDataIndex metadata_index(const MetaData& metadata) {
  mailbox::MetaDataIndex out;
  out.message_id = kept(metadata.message_id);
  out.service = kept(metadata.service);
  out.message_type = kept(metadata.message_type.code);
  out.message_type_list = kept(metadata.message_type.list_uri);
  out.business_scenario =
      kept(metadata.business_scenario.code.empty() ? metadata.undefined_scenario
                                                   : metadata.business_scenario.code);
  out.author = kept(metadata.author.value);
  out.reader = kept(metadata.reader.value);
  return out;
}

std::string loggable_party(std::string_view identifier) {
  return directory::normalise_key(identifier) ? std::string(identifier) : std::string();
}

std::string loggable_service(std::string_view service) {
  const bool known = service.starts_with("http://") || service.starts_with("https://") ||
                     service.starts_with("urn:");
  return known && only(service, "-._~:/?#=&%") ? std::string(service) : std::string();
}

std::string loggable_code(std::string_view code) {
  const bool numbered = code.find_first_of("0123456789") != std::string_view::npos;
  return numbered && only(code, "-._") ? std::string(code) : std::string();
}

base::Result<std::string> write_metadata(const MetaData& m) {
  const bool listed = !m.business_scenario.list_uri.empty();
  const std::pair<const std::string*, const char*> needed[] = {
      {&m.service, "the service"},
      {&m.author.value, "the author"},
      {&m.author.type, "the type of the author's identifier"},
      {&m.reader.value, "the reader"},
      {&m.reader.type, "the type of the reader's identifier"},
      {&m.message_id, "the message id"},
      {&m.message_type.code, "the message type"},
      {&m.message_type.list_uri, "the code list of the message type"},
      {&m.message_type.list_version, "the version of the code list of the message type"},
      {&m.payload_schema, "the payload schema"},
      {listed ? &m.business_scenario.code : &m.undefined_scenario, "the business scenario"},
      {listed ? &m.business_scenario.list_version : &m.undefined_scenario,
       "the version of the code list of the business scenario"}};
  for (const auto& [value, what] : needed)
    if (value->empty())
      return fail(ErrorCode::invalid_config,
                  std::string("MessageMetaData needs ") + what + " (by its schema)");

  std::string attributes;
  if (m.origin) attributes += element("oscimeta:Origin", "", xml::escape_text(*m.origin));
  const std::string scenario =
      listed ? code_element("oscimeta:Defined", m.business_scenario, "")
             : element("oscimeta:Undefined", "", xml::escape_text(m.undefined_scenario));
  std::string out =
      "<oscimeta:MessageMetaData xmlns:oscimeta=\"" + std::string(kMetaDataNamespace) +
      "\" xmlns:wsa=\"" + std::string(kAddressing) + "\"" +
      (m.test ? std::string(" TestMsg=\"true\"") : std::string()) + ">" +
      element("oscimeta:DeliveryAttributes", "", attributes) +
      element("oscimeta:Originators", "", element("oscimeta:Author", "", party_element(m.author))) +
      element("oscimeta:Destinations", "",
              element("oscimeta:Reader", "", party_element(m.reader))) +
      element("oscimeta:MsgIdentification", "",
              element("wsa:MessageID", "", xml::escape_text(m.message_id))) +
      element("oscimeta:Qualifier", "",
              element("oscimeta:Service", "", xml::escape_text(m.service)) +
                  element("oscimeta:BusinessScenario", "", scenario) +
                  code_element("oscimeta:MessageType", m.message_type,
                               attribute("payloadSchema", m.payload_schema)));
  if (m.size) out += element("oscimeta:MsgSize", "", std::to_string(*m.size));
  out += "</oscimeta:MessageMetaData>";
  // Our own values are held against the same rules as those of others.
  return adopt_metadata(out);
}

base::Result<std::string> adopt_metadata(std::string_view xml) {
  const auto wrong = [](const std::string& why) {
    return fail(ErrorCode::invalid_config, "MessageMetaData: " + why);
  };
  const auto read = read_metadata(xml);
  if (!read) return wrong(read.error().detail);
  if (!read->findings.empty()) return wrong(read->findings.front());
  const auto document = xml::Document::parse(xml, limits());
  if (!document) return wrong(document.error().detail);
  std::string text = document->root().canonical();
  if (!document->root().attribute("Id")) {
    // Canonical text begins with the start tag; where the attribute belongs is for C14N to say.
    text.insert(text.find_first_of(" >"), " Id=\"" + std::string(kMetaDataId) + "\"");
    const auto again = xml::Document::parse(text, limits());
    if (!again) return wrong(again.error().detail);
    text = again->root().canonical();
  } else if (document->root().attribute("Id") != kMetaDataId) {
    return wrong("its Id is not MetaData");
  }
  return seal::Context::standard().declared_on(text);
}

} // namespace osci
