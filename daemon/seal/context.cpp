#include "seal/context.h"
#include "seal/names.h"
#include "xml/writer.h"

namespace seal {
namespace {

// Attributes are written with the soap prefix, so a default namespace does not do for it.
std::string prefix_of(const std::map<std::string, std::string>& scope, std::string_view uri) {
  std::string found;
  for (const auto& [prefix, bound] : scope) {
    if (bound != uri) continue;
    if (!prefix.empty()) return prefix + ":";
  }
  return found;
}

bool bound(const std::map<std::string, std::string>& scope, std::string_view uri,
           bool default_counts) {
  for (const auto& [prefix, target] : scope)
    if (target == uri && (default_counts || !prefix.empty())) return true;
  return false;
}

} // namespace

Context::Context(std::map<std::string, std::string> scope)
    : scope_(std::move(scope)), soap_(prefix_of(scope_, ns::soap)),
      osci_(prefix_of(scope_, ns::osci)), ds_(prefix_of(scope_, ns::ds)) {}

const Context& Context::standard() {
  static const Context context({{"ds", std::string(ns::ds)},
                                {"osci", std::string(ns::osci)},
                                {"soap", std::string(ns::soap)},
                                {"xenc", std::string(ns::xenc)},
                                {"xsi", std::string(ns::xsi)}});
  return context;
}

base::Result<Context> Context::from_scope(const std::map<std::string, std::string>& scope) {
  auto out = scope;
  out.erase("xml");
  const auto need = [&](const char* prefix, std::string_view uri, bool default_counts) {
    if (bound(out, uri, default_counts)) return true;
    return out.emplace(prefix, uri).second;
  };
  // The reference client reads the attribute by its qualified name xsi:schemaLocation (2.3).
  const auto xsi = out.emplace("xsi", ns::xsi).first;
  if (!need("soap", ns::soap, false) || !need("osci", ns::osci, true) ||
      !need("ds", ns::ds, true) || xsi->second != ns::xsi)
    return base::fail(base::ErrorCode::invalid_request, "a standard prefix is bound otherwise");
  return Context(std::move(out));
}

std::string Context::declarations(std::string_view extra_prefix, std::string_view extra_uri) const {
  std::string out;
  const auto declare = [&out](std::string_view prefix, std::string_view uri) {
    out += prefix.empty() ? " xmlns" : " xmlns:";
    out += prefix;
    out += "=\"";
    out += xml::escape_attribute(uri);
    out += '"';
  };
  bool pending = !extra_prefix.empty();
  for (const auto& [prefix, uri] : scope_) {
    if (pending && extra_prefix <= prefix) {
      declare(extra_prefix, extra_uri);
      pending = false;
      if (prefix == extra_prefix) continue;
    }
    declare(prefix, uri);
  }
  if (pending) declare(extra_prefix, extra_uri);
  return out;
}

std::string Context::declared_on(std::string_view canonical) const {
  // Canonical start tag: name, declarations, attributes, each value in double quotes without a
  // literal '"'.
  auto at = canonical.find_first_of(" >");
  base::check(at != std::string_view::npos, "canonical element without start tag");
  const std::string_view name = canonical.substr(0, at);
  auto scope = scope_;
  // An unprefixed apex would be drawn into a default namespace that its sender bound elsewhere; the
  // replay check refuses what then differs.
  std::string attributes;
  while (at < canonical.size() && canonical[at] == ' ') {
    const auto equals = canonical.find("=\"", at);
    const auto end = equals == std::string_view::npos ? equals : canonical.find('"', equals + 2);
    base::check(end != std::string_view::npos, "canonical attribute without value");
    const auto key = canonical.substr(at + 1, equals - at - 1);
    const auto value = canonical.substr(equals + 2, end - equals - 2);
    if (key == "xmlns" || key.starts_with("xmlns:"))
      scope[key.size() > 6 ? std::string(key.substr(6)) : std::string()] = std::string(value);
    else
      attributes += canonical.substr(at, end + 1 - at);
    at = end + 1;
  }
  return std::string(name) + Context(std::move(scope)).declarations() + attributes +
         std::string(canonical.substr(at));
}

std::string Context::serialise() const {
  std::string out;
  for (const auto& [prefix, uri] : scope_) out += prefix + "=" + uri + "\n";
  return out;
}

base::Result<Context> Context::deserialise(std::string_view text) {
  std::map<std::string, std::string> scope;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    const auto equals = line.find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos)
      return base::fail(base::ErrorCode::storage_failure, "stored namespace context is damaged");
    scope.emplace(line.substr(0, equals), line.substr(equals + 1));
    text.remove_prefix(end + 1);
  }
  return from_scope(scope);
}

} // namespace seal
