#include "osci/schema.h"
#include "osci/message.h"

namespace osci {

using base::ErrorCode;
using base::fail;

std::vector<std::string> schema_names(SchemasOf which) {
  std::vector<std::string> names;
  for (const auto type :
       {MessageType::init_dialog, MessageType::exit_dialog, MessageType::get_message_id,
        MessageType::store_delivery, MessageType::fetch_delivery, MessageType::fetch_process_card,
        MessageType::forward_delivery, MessageType::mediate_delivery,
        MessageType::partial_store_delivery, MessageType::partial_fetch_delivery,
        MessageType::accept_delivery, MessageType::process_delivery}) {
    const std::string name(type_name(type));
    if (which == SchemasOf::all || for_intermediary(type)) names.push_back(name);
    if (which == SchemasOf::all) names.push_back("ResponseTo" + name);
  }
  if (which == SchemasOf::all) {
    names.push_back("MessageEncrypted");
    names.push_back("MessageFault");
  }
  return names;
}

base::Result<> check_schema(const seal::Message& message, const xml::SchemaSet& schemas) {
  const ErrorCode broken =
      message.transport().encrypted ? ErrorCode::invalid_request : ErrorCode::malformed_message;
  const auto* schema = schemas.find(message.type().empty() ? "MessageFault" : message.type());
  if (!schema) return fail(broken, "schema: none for this message type");
  const auto valid = schema->validate(message.xml());
  if (!valid) return fail(broken, valid.error().detail);
  return {};
}

} // namespace osci
