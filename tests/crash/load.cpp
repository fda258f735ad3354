#include "crash/load.h"
#include "base/encoding.h"
#include "crash/push_load.h"
#include "support/chunks.h"
#include <algorithm>
#include <memory>

namespace crash {
namespace {

using namespace std::chrono_literals;
using osci::MessageType;
using Patience = Client::Patience;

// The daemon's own clock, so that instants can be compared.
base::Instant now() {
  return base::SystemClock().now();
}

// What makes up one StoreDelivery: fixed once, because a repeat must have the same bytes.
osci::Request compose(Client& client, const std::string& message_id, Payload payload) {
  const auto size =
      payload == Payload::large ? client.draw(20'000, 150'000) : client.draw(1, 9'000);
  auto request = client.party.delivery(message_id, message_id + client.octets(size),
                                       client.chance(0.6) ? "recipient" : "other");
  request.subject = "Antrag " + message_id.substr(message_id.size() - 6);
  if (payload == Payload::attachments) attach(client, request);
  return request;
}

std::string addressee_of(const osci::Request& request) {
  const auto& certificate = request.certificate("CipherCertificateAddressee")->certificate;
  return certificate == support::key("recipient_cipher").certificate ? "recipient" : "other";
}

// After a receipt: the same bytes again must get the same receipt, other bytes under the same id
// must be refused.
void test_the_id(Client& client, const std::string& message_id, const std::string& bytes) {
  if (client.chance(0.15)) {
    if (const auto again = client.exchange(bytes, Patience::for_ever)) {
      if (again->executed() && again->cards.size() == 1)
        client.field.ledger.repeat(message_id, again->cards.front());
      else
        client.field.ledger.unexpected("repeat of " + message_id + ": " + first_code(*again));
    }
  }
  if (client.chance(0.1)) {
    const auto other = client.party.seal(client.party.delivery(message_id, client.octets(100)));
    if (const auto refused = client.exchange(other, Patience::for_ever)) {
      if (first_code(*refused) == "9801")
        client.field.ledger.reuse_refused();
      else
        client.field.ledger.unexpected("second use of " + message_id + ": " + first_code(*refused));
    }
  }
}

void note_receipt(Client& client, const std::string& message_id, const osci::Answer& answer) {
  if (answer.executed() && answer.cards.size() == 1 &&
      answer.cards.front().message_id == message_id)
    client.field.ledger.receipt(message_id, answer.cards.front());
  else
    client.field.ledger.unexpected("StoreDelivery " + message_id + ": " + first_code(answer));
}

void note_sent(Client& client, const std::string& message_id, const osci::Request& request) {
  client.field.ledger.sent(message_id, {addressee_of(request), request.subject.value_or(""),
                                        content_digest(request.content), std::nullopt});
}

Patience some_patience(Client& client) {
  return client.chance(0.6) ? Patience::for_ever : Patience::once_more;
}

// GetMessageId and StoreDelivery in one explicit dialog: order and challenge in one transaction.
void store_in_dialog(Client& client, Payload payload) {
  Conversation conversation(client);
  if (!conversation.open()) return;
  for (auto left = client.draw(1, 3); left > 0; --left) {
    const auto issued =
        conversation.send(client.party.request(MessageType::get_message_id), Patience::for_ever);
    if (!issued || !issued->message_id) return;
    const auto& message_id = *issued->message_id;
    const auto request = compose(client, message_id, payload);
    note_sent(client, message_id, request);
    const auto stored = conversation.send(request, some_patience(client));
    if (!stored) return;
    note_receipt(client, message_id, *stored);
  }
  if (client.chance(0.7))
    conversation.send(client.party.request(MessageType::exit_dialog), Patience::once_more);
}

// A delivery by chunks, in any order, in one dialog.
void store_by_chunks(Client& client) {
  Conversation conversation(client);
  if (!conversation.open()) return;
  const auto issued =
      conversation.send(client.party.request(MessageType::get_message_id), Patience::for_ever);
  if (!issued || !issued->message_id) return;
  const auto& message_id = *issued->message_id;
  const auto request = compose(client, message_id, Payload::large);
  support::ChunkedStore store(client.party, message_id, client.party.seal(request, false, false),
                              64);
  store.addressee = addressee_of(request);
  note_sent(client, message_id, request);
  std::vector<std::uint32_t> order(store.count());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i + 1;
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[client.draw(0, i - 1)]);
  const auto blank = [&] { return client.party.request(MessageType::partial_store_delivery); };
  std::optional<osci::Answer> answer;
  for (const auto number : order) {
    answer = conversation.send(store.filled(blank(), number), some_patience(client));
    if (!answer) return; // the transfer stays unfinished, or its result unseen
    if (!answer->executed()) {
      client.field.ledger.unexpected("chunk of " + message_id + ": " + first_code(*answer));
      return;
    }
  }
  while (answer->inside_feedback.empty()) {
    answer = conversation.send(store.information(blank()), Patience::for_ever);
    if (!answer) return;
  }
  if (answer->inside_feedback.front().code == "0800")
    note_receipt(client, message_id, *answer);
  else
    client.field.ledger.unexpected("chunked " + message_id + ": " +
                                   answer->inside_feedback.front().code);
  if (client.chance(0.7))
    conversation.send(client.party.request(MessageType::exit_dialog), Patience::once_more);
}

// The next delivery, in one answer or by chunks. nullopt: the dialog is over for this client.
std::optional<osci::Answer> fetch_one(Client& client, Conversation& conversation, Patience patience,
                                      bool whole_only) {
  if (whole_only || client.chance(0.6))
    return conversation.send(client.party.request(MessageType::fetch_delivery), patience);
  std::string whole;
  std::vector<std::uint32_t> have;
  for (std::uint32_t number = 1, total = 1; number <= total; ++number) {
    auto request = client.party.request(MessageType::partial_fetch_delivery);
    request.chunk = osci::ChunkInformation{number, 16, have, std::nullopt, std::nullopt};
    const auto answer = conversation.send(request, patience);
    if (!answer || !answer->executed() || answer->to != MessageType::partial_fetch_delivery)
      return answer;
    whole += answer->content->attachments.at(0).bytes;
    total = answer->chunk->total_numbers.value();
    have.push_back(number);
  }
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  auto message = seal::open(whole, "", {}, options, client.party.random);
  auto answer = message ? osci::decode_answer(*message, true) : message.error();
  if (answer) return std::move(*answer);
  client.field.ledger.unexpected("chunks make up no answer: " + answer.error().detail);
  return std::nullopt;
}

} // namespace

void attach(Client& client, osci::Request& request) {
  const auto count = client.draw(1, 3);
  for (std::uint64_t i = 0; i < count; ++i)
    request.content.attachments.push_back({"anlage-" + std::to_string(i), "application/pdf", "",
                                           client.octets(client.draw(1, 60'000)),
                                           client.chance(0.5)});
}

std::string first_code(const osci::Answer& answer) {
  return answer.feedback.empty() ? "none" : answer.feedback.front().code;
}

Client::Client(Field& the_field, const std::string& name, std::uint64_t seed)
    : field(the_field), party(name), random_(seed) {}

bool Client::chance(double probability) {
  return std::bernoulli_distribution(probability)(random_);
}

std::uint64_t Client::draw(std::uint64_t from, std::uint64_t to) {
  return std::uniform_int_distribution<std::uint64_t>(from, to)(random_);
}

std::string Client::octets(std::size_t size) {
  std::string out(size, '\0');
  for (char& one : out) one = static_cast<char>(random_() & 0xff);
  return out;
}

std::optional<osci::Answer> Client::exchange(const std::string& bytes, Patience patience) {
  http::ClientLimits limits;
  limits.connect = 2s;
  limits.total = 60s;
  interrupted_ = false;
  for (int failures = 0;;) {
    const auto answer = http_.post(field.url, bytes, "text/xml; charset=UTF-8", limits);
    if (answer && answer->status == 200) {
      if (support::is_fault(answer->body)) {
        field.ledger.unexpected("fault " + support::code_of(party, answer->body));
        return std::nullopt;
      }
      try {
        return party.open(answer->body);
      } catch (const std::exception& error) {
        field.ledger.unexpected(std::string("unreadable answer: ") + error.what());
        return std::nullopt;
      }
    }
    if (answer && answer->status != 503) {
      field.ledger.unexpected("HTTP status " + std::to_string(answer->status));
      return std::nullopt;
    }
    if (answer) { // a clean refusal: nothing has happened, come again
      std::this_thread::sleep_for(50ms);
      continue;
    }
    if (answer.error().code != base::ErrorCode::network) {
      field.ledger.unexpected("no answer: " + answer.error().detail);
      return std::nullopt;
    }
    interrupted_ = true;
    if (++failures == 1) {
      field.ledger.broken();
      continue; // at once and unasked
    }
    if (patience == Patience::once_more) return std::nullopt;
    std::this_thread::sleep_for(20ms);
  }
}

bool Conversation::open() {
  const auto request = client_.party.request(MessageType::init_dialog);
  const auto answer = client_.exchange(client_.party.seal(request), Patience::for_ever);
  if (!answer) return false;
  if (!answer->executed() || !answer->control.conversation_id || !answer->control.challenge) {
    client_.field.ledger.unexpected("InitDialog: " + first_code(*answer));
    return false;
  }
  id_ = *answer->control.conversation_id;
  challenge_ = *answer->control.challenge;
  return true;
}

std::optional<osci::Answer> Conversation::send(osci::Request request, Patience patience) {
  request.control.conversation_id = id_;
  request.control.sequence_number = sequence_;
  request.control.response = challenge_;
  latest_ = client_.party.seal(request);
  auto answer = client_.exchange(latest_, patience);
  if (!answer) return std::nullopt;
  if (answer->control.response != request.control.challenge) {
    client_.field.ledger.unexpected("answer to another request");
    return std::nullopt;
  }
  challenge_ = answer->control.challenge.value_or("");
  ++sequence_;
  return answer;
}

std::optional<osci::Answer> Conversation::again(Client::Patience patience) {
  return client_.exchange(latest_, patience);
}

std::optional<std::string> store_one(Client& client, Payload payload) {
  const auto ask = client.party.request(MessageType::get_message_id);
  const auto issued = client.exchange(client.party.seal(ask), Patience::for_ever);
  if (!issued) return std::nullopt;
  if (!issued->message_id) {
    client.field.ledger.unexpected("GetMessageId: " + first_code(*issued));
    return std::nullopt;
  }
  const auto& message_id = *issued->message_id;
  const auto request = compose(client, message_id, payload);
  const auto bytes = client.party.seal(request);
  note_sent(client, message_id, request);
  const auto stored = client.exchange(bytes, some_patience(client));
  if (!stored) return std::nullopt;
  note_receipt(client, message_id, *stored);
  test_the_id(client, message_id, bytes);
  return message_id;
}

std::size_t fetch_some(Client& client, std::size_t at_most, bool careless) {
  Ledger& ledger = client.field.ledger;
  Conversation conversation(client);
  if (!conversation.open()) return 0;
  std::optional<std::size_t> awaiting; // handed out, and not yet acknowledged
  std::string awaiting_id;
  const auto answered = [&] {
    if (awaiting) ledger.acknowledged(*awaiting, now());
    awaiting.reset();
  };
  std::size_t fetched = 0;
  while (fetched < at_most) {
    const Tick begun = ledger.tick();
    const auto answer = fetch_one(client, conversation,
                                  careless ? some_patience(client) : Patience::for_ever, !careless);
    if (!answer) return fetched;
    answered();
    if (!answer->executed()) {
      if (first_code(*answer) != "9803") ledger.unexpected("FetchDelivery: " + first_code(*answer));
      break;
    }
    if (!answer->content || answer->cards.size() != 1) {
      ledger.unexpected("FetchDelivery without delivery or process card");
      return fetched;
    }
    ++fetched;
    Handed handed;
    handed.message_id = awaiting_id = answer->cards.front().message_id;
    handed.mailbox = client.party.name;
    handed.digest = content_digest(*answer->content);
    handed.card = answer->cards.front();
    handed.begun = begun;
    awaiting = ledger.handed(std::move(handed));
  }
  // Dies, as it were, with the delivery in hand.
  if (careless && client.chance(0.25)) return fetched;
  if (awaiting && client.chance(0.3)) {
    auto request = client.party.request(MessageType::fetch_process_card);
    request.selection.rule = osci::Selection::Rule::message_ids;
    request.selection.message_ids = {awaiting_id};
    const auto answer = conversation.send(request, Patience::for_ever);
    if (!answer) return fetched;
    answered();
    if (answer->cards.size() != 1 || !answer->cards.front().reception)
      ledger.unexpected("process card of " + awaiting_id + " without Reception");
  }
  if (conversation.send(client.party.request(MessageType::exit_dialog), Patience::for_ever))
    answered();
  return fetched;
}

std::map<std::string, mailbox::ProcessCard> read_cards(Client& client) {
  std::vector<std::string> ids;
  const History history = client.field.ledger.copy();
  for (const auto& [id, sent] : history.sent) ids.push_back(id);
  for (const auto& [id, sent] : history.pushes) ids.push_back(id);
  for (const auto& one : history.received)
    if (!one.reply_id.empty()) ids.push_back(one.reply_id);
  std::map<std::string, mailbox::ProcessCard> out;
  Conversation conversation(client);
  if (!conversation.open()) return out;
  constexpr std::size_t page = 50;
  for (std::size_t at = 0; at < ids.size(); at += page) {
    auto request = client.party.request(MessageType::fetch_process_card);
    request.selection.rule = osci::Selection::Rule::message_ids;
    for (std::size_t i = at; i < std::min(at + page, ids.size()); ++i)
      request.selection.message_ids.push_back(ids[i]);
    const auto answer = conversation.send(request, Patience::for_ever);
    if (!answer) return out;
    for (const auto& card : answer->cards)
      if (!out.emplace(card.message_id, card).second)
        client.field.ledger.unexpected("two process cards of " + card.message_id);
  }
  conversation.send(client.party.request(MessageType::exit_dialog), Patience::for_ever);
  return out;
}

Load::Load(Field& field, std::uint64_t seed) : field_(field) {
  const auto client = [&](const std::string& party) {
    return std::make_shared<Client>(field, party, ++seed * 0x9e3779b97f4a7c15U);
  };
  for (const auto payload : {Payload::small, Payload::large, Payload::attachments})
    run([sender = client("sender"), payload] { store_one(*sender, payload); });
  run([sender = client("sender")] {
    store_in_dialog(*sender, sender->chance(0.5) ? Payload::small : Payload::attachments);
  });
  run([sender = client("sender")] { store_by_chunks(*sender); });
  for (const auto type : {MessageType::forward_delivery, MessageType::mediate_delivery})
    run([sender = client("sender"), type] { push_one(*sender, type); });
  // Two readers of one mailbox, as a Fachverfahren on two machines.
  for (const auto* party : {"recipient", "recipient", "other"})
    run([reader = client(party)] {
      if (fetch_some(*reader, reader->draw(1, 6), true) == 0) std::this_thread::sleep_for(30ms);
    });
}

void Load::run(const std::function<void()>& step) {
  threads_.emplace_back([this, step] {
    while (!field_.stopping) {
      try {
        step();
      } catch (const std::exception& error) {
        field_.ledger.unexpected(std::string("client: ") + error.what());
        return;
      }
    }
  });
}

void Load::stop() {
  field_.stopping = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

} // namespace crash
