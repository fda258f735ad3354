// dataclearingctl directory: service descriptions from WSDL files, a look at a directory file, and
// its snapshot.
#include "base/clock.h"
#include "cli/ctl/commands.h"
#include "cli/durable.h"
#include "cli/files.h"
#include "cli/text.h"
#include "directory/completeness.h"
#include "lookup/description_toml.h"
#include "lookup/file_directory.h"
#include "lookup/service_names.h"
#include "lookup/snapshot.h"
#include "lookup/wsdl.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <set>

namespace cli::ctl {
namespace {

namespace json = boost::json;
using base::ErrorCode;
using base::Result;

constexpr std::uint64_t kMaxList = 64u << 20;

ExitCode refuse(const std::string& file, const base::Error& error) {
  std::cerr << "dataclearingctl: " << (file.empty() ? "" : harmless(file) + ": ")
            << harmless(error.detail) << "\n";
  return error.code == ErrorCode::malformed_message || error.code == ErrorCode::too_large ||
                 error.code == ErrorCode::invalid_content
             ? ExitCode::invalid
             : exit_code(error.code);
}

Result<> write_file(const std::string& path, std::string_view bytes) {
  const std::filesystem::path target(path);
  if (!target.has_filename())
    return base::fail(ErrorCode::file_error, path + ": name a file, not a folder");
  const auto folder = target.has_parent_path() ? target.parent_path().string() : ".";
  return replace_durably(folder, target.filename().string(), bytes);
}

// --- import-wsdl -------------------------------------------------------------------------------

struct ImportOptions {
  std::string prefixes, output;
  std::vector<std::string> files;
  bool as_json = false;
};

std::string joined(const std::vector<std::string>& list, const char* none) {
  std::string out;
  for (const auto& one : list) out += (out.empty() ? "" : ", ") + harmless(one);
  return out.empty() ? none : out;
}

std::string slots_of(const directory::ServiceDescription& description) {
  std::size_t demanded = 0;
  for (const auto& slot : description.slots) demanded += slot.required ? 1 : 0;
  return std::to_string(demanded) + " required, " +
         std::to_string(description.slots.size() - demanded) + " optional";
}

json::array array_of(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& one : list) out.push_back(json::string(one));
  return out;
}

// On standard output when the TOML goes to a file, else on standard error beside it.
void report(std::ostream& out, const std::vector<lookup::ImportedService>& all, bool as_json) {
  if (as_json) {
    json::array list;
    for (const auto& [one, warnings] : all)
      list.push_back(json::object{{"uri", one.uri},
                                  {"name", one.name},
                                  {"providers", array_of(one.providers)},
                                  {"users", array_of(one.users)},
                                  {"subject", one.subject},
                                  {"communication", lookup::to_string(one.communication)},
                                  {"roots", one.roots.size()},
                                  {"slots", one.slots.size()},
                                  {"warnings", array_of(warnings)}});
    out << json::serialize(list) << "\n";
    return;
  }
  for (const auto& [one, warnings] : all) {
    out << harmless(one.name) << "\n  uri            " << harmless(one.uri) << "\n  offered by     "
        << joined(one.providers, "(any)") << "\n  used by        " << joined(one.users, "(any)")
        << "\n  communication  " << lookup::to_string(one.communication) << ", subject "
        << (one.subject.empty() ? "(any)" : harmless(one.subject)) << "\n  roots          "
        << one.roots.size() << "\n  slots          " << slots_of(one) << "\n";
    for (const auto& warning : warnings) out << "  warning        " << harmless(warning) << "\n";
  }
  out << all.size() << " service descriptions\n";
}

Result<lookup::CategoryPrefixes> read_prefixes(const std::string& file) {
  const auto text = read_file(file, kMaxList);
  if (!text) return text.error();
  const auto list = xoev::read_code_list(*text);
  if (!list) return list.error();
  return lookup::CategoryPrefixes::from(*list);
}

ExitCode import_wsdl(const ImportOptions& o) {
  std::optional<lookup::CategoryPrefixes> prefixes;
  if (!o.prefixes.empty()) {
    auto read = read_prefixes(o.prefixes);
    if (!read) return refuse(o.prefixes, read.error());
    prefixes = std::move(*read);
  }
  const lookup::WsdlLimits limits;
  std::vector<lookup::ImportedService> all;
  std::vector<lookup::CommentedDescription> entries;
  std::set<std::string> uris;
  for (const auto& file : o.files) {
    const auto text = read_file(file, limits.bytes);
    if (!text) return refuse("", text.error());
    auto service = lookup::read_wsdl(*text, prefixes ? &*prefixes : nullptr, limits);
    if (!service) return refuse(file, service.error());
    if (!uris.insert(service->description.uri).second)
      return refuse(file, base::fail(ErrorCode::invalid_content,
                                     "its service is described by an earlier file too"));
    entries.push_back({service->description, service->warnings});
    for (auto& line : entries.back().comments) line = "warning: " + line;
    all.push_back(std::move(*service));
  }
  const auto toml = lookup::to_toml(std::move(entries));
  if (o.output.empty()) {
    report(std::cerr, all, o.as_json);
    std::cout << toml;
  } else {
    if (const auto written = write_file(o.output, toml); !written)
      return refuse("", written.error());
    report(std::cout, all, o.as_json);
  }
  if (!prefixes)
    std::cerr << "Without --prefixes categories are written by name only: an organisation that "
                 "names no category goes by the prefix of its key and fits none of them.\n";
  return ExitCode::ok;
}

// --- check -------------------------------------------------------------------------------------

struct CheckOptions {
  std::string file, organisation;
  unsigned days = 60;
  bool as_json = false;
};

const char* said(directory::Lack lack) {
  switch (lack) {
  case directory::Lack::cipher_certificate:
    return "has a mailbox, but no current cipher certificate";
  case directory::Lack::certificate_ends:
    return "the last current certificate ends soon:";
  case directory::Lack::service_element:
    return "a required service element is not given:";
  case directory::Lack::element_ended:
    return "the certificate of a service element is not valid now:";
  case directory::Lack::key_form:
    return "the key is not three letters and twelve digits";
  case directory::Lack::not_described:
    return "no [[description]] of the service";
  case directory::Lack::from_installation:
    break;
  }
  return "not given; the installation's own stands for it:";
}

ExitCode check(const CheckOptions& o) {
  const auto loaded = lookup::load_directory_file(o.file);
  if (!loaded) return refuse("", loaded.error());
  const auto& directory = **loaded;
  std::vector<const directory::Organisation*> asked;
  if (o.organisation.empty()) {
    for (const auto& one : directory.organisations()) asked.push_back(&one);
  } else if (const auto* one = directory.find(o.organisation)) {
    asked.push_back(one);
  } else {
    return refuse(o.file, base::fail(ErrorCode::not_found, "no such organisation"));
  }
  const auto now = base::SystemClock().now();
  bool complete = true;
  json::array list;
  for (const auto* one : asked) {
    const auto findings =
        directory::lacks(directory, *one, now, std::chrono::days{static_cast<int>(o.days)});
    json::array rows;
    for (const auto& [lack, service, detail] : findings) {
      complete = complete && !directory::required(lack);
      if (o.as_json)
        rows.push_back(json::object{{"lack", directory::to_string(lack)},
                                    {"required", directory::required(lack)},
                                    {"service", service},
                                    {"detail", detail}});
      else
        std::cout << one->key << (directory::required(lack) ? "  LACKS   " : "  notice  ")
                  << said(lack) << (detail.empty() ? "" : " " + detail)
                  << (service.empty() ? "" : "  (" + harmless(service) + ")") << "\n";
    }
    if (o.as_json && (!rows.empty() || !o.organisation.empty()))
      list.push_back(
          json::object{{"key", one->key}, {"name", one->name}, {"findings", std::move(rows)}});
  }
  if (o.as_json)
    std::cout << json::serialize(json::object{{"file", o.file},
                                              {"organisations", asked.size()},
                                              {"complete", complete},
                                              {"findings", std::move(list)}})
              << "\n";
  else
    std::cout << asked.size() << " organisations: "
              << (complete ? "nothing required is missing" : "something required is missing")
              << "\n";
  return complete ? ExitCode::ok : ExitCode::invalid;
}

// --- export ------------------------------------------------------------------------------------

struct ExportOptions {
  std::string file, output;
};

ExitCode export_snapshot(const ExportOptions& o) {
  const auto loaded = lookup::load_directory_file(o.file);
  if (!loaded) return refuse("", loaded.error());
  const auto text = lookup::to_snapshot(**loaded);
  if (o.output.empty()) {
    std::cout << text;
    return ExitCode::ok;
  }
  if (const auto written = write_file(o.output, text); !written) return refuse("", written.error());
  std::cout << (*loaded)->organisations().size() << " organisations, "
            << (*loaded)->descriptions().size() << " service descriptions, "
            << human_size(text.size()) << "\n";
  return ExitCode::ok;
}

} // namespace

