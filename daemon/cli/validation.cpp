#include "cli/validation.h"
#include "cli/durable.h"
#include "cli/files.h"
#include "cli/text.h"
#include <boost/json.hpp>
#include <iostream>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kMaxJudged = std::uint64_t{128} << 20;

const char* word(bool valid) {
  return valid ? "valid" : "INVALID";
}

std::size_t errors_of(const xoev::Report& report) {
  std::size_t out = report.more;
  for (const auto& one : report.findings)
    if (one.severity == xoev::Severity::error) ++out;
  return out;
}

} // namespace

base::Result<std::shared_ptr<const xoev::SchemaPacks>> load_packs(const std::string& folder) {
  auto packs = xoev::SchemaPacks::load_usable(folder);
  if (!packs) return packs.error();
  return std::make_shared<const xoev::SchemaPacks>(std::move(*packs));
}

boost::json::object describe(const xoev::Report& report) {
  boost::json::array findings;
  for (const auto& one : report.findings) {
    boost::json::object entry{
        {"severity", one.severity == xoev::Severity::error ? "error" : "note"},
        {"path", one.where},
        {"rule", one.rule}};
    if (one.line) entry["line"] = one.line;
    findings.push_back(std::move(entry));
  }
  boost::json::object out{{"valid", report.valid}};
  if (!report.pack.empty()) out["pack"] = report.pack;
  if (!report.pack_sha256.empty()) out["pack_sha256"] = report.pack_sha256;
  if (!report.root.empty()) out["root"] = report.root;
  out["findings"] = std::move(findings);
  if (report.more) out["further_errors"] = report.more;
  return out;
}

std::string lines_of(const xoev::Report& report, bool notes) {
  std::string out;
  for (const auto& one : report.findings) {
    const bool error = one.severity == xoev::Severity::error;
    if (!error && !notes) continue;
    out += std::string("      ") + (error ? "" : "note: ") + one.where;
    if (one.line) out += ", line " + std::to_string(one.line);
    out += ": " + one.rule + "\n";
  }
  if (report.more) out += "      and " + std::to_string(report.more) + " more\n";
  return out;
}

base::Result<> validate_outgoing(const xoev::SchemaPacks& packs,
                                 const std::vector<std::string>& names,
                                 const std::vector<std::string>& contents) {
  std::size_t judged = 0, invalid = 0;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    if (extension_of(contents[i]) != ".xml") continue;
    ++judged;
    const auto report = packs.validate(contents[i]);
    if (report.valid) continue;
    ++invalid;
    std::cerr << "osci: " << harmless(i < names.size() ? names[i] : "content")
              << ": not valid by its schema"
              << (report.pack.empty() ? std::string() : " (pack " + report.pack + ")") << "\n"
              << lines_of(report, false);
  }
  if (judged == 0)
    return fail(ErrorCode::invalid_content,
                "--validate: none of the files is XML, so there is nothing that could be valid");
  if (invalid != 0)
    return fail(ErrorCode::invalid_content, std::to_string(invalid) + " of " +
                                                std::to_string(judged) +
                                                " XML file(s) not valid; nothing was sent");
  return {};
}

void mark_kept(const xoev::SchemaPacks& packs, const KeptDelivery& delivery, bool json) {
  for (const auto& file : delivery.files) {
    if (file.name.empty()) continue;
    const std::string path = delivery.folder + "/" + file.name;
    const auto warn = [&](const std::string& why) {
      std::cerr << "osci: warning: " << harmless(path) << ": not validated: " << harmless(why)
                << std::endl;
    };
    const auto bytes = read_file(path, kMaxJudged);
    if (!bytes) {
      // A scan may be of any size; XML of that size is told of.
      if (file.name.ends_with(".xml") || file.name.ends_with(".XML")) warn(bytes.error().detail);
      continue;
    }
    if (extension_of(*bytes) != ".xml") continue;
    xoev::Report report;
    try {
      report = packs.validate(*bytes);
    } catch (const std::exception& error) { // a mark must not stand in the way of a delivery
      warn(error.what());
      continue;
    }
    boost::json::object mark{{"file", file.name}, {"sha256", file.sha256}};
    for (auto& [key, value] : describe(report)) mark[key] = value;
    const auto kept = replace_durably(delivery.folder, file.name + std::string(kMarkEnding),
                                      boost::json::serialize(mark) + "\n");
    if (!kept) warn(kept.error().detail);
    if (json) {
      std::cout << boost::json::serialize(boost::json::object{{"message_id", delivery.message_id},
                                                              {"validation", std::move(mark)}})
                << std::endl;
      continue;
    }
    const std::size_t errors = errors_of(report);
    std::cerr << "osci: " << harmless(path) << ": " << word(report.valid);
    if (!report.pack.empty()) std::cerr << " by the pack " << report.pack;
    if (errors) std::cerr << ", " << errors << (errors == 1 ? " error" : " errors");
    std::cerr << "\n" << lines_of(report, false) << std::flush;
  }
}

} // namespace cli
