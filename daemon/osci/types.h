// Tables 1.2, 1.3, 1.7 and 4.9 of the wire reference: what each message type looks like. Private to
// osci/.
#pragma once
#include "osci/message.h"
#include <string_view>

namespace osci {

// The element that a type must show, in the header with an Id of its own or as the Body's child
// (X3: the type is not believed on the word of schemaLocation alone). Answers: "responseTo" + Name.
struct Shape {
  bool in_header = false;
  bool namespace_2017 = false;
  std::string_view name;        // e.g. "storeDelivery"
  bool request_content = false; // the request's Body is a ContentPackage
  bool answer_content = false;  // the answer's Body may be one
};
Shape shape_of(MessageType type);

// Roles that NonIntermediaryCertificates of a request may hold (4.9).
bool role_allowed(MessageType type, std::string_view role);
bool role_repeats(std::string_view role);

// Table 1.3. Errors: `broken`, or control_block where a dialog's rule is violated.
base::Result<> check_request_control(MessageType type, const ControlBlock& control,
                                     base::ErrorCode broken);
base::Result<> check_answer_control(MessageType type, const ControlBlock& control);

// QualityOfTimestamp blocks: none, creation only (chunks), or both.
enum class Qualities { none, creation, both };
Qualities qualities_of(MessageType type, bool with_message_id);

} // namespace osci