Commands add_directory(CLI::App& app) {
  auto* group = app.add_subcommand("directory", "Service descriptions and directory files");
  group->require_subcommand(1);

  auto import = std::make_shared<ImportOptions>();
  auto* import_app = group->add_subcommand(
      "import-wsdl", "Make service descriptions from the WSDL files of the DVDV");
  import_app->add_option("--prefixes", import->prefixes,
                         "Genericode list of key prefixes and categories (DVDV.Praefixe)");
  import_app->add_option("-o,--output", import->output,
                         "file to write; without it the TOML goes to standard output");
  import_app->add_flag("--json", import->as_json, "report in JSON");
  import_app->add_option("WSDL", import->files, "WSDL files")->required();

  auto checked = std::make_shared<CheckOptions>();
  auto* check_app = group->add_subcommand(
      "check",
      "Say what organisations still lack; exit code 10 when something required is missing");
  check_app->add_option("FILE", checked->file, "directory file (.toml, .ndjson)")->required();
  check_app->add_option("--organisation", checked->organisation, "key of one organisation");
  check_app->add_option("--days", checked->days, "a certificate that ends within so many days")
      ->check(CLI::Range(0u, 3650u))
      ->capture_default_str();
  check_app->add_flag("--json", checked->as_json, "answer in JSON");

  auto exported = std::make_shared<ExportOptions>();
  auto* export_app = group->add_subcommand(
      "export", "Write a directory file and its certificates as one snapshot (.ndjson)");
  export_app->add_option("FILE", exported->file, "directory file (.toml, .ndjson)")->required();
  export_app->add_option("-o,--output", exported->output, "file to write");

  return {{import_app, [import] { return import_wsdl(*import); }},
          {check_app, [checked] { return check(*checked); }},
          {export_app, [exported] { return export_snapshot(*exported); }}};
}

} // namespace cli::ctl
