#include "lookup/wsdl.h"
#include "base/encoding.h"
#include "lookup/service_names.h"
#include "lookup/wsdl_prose.h"
#include "xml/document.h"
#include <algorithm>
#include <optional>
#include <set>

namespace lookup {

using base::ErrorCode;
using base::Result;
using directory::Network;
using directory::ServiceElement;
using xml::Element;

namespace {

constexpr std::string_view kWsdl = "http://schemas.xmlsoap.org/wsdl/";
constexpr std::string_view kOsci = "http://www.osci.de/2006/07/wsdl/";
constexpr std::string_view kTemplate = "http://www.dvdv.de/dvdv/template/";
constexpr std::string_view kSchema = "http://www.w3.org/2001/XMLSchema";
constexpr std::size_t kMaxText = 512;
constexpr std::string_view kPrefixList = "urn:xoev-de:bund:bmi:bit:codeliste:dvdv.praefix";

base::Error wrong(const std::string& rule) {
  return base::fail(ErrorCode::malformed_message, "WSDL: " + rule);
}

std::vector<Element> children(const Element& of, std::string_view space, std::string_view name) {
  std::vector<Element> out;
  for (const auto& one : of.children())
    if (one.is(space, name)) out.push_back(one);
  return out;
}

std::optional<Element> child(const Element& of, std::string_view space, std::string_view name) {
  for (const auto& one : of.children())
    if (one.is(space, name)) return one;
  return std::nullopt;
}

std::optional<Element> named(const std::vector<Element>& all, std::string_view name) {
  for (const auto& one : all)
    if (one.attribute("name").value_or("") == name) return one;
  return std::nullopt;
}

// Every element of this name at any depth; the depth of the document is bounded.
void collect(const Element& of, std::string_view space, std::string_view name,
             std::vector<Element>& out) {
  for (const auto& one : of.children()) {
    if (one.is(space, name)) out.push_back(one);
    collect(one, space, name, out);
  }
}

bool usable(std::string_view text) {
  return !text.empty() && text.size() <= kMaxText && base::trim(text) == text &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

struct QName {
  std::string space, local;
};
QName resolve(const Element& at, const std::string& name) {
  const auto colon = name.find(':');
  const auto scope = at.namespaces_in_scope();
  const auto found = scope.find(colon == std::string::npos ? "" : name.substr(0, colon));
  return {found == scope.end() ? "" : found->second,
          colon == std::string::npos ? name : name.substr(colon + 1)};
}

bool holds(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& one : list) out += (out.empty() ? "" : ", ") + one;
  return out;
}

class Import {
 public:
  Import(const Element& root, const CategoryPrefixes* prefixes, const WsdlLimits& limits)
      : root_(root), prefixes_(prefixes), limits_(limits) {}

  Result<ImportedService> run() {
    out_.description.uri = root_.attribute("targetNamespace").value_or("");
    if (!usable(out_.description.uri) || out_.description.uri.find(':') == std::string::npos ||
        out_.description.uri.find(' ') != std::string::npos)
      return wrong("no targetNamespace that may be a service URI");
    out_.description.name = root_.attribute("name").value_or("");
    if (!usable(out_.description.name)) {
      warn("the WSDL has no name; its URI stands for it");
      out_.description.name = out_.description.uri;
    }
    if (auto read = read_roots(); !read) return read.error();
    if (auto read = read_categories(); !read) return read.error();
    read_operations();
    read_ports();
    return std::move(out_);
  }

 private:
  void warn(std::string what) { out_.warnings.push_back(std::move(what)); }

