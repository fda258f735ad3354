// The words of a judgement: codes for machines, sentences for people.
#include "directory/entitlement.h"

namespace directory {

namespace {

using Code = EntitlementCode;

std::string_view word(Code code) {
  switch (code) {
  case Code::service_unknown:
    return "service_unknown";
  case Code::service_planned:
    return "service_planned";
  case Code::service_ended:
    return "service_ended";
  case Code::service_suspended:
    return "service_suspended";
  case Code::version_not_yet:
    return "version_not_yet";
  case Code::version_ended:
    return "version_ended";
  case Code::recipient_unknown:
    return "recipient_unknown";
  case Code::recipient_is_it_provider:
    return "recipient_is_it_provider";
  case Code::test_organisation:
    return "test_organisation";
  case Code::land_unknown:
    return "land_unknown";
  case Code::representative_missing:
    return "representative_missing";
  case Code::representative_ambiguous:
    return "representative_ambiguous";
  case Code::missing:
    return "missing";
  case Code::draft:
    return "draft";
  case Code::signed_only:
    return "signed_only";
  case Code::unconfirmed:
    return "unconfirmed";
  case Code::not_yet:
    return "not_yet";
  case Code::ended:
    return "ended";
  case Code::terminated:
    return "terminated";
  case Code::avv_missing:
    return "avv_missing";
  case Code::wrong_representative:
    return "wrong_representative";
  case Code::wrong_body:
    return "wrong_body";
  case Code::by_it_provider:
    return "by_it_provider";
  case Code::transfer_missing:
    return "transfer_missing";
  case Code::backdated:
    return "backdated";
  case Code::of_predecessor:
    return "of_predecessor";
  case Code::of_successor:
    return "of_successor";
  case Code::duplicate:
    return "duplicate";
  case Code::task_transferred:
    return "task_transferred";
  case Code::not_for_party:
    return "not_for_party";
  case Code::not_in_directory:
    return "not_in_directory";
  case Code::service_not_offered:
    break;
  }
  return "service_not_offered";
}

std::string name_of(const EntitlementFinding& finding) {
  switch (finding.agreement.value_or(AgreementKind::other)) {
  case AgreementKind::ioev:
    return "IÖV";
  case AgreementKind::ekv:
    return "EKV";
  case AgreementKind::rv:
    return "RV";
  case AgreementKind::ea:
    return "EA";
  case AgreementKind::other:
    break;
  }
  return "Vertrag außerhalb des Nachnutzungsmodells";
}

} // namespace

std::string machine_code(const EntitlementFinding& finding) {
  const auto code = std::string(word(finding.code));
  return finding.agreement ? std::string(to_string(*finding.agreement)) + "_" + code : code;
}

std::string_view to_string(ChainStep step) {
  switch (step) {
  case ChainStep::own_land:
    return "own_land";
  case ChainStep::ioev:
    return "ioev";
  case ChainStep::ekv:
    return "ekv";
  case ChainStep::rv:
    return "rv";
  case ChainStep::transfer:
    return "transfer";
  case ChainStep::ea:
    return "ea";
  case ChainStep::other:
    break;
  }
  return "other";
}

std::string german(const EntitlementFinding& finding, const Agreements& agreements) {
  const auto named = [&](const std::string& id) {
    const auto* party = agreements.party(id);
    return party ? party->name : id;
  };
  auto out = finding;
  out.party = named(finding.party);
  if (finding.code == Code::task_transferred || finding.code == Code::not_for_party ||
      finding.code == Code::transfer_missing)
    out.record = named(finding.record);
  return german(out);
}

std::string german(const EntitlementFinding& finding) {
  const auto& record = finding.record;
  const auto contract = name_of(finding) + (record.empty() ? "" : " " + record);
  switch (finding.code) {
  case Code::service_unknown:
    return "Der Dienst " + record + " ist nicht erfasst.";
  case Code::service_planned:
    return "Der Dienst " + record + " ist erst geplant.";
  case Code::service_ended:
    return "Der Dienst " + record + " ist eingestellt.";
  case Code::service_suspended:
    return "Der Dienst ist zentral ausgesetzt" + (record.empty() ? "." : ": " + record + ".") +
           " Die Verträge gelten weiter.";
  case Code::version_not_yet:
    return "Die Dienstversion " + record + " gilt noch nicht.";
  case Code::version_ended:
    return "Die Dienstversion " + record + " gilt nicht mehr; es gibt eine neuere oder keine.";
  case Code::recipient_unknown:
    return "Zu " + record + " ist keine Stelle erfasst.";
  case Code::recipient_is_it_provider:
    return finding.party +
           " ist IT-Dienstleister und kann nicht selbst Empfänger sein; die Stelle, "
           "die die Daten verarbeitet, muss erfasst werden.";
  case Code::test_organisation:
    return record + " ist eine Testorganisation und nimmt keine echten Anträge an.";
  case Code::land_unknown:
    return "Zu " + finding.party + " ist kein Land und kein AGS erfasst.";
  case Code::representative_missing:
    return "Für das Land " + record + " ist kein Kommunalvertreter erfasst.";
  case Code::representative_ambiguous:
    return "Für das Land " + record + " sind mehrere Kommunalvertreter erfasst; bitte klären.";
  case Code::missing:
    return "Es fehlt: " + contract + " für " + finding.party + ".";
  case Code::draft:
    return contract + " ist erst ein Entwurf.";
  case Code::signed_only:
    return contract + " ist unterschrieben, aber noch nicht wirksam.";
  case Code::unconfirmed:
    return contract + ": Der Beitritt ist noch nicht bestätigt.";
  case Code::not_yet:
    return contract + " gilt noch nicht.";
  case Code::ended:
    return contract + " ist ausgelaufen.";
  case Code::terminated:
    return contract + " ist gekündigt.";
  case Code::avv_missing:
    return contract + ": Der Auftragsverarbeitungsvertrag (AVV) fehlt.";
  case Code::wrong_representative:
    return contract + " besteht mit einem Kommunalvertreter, der für dieses Land nicht zuständig "
                      "ist.";
  case Code::wrong_body:
    return contract + " hat eine andere Stelle unterschrieben als " + finding.party +
           ", die die Daten verarbeitet.";
  case Code::by_it_provider:
    return contract + " hat ein IT-Dienstleister unterschrieben; unterschreiben muss " +
           finding.party + ".";
  case Code::transfer_missing:
    return "Der RV von " + record + " genügt nicht: Die Aufgabenübertragung auf " + finding.party +
           " ist nicht erfasst oder gilt nicht.";
  case Code::backdated:
    return contract + " gilt rückwirkend: Zu diesem Zeitpunkt war noch nicht unterschrieben.";
  case Code::of_predecessor:
    return contract + " hat eine Gemeinde oder ein Kreis geschlossen, deren Nachfolge " +
           finding.party + " angetreten hat; er gilt fort.";
  case Code::of_successor:
    return contract + " hat die Gemeinde oder der Kreis geschlossen, in denen " + finding.party +
           " aufgegangen ist; er gilt auch hier.";
  case Code::duplicate:
    return contract + " ist ein zweiter Abruf für denselben Dienst aus derselben Stadt; bitte "
                      "klären, welche Stelle die Daten verarbeitet.";
  case Code::task_transferred:
    return "Die Aufgabe von " + finding.party + " nimmt " + record + " wahr.";
  case Code::not_for_party:
    return "Die Organisation steht für mehrere Stellen; für " + record +
           " ist der Dienst nicht vereinbart.";
  case Code::not_in_directory:
    return record + " steht nicht im Verzeichnis (DVDV) und ist nicht erreichbar.";
  case Code::service_not_offered:
    break;
  }
  return record + " bietet den Dienst im Verzeichnis (DVDV) derzeit nicht an.";
}

} // namespace directory
