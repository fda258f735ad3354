// dataclearingctl schemas: what is in the schema packs, and what they say about files.
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "cli/files.h"
#include "cli/text.h"
#include "cli/validation.h"
#include "xoev/schema_pack.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>

namespace cli::ctl {

namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{128} << 20;

struct CheckOptions {
  std::vector<std::string> folders, bases;
  bool json = false;
};

struct ValidateOptions {
  std::vector<std::string> packs, bases, files;
  bool json = false;
  int benchmark = 0;
};

base::Result<xoev::SchemaPacks> load(const std::vector<std::string>& folders,
                                     const std::vector<std::string>& bases) {
  const std::vector<std::filesystem::path> stand_by(bases.begin(), bases.end());
  xoev::SchemaPacks out{{}};
  for (const auto& folder : folders) {
    std::error_code failed;
    if (std::filesystem::is_regular_file(folder, failed)) { // a ZIP by itself
      auto pack = xoev::SchemaPack::load(folder, stand_by);
      if (!pack) return pack.error();
      std::vector<xoev::SchemaPack> one{std::move(*pack)};
      out.add(xoev::SchemaPacks(std::move(one)));
      continue;
    }
    auto packs = xoev::SchemaPacks::load(folder, stand_by);
    if (!packs) return packs.error();
    out.add(std::move(*packs));
  }
  return out;
}

boost::json::object describe(const xoev::SchemaPack& pack) {
  const auto names = [](const std::vector<std::string>& list) {
    return boost::json::array(list.begin(), list.end());
  };
  boost::json::array findings;
  for (const auto& one : pack.findings())
    findings.push_back({{"severity", one.severity == xoev::Severity::error ? "error" : "note"},
                        {"file", harmless(one.where)},
                        {"finding", harmless(one.rule)}});
  return {{"pack", pack.name()},
          {"usable", pack.usable()},
          {"sha256", pack.sha256()},
          {"files", names(pack.schema_files())},
          {"base_files", names(pack.borrowed_files())},
          {"namespaces", names(pack.namespaces())},
          {"global_elements", pack.global_elements()},
          {"code_lists", pack.code_lists()},
          {"findings", std::move(findings)}};
}

void print(const xoev::SchemaPack& pack) {
  std::cout << harmless(pack.name()) << "  " << (pack.usable() ? "usable" : "NOT USABLE") << "  "
            << pack.schema_files().size() << " files + " << pack.borrowed_files().size()
            << " of bases, " << pack.namespaces().size() << " namespaces, "
            << pack.global_elements() << " global elements, " << pack.code_lists()
            << " code lists\n      sha256 " << pack.sha256() << "\n";
  for (const auto& one : pack.namespaces())
    std::cout << "      namespace " << harmless(one) << "\n";
  for (const auto& one : pack.findings()) {
    std::cout << "      " << (one.severity == xoev::Severity::error ? "error: " : "note: ")
              << (one.where.empty() ? "" : harmless(one.where) + ": ");
    std::string_view rest = one.rule; // a compiler's findings come as lines
    for (bool first = true; !rest.empty(); first = false) {
      const auto end = std::min(rest.find('\n'), rest.size());
      std::cout << (first ? "" : "             ") << harmless(rest.substr(0, end)) << "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

ExitCode check(const CheckOptions& o) {
  const auto packs = load(o.folders, o.bases);
  if (!packs) return refuse(packs.error());
  bool usable = true;
  for (const auto& pack : packs->packs()) {
    usable = usable && pack.usable();
    if (o.json)
      std::cout << boost::json::serialize(describe(pack)) << "\n";
    else
      print(pack);
  }
  return usable ? ExitCode::ok : ExitCode::invalid;
}

// The best of `rounds`: other work on the machine only slows down.
double megabytes_per_second(const xoev::SchemaPacks& packs, const std::string& text, int rounds) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    (void)packs.validate(text);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, static_cast<double>(text.size()) / 1e6 / std::max(seconds, 1e-9));
  }
  return best;
}

ExitCode validate(const ValidateOptions& o) {
  const auto packs = load(o.packs, o.bases);
  if (!packs) return refuse(packs.error());
  for (const auto& pack : packs->packs())
    if (!pack.usable())
      std::cerr << "dataclearingctl: warning: the pack " << harmless(pack.name())
                << " cannot be used; `schemas check` tells why\n";
  bool valid = true;
  for (const auto& file : o.files) {
    const auto text = read_file(file, kMaxFile);
    if (!text) return refuse(text.error());
    const auto report = packs->validate(*text);
    valid = valid && report.valid;
    const double speed = o.benchmark ? megabytes_per_second(*packs, *text, o.benchmark) : 0;
    if (o.json) {
      boost::json::object out{{"file", file}};
      for (auto& [key, value] : cli::describe(report)) out[key] = value;
      if (o.benchmark) out["megabytes_per_second"] = speed;
      std::cout << boost::json::serialize(out) << "\n";
      continue;
    }
    std::cout << (report.valid ? "valid    " : "invalid  ") << harmless(file);
    if (!report.pack.empty()) std::cout << "  pack " << harmless(report.pack);
    if (o.benchmark)
      std::cout << "  " << human_size(text->size()) << ", " << std::fixed << std::setprecision(1)
                << speed << " MB/s";
    std::cout << "\n" << lines_of(report, true);
  }
  return valid ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Commands add_schemas(CLI::App& app) {
  auto* schemas = app.add_subcommand("schemas", "Schema packs (XÖV): what is in them, and what is "
                                                "valid by them");
  schemas->require_subcommand(1);
  Commands out;

  auto c = std::make_shared<CheckOptions>();
  auto* sub = schemas->add_subcommand("check", "List packs: files, namespaces, findings");
  sub->add_option("folders", c->folders, "folders of packs, or a pack (folder or ZIP) itself")
      ->required();
  sub->add_option("--base", c->bases,
                  "folder or ZIP with schemas that stand by for imports; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--json", c->json, "one JSON object for each pack");
  out.push_back({sub, [c] { return check(*c); }});

  auto v = std::make_shared<ValidateOptions>();
  sub = schemas->add_subcommand("validate", "Judge files: exit code 10 if one is not valid");
  sub->add_option("--packs", v->packs, "folder of packs, or a pack itself; repeat it")
      ->required()
      ->allow_extra_args(false)
      ->take_all();
  sub->add_option("--base", v->bases,
                  "folder or ZIP with schemas that stand by for imports; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_option("files", v->files, "XML files")->required();
  sub->add_flag("--json", v->json, "one JSON object for each file");
  sub->add_option("--benchmark", v->benchmark,
                  "judge each file so many times more and tell the best speed in MB/s")
      ->check(CLI::Range(1, 100'000));
  out.push_back({sub, [v] { return validate(*v); }});
  return out;
}

} // namespace cli::ctl
