// `dataclearingctl regions`: municipalities and Kreise by their keys.
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "cli/files.h"
#include "lookup/regions_table.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace cli::ctl {

namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using directory::Region;
using directory::Regions;

constexpr std::uint64_t kMaxList = 64 * 1024 * 1024;

// Where the regions come from: an agreements file (with its changes), a table, or built in.
struct Table {
  std::string agreements, table;
};

void add_table(CLI::App& app, Table& o) {
  auto* agreements = app.add_option("--agreements", o.agreements,
                                    "with the regions and changes of this agreements file");
  app.add_option("--table", o.table, "a table that `regions import` wrote (default: NRW, built in)")
      ->excludes(agreements);
}

Result<std::shared_ptr<const Regions>> regions_of(const Table& o) {
  if (!o.agreements.empty()) {
    auto loaded = lookup::load_agreements_file(o.agreements);
    if (!loaded) return loaded.error();
    return std::shared_ptr<const Regions>(*loaded, &(*loaded)->regions());
  }
  if (o.table.empty()) return lookup::built_in_regions();
  auto table = lookup::load_region_table(o.table);
  if (!table) return table.error();
  return Regions::make(std::move(*table));
}

std::string describe_key(const Region& region) {
  return region.key + "  " + (region.ars.empty() ? "ARS not known" : region.ars) + "  " +
         region.name + (region.is_kreis() ? " (Kreis)" : "");
}

ExitCode show(const Table& table, const std::string& key, const std::string& when) {
  const auto at = moment(when, base::SystemClock().now());
  if (!at) return refuse(at.error());
  const auto regions = regions_of(table);
  if (!regions) return refuse(regions.error());
  const auto* entry = (*regions)->entry(key);
  const auto* found = (*regions)->find(key, *at);
  if (!entry) return refuse(fail(ErrorCode::not_found, "no municipality or Kreis has this key"));
  std::cout << "key         " << describe_key(*entry) << "\n";
  if (entry->validity.from)
    std::cout << "from        " << format_german_day(*entry->validity.from) << "\n";
  if (entry->validity.until)
    std::cout << "until       " << format_german_day(*entry->validity.until)
              << " (first day that it no longer counts)\n";
  std::cout << "on " << format_german_day(*at) << "  ";
  if (!found) {
    std::cout << "not valid\n";
    return ExitCode::invalid;
  }
  std::cout << (found == entry ? "valid" : "now " + describe_key(*found)) << "\n";
  if (const auto* kreis = (*regions)->kreis_of(*found, *at); kreis && kreis->ars != found->ars)
    std::cout << "Kreis       " << describe_key(*kreis) << "\n";
  return ExitCode::ok;
}

Result<std::string> table_from(const std::vector<std::string>& files, const std::string& land) {
  lookup::RegionLists lists;
  lists.land = land;
  for (const auto& file : files) {
    const auto text = read_file(file, kMaxList);
    if (!text) return text.error();
    auto list = xoev::read_code_list(*text);
    if (!list) return fail(ErrorCode::invalid_content, file + ": " + list.error().detail);
    lists.lists.push_back(std::move(*list));
  }
  return lookup::make_region_table(lists);
}

ExitCode import(const std::vector<std::string>& files, const std::string& land,
                const std::string& out) {
  const auto table = table_from(files, land);
  if (!table) return refuse(table.error());
  // Whatever a reader of this table will ask of it.
  auto parsed = lookup::parse_region_table(*table, out);
  if (!parsed) return refuse(parsed.error());
  const auto count = parsed->size();
  if (const auto made = Regions::make(std::move(*parsed)); !made) return refuse(made.error());
  const auto half = out + ".new";
  std::ofstream file(half, std::ios::binary | std::ios::trunc);
  file << *table;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(half, out, error);
  if (!file || error) return refuse(fail(ErrorCode::file_error, out + ": cannot be written"));
  std::cout << count << " regions written to " << harmless(out) << "\n";
  return ExitCode::ok;
}

// What one table has and the other has not.
std::size_t tell_missing(const std::vector<Region>& in, const std::vector<Region>& from,
                         const char* what) {
  std::size_t missing = 0;
  for (const auto& one : in) {
    const auto same = std::any_of(from.begin(), from.end(), [&](const Region& other) {
      return one.key == other.key && one.ars == other.ars && one.name == other.name;
    });
    if (same) continue;
    ++missing;
    std::cout << what << "  " << harmless(describe_key(one)) << "\n";
  }
  return missing;
}

ExitCode check(const Table& table, const std::vector<std::string>& files, const std::string& land) {
  const auto regions = regions_of(table);
  if (!regions) return refuse(regions.error());
  const auto& all = (*regions)->all();
  const auto count = [&](auto which) { return std::count_if(all.begin(), all.end(), which); };
  std::cout << count([](const Region& r) { return !r.is_kreis() && r.successor.empty(); })
            << " municipalities, "
            << count([](const Region& r) { return r.is_kreis() && r.successor.empty(); })
            << " Kreise and kreisfreie Städte, "
            << count([](const Region& r) { return !r.successor.empty(); }) << " ended keys\n";
  if (files.empty()) return ExitCode::ok;
  const auto official = table_from(files, land);
  if (!official) return refuse(official.error());
  const auto listed = lookup::parse_region_table(*official, "lists");
  if (!listed) return refuse(listed.error());
  std::vector<Region> ours; // what the lists may know: not what has ended
  std::copy_if(all.begin(), all.end(), std::back_inserter(ours),
               [](const Region& r) { return r.successor.empty(); });
  const auto differences = tell_missing(*listed, ours, "missing or different:") +
                           tell_missing(ours, *listed, "not in the lists:    ");
  std::cout << (differences == 0 ? "equal to the lists\n" : "not equal to the lists\n");
  return differences == 0 ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Commands add_regions(CLI::App& app) {
  struct Options {
    Table table;
    std::string key, at, land, out;
    std::vector<std::string> files;
  };
  auto* group = app.add_subcommand("regions", "Municipalities and Kreise by their keys");
  group->require_subcommand(1);
  const auto land = [](CLI::App& sub, Options& o) {
    sub.add_option("--land", o.land, "only this Land, e.g. 05");
  };

  auto s = std::make_shared<Options>();
  auto* one = group->add_subcommand("show", "What a key means on a day (exit 10: not valid then)");
  one->add_option("key", s->key, "AGS (8 digits), ARS (12) or Kreis (5)")->required();
  one->add_option("--at", s->at, "a date, or a date-time with zone (default: now)");
  add_table(*one, s->table);

  auto i = std::make_shared<Options>();
  auto* two = group->add_subcommand("import", "Make a table of official code lists (Genericode)");
  two->add_option("lists", i->files, "lists of XRepository: AGS, ARS, Kreis")->required();
  two->add_option("-o,--out", i->out, "table to write")->required();
  land(*two, *i);

  auto c = std::make_shared<Options>();
  auto* three = group->add_subcommand(
      "check", "Check a table, also against official code lists (exit 10: they differ)");
  three->add_option("lists", c->files, "lists of XRepository: AGS, ARS, Kreis");
  add_table(*three, c->table);
  land(*three, *c);

  return {{one, [s] { return show(s->table, s->key, s->at); }},
          {two, [i] { return import(i->files, i->land, i->out); }},
          {three, [c] { return check(c->table, c->files, c->land); }}};
}

} // namespace cli::ctl
