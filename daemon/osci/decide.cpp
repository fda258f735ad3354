#include "osci/decide.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "osci/decider.h"
#include "osci/inspect.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

std::string new_challenge(base::RandomSource& random) {
  return base::base64_encode_line(random.bytes(kChallengeOctets));
}

bool needs_dialog(MessageType type) {
  return type == MessageType::exit_dialog || type == MessageType::fetch_delivery ||
         type == MessageType::fetch_process_card || type == MessageType::mediate_delivery ||
         type == MessageType::partial_fetch_delivery;
}

// Of what refused_result() wrote: the error's name, because several errors share a code and have
// texts of their own. Dialogs of earlier versions keep the code alone.
ErrorCode refused_error(std::string_view result) {
  const auto code = result.substr(kRefused.size(), 4);
  const auto name = result.substr(std::min(result.size(), kRefused.size() + 5));
  std::optional<ErrorCode> found;
  for (const auto& row : outcomes()) {
    if (row.reply != Reply::order || row.osci_code != code) continue;
    if (base::to_string(row.error) == name) return row.error;
    if (!found) found = row.error;
  }
  return found.value_or(ErrorCode::storage_failure);
}

} // namespace

bool may_act_for(const directory::Directory& directory, const crypto::Certificate& signer,
                 const crypto::Certificate& cipher) {
  const auto* owner = directory.owner_of(cipher.fingerprint());
  const auto* signing = directory.owner_of(signer.fingerprint());
  if (owner == signing) return true;
  if (signing || !owner) return false;
  return std::none_of(
      owner->certificates.begin(), owner->certificates.end(),
      [](const auto& listed) { return listed.use == directory::CertificateUse::signature; });
}

Plan fault(base::Error error, std::optional<std::string> close_dialog) {
  Plan plan;
  plan.action = Fault{std::move(error), std::move(close_dialog)};
  return plan;
}

void add_warnings(Plan& plan, const std::vector<std::string>& codes) {
  for (const auto& code : codes)
    if (std::find(plan.warnings.begin(), plan.warnings.end(), code) == plan.warnings.end())
      plan.warnings.push_back(code);
}

std::string refused_result(const base::Error& error) {
  return std::string(kRefused) + std::string(outcome(error.code).osci_code) + " " +
         std::string(base::to_string(error.code));
}

Plan Decider::decide() {
  Plan plan = decide_frame();
  // What no signature covers, the type in schemaLocation above all, could have been changed in a
  // CBC message; that it does not fit the rest is damage like any other (13.3).
  const auto& transport = message_.transport();
  if (auto* broken = std::get_if<Fault>(&plan.action);
      broken && transport.encrypted && !crypto::cipher_is_gcm(transport.cipher) &&
      (broken->error.code == ErrorCode::invalid_request ||
       broken->error.code == ErrorCode::malformed_message ||
       broken->error.code == ErrorCode::unsupported_message_type))
    broken->error.code = ErrorCode::undecryptable;
  // Whatever becomes of the request: the exceptions were made use of.
  plan.legacy = std::move(legacy_);
  if (plan.party.empty()) plan.party = std::move(legacy_party_);
  return plan;
}

Plan Decider::decide_frame() {
  auto frame = decode_frame(message_);
  if (const auto allowed = check_legacy(frame ? frame->client_cipher : std::nullopt); !allowed)
    return fault(allowed.error());
  if (!frame) {
    // A broken ControlBlock in an open dialog breaks its challenge chain (7.4).
    return fault(frame.error(), s_.dialog && frame.error().code == ErrorCode::control_block
                                    ? std::optional(s_.dialog->conversation_id)
                                    : std::nullopt);
  }
  frame_ = std::move(*frame);
  if (s_.policy.require_encryption && !message_.transport().encrypted)
    return fault(fail(ErrorCode::encryption_required, "request came unencrypted"));

  plan_.type = frame_.type;
  plan_.language = base::seeded_fault("language-ignored")
                       ? s_.policy.default_language
                       : choose_language(frame_.languages, s_.policy.default_language);
  plan_.control.response = frame_.control.challenge;
  plan_.control.sequence_number = frame_.control.sequence_number;
  plan_.short_iv = frame_.features.keys.contains("Support96Bit12ByteIV") ||
                   (message_.transport().encrypted && message_.transport().iv_length == 12);
  plan_.answer_encryption = answer_encryption(message_.transport(), frame_.features);

  if (frame_.control.conversation_id) return in_dialog();
  return implicit();
}

