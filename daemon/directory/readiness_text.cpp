#include "directory/readiness_text.h"
#include <array>

namespace directory {
namespace {

using F = ReadinessFinding;
using O = CheckOutcome;
using A = Actor;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::year_month_day;

// clang-format off
constexpr std::array<FindingText, kReadinessFindings> kFindings{{
  // --- 1 to 4: {0} is the agreement's name
  {F::agreements_unknown, "agreements_unknown", O::unknown, A::kommunalvertreter,
   "{0}: Es liegen keine Vertragsdaten vor."},
  {F::representative_unknown, "representative_unknown", O::unknown, A::kommunalvertreter,
   "{0}: Für {1} ist kein Kommunalvertreter erfasst."},
  {F::agreement_effective, "agreement_effective", O::ok, A::nobody,
   "{0} ist wirksam ({1})."},
  {F::agreement_ending, "agreement_ending", O::warn, A::kommunalvertreter,
   "{0} ({1}) endet am {2}, in {3}. Eine Anschlussvereinbarung ist nicht erfasst."},
  {F::agreement_unconfirmed, "agreement_unconfirmed", O::fail, A::provider,
   "{0} ({1}): Der Beitritt ist noch nicht bestätigt. Er gilt erst mit der Bestätigung der Partner."},
  {F::agreement_not_countersigned, "agreement_not_countersigned", O::fail, A::kommunalvertreter,
   "{0} ({1}) ist unterzeichnet, aber noch nicht wirksam. Die Gegenzeichnung steht aus."},
  {F::agreement_not_yet, "agreement_not_yet", O::fail, A::nobody,
   "{0} ({1}) gilt erst ab {2}."},
  {F::agreement_draft, "agreement_draft", O::fail, A::kommunalvertreter,
   "{0} ({1}) ist erst ein Entwurf und noch nicht unterzeichnet."},
  {F::agreement_ended, "agreement_ended", O::fail, A::kommunalvertreter,
   "{0} ({1}) ist beendet{2}."},
  {F::agreement_missing, "agreement_missing", O::fail, A::kommunalvertreter,
   "{0} zwischen {1} und {2} fehlt."},
  {F::avv_missing, "avv_missing", O::fail, A::kommunalvertreter,
   "{0} ({1}): Der Auftragsverarbeitungsvertrag (AVV) fehlt."},
  {F::own_land, "own_land", O::not_applicable, A::nobody,
   "{0} ist nicht nötig: Der Dienst kommt aus dem eigenen Land."},
  {F::other_agreement, "other_agreement", O::not_applicable, A::nobody,
   "{0} ist nicht nötig: Die Nachnutzung ist anders vereinbart ({1})."},
  {F::agreement_elsewhere, "agreement_elsewhere", O::fail, A::kommunalvertreter,
   "{0} ({1}) ist mit einem Kommunalvertreter geschlossen, der für dieses Land nicht zuständig ist."},
  {F::agreement_duplicate, "agreement_duplicate", O::warn, A::municipality,
   "Für denselben Dienst gibt es aus derselben Stadt einen zweiten Abruf ({0}). Welche Stelle verarbeitet die Daten?"},
  {F::rv_of_parent, "rv_of_parent", O::ok, A::nobody,
   "{0} ist wirksam ({1}); er ist der von {2} und gilt nach der Aufgabenübertragung mit."},
  {F::rv_transfer_missing, "rv_transfer_missing", O::fail, A::municipality,
   "{0} von {1} genügt nicht: Die Übertragung der Aufgabe auf {2} ist nicht erfasst oder gilt nicht."},
  {F::ea_of_transferee, "ea_of_transferee", O::ok, A::nobody,
   "{0} ist wirksam ({1}); abgerufen hat {2}, weil dort die Anträge bearbeitet werden."},
  {F::ea_of_wrong_body, "ea_of_wrong_body", O::fail, A::municipality,
   "{0} ({1}) hat {2} unterzeichnet. Abrufen muss {3}, weil dort die Anträge bearbeitet werden."},
  {F::body_is_it_provider, "body_is_it_provider", O::fail, A::kommunalvertreter,
   "{0}: {1} ist IT-Dienstleister und kann nicht für die Kommune unterzeichnen. Die bearbeitende Stelle muss erfasst werden."},
  {F::representative_ambiguous, "representative_ambiguous", O::warn, A::kommunalvertreter,
   "Für das Land sind mehrere Kommunalvertreter erfasst. Welcher ist zuständig?"},
  // --- 5
  {F::service_unknown, "service_unknown", O::unknown, A::kommunalvertreter,
   "Zu diesem Dienst ist nichts erfasst."},
  {F::service_live, "service_live", O::ok, A::nobody,
   "Der Dienst ist in Betrieb, nicht ausgesetzt, und seine Version gilt."},
  {F::service_planned, "service_planned", O::fail, A::provider,
   "Der Dienst ist geplant, aber noch nicht in Betrieb."},
  {F::service_over, "service_over", O::fail, A::provider,
   "Der Dienst ist eingestellt."},
  {F::service_suspended, "service_suspended", O::fail, A::kommunalvertreter,
   "Der Dienst ist zentral ausgesetzt{0}. Grund: {1}. Die Verträge bleiben gültig."},
  {F::service_suspension_ahead, "service_suspension_ahead", O::warn, A::kommunalvertreter,
   "Der Dienst wird ab {0} zentral ausgesetzt. Grund: {1}."},
  {F::service_without_version, "service_without_version", O::fail, A::provider,
   "Keine Version des Dienstes gilt heute{0}."},
  {F::service_version_ending, "service_version_ending", O::warn, A::provider,
   "Die gültige Version endet am {0}, in {1}. Eine Nachfolgeversion ist nicht erfasst."},
  // --- 6
  {F::responsibility_unknown, "responsibility_unknown", O::unknown, A::kommunalvertreter,
   "Es liegen keine Daten der Verwaltungssuchmaschine vor."},
  {F::responsibility_not_checked, "responsibility_not_checked", O::unknown, A::kommunalvertreter,
   "Für die Leistung {0} ist die zuständige Stelle noch nicht in der Verwaltungssuchmaschine nachgesehen worden."},
  {F::responsibility_ok, "responsibility_ok", O::ok, A::nobody,
   "Die Verwaltungssuchmaschine nennt genau eine zuständige Stelle ({0}), vollständig und mit dem richtigen Online-Dienst."},
  {F::responsibility_several, "responsibility_several", O::fail, A::editors,
   "Für die Leistung {0} nennt die Verwaltungssuchmaschine mehrere zuständige Stellen: {1}. Es darf nur eine sein. Änderungen werden erst nach bis zu 72 Stunden sichtbar."},
  {F::responsibility_other_body, "responsibility_other_body", O::fail, A::editors,
   "Die Verwaltungssuchmaschine nennt {0} als zuständig, nicht {1}. Änderungen werden erst nach bis zu 72 Stunden sichtbar."},
  {F::responsibility_incomplete, "responsibility_incomplete", O::warn, A::editors,
   "In der Verwaltungssuchmaschine fehlt: {0}."},
  {F::responsibility_no_url, "responsibility_no_url", O::fail, A::editors,
   "In der Verwaltungssuchmaschine ist kein Online-Dienst verlinkt. Änderungen werden erst nach bis zu 72 Stunden sichtbar."},
  {F::responsibility_other_url, "responsibility_other_url", O::fail, A::editors,
   "Die Verwaltungssuchmaschine verlinkt einen anderen Online-Dienst ({0}). Änderungen werden erst nach bis zu 72 Stunden sichtbar."},
  {F::responsibility_old, "responsibility_old", O::warn, A::kommunalvertreter,
   "Zuletzt in der Verwaltungssuchmaschine nachgesehen vor {0}. Bitte neu prüfen."},
  // --- 7
  {F::entry_unknown, "entry_unknown", O::unknown, A::operation,
   "Es liegt kein Verzeichnis (DVDV) vor."},
  {F::entry_not_needed, "entry_not_needed", O::not_applicable, A::nobody,
   "Kein Eintrag nötig: Anträge kommen auf anderem Weg an ({0})."},
  {F::entry_ok, "entry_ok", O::ok, A::nobody,
   "{0} ist eingetragen und bietet den Dienst in der gültigen Version an."},
  {F::entry_no_key, "entry_no_key", O::fail, A::kommunalvertreter,
   "Für {0} ist kein Organisationsschlüssel erfasst."},
  {F::entry_missing, "entry_missing", O::fail, A::dvdv,
   "{0} steht nicht im Verzeichnis."},
  {F::entry_test, "entry_test", O::fail, A::dvdv,
   "{0} ist als Testorganisation eingetragen, nicht für den Echtbetrieb."},
  {F::entry_test_digits, "entry_test_digits", O::warn, A::dvdv,
   "Der Schlüssel {0} endet auf {1}. Für den Echtbetrieb ist 00 üblich: Ist es ein Testschlüssel?"},
  {F::entry_category, "entry_category", O::fail, A::dvdv,
   "{0} gehört zur Kategorie {1}; der Dienst verlangt {2}."},
  {F::entry_unusual_key, "entry_unusual_key", O::warn, A::dvdv,
   "Der Schlüssel {0} besteht nicht aus drei Buchstaben und zwölf Ziffern."},
  {F::entry_no_service, "entry_no_service", O::fail, A::dvdv,
   "{0} bietet den Dienst im Verzeichnis nicht an."},
  {F::entry_other_version, "entry_other_version", O::fail, A::dvdv,
   "{0} bietet den Dienst nur in einer Version an, die heute nicht gilt ({1})."},
  {F::entry_no_internet, "entry_no_internet", O::fail, A::dvdv,
   "Beim Dienst fehlt der Zugang über das Internet."},
  {F::entry_other_intermediary, "entry_other_intermediary", O::fail, A::dvdv,
   "Beim Dienst ist ein anderer Intermediär eingetragen ({0}). Nachrichten kommen hier nicht an."},
  {F::entry_intermediary_unknown, "entry_intermediary_unknown", O::unknown, A::operation,
   "Eingetragen ist der Intermediär {0}. Ob das der richtige ist, wurde nicht verglichen."},
  // --- 8
  {F::certificate_unknown, "certificate_unknown", O::unknown, A::operation,
   "Es liegt kein Zertifikat zur Prüfung vor."},
  {F::certificate_not_needed, "certificate_not_needed", O::not_applicable, A::nobody,
   "Kein Zertifikat nötig: Anträge kommen auf anderem Weg an ({0})."},
  {F::certificate_ok, "certificate_ok", O::ok, A::nobody,
   "Das Zertifikat ist gültig bis {0}, von einer bekannten Stelle ausgestellt und nicht gesperrt."},
  {F::certificate_missing, "certificate_missing", O::fail, A::it_provider,
   "Für {0} ist kein gültiges Verschlüsselungszertifikat eingetragen."},
  {F::certificate_chain_unknown, "certificate_chain_unknown", O::unknown, A::operation,
   "Ob das Zertifikat aus der Verwaltungs-PKI stammt, wurde nicht geprüft (keine Wurzelzertifikate angegeben)."},
  {F::certificate_chain_wrong, "certificate_chain_wrong", O::fail, A::it_provider,
   "Das Zertifikat führt zu keiner bekannten Ausgabestelle (Verwaltungs-PKI): {0}."},
  {F::certificate_revocation_unknown, "certificate_revocation_unknown", O::unknown, A::operation,
   "Ob das Zertifikat gesperrt ist, wurde nicht geprüft."},
  {F::certificate_revoked, "certificate_revoked", O::fail, A::it_provider,
   "Das Zertifikat oder das einer Ausgabestelle ist gesperrt{0}. Ein neues ist nötig."},
  {F::certificate_key_short, "certificate_key_short", O::fail, A::it_provider,
   "Der Schlüssel ist zu schwach ({0}). Nötig ist RSA mit mindestens {1} Bit."},
  {F::certificate_key_exception, "certificate_key_exception", O::warn, A::it_provider,
   "Der Schlüssel ist kürzer als vorgesehen ({0}). Das ist bis {1} vereinbart ({2})."},
  {F::certificate_key_usage, "certificate_key_usage", O::fail, A::it_provider,
   "Das Zertifikat darf nicht zum Verschlüsseln benutzt werden. Ist es das Signaturzertifikat?"},
  {F::certificate_expired, "certificate_expired", O::fail, A::it_provider,
   "Das Zertifikat ist am {0} abgelaufen."},
  {F::certificate_not_yet, "certificate_not_yet", O::fail, A::it_provider,
   "Das Zertifikat gilt erst ab {0}."},
  {F::certificate_expires, "certificate_expires", O::warn, A::it_provider,
   "Das Zertifikat läuft am {0} ab, in {1} (Warnstufe {2} Tage). Bitte ein neues beantragen."},
  {F::certificate_of_ca, "certificate_of_ca", O::fail, A::it_provider,
   "Es ist das Zertifikat einer Ausgabestelle, nicht das der Behörde."},
  {F::certificate_naming, "certificate_naming", O::warn, A::it_provider,
   "Der Name ist nicht der eines Gruppenzertifikats. Üblich ist »GRP: Kategorie Behörde Jahr-OSCI«."},
  {F::certificate_other_listed, "certificate_other_listed", O::warn, A::dvdv,
   "Beim Dienst steht ein älteres Zertifikat als das neueste der Organisation. Nach einem Wechsel bitte angleichen."},
  {F::certificate_not_mapped, "certificate_not_mapped", O::fail, A::operation,
   "Das Zertifikat {0} führt zu keinem Postfach. Nachrichten dafür könnte niemand abholen."},
  // --- 9
  {F::mailbox_unknown, "mailbox_unknown", O::unknown, A::operation,
   "Ob das Postfach abgeholt wird, ist nicht bekannt: Es liegt kein Bericht des Intermediärs vor."},
  {F::mailbox_not_needed, "mailbox_not_needed", O::not_applicable, A::nobody,
   "Kein Postfach nötig: Anträge kommen auf anderem Weg an ({0})."},
  {F::mailbox_ok, "mailbox_ok", O::ok, A::nobody,
   "Das Postfach wird abgeholt, zuletzt am {0}."},
  {F::mailbox_missing, "mailbox_missing", O::fail, A::operation,
   "{0} hat kein Postfach."},
  {F::mailbox_report_old, "mailbox_report_old", O::unknown, A::operation,
   "Der Bericht des Intermediärs ist {0} alt und sagt nichts über heute."},
  {F::mailbox_fetch_unknown, "mailbox_fetch_unknown", O::unknown, A::operation,
   "Wann das Postfach zuletzt abgeholt wurde, ist nicht bekannt."},
  {F::mailbox_never_fetched, "mailbox_never_fetched", O::fail, A::it_provider,
   "Das Postfach ist noch nie abgeholt worden."},
  {F::mailbox_fetch_late, "mailbox_fetch_late", O::warn, A::it_provider,
   "Das Postfach ist seit {0} nicht abgeholt worden."},
  {F::mailbox_fetch_stopped, "mailbox_fetch_stopped", O::fail, A::it_provider,
   "Das Postfach ist seit {0} nicht abgeholt worden. Ist die Verbindung des Fachverfahrens gestört?"},
  {F::mailbox_unfetched_late, "mailbox_unfetched_late", O::warn, A::it_provider,
   "Die älteste Nachricht liegt seit {0} ungeholt im Postfach ({1} insgesamt)."},
  {F::mailbox_unfetched_expiring, "mailbox_unfetched_expiring", O::fail, A::it_provider,
   "Die älteste Nachricht liegt seit {0} ungeholt im Postfach ({1} insgesamt). Fristen von Antragstellenden können betroffen sein."},
  {F::mailbox_filling, "mailbox_filling", O::warn, A::operation,
   "Das Postfach ist zu {0} % voll."},
  {F::mailbox_full, "mailbox_full", O::fail, A::operation,
   "Das Postfach ist voll und nimmt nichts mehr an."},
  // --- 10
  {F::reception_unknown, "reception_unknown", O::unknown, A::municipality,
   "Es ist nicht erfasst, wie die Anträge in der Behörde ankommen."},
  {F::reception_ok, "reception_ok", O::ok, A::nobody,
   "{0} beherrscht {1} nach Bestätigung von {2}."},
  {F::reception_alternative, "reception_alternative", O::ok, A::nobody,
   "Ohne Fachverfahren; vereinbart ist: {0}."},
  {F::reception_no_alternative, "reception_no_alternative", O::fail, A::municipality,
   "Ohne Fachverfahren, und es ist nicht vereinbart, wie Anträge stattdessen ankommen."},
  {F::reception_no_product, "reception_no_product", O::unknown, A::municipality,
   "Das Fachverfahren und seine Version sind nicht erfasst."},
  {F::reception_unconfirmed, "reception_unconfirmed", O::unknown, A::vendor,
   "Ob {0} {1} beherrscht, hat der Hersteller noch nicht bestätigt."},
  {F::reception_other_version, "reception_other_version", O::fail, A::vendor,
   "{0} beherrscht {1} nicht, sondern nur: {2}. Ein Update ist nötig."},
  {F::reception_undated, "reception_undated", O::warn, A::vendor,
   "{0} soll {1} beherrschen; die Bestätigung des Herstellers hat kein Datum."},
  // --- 11
  {F::payment_unknown, "payment_unknown", O::unknown, A::municipality,
   "Zur Bezahlung ist nichts erfasst (Gebühr, Bezahldienst)."},
  {F::payment_not_needed, "payment_not_needed", O::not_applicable, A::nobody,
   "Der Dienst kennt keine Bezahlung."},
  {F::payment_ok, "payment_ok", O::ok, A::nobody,
   "Gebühr {0} Euro über {1}."},
  {F::payment_free_confirmed, "payment_free_confirmed", O::ok, A::nobody,
   "Gebühr 0 Euro: Der Bezahlschritt entfällt. Die Behörde hat bestätigt, dass sie die Bezahlung selbst regelt."},
  {F::payment_free_unconfirmed, "payment_free_unconfirmed", O::warn, A::municipality,
   "Gebühr 0 Euro: Der Bezahlschritt entfällt. Hat die Kommune ihr eigenes Bezahlverfahren bestätigt?"},
  {F::payment_incomplete, "payment_incomplete", O::fail, A::municipality,
   "Gebühr {0} Euro, aber kein Bezahldienst angegeben."},
  // --- 12
  {F::appearance_unknown, "appearance_unknown", O::unknown, A::municipality,
   "Zu Wappen und Datenschutzhinweis ist nichts erfasst."},
  {F::appearance_ok, "appearance_ok", O::ok, A::nobody,
   "Wappen und Datenschutzhinweis liegen vor."},
  {F::appearance_no_coat_of_arms, "appearance_no_coat_of_arms", O::warn, A::municipality,
   "Es liegt kein Wappen vor (freiwillig)."},
  {F::appearance_no_privacy_link, "appearance_no_privacy_link", O::warn, A::municipality,
   "Es ist kein Link zum Datenschutzhinweis angegeben."},
  // --- 13
  {F::test_missing, "test_missing", O::unknown, A::operation,
   "Es ist noch keine Testnachricht erfasst."},
  {F::test_ok, "test_ok", O::ok, A::nobody,
   "Testnachricht hinterlegt {0}, abgeholt {1}, quittiert {2}."},
  {F::test_not_fetched, "test_not_fetched", O::unknown, A::it_provider,
   "Testnachricht hinterlegt {0}, noch nicht abgeholt."},
  {F::test_not_acknowledged, "test_not_acknowledged", O::unknown, A::it_provider,
   "Testnachricht hinterlegt {0}, abgeholt {1}, noch nicht quittiert."},
  {F::test_overdue, "test_overdue", O::fail, A::it_provider,
   "Testnachricht vom {0} ist seit {1} nicht {2}."},
  {F::test_times_wrong, "test_times_wrong", O::fail, A::operation,
   "Die Zeiten der Testnachricht passen nicht zusammen. Bitte den Test wiederholen."},
  {F::test_old, "test_old", O::warn, A::operation,
   "Die Testnachricht ist vom {0}; {1}. Bitte den Test wiederholen."},
  // --- 14
  {F::clock_unknown, "clock_unknown", O::unknown, A::kommunalvertreter,
   "Zum Stand der Einführung ist nichts erfasst."},
  {F::clock_not_started, "clock_not_started", O::fail, A::municipality,
   "Die Unterlagen sind noch nicht vollständig; die Vier-Wochen-Frist läuft noch nicht."},
  {F::clock_running, "clock_running", O::ok, A::nobody,
   "Unterlagen vollständig am {0}, Ziel {1}, noch {2}."},
  {F::clock_close, "clock_close", O::warn, A::kommunalvertreter,
   "Unterlagen vollständig am {0}, Ziel {1}, nur noch {2}."},
  {F::clock_late, "clock_late", O::fail, A::kommunalvertreter,
   "Unterlagen vollständig am {0}; das Ziel {1} ist seit {2} überschritten."},
  {F::clock_late_but_tested, "clock_late_but_tested", O::warn, A::kommunalvertreter,
   "Unterlagen vollständig am {0}; das Ziel {1} ist seit {2} überschritten, der Test aber bestanden."},
  {F::clock_live, "clock_live", O::ok, A::nobody,
   "Die Einführung ist abgeschlossen, der Dienst ist in Betrieb."},
  {F::clock_suspended, "clock_suspended", O::fail, A::kommunalvertreter,
   "Die Einführung ist ausgesetzt."},
  {F::clock_ended, "clock_ended", O::fail, A::kommunalvertreter,
   "Die Nachnutzung ist beendet."},
  // --- certificates that are handed in
  {F::handed_in_private_key, "handed_in_private_key", O::fail, A::it_provider,
   "Die Datei enthält einen privaten Schlüssel und wird nicht angenommen. Der Schlüssel gilt damit als bekannt geworden: Das Zertifikat sperren lassen, einen neuen Schlüssel erzeugen und nur dessen Zertifikat (.cer, .crt, .pem) schicken. Die Datei überall löschen, auch in Postfächern."},
  {F::handed_in_key_store, "handed_in_key_store", O::fail, A::it_provider,
   "Die Datei ist ein Schlüsselspeicher (.p12, .pfx, .jks) mit dem privaten Schlüssel und wird nicht angenommen. Der Schlüssel gilt damit als bekannt geworden: Das Zertifikat sperren lassen, einen neuen Schlüssel erzeugen und nur dessen Zertifikat (.cer, .crt, .pem) schicken. Die Datei überall löschen, auch in Postfächern."},
  {F::handed_in_unreadable, "handed_in_unreadable", O::fail, A::it_provider,
   "Die Datei ist kein Zertifikat (PEM oder DER)."},
  {F::handed_in_listed, "handed_in_listed", O::ok, A::nobody,
   "Dasselbe Zertifikat steht im Verzeichnis bei {0} ({1})."},
  {F::handed_in_not_listed, "handed_in_not_listed", O::warn, A::dvdv,
   "Das Zertifikat steht noch nicht im Verzeichnis."},
}};

constexpr std::array<CheckText, kReadinessChecks> kChecks{{
  {"ioev", "IÖV", "Ist die IÖV mit der Anbieterseite wirksam?"},
  {"ekv", "EKV mit AVV", "Ist die EKV für diesen Dienst wirksam, mit AVV?"},
  {"rv", "Rahmenvertrag (RV)", "Hat die Kommune den Rahmenvertrag?"},
  {"ea", "Einzelabruf (EA) mit AVV", "Hat die bearbeitende Stelle den Dienst abgerufen, mit AVV?"},
  {"service", "Dienst in Betrieb", "Läuft der Dienst in gültiger Version, nicht ausgesetzt?"},
  {"responsibility", "Verwaltungssuchmaschine", "Ist genau eine Stelle zuständig, vollständig und richtig verlinkt?"},
  {"directory_entry", "DVDV-Eintrag", "Steht die Stelle mit Dienst und Intermediär im DVDV?"},
  {"certificate", "Zertifikat", "Ist das Verschlüsselungszertifikat gültig und stark genug?"},
  {"mailbox", "Postfach", "Gibt es das Postfach, und wird es abgeholt?"},
  {"reception", "Fachverfahren", "Versteht das Fachverfahren die Nachrichten?"},
  {"payment", "Bezahlung", "Ist die Bezahlung geregelt?"},
  {"appearance", "Wappen und Datenschutz", "Liegen Wappen und Datenschutzhinweis vor?"},
  {"test_message", "Testnachricht", "Kam eine Testnachricht von Anfang bis Ende an?"},
  {"clock", "Frist", "Liegt die Einführung in der Vier-Wochen-Frist?"},
}};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFindings.size(); ++i)
    if (static_cast<std::size_t>(kFindings[i].finding) != i) return false;
  return true;
}
static_assert(in_order(), "the table follows the enumeration");