  Result<> read_categories() {
    std::vector<std::string> offering, use;
    std::vector<std::string> listed;
    for (const auto& documentation : children(root_, kWsdl, "documentation")) {
      if (const auto categories = child(documentation, kTemplate, "categories"))
        for (const auto& one : children(*categories, kTemplate, "category")) {
          const std::string category(base::trim(one.text().value_or("")));
          if (!usable(category)) return wrong("a tpl:category without usable text");
          offering.push_back(category);
        }
      auto prose = read_prose(documentation.canonical());
      for (auto& warning : prose.warnings) {
        if (warning == "no sentence says who may offer the service" && !offering.empty()) continue;
        warn(std::move(warning));
      }
      if (offering.empty())
        offering = std::move(prose.providers);
      else if (const auto more = beyond(prose.providers, offering); !more.empty())
        warn("tpl:categories and the prose disagree on providers; the prose alone names " +
             joined(more));
      use = std::move(prose.users);
      listed = std::move(prose.messages);
    }
    for (auto* list : {&offering, &use})
      if (list->size() > limits_.categories)
        return base::fail(ErrorCode::too_large, "WSDL: too many categories");
    compare_roots(listed);
    out_.description.providers = spelled(offering);
    out_.description.users = spelled(use);
    if (out_.description.users.empty())
      warn("no list of users is written: any may use the service");
    if (out_.description.providers.empty())
      warn("no list of providers is written: any may offer the service");
    return {};
  }

  static std::vector<std::string> beyond(const std::vector<std::string>& these,
                                         const std::vector<std::string>& those) {
    std::vector<std::string> out;
    for (const auto& one : these)
      if (!holds(those, one)) out.push_back(one);
    return out;
  }

  std::vector<std::string> spelled(const std::vector<std::string>& categories) {
    std::vector<std::string> out;
    const auto add = [&out](const std::string& one) {
      if (!holds(out, one)) out.push_back(one);
    };
    for (const auto& category : categories) {
      auto name = category;
      auto prefixes = prefixes_ ? prefixes_->of(name) : std::vector<std::string>();
      if (prefixes_ && prefixes.empty()) {
        if (const auto singular = prefixes_->singular(name); !singular.empty()) {
          warn("\"" + name + "\" is taken for \"" + singular + "\"");
          name = singular;
          prefixes = prefixes_->of(name);
        } else {
          warn("the list of prefixes has no category \"" + name + "\"; it is written as it stands");
        }
      }
      add(name);
      for (const auto& prefix : prefixes) add(prefix);
    }
    return out;
  }

  Result<> read_roots() {
    std::vector<Element> messages = children(root_, kWsdl, "message");
    std::vector<Element> types;
    for (const auto& block : children(root_, kWsdl, "types"))
      collect(block, kSchema, "complexType", types);
    std::set<std::string> seen;
    for (const auto& port_type : children(root_, kWsdl, "portType"))
      for (const auto& operation : children(port_type, kWsdl, "operation"))
        for (const auto& way : operation.children()) {
          if (!way.is(kWsdl, "input") && !way.is(kWsdl, "output") && !way.is(kWsdl, "fault"))
            continue;
          const auto name = resolve(way, way.attribute("message").value_or("")).local;
          if (!seen.insert(name).second) continue;
          const auto message = named(messages, name);
          if (!message) {
            warn("an operation names a message that is not there");
            continue;
          }
          for (const auto& part : children(*message, kWsdl, "part"))
            if (auto read = read_part(part, types); !read) return read.error();
        }
    if (out_.description.roots.empty()) warn("no root elements are named: any are allowed");
    return {};
  }

  Result<> read_part(const Element& part, const std::vector<Element>& types) {
    if (const auto element = part.attribute("element"))
      return add_root(resolve(part, *element).local);
    const auto type = resolve(part, part.attribute("type").value_or(""));
    if (type.space == kSchema && type.local == "anyType") return {}; // the optional container
    if (!known_types_.insert(type.local).second) return {};
    const auto found = named(types, type.local);
    if (!found) {
      warn("the type of a message part is not found; root elements may be missing");
      return {};
    }
    std::vector<Element> elements;
    collect(*found, kSchema, "element", elements);
    for (const auto& one : elements) {
      const auto reference = one.attribute("ref");
      if (auto added = add_root(reference ? resolve(one, *reference).local
                                          : one.attribute("name").value_or(""));
          !added)
        return added.error();
    }
    return {};
  }

