#include "unit/directory/entitlement_cases.h"
#include <stdexcept>

namespace directory::cases {

Agreement contract(std::string id, AgreementKind kind, std::vector<std::string> parties,
                   std::string service) {
  Agreement out;
  out.id = std::move(id);
  out.kind = kind;
  out.parties = std::move(parties);
  out.service = std::move(service);
  out.avv = kind == AgreementKind::ekv || kind == AgreementKind::ea;
  out.signed_on = day(2023, 12, 1);
  out.validity.from = day(2024, 1, 1);
  out.state = AgreementState::effective;
  return out;
}

Party party(std::string id, PartyKind kind, std::string land, std::string ags,
            std::vector<std::string> organisations, std::string parent) {
  return {id,
          kind,
          "Test " + id,
          std::move(land),
          std::move(parent),
          std::move(ags),
          std::move(organisations)};
}

AgreementRecords world() {
  AgreementRecords r;
  r.parties = {
      party("dataport", PartyKind::provider, "01"),
      party("dnrw", PartyKind::kommunalvertreter, "05"),
      party("govconnect", PartyKind::kommunalvertreter, "03"),
      party("dortmund", PartyKind::municipality, "05", "05913000", {"wgb:059130000000"}),
      party("ahaus", PartyKind::municipality, "05", "05554004", {"wgb:055540040000"}),
      party("kreis-borken", PartyKind::kreis, "05", "05554", {"wgb:055540000000"}),
      party("dortmund-aoer", PartyKind::aoer, "", "", {"wgb:059130000099"}, "dortmund"),
      party("hannover", PartyKind::municipality, "03", "03241001", {"sozh:032410010000"}),
      party("it", PartyKind::it_provider, "05", "", {}, "dortmund"),
  };
  EfaService wohngeld;
  wohngeld.id = "wohngeld";
  wohngeld.provider = "dataport";
  wohngeld.versions = {{kOld, {{}, day(2026, 11, 1)}}, {kNew, {day(2026, 10, 1), {}}}};
  EfaService hzl;
  hzl.id = "hzl";
  hzl.provider = "dnrw";
  hzl.versions = {{"urn:test:hzl:1", {}}};
  r.services = {wohngeld, hzl};
  r.agreements = {
      contract("ioev-sh", AgreementKind::ioev, {"dnrw", "dataport"}),
      contract("ekv-wohngeld", AgreementKind::ekv, {"dataport", "dnrw"}, "wohngeld"),
      contract("rv-dortmund", AgreementKind::rv, {"dnrw", "dortmund"}),
      contract("ea-dortmund", AgreementKind::ea, {"dortmund", "dnrw"}, "wohngeld"),
      contract("ioev-nds", AgreementKind::ioev, {"dnrw", "govconnect"}),
      contract("ekv-hzl", AgreementKind::ekv, {"dnrw", "govconnect"}, "hzl"),
      contract("rv-hannover", AgreementKind::rv, {"govconnect", "hannover"}),
      contract("ea-hannover", AgreementKind::ea, {"hannover", "govconnect"}, "hzl"),
  };
  return r;
}

namespace {

Agreement& of(AgreementRecords& r, const std::string& id) {
  for (auto& one : r.agreements)
    if (one.id == id) return one;
  throw std::runtime_error("no agreement " + id);
}
Party& body(AgreementRecords& r, const std::string& id) {
  for (auto& one : r.parties)
    if (one.id == id) return one;
  throw std::runtime_error("no party " + id);
}
void drop(AgreementRecords& r, const std::string& id) {
  if (std::erase_if(r.agreements, [&](const auto& one) { return one.id == id; }) == 0)
    throw std::runtime_error("no agreement " + id);
}
const std::string kHannover = "sozh:032410010000";

} // namespace

std::vector<Row> rows() {
  using R = AgreementRecords;
  const auto none = [](R&) {};
  std::vector<Row> t;
  // The whole chain
  t.push_back({"whole chain, consuming from another Land",
               none,
               {},
               true,
               {},
               {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-dortmund", "ea:ea-dortmund"}});
  t.push_back({"whole chain, NRW providing: d-NRW to GovConnect to Hannover",
               none,
               {"urn:test:hzl:1", kHannover},
               true,
               {},
               {"ioev:ioev-nds", "ekv:ekv-hzl", "rv:rv-hannover", "ea:ea-hannover"}});
  t.push_back({"service asked by its id, recipient by its party",
               none,
               {"wohngeld", "dortmund"},
               true,
               {}});
  t.push_back({"organisation key in another spelling", none, {kNew, "WGB059130000000"}, true, {}});
  // RV
  t.push_back({"EA without RV",
               [](R& r) { drop(r, "rv-dortmund"); },
               {},
               false,
               {"rv_missing:"},
               {"ioev:ioev-sh", "ekv:ekv-wohngeld", "ea:ea-dortmund"}});
  t.push_back({"RV ended, EA open",
               [](R& r) { of(r, "rv-dortmund").validity.until = day(2026, 7, 1); },
               {},
               false,
               {"rv_ended:rv-dortmund"}});
  t.push_back({"RV under notice still runs",
               [](R& r) { of(r, "rv-dortmund").validity.until = day(2026, 12, 31); },
               {},
               true,
               {}});
  t.push_back({"RV terminated",
               [](R& r) { of(r, "rv-dortmund").state = AgreementState::terminated; },
               {},
               false,
               {"rv_terminated:rv-dortmund"}});
  t.push_back(
      {"RV renewed: the old one ended, the new one runs",
       [](R& r) {
         of(r, "rv-dortmund").validity.until = day(2026, 7, 1);
         r.agreements.push_back(contract("rv-dortmund-2", AgreementKind::rv, {"dortmund", "dnrw"}));
         r.agreements.back().validity.from = day(2026, 7, 1);
       },
       {},
       true,
       {},
       {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-dortmund-2", "ea:ea-dortmund"}});
  t.push_back({"RV of Hannover with d-NRW, which contracts for NRW alone",
               [](R& r) {
                 of(r, "rv-hannover").parties = {"dnrw", "hannover"};
               },
               {"hzl", kHannover},
               false,
               {"rv_wrong_representative:rv-hannover"}});
  // EKV
  t.push_back({"EKV ended for this service",
               [](R& r) { of(r, "ekv-wohngeld").validity.until = day(2026, 11, 30); },
               {},
               false,
               {"ekv_ended:ekv-wohngeld"}});
  t.push_back({"EKV ended for one service only: the other goes on",
               [](R& r) { of(r, "ekv-wohngeld").validity.until = day(2026, 1, 1); },
               {"hzl", kHannover},
               true,
               {}});
  t.push_back({"EKV missing", [](R& r) { drop(r, "ekv-wohngeld"); }, {}, false, {"ekv_missing:"}});
  t.push_back({"EKV without AVV",
               [](R& r) { of(r, "ekv-wohngeld").avv = false; },
               {},
               false,
               {"ekv_avv_missing:ekv-wohngeld"}});
  t.push_back({"EKV with the wrong partner is no chain",
               [](R& r) {
                 of(r, "ekv-wohngeld").parties = {"dnrw", "govconnect"};
               },
               {},
               false,
               {"ekv_missing:"}});
  // IÖV
  t.push_back({"IÖV joined, not yet confirmed",
               [](R& r) { of(r, "ioev-sh").accession = true; },
               {},
               false,
               {"ioev_unconfirmed:ioev-sh"}});
  t.push_back({"IÖV joined, confirmed later than the delivery",
               [](R& r) {
                 of(r, "ioev-sh").accession = true;
                 of(r, "ioev-sh").confirmed_on = day(2026, 12, 1);
               },
               {},
               false,
               {"ioev_unconfirmed:ioev-sh"}});
  t.push_back({"IÖV joined and confirmed",
               [](R& r) {
                 of(r, "ioev-sh").accession = true;
                 of(r, "ioev-sh").confirmed_on = day(2024, 2, 1);
               },
               {},
               true,
               {}});
  t.push_back({"IÖV missing", [](R& r) { drop(r, "ioev-sh"); }, {}, false, {"ioev_missing:"}});
  t.push_back({"IÖV of several parties covers each pair",
               [](R& r) {
                 of(r, "ioev-sh").parties = {"dataport", "govconnect", "dnrw"};
               },
               {},
               true,
               {}});
  t.push_back({"IÖV with the provider, EKV with its Kommunalvertreter: no common partner",
               [](R& r) {
                 r.parties.push_back(party("itvsh", PartyKind::kommunalvertreter, "01"));
                 of(r, "ekv-wohngeld").parties = {"dnrw", "itvsh"};
               },
               {},
               false,
               {"ekv_missing:"}});
  t.push_back({"both with the Kommunalvertreter of the provider's Land",
               [](R& r) {
                 r.parties.push_back(party("itvsh", PartyKind::kommunalvertreter, "01"));
                 of(r, "ekv-wohngeld").parties = {"dnrw", "itvsh"};
                 of(r, "ioev-sh").parties = {"itvsh", "dnrw"};
               },
               {},
               true,
               {}});
  // EA
  t.push_back({"reachable in the DVDV, but no EA",
               [](R& r) { drop(r, "ea-dortmund"); },
               {kNew, "wgb:059130000000", day(2026, 11, 30), {}, true},
               false,
               {"ea_missing:"}});
  t.push_back({"EA, but not in the DVDV",
               [](R& r) { body(r, "dortmund").organisations = {"wgb:059130000001"}; },
               {kNew, "wgb:059130000001", day(2026, 11, 30), {}, true},
               true,
               {"(not_in_directory:wgb:059130000001)"}});
  t.push_back({"EA and DVDV entry, but not for this service URI",
               none,
               {kNew, "wgb:059130000000", day(2026, 10, 15), {}, true},
               true,
               {"(service_not_offered:wgb:059130000000)"}});
  t.push_back({"test organisation in production",
               [](R& r) { body(r, "dortmund").organisations = {"wgb:000000000001"}; },
               {kNew, "wgb:000000000001", day(2026, 11, 30), {}, true},
               false,
               {"test_organisation:wgb:000000000001"}});
  t.push_back({"EA without AVV",
               [](R& r) { of(r, "ea-dortmund").avv = false; },
               {},
               false,
               {"ea_avv_missing:ea-dortmund"}});
  t.push_back({"EA a draft",
               [](R& r) { of(r, "ea-dortmund").state = AgreementState::draft; },
               {},
               false,
               {"ea_draft:ea-dortmund"}});
  t.push_back({"EA signed, not yet effective",
               [](R& r) { of(r, "ea-dortmund").state = AgreementState::signed_only; },
               {},
               false,
               {"ea_signed_only:ea-dortmund"}});
  t.push_back({"EA terminated",
               [](R& r) { of(r, "ea-dortmund").state = AgreementState::terminated; },
               {},
               false,
               {"ea_terminated:ea-dortmund"}});
  t.push_back({"EA begins tomorrow",
               [](R& r) { of(r, "ea-dortmund").validity.from = day(2026, 12, 1); },
               {},
               false,
               {"ea_not_yet:ea-dortmund"}});
  t.push_back({"EA without beginning counts from its signature",
               [](R& r) {
                 of(r, "ea-dortmund").validity.from.reset();
                 of(r, "ea-dortmund").signed_on = day(2026, 12, 1);
               },
               {},
               false,
               {"ea_not_yet:ea-dortmund"}});
  t.push_back({"EA for another service",
               [](R& r) { of(r, "ea-dortmund").service = "hzl"; },
               {},
               false,
               {"ea_missing:"}});
  t.push_back(
      {"EA for all services", [](R& r) { of(r, "ea-dortmund").service.clear(); }, {}, true, {}});
  t.push_back({"EA of Hannover with d-NRW",
               [](R& r) {
                 of(r, "ea-hannover").parties = {"hannover", "dnrw"};
               },
               {"hzl", kHannover},
               false,
               {"ea_wrong_representative:ea-hannover"}});
  t.push_back({"EA signed by the IT provider",
               [](R& r) {
                 of(r, "ea-dortmund").parties = {"it", "dnrw"};
               },
               {},
               false,
               {"ea_by_it_provider:ea-dortmund"}});
  t.push_back({"EA backdated: counts, with a note",
               [](R& r) { of(r, "ea-dortmund").signed_on = day(2027, 1, 15); },
               {},
               true,
               {"(ea_backdated:ea-dortmund)"}});
  t.push_back({"EA backdated and signed by now: nothing to note",
               [](R& r) { of(r, "ea-dortmund").signed_on = day(2026, 3, 1); },
               {},
               true,
               {}});
  t.push_back({"several gaps are all told",
               [](R& r) {
                 drop(r, "rv-dortmund");
                 drop(r, "ea-dortmund");
                 of(r, "ioev-sh").state = AgreementState::draft;
               },
               {},
               false,
               {"ea_missing:", "ioev_draft:ioev-sh", "rv_missing:"}});
  add_special_rows(t);
  return t;
}

} // namespace directory::cases
