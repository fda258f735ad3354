#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "osci/decider.h"
#include <algorithm>

namespace osci {

using base::ErrorCode;
using base::fail;

namespace {

// A recorded push shows its card also when it failed: the id is spent, and the card tells how far
// it came.
base::Result<Answer> conclude_push(const Plan& plan, const mailbox::Push& push, Answer answer) {
  const auto overall = !push.code.empty()     ? std::string_view(push.code)
                       : plan.explicit_dialog ? "0801"
                                              : "0800";
  std::vector<std::string> codes{std::string(overall)};
  codes.insert(codes.end(), push.feedback.begin(), push.feedback.end());
  codes.insert(codes.end(), push.warnings.begin(), push.warnings.end());
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (std::find(codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(i), codes[i]) ==
        codes.begin() + static_cast<std::ptrdiff_t>(i))
      answer.feedback.push_back(feedback_entry(codes[i], plan.language));
  if (!push.card.message_id.empty()) answer.cards.push_back(push.card);
  if (push.reply) {
    auto content = content_of(push.reply->context, push.reply->parts);
    if (!content) return content.error();
    answer.content = std::move(*content);
    if (push.reply_with_card) answer.reply_card = push.reply->card;
  }
  return answer;
}

} // namespace

base::Result<Answer> conclude(const Plan& plan,
                              const base::Result<StoreOutcome>& outcome_of_store) {
  if (plan.type == MessageType::partial_store_delivery ||
      plan.type == MessageType::partial_fetch_delivery)
    return conclude_chunk(plan, outcome_of_store);
  Answer answer;
  answer.to = plan.type;
  answer.control = ControlBlock(plan.control); // a copy: g++ 12 warns falsely of its assignment
  answer.selection = plan.selection;
  if (!plan.refusal && outcome_of_store)
    if (const auto* push = std::get_if<mailbox::Push>(&*outcome_of_store))
      return conclude_push(plan, *push, std::move(answer));
  std::optional<ErrorCode> refused; // people are told by its code, never by the detail
  if (plan.refusal)
    refused = plan.refusal->code;
  else if (!outcome_of_store)
    refused = outcome_of_store.error().code;
  std::vector<std::string> notes;

  if (!refused) {
    const StoreOutcome& outcome = *outcome_of_store;
    if (const auto* receipt = std::get_if<mailbox::Receipt>(&outcome)) {
      answer.cards.push_back(receipt->card);
      // A repeat gets the receipt as it was given the first time.
      notes = receipt->feedback;
    } else if (const auto* fetched = std::get_if<mailbox::Fetched>(&outcome)) {
      if (!fetched->delivery) {
        refused = ErrorCode::no_delivery;
      } else {
        const auto& delivery = *fetched->delivery;
        answer.cards.push_back(delivery.card);
        auto content = content_of(delivery.context, delivery.parts);
        if (!content) return content.error();
        answer.content = std::move(*content);
        if (fetched->waiting > 0 && !base::seeded_fault("never-more-waiting"))
          notes.emplace_back("3800");
      }
    } else if (const auto* page = std::get_if<mailbox::CardPage>(&outcome)) {
      if (page->cards.empty()) refused = ErrorCode::no_process_card;
      answer.cards = page->cards;
      if (page->more) notes.emplace_back("3801");
    }
  }

  if (refused) {
    answer.feedback.push_back(feedback_entry(*refused, plan.language));
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
