// What the directory says against a delivery, on its way through the intermediary.
#include "base/log.h"
#include "osci/metadata.h"
#include "support/intermediary.h"
#include "support/metadata.h"
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using osci::RoutingMode;
using support::Intermediary;
using support::Party;

const std::string kService = "http://service.example/wohngeld/1/Wohngeld.wsdl";

struct Lines {
  Lines() {
    base::set_log_sink(
        [this](const base::LogRecord& record) { all += base::render(record) + "\n"; });
  }
  ~Lines() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  bool tell(const std::string& text) const { return all.find(text) != std::string::npos; }
  std::string all;
};

struct Routing : testing::Test {
  Party sender{"sender"};
  Intermediary intermediary;
  Lines log;

  Routing() {
    intermediary.change_organisations = [](std::vector<directory::Organisation>& all) {
      all[0].services = {{kService, "Wohngeld", {}, {}}};
      directory::Organisation portal{"efa:010000000001", "Portal", "", {}, {}};
      portal.certificates = {
          {support::key("sender_cipher").certificate, directory::CertificateUse::cipher, {}, {}},
          {support::key("sender_sign").certificate, directory::CertificateUse::signature, {}, {}}};
      all.push_back(portal);
    };
    intermediary.descriptions = {{kService, "Wohngeld", {"wgb"}, {"efa"}}};
  }
  void set(RoutingMode mode) {
    intermediary.policy.routing_sender = intermediary.policy.routing_reader =
        intermediary.policy.routing_test = mode;
    intermediary.restart();
  }
  // What the header of the sample says, with one thing changed.
  osci::Request delivery(const std::string& what = "", const std::string& with = "") {
    auto header = support::kMetaDataSample;
    const auto change = [&header](const std::string& from, const std::string& to) {
      header.replace(header.find(from), from.size(), to);
    };
    change("TestMsg=\"true\"", "TestMsg=\"false\"");
    if (!what.empty()) change(what, with);
    auto out = bare();
    out.content.custom_headers.push_back({"MetaData", osci::adopt_metadata(header).value()});
    return out;
  }
  osci::Request bare() {
    return sender.delivery(intermediary.ids().issue(intermediary.clock.now(), intermediary.random),
                           "Antrag");
  }
  osci::FeedbackEntry feedback(const osci::Request& request) {
    return sender.open(intermediary.post(sender.seal(request))).feedback.at(0);
  }
};

TEST_F(Routing, WhatFitsIsTakenInEveryMode) {
  for (const auto mode : {RoutingMode::off, RoutingMode::observe, RoutingMode::enforce}) {
    set(mode);
    EXPECT_EQ(feedback(delivery()).code, "0800");
  }
  EXPECT_FALSE(log.tell("routing.finding")) << log.all;
}

TEST_F(Routing, ObservedFindingsAreLoggedAndTheDeliveryIsTaken) {
  set(RoutingMode::observe);
  EXPECT_EQ(feedback(delivery(kService, "urn:example:unknown")).code, "0800");
  EXPECT_TRUE(log.tell("finding=service_unknown")) << log.all;
  EXPECT_EQ(feedback(delivery("TestMsg=\"false\"", "TestMsg=\"true\"")).code, "0800");
  EXPECT_TRUE(log.tell("finding=test_mixed")) << log.all;
  EXPECT_EQ(feedback(bare()).code, "0800");
  EXPECT_FALSE(log.tell("service_not_named")) << "of every message without metadata";
}

TEST_F(Routing, EnforcedFindingsAreRefusedWithATextThatHelps) {
  set(RoutingMode::enforce);
  struct Row {
    const char *what, *with, *text;
  };
  const std::string reader = "Wohngeld\">wgb:059130000000";
  for (const auto& [what, with, text] :
       {Row{kService.c_str(), "urn:example:unknown", "pflegende Stelle"},
        Row{reader.c_str(), "Wohngeld\">wgb:059150000000", "Leser"},
        Row{"TestMsg=\"false\"", "TestMsg=\"true\"", "Test und Betrieb"}}) {
    const auto entry = feedback(delivery(what, with));
    EXPECT_EQ(entry.code, "9805") << what;
    EXPECT_NE(entry.text.find(text), std::string::npos) << entry.text;
  }
  EXPECT_EQ(feedback(bare()).code, "9805");
  mailbox::FetchSelection all;
  all.mailboxes = {"wgb:059130000000"};
  EXPECT_FALSE(intermediary.store().read(all)->delivery) << "nothing of it was stored";
}

