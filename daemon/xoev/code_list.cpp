#include "xoev/code_list.h"
#include "xml/document.h"
#include <algorithm>
#include <map>

namespace xoev {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kGenericode =
    "http://docs.oasis-open.org/codelist/ns/genericode/1.0/"; // its inner elements have none

base::Error wrong(const char* rule) {
  return fail(ErrorCode::malformed_message, std::string("Genericode: ") + rule);
}

std::optional<xml::Element> child(const xml::Element& of, std::string_view name) {
  for (const auto& one : of.children())
    if (one.name() == name) return one;
  return std::nullopt;
}

std::string child_text(const xml::Element& of, std::string_view name) {
  const auto found = child(of, name);
  return found ? found->text().value_or("") : "";
}

// The text of the first element of this name at any depth; the annotations differ in their nesting.
std::string any_text(const xml::Element& of, std::string_view name) {
  for (const auto& one : of.children()) {
    if (one.name() == name) return one.text().value_or("");
    if (auto deeper = any_text(one, name); !deeper.empty()) return deeper;
  }
  return {};
}

bool holds(const xml::Element& of, std::string_view name) {
  const auto below = of.children();
  return std::any_of(below.begin(), below.end(),
                     [&](const auto& one) { return one.name() == name || holds(one, name); });
}

// The id of the column that is the recommended key, else of the first key.
std::string key_column(const xml::Element& column_set) {
  std::string first;
  for (const auto& key : column_set.children()) {
    if (key.name() != "Key") continue;
    const auto reference = child(key, "ColumnRef");
    const auto id = reference ? reference->attribute("Ref").value_or("") : "";
    if (holds(key, "recommendedKeyColumn")) return id;
    if (first.empty()) first = id;
  }
  return first;
}

} // namespace

std::optional<std::size_t> CodeList::column(std::string_view id) const {
  const auto found = std::find(columns.begin(), columns.end(), id);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

const std::vector<std::string>* CodeList::find(std::string_view key_value) const {
  for (const auto& row : rows)
    if (row[key] == key_value) return &row;
  return nullptr;
}

base::Result<CodeList> read_code_list(std::string_view text, const CodeListLimits& limits) {
  xml::Limits xml_limits;
  xml_limits.size = limits.bytes;
  xml_limits.elements = 1000 + limits.rows * 8; // a row of three columns has seven
  const auto document = xml::Document::parse(text, xml_limits);
  if (!document) return document.error();
  const auto root = document->root();
  if (!root.is(kGenericode, "CodeList")) return wrong("the root is no gc:CodeList");
  const auto identification = child(root, "Identification");
  const auto column_set = child(root, "ColumnSet");
  const auto simple = child(root, "SimpleCodeList");
  if (!identification || !column_set || !simple)
    return wrong("Identification, ColumnSet or SimpleCodeList is missing");

  CodeList out;
  out.short_name = child_text(*identification, "ShortName");
  out.version = child_text(*identification, "Version");
  out.canonical_uri = child_text(*identification, "CanonicalUri");
  out.canonical_version_uri = child_text(*identification, "CanonicalVersionUri");
  if (const auto annotation = child(root, "Annotation"))
    out.valid_from = any_text(*annotation, "validFrom");
  if (out.canonical_uri.empty() || out.version.empty())
    return wrong("CanonicalUri or Version is missing");

  std::map<std::string, std::size_t, std::less<>> index;
  for (const auto& column : column_set->children()) {
    if (column.name() != "Column") continue;
    auto id = column.attribute("Id").value_or("");
    if (id.empty() || !index.emplace(id, out.columns.size()).second)
      return wrong("a column without an Id of its own");
    out.columns.push_back(std::move(id));
    if (out.columns.size() > limits.columns) return fail(ErrorCode::too_large, "too many columns");
  }
  if (out.columns.empty()) return wrong("no column");
  if (const auto id = key_column(*column_set); !id.empty()) {
    const auto key = out.column(id);
    if (!key) return wrong("the key names no column");
    out.key = *key;
  }

  for (const auto& row : simple->children()) {
    if (row.name() != "Row") continue;
    if (out.rows.size() >= limits.rows) return fail(ErrorCode::too_large, "too many rows");
    std::vector<std::string> values(out.columns.size());
    std::size_t next = 0; // a value without ColumnRef belongs to the column after the one before
    for (const auto& value : row.children()) {
      if (value.name() != "Value") continue;
      std::size_t at = next;
      if (const auto reference = value.attribute("ColumnRef")) {
        const auto known = index.find(*reference);
        if (known == index.end()) return wrong("a value of no column");
        at = known->second;
      }
      if (at >= values.size()) return wrong("more values than columns");
      values[at] = child_text(value, "SimpleValue");
      if (values[at].size() > limits.value_bytes)
        return fail(ErrorCode::too_large, "a value is too long");
      next = at + 1;
    }
    if (values[out.key].empty()) return wrong("a row without key");
    out.rows.push_back(std::move(values));
  }
  return out;
}

} // namespace xoev
