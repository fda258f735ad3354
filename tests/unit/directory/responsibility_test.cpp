#include "directory/responsibility.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace directory {
namespace {

using testing::ElementsAre;

constexpr const char* kLeika = "99107023017000";
constexpr const char* kOld = "urn:test:wohngeld:1";
constexpr const char* kNew = "urn:test:wohngeld:2";

base::Instant day(int year, unsigned month, unsigned d) {
  return base::german_midnight(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{d}});
}

Responsibility competent(std::string region, std::string party, std::string leika = kLeika) {
  Responsibility out;
  out.leika = std::move(leika);
  out.region = std::move(region);
  out.body = "Stelle von " + party;
  out.party = std::move(party);
  return out;
}

class Responsible : public ::testing::Test {
 protected:
  Responsible() {
    const auto add = [&](std::string id, PartyKind kind, std::string ags,
                         std::vector<std::string> organisations) {
      records.parties.push_back({id, kind, id, "05", {}, std::move(ags), std::move(organisations)});
    };
    add("dortmund", PartyKind::municipality, "05913000", {"wgb:059130000000", "xyz:059130000000"});
    add("ahaus", PartyKind::municipality, "05554004", {"wgb:055540040000"});
    add("kreis", PartyKind::kreis, "05554", {"wgb:055540000000"});
    records.parties.push_back({"sh", PartyKind::provider, "SH", "01", {}, {}, {}});
    EfaService service;
    service.id = "wohngeld";
    service.provider = "sh";
    service.leika = {kLeika};
    service.versions = {{kOld, {{}, day(2026, 11, 1)}}, {kNew, {day(2026, 10, 1), {}}}};
    service.recipient_category = "wgb";
    service.url = "https://efa.example/wohngeld";
    records.services = {service};
    records.responsibilities = {competent("059130000000", "dortmund"), competent("05554", "kreis")};
    regions = {{"05913000", {}, "Dortmund"},
               {"05554", {}, "Kreis Borken"},
               {"05554004", {}, "Ahaus"},
               {"05554012", {}, "Borken"}};
  }

  ResponsibilityAnswer ask(std::string_view region, base::Instant at = day(2026, 11, 30),
                           const Directory* directory = nullptr, std::string_view party = {}) {
    const auto known = Regions::make(regions, changes);
    EXPECT_TRUE(known) << known.error().detail;
    auto made = Agreements::make(records, *known);
    EXPECT_TRUE(made) << made.error().detail;
    all = *made;
    return find_responsible(*all, {kLeika, region, at, party, {}, {}, directory});
  }

  static std::vector<std::string> codes(const ResponsibilityAnswer& answer) {
    std::vector<std::string> out;
    for (const auto& one : answer.findings) {
      out.push_back(std::string(to_string(one.code)) + (one.blocks ? "!" : ""));
      EXPECT_FALSE(german(one).empty());
    }
    return out;
  }

  AgreementRecords records;
  std::vector<Region> regions;
  std::vector<RegionChange> changes;
  std::shared_ptr<const Agreements> all;
};

TEST_F(Responsible, LeikaAndRegionLeadToOrganisationServiceAndUrl) {
  for (const auto* region : {"05913000", "059130000000", "05 9 13 000"}) {
    const auto answer = ask(region);
    EXPECT_TRUE(answer.found()) << region;
    EXPECT_EQ(answer.organisation, "wgb:059130000000"); // xyz is no recipient of this service
    EXPECT_EQ(answer.service_uri, kNew);
    EXPECT_EQ(answer.online_url, "https://efa.example/wohngeld");
    EXPECT_TRUE(answer.findings.empty());
  }
  EXPECT_EQ(ask("05913000", day(2026, 9, 1)).service_uri, kOld);
  EXPECT_EQ(ask("05913000", day(2026, 10, 15)).service_uri, kNew); // both: the latest
}

TEST_F(Responsible, KreisAnswersForItsMunicipalitiesUnlessTheyDoSoThemselves) {
  auto answer = ask("055540004004");
  EXPECT_EQ(answer.organisation, "wgb:055540000000");
  EXPECT_THAT(codes(answer), ElementsAre("by_kreis"));
  EXPECT_THAT(codes(ask("05554")), ElementsAre()); // asked for itself
  records.responsibilities.push_back(competent("05554004", "ahaus"));
  answer = ask("055540004004");
  EXPECT_EQ(answer.organisation, "wgb:055540040000");
  EXPECT_THAT(codes(answer), ElementsAre());
}

