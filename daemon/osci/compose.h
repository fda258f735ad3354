// Small writers shared by request and answer encoding. Private to osci/.
#pragma once
#include "osci/message.h"
#include "osci/types.h"
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

// The same for an element of the 2017 namespace (prefix osci2017 declared on the block).
std::string block_2017(const seal::Context& context, const std::string& name, std::string_view id,
                       const std::string& content);

seal::DraftBlock control_block(const seal::Context& context, const ControlBlock& control);
// `chunks`: limits to announce; the feature PartialMessageTransmission is listed only with them or
// when `client` (a client has no limits).
seal::DraftBlock feature_description(const seal::Context& context,
                                     const std::optional<ChunkLimits>& chunks, bool client);
std::string chunk_element(const ChunkInformation& chunk);
// Body of a message that carries a chunk as its only attachment (11.3).
std::string chunk_package(const seal::Context& context);
std::string certificate_element(const seal::Context& context, const std::string& role,
                                const std::string& id, const crypto::Certificate& certificate);
std::string message_id_element(const seal::Context& context, std::string_view id);
// SelectionRule and Quantity, as in requests and echoes.
std::string selection_elements(const seal::Context& context, const Selection& selection);

// 8.1: which times a card may show depends on the message that carries it. `name` is
// "ProcessCardBundle" or what stands for it.
enum class Stamps { creation, forwarding, all };
std::string bundle(const seal::Context& context, const char* name, const mailbox::ProcessCard& card,
                   Stamps stamps);
// Header blocks QualityOfTimestamp.
void add_qualities(seal::Draft& draft, Qualities which, const std::string& creation,
                   const std::string& reception);

// Reading, for both directions. Errors carry `broken`.
base::Result<ControlBlock> read_control_block(const xml::Element& block, base::ErrorCode broken);
base::Result<std::vector<RoleCertificate>> read_certificates(const xml::Element& block,
                                                             base::ErrorCode broken);
Features read_features(const xml::Element* block);
base::Result<ChunkInformation> read_chunk(const xml::Element& element, base::ErrorCode broken);
// The one attachment of a chunk message. Anything else but the container of 11.3 is refused.
base::Result<Content> read_chunk_package(const seal::Verified& message, base::ErrorCode broken);
// The Body of a message that carries a delivery: one ContentPackage, kept with its context.
base::Result<> read_content(const seal::Verified& message, Content& out, base::ErrorCode broken);
base::Result<mailbox::ProcessCard> read_bundle(const xml::Element& bundle, base::ErrorCode broken);
base::Result<std::string> read_subject(const xml::Element& element, base::ErrorCode broken);
base::Result<std::string> read_message_id(const xml::Element& element, base::ErrorCode broken);
base::Result<Selection> read_selection(const std::vector<xml::Element>& children, bool process_card,
                                       base::ErrorCode broken);
// The canonical inside of a canonical element text.
std::string_view inside(std::string_view canonical);

} // namespace osci
