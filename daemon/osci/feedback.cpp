#include "osci/feedback.h"
#include "base/encoding.h"
#include "base/result.h"
#include "xml/writer.h"
#include <array>

namespace osci {
namespace {

using base::ErrorCode;
using base::LogLevel;

constexpr std::array kOutcomes = {
    Outcome{ErrorCode::internal, Reply::fault_server, 200, "9000", LogLevel::error, Retry::later},
    Outcome{ErrorCode::malformed_message, Reply::fault_client, 200, "9100", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::duplicate_id, Reply::fault_client, 200, "9100", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::unknown_cipher_certificate, Reply::fault_client, 200, "9200",
            LogLevel::warning, Retry::never},
    Outcome{ErrorCode::own_cipher_revoked, Reply::fault_client, 200, "9201", LogLevel::error,
            Retry::never},
    Outcome{ErrorCode::undecryptable, Reply::fault_client, 200, "9202", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::invalid_request, Reply::fault_client, 200, "9300", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::encryption_required, Reply::fault_client, 200, "9300", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::unsupported_message_type, Reply::fault_client, 200, "9300",
            LogLevel::warning, Retry::never},
    Outcome{ErrorCode::control_block, Reply::fault_client, 200, "9400", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::client_certificate_missing, Reply::fault_client, 200, "9500",
            LogLevel::warning, Retry::never},
    Outcome{ErrorCode::client_certificate_wrong, Reply::fault_client, 200, "9501",
            LogLevel::warning, Retry::never},
    Outcome{ErrorCode::client_certificate_revoked, Reply::fault_client, 200, "9502",
            LogLevel::warning, Retry::never},
    Outcome{ErrorCode::client_certificate_unchecked, Reply::fault_server, 200, "9503",
            LogLevel::error, Retry::later},
    Outcome{ErrorCode::signature_missing, Reply::order, 200, "9600", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::signature_wrong, Reply::order, 200, "9601", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::signature_incomplete, Reply::order, 200, "9602", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::signature_unchecked, Reply::order, 200, "9603", LogLevel::error,
            Retry::later},
    Outcome{ErrorCode::signer_certificate_wrong, Reply::order, 200, "9700", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::signer_certificate_revoked, Reply::order, 200, "9701", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::author_cipher_wrong, Reply::order, 200, "9704", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::author_cipher_revoked, Reply::order, 200, "9705", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::addressee_cipher_wrong, Reply::order, 200, "9706", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::addressee_cipher_revoked, Reply::order, 200, "9707", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::reader_cipher_wrong, Reply::order, 200, "9708", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::reader_cipher_revoked, Reply::order, 200, "9709", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::certificate_check_failed, Reply::order, 200, "9710", LogLevel::error,
            Retry::later},
    Outcome{ErrorCode::recipient_certificate_revoked, Reply::order, 200, "9712", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::message_id_missing, Reply::order, 200, "9800", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::message_id_refused, Reply::order, 200, "9801", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::dialog_required, Reply::order, 200, "9802", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::no_delivery, Reply::order, 200, "9803", LogLevel::debug, Retry::later},
    Outcome{ErrorCode::no_process_card, Reply::order, 200, "9804", LogLevel::debug, Retry::later},
    Outcome{ErrorCode::unknown_addressee, Reply::order, 200, "9805", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::sender_not_entitled, Reply::order, 200, "9805", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::wrong_reader, Reply::order, 200, "9805", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::not_agreed, Reply::order, 200, "9805", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::test_mixed, Reply::order, 200, "9805", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::invalid_content, Reply::order, 200, "9805", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::recipient_refused, Reply::order, 200, "9805", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::reply_missing, Reply::order, 200, "9806", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::recipient_signature_wrong, Reply::order, 200, "9807", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::recipient_failed, Reply::order, 200, "9808", LogLevel::warning,
            Retry::later},
    Outcome{ErrorCode::recipient_certificate_wrong, Reply::order, 200, "9711", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::endpoint_not_listed, Reply::order, 200, "9809", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::push_not_delivered, Reply::order, 200, "9809", LogLevel::warning,
            Retry::later},
    Outcome{ErrorCode::push_uncertain, Reply::order, 200, "9810", LogLevel::error, Retry::never},
    Outcome{ErrorCode::storage_full, Reply::order, 200, "9811", LogLevel::critical,
            Retry::same_message},
    Outcome{ErrorCode::storage_failure, Reply::order, 200, "9811", LogLevel::error,
            Retry::same_message},
    Outcome{ErrorCode::quota_exceeded, Reply::order, 200, "9811", LogLevel::warning, Retry::later},
    Outcome{ErrorCode::mailbox_full, Reply::order, 200, "9811", LogLevel::warning, Retry::later},
    Outcome{ErrorCode::timestamp_unavailable, Reply::order, 200, "9811", LogLevel::warning,
            Retry::same_message},
    Outcome{ErrorCode::chunk_repeated, Reply::order, 200, "9900", LogLevel::info, Retry::never},
    Outcome{ErrorCode::chunk_number_wrong, Reply::order, 200, "9901", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::chunk_too_large, Reply::order, 200, "9902", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::chunk_too_small, Reply::order, 200, "9903", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::transfer_too_large, Reply::order, 200, "9904", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::fetch_in_chunks, Reply::order, 200, "9904", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::chunk_inconsistent, Reply::order, 200, "9905", LogLevel::warning,
            Retry::never},
    Outcome{ErrorCode::overloaded, Reply::http, 503, "", LogLevel::warning, Retry::same_message},
    Outcome{ErrorCode::too_large, Reply::http, 413, "", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::bad_http, Reply::http, 400, "", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::timed_out, Reply::http, 408, "", LogLevel::warning, Retry::same_message},
    Outcome{ErrorCode::invalid_config, Reply::local, 0, "", LogLevel::error, Retry::never},
    Outcome{ErrorCode::file_error, Reply::local, 0, "", LogLevel::error, Retry::never},
    Outcome{ErrorCode::key_error, Reply::local, 0, "", LogLevel::error, Retry::never},
    Outcome{ErrorCode::network, Reply::local, 0, "", LogLevel::warning, Retry::same_message},
    Outcome{ErrorCode::peer_fault, Reply::local, 0, "", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::not_found, Reply::local, 0, "", LogLevel::warning, Retry::never},
    Outcome{ErrorCode::unsupported, Reply::local, 0, "", LogLevel::warning, Retry::never},
};

// Own wording; meanings as in wire reference 10.2 and 10.3.
constexpr std::array kTexts = {
    CodeText{"0800", "Der Auftrag wurde ausgeführt, der Dialog ist beendet.",
             "The request was executed; the dialog is closed."},
    CodeText{"0801", "Der Auftrag wurde ausgeführt, der Dialog bleibt offen.",
             "The request was executed; the dialog stays open."},
    CodeText{"3500",
             "Warnung: Das Verschlüsselungszertifikat des Clients ist außerhalb seines "
             "Gültigkeitszeitraums.",
             "Warning: the client's cipher certificate is outside its validity period."},
    CodeText{"3501",
             "Warnung: Das Verschlüsselungszertifikat des Clients konnte nicht vollständig geprüft "
             "werden.",
             "Warning: the client's cipher certificate could not be checked completely."},
    CodeText{
        "3700",
        "Warnung: Das Signaturzertifikat des Clients ist außerhalb seines Gültigkeitszeitraums.",
        "Warning: the client's signature certificate is outside its validity period."},
    CodeText{
        "3701",
        "Warnung: Das Signaturzertifikat eines Autors ist außerhalb seines Gültigkeitszeitraums.",
        "Warning: an author's signature certificate is outside its validity period."},
    CodeText{"3702",
             "Warnung: Die Ausstellersignatur des Signaturzertifikats eines Autors ist falsch.",
             "Warning: the issuer signature on an author's signature certificate is wrong."},
    CodeText{"3703", "Warnung: Das Signaturzertifikat eines Autors ist gesperrt.",
             "Warning: an author's signature certificate is revoked."},
    CodeText{"3704",
             "Warnung: Das Verschlüsselungszertifikat eines Autors ist außerhalb seines "
             "Gültigkeitszeitraums.",
             "Warning: an author's cipher certificate is outside its validity period."},
    CodeText{"3705",
             "Warnung: Das Verschlüsselungszertifikat des Empfängers ist außerhalb seines "
             "Gültigkeitszeitraums.",
             "Warning: the recipient's cipher certificate is outside its validity period."},
    CodeText{"3706",
             "Warnung: Das Verschlüsselungszertifikat eines Lesers ist außerhalb seines "
             "Gültigkeitszeitraums.",
             "Warning: a reader's cipher certificate is outside its validity period."},
    CodeText{"3707",
             "Warnung: Die Zertifikatsprüfung konnte nicht vollständig durchgeführt werden.",
             "Warning: the certificate check could not be completed."},
    CodeText{
        "3708",
        "Warnung: Das Signaturzertifikat des Empfängers ist außerhalb seines Gültigkeitszeitraums.",
        "Warning: the recipient's signature certificate is outside its validity period."},
    // Of our own: no list has a code for it, and who ordered a cryptographic stamp must learn that
    // it is plain (wire reference 8.4).
    CodeText{"3709",
             "Warnung: Der bestellte kryptographische Zeitstempel ist zurzeit nicht verfügbar; der "
             "Laufzettel trägt einen einfachen Zeitstempel.",
             "Warning: the cryptographic time stamp that was ordered is not available at present; "
             "the process card carries a plain one."},
    CodeText{"3800", "Es liegen weitere Zustellungen zur Abholung bereit.",
             "More deliveries are waiting to be fetched."},
    CodeText{"3801", "Es gibt weitere Laufzettel, die der Auswahl entsprechen.",
             "More process cards match the selection."},
    CodeText{"3802", "Warnung: Die Antwort des Empfängers ist nicht signiert.",
             "Warning: the recipient's answer carries no signature."},
    CodeText{"3803", "Warnung: Die Antwort des Empfängers ist nicht verschlüsselt.",
             "Warning: the recipient's answer is not encrypted."},
    CodeText{"3950", "Hinweis: Zur zusammengesetzten Nachricht liegt eine eigene Rückmeldung vor.",
             "Notice: feedback about the reassembled message is present."},
    CodeText{"3951",
             "Warnung: Die Wartezeit für die Verarbeitung der zusammengesetzten Nachricht ist "
             "überschritten.",
             "Warning: the waiting time for processing the reassembled message is exceeded."},
    CodeText{"3952", "Hinweis: Die zusammengesetzte Nachricht wird noch verarbeitet.",
             "Notice: the reassembled message is still being processed."},
    CodeText{"9000", "Interner Fehler des Dienstes. Bitte später erneut versuchen.",
             "Internal error of the service. Please try again later."},
    CodeText{"9100", "Die empfangenen Daten sind keine gültige OSCI-Nachricht.",
             "The received data is not a valid OSCI message."},
    CodeText{"9200",
             "Die Nachricht ist nicht für ein Verschlüsselungszertifikat dieses Dienstes "
             "verschlüsselt.",
             "The message is not encrypted for a cipher certificate of this service."},
    CodeText{"9201", "Das verwendete Verschlüsselungszertifikat des Intermediärs ist gesperrt.",
             "The intermediary's cipher certificate that was used is revoked."},
    CodeText{"9202", "Die Auftragsdaten konnten nicht entschlüsselt werden.",
             "The request data could not be decrypted."},
    CodeText{"9300", "Die Auftragsdaten sind kein gültiger Auftrag für diesen Dienst.",
             "The request data is not a valid request for this service."},
    CodeText{"9400", "ConversationId, SequenceNumber oder Response ist nicht korrekt.",
             "ConversationId, SequenceNumber or Response is not correct."},
    CodeText{"9500", "Das Verschlüsselungszertifikat des Clients fehlt im Auftrag.",
             "The client's cipher certificate is missing in the request."},
    CodeText{
        "9501",
        "Das Verschlüsselungszertifikat des Clients ist nicht von einem anerkannten Aussteller.",
        "The client's cipher certificate is not from a recognised issuer."},
    CodeText{"9502", "Das Verschlüsselungszertifikat des Clients ist gesperrt.",
             "The client's cipher certificate is revoked."},
    CodeText{"9503", "Interner Fehler bei der Prüfung des Verschlüsselungszertifikats des Clients.",
             "Internal error while checking the client's cipher certificate."},
    CodeText{"9600", "Der Auftrag muss signiert sein.", "The request must be signed."},
    CodeText{"9601", "Die Signatur des Auftrags ist falsch.",
             "The signature of the request is wrong."},
    CodeText{"9602", "Nicht alle erforderlichen Teile des Auftrags sind signiert.",
             "Not all required parts of the request are signed."},
    CodeText{"9603", "Interner Fehler bei der Prüfung der Signatur.",
             "Internal error while checking the signature."},
    CodeText{"9700",
             "Das Signaturzertifikat des Clients ist nicht von einem anerkannten Aussteller.",
             "The client's signature certificate is not from a recognised issuer."},
    CodeText{"9701", "Das Signaturzertifikat des Clients ist gesperrt.",
             "The client's signature certificate is revoked."},
    CodeText{"9704",
             "Die Ausstellersignatur des Verschlüsselungszertifikats eines Autors ist falsch.",
             "The issuer signature on an author's cipher certificate is wrong."},
    CodeText{"9705", "Das Verschlüsselungszertifikat eines Autors ist gesperrt.",
             "An author's cipher certificate is revoked."},
    CodeText{
        "9706",
        "Das Verschlüsselungszertifikat des Empfängers ist nicht von einem anerkannten Aussteller.",
        "The recipient's cipher certificate is not from a recognised issuer."},
    CodeText{"9707", "Das Verschlüsselungszertifikat des Empfängers ist gesperrt.",
             "The recipient's cipher certificate is revoked."},
    CodeText{"9708",
             "Die Ausstellersignatur des Verschlüsselungszertifikats eines Lesers ist falsch.",
             "The issuer signature on a reader's cipher certificate is wrong."},
    CodeText{"9709", "Das Verschlüsselungszertifikat eines Lesers ist gesperrt.",
             "A reader's cipher certificate is revoked."},
    CodeText{"9710", "Interner Fehler bei der Zertifikatsprüfung.",
             "Internal error during the certificate checks."},
    CodeText{"9711", "Die Ausstellersignatur des Signaturzertifikats des Empfängers ist falsch.",
             "The issuer signature on the recipient's signature certificate is wrong."},
    CodeText{"9712", "Das Signaturzertifikat des Empfängers ist gesperrt.",
             "The recipient's signature certificate is revoked."},
    CodeText{"9800",
             "Die Zustellung wurde abgelehnt, weil sie keine Nachrichtenkennung (MessageId) trägt.",
             "The delivery was refused because it has no MessageId."},
    CodeText{"9801",
             "Die Nachrichtenkennung (MessageId) wurde hier nicht ausgestellt, ist abgelaufen oder "
             "bereits verwendet.",
             "The MessageId was not issued here, has expired, or is already used."},
    CodeText{"9802", "Dieser Auftrag ist nur in einem expliziten Dialog zulässig.",
             "This request is only allowed in an explicit dialog."},
    CodeText{"9803", "Es liegt keine Zustellung vor, die der Auswahl entspricht.",
             "No delivery matches the selection."},
    CodeText{"9804", "Es gibt keinen Laufzettel, der der Auswahl entspricht.",
             "No process card matches the selection."},
    CodeText{
        "9805",
        "Die Zustellung wurde nicht angenommen: vom Empfänger abgelehnt, oder für sein "
        "Verschlüsselungszertifikat ist hier kein Postfach eingerichtet.",
        "The delivery was not accepted: refused by the recipient, or no mailbox is set up here for "
        "its cipher certificate."},
    CodeText{
        "9806",
        "Der Empfänger hat den Auftrag angenommen, seine Antwort enthält aber keine Zustellung.",
        "The recipient accepted, but its answer contains no delivery."},
    CodeText{"9807", "Die Signatur der Antwort des Empfängers ist falsch.",
             "The signature of the recipient's answer is wrong."},
    CodeText{"9808", "Interner Fehler beim Empfänger.", "Internal error at the recipient."},
    CodeText{"9809",
             "Interner Fehler des Intermediärs; die Zustellung hat den Empfänger nicht erreicht.",
             "Internal error of the intermediary; the delivery did not reach the recipient."},
    CodeText{"9810", "Interner Fehler des Intermediärs; die Zustellung hat den Empfänger erreicht.",
             "Internal error of the intermediary; the delivery did reach the recipient."},
    CodeText{"9811",
             "Der Auftrag konnte wegen eines internen Fehlers nicht ausgeführt werden. Es wurde "
             "nichts gespeichert; bitte erneut senden.",
             "The request could not be executed because of an internal error. Nothing was stored; "
             "please "
             "send it again."},
    CodeText{"9900", "Das Paket wurde bereits übertragen.", "The chunk was already delivered."},
    CodeText{"9901", "Die Paketnummer ist falsch.", "The chunk number is wrong."},
    CodeText{"9902", "Das Paket ist größer als erlaubt.", "The chunk is larger than allowed."},
    CodeText{"9903", "Das Paket ist kleiner als erlaubt.", "The chunk is smaller than allowed."},
    CodeText{"9904", "Die Nachricht ist insgesamt größer als erlaubt.",
             "The total message is larger than allowed."},
    CodeText{"9905", "Die Angaben zum Paket sind widersprüchlich.",
             "The chunk information is inconsistent."},
    CodeText{"9950", "Die Rückmeldung zur zusammengesetzten Nachricht enthält einen Fehler.",
             "The feedback about the reassembled message contains an error."},
};

std::string fault(std::string_view code, bool server) {
  const CodeText* text = code_text(code);
  base::check(text != nullptr, "fault code without text");
  // No schemaLocation and no Header, else the reference client does not see the code (10.4). The
  // boundary is fixed: answers to all decryption failures must be equal octet for octet (13.3).
  return "MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=MIME_boundary_fault; "
         "type=text/xml\r\n\r\n--MIME_boundary_fault\r\nContent-Type: text/xml; charset=UTF-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\nContent-ID: <osci@message>\r\n\r\n"
         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\r\n<soap:Envelope "
         "xmlns:osci=\"http://www.osci.de/2002/04/osci\" "
         "xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/"
         "\"><soap:Body><soap:Fault><faultcode>" +
         std::string(server ? "soap:Server" : "soap:Client") + "</faultcode><faultstring>" +
         xml::escape_text(text->german) + " / " + xml::escape_text(text->english) +
         "</faultstring><detail><osci:Code>" + std::string(code) +
         "</osci:Code></detail></soap:Fault></soap:Body></"
         "soap:Envelope>\r\n--MIME_boundary_fault--\r\n";
}

} // namespace

std::span<const Outcome> outcomes() {
  return kOutcomes;
}
std::span<const CodeText> code_texts() {
  return kTexts;
}

const Outcome& outcome(ErrorCode error) {
  for (const auto& row : kOutcomes)
    if (row.error == error) return row;
  return kOutcomes.front();
}

const CodeText* code_text(std::string_view code) {
  for (const auto& row : kTexts)
    if (row.code == code) return &row;
  return nullptr;
}

std::string choose_language(const std::vector<std::string>& wanted, std::string_view fallback) {
  for (const auto& tag : wanted) {
    const std::string language =
        base::to_lower_ascii(std::string_view(tag).substr(0, tag.find('-')));
    if (language == "de" || language == "en") return language;
  }
  return std::string(fallback);
}

FeedbackEntry feedback_entry(std::string_view code, std::string_view language) {
  const CodeText* text = code_text(code);
  base::check(text != nullptr, "feedback code without text");
  return FeedbackEntry{std::string(code), std::string(language),
                       std::string(language == "en" ? text->english : text->german)};
}

FeedbackEntry recipient_entry(std::string_view code, std::string_view language) {
  FeedbackEntry out = feedback_entry(code, language);
  if (code == "9805")
    out.text = language == "en"
                   ? "The recipient cannot decrypt or verify the content; not accepted."
                   : "Der Empfänger kann den Inhalt nicht entschlüsseln oder prüfen; nicht "
                     "angenommen.";
  else if (code == "9801")
    out.text = language == "en"
                   ? "Another delivery with this MessageId was received before."
                   : "Unter dieser Nachrichtenkennung (MessageId) liegt bereits eine andere "
                     "Zustellung vor.";
  return out;
}

// What says more than the code does, to those who can do something about it.
struct ErrorText {
  ErrorCode error;
  std::string_view german, english;
};
constexpr std::array kErrorTexts = {
    ErrorText{
        ErrorCode::mailbox_full,
        "Nicht angenommen: Im Postfach des Empfängers warten zu viele nicht abgeholte "
        "Zustellungen. Es wurde nichts gespeichert. Bitte senden Sie später erneut und wenden Sie "
        "sich an den Empfänger, wenn es dabei bleibt.",
        "Not accepted: too many deliveries wait unfetched in the recipient's mailbox. Nothing was "
        "stored. Please send it again later, and turn to the recipient if that does not help."},
    ErrorText{
        ErrorCode::fetch_in_chunks,
        "Die Zustellung ist für eine einzelne Antwort zu groß. Bitte holen Sie sie in Paketen "
        "ab (PartialFetchDelivery).",
        "The delivery is too large for one answer. Please fetch it in chunks "
        "(PartialFetchDelivery)."},
    ErrorText{
        ErrorCode::sender_not_entitled,
        "Nicht angenommen: Nach dem Verzeichnis darf der Absender diesen Dienst nicht nutzen, "
        "oder die Zustellung nennt keinen bekannten Dienst (MessageMetaData). Bitte wenden Sie "
        "sich an die pflegende Stelle.",
        "Not accepted: by the directory the sender may not use this service, or the delivery "
        "names no known service (MessageMetaData). Please turn to whoever keeps the directory."},
    ErrorText{
        ErrorCode::wrong_reader,
        "Nicht angenommen: Leser, Dienst und Verschlüsselungszertifikat des Empfängers passen "
        "nach dem Verzeichnis nicht zusammen. Bitte rufen Sie den Verzeichniseintrag neu ab.",
        "Not accepted: reader, service and cipher certificate of the recipient do not go "
        "together by the directory. Please look the directory entry up again."},
    ErrorText{
        ErrorCode::not_agreed,
        "Nicht angenommen: Für diesen Dienst und diese Stelle liegt keine wirksame "
        "Nachnutzungsvereinbarung vor. Bitte wenden Sie sich an die Kommunalvertretung.",
        "Not accepted: there is no agreement in force for this service and this body. Please turn "
        "to the representative of the municipalities."},
    ErrorText{
        ErrorCode::test_mixed,
        "Nicht angenommen: Test und Betrieb dürfen nicht vermischt werden (Absender, Empfänger "
        "oder Kennzeichen der Nachricht).",
        "Not accepted: test and production must not be mixed (sender, recipient or the mark of "
        "the message)."},
    ErrorText{
        ErrorCode::invalid_content,
        "Nicht angenommen: Der unverschlüsselte Inhalt ist nach dem Schema seines Standards nicht "
        "gültig. Bitte berichtigen Sie die Nachricht (osci send --validate nennt die Stellen).",
        "Not accepted: the content in clear is not valid by the schema of its standard. Please "
        "mend the message (osci send --validate tells where)."},
};

FeedbackEntry feedback_entry(ErrorCode error, std::string_view language) {
  const std::string_view code = outcome(error).osci_code;
  auto entry = feedback_entry(code.empty() ? "9811" : code, language);
  for (const auto& own : kErrorTexts)
    if (own.error == error) entry.text = language == "en" ? own.english : own.german;
  return entry;
}

std::string write_fault(ErrorCode error) {
  const Outcome& row = outcome(error);
  if (row.osci_code.empty()) return fault("9000", true);
  return fault(row.osci_code, row.reply == Reply::fault_server);
}

std::string write_fault(std::string_view osci_code) {
  return fault(osci_code, false);
}

} // namespace osci
