#include "xml/compiled_schemas.h"
#include "xml/pattern.h"
#include "xml/schema_tree.h"
#include "xml/writer.h"
#include <algorithm>
#include <array>
#include <ctime>
#include <libxml/tree.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>
#include <mutex>
#include <set>
#include <unordered_set>

namespace xml {

using base::ErrorCode;
using base::fail;

namespace {

constexpr const char* kSchemaNamespace = "http://www.w3.org/2001/XMLSchema";
constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kMaxExpected = 300; // octets of the names that a rule lists

std::string_view view(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view{};
}

const xmlChar* chars(const std::string& text) { // for the full expression only
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

std::string unit_url(std::size_t unit) {
  return "dc-schemas://units/" + std::to_string(unit);
}
std::string driver_url(std::size_t driver) {
  return "dc-schemas://drivers/" + std::to_string(driver);
}
constexpr const char* kTop = "dc-schemas://top";

// Types that libxml2 judges too mildly: it does not hold references against Ids, and skips whatever
// is no base64 in base64. It does not tell which values are of them either. So schemas get types in
// their place that no value matches: each violation of one says where such a value stands, and is
// not told.
constexpr const char* kWatchedTypes = "dc-schemas://types";
constexpr const char* kWatchedPrefix = "dc-schemas-types";
constexpr std::array<const char*, 4> kWatched{"ID", "IDREF", "IDREFS", "base64Binary"};

std::string watching_pattern(const char* name) {
  return std::string("dc:schemas:") + name; // none of them may hold a colon
}

std::string watched_types() {
  std::string out = std::string("<xs:schema xmlns:xs=\"") + kSchemaNamespace +
                    "\" targetNamespace=\"" + kWatchedTypes + "\">";
  for (const char* name : kWatched)
    out += std::string("<xs:simpleType name=\"") + name + "\"><xs:restriction base=\"xs:" + name +
           "\"><xs:pattern value=\"" + watching_pattern(name) +
           "\"/></xs:restriction></xs:simpleType>";
  return out + "</xs:schema>";
}

bool is_watched(xmlNode* node, const std::string& name) {
  const auto colon = name.find(':');
  const std::string prefix = colon == std::string::npos ? "" : name.substr(0, colon);
  const std::string local = colon == std::string::npos ? name : name.substr(colon + 1);
  if (std::find(kWatched.begin(), kWatched.end(), local) == kWatched.end()) return false;
  const xmlNs* found = xmlSearchNs(node->doc, node, prefix.empty() ? nullptr : chars(prefix));
  return found && view(found->href) == kSchemaNamespace;
}

xmlNode* next_in_document(xmlNode* node, const xmlNode* root) {
  if (node->type == XML_ELEMENT_NODE && node->children) return node->children;
  while (node && node != root && !node->next) node = node->parent;
  return !node || node == root ? nullptr : node->next;
}

// Members of a union stay what they are: a value is of the first type that it matches.
void watch_types(xmlNode* root) {
  bool any = false;
  for (xmlNode* node = root; node; node = next_in_document(node, root)) {
    if (!is_schema_element(node, "")) continue;
    for (const char* attribute : {"type", "base", "itemType"}) {
      const std::string name = plain_attribute(node, attribute);
      if (name.empty() || !is_watched(node, name)) continue;
      const std::string marked =
          std::string(kWatchedPrefix) + ":" + name.substr(name.find(':') + 1);
      xmlSetProp(node, reinterpret_cast<const xmlChar*>(attribute), chars(marked));
      any = true;
    }
  }
  if (!any) return;
  xmlNewNs(root, reinterpret_cast<const xmlChar*>(kWatchedTypes),
           reinterpret_cast<const xmlChar*>(kWatchedPrefix));
  xmlNode* import = xmlNewNode(root->ns, chars("import"));
  xmlSetProp(import, chars("namespace"), chars(kWatchedTypes));
  xmlSetProp(import, chars("schemaLocation"), chars(kWatchedTypes));
  if (root->children)
    xmlAddPrevSibling(root->children, import);
  else
    xmlAddChild(root, import);
}

void lead_patterns_one_way(xmlNode* root) {
  for (xmlNode* node = root; node; node = next_in_document(node, root)) {
    if (!is_schema_element(node, "pattern")) continue;
    if (const auto better = one_way_pattern(plain_attribute(node, "value")))
      xmlSetProp(node, chars("value"), chars(*better));
  }
}

// Namespaces of the units, in a fixed order: a driver each.
std::map<std::string, std::size_t> drivers_of(const std::vector<SchemaUnit>& units) {
  std::map<std::string, std::size_t> out;
  for (const auto& unit : units) out.emplace(unit.outline.target_namespace, 0);
  std::size_t next = 0;
  for (auto& [name, number] : out) number = next++;
  return out;
}

// The schema with its imports leading to drivers and its includes to units.
base::Result<std::string> rewritten(const SchemaUnit& unit,
                                    const std::map<std::string, std::size_t>& drivers) {
  const auto tree = parse_schema_tree(unit.text);
  if (!tree) return fail(tree.error().code, unit.name + ": " + tree.error().detail);
  std::size_t include = 0;
  const auto lead = [](xmlNode* node, const std::string& url) {
    xmlSetProp(node, chars("schemaLocation"), chars(url));
  };
  for (xmlNode* node = xmlDocGetRootElement(tree->get())->children; node; node = node->next) {
    if (is_schema_element(node, "import")) {
      const auto driver = drivers.find(plain_attribute(node, "namespace"));
      if (driver != drivers.end())
        lead(node, driver_url(driver->second));
      else
        xmlUnsetProp(node, chars("schemaLocation"));
    } else if (is_schema_element(node, "include") || is_schema_element(node, "redefine")) {
      const auto target =
          include < unit.includes.size() ? unit.includes[include] : std::optional<std::size_t>{};
      lead(node, target ? unit_url(*target) : "dc-schemas://missing");
      ++include;
    }
  }
  lead_patterns_one_way(xmlDocGetRootElement(tree->get()));
  watch_types(xmlDocGetRootElement(tree->get()));
  xmlChar* bytes = nullptr;
  int size = 0;
  xmlDocDumpMemoryEnc(tree->get(), &bytes, &size, "UTF-8");
  base::check(bytes != nullptr, "schema cannot be written");
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  xmlFree(bytes);
  return out;
}

// What is redefined comes in through the schema that redefines it; what has no namespace and is
// included by one that has takes on that one's.
std::set<std::size_t> left_to_others(const std::vector<SchemaUnit>& units) {
  std::set<std::size_t> out;
  for (const auto& unit : units)
    for (std::size_t i = 0; i < unit.includes.size() && i < unit.outline.includes.size(); ++i)
      if (unit.includes[i] && (unit.outline.includes[i].redefines ||
                               (units[*unit.includes[i]].outline.target_namespace.empty() &&
                                !unit.outline.target_namespace.empty())))
        out.insert(*unit.includes[i]);
  return out;
}

base::Result<std::map<std::string, std::string>> texts_of(const std::vector<SchemaUnit>& units) {
  std::map<std::string, std::string> out;
  const auto drivers = drivers_of(units);
  for (std::size_t i = 0; i < units.size(); ++i) {
    auto text = rewritten(units[i], drivers);
    if (!text) return text.error();
    out.emplace(unit_url(i), std::move(*text));
  }
  const auto open = [](const std::string& target) {
    std::string text = std::string("<xs:schema xmlns:xs=\"") + kSchemaNamespace + "\"";
    if (!target.empty()) text += " targetNamespace=\"" + escape_attribute(target) + "\"";
    return text + ">\n";
  };
  const auto elsewhere = left_to_others(units);
  std::string top = open(kTop);
  for (const auto& [name, number] : drivers) {
    std::string driver = open(name);
    for (std::size_t i = 0; i < units.size(); ++i)
      if (units[i].outline.target_namespace == name && !elsewhere.contains(i))
        driver += "<xs:include schemaLocation=\"" + unit_url(i) + "\"/>\n";
    out.emplace(driver_url(number), driver + "</xs:schema>");
    top += "<xs:import";
    if (!name.empty()) top += " namespace=\"" + escape_attribute(name) + "\"";
    top += " schemaLocation=\"" + driver_url(number) + "\"/>\n";
  }
  out.emplace(kWatchedTypes, watched_types());
  out.emplace(kTop, top + "</xs:schema>");
  return out;
}

struct Problems {
  const std::vector<SchemaUnit>& units;
  std::vector<std::string> found;
};

void on_compile_error(void* user, xmlErrorPtr error) {
  auto& problems = *static_cast<Problems*>(user);
  if (!error || error->level == XML_ERR_WARNING || problems.found.size() >= kMaxProblems) return;
  std::string text;
  const std::string file = error->file ? error->file : "";
  for (std::size_t i = 0; i < problems.units.size(); ++i)
    if (file == unit_url(i)) text = problems.units[i].name + ": ";
  text += error->message ? error->message : "schema rule " + std::to_string(error->code);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  problems.found.push_back(text.substr(0, 1000));
}

std::string expected_names(std::string_view message) {
  // The last occurrence is libxml2's own: what it lists comes from the schema.
  const auto at = message.rfind("Expected is");
  if (at == std::string_view::npos) return {};
  std::string out;
  bool in_namespace = false;
  for (const char c : message.substr(at + 11)) {
    if (c == '{') in_namespace = true;
    if (!in_namespace && c != '\n' && c != '.' && c != '(' && c != ')') out += c;
    if (!in_namespace && c == '.' && !out.empty() && out.back() != ' ') out += c;
    if (c == '}') in_namespace = false;
  }
  if (const auto one_of = out.find("one of"); one_of != std::string::npos) out.erase(one_of, 6);
  while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
  out.erase(0, std::min(out.find_first_not_of(' '), out.size()));
  if (out.size() > kMaxExpected) {
    std::size_t end = out.rfind(',', kMaxExpected);
    out = out.substr(0, end == std::string::npos ? 0 : end) + ", ...";
  }
  return out;
}

// libxml2 tells a rule by number and quotes the value in its text; the text is dropped (decision
// 13).
std::string rule_of(const xmlError& error) {
  const std::string_view message = error.message ? error.message : "";
  switch (error.code) {
  case XML_SCHEMAV_CVC_ELT_1:
    return "element not declared";
  case XML_SCHEMAV_ELEMENT_CONTENT: {
    const bool missing = message.find(": Missing child element(s).") != std::string_view::npos;
    std::string out = missing ? "required element missing at the end" : "element not allowed here";
    if (const auto names = expected_names(message); !names.empty()) out += "; expected: " + names;
    return out;
  }
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2:
    return "attribute not declared";
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
    return "required attribute missing";
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
    return "content not allowed";
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
    return "text not allowed";
  case XML_SCHEMAV_CVC_TYPE_3_1_1:
    return "attribute not allowed on a value";
  case XML_SCHEMAV_CVC_TYPE_3_1_2:
  case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
    return "child element not allowed in a value";
  case XML_SCHEMAV_CVC_PATTERN_VALID:
    return "value does not match the pattern of its type";
  case XML_SCHEMAV_CVC_ENUMERATION_VALID:
    return "value is none of the values listed in the schema";
  case XML_SCHEMAV_CVC_LENGTH_VALID:
    return "value has not the length of its type";
  case XML_SCHEMAV_CVC_MINLENGTH_VALID:
    return "value too short";
  case XML_SCHEMAV_CVC_MAXLENGTH_VALID:
    return "value too long";
  case XML_SCHEMAV_CVC_MININCLUSIVE_VALID:
  case XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID:
    return "value too small";
  case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID:
  case XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID:
    return "value too large";
  case XML_SCHEMAV_CVC_TOTALDIGITS_VALID:
  case XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID:
    return "value with too many digits";
  case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1:
  case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2:
  case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3:
    return "value is not of its type";
  case XML_SCHEMAV_CVC_AU:
  case XML_SCHEMAV_CVC_ELT_5_2_2_2_1:
  case XML_SCHEMAV_CVC_ELT_5_2_2_2_2:
    return "value is not the only one allowed";
  case XML_SCHEMAV_CVC_ELT_3_1:
  case XML_SCHEMAV_CVC_ELT_3_2_1:
    return "xsi:nil not allowed, or content beside it";
  case XML_SCHEMAV_CVC_ELT_2:
  case XML_SCHEMAV_CVC_TYPE_2:
    return "abstract element or type";
  case XML_SCHEMAV_CVC_ELT_4_1:
  case XML_SCHEMAV_CVC_ELT_4_2:
  case XML_SCHEMAV_CVC_ELT_4_3:
    return "xsi:type not allowed";
  case XML_SCHEMAV_CVC_IDC:
    return "key, uniqueness or reference violated";
  case XML_SCHEMAV_INTERNAL:
    return "value is too much for the pattern of its type";
  case XML_SCHEMAV_CVC_WILDCARD:
    return "element or attribute not declared, and required to be";
  default:
    return "schema rule " + std::to_string(error.code);
  }
}

// Not empty: no violation, but the place of a value of this type. libxml2 passes value and pattern.
std::string_view watched_type_of(const xmlError& error) {
  if (error.code != XML_SCHEMAV_CVC_PATTERN_VALID || !error.str2) return {};
  for (const char* name : kWatched)
    if (error.str2 == watching_pattern(name)) return name;
  return {};
}

// Groups of four, with blanks anywhere.
bool is_base64(std::string_view text) {
  std::size_t letters = 0, padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (c == '=')
      ++padding;
    else if (!letter || padding != 0)
      return false;
    else
      ++letters;
  }
  return padding <= 2 && (letters + padding) % 4 == 0 && (letters + padding == 0 || letters >= 2);
}

// Of a value that breaks a facet libxml2 says a second time that it is not of its type.
bool says_it_again(const xmlError& error) {
  return error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1 ||
         error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2 ||
         error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3;
}

// Where the violation is. libxml2 gives the element and tells an attribute in its text only:
// "Element '{uri}e', attribute '{uri}a': ...". Names have no blanks, and neither have the
// namespaces that parse_tree lets through.
xmlNode* place_of(const xmlError& error) {
  auto* node = static_cast<xmlNode*>(error.node);
  std::string_view message = error.message ? error.message : "";
  message = message.substr(0, message.find("': "));
  constexpr std::string_view kAttribute = "', attribute '";
  const auto at = message.find(kAttribute);
  if (!node || node->type != XML_ELEMENT_NODE || at == std::string_view::npos) return node;
  const auto name = message.substr(at + kAttribute.size());
  for (xmlAttr* one = node->properties; one; one = one->next) {
    std::string clark(view(one->name));
    if (one->ns) clark = "{" + std::string(view(one->ns->href)) + "}" + clark;
    if (clark == name) return reinterpret_cast<xmlNode*>(one);
  }
  return node;
}

double processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct FreeText {
  void operator()(xmlChar* text) const { xmlFree(text); }
};
using Text = std::unique_ptr<xmlChar, FreeText>;

Text attribute(xmlNode* node, const char* name) {
  return Text(xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name)));
}

