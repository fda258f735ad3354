// Municipalities and Kreise by their official keys, and what became of them (domain 2.2). Keys are
// texts: they begin with a zero. Pure; adapters in lookup/ fill it, lookup/regions_table.h has
// those of NRW built in. Thread-safe by immutability.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "directory/validity.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

struct Region {
  std::string key; // AGS (8 digits) of a municipality, 5 digits of a Kreis
  std::string ars; // 12 digits; empty: not known. A Kreis has its 5 digits and zeros.
  std::string name;
  Validity validity{};     // narrowed by changes alone: lists tell no beginnings
  std::string successor{}; // key from validity.until on; empty: none

  bool is_kreis() const { return key.size() == 5; }
  std::string_view kreis() const { return std::string_view(key).substr(0, 5); }
  std::string_view land() const { return std::string_view(key).substr(0, 2); }
};

enum class ChangeKind {
  renumbered,  // the same body under a new key, which begins on the day
  merged,      // several become a new one, whose key begins on the day
  incorporated // one goes into another that was there before
};

struct RegionChange {
  std::string old_key, new_key;
  base::Instant on;
  ChangeKind kind = ChangeKind::merged;
  std::string name{};     // of the new one where no list has it
  std::string old_name{}; // of the old one where no list has it; empty: the new one's
};

// In NRW no municipalities are joined in Verbände, so the ARS follows from the AGS: Kreis (5), then
// "0" and the number of the municipality (3), then that number again: 05554004 -> 055540004004,
// 05913000 -> 059130000000. Holds for the pairs of domain 2.2. Other Länder: nullopt.
std::optional<std::string> derived_ars(std::string_view ags);

// "05 5 54 004", "055540004004", "05554": digits alone. Nullopt: neither 5, 8 nor 12 digits.
std::optional<std::string> region_digits(std::string_view key);

class Regions {
 public:
  // Ends and begins regions as the changes say. Error: invalid_config (a key that is none, twice,
  // a change of an unknown key without name, changes that go round in a circle).
  static base::Result<std::shared_ptr<const Regions>> make(std::vector<Region> regions,
                                                           std::vector<RegionChange> changes = {});

  // What the key meant or means at this moment: the region itself while it is valid, afterwards
  // its successor. `key`: AGS (8), ARS (12) or Kreis (5, or filled up with zeros) in any spelling.
  // Null: no such key, or not yet at that time.
  const Region* find(std::string_view key, base::Instant at) const;
  // The entry of the key itself, whether valid or ended; null: none.
  const Region* entry(std::string_view key) const;
  // What had gone into this region before that moment, directly or by further changes.
  std::vector<const Region*> predecessors(const Region& region, base::Instant at) const;
  const Region* kreis_of(const Region& municipality, base::Instant at) const; // null: not listed
  const std::vector<Region>& all() const { return regions_; }                 // by key

 private:
  Regions() = default;
  std::vector<Region> regions_;
  std::vector<std::size_t> ended_;
  std::map<std::string, std::size_t, std::less<>> by_ars_;
};

} // namespace directory