// An exception names originators, and only a signature proves who one is. Everybody else is told
// what any undecryptable message is told (13.3).
base::Result<> Decider::check_legacy(const std::optional<crypto::Certificate>& client_cipher) {
  const auto used = legacy_algorithms(message_.transport());
  if (used.empty()) return {};
  const auto verified = message_.verified(true);
  if (!verified) return fail(ErrorCode::undecryptable, "old algorithms need a valid signature");
  const auto& signer = *verified->signer();
  std::vector<std::string> names{signer.fingerprint()};
  if (const auto* owner = s_.directory.owner_of(signer.fingerprint())) names.push_back(owner->key);
  // An organisation may be known by its cipher certificate only; a dialog has been opened by the
  // one who signs it.
  if (s_.dialog && s_.dialog->signature_fingerprint == signer.fingerprint())
    names.push_back(s_.dialog->party);
  else if (client_cipher && may_act_for(s_.directory, signer, *client_cipher))
    names.push_back(party_of(s_.directory, *client_cipher));
  auto uses = legacy_uses(s_.policy.legacy, used, names, s_.now);
  if (!uses) return uses.error();
  legacy_ = std::move(*uses);
  legacy_party_ = names.size() > 1 ? names.back() : "cert:" + names.front();
  return {};
}

// --- with ConversationId
// ---------------------------------------------------------------------------

Plan Decider::in_dialog() {
  plan_.explicit_dialog = true;
  if (frame_.type == MessageType::init_dialog)
    return fault(fail(ErrorCode::control_block, "InitDialog inside a dialog"));
  if (!s_.dialog) return fault(fail(ErrorCode::control_block, "unknown dialog"));
  const mailbox::Dialog& dialog = *s_.dialog;
  plan_.control.conversation_id = dialog.conversation_id;
  plan_.party = dialog.party;
  plan_.short_iv = dialog.short_iv;
  const auto client = crypto::Certificate::from_der(dialog.cipher_certificate);
  if (!client) return fault(fail(ErrorCode::internal, "stored client certificate"));
  // All answers of a dialog are encrypted for the certificate of InitDialog (5.2, C8).
  plan_.encrypt_for = *client;

  // Clients re-send silently when a connection breaks: the last request again, octet for octet,
  // gets the same answer and takes no second turn.
  if (!dialog.last_request_digest.empty() && dialog.last_request_digest == message_.digest())
    return repeat(dialog);
  if (dialog.closed) return fault(fail(ErrorCode::control_block, "dialog is closed"));
  const bool in_sequence = frame_.control.sequence_number == dialog.next_sequence ||
                           base::seeded_fault("sequence-not-checked");
  const bool answered =
      base::constant_time_equal(frame_.control.response.value_or(""), dialog.challenge) ||
      base::seeded_fault("challenge-not-checked");
  if (!in_sequence || !answered)
    return fault(fail(ErrorCode::control_block, "SequenceNumber or Response does not fit"),
                 base::seeded_fault("dialog-stays-open") ? std::nullopt
                                                         : std::optional(dialog.conversation_id));

  mailbox::DialogTurn turn;
  turn.conversation_id = dialog.conversation_id;
  turn.sequence = dialog.next_sequence;
  turn.challenge = dialog.challenge;
  turn.next_challenge = new_challenge(s_.random);
  turn.close = frame_.type == MessageType::exit_dialog;
  turn.request_digest = message_.digest();
  turn.now = s_.now;
  plan_.turn = std::move(turn);
  if (frame_.type != MessageType::exit_dialog) plan_.control.challenge = plan_.turn->next_challenge;

  const auto verified =
      message_.verified(s_.policy.require_signature || !dialog.signature_fingerprint.empty());
  if (!verified) return refuse_unverified(verified.error());
  // The whole dialog is signed by whoever opened it (7.4, 13.4).
  if (!dialog.signature_fingerprint.empty() &&
      verified->signer()->fingerprint() != dialog.signature_fingerprint)
    return refuse_unverified(
        fail(ErrorCode::signature_wrong, "signer is not who opened the dialog"));
  auto request = read_request(*verified);
  if (!request) return fault(request.error(), dialog.conversation_id);
  const auto* cipher = request->certificate("CipherCertificateOriginator");
  if (cipher && !(cipher->certificate == *client))
    return fault(fail(ErrorCode::invalid_request, "cipher certificate is not that of the dialog"),
                 dialog.conversation_id);
  plan_.selection = request->selection;
  plan_.chunk_number = request->chunk ? request->chunk->number.value_or(0) : 0;
  return execute(*request, *client);
}

