#include "cli/conformance/bench.h"
#include "base/encoding.h"
#include "cli/conformance/tamper.h"
#include "crypto/signature.h"
#include <algorithm>
#include <chrono>
#include <filesystem>

namespace cli::conformance {

using base::ErrorCode;
using osci::MessageType;

namespace {

std::string text_of(const base::Error& error) {
  return std::string(base::to_string(error.code)) +
         (error.detail.empty() ? "" : ": " + error.detail);
}

template <class T>
T taken(base::Result<T> result, const char* what) {
  if (!result) throw std::runtime_error(std::string(what) + ": " + text_of(result.error()));
  return std::move(*result);
}

} // namespace

bool Heard::says(std::string_view one) const {
  return std::any_of(answer.feedback.begin(), answer.feedback.end(),
                     [one](const auto& entry) { return entry.code == one; });
}

std::string Heard::codes() const {
  if (answer.feedback.empty()) return code;
  std::string out;
  for (const auto& entry : answer.feedback) out += (out.empty() ? "" : " ") + entry.code;
  return out;
}

// --- dialogs

Dialog::Dialog(Bench& bench, const Party& the_party) : party(the_party), bench_(bench) {
  const auto request = bench.request(party, MessageType::init_dialog);
  opened = bench.ask(party, request);
  expect(!opened.fault && opened.answer.executed(),
         "InitDialog of " + party.name + ": " + opened.code);
  conversation_id = opened.answer.control.conversation_id.value_or("");
  challenge = opened.answer.control.challenge.value_or("");
}

osci::Request Dialog::next(MessageType type) const {
  auto out = bench_.request(party, type);
  out.control.conversation_id = conversation_id;
  out.control.sequence_number = sequence;
  out.control.response = challenge;
  return out;
}

Heard Dialog::send(const osci::Request& request) {
  return exchange(bench_.seal(party, request), request);
}

Heard Dialog::exchange(const std::string& wire, const osci::Request& request) {
  open = false; // until the answer shows that the challenge chain goes on
  auto heard = bench_.send(wire, &party);
  if (heard.fault || !heard.message) return heard;
  bench_.check_echo(request, heard);
  if (request.type == MessageType::exit_dialog) return heard;
  expect(heard.answer.control.challenge.has_value(), "answer in a dialog without Challenge");
  challenge = *heard.answer.control.challenge;
  ++sequence;
  open = true;
  return heard;
}

Heard Dialog::fetch(const std::string& id) {
  return send(by_ids(next(MessageType::fetch_delivery), {id}));
}

Heard Dialog::exit() {
  return send(next(MessageType::exit_dialog));
}

// --- parties

Bench::Bench(Setup setup) : setup_(std::move(setup)), choice_(setup_.seed), http_(setup_.ca_file) {
  limits_.connect = std::min(limits_.connect, setup_.request_limit);
  limits_.total = setup_.request_limit;
}

const Party& Bench::other() const {
  if (!setup_.other) throw NotRun("needs --second-recipient");
  return *setup_.other;
}

PassiveRecipient& Bench::passive() {
  if (!setup_.listen)
    throw NotRun("needs --listen, and its address in the directory of the intermediary");
  if (!passive_)
    passive_ = std::make_unique<PassiveRecipient>(
        *setup_.listen, client::Identity{recipient().cipher, recipient().signature, {}},
        setup_.intermediary);
  return *passive_;
}

crypto::KeyPair Bench::material(const std::string& name) const {
  const std::filesystem::path folder = setup_.certificates;
  std::error_code ignored;
  for (const auto& [key, certificate] : {std::pair{name + ".p12", std::string()},
                                         std::pair{name + ".key.pem", name + ".cert.pem"}}) {
    if (setup_.certificates.empty() || !std::filesystem::exists(folder / key, ignored)) continue;
    return taken(crypto::load_key_pair((folder / key).string(),
                                       certificate.empty() ? "" : (folder / certificate).string(),
                                       setup_.certificates_pin),
                 name.c_str());
  }
  throw NotRun("needs " + name + " in --certificates");
}

Party Bench::material_party(const std::string& name) const {
  return {name, material(name + "-cipher"), material(name + "-signature")};
}

const Party& Bench::stranger() {
  if (!stranger_) {
    crypto::SelfSigned wanted{"OSCI conformance stranger", base::Instant{},
                              base::Instant{std::chrono::hours{24 * 365 * 70}}, 2048};
    wanted.not_before = base::parse_datetime("2020-01-01T00:00:00Z").value();
    auto cipher = taken(crypto::make_self_signed(wanted), "stranger");
    auto signature = taken(crypto::make_self_signed(wanted), "stranger");
    stranger_ = Party{"stranger", std::move(cipher), std::move(signature)};
  }
  return *stranger_;
}

std::size_t Bench::choose(std::size_t below) {
  return static_cast<std::size_t>(choice_() % below);
}

const osci::Features& Bench::features() {
  if (!features_)
    features_ = ask(sender(), request(sender(), MessageType::get_message_id)).answer.features;
  return *features_;
}

std::string Bench::base64_of(std::size_t octets) {
  return base::base64_encode_line(random_.bytes(octets));
}

// --- composing

osci::RoleCertificate role(const char* name, const char* id,
                           const crypto::Certificate& certificate) {
  return {name, osci::certificate_id(id, certificate), certificate};
}

osci::Request Bench::request(const Party& party, MessageType type) {
  osci::Request out;
  out.type = type;
  out.control.challenge = challenge();
  if (type != MessageType::init_dialog) out.control.sequence_number = 0;
  // Table of 4.9: who fetches is the originator of its own requests; only requests that may open a
  // conversation present the cipher certificate.
  if (type == MessageType::init_dialog || type == MessageType::get_message_id ||
      type == MessageType::store_delivery || type == MessageType::forward_delivery ||
      type == MessageType::mediate_delivery || type == MessageType::partial_store_delivery)
    out.certificates.push_back(
        role("CipherCertificateOriginator", "originator_cipher", party.cipher.certificate));
  out.certificates.push_back(
      role("SignatureCertificateOriginator", "originator_signature", party.signature.certificate));
  return out;
}

osci::Request Bench::delivery(const std::string& payload) {
  return delivery_of(sender(), fresh_id(), payload);
}

osci::Request Bench::delivery_of(const Party& from, const std::string& id,
                                 const std::string& payload) {
  auto out = request(from, MessageType::store_delivery);
  out.certificates.push_back(
      role("CipherCertificateAddressee", "addressee_cipher", recipient().cipher.certificate));
  out.message_id = id;
  out.subject = std::string(kSubject);
  out.content.body =
      "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
      "<osci:Base64Content Id=\"content0\">" +
      base::base64_encode(payload) +
      "</osci:Base64Content></osci:Content></osci:ContentContainer></osci:ContentPackage>";
  last_id_ = id;
  return out;
}

seal::SignWith Bench::signing(const Party& party) const {
  return {
      party.signature, osci::certificate_id("originator_signature", party.signature.certificate),
      crypto::default_signature_algorithm(party.signature.key), crypto::DigestAlgorithm::sha256};
}

seal::EncryptFor Bench::encrypting() const {
  return {setup_.intermediary.cipher, crypto::Cipher::aes256_gcm, 12, {}, false};
}

std::string Bench::seal(const Party& party, const osci::Request& request, bool sign, bool encrypt) {
  return close(osci::encode_request(request), sign ? std::optional(signing(party)) : std::nullopt,
               encrypt ? std::optional(encrypting()) : std::nullopt);
}

std::string Bench::close(const seal::Draft& draft, const std::optional<seal::SignWith>& sign,
                         const std::optional<seal::EncryptFor>& encrypt) {
  return taken(seal::close(draft, sign, encrypt, random_), "cannot compose");
}

std::string Bench::wrap(std::string_view plain) const {
  return wrapped(plain, encrypting());
}

// --- talking

Reply Bench::post(const std::string& wire, const std::string& content_type) const {
  const auto begin = std::chrono::steady_clock::now();
  auto answer = http_.post(setup_.url, wire, content_type, limits_);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (!answer) throw Unreachable(text_of(answer.error()));
  return {answer->status, std::move(answer->content_type), std::move(answer->body), took.count()};
}

Reply Bench::post_chunked(const std::string& wire) const {
  auto limits = limits_;
  limits.chunked = true;
  auto answer = http_.post(setup_.url, wire, "text/xml", limits);
  if (!answer) throw Unreachable(text_of(answer.error()));
  return {answer->status, std::move(answer->content_type), std::move(answer->body), 0};
}

Heard Bench::hear(Reply reply, const Party* reader) {
  Heard out;
  out.reply = std::move(reply);
  const bool soap = out.reply.body.find(":Envelope") != std::string::npos;
  if (out.reply.status / 100 != 2 && !(out.reply.status == 500 && soap)) {
    out.code = "HTTP " + std::to_string(out.reply.status);
    return out;
  }
  std::vector<crypto::KeyPair> keys;
  if (reader) {
    keys.push_back(reader->cipher);
  } else {
    keys = {sender().cipher, recipient().cipher};
    if (setup_.other) keys.push_back(setup_.other->cipher);
    if (stranger_) keys.push_back(stranger_->cipher);
  }
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  auto message = seal::open(out.reply.body, out.reply.content_type, keys, options, random_);
  if (!message) unmet("the answer cannot be read: " + text_of(message.error()));
  out.message = std::make_shared<const seal::Message>(std::move(*message));
  auto answer = osci::decode_answer(*out.message, true);
  if (!answer) {
    out.fault = answer.error().code == ErrorCode::peer_fault;
    if (!out.fault) unmet("the answer must not be believed: " + text_of(answer.error()));
    out.code = answer.error().detail.substr(0, 4);
    return out;
  }
  const auto& pinned = setup_.intermediary.signatures;
  if (!answer->signer || std::find(pinned.begin(), pinned.end(), *answer->signer) == pinned.end())
    unmet("the answer is signed with another certificate than the intermediary's");
  out.answer = std::move(*answer);
  out.code = out.answer.feedback.front().code;
  return out;
}

Heard Bench::send(const std::string& wire, const Party* reader) {
  return hear(post(wire), reader);
}

Heard Bench::ask(const Party& party, const osci::Request& request) {
  auto heard = send(seal(party, request), &party);
  check_echo(request, heard);
  return heard;
}

void Bench::check_echo(const osci::Request& request, const Heard& heard) const {
  if (heard.fault || !heard.message) return;
  const auto& sent = request.control;
  const auto& got = heard.answer.control;
  expect(heard.message->transport().encrypted, "clear answer to an encrypted request");
  expect(heard.answer.to == request.type, "answer of another type");
  expect(got.response == sent.challenge, "Response is not the Challenge of the request");
  expect(got.sequence_number == sent.sequence_number, "SequenceNumber is not that of the request");
  if (sent.conversation_id)
    expect(got.conversation_id == sent.conversation_id, "ConversationId of another dialog");
}

// --- routine

std::string Bench::fresh_id() {
  const auto heard = ask(sender(), request(sender(), MessageType::get_message_id));
  expect(!heard.fault && heard.answer.executed() && heard.answer.message_id.has_value(),
         "GetMessageId: " + heard.code);
  if (!features_) features_ = heard.answer.features;
  own_ids_.insert(*heard.answer.message_id);
  return *heard.answer.message_id;
}

Deposit Bench::deposit(const std::string& payload) {
  return store(delivery(payload));
}

Deposit Bench::store(const osci::Request& request) {
  auto heard = ask(sender(), request);
  expect(heard.code == "0800", "StoreDelivery: " + heard.codes());
  expect(heard.answer.cards.size() == 1, "receipt without process card");
  return {request.message_id.value_or(""), std::move(heard)};
}

Dialog& Bench::dialog(const Party& party) {
  dialogs_.push_back(std::make_unique<Dialog>(*this, party));
  return *dialogs_.back();
}

Dialog& Bench::auditor(const Party& party) {
  auto& found = auditors_[party.name];
  if (!found || !found->open) found = std::make_unique<Dialog>(*this, party);
  return *found;
}

Heard Bench::cards(const Party& party, const osci::Selection& selection) {
  const bool fresh = !auditors_.contains(party.name);
  for (int attempt = fresh ? 1 : 0;; ++attempt) {
    auto& dialog = auditor(party);
    auto request = dialog.next(MessageType::fetch_process_card);
    request.selection = selection;
    auto heard = dialog.send(request);
    // A dialog kept over many cases may have expired.
    if (heard.fault && attempt == 0) continue;
    expect(!heard.fault, "FetchProcessCard: " + heard.code);
    return heard;
  }
}

std::optional<mailbox::ProcessCard> Bench::card(const std::string& id, const Party& party) {
  osci::Selection selection;
  selection.rule = osci::Selection::Rule::message_ids;
  selection.message_ids = {id};
  auto heard = cards(party, selection);
  if (heard.code == "9804") return std::nullopt;
  expect(heard.answer.executed() && heard.answer.cards.size() == 1,
         "FetchProcessCard: " + heard.codes());
  expect(heard.answer.cards.front().message_id == id, "process card of another delivery");
  return heard.answer.cards.front();
}

void Bench::end_case() {
  for (auto& dialog : dialogs_) {
    if (!dialog->open) continue;
    try {
      dialog->exit();
    } catch (const std::exception&) {
      // The case has its verdict; what is left open expires at the intermediary.
    }
  }
  dialogs_.clear();
}

std::size_t Bench::clean_up() {
  std::size_t done = 0;
  const std::vector<std::string> all(own_ids_.begin(), own_ids_.end());
  for (std::size_t at = 0; at < all.size(); at += 50) {
    osci::Selection selection;
    selection.rule = osci::Selection::Rule::message_ids;
    selection.message_ids.assign(all.begin() + static_cast<std::ptrdiff_t>(at),
                                 all.begin() +
                                     static_cast<std::ptrdiff_t>(std::min(all.size(), at + 50)));
    const auto heard = cards(recipient(), selection);
    for (const auto& card : heard.answer.cards) {
      if (card.reception) continue;
      Dialog& reader =
          dialogs_.empty() || !dialogs_.back()->open ? dialog(recipient()) : *dialogs_.back();
      done += reader.fetch(card.message_id).answer.executed();
    }
  }
  end_case(); // acknowledges the last one
  for (auto& [name, dialog] : auditors_)
    if (dialog && dialog->open) dialog->exit();
  auditors_.clear();
  return done;
}

// --- what cases demand

void unmet(const std::string& what) {
  throw Unmet(what);
}

void expect(bool condition, const std::string& what) {
  if (!condition) unmet(what);
}

bool code_fits(std::string_view heard, std::string_view codes) {
  for (std::size_t at = 0; at <= codes.size();) {
    auto end = codes.find(" or ", at);
    if (end == std::string_view::npos) end = codes.size();
    const auto one = codes.substr(at, end - at);
    if (one == heard) return true;
    if (one.ends_with("xx") && heard.size() == one.size() &&
        heard.starts_with(one.substr(0, one.size() - 2)))
      return true;
    at = end + 4;
  }
  return false;
}

std::string expect_code(const Heard& heard, std::string_view codes) {
  if (!code_fits(heard.code, codes)) unmet("answered with " + heard.codes());
  return heard.codes();
}

osci::Request by_ids(osci::Request request, std::vector<std::string> ids) {
  request.selection.rule = osci::Selection::Rule::message_ids;
  request.selection.message_ids = std::move(ids);
  return request;
}

osci::Request since(osci::Request request, osci::Selection::Rule rule, base::Instant at) {
  request.selection.rule = rule;
  request.selection.since = at;
  request.selection.since_text = base::format_datetime(at);
  return request;
}

void add_messages(std::vector<Case>& out, const char* group, const std::vector<Message>& table) {
  for (const auto& one : table) {
    const std::string codes = one.codes;
    out.push_back(
        {group, one.name, one.section, one.title, codes, [codes, wire = one.wire](Bench& b) {
           const auto heard = b.send(wire(b));
           const auto observed = expect_code(heard, codes);
           // A refused message leaves nothing behind.
           if (!b.last_id().empty() && !heard.answer.executed())
             expect(!b.card(b.last_id()), observed + ", but the delivery was stored");
           return observed;
         }});
  }
}

} // namespace cli::conformance
