#include "lookup/regions_table.h"
#include "base/encoding.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace lookup {

extern const std::string_view nrw_table; // regions_nrw.tsv, made a source by CMake

using base::ErrorCode;
using base::fail;
using base::Result;
using directory::Region;

namespace {

// The three official lists end their canonical URIs like this.
constexpr std::string_view kAgs = ":schluessel:ags", kKreis = ":schluessel:kreis",
                           kArs = ":schluessel:rs";

bool digits(std::string_view text, std::size_t count) {
  return text.size() == count &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// "" where it is right.
std::string_view wrong(std::string_view line, Region& out) {
  const auto first = line.find('\t');
  const auto second = first == line.npos ? line.npos : line.find('\t', first + 1);
  if (second == line.npos || line.find('\t', second + 1) != line.npos)
    return "a line is key, ARS and name with a tab between them";
  out.key = line.substr(0, first);
  out.ars = line.substr(first + 1, second - first - 1);
  out.name = base::trim(line.substr(second + 1));
  if (!digits(out.key, 5) && !digits(out.key, 8))
    return "a key has 8 digits (AGS) or 5 (Kreis); keys keep their leading zero";
  if (!out.ars.empty() && !digits(out.ars, 12)) return "an ARS has 12 digits";
  if (out.name.empty() || out.name.size() > 512 || !printable(out.name))
    return "the name is empty, longer than 512 bytes or holds control characters";
  return {};
}

} // namespace

std::string_view built_in_table() {
  return nrw_table;
}

std::vector<directory::RegionChange> built_in_changes() {
  using namespace std::chrono;
  // Aachen-Gesetz of 26 February 2008 (GV. NRW.): the city, which was a kreisfreie Stadt, and the
  // nine towns of Kreis Aachen became the StädteRegion; every key changed.
  const auto on = base::german_midnight(year_month_day{year{2009}, October, day{21}});
  std::vector<directory::RegionChange> out{
      {"05313000", "05334002", on, directory::ChangeKind::renumbered},
      {"05313", "05334", on, directory::ChangeKind::merged, {}, "Aachen, Stadt"},
      {"05354", "05334", on, directory::ChangeKind::merged, {}, "Aachen"}};
  for (const std::string town : {"004", "008", "012", "016", "020", "024", "028", "032", "036"})
    out.push_back({"05354" + town, "05334" + town, on, directory::ChangeKind::renumbered});
  return out;
}

std::shared_ptr<const directory::Regions> built_in_regions() {
  static const auto built = [] {
    return directory::Regions::make(parse_region_table(built_in_table(), "built in").value(),
                                    built_in_changes())
        .value();
  }();
  return built;
}

Result<std::vector<Region>> parse_region_table(std::string_view text, const std::string& name,
                                               const RegionLimits& limits) {
  std::vector<Region> out;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto where = name + ":" + std::to_string(number) + ": ";
    if (out.size() >= limits.regions)
      return fail(ErrorCode::invalid_config,
                  where + "more than " + std::to_string(limits.regions) + " regions");
    Region region;
    if (const auto why = wrong(line, region); !why.empty())
      return fail(ErrorCode::invalid_config, where + std::string(why));
    out.push_back(std::move(region));
  }
  return out;
}

Result<std::vector<Region>> load_region_table(const std::string& path, const RegionLimits& limits) {
  std::error_code error;
  const auto size = std::filesystem::is_regular_file(path, error)
                        ? std::filesystem::file_size(path, error)
                        : std::uintmax_t{0};
  std::ifstream in(path, std::ios::binary);
  if (!in || error || !std::filesystem::is_regular_file(path, error))
    return fail(ErrorCode::file_error, "table of regions " + path + " cannot be read");
  if (size > limits.bytes)
    return fail(ErrorCode::invalid_config,
                path + ": larger than the limit of " + std::to_string(limits.bytes) + " bytes");
  std::string content(static_cast<std::size_t>(size), '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  return parse_region_table(content, path, limits);
}

Result<std::string> make_region_table(const RegionLists& from) {
  std::map<std::string, Region> regions;
  std::map<std::string, std::string> ars; // by AGS
  std::string sources;
  for (const auto& list : from.lists) {
    const auto bad = [&](const char* rule) {
      return fail(ErrorCode::invalid_content, list.short_name + ": " + rule);
    };
    const bool of_ars = list.canonical_uri.ends_with(kArs);
    const std::size_t length = list.canonical_uri.ends_with(kAgs)     ? 8
                               : list.canonical_uri.ends_with(kKreis) ? 5
                               : of_ars                               ? 12
                                                                      : 0;
    const auto name = list.column("Bezeichnung");
    if (length == 0 || !name) return bad("neither the list of AGS nor of ARS nor of Kreise");
    sources += "# " + list.canonical_uri + " " + list.version + "\n";
    for (const auto& row : list.rows) {
      const auto& key = row[list.key];
      if (!digits(key, length)) return bad("a key does not have the digits of its kind");
      if (!from.land.empty() && !key.starts_with(from.land)) continue;
      if (!printable(row[*name]) || row[*name].empty())
        return bad("a name is empty or unprintable");
      if (of_ars) {
        if (!ars.emplace(key.substr(0, 5) + key.substr(9), key).second)
          return bad("two ARS lead to one AGS");
        continue;
      }
      const auto known = directory::derived_ars(key).value_or("");
      if (!regions.emplace(key, Region{key, known, row[*name]}).second)
        return bad("a key is listed twice");
    }
  }
  if (regions.empty())
    return fail(ErrorCode::invalid_content, "no region of this Land in the lists");
  std::string out =
      "# Municipalities and Kreise: key, ARS, name. Written by `dataclearingctl regions import` "
      "from\n"
      "# code lists of the Statistisches Bundesamt (Destatis), published by XRepository:\n" +
      sources;
  for (auto& [key, region] : regions) {
    if (const auto listed = ars.find(key); listed != ars.end()) {
      if (!region.ars.empty() && region.ars != listed->second)
        return fail(ErrorCode::invalid_content,
                    "AGS " + key + ": the list of ARS tells another one than follows for NRW");
      region.ars = listed->second;
    }
    out += key + "\t" + region.ars + "\t" + region.name + "\n";
  }
  return out;
}

} // namespace lookup
