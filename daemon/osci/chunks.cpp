// Orders of chunked transfers: PartialStoreDelivery, PartialFetchDelivery, and the delivery that a
// transfer makes up (wire reference 11).
#include "base/encoding.h"
#include "osci/decider.h"
#include "osci/inspect.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

std::string fingerprint_of(const Request& request, std::string_view role) {
  const auto* entry = request.certificate(role);
  return entry ? entry->certificate.fingerprint() : std::string("-");
}

// Who stands in the envelope: originator's cipher and signature certificate, addressee.
std::string parties(const Request& request, const crypto::Certificate& client) {
  return client.fingerprint() + " " + fingerprint_of(request, "SignatureCertificateOriginator") +
         " " + fingerprint_of(request, "CipherCertificateAddressee");
}

// 9901 to 9904 as far as our limits go; what the other chunks say is the store's to compare.
base::Result<> check_limits(const ChunkInformation& chunk, std::uint64_t octets,
                            const ChunkLimits& limits) {
  const std::uint64_t size = chunk.size.value_or(0), total = chunk.total_size.value_or(0);
  const std::uint64_t count = chunk.total_numbers.value_or(0);
  if (chunk.number.value_or(0) == 0) return fail(ErrorCode::chunk_number_wrong, "chunk number 0");
  if (size > limits.max_chunk || octets > limits.max_chunk * 1024)
    return fail(ErrorCode::chunk_too_large);
  if (*chunk.number < count && (size < limits.min_chunk || octets < limits.min_chunk * 1024))
    return fail(ErrorCode::chunk_too_small);
  if (total > limits.max_message || (count > 0 && (count - 1) * size > limits.max_message))
    return fail(ErrorCode::transfer_too_large);
  return {};
}

std::optional<ErrorCode> error_named(std::string_view name) {
  for (const auto& row : outcomes())
    if (base::to_string(row.error) == name) return row.error;
  return std::nullopt;
}

// The card of a transfer on its way: the id with its suffix, the time of the first chunk.
mailbox::ProcessCard card_of(const mailbox::Transfer& transfer) {
  mailbox::ProcessCard out;
  out.message_id = transfer.key.message_id + std::string(kPartialSuffix);
  out.creation = transfer.created;
  out.modification = transfer.activity;
  out.subject = transfer.subject;
  return out;
}

ChunkInformation information(const Plan& plan, const mailbox::Transfer* transfer) {
  ChunkInformation out;
  out.received.emplace();
  if (transfer) {
    out.received = transfer->received;
    out.total_numbers = transfer->total_numbers;
  }
  // InfoOnly names no chunk, but the answer has to (11.2).
  if (plan.chunk_number > 0)
    out.number = plan.chunk_number;
  else if (transfer && !transfer->received.empty())
    out.number = transfer->completed_by > 0 ? transfer->completed_by : transfer->received.back();
  return out;
}

} // namespace

Plan Decider::refuse_chunk(base::Error error, const mailbox::TransferKey& key) {
  Plan out = refuse(std::move(error));
  out.action = TellTransfer{key, 0};
  return out;
}

