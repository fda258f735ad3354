#include "directory/regions.h"
#include <gtest/gtest.h>

namespace directory {
namespace {

base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

std::vector<Region> some() {
  return {{"05554", {}, "Borken"},           {"05554004", {}, "Ahaus"},
          {"05554012", {}, "Borken, Stadt"}, {"05913", {}, "Dortmund"},
          {"05913000", {}, "Dortmund"},      {"03241001", "032410001001", "Hannover"}};
}

TEST(Regions, ArsFollowsFromTheAgsInNrwAlone) {
  // The checked pairs of domain 2.2.
  EXPECT_EQ(derived_ars("05913000"), "059130000000");
  EXPECT_EQ(derived_ars("05554004"), "055540004004");
  EXPECT_EQ(derived_ars("05315000"), "053150000000");
  EXPECT_EQ(derived_ars("05334002"), "053340002002");
  EXPECT_EQ(derived_ars("05554012"), "055540012012");
  EXPECT_EQ(derived_ars("05554"), "055540000000");
  EXPECT_FALSE(derived_ars("03241001"));
  EXPECT_FALSE(derived_ars("5913000"));
}

TEST(Regions, FoundByEverySpelling) {
  const auto made = Regions::make(some());
  ASSERT_TRUE(made) << made.error().detail;
  const auto now = day(2026, 11, 30);
  const auto name = [&](std::string_view key) {
    const auto* found = (*made)->find(key, now);
    return found ? found->name : "-";
  };
  EXPECT_EQ(name("05554004"), "Ahaus");
  EXPECT_EQ(name("055540004004"), "Ahaus");
  EXPECT_EQ(name("05 5 54 004"), "Ahaus");
  EXPECT_EQ(name("05554"), "Borken");
  EXPECT_EQ(name("05554000"), "Borken");
  EXPECT_EQ(name("055540000000"), "Borken");
  EXPECT_EQ(name("059130000000"), "Dortmund");
  EXPECT_EQ(name("032410001001"), "Hannover"); // by its listed ARS
  EXPECT_EQ(name("03241001"), "Hannover");
  for (const auto* wrong : {"5554004", "055540040004", "05554999", "05554-04", "", "wgb"})
    EXPECT_EQ(name(wrong), "-") << wrong;
  const auto* ahaus = (*made)->find("05554004", now);
  ASSERT_NE(ahaus, nullptr);
  EXPECT_EQ(ahaus->ars, "055540004004");
  EXPECT_EQ(ahaus->land(), "05");
  EXPECT_EQ((*made)->kreis_of(*ahaus, now)->name, "Borken");
}

TEST(Regions, ChangesEndAndBeginOnTheirDay) {
  const auto on = day(2027, 1, 1);
  const auto made = Regions::make(
      some(), {{"05554004", "05554099", on, ChangeKind::merged, "Neustadt", {}},
               {"05554100", "05554099", on, ChangeKind::merged, {}, "Altdorf"},
               {"05554012", "05913000", on, ChangeKind::incorporated, {}, {}},
               {"05554099", "05554098", day(2030, 1, 1), ChangeKind::renumbered, "Neustadt", {}}});
  ASSERT_TRUE(made) << made.error().detail;
  const auto key = [&](std::string_view asked, base::Instant at) {
    const auto* found = (*made)->find(asked, at);
    return found ? found->key : "-";
  };
  const auto before = on - base::Milliseconds{1};
  EXPECT_EQ(key("05554004", before), "05554004");
  EXPECT_EQ(key("05554004", on), "05554099");
  EXPECT_EQ(key("055540004004", on), "05554099");
  EXPECT_EQ(key("05554004", day(2031, 1, 1)), "05554098"); // two changes on
  EXPECT_EQ(key("05554099", before), "-");                 // not yet
  EXPECT_EQ(key("05554100", before), "05554100");          // known by the change alone
  EXPECT_EQ((*made)->find("05554100", before)->name, "Altdorf");
  EXPECT_EQ(key("05913000", before), "05913000"); // was there before
  EXPECT_EQ(key("05554012", on), "05913000");
  const auto* merged = (*made)->find("05554099", on);
  ASSERT_NE(merged, nullptr);
  EXPECT_EQ((*made)->predecessors(*merged, on).size(), 2u);
  EXPECT_TRUE((*made)->predecessors(*merged, before).empty());
}

TEST(Regions, WhatMakesNoSenseIsRefused) {
  const auto refused = [](std::vector<Region> regions, std::vector<RegionChange> changes = {}) {
    const auto made = Regions::make(std::move(regions), std::move(changes));
    return !made && made.error().code == base::ErrorCode::invalid_config;
  };
  const auto on = day(2027, 1, 1);
  const auto merged = ChangeKind::merged;
  EXPECT_TRUE(refused({{"5554004", {}, "a"}}));
  EXPECT_TRUE(refused({{"05554004", "0555", "a"}}));
  EXPECT_TRUE(refused({{"05554004", {}, ""}}));
  EXPECT_TRUE(refused({{"05554004", {}, "a"}, {"05554004", {}, "b"}}));
  EXPECT_TRUE(refused({{"03241001", "032410001001", "a"}, {"03241002", "032410001001", "b"}}));
  EXPECT_TRUE(refused(some(), {{"05554004", "05554099", on, merged, {}, {}}})); // no name
  EXPECT_TRUE(refused(some(), {{"05554004", "05554", on, merged, {}, {}}}));
  EXPECT_TRUE(refused(some(), {{"05554004", "05554012", on, merged, {}, {}},
                               {"05554004", "05913000", on, merged, {}, {}}})); // ends twice
  const auto joins = ChangeKind::incorporated;
  EXPECT_TRUE(refused(some(), {{"05554004", "05554012", on, joins, {}, {}},
                               {"05554012", "05554004", on, joins, {}, {}}})); // a circle
}

} // namespace
} // namespace directory
