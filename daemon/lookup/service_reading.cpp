#include "lookup/service_reading.h"
#include "lookup/service_names.h"
#include <algorithm>
#include <array>

namespace lookup {

using base::ErrorCode;
using base::Result;

namespace {

constexpr std::array<std::string_view, 1> file_keys{"description"};
constexpr std::array<std::string_view, 8> description_keys{
    "uri", "name", "providers", "users", "subject", "communication", "roots", "slot"};
constexpr std::array<std::string_view, 3> slot_keys{"network", "element", "required"};
constexpr std::array<std::string_view, 7> element_keys{
    "network",          "intermediary",   "intermediary_cipher", "intermediary_signature",
    "recipient_cipher", "content_cipher", "content_signature"};
constexpr std::size_t kMaxSlots = 64;

Result<directory::Network> read_network(const TomlFile& file, const toml::table& table,
                                        const std::string& header) {
  auto name = file.text(table, "network", header);
  if (!name) return name.error();
  const auto network = network_of(*name);
  if (!network)
    return file.fail_at(*table.get("network"),
                        "\"network\" is \"internet\" or \"testa\", not " + excerpt(*name));
  return *network;
}

Result<> read_slots(const TomlFile& file, const toml::table& table,
                    directory::ServiceDescription& description) {
  const std::string header = "[[description.slot]]";
  auto entries = file.tables(table, "slot", header, kMaxSlots);
  if (!entries) return entries.error();
  for (const auto* entry : *entries) {
    if (auto known = file.only(*entry, slot_keys, header); !known) return known.error();
    directory::Slot slot;
    auto network = read_network(file, *entry, header);
    if (!network) return network.error();
    slot.network = *network;
    auto name = file.text(*entry, "element", header);
    if (!name) return name.error();
    const auto element = service_element_of(*name);
    if (!element)
      return file.fail_at(*entry->get("element"),
                          excerpt(*name) + " is no service element" +
                              suggestion(*name, std::span(element_keys).subspan(1)));
    slot.element = *element;
    if (const auto* required = entry->get("required")) {
      if (!required->is_boolean()) return file.fail_at(*required, "\"required\" is true or false");
      slot.required = required->as_boolean()->get();
    }
    const auto same = [&](const directory::Slot& other) {
      return other.network == slot.network && other.element == slot.element;
    };
    if (std::any_of(description.slots.begin(), description.slots.end(), same))
      return file.fail_at(*entry, "the slot " + excerpt(*name) + " is given twice; remove one");
    description.slots.push_back(slot);
  }
  return {};
}

Result<directory::ServiceDescription> read_description(const TomlFile& file,
                                                       const toml::table& table,
                                                       const std::string& header,
                                                       const Limits& limits) {
  if (auto known = file.only(table, description_keys, header); !known) return known.error();
  directory::ServiceDescription out;
  for (const auto& [key, value] : {std::pair{"uri", &out.uri}, std::pair{"name", &out.name}}) {
    auto text = file.text(table, key, header);
    if (!text) return text.error();
    *value = std::move(*text);
  }
  for (const auto& [key, list] : {std::pair{"providers", &out.providers},
                                  std::pair{"users", &out.users}, std::pair{"roots", &out.roots}}) {
    auto texts = file.texts(table, key, limits.categories);
    if (!texts) return texts.error();
    *list = std::move(*texts);
  }
  if (const auto* node = table.get("subject")) {
    auto subject = file.text(*node, "subject");
    if (!subject) return subject.error();
    out.subject = std::move(*subject);
  }
  if (const auto* node = table.get("communication")) {
    auto name = file.text(*node, "communication");
    if (!name) return name.error();
    const auto way = communication_of(*name);
    if (!way)
      return file.fail_at(*node, "\"communication\" is \"one-way-active\", \"one-way-passive\" or "
                                 "\"request-response\", not " +
                                     excerpt(*name));
    out.communication = *way;
  }
  if (auto slots = read_slots(file, table, out); !slots) return slots.error();
  return out;
}

} // namespace

Result<> read_descriptions(const TomlFile& file, const toml::table& root, const Limits& limits,
                           std::vector<directory::ServiceDescription>& out) {
  const std::string header = "[[description]]";
  auto entries = file.tables(root, "description", header, limits.descriptions);
  if (!entries) return entries.error();
  for (const auto* entry : *entries) {
    auto description = read_description(file, *entry, header, limits);
    if (!description) return description.error();
    out.push_back(std::move(*description));
  }
  return {};
}

Result<> parse_descriptions(std::string_view text, const std::string& name, const Limits& limits,
                            std::vector<directory::ServiceDescription>& out) {
  const TomlFile file(name);
  if (const auto line = too_deep_key_line(text); line != 0)
    return file.fail_at(line, "a dotted key is nested too deeply");
  try {
    const toml::table root = toml::parse(text, name);
    if (auto known = file.only(root, file_keys, "an included file"); !known) return known.error();
    return read_descriptions(file, root, limits, out);
  } catch (const toml::parse_error& error) {
    return file.fail_at(error.source().begin.line,
                        "not valid TOML: " + one_line(error.description(), 200));
  }
}

Result<std::vector<directory::ServiceElements>>
read_elements(const TomlFile& file, const toml::table& service,
              const ServiceCertificate& certificate) {
  const std::string header = "[[organisation.service.element]]";
  std::vector<directory::ServiceElements> out;
  auto entries = file.tables(service, "element", header, 2);
  if (!entries) return entries.error();
  for (const auto* entry : *entries) {
    if (auto known = file.only(*entry, element_keys, header); !known) return known.error();
    directory::ServiceElements elements;
    auto network = read_network(file, *entry, header);
    if (!network) return network.error();
    elements.network = *network;
    const auto same = [&](const auto& other) { return other.network == elements.network; };
    if (std::any_of(out.begin(), out.end(), same))
      return file.fail_at(*entry, "the network is given twice; put all of it into one entry");
    for (const auto element : kServiceElements) {
      const auto key = to_string(element);
      const auto* node = entry->get(key);
      if (node == nullptr) continue;
      auto value = file.text(*node, key);
      if (!value) return value.error();
      auto* slot = certificate_of(elements, element);
      if (slot == nullptr) {
        if (!directory::valid_endpoint(*value))
          return file.fail_at(*node, excerpt(*value) +
                                         " is no http:// or https:// address with a host and "
                                         "without user name, fragment or spaces");
        elements.intermediary = std::move(*value);
        continue;
      }
      auto read = certificate(*node, *value, use_of(element));
      if (!read) return read.error();
      *slot = std::move(*read);
    }
    out.push_back(std::move(elements));
  }
  return out;
}

} // namespace lookup
