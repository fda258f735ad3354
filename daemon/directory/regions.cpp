#include "directory/regions.h"
#include <algorithm>

namespace directory {

namespace {

constexpr std::size_t max_changes_of_one = 16;

base::Error refuse(std::string detail) {
  return base::fail(base::ErrorCode::invalid_config, std::move(detail));
}

bool digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool key_of_region(std::string_view key) {
  return (key.size() == 5 || key.size() == 8) && digits(key);
}

std::size_t position(const std::vector<Region>& regions, std::string_view key) {
  const auto at = std::lower_bound(regions.begin(), regions.end(), key,
                                   [](const Region& r, std::string_view k) { return r.key < k; });
  return static_cast<std::size_t>(at - regions.begin());
}

Region* known(std::vector<Region>& regions, std::string_view key) {
  const auto at = position(regions, key);
  return at < regions.size() && regions[at].key == key ? &regions[at] : nullptr;
}

base::Result<> add_if_missing(std::vector<Region>& regions, const std::string& key,
                              const std::string& name, const std::string& change) {
  if (known(regions, key)) return {};
  if (name.empty()) return refuse(change + "no list has the key " + key + "; give its name");
  regions.insert(regions.begin() + static_cast<std::ptrdiff_t>(position(regions, key)),
                 Region{key, {}, name});
  return {};
}

base::Result<> apply(std::vector<Region>& regions, const RegionChange& change) {
  const auto where = "change of " + change.old_key + ": ";
  if (!key_of_region(change.old_key) || !key_of_region(change.new_key))
    return refuse(where + "a key has 8 digits (AGS) or 5 (Kreis)");
  if (change.old_key.size() != change.new_key.size() || change.old_key == change.new_key)
    return refuse(where + "old and new are two municipalities or two Kreise");
  if (auto added = add_if_missing(regions, change.new_key, change.name, where); !added)
    return added.error();
  const auto name =
      change.old_name.empty() ? known(regions, change.new_key)->name : change.old_name;
  if (auto added = add_if_missing(regions, change.old_key, name, where); !added)
    return added.error();
  auto& old = *known(regions, change.old_key);
  auto& successor = *known(regions, change.new_key);
  if (!old.successor.empty()) return refuse(where + "the key ends twice");
  old.validity.until = change.on;
  old.successor = successor.key;
  if (change.kind != ChangeKind::incorporated) {
    if (successor.validity.from && *successor.validity.from != change.on)
      return refuse(where + "the new key " + successor.key + " begins on two days");
    successor.validity.from = change.on;
  }
  return {};
}

} // namespace

std::optional<std::string> derived_ars(std::string_view ags) {
  if (!key_of_region(ags) || !ags.starts_with("05")) return std::nullopt;
  const std::string kreis(ags.substr(0, 5));
  if (ags.size() == 5) return kreis + "0000000";
  const std::string municipality(ags.substr(5));
  return kreis + "0" + municipality + municipality;
}

std::optional<std::string> region_digits(std::string_view key) {
  std::string out;
  for (const char c : key.substr(0, 32))
    if (c != ' ') out += c;
  if (key.size() > 32 || !digits(out) || (out.size() != 5 && out.size() != 8 && out.size() != 12))
    return std::nullopt;
  return out;
}

base::Result<std::shared_ptr<const Regions>> Regions::make(std::vector<Region> regions,
                                                           std::vector<RegionChange> changes) {
  for (const auto& one : regions) {
    if (!key_of_region(one.key)) return refuse("a region's key has 8 digits (AGS) or 5 (Kreis)");
    if (!one.ars.empty() && (one.ars.size() != 12 || !digits(one.ars)))
      return refuse("region " + one.key + ": its ARS has no 12 digits");
    if (one.name.empty()) return refuse("region " + one.key + ": no name");
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const Region& a, const Region& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(regions.begin(), regions.end(),
                         [](const Region& a, const Region& b) { return a.key == b.key; });
  if (twice != regions.end()) return refuse("region " + twice->key + " is listed twice");
  for (const auto& change : changes)
    if (auto applied = apply(regions, change); !applied) return applied.error();

  std::shared_ptr<Regions> built(new Regions);
  built->regions_ = std::move(regions);
  for (std::size_t i = 0; i < built->regions_.size(); ++i) {
    auto& region = built->regions_[i];
    if (region.validity.from && region.validity.until &&
        *region.validity.until <= *region.validity.from)
      return refuse("region " + region.key + " ends before it begins");
    if (region.ars.empty()) region.ars = derived_ars(region.key).value_or("");
    if (!region.ars.empty() && !region.is_kreis() && !built->by_ars_.emplace(region.ars, i).second)
      return refuse("region " + region.key + ": its ARS belongs to another one too");
    if (!region.successor.empty()) built->ended_.push_back(i);
    std::size_t steps = 0;
    for (const auto* at = &region; !at->successor.empty(); at = built->entry(at->successor))
      if (++steps > max_changes_of_one)
        return refuse("region " + region.key + ": its changes go round in a circle");
  }
  return std::shared_ptr<const Regions>(std::move(built));
}

const Region* Regions::entry(std::string_view key) const {
  const auto plain = region_digits(key);
  if (!plain) return nullptr;
  const auto listed = [&](std::string_view wanted) -> const Region* {
    const auto at = position(regions_, wanted);
    return at < regions_.size() && regions_[at].key == wanted ? &regions_[at] : nullptr;
  };
  if (plain->size() == 12) {
    const auto found = by_ars_.find(*plain);
    if (found != by_ars_.end()) return &regions_[found->second];
  } else if (const auto* found = listed(*plain)) {
    return found;
  }
  const auto kreis = plain->substr(0, 5);
  return plain->find_first_not_of('0', 5) == std::string::npos ? listed(kreis) : nullptr;
}

const Region* Regions::find(std::string_view key, base::Instant at) const {
  const auto* region = entry(key);
  while (region && region->validity.until && *region->validity.until <= at)
    region = region->successor.empty() ? nullptr : entry(region->successor);
  return region && region->validity.contains(at) ? region : nullptr;
}

std::vector<const Region*> Regions::predecessors(const Region& region, base::Instant at) const {
  std::vector<const Region*> out;
  for (const auto i : ended_)
    if (&regions_[i] != &region && find(regions_[i].key, at) == &region)
      out.push_back(&regions_[i]);
  return out;
}

const Region* Regions::kreis_of(const Region& municipality, base::Instant at) const {
  return find(municipality.kreis(), at);
}

} // namespace directory
