#include "xoev/pack_content.h"
#include "xoev/schema_pack.h"
#include <algorithm>
#include <fstream>

namespace xoev {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxPacks = 200;
constexpr std::size_t kMaxBases = 50;
constexpr const char* kShared = "base";
constexpr const char* kSharedLists = "codelists";

bool is_zip(const fs::path& path) {
  return path.extension() == ".zip" || path.extension() == ".ZIP";
}

base::Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failed;
  fs::directory_iterator at(folder, failed);
  if (failed) return fail(ErrorCode::file_error, folder.string() + ": cannot be read");
  for (const fs::directory_iterator end; at != end; at.increment(failed)) {
    if (!at->path().filename().string().starts_with('.')) out.push_back(at->path());
    if (out.size() > 10'000)
      return fail(ErrorCode::too_large, folder.string() + ": too many files");
  }
  // An error makes the iterator the end.
  if (failed) return fail(ErrorCode::file_error, folder.string() + ": cannot be read");
  std::sort(out.begin(), out.end());
  return out;
}

// The lines of NAME.base.
base::Result<std::vector<fs::path>> named_bases(const fs::path& folder, const fs::path& pack) {
  std::vector<fs::path> out;
  const auto name = is_zip(pack) ? pack.stem() : pack.filename();
  const fs::path file = folder / (name.string() + ".base");
  std::error_code failed;
  if (!fs::exists(file, failed)) return out;
  std::ifstream in(file);
  std::string line;
  std::size_t number = 0;
  while (std::getline(in, line)) {
    if (++number > 1000) break;
    if (const auto comment = line.find('#'); comment != std::string::npos) line.erase(comment);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.pop_back();
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) continue;
    const fs::path base = (folder / line).lexically_normal();
    if (!fs::exists(base, failed))
      return fail(ErrorCode::invalid_config,
                  file.string() + ", line " + std::to_string(number) + ": not there");
    out.push_back(base);
    if (out.size() > kMaxBases)
      return fail(ErrorCode::invalid_config, file.string() + ": too long");
  }
  return out;
}

} // namespace

base::Result<SchemaPacks> SchemaPacks::load(const fs::path& folder,
                                            const std::vector<fs::path>& bases,
                                            const PackLimits& limits) {
  const auto entries = entries_of(folder);
  if (!entries) return entries.error();
  std::error_code failed;
  const bool one_pack = std::any_of(entries->begin(), entries->end(), [&](const auto& path) {
    return path.extension() == ".xsd" && !fs::is_directory(path, failed);
  });
  if (one_pack) {
    auto pack = SchemaPack::load(folder, bases, limits);
    if (!pack) return pack.error();
    std::vector<SchemaPack> out{std::move(*pack)};
    return SchemaPacks(std::move(out));
  }

  // Read once for all packs.
  std::map<fs::path, std::vector<PackFile>> read;
  const auto stand_by = [&](const fs::path& path) -> base::Result<> {
    if (read.contains(path)) return {};
    auto files = read_pack(path, limits);
    if (!files) return files.error();
    read.emplace(path, std::move(*files));
    return {};
  };
  std::vector<fs::path> shared = bases;
  if (fs::is_directory(folder / kShared, failed)) {
    shared.push_back(folder / kShared);
    const auto inside = entries_of(folder / kShared);
    if (!inside) return inside.error();
    for (const auto& path : *inside)
      if (is_zip(path)) shared.push_back(path);
  }
  if (fs::is_directory(folder / kSharedLists, failed)) shared.push_back(folder / kSharedLists);
  std::vector<SchemaPack> out;
  for (const auto& path : *entries) {
    const bool pack = fs::is_directory(path, failed)
                          ? path.filename() != kShared && path.filename() != kSharedLists
                          : is_zip(path);
    if (!pack) continue;
    if (out.size() >= kMaxPacks)
      return fail(ErrorCode::too_large, folder.string() + ": too many packs");
    auto wanted = named_bases(folder, path);
    if (!wanted) return wanted.error();
    wanted->insert(wanted->end(), shared.begin(), shared.end());
    std::vector<std::vector<PackFile>> files;
    for (const auto& base : *wanted) {
      if (const auto ok = stand_by(base); !ok) return ok.error();
      files.push_back(read.at(base));
    }
    const auto own = read_pack(path, limits);
    if (!own) return own.error();
    out.push_back(
        SchemaPack::build((is_zip(path) ? path.stem() : path.filename()).string(), *own, files));
  }
  if (out.empty())
    return fail(ErrorCode::invalid_config, folder.string() + ": no schema pack in this folder");
  return SchemaPacks(std::move(out));
}

base::Result<SchemaPacks> SchemaPacks::load_usable(const fs::path& folder) {
  auto packs = load(folder);
  if (!packs) return packs.error();
  for (const auto& pack : packs->packs()) {
    if (pack.usable()) continue;
    std::string why;
    for (const auto& one : pack.findings())
      if (why.empty() && one.severity == Severity::error)
        why = (one.where.empty() ? "" : one.where + ": ") + one.rule;
    return fail(ErrorCode::invalid_config, folder.string() + ": the schema pack " + pack.name() +
                                               " cannot be used: " + why +
                                               "; `dataclearingctl schemas check` tells more");
  }
  return packs;
}

void SchemaPacks::add(SchemaPacks others) {
  packs_.insert(packs_.end(), std::make_move_iterator(others.packs_.begin()),
                std::make_move_iterator(others.packs_.end()));
}

Report SchemaPacks::validate(std::string_view document, const DocumentLimits& limits) const {
  auto instance = read_instance(document, limits);
  if (!instance) return unreadable(instance.error());
  const SchemaPack* judge = nullptr;
  std::string others;
  for (const auto& pack : packs_) {
    if (!pack.usable() || !pack.declares_root(instance->root_namespace(), instance->root_name()))
      continue;
    if (!judge)
      judge = &pack;
    else
      others += (others.empty() ? "" : ", ") + pack.name();
  }
  if (!judge) {
    Report out;
    out.findings.push_back(
        {Severity::error, "/", 0, "the root element is no global element of any pack"});
    return out;
  }
  auto out = judge->content_->judge(*instance, limits.processor_seconds);
  if (!others.empty())
    out.findings.push_back({Severity::note, "/", 0, "also declared by the pack " + others});
  return out;
}

} // namespace xoev
