#include "lookup/regions_table.h"
#include "xml/document.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>

namespace {

using base::ErrorCode;
using testing::HasSubstr;

const std::filesystem::path official = DC_SOURCE_DIR "/../shared/official/codelists";

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

const auto now = day(2026, 11, 30);

std::string key_of(std::string_view asked, base::Instant at) {
  const auto* found = lookup::built_in_regions()->find(asked, at);
  return found ? found->key + " " + found->ars + " " + found->name : "-";
}

TEST(BuiltInRegions, Has396MunicipalitiesOfNrw) {
  std::size_t municipalities = 0, kreise = 0;
  for (const auto& region : lookup::built_in_regions()->all()) {
    EXPECT_EQ(region.land(), "05");
    EXPECT_EQ(region.ars, directory::derived_ars(region.key)) << region.key;
    if (!region.successor.empty()) continue; // ended
    (region.is_kreis() ? kreise : municipalities) += 1;
    if (!region.is_kreis()) {
      EXPECT_NE(lookup::built_in_regions()->kreis_of(region, now), nullptr) << region.key;
    }
  }
  EXPECT_EQ(municipalities, 396u);
  EXPECT_EQ(kreise, 53u); // 31 Kreise and 22 kreisfreie Städte
}

TEST(BuiltInRegions, FindsDortmundAhausMuensterByAgsAndArs) {
  for (const auto* key : {"05913000", "059130000000"})
    EXPECT_EQ(key_of(key, now), "05913000 059130000000 Dortmund, Stadt");
  for (const auto* key : {"05554004", "055540004004"})
    EXPECT_EQ(key_of(key, now), "05554004 055540004004 Ahaus, Stadt");
  for (const auto* key : {"05515000", "055150000000"})
    EXPECT_EQ(key_of(key, now), "05515000 055150000000 Münster, Stadt");
}

TEST(BuiltInRegions, StaedteregionAachenByDate) {
  const auto on = day(2009, 10, 21);
  const auto before = on - base::Milliseconds{1};
  EXPECT_EQ(key_of("05313000", before), "05313000 053130000000 Aachen, Stadt");
  EXPECT_EQ(key_of("05313000", on), "05334002 053340002002 Aachen, Stadt");
  EXPECT_EQ(key_of("05334002", before), "-");
  EXPECT_EQ(key_of("053540008008", now), "05334008 053340008008 Baesweiler, Stadt");
  EXPECT_EQ(key_of("05354", now).substr(0, 5), "05334");
  for (const std::string town : {"004", "008", "012", "016", "020", "024", "028", "032", "036"})
    EXPECT_EQ(key_of("05354" + town, now).substr(0, 8), "05334" + town);
}

TEST(BuiltInRegions, EqualTheOfficialListsRowByRow) {
  if (!std::filesystem::is_directory(official))
    GTEST_SKIP() << "no ../shared: the official lists (beside the recordings) are not here";
  xml::initialise();
  lookup::RegionLists lists;
  for (const auto* file : {"AGS_2026-04-30.xml", "Kreis_2026-01-31.xml"}) {
    auto list = xoev::read_code_list(slurp(official / file));
    ASSERT_TRUE(list) << list.error().detail;
    lists.lists.push_back(std::move(*list));
  }
  // Against the lists themselves, not what we make of them.
  const auto& built_in = *lookup::built_in_regions();
  std::size_t rows = 0;
  for (const auto& list : lists.lists) {
    const auto name = *list.column("Bezeichnung");
    for (const auto& row : list.rows) {
      if (!row[list.key].starts_with("05")) continue;
      ++rows;
      const auto* ours = built_in.find(row[list.key], now);
      ASSERT_NE(ours, nullptr) << row[list.key];
      EXPECT_EQ(ours->key, row[list.key]);
      EXPECT_EQ(ours->name, row[name]);
    }
  }
  EXPECT_EQ(rows, 396u + 53u);
  std::cout << rows << " rows of the official lists are in the built-in table\n";
  // And the committed table is what the tool makes of them, octet for octet.
  lists.land = "05";
  const auto table = lookup::make_region_table(lists);
  ASSERT_TRUE(table) << table.error().detail;
  EXPECT_EQ(*table, lookup::built_in_table());
}

xoev::CodeList list_of(const std::string& kind, std::vector<std::vector<std::string>> rows) {
  xoev::CodeList out;
  out.short_name = kind;
  out.canonical_uri = "urn:de:test:schluessel:" + kind;
  out.version = "1";
  out.columns = {"SCHLUESSEL", "Bezeichnung"};
  out.rows = std::move(rows);
  return out;
}

TEST(RegionTable, ArsOfOtherLaenderComesFromTheirList) {
  const auto made = lookup::make_region_table(
      {{list_of("ags", {{"03241001", "Hannover"}, {"05554004", "Ahaus"}}),
        list_of("rs", {{"032410001001", "Hannover"}, {"055540004004", "Ahaus"}})},
       {}});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_THAT(*made, HasSubstr("\n03241001\t032410001001\tHannover\n"));
  const auto without =
      lookup::make_region_table({{list_of("ags", {{"03241001", "Hannover"}})}, {}});
  ASSERT_TRUE(without);
  EXPECT_THAT(*without, HasSubstr("\n03241001\t\tHannover\n")); // not guessed
}

TEST(RegionTable, ListsThatMakeNoSenseAreRefused) {
  const auto refused = [](std::vector<xoev::CodeList> lists, std::string land = {}) {
    const auto made = lookup::make_region_table({std::move(lists), std::move(land)});
    return !made && made.error().code == ErrorCode::invalid_content;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({list_of("staat", {{"000", "Deutschland"}})}));
  EXPECT_TRUE(refused({list_of("ags", {{"5554004", "Ahaus"}})}));
  EXPECT_TRUE(refused({list_of("ags", {{"05554004", "Ahaus"}, {"05554004", "Ahaus"}})}));
  EXPECT_TRUE(refused({list_of("ags", {{"05554004", "A\thaus"}})}));
  EXPECT_TRUE(refused({list_of("ags", {{"05554004", "Ahaus"}})}, "09"));
  EXPECT_TRUE(refused({list_of("ags", {{"05554004", "Ahaus"}}),
                       list_of("rs", {{"055540005004", "Ahaus"}})})); // against the rule of NRW
}

TEST(RegionTable, ErrorsNameFileAndLine) {
  const auto said = [](const std::string& text, const lookup::RegionLimits& limits = {}) {
    const auto read = lookup::parse_region_table(text, "t.tsv", limits);
    return read ? std::string("read") : read.error().detail;
  };
  EXPECT_EQ(said("# a comment\r\n\r\n05554004\t\tAhaus\r\n"), "read");
  EXPECT_THAT(said("\n5554004\t\tAhaus\n"), HasSubstr("t.tsv:2: a key has 8 digits"));
  EXPECT_THAT(said("05554004\tAhaus\n"), HasSubstr("t.tsv:1: a line is key, ARS and name"));
  EXPECT_THAT(said("05554004\t0555\tAhaus"), HasSubstr("an ARS has 12 digits"));
  EXPECT_THAT(said("05554004\t\t \n"), HasSubstr("the name is empty"));
  lookup::RegionLimits limits;
  limits.regions = 1;
  EXPECT_THAT(said("05554004\t\tA\n05554012\t\tB\n", limits), HasSubstr("more than 1 regions"));
  const auto missing = lookup::load_region_table("/nowhere/t.tsv");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::file_error);
}

} // namespace
