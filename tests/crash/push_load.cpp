#include "crash/push_load.h"
#include <memory>

namespace crash {
namespace {

using osci::MessageType;
using Patience = Client::Patience;

PushTold told(const osci::Answer& answer) {
  PushTold out;
  out.code = first_code(answer);
  if (answer.cards.size() == 1) out.card = answer.cards.front();
  if (answer.content) out.reply_digest = content_digest(*answer.content);
  out.reply_card = answer.reply_card;
  return out;
}

// Notes the answer to the request that was sent last. False: it is none that a push may have.
bool note_told(Client& client, const std::string& message_id, const osci::Answer& answer) {
  auto& ledger = client.field.ledger;
  auto what = told(answer);
  // The recipient refused; the daemon died with the outcome open.
  if (!what.positive() && what.code != "9805" && what.code != "9810") {
    ledger.unexpected("push of " + message_id + ": " + what.code);
    return false;
  }
  if (!what.card || what.card->message_id != message_id)
    ledger.unexpected("push of " + message_id + " was answered without its card");
  ledger.push_told(message_id, std::move(what), client.interrupted());
  return true;
}

osci::Request compose(Client& client, MessageType type, const std::string& message_id) {
  auto out = client.party.pushed(type, message_id, client.field.recipient_url,
                                 message_id + client.octets(client.draw(1, 30'000)));
  out.subject = "Anfrage " + message_id.substr(message_id.size() - 6);
  if (client.chance(0.3)) attach(client, out);
  client.field.ledger.push_sent(message_id,
                                {type == MessageType::mediate_delivery, *out.subject,
                                 content_digest(out.content), std::nullopt, false, false});
  return out;
}

// An outcome holds once and for all, whatever dies in between.
void note_repeat(Client& client, const std::string& message_id,
                 const std::optional<osci::Answer>& again) {
  if (again) client.field.ledger.push_told_again(message_id, told(*again));
}

Patience some_patience(Client& client) {
  return client.chance(0.85) ? Patience::for_ever : Patience::once_more;
}

void push_alone(Client& client, MessageType type) {
  const auto ask = client.party.request(MessageType::get_message_id);
  const auto issued = client.exchange(client.party.seal(ask), Patience::for_ever);
  if (!issued || !issued->message_id) return;
  const auto& message_id = *issued->message_id;
  const auto bytes = client.party.seal(compose(client, type, message_id));
  const auto answer = client.exchange(bytes, some_patience(client));
  if (!answer || !note_told(client, message_id, *answer)) return;
  if (client.chance(0.25))
    note_repeat(client, message_id, client.exchange(bytes, Patience::for_ever));
}

void push_in_dialog(Client& client, MessageType type) {
  Conversation conversation(client);
  if (!conversation.open()) return;
  for (auto left = client.draw(1, 2); left > 0; --left) {
    const auto issued =
        conversation.send(client.party.request(MessageType::get_message_id), Patience::for_ever);
    if (!issued || !issued->message_id) return;
    const auto& message_id = *issued->message_id;
    const auto request = compose(client, type, message_id);
    const auto answer = conversation.send(request, some_patience(client));
    if (!answer || !note_told(client, message_id, *answer)) return;
    if (client.chance(0.25))
      note_repeat(client, message_id, conversation.again(Patience::for_ever));
    if (client.chance(0.3)) return; // leaves the reply unacknowledged
    const bool last = left == 1;
    const auto next =
        client.party.request(last ? MessageType::exit_dialog : MessageType::fetch_process_card);
    if (!conversation.send(next, Patience::for_ever)) return;
    client.field.ledger.reply_acknowledged(message_id);
  }
}

} // namespace

void push_one(Client& client, MessageType type) {
  if (type == MessageType::mediate_delivery || client.chance(0.4))
    push_in_dialog(client, type);
  else
    push_alone(client, type);
}

} // namespace crash
