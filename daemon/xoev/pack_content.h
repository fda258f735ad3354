// What a SchemaPack shares. Private to xoev/.
#pragma once
#include "xml/compiled_schemas.h"
#include "xml/instance.h"
#include "xoev/schema_pack.h"
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace xoev {

struct SchemaPack::Content {
  std::string name, sha256;
  std::vector<std::string> schema_files, borrowed_files, namespaces;
  std::vector<Finding> findings;
  std::set<std::pair<std::string, std::string>> roots; // namespace, name
  // URI and version -> keys.
  std::map<std::pair<std::string, std::string>, std::unordered_set<std::string>> lists;
  std::set<std::string> list_uris; // that schemas or lists name, so that they may be told
  std::optional<xml::CompiledSchemas> grammar; // none: not usable

  void add_lists(const std::vector<PackFile>& files, bool own_files,
                 std::vector<const PackFile*>& used);
  // `told`: lists that were noted as unknown before.
  std::optional<xml::CodeFinding> check(const xml::CodeUse& use,
                                        std::set<std::pair<std::string, std::string>>& told) const;
  Report judge(xml::Instance& instance, double processor_seconds) const;
};

base::Result<xml::Instance> read_instance(std::string_view document, const DocumentLimits& limits);
Report unreadable(const base::Error& error);

} // namespace xoev
