// Real service descriptions, and the change from one version of a service to the next, on their way
// through the intermediary.
#include "lookup/wsdl.h"
#include "osci/metadata.h"
#include "support/intermediary.h"
#include "support/metadata.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace {

namespace fs = std::filesystem;
using osci::MessageType;
using support::Intermediary;
using support::Party;

const fs::path kOfficial = DC_SOURCE_DIR "/../shared/official";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<directory::ServiceDescription> official() {
  const auto list =
      lookup::CategoryPrefixes::from(
          xoev::read_code_list(slurp(kOfficial / "codelists/DVDV.Praefixe_51.xml")).value())
          .value();
  std::vector<directory::ServiceDescription> out;
  for (const auto& entry : fs::directory_iterator(kOfficial / "xbau-2.6/wsdl"))
    out.push_back(lookup::read_wsdl(slurp(entry.path()), &list).value().description);
  return out;
}

std::string xbau(const std::string& name) {
  return "http://www.xleitstelle.de/xbau/2/6/XBau26-" + name + ".wsdl";
}

struct Services : testing::Test {
  Party sender{"sender"}, recipient{"recipient"};
  Intermediary intermediary;

  // "recipient" is the authority `key`, "sender" the organisation `from`.
  void set(const std::string& key, const std::string& from,
           const std::vector<directory::Service>& services,
           const std::vector<directory::ServiceDescription>& descriptions) {
    key_ = key;
    intermediary.change_organisations = [=](std::vector<directory::Organisation>& all) {
      all[0].key = all[0].mailbox = key;
      all[0].services = services;
      directory::Organisation other{from, "Sender", "", {}, {}};
      other.certificates = {
          {support::key("sender_cipher").certificate, directory::CertificateUse::cipher, {}, {}},
          {support::key("sender_sign").certificate, directory::CertificateUse::signature, {}, {}}};
      all.push_back(other);
    };
    intermediary.descriptions = descriptions;
    intermediary.policy.routing_sender = intermediary.policy.routing_reader =
        intermediary.policy.routing_test = osci::RoutingMode::enforce;
    intermediary.restart();
  }

  // The code of the feedback to a delivery for this service.
  std::string deliver(const std::string& service) {
    auto header = support::kMetaDataSample;
    const auto change = [&header](const std::string& what, const std::string& with) {
      header.replace(header.find(what), what.size(), with);
    };
    change("TestMsg=\"true\"", "TestMsg=\"false\"");
    change("http://service.example/wohngeld/1/Wohngeld.wsdl", service);
    change("category=\"Wohngeld\">wgb:059130000000", "category=\"Amt\">" + key_);
    auto request = sender.delivery(
        intermediary.ids().issue(intermediary.clock.now(), intermediary.random), service);
    request.content.custom_headers.push_back({"MetaData", osci::adopt_metadata(header).value()});
    return sender.open(intermediary.post(sender.seal(request))).feedback.at(0).code;
  }

  std::size_t fetched() {
    support::Dialog dialog(intermediary, recipient);
    std::size_t count = 0;
    while (dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.at(0).code != "9803")
      ++count;
    return count;
  }

 private:
  std::string key_;
};

// Must-show: services of XBau between a building authority and three of its partners.
TEST_F(Services, OfficialOnesOfXBauReachTheBuildingAuthorityFromWhoMayUseThem) {
  if (!fs::exists(kOfficial)) GTEST_SKIP() << "official recordings are not here";
  const auto descriptions = official();
  ASSERT_EQ(descriptions.size(), 16u);
  std::vector<directory::Service> offered;
  for (const auto* one : {"BH2BAB", "AG2BAB", "GEM2BAB"})
    offered.push_back({xbau(one), one, {}, {}});
  const std::string authority = "bab:059130000000";
  struct Row {
    const char *from, *service, *code;
  };
  std::size_t taken = 0;
  for (const auto& [from, service, code] :
       {Row{"bap:050000000001", "BH2BAB", "0800"}, Row{"ag:050000000002", "AG2BAB", "0800"},
        Row{"gba:050000000003", "GEM2BAB", "0800"}, Row{"wgb:050000000004", "BH2BAB", "9805"},
        Row{"bap:050000000001", "AG2BAB", "9805"}, Row{"bab:050000000005", "BAB2BAB", "9805"}}) {
    set(authority, from, offered, descriptions);
    EXPECT_EQ(deliver(xbau(service)), code) << from << " " << service;
    taken += std::string(code) == "0800" ? 1 : 0;
  }
  EXPECT_EQ(taken, 3u);
  EXPECT_EQ(fetched(), 3u) << "what was taken, and nothing that was refused";
}

// Nothing is lost when a standard changes at midnight, in summer time as in winter time.
TEST_F(Services, AMessageOfTheOldVersionStaysFetchableAfterTheCutOver) {
  using namespace std::chrono;
  const std::string old_uri = "urn:example:2605.wsdl", new_uri = "urn:example:2611.wsdl";
  std::size_t stored = 0;
  for (const auto day : {2027y / May / 1, 2027y / November / 1}) {
    const auto midnight = base::german_midnight(day);
    intermediary.clock.set(midnight - minutes{1});
    set("wgb:059130000000", "efa:010000000001",
        {{old_uri, "Old", {}, midnight}, {new_uri, "New", midnight, {}}}, {});
    intermediary.descriptions = {{old_uri, "Old", {}, {"efa"}}, {new_uri, "New", {}, {"efa"}}};
    intermediary.restart();
    EXPECT_EQ(deliver(old_uri), "0800");
    EXPECT_EQ(deliver(new_uri), "9805") << "not yet";
    intermediary.clock.set(midnight - milliseconds{1});
    EXPECT_EQ(deliver(old_uri), "0800");
    intermediary.clock.set(midnight);
    EXPECT_EQ(deliver(old_uri), "9805") << "no longer";
    EXPECT_EQ(deliver(new_uri), "0800");
    stored += 3;

    // A transition in which both count.
    set("wgb:059130000000", "efa:010000000001",
        {{old_uri, "Old", {}, midnight + days{14}}, {new_uri, "New", midnight, {}}},
        intermediary.descriptions);
    intermediary.clock.set(midnight + hours{24});
    EXPECT_EQ(deliver(old_uri), "0800");
    EXPECT_EQ(deliver(new_uri), "0800");
    stored += 2;
  }
  intermediary.clock.advance(days{30});
  EXPECT_EQ(fetched(), stored);
}

} // namespace
