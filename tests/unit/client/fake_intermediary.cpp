#include "fake_intermediary.h"
#include "base/encoding.h"
#include "osci/feedback.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace test {

using osci::MessageType;

client::Identity identity(const std::string& party) {
  return {support::key(party + "_cipher"), support::key(party + "_sign"), {}};
}

client::Intermediary pinned() {
  return {support::key("intermed_cipher").certificate, {support::key("intermed_sign").certificate}};
}

FakeIntermediary::Kept* FakeIntermediary::find(const std::string& id) {
  for (auto& one : kept)
    if (one.id == id) return &one;
  return nullptr;
}

FakeIntermediary::Kept* FakeIntermediary::selected(const osci::Selection& selection) {
  if (selection.rule == osci::Selection::Rule::message_ids)
    return find(selection.message_ids.at(0));
  for (auto& one : kept)
    if (!one.received) return &one;
  return nullptr;
}

mailbox::ProcessCard FakeIntermediary::card_of(const Kept& one) {
  mailbox::ProcessCard card;
  card.message_id = one.id;
  card.creation = base::parse_datetime(one.creation).value();
  card.modification = card.creation;
  card.subject = one.subject;
  if (one.fetched) card.forwarding = card.creation;
  if (one.received) card.reception = card.creation;
  return card;
}

base::Result<client::Reply> FakeIntermediary::post(const std::string& body) {
  bodies.push_back(body);
  if (broken_before > 0) {
    --broken_before;
    return base::fail(breakage, "broken on the way");
  }
  std::string reply;
  if (const auto known = answered_.find(body); known != answered_.end()) {
    reply = known->second;
  } else {
    auto fresh = answer(body);
    if (!fresh) return fresh.error();
    reply = answered_[body] = std::move(*fresh);
  }
  if (broken_after > 0) {
    --broken_after;
    return base::fail(breakage, "broken on the way back");
  }
  return client::Reply{reply, "text/xml"};
}

base::Result<std::string> FakeIntermediary::answer(const std::string& body) {
  if (!fault.empty()) return osci::write_fault(std::string_view(fault));
  seal::OpenOptions options;
  const auto message = seal::open(body, "", {support::key("intermed_cipher")}, options, random_);
  if (!message) return message.error();
  const auto verified = message->verified(true);
  if (!verified) return verified.error();
  const auto request = osci::decode_request(*verified, message->transport().encrypted);
  if (!request) return request.error();
  if (watch) watch(*request);
  requests.push_back(request->type);

  osci::Answer out;
  out.to = request->type;
  out.control.response = request->control.challenge;
  out.control.sequence_number = request->control.sequence_number;
  out.control.conversation_id = "1234567890";
  if (request->type == MessageType::init_dialog) {
    dialog_open = true;
    next_sequence_ = 0;
    awaiting_.clear(); // what the dialog before left open stays unreceived
  } else if (request->control.conversation_id) {
    if (!dialog_open || request->control.conversation_id != conversation_ ||
        request->control.response != challenge_ ||
        request->control.sequence_number != next_sequence_)
      return osci::write_fault(base::ErrorCode::control_block);
    ++next_sequence_;
    if (auto* delivery = find(awaiting_)) delivery->received = true;
    awaiting_.clear();
  }
  if (const auto* certificate = request->certificate("CipherCertificateOriginator"))
    client_ = certificate->certificate;
  if (request->type == MessageType::init_dialog || request->control.conversation_id) {
    out.control.conversation_id = conversation_;
    if (request->type != MessageType::exit_dialog) {
      challenge_ = base::base64_encode_line(random_.bytes(16));
      out.control.challenge = challenge_;
    }
  }
  if (!refuse.empty())
    out.feedback = {osci::feedback_entry(refuse, "de")};
  else
    carry_out(*request, out);
  if (change) change(out);

  const auto& signer = support::key(signature_key);
  std::optional<seal::SignWith> sign_with;
  if (sign)
    sign_with =
        seal::SignWith{signer, osci::certificate_id("intermed_signature", signer.certificate)};
  std::optional<seal::EncryptFor> encrypt_with;
  if (encrypt) {
    const auto& recipient = encrypt_for.empty() ? *client_ : support::key(encrypt_for).certificate;
    encrypt_with = seal::EncryptFor{.recipient = recipient, .key_transport = {}};
  }
  return seal::close(osci::encode_answer(out, {signer.certificate, chunks}, sign), sign_with,
                     encrypt_with, random_);
}

void FakeIntermediary::carry_out(const osci::Request& request, osci::Answer& out) {
  const bool dialog =
      request.control.conversation_id.has_value() || request.type == MessageType::init_dialog;
  out.feedback = {osci::feedback_entry(dialog ? "0801" : "0800", "de")};
  switch (request.type) {
  case MessageType::init_dialog:
    break;
  case MessageType::exit_dialog:
    out.feedback = {osci::feedback_entry("0800", "de")};
    dialog_open = false;
    break;
  case MessageType::get_message_id:
    out.message_id = "id-" + std::to_string(++ids_);
    break;
  case MessageType::store_delivery: {
    if (!request.message_id || find(*request.message_id)) {
      out.feedback = {osci::feedback_entry("9801", "de")};
      break;
    }
    Kept one;
    one.id = *request.message_id;
    one.content = request.content;
    one.certificates = request.certificates;
    one.subject = request.subject;
    one.creation = "2026-01-01T00:00:0" + std::to_string(kept.size() % 10) + "Z";
    kept.push_back(one);
    out.cards.push_back(card_of(one));
    break;
  }
  case MessageType::fetch_delivery: {
    out.selection = request.selection;
    Kept* found = selected(request.selection);
    if (!found) {
      out.feedback = {osci::feedback_entry("9803", "de")};
      break;
    }
    ++found->fetched;
    awaiting_ = found->id;
    out.content = found->content;
    out.cards.push_back(card_of(*found));
    break;
  }
  case MessageType::fetch_process_card: {
    out.selection = request.selection;
    for (const auto& one : kept) {
      const auto& ids = request.selection.message_ids;
      const bool wanted = request.selection.rule != osci::Selection::Rule::message_ids ||
                          std::find(ids.begin(), ids.end(), one.id) != ids.end();
      if (wanted && !(request.selection.no_reception && one.received))
        out.cards.push_back(card_of(one));
    }
    if (out.cards.empty()) out.feedback = {osci::feedback_entry("9804", "de")};
    break;
  }
  case MessageType::forward_delivery:
  case MessageType::mediate_delivery:
    push(request, out);
    break;
  default:
    if (more && more(request, out)) break;
    ADD_FAILURE() << "the fake does not serve " << osci::type_name(request.type);
  }
}

} // namespace test
