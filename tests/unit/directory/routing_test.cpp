#include "directory/routing.h"
#include "support/keys.h"
#include <gtest/gtest.h>
#include <set>

namespace {

using directory::Directory;
using directory::Organisation;
using directory::RoutingCheck;
using directory::RoutingFinding;
using directory::Service;
using enum directory::RoutingFinding;

const std::string kService = "http://service.example/wohngeld/1/Wohngeld.wsdl";
const std::string kOther = "urn:example:other";
const base::Instant kNow = base::parse_datetime("2026-06-01T12:00:00Z").value();

Organisation organisation(const std::string& key) {
  return {key, "Test", key, {}, {}};
}

std::shared_ptr<const Directory> sample() {
  auto office = organisation("wgb:059130000000");
  office.services = {{kService, "Wohngeld", {}, {}},
                     {kOther, "over", {}, base::parse_datetime("2026-05-01T00:00:00Z").value()}};
  office.represents = {"WGB055540040000"};
  auto test_office = organisation("wgb:059130000001");
  test_office.services = office.services;
  test_office.test = true;
  auto portal = organisation("efa:010000000001");
  auto builders = organisation("bap:010000000002");
  auto both = organisation("bap:010000000003");
  both.categories = {"bap", "efa"};
  return Directory::make({office, test_office, portal, builders, both},
                         {{kService, "Wohngeld", {"wgb"}, {"efa"}}, {kOther, "any", {}, {}}})
      .value();
}

struct Row {
  const char* what;
  const char* sender;    // "": not listed
  const char* addressee; // "": not listed
  std::string service;
  const char* reader;
  std::optional<bool> test;
  std::vector<RoutingFinding> findings;
};

TEST(Routing, FindsWhatSpeaksAgainstADelivery) {
  const auto directory = sample();
  const char *efa = "efa:010000000001", *bap = "bap:010000000002", *both = "bap:010000000003",
             *office = "wgb:059130000000", *test = "wgb:059130000001";
  const std::vector<Row> rows = {
      {"all fits", efa, office, kService, office, false, {}},
      {"nothing said about test", efa, office, kService, office, {}, {}},
      {"no reader", efa, office, kService, "", false, {}},
      {"another spelling", efa, office, kService, "WGB059130000000", false, {}},
      {"for one that it represents", efa, office, kService, "wgb:055540040000", false, {}},
      {"no metadata at all", efa, office, "", "", {}, {service_not_named}},
      {"nobody knows anybody", "", "", "", "", {}, {service_not_named, sender_unknown}},
      {"unknown service", efa, office, "urn:x", "", {}, {service_unknown, service_not_offered}},
      {"case matters in a URI",
       efa,
       office,
       "HTTP://service.example/wohngeld/1/Wohngeld.wsdl",
       "",
       {},
       {service_unknown, service_not_offered}},
      {"unlisted sender", "", office, kService, office, {}, {sender_unknown}},
      {"wrong category", bap, office, kService, office, {}, {sender_not_entitled}},
      {"the office itself may not", office, office, kService, office, {}, {sender_not_entitled}},
      {"one of two categories", both, office, kService, office, {}, {}},
      {"anybody may", bap, office, kOther, office, {}, {service_not_offered}}, // until May
      {"not offered there", efa, bap, kService, "", {}, {service_not_offered}},
      {"another reader", efa, office, kService, "wgb:059150000000", {}, {reader_mismatch}},
      {"a reader that is no key", efa, office, kService, "safe-sp1-4711", {}, {reader_mismatch}},
      {"addressee not listed", efa, "", kService, "wgb:059150000000", {}, {}},
      {"a test message for an office", efa, office, kService, office, true, {test_mixed}},
      {"a real one for a test office", efa, test, kService, test, false, {test_mixed}},
      {"unmarked, but a test office", efa, test, kService, test, {}, {test_mixed}},
      {"among tests", test, test, kService, test, true, {sender_not_entitled}},
      {"all at once",
       bap,
       test,
       kService,
       office,
       false,
       {sender_not_entitled, reader_mismatch, test_mixed}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto found =
        judge_routing(*directory, {directory->find(row.sender), directory->find(row.addressee),
                                   row.service, row.reader, row.test, kNow});
    EXPECT_EQ(found, row.findings);
  }
}

TEST(Routing, ACutOverAtMidnightLeavesNoGap) {
  auto office = organisation("wgb:059130000000");
  const auto midnight = base::parse_datetime("2026-04-30T22:00:00Z").value(); // 1 May in Berlin
  office.services = {{kOther, "old", {}, midnight}, {kService, "new", midnight, {}}};
  const auto directory = Directory::make({office}).value();
  const auto offered = [&](const std::string& service, base::Instant now) {
    const auto found = judge_routing(
        *directory, {nullptr, directory->find("wgb:059130000000"), service, "", {}, now});
    return std::find(found.begin(), found.end(), service_not_offered) == found.end();
  };
  const base::Milliseconds tick{1};
  EXPECT_TRUE(offered(kOther, midnight - tick));
  EXPECT_FALSE(offered(kService, midnight - tick));
  EXPECT_FALSE(offered(kOther, midnight));
  EXPECT_TRUE(offered(kService, midnight));
}

TEST(RecipientCertificate, IsThatOfTheServiceWhileItIsGood) {
  const auto& own = support::key("recipient_cipher").certificate;
  const auto& named = support::key("other_cipher").certificate;
  const auto& testa = support::key("sender_cipher").certificate;
  auto office = organisation("wgb:059130000000");
  office.certificates = {{own, directory::CertificateUse::cipher, {}, {}}};
  directory::ServiceElements elsewhere, here;
  elsewhere.network = directory::Network::testa;
  elsewhere.recipient_cipher = testa;
  here.recipient_cipher = named;
  office.services = {{kService, "Wohngeld", {}, {}, {elsewhere, here}}};
  const auto now = named.not_before() + std::chrono::hours{1};
  const auto of = [&](const std::string& service, base::Instant at) {
    const auto* found = directory::recipient_certificate(office, service, at);
    return found ? found->fingerprint() : "";
  };
  EXPECT_EQ(of(kService, now), named.fingerprint()) << "the Internet before TESTA";
  EXPECT_EQ(of(kOther, now), own.fingerprint());
  EXPECT_EQ(of(kService, named.not_after() + std::chrono::hours{1}), "") << "all have ended";
  office.services[0].elements = {elsewhere};
  EXPECT_EQ(of(kService, now), testa.fingerprint());
}

TEST(Routing, EveryFindingHasACheckAndAName) {
  std::set<std::string_view> names;
  for (const auto one : {service_not_named, service_unknown, sender_unknown, sender_not_entitled,
                         service_not_offered, reader_mismatch, test_mixed, certificate_superseded})
    names.insert(to_string(one));
  EXPECT_EQ(names.size(), 8u);
  EXPECT_EQ(check_of(sender_unknown), RoutingCheck::sender);
  EXPECT_EQ(check_of(reader_mismatch), RoutingCheck::reader);
  EXPECT_EQ(check_of(test_mixed), RoutingCheck::test);
  EXPECT_EQ(check_of(certificate_superseded), RoutingCheck::rollover);
}

TEST(Categories, AreThePrefixUnlessOthersAreListed) {
  const auto directory = sample();
  EXPECT_EQ(directory->find("efa:010000000001")->categories, std::vector<std::string>{"efa"});
  EXPECT_EQ(directory->find("bap:010000000003")->categories,
            (std::vector<std::string>{"bap", "efa"}));
}

TEST(Descriptions, MustBeUniqueAndTheirProvidersOfTheRightCategory) {
  auto office = organisation("wgb:059130000000");
  office.services = {{kService, "Wohngeld", {}, {}}};
  const auto refusal = [&](std::vector<directory::ServiceDescription> descriptions) {
    const auto made = Directory::make({office}, std::move(descriptions));
    return made ? std::string("accepted") : made.error().detail;
  };
  EXPECT_EQ(refusal({{kService, "a", {"wgb", "x"}, {}}}), "accepted");
  EXPECT_NE(refusal({{kService, "a", {"bab"}, {}}}).find("may not be offered"), std::string::npos);
  EXPECT_NE(refusal({{kService, "a", {}, {}}, {kService, "b", {}, {}}}).find("described twice"),
            std::string::npos);
  EXPECT_NE(refusal({{"", "a", {}, {}}}).find("no usable URI"), std::string::npos);
  office.represents = {"nobody"};
  EXPECT_NE(refusal({}).find("represents"), std::string::npos);
}

} // namespace