TEST_F(Routing, AnIdenticalRepeatIsAnsweredAsBeforeWhateverTheDirectorySaysNow) {
  set(RoutingMode::observe);
  support::Dialog dialog(intermediary, sender);
  auto request = dialog.next(MessageType::store_delivery);
  const auto other = delivery(kService, "urn:example:unknown");
  request.message_id = other.message_id;
  request.content = other.content;
  request.certificates = other.certificates;
  const auto wire = sender.seal(request);
  const auto first = sender.open(intermediary.post(wire));
  ASSERT_EQ(first.feedback.at(0).code, "0801");
  set(RoutingMode::enforce);
  const auto again = sender.open(intermediary.post(wire));
  EXPECT_EQ(again.feedback.at(0).code, "0801");
  ASSERT_EQ(again.cards.size(), 1u);
  EXPECT_EQ(again.cards[0].creation, first.cards.at(0).creation);
}

// The reuse model on its way through the intermediary (domain 5.2); the rule itself is tested in
// unit/directory.
TEST_F(Routing, ContractsAreHeldAgainstEfaServicesOnly) {
  using directory::AgreementMode;
  directory::AgreementRecords records;
  records.parties = {{"dataport", directory::PartyKind::provider, "Dataport", "01", "", "", {}},
                     {"d-nrw", directory::PartyKind::kommunalvertreter, "d-NRW", "05", "", "", {}},
                     {"dortmund",
                      directory::PartyKind::municipality,
                      "Dortmund",
                      "05",
                      "",
                      "05913000",
                      {"wgb:059130000000"}}};
  directory::EfaService service;
  service.id = "wohngeld";
  service.name = "Wohngeld";
  service.provider = "dataport";
  service.versions = {{kService, {}}};
  records.services = {service};
  const auto use = [&](AgreementMode mode) {
    auto made = directory::Agreements::make(records);
    ASSERT_TRUE(made) << made.error().detail;
    intermediary.agreements = *made;
    intermediary.policy.routing_agreements = mode;
    set(RoutingMode::off);
  };
  use(AgreementMode::off);
  EXPECT_EQ(feedback(delivery()).code, "0800");
  EXPECT_FALSE(log.tell("routing.finding")) << log.all;
  use(AgreementMode::observe);
  EXPECT_EQ(feedback(delivery()).code, "0800");
  EXPECT_TRUE(log.tell("ea_missing")) << log.all;
  use(AgreementMode::enforce);
  const auto refused = feedback(delivery());
  EXPECT_EQ(refused.code, "9805");
  EXPECT_NE(refused.text.find("Nachnutzungsvereinbarung"), std::string::npos) << refused.text;
  EXPECT_EQ(feedback(delivery("TestMsg=\"false\"", "TestMsg=\"true\"")).code, "0800");
  EXPECT_EQ(feedback(delivery(kService, "urn:example:between-authorities")).code, "0800");
  EXPECT_EQ(feedback(bare()).code, "0800");

  directory::Agreement other;
  other.id = "fit-store-1";
  other.kind = directory::AgreementKind::other;
  other.parties = {"dortmund"};
  other.service = "wohngeld";
  other.avv = true;
  other.signed_on = intermediary.clock.now() - std::chrono::days{9};
  other.state = directory::AgreementState::effective;
  other.reference = "FIT-Store 4711";
  records.agreements = {other};
  use(AgreementMode::enforce);
  EXPECT_EQ(feedback(delivery()).code, "0800");

  // A proxy takes it in: the contracts of whom it is for count, not its own.
  records.parties.back().organisations = {"wgb:059150000000"};
  const auto before = intermediary.change_organisations;
  intermediary.change_organisations = [before](std::vector<directory::Organisation>& all) {
    before(all);
    all[0].represents = {"wgb:059150000000"};
  };
  use(AgreementMode::enforce);
  EXPECT_EQ(feedback(delivery()).code, "9805") << "to the proxy itself";
  EXPECT_EQ(feedback(delivery("Wohngeld\">wgb:059130000000", "Wohngeld\">wgb:059150000000")).code,
            "0800");
}

