#include "osci/decide.h"
#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/inspect.h"
#include "seal/names.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kChallengeOctets = 18; // 144 bits; the reference client draws 80 (13.5)

std::string new_challenge(base::RandomSource& random) {
  return base::base64_encode_line(random.bytes(kChallengeOctets));
}

Plan fault(base::Error error, std::optional<std::string> close_dialog = std::nullopt) {
  Plan plan;
  plan.action = Fault{std::move(error), std::move(close_dialog)};
  return plan;
}

bool needs_dialog(MessageType type) {
  return type == MessageType::exit_dialog || type == MessageType::fetch_delivery ||
         type == MessageType::fetch_process_card || type == MessageType::mediate_delivery ||
         type == MessageType::partial_fetch_delivery;
}

void add_warnings(Plan& plan, const std::vector<std::string>& codes) {
  for (const auto& code : codes)
    if (std::find(plan.warnings.begin(), plan.warnings.end(), code) == plan.warnings.end())
      plan.warnings.push_back(code);
}

// The cipher certificate of a request is public; who signed must be who it speaks for (13.4). Known
// to the directory: both certificates belong to one organisation, unless that lists no signature
// certificate.
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

// Results that a dialog remembers, so that an identical repeat gets the same answer (last_result).
constexpr std::string_view kRefused = "refused:", kIssued = "issued:", kFetched = "fetched:",
                           kStored = "stored", kCards = "cards", kClosed = "closed";

// An order-level error as last_result; the code is enough to repeat the answer.
std::string refused_result(const base::Error& error) {
  return std::string(kRefused) + std::string(outcome(error.code).osci_code);
}

ErrorCode error_from_code(std::string_view osci_code) {
  for (const auto& row : outcomes())
    if (row.reply == Reply::order && row.osci_code == osci_code) return row.error;
  return ErrorCode::storage_failure;
}

// The stored form of a delivery as content of an answer.
base::Result<Content> content_of(const std::string& context,
                                 const std::vector<mailbox::Part>& parts) {
  Content out;
  auto read = seal::Context::deserialise(context);
  if (!read) return read.error();
  out.context = std::move(*read);
  for (const auto& part : parts) {
    switch (part.kind) {
    case mailbox::PartKind::content:
      out.body = part.bytes;
      break;
    case mailbox::PartKind::certificates:
      out.certificates = part.bytes;
      out.certificates_id = part.name;
      break;
    case mailbox::PartKind::custom_header:
      out.custom_headers.push_back(CustomHeader{part.name, part.bytes});
      break;
    case mailbox::PartKind::attachment:
      out.attachments.push_back(
          seal::Attachment{part.name, part.content_type, part.headers, part.bytes, false});
      break;
    }
  }
  return out;
}