// Summer time changes at 01:00 UTC, by the rule that base::german_midnight follows.
hours german_offset(base::Instant at) {
  using namespace std::chrono;
  const auto year = year_month_day{floor<days>(at)}.year();
  const base::Instant summer = sys_days{year / March / Sunday[last]} + hours{1};
  const base::Instant winter = sys_days{year / October / Sunday[last]} + hours{1};
  return hours{summer <= at && at < winter ? 2 : 1};
}

std::string two(unsigned number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

} // namespace

const FindingText& text_of(ReadinessFinding finding) {
  return kFindings[static_cast<std::size_t>(finding)];
}

const CheckText& text_of(ReadinessCheck check) {
  return kChecks[static_cast<std::size_t>(check)];
}

Word word_of(CheckOutcome outcome) {
  switch (outcome) {
  case CheckOutcome::not_applicable:
    return {"not_applicable", "entfällt"};
  case CheckOutcome::ok:
    return {"ok", "erfüllt"};
  case CheckOutcome::warn:
    return {"warn", "Hinweis"};
  case CheckOutcome::unknown:
    return {"unknown", "ungeprüft"};
  case CheckOutcome::fail:
    break;
  }
  return {"fail", "nicht erfüllt"};
}

Word word_of(ReadinessState state) {
  switch (state) {
  case ReadinessState::ready:
    return {"ready", "bereit"};
  case ReadinessState::ready_with_notes:
    return {"ready_with_notes", "bereit mit Hinweisen"};
  case ReadinessState::not_checked:
    return {"not_checked", "nicht vollständig geprüft"};
  case ReadinessState::not_ready:
    break;
  }
  return {"not_ready", "nicht bereit"};
}