// xs:token: what XÖV's codes are.
std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

} // namespace

class CompiledSchemas::Grammar {
 public:
  explicit Grammar(xmlSchemaPtr schema) : schema_(schema, xmlSchemaFree) {}

  void declare(const SchemaOutline& outline) {
    names_.insert(outline.names.begin(), outline.names.end());
  }

  Verdict judge(xmlDoc* doc, const CodeCheck& check_code, double seconds) const {
    Verdict out;
    const std::unique_ptr<xmlSchemaValidCtxt, void (*)(xmlSchemaValidCtxtPtr)> context(
        xmlSchemaNewValidCtxt(schema_.get()), xmlSchemaFreeValidCtxt);
    base::check(context != nullptr, "no schema validator");
    Round round{*this, out, nullptr, {}, {}, false, processor_time() + seconds, {}};
    xmlSchemaSetValidStructuredErrors(context.get(), on_violation, &round);
    xmlSchemaSetValidOptions(context.get(), XML_SCHEMA_VAL_VC_I_CREATE);
    const int status = xmlSchemaValidateDoc(context.get(), doc);
    xmlResetLastError();
    if (round.left()) {
      round.link_again();
      out.violations.push_back({"/", 0, "judging took too long and was left"});
      return out;
    }
    if (status < 0) out.violations.push_back({"/", 0, "the validator failed"});
    check_references(round);
    if (status > 0 && out.violations.empty() && !round.any_watched)
      out.violations.push_back({"/", 0, "not valid by its schema"});
    if (check_code) check_codes(doc, check_code, out);
    return out;
  }

