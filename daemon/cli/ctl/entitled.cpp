// `dataclearingctl entitled` and `dataclearingctl find`: what contracts and responsibilities say.
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "directory/entitlement.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <string_view>

namespace cli::ctl {

namespace {

using namespace directory;

struct EntitledOptions {
  Sources sources;
  std::string service, recipient, party;
  bool json = false;
};

std::string step_name(ChainStep step) {
  switch (step) {
  case ChainStep::own_land:
    return "Dienst des eigenen Landes, Anbieter";
  case ChainStep::ioev:
    return "IÖV";
  case ChainStep::ekv:
    return "EKV";
  case ChainStep::rv:
    return "RV";
  case ChainStep::transfer:
    return "Aufgabenübertragung von";
  case ChainStep::ea:
    return "EA";
  case ChainStep::other:
    break;
  }
  return "anderer Vertrag";
}

void line(std::string_view label, const std::string& text) {
  std::cout << label << harmless(text) << "\n";
}

void print(const Entitlement& answer, const Loaded& loaded) {
  const auto named = [](const std::string& id, const auto* what) {
    return what ? id + "  " + what->name : id;
  };
  if (!answer.service.empty())
    line("Dienst     ", named(answer.service, loaded.agreements->service(answer.service)));
  if (!answer.party.empty())
    line("Stelle     ", named(answer.party, loaded.agreements->party(answer.party)));
  line("Stand      ", format_german_day(loaded.at));
  line("Ergebnis   ",
       answer.entitled ? "vereinbart: der Dienst darf an die Stelle liefern" : "nicht vereinbart");
  for (const auto& link : answer.chain)
    line("Grundlage  ", step_name(link.step) + " " + link.record);
  for (const auto& one : answer.findings)
    line(one.blocks ? "Hindernis  " : "Hinweis    ",
         german(one, *loaded.agreements) + " [" + machine_code(one) + "]");
}

void print_json(const Entitlement& answer, const Loaded& loaded) {
  boost::json::array chain, findings;
  for (const auto& link : answer.chain)
    chain.push_back({{"step", to_string(link.step)}, {"record", link.record}});
  for (const auto& one : answer.findings)
    findings.push_back({{"code", machine_code(one)},
                        {"record", one.record},
                        {"party", one.party},
                        {"blocks", one.blocks},
                        {"text", german(one, *loaded.agreements)}});
  std::cout << boost::json::serialize(boost::json::object{{"entitled", answer.entitled},
                                                          {"service", answer.service},
                                                          {"party", answer.party},
                                                          {"at", base::format_datetime(loaded.at)},
                                                          {"chain", std::move(chain)},
                                                          {"findings", std::move(findings)}})
            << "\n";
}

ExitCode entitled(const EntitledOptions& o) {
  const auto loaded = load(o.sources);
  if (!loaded) return refuse(loaded.error());
  const auto answer = judge_entitlement(
      *loaded->agreements, {o.service, o.recipient, loaded->at, o.party, loaded->directory.get()});
  o.json ? print_json(answer, *loaded) : print(answer, *loaded);
  return answer.entitled ? ExitCode::ok : ExitCode::invalid;
}

struct FindOptions {
  Sources sources;
  ResponsibilityOptions responsibility;
  std::string service, organisation;
};

ExitCode find(const FindOptions& o) {
  auto sources = o.sources;
  sources.agreements = o.responsibility.agreements;
  const auto loaded = load(sources);
  if (!loaded) return refuse(loaded.error());
  const auto answer =
      find_responsible(*loaded->agreements, {o.responsibility.leika, o.responsibility.region,
                                             loaded->at, o.responsibility.party, o.service,
                                             o.organisation, loaded->directory.get()});
  std::cout << describe(answer);
  return answer.found() ? ExitCode::ok : ExitCode::invalid;
}

} // namespace

Command add_entitled(CLI::App& app) {
  auto o = std::make_shared<EntitledOptions>();
  auto* sub = app.add_subcommand(
      "entitled", "Tell whether contracts cover deliveries of a service to a body (exit 0, or 10)");
  sub->add_option("service", o->service, "service URI, or id in the agreements file")->required();
  sub->add_option("recipient", o->recipient, "organisation key, or id of a party")->required();
  sub->add_option("--party", o->party, "which of the bodies that share the organisation");
  add_sources(*sub, o->sources, true);
  sub->add_flag("--json", o->json, "print JSON for programs");
  return {sub, [o] { return entitled(*o); }};
}

Command add_find(CLI::App& app) {
  auto o = std::make_shared<FindOptions>();
  auto* sub = app.add_subcommand(
      "find", "Find who receives applications for a LeiKa key in a region (exit 0, or 10)");
  add_responsibility(*sub, o->responsibility);
  for (const char* needed : {"--leika", "--region", "--agreements"})
    sub->get_option(needed)->required();
  sub->add_option("--service", o->service, "which service, where the LeiKa key has several");
  sub->add_option("--organisation", o->organisation, "which organisation, where there are several");
  add_sources(*sub, o->sources, false);
  return {sub, [o] { return find(*o); }};
}

} // namespace cli::ctl
