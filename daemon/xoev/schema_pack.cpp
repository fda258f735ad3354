#include "xoev/schema_pack.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "xml/compiled_schemas.h"
#include "xml/instance.h"
#include "xoev/code_list.h"
#include "xoev/pack_catalog.h"
#include "xoev/pack_content.h"
#include <algorithm>

namespace xoev {

namespace {

using Key = std::pair<std::string, std::string>;

xml::Limits xml_limits(const DocumentLimits& limits) {
  xml::Limits out;
  out.size = limits.bytes;
  out.depth = limits.depth;
  out.elements = limits.elements;
  out.attribute_value = std::size_t{1} << 20;
  return out;
}

bool looks_like_code_list(const PackFile& file) {
  return std::string_view(file.bytes).substr(0, 4096).find("genericode/1.0") !=
         std::string_view::npos;
}

// The set as one number: sha256sum's lines, hashed.
std::string digest_of(const std::vector<const PackFile*>& own,
                      const std::vector<const PackFile*>& borrowed) {
  std::string lines;
  for (const auto& [files, prefix] : {std::pair(&own, ""), std::pair(&borrowed, "base/")}) {
    std::vector<std::string> sorted;
    for (const auto* file : *files)
      sorted.push_back(prefix + file->name + '\0' + crypto::sha256_hex(file->bytes));
    std::sort(sorted.begin(), sorted.end());
    for (const auto& one : sorted) {
      const auto end = one.find('\0');
      lines += one.substr(end + 1) + "  " + one.substr(0, end) + "\n";
    }
  }
  return crypto::sha256_hex(lines);
}

} // namespace

void SchemaPack::Content::add_lists(const std::vector<PackFile>& files, bool own_files,
                                    std::vector<const PackFile*>& used) {
  for (const auto& file : files) {
    if (!looks_like_code_list(file)) continue;
    const auto list = read_code_list(file.bytes);
    if (!list) {
      if (own_files)
        findings.push_back({Severity::note, file.name, 0,
                            "code list that cannot be read: " + list.error().detail});
      continue;
    }
    auto& keys = lists[{list->canonical_uri, list->version}];
    if (!keys.empty()) continue; // the pack's own stand before those of bases
    for (const auto& row : list->rows) keys.insert(row[list->key]);
    list_uris.insert(list->canonical_uri);
    used.push_back(&file);
  }
}

std::optional<xml::CodeFinding> SchemaPack::Content::check(const xml::CodeUse& use,
                                                           std::set<Key>& told) const {
  const std::string uri(use.list_uri), version(use.version);
  const auto list = lists.find({uri, version});
  if (list != lists.end()) {
    if (list->second.contains(std::string(use.code))) return std::nullopt;
    return xml::CodeFinding{true, "code is not in the list " + uri + ", version " + version};
  }
  if (!told.insert({uri, version}).second) return std::nullopt;
  // What neither a schema nor a list of ours says is text of the document.
  const std::string named = list_uris.contains(uri) ? uri : "that the document names";
  return xml::CodeFinding{
      false, "not checked: the code list " + named +
                 (version.empty() ? ", as no version is given" : " is not here in this version")};
}

Report SchemaPack::Content::judge(xml::Instance& instance, double processor_seconds) const {
  Report out;
  out.pack = name;
  out.pack_sha256 = sha256;
  if (!grammar) {
    out.findings.push_back({Severity::error, "/", 0, "the pack " + name + " is not usable"});
    return out;
  }
  if (!roots.contains(
          {std::string(instance.root_namespace()), std::string(instance.root_name())})) {
    out.findings.push_back(
        {Severity::error, "/", 0, "the root element is no global element of the pack"});
    return out;
  }
  out.root = instance.root_name();
  std::set<Key> told;
  auto verdict = grammar->judge(
      instance, [&](const xml::CodeUse& use) { return check(use, told); }, processor_seconds);
  out.valid = verdict.violations.empty();
  out.more = verdict.more;
  for (auto& one : verdict.violations)
    out.findings.push_back({Severity::error, std::move(one.path), one.line, std::move(one.rule)});
  for (auto& one : verdict.notes)
    out.findings.push_back({Severity::note, std::move(one.path), one.line, std::move(one.rule)});
  return out;
}

base::Result<xml::Instance> read_instance(std::string_view document, const DocumentLimits& limits) {
  return xml::Instance::parse(document, xml_limits(limits));
}

Report unreadable(const base::Error& error) {
  Report out;
  out.findings.push_back({Severity::error, "/", 0, "cannot be read: " + error.detail});
  return out;
}

SchemaPack SchemaPack::build(std::string name, const std::vector<PackFile>& files,
                             const std::vector<std::vector<PackFile>>& bases) {
  auto out = std::make_shared<Content>();
  out->name = std::move(name);
  PackCatalog catalog(files, bases);
  out->findings = std::move(catalog.findings);
  out->roots = std::move(catalog.roots);
  out->list_uris = std::move(catalog.list_uris);
  out->namespaces.assign(catalog.namespaces.begin(), catalog.namespaces.end());
  for (const auto* file : catalog.own) out->schema_files.push_back(file->name);
  for (const auto* file : catalog.borrowed) out->borrowed_files.push_back(file->name);
  std::sort(out->schema_files.begin(), out->schema_files.end());
  std::sort(out->borrowed_files.begin(), out->borrowed_files.end());
  const bool complete =
      std::none_of(out->findings.begin(), out->findings.end(),
                   [](const auto& one) { return one.severity == Severity::error; });
  if (catalog.own.empty()) {
    out->findings.push_back({Severity::error, "", 0, "no schema in the pack"});
  } else if (complete) {
    auto grammar = xml::CompiledSchemas::compile(catalog.units);
    if (grammar)
      out->grammar = std::move(*grammar);
    else
      out->findings.push_back({Severity::error, "", 0, grammar.error().detail});
  }
  auto own = catalog.own, borrowed = catalog.borrowed;
  out->add_lists(files, true, own);
  for (const auto& base : bases) out->add_lists(base, false, borrowed);
  out->sha256 = digest_of(own, borrowed);
  return SchemaPack(std::move(out));
}

base::Result<SchemaPack> SchemaPack::load(const std::filesystem::path& path,
                                          const std::vector<std::filesystem::path>& bases,
                                          const PackLimits& limits) {
  const auto files = read_pack(path, limits);
  if (!files) return files.error();
  std::vector<std::vector<PackFile>> stand_by;
  for (const auto& base : bases) {
    auto more = read_pack(base, limits);
    if (!more) return more.error();
    stand_by.push_back(std::move(*more));
  }
  const auto stem = path.has_filename() ? path : path.parent_path();
  return build((stem.extension() == ".zip" ? stem.stem() : stem.filename()).string(), *files,
               stand_by);
}

const std::string& SchemaPack::name() const {
  return content_->name;
}
const std::string& SchemaPack::sha256() const {
  return content_->sha256;
}
const std::vector<std::string>& SchemaPack::schema_files() const {
  return content_->schema_files;
}
const std::vector<std::string>& SchemaPack::borrowed_files() const {
  return content_->borrowed_files;
}
const std::vector<std::string>& SchemaPack::namespaces() const {
  return content_->namespaces;
}
std::size_t SchemaPack::global_elements() const {
  return content_->roots.size();
}
std::size_t SchemaPack::code_lists() const {
  return content_->lists.size();
}
const std::vector<Finding>& SchemaPack::findings() const {
  return content_->findings;
}
bool SchemaPack::usable() const {
  return content_->grammar.has_value();
}
bool SchemaPack::declares_root(std::string_view name_space, std::string_view root) const {
  return content_->roots.contains({std::string(name_space), std::string(root)});
}

Report SchemaPack::validate(std::string_view document, const DocumentLimits& limits) const {
  auto instance = read_instance(document, limits);
  if (instance) return content_->judge(*instance, limits.processor_seconds);
  auto out = unreadable(instance.error());
  out.pack = content_->name;
  out.pack_sha256 = content_->sha256;
  return out;
}

} // namespace xoev
