// Orders of the mailbox scenario: StoreDelivery, FetchDelivery, FetchProcessCard and the small
// ones.
#include "base/encoding.h"
#include "osci/decider.h"
#include "osci/inspect.h"
#include "osci/metadata.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;

Plan Decider::refuse(base::Error error) {
  if (plan_.turn) plan_.turn->result = refused_result(error);
  plan_.action = TakeTurn{};
  plan_.refusal = std::move(error);
  return std::move(plan_);
}

Plan Decider::fault_here(base::Error error) {
  return fault(std::move(error),
               plan_.turn ? std::optional(plan_.turn->conversation_id) : std::nullopt);
}

Plan Decider::refuse_inspected(const base::Error& error) {
  if (outcome(error.code).reply != Reply::order) return fault(error);
  return refuse(error);
}

std::optional<std::string> Decider::mailbox_of(const crypto::Certificate& addressee) const {
  if (const auto* owner = s_.directory.owner_of(addressee.fingerprint());
      owner && !owner->mailbox.empty())
    return owner->mailbox;
  if (s_.policy.create_mailboxes) return "cert:" + addressee.fingerprint();
  return std::nullopt;
}

Plan Decider::execute(const Request& request, const crypto::Certificate& client) {
  // In a dialog the cipher certificate was inspected by InitDialog; the signer may have expired
  // since.
  if (plan_.explicit_dialog && request.signer) {
    const auto inspected = inspect_client(s_, nullptr, &*request.signer);
    if (inspected.refusal) return refuse(*inspected.refusal);
    add_warnings(plan_, inspected.warnings);
  }
  switch (request.type) {
  case MessageType::init_dialog:
    break; // handled by implicit()
  case MessageType::exit_dialog:
    if (plan_.turn) plan_.turn->result = std::string(kClosed);
    break;
  case MessageType::get_message_id:
    plan_.message_id = s_.ids.issue(s_.now, s_.random);
    if (plan_.turn) plan_.turn->result = std::string(kIssued) + *plan_.message_id;
    break;
  case MessageType::store_delivery:
    return store(request, client);
  case MessageType::fetch_delivery:
    fetch(request, client);
    break;
  case MessageType::fetch_process_card:
    if (request.selection.message_ids.size() > s_.policy.max_message_ids)
      return refuse(fail(ErrorCode::quota_exceeded, "too many message ids in one selection"));
    list_cards(request, client);
    if (plan_.turn) plan_.turn->result = std::string(kCards);
    break;
  case MessageType::partial_store_delivery:
    return put_chunk(request, client);
  case MessageType::partial_fetch_delivery:
    return fetch_chunk(request, client);
  case MessageType::forward_delivery:
  case MessageType::mediate_delivery:
    return push(request, client);
  case MessageType::accept_delivery:
  case MessageType::process_delivery:
    return fault_here(fail(ErrorCode::unsupported_message_type, std::string(message_.type())));
  }
  return std::move(plan_);
}

