// The agreements file's text; `regions` entries get the text itself as a table. What is accepted is
// asked for every service and party.
#include "directory/entitlement.h"
#include "directory/responsibility.h"
#include "lookup/agreements_file.h"
#include "lookup/regions_table.h"
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

void check_error(const base::Error& error) {
  demand(error.code == base::ErrorCode::invalid_config);
  demand(error.detail.starts_with("fuzz:"));
  demand(error.detail.size() < 4000);
  for (const char c : error.detail) demand(static_cast<unsigned char>(c) >= 0x20);
}

void ask(const directory::Agreements& all) {
  using namespace std::chrono;
  const auto at = base::german_midnight(year_month_day{year{2026}, November, day{30}});
  std::size_t asked = 0;
  for (const auto& service : all.records().services) {
    demand(all.service(service.id) == &service);
    for (const auto& party : all.records().parties) {
      if (++asked > 256) return;
      const auto answer = directory::judge_entitlement(all, {service.id, party.id, at});
      bool blocked = false;
      for (const auto& one : answer.findings) {
        blocked = blocked || one.blocks;
        demand(!directory::german(one).empty() && !directory::machine_code(one).empty());
      }
      demand(answer.entitled == !blocked && (!answer.entitled || !answer.chain.empty()));
    }
    for (const auto& leika : service.leika) {
      const auto answer = directory::find_responsible(all, {leika, "05913000", at});
      demand(answer.found() || !answer.findings.empty());
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto read = [&](const std::string& file) {
    return lookup::parse_region_table(text, file.substr(0, 100));
  };
  const auto parsed = lookup::parse_agreements(text, "fuzz", read);
  if (parsed)
    ask(**parsed);
  else
    check_error(parsed.error());
  if (const auto table = lookup::parse_region_table(text, "fuzz"))
    (void)directory::Regions::make(*table, lookup::built_in_changes());
  return 0;
}
