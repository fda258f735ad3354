#include "directory/agreements.h"
#include "directory/onboarding.h"
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace directory {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

AgreementRecords sound() {
  AgreementRecords r;
  r.parties = {{"dnrw", PartyKind::kommunalvertreter, "d-NRW", "05", {}, {}, {}},
               {"stadt", PartyKind::municipality, "Stadt", {}, {}, "05913000", {"WGB059130000000"}},
               {"land", PartyKind::provider, "Land", "01", {}, {}, {}}};
  EfaService service;
  service.id = "s";
  service.provider = "land";
  service.leika = {"99107023017000"};
  service.versions = {{"urn:s:1", {}}};
  r.services = {service};
  Agreement rv;
  rv.id = "rv";
  rv.parties = {"dnrw", "stadt"};
  r.agreements = {rv};
  return r;
}

TEST(Agreements, FindsByIdUriKeyAndLeika) {
  const auto made = Agreements::make(sound());
  ASSERT_TRUE(made) << made.error().detail;
  const auto& all = **made;
  ASSERT_NE(all.service("urn:s:1"), nullptr);
  EXPECT_EQ(all.service("urn:s:1"), all.service("s"));
  EXPECT_EQ(all.service_by_id("urn:s:1"), nullptr);
  EXPECT_EQ(all.services_of("99107023017000").size(), 1u);
  ASSERT_EQ(all.parties_of("wgb:059130000000").size(), 1u);
  EXPECT_EQ(all.parties_of("wgb:059130000000")[0]->id, "stadt");
  EXPECT_TRUE(all.parties_of("no key").empty());
  EXPECT_EQ(all.land_of(*all.party("stadt")), "05"); // from its AGS
  EXPECT_EQ(all.find(AgreementKind::rv, *all.party("stadt"), nullptr).size(), 1u);
  EXPECT_TRUE(all.find(AgreementKind::ea, *all.party("stadt"), nullptr).empty());
}

TEST(Agreements, WhatDoesNotFitTogetherIsRefusedByRecord) {
  using R = AgreementRecords;
  const std::vector<std::pair<const char*, std::function<void(R&)>>> wrong{
      {"party dnrw:", [](R& r) { r.parties[1].id = "dnrw"; }},
      {"party stadt:", [](R& r) { r.parties[1].parent = "nobody"; }},
      {"party stadt:", [](R& r) { r.parties[1].parent = "stadt"; }},
      {"party stadt:", [](R& r) { r.parties[1].ags = "5913000"; }},
      {"party stadt:", [](R& r) { r.parties[1].organisations = {"wgb"}; }},
      {"party stadt:", [](R& r) { r.parties[1].kind = PartyKind::aoer; }},
      {"party stadt:", [](R& r) { r.parties[1].land = "5"; }},
      {"party dnrw:", [](R& r) { r.parties[0].land.clear(); }},
      {"service s:", [](R& r) { r.services[0].provider = "nobody"; }},
      {"service s:", [](R& r) { r.services[0].leika = {"10107023017000"}; }},
      {"service t:",
       [](R& r) {
         r.services.push_back(r.services[0]);
         r.services[1].id = "t"; // the same URI
       }},
      {"agreement rv:", [](R& r) { r.agreements.push_back(r.agreements[0]); }},
      {"agreement rv:", [](R& r) { r.agreements[0].parties = {"dnrw"}; }},
      {"agreement rv:",
       [](R& r) {
         r.agreements[0].parties = {"dnrw", "nobody"};
       }},
      {"agreement rv:",
       [](R& r) {
         r.agreements[0].parties = {"stadt", "land"};
       }},
      {"agreement rv:", [](R& r) { r.agreements[0].service = "s"; }},
      {"agreement rv:",
       [](R& r) {
         r.agreements[0].validity = {day(2026, 2, 1), day(2026, 1, 1)};
       }},
      {"agreement rv:",
       [](R& r) {
         r.agreements[0].kind = AgreementKind::ea;
         r.agreements[0].service = "urn:s:1"; // an id is wanted
       }},
      {"agreement rv:", [](R& r) { r.agreements[0].kind = AgreementKind::other; }},
      {"transfer 1:",
       [](R& r) {
         r.transfers = {{"stadt", "nobody", {}, "", {}}};
       }},
      {"transfer 1:",
       [](R& r) {
         r.transfers = {{"stadt", "land", {"t"}, "", {}}};
       }},
      {"responsibility 1:",
       [](R& r) {
         r.responsibilities.push_back({"99", "05913000", "", "", "", "", "", "", "", {}});
       }},
      {"parameters 2:",
       [](R& r) {
         r.parameters.assign(2, {"stadt", "s", std::nullopt, {}, {}});
       }},
      {"onboarding 1:",
       [](R& r) {
         r.onboardings.push_back({"stadt", "t", {}, {}, {}});
       }},
  };
  for (const auto& [subject, change] : wrong) {
    auto records = sound();
    change(records);
    const auto made = Agreements::make(std::move(records));
    ASSERT_FALSE(made) << subject;
    EXPECT_EQ(made.error().code, base::ErrorCode::invalid_config);
    EXPECT_THAT(made.error().detail, StartsWith(subject));
  }
}

TEST(FourWeeks, CountsDaysOfTheGermanCalendar) {
  Onboarding one;
  EXPECT_FALSE(four_weeks(one, day(2026, 11, 30)));
  one.documents_complete_on = day(2026, 11, 2);
  auto clock = four_weeks(one, day(2026, 11, 30));
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->days_left, 0);
  EXPECT_EQ(four_weeks(one, day(2026, 11, 30) - base::Milliseconds{1})->days_left, 1);
  EXPECT_EQ(four_weeks(one, day(2026, 12, 5))->days_left, -5);
  EXPECT_FALSE(four_weeks(one, day(2026, 11, 2) - base::Milliseconds{1}));
  // Across the end of summer time (25 October 2026): days, not hours, are counted.
  one.documents_complete_on = day(2026, 10, 5) + std::chrono::hours{23};
  EXPECT_EQ(four_weeks(one, day(2026, 11, 1) + std::chrono::hours{23})->days_left, 1);
  EXPECT_EQ(german_day(day(2026, 10, 25)),
            std::chrono::sys_days{std::chrono::year{2026} / 10 / 25});
  EXPECT_EQ(german_day(day(2026, 3, 29) - base::Milliseconds{1}),
            std::chrono::sys_days{std::chrono::year{2026} / 3 / 28});
}

} // namespace
} // namespace directory
