// Which files of a pack and of its bases belong together, by target namespace first and file name
// second (domain 3.4). Private to xoev/.
#pragma once
#include "xml/compiled_schemas.h"
#include "xoev/pack_files.h"
#include "xoev/schema_pack.h"
#include <map>
#include <set>
#include <string>
#include <vector>

namespace xoev {

class PackCatalog {
 public:
  // Borrowed: files and bases, while this lives.
  PackCatalog(const std::vector<PackFile>& files, const std::vector<std::vector<PackFile>>& bases);

  // What is to be compiled: the pack's own schemas, and of the bases what they import.
  std::vector<xml::SchemaUnit> units;
  std::vector<const PackFile*> own, borrowed; // files of the units
  std::vector<Finding> findings;
  std::set<std::pair<std::string, std::string>> roots; // namespace, name; of own files
  std::set<std::string> namespaces;                    // of all units
  std::set<std::string> list_uris;                     // that the schemas fix

 private:
  struct Source {
    const PackFile* file;
    std::size_t origin; // 0: the pack, then the bases
    xml::SchemaOutline outline;
  };
  void index(const std::vector<PackFile>& files, std::size_t origin);
  std::size_t select(std::size_t source); // its place among the units
  void follow(std::size_t source);
  void resolve_import(const std::string& name_space);
  std::vector<std::size_t> chosen(std::size_t origin, const std::string& name_space);
  std::optional<std::size_t> included(const Source& from, const std::string& location) const;
  void note(Severity severity, const std::string& where, const std::string& rule);

  std::vector<Source> sources_;
  std::vector<std::map<std::string, std::vector<std::size_t>>> by_namespace_; // for each origin
  std::map<std::size_t, std::size_t> selected_;                               // source -> unit
  std::vector<std::size_t> open_; // selected, not yet followed
  std::set<std::string> resolved_;
};

} // namespace xoev