Plan Decider::refuse_unverified(base::Error error) {
  plan_.turn->acknowledge = false;
  return refuse(std::move(error));
}

Plan Decider::repeat(const mailbox::Dialog& dialog) {
  plan_.repeat = true;
  if (!dialog.closed) plan_.control.challenge = dialog.challenge;
  const std::string_view result = dialog.last_result;
  plan_.action = TakeTurn{};
  const auto verified = message_.verified(false);
  // The answer to a refused chunk also tells what has been received.
  const bool tells_more = frame_.type == MessageType::partial_store_delivery && verified;
  if (result.starts_with(kRefused) && !tells_more) {
    plan_.refusal = fail(refused_error(result), "repeated request");
    return std::move(plan_);
  }
  if (!verified) return fault(verified.error());
  auto request = decode_request(*verified, message_.transport().encrypted);
  if (!request) return fault(request.error());
  plan_.selection = request->selection;
  plan_.chunk_number = request->chunk ? request->chunk->number.value_or(0) : 0;
  if (result.starts_with(kRefused)) {
    plan_.refusal = fail(refused_error(result), "repeated request");
    repeat_chunk(*request, {});
  } else if (result.starts_with(kChunk)) {
    repeat_chunk(*request, result.substr(kChunk.size()));
  } else if (result.starts_with(kIssued)) {
    plan_.message_id = std::string(result.substr(kIssued.size()));
  } else if (result.starts_with(kFetched)) {
    plan_.type = MessageType::fetch_delivery; // also when the request was for a chunk
    mailbox::FetchSelection selection;
    selection.mailboxes = mailboxes_of(s_.directory, s_.policy, *plan_.encrypt_for);
    selection.rule = mailbox::FetchRule::message_id;
    selection.message_id = std::string(result.substr(kFetched.size()));
    if (selection.message_id.empty())
      plan_.refusal = fail(ErrorCode::no_delivery, "repeated request");
    else
      plan_.action = FetchIt{std::move(selection)};
  } else if (result == kCards) {
    list_cards(*request, *plan_.encrypt_for);
  } else if (result == kUnrecorded) {
    // The answer was in the cache and is gone; asking the recipient again could do the work twice.
    return fault(fail(ErrorCode::internal, "repeat of a request without protocol"),
                 dialog.conversation_id);
  } else if (result == kStored || result == kPushed) {
    return execute(*request, *plan_.encrypt_for);
  }
  return std::move(plan_);
}

// --- without ConversationId
// ------------------------------------------------------------------------

