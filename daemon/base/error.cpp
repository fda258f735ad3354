#include "base/error.h"

namespace base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
  case ErrorCode::internal:
    return "internal";
  case ErrorCode::malformed_message:
    return "malformed_message";
  case ErrorCode::duplicate_id:
    return "duplicate_id";
  case ErrorCode::unknown_cipher_certificate:
    return "unknown_cipher_certificate";
  case ErrorCode::undecryptable:
    return "undecryptable";
  case ErrorCode::invalid_request:
    return "invalid_request";
  case ErrorCode::encryption_required:
    return "encryption_required";
  case ErrorCode::unsupported_message_type:
    return "unsupported_message_type";
  case ErrorCode::control_block:
    return "control_block";
  case ErrorCode::client_certificate_missing:
    return "client_certificate_missing";
  case ErrorCode::client_certificate_wrong:
    return "client_certificate_wrong";
  case ErrorCode::client_certificate_unchecked:
    return "client_certificate_unchecked";
  case ErrorCode::signature_missing:
    return "signature_missing";
  case ErrorCode::signature_wrong:
    return "signature_wrong";
  case ErrorCode::signature_incomplete:
    return "signature_incomplete";
  case ErrorCode::signature_unchecked:
    return "signature_unchecked";
  case ErrorCode::signer_certificate_wrong:
    return "signer_certificate_wrong";
  case ErrorCode::author_cipher_wrong:
    return "author_cipher_wrong";
  case ErrorCode::addressee_cipher_wrong:
    return "addressee_cipher_wrong";
  case ErrorCode::reader_cipher_wrong:
    return "reader_cipher_wrong";
  case ErrorCode::certificate_check_failed:
    return "certificate_check_failed";
  case ErrorCode::message_id_missing:
    return "message_id_missing";
  case ErrorCode::message_id_refused:
    return "message_id_refused";
  case ErrorCode::dialog_required:
    return "dialog_required";
  case ErrorCode::no_delivery:
    return "no_delivery";
  case ErrorCode::no_process_card:
    return "no_process_card";
  case ErrorCode::unknown_addressee:
    return "unknown_addressee";
  case ErrorCode::storage_full:
    return "storage_full";
  case ErrorCode::storage_failure:
    return "storage_failure";
  case ErrorCode::quota_exceeded:
    return "quota_exceeded";
  case ErrorCode::overloaded:
    return "overloaded";
  case ErrorCode::too_large:
    return "too_large";
  case ErrorCode::bad_http:
    return "bad_http";
  case ErrorCode::timed_out:
    return "timed_out";
  case ErrorCode::invalid_config:
    return "invalid_config";
  case ErrorCode::file_error:
    return "file_error";
  case ErrorCode::key_error:
    return "key_error";
  case ErrorCode::network:
    return "network";
  case ErrorCode::peer_fault:
    return "peer_fault";
  case ErrorCode::not_found:
    return "not_found";
  case ErrorCode::unsupported:
    return "unsupported";
  }
  return "unknown";
}

} // namespace base