  Result<> add_root(const std::string& local) {
    auto& roots = out_.description.roots;
    if (!usable(local)) return wrong("a root element without usable name");
    if (!known_roots_.insert(local).second) return {};
    if (roots.size() >= limits_.roots)
      return base::fail(ErrorCode::too_large, "WSDL: too many root elements");
    roots.push_back(local);
    return {};
  }

  // The prose lists the messages too: a difference is one of the two being out of date.
  void compare_roots(const std::vector<std::string>& listed) {
    if (listed.empty() || known_roots_.empty()) return;
    const std::set<std::string> prose(listed.begin(), listed.end());
    std::size_t alone = 0;
    for (const auto& one : prose) alone += known_roots_.contains(one) ? 0 : 1;
    std::size_t missing = 0;
    for (const auto& one : known_roots_) missing += prose.contains(one) ? 0 : 1;
    if (alone + missing > 0)
      warn("prose and message parts differ: " + std::to_string(alone) +
           " root elements stand in the prose alone, " + std::to_string(missing) +
           " in the parts alone; the parts are taken");
  }

  void read_operations() {
    std::optional<std::string> way, subject;
    const auto take = [this](std::optional<std::string>& kept, std::optional<std::string> value,
                             const char* what) {
      if (!value) return;
      if (kept && *kept != *value)
        warn(std::string("operations differ in their ") + what + "; the first counts");
      else
        kept = std::move(value);
    };
    for (const auto& binding : children(root_, kWsdl, "binding"))
      for (const auto& operation : children(binding, kWsdl, "operation"))
        for (const auto& one : children(operation, kOsci, "operation")) {
          take(way, one.attribute("communicationType"), "communicationType");
          take(subject, one.attribute("subject"), "subject");
        }
    const auto known = way ? communication_of(*way) : std::nullopt;
    if (known)
      out_.description.communication = *known;
    else
      warn("the communicationType is missing or unknown; one-way-active is written");
    if (subject && usable(*subject))
      out_.description.subject = *subject;
    else
      warn("the subject is missing or not usable: any is allowed");
  }

  void read_ports() {
    const auto bindings = children(root_, kWsdl, "binding");
    for (const auto& service : children(root_, kWsdl, "service")) {
      const auto devices = child(service, kOsci, "devices");
      for (const auto& port : children(service, kWsdl, "port")) {
        const auto binding =
            named(bindings, resolve(port, port.attribute("binding").value_or("")).local);
        read_port(port, devices, binding);
      }
    }
    if (out_.description.slots.empty()) warn("no port is read: no service elements are demanded");
  }

  void read_port(const Element& port, const std::optional<Element>& devices,
                 const std::optional<Element>& binding) {
    const auto address = child(port, kOsci, "address");
    std::optional<Element> intermediary, addressee;
    std::string names = port.attribute("name").value_or("");
    if (address && devices) {
      const auto device = [&](const char* reference, const char* kind) -> std::optional<Element> {
        const auto by = child(*address, kOsci, reference);
        if (!by) return std::nullopt;
        const auto name = by->attribute("ref").value_or("");
        names += " " + name;
        return named(children(*devices, kOsci, kind), name);
      };
      intermediary = device("intermediaryRef", "intermediary");
      addressee = device("addresseeRef", "addressee");
    }
    names = base::to_lower_ascii(names);
    const bool testa = names.find("testa") != std::string::npos;
    const bool internet = names.find("internet") != std::string::npos;
    if (testa == internet) {
      warn("a port does not say by its names whether it is for Internet or TESTA; it is left out");
      return;
    }
    const auto network = testa ? Network::testa : Network::internet;
    const bool required = required_port(port, network);
    const auto add = [&](ServiceElement element, bool there) {
      auto& slots = out_.description.slots;
      const auto same = [&](const directory::Slot& one) {
        return one.network == network && one.element == element;
      };
      if (there && std::none_of(slots.begin(), slots.end(), same))
        slots.push_back({network, element, required});
    };
    const auto demands = [](const std::optional<Element>& of, const char* what) {
      const auto certificate = of ? child(*of, kOsci, what) : std::nullopt;
      return certificate && child(*certificate, kTemplate, "certificate").has_value();
    };
    const auto any = [&](const char* what) {
      const auto defaults = binding ? child(*binding, kOsci, "binding") : std::nullopt;
      const auto all = defaults ? children(*defaults, kOsci, what) : std::vector<Element>();
      return std::any_of(all.begin(), all.end(), [](const Element& one) {
        return child(one, kTemplate, "certificate").has_value();
      });
    };
    if (!intermediary || !addressee)
      warn("a port names no intermediary or addressee that is there");
    add(ServiceElement::intermediary,
        intermediary && intermediary->attribute("uri").value_or("").empty());
    add(ServiceElement::intermediary_cipher, demands(intermediary, "cipherCertificate"));
    add(ServiceElement::intermediary_signature, demands(intermediary, "signatureCertificate"));
    add(ServiceElement::recipient_cipher, demands(addressee, "cipherCertificate"));
    add(ServiceElement::content_cipher, any("reader"));
    add(ServiceElement::content_signature, any("author"));
  }