TEST_F(Responsible, SeveralUnitsAskForAChoice) {
  records.responsibilities.push_back(competent("05913000", "ahaus"));
  auto answer = ask("05913000");
  EXPECT_FALSE(answer.found());
  EXPECT_THAT(codes(answer), ElementsAre("several_competent!"));
  EXPECT_THAT(answer.findings[0].records, ElementsAre("dortmund", "ahaus"));
  answer = ask("05913000", day(2026, 11, 30), nullptr, "ahaus");
  EXPECT_EQ(answer.organisation, "wgb:055540040000");
}

TEST_F(Responsible, MergedMunicipalityKeepsItsRecord) {
  changes = {{"05913000", "05913001", day(2026, 7, 1), ChangeKind::renumbered, "Dortmund", {}}};
  EXPECT_THAT(codes(ask("05913000")), ElementsAre("region_changed"));
  EXPECT_EQ(ask("05913000").organisation, "wgb:059130000000");
  EXPECT_THAT(codes(ask("05913001")), ElementsAre());
  EXPECT_EQ(ask("05913001").organisation, "wgb:059130000000");
  EXPECT_THAT(codes(ask("05913001", day(2026, 6, 30))), ElementsAre("region_unknown!"));
}

TEST_F(Responsible, TransferredTaskLeadsToWhoDoesIt) {
  records.transfers = {{"dortmund", "kreis", {"wohngeld"}, "Satzung", {}}};
  const auto answer = ask("05913000");
  EXPECT_EQ(answer.competent->id, "dortmund");
  EXPECT_EQ(answer.acting->id, "kreis");
  EXPECT_EQ(answer.organisation, "wgb:055540000000");
  EXPECT_THAT(codes(answer), ElementsAre("task_transferred"));
}

TEST_F(Responsible, DirectoryHasTheLastWord) {
  const auto directory = [](std::vector<std::pair<std::string, std::string>> offers) {
    std::vector<Organisation> list;
    for (const auto& [key, uri] : offers) {
      Organisation one;
      one.key = key;
      one.name = key;
      one.services = {{uri, "s", {}, {}}};
      list.push_back(one);
    }
    auto made = Directory::make(std::move(list));
    EXPECT_TRUE(made) << made.error().detail;
    return *made;
  };
  const auto overlap = day(2026, 10, 15);
  auto dvdv = directory({{"wgb:059130000000", kOld}});
  EXPECT_EQ(ask("05913000", overlap, dvdv.get()).service_uri, kOld); // what it offers
  EXPECT_THAT(codes(ask("05913000", day(2026, 11, 30), dvdv.get())),
              ElementsAre("service_not_offered!"));
  EXPECT_THAT(codes(ask("05554004", overlap, dvdv.get())),
              ElementsAre("by_kreis", "not_in_directory!"));
  records.parties[0].organisations = {"wgb:059130000000", "wgb:059130000001"};
  EXPECT_THAT(codes(ask("05913000")), ElementsAre("several_organisations!"));
  EXPECT_EQ(ask("05913000", overlap, dvdv.get()).organisation, "wgb:059130000000");
}

TEST_F(Responsible, ChainEndsWhereItBreaks) {
  EXPECT_THAT(codes(ask("0591300")), ElementsAre("region_invalid!"));
  EXPECT_THAT(codes(ask("05913999")), ElementsAre("region_unknown!"));
  regions.push_back({"05515000", {}, "Münster"});
  EXPECT_THAT(codes(ask("05515000")), ElementsAre("none_competent!"));
  records.responsibilities.push_back(competent("05515000", ""));
  EXPECT_THAT(codes(ask("05515000")), ElementsAre("body_unknown!"));
  EXPECT_THAT(codes(find_responsible(*all, {"12345", "05913000", day(2026, 11, 30)})),
              ElementsAre("leika_invalid!"));
  records.services[0].versions.clear();
  EXPECT_THAT(codes(ask("05913000")), ElementsAre("version_missing!"));
  records.services.push_back(records.services[0]);
  records.services[1].id = "zweiter";
  EXPECT_THAT(codes(ask("05913000")), ElementsAre("several_services!"));
  records.services.clear();
  EXPECT_THAT(codes(ask("05913000")), ElementsAre("service_unknown!"));
}

} // namespace
} // namespace directory