Plan Decider::implicit() {
  if (frame_.type == MessageType::init_dialog) plan_.explicit_dialog = true;
  // Digits that are no open dialog: the client demands them in implicit answers too (1.3, C4).
  plan_.control.conversation_id = s_.random.digits();
  // Of an answer to a type that belongs into a dialog the client demands a challenge, or it would
  // not read why it is refused (1.3).
  if (frame_.type == MessageType::init_dialog ||
      (needs_dialog(frame_.type) && frame_.type != MessageType::exit_dialog))
    plan_.control.challenge = new_challenge(s_.random);

  if (frame_.client_cipher) {
    // A clear request gets a clear answer, except InitDialog: only the holder of the private key
    // may learn the dialog's first challenge (1.8).
    if (message_.transport().encrypted || frame_.type == MessageType::init_dialog)
      plan_.encrypt_for = frame_.client_cipher;
  } else if (!needs_dialog(frame_.type)) {
    return fault(fail(ErrorCode::client_certificate_missing, std::string(message_.type())));
  }
  const auto verified =
      message_.verified(s_.policy.require_signature && !base::seeded_fault("accept-unsigned"));
  if (!verified) return refuse(verified.error());
  // Outside a dialog such a request violates its schema too, and 9802 says more about it.
  auto request = needs_dialog(frame_.type)
                     ? decode_request(*verified, message_.transport().encrypted)
                     : read_request(*verified);
  if (!request) return fault(request.error());
  plan_.selection = request->selection;
  plan_.chunk_number = request->chunk ? request->chunk->number.value_or(0) : 0;
  if (needs_dialog(frame_.type))
    return refuse(fail(ErrorCode::dialog_required, std::string(message_.type())));
  if (frame_.type != MessageType::init_dialog && frame_.control.sequence_number != 0u)
    return fault(fail(ErrorCode::control_block, "SequenceNumber of an implicit request is not 0"));

  const auto& client = *frame_.client_cipher;
  // Nothing may be carried out whose answer cannot be encrypted.
  if (plan_.encrypt_for && client.key_kind() != crypto::KeyKind::rsa)
    return fault(
        fail(ErrorCode::client_certificate_wrong, "client's cipher key is not an RSA key"));
  plan_.party = party_of(s_.directory, client);
  if (request->signer && !may_act_for(s_.directory, *request->signer, client))
    return refuse(fail(ErrorCode::signature_wrong, "signer does not belong to the originator"));
  const auto inspected = inspect_client(s_, &client, request->signer ? &*request->signer : nullptr);
  if (inspected.refusal) return refuse_inspected(*inspected.refusal);
  add_warnings(plan_, inspected.warnings);
  if (frame_.type != MessageType::init_dialog) return execute(*request, client);

  mailbox::Dialog dialog;
  dialog.conversation_id = *plan_.control.conversation_id;
  dialog.party = plan_.party;
  dialog.cipher_certificate = client.der();
  if (request->signer) dialog.signature_fingerprint = request->signer->fingerprint();
  dialog.encrypted = message_.transport().encrypted;
  dialog.short_iv = plan_.short_iv;
  dialog.challenge = *plan_.control.challenge;
  dialog.opened = dialog.last_activity = s_.now;
  plan_.action = OpenDialog{std::move(dialog)};
  return std::move(plan_);
}

base::Result<Request> Decider::read_request(const seal::Verified& verified) const {
  if (s_.schemas)
    if (const auto valid = check_schema(message_, *s_.schemas); !valid) return valid.error();
  return decode_request(verified, message_.transport().encrypted);
}

std::string party_of(const directory::Directory& directory,
                     const crypto::Certificate& certificate) {
  if (const auto* owner = directory.owner_of(certificate.fingerprint())) return owner->key;
  return "cert:" + certificate.fingerprint();
}

std::vector<std::string> mailboxes_of(const directory::Directory& directory, const Policy& policy,
                                      const crypto::Certificate& certificate) {
  if (const auto* owner = directory.owner_of(certificate.fingerprint())) {
    const auto* listed = directory.listed(certificate.fingerprint());
    if (!owner->mailbox.empty() && listed && listed->use == directory::CertificateUse::cipher)
      return {owner->mailbox};
    return {};
  }
  if (policy.create_mailboxes) return {"cert:" + certificate.fingerprint()};
  return {};
}

Plan decide(const seal::Message& message, const Situation& situation) {
  return Decider(message, situation).decide();
}

} // namespace osci
