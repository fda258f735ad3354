// The recipient by LeiKa key and region instead of by its key: what `osci send` and
// `dataclearingctl find` share.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "cli/letter.h"
#include "directory/responsibility.h"
#include <CLI/App.hpp>
#include <string>

namespace cli {

struct ResponsibilityOptions {
  std::string leika, region, agreements; // agreements: file
  std::string party;                     // a choice where several bodies are competent
};

// --leika, --region, --agreements, --party.
void add_responsibility(CLI::App& app, ResponsibilityOptions& options);

// Sets `letter.to` and, unless it is given, `letter.service` to what --leika and --region lead to
// in --agreements and --directory, and says so on stderr; nothing where --leika is not given.
// Errors: not_found (with the finding), invalid_config, file_error.
base::Result<> choose_addressee(const ResponsibilityOptions& options, LetterOptions& letter,
                                base::Instant now);

// The whole chain in lines for people, with what speaks against it.
std::string describe(const directory::ResponsibilityAnswer& answer);

// "2026-12-01": midnight in Germany; or an xsd:dateTime with zone. Empty: `now`. Error:
// invalid_config.
base::Result<base::Instant> moment(const std::string& text, base::Instant now);
// The day that it is in Germany, "2026-12-01".
std::string format_german_day(base::Instant at);

} // namespace cli