  bool required_port(const Element& port, Network network) {
    for (const auto& documentation : children(port, kWsdl, "documentation"))
      if (const auto use = child(documentation, kTemplate, "use")) {
        const auto text = use->text().value_or("");
        const auto word = base::trim(text);
        if (word == "optional") return false;
        if (word == "required") return true;
      }
    warn(std::string("the port for ") + std::string(to_string(network)) +
         " does not say whether it is required; it is taken as required");
    return true;
  }

  Element root_;
  const CategoryPrefixes* prefixes_;
  const WsdlLimits& limits_;
  std::set<std::string> known_roots_, known_types_;
  ImportedService out_;
};

} // namespace

Result<CategoryPrefixes> CategoryPrefixes::from(const xoev::CodeList& list) {
  const auto prefix = list.column("praefix");
  const auto category = list.column("behoerdenkategorie");
  if (list.canonical_uri != kPrefixList || !prefix || !category)
    return base::fail(ErrorCode::invalid_content, "not the code list " + std::string(kPrefixList));
  CategoryPrefixes out;
  for (const auto& row : list.rows) {
    std::string_view rest = row[*category];
    out.prefixes_.emplace(std::string(base::trim(rest)), row[*prefix]);
    if (rest.find(',') == std::string_view::npos) continue;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      out.prefixes_.emplace(std::string(base::trim(rest.substr(0, comma))), row[*prefix]);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return out;
}

std::vector<std::string> CategoryPrefixes::of(std::string_view category) const {
  std::vector<std::string> out;
  const auto [begin, end] = prefixes_.equal_range(category);
  for (auto at = begin; at != end; ++at) out.push_back(at->second);
  return out;
}

std::string CategoryPrefixes::singular(std::string_view category) const {
  std::string found;
  for (const std::string_view ending : {"n", "en", "e", "er", "s"}) {
    if (!category.ends_with(ending)) continue;
    const auto stem = category.substr(0, category.size() - ending.size());
    if (prefixes_.find(stem) == prefixes_.end()) continue;
    if (!found.empty()) return {};
    found = stem;
  }
  return found;
}

Result<ImportedService> read_wsdl(std::string_view text, const CategoryPrefixes* prefixes,
                                  const WsdlLimits& limits) {
  xml::Limits xml_limits;
  xml_limits.size = limits.bytes;
  xml_limits.elements = limits.elements;
  xml_limits.depth = 32;
  const auto document = xml::Document::parse(text, xml_limits);
  if (!document) return document.error();
  if (!document->root().is(kWsdl, "definitions")) return wrong("the root is no wsdl:definitions");
  return Import(document->root(), prefixes, limits).run();
}

} // namespace lookup