 private:
  struct Round {
    const Grammar& grammar;
    Verdict& verdict;
    const void* last; // node of the last violation
    std::unordered_set<std::string> ids;
    std::vector<std::pair<std::string, const xmlNode*>> references;
    bool any_watched;
    double deadline;                                     // in time of this thread's processor
    std::vector<std::pair<xmlNode*, xmlNode*>> unlinked; // node, what followed it

    bool left() const { return !unlinked.empty(); }
    // libxml2 cannot be stopped; so nothing follows any more, until link_again().
    void leave(xmlNode* at) {
      for (; at && at->type == XML_ELEMENT_NODE; at = at->parent) {
        unlinked.emplace_back(at, at->next);
        at->next = nullptr;
      }
    }
    void link_again() {
      for (auto one = unlinked.rbegin(); one != unlinked.rend(); ++one)
        one->first->next = one->second;
    }
  };

  static void take_id(Round& round, xmlNode* node, std::string_view type) {
    const Text content(xmlNodeGetContent(node));
    const std::string value = collapsed(view(content.get()));
    if (type == "ID") {
      if (!round.ids.insert(value).second) round.grammar.tell(round.verdict, node, "Id used twice");
      return;
    }
    for (std::size_t at = 0; at < value.size();) {
      const auto end = std::min(value.find(' ', at), value.size());
      round.references.emplace_back(value.substr(at, end - at), node);
      at = end + 1;
    }
  }

