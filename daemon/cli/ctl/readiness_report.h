// What `dataclearingctl readiness` shows: for a terminal, as JSON, CSV, or one page of HTML. Pure;
// texts from records are made harmless and escaped for where they go.
#pragma once
#include "base/clock.h"
#include "directory/readiness.h"
#include <string>
#include <string_view>
#include <vector>

namespace cli::ctl {

// One municipality and one service.
struct Sheet {
  const directory::Party* party = nullptr;
  const directory::EfaService* service = nullptr;
  directory::Readiness readiness;
  // Something is recorded about the two. A matrix tells apart who has not even asked; that is never
  // ready either.
  bool begun = true;
};

struct Report {
  base::Instant at{};
  std::vector<std::string> sources; // files, for the foot of the page
  std::vector<Sheet> sheets;        // of a matrix: by municipality, each in the order of `services`
  std::vector<const directory::EfaService*> services{}; // columns of a matrix; empty: one sheet
};

std::string readiness_json(const Report& report);
// For spreadsheets: UTF-8 with mark, semicolons, every field quoted, nothing that a spreadsheet
// would take for a formula. One line for each check, of a matrix one for each sheet.
std::string readiness_csv(const Report& report);
// For a terminal of so many columns.
std::string readiness_text(const Report& report, bool coloured, std::size_t columns);
// Complete, without scripts and references; prints on A4.
std::string readiness_html(const Report& report);

// "✔", "–", "!", "?", "✘": readable without colour.
std::string_view mark_of(directory::CheckOutcome outcome);
std::string_view mark_of(const Sheet& sheet);
std::string_view word_of(const Sheet& sheet); // "bereit", "ausgesetzt", "nicht begonnen", ...

} // namespace cli::ctl
