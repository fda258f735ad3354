// Cryptographic time stamps (wire reference 8.4). The tokens are fetched before the transaction
// that they belong to: a promise to the sender depends on the store, never on a time stamping
// authority.
#include "authority/timestamps.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "osci/feedback.h"
#include "osci/push.h"
#include "osci/stamps.h"
#include <algorithm>

namespace gateway {

using base::ErrorCode;

namespace {

constexpr std::string_view kCryptographic = "cryptographic";

// What of a delivery a stamp is about: stored in a mailbox, or pushed with a record.
struct Ordered {
  const mailbox::NewDelivery* delivery = nullptr;
  std::string* creation_token = nullptr;
  std::vector<std::string>* warnings = nullptr;
  // Reception of a push is known only when the recipient has answered: it is stamped plainly.
  bool reception_offered = true;
};

Ordered ordered(osci::Plan& plan) {
  if (auto* store = std::get_if<osci::StoreIt>(&plan.action))
    return {&store->delivery, &store->delivery.creation_token, &store->delivery.feedback, true};
  if (auto* push = std::get_if<osci::PushIt>(&plan.action); push && push->order->record)
    return {&push->order->record->delivery, &push->creation_token, &push->further_warnings, false};
  return {};
}

std::string stamp_data(const osci::Plan& plan) {
  if (const auto* store = std::get_if<osci::StoreIt>(&plan.action))
    return osci::creation_stamp_data(store->delivery.message_id, store->delivery.parts);
  const auto& order = *std::get<osci::PushIt>(plan.action).order;
  return osci::creation_stamp_data(order.record->delivery.message_id, order.content);
}

} // namespace

asio::awaitable<void> Gateway::stamp_creation(std::shared_ptr<osci::Plan> plan) {
  const Ordered it = ordered(*plan);
  if (!it.delivery || plan->repeat) co_return;
  const bool creation = it.delivery->quality_of_creation == kCryptographic;
  const bool reception = it.delivery->quality_of_reception == kCryptographic &&
                         !(parts_.timestamps && it.reception_offered);
  if (!creation && !reception) co_return;

  bool stamped = !creation;
  if (creation && parts_.timestamps) {
    // Hashes the whole delivery.
    auto job = [plan] { return stamp_data(*plan); };
    const async::Place begun{async::Lane::brief, true};
    auto data = co_await parts_.cpu.run(std::move(job), begun);
    if (data) {
      std::string covered = std::move(*data);
      auto token = co_await parts_.timestamps->stamp(std::move(covered));
      if (token) {
        *it.creation_token = std::move(token->token);
        stamped = true;
      }
    }
  }
  if (stamped && !reception) co_return;
  if (settings_->refuse_plain_stamps) {
    const auto error = base::fail(ErrorCode::timestamp_unavailable, "no cryptographic time stamp");
    if (plan->turn)
      plan->turn->result = "refused:" + std::string(osci::outcome(error.code).osci_code);
    plan->action = osci::TakeTurn{};
    plan->refusal = error;
    co_return;
  }
  const std::string code(osci::kPlainInstead);
  if (std::find(it.warnings->begin(), it.warnings->end(), code) == it.warnings->end())
    it.warnings->push_back(code);
  base::log(base::LogLevel::warning, "timestamp.plain",
            "a cryptographic time stamp was ordered; the process card carries a plain one",
            {{"message_id", it.delivery->message_id}, {"mailbox", plan->mailbox}, {"code", code}});
}

asio::awaitable<void> Gateway::stamp_reception(std::shared_ptr<osci::Plan> plan) {
  if (!parts_.timestamps || !plan->turn || !plan->turn->acknowledge) co_return;
  auto job = [&store = parts_.store, conversation_id = plan->turn->conversation_id] {
    return store.awaiting_tokens(conversation_id);
  };
  const auto awaiting = co_await parts_.db.run(std::move(job));
  // The transaction will meet the same trouble and report it.
  if (!awaiting) co_return;
  for (const auto& message_id : *awaiting) {
    std::string covered = osci::reception_stamp_data(message_id);
    auto token = co_await parts_.timestamps->stamp(std::move(covered));
    if (token)
      plan->turn->reception_tokens.push_back({message_id, std::move(token->token)});
    else
      base::log(base::LogLevel::warning, "timestamp.plain",
                "a cryptographic time stamp was ordered; the process card carries a plain one",
                {{"message_id", message_id}});
  }
}

} // namespace gateway