Plan Decider::put_chunk(const Request& request, const crypto::Certificate& client) {
  if (!s_.policy.chunks)
    return fault_here(fail(ErrorCode::unsupported_message_type, "chunked transfer is off"));
  if (!request.message_id) return refuse(fail(ErrorCode::message_id_missing));
  std::string_view id = *request.message_id;
  if (!id.ends_with(kPartialSuffix))
    return refuse(fail(ErrorCode::message_id_refused, "message id without _Partial"));
  id.remove_suffix(kPartialSuffix.size());
  const mailbox::TransferKey key{party_of(s_.directory, client), std::string(id)};
  plan_.message_id = key.message_id;
  if (const auto known = s_.ids.recognise(key.message_id, s_.now); !known)
    return refuse(known.error());
  if (request.info_only) {
    if (plan_.turn) plan_.turn->result = std::string(kChunk);
    plan_.action = TellTransfer{key, 0};
    return std::move(plan_);
  }

  // As early as possible: nobody should send a gigabyte to learn that there is no such mailbox.
  const auto& addressee = request.certificate("CipherCertificateAddressee")->certificate;
  auto mailbox = mailbox_of(addressee);
  if (!mailbox)
    return refuse_chunk(
        fail(ErrorCode::unknown_addressee, "no mailbox for certificate " + addressee.fingerprint()),
        key);
  plan_.mailbox = *mailbox;
  const auto inspected = inspect_delivery(s_, request.certificates);
  if (inspected.refusal) {
    if (outcome(inspected.refusal->code).reply != Reply::order) return fault(*inspected.refusal);
    return refuse_chunk(*inspected.refusal, key);
  }
  add_warnings(plan_, inspected.warnings);

  const auto& bytes = request.content.attachments.front().bytes;
  if (const auto ok = check_limits(*request.chunk, bytes.size(), *s_.policy.chunks); !ok)
    return refuse_chunk(ok.error(), key);

  mailbox::Chunk chunk;
  chunk.key = key;
  chunk.parties = parties(request, client);
  chunk.subject = request.subject;
  chunk.number = *request.chunk->number;
  chunk.total_numbers = *request.chunk->total_numbers;
  chunk.chunk_kib = request.chunk->size.value_or(0);
  chunk.total_kib = request.chunk->total_size.value_or(0);
  chunk.bytes = bytes;
  chunk.now = s_.now;
  if (plan_.turn) plan_.turn->result = std::string(kChunk);
  plan_.action = PutChunkIt{std::move(chunk)};
  return std::move(plan_);
}

Plan Decider::fetch_chunk(const Request& request, const crypto::Certificate& client) {
  if (!s_.policy.chunks)
    return fault_here(fail(ErrorCode::unsupported_message_type, "chunked transfer is off"));
  const auto size = *request.chunk->size;
  if (*request.chunk->number == 0)
    return refuse(fail(ErrorCode::chunk_number_wrong, "chunk number 0"));
  if (size == 0) return refuse(fail(ErrorCode::chunk_inconsistent, "chunks without size"));
  if (size > s_.policy.chunks->max_chunk) return refuse(fail(ErrorCode::chunk_too_large));
  if (size < s_.policy.chunks->min_chunk) return refuse(fail(ErrorCode::chunk_too_small));

  FetchChunkIt fetch;
  fetch.wanted.selection = fetch_selection(request, client);
  fetch.wanted.party = party_of(s_.directory, client);
  fetch.wanted.conversation_id = plan_.control.conversation_id.value_or("");
  fetch.wanted.number = *request.chunk->number;
  fetch.wanted.chunk_kib = size;
  if (!fetch.wanted.selection.mailboxes.empty())
    plan_.mailbox = fetch.wanted.selection.mailboxes.front();
  if (plan_.turn) plan_.turn->result = std::string(kChunk);
  plan_.action = std::move(fetch);
  return std::move(plan_);
}

void Decider::repeat_chunk(const Request& request, std::string_view result) {
  if (result.starts_with('!'))
    plan_.refusal = fail(error_named(result.substr(1)).value_or(ErrorCode::storage_failure),
                         "repeated request");
  if (frame_.type == MessageType::partial_store_delivery) {
    std::string_view id = request.message_id ? std::string_view(*request.message_id) : "";
    if (!id.ends_with(kPartialSuffix)) return;
    id.remove_suffix(kPartialSuffix.size());
    plan_.message_id = std::string(id);
    plan_.action = TellTransfer{{party_of(s_.directory, *plan_.encrypt_for), std::string(id)},
                                plan_.chunk_number};
    return;
  }
  if (plan_.refusal) return; // the totals that stood beside the refusal are not told again
  FetchChunkIt fetch;
  fetch.wanted.selection = fetch_selection(request, *plan_.encrypt_for);
  fetch.wanted.party = party_of(s_.directory, *plan_.encrypt_for);
  fetch.wanted.conversation_id = plan_.control.conversation_id.value_or("");
  fetch.wanted.number = plan_.chunk_number;
  fetch.wanted.chunk_kib = request.chunk->size.value_or(0);
  fetch.message_id = std::string(result);
  plan_.action = std::move(fetch);
}