// Would a recipient be able to open this delivery? What is accepted but cannot be read back would
// stand at the head of its mailbox for ever: Ids that our answers need too, a namespace context
// that changes the canonical form, more of something than a reader takes. So the answer to a fetch
// is composed once before the delivery is stored, read back, and compared block by block.
// Attachment octets do not matter here.
base::Result<> check_replay(const mailbox::NewDelivery& delivery,
                            const crypto::Certificate& stand_in, base::RandomSource& random) {
  const auto refuse = [](const std::string& why) {
    return fail(ErrorCode::invalid_request, "delivery could not be handed out: " + why);
  };
  std::vector<mailbox::Part> parts = delivery.parts;
  for (auto& part : parts)
    if (part.kind == mailbox::PartKind::attachment) part.bytes.clear();
  auto content = content_of(delivery.context, parts);
  if (!content) return refuse(content.error().detail);

  Answer answer;
  answer.to = MessageType::fetch_delivery;
  const std::string challenge = base::base64_encode_line(std::string(kChallengeOctets, 'c'));
  answer.control = {std::string(18, '9'), 4'000'000'000u, challenge, challenge};
  answer.feedback = {feedback_entry("0801", "de"), feedback_entry("3800", "de")};
  answer.selection.rule = Selection::Rule::message_ids;
  answer.selection.message_ids = {delivery.message_id};
  mailbox::ProcessCard card;
  card.message_id = delivery.message_id;
  card.creation = card.modification = delivery.creation;
  card.forwarding = delivery.creation;
  card.subject = delivery.subject;
  card.inspections = delivery.inspections;
  answer.cards.push_back(std::move(card));
  answer.content = std::move(*content);
  const seal::Draft draft = encode_answer(answer, Identity{stand_in}, true);
  const auto wire = seal::close(draft, std::nullopt, std::nullopt, random);
  if (!wire) return refuse(wire.error().detail);

  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  const auto read = seal::open(*wire, "", {}, options, random);
  if (!read) return refuse(read.error().detail);
  const auto view = read->unverified();
  if (view.blocks().size() != draft.blocks.size()) return refuse("header blocks");
  for (std::size_t i = 0; i < draft.blocks.size(); ++i)
    if (view.blocks()[i].id != draft.blocks[i].id ||
        view.blocks()[i].canonical != draft.blocks[i].canonical)
      return refuse("a header block would change");
  if (inside(view.body().canonical) != draft.body) return refuse("the content would change");
  // The signature block and the intermediary's certificate come on top.
  std::size_t certificates = 0;
  for (const auto& [id, owner] : view.ids()) {
    if (id == "suppliersignature") return refuse("Id used twice");
    certificates += id.starts_with("intermed_signature_");
  }
  if (certificates != 1) return refuse("Id used twice");
  if (const auto decoded = decode_answer(*read, false); !decoded)
    return refuse(decoded.error().detail);
  return {};
}

class Decider {
 public:
  Decider(const seal::Message& message, const Situation& situation)
      : message_(message), s_(situation) {}

  Plan decide() {
    auto frame = decode_frame(message_);
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
    plan_.language = choose_language(frame_.languages, s_.policy.default_language);
    plan_.control.response = frame_.control.challenge;
    plan_.control.sequence_number = frame_.control.sequence_number;
    plan_.short_iv = frame_.features.keys.contains("Support96Bit12ByteIV") ||
                     (message_.transport().encrypted && message_.transport().iv_length == 12);

    if (frame_.control.conversation_id) return in_dialog();
    return implicit();
  }

 private:
  // --- with ConversationId
  // ---------------------------------------------------------------------------

  Plan in_dialog() {
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
    if (frame_.control.sequence_number != dialog.next_sequence ||
        !base::constant_time_equal(frame_.control.response.value_or(""), dialog.challenge))
      return fault(fail(ErrorCode::control_block, "SequenceNumber or Response does not fit"),
                   dialog.conversation_id);

    mailbox::DialogTurn turn;
    turn.conversation_id = dialog.conversation_id;
    turn.sequence = dialog.next_sequence;
    turn.challenge = dialog.challenge;
    turn.next_challenge = new_challenge(s_.random);
    turn.close = frame_.type == MessageType::exit_dialog;
    turn.request_digest = message_.digest();
    turn.now = s_.now;
    plan_.turn = std::move(turn);
    if (frame_.type != MessageType::exit_dialog)
      plan_.control.challenge = plan_.turn->next_challenge;

    const auto verified =
        message_.verified(s_.policy.require_signature || !dialog.signature_fingerprint.empty());
    if (!verified) return refuse_unverified(verified.error());
    // The whole dialog is signed by whoever opened it (7.4, 13.4).
    if (!dialog.signature_fingerprint.empty() &&
        verified->signer()->fingerprint() != dialog.signature_fingerprint)
      return refuse_unverified(
          fail(ErrorCode::signature_wrong, "signer is not who opened the dialog"));
    auto request = decode_request(*verified, message_.transport().encrypted);
    if (!request) return fault(request.error(), dialog.conversation_id);
    const auto* cipher = request->certificate("CipherCertificateOriginator");
    if (cipher && !(cipher->certificate == *client))
      return fault(fail(ErrorCode::invalid_request, "cipher certificate is not that of the dialog"),
                   dialog.conversation_id);
    plan_.selection = request->selection;
    return execute(*request, *client);
  }

  // A wrong signature changes nothing but the challenge (S7). An ExitDialog ends the dialog all the
  // same: its answer carries no challenge to go on with.
  Plan refuse_unverified(base::Error error) {
    plan_.turn->acknowledge = false;
    return refuse(std::move(error));
  }

  Plan repeat(const mailbox::Dialog& dialog) {
    plan_.repeat = true;
    if (!dialog.closed) plan_.control.challenge = dialog.challenge;
    const std::string_view result = dialog.last_result;
    plan_.action = TakeTurn{};
    if (result.starts_with(kRefused)) {
      plan_.refusal = fail(error_from_code(result.substr(kRefused.size())), "repeated request");
      return std::move(plan_);
    }
    const auto verified = message_.verified(false);
    if (!verified) return fault(verified.error());
    auto request = decode_request(*verified, message_.transport().encrypted);
    if (!request) return fault(request.error());
    plan_.selection = request->selection;
    if (result.starts_with(kIssued)) {
      plan_.message_id = std::string(result.substr(kIssued.size()));
    } else if (result.starts_with(kFetched)) {
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
    } else if (result == kStored) {
      const auto turn = plan_.turn;
      return execute(*request, *plan_.encrypt_for);
    }
    return std::move(plan_);
  }

  // --- without ConversationId
  // ------------------------------------------------------------------------

  Plan implicit() {
    if (frame_.type == MessageType::init_dialog) plan_.explicit_dialog = true;
    // Digits that are no open dialog: the client demands them in implicit answers too (1.3, C4).
    plan_.control.conversation_id = s_.random.digits();
    if (frame_.type == MessageType::init_dialog) plan_.control.challenge = new_challenge(s_.random);

    if (frame_.client_cipher) {
      // A clear request gets a clear answer, except InitDialog: only the holder of the private key
      // may learn the dialog's first challenge (1.8).
      if (message_.transport().encrypted || frame_.type == MessageType::init_dialog)
        plan_.encrypt_for = frame_.client_cipher;
    } else if (!needs_dialog(frame_.type)) {
      return fault(fail(ErrorCode::client_certificate_missing, std::string(message_.type())));
    }
    const auto verified = message_.verified(s_.policy.require_signature);
    if (!verified) return refuse(verified.error());
    auto request = decode_request(*verified, message_.transport().encrypted);
    if (!request) return fault(request.error());
    plan_.selection = request->selection;
    if (needs_dialog(frame_.type))
      return refuse(fail(ErrorCode::dialog_required, std::string(message_.type())));
    if (frame_.type != MessageType::init_dialog && frame_.control.sequence_number != 0u)
      return fault(
          fail(ErrorCode::control_block, "SequenceNumber of an implicit request is not 0"));

    const auto& client = *frame_.client_cipher;
    // Nothing may be carried out whose answer cannot be encrypted.
    if (plan_.encrypt_for && client.key_kind() != crypto::KeyKind::rsa)
      return fault(
          fail(ErrorCode::client_certificate_wrong, "client's cipher key is not an RSA key"));
    plan_.party = party_of(s_.directory, client);
    if (request->signer && !may_act_for(s_.directory, *request->signer, client))
      return refuse(fail(ErrorCode::signature_wrong, "signer does not belong to the originator"));
    const auto inspected =
        inspect_client(s_, &client, request->signer ? &*request->signer : nullptr);
    if (inspected.refusal) {
      if (outcome(inspected.refusal->code).reply != Reply::order) return fault(*inspected.refusal);
      return refuse(*inspected.refusal);
    }
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

  // --- orders
  // ----------------------------------------------------------------------------------------

  Plan refuse(base::Error error) {
    if (plan_.turn) plan_.turn->result = refused_result(error);
    plan_.action = TakeTurn{};
    plan_.refusal = std::move(error);
    return std::move(plan_);
  }

  Plan execute(const Request& request, const crypto::Certificate& client) {
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
    case MessageType::forward_delivery:
    case MessageType::mediate_delivery:
    case MessageType::partial_store_delivery:
    case MessageType::partial_fetch_delivery:
    case MessageType::accept_delivery:
    case MessageType::process_delivery:
      return fault(fail(ErrorCode::unsupported_message_type, std::string(message_.type())),
                   plan_.turn ? std::optional(plan_.turn->conversation_id) : std::nullopt);
    }
    return std::move(plan_);
  }

  Plan store(const Request& request, const crypto::Certificate& client) {
    if (!request.message_id) return refuse(fail(ErrorCode::message_id_missing));
    if (const auto known = s_.ids.recognise(*request.message_id, s_.now); !known)
      return refuse(known.error());

    const auto& addressee = request.certificate("CipherCertificateAddressee")->certificate;
    std::string mailbox;
    if (const auto* owner = s_.directory.owner_of(addressee.fingerprint());
        owner && !owner->mailbox.empty())
      mailbox = owner->mailbox;
    else if (s_.policy.create_mailboxes)
      mailbox = "cert:" + addressee.fingerprint();
    else
      return refuse(fail(ErrorCode::unknown_addressee,
                         "no mailbox for certificate " + addressee.fingerprint()));
    plan_.mailbox = mailbox;

    auto inspected = inspect_delivery(s_, request.certificates);
    if (inspected.refusal) {
      if (outcome(inspected.refusal->code).reply != Reply::order) return fault(*inspected.refusal);
      return refuse(*inspected.refusal);
    }
    add_warnings(plan_, inspected.warnings);

    mailbox::NewDelivery delivery;
    delivery.message_id = *request.message_id;
    delivery.mailbox = std::move(mailbox);
    delivery.originator = party_of(s_.directory, client);
    delivery.request_digest = message_.digest();
    delivery.creation = s_.now;
    delivery.subject = request.subject;
    delivery.quality_of_reception = request.quality_of_reception;
    delivery.context = request.content.context.serialise();
    delivery.feedback = plan_.warnings;
    delivery.inspections = std::move(inspected.inspections);
    using mailbox::Part;
    using mailbox::PartKind;
    delivery.parts.push_back(Part{PartKind::content, "", "", "", request.content.body});
    delivery.parts.push_back(Part{PartKind::certificates, request.content.certificates_id, "", "",
                                  request.content.certificates});
    for (const auto& header : request.content.custom_headers)
      delivery.parts.push_back(Part{PartKind::custom_header, header.id, "", "", header.canonical});
    for (const auto& attachment : request.content.attachments)
      delivery.parts.push_back(Part{PartKind::attachment, attachment.content_id,
                                    attachment.content_type, attachment.headers, attachment.bytes});
    if (!plan_.repeat)
      if (const auto ok = check_replay(delivery, addressee, s_.random); !ok)
        return fault(ok.error(),
                     plan_.turn ? std::optional(plan_.turn->conversation_id) : std::nullopt);
    if (plan_.turn) plan_.turn->result = std::string(kStored);
    plan_.message_id = request.message_id;
    plan_.action =
        StoreIt{std::move(delivery), refused_result(fail(ErrorCode::message_id_refused))};
    return std::move(plan_);
  }

  void fetch(const Request& request, const crypto::Certificate& client) {
    mailbox::FetchSelection selection;
    selection.mailboxes = mailboxes_of(s_.directory, s_.policy, client);
    if (request.selection.rule == Selection::Rule::message_ids) {
      selection.rule = mailbox::FetchRule::message_id;
      selection.message_id = request.selection.message_ids.front();
    } else if (request.selection.rule == Selection::Rule::reception_of_delivery) {
      selection.rule = mailbox::FetchRule::since;
      selection.since = request.selection.since;
    }
    if (!selection.mailboxes.empty()) plan_.mailbox = selection.mailboxes.front();
    if (plan_.turn) plan_.turn->result = std::string(kFetched);
    plan_.action = FetchIt{std::move(selection)};
  }

  void list_cards(const Request& request, const crypto::Certificate& client) {
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

  const seal::Message& message_;
  const Situation& s_;
  ReplyFrame frame_;
  Plan plan_;
};

} // namespace

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

base::Result<Answer> conclude(const Plan& plan,
                              const base::Result<StoreOutcome>& outcome_of_store) {
  Answer answer;
  answer.to = plan.type;
  answer.control = plan.control;
  answer.selection = plan.selection;
  std::optional<base::Error> error = plan.refusal;
  if (!error && !outcome_of_store) error = outcome_of_store.error();
  std::vector<std::string> notes;

  if (!error) {
    const StoreOutcome& outcome = *outcome_of_store;
    if (const auto* receipt = std::get_if<mailbox::Receipt>(&outcome)) {
      answer.cards.push_back(receipt->card);
      // A repeat gets the receipt as it was given the first time.
      notes = receipt->feedback;
    } else if (const auto* fetched = std::get_if<mailbox::Fetched>(&outcome)) {
      if (!fetched->delivery) {
        error = fail(ErrorCode::no_delivery);
      } else {
        const auto& delivery = *fetched->delivery;
        answer.cards.push_back(delivery.card);
        auto content = content_of(delivery.context, delivery.parts);
        if (!content) return content.error();
        answer.content = std::move(*content);
        if (fetched->waiting > 0) notes.emplace_back("3800");
      }
    } else if (const auto* page = std::get_if<mailbox::CardPage>(&outcome)) {
      if (page->cards.empty()) error = fail(ErrorCode::no_process_card);
      answer.cards = page->cards;
      if (page->more) notes.emplace_back("3801");
    }
  }

  if (error) {
    answer.feedback.push_back(feedback_entry(
        outcome(error->code).osci_code.empty() ? "9811" : outcome(error->code).osci_code,
        plan.language));
    answer.cards.clear();
    answer.content.reset();
    return answer;
  }
  const bool open = plan.explicit_dialog && plan.type != MessageType::exit_dialog;
  answer.feedback.push_back(feedback_entry(open ? "0801" : "0800", plan.language));
  if (plan.type != MessageType::store_delivery)
    notes.insert(notes.begin(), plan.warnings.begin(), plan.warnings.end());
  for (const auto& code : notes) answer.feedback.push_back(feedback_entry(code, plan.language));
  if (plan.type == MessageType::get_message_id) answer.message_id = plan.message_id;
  return answer;
}

} // namespace osci
