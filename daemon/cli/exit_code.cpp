#include "cli/exit_code.h"
#include "cli/commands.h"
#include "cli/text.h"
#include <array>
#include <iostream>
#include <utility>

namespace cli {

using base::ErrorCode;

ExitCode exit_code(ErrorCode code) {
  switch (code) {
  case ErrorCode::invalid_config:
  case ErrorCode::unsupported:
    return ExitCode::usage;
  case ErrorCode::key_error:
    return ExitCode::key;
  case ErrorCode::network:
  case ErrorCode::timed_out:
  case ErrorCode::overloaded:
    return ExitCode::network;
  case ErrorCode::peer_fault:
    return ExitCode::refused;
  case ErrorCode::malformed_message:
  case ErrorCode::duplicate_id:
  case ErrorCode::unknown_cipher_certificate:
  case ErrorCode::undecryptable:
  case ErrorCode::invalid_request:
  case ErrorCode::encryption_required:
  case ErrorCode::control_block:
  case ErrorCode::signature_missing:
  case ErrorCode::signature_wrong:
  case ErrorCode::signature_incomplete:
  case ErrorCode::signer_certificate_wrong:
  case ErrorCode::too_large:
    return ExitCode::unverified;
  case ErrorCode::not_found:
    return ExitCode::not_found;
  case ErrorCode::invalid_content:
    return ExitCode::invalid;
  case ErrorCode::file_error:
    return ExitCode::file;
  default:
    return ExitCode::internal;
  }
}

std::string_view advice(std::string_view code) {
  using Line = std::pair<std::string_view, std::string_view>;
  constexpr Line lines[] = {
      {"9000",
       "The intermediary has a problem of its own; try again later, then ask its operator."},
      {"9100", "The intermediary takes the message for damaged; check --url, or send it again."},
      {"9200",
       "The intermediary holds no key for --intermediary-cipher-cert; get its current one."},
      {"9201", "--intermediary-cipher-cert is revoked; get the intermediary's current one."},
      {"9202", "The intermediary could not decrypt; check --intermediary-cipher-cert."},
      {"9300", "The intermediary does not serve this kind of request, or not in this form."},
      {"9400", "The dialog got out of step; run the command again."},
      {"9500", "The intermediary saw no cipher certificate of yours; check --cipher-key."},
      {"9501",
       "The intermediary does not trust the issuer of your cipher certificate (--cipher-key)."},
      {"9502", "Your cipher certificate (--cipher-key) is revoked; get a new one."},
      {"9503", "The intermediary could not check your cipher certificate; try again later."},
      {"9600", "The intermediary wants signed requests."},
      {"9601", "The intermediary found your signature wrong; check --signature-key."},
      {"9602", "The intermediary found parts unsigned."},
      {"9603", "The intermediary could not check your signature; try again later."},
      {"9700", "The intermediary does not trust the issuer of your signature certificate."},
      {"9701", "Your signature certificate (--signature-key) is revoked; get a new one."},
      {"9704", "The issuer of an author's cipher certificate is not trusted."},
      {"9705", "The cipher certificate of an author is revoked; the author needs a new one."},
      {"9706",
       "The issuer of the addressee's certificate is not trusted; check --to or --to-cert."},
      {"9707", "The addressee's certificate is revoked; get the current one."},
      {"9708", "The issuer of a reader's certificate is not trusted."},
      {"9709", "The certificate of a reader is revoked; get the current one."},
      {"9710", "The intermediary could not check certificates; try again later."},
      {"9711", "The issuer of the recipient's signature certificate is not trusted."},
      {"9712", "The recipient's signature certificate is revoked; tell the recipient."},
      {"9800", "The message has no id; send it again."},
      {"9801", "The message id is used or expired; `osci card --id` tells what became of it."},
      {"9802", "This request needs a dialog."},
      {"9803", "No such delivery in the mailbox of --cipher-key."},
      {"9804", "No such process card for --cipher-key."},
      {"9805",
       "No mailbox belongs to the addressee's certificate (check --to or --to-cert), or the "
       "recipient refused the delivery."},
      {"9806", "The recipient took the request and sent nothing back."},
      {"9807", "The signature of the recipient's answer is wrong; ask the recipient."},
      {"9808", "The recipient has an internal error; ask there, or send again later."},
      {"9809",
       "The delivery did not reach the recipient: it is away, or the intermediary's directory does "
       "not list this receiver URI for it. Send it again with a new message id."},
      {"9810", "The delivery may have reached the recipient; ask there before you send it again."},
      {"9900", "The intermediary has this chunk already."},
      {"9901", "The chunk's number is not one of this transfer; begin the transfer again."},
      {"9902", "The chunk is larger than the intermediary takes; send smaller ones."},
      {"9903", "The chunk is smaller than the intermediary takes; send larger ones."},
      {"9904", "Too large: for the intermediary as a whole, or for one answer; then fetch it in "
               "chunks."},
      {"9905", "The chunk does not fit the transfer as it was begun; begin the transfer again."},
      {"9811", "The intermediary cannot carry it out now; try again later."},
      {"9950", "The intermediary refused the message that the chunks make up."},
      {"HTTP", "The server at --url did not take the message; check --url."},
  };
  for (const auto& [key, text] : lines)
    if (key == code) return text;
  return {};
}

std::string explain(const base::Error& error) {
  const std::string detail = harmless(error.detail);
  std::string what, hint;
  switch (exit_code(error.code)) {
  case ExitCode::ok:
  case ExitCode::usage:
  case ExitCode::key:
  case ExitCode::not_found:
  case ExitCode::file:
  case ExitCode::nonconforming:
  case ExitCode::invalid:
    what = detail;
    break;
  case ExitCode::network:
    what = error.code == ErrorCode::overloaded ? "the intermediary is overloaded"
                                               : "the intermediary cannot be reached";
    if (!detail.empty()) what += " (" + detail + ")";
    hint = "Check --url and the network, or try again later.";
    break;
  case ExitCode::refused:
    what = "refused by the intermediary: " + detail;
    hint = advice(std::string_view(error.detail).substr(0, 4));
    break;
  case ExitCode::unverified:
    if (error.code == ErrorCode::undecryptable)
      what = "could not be decrypted";
    else if (error.code == ErrorCode::unknown_cipher_certificate)
      what = "encrypted for a certificate that is none of yours";
    else
      what = std::string(base::to_string(error.code));
    if (!detail.empty()) what += " (" + detail + ")";
    if (error.code == ErrorCode::unknown_cipher_certificate)
      hint = "Check --cipher-key; name earlier keys with --old-cipher-key.";
    else if (error.code == ErrorCode::signature_wrong || error.code == ErrorCode::signature_missing)
      hint = "Check --intermediary-signature-cert; if it is right, do not trust what came back.";
    else if (error.code == ErrorCode::malformed_message)
      hint = "Check --url: what came back is no valid OSCI message.";
    break;
  case ExitCode::internal:
    what = "internal error: " + std::string(base::to_string(error.code)) + " " + detail;
    hint = "Please report this.";
    break;
  }
  if (what.empty()) what = std::string(base::to_string(error.code));
  return "osci: " + what + "\n" + (hint.empty() ? "" : "      " + hint + "\n");
}

ExitCode give_up(const base::Error& error) {
  std::cerr << explain(error);
  return exit_code(error.code);
}

} // namespace cli
