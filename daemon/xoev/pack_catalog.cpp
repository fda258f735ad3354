#include "xoev/pack_catalog.h"
#include <algorithm>

namespace xoev {

namespace {

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_xsd(std::string_view name) {
  return name.size() > 4 && (name.ends_with(".xsd") || name.ends_with(".XSD"));
}

// Official sets keep a schema of the web under a name without extension.
bool may_be_schema(std::string_view name) {
  return is_xsd(name) || base_name(name).find('.') == std::string_view::npos;
}

} // namespace

PackCatalog::PackCatalog(const std::vector<PackFile>& files,
                         const std::vector<std::vector<PackFile>>& bases) {
  by_namespace_.resize(bases.size() + 1);
  index(files, 0);
  for (std::size_t i = 0; i < bases.size(); ++i) index(bases[i], i + 1);
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (sources_[i].origin == 0) {
      select(i);
      for (const auto& name : sources_[i].outline.global_elements)
        roots.emplace(sources_[i].outline.target_namespace, name);
    }
  while (!open_.empty()) {
    const auto next = open_.back();
    open_.pop_back();
    follow(next);
  }
}

void PackCatalog::note(Severity severity, const std::string& where, const std::string& rule) {
  findings.push_back({severity, where, 0, rule});
}

void PackCatalog::index(const std::vector<PackFile>& files, std::size_t origin) {
  for (const auto& file : files) {
    if (!may_be_schema(file.name)) continue;
    auto outline = xml::outline_schema(file.bytes);
    if (!outline) {
      // A base may hold anything; of the pack's own files each has to be readable.
      if (is_xsd(file.name) && origin == 0)
        note(Severity::error, file.name, outline.error().detail);
      continue;
    }
    auto& same = by_namespace_[origin][outline->target_namespace];
    const auto twin = std::find_if(same.begin(), same.end(), [&](std::size_t other) {
      return sources_[other].file->bytes == file.bytes;
    });
    if (twin != same.end()) {
      if (origin == 0)
        note(Severity::note, file.name, "the same as " + sources_[*twin].file->name + "; left out");
      continue;
    }
    same.push_back(sources_.size());
    sources_.push_back({&file, origin, std::move(*outline)});
  }
}

std::size_t PackCatalog::select(std::size_t source) {
  if (const auto known = selected_.find(source); known != selected_.end()) return known->second;
  const Source& chosen = sources_[source];
  const std::size_t unit = units.size();
  selected_.emplace(source, unit);
  open_.push_back(source);
  units.push_back({chosen.file->name, chosen.file->bytes, chosen.outline, {}});
  (chosen.origin == 0 ? own : borrowed).push_back(chosen.file);
  namespaces.insert(chosen.outline.target_namespace);
  list_uris.insert(chosen.outline.code_lists.begin(), chosen.outline.code_lists.end());
  return unit;
}

void PackCatalog::follow(std::size_t source) {
  const std::size_t unit = selected_.at(source);
  const Source from = sources_[source];
  for (const auto& include : from.outline.includes) {
    const auto target = included(from, include.location);
    if (!target)
      note(Severity::error, from.file->name,
           "includes " + include.location + ", which is not in the pack");
    // Selecting may move the units.
    const auto place = target ? std::optional(select(*target)) : std::nullopt;
    units[unit].includes.push_back(place);
  }
  for (const auto& import : from.outline.imports)
    if (import.name_space != from.outline.target_namespace &&
        resolved_.insert(import.name_space).second)
      resolve_import(import.name_space);
}

void PackCatalog::resolve_import(const std::string& name_space) {
  for (std::size_t origin = 0; origin < by_namespace_.size(); ++origin) {
    if (!by_namespace_[origin].contains(name_space)) continue;
    if (origin > 0) // of the pack itself everything is selected anyway
      for (const auto source : chosen(origin, name_space)) select(source);
    return;
  }
  note(Severity::note, "",
       "namespace " + name_space +
           " is imported, and neither the pack nor a "
           "base has a file of it");
}

std::vector<std::size_t> PackCatalog::chosen(std::size_t origin, const std::string& name_space) {
  const auto& all = by_namespace_[origin].at(name_space);
  std::set<std::string> components;
  const bool conflict = std::any_of(all.begin(), all.end(), [&](std::size_t source) {
    const auto& declared = sources_[source].outline.components;
    return std::any_of(declared.begin(), declared.end(),
                       [&](const auto& one) { return !components.insert(one).second; });
  });
  if (!conflict) return all;
  std::set<std::string_view> named;
  for (const auto& source : sources_)
    for (const auto& import : source.outline.imports)
      if (import.name_space == name_space) named.insert(base_name(import.location));
  std::vector<std::size_t> out;
  for (const auto source : all)
    if (named.contains(base_name(sources_[source].file->name))) out.push_back(source);
  if (out.empty()) out.push_back(all.front());
  note(Severity::note, sources_[out.front()].file->name,
       "taken for namespace " + name_space + ", of which a base has several editions");
  return out;
}

std::optional<std::size_t> PackCatalog::included(const Source& from,
                                                 const std::string& location) const {
  const auto wanted = base_name(location);
  std::optional<std::size_t> best;
  int best_rank = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& one = sources_[i];
    if (base_name(one.file->name) != wanted) continue;
    if (!one.outline.target_namespace.empty() &&
        one.outline.target_namespace != from.outline.target_namespace)
      continue;
    const bool here = one.origin == from.origin;
    const bool beside = here && folder_of(one.file->name) == folder_of(from.file->name);
    const int rank = beside ? 3 : here ? 2 : 1;
    if (rank > best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

} // namespace xoev
