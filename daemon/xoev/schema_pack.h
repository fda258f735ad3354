// Schema packs: the schemas and code lists of an XÖV standard as the operator drops them in
// (domain 3.4), and what they say about a document.
//
// A pack is a folder or a ZIP with the official files as they are, in either flavour: imports are
// resolved by target namespace among the pack's own files and then among those of its bases (the
// XÖV base message, character sets, a module of another standard), includes by file name; locations
// are never loaded from. Where a base holds two files that declare the same, the file that is
// imported by name is taken.
//
// Immutable, shared by copies, any thread. Loading and judging are blocking work.
#pragma once
#include "base/result.h"
#include "xoev/pack_files.h"
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xoev {

enum class Severity { error, note };

struct Finding {
  Severity severity = Severity::error;
  std::string where;      // element path in a document, file of a pack
  std::uint64_t line = 0; // 0: none
  std::string rule;       // never with values of a document
};

struct Report {
  std::string pack, pack_sha256; // that judged; empty: none declares the root
  std::string root;              // local name of the root, where a pack declares it
  bool valid = false;
  std::vector<Finding> findings; // notes do not make it invalid
  std::size_t more = 0;          // errors beyond those listed
};

struct DocumentLimits {
  std::size_t bytes = std::size_t{128} << 20;
  std::size_t depth = 128;
  std::size_t elements = 500'000;
  double processor_seconds = 30; // a document with violations may take; see xml::CompiledSchemas
};

class SchemaPack {
 public:
  // `bases`: folders and ZIPs whose files stand by. A pack whose schemas do not compile is loaded
  // all the same: it is not usable, and findings() say why. Errors: those of read_pack.
  static base::Result<SchemaPack> load(const std::filesystem::path& path,
                                       const std::vector<std::filesystem::path>& bases = {},
                                       const PackLimits& limits = {});
  // The same from what was read before; `name` for messages.
  static SchemaPack build(std::string name, const std::vector<PackFile>& files,
                          const std::vector<std::vector<PackFile>>& bases);

  const std::string& name() const;
  // Over all schemas and lists that decide: SHA-256 of the lines "<sha256>  <name>\n", the pack's
  // own sorted by name, then those taken from bases as "base/<name>".
  const std::string& sha256() const;
  const std::vector<std::string>& schema_files() const;   // own, by name
  const std::vector<std::string>& borrowed_files() const; // of bases
  const std::vector<std::string>& namespaces() const;     // of all of them, sorted
  std::size_t global_elements() const;                    // of the own files
  std::size_t code_lists() const;                         // of the pack and its bases
  const std::vector<Finding>& findings() const;
  bool usable() const;
  bool declares_root(std::string_view name_space, std::string_view name) const;

  // Errors of the document are findings, also those that make it unreadable.
  Report validate(std::string_view document, const DocumentLimits& limits = {}) const;

 private:
  friend class SchemaPacks;
  struct Content;
  explicit SchemaPack(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  std::shared_ptr<const Content> content_;
};

class SchemaPacks {
 public:
  // A folder of packs: each sub-folder and each *.zip is one, but for `base` and `codelists`:
  // their files, and the ZIPs in `base`, stand by for all packs. `NAME.base` beside the pack NAME
  // (or NAME.zip) is a text file that names further bases of it, one a line, relative to the
  // folder; # begins a comment. A folder that holds *.xsd itself is one pack. Errors: file_error,
  // too_large, invalid_config.
  static base::Result<SchemaPacks> load(const std::filesystem::path& folder,
                                        const std::vector<std::filesystem::path>& bases = {},
                                        const PackLimits& limits = {});
  // The same, for those who rely on them: invalid_config also when a pack cannot be used.
  static base::Result<SchemaPacks> load_usable(const std::filesystem::path& folder);
  explicit SchemaPacks(std::vector<SchemaPack> packs) : packs_(std::move(packs)) {}

  const std::vector<SchemaPack>& packs() const { return packs_; }
  void add(SchemaPacks others);
  // By the first usable pack that declares the root element; a note tells of others.
  Report validate(std::string_view document, const DocumentLimits& limits = {}) const;

 private:
  std::vector<SchemaPack> packs_;
};

} // namespace xoev
