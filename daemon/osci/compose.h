// Small writers shared by request and answer encoding. Private to osci/.
#pragma once
#include "osci/message.h"
#include "seal/context.h"
#include <string>
#include <string_view>

namespace osci {

// <name attributes>content</name>
std::string element(const std::string& name, const std::string& attributes,
                    const std::string& content);
inline std::string element(const std::string& name, const std::string& content) {
  return element(name, "", content);
}
// A header block in canonical form: all declarations, then Id and further attributes (given in
// canonical order: before_id, Id, after_id), then actor and mustUnderstand.
std::string block(const seal::Context& context, const std::string& name, std::string_view id,
                  const std::string& before_id, const std::string& after_id, std::string_view actor,
                  const std::string& content);

seal::DraftBlock control_block(const seal::Context& context, const ControlBlock& control);
seal::DraftBlock feature_description(const seal::Context& context);
std::string certificate_element(const seal::Context& context, const std::string& role,
                                const std::string& id, const crypto::Certificate& certificate);
std::string message_id_element(const seal::Context& context, std::string_view id);
// SelectionRule and Quantity, as in requests and echoes.
std::string selection_elements(const seal::Context& context, const Selection& selection);

// Reading, for both directions. Errors carry `broken`.
base::Result<ControlBlock> read_control_block(const xml::Element& block, base::ErrorCode broken);
base::Result<std::vector<RoleCertificate>> read_certificates(const xml::Element& block,
                                                             base::ErrorCode broken);
Features read_features(const xml::Element* block);
base::Result<std::string> read_message_id(const xml::Element& element, base::ErrorCode broken);
base::Result<Selection> read_selection(const std::vector<xml::Element>& children, bool process_card,
                                       base::ErrorCode broken);
// The canonical inside of a canonical element text.
std::string_view inside(std::string_view canonical);

} // namespace osci
