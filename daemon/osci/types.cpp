#include "osci/types.h"
#include <array>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::array<std::pair<MessageType, std::string_view>, 12> kTypes = {{
    {MessageType::init_dialog, "InitDialog"},
    {MessageType::exit_dialog, "ExitDialog"},
    {MessageType::get_message_id, "GetMessageId"},
    {MessageType::store_delivery, "StoreDelivery"},
    {MessageType::fetch_delivery, "FetchDelivery"},
    {MessageType::fetch_process_card, "FetchProcessCard"},
    {MessageType::forward_delivery, "ForwardDelivery"},
    {MessageType::mediate_delivery, "MediateDelivery"},
    {MessageType::partial_store_delivery, "PartialStoreDelivery"},
    {MessageType::partial_fetch_delivery, "PartialFetchDelivery"},
    {MessageType::accept_delivery, "AcceptDelivery"},
    {MessageType::process_delivery, "ProcessDelivery"},
}};

} // namespace

std::string_view type_name(MessageType type) {
  for (const auto& [value, name] : kTypes)
    if (value == type) return name;
  return {};
}

std::optional<MessageType> request_type(std::string_view name) {
  for (const auto& [value, text] : kTypes)
    if (text == name) return value;
  return std::nullopt;
}

std::optional<MessageType> answer_type(std::string_view name) {
  constexpr std::string_view prefix = "ResponseTo";
  if (!name.starts_with(prefix)) return std::nullopt;
  return request_type(name.substr(prefix.size()));
}

bool for_intermediary(MessageType type) {
  return type != MessageType::accept_delivery && type != MessageType::process_delivery;
}

Shape shape_of(MessageType type) {
  switch (type) {
  case MessageType::init_dialog:
    return {false, false, "initDialog", false, false};
  case MessageType::exit_dialog:
    return {false, false, "exitDialog", false, false};
  case MessageType::get_message_id:
    return {false, false, "getMessageId", false, false};
  case MessageType::fetch_process_card:
    return {false, false, "fetchProcessCard", false, false};
  case MessageType::store_delivery:
    return {true, false, "storeDelivery", true, false};
  case MessageType::fetch_delivery:
    return {true, false, "fetchDelivery", false, true};
  case MessageType::forward_delivery:
    return {true, false, "forwardDelivery", true, false};
  case MessageType::mediate_delivery:
    return {true, false, "mediateDelivery", true, true};
  case MessageType::partial_store_delivery:
    return {true, true, "partialStoreDelivery", true, false};
  case MessageType::partial_fetch_delivery:
    return {true, true, "partialFetchDelivery", false, true};
  case MessageType::accept_delivery:
    return {true, false, "acceptDelivery", true, false};
  case MessageType::process_delivery:
    return {true, false, "processDelivery", true, true};
  }
  return {};
}

bool role_allowed(MessageType type, std::string_view role) {
  const bool client =
      role == "CipherCertificateOriginator" || role == "SignatureCertificateOriginator";
  const bool others =
      role == "CipherCertificateOtherAuthor" || role == "CipherCertificateAddressee" ||
      role == "CipherCertificateOtherReader" || role == "SignatureCertificateOtherAuthor";
  switch (type) {
  case MessageType::init_dialog:
  case MessageType::get_message_id:
  case MessageType::exit_dialog:
  case MessageType::fetch_delivery:
  case MessageType::partial_fetch_delivery:
  case MessageType::fetch_process_card:
    // Of the last four the schema knows the signature certificate only; a cipher certificate is
    // harmless there.
    return client;
  case MessageType::store_delivery:
  case MessageType::partial_store_delivery:
  case MessageType::accept_delivery:
  case MessageType::process_delivery:
    return client || others;
  case MessageType::forward_delivery:
  case MessageType::mediate_delivery:
    return client || others || role == "SignatureCertificateAddressee";
  }
  return false;
}

bool role_repeats(std::string_view role) {
  return role == "CipherCertificateOtherAuthor" || role == "CipherCertificateOtherReader" ||
         role == "SignatureCertificateOtherAuthor";
}

base::Result<> check_request_control(MessageType type, const ControlBlock& control,
                                     ErrorCode broken) {
  if (!control.challenge) return fail(broken, "ControlBlock without Challenge");
  if (type == MessageType::init_dialog || !for_intermediary(type)) {
    if (control.conversation_id || control.sequence_number || control.response)
      return fail(broken, "ControlBlock may carry a Challenge only");
    return {};
  }
  // Response in implicit requests is ignored (7.3).
  if (!control.sequence_number) return fail(ErrorCode::control_block, "SequenceNumber missing");
  if (control.conversation_id && !control.response)
    return fail(ErrorCode::control_block, "Response missing in an explicit dialog");
  return {};
}

base::Result<> check_answer_control(MessageType type, const ControlBlock& control) {
  const auto malformed = [](const char* rule) { return fail(ErrorCode::malformed_message, rule); };
  if (!control.response) return malformed("ControlBlock without Response");
  if (!for_intermediary(type)) return {}; // a recipient's: nothing else counts (16 no. 24)
  if (!control.conversation_id && type != MessageType::forward_delivery)
    return malformed("ControlBlock incomplete");
  if (type == MessageType::init_dialog) {
    if (control.sequence_number || !control.challenge)
      return malformed("ControlBlock of InitDialog");
    return {};
  }
  if (!control.sequence_number) return malformed("ControlBlock without SequenceNumber");
  if (type == MessageType::exit_dialog && control.challenge)
    return malformed("Challenge after the end of the dialog");
  return {};
}

Qualities qualities_of(MessageType type, bool with_message_id) {
  switch (type) {
  case MessageType::store_delivery:
  case MessageType::forward_delivery:
    return Qualities::both;
  case MessageType::mediate_delivery:
  case MessageType::process_delivery: // its answer
    return with_message_id ? Qualities::both : Qualities::none;
  case MessageType::partial_store_delivery:
    return Qualities::creation;
  default:
    return Qualities::none;
  }
}

} // namespace osci
