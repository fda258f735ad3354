// The contracts of domain 5.2 as a table: each case changes one world, asks one question and knows
// the whole answer.
#include "directory/entitlement.h"
#include "unit/directory/entitlement_cases.h"
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <iostream>

namespace directory {
namespace {

using namespace cases;

// "Neustadt" is what becomes of two towns on 1 January 2027.
std::shared_ptr<const Regions> regions() {
  auto made =
      Regions::make({{"05913000", {}, "Dortmund"},
                     {"05554004", {}, "Ahaus"},
                     {"05554", {}, "Borken"},
                     {"05913001", {}, "Altdorf"},
                     {"05913002", {}, "Altheim"}},
                    {{"05913001", "05913009", day(2027, 1, 1), ChangeKind::merged, "Neustadt", {}},
                     {"05913002", "05913009", day(2027, 1, 1), ChangeKind::merged, {}, {}}});
  EXPECT_TRUE(made) << made.error().detail;
  return *made;
}

std::shared_ptr<const Directory> listed() {
  Organisation dortmund;
  dortmund.key = "wgb:059130000000";
  dortmund.name = "Dortmund";
  dortmund.services = {{kNew, "Wohngeld", day(2026, 11, 1), {}}};
  Organisation test = dortmund;
  test.key = "wgb:000000000001";
  test.test = true;
  auto made = Directory::make({dortmund, test});
  EXPECT_TRUE(made) << made.error().detail;
  return *made;
}

std::vector<std::string> told(const Entitlement& answer) {
  std::vector<std::string> out;
  for (const auto& one : answer.findings) {
    const auto text = machine_code(one) + ":" + one.record;
    out.push_back(one.blocks ? text : "(" + text + ")");
    EXPECT_FALSE(german(one).empty());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Entitlement, Table) {
  const auto known = regions();
  const auto directory = listed();
  std::size_t number = 0;
  for (const auto& row : rows()) {
    std::cout << ++number << ". " << row.name << "\n";
    auto records = world();
    row.change(records);
    const auto agreements = Agreements::make(std::move(records), known);
    ASSERT_TRUE(agreements) << row.name << ": " << agreements.error().detail;
    const auto& q = row.question;
    const auto answer =
        judge_entitlement(**agreements, {q.service, q.recipient, q.at, q.party,
                                         q.with_directory ? directory.get() : nullptr});
    EXPECT_EQ(answer.entitled, row.entitled) << row.name;
    EXPECT_EQ(told(answer), row.findings) << row.name;
    std::vector<std::string> chain;
    for (const auto& link : answer.chain)
      chain.push_back(std::string(to_string(link.step)) + ":" + link.record);
    if (!row.chain.empty()) {
      EXPECT_EQ(chain, row.chain) << row.name;
    }
  }
  EXPECT_GE(number, 40u);
}

TEST(Entitlement, ModeOfTheServiceComesFirst) {
  auto records = world();
  records.services[0].mode = AgreementMode::enforce;
  const auto agreements = Agreements::make(std::move(records));
  ASSERT_TRUE(agreements);
  EXPECT_EQ(mode_of(**agreements, kNew, AgreementMode::observe), AgreementMode::enforce);
  EXPECT_EQ(mode_of(**agreements, "hzl", AgreementMode::observe), AgreementMode::observe);
  EXPECT_EQ(mode_of(**agreements, "urn:none", AgreementMode::off), AgreementMode::off);
}

// All of NRW with a hundred services: the daemon asks before it takes a delivery.
TEST(Entitlement, CostsMicrosecondsForAllOfNrw) {
  auto records = world();
  constexpr int kBodies = 396, kServices = 100;
  for (int s = 0; s < kServices; ++s) {
    EfaService one;
    one.id = "s" + std::to_string(s);
    one.provider = "dataport";
    one.versions = {{"urn:test:s:" + std::to_string(s), {}}};
    records.services.push_back(one);
    records.agreements.push_back(
        contract("ekv-" + one.id, AgreementKind::ekv, {"dnrw", "dataport"}, one.id));
  }
  for (int b = 0; b < kBodies; ++b) {
    const auto id = "b" + std::to_string(b);
    records.parties.push_back(party(id, PartyKind::municipality, "05", {},
                                    {"wgb:" + std::to_string(100'000'000'000 + b)}));
    records.agreements.push_back(contract("rv-" + id, AgreementKind::rv, {"dnrw", id}));
    for (int s = 0; s < kServices; ++s)
      records.agreements.push_back(contract("ea-" + id + "-" + std::to_string(s), AgreementKind::ea,
                                            {id, "dnrw"}, "s" + std::to_string(s)));
  }
  const auto agreements = Agreements::make(std::move(records), regions());
  ASSERT_TRUE(agreements) << agreements.error().detail;
  const auto begin = std::chrono::steady_clock::now();
  int entitled = 0;
  for (int b = 0; b < kBodies; ++b)
    for (int s = 0; s < kServices; ++s)
      entitled += judge_entitlement(**agreements, {"urn:test:s:" + std::to_string(s),
                                                   "wgb:" + std::to_string(100'000'000'000 + b),
                                                   day(2026, 11, 30)})
                      .entitled;
  const auto each =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin) /
      (kBodies * kServices);
  std::cout << each.count() << " microseconds each (" << kBodies * kServices << ")\n";
  EXPECT_EQ(entitled, kBodies * kServices);
  EXPECT_LT(each.count(), 1000.0); // generous: sanitizers, a busy machine
}

} // namespace
} // namespace directory