// --- the delivery that a transfer makes up
// ---------------------------------------------------------

Plan Decider::reassembled(const mailbox::Transfer& transfer) {
  plan_.type = MessageType::store_delivery;
  if (message_.type() != "StoreDelivery")
    return fault(fail(ErrorCode::invalid_request, "the chunks make up no StoreDelivery"));
  // Unsigned is enough, because the chunks are signed; a signature that is there must be right
  // (Q13).
  const auto verified = message_.verified(false);
  if (!verified) return refuse(verified.error());
  if (s_.schemas)
    if (const auto valid = check_schema(message_, *s_.schemas); !valid) return fault(valid.error());
  auto request = decode_request(*verified, true);
  if (!request) return fault(request.error());
  if (request->message_id != transfer.key.message_id)
    return refuse(fail(ErrorCode::message_id_refused, "inner message id is not the transfer's"));
  const auto* cipher = request->certificate("CipherCertificateOriginator");
  if (!cipher) return fault(fail(ErrorCode::client_certificate_missing, "inner StoreDelivery"));
  auto inner = parties(*request, cipher->certificate);
  if (!request->certificate("SignatureCertificateOriginator")) {
    // An unsigned message need not name who would have signed it.
    const auto signer = transfer.parties.substr(transfer.parties.find(' ') + 1);
    inner.replace(inner.find(" - ") + 1, 1, signer.substr(0, signer.find(' ')));
  }
  if (inner != transfer.parties)
    return fault(
        fail(ErrorCode::invalid_request, "inner certificates are not those of the chunks"));
  return store(*request, cipher->certificate);
}

Reassembled decide_reassembled(const base::Result<seal::Message>& inner,
                               const mailbox::Transfer& transfer, const Situation& situation) {
  const auto refused = [](ErrorCode error) {
    const std::string_view code = outcome(error).osci_code;
    return Reassembled{std::nullopt, std::string(code.empty() ? "9811" : code), {}, {}, {}};
  };
  if (!inner)
    return refused(inner.error().code == ErrorCode::too_large ? ErrorCode::transfer_too_large
                                                              : inner.error().code);
  Plan plan = Decider(*inner, situation).reassembled(transfer);
  if (const auto* broken = std::get_if<Fault>(&plan.action)) return refused(broken->error.code);
  if (plan.refusal) return refused(plan.refusal->code);
  Reassembled out;
  out.delivery = std::move(std::get<StoreIt>(plan.action).delivery);
  // The sender is whoever sent the chunks: the same organisation by whatever certificate.
  out.delivery->originator = transfer.key.party;
  out.delivery->transfer = transfer.key;
  out.metadata_findings = std::move(plan.metadata_findings);
  out.routing = std::move(plan.routing);
  out.content_findings = std::move(plan.content_findings);
  out.delivery->transfer_result = {"0800"};
  for (const auto& code : out.delivery->feedback) out.delivery->transfer_result.push_back(code);
  return out;
}

// --- fetching
// --------------------------------------------------------------------------------------

void fetch_whole(Plan& plan, const std::optional<std::string>& message_id) {
  auto selection = std::get<FetchChunkIt>(plan.action).wanted.selection;
  if (message_id) {
    selection.rule = mailbox::FetchRule::message_id;
    selection.message_id = *message_id;
  }
  plan.type = MessageType::fetch_delivery;
  if (plan.turn) plan.turn->result = std::string(kFetched);
  plan.action = FetchIt{std::move(selection)};
}

base::Result<seal::Draft> freeze_answer(const Plan& plan, const mailbox::StoredDelivery& delivery,
                                        std::uint64_t waiting, const Identity& identity,
                                        base::RandomSource& random) {
  Answer answer;
  answer.to = MessageType::fetch_delivery;
  // All four parts must be there; nobody compares them (11.7). The real challenge stays in the
  // dialog.
  answer.control = plan.control;
  answer.control.challenge = base::base64_encode_line(random.bytes(kChallengeOctets));
  answer.feedback.push_back(feedback_entry("0801", plan.language));
  if (waiting > 0) answer.feedback.push_back(feedback_entry("3800", plan.language));
  answer.selection = plan.selection;
  answer.cards.push_back(delivery.card);
  auto content = content_of(delivery.context, delivery.parts);
  if (!content) return content.error();
  answer.content = std::move(*content);
  return encode_answer(answer, identity, true);
}