  void check_references(Round& round) const {
    for (const auto& [value, node] : round.references)
      if (!round.ids.contains(value))
        tell(round.verdict, node, "reference to an Id that is not there");
  }

  static void on_violation(void* user, xmlErrorPtr error) {
    auto& round = *static_cast<Round*>(user);
    if (!error || error->level == XML_ERR_WARNING) return;
    if (round.left() || processor_time() > round.deadline)
      return round.leave(static_cast<xmlNode*>(error->node));
    xmlNode* const place = place_of(*error);
    if (says_it_again(*error) && place && round.last == place) return;
    round.last = place;
    if (const auto type = watched_type_of(*error); !type.empty() && place) {
      round.any_watched = true;
      if (type == "base64Binary" && !is_base64(error->str1 ? error->str1 : ""))
        round.grammar.tell(round.verdict, place, "value is not base64");
      if (type != "base64Binary") take_id(round, place, type);
      return;
    }
    round.grammar.tell(round.verdict, place, rule_of(*error));
  }

  void tell(Verdict& verdict, const xmlNode* node, std::string rule) const {
    if (verdict.violations.size() >= kMaxViolations) {
      ++verdict.more;
      return;
    }
    verdict.violations.push_back({path(node), line(node), std::move(rule)});
  }

  static std::uint64_t line(const xmlNode* node) {
    while (node && node->type != XML_ELEMENT_NODE) node = node->parent;
    const long number = node ? xmlGetLineNo(node) : 0;
    return number > 0 ? static_cast<std::uint64_t>(number) : 0;
  }

