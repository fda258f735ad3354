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
