// Deliveries by push: the sender's side of ForwardDelivery and MediateDelivery.
#include "base/encoding.h"
#include "client/session.h"

namespace client {

using base::ErrorCode;
using base::fail;

base::Result<Receipt>
Session::forward(const Letter& letter, const std::string& receiver,
                 const std::function<void(const std::string&)>& on_message_id) {
  auto request = new_request(osci::MessageType::forward_delivery);
  request.receiver_uri = receiver;
  return submit(std::move(request), letter, on_message_id);
}

base::Result<Mediated>
Session::Dialog::mediate(const Letter& letter, const std::string& receiver, bool with_protocol,
                         const std::function<void(const std::string&)>& on_message_id) {
  auto request = session_->new_request(osci::MessageType::mediate_delivery);
  request.receiver_uri = receiver;
  if (const auto sealed = session_->seal_letter(letter, request); !sealed) return sealed.error();
  if (with_protocol) {
    auto issued = exchange(session_->new_request(osci::MessageType::get_message_id));
    if (!issued) return issued.error();
    if (!issued->answer.executed()) return refusal(issued->answer.feedback);
    if (!issued->answer.message_id || issued->answer.message_id->empty())
      return fail(ErrorCode::malformed_message, "answer without MessageId");
    request.message_id = std::move(issued->answer.message_id);
    // Subject, like the id, stands on the process card: without protocol there is none (15.17).
    request.subject = letter.subject;
    if (on_message_id) on_message_id(*request.message_id);
  }
  const std::string message_id = request.message_id.value_or("");
  auto answered = exchange(std::move(request));
  if (!answered) return answered.error();
  Mediated out{message_id, std::move(answered->answer), std::move(answered->message)};
  const auto* card = out.request_card();
  if (card && card->message_id != message_id) {
    drop();
    return fail(ErrorCode::control_block, "process card of another delivery");
  }
  if (out.reply_card() && (!card || out.reply_card()->message_id.empty())) {
    drop();
    return fail(ErrorCode::malformed_message, "process card of a reply without its request's");
  }
  return out;
}

const mailbox::ProcessCard* Mediated::request_card() const {
  return answer.cards.empty() ? nullptr : &answer.cards.front();
}

const mailbox::ProcessCard* Mediated::reply_card() const {
  return answer.reply_card ? &*answer.reply_card : nullptr;
}

base::Result<seal::OpenedContent> Mediated::open(const Identity& identity, const Options& options,
                                                 base::RandomSource& random) const {
  return open_delivered(message, answer.certificates, identity, options.content, random);
}

} // namespace client