// --- answers
// ---------------------------------------------------------------------------------------

namespace {

Answer chunk_answer(const Plan& plan) {
  Answer out;
  out.to = plan.type;
  out.control = plan.control;
  out.selection = plan.selection;
  return out;
}

void refuse_answer(Answer& answer, ErrorCode error, const Plan& plan) {
  answer.feedback.insert(answer.feedback.begin(), feedback_entry(error, plan.language));
}

void report_transfer(const TransferReport& report, const Plan& plan, Answer& answer) {
  const auto* transfer = report.state.transfer ? &*report.state.transfer : nullptr;
  answer.chunk = information(plan, transfer);
  bool inside_warns = false, inside_fails = false;
  if (transfer) {
    answer.cards.push_back(transfer->receipt ? transfer->receipt->card : card_of(*transfer));
    for (const auto& code : transfer->result) {
      answer.inside_feedback.push_back(feedback_entry(code, plan.language));
      inside_fails = inside_fails || code.starts_with('9');
      inside_warns = inside_warns || code.starts_with('3');
    }
  }
  std::optional<ErrorCode> error;
  if (plan.refusal) error = plan.refusal->code;
  if (!error && report.refused && !report.same_as_last) error = report.refused->code;
  // An id that somebody's delivery has used up, and no transfer of this party.
  if (!error && !transfer && report.state.consumed) error = ErrorCode::message_id_refused;
  if (error) return refuse_answer(answer, *error, plan);

  const auto say = [&](std::string_view code) {
    answer.feedback.push_back(feedback_entry(code, plan.language));
  };
  // The overall result first (10.1); 11.6 for what is inside.
  say(inside_fails ? "9950" : plan.explicit_dialog ? "0801" : "0800");
  if (inside_warns && !inside_fails) say("3950");
  if (transfer && transfer->completed && transfer->result.empty())
    say(report.overdue ? "3951" : "3952");
  for (const auto& code : plan.warnings) say(code);
}

} // namespace

base::Result<Answer> conclude_chunk(const Plan& plan, const base::Result<StoreOutcome>& outcome) {
  Answer answer = chunk_answer(plan);
  if (outcome) {
    if (const auto* report = std::get_if<TransferReport>(&*outcome)) {
      report_transfer(*report, plan, answer);
      return answer;
    }
    if (const auto* chunk = std::get_if<mailbox::ChunkOut>(&*outcome)) {
      answer.message_id = chunk->message_id;
      answer.chunk.emplace();
      answer.chunk->number = chunk->number;
      answer.chunk->total_numbers = chunk->total_numbers;
      answer.chunk->total_size = (chunk->total + 1023) / 1024;
      if (chunk->refused) {
        refuse_answer(answer, chunk->refused->code, plan);
        return answer;
      }
      answer.feedback.push_back(feedback_entry("0801", plan.language));
      for (const auto& code : plan.warnings)
        answer.feedback.push_back(feedback_entry(code, plan.language));
      if (chunk->waiting > 0) answer.feedback.push_back(feedback_entry("3800", plan.language));
      answer.content.emplace();
      answer.content->attachments.push_back(seal::Attachment{
          std::string(kChunkContentId), "application/octet-stream", "", chunk->bytes, false});
      return answer;
    }
  }
  // Nothing is known of a transfer.
  const ErrorCode error = plan.refusal ? plan.refusal->code
                          : !outcome   ? outcome.error().code
                                       : ErrorCode::internal;
  if (plan.type == MessageType::partial_fetch_delivery)
    answer.to =
        MessageType::fetch_delivery; // the client takes either (11.7); this one needs no totals
  else
    answer.chunk = information(plan, nullptr);
  refuse_answer(answer, error, plan);
  return answer;
}

} // namespace osci
