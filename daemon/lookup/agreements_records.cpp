#include "lookup/agreements_records.h"

namespace lookup {

namespace {

using namespace directory;

Party read_party(TomlTable& from, const AgreementLimits& limits) {
  Party out;
  out.id = from.text("id");
  out.kind = from.choice<PartyKind>("kind",
                                    {{"provider", PartyKind::provider},
                                     {"kommunalvertreter", PartyKind::kommunalvertreter},
                                     {"municipality", PartyKind::municipality},
                                     {"kreis", PartyKind::kreis},
                                     {"aoer", PartyKind::aoer},
                                     {"landesbehoerde", PartyKind::landesbehoerde},
                                     {"it_provider", PartyKind::it_provider}},
                                    {});
  out.name = from.text("name");
  out.land = from.optional("land");
  out.parent = from.optional("parent");
  out.ags = from.optional("ags");
  out.organisations = from.texts("organisations", limits.list);
  return out;
}

EfaService read_service(TomlTable& from, const AgreementLimits& limits) {
  EfaService out;
  out.id = from.text("id");
  out.name = from.text("name");
  out.provider = from.text("provider");
  out.leika = from.texts("leika", limits.list);
  out.standard = from.optional("standard");
  out.standard_version = from.optional("standard_version");
  out.recipient_category = from.optional("recipient_category");
  out.url = from.optional("url");
  out.payment_capable = from.flag("payment_capable");
  out.status = from.choice<ServiceStatus>("status",
                                          {{"planned", ServiceStatus::planned},
                                           {"live", ServiceStatus::live},
                                           {"ended", ServiceStatus::ended}},
                                          ServiceStatus::live);
  // The installation's where it is not said.
  using Mode = std::optional<AgreementMode>;
  out.mode = from.choice<Mode>("mode",
                               {{"off", AgreementMode::off},
                                {"observe", AgreementMode::observe},
                                {"enforce", AgreementMode::enforce}},
                               std::optional<Mode>(std::in_place, std::nullopt));
  for (auto& one : from.tables("version", "[[service.version]]", limits.list)) {
    ServiceVersion version;
    version.uri = one.text("uri");
    version.validity = one.window();
    one.done();
    out.versions.push_back(std::move(version));
  }
  for (auto& one : from.tables("suspension", "[[service.suspension]]", limits.list)) {
    Suspension suspension;
    suspension.land = one.optional("land");
    suspension.validity = one.window();
    suspension.reason = one.text("reason");
    one.done();
    out.suspensions.push_back(std::move(suspension));
  }
  return out;
}

Agreement read_agreement(TomlTable& from, const AgreementLimits& limits) {
  Agreement out;
  out.id = from.text("id");
  out.kind = from.choice<AgreementKind>("kind",
                                        {{"ioev", AgreementKind::ioev},
                                         {"ekv", AgreementKind::ekv},
                                         {"rv", AgreementKind::rv},
                                         {"ea", AgreementKind::ea},
                                         {"other", AgreementKind::other}},
                                        {});
  out.parties = from.texts("parties", limits.list);
  out.service = from.optional("service");
  out.avv = from.flag("avv");
  out.accession = from.flag("accession");
  out.signed_on = from.instant("signed_on");
  out.confirmed_on = from.instant("confirmed_on");
  out.validity = from.window();
  out.state = from.choice<AgreementState>("state",
                                          {{"draft", AgreementState::draft},
                                           {"signed", AgreementState::signed_only},
                                           {"effective", AgreementState::effective},
                                           {"terminated", AgreementState::terminated}},
                                          {});
  out.reference = from.optional("reference");
  return out;
}

TaskTransfer read_transfer(TomlTable& from, const AgreementLimits& limits) {
  TaskTransfer out;
  out.from = from.text("from");
  out.to = from.text("to");
  out.services = from.texts("services", limits.list);
  out.basis = from.text("basis");
  out.validity = from.window();
  return out;
}

Responsibility read_responsibility(TomlTable& from) {
  Responsibility out;
  out.leika = from.text("leika");
  out.region = from.text("region");
  out.party = from.optional("party");
  out.body = from.text("body");
  out.address = from.optional("address");
  out.postcode = from.optional("postcode");
  out.phone = from.optional("phone");
  out.mail = from.optional("mail");
  out.online_url = from.optional("online_url");
  out.checked_at = from.instant("checked_at");
  return out;
}

ServiceParameters read_parameters(TomlTable& from) {
  ServiceParameters out;
  out.party = from.text("party");
  out.service = from.text("service");
  out.coat_of_arms = from.optional("coat_of_arms");
  out.privacy_link = from.optional("privacy_link");
  if (auto payment = from.table("payment", "[parameters.payment]")) {
    out.payment.emplace();
    out.payment->provider = payment->optional("provider");
    out.payment->fee_cents = payment->number("fee_cents");
    out.payment->manual_process_confirmed = payment->flag("manual_process_confirmed");
    payment->done();
  }
  return out;
}

Reception read_reception(TomlTable& from, const AgreementLimits& limits) {
  Reception out;
  out.party = from.text("party");
  out.service = from.text("service");
  out.kind = from.choice<ReceptionKind>("kind",
                                        {{"osci", ReceptionKind::osci},
                                         {"xta", ReceptionKind::xta},
                                         {"alternative", ReceptionKind::alternative}},
                                        {});
  out.product = from.optional("product");
  out.product_version = from.optional("product_version");
  out.vendor = from.optional("vendor");
  out.speaks = from.texts("speaks", limits.list);
  out.vendor_confirmed = from.instant("vendor_confirmed");
  out.alternative = from.optional("alternative");
  if (out.kind == ReceptionKind::alternative && out.alternative.empty())
    from.wrong("alternative", "has to say what was arranged instead");
  if (auto test = from.table("test_message", "[reception.test_message]")) {
    out.test_message.emplace();
    out.test_message->message_id = test->text("message_id");
    out.test_message->stored = test->instant("stored");
    out.test_message->fetched = test->instant("fetched");
    out.test_message->acknowledged = test->instant("acknowledged");
    test->done();
  }
  return out;
}

Onboarding read_onboarding(TomlTable& from) {
  Onboarding out;
  out.party = from.text("party");
  out.service = from.text("service");
  out.state =
      from.choice<OnboardingState>("state",
                                   {{"interested", OnboardingState::interested},
                                    {"rv_pending", OnboardingState::rv_pending},
                                    {"ea_signed", OnboardingState::ea_signed},
                                    {"documents_incomplete", OnboardingState::documents_incomplete},
                                    {"documents_complete", OnboardingState::documents_complete},
                                    {"technical_setup", OnboardingState::technical_setup},
                                    {"test_passed", OnboardingState::test_passed},
                                    {"live", OnboardingState::live},
                                    {"suspended", OnboardingState::suspended},
                                    {"ended", OnboardingState::ended}},
                                   {});
  out.target_date = from.instant("target_date");
  out.documents_complete_on = from.instant("documents_complete_on");
  return out;
}

RegionChange read_change(TomlTable& from) {
  RegionChange out;
  out.old_key = from.text("old");
  out.new_key = from.text("new");
  const auto on = from.instant("on");
  if (!on) from.wrong("on", "has to name the day of the change");
  out.on = on.value_or(base::Instant{});
  out.kind = from.choice<ChangeKind>("kind",
                                     {{"renumbered", ChangeKind::renumbered},
                                      {"merged", ChangeKind::merged},
                                      {"incorporated", ChangeKind::incorporated}},
                                     {});
  out.name = from.optional("name");
  out.old_name = from.optional("old_name");
  return out;
}

// All tables of one kind. `subject` is how directory::Agreements calls the record in its errors.
template <class T, class Read, class Subject>
void read_all(TomlTable& root, const char* key, std::size_t limit, std::vector<T>& to, Read read,
              Subject subject, ReadAgreements& out) {
  auto tables = root.tables(key, std::string("[[") + key + "]]", limit);
  to.reserve(tables.size());
  for (auto& table : tables) {
    to.push_back(read(table));
    table.done();
    out.lines.try_emplace(subject(to.back(), to.size()), table.line());
  }
}

} // namespace

ReadAgreements read_agreements(TomlTable root, const AgreementLimits& limits) {
  ReadAgreements out;
  auto& records = out.records;
  out.regions = root.optional("regions");
  records.own_land_needs_ekv = root.flag("own_land_needs_ekv");
  const auto by_id = [](const char* kind) {
    return [kind](const auto& one, std::size_t) { return kind + (" " + one.id); };
  };
  const auto by_number = [](const char* kind) {
    return [kind](const auto&, std::size_t n) { return kind + (" " + std::to_string(n)); };
  };
  const auto limited = [&](auto read) {
    return [read, &limits](TomlTable& from) { return read(from, limits); };
  };
  read_all(root, "party", limits.parties, records.parties, limited(read_party), by_id("party"),
           out);
  read_all(root, "service", limits.services, records.services, limited(read_service),
           by_id("service"), out);
  read_all(root, "agreement", limits.agreements, records.agreements, limited(read_agreement),
           by_id("agreement"), out);
  read_all(root, "transfer", limits.entries, records.transfers, limited(read_transfer),
           by_number("transfer"), out);
  read_all(root, "responsibility", limits.entries, records.responsibilities, read_responsibility,
           by_number("responsibility"), out);
  read_all(root, "parameters", limits.entries, records.parameters, read_parameters,
           by_number("parameters"), out);
  read_all(root, "reception", limits.entries, records.receptions, limited(read_reception),
           by_number("reception"), out);
  read_all(root, "onboarding", limits.entries, records.onboardings, read_onboarding,
           by_number("onboarding"), out);
  read_all(
      root, "change", limits.entries, out.changes, read_change,
      [](const auto& one, std::size_t) { return "change of " + one.old_key; }, out);
  root.done();
  return out;
}

} // namespace lookup
