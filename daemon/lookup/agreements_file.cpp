#include "lookup/agreements_file.h"
#include "base/encoding.h"
#include "lookup/agreements_records.h"
#include "lookup/regions_table.h"
#include "lookup/toml_keys.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace lookup {

using base::ErrorCode;
using base::fail;
using base::Result;
using directory::Agreements;

namespace {

// A record that does not fit the others is refused by its name; people want its line.
base::Error with_line(const base::Error& error, const std::string& name,
                      const ReadAgreements& read) {
  const auto found = read.lines.find(error.detail.substr(0, error.detail.find(':')));
  return fail(error.code,
              name + ":" + (found == read.lines.end() ? "" : std::to_string(found->second) + ":") +
                  " " + error.detail);
}

Result<std::shared_ptr<const directory::Regions>>
regions_of(ReadAgreements& read, const std::string& name, const RegionReader& reader) {
  if (read.regions.empty() && read.changes.empty()) return built_in_regions();
  Result<std::vector<directory::Region>> table =
      read.regions.empty() ? parse_region_table(built_in_table(), "built in")
                           : reader(read.regions);
  if (!table) return fail(table.error().code, name + ": \"regions\": " + table.error().detail);
  // Those of NRW, as far as the table has NRW.
  auto changes = built_in_changes();
  std::erase_if(changes, [&](const auto& change) {
    return std::none_of(table->begin(), table->end(),
                        [&](const auto& region) { return region.key == change.new_key; });
  });
  changes.insert(changes.end(), read.changes.begin(), read.changes.end());
  auto regions = directory::Regions::make(std::move(*table), std::move(changes));
  if (!regions) return with_line(regions.error(), name, read);
  return regions;
}

} // namespace

Result<std::shared_ptr<const Agreements>> parse_agreements(std::string_view text,
                                                           const std::string& name,
                                                           const RegionReader& reader,
                                                           const AgreementLimits& limits) {
  TomlSource file(name);
  if (text.size() > limits.file_bytes)
    return fail(ErrorCode::invalid_config, name + ": larger than the limit of " +
                                               std::to_string(limits.file_bytes) + " bytes");
  if (const auto line = too_deep_key_line(text); line != 0) {
    file.wrong(line, "a dotted key is nested too deeply; the file has at most two levels");
    return *file.error();
  }
  ReadAgreements read;
  try {
    const toml::table root = toml::parse(text, name);
    read = read_agreements(TomlTable(file, root, "the file"), limits);
  } catch (const toml::parse_error& error) {
    std::string why;
    for (const char c : error.description().substr(0, 200))
      why += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    file.wrong(error.source().begin.line, "not valid TOML: " + why);
  }
  if (file.error()) return *file.error();
  auto regions = regions_of(read, name, reader);
  if (!regions) return regions.error();
  auto made = Agreements::make(std::move(read.records), std::move(*regions));
  if (!made) return with_line(made.error(), name, read);
  return made;
}

Result<std::shared_ptr<const Agreements>> load_agreements_file(const std::string& path,
                                                               const AgreementLimits& limits) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const auto size = regular ? std::filesystem::file_size(path, error) : std::uintmax_t{0};
  std::ifstream in(path, std::ios::binary);
  if (!regular || error || !in)
    return fail(ErrorCode::file_error, "agreements file " + path + " cannot be read");
  if (size > limits.file_bytes)
    return fail(ErrorCode::invalid_config, path + ": larger than the limit of " +
                                               std::to_string(limits.file_bytes) + " bytes");
  std::string content(static_cast<std::size_t>(size), '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  const auto folder = std::filesystem::path(path).parent_path();
  return parse_agreements(
      content, path,
      [&](const std::string& file) { return load_region_table((folder / file).string()); }, limits);
}

} // namespace lookup