Plan Decider::store(const Request& request, const crypto::Certificate& client) {
  if (!request.message_id) return refuse(fail(ErrorCode::message_id_missing));
  if (const auto known = s_.ids.recognise(*request.message_id, s_.now); !known)
    return refuse(known.error());

  const auto& addressee = request.certificate("CipherCertificateAddressee")->certificate;
  auto mailbox = mailbox_of(addressee);
  if (!mailbox)
    return refuse(fail(ErrorCode::unknown_addressee,
                       "no mailbox for certificate " + addressee.fingerprint()));
  plan_.mailbox = *mailbox;

  auto inspected = inspect_delivery(s_, request.certificates);
  if (inspected.refusal) return refuse_inspected(*inspected.refusal);
  add_warnings(plan_, inspected.warnings);

  mailbox::NewDelivery delivery;
  delivery.message_id = *request.message_id;
  delivery.mailbox = std::move(*mailbox);
  delivery.originator = party_of(s_.directory, client);
  delivery.request_digest = message_.digest();
  delivery.creation = s_.now;
  delivery.subject = request.subject;
  delivery.quality_of_creation = request.quality_of_creation;
  delivery.quality_of_reception = request.quality_of_reception;
  delivery.context = request.content.context.serialise();
  delivery.feedback = plan_.warnings;
  delivery.inspections = std::move(inspected.inspections);
  delivery.parts = parts_of(request.content);
  if (const auto ok = index_metadata(request.content, delivery); !ok && !plan_.repeat)
    return fault_here(ok.error());
  if (const auto ok = check_routing(request.content, client, addressee); !ok)
    return refuse(ok.error());
  if (const auto ok = check_clear_content(); !ok) return refuse(ok.error());
  if (!plan_.repeat)
    if (const auto ok = check_replay(delivery, addressee, s_.random); !ok)
      return fault_here(ok.error());
  if (plan_.turn) plan_.turn->result = std::string(kStored);
  plan_.message_id = request.message_id;
  plan_.action = StoreIt{std::move(delivery), refused_result(fail(ErrorCode::message_id_refused))};
  return std::move(plan_);
}

base::Result<> Decider::index_metadata(const Content& content, mailbox::NewDelivery& delivery) {
  const auto* header = find_metadata(content.custom_headers);
  if (!header) return {};
  auto read = read_metadata(header->canonical);
  if (read) {
    delivery.metadata = metadata_index(*read);
    plan_.metadata_findings = std::move(read->findings);
  } else {
    plan_.metadata_findings = {read.error().detail};
  }
  if (plan_.metadata_findings.empty() || !s_.policy.check_metadata) return {};
  return fail(ErrorCode::invalid_request, "MessageMetaData: " + plan_.metadata_findings.front());
}

mailbox::FetchSelection Decider::fetch_selection(const Request& request,
                                                 const crypto::Certificate& client) const {
  mailbox::FetchSelection selection;
  selection.mailboxes = mailboxes_of(s_.directory, s_.policy, client);
  if (request.selection.rule == Selection::Rule::message_ids) {
    selection.rule = mailbox::FetchRule::message_id;
    selection.message_id = request.selection.message_ids.front();
  } else if (request.selection.rule == Selection::Rule::reception_of_delivery) {
    selection.rule = mailbox::FetchRule::since;
    selection.since = request.selection.since;
  }
  return selection;
}

void Decider::fetch(const Request& request, const crypto::Certificate& client) {
  auto selection = fetch_selection(request, client);
  if (!selection.mailboxes.empty()) plan_.mailbox = selection.mailboxes.front();
  if (plan_.turn) plan_.turn->result = std::string(kFetched);
  plan_.action = FetchIt{std::move(selection)};
}

void Decider::list_cards(const Request& request, const crypto::Certificate& client) {
  mailbox::CardSelection selection;
  selection.party = party_of(s_.directory, client);
  selection.mailboxes = mailboxes_of(s_.directory, s_.policy, client);
  switch (request.selection.rule) {
  case Selection::Rule::none:
    selection.rule = mailbox::CardRule::all;
    break;
  case Selection::Rule::message_ids:
    selection.rule = mailbox::CardRule::message_ids;
    break;
  case Selection::Rule::reception_of_delivery:
    selection.rule = mailbox::CardRule::reception_of_delivery;
    break;
  case Selection::Rule::recent_modification:
    selection.rule = mailbox::CardRule::recent_modification;
    break;
  }
  selection.message_ids = request.selection.message_ids;
  selection.since = request.selection.since;
  selection.no_reception = request.selection.no_reception;
  if (request.selection.role == Selection::Role::addressee)
    selection.role = mailbox::CardRole::addressee;
  if (request.selection.role == Selection::Role::originator)
    selection.role = mailbox::CardRole::originator;
  selection.limit =
      std::min(request.selection.limit.value_or(s_.policy.max_cards), s_.policy.max_cards);
  plan_.action = ListCards{std::move(selection)};
}

} // namespace osci