  std::string step(const xmlNode* node) const {
    const std::string name(view(node->name));
    const std::string shown = names_.contains(name) ? name : "*";
    if (node->type == XML_ATTRIBUTE_NODE) return "/@" + shown;
    std::size_t before = 0;
    bool alone = true;
    for (const xmlNode* other = node->prev; other; other = other->prev)
      if (other->type == XML_ELEMENT_NODE && xmlStrEqual(other->name, node->name)) ++before;
    for (const xmlNode* other = node->next; other && alone; other = other->next)
      alone = other->type != XML_ELEMENT_NODE || !xmlStrEqual(other->name, node->name);
    return "/" + shown + (before || !alone ? "[" + std::to_string(before + 1) + "]" : "");
  }

  std::string path(const xmlNode* node) const {
    std::string out;
    for (; node && (node->type == XML_ELEMENT_NODE || node->type == XML_ATTRIBUTE_NODE);
         node = node->parent)
      out.insert(0, step(node));
    return out.empty() ? "/" : out;
  }

  void check_code(xmlNode* node, const CodeCheck& check, Verdict& out) const {
    const Text uri = attribute(node, "listURI");
    if (!uri) return;
    for (xmlNode* child = node->children; child; child = child->next) {
      if (child->type != XML_ELEMENT_NODE || view(child->name) != "code") continue;
      const Text version = attribute(node, "listVersionID");
      const Text content(xmlNodeGetContent(child));
      const std::string code = collapsed(view(content.get()));
      const std::string list = collapsed(view(uri.get()));
      const std::string edition = collapsed(view(version.get()));
      auto found = check({list, edition, code});
      if (!found) continue;
      if (found->wrong)
        tell(out, child, std::move(found->rule));
      else if (out.notes.size() < kMaxViolations)
        out.notes.push_back({path(child), line(child), std::move(found->rule)});
    }
  }

