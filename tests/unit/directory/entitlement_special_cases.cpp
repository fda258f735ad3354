#include "unit/directory/entitlement_cases.h"
#include <stdexcept>

namespace directory::cases {

using namespace std::chrono_literals;

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
void merge(AgreementRecords& r) {
  r.parties.push_back(
      party("altdorf", PartyKind::municipality, "05", "05913001", {"wgb:059130010000"}));
  r.parties.push_back(
      party("neustadt", PartyKind::municipality, "05", "05913009", {"wgb:059130090000"}));
  r.agreements.push_back(contract("rv-altdorf", AgreementKind::rv, {"altdorf", "dnrw"}));
  r.agreements.push_back(
      contract("ea-altdorf", AgreementKind::ea, {"altdorf", "dnrw"}, "wohngeld"));
}
void transfer(AgreementRecords& r, std::string from, std::string to,
              std::vector<std::string> services = {}, Validity validity = {}) {
  r.transfers.push_back({std::move(from), std::move(to), std::move(services), "Satzung", validity});
}

const std::string kAoer = "wgb:059130000099";
const std::string kAhaus = "wgb:055540040000";
const std::string kKreis = "wgb:055540000000";
const std::string kHannover = "sozh:032410010000";

} // namespace

void add_special_rows(std::vector<Row>& t) {
  using R = AgreementRecords;
  const auto none = [](R&) {};
  const auto service = [](R& r, std::size_t i) -> EfaService& { return r.services[i]; };
  // Kreis, AöR, one for several
  t.push_back(
      {"Kreis as recipient, with RV and EA of its own",
       [](R& r) {
         r.agreements.push_back(contract("rv-k", AgreementKind::rv, {"kreis-borken", "dnrw"}));
         r.agreements.push_back(
             contract("ea-k", AgreementKind::ea, {"kreis-borken", "dnrw"}, "wohngeld"));
       },
       {kNew, kKreis},
       true,
       {},
       {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-k", "ea:ea-k"}});
  t.push_back(
      {"Kreis processes, but the town signed the EA",
       [](R& r) {
         transfer(r, "ahaus", "kreis-borken", {"wohngeld"});
         r.agreements.push_back(contract("rv-k", AgreementKind::rv, {"kreis-borken", "dnrw"}));
         r.agreements.push_back(contract("ea-a", AgreementKind::ea, {"ahaus", "dnrw"}, "wohngeld"));
       },
       {kNew, kKreis},
       false,
       {"ea_wrong_body:ea-a"}});
  t.push_back({"addressed to the town, but the Kreis does the task and signed",
               [](R& r) {
                 transfer(r, "ahaus", "kreis-borken", {"wohngeld"});
                 r.agreements.push_back(contract("rv-a", AgreementKind::rv, {"ahaus", "dnrw"}));
                 r.agreements.push_back(
                     contract("ea-k", AgreementKind::ea, {"kreis-borken", "dnrw"}, "wohngeld"));
               },
               {kNew, kAhaus},
               false,
               {"(task_transferred:kreis-borken)", "ea_wrong_body:ea-k"}});
  t.push_back(
      {"a Kreis is no holder of its town's RV",
       [](R& r) {
         body(r, "ahaus").parent = "kreis-borken";
         r.agreements.push_back(contract("rv-k", AgreementKind::rv, {"kreis-borken", "dnrw"}));
         r.agreements.push_back(contract("ea-a", AgreementKind::ea, {"ahaus", "dnrw"}, "wohngeld"));
       },
       {kNew, kAhaus},
       false,
       {"rv_missing:"}});
  const auto aoer_ea = [](R& r) {
    r.agreements.push_back(
        contract("ea-aoer", AgreementKind::ea, {"dortmund-aoer", "dnrw"}, "wohngeld"));
    drop(r, "ea-dortmund");
  };
  t.push_back(
      {"AöR calls off under its city's RV with a task transfer",
       [=](R& r) {
         aoer_ea(r);
         transfer(r, "dortmund", "dortmund-aoer", {"wohngeld"});
       },
       {kNew, kAoer},
       true,
       {},
       {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-dortmund", "transfer:dortmund", "ea:ea-aoer"}});
  t.push_back({"AöR without task transfer",
               aoer_ea,
               {kNew, kAoer},
               false,
               {"rv_transfer_missing:dortmund"}});
  t.push_back({"AöR, the task transfer has ended",
               [=](R& r) {
                 aoer_ea(r);
                 transfer(r, "dortmund", "dortmund-aoer", {}, {{}, day(2026, 1, 1)});
               },
               {kNew, kAoer},
               false,
               {"rv_transfer_missing:dortmund"}});
  t.push_back({"AöR, the transfer is for another service",
               [=](R& r) {
                 aoer_ea(r);
                 transfer(r, "dortmund", "dortmund-aoer", {"hzl"});
               },
               {kNew, kAoer},
               false,
               {"rv_transfer_missing:dortmund"}});
  t.push_back({"AöR, and the city has no RV either",
               [=](R& r) {
                 aoer_ea(r);
                 drop(r, "rv-dortmund");
                 transfer(r, "dortmund", "dortmund-aoer");
               },
               {kNew, kAoer},
               false,
               {"rv_missing:"}});
  t.push_back(
      {"AöR with an RV of its own needs no transfer",
       [=](R& r) {
         aoer_ea(r);
         r.agreements.push_back(contract("rv-aoer", AgreementKind::rv, {"dortmund-aoer", "dnrw"}));
       },
       {kNew, kAoer},
       true,
       {}});
  t.push_back({"AöR processes, but the city signed the EA",
               [](R& r) { transfer(r, "dortmund", "dortmund-aoer", {"wohngeld"}); },
               {kNew, kAoer},
               false,
               {"ea_wrong_body:ea-dortmund"}});
  t.push_back({"two EAs for one service, of the city and of its AöR",
               [](R& r) {
                 r.agreements.push_back(
                     contract("ea-aoer", AgreementKind::ea, {"dortmund-aoer", "dnrw"}, "wohngeld"));
               },
               {},
               true,
               {"(ea_duplicate:ea-aoer)"}});
  const auto shared = [](R& r) { body(r, "ahaus").organisations = {"wgb:059130000000"}; };
  t.push_back({"one organisation for several municipalities, one of them agreed",
               shared,
               {},
               true,
               {"(not_for_party:ahaus)"}});
  t.push_back({"the same, asked for the one that has not agreed",
               shared,
               {kNew, "wgb:059130000000", day(2026, 11, 30), "ahaus"},
               false,
               {"ea_wrong_body:ea-dortmund", "rv_missing:"}});
  t.push_back({"the same, and nobody has agreed",
               [=](R& r) {
                 shared(r);
                 drop(r, "ea-dortmund");
               },
               {},
               false,
               {"(not_for_party:ahaus)", "(not_for_party:dortmund)", "ea_missing:"}});
  t.push_back({"an IT provider runs the organisation for its city",
               [](R& r) { body(r, "it").organisations = {"wgb:059130000000"}; },
               {},
               true,
               {}});
  t.push_back({"only an IT provider answers for the organisation",
               [](R& r) {
                 body(r, "it").organisations = {"wgb:059130000000"};
                 body(r, "dortmund").organisations.clear();
               },
               {},
               false,
               {"recipient_is_it_provider:"}});
  // Municipalities that change
  t.push_back({"merged on 1 January: contracts under the old key hold for the new one",
               merge,
               {kNew, "wgb:059130090000", day(2027, 1, 1)},
               true,
               {"(ea_of_predecessor:ea-altdorf)", "(rv_of_predecessor:rv-altdorf)"}});
  t.push_back({"the day before, the new municipality has nothing",
               merge,
               {kNew, "wgb:059130090000", day(2027, 1, 1) - 1ms},
               false,
               {"ea_missing:", "rv_missing:"}});
  t.push_back({"merged: the old organisation stays covered during the change",
               merge,
               {kNew, "wgb:059130010000", day(2027, 1, 2)},
               true,
               {}});
  t.push_back({"merged: the old organisation under the contracts of the new municipality",
               [](R& r) {
                 merge(r);
                 drop(r, "ea-altdorf");
                 r.agreements.push_back(
                     contract("ea-neu", AgreementKind::ea, {"neustadt", "dnrw"}, "wohngeld"));
               },
               {kNew, "wgb:059130010000", day(2027, 1, 2)},
               true,
               {"(ea_of_successor:ea-neu)"}});
  t.push_back({"merged: not yet on the day before",
               [](R& r) {
                 merge(r);
                 drop(r, "ea-altdorf");
                 r.agreements.push_back(
                     contract("ea-neu", AgreementKind::ea, {"neustadt", "dnrw"}, "wohngeld"));
               },
               {kNew, "wgb:059130010000", day(2026, 12, 31)},
               false,
               {"ea_missing:"}});
  t.push_back({"merged: a contract that ended with the old municipality does not go on",
               [](R& r) {
                 merge(r);
                 of(r, "ea-altdorf").validity.until = day(2027, 1, 1);
               },
               {kNew, "wgb:059130090000", day(2027, 1, 1)},
               false,
               {"(rv_of_predecessor:rv-altdorf)", "ea_ended:ea-altdorf"}});
  t.push_back({"merged: the new municipality's own EA comes first",
               [](R& r) {
                 merge(r);
                 r.agreements.push_back(
                     contract("ea-neu", AgreementKind::ea, {"neustadt", "dnrw"}, "wohngeld"));
               },
               {kNew, "wgb:059130090000", day(2027, 1, 1)},
               true,
               {"(rv_of_predecessor:rv-altdorf)"}});
  // The service
  t.push_back({"cut-over: both versions while they overlap, the old one",
               none,
               {kOld, "wgb:059130000000", day(2026, 10, 15)},
               true,
               {}});
  t.push_back({"cut-over: the new one before its day",
               none,
               {kNew, "wgb:059130000000", day(2026, 10, 1) - 1ms},
               false,
               {std::string("version_not_yet:") + kNew}});
  t.push_back({"cut-over: the old one after its day",
               none,
               {kOld, "wgb:059130000000", day(2026, 11, 1)},
               false,
               {std::string("version_ended:") + kOld}});
  const auto suspend = [=](std::string land) {
    return [=](R& r) {
      service(r, 0).suspensions = {{land, {day(2026, 11, 1), day(2027, 1, 1)}, "Überlastung"}};
    };
  };
  t.push_back({"suspended in NRW, EA valid",
               suspend("05"),
               {},
               false,
               {"service_suspended:Überlastung"},
               {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-dortmund", "ea:ea-dortmund"}});
  t.push_back({"suspended everywhere", suspend(""), {}, false, {"service_suspended:Überlastung"}});
  t.push_back({"suspended in another Land", suspend("03"), {}, true, {}});
  t.push_back(
      {"suspension over", suspend("05"), {kNew, "wgb:059130000000", day(2027, 1, 1)}, true, {}});
  t.push_back({"service only planned",
               [=](R& r) { service(r, 0).status = ServiceStatus::planned; },
               {},
               false,
               {"service_planned:wohngeld"}});
  t.push_back({"service ended",
               [=](R& r) { service(r, 0).status = ServiceStatus::ended; },
               {},
               false,
               {"service_ended:wohngeld"}});
  t.push_back(
      {"service unknown", none, {"urn:test:none"}, false, {"service_unknown:urn:test:none"}});
  t.push_back({"recipient unknown",
               none,
               {kNew, "wgb:999999999999"},
               false,
               {"recipient_unknown:wgb:999999999999"}});
  // Kommunalvertreter
  t.push_back({"two Kommunalvertreter claim one Land: one whole chain is enough",
               [](R& r) {
                 r.parties.insert(r.parties.begin(),
                                  party("andere", PartyKind::kommunalvertreter, "05"));
               },
               {},
               true,
               {"(representative_ambiguous:05)"}});
  t.push_back({"two Kommunalvertreter, the contracts split between them",
               [](R& r) {
                 r.parties.push_back(party("andere", PartyKind::kommunalvertreter, "05"));
                 of(r, "ea-dortmund").parties = {"dortmund", "andere"};
               },
               {},
               false,
               {"(representative_ambiguous:05)", "ea_wrong_representative:ea-dortmund"}});
  t.push_back({"no Kommunalvertreter for the Land",
               [](R& r) { body(r, "dortmund").land = "09"; },
               {},
               false,
               {"representative_missing:09"}});
  t.push_back(
      {"Land taken from the AGS", [](R& r) { body(r, "dortmund").land.clear(); }, {}, true, {}});
  t.push_back({"neither Land nor AGS",
               [](R& r) {
                 body(r, "dortmund").land.clear();
                 body(r, "dortmund").ags.clear();
               },
               {},
               false,
               {"land_unknown:"}});
  // The own Land's service
  const auto own = [](R& r) {
    r.agreements.push_back(contract("ea-hzl", AgreementKind::ea, {"dortmund", "dnrw"}, "hzl"));
  };
  t.push_back({"own Land's service needs neither IÖV nor EKV",
               own,
               {"hzl", "wgb:059130000000"},
               true,
               {},
               {"own_land:dnrw", "rv:rv-dortmund", "ea:ea-hzl"}});
  t.push_back({"own Land's service, policy wants an EKV",
               [=](R& r) {
                 own(r);
                 r.own_land_needs_ekv = true;
                 drop(r, "ekv-hzl");
               },
               {"hzl", "wgb:059130000000"},
               false,
               {"ekv_missing:"}});
  t.push_back({"own Land's service by a Land authority, policy wants an EKV and has it",
               [=](R& r) {
                 own(r);
                 r.own_land_needs_ekv = true;
                 r.parties.push_back(party("ministerium", PartyKind::landesbehoerde, "05"));
                 service(r, 1).provider = "ministerium";
                 r.agreements.push_back(
                     contract("ekv-own", AgreementKind::ekv, {"ministerium", "dnrw"}, "hzl"));
               },
               {"hzl", "wgb:059130000000"},
               true,
               {}});
  // Another contract
  const auto fit = [](R& r) {
    drop(r, "ea-dortmund");
    r.agreements.push_back(contract("fit-store", AgreementKind::other, {"dortmund"}, "wohngeld"));
    r.agreements.back().reference = "FIT-Store 4711";
  };
  t.push_back({"FIT-Store contract instead of the chain", fit, {}, true, {}, {"other:fit-store"}});
  t.push_back({"FIT-Store contract beside a whole chain: the chain carries it",
               [](R& r) {
                 r.agreements.push_back(
                     contract("fit-store", AgreementKind::other, {"dortmund"}, "wohngeld"));
                 r.agreements.back().reference = "FIT-Store 4711";
               },
               {},
               true,
               {},
               {"ioev:ioev-sh", "ekv:ekv-wohngeld", "rv:rv-dortmund", "ea:ea-dortmund"}});
  t.push_back({"FIT-Store contract ended",
               [=](R& r) {
                 fit(r);
                 of(r, "fit-store").validity.until = day(2026, 1, 1);
               },
               {},
               false,
               {"(other_ended:fit-store)", "ea_missing:"}});
  t.push_back({"FIT-Store contract does not lift a suspension",
               [=](R& r) {
                 fit(r);
                 suspend("05")(r);
               },
               {},
               false,
               {"service_suspended:Überlastung"}});
  // Midnight
  const auto until_july = [](R& r) { of(r, "ea-dortmund").validity.until = day(2026, 7, 1); };
  t.push_back({"ends at midnight in Germany, summer time: a millisecond before",
               until_july,
               {"wohngeld", "dortmund",
                base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 6 / 30}} + 22h - 1ms},
               true,
               {}});
  t.push_back({"ends at midnight in Germany, summer time: at it, 22:00 UTC",
               until_july,
               {"wohngeld", "dortmund",
                base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 6 / 30}} + 22h},
               false,
               {"ea_ended:ea-dortmund"}});
  t.push_back({"begins at midnight in Germany, winter time: 23:00 UTC",
               [](R& r) { of(r, "ea-dortmund").validity.from = day(2026, 12, 1); },
               {kNew, "dortmund",
                base::Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}} + 23h},
               true,
               {}});
}

} // namespace directory::cases
