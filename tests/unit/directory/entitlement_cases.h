// The world of the entitlement table (domain 5.2) and its cases.
#pragma once
#include "directory/entitlement.h"
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace directory::cases {

inline base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

inline constexpr const char* kOld = "urn:test:wohngeld:1";
inline constexpr const char* kNew = "urn:test:wohngeld:2";

// Effective since 2024, with its AVV where the kind has one.
Agreement contract(std::string id, AgreementKind kind, std::vector<std::string> parties,
                   std::string service = {});
Party party(std::string id, PartyKind kind, std::string land, std::string ags = {},
            std::vector<std::string> organisations = {}, std::string parent = {});
// Dortmund uses the Wohngeld service of SH; NRW itself provides HzL, which Hannover uses.
AgreementRecords world();

struct Question {
  std::string service = kNew, recipient = "wgb:059130000000";
  base::Instant at = day(2026, 11, 30);
  std::string party{};
  bool with_directory = false;
};

struct Row {
  const char* name;
  std::function<void(AgreementRecords&)> change;
  Question question;
  bool entitled;
  std::vector<std::string> findings; // codes with record; notes in brackets
  std::vector<std::string> chain{};  // empty: not compared
};

std::vector<Row> rows();
// Of the Kreis, AöR, merged municipalities, the service and what else is not the plain chain.
void add_special_rows(std::vector<Row>& to);

} // namespace directory::cases
