// The tables of an agreements file as records, one reader for each kind. Private to lookup/.
#pragma once
#include "directory/agreements.h"
#include "lookup/agreements_file.h"
#include "lookup/toml_reader.h"
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace lookup {

struct ReadAgreements {
  directory::AgreementRecords records;
  std::vector<directory::RegionChange> changes;
  std::string regions; // file; empty: the built-in table
  // Where a record stands that directory::Agreements refuses by name: "agreement ea-7" -> 42.
  std::map<std::string, std::size_t, std::less<>> lines;
};

// What is wrong stands in the file's error().
ReadAgreements read_agreements(TomlTable root, const AgreementLimits& limits);

} // namespace lookup
