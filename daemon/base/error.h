// The project's one list of expected failures. What each means to the outside (HTTP status, OSCI
// code, German and English text, log level, retry) stands in one table: osci/feedback.cpp.
#pragma once
#include <string>
#include <string_view>

namespace base {

enum class ErrorCode {
  // message level: answered with a SOAP fault (OSCI wire reference 10.3, 10.6)
  internal,                     // 9000: a bug or an unavailable part of ours
  malformed_message,            // 9100: MIME, XML or envelope is not a valid OSCI message
  duplicate_id,                 // 9100, also inside an encrypted message (2.5, 13.4)
  unknown_cipher_certificate,   // 9200: encrypted for a key that is not ours
  undecryptable,                // 9202: every way a decryption can fail
  invalid_request,              // 9300: readable, but no valid request for an intermediary
  encryption_required,          // 9300: clear transport refused by policy
  unsupported_message_type,     // 9300: OSCI type that this build does not serve
  control_block,                // 9400: ConversationId, SequenceNumber or Response wrong
  client_certificate_missing,   // 9500
  client_certificate_wrong,     // 9501: issuer signature wrong, issuer unknown, or key too short
  client_certificate_unchecked, // 9503: internal failure while checking
  // order level: answered in the Feedback of the matching answer (10.2)
  signature_missing,        // 9600
  signature_wrong,          // 9601
  signature_incomplete,     // 9602
  signature_unchecked,      // 9603
  signer_certificate_wrong, // 9700
  author_cipher_wrong,      // 9704
  addressee_cipher_wrong,   // 9706
  reader_cipher_wrong,      // 9708
  certificate_check_failed, // 9710
  message_id_missing,       // 9800
  message_id_refused,       // 9801: not issued here, expired, or used for another delivery
  dialog_required,          // 9802
  no_delivery,              // 9803
  no_process_card,          // 9804
  unknown_addressee,        // 9805: no mailbox belongs to the addressee's certificate
  sender_not_entitled,      // 9805: the directory does not let this sender use the service
  wrong_reader,             // 9805: reader, service and addressee do not go together
  not_agreed,               // 9805: no agreement lets this service deliver to this body
  test_mixed,               // 9805: a test message for production, or the other way round
  // push to a passive recipient; the delivery did not arrive (1.5, 1.6)
  recipient_refused,           // 9805: negative feedback of the recipient
  reply_missing,               // 9806: accepted, but no delivery for the sender in the answer
  recipient_signature_wrong,   // 9807: on its answer
  recipient_failed,            // 9808: internal error at the recipient, or an unusable reply
  recipient_certificate_wrong, // 9711: issuer of the recipient's signature certificate
  endpoint_not_listed,         // 9809: the directory has no such endpoint for the addressee
  push_not_delivered,          // 9809: nothing, or not all of it, has left
  push_uncertain,              // 9810: all of it has left; no usable answer
  storage_full,                // 9811
  storage_failure,             // 9811
  quota_exceeded,              // 9811
  mailbox_full,                // 9811
  // revoked certificates (10.2, 10.3), and time stamps (8.4)
  own_cipher_revoked,            // 9201, a fault: our certificate that the request is encrypted for
  client_certificate_revoked,    // 9502, a fault
  signer_certificate_revoked,    // 9701
  author_cipher_revoked,         // 9705
  addressee_cipher_revoked,      // 9707
  reader_cipher_revoked,         // 9709
  recipient_certificate_revoked, // 9712
  timestamp_unavailable,         // 9811: cryptographic ordered, and policy refuses a plain one
  chunk_repeated,                // 9900
  chunk_number_wrong,            // 9901
  chunk_too_large,               // 9902
  chunk_too_small,               // 9903
  transfer_too_large,            // 9904: the message as a whole
  fetch_in_chunks,               // 9904: a stored delivery is too large for one answer
  chunk_inconsistent,            // 9905
  // HTTP level: refused before an OSCI answer can exist
  overloaded, // 503 + Retry-After
  too_large,  // 413
  bad_http,   // 400
  timed_out,  // 408
  // local: start-up, files, command line; never sent to a peer
  invalid_config,
  file_error,
  key_error,  // unreadable key, wrong PIN, key and certificate do not match
  network,    // a peer cannot be reached or broke the connection
  peer_fault, // a peer answered with a SOAP fault or broke the protocol
  not_found,
  unsupported,
  invalid_content, // an application that is not valid by its schema
};

std::string_view to_string(ErrorCode code);

// Value of a failed Result. `detail` is for logs and the local command line only: it names element
// paths, limits, file names and rules, never content, subjects, names of people or key material.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;
};

} // namespace base
