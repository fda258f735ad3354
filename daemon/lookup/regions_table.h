// Tables of municipalities and Kreise (domain 2.2): those of NRW, built in from the official lists
// of the Statistisches Bundesamt (Destatis, as XRepository publishes them), and others in files of
// the same form. A table is text: one region a line, "key<TAB>ARS<TAB>name", the ARS empty where
// it is not known; lines that begin with # tell where it comes from. Keeps no state; thread-safe.
#pragma once
#include "base/result.h"
#include "directory/regions.h"
#include "xoev/code_list.h"
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lookup {

struct RegionLimits {
  std::size_t bytes = std::size_t{8} << 20; // all of Germany has about 0.5 MB
  std::size_t regions = 100'000;
};

// The committed table, as `dataclearingctl regions import` wrote it.
std::string_view built_in_table();
// What has changed keys in NRW since there is this table's order: StädteRegion Aachen, 21.10.2009.
std::vector<directory::RegionChange> built_in_changes();
// Both. Never fails; built once.
std::shared_ptr<const directory::Regions> built_in_regions();

// Errors: invalid_config; the detail names `name` and the line.
base::Result<std::vector<directory::Region>>
parse_region_table(std::string_view text, const std::string& name, const RegionLimits& limits = {});
// The same of a file; also file_error.
base::Result<std::vector<directory::Region>> load_region_table(const std::string& path,
                                                               const RegionLimits& limits = {});

// The official code lists, recognised by their canonical URI: AGS and Kreis, and ARS, which gives
// the Länder outside NRW theirs.
struct RegionLists {
  std::vector<xoev::CodeList> lists;
  std::string land; // two digits: those of one Land alone; empty: all
};
// The text of a table. Error: invalid_content (a list of another kind, a key that is none, two
// lists that contradict each other, no region at all).
base::Result<std::string> make_region_table(const RegionLists& lists);

} // namespace lookup
