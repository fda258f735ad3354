#include "cli/ctl/certificate.h"
#include "cli/ctl/commands.h"
#include "cli/ctl/handed_in.h"
#include "cli/ctl/reuse.h"
#include "cli/files.h"
#include "cli/text.h"
#include "directory/readiness_text.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

namespace cli::ctl {

using directory::CheckOutcome;
using F = directory::ReadinessFinding;

namespace {

constexpr std::uint64_t kMaxFile = 1024 * 1024;

struct CheckOptions {
  std::vector<std::string> files;
  std::string directory, at;
  RuleOptions rules;
  bool json = false;
};

std::string key_of(const crypto::Certificate& certificate) {
  const auto bits = std::to_string(certificate.key_bits());
  switch (certificate.key_kind()) {
  case crypto::KeyKind::rsa:
    return "RSA " + bits;
  case crypto::KeyKind::ec:
    return "EC " + bits;
  case crypto::KeyKind::other:
    break;
  }
  return "?";
}

void compare(CheckedFile& file, const directory::Directory& directory) {
  const auto& fingerprint = file.certificate->fingerprint();
  const auto* owner = directory.owner_of(fingerprint);
  if (!owner)
    file.remarks.push_back(directory::remark(F::handed_in_not_listed));
  else
    file.remarks.push_back(directory::remark(
        F::handed_in_listed,
        {owner->key, directory.listed(fingerprint, directory::CertificateUse::cipher)
                         ? "Verschlüsselung"
                         : "Signatur"}));
}

ExitCode check(const CheckOptions& o) {
  const auto now = moment(o.at, base::SystemClock().now());
  if (!now) return refuse(now.error());
  auto rules = Rules::read(o.rules, *now);
  if (!rules) return refuse(rules.error());
  std::shared_ptr<const directory::Directory> directory;
  if (!o.directory.empty()) {
    auto loaded = lookup::load_directory_file(o.directory);
    if (!loaded) return refuse(loaded.error());
    directory = std::move(*loaded);
  }
  std::vector<CheckedFile> checked;
  for (const auto& path : o.files) {
    const auto bytes = read_file(path, kMaxFile);
    if (!bytes) return refuse(bytes.error());
    checked.push_back(check_file(path, *bytes, *rules, directory.get()));
  }
  std::cout << (o.json ? checked_json(checked, *now) + "\n" : checked_text(checked));
  const bool failed = std::any_of(checked.begin(), checked.end(), [](const CheckedFile& one) {
    return one.remarks.front().outcome == CheckOutcome::fail;
  });
  return failed ? ExitCode::invalid : ExitCode::ok;
}

} // namespace

CheckedFile check_file(const std::string& name, std::string_view bytes, Rules& rules,
                       const directory::Directory* directory) {
  CheckedFile out{name, std::nullopt, {}};
  switch (kind_of_file(bytes)) {
  case HandedIn::private_key:
    out.remarks.push_back(directory::remark(F::handed_in_private_key));
    return out;
  case HandedIn::key_store:
    out.remarks.push_back(directory::remark(F::handed_in_key_store));
    return out;
  case HandedIn::no_private_key:
    break;
  }
  auto bundle = crypto::Certificate::bundle_from_file_text(bytes);
  if (!bundle) {
    out.remarks.push_back(directory::remark(F::handed_in_unreadable));
    return out;
  }
  out.certificate = bundle->front();
  const std::vector<crypto::Certificate> issuers(bundle->begin() + 1, bundle->end());
  rules.note_revocation(*out.certificate, issuers);
  out.remarks = rules.judge(*out.certificate, issuers);
  if (directory) compare(out, *directory);
  std::stable_sort(out.remarks.begin(), out.remarks.end(),
                   [](const auto& a, const auto& b) { return a.outcome > b.outcome; });
  return out;
}

std::string checked_json(const std::vector<CheckedFile>& files, base::Instant at) {
  boost::json::array list;
  for (const auto& file : files) {
    boost::json::array remarks;
    for (const auto& one : file.remarks)
      remarks.push_back({{"finding", directory::text_of(one.finding).code},
                         {"outcome", directory::word_of(one.outcome).code},
                         {"actor", directory::word_of(one.actor).code},
                         {"reason", harmless(one.reason)}});
    boost::json::object entry{{"file", harmless(file.file)},
                              {"outcome", directory::word_of(file.remarks.front().outcome).code},
                              {"certificate", nullptr},
                              {"remarks", std::move(remarks)}};
    if (const auto& certificate = file.certificate)
      entry["certificate"] = {{"subject", harmless(certificate->subject())},
                              {"issuer", harmless(certificate->issuer())},
                              {"serial", certificate->serial()},
                              {"fingerprint", certificate->fingerprint()},
                              {"not_before", base::format_datetime(certificate->not_before())},
                              {"not_after", base::format_datetime(certificate->not_after())},
                              {"key", key_of(*certificate)}};
    list.push_back(std::move(entry));
  }
  return boost::json::serialize(
      boost::json::object{{"at", base::format_datetime(at)}, {"files", std::move(list)}});
}

std::string checked_text(const std::vector<CheckedFile>& files) {
  std::string out;
  for (const auto& file : files) {
    out += harmless(file.file) + "\n";
    if (const auto& certificate = file.certificate)
      out += "  " + harmless(certificate->subject()) + "\n  SHA-256 " + certificate->fingerprint() +
             "\n  " + key_of(*certificate) + ", " +
             directory::german_date(certificate->not_before()) + " bis " +
             directory::german_date(certificate->not_after()) + "\n";
    for (const auto& one : file.remarks)
      out += "  " + std::string(directory::word_of(one.outcome).word) + ": " +
             harmless(one.reason) + "\n";
  }
  return out;
}

Commands add_certificate(CLI::App& app) {
  auto* group = app.add_subcommand("certificate", "Certificates that municipalities hand in");
  group->require_subcommand(1);
  auto o = std::make_shared<CheckOptions>();
  auto* sub = group->add_subcommand(
      "check", "Hold certificates for encryption against the rules; refuses private keys");
  sub->add_option("files", o->files, "certificate files (PEM or DER)")->required();
  sub->add_option("--directory", o->directory, "directory file (TOML) that should list them");
  sub->add_option("--at", o->at, "judge for this day or time instead of now");
  sub->add_flag("--json", o->json, "print JSON for programs");
  add_rules(*sub, o->rules);
  return {{sub, [o] { return check(*o); }}};
}

} // namespace cli::ctl
