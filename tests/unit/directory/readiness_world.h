// A municipality for which everything is in order, as values; tests break one thing at a time.
#pragma once
#include "../crypto/pki.h"
#include "directory/readiness.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace world {

using namespace directory;

inline const std::string kUri = "http://www.example.org/illustrativ/xantrag/1/0/wohngeld.wsdl";
inline const std::string kOldUri = "http://www.example.org/illustrativ/xantrag/0/9/wohngeld.wsdl";
inline const std::string kLeika = "99107023017000";

inline base::Instant at(const std::string& text) {
  return base::parse_datetime(text.size() == 10 ? text + "T10:00:00Z" : text).value();
}
inline base::Instant now() {
  return at("2026-06-15");
}
inline base::Instant ago(int days) {
  return now() - std::chrono::hours{24} * days;
}
inline base::Instant ahead(int days) {
  return ago(-days);
}

inline pki::Spec cipher_spec() {
  pki::Spec spec;
  spec.subject = "GRP: Wohngeldstelle Dortmund 2026-OSCI";
  spec.key_usage = "keyEncipherment,dataEncipherment";
  spec.to_day = 3 * 365;
  spec.serial = "4711";
  return spec;
}

struct World {
  World() : root(pki::root("root", pki::rsa(2048, 9))) {
    Party dnrw{"d-nrw", PartyKind::kommunalvertreter, "d-NRW AöR", "05", "", "", {}};
    Party sh{"sh", PartyKind::provider, "Land Schleswig-Holstein", "01", "", "", {}};
    Party town{"dortmund", PartyKind::municipality, "Stadt Dortmund", "05", "",
               "05913000", {"wgb:059130000000"}};
    Party child{"dortmund-aoer",     PartyKind::aoer, "Dortmund Wohnen AöR", "05", "dortmund", "",
                {"wgb:059130010000"}};
    Party host{"kdn", PartyKind::it_provider, "KDN", "05", "", "", {}};
    Party office{"amt", PartyKind::kreis, "Amt", "05", "", "", {}};
    parties = {dnrw, sh, town, child, host, office};
    service.id = "wohngeld";
    service.name = "Wohngeld";
    service.provider = "sh";
    service.leika = {kLeika};
    service.versions = {{kUri, {}}, {kOldUri, {std::nullopt, ago(30)}}};
    service.standard = "xantrag";
    service.standard_version = "1.0";
    service.recipient_category = "wgb";
    service.url = "https://wohngeld.example.org/";
    service.payment_capable = true;
    services[1].id = "another";
    services[1].provider = "sh";
    agreements = {agreement("ioev-1", AgreementKind::ioev, {"d-nrw", "sh"}, ""),
                  agreement("ekv-1", AgreementKind::ekv, {"sh", "d-nrw"}, "wohngeld"),
                  agreement("rv-1", AgreementKind::rv, {"d-nrw", "dortmund"}, ""),
                  agreement("ea-1", AgreementKind::ea, {"dortmund", "d-nrw"}, "wohngeld")};
    responsibilities = {{kLeika, "059130000000", "dortmund", "Stadt Dortmund, Wohnungsamt",
                         "Südwall 2-4", "44137", "0231 500", "wohngeld@dortmund.example",
                         service.url, ago(3)}};
    parameters = {{"dortmund", "wohngeld", PaymentParameters{"ePayBL", 1250, false}, "wappen.svg",
                   "https://dortmund.example/datenschutz"}};
    receptions = {{"dortmund",
                   "wohngeld",
                   ReceptionKind::osci,
                   "WohnGeldPlus",
                   "7.1",
                   "Muster GmbH",
                   {"xantrag 0.9", "xantrag 1.0"},
                   ago(60),
                   "",
                   TestMessage{"msg-1", ago(5), ago(5) + std::chrono::minutes{4},
                               ago(5) + std::chrono::minutes{5}}}};
    onboardings = {{"dortmund", "wohngeld", OnboardingState::technical_setup, {}, ago(10)}};
    set_certificate(pki::certificate(cipher_spec(), pki::rsa(3072), pki::rsa(2048, 9)));
    mailboxes = {
        {"wgb:059130000000", ago(0), ago(0) - std::chrono::hours{2}, false, 0, {}, 10, 1000, {}}};
  }

