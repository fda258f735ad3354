// Cryptographic time stamps (wire reference 8.4). The tokens are fetched before the transaction
// that they belong to: a promise to the sender depends on the store, never on a time stamping
// authority.
#include "authority/timestamps.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "osci/feedback.h"
#include "osci/stamps.h"
#include <algorithm>

namespace gateway {

using base::ErrorCode;

namespace {

constexpr std::string_view kCryptographic = "cryptographic";

void plain_instead(mailbox::NewDelivery& delivery) {
  const std::string code(osci::kPlainInstead);
  auto& feedback = delivery.feedback;
  if (std::find(feedback.begin(), feedback.end(), code) == feedback.end()) feedback.push_back(code);
}

} // namespace

asio::awaitable<void> Gateway::stamp_creation(std::shared_ptr<osci::Plan> plan) {
  auto* store = std::get_if<osci::StoreIt>(&plan->action);
  if (!store || plan->repeat) co_return;
  auto& delivery = store->delivery;
  const bool creation = delivery.quality_of_creation == kCryptographic;
  const bool reception = delivery.quality_of_reception == kCryptographic;
  if (!creation && !(reception && !parts_.timestamps)) co_return;

  bool stamped = false;
  if (creation && parts_.timestamps) {
    // Hashes the whole delivery.
    auto job = [plan] {
      const auto& stored = std::get<osci::StoreIt>(plan->action).delivery;
      return osci::creation_stamp_data(stored.message_id, stored.parts);
    };
    auto data = co_await parts_.cpu.run(std::move(job));
    if (data) {
      std::string covered = std::move(*data);
      auto token = co_await parts_.timestamps->stamp(std::move(covered));
      if (token) {
        delivery.creation_token = std::move(token->token);
        stamped = true;
      }
    }
  }
  if (stamped) co_return;
  if (settings_->refuse_plain_stamps) {
    const auto error = base::fail(ErrorCode::timestamp_unavailable, "no cryptographic time stamp");
    if (plan->turn)
      plan->turn->result = "refused:" + std::string(osci::outcome(error.code).osci_code);
    plan->action = osci::TakeTurn{};
    plan->refusal = error;
    co_return;
  }
  plain_instead(delivery);
  base::log(base::LogLevel::warning, "timestamp.plain",
            "a cryptographic time stamp was ordered; the process card carries a plain one",
            {{"message_id", delivery.message_id},
             {"mailbox", plan->mailbox},
             {"code", std::string(osci::kPlainInstead)}});
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
