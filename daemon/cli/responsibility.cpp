#include "cli/responsibility.h"
#include "cli/text.h"
#include "directory/onboarding.h"
#include "lookup/agreements_file.h"
#include "lookup/file_directory.h"
#include <CLI/CLI.hpp>
#include <iostream>

namespace cli {

using base::ErrorCode;
using base::fail;

void add_responsibility(CLI::App& app, ResponsibilityOptions& o) {
  const std::string group = "Recipient by responsibility";
  auto* leika = app.add_option("--leika", o.leika, "key of the service in the LeiKa (14 digits)")
                    ->group(group);
  auto* region = app.add_option("--region", o.region,
                                "where: AGS (8 digits), ARS (12) or Kreis (5) of the applicant")
                     ->group(group);
  auto* agreements =
      app.add_option("--agreements", o.agreements, "file (TOML) with responsibilities and services")
          ->group(group);
  app.add_option("--party", o.party, "which body, where several are competent")->group(group);
  leika->needs(region)->needs(agreements);
  region->needs(leika);
}

base::Result<base::Instant> moment(const std::string& text, base::Instant now) {
  using namespace std::chrono;
  if (text.empty()) return now;
  if (text.size() == 10) {
    const auto midnight = base::parse_datetime(text + "T00:00:00Z");
    if (midnight) return base::german_midnight(floor<days>(*midnight));
  } else if (const auto exact = base::parse_datetime(text)) {
    return *exact;
  }
  return fail(ErrorCode::invalid_config,
              "--at: a date, e.g. 2026-12-01 (from midnight in Germany), or a date-time with zone, "
              "e.g. 2026-12-01T00:00:00Z");
}

std::string format_german_day(base::Instant at) {
  return base::format_datetime(base::Instant{directory::german_day(at)}).substr(0, 10);
}

std::string describe(const directory::ResponsibilityAnswer& answer) {
  std::string out;
  const auto line = [&](std::string label, const std::string& text) {
    label.resize(14, ' ');
    if (!text.empty()) out += label + harmless(text) + "\n";
  };
  if (answer.region)
    line("region", answer.region->key + (answer.region->ars.empty() ? "" : " / ") +
                       answer.region->ars + "  " + answer.region->name);
  for (const auto* one : answer.recorded)
    line("competent", (one->party.empty() ? "-" : one->party) + "  " + one->body +
                          (one->address.empty() ? "" : ", " + one->address) +
                          (one->postcode.empty() ? "" : ", " + one->postcode));
  if (answer.acting && answer.acting != answer.competent)
    line("acting", answer.acting->id + "  " + answer.acting->name);
  if (answer.service) line("service", answer.service->id + "  " + answer.service->name);
  line("service uri", answer.service_uri);
  line("organisation", answer.organisation);
  line("online", answer.online_url);
  for (const auto& one : answer.findings)
    line(one.blocks ? "open" : "note",
         std::string(to_string(one.code)) + "  " + directory::german(one));
  return out;
}

base::Result<> choose_addressee(const ResponsibilityOptions& o, LetterOptions& letter,
                                base::Instant now) {
  if (o.leika.empty()) return {};
  if (!letter.to.empty() || !letter.to_cert.empty() || letter.directory.empty())
    return fail(ErrorCode::invalid_config,
                "--leika finds the recipient in --directory FILE; leave --to and --to-cert out");
  const auto agreements = lookup::load_agreements_file(o.agreements);
  if (!agreements) return agreements.error();
  const auto directory = lookup::load_directory_file(letter.directory);
  if (!directory) return directory.error();
  const auto answer = find_responsible(
      **agreements, {o.leika, o.region, now, o.party, letter.service, {}, directory->get()});
  std::cerr << describe(answer);
  if (!answer.found())
    return fail(ErrorCode::not_found, "--leika and --region lead to no recipient: " +
                                          std::string(to_string(answer.findings.back().code)));
  letter.to = answer.organisation;
  letter.service = answer.service_uri;
  return {};
}

} // namespace cli