  void check_codes(xmlDoc* doc, const CodeCheck& check, Verdict& out) const {
    xmlNode* const root = xmlDocGetRootElement(doc);
    for (xmlNode* node = root; node; node = next_in_document(node, root))
      if (node->type == XML_ELEMENT_NODE) check_code(node, check, out);
  }

  std::unique_ptr<xmlSchema, void (*)(xmlSchemaPtr)> schema_;
  std::unordered_set<std::string> names_; // of all declarations
};

CompiledSchemas::CompiledSchemas(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)) {}

base::Result<CompiledSchemas> CompiledSchemas::compile(const std::vector<SchemaUnit>& units) {
  // libxml2 keeps tables that the first compilation fills.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  if (units.empty()) return fail(ErrorCode::invalid_config, "no schema");
  const auto texts = texts_of(units);
  if (!texts) return fail(ErrorCode::invalid_config, texts.error().detail);
  const LoadableTexts offered(*texts);
  xmlSchemaInitTypes();
  Problems problems{units, {}};
  const std::string& top = texts->at(kTop);
  const std::unique_ptr<xmlSchemaParserCtxt, void (*)(xmlSchemaParserCtxtPtr)> context(
      xmlSchemaNewMemParserCtxt(top.data(), static_cast<int>(top.size())), xmlSchemaFreeParserCtxt);
  base::check(context != nullptr, "no schema parser");
  xmlSchemaSetParserStructuredErrors(context.get(), on_compile_error, &problems);
  xmlSchemaPtr schema = xmlSchemaParse(context.get());
  xmlResetLastError();
  if (!schema || !problems.found.empty()) {
    xmlSchemaFree(schema);
    std::string detail;
    for (const auto& one : problems.found) detail += (detail.empty() ? "" : "\n") + one;
    return fail(ErrorCode::invalid_config, detail.empty() ? "no schema" : detail);
  }
  auto out = std::make_shared<Grammar>(schema);
  for (const auto& unit : units) out->declare(unit.outline);
  return CompiledSchemas(std::move(out));
}

Verdict CompiledSchemas::judge(Instance& instance, const CodeCheck& check_code,
                               double processor_seconds) const {
  return grammar_->judge(instance.doc_.get(), check_code, processor_seconds);
}

} // namespace xml