Word word_of(Actor actor) {
  switch (actor) {
  case Actor::nobody:
    return {"nobody", "niemand"};
  case Actor::kommunalvertreter:
    return {"kommunalvertreter", "Kommunalvertreter"};
  case Actor::municipality:
    return {"municipality", "Kommune"};
  case Actor::it_provider:
    return {"it_provider", "IT-Dienstleister der Kommune"};
  case Actor::provider:
    return {"provider", "Anbieter des Dienstes"};
  case Actor::vendor:
    return {"vendor", "Hersteller des Fachverfahrens"};
  case Actor::dvdv:
    return {"dvdv", "Pflegende Stelle DVDV"};
  case Actor::editors:
    return {"editors", "Redaktion der Verwaltungssuchmaschine"};
  case Actor::operation:
    break;
  }
  return {"operation", "Betrieb des Intermediärs"};
}

Remark remark(ReadinessFinding finding, std::initializer_list<std::string> arguments, Actor actor) {
  const auto& row = text_of(finding);
  Remark out{finding, row.outcome, actor, {}};
  // Arguments come from records: what looks like a place in them is none.
  for (std::size_t at = 0; at < row.text.size(); ++at) {
    if (row.text[at] != '{') {
      out.reason += row.text[at];
      continue;
    }
    const auto index = static_cast<std::size_t>(row.text[at + 1] - '0');
    base::check(index < arguments.size(), "a finding lacks an argument");
    out.reason += *(arguments.begin() + index);
    at += 2;
  }
  return out;
}

Remark remark(ReadinessFinding finding, std::initializer_list<std::string> arguments) {
  return remark(finding, arguments, text_of(finding).actor);
}

std::string german_date(base::Instant at) {
  const year_month_day date{german_day(at)};
  return two(unsigned(date.day())) + "." + two(unsigned(date.month())) + "." +
         std::to_string(int(date.year()));
}

std::string german_time(base::Instant at) {
  const auto local = at + german_offset(at);
  const std::chrono::hh_mm_ss time{local - floor<days>(local)};
  return german_date(at) + ", " + two(static_cast<unsigned>(time.hours().count())) + ":" +
         two(static_cast<unsigned>(time.minutes().count())) + " Uhr";
}

int german_days(base::Instant from, base::Instant to) {
  return static_cast<int>((german_day(to) - german_day(from)).count());
}

base::Instant german_days_later(base::Instant from, int count) {
  return base::german_midnight(year_month_day{german_day(from) + days{count}});
}

std::string days_text(int count, bool dative) {
  return std::to_string(count) + (count == 1 ? " Tag" : dative ? " Tagen" : " Tage");
}

} // namespace directory