  static Agreement agreement(const std::string& id, AgreementKind kind,
                             std::vector<std::string> parties, const std::string& service) {
    Agreement out;
    out.id = id;
    out.kind = kind;
    out.parties = std::move(parties);
    out.service = service;
    out.avv = kind == AgreementKind::ekv || kind == AgreementKind::ea;
    out.accession = kind == AgreementKind::ioev;
    out.signed_on = out.confirmed_on = ago(200);
    out.validity.from = ago(190);
    out.state = AgreementState::effective;
    return out;
  }
  Agreement& of(const std::string& id) {
    for (auto& one : agreements)
      if (one.id == id) return one;
    throw std::runtime_error("no agreement " + id);
  }
  void drop(const std::string& id) {
    std::erase_if(agreements, [&](const Agreement& one) { return one.id == id; });
  }
  // The town's certificate, known as good.
  void set_certificate(const crypto::Certificate& certificate) {
    Organisation office{"wgb:059130000000",
                        "Stadt Dortmund, Wohngeldstelle",
                        "wgb:059130000000",
                        {{certificate, CertificateUse::cipher, {}, {}}},
                        {}};
    office.services = {{kUri, "Wohngeld", {}, {}}};
    organisations = {office};
    revocation[certificate.fingerprint()].outcome = crypto::RevocationOutcome::good;
  }
  void transfer_to_child() {
    transfers = {{"dortmund", "dortmund-aoer", {"wohngeld"}, "Ratsbeschluss", {}}};
  }

  Readiness judge() {
    directory = Directory::make(organisations).value();
    const std::vector<Region> towns = {{"05913000", "059130000000", "Dortmund", {}, {}},
                                       {"05315000", "053150000000", "Köln", {}, {}}};
    agreements_now = Agreements::make({parties, services, agreements, transfers, responsibilities,
                                       parameters, receptions, onboardings, own_land_needs_ekv},
                                      Regions::make(towns).value())
                         .value();
    trust = std::make_unique<crypto::TrustStore>(
        anchors ? std::vector{root} : std::vector<crypto::Certificate>{},
        std::vector<crypto::Certificate>{}, crypto::TrustPolicy{});
    ReadinessFacts facts;
    facts.now = now();
    facts.party = agreements_now->party("dortmund");
    facts.service = service_known ? agreements_now->service("wohngeld") : nullptr;
    facts.agreements = records_known ? agreements_now.get() : nullptr;
    facts.agreements_source = "agreements.toml";
    facts.directory = directory_known ? directory.get() : nullptr;
    facts.directory_source = "directory.toml";
    facts.directory_date = ago(1);
    facts.own_intermediary = own_intermediary;
    facts.certificate_rules.anchors = trust_known ? trust.get() : nullptr;
    facts.certificate_rules.revocation = revocation_known ? &revocation : nullptr;
    facts.certificate_rules.exceptions = exceptions;
    facts.mailboxes = mailboxes;
    facts.mailbox_source = "mailboxes.json";
    return judge_readiness(facts);
  }

  crypto::Certificate root;
  std::vector<Party> parties;
  std::vector<EfaService> services{2};
  EfaService& service = services[0];
  std::vector<Agreement> agreements;
  std::vector<TaskTransfer> transfers;
  std::vector<Responsibility> responsibilities;
  std::vector<ServiceParameters> parameters;
  std::vector<Reception> receptions;
  std::vector<Onboarding> onboardings;
  std::vector<Organisation> organisations;
  std::vector<MailboxObservation> mailboxes;
  std::vector<KeyException> exceptions;
  crypto::RevocationResults revocation;
  std::string own_intermediary = "https://osci.example.org/osci";
  bool service_known = true, records_known = true, directory_known = true, trust_known = true,
       revocation_known = true, anchors = true, own_land_needs_ekv = false;

 private:
  std::shared_ptr<const Directory> directory;
  std::unique_ptr<crypto::TrustStore> trust;
  std::shared_ptr<const Agreements> agreements_now;
};

} // namespace world
