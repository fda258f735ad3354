#include "readiness_rows.h"

namespace world {
namespace {

using Check = ReadinessCheck;
using F = ReadinessFinding;

void reissue(World& w, const std::function<void(pki::Spec&)>& change, unsigned bits = 3072,
             bool good = true) {
  auto spec = cipher_spec();
  change(spec);
  const auto made = pki::certificate(spec, pki::rsa(bits), pki::rsa(2048, 9));
  w.set_certificate(made);
  if (!good) w.revocation.clear();
}

ServiceElements internet(const std::string& url,
                         std::optional<crypto::Certificate> recipient = {}) {
  ServiceElements out;
  out.intermediary = url;
  out.recipient_cipher = std::move(recipient);
  return out;
}

int days_valid(int days) { // of a certificate that ends so many days after now()
  return 165 + days;       // pki::start() is 2026-01-01
}

} // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      // 1 IÖV
      {Check::ioev, F::agreement_effective, "Die IÖV ist wirksam (ioev-1)", [](World&) {}},
      {Check::ioev, F::agreements_unknown, "keine Vertragsdaten",
       [](World& w) { w.records_known = false; }},
      {Check::ioev, F::agreements_unknown, "keine Vertragsdaten",
       [](World& w) { w.agreements.clear(); }},
      {Check::ioev, F::representative_unknown, "Für Stadt Dortmund ist kein Kommunalvertreter",
       [](World& w) { w.parties[0].land = "09"; }},
      {Check::ioev, F::own_land, "aus dem eigenen Land", [](World& w) { w.parties[1].land = "05"; }},
      {Check::ioev, F::agreement_missing, "zwischen d-NRW AöR und Land Schleswig-Holstein fehlt",
       [](World& w) { w.drop("ioev-1"); }},
      {Check::ioev, F::agreement_unconfirmed, "noch nicht bestätigt",
       [](World& w) { w.of("ioev-1").confirmed_on.reset(); }},
      {Check::ioev, F::agreement_unconfirmed, "noch nicht bestätigt",
       [](World& w) { w.of("ioev-1").confirmed_on = ahead(1); }},
      {Check::ioev, F::agreement_not_countersigned, "Gegenzeichnung",
       [](World& w) { w.of("ioev-1").state = AgreementState::signed_only; }},
      {Check::ioev, F::agreement_draft, "Entwurf",
       [](World& w) { w.of("ioev-1").state = AgreementState::draft; }},
      {Check::ioev, F::agreement_not_yet, "gilt erst ab 25.06.2026",
       [](World& w) { w.of("ioev-1").validity.from = ahead(10); }},
      {Check::ioev, F::agreement_ended, "beendet",
       [](World& w) { w.of("ioev-1").state = AgreementState::terminated; }},
      {Check::ioev, F::agreement_ended, "seit dem 14.06.2026",
       [](World& w) { w.of("ioev-1").validity.until = ago(1); }},
      {Check::ioev, F::agreement_ending, "endet am 15.07.2026, in 30 Tagen",
       [](World& w) { w.of("ioev-1").validity.until = ahead(30); }},
      {Check::ioev, F::agreement_effective, "ioev-1",
       [](World& w) {
         w.of("ioev-1").validity.until = ahead(30);
         auto next = w.of("ioev-1");
         next.id = "ioev-2";
         next.validity = {ahead(30), {}};
         w.agreements.push_back(next);
       }},
      {Check::ioev, F::other_agreement, "anders vereinbart (FIT-Store 17)",
       [](World& w) {
         auto other = World::agreement("x", AgreementKind::other, {"dortmund"}, "wohngeld");
         other.reference = "FIT-Store 17";
         w.agreements = {other};
       }},
      // 2 EKV
      {Check::ekv, F::agreement_effective, "Die EKV ist wirksam", [](World&) {}},
      {Check::ekv, F::avv_missing, "(AVV) fehlt", [](World& w) { w.of("ekv-1").avv = false; }},
      {Check::ekv, F::agreement_missing, "fehlt",
       [](World& w) { w.of("ekv-1").service = "another"; }},
      {Check::ekv, F::own_land, "nicht nötig", [](World& w) { w.service.provider = "d-nrw"; }},
      {Check::ekv, F::agreement_effective, "wirksam",
       [](World& w) {
         w.parties[1].land = "05";
         w.own_land_needs_ekv = true;
       }},
      // 3 RV
      {Check::rv, F::agreement_effective, "Der Rahmenvertrag ist wirksam", [](World&) {}},
      {Check::rv, F::agreement_missing, "zwischen Stadt Dortmund und d-NRW AöR fehlt",
       [](World& w) { w.drop("rv-1"); }},
      {Check::rv, F::rv_of_parent, "der von Stadt Dortmund",
       [](World& w) { w.transfer_to_child(); }},
      {Check::rv, F::agreement_draft, "Entwurf",
       [](World& w) {
         w.transfer_to_child();
         w.of("rv-1").state = AgreementState::draft;
       }},
      {Check::rv, F::rv_transfer_missing,
       "Stadt Dortmund genügt nicht: Die Übertragung der Aufgabe auf Dortmund Wohnen",
       [](World& w) {
         w.transfer_to_child();
         // By way of a third body, so that the city itself has not transferred it to its AöR.
         w.transfers[0].to = "amt";
         w.transfers.push_back({"amt", "dortmund-aoer", {}, "Vertrag", {}});
       }},
      {Check::rv, F::agreement_elsewhere, "für dieses Land nicht zuständig",
       [](World& w) {
         w.parties.push_back(
             {"akdb", PartyKind::kommunalvertreter, "AKDB", "09", "", "", {}});
         w.of("rv-1").parties = {"dortmund", "akdb"};
       }},
      {Check::rv, F::representative_ambiguous, "mehrere Kommunalvertreter",
       [](World& w) {
         w.parties.push_back(
             {"second", PartyKind::kommunalvertreter, "Zweiter", "05", "", "", {}});
       }},
      {Check::rv, F::body_is_it_provider, "KDN ist IT-Dienstleister",
       [](World& w) {
         w.transfer_to_child();
         w.transfers[0].to = "kdn";
       }},
      // 4 EA
      {Check::ea, F::ea_of_wrong_body, "hat KDN unterzeichnet",
       [](World& w) {
         w.of("ea-1").parties = {"kdn", "d-nrw"};
         w.parties[4].parent = "dortmund";
       }},
      {Check::ea, F::agreement_duplicate, "ea-2",
       [](World& w) {
         w.agreements.push_back(World::agreement("ea-2", AgreementKind::ea,
                                                 {"dortmund-aoer", "d-nrw"}, "wohngeld"));
       }},
      {Check::ea, F::agreement_effective, "Der Einzelabruf ist wirksam (ea-1)", [](World&) {}},
      {Check::ea, F::agreement_missing, "fehlt", [](World& w) { w.drop("ea-1"); }},
      {Check::ea, F::avv_missing, "fehlt", [](World& w) { w.of("ea-1").avv = false; }},
      {Check::ea, F::ea_of_wrong_body,
       "hat Stadt Dortmund unterzeichnet. Abrufen muss Dortmund Wohnen AöR",
       [](World& w) { w.transfer_to_child(); }},
      {Check::ea, F::ea_of_wrong_body, "hat Dortmund Wohnen AöR unterzeichnet",
       [](World& w) { w.of("ea-1").parties = {"dortmund-aoer", "d-nrw"}; }},
      {Check::ea, F::ea_of_transferee, "abgerufen hat Dortmund Wohnen AöR",
       [](World& w) {
         w.transfer_to_child();
         w.of("ea-1").parties = {"dortmund-aoer", "d-nrw"};
       }},
      {Check::ea, F::agreement_effective, "ea-1",
       [](World& w) {
         w.transfer_to_child();
         w.transfers[0].validity.until = ago(1);
       }},
      // 5 service
      {Check::service, F::service_live, "in Betrieb", [](World&) {}},
      {Check::service, F::service_unknown, "nichts erfasst",
       [](World& w) { w.service_known = false; }},
      {Check::service, F::service_planned, "geplant",
       [](World& w) { w.service.status = ServiceStatus::planned; }},
      {Check::service, F::service_over, "eingestellt",
       [](World& w) { w.service.status = ServiceStatus::ended; }},
      {Check::service, F::service_suspended, "seit dem 05.06.2026. Grund: Umbau",
       [](World& w) { w.service.suspensions = {{"05", {ago(10), {}}, "Umbau"}}; }},
      {Check::service, F::service_suspended, "bis zum 25.06.2026. Grund: nicht angegeben",
       [](World& w) { w.service.suspensions = {{"", {{}, ahead(10)}, ""}}; }},
      {Check::service, F::service_live, "nicht ausgesetzt",
       [](World& w) { w.service.suspensions = {{"01", {}, "Umbau"}}; }},
      {Check::service, F::service_suspension_ahead, "wird ab 25.06.2026",
       [](World& w) { w.service.suspensions = {{"05", {ahead(10), {}}, "Umbau"}}; }},
      {Check::service, F::service_without_version, "die nächste gilt ab 16.06.2026",
       [](World& w) { w.service.versions = {{kUri, {ahead(1), {}}}}; }},
      {Check::service, F::service_without_version, "gilt heute.",
       [](World& w) { w.service.versions.clear(); }},
      {Check::service, F::service_version_ending, "endet am 14.08.2026, in 60 Tagen",
       [](World& w) { w.service.versions[0].validity.until = ahead(60); }},
      {Check::service, F::service_live, "gilt",
       [](World& w) {
         w.service.versions[0].validity.until = ahead(60);
         w.service.versions.push_back({"urn:next", {ahead(60), {}}});
       }},
      // 6 VSM
      {Check::responsibility, F::responsibility_ok, "Stadt Dortmund, Wohnungsamt", [](World&) {}},
      {Check::responsibility, F::responsibility_ok, "genau eine",
       [](World& w) { w.responsibilities[0].region = "05913000"; }},
      {Check::responsibility, F::responsibility_unknown, "keine Daten",
       [](World& w) { w.records_known = false; }},
      {Check::responsibility, F::responsibility_not_checked, kLeika.c_str(),
       [](World& w) { w.responsibilities.clear(); }},
      {Check::responsibility, F::responsibility_not_checked, "nicht",
       [](World& w) { w.responsibilities[0].checked_at.reset(); }},
      {Check::responsibility, F::responsibility_not_checked, "nicht",
       [](World& w) { w.responsibilities[0].checked_at = ago(-1); }},
      {Check::responsibility, F::responsibility_not_checked, "nicht",
       [](World& w) { w.responsibilities[0].region = "053150000000"; }},
      {Check::responsibility, F::responsibility_several, "Wohnungsamt; Bürgerdienste",
       [](World& w) {
         w.responsibilities.push_back(w.responsibilities[0]);
         w.responsibilities[1].body = "Bürgerdienste";
       }},
      {Check::responsibility, F::responsibility_other_body, "72 Stunden",
       [](World& w) { w.responsibilities[0].party.clear(); }},
      {Check::responsibility, F::responsibility_incomplete, "fehlt: Telefon, E-Mail",
       [](World& w) {
         w.responsibilities[0].phone.clear();
         w.responsibilities[0].mail.clear();
       }},
      {Check::responsibility, F::responsibility_no_url, "kein Online-Dienst",
       [](World& w) { w.responsibilities[0].online_url.clear(); }},
      {Check::responsibility, F::responsibility_other_url, "https://other.example",
       [](World& w) { w.responsibilities[0].online_url = "https://other.example"; }},
      {Check::responsibility, F::responsibility_old, "vor 31 Tagen",
       [](World& w) { w.responsibilities[0].checked_at = ago(31); }},
      // 7 DVDV
      {Check::directory_entry, F::entry_ok, "ist eingetragen", [](World&) {}},
      {Check::directory_entry, F::entry_ok, "ist eingetragen",
       [](World& w) {
         w.organisations[0].services[0].elements = {internet(w.own_intermediary)};
       }},
      {Check::directory_entry, F::entry_unknown, "kein Verzeichnis",
       [](World& w) { w.directory_known = false; }},
      {Check::directory_entry, F::entry_not_needed, "PDF-Postfach",
       [](World& w) {
         w.receptions[0].kind = ReceptionKind::alternative;
         w.receptions[0].alternative = "PDF-Postfach";
       }},
      {Check::directory_entry, F::entry_no_key, "kein Organisationsschlüssel",
       [](World& w) { w.parties[2].organisations.clear(); }},
      {Check::directory_entry, F::entry_missing, "wgb:059130000000 steht nicht",
       [](World& w) { w.organisations.clear(); }},
      {Check::directory_entry, F::entry_test, "Testorganisation",
       [](World& w) { w.organisations[0].test = true; }},
      {Check::directory_entry, F::entry_test_digits, "endet auf 01",
       [](World& w) {
         w.organisations[0].key = "wgb:059130000001";
         w.parties[2].organisations = {"wgb:059130000001"};
       }},
      {Check::directory_entry, F::entry_category, "verlangt bab",
       [](World& w) { w.service.recipient_category = "bab"; }},
      {Check::directory_entry, F::entry_unusual_key, "drei Buchstaben",
       [](World& w) {
         w.organisations[0].key = "ag:09000009";
         w.organisations[0].categories = {"wgb"};
         w.parties[2].organisations = {"ag:09000009"};
       }},
      {Check::directory_entry, F::entry_no_service, "nicht an",
       [](World& w) { w.organisations[0].services.clear(); }},
      {Check::directory_entry, F::entry_other_version, kOldUri.c_str(),
       [](World& w) { w.organisations[0].services[0].uri = kOldUri; }},
      {Check::directory_entry, F::entry_other_version, kUri.c_str(),
       [](World& w) { w.organisations[0].services[0].valid_from = ahead(1); }},
      {Check::directory_entry, F::entry_no_internet, "Internet",
       [](World& w) {
         w.organisations[0].services[0].elements = {internet(w.own_intermediary)};
         w.organisations[0].services[0].elements[0].network = Network::testa;
       }},
      {Check::directory_entry, F::entry_other_intermediary, "https://elsewhere.example",
       [](World& w) {
         w.organisations[0].services[0].elements = {internet("https://elsewhere.example")};
       }},
      {Check::directory_entry, F::entry_intermediary_unknown, "nicht verglichen",
       [](World& w) {
         w.own_intermediary.clear();
         w.organisations[0].services[0].elements = {internet("https://osci.example.org/osci")};
       }},
      // 8 certificate
      {Check::certificate, F::certificate_ok, "gültig bis 31.12.2028", [](World&) {}},
      {Check::certificate, F::certificate_unknown, "kein Zertifikat zur Prüfung",
       [](World& w) { w.directory_known = false; }},
      {Check::certificate, F::certificate_not_needed, "Kein Zertifikat nötig",
       [](World& w) {
         w.receptions[0].kind = ReceptionKind::alternative;
         w.receptions[0].alternative = "PDF-Postfach";
       }},
      {Check::certificate, F::certificate_missing, "kein gültiges",
       [](World& w) {
         w.organisations[0].certificates.clear();
         w.organisations[0].mailbox.clear();
       }},
      {Check::certificate, F::certificate_missing, "kein gültiges",
       [](World& w) { w.organisations[0].certificates[0].valid_until = ago(1); }},
      {Check::certificate, F::certificate_chain_unknown, "nicht geprüft",
       [](World& w) { w.trust_known = false; }},
      {Check::certificate, F::certificate_chain_wrong, "Ausgabestelle ist nicht bekannt",
       [](World& w) { w.anchors = false; }},
      {Check::certificate, F::certificate_revocation_unknown, "nicht geprüft",
       [](World& w) { w.revocation_known = false; }},
      {Check::certificate, F::certificate_revocation_unknown, "nicht geprüft",
       [](World& w) { w.revocation.clear(); }},
      {Check::certificate, F::certificate_revoked, "seit dem 12.06.2026",
       [](World& w) {
         for (auto& [fingerprint, result] : w.revocation) {
           result.outcome = crypto::RevocationOutcome::revoked;
           result.revoked_at = ago(3);
         }
       }},
      {Check::certificate, F::certificate_key_short, "RSA 2048 Bit",
       [](World& w) { reissue(w, [](auto&) {}, 2048); }},
      {Check::certificate, F::certificate_key_exception, "vereinbart (Az. 12)",
       [](World& w) {
         reissue(w, [](auto&) {}, 2048);
         w.exceptions = {{w.revocation.rbegin()->first, ahead(100), "Az. 12"},
                         {w.revocation.begin()->first, ahead(100), "Az. 12"}};
       }},
      {Check::certificate, F::certificate_key_short, "zu schwach",
       [](World& w) {
         reissue(w, [](auto&) {}, 2048);
         for (const auto& [fingerprint, result] : w.revocation)
           w.exceptions.push_back({fingerprint, ago(1), "over"});
       }},
      {Check::certificate, F::certificate_key_usage, "nicht zum Verschlüsseln",
       [](World& w) { reissue(w, [](auto& s) { s.key_usage = "digitalSignature"; }); }},
      {Check::certificate, F::certificate_expired, "abgelaufen",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(-1); }); }},
      {Check::certificate, F::certificate_not_yet, "gilt erst ab",
       [](World& w) { reissue(w, [](auto& s) { s.from_day = days_valid(5); }); }},
      {Check::certificate, F::certificate_expires, "Warnstufe 90 Tage",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(90); }); }},
      {Check::certificate, F::certificate_expires, "Warnstufe 60 Tage",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(60); }); }},
      {Check::certificate, F::certificate_expires, "Warnstufe 30 Tage",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(30); }); }},
      {Check::certificate, F::certificate_expires, "Warnstufe 14 Tage",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(14); }); }},
      {Check::certificate, F::certificate_expires, "in 1 Tag (Warnstufe 7 Tage)",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(1); }); }},
      {Check::certificate, F::certificate_ok, "gültig",
       [](World& w) { reissue(w, [](auto& s) { s.to_day = days_valid(91); }); }},
      {Check::certificate, F::certificate_of_ca, "einer Ausgabestelle, nicht",
       [](World& w) { reissue(w, [](auto& s) { s.ca = true; }); }},
      {Check::certificate, F::certificate_naming, "GRP: Kategorie",
       [](World& w) { reissue(w, [](auto& s) { s.subject = "Max Muster"; }); }},
      {Check::certificate, F::certificate_other_listed, "älteres Zertifikat",
       [](World& w) {
         const auto old = w.organisations[0].certificates[0].certificate;
         auto spec = cipher_spec();
         spec.from_day = 100;
         w.organisations[0].certificates.push_back(
             {pki::certificate(spec, pki::rsa(3072, 2), pki::rsa(2048, 9)),
              CertificateUse::cipher,
              {},
              {}});
         w.organisations[0].services[0].elements = {internet("", old)};
       }},
      {Check::certificate, F::certificate_not_mapped, "keinem Postfach",
       [](World& w) {
         const auto strange =
             pki::certificate(cipher_spec(), pki::rsa(3072, 2), pki::rsa(2048, 9));
         w.organisations[0].services[0].elements = {internet("", strange)};
       }},
      {Check::certificate, F::certificate_not_mapped, "keinem Postfach",
       [](World& w) { w.mailboxes[0].certificates = std::vector<std::string>{"00"}; }},
      {Check::certificate, F::certificate_ok, "gültig",
       [](World& w) {
         w.mailboxes[0].certificates = std::vector{w.revocation.begin()->first};
       }},
      // 9 mailbox
      {Check::mailbox, F::mailbox_ok, "zuletzt am 15.06.2026, 10:00 Uhr", [](World&) {}},
      {Check::mailbox, F::mailbox_unknown, "kein Bericht", [](World& w) { w.mailboxes.clear(); }},
      {Check::mailbox, F::mailbox_unknown, "nicht bekannt",
       [](World& w) { w.mailboxes[0].mailbox = "another"; }},
      {Check::mailbox, F::mailbox_unknown, "nicht bekannt",
       [](World& w) { w.directory_known = false; }},
      {Check::mailbox, F::mailbox_not_needed, "Kein Postfach nötig",
       [](World& w) {
         w.receptions[0].kind = ReceptionKind::alternative;
         w.receptions[0].alternative = "PDF-Postfach";
       }},
      {Check::mailbox, F::mailbox_missing, "hat kein Postfach",
       [](World& w) { w.organisations[0].mailbox.clear(); }},
      {Check::mailbox, F::mailbox_report_old, "3 Tage alt",
       [](World& w) { w.mailboxes[0].seen_at = ago(3); }},
      {Check::mailbox, F::mailbox_report_old, "sagt nichts",
       [](World& w) { w.mailboxes[0].seen_at = ahead(3); }},
      {Check::mailbox, F::mailbox_never_fetched, "noch nie",
       [](World& w) { w.mailboxes[0].never_fetched = true; }},
      {Check::mailbox, F::mailbox_fetch_unknown, "nicht bekannt",
       [](World& w) { w.mailboxes[0].last_fetch.reset(); }},
      {Check::mailbox, F::mailbox_fetch_late, "seit 4 Tagen",
       [](World& w) { w.mailboxes[0].last_fetch = ago(4); }},
      {Check::mailbox, F::mailbox_fetch_stopped, "seit 15 Tagen",
       [](World& w) { w.mailboxes[0].last_fetch = ago(15); }},
      {Check::mailbox, F::mailbox_unfetched_late, "seit 4 Tagen ungeholt im Postfach (7 insgesamt)",
       [](World& w) {
         w.mailboxes[0].oldest_unfetched = ago(4);
         w.mailboxes[0].unfetched = 7;
       }},
      {Check::mailbox, F::mailbox_unfetched_expiring, "Fristen",
       [](World& w) { w.mailboxes[0].oldest_unfetched = ago(10); }},
      {Check::mailbox, F::mailbox_filling, "zu 80 % voll",
       [](World& w) { w.mailboxes[0].octets = 800; }},
      {Check::mailbox, F::mailbox_full, "ist voll", [](World& w) { w.mailboxes[0].octets = 1000; }},
      // 10 Fachverfahren
      {Check::reception, F::reception_ok,
       "WohnGeldPlus 7.1 beherrscht xantrag 1.0 nach Bestätigung von Muster GmbH", [](World&) {}},
      {Check::reception, F::reception_unknown, "nicht erfasst",
       [](World& w) { w.receptions.clear(); }},
      {Check::reception, F::reception_alternative, "PDF-Postfach",
       [](World& w) {
         w.receptions[0].kind = ReceptionKind::alternative;
         w.receptions[0].alternative = "PDF-Postfach";
       }},
      {Check::reception, F::reception_no_alternative, "nicht vereinbart",
       [](World& w) { w.receptions[0].kind = ReceptionKind::alternative; }},
      {Check::reception, F::reception_no_product, "nicht erfasst",
       [](World& w) { w.receptions[0].product.clear(); }},
      {Check::reception, F::reception_unconfirmed, "noch nicht bestätigt",
       [](World& w) { w.receptions[0].speaks.clear(); }},
      {Check::reception, F::reception_other_version, "sondern nur: xantrag 0.9",
       [](World& w) { w.receptions[0].speaks.pop_back(); }},
      {Check::reception, F::reception_undated, "kein Datum",
       [](World& w) { w.receptions[0].vendor_confirmed.reset(); }},
      // 11 payment
      {Check::payment, F::payment_ok, "Gebühr 12,50 Euro über ePayBL", [](World&) {}},
      {Check::payment, F::payment_unknown, "nichts erfasst",
       [](World& w) { w.parameters.clear(); }},
      {Check::payment, F::payment_unknown, "nichts erfasst",
       [](World& w) { w.parameters[0].payment->fee_cents.reset(); }},
      {Check::payment, F::payment_not_needed, "keine Bezahlung",
       [](World& w) { w.service.payment_capable = false; }},
      {Check::payment, F::payment_free_confirmed, "selbst regelt",
       [](World& w) { w.parameters[0].payment = PaymentParameters{"", 0, true}; }},
      {Check::payment, F::payment_free_unconfirmed, "Bezahlverfahren bestätigt?",
       [](World& w) { w.parameters[0].payment = PaymentParameters{"", 0, false}; }},
      {Check::payment, F::payment_incomplete, "kein Bezahldienst",
       [](World& w) { w.parameters[0].payment->provider.clear(); }},
      // 12 appearance
      {Check::appearance, F::appearance_ok, "liegen vor", [](World&) {}},
      {Check::appearance, F::appearance_unknown, "nichts erfasst",
       [](World& w) { w.parameters.clear(); }},
      {Check::appearance, F::appearance_no_coat_of_arms, "freiwillig",
       [](World& w) { w.parameters[0].coat_of_arms.clear(); }},
      {Check::appearance, F::appearance_no_privacy_link, "Datenschutz",
       [](World& w) { w.parameters[0].privacy_link.clear(); }},
      // 13 test message
      {Check::test_message, F::test_ok,
       "hinterlegt 10.06.2026, 12:00 Uhr, abgeholt 10.06.2026, 12:04 Uhr, quittiert", [](World&) {}},
      {Check::test_message, F::test_missing, "noch keine",
       [](World& w) { w.receptions[0].test_message.reset(); }},
      {Check::test_message, F::test_missing, "noch keine",
       [](World& w) { w.receptions[0].test_message->stored.reset(); }},
      {Check::test_message, F::test_not_fetched, "noch nicht abgeholt",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(1), {}, {}}; }},
      {Check::test_message, F::test_not_acknowledged, "noch nicht quittiert",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(1), ago(1), {}}; }},
      {Check::test_message, F::test_overdue, "seit 4 Tagen nicht abgeholt",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(4), {}, {}}; }},
      {Check::test_message, F::test_overdue, "seit 4 Tagen nicht quittiert",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(4), ago(4), {}}; }},
      {Check::test_message, F::test_times_wrong, "passen nicht",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(4), ago(5), ago(3)}; }},
      {Check::test_message, F::test_times_wrong, "passen nicht",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ago(4), {}, ago(3)}; }},
      {Check::test_message, F::test_times_wrong, "passen nicht",
       [](World& w) { w.receptions[0].test_message = TestMessage{"m", ahead(1), {}, {}}; }},
      {Check::test_message, F::test_old, "mehr als ein Jahr",
       [](World& w) {
         w.receptions[0].test_message = TestMessage{"m", ago(400), ago(400), ago(400)};
         w.directory_known = false;
       }},
      {Check::test_message, F::test_old, "seither gilt ein neues Zertifikat (ab 13.06.2026)",
       [](World& w) { w.organisations[0].certificates[0].valid_from = ago(2); }},
      // 14 clock
      {Check::clock, F::clock_running, "am 05.06.2026, Ziel 03.07.2026, noch 18 Tage", [](World&) {}},
      {Check::clock, F::clock_unknown, "nichts erfasst", [](World& w) { w.onboardings.clear(); }},
      {Check::clock, F::clock_unknown, "nichts erfasst",
       [](World& w) { w.onboardings[0].documents_complete_on.reset(); }},
      {Check::clock, F::clock_not_started, "noch nicht vollständig",
       [](World& w) {
         w.onboardings[0].state = OnboardingState::documents_incomplete;
         w.onboardings[0].documents_complete_on.reset();
       }},
      {Check::clock, F::clock_close, "nur noch 7 Tage",
       [](World& w) { w.onboardings[0].documents_complete_on = ago(21); }},
      {Check::clock, F::clock_close, "nur noch 1 Tag.",
       [](World& w) { w.onboardings[0].target_date = ahead(1); }},
      {Check::clock, F::clock_late, "seit 1 Tag überschritten",
       [](World& w) { w.onboardings[0].documents_complete_on = ago(29); }},
      {Check::clock, F::clock_late_but_tested, "der Test aber bestanden",
       [](World& w) {
         w.onboardings[0].documents_complete_on = ago(29);
         w.onboardings[0].state = OnboardingState::test_passed;
       }},
      {Check::clock, F::clock_live, "in Betrieb",
       [](World& w) { w.onboardings[0].state = OnboardingState::live; }},
      {Check::clock, F::clock_suspended, "ausgesetzt",
       [](World& w) { w.onboardings[0].state = OnboardingState::suspended; }},
      {Check::clock, F::clock_ended, "beendet",
       [](World& w) { w.onboardings[0].state = OnboardingState::ended; }},
  };
  return all;
}

} // namespace world