// A directory that describes nothing must not bury the log.
TEST_F(Routing, WithoutDescriptionsNoServiceIsUnknown) {
  intermediary.descriptions.clear();
  set(RoutingMode::observe);
  EXPECT_EQ(feedback(delivery()).code, "0800");
  EXPECT_FALSE(log.tell("service_unknown")) << log.all;
  set(RoutingMode::enforce);
  EXPECT_EQ(feedback(delivery()).code, "9805") << "who insists on it has to describe it";
}

// Mail for an old certificate is taken as before, but somebody is told that its sender missed the
// rollover (domain 4.6); what is enciphered for the new one is nothing to speak of.
TEST_F(Routing, ASenderThatMissedARolloverIsReported) {
  intermediary.change_organisations = [this](std::vector<directory::Organisation>& all) {
    const auto since = intermediary.clock.now() - std::chrono::hours{24};
    for (auto& one : all[0].certificates)
      if (one.use == directory::CertificateUse::cipher)
        one.valid_from = since - std::chrono::days{9};
    all[0].certificates.push_back({support::key("bench2048_cipher").certificate,
                                   directory::CertificateUse::cipher,
                                   since,
                                   {}});
  };
  set(RoutingMode::off); // it is no matter of the policy
  const auto deposit = [&](const std::string& addressee) {
    return feedback(
        sender.delivery(intermediary.ids().issue(intermediary.clock.now(), intermediary.random),
                        "Antrag", addressee));
  };
  EXPECT_EQ(deposit("bench2048").code, "0800");
  EXPECT_TRUE(intermediary.rollovers.notice(intermediary.clock.now()));
  EXPECT_EQ(deposit("recipient").code, "0800");
  EXPECT_EQ(deposit("recipient").code, "0800");
  EXPECT_TRUE(log.tell("finding=certificate_superseded")) << log.all;
  const auto heard = intermediary.rollovers.since({});
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].addressee, "wgb:059130000000");
  EXPECT_EQ(heard[0].deliveries, 2u);
  EXPECT_EQ(heard[0].superseded, support::key("recipient_cipher").certificate.fingerprint());
  EXPECT_EQ(heard[0].current, support::key("bench2048_cipher").certificate.fingerprint());
  const auto notice = intermediary.rollovers.notice(intermediary.clock.now());
  ASSERT_FALSE(notice);
  EXPECT_NE(notice.error().detail.find("for wgb:059130000000 (2 deliveries"), std::string::npos)
      << notice.error().detail;
  EXPECT_TRUE(intermediary.rollovers.notice(intermediary.clock.now() + std::chrono::days{8}));
}

// The text belongs to the error, not to its code: also when the answer is made again.
TEST_F(Routing, ARepeatOfARefusalSaysTheSame) {
  set(RoutingMode::enforce);
  support::Dialog dialog(intermediary, sender);
  auto request = dialog.next(MessageType::store_delivery);
  const auto other = delivery("TestMsg=\"false\"", "TestMsg=\"true\"");
  request.message_id = other.message_id;
  request.content = other.content;
  request.certificates = other.certificates;
  const auto wire = sender.seal(request);
  const auto first = sender.open(intermediary.post(wire)).feedback.at(0);
  EXPECT_NE(first.text.find("Test und Betrieb"), std::string::npos);
  intermediary.restart();
  EXPECT_EQ(sender.open(intermediary.post(wire)).feedback.at(0).text, first.text);
}

} // namespace
